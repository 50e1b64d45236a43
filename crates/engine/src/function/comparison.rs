//! `== != < <= > >=` and `between`: two cells of any types in, a truth out.
//!
//! Equality with one null is false (inequality true), and null with two; an order with a null is null. NaN equals nothing and
//! has no order. Strings compare by their bytes. A dynamic is read as the type it meets.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum, Float64Array};
use datafusion::arrow::compute::kernels::cmp;
use datafusion::arrow::datatypes::{Float64Type, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use kql::Type;

use super::arithmetic::{self, Pair, pair};
use super::cast::convert;
use super::{Call, Function, kernel};
use crate::cell::Cell;
use crate::decimal;

/// The operators.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::either("==", |_, cells| is_equal(cells, true), |call, args, _| equality(call, args, true)),
    Function::either("!=", |_, cells| is_equal(cells, false), |call, args, _| equality(call, args, false)),
    Function::either("<", |_, cells| in_order(cells, Relation::Less), |call, args, _| order(call, args, Relation::Less)),
    Function::either(
        "<=",
        |_, cells| in_order(cells, Relation::LessOrEqual),
        |call, args, _| order(call, args, Relation::LessOrEqual),
    ),
    Function::either(">", |_, cells| in_order(cells, Relation::Greater), |call, args, _| order(call, args, Relation::Greater)),
    Function::either(
        ">=",
        |_, cells| in_order(cells, Relation::GreaterOrEqual),
        |call, args, _| order(call, args, Relation::GreaterOrEqual),
    ),
    Function::either("between", |_, cells| between(cells), within),
    Function::row("!between", |_, cells| match between(cells) {
        Cell::Bool(inside) => Cell::Bool(!inside),
        other => other,
    }),
    Function::row("$decimal_order", |_, cells| match decimal::parse(cells[0].as_str()) {
        Some(number) => Cell::text(decimal::order_key(&number)),
        None => Cell::Null,
    }),
];

/// Which of the four orders.
#[derive(Clone, Copy)]
enum Relation {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Relation::Less => order.is_lt(),
            Relation::LessOrEqual => order.is_le(),
            Relation::Greater => order.is_gt(),
            Relation::GreaterOrEqual => order.is_ge(),
        }
    }

    fn of_reals(self, a: f64, b: f64) -> bool {
        match self {
            Relation::Less => a < b,
            Relation::LessOrEqual => a <= b,
            Relation::Greater => a > b,
            Relation::GreaterOrEqual => a >= b,
        }
    }
}

/// How a batch of these types is compared.
enum Path {
    /// By Arrow's kernels, which agree with Kusto on all but reals and nulls.
    Kernel,
    /// Both are reals.
    Reals,
    /// Cell by cell.
    Rows,
}

fn path(call: &Call) -> Path {
    let whole = |ty: Type| matches!(ty, Type::Int | Type::Long);
    match *call.types.as_slice() {
        [Type::Real, Type::Real] => Path::Reals,
        [a, b] if whole(a) && whole(b) => Path::Kernel,
        [a, b] if a == b && !matches!(a, Type::Decimal | Type::Dynamic | Type::Unknown) => Path::Kernel,
        _ => Path::Rows,
    }
}

