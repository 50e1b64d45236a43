//! Arrow's kernels over whole batches: the way past the rows for the operators that queries use most.

use datafusion::arrow::array::{ArrayRef, Datum};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;

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
