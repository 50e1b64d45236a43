//! K0904: a regular expression that matches nothing.

use regex_syntax::hir::{Hir, HirKind, Look};

use crate::ast::{BinaryOp, Expr, ExprKind};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::re2::read;
use crate::types::Value;

/// Looks at one expression.
pub(super) fn check(text: &str, expr: &Expr, out: &mut Vec<Diagnostic>) {
    let Some(pattern) = pattern_of(expr) else { return };
    let ExprKind::Literal(literal) = &pattern.without_parens().kind else { return };
    let Value::String(regex) = &literal.value else { return };
    if let Some(message) = wrong(regex) {
        out.push(Diagnostic::new(diagnostic::DEAD_REGEX, pattern.span, message));
        return;
    }
    if let ExprKind::Binary { left, .. } = &expr.kind
        && let Some(message) = wrong_case(left, regex)
    {
        let help = format!("drop {} or start the pattern with (?i)", left.span.text(text));
        out.push(Diagnostic::new(diagnostic::DEAD_REGEX, Span::new(left.span.start, pattern.span.end), message).with_help(help));
    }
}

/// The regular expression that an operator or function takes.
fn pattern_of(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Binary { op: BinaryOp::MatchesRegex, right, .. } => Some(right),
        ExprKind::Call { name, args } => match name.text.as_str() {
            "extract" | "extract_all" | "trim" | "trim_start" | "trim_end" => args.first(),
            "replace_regex" | "indexof_regex" => args.get(1),
            _ => None,
        },
        _ => None,
    }
}

/// Why a pattern matches nothing, if it does not.
fn wrong(pattern: &str) -> Option<String> {
    // What is no regular expression is an error.
    let hir = read(pattern).ok()?;
    (!can_match(&hir)).then(|| "this regular expression matches no text at all".to_owned())
}

/// Some text may match: no empty class is needed, nothing stands before the text's start or after its end.
fn can_match(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => true,
        HirKind::Class(_) => hir.properties().minimum_len().is_some(),
        HirKind::Repetition(repetition) => repetition.min == 0 || can_match(&repetition.sub),
        HirKind::Capture(capture) => can_match(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().any(can_match),
        HirKind::Concat(parts) => {
            let takes_text = |part: &Hir| part.properties().minimum_len().is_none_or(|least| least > 0);
            let is = |part: &Hir, look: Look| matches!(part.kind(), HirKind::Look(found) if *found == look);
            let after_end = |at: usize| is(&parts[at], Look::End) && parts[at + 1..].iter().any(takes_text);
            let before_start = |at: usize| is(&parts[at], Look::Start) && parts[..at].iter().any(takes_text);
            parts.iter().all(can_match) && !(0..parts.len()).any(|at| after_end(at) || before_start(at))
        }
    }
}

/// A text made small that must hold capitals, or the reverse.
fn wrong_case(subject: &Expr, pattern: &str) -> Option<String> {
    let ExprKind::Call { name, .. } = &subject.without_parens().kind else { return None };
    let hir = read(pattern).ok()?;
    match name.text.as_str() {
        "tolower" if needs(&hir, |b| b.is_ascii_uppercase()) => {
            Some("a text of small letters never matches the capitals of this pattern".to_owned())
        }
        "toupper" if needs(&hir, |b| b.is_ascii_lowercase()) => {
            Some("a text of capitals never matches the small letters of this pattern".to_owned())
        }
        _ => None,
    }
}

/// Every match holds a literal byte of that kind.
fn needs(hir: &Hir, kind: fn(&u8) -> bool) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().any(kind),
        HirKind::Capture(capture) => needs(&capture.sub, kind),
        HirKind::Repetition(repetition) => repetition.min > 0 && needs(&repetition.sub, kind),
        HirKind::Concat(parts) => parts.iter().any(|part| needs(part, kind)),
        HirKind::Alternation(parts) => parts.iter().all(|part| needs(part, kind)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::check;

    #[test]
    fn golden() {
        let none = ": this regular expression matches no text at all";
        check("K0904", "T | where a matches regex 'x$y'", &[&format!("'x$y'{none}")]);
        check("K0904", "T | where a matches regex @'a|b^c'", &[]);
        check("K0904", "T | where a matches regex @'a^b|b^c'", &[&format!("@'a^b|b^c'{none}")]);
        check("K0904", "T | extend b = extract(@'[^\\s\\S]', 0, a)", &[&format!("@'[^\\s\\S]'{none}")]);
        check("K0904", "T | where a matches regex @'^\\d+$' and b matches regex '(?m)a$\\n^b'", &[]);
        check("K0904", "T | where a matches regex '(x'", &[]);
        check(
            "K0904",
            "T | where tolower(a) matches regex 'Evil\\\\d'",
            &["tolower(a) matches regex 'Evil\\\\d': a text of small letters never matches the capitals of this pattern"],
        );
        check("K0904", "T | where tolower(a) matches regex '(?i)Evil'", &[]);
    }
}
