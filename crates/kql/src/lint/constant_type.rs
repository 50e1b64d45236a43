//! K0905: a column compared with a constant of a type that its values never have.

use super::scope::Scope;
use super::walk;
use crate::ast::{BinaryOp, Expr, ExprKind, ListOp, Operator};
use crate::diagnostic::{self, Diagnostic};
use crate::types::{Type, Value};

/// Looks at one operator; `scope`: the columns it sees.
pub(super) fn check(text: &str, operator: &Operator, scope: &Scope, out: &mut Vec<Diagnostic>) {
    walk::every_expr_of(operator, &mut |expr| match &expr.kind {
        ExprKind::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right, .. } => {
            pair(text, left, right, scope, out);
            pair(text, right, left, scope, out);
        }
        ExprKind::InList { op: ListOp::In | ListOp::NotIn, value, list, .. } => {
            // One wrong value is enough: the others are most likely wrong in the same way.
            let before = out.len();
            for constant in list {
                if out.len() == before {
                    pair(text, value, constant, scope, out);
                }
            }
        }
        _ => {}
    });
}

fn pair(text: &str, column: &Expr, constant: &Expr, scope: &Scope, out: &mut Vec<Diagnostic>) {
    let Some(name) = column.without_parens().as_name() else { return };
    let ExprKind::Literal(literal) = &constant.without_parens().kind else { return };
    let Some(ty) = scope.column(&name.text).map(|fact| fact.ty) else { return };
    if comparable(ty, literal.ty) {
        return;
    }
    let written = constant.span.text(text);
    let mut diagnostic = Diagnostic::new(
        diagnostic::CONSTANT_TYPE,
        constant.span,
        format!("`{}` is of type {ty}, this constant of type {}", name.text, literal.ty),
    );
    let help = match (&literal.value, ty) {
        (Value::String(digits), ty) if ty.is_numeric() && digits.parse::<f64>().is_ok() => {
            Some(format!("write {digits} without quotes"))
        }
        (Value::String(moment), Type::DateTime | Type::TimeSpan) => Some(format!("write {ty}({moment})")),
        (Value::String(word), Type::Bool) if ["true", "false"].contains(&word.to_lowercase().as_str()) => {
            Some(format!("write {} without quotes", word.to_lowercase()))
        }
        (_, Type::String) => Some(format!("write \"{written}\"")),
        _ => None,
    };
    if let Some(help) = help {
        diagnostic = diagnostic.with_help(help);
    }
    out.push(diagnostic);
}

/// A value of the one type may equal one of the other. Guids are read from text, and of dynamics nothing is known.
fn comparable(column: Type, constant: Type) -> bool {
    let any = |ty: Type| matches!(ty, Type::Unknown | Type::Dynamic | Type::Guid);
    let number = |ty: Type| ty.is_numeric() || ty == Type::Bool;
    column == constant || any(column) || any(constant) || number(column) && number(constant)
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::check;

    #[test]
    fn golden() {
        check(
            "K0905",
            "SecurityEvent | where EventID == '4688'",
            &["'4688': `EventID` is of type int, this constant of type string"],
        );
        check(
            "K0905",
            "SecurityEvent | where EventID in ('4688', '4624')",
            &["'4688': `EventID` is of type int, this constant of type string"],
        );
        check("K0905", "DnsEvents | where 5 != QueryType", &["5: `QueryType` is of type string, this constant of type long"]);
        check(
            "K0905",
            "DnsEvents | where TimeGenerated == '2026-01-01'",
            &["'2026-01-01': `TimeGenerated` is of type datetime, this constant of type string"],
        );
        check("K0905", "SecurityEvent | where EventID == 4688.0 and Computer == 'a'", &[]);
        check("K0905", "SecurityEvent | extend EventID = tostring(EventID) | where EventID == '4688'", &[]);
        check("K0905", "Unknown_CL | where EventID == '4688'", &[]);
    }
}
