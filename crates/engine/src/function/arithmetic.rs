//! `+ - * / %` and the unary minus: two cells in, one out.
//!
//! Whole numbers wrap and divide toward zero, a remainder is never negative, and whatever cannot be (a whole number by zero, a
//! moment outside the calendar) is null. Numbers of two types meet in the wider one.

use bigdecimal::BigDecimal;
use datafusion::arrow::compute::kernels::numeric;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use kql::{Type, time};

use super::kernel::{self, Kernel};
use super::{Call, Function};
use crate::cell::Cell;
use crate::decimal;

/// The operators.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::either("+", |_, cells| add(&cells[0], &cells[1]), |call, args, _| by_kernel(call, args, fast_add(call))),
    Function::either("-", |_, cells| subtract(&cells[0], &cells[1]), |call, args, _| by_kernel(call, args, fast_subtract(call))),
    Function::either("*", |_, cells| multiply(&cells[0], &cells[1]), |call, args, _| by_kernel(call, args, fast_multiply(call))),
    Function::either("/", |_, cells| divide(&cells[0], &cells[1]), |call, args, _| by_kernel(call, args, fast_divide(call))),
    Function::row("%", |_, cells| remainder(&cells[0], &cells[1])),
    Function::row("neg", |_, cells| negate(&cells[0])),
];

/// By an Arrow kernel if there is one for these types.
fn by_kernel(call: &Call, args: &[ColumnarValue], kernel: Option<Kernel>) -> Result<Option<ColumnarValue>> {
    kernel.map(|kernel| kernel::apply(call, args, kernel)).transpose()
}

/// The type both operands can be widened to without loss of meaning, if a kernel computes in it and gives what is returned.
fn common(call: &Call) -> Option<Type> {
    let whole = |ty: Type| matches!(ty, Type::Int | Type::Long);
    match *call.types.as_slice() {
        [a, b] if whole(a) && whole(b) && call.returns == Type::Long => Some(Type::Long),
        [Type::Real, Type::Real] if call.returns == Type::Real => Some(Type::Real),
        _ => None,
    }
}

fn fast_add(call: &Call) -> Option<Kernel> {
    let spans = call.types == [Type::TimeSpan, Type::TimeSpan];
    (spans || common(call).is_some()).then_some(numeric::add_wrapping as Kernel)
}

fn fast_subtract(call: &Call) -> Option<Kernel> {
    let spans = call.types == [Type::TimeSpan, Type::TimeSpan] || call.types == [Type::DateTime, Type::DateTime];
    (spans || common(call).is_some()).then_some(numeric::sub_wrapping as Kernel)
}

fn fast_multiply(call: &Call) -> Option<Kernel> {
    common(call).map(|_| numeric::mul_wrapping as Kernel)
}

fn fast_divide(call: &Call) -> Option<Kernel> {
    common(call).filter(|ty| *ty == Type::Real).map(|_| numeric::div as Kernel)
}

/// Two numbers in the wider type of the two.
pub(super) enum Pair {
    /// Of `int` or `long`.
    Whole(i64, i64),
    /// One is a `real`.
    Real(f64, f64),
    /// One is a `decimal`.
    Decimal(BigDecimal, BigDecimal),
}

/// The numbers of two cells, which may be dynamic; `None` if one is null or none.
pub(super) fn pair(a: &Cell<'_>, b: &Cell<'_>) -> Option<Pair> {
    if let (Cell::Int(_) | Cell::Long(_), Cell::Int(_) | Cell::Long(_)) = (a, b) {
        return Some(Pair::Whole(a.as_long()?, b.as_long()?));
    }
    if let (Cell::Dynamic(_), _) | (_, Cell::Dynamic(_)) = (a, b) {
        return pair(&undress(a)?, &undress(b)?);
    }
    if !matches!((a, b), (Cell::Decimal(_), _) | (_, Cell::Decimal(_))) {
        return Some(Pair::Real(a.as_real()?, b.as_real()?));
    }
    match (to_decimal(a)?, to_decimal(b)?) {
        (Some(a), Some(b)) => Some(Pair::Decimal(a, b)),
        _ => Some(Pair::Real(a.as_real()?, b.as_real()?)),
    }
}

/// The decimal of a number; the inner `None` is NaN or an infinity.
fn to_decimal(cell: &Cell<'_>) -> Option<Option<BigDecimal>> {
    match cell {
        Cell::Decimal(text) => decimal::parse(text).map(Some),
        Cell::Real(r) => Some(decimal::from_real(*r)),
        other => other.as_long().map(|i| Some(BigDecimal::from(i))),
    }
}

