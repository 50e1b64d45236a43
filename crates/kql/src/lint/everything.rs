//! K0903: a query that reads every table there is.

use crate::ast::{Expr, ExprKind, Operator, OperatorKind};
use crate::diagnostic::{self, Diagnostic};

/// Looks at one operator; `first`: nothing is piped into it.
pub(super) fn check(operator: &Operator, first: bool, out: &mut Vec<Diagnostic>) {
    let (word, all) = match &operator.kind {
        OperatorKind::Search { tables, .. } => ("search", first && (tables.is_empty() || tables.iter().any(is_all))),
        OperatorKind::Find { tables, .. } => ("find", first && (tables.is_empty() || tables.iter().any(is_all))),
        OperatorKind::Union(tables) => ("union", tables.iter().any(is_all)),
        _ => return,
    };
    if !all {
        return;
    }
    let help = if word == "union" {
        "name the tables: `union DnsEvents, Device*`"
    } else {
        "name the tables: `search in (DnsEvents, Device*) …`"
    };
    let help = if word == "find" { "name the tables: `find in (DnsEvents, Device*) where …`" } else { help };
    out.push(
        Diagnostic::new(diagnostic::EVERY_TABLE, operator.keyword, format!("`{word}` reads every table of the workspace"))
            .with_help(help),
    );
}

fn is_all(expr: &Expr) -> bool {
    match &expr.without_parens().kind {
        ExprKind::Star => true,
        ExprKind::Wildcard(pattern) => pattern == "*",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::check;

    #[test]
    fn golden() {
        check("K0903", "search 'evil.example'", &["search: `search` reads every table of the workspace"]);
        check(
            "K0903",
            "union withsource=T * | where TimeGenerated > ago(1h)",
            &["union: `union` reads every table of the workspace"],
        );
        check("K0903", "find where Computer == 'a'", &["find: `find` reads every table of the workspace"]);
        check("K0903", "search in (DnsEvents) 'a'", &[]);
        check("K0903", "DnsEvents | search 'a'", &[]);
        check("K0903", "union Device*", &[]);
    }
}
