//! Arrow's kernels over whole batches: the way past the rows for the operators that queries use most.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum, StringViewBuilder};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::compute::{cast, prep_null_mask_filter};
use datafusion::arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use kql::Type;

use super::Call;
use crate::cell::normalized;

/// A kernel of two operands, each an array or one value.
pub(super) type Kernel = fn(&dyn Datum, &dyn Datum) -> std::result::Result<ArrayRef, ArrowError>;

/// The operand in its own layout, but 32-bit numbers as 64-bit ones, so that two of them meet.
fn operand(call: &Call, args: &[ColumnarValue], position: usize) -> Result<ColumnarValue> {
    let widen = |array: &ArrayRef| -> Result<ArrayRef> {
        let array = normalized(call.types[position], array)?;
        Ok(if *array.data_type() == DataType::Int32 { cast(&array, &DataType::Int64)? } else { array })
    };
    Ok(match &args[position] {
        ColumnarValue::Array(array) => ColumnarValue::Array(widen(array)?),
        ColumnarValue::Scalar(value) => ColumnarValue::Scalar(ScalarValue::try_from_array(&widen(&value.to_array()?)?, 0)?),
    })
}

/// The kernel over both operands; one value if both are.
pub(super) fn apply<F>(call: &Call, args: &[ColumnarValue], kernel: F) -> Result<ColumnarValue>
where
    F: Fn(&dyn Datum, &dyn Datum) -> std::result::Result<ArrayRef, ArrowError>,
{
    let array = match (operand(call, args, 0)?, operand(call, args, 1)?) {
        (ColumnarValue::Array(a), ColumnarValue::Array(b)) => kernel(&a, &b)?,
        (ColumnarValue::Array(a), ColumnarValue::Scalar(b)) => kernel(&a, &b.to_scalar()?)?,
        (ColumnarValue::Scalar(a), ColumnarValue::Array(b)) => kernel(&a.to_scalar()?, &b)?,
        (ColumnarValue::Scalar(a), ColumnarValue::Scalar(b)) => {
            let array = kernel(&a.to_array()?, &b.to_array()?)?;
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
    };
    Ok(ColumnarValue::Array(array))
}

/// A function of one whole number (ticks are some) over a column of them, null where it has no value. The other arguments must
/// have been worked in. `None` if the first argument is no such column.
pub(super) fn map_whole(call: &Call, args: &[ColumnarValue], f: impl Fn(i64) -> Option<i64>) -> Result<Option<ColumnarValue>> {
    let Some(ColumnarValue::Array(array)) = args.first() else { return Ok(None) };
    let Some(numbers) = array.as_primitive_opt::<Int64Type>() else { return Ok(None) };
    let array: ArrayRef = match call.returns {
        Type::Long | Type::DateTime | Type::TimeSpan => Arc::new(numbers.unary_opt::<_, Int64Type>(f)),
        Type::Int => Arc::new(numbers.unary_opt::<_, Int32Type>(|n| f(n).and_then(|n| i32::try_from(n).ok()))),
        _ => return Ok(None),
    };
    Ok(Some(ColumnarValue::Array(array)))
}

/// A test of one text over a column of them; a null counts as the empty text. `None` if the first argument is no such column.
pub(super) fn test_text(call: &Call, args: &[ColumnarValue], test: impl Fn(&str) -> bool) -> Option<ColumnarValue> {
    let (Some(ColumnarValue::Array(array)), Some(Type::String)) = (args.first(), call.types.first()) else { return None };
    let texts = array.as_string_view_opt()?;
    let truth = BooleanBuffer::collect_bool(texts.len(), |row| test(if texts.is_valid(row) { texts.value(row) } else { "" }));
    Some(ColumnarValue::Array(Arc::new(BooleanArray::new(truth, None))))
}

/// Texts made of the texts of a column, each written into the same buffer. `None` if the first argument is no such column.
pub(super) fn map_text(call: &Call, args: &[ColumnarValue], write: impl Fn(&str, &mut String)) -> Option<ColumnarValue> {
    let (Some(ColumnarValue::Array(array)), Some(Type::String)) = (args.first(), call.types.first()) else { return None };
    let texts = array.as_string_view_opt()?;
    let mut builder = StringViewBuilder::with_capacity(texts.len());
    let mut buffer = String::new();
    for row in 0..texts.len() {
        buffer.clear();
        write(if texts.is_valid(row) { texts.value(row) } else { "" }, &mut buffer);
        builder.append_value(&buffer);
    }
    Some(ColumnarValue::Array(Arc::new(builder.finish())))
}

/// One of two values for each row, by a column of truths; null is not true.
pub(super) fn choose(truth: &BooleanArray, yes: &ColumnarValue, no: &ColumnarValue) -> Result<ColumnarValue> {
    let mask = match truth.nulls() {
        Some(_) => prep_null_mask_filter(truth),
        None => truth.clone(),
    };
    let array = match (yes, no) {
        (ColumnarValue::Array(yes), ColumnarValue::Array(no)) => zip(&mask, yes, no)?,
        (ColumnarValue::Array(yes), ColumnarValue::Scalar(no)) => zip(&mask, yes, &no.to_scalar()?)?,
        (ColumnarValue::Scalar(yes), ColumnarValue::Array(no)) => zip(&mask, &yes.to_scalar()?, no)?,
        (ColumnarValue::Scalar(yes), ColumnarValue::Scalar(no)) => zip(&mask, &yes.to_scalar()?, &no.to_scalar()?)?,
    };
    Ok(ColumnarValue::Array(array))
}
