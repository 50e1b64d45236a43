//! Arrow's types into Kusto's: what a Parquet column is in a table, and its arrays laid out as [`arrow_type`] says.
//!
//! | Arrow | Kusto |
//! |---|---|
//! | integers that fit in 32 bits with their sign | `int` |
//! | all other integers | `long`; above its range null |
//! | halves, floats and doubles | `real` |
//! | decimals, and texts that are said to be decimals | `decimal` |
//! | dates and timestamps of any unit and zone | `datetime`; cut to ticks |
//! | times of day, durations | `timespan` |
//! | texts | `string` |
//! | binaries | `string`: their text if they are UTF-8, else lower-case hexadecimal, as those of fixed size are always |
//! | 16 bytes that are a UUID | `guid` |
//! | texts that are JSON; lists, structs and maps | `dynamic` |

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, PrimitiveArray, StringViewArray, StringViewBuilder, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow::error::ArrowError;
use kql::Type;
use kql::time::{self, DAY, MICROSECOND, MILLISECOND, SECOND, UNIX_EPOCH};

use super::nested;
use crate::arrow_type::arrow_type;
use crate::column::{Cell, ColumnBuilder};
use crate::json;

/// What the Parquet schema says of a column beyond its Arrow type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Annotation {
    /// Nothing.
    None,
    /// The text is JSON.
    Json,
    /// The text is a decimal.
    Decimal,
    /// The sixteen bytes are a UUID.
    Uuid,
}

/// Under which key Arrow's schema, kept in the file, names a type that Arrow has not.
pub(super) const EXTENSION: &str = "ARROW:extension:name";

/// The Kusto type of a column.
pub(super) fn kusto_type(ty: &DataType, annotation: Annotation) -> Type {
    match (ty, annotation) {
        (DataType::Dictionary(_, value), _) => kusto_type(value, annotation),
        (DataType::RunEndEncoded(_, values), _) => kusto_type(values.data_type(), annotation),
        (DataType::FixedSizeBinary(16), Annotation::Uuid) => Type::Guid,
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, Annotation::Json) => Type::Dynamic,
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, Annotation::Decimal) => Type::Decimal,
        (DataType::Boolean, _) => Type::Bool,
        (DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16, _) => Type::Int,
        (DataType::Int64 | DataType::UInt32 | DataType::UInt64, _) => Type::Long,
        (DataType::Float16 | DataType::Float32 | DataType::Float64, _) => Type::Real,
        (DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..), _) => {
            Type::Decimal
        }
        (DataType::Date32 | DataType::Date64 | DataType::Timestamp(..), _) => Type::DateTime,
        (DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_), _) => Type::TimeSpan,
        (ty, _) if ty.is_nested() => Type::Dynamic,
        _ => Type::String,
    }
}

/// Whether the type is text, perhaps behind a dictionary.
pub(super) fn is_text(ty: &DataType) -> bool {
    match ty {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// A column of a file as its own Kusto type is laid out, with the number of values that it cannot hold (null stands for them).
pub(super) fn laid_out(array: &ArrayRef, annotation: Annotation) -> Result<(ArrayRef, u64), ArrowError> {
    let array = plain(array)?;
    let ty = kusto_type(array.data_type(), annotation);
    let out = match (array.data_type(), ty) {
        (_, Type::String) if is_text(array.data_type()) => text_never_null(&cast(&array, &DataType::Utf8View)?),
        (_, Type::DateTime | Type::TimeSpan) => Arc::new(ticks(&array)) as ArrayRef,
        (_, Type::Bool | Type::Int | Type::Long | Type::Real) => cast(&array, &arrow_type(ty))?,
        (_, Type::Dynamic) if !array.data_type().is_nested() => json_texts(&array),
        (_, Type::Decimal) if is_text(array.data_type()) => {
            return retyped(&text_never_null(&cast(&array, &DataType::Utf8View)?), Type::String, Type::Decimal);
        }
        _ => texts(&array, ty, annotation),
    };
    let lost = out.null_count().saturating_sub(array.null_count()) as u64;
    Ok((out, lost))
}

/// An array laid out as `from` in the layout of `to`, with the number of values that are none of that type.
pub(super) fn retyped(array: &ArrayRef, from: Type, to: Type) -> Result<(ArrayRef, u64), ArrowError> {
    if from == to {
        return Ok((Arc::clone(array), 0));
    }
    let whole = |ty: Type| matches!(ty, Type::Int | Type::Long);
    if (whole(from) && whole(to)) || (whole(from) && to == Type::Real) {
        let out = cast(array, &arrow_type(to))?;
        let lost = out.null_count().saturating_sub(array.null_count()) as u64;
        return Ok((out, lost));
    }
    let mut builder = ColumnBuilder::new(to, array.len());
    let (mut lost, mut text) = (0, String::new());
    for row in 0..array.len() {
        if array.is_null(row) {
            builder.append_absent();
            continue;
        }
        text.clear();
        cell_text(array, from, row, &mut text);
        let good = if from == Type::Dynamic && to == Type::Dynamic {
            builder.append(Cell::Json(text.clone()))
        } else {
            builder.append(Cell::Text(text.as_str().into()))
        };
        lost += u64::from(!good);
    }
    Ok((builder.finish(), lost))
}

/// What stands where a column is absent: the empty string, else null.
pub(super) fn absent(ty: Type, rows: usize) -> ArrayRef {
    match ty {
        Type::String => constant("", rows),
        _ => new_null_array(&arrow_type(ty), rows),
    }
}

/// The same text in every row.
pub(super) fn constant(text: &str, rows: usize) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(text, rows)))
}

