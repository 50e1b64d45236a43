//! What is not wrong but probably not meant: warnings about queries that hunters write.
//!
//! In: a query's text, its syntax tree, and the catalog for the types of tables' columns. Out: [`Diagnostic`]s of severity
//! warning or info, codes K0901 and up, in the order of the text. One file per idea; a lint that is not sure says nothing. To add
//! one: write its file, name it in [`lint`], give it a code.

mod constant_type;
mod contains_term;
mod everything;
mod hours;
mod join_case;
mod limits;
mod never_true;
mod no_time_filter;
mod old_name;
mod regex;
mod scope;
pub(crate) mod walk;

use crate::Checked;
use crate::ast::{Expr, ExprKind, Operator, Query, StatementKind};
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use scope::{Lets, Scope};

/// What [`check`](crate::check) finds of a text, and, if its syntax is right, the warnings: in the order of the text.
#[must_use]
pub fn check(text: &str, catalog: &dyn Catalog, now: i64) -> Checked {
    let mut checked = crate::check(text, catalog, now);
    if checked.syntax_ok {
        checked.diagnostics.extend(lint(text, &crate::parse(text).query, catalog));
        checked.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    }
    checked
}

/// All warnings about a query.
#[must_use]
pub fn lint(text: &str, query: &Query, catalog: &dyn Catalog) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    limits::query_length(text, query, &mut out);
    no_time_filter::check(query, catalog, &mut out);
    let literals = limits::literal_lets(query);
    walk::every_expr(query, &mut |expr| {
        contains_term::check(text, expr, &mut out);
        old_name::check(expr, &mut out);
        hours::check(text, expr, &mut out);
        regex::check(text, expr, &mut out);
        never_true::check_expr(text, expr, &mut out);
        limits::lists(expr, &literals, &mut out);
    });
    let lets = Lets::of(query, catalog);
    walk::every_expr(query, &mut |expr| {
        if let ExprKind::Pipe { source, operators } = &expr.kind {
            pipeline(text, source.as_deref(), operators, &lets, &mut out);
        }
    });
    out.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
    out.dedup();
    out
}

/// The lints that look at operators, each with the columns it sees.
fn pipeline(text: &str, source: Option<&Expr>, operators: &[Operator], lets: &Lets<'_>, out: &mut Vec<Diagnostic>) {
    let mut scope = source.map_or_else(Scope::default, |source| lets.scope(source));
    for (at, operator) in operators.iter().enumerate() {
        everything::check(operator, source.is_none() && at == 0, out);
        never_true::check_operator(text, operator, out);
        constant_type::check(text, operator, &scope, out);
        join_case::check(operator, &scope, lets, out);
        scope = scope.after(operator, lets);
    }
}

/// The value of a `let` at the top of the query.
fn top_lets(query: &Query) -> impl Iterator<Item = (&str, &Expr)> {
    query.statements.iter().filter_map(|statement| match &statement.kind {
        StatementKind::Let { name, value } => Some((name.text.as_str(), value)),
        _ => None,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::catalog::Workspace;

    /// The warnings of that code about a query: what they are about, and what they say.
    pub(crate) fn check(code: &str, query: &str, expected: &[&str]) {
        let parsed = crate::parse(query);
        assert!(parsed.is_ok(), "{query}: {:?}", parsed.diagnostics);
        let found: Vec<String> = lint(query, &parsed.query, &Workspace::open())
            .into_iter()
            .filter(|diagnostic| diagnostic.code == code)
            .map(|diagnostic| format!("{}: {}", diagnostic.span.text(query), diagnostic.message))
            .collect();
        assert_eq!(found, expected, "{query}");
    }

    #[test]
    fn a_good_query_gets_no_warning() {
        let query = "DnsEvents | where TimeGenerated > ago(1d) | where Name has 'example' and ResultCode == 0 | summarize count() by ClientIP";
        assert_eq!(lint(query, &crate::parse(query).query, &Workspace::open()), []);
    }
}
