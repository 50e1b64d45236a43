//! K0924: `timespan(24:00:00)`, which is 24 days.

use crate::ast::{Expr, ExprKind};
use crate::diagnostic::{self, Diagnostic};
use crate::parser::days_for_hours;
use crate::types::Type;

/// Looks at one expression.
pub(super) fn check(text: &str, expr: &Expr, out: &mut Vec<Diagnostic>) {
    let ExprKind::Literal(literal) = &expr.kind else { return };
    let written = expr.span.text(text);
    if literal.ty != Type::TimeSpan || days_for_hours(written).is_none() {
        return;
    }
    let hours = written.trim_start_matches(|c: char| !c.is_ascii_digit());
    let hours: String = hours.chars().take_while(char::is_ascii_digit).collect();
    let message = format!("this is {hours} days, not hours: hours go to 23");
    out.push(
        Diagnostic::new(diagnostic::HOURS_AS_DAYS, expr.span, message).with_help(format!("write `{hours}h`, or `{hours}d`")),
    );
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::check;

    #[test]
    fn golden() {
        let days = "this is 24 days, not hours: hours go to 23";
        check("K0924", "T | where a > timespan(24:00:00)", &[&format!("timespan(24:00:00): {days}")]);
        check("K0924", "T | where a > time('24:00:00')", &[&format!("time('24:00:00'): {days}")]);
        check("K0924", "T | where a > timespan(23:00:00) and b > time(1.00:00:00) and c > 24h", &[]);
    }
}