/// The text of a value in a Kusto layout.
fn cell_text(array: &ArrayRef, ty: Type, row: usize, out: &mut String) {
    let long = || array.as_primitive_opt::<arrow::datatypes::Int64Type>().map_or(0, |array| array.value(row));
    match ty {
        Type::DateTime => out.push_str(&time::format_datetime(long())),
        Type::TimeSpan => out.push_str(&time::format_timespan(long())),
        _ => match array.as_string_view_opt() {
            Some(texts) => out.push_str(texts.value(row)),
            None => nested::write_value(array, row, Annotation::None, out),
        },
    }
}

/// Without dictionaries and runs.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Dictionary(_, value) => cast(array, value),
        DataType::RunEndEncoded(_, values) => cast(array, values.data_type()),
        _ => Ok(Arc::clone(array)),
    }
}

/// The empty text in place of each null.
pub(super) fn text_never_null(array: &ArrayRef) -> ArrayRef {
    let Some(texts) = array.as_string_view_opt().filter(|texts| texts.null_count() > 0) else { return Arc::clone(array) };
    // A view of no bytes is all zeros, whatever stood there.
    let views = texts.views().iter().enumerate().map(|(row, view)| if texts.is_null(row) { 0 } else { *view });
    let views: Vec<u128> = views.collect();
    match StringViewArray::try_new(views.into(), texts.data_buffers().to_vec(), None) {
        Ok(filled) => Arc::new(filled),
        Err(_) => Arc::new(StringViewArray::from_iter_values(texts.iter().map(|text| text.unwrap_or_default()))),
    }
}

/// Texts that are JSON, each in its compact form; null for what is none.
fn json_texts(array: &ArrayRef) -> ArrayRef {
    let mut builder = StringViewBuilder::with_capacity(array.len());
    let Ok(texts) = cast(array, &DataType::Utf8View) else { return absent(Type::Dynamic, array.len()) };
    for text in texts.as_string_view() {
        builder.append_option(text.and_then(|text| json::compact(text.trim().as_bytes())).filter(|json| json != "null"));
    }
    Arc::new(builder.finish())
}

/// Values whose layout is text, one by one.
fn texts(array: &ArrayRef, ty: Type, annotation: Annotation) -> ArrayRef {
    let mut builder = StringViewBuilder::with_capacity(array.len());
    let mut text = String::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            if ty == Type::String {
                builder.append_value("")
            } else {
                builder.append_null()
            }
            continue;
        }
        text.clear();
        match ty {
            Type::Dynamic => nested::write_value(array, row, annotation, &mut text),
            _ => nested::write_text(array, row, annotation, &mut text),
        }
        builder.append_value(&text);
    }
    Arc::new(builder.finish())
}

