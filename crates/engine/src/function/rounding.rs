//! `bin`, `floor`, `bin_at`, `ceiling`, `round`: numbers, moments and spans to the nearest or the next lower step.

use bigdecimal::BigDecimal;
use bigdecimal::num_traits::Signed;
use bigdecimal::rounding::RoundingMode;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use kql::{Type, time};

use super::arithmetic::{Pair, decimal_cell, pair};
use super::{Call, Function, kernel};
use crate::cell::Cell;
use crate::decimal;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::either("bin", |_, cells| bin(&cells[0], &cells[1]), bins),
    Function::row("floor", |_, cells| match cells {
        [x] => bin(x, &Cell::Long(1)),
        _ => bin(&cells[0], &cells[1]),
    }),
    Function::row("bin_at", |_, cells| bin_at(&cells[0], &cells[1], &cells[2])),
    Function::row("ceiling", |_, cells| ceiling(&cells[0])),
    Function::row("round", |_, cells| round(&cells[0], cells.get(1))),
];

/// The greatest multiple of `size` that is not above `x`; null unless `size` is above 0.
pub(crate) fn bin(x: &Cell<'_>, size: &Cell<'_>) -> Cell<'static> {
    let start = match x {
        Cell::DateTime(_) => Cell::DateTime(0),
        Cell::TimeSpan(_) => Cell::TimeSpan(0),
        Cell::Real(_) => Cell::Real(0.0),
        _ => Cell::Long(0),
    };
    bin_at(x, size, &start)
}

/// `bin` of a column of whole numbers, moments or spans by one size of that kind.
fn bins(call: &Call, args: &[ColumnarValue], _: usize) -> Result<Option<ColumnarValue>> {
    let size = match args.get(1) {
        Some(ColumnarValue::Scalar(ScalarValue::Int64(size))) => *size,
        _ => return Ok(None),
    };
    match call.types.first() {
        Some(Type::DateTime) => kernel::map_whole(call, args, |x| floored(x, size, 0).and_then(time::in_range)),
        Some(Type::Long | Type::TimeSpan) if call.returns == call.types[0] => {
            kernel::map_whole(call, args, |x| floored(x, size, 0))
        }
        _ => Ok(None),
    }
}

/// The greatest `start` + n × `size` that is not above `x`, n being whole.
pub(crate) fn bin_at(x: &Cell<'_>, size: &Cell<'_>, start: &Cell<'_>) -> Cell<'static> {
    match (x, start) {
        (Cell::DateTime(x), Cell::DateTime(start)) => {
            floored(*x, ticks(size), *start).and_then(time::in_range).map_or(Cell::Null, Cell::DateTime)
        }
        (Cell::TimeSpan(x), Cell::TimeSpan(start)) => floored(*x, ticks(size), *start).map_or(Cell::Null, Cell::TimeSpan),
        _ => match pair(x, size) {
            Some(Pair::Decimal(x, size)) => floored_decimal(&x, &size, start),
            Some(Pair::Whole(x, size)) if matches!(start, Cell::Int(_) | Cell::Long(_)) => {
                floored(x, Some(size), start.as_long().unwrap_or(0)).map_or(Cell::Null, Cell::Long)
            }
            Some(Pair::Whole(x, size)) => floored_real(x as f64, size as f64, start.as_real()),
            Some(Pair::Real(x, size)) => floored_real(x, size, start.as_real()),
            None => Cell::Null,
        },
    }
}

/// The step of a bin of time: a span, or a number of ticks.
fn ticks(size: &Cell<'_>) -> Option<i64> {
    match size {
        Cell::Real(r) => Some(*r as i64),
        other => other.as_long(),
    }
}

fn floored(x: i64, size: Option<i64>, start: i64) -> Option<i64> {
    let size = size.filter(|size| *size > 0)?;
    if start == 0 {
        return x.checked_sub(x.rem_euclid(size));
    }
    let above = (i128::from(x) - i128::from(start)).rem_euclid(i128::from(size));
    i64::try_from(i128::from(x) - above).ok()
}

fn floored_real(x: f64, size: f64, start: Option<f64>) -> Cell<'static> {
    match start {
        Some(start) if size > 0.0 => Cell::Real(start + ((x - start) / size).floor() * size),
        _ => Cell::Null,
    }
}