fn is_equal(cells: &[Cell<'_>], wanted: bool) -> Cell<'static> {
    truth(equal(&cells[0], &cells[1]).map(|equal| equal == wanted))
}

fn in_order(cells: &[Cell<'_>], relation: Relation) -> Cell<'static> {
    compare_as(&cells[0], &cells[1], relation)
}

fn equality(call: &Call, args: &[ColumnarValue], wanted: bool) -> Result<Option<ColumnarValue>> {
    let kernel: fn(&dyn Datum, &dyn Datum) -> std::result::Result<BooleanArray, ArrowError> = match (path(call), wanted) {
        (Path::Kernel, true) => cmp::eq,
        (Path::Kernel, false) => cmp::neq,
        (Path::Reals, true) => |a, b| reals(a, b, |a, b| a == b),
        (Path::Reals, false) => |a, b| reals(a, b, |a, b| a != b),
        (Path::Rows, _) => return Ok(None),
    };
    kernel::apply(call, args, |a, b| Ok(Arc::new(without_single_nulls(kernel(a, b)?, a, b, wanted)) as ArrayRef)).map(Some)
}

fn order(call: &Call, args: &[ColumnarValue], relation: Relation) -> Result<Option<ColumnarValue>> {
    let compared = match path(call) {
        Path::Kernel => kernel::apply(call, args, |a, b| {
            Ok(Arc::new(match relation {
                Relation::Less => cmp::lt(a, b)?,
                Relation::LessOrEqual => cmp::lt_eq(a, b)?,
                Relation::Greater => cmp::gt(a, b)?,
                Relation::GreaterOrEqual => cmp::gt_eq(a, b)?,
            }) as ArrayRef)
        }),
        Path::Reals => kernel::apply(call, args, |a, b| Ok(Arc::new(reals(a, b, |a, b| relation.of_reals(a, b))?) as ArrayRef)),
        Path::Rows => return Ok(None),
    };
    compared.map(Some)
}

/// `between` two single values that are not null, of the column's own type, which is whole numbers or ticks.
fn within(call: &Call, args: &[ColumnarValue], _: usize) -> Result<Option<ColumnarValue>> {
    let [ColumnarValue::Array(x), ColumnarValue::Scalar(low), ColumnarValue::Scalar(high)] = args else { return Ok(None) };
    let (ScalarValue::Int64(Some(low)), ScalarValue::Int64(Some(high))) = (low, high) else { return Ok(None) };
    let x = match x.as_primitive_opt::<Int64Type>() {
        Some(x) if call.types.iter().all(|ty| *ty == call.types[0]) => x,
        _ => return Ok(None),
    };
    Ok(Some(ColumnarValue::Array(Arc::new(BooleanArray::from_unary(x, |x| (*low..=*high).contains(&x))))))
}

/// Reals compared as IEEE 754 has it; Arrow's kernels would give NaN a place.
fn reals(a: &dyn Datum, b: &dyn Datum, holds: impl Fn(f64, f64) -> bool) -> std::result::Result<BooleanArray, ArrowError> {
    let read = |datum: &dyn Datum| -> std::result::Result<(Float64Array, bool), ArrowError> {
        let (array, single) = datum.get();
        let array = array.as_primitive_opt::<Float64Type>();
        let array = array.ok_or_else(|| ArrowError::InvalidArgumentError("reals are doubles".to_owned()))?;
        Ok((array.clone(), single))
    };
    let ((a, a_single), (b, b_single)) = (read(a)?, read(b)?);
    Ok(match (a_single, b_single) {
        (_, true) if b.is_valid(0) => {
            let b = b.value(0);
            BooleanArray::from_unary(&a, |a| holds(a, b))
        }
        (true, _) if a.is_valid(0) => {
            let a = a.value(0);
            BooleanArray::from_unary(&b, |b| holds(a, b))
        }
        (false, false) => BooleanArray::from_binary(&a, &b, holds),
        (_, true) => BooleanArray::new_null(a.len()),
        (true, _) => BooleanArray::new_null(b.len()),
    })
}

/// The result of a kernel with `!wanted` where exactly one operand is null; where both are it stays null.
fn without_single_nulls(result: BooleanArray, a: &dyn Datum, b: &dyn Datum, wanted: bool) -> BooleanArray {
    if result.null_count() == 0 {
        return result;
    }
    let is_null = |datum: &dyn Datum, row: usize| {
        let (array, single) = datum.get();
        array.is_null(if single { 0 } else { row })
    };
    (0..result.len())
        .map(|row| match (result.is_valid(row), is_null(a, row) && is_null(b, row)) {
            (true, _) => Some(result.value(row)),
            (false, true) => None,
            (false, false) => Some(!wanted),
        })
        .collect()
}

fn truth(truth: Option<bool>) -> Cell<'static> {
    truth.map_or(Cell::Null, Cell::Bool)
}

/// Whether two cells are equal: `None` if both are null, false if one is.
pub(crate) fn equal(a: &Cell<'_>, b: &Cell<'_>) -> Option<bool> {
    match (a, b) {
        (Cell::Null, Cell::Null) => None,
        (Cell::Null, _) | (_, Cell::Null) => Some(false),
        (Cell::Dynamic(a), Cell::Dynamic(b)) => Some(a == b),
        _ => Some(compare(a, b) == Some(Ordering::Equal)),
    }
}

/// The order of two cells; `None` if one is null or NaN, or if they have none.
pub(crate) fn compare(a: &Cell<'_>, b: &Cell<'_>) -> Option<Ordering> {
    Some(match (a, b) {
        (Cell::Str(a), Cell::Str(b)) | (Cell::Guid(a), Cell::Guid(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
        (Cell::DateTime(a), Cell::DateTime(b)) | (Cell::TimeSpan(a), Cell::TimeSpan(b)) => a.cmp(b),
        (Cell::Bool(a), b) if !matches!(b, Cell::Dynamic(_)) => return compare(&Cell::Long(i64::from(*a)), b),
        (a, Cell::Bool(b)) if !matches!(a, Cell::Dynamic(_)) => return compare(a, &Cell::Long(i64::from(*b))),
        (Cell::Dynamic(a), Cell::Dynamic(b)) => return compare(&plain(a), &plain(b)),
        (Cell::Dynamic(_), b) => return compare(&convert(a, type_of(b)?), b),
        (a, Cell::Dynamic(_)) => return compare(a, &convert(b, type_of(a)?)),
        _ => match pair(a, b)? {
            Pair::Whole(a, b) => a.cmp(&b),
            Pair::Real(a, b) => return a.partial_cmp(&b),
            Pair::Decimal(a, b) => a.cmp(&b),
        },
    })
}

/// A JSON scalar as the cell it is like; null for an array, a bag or null.
fn plain(json: &str) -> Cell<'static> {
    match serde_json::from_str(json) {
        Ok(serde_json::Value::Bool(b)) => Cell::Bool(b),
        Ok(serde_json::Value::String(s)) => Cell::Str(s.into()),
        Ok(serde_json::Value::Number(n)) => n.as_i64().map(Cell::Long).or(n.as_f64().map(Cell::Real)).unwrap_or(Cell::Null),
        _ => Cell::Null,
    }
}

/// The type a dynamic is read as when it meets this cell: a number as the widest of its kind.
fn type_of(cell: &Cell<'_>) -> Option<Type> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Bool(_) => Type::Bool,
        Cell::Int(_) | Cell::Long(_) | Cell::Real(_) => Type::Real,
        Cell::DateTime(_) => Type::DateTime,
        Cell::TimeSpan(_) => Type::TimeSpan,
        Cell::Str(_) => Type::String,
        Cell::Decimal(_) => Type::Decimal,
        Cell::Guid(_) => Type::Guid,
        Cell::Dynamic(_) => Type::Dynamic,
    })
}

fn compare_as(a: &Cell<'_>, b: &Cell<'_>, relation: Relation) -> Cell<'static> {
    if a.is_null() || b.is_null() {
        return Cell::Null;
    }
    Cell::Bool(compare(a, b).is_some_and(|order| relation.holds(order)))
}

/// `x between (low .. high)`, both included; a timespan after a moment counts from it.
fn between(cells: &[Cell<'_>]) -> Cell<'static> {
    let [x, low, high] = cells else { return Cell::Null };
    let sum = match (low, high) {
        (Cell::DateTime(_), Cell::TimeSpan(_)) => Some(arithmetic::add(low, high)),
        _ => None,
    };
    let from = compare_as(x, low, Relation::GreaterOrEqual);
    let to = compare_as(x, sum.as_ref().unwrap_or(high), Relation::LessOrEqual);
    match (from, to) {
        (Cell::Bool(false), _) | (_, Cell::Bool(false)) => Cell::Bool(false),
        (Cell::Bool(true), Cell::Bool(true)) => Cell::Bool(true),
        _ => Cell::Null,
    }
}

#[cfg(test)]
mod tests {
    use kql::time::DAY;

    use super::*;

    #[test]
    fn null_is_equal_to_nothing_and_has_no_order() {
        assert_eq!(equal(&Cell::Null, &Cell::Long(5)), Some(false));
        assert_eq!(equal(&Cell::Null, &Cell::Null), None);
        assert_eq!(compare_as(&Cell::Null, &Cell::Long(5), Relation::Less), Cell::Null);
        assert_eq!(equal(&Cell::Real(f64::NAN), &Cell::Real(f64::NAN)), Some(false));
        assert_eq!(equal(&Cell::Decimal("1.50".into()), &Cell::Decimal("1.5".into())), Some(true));
        assert_eq!(equal(&Cell::Dynamic("5".into()), &Cell::Long(5)), Some(true));
        assert_eq!(equal(&Cell::Dynamic("\"a\"".into()), &Cell::text("a")), Some(true));
    }

    #[test]
    fn batches_follow_the_same_rules() {
        let call = Call { returns: Type::Bool, types: vec![Type::Real, Type::Real], constants: vec![None, None] };
        let column: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(f64::NAN)]));
        let args = [ColumnarValue::Array(column), ColumnarValue::Scalar(ScalarValue::Float64(Some(1.0)))];
        let run = |result: Result<Option<ColumnarValue>>| -> Vec<Option<bool>> {
            result.unwrap().unwrap().into_array(3).unwrap().as_boolean().iter().collect()
        };
        assert_eq!(run(equality(&call, &args, true)), [Some(true), Some(false), Some(false)]);
        assert_eq!(run(equality(&call, &args, false)), [Some(false), Some(true), Some(true)]);
        assert_eq!(run(order(&call, &args, Relation::LessOrEqual)), [Some(true), None, Some(false)]);
    }

    #[test]
    fn a_span_after_a_moment_counts_from_it() {
        let inside = |x| between(&[Cell::DateTime(x), Cell::DateTime(DAY), Cell::TimeSpan(DAY)]);
        assert_eq!(inside(2 * DAY), Cell::Bool(true));
        assert_eq!(inside(2 * DAY + 1), Cell::Bool(false));
    }
}
