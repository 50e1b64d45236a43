//! K0906: a join on columns whose texts are written in different letters. A join compares exactly: `PC1` is not `pc1`.

use super::scope::{Fact, Lets, Letters, Scope};
use crate::ast::{BinaryOp, Expr, ExprKind, JoinCondition, Operator, OperatorKind};
use crate::diagnostic::{self, Diagnostic};
use crate::types::Type;

/// Looks at one operator; `scope`: the columns of the left side.
pub(super) fn check(operator: &Operator, scope: &Scope, lets: &Lets<'_>, out: &mut Vec<Diagnostic>) {
    let (OperatorKind::Join { right, condition } | OperatorKind::Lookup { right, condition }) = &operator.kind else { return };
    let JoinCondition::On(conditions) = condition else { return };
    let right = lets.scope(right);
    for condition in conditions {
        let Some((left_name, right_name)) = key(condition) else { continue };
        let (Some(left), Some(right)) = (scope.column(left_name), right.column(right_name)) else { continue };
        let Some(why) = differ(left, right) else { continue };
        let message = format!("the texts of `{left_name}` on the left and `{right_name}` on the right {why}");
        out.push(
            Diagnostic::new(diagnostic::JOIN_CASE, condition.span, message)
                .with_help("a join compares letter by letter: put both through tolower() before it"),
        );
    }
}

/// The columns that a condition compares: `a`, `$left.a == $right.b`, in either order.
fn key(condition: &Expr) -> Option<(&str, &str)> {
    match &condition.without_parens().kind {
        ExprKind::Name(name) => Some((&name.text, &name.text)),
        ExprKind::Binary { op: BinaryOp::Equal, left, right, .. } => match (side(left)?, side(right)?) {
            (("$left", left), ("$right", right)) | (("$right", right), ("$left", left)) => Some((left, right)),
            _ => None,
        },
        _ => None,
    }
}

fn side(expr: &Expr) -> Option<(&str, &str)> {
    let ExprKind::Path { target, member } = &expr.without_parens().kind else { return None };
    Some((&target.as_name()?.text, &member.as_name()?.text))
}

/// In what the letters of two columns differ, if they do.
fn differ(left: Fact, right: Fact) -> Option<&'static str> {
    use Letters::{LowerByConvention, Lowered, Mixed, Raw, Uppered};
    if [left.ty, right.ty].iter().any(|ty| !matches!(ty, Type::String | Type::Unknown)) {
        return None;
    }
    match (left.letters, right.letters) {
        (Lowered, Uppered) | (Uppered, Lowered) => Some("are made small on one side and capital on the other"),
        (LowerByConvention, Uppered) | (Uppered, LowerByConvention) => {
            Some("are capital on one side and small by convention on the other")
        }
        (Lowered | Uppered, Raw | Mixed) | (Raw | Mixed, Lowered | Uppered) => Some("are changed in case on one side only"),
        (LowerByConvention, Mixed) | (Mixed, LowerByConvention) => {
            Some("are small by convention on one side and of either case on the other")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::check;

    #[test]
    fn golden() {
        check(
            "K0906",
            "DeviceNetworkEvents | join kind=inner SecurityEvent on $left.DeviceName == $right.Computer",
            &[
                "$left.DeviceName == $right.Computer: the texts of `DeviceName` on the left and `Computer` on the right are small by \
               convention on one side and of either case on the other",
            ],
        );
        check(
            "K0906",
            "DnsEvents | extend Name = tolower(Name) | join (CommonSecurityLog | project Name = DestinationHostName) on Name",
            &["Name: the texts of `Name` on the left and `Name` on the right are changed in case on one side only"],
        );
        let both = "let L = DnsEvents | extend n = tolower(Name); L | join (DnsEvents | extend n = tolower(Name)) on n";
        check("K0906", both, &[]);
        check("K0906", "DnsEvents | join SecurityEvent on Computer", &[]);
    }
}