/// Dates, times and durations in ticks; null for moments that Kusto has no word for.
pub(super) fn ticks(array: &ArrayRef) -> Int64Array {
    let moment = |ticks: Option<i64>| ticks.and_then(|ticks| UNIX_EPOCH.checked_add(ticks)).and_then(time::in_range);
    match array.data_type() {
        DataType::Date32 => each::<Date32Type>(array, |v| moment(i64::from(v).checked_mul(DAY))),
        DataType::Date64 => each::<Date64Type>(array, |v| moment(v.checked_mul(MILLISECOND))),
        DataType::Timestamp(TimeUnit::Second, _) => each::<TimestampSecondType>(array, |v| moment(v.checked_mul(SECOND))),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            each::<TimestampMillisecondType>(array, |v| moment(v.checked_mul(MILLISECOND)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            each::<TimestampMicrosecondType>(array, |v| moment(v.checked_mul(MICROSECOND)))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            each::<TimestampNanosecondType>(array, |v| moment(Some(v.div_euclid(100))))
        }
        DataType::Time32(TimeUnit::Second) => each::<Time32SecondType>(array, |v| Some(i64::from(v) * SECOND)),
        DataType::Time32(_) => each::<Time32MillisecondType>(array, |v| Some(i64::from(v) * MILLISECOND)),
        DataType::Time64(TimeUnit::Microsecond) => each::<Time64MicrosecondType>(array, |v| v.checked_mul(MICROSECOND)),
        DataType::Time64(_) => each::<Time64NanosecondType>(array, |v| Some(v / 100)),
        DataType::Duration(TimeUnit::Second) => each::<DurationSecondType>(array, |v| v.checked_mul(SECOND)),
        DataType::Duration(TimeUnit::Millisecond) => each::<DurationMillisecondType>(array, |v| v.checked_mul(MILLISECOND)),
        DataType::Duration(TimeUnit::Microsecond) => each::<DurationMicrosecondType>(array, |v| v.checked_mul(MICROSECOND)),
        DataType::Duration(TimeUnit::Nanosecond) => each::<DurationNanosecondType>(array, |v| Some(v / 100)),
        _ => Int64Array::new_null(array.len()),
    }
}

fn each<T: ArrowPrimitiveType>(array: &ArrayRef, convert: impl Fn(T::Native) -> Option<i64>) -> Int64Array {
    let Some(values): Option<&PrimitiveArray<T>> = array.as_primitive_opt() else { return Int64Array::new_null(array.len()) };
    values.unary_opt(convert)
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BinaryArray, Decimal128Array, DictionaryArray, DurationMillisecondArray, FixedSizeBinaryArray, StringArray,
        TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
    };
    use arrow::datatypes::Int32Type;

    use super::*;

    /// The column's Kusto type, its values as text, and how many were lost.
    fn shown(array: ArrayRef, annotation: Annotation) -> (Type, Vec<String>, u64) {
        let ty = kusto_type(array.data_type(), annotation);
        let (out, lost) = laid_out(&array, annotation).unwrap();
        assert_eq!(*out.data_type(), arrow_type(ty));
        let text = |row: usize| {
            let mut text = String::new();
            if out.is_null(row) {
                return "null".to_owned();
            }
            cell_text(&out, ty, row, &mut text);
            text
        };
        (ty, (0..out.len()).map(text).collect(), lost)
    }

    fn texts_of(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn times_of_any_unit_are_ticks() {
        let micros = TimestampMicrosecondArray::from(vec![Some(1_767_225_600_000_001), None]).with_timezone("+02:00");
        let expected = texts_of(&["2026-01-01T00:00:00.0000010Z", "null"]);
        assert_eq!(shown(Arc::new(micros), Annotation::None), (Type::DateTime, expected, 0));
        let nanos = TimestampNanosecondArray::from(vec![-1]);
        assert_eq!(shown(Arc::new(nanos), Annotation::None).1, ["1969-12-31T23:59:59.9999999Z"]);
        let far = arrow::array::TimestampSecondArray::from(vec![i64::MAX]);
        assert_eq!(shown(Arc::new(far), Annotation::None), (Type::DateTime, texts_of(&["null"]), 1));
        let span = DurationMillisecondArray::from(vec![90_061_001]);
        assert_eq!(shown(Arc::new(span), Annotation::None), (Type::TimeSpan, texts_of(&["1.01:01:01.0010000"]), 0));
    }

    #[test]
    fn strings_are_never_null() {
        let texts: DictionaryArray<Int32Type> =
            vec![Some("a longer text than a view holds"), None, Some("b")].into_iter().collect();
        let expected = texts_of(&["a longer text than a view holds", "", "b"]);
        assert_eq!(shown(Arc::new(texts), Annotation::None), (Type::String, expected, 0));
        let bytes = BinaryArray::from_opt_vec(vec![Some(b"ab"), Some(&[0xff, 0]), None]);
        assert_eq!(shown(Arc::new(bytes), Annotation::None), (Type::String, texts_of(&["ab", "ff00", ""]), 0));
    }

    #[test]
    fn what_does_not_fit_is_null_and_counted() {
        let large = UInt64Array::from(vec![1, u64::MAX]);
        assert_eq!(shown(Arc::new(large), Annotation::None), (Type::Long, texts_of(&["1", "null"]), 1));
        let array: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), None, Some(1 << 40)]));
        let (ints, lost) = retyped(&array, Type::Long, Type::Int).unwrap();
        assert_eq!((ints.null_count(), lost), (2, 1));
        let times: ArrayRef = Arc::new(StringViewArray::from(vec!["2026-01-01T00:00:00Z", "soon", ""]));
        let (ticks, lost) = retyped(&times, Type::String, Type::DateTime).unwrap();
        assert_eq!((ticks.null_count(), lost), (2, 1));
    }

    #[test]
    fn decimals_guids_and_json_keep_their_meaning() {
        let decimals = Decimal128Array::from(vec![12345, -5]).with_precision_and_scale(10, 3).unwrap();
        assert_eq!(shown(Arc::new(decimals), Annotation::None), (Type::Decimal, texts_of(&["12.345", "-0.005"]), 0));
        let guid = FixedSizeBinaryArray::try_from_iter([[0x12_u8; 16]].into_iter()).unwrap();
        let text = "12121212-1212-1212-1212-121212121212";
        assert_eq!(shown(Arc::new(guid.clone()), Annotation::Uuid), (Type::Guid, texts_of(&[text]), 0));
        assert_eq!(shown(Arc::new(guid), Annotation::None).1, ["12".repeat(16)]);
        let json = StringArray::from(vec![Some("{\"a\": [1, 2]}"), Some("no"), None]);
        assert_eq!(shown(Arc::new(json), Annotation::Json), (Type::Dynamic, texts_of(&["{\"a\":[1,2]}", "null", "null"]), 1));
    }
}
