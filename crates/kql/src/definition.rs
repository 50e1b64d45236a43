//! Where a name of a query is declared.
//!
//! In: a query's text, a byte offset, and the catalog. Out: the span of the name in its `let`, its parameter list, or its
//! `declare query_parameters`.

use crate::ast::{ExprKind, Name, Query, Statement, StatementKind};
use crate::catalog::Catalog;
use crate::complete::place::{Declared, Place};
use crate::diagnostic::Span;

/// Where the name at that byte offset is declared; `None` where there is no name, or the query does not declare it. The name in
/// its own declaration is declared where it stands.
///
/// ```
/// use kql::{Span, catalog::Workspace, definition::definition};
/// let text = "let recent = DnsEvents | take 5; recent | count";
/// assert_eq!(definition(text, 35, &Workspace::open()), Some(Span::new(4, 10)));
/// ```
#[must_use]
pub fn definition(text: &str, offset: usize, catalog: &dyn Catalog) -> Option<Span> {
    let parsed = crate::parse(text);
    if let Some(name) = declared_at(&parsed.query, offset) {
        return Some(name.span);
    }
    let place = Place::at(&parsed.query, offset);
    let called = match place.path.last().map(|expr| &expr.kind) {
        Some(ExprKind::Call { name, .. }) => Some(name),
        _ => None,
    };
    let (name, is_called) = match place.name() {
        Some(name) => (name, false),
        None => (called?, true),
    };
    if !holds(name.span, offset) || name.text.is_empty() {
        return None;
    }
    let (declared, what) = place.declared().into_iter().find(|(declared, _)| declared.text == name.text)?;
    // Of a column and a declared value that are called alike, the column is meant.
    let is_function = matches!(what, Declared::Value(value) if matches!(value.without_parens().kind, ExprKind::Function(_)));
    let is_column = || place.columns(None, catalog).0.iter().any(|column| column.name == name.text);
    if !is_called && !is_function && is_column() { None } else { Some(declared.span) }
}

/// The name that is declared right there.
fn declared_at(query: &Query, offset: usize) -> Option<&Name> {
    let place = Place::at(query, offset);
    let here = |name: &&Name| holds(name.span, offset);
    let nested = place.path.iter().filter_map(|expr| match &expr.kind {
        ExprKind::Function(function) => Some(function),
        _ => None,
    });
    let bodies = nested.clone().flat_map(|function| &function.body.statements);
    let parameters = nested.flat_map(|function| &function.parameters).map(|parameter| &parameter.name);
    query.statements.iter().chain(bodies).flat_map(names).chain(parameters).find(here)
}

fn names(statement: &Statement) -> Vec<&Name> {
    match &statement.kind {
        StatementKind::Let { name, .. } => vec![name],
        StatementKind::QueryParameters(parameters) => parameters.iter().map(|parameter| &parameter.name).collect(),
        _ => Vec::new(),
    }
}

fn holds(span: Span, at: usize) -> bool {
    span.start <= at && at <= span.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Workspace;

    /// Where the name at `^` is declared, and the line's rest from there.
    fn check(marked: &str, expected: Option<&str>) {
        let offset = marked.find('^').unwrap();
        let text = marked.replacen('^', "", 1);
        let found = definition(&text, offset, &Workspace::open());
        let rest = found.map(|span| &text[span.start..(span.end + 4).min(text.len())]);
        assert_eq!(rest, expected, "{marked}");
    }

    #[test]
    fn names_lead_to_their_declaration() {
        check("let n = 5; T | take ^n", Some("n = 5"));
        check("let t = T; let u = t; u | join ^t on a", Some("t = T"));
        check("let f = (x: long) { x + 1 }; print f^(2)", Some("f = ("));
        check("let f = (x: long) { ^x + 1 }; print f(2)", Some("x: lo"));
        check("let f = () { let y = 1; ^y }; print f()", Some("y = 1"));
        check("declare query_parameters(d: timespan = 1h); T | where a > ago(^d)", Some("d: ti"));
        check("let a = 1; let a = 2; print ^a", Some("a = 2"));
        check("let ^n = 5; T | take n", Some("n = 5"));
    }

    #[test]
    fn what_the_query_does_not_declare_leads_nowhere() {
        check("^DnsEvents | count", None);
        check("let Name = 'x'; DnsEvents | where ^Name == 'y'", None);
        check("print ^strlen('n')", None);
        check("let n = 5; print 1 +^ 2", None);
    }
}
