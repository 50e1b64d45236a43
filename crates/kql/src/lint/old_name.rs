//! K0910: a function under its old name.

use crate::ast::{Expr, ExprKind};
use crate::catalog;
use crate::diagnostic::{self, Diagnostic};

/// Looks at one expression.
pub(super) fn check(expr: &Expr, out: &mut Vec<Diagnostic>) {
    let ExprKind::Call { name, .. } = &expr.kind else { return };
    let function = catalog::aggregate(&name.text).or_else(|| catalog::function(&name.text));
    let Some(instead) = function.and_then(|function| function.instead.as_ref()) else { return };
    let instead = instead.replace(", ", "` or `");
    out.push(Diagnostic::new(diagnostic::OLD_NAME, name.span, format!("`{}` is an old name of `{instead}`", name.text)));
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::check;

    #[test]
    fn golden() {
        check("K0910", "T | extend x = parsejson(y)", &["parsejson: `parsejson` is an old name of `parse_json`"]);
        check("K0910", "T | summarize makeset(y)", &["makeset: `makeset` is an old name of `make_set`"]);
        check(
            "K0910",
            "T | extend x = replace('a', 'b', c)",
            &["replace: `replace` is an old name of `replace_regex` or `replace_string`"],
        );
    }
}
