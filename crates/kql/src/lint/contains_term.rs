//! K0902: `contains` with a whole term, where `has` would find it by the index.

use crate::ast::{BinaryOp, Expr, ExprKind};
use crate::diagnostic::{self, Diagnostic};
use crate::types::Value;

/// Looks at one expression.
pub(super) fn check(text: &str, expr: &Expr, out: &mut Vec<Diagnostic>) {
    let ExprKind::Binary { op, op_span, right, .. } = &expr.kind else { return };
    let better = match op {
        BinaryOp::Contains => "has",
        BinaryOp::NotContains => "!has",
        BinaryOp::ContainsCs => "has_cs",
        BinaryOp::NotContainsCs => "!has_cs",
        _ => return,
    };
    let ExprKind::Literal(literal) = &right.without_parens().kind else { return };
    let Value::String(needle) = &literal.value else { return };
    // Only what begins and ends with a letter or digit can be a run of whole terms; below three characters the index has none.
    let at_edges = [needle.chars().next(), needle.chars().last()];
    if needle.chars().count() < 3 || !at_edges.iter().all(|c| c.is_some_and(char::is_alphanumeric)) {
        return;
    }
    let (op, right) = (op.text(), right.span.text(text));
    out.push(
        Diagnostic::new(diagnostic::CONTAINS_TERM, *op_span, format!("`{op}` reads every value to the end"))
            .with_help(format!("if {right} is meant as a whole word, `{better} {right}` finds it by the index")),
    );
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::check;

    #[test]
    fn golden() {
        check(
            "K0902",
            "T | where a contains 'evil' and b contains '.e' and c has 'x'",
            &["contains: `contains` reads every value to the end"],
        );
        check("K0902", "T | where a !contains_cs 'cmd.exe'", &["!contains_cs: `!contains_cs` reads every value to the end"]);
        check("K0902", "T | where a contains b or a contains '\\\\x'", &[]);
    }
}
