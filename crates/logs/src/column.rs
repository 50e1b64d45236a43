//! Fields of records into typed Arrow columns.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, StringViewBuilder};
use kql::Type;

use crate::convert::Clock;
use crate::lossy::lossy;
use crate::text_column::TextColumn;
use crate::{convert, json};

/// A field as it stands in a record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Raw<'a> {
    /// The record does not have it, or marks it as unset.
    Missing,
    /// A JSON value.
    Json(&'a [u8]),
    /// A JSON string known to have no escapes, without its quotes.
    Quoted(&'a [u8]),
    /// Plain text, unescaped.
    Text(&'a [u8]),
}

impl<'a> Raw<'a> {
    /// Its text; `None` if it is missing or a JSON null.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Raw::Missing => None,
            Raw::Json(value) => json::text(value),
            Raw::Text(bytes) | Raw::Quoted(bytes) => Some(lossy(bytes)),
        }
    }

    /// Its bytes, as they stand in the record.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Raw::Missing => b"",
            Raw::Json(bytes) | Raw::Quoted(bytes) | Raw::Text(bytes) => bytes,
        }
    }

    /// It holds nothing: missing, JSON null, or no text at all.
    pub(crate) fn is_empty(self) -> bool {
        matches!(self, Raw::Missing | Raw::Json(b"null" | b"\"\"" | b"") | Raw::Quoted(b"") | Raw::Text(b""))
    }

    /// The member under `path` of a JSON object; a step into an array takes its first element.
    pub(crate) fn dig(self, path: &[String]) -> Raw<'a> {
        let mut at = self;
        for step in path {
            let Raw::Json(mut value) = at else { return Raw::Missing };
            if value.first() == Some(&b'[') {
                let Some(first) = json::elements(value).first().copied() else { return Raw::Missing };
                value = first;
            }
            at = json::member(value, step).map_or(Raw::Missing, Raw::Json);
        }
        at
    }

    /// The texts of a JSON array's elements, or of a text's comma-separated parts; a scalar is a list of itself.
    pub(crate) fn list(self) -> Vec<Cow<'a, str>> {
        match self {
            Raw::Missing | Raw::Text(b"") => Vec::new(),
            Raw::Json(value) if value.first() == Some(&b'[') => {
                json::elements(value).into_iter().filter_map(json::text).collect()
            }
            Raw::Json(value) => json::text(value).into_iter().collect(),
            Raw::Quoted(bytes) => vec![lossy(bytes)],
            Raw::Text(bytes) => bytes.split(|b| *b == b',').map(lossy).collect(),
        }
    }
}