/// A JSON number as a number; every other cell as it is; `None` for other JSON.
fn undress<'a>(cell: &Cell<'a>) -> Option<Cell<'a>> {
    let Cell::Dynamic(json) = cell else { return Some(cell.clone()) };
    if let Ok(whole) = json.parse() {
        return Some(Cell::Long(whole));
    }
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then(|| json.parse().ok().map(Cell::Real))?
}

/// A decimal as a cell.
pub(super) fn decimal_cell(number: &BigDecimal) -> Cell<'static> {
    Cell::Decimal(decimal::text(number).into())
}

/// A moment, null outside the calendar.
fn moment(ticks: Option<i64>) -> Cell<'static> {
    ticks.and_then(time::in_range).map_or(Cell::Null, Cell::DateTime)
}

/// `a + b`.
pub(super) fn add(a: &Cell<'_>, b: &Cell<'_>) -> Cell<'static> {
    match (a, b) {
        (Cell::DateTime(t), Cell::TimeSpan(d)) | (Cell::TimeSpan(d), Cell::DateTime(t)) => moment(t.checked_add(*d)),
        (Cell::TimeSpan(a), Cell::TimeSpan(b)) => Cell::TimeSpan(a.wrapping_add(*b)),
        _ => match pair(a, b) {
            None => Cell::Null,
            Some(Pair::Whole(a, b)) => Cell::Long(a.wrapping_add(b)),
            Some(Pair::Real(a, b)) => Cell::Real(a + b),
            Some(Pair::Decimal(a, b)) => decimal_cell(&(a + b)),
        },
    }
}

/// `a - b`.
pub(super) fn subtract(a: &Cell<'_>, b: &Cell<'_>) -> Cell<'static> {
    match (a, b) {
        (Cell::DateTime(t), Cell::TimeSpan(d)) => moment(t.checked_sub(*d)),
        (Cell::DateTime(a), Cell::DateTime(b)) | (Cell::TimeSpan(a), Cell::TimeSpan(b)) => Cell::TimeSpan(a.wrapping_sub(*b)),
        _ => match pair(a, b) {
            None => Cell::Null,
            Some(Pair::Whole(a, b)) => Cell::Long(a.wrapping_sub(b)),
            Some(Pair::Real(a, b)) => Cell::Real(a - b),
            Some(Pair::Decimal(a, b)) => decimal_cell(&(a - b)),
        },
    }
}

/// `a * b`.
fn multiply(a: &Cell<'_>, b: &Cell<'_>) -> Cell<'static> {
    match (a, b) {
        (Cell::TimeSpan(_), Cell::TimeSpan(_)) => Cell::Null,
        (Cell::TimeSpan(t), n) | (n, Cell::TimeSpan(t)) => match n {
            Cell::Int(_) | Cell::Long(_) => n.as_long().map_or(Cell::Null, |n| Cell::TimeSpan(t.wrapping_mul(n))),
            n => n.as_real().map_or(Cell::Null, |n| Cell::TimeSpan((*t as f64 * n) as i64)),
        },
        _ => match pair(a, b) {
            None => Cell::Null,
            Some(Pair::Whole(a, b)) => Cell::Long(a.wrapping_mul(b)),
            Some(Pair::Real(a, b)) => Cell::Real(a * b),
            Some(Pair::Decimal(a, b)) => decimal_cell(&(a * b)),
        },
    }
}

/// `a / b`.
pub(super) fn divide(a: &Cell<'_>, b: &Cell<'_>) -> Cell<'static> {
    match (a, b) {
        (Cell::TimeSpan(a), Cell::TimeSpan(b)) => Cell::Real(*a as f64 / *b as f64),
        (Cell::TimeSpan(_), Cell::Int(0) | Cell::Long(0)) => Cell::Null,
        (Cell::TimeSpan(t), Cell::Int(_) | Cell::Long(_)) => Cell::TimeSpan(t.wrapping_div(b.as_long().unwrap_or(1))),
        (Cell::TimeSpan(t), n) => {
            n.as_real().filter(|n| *n != 0.0).map_or(Cell::Null, |n| Cell::TimeSpan((*t as f64 / n) as i64))
        }
        _ => match pair(a, b) {
            None | Some(Pair::Whole(_, 0)) => Cell::Null,
            Some(Pair::Whole(a, b)) => Cell::Long(a.wrapping_div(b)),
            Some(Pair::Real(a, b)) => Cell::Real(a / b),
            Some(Pair::Decimal(a, b)) => decimal::divide(&a, &b).map_or(Cell::Null, |quotient| decimal_cell(&quotient)),
        },
    }
}

