//! Values of Arrow columns as JSON and as text: what a list, struct or map is in a `dynamic` column, and a row as evidence.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::array_value_to_string;
use kql::time;

use super::value::{Annotation, kusto_type, ticks};
use crate::json;

/// Lists and structs in one another, at most: deeper ones are null.
const DEPTH_MAX: usize = 64;

/// Writes a value as compact JSON.
pub(super) fn write_value(array: &ArrayRef, row: usize, annotation: Annotation, out: &mut String) {
    value(array, row, annotation, DEPTH_MAX, out);
}

/// Writes a value as text: a string without quotes, anything else as it is in JSON. Nothing for null.
pub(super) fn write_text(array: &ArrayRef, row: usize, annotation: Annotation, out: &mut String) {
    if array.is_valid(row) && !write_number(array, row, out) {
        match string(array, row, annotation) {
            Some(text) => out.push_str(&text),
            None => value(array, row, annotation, DEPTH_MAX, out),
        }
    }
}

/// Writes a row of named columns as a JSON object, nulls left out.
pub(super) fn write_row(columns: &[(&str, ArrayRef, Annotation)], row: usize, out: &mut String) {
    out.push('{');
    let mut first = true;
    for (name, array, annotation) in columns.iter().filter(|(_, array, _)| array.is_valid(row)) {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        out.push_str(&json::quote(name));
        out.push(':');
        value(array, row, *annotation, DEPTH_MAX, out);
    }
    out.push('}');
}

fn value(array: &ArrayRef, row: usize, annotation: Annotation, depth: usize, out: &mut String) {
    if array.is_null(row) || depth == 0 {
        out.push_str("null");
        return;
    }
    if write_number(array, row, out) {
        return;
    }
    match array.data_type() {
        DataType::Boolean => out.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
        DataType::List(_) => list(&array.as_list::<i32>().value(row), depth, out),
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row), depth, out),
        DataType::FixedSizeList(..) => list(&array.as_fixed_size_list().value(row), depth, out),
        DataType::Struct(fields) => {
            let columns = array.as_struct();
            let members = fields.iter().zip(columns.columns()).map(|(field, column)| (json::quote(field.name()), column, row));
            object(members, depth, out);
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let key = |row: usize| {
                let mut key = String::new();
                write_text(keys, row, Annotation::None, &mut key);
                json::quote(&key)
            };
            object((0..entries.len()).map(|row| (key(row), values, row)), depth, out);
        }
        DataType::Dictionary(..) => {
            // The keys of all rows would be made for each.
            let one = array.slice(row, 1);
            let dictionary = one.as_any_dictionary();
            let key = dictionary.normalized_keys().first().copied().unwrap_or_default();
            value(dictionary.values(), key, annotation, depth, out);
        }
        _ => match string(array, row, annotation) {
            Some(text) if annotation == Annotation::Json => {
                out.push_str(&json::compact(text.trim().as_bytes()).unwrap_or_else(|| json::quote(&text)));
            }
            Some(text) => out.push_str(&json::quote(&text)),
            None => out.push_str("null"),
        },
    }
}

fn list(values: &ArrayRef, depth: usize, out: &mut String) {
    out.push('[');
    for row in 0..values.len() {
        if row > 0 {
            out.push(',');
        }
        value(values, row, Annotation::None, depth - 1, out);
    }
    out.push(']');
}

fn object<'a>(members: impl Iterator<Item = (String, &'a ArrayRef, usize)>, depth: usize, out: &mut String) {
    out.push('{');
    for (at, (key, values, row)) in members.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&key);
        out.push(':');
        value(values, row, Annotation::None, depth - 1, out);
    }
    out.push('}');
}

/// Writes a number that is valid; false if the column holds none.
fn write_number(array: &ArrayRef, row: usize, out: &mut String) -> bool {
    macro_rules! write_as {
        ($ty:ty) => {
            write!(out, "{}", array.as_primitive::<$ty>().value(row)).is_ok()
        };
    }
    match array.data_type() {
        DataType::Int8 => write_as!(Int8Type),
        DataType::Int16 => write_as!(Int16Type),
        DataType::Int32 => write_as!(Int32Type),
        DataType::Int64 => write_as!(Int64Type),
        DataType::UInt8 => write_as!(UInt8Type),
        DataType::UInt16 => write_as!(UInt16Type),
        DataType::UInt32 => write_as!(UInt32Type),
        DataType::UInt64 => write_as!(UInt64Type),
        DataType::Float16 => write_real(f64::from(array.as_primitive::<Float16Type>().value(row)), out),
        DataType::Float32 => write_real(f64::from(array.as_primitive::<Float32Type>().value(row)), out),
        DataType::Float64 => write_real(array.as_primitive::<Float64Type>().value(row), out),
        DataType::Decimal32(..) => write_text_of(&array.as_primitive::<Decimal32Type>().value_as_string(row), out),
        DataType::Decimal64(..) => write_text_of(&array.as_primitive::<Decimal64Type>().value_as_string(row), out),
        DataType::Decimal128(..) => write_text_of(&array.as_primitive::<Decimal128Type>().value_as_string(row), out),
        DataType::Decimal256(..) => write_text_of(&array.as_primitive::<Decimal256Type>().value_as_string(row), out),
        _ => false,
    }
}

