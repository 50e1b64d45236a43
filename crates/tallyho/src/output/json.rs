//! Rows as JSON, in the form that the machine interfaces promise: datetimes and timespans as Kusto writes them, decimals as
//! strings, dynamics nested, nulls as nulls.

use std::io::{self, Write};

use engine::Cut;
use kql::types::guid_text;
use kql::{Column, Rows, Value, time};
use serde_json::Value as Json;

use super::Shown;
use crate::escape;

/// A value as a JSON value.
#[must_use]
pub fn value_to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => Json::from(*i),
        Value::Long(i) => Json::from(*i),
        Value::Real(r) => real(*r),
        Value::Decimal(text) | Value::String(text) => Json::from(text.as_str()),
        Value::DateTime(ticks) => Json::from(time::format_datetime(*ticks)),
        Value::TimeSpan(ticks) => Json::from(time::format_timespan(*ticks)),
        Value::Guid(guid) => Json::from(guid_text(*guid)),
        Value::Dynamic(json) => serde_json::from_str(json).unwrap_or_else(|_| Json::from(json.as_str())),
    }
}

/// JSON has no word for the three reals that are no numbers.
fn real(r: f64) -> Json {
    match serde_json::Number::from_f64(r) {
        Some(number) => Json::Number(number),
        None if r.is_nan() => Json::from("NaN"),
        None if r > 0.0 => Json::from("Infinity"),
        None => Json::from("-Infinity"),
    }
}

/// Appends a value as JSON text. A dynamic keeps its own text, and so numbers that no double can hold.
pub fn push_value(out: &mut String, value: &Value) {
    match value {
        Value::Dynamic(json) if serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok() => out.push_str(&escape::json(json)),
        other => out.push_str(&escape::json(&value_to_json(other).to_string())),
    }
}

/// Appends `"columns":[…],"rows":[…]` without the braces around them; and `"truncated":{…}` if rows are missing.
fn push_table(out: &mut String, shown: &Shown) {
    let rows = &shown.rows;
    out.push_str("\"columns\":[");
    for (at, column) in rows.columns.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let column = serde_json::json!({"name": column.name, "type": column.ty.name()});
        out.push_str(&format!("{comma}{}", escape::json(&column.to_string())));
    }
    out.push_str("],\"rows\":[");
    for (at, row) in rows.rows.iter().enumerate() {
        out.push_str(if at > 0 { ",[" } else { "[" });
        for (at, value) in row.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            push_value(out, value);
        }
        out.push(']');
    }
    out.push(']');
    match shown.cut {
        None => {}
        Some(Cut::Rows(limit)) => out.push_str(&format!(",\"truncated\":{{\"by\":\"rows\",\"limit\":{limit}}}")),
        Some(Cut::Bytes(limit)) => out.push_str(&format!(",\"truncated\":{{\"by\":\"bytes\",\"limit\":{limit}}}")),
    }
}

/// `"columns": …, "rows": …` of one table, `"tables": [{…}, …]` of several or none; without the braces around them.
#[must_use]
pub fn tables_text(tables: &[Shown]) -> String {
    let mut out = String::new();
    match tables {
        [one] => push_table(&mut out, one),
        several => {
            out.push_str("\"tables\":[");
            for (at, shown) in several.iter().enumerate() {
                out.push_str(if at > 0 { ",{" } else { "{" });
                push_table(&mut out, shown);
                out.push('}');
            }
            out.push(']');
        }
    }
    out
}

/// One document for all tables.
pub(super) fn write_document(out: &mut dyn Write, tables: &[Shown]) -> io::Result<()> {
    writeln!(out, "{{{}}}", tables_text(tables))
}

/// One object for each row.
pub(super) fn write_lines(out: &mut dyn Write, rows: &Rows) -> io::Result<()> {
    let keys = keys(&rows.columns);
    rows.rows.iter().try_for_each(|row| write_line(out, &keys, row))
}

/// The names of columns as JSON strings.
pub(super) fn keys(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| escape::json(&Json::from(column.name.as_str()).to_string()).into_owned()).collect()
}

/// One row as an object.
pub(super) fn write_line(out: &mut dyn Write, keys: &[String], row: &[Value]) -> io::Result<()> {
    let mut line = String::new();
    for (at, (key, value)) in keys.iter().zip(row).enumerate() {
        line.push_str(if at > 0 { "," } else { "{" });
        line.push_str(key);
        line.push(':');
        push_value(&mut line, value);
    }
    line.push_str(if keys.is_empty() { "{}\n" } else { "}\n" });
    out.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn values_have_the_forms_that_are_promised() {
        let values = [
            Value::Real(1.0),
            Value::Real(f64::NEG_INFINITY),
            Value::Decimal("1.10".to_owned()),
            Value::DateTime(time::parse_iso("2026-05-20T13:36:27").expect("a date")),
            Value::TimeSpan(-15 * time::HOUR * 2),
            Value::Dynamic("[12345678901234567890123, null]".to_owned()),
            Value::Guid(1),
            Value::Null,
        ];
        let mut out = String::new();
        for value in &values {
            push_value(&mut out, value);
            out.push('\n');
        }
        expect![[r#"
            1.0
            "-Infinity"
            "1.10"
            "2026-05-20T13:36:27.0000000Z"
            "-1.06:00:00"
            [12345678901234567890123, null]
            "00000000-0000-0000-0000-000000000001"
            null
        "#]]
        .assert_eq(&out);
    }
}