/// What goes into one cell.
pub(crate) enum Cell<'a> {
    /// A field, to be converted to the column's type.
    Raw(Raw<'a>),
    /// Text that a mapping made.
    Text(Cow<'a, str>),
    /// Compact JSON that a mapping made.
    Json(String),
}

/// A column that is being filled.
pub(crate) struct ColumnBuilder {
    ty: Type,
    values: Values,
    clock: Clock,
}

enum Values {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Real(Float64Builder),
    String(TextColumn),
    /// Of the types that are stored as text and can be null.
    Text(StringViewBuilder),
}

impl ColumnBuilder {
    pub(crate) fn new(ty: Type, rows: usize) -> ColumnBuilder {
        let values = match ty {
            Type::Bool => Values::Bool(BooleanBuilder::with_capacity(rows)),
            Type::Int => Values::Int(Int32Builder::with_capacity(rows)),
            Type::Long | Type::DateTime | Type::TimeSpan => Values::Long(Int64Builder::with_capacity(rows)),
            Type::Real => Values::Real(Float64Builder::with_capacity(rows)),
            Type::String | Type::Unknown => Values::String(TextColumn::new(rows)),
            Type::Decimal | Type::Dynamic | Type::Guid => {
                Values::Text(StringViewBuilder::with_capacity(rows).with_fixed_block_size(1 << 18))
            }
        };
        ColumnBuilder { ty, values, clock: Clock::default() }
    }

    /// Appends the cell; false if it held something that is no value of the column's type, and null stands there now.
    pub(crate) fn append(&mut self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Raw(raw) => self.append_raw(raw),
            Cell::Text(text) => self.append_text(Some(&text)),
            Cell::Json(text) => match &mut self.values {
                Values::Text(values) => {
                    values.append_value(text);
                    true
                }
                _ => self.append_text(Some(&text)),
            },
        }
    }

    fn append_raw(&mut self, raw: Raw<'_>) -> bool {
        if self.ty == Type::Dynamic
            && let Values::Text(values) = &mut self.values
        {
            match raw {
                Raw::Json(value) => return append_dynamic(values, value),
                // A string is no null, whatever stands in it.
                Raw::Quoted(text) => {
                    values.append_value(dynamic_of_text(&lossy(text)));
                    return true;
                }
                Raw::Missing | Raw::Text(_) => {}
            }
        }
        // The common case borrows: a JSON string without escapes, or plain text, in good UTF-8.
        let inner = match raw {
            Raw::Json([b'"', inner @ .., b'"']) if memchr::memchr(b'\\', inner).is_none() => Some(inner),
            Raw::Text(bytes) | Raw::Quoted(bytes) => Some(bytes),
            _ => None,
        };
        if let (Values::String(values), Some(text)) = (&mut self.values, inner) {
            values.push(text);
            return true;
        }
        if let (Values::Long(values), Type::DateTime, Some(text)) = (&mut self.values, self.ty, inner)
            && let Some(ticks) = self.clock.ticks(text)
        {
            values.append_value(ticks);
            return true;
        }
        match inner.map(std::str::from_utf8) {
            Some(Ok(text)) => self.append_text(Some(text)),
            _ => self.append_text(raw.text().as_deref()),
        }
    }

    /// Whether a value counts as converted is the caller's to report, so an empty text is no failure: exports write nulls so.
    fn append_text(&mut self, text: Option<&str>) -> bool {
        let text = text.unwrap_or("");
        let empty = matches!(text.trim(), "" | "null");
        match &mut self.values {
            Values::Bool(values) => put(text, empty, convert::boolean, |v| values.append_option(v)),
            Values::Int(values) => {
                put(text, empty, |t| convert::long(t).and_then(|v| i32::try_from(v).ok()), |v| values.append_option(v))
            }
            Values::Long(values) => {
                let read = match self.ty {
                    Type::DateTime => convert::ticks,
                    Type::TimeSpan => kql::time::parse_timespan,
                    _ => convert::long,
                };
                put(text, empty, read, |v| values.append_option(v))
            }
            Values::Real(values) => put(text, empty, convert::real, |v| values.append_option(v)),
            Values::Text(values) => match self.ty {
                Type::Guid => {
                    put(text, empty, |t| kql::types::parse_guid(t).map(kql::types::guid_text), |v| values.append_option(v))
                }
                Type::Decimal => put(text, empty, |t| convert::real(t).map(|_| t.trim().to_owned()), |v| values.append_option(v)),
                _ => put(text, empty, |t| Some(dynamic_of_text(t)), |v| values.append_option(v)),
            },
            Values::String(values) => {
                values.push(text.as_bytes());
                true
            }
        }
    }

    /// Appends what an absent field is in this type: the empty string, else null.
    pub(crate) fn append_absent(&mut self) {
        match &mut self.values {
            Values::String(values) => values.push(b""),
            Values::Text(values) => values.append_null(),
            Values::Bool(values) => values.append_null(),
            Values::Int(values) => values.append_null(),
            Values::Long(values) => values.append_null(),
            Values::Real(values) => values.append_null(),
        }
    }

    /// Appends a number to a `long` column.
    pub(crate) fn append_long(&mut self, value: Option<i64>) {
        if let Values::Long(values) = &mut self.values {
            values.append_option(value);
        }
    }

    /// The last value appended to a column of ticks or longs, if it is one and not null.
    pub(crate) fn last_long(&self) -> Option<i64> {
        match &self.values {
            Values::Long(values) => {
                let valid = values
                    .validity_slice()
                    .is_none_or(|bits| arrow::util::bit_util::get_bit(bits, values.values_slice().len() - 1));
                values.values_slice().last().copied().filter(|_| valid)
            }
            _ => None,
        }
    }

    /// The column as it stands; the builder is empty afterwards.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match &mut self.values {
            Values::Bool(values) => Arc::new(values.finish()),
            Values::Int(values) => Arc::new(values.finish()),
            Values::Long(values) => Arc::new(values.finish()),
            Values::Real(values) => Arc::new(values.finish()),
            Values::String(values) => Arc::new(values.finish()),
            Values::Text(values) => Arc::new(values.finish()),
        }
    }
}

