//! K0901: a table of events read from its first day to its last.

use std::collections::{BTreeMap, HashSet};

use super::{top_lets, walk};
use crate::ast::{Expr, ExprKind, Operator, OperatorKind, Query, StatementKind};
use crate::catalog::Catalog;
use crate::diagnostic::{self, Diagnostic, Span};
use crate::types::Type;

/// Looks at the whole query: what a `let` stands for counts where it is used, as the filter may stand there.
pub(super) fn check(query: &Query, catalog: &dyn Catalog, out: &mut Vec<Diagnostic>) {
    let mut reads = Reads { catalog, lets: top_lets(query).collect(), open: Vec::new(), followed: HashSet::new() };
    for statement in &query.statements {
        if let StatementKind::Expr(expr) = &statement.kind {
            reads.follow(expr, false);
        }
    }
    let mut tables: Vec<(String, Span)> = Vec::new();
    for (table, span) in reads.open {
        if !tables.iter().any(|(known, _)| *known == table) {
            tables.push((table, span));
        }
    }
    tables.sort_by_key(|(_, span)| *span);
    let Some(((first, span), others)) = tables.split_first() else { return };
    let names: Vec<String> =
        std::iter::once(first).chain(others.iter().map(|(name, _)| name)).map(|name| format!("`{name}`")).collect();
    let verb = if others.is_empty() { "is" } else { "are" };
    let mut diagnostic =
        Diagnostic::new(diagnostic::NO_TIME_FILTER, *span, format!("{} {verb} read without a time filter", names.join(", ")))
            .with_help("look back no further than needed: `| where TimeGenerated > ago(1d)`");
    for (_, span) in others {
        diagnostic = diagnostic.with_label(*span, "and this one");
    }
    out.push(diagnostic);
}

/// Follows a query to the tables it reads.
struct Reads<'a> {
    catalog: &'a dyn Catalog,
    lets: BTreeMap<&'a str, &'a Expr>,
    /// Tables that are read without a filter on time.
    open: Vec<(String, Span)>,
    /// The `let`s followed: one that is used often, or names itself, is followed once.
    followed: HashSet<&'a str>,
}

impl<'a> Reads<'a> {
    /// Follows a tabular expression; `filtered`: what comes out of it is filtered on time.
    fn follow(&mut self, expr: &'a Expr, filtered: bool) {
        match &expr.kind {
            ExprKind::Paren(inner) | ExprKind::Named { value: inner, .. } => self.follow(inner, filtered),
            ExprKind::Name(name) => self.name(&name.text, name.span, filtered),
            ExprKind::Path { member, .. } => self.follow(member, filtered),
            ExprKind::Call { name, args } => {
                if self.lets.contains_key(name.text.as_str()) {
                    self.name(&name.text, name.span, filtered);
                }
                args.iter().for_each(|arg| self.follow(arg, filtered));
            }
            ExprKind::Function(function) => {
                for statement in &function.body.statements {
                    if let StatementKind::Expr(value) = &statement.kind {
                        self.follow(value, filtered);
                    }
                }
            }
            ExprKind::Pipe { source, operators } => {
                let filtered = filtered || operators.iter().any(is_time_filter);
                if let Some(source) = source {
                    self.follow(source, filtered);
                }
                operators.iter().for_each(|operator| self.operator(operator, filtered));
            }
            _ => {}
        }
    }

    fn operator(&mut self, operator: &'a Operator, filtered: bool) {
        match &operator.kind {
            OperatorKind::Join { right, .. } | OperatorKind::Lookup { right, .. } => self.follow(right, false),
            OperatorKind::Union(tables) => tables.iter().for_each(|table| self.follow(table, filtered)),
            _ => {}
        }
    }

    fn name(&mut self, name: &'a str, span: Span, filtered: bool) {
        if filtered {
            return;
        }
        if let Some(value) = self.lets.get(name).copied() {
            if self.followed.insert(name) {
                self.follow(value, filtered);
            }
            return;
        }
        let has_time = |table: crate::catalog::TableInfo| {
            let time = ["TimeGenerated", "Timestamp"]
                .iter()
                .any(|time| table.resolve(time).is_some_and(|column| column.ty == Type::DateTime));
            time || table.open && name.ends_with("_CL")
        };
        if self.catalog.table(name).is_some_and(has_time) {
            self.open.push((name.to_owned(), span));
        }
    }
}

/// The operator keeps rows of some time only, as far as can be told: its predicate names a time column or a moment.
fn is_time_filter(operator: &Operator) -> bool {
    let predicate = match &operator.kind {
        OperatorKind::Where(predicate) | OperatorKind::Search { predicate, .. } | OperatorKind::Find { predicate, .. } => {
            predicate
        }
        OperatorKind::MakeSeries(_) => return true,
        _ => return false,
    };
    let mut found = false;
    walk::every_expr_in(predicate, &mut |expr| {
        found |= match &expr.kind {
            ExprKind::Name(name) => matches!(name.text.as_str(), "TimeGenerated" | "Timestamp"),
            ExprKind::Call { name, .. } => matches!(name.text.as_str(), "ago" | "now" | "ingestion_time"),
            ExprKind::Literal(literal) => literal.ty == Type::DateTime,
            _ => false,
        };
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::check;

    #[test]
    fn golden() {
        let dns = "DnsEvents: `DnsEvents` is read without a time filter";
        check("K0901", "DnsEvents | where Name has 'a'", &[dns]);
        check("K0901", "DnsEvents | where Name has 'a' | where TimeGenerated > ago(1d)", &[]);
        check("K0901", "let D = DnsEvents | where Name has 'a'; D | where TimeGenerated > ago(1d)", &[]);
        check("K0901", "let D = DnsEvents | where Name has 'a'; D | take 5", &[dns]);
        check("K0901", "let f = (d: timespan) { DnsEvents | where ingestion_time() > ago(d) }; f(1d)", &[]);
        check("K0901", "SecurityEvent | where TimeGenerated > ago(1d) | join DnsEvents on Computer", &[dns]);
        check(
            "K0901",
            "union SecurityEvent, DnsEvents, SecurityEvent",
            &["SecurityEvent: `SecurityEvent`, `DnsEvents` are read without a time filter"],
        );
        check("K0901", "union SecurityEvent, DnsEvents | where TimeGenerated > ago(1d)", &[]);
        check("K0901", "let D = D; D | take 1", &[]);
        check("K0901", "datatable(a: long)[1] | where a > 0", &[]);
    }
}
