//! Arguments as functions want them: cells in; text, arrays and bags out.

use std::borrow::Cow;

use datafusion::arrow::array::{Array, AsArray, StringViewArray};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::ColumnarValue;
use serde_json::Value as Json;

use crate::cell::Cell;

/// An argument of text, read row by row without cells.
pub(super) enum Texts<'a> {
    /// A column.
    Column(&'a StringViewArray),
    /// The same text in every row.
    One(&'a str),
}

impl<'a> Texts<'a> {
    /// The texts of an argument, if they are texts, and none is null.
    pub(super) fn of(arg: &'a ColumnarValue) -> Option<Texts<'a>> {
        match arg {
            ColumnarValue::Array(array) => array.as_string_view_opt().filter(|texts| texts.null_count() == 0).map(Texts::Column),
            ColumnarValue::Scalar(ScalarValue::Utf8View(Some(text))) => Some(Texts::One(text)),
            ColumnarValue::Scalar(_) => None,
        }
    }

    /// The text of a row.
    pub(super) fn get(&self, row: usize) -> &'a str {
        match self {
            Texts::Column(texts) => texts.value(row),
            Texts::One(text) => text,
        }
    }
}

/// The text of argument `at` as `tostring()` gives it; empty if there is no such argument.
pub(super) fn text<'b>(args: &'b [Cell<'_>], at: usize) -> Cow<'b, str> {
    args.get(at).map_or(Cow::Borrowed(""), cell_text)
}

/// The text of a cell as `tostring()` gives it. A string, a guid and a decimal are lent, not copied.
pub(super) fn cell_text<'b>(cell: &'b Cell<'_>) -> Cow<'b, str> {
    match cell {
        Cell::Str(s) | Cell::Guid(s) | Cell::Decimal(s) => Cow::Borrowed(s),
        Cell::Dynamic(json) if !json.starts_with('"') => Cow::Borrowed(json),
        other => Cow::Owned(other.to_value().to_text()),
    }
}

/// The text of a cell for as long as its column lives.
pub(super) fn lend<'a>(cell: &Cell<'a>) -> Cow<'a, str> {
    match cell {
        Cell::Str(s) | Cell::Guid(s) | Cell::Decimal(s) => s.clone(),
        other => Cow::Owned(other.to_value().to_text()),
    }
}

/// The part `from..to` (bytes, on character boundaries) of the text of a cell, as a string.
pub(super) fn part<'a>(cell: &Cell<'a>, from: usize, to: usize) -> Cell<'a> {
    match lend(cell) {
        Cow::Borrowed(text) => Cell::Str(Cow::Borrowed(text.get(from..to).unwrap_or_default())),
        Cow::Owned(text) => Cell::text(text.get(from..to).unwrap_or_default().to_owned()),
    }
}

/// The whole number of argument `at`: of an int, a long, or a real or dynamic that is whole.
pub(super) fn whole(args: &[Cell<'_>], at: usize) -> Option<i64> {
    match args.get(at)? {
        Cell::Real(r) if r.is_finite() => Some(*r as i64),
        Cell::Dynamic(json) => serde_json::from_str::<Json>(json).ok()?.as_i64(),
        other => other.as_long(),
    }
}

/// The array that argument `at` holds.
pub(super) fn array(args: &[Cell<'_>], at: usize) -> Option<Vec<Json>> {
    cell_array(args.get(at)?)
}

/// The array that a cell holds.
pub(super) fn cell_array(cell: &Cell<'_>) -> Option<Vec<Json>> {
    match cell {
        Cell::Dynamic(json) if json.starts_with('[') => serde_json::from_str(json).ok(),
        _ => None,
    }
}

/// The bag that argument `at` holds.
pub(super) fn bag(args: &[Cell<'_>], at: usize) -> Option<serde_json::Map<String, Json>> {
    match args.get(at)? {
        Cell::Dynamic(json) if json.starts_with('{') => serde_json::from_str(json).ok(),
        _ => None,
    }
}

/// The text of an element as `tostring()` gives it.
pub(super) fn element_text(element: &Json) -> Cow<'_, str> {
    match element {
        Json::Null => Cow::Borrowed(""),
        Json::String(s) => Cow::Borrowed(s),
        other => Cow::Owned(other.to_string()),
    }
}

/// Calls `each` with every text of a list: arguments `from` on, arrays among them taken apart. Stops when it returns `false`.
pub(super) fn each_text(args: &[Cell<'_>], from: usize, mut each: impl FnMut(&str) -> bool) {
    for cell in args.get(from..).unwrap_or_default() {
        if let Some(elements) = cell_array(cell) {
            if elements.iter().any(|element| !each(&element_text(element))) {
                return;
            }
        } else if !each(&cell_text(cell)) {
            return;
        }
    }
}

/// A bool, or its null.
pub(super) fn truth(value: Option<bool>) -> Cell<'static> {
    value.map_or(Cell::Null, Cell::Bool)
}

/// A long, or its null.
pub(super) fn long(value: Option<i64>) -> Cell<'static> {
    value.map_or(Cell::Null, Cell::Long)
}

/// A length as a long.
pub(super) fn count(length: usize) -> Cell<'static> {
    Cell::Long(i64::try_from(length).unwrap_or(i64::MAX))
}

/// A dynamic array.
pub(super) fn json_array(elements: Vec<Json>) -> Cell<'static> {
    Cell::json(&Json::Array(elements))
}