/// Appends a JSON value; false if it is none.
fn append_dynamic(values: &mut StringViewBuilder, value: &[u8]) -> bool {
    let made = match value {
        b"null" => {
            values.append_null();
            return true;
        }
        [b'"', inner @ .., b'"'] => Some(dynamic_of_text(&json::decode(inner))),
        other => json::compact(other),
    };
    let good = made.is_some();
    values.append_option(made);
    good
}

fn put<T>(text: &str, empty: bool, read: impl Fn(&str) -> Option<T>, mut append: impl FnMut(Option<T>)) -> bool {
    let value = if empty { None } else { read(text) };
    let good = empty || value.is_some();
    append(value);
    good
}

/// Exports write the objects and arrays of a dynamic column as JSON inside a text; any other text is a dynamic string.
fn dynamic_of_text(text: &str) -> String {
    let trimmed = text.trim();
    if trimmed.starts_with(['{', '['])
        && let Some(compact) = json::compact(trimmed.as_bytes())
    {
        return compact;
    }
    json::quote(text)
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Int32Type, Int64Type};

    use super::*;

    fn built(ty: Type, values: &[&str]) -> (ArrayRef, usize) {
        let mut column = ColumnBuilder::new(ty, values.len());
        let failed = values.iter().filter(|value| !column.append(Cell::Raw(Raw::Json(value.as_bytes())))).count();
        (column.finish(), failed)
    }

    #[test]
    fn json_values_take_the_type_of_the_column() {
        let (ints, failed) = built(Type::Int, &["1", "\"2\"", "null", "\"\"", "\"x\"", "99999999999"]);
        assert_eq!(ints.as_primitive::<Int32Type>().iter().collect::<Vec<_>>(), [Some(1), Some(2), None, None, None, None]);
        assert_eq!(failed, 2);
        let (texts, failed) = built(Type::String, &["\"a\\u0062\"", "null", "12", "{\"a\": 1}"]);
        assert_eq!(texts.as_string_view().iter().collect::<Vec<_>>(), [Some("ab"), Some(""), Some("12"), Some("{\"a\": 1}")]);
        assert_eq!(failed, 0);
    }

    #[test]
    fn a_string_is_the_same_dynamic_however_it_is_read() {
        let texts = ["x", "", " ", "null", " null", "12", "true", "[1, 2]", "[1,", "\u{e9}"];
        let (from_json, _) = built(Type::Dynamic, &texts.map(|text| format!("\"{text}\"")).each_ref().map(String::as_str));
        let mut column = ColumnBuilder::new(Type::Dynamic, texts.len());
        assert!(texts.iter().all(|text| column.append(Cell::Raw(Raw::Quoted(text.as_bytes())))));
        assert_eq!(&column.finish(), &from_json);
        assert_eq!((from_json.as_string_view().value(3), from_json.null_count()), ("\"null\"", 0));
    }

    #[test]
    fn dynamic_is_compact_json() {
        let (cells, failed) = built(Type::Dynamic, &["{\"a\": 1}", "\"[1, 2]\"", "\"x\"", "null", "[1,}"]);
        let expected = [Some("{\"a\":1}"), Some("[1,2]"), Some("\"x\""), None, None];
        assert_eq!(cells.as_string_view().iter().collect::<Vec<_>>(), expected);
        assert_eq!(failed, 1);
    }

    #[test]
    fn the_last_tick_is_seen() {
        let mut column = ColumnBuilder::new(Type::DateTime, 2);
        column.append(Cell::Text("1970-01-01T00:00:00Z".into()));
        assert_eq!(column.last_long(), Some(kql::time::UNIX_EPOCH));
        column.append(Cell::Text("".into()));
        assert_eq!(column.last_long(), None);
        assert_eq!(column.finish().as_primitive::<Int64Type>().len(), 2);
    }
}