/// `a % b`: Euclid's, so never negative.
fn remainder(a: &Cell<'_>, b: &Cell<'_>) -> Cell<'static> {
    match (a, b) {
        (Cell::TimeSpan(_) | Cell::DateTime(_), Cell::TimeSpan(0)) => Cell::Null,
        (Cell::TimeSpan(a) | Cell::DateTime(a), Cell::TimeSpan(b)) => Cell::TimeSpan(a.wrapping_rem_euclid(*b)),
        _ => match pair(a, b) {
            None | Some(Pair::Whole(_, 0)) => Cell::Null,
            Some(Pair::Whole(a, b)) => Cell::Long(a.wrapping_rem_euclid(b)),
            Some(Pair::Real(a, b)) => Cell::Real(a.rem_euclid(b)),
            Some(Pair::Decimal(a, b)) => decimal::remainder(&a, &b).map_or(Cell::Null, |rest| decimal_cell(&rest)),
        },
    }
}

/// `-a`.
fn negate(a: &Cell<'_>) -> Cell<'static> {
    match a {
        Cell::Int(i) => Cell::Long(-i64::from(*i)),
        Cell::Long(i) => Cell::Long(i.wrapping_neg()),
        Cell::Real(r) => Cell::Real(-r),
        Cell::TimeSpan(t) => Cell::TimeSpan(t.wrapping_neg()),
        Cell::Decimal(text) => decimal::parse(text).map_or(Cell::Null, |number| decimal_cell(&-number)),
        Cell::Dynamic(_) => undress(a).filter(|n| !matches!(n, Cell::Dynamic(_))).map_or(Cell::Null, |n| negate(&n)),
        _ => Cell::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_wrap_and_divide_as_kusto_does() {
        let long = Cell::Long;
        assert_eq!(add(&long(i64::MAX), &long(1)), long(i64::MIN));
        assert_eq!(add(&Cell::Int(i32::MAX), &Cell::Int(1)), long(2_147_483_648));
        assert_eq!(divide(&long(-7), &long(2)), long(-3));
        assert_eq!(divide(&long(1), &long(0)), Cell::Null);
        for (a, b, rest) in [(7, 3, 1), (-7, 3, 2), (7, -3, 1), (-7, -3, 2), (i64::MIN, -1, 0)] {
            assert_eq!(remainder(&long(a), &long(b)), long(rest));
        }
        assert_eq!(remainder(&Cell::Real(-7.5), &long(2)), Cell::Real(0.5));
        assert_eq!(divide(&Cell::Real(1.0), &Cell::Real(0.0)), Cell::Real(f64::INFINITY));
    }

    #[test]
    fn time_is_computed_in_ticks() {
        let day = Cell::TimeSpan(time::DAY);
        assert_eq!(divide(&day, &Cell::TimeSpan(time::HOUR)), Cell::Real(24.0));
        assert_eq!(remainder(&day, &Cell::TimeSpan(5 * time::HOUR)), Cell::TimeSpan(4 * time::HOUR));
        assert_eq!(multiply(&Cell::Long(3), &day), Cell::TimeSpan(3 * time::DAY));
        assert_eq!(multiply(&Cell::Real(0.5), &day), Cell::TimeSpan(12 * time::HOUR));
        assert_eq!(subtract(&Cell::DateTime(0), &day), Cell::Null);
        assert_eq!(add(&day, &Cell::DateTime(0)), Cell::DateTime(time::DAY));
        assert_eq!(add(&Cell::DateTime(0), &Cell::Null), Cell::Null);
    }

    #[test]
    fn decimals_meet_other_numbers_as_decimals() {
        assert_eq!(add(&Cell::Decimal("0.1".into()), &Cell::Decimal("0.2".into())), Cell::Decimal("0.3".into()));
        assert_eq!(multiply(&Cell::Decimal("1.5".into()), &Cell::Long(2)), Cell::Decimal("3".into()));
        assert_eq!(negate(&Cell::Decimal("1.5".into())), Cell::Decimal("-1.5".into()));
        assert_eq!(add(&Cell::Dynamic("2".into()), &Cell::Long(1)), Cell::Long(3));
        assert_eq!(add(&Cell::Dynamic("[]".into()), &Cell::Long(1)), Cell::Null);
    }
}
