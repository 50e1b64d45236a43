//! Kusto's `decimal`: canonical text in, numbers of 34 significant digits to compute with, canonical text out.

use bigdecimal::num_traits::{ToPrimitive, Zero};
use bigdecimal::rounding::RoundingMode;
use bigdecimal::{BigDecimal, Context};
use std::num::NonZeroU64;

use crate::cell::Cell;

/// The digits a decimal keeps.
const DIGITS: NonZeroU64 = NonZeroU64::new(34).expect("34 is not 0");

/// Exponents beyond this are no decimals (and would make plain text of any length).
const EXPONENT_MAX: i64 = 6144;

/// The decimal that a text writes, blanks around it allowed; `None` if it is none.
#[must_use]
pub(crate) fn parse(text: &str) -> Option<BigDecimal> {
    let text = text.trim();
    let number: BigDecimal = text.parse().ok()?;
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) || text.contains('_') {
        return None;
    }
    (exponent(&number).abs() <= EXPONENT_MAX).then_some(number)
}

/// The power of ten of the first digit.
fn exponent(number: &BigDecimal) -> i64 {
    let (_, scale) = number.as_bigint_and_exponent();
    i64::try_from(number.digits()).unwrap_or(i64::MAX).saturating_sub(scale)
}

/// The decimal nearest to a real; `None` for NaN and the infinities. Goes by the real's shortest text, so that 0.1 is 0.1.
#[must_use]
pub(crate) fn from_real(r: f64) -> Option<BigDecimal> {
    if r.is_finite() { parse(&format!("{r:e}")) } else { None }
}

/// The decimal of a number's cell, or of the ticks of a moment or a span.
#[must_use]
pub(crate) fn of(cell: &Cell<'_>) -> Option<BigDecimal> {
    match cell {
        Cell::Decimal(text) => parse(text),
        Cell::Real(r) => from_real(*r),
        other => other.as_long().map(BigDecimal::from),
    }
}

/// Cut to 34 digits, half away from zero.
#[must_use]
pub(crate) fn rounded(number: BigDecimal) -> BigDecimal {
    if number.digits() <= DIGITS.get() {
        return number;
    }
    number.with_precision_round(DIGITS, RoundingMode::HalfUp)
}

/// `a / b`; `None` if `b` is zero.
#[must_use]
pub(crate) fn divide(a: &BigDecimal, b: &BigDecimal) -> Option<BigDecimal> {
    if b.is_zero() {
        return None;
    }
    // The quotient of the two scaled whole numbers, with digits to spare.
    let context = Context::new(DIGITS, RoundingMode::HalfUp);
    let inverse = b.inverse_with_context(&Context::new(NonZeroU64::new(80)?, RoundingMode::HalfUp));
    Some(context.round_decimal(a * inverse))
}

/// `a % b`, never negative; `None` if `b` is zero.
#[must_use]
pub(crate) fn remainder(a: &BigDecimal, b: &BigDecimal) -> Option<BigDecimal> {
    if b.is_zero() || (exponent(a) - exponent(b)).abs() > 200 {
        return None;
    }
    let rest = a % b;
    Some(if rest < BigDecimal::zero() { rest + b.abs() } else { rest })
}

/// The canonical text: no trailing zeros, plain unless that would be longer than 40 digits.
#[must_use]
pub(crate) fn text(number: &BigDecimal) -> String {
    let number = rounded(number.clone()).normalized();
    if number.is_zero() {
        return "0".to_owned();
    }
    if (-40..=40).contains(&exponent(&number)) { number.to_plain_string() } else { number.to_scientific_notation() }
}

/// A text of it such that texts, byte by byte, are in the order of the numbers: the sign, the power of ten of the first digit,
/// the digits. Of a negative number all of it is turned round, and a sign above all digits ends it.
#[must_use]
pub(crate) fn order_key(number: &BigDecimal) -> String {
    const MIDDLE: i64 = 10_000;
    if number.is_zero() {
        return "1".to_owned();
    }
    let number = number.normalized();
    let (digits, exponent) = (number.as_bigint_and_exponent().0.magnitude().to_string(), exponent(&number));
    if number > BigDecimal::zero() {
        return format!("2{:05}{digits}", MIDDLE.saturating_add(exponent));
    }
    let turned: String = digits.bytes().map(|digit| char::from(b'9' - (digit - b'0'))).collect();
    format!("0{:05}{turned}:", MIDDLE.saturating_sub(exponent))
}

/// The whole part as a long, at the ends of its range if beyond.
#[must_use]
pub(crate) fn to_long(number: &BigDecimal) -> i64 {
    if exponent(number) <= 0 {
        return 0;
    }
    let end = if *number < BigDecimal::zero() { i64::MIN } else { i64::MAX };
    if exponent(number) > 20 {
        return end;
    }
    number.with_scale_round(0, RoundingMode::Down).to_i64().unwrap_or(end)
}

/// The real nearest to it.
#[must_use]
pub(crate) fn to_real(number: &BigDecimal) -> f64 {
    number.to_scientific_notation().parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_canonical() {
        for (written, canonical) in
            [("1.50", "1.5"), ("  3.14159 ", "3.14159"), ("-0.0", "0"), ("1e3", "1000"), ("0.00001", "0.00001"), ("100", "100")]
        {
            assert_eq!(parse(written).map(|d| text(&d)).as_deref(), Some(canonical), "{written}");
        }
        for bad in ["", "abc", "1_000", "1e999999999", "nan", "0x10"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn order_keys_are_in_the_order_of_the_numbers() {
        let sorted = [
            "-1e6000",
            "-20",
            "-1.5",
            "-1.4999",
            "-1",
            "-0.15",
            "-0.1",
            "-1e-6000",
            "0",
            "1e-6000",
            "0.1",
            "0.15",
            "1",
            "1.00000000000000000001",
            "1.00000000000000000002",
            "9.99",
            "10",
            "12",
            "1e6000",
        ];
        let keys: Vec<String> = sorted.iter().map(|text| order_key(&parse(text).unwrap())).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        assert_eq!(order_key(&parse("1.50").unwrap()), order_key(&parse("1.5").unwrap()));
    }

    #[test]
    fn division_keeps_34_digits() {
        let third = divide(&1.into(), &3.into()).unwrap();
        assert_eq!(text(&third), "0.3333333333333333333333333333333333");
        assert_eq!(text(&divide(&10.into(), &4.into()).unwrap()), "2.5");
        assert_eq!(divide(&1.into(), &0.into()), None);
        assert_eq!(text(&remainder(&(-7).into(), &3.into()).unwrap()), "2");
        assert_eq!(to_long(&parse("-9.99").unwrap()), -9);
        assert_eq!(to_long(&parse("1e300").unwrap()), i64::MAX);
        assert_eq!(text(&from_real(0.1).unwrap()), "0.1");
    }
}
