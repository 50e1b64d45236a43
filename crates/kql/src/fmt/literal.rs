//! Values and names as KQL text. Comes in: any text, hostile or not. Goes out: exactly one literal or one name.
//!
//! This is the only door through which an indicator enters a query.

use crate::lexer::{self, KeywordUse, TokenKind};
use crate::time;
use crate::types::{self, Type, Value};

/// A `string` literal: `"…"`. Only escapes that JSON has too are used, so it can stand in a `dynamic(…)` as well.
///
/// Control characters, line separators and the marks that turn the direction of writing are escaped, so that what is seen is
/// what is searched.
#[must_use]
pub fn string_literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => push_unicode_escape(&mut out, c),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The character changes how a line looks, or what a terminal does, without being seen itself: controls (C0, DEL, C1), controls
/// of direction, blanks without width, tags.
#[must_use]
#[inline]
pub fn is_hidden(c: char) -> bool {
    // Nearly all are these.
    if matches!(c, ' '..='~') {
        return false;
    }
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn push_unicode_escape(out: &mut String, c: char) {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

/// A literal that reads back as `value`, as type `ty`. A null of type `string` is the empty string.
#[must_use]
pub fn literal(value: &Value, ty: Type) -> String {
    match value {
        Value::Null => match ty {
            Type::String => "\"\"".to_owned(),
            Type::Unknown => "dynamic(null)".to_owned(),
            ty => format!("{ty}(null)"),
        },
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => format!("int({i})"),
        Value::Long(i) if *i >= 0 => i.to_string(),
        Value::Long(i) => format!("long({i})"),
        Value::Real(r) if r.is_nan() => "real(nan)".to_owned(),
        Value::Real(r) if r.is_infinite() => if *r > 0.0 { "real(+inf)" } else { "real(-inf)" }.to_owned(),
        Value::Real(r) => format!("real({})", types::real_text(*r)),
        Value::Decimal(d) => decimal(d),
        Value::DateTime(t) => format!("datetime({})", time::format_datetime(*t)),
        Value::TimeSpan(t) => format!("time({})", time::format_timespan(*t)),
        Value::String(s) => string_literal(s),
        Value::Guid(g) => format!("guid({})", types::guid_text(*g)),
        Value::Dynamic(json) => dynamic(json),
    }
}

fn decimal(text: &str) -> String {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    if text.is_empty() || !text.chars().all(is_number) {
        return "decimal(null)".to_owned();
    }
    format!("decimal({text})")
}

/// JSON as a `dynamic` literal: its strings are printed anew, all else stands as it is. What is no JSON becomes a JSON string.
fn dynamic(json: &str) -> String {
    if serde_json::from_str::<serde::de::IgnoredAny>(json).is_err() {
        return format!("dynamic({})", string_literal(json));
    }
    let mut out = String::from("dynamic(");
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        out.push_str(&rest[..start]);
        let end = start + string_end(&rest[start..]);
        let text: String = serde_json::from_str(&rest[start..end]).unwrap_or_default();
        out.push_str(&string_literal(&text));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out.push(')');
    out
}

/// The length of the JSON string that `text` starts with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, b) in text.bytes().enumerate().skip(1) {
        match b {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// A name as it stands in a query: bare where it can be, else `['odd name']`.
#[must_use]
pub fn name(text: &str) -> String {
    let mut chars = text.chars();
    let starts_well = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if starts_well && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') && !is_reserved(text) {
        return text.to_owned();
    }
    format!("[{}]", string_literal(text))
}

/// The lexer reads the whole of it as something else than a name, or the parser takes it for one only in some places.
fn is_reserved(text: &str) -> bool {
    let (tokens, _) = lexer::tokenize(text);
    !matches!(tokens[0].kind, TokenKind::Identifier | TokenKind::Keyword(KeywordUse::Name)) || tokens.len() != 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{Expr, ExprKind, StatementKind};

    #[test]
    fn hostile_text_stays_one_string() {
        assert_eq!(string_literal(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(string_literal("x\") | take 1 //\n"), r#""x\") | take 1 //\n""#);
        assert_eq!(string_literal("\u{202e}\u{0}\u{e0041}é"), r#""\u202e\u0000\udb40\udc41é""#);
    }

    /// The value that the literal `text` stands for.
    fn read(text: &str) -> Value {
        let parsed = crate::parse(&format!("datatable (x: dynamic) [{text}]"));
        assert_eq!(parsed.diagnostics, [], "{text}");
        let StatementKind::Expr(expr) = &parsed.query.statements[0].kind else { panic!("no expression: {text}") };
        let ExprKind::DataTable { values, .. } = &expr.kind else { panic!("no table: {text}") };
        let [Expr { kind: ExprKind::Literal(literal), .. }] = values.as_slice() else { panic!("no single literal: {text}") };
        literal.value.clone()
    }

    #[test]
    fn every_value_reads_back() {
        let all: String = (0..0x3100).chain(0xe0000..0xe0080).filter_map(char::from_u32).collect();
        for (value, ty) in [
            (Value::String(all), Type::String),
            (Value::String("'] | take 1 //\u{2028}\\".to_owned()), Type::String),
            (Value::Long(i64::MIN), Type::Long),
            (Value::Long(i64::MAX), Type::Long),
            (Value::Int(i32::MIN), Type::Int),
            (Value::Real(-1.5e-300), Type::Real),
            (Value::Real(f64::NEG_INFINITY), Type::Real),
            (Value::Decimal("-12345678901234567890.5".to_owned()), Type::Decimal),
            (Value::DateTime(time::MAX_DATETIME), Type::DateTime),
            (Value::TimeSpan(-time::DAY - 1), Type::TimeSpan),
            (Value::Guid(u128::MAX), Type::Guid),
            (Value::Bool(true), Type::Bool),
            (Value::Dynamic(r#"{"a":[1,-2.5,"x\u2028"],"'":null}"#.to_owned()), Type::Dynamic),
            (Value::Null, Type::DateTime),
        ] {
            let text = literal(&value, ty);
            match (&value, read(&text)) {
                (Value::Dynamic(given), Value::Dynamic(found)) => {
                    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
                    assert_eq!(json(&found), json(given));
                }
                (value, found) => assert_eq!(&found, value, "{text}"),
            }
        }
    }

    #[test]
    fn dynamics_are_printed_as_json() {
        let value = Value::Dynamic(r#"{"a\/b":[1,"x\"y",null]}"#.to_owned());
        assert_eq!(literal(&value, Type::Dynamic), r#"dynamic({"a/b":[1,"x\"y",null]})"#);
        assert_eq!(literal(&Value::Dynamic("1) | take".to_owned()), Type::Dynamic), r#"dynamic("1) | take")"#);
    }

    #[test]
    fn every_type_has_its_null() {
        assert_eq!(literal(&Value::Null, Type::DateTime), "datetime(null)");
        assert_eq!(literal(&Value::Null, Type::String), "\"\"");
    }

    #[test]
    fn names_are_quoted_where_needed() {
        assert_eq!(name("Source_IP"), "Source_IP");
        assert_eq!(name("Source IP"), "[\"Source IP\"]");
        for reserved in ["in", "where", "true", "long", "string", "kind", "project"] {
            assert_eq!(name(reserved), format!("[\"{reserved}\"]"));
        }
        assert_eq!(name("count"), "count");
        assert_eq!(name(""), "[\"\"]");
    }
}
