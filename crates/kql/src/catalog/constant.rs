//! What a constant argument must hold beyond its type, where Kusto looks into it before a query runs.
//!
//! In: a function, a parameter and the value written out for it. Out: what the value must be, in words that follow "must", if it
//! is something else. The cases are those that a real Kusto was seen to refuse.

use super::resolve::{ArgType, Settled};
use super::signature::{MustBe, Parameter};
use crate::types::Value;

/// The value is written out, and no empty text where that must not be. A name out of a list may be a `let`'s as well: Microsoft's analyser refuses that, but functions of
/// its library name the part of a `datetime_diff` so.
pub(super) fn is_literal(parameter: &Parameter, arg: &ArgType<'_>) -> bool {
    let is_empty = matches!(arg.literal, Some(Value::String(text)) if text.is_empty());
    if is_empty && parameter.must_be == MustBe::LiteralNotEmpty {
        return false;
    }
    matches!(arg.settled, Settled::Literal | Settled::Unsaid) || parameter.values.is_some() && arg.literal.is_some()
}

/// What the value must be, if it is not.
pub(super) fn must(function: &str, parameter: &str, value: &Value) -> Option<String> {
    match (function, parameter, value) {
        ("format_datetime", "format", Value::String(format)) => format_of(format, "dfFhHmMsyt"),
        ("format_timespan", "format", Value::String(format)) => format_of(format, "dfFhHms"),
        ("extract_all" | "extractall", "regex", Value::String(regex)) if !has_group(regex) => {
            Some("hold a capturing group, such as `(\\\\d+)`".to_owned())
        }
        ("prev" | "next", "offset", Value::Long(..=0) | Value::Int(..=0)) => Some("be 1 or more".to_owned()),
        _ => None,
    }
}

/// A format is made of some letters and of the delimiters that Kusto knows.
fn format_of(format: &str, letters: &str) -> Option<String> {
    let wrong = format.chars().find(|c| !letters.contains(*c) && !" /-:,._[]".contains(*c))?;
    let letters: Vec<String> = letters.chars().map(String::from).collect();
    Some(format!("be made of {} and the signs / - : , . _ [ ] and blank, not of `{}`", letters.join(" "), wrong.escape_default()))
}

/// The pattern has a group that captures.
fn has_group(regex: &str) -> bool {
    let mut rest = regex.chars().peekable();
    let mut in_class = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                rest.next();
            }
            '[' if !in_class => {
                in_class = true;
                rest.next_if_eq(&'^');
                rest.next_if_eq(&']');
            }
            ']' => in_class = false,
            '(' if !in_class => {
                let plain = rest.next_if_eq(&'?').is_none();
                // Of those that begin with `?`, the named ones capture: `(?P<name>…)`, `(?<name>…)`.
                if plain || matches!(rest.peek(), Some('P' | '<')) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_know_few_signs() {
        let wrong = |format: &str| must("format_datetime", "format", &Value::String(format.to_owned())).is_some();
        assert!(wrong("yyyy-MM-ddTHH:mm") && wrong("zzz") && wrong("K"));
        assert!(!wrong("yy-MM-dd [hh:mm:ss tt]") && !wrong("dddd, MMMM d, yyyy"));
        assert!(must("format_timespan", "format", &Value::String("%d".to_owned())).is_some());
        assert!(must("format_timespan", "format", &Value::String("d.hh:mm:ss.fffffff".to_owned())).is_none());
    }

    #[test]
    fn groups_are_found() {
        for with in ["(a)", "a(?P<n>b)", r"\\(a)", "[(](a)"] {
            assert!(has_group(with), "{with}");
        }
        for without in ["a", r"\(a\)", "(?:a)", "(?i)a", "[(a)]", "[](]a"] {
            assert!(!has_group(without), "{without}");
        }
    }
}
