//! `split(source, delimiter)[position]` without the array, which the lowering writes in its place. See `text.md`.

use std::sync::Arc;

use datafusion::arrow::array::StringViewBuilder;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use kql::Type;
use memchr::memrchr;
use serde_json::Value as Json;

use super::argument::{Texts, text, whole};
use super::udf::by_row;
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("$split_element", |_, args| {
        let (source, delimiter) = (text(args, 0), text(args, 1));
        let found = whole(args, 2).and_then(|position| element(&source, &delimiter, position));
        found.map_or(Cell::Null, |found| Cell::json(&Json::from(found)))
    }),
    Function::batch("$split_text", texts),
];

/// The element at a position, a negative one counting from the end.
fn element<'s>(source: &'s str, delimiter: &str, position: i64) -> Option<&'s str> {
    let nth = |position: i64| usize::try_from(position).ok();
    match (delimiter.as_bytes(), nth(position)) {
        ([], _) => matches!(position, 0 | -1).then_some(source),
        ([byte], Some(position)) => source.split(char::from(*byte)).nth(position),
        (_, Some(position)) => source.split(delimiter).nth(position),
        // From the end the parts are the same only where delimiters cannot overlap.
        ([byte], None) => nth_from_end(source, *byte, nth(-1 - position)?),
        _ => source.split(delimiter).nth(nth(i64::try_from(source.split(delimiter).count()).ok()? + position)?),
    }
}

/// The element before which, seen from the end, there are `n` others. The standard library's search for a character from the end
/// is slower.
fn nth_from_end(source: &str, delimiter: u8, mut n: usize) -> Option<&str> {
    let mut end = source.len();
    loop {
        let before = memrchr(delimiter, &source.as_bytes()[..end]);
        if n == 0 {
            return source.get(before.map_or(0, |at| at + 1)..end);
        }
        (end, n) = (before?, n - 1);
    }
}

/// The element as text, empty where there is none.
fn texts(call: &Call, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
    let constant = match &args[1..] {
        [
            ColumnarValue::Scalar(ScalarValue::Utf8View(Some(delimiter))),
            ColumnarValue::Scalar(ScalarValue::Int64(Some(position))),
        ] => Some((delimiter.as_str(), *position)),
        _ => None,
    };
    let column = Texts::of(&args[0]).filter(|_| call.types.first() == Some(&Type::String));
    if let (Some((delimiter, position)), Some(texts @ Texts::Column(_))) = (constant, column) {
        let mut builder = StringViewBuilder::with_capacity(rows);
        (0..rows).for_each(|row| builder.append_value(element(texts.get(row), delimiter, position).unwrap_or_default()));
        return Ok(ColumnarValue::Array(Arc::new(builder.finish())));
    }
    by_row(call, false, args, rows, |args| {
        let (source, delimiter) = (text(args, 0), text(args, 1));
        let found = whole(args, 2).and_then(|position| element(&source, &delimiter, position));
        Cell::text(found.unwrap_or_default().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_those_of_all_parts() {
        for source in ["", ".", "a", "a.b", "..", "www.evil.example", ".x.", "é.日本"] {
            let parts: Vec<&str> = source.split('.').collect();
            for position in -4..4_i64 {
                let at = if position < 0 { parts.len().checked_add_signed(position as isize) } else { Some(position as usize) };
                let expected = at.and_then(|at| parts.get(at).copied());
                assert_eq!(element(source, ".", position), expected, "{source} {position}");
            }
        }
    }
}