fn write_text_of(text: &str, out: &mut String) -> bool {
    out.push_str(text);
    true
}

/// A real as JSON: its name in quotes where JSON has no number for it.
fn write_real(real: f64, out: &mut String) -> bool {
    match (real.is_finite(), real > 0.0) {
        (true, _) => out.push_str(&kql::types::real_text(real)),
        (false, true) => out.push_str("\"Infinity\""),
        (false, false) => out.push_str(if real.is_nan() { "\"NaN\"" } else { "\"-Infinity\"" }),
    }
    true
}

/// The text of a valid value that JSON writes as a string; `None` for what has members.
fn string(array: &ArrayRef, row: usize, annotation: Annotation) -> Option<String> {
    Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Binary => text_or_hex(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => text_or_hex(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => text_or_hex(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => {
            let bytes = array.as_fixed_size_binary().value(row);
            match (annotation, <[u8; 16]>::try_from(bytes)) {
                (Annotation::Uuid, Ok(bytes)) => kql::types::guid_text(u128::from_be_bytes(bytes)),
                _ => hex(bytes),
            }
        }
        ty if ty.is_nested() => return None,
        ty => {
            let one = array.slice(row, 1);
            match kusto_type(ty, annotation) {
                kql::Type::DateTime => ticks(&one).iter().next().flatten().map(time::format_datetime).unwrap_or_default(),
                kql::Type::TimeSpan => ticks(&one).iter().next().flatten().map(time::format_timespan).unwrap_or_default(),
                _ => array_value_to_string(array, row).unwrap_or_default(),
            }
        }
    })
}

fn text_or_hex(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| hex(bytes), str::to_owned)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BooleanArray, Float64Array, Int32Array, ListArray, MapBuilder, StringArray, StringBuilder, StructArray,
        TimestampSecondArray,
    };
    use arrow::datatypes::{Field, Int32Type};

    use super::*;

    fn json(array: ArrayRef, row: usize) -> String {
        let mut out = String::new();
        write_value(&array, row, Annotation::None, &mut out);
        out
    }

    #[test]
    fn what_has_members_is_json() {
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
        let list: ArrayRef = Arc::new(list);
        assert_eq!((json(Arc::clone(&list), 0), json(Arc::clone(&list), 1)), ("[1,null]".to_owned(), "null".to_owned()));
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a\"\n"), None]));
        let field = |name: &str, array: &ArrayRef| Arc::new(Field::new(name, array.data_type().clone(), true));
        let both = StructArray::from(vec![(field("t", &text), Arc::clone(&text)), (field("l", &list), list)]);
        assert_eq!(json(Arc::new(both), 0), r#"{"t":"a\"\n","l":[1,null]}"#);
        let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        map.keys().append_value("k");
        map.values().append_value("v");
        map.append(true).unwrap();
        assert_eq!(json(Arc::new(map.finish()), 0), r#"{"k":"v"}"#);
    }

    #[test]
    fn a_row_is_an_object_without_its_nulls() {
        let columns: [(&str, ArrayRef, Annotation); 5] = [
            ("n", Arc::new(Int32Array::from(vec![7])), Annotation::None),
            ("none", Arc::new(StringArray::from(vec![None::<&str>])), Annotation::None),
            ("t", Arc::new(TimestampSecondArray::from(vec![1_767_225_600])), Annotation::None),
            ("b", Arc::new(BooleanArray::from(vec![true])), Annotation::None),
            ("r", Arc::new(Float64Array::from(vec![f64::NAN])), Annotation::None),
        ];
        let mut out = String::new();
        write_row(&columns, 0, &mut out);
        assert_eq!(out, r#"{"n":7,"t":"2026-01-01T00:00:00.0000000Z","b":true,"r":"NaN"}"#);
    }
}
