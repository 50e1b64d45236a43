//! A value as the text of a table cell, and whether a cell's text means a value.

use kql::{Type, Value, time};

/// How many significant digits two reals must share.
const REAL_DIGITS: i32 = 12;

/// The cell that stands for `value`.
pub(crate) fn write(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(text) => serde_json::Value::from(text.as_str()).to_string(),
        Value::Dynamic(json) => json.clone(),
        other => other.to_text(),
    }
}

/// The text needs no quotes to be read back as itself.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text != "null" && !text.starts_with('"') && text.trim() == text && !text.contains(char::is_control)
}

/// The cell's text means `value`, which stands in a column of type `ty`.
pub(crate) fn means(cell: &str, value: &Value, ty: Type) -> bool {
    if cell == write(value) {
        return true;
    }
    match (value, ty) {
        (Value::Null, _) => false,
        (Value::String(text), _) => unquoted(cell).is_some_and(|cell| cell == *text),
        (Value::DateTime(ticks), _) => time::parse_iso(cell) == Some(*ticks),
        (Value::TimeSpan(ticks), _) => time::parse_timespan(cell) == Some(*ticks),
        (Value::Real(real), _) => cell.parse::<f64>().is_ok_and(|cell| close(cell, *real)),
        (Value::Dynamic(json), _) => match (serde_json::from_str(cell), serde_json::from_str(json)) {
            (Ok(cell), Ok(json)) => same_json(&cell, &json),
            _ => false,
        },
        _ => false,
    }
}

fn unquoted(cell: &str) -> Option<String> {
    serde_json::from_str(cell).ok()
}

/// Equal to [`REAL_DIGITS`] digits.
fn close(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= a.abs().max(b.abs()) * 10f64.powi(1 - REAL_DIGITS) / 2.0
}

/// Equal, reals inside to [`REAL_DIGITS`] digits, bags whatever the order of their keys.
fn same_json(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value as J;
    match (a, b) {
        (J::Number(x), J::Number(y)) => x == y || matches!((x.as_f64(), y.as_f64()), (Some(x), Some(y)) if close(x, y)),
        (J::Array(x), J::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same_json(x, y)),
        (J::Object(x), J::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(key, x)| y.get(key).is_some_and(|y| same_json(x, y)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_read_back_as_the_values_they_stand_for() {
        let string = |text: &str| (Value::String(text.to_owned()), Type::String);
        for (value, ty) in [
            string(""),
            string("null"),
            string("\"x\""),
            string(" x "),
            string("a|b\nc"),
            (Value::Null, Type::Long),
            (Value::Real(0.1), Type::Real),
            (Value::Real(f64::NAN), Type::Real),
            (Value::Dynamic("{\"a\":[1,null]}".to_owned()), Type::Dynamic),
        ] {
            assert!(means(&write(&value), &value, ty), "{value:?}");
        }
    }

    #[test]
    fn other_spellings_of_one_value_are_accepted() {
        assert!(means("0.30000000000000004", &Value::Real(0.3), Type::Real));
        assert!(!means("0.3000001", &Value::Real(0.3), Type::Real));
        assert!(means("2026-01-01", &Value::DateTime(time::parse_iso("2026-01-01").expect("a date")), Type::DateTime));
        assert!(means("{\"b\": 2, \"a\": 1.0}", &Value::Dynamic("{\"a\":1,\"b\":2}".to_owned()), Type::Dynamic));
        assert!(!means("", &Value::Null, Type::Long));
        assert!(!means("null", &Value::String("null".to_owned()), Type::String));
    }
}