fn floored_decimal(x: &BigDecimal, size: &BigDecimal, start: &Cell<'_>) -> Cell<'static> {
    let Some(start) = decimal::of(start).filter(|_| size.is_positive()) else { return Cell::Null };
    let above = decimal::remainder(&(x - &start), size);
    above.map_or(Cell::Null, |above| decimal_cell(&(x - above)))
}

/// The least whole number that is not below `x`.
fn ceiling(x: &Cell<'_>) -> Cell<'static> {
    match x {
        Cell::Real(r) => Cell::Real(r.ceil()),
        Cell::Decimal(text) => rounded(text, 0, RoundingMode::Ceiling),
        other => other.as_long().map_or(Cell::Null, Cell::Long),
    }
}

/// To that many digits after the point (before it, if negative); halves away from zero.
fn round(x: &Cell<'_>, digits: Option<&Cell<'_>>) -> Cell<'static> {
    let digits = match digits {
        None => 0,
        Some(cell) => match cell.as_long() {
            Some(digits) => digits.clamp(-400, 400),
            None => return Cell::Null,
        },
    };
    match x {
        Cell::Real(r) => Cell::Real(round_real(*r, digits)),
        Cell::Decimal(text) => rounded(text, digits, RoundingMode::HalfUp),
        Cell::Int(_) | Cell::Long(_) => x.as_long().map_or(Cell::Null, |i| Cell::Long(round_long(i, digits))),
        _ => Cell::Null,
    }
}

/// [`round`] of a real.
pub(super) fn round_real(r: f64, digits: i64) -> f64 {
    let Ok(digits) = i32::try_from(digits) else { return r };
    let scale = 10f64.powi(digits.abs());
    let rounded = if digits < 0 { (r / scale).round() * scale } else { (r * scale).round() / scale };
    // Where the scale itself is beyond a real's range there is nothing to cut, or nothing left.
    match rounded.is_finite() || !r.is_finite() {
        true => rounded,
        false if digits > 0 => r,
        false => 0.0,
    }
}

fn round_long(i: i64, digits: i64) -> i64 {
    let scale = u32::try_from(-digits).ok().map(|power| 10i128.checked_pow(power));
    match scale {
        None | Some(Some(1)) => i,
        Some(None) => 0,
        Some(Some(scale)) => {
            let half = if i < 0 { -scale / 2 } else { scale / 2 };
            i64::try_from((i128::from(i) + half) / scale * scale).unwrap_or(i)
        }
    }
}

fn rounded(text: &str, digits: i64, mode: RoundingMode) -> Cell<'static> {
    decimal::parse(text).map_or(Cell::Null, |number| decimal_cell(&number.with_scale_round(digits, mode)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_below() {
        assert_eq!(bin(&Cell::Long(-1), &Cell::Long(5)), Cell::Long(-5));
        assert_eq!(bin(&Cell::Real(-0.5), &Cell::Long(1)), Cell::Real(-1.0));
        assert_eq!(bin(&Cell::Long(7), &Cell::Real(2.5)), Cell::Real(5.0));
        assert_eq!(bin(&Cell::Decimal("4.7".into()), &Cell::Long(1)), Cell::Decimal("4".into()));
        assert_eq!(bin(&Cell::Long(7), &Cell::Long(0)), Cell::Null);
        assert_eq!(bin(&Cell::DateTime(time::DAY), &Cell::TimeSpan(-1)), Cell::Null);
        let day = time::parse_iso("1955-11-05T06:15").unwrap();
        assert_eq!(
            bin(&Cell::DateTime(day), &Cell::TimeSpan(7 * time::DAY)),
            Cell::DateTime(time::parse_iso("1955-10-31").unwrap())
        );
        assert_eq!(bin_at(&Cell::Real(6.5), &Cell::Real(2.5), &Cell::Long(7)), Cell::Real(4.5));
        assert_eq!(
            bin_at(&Cell::TimeSpan(time::HOUR), &Cell::TimeSpan(time::DAY), &Cell::TimeSpan(12 * time::HOUR)),
            Cell::TimeSpan(-12 * time::HOUR)
        );
    }

    #[test]
    fn halves_go_away_from_zero() {
        for (x, digits, wanted) in [
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (2.15, 1, 2.2),
            (2.98765, 3, 2.988),
            (-50.55, -2, -100.0),
            (21.5, -1, 20.0),
            (1.5, 400, 1.5),
        ] {
            assert_eq!(round(&Cell::Real(x), Some(&Cell::Long(digits))), Cell::Real(wanted), "{x}");
        }
        assert_eq!(round(&Cell::Long(25), Some(&Cell::Long(-1))), Cell::Long(30));
        assert_eq!(round(&Cell::Decimal("2.5".into()), None), Cell::Decimal("3".into()));
        assert_eq!(ceiling(&Cell::Real(-1.5)), Cell::Real(-1.0));
    }
}
