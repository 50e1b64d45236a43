//! Elementary mathematics: `sqrt`, `log`, `sin`, `pow`, `isnan`, `binary_and` …, over numbers of any type.
//!
//! Reals follow IEEE 754, but the logarithm of a negative number is null.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cast::convert;
use super::comparison::compare;
use super::{Call, Function};
use crate::cell::Cell;
use crate::decimal;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("abs", |_, cells| abs(&cells[0])),
    Function::row("acos", |_, cells| real(cells, f64::acos)),
    Function::row("asin", |_, cells| real(cells, f64::asin)),
    Function::row("atan", |_, cells| real(cells, f64::atan)),
    Function::row("atan2", |_, cells| reals(cells, f64::atan2)),
    Function::row("binary_and", |_, cells| wholes(cells, |a, b| Some(a & b))),
    Function::row("binary_not", |_, cells| cells[0].as_long().map_or(Cell::Null, |a| Cell::Long(!a))),
    Function::row("binary_or", |_, cells| wholes(cells, |a, b| Some(a | b))),
    Function::row("binary_shift_left", |_, cells| wholes(cells, |a, n| Some(a.wrapping_shl(shift(n)?)))),
    Function::row("binary_shift_right", |_, cells| wholes(cells, |a, n| Some(a.wrapping_shr(shift(n)?)))),
    Function::row("binary_xor", |_, cells| wholes(cells, |a, b| Some(a ^ b))),
    Function::row("bitset_count_ones", |_, cells| {
        cells[0].as_long().map_or(Cell::Null, |a| Cell::Long(i64::from(a.count_ones())))
    }),
    Function::row("cos", |_, cells| real(cells, f64::cos)),
    Function::row("cot", |_, cells| real(cells, |x| 1.0 / x.tan())),
    Function::row("degrees", |_, cells| real(cells, f64::to_degrees)),
    Function::row("exp", |_, cells| real(cells, f64::exp)),
    Function::row("exp10", |_, cells| real(cells, |x| 10f64.powf(x))),
    Function::row("exp2", |_, cells| real(cells, f64::exp2)),
    Function::row("isfinite", |_, cells| Cell::Bool(cells[0].as_real().is_some_and(f64::is_finite))),
    Function::row("isinf", |_, cells| Cell::Bool(cells[0].as_real().is_some_and(f64::is_infinite))),
    Function::row("isnan", |_, cells| Cell::Bool(cells[0].as_real().is_some_and(f64::is_nan))),
    Function::row("log", |_, cells| logarithm(cells, f64::ln)),
    Function::row("log10", |_, cells| logarithm(cells, f64::log10)),
    Function::row("log2", |_, cells| logarithm(cells, f64::log2)),
    Function::row("max_of", |call, cells| convert(&extreme(cells, std::cmp::Ordering::Greater), call.returns)),
    Function::row("min_of", |call, cells| convert(&extreme(cells, std::cmp::Ordering::Less), call.returns)),
    Function::row("new_guid", |_, _| Cell::Guid(new_guid().into())).volatile(),
    Function::row("pi", |_, _| Cell::Real(std::f64::consts::PI)),
    Function::row("pow", |_, cells| reals(cells, f64::powf)),
    Function::row("radians", |_, cells| real(cells, f64::to_radians)),
    Function::row("rand", rand).volatile(),
    Function::row("sign", |_, cells| real(cells, sign)),
    Function::row("sin", |_, cells| real(cells, f64::sin)),
    Function::row("sqrt", |_, cells| real(cells, f64::sqrt)),
    Function::row("tan", |_, cells| real(cells, f64::tan)),
];

/// A function of one real; null of null.
pub(super) fn real(cells: &[Cell<'_>], of: impl Fn(f64) -> f64) -> Cell<'static> {
    cells[0].as_real().map_or(Cell::Null, |x| Cell::Real(of(x)))
}

fn reals(cells: &[Cell<'_>], of: impl Fn(f64, f64) -> f64) -> Cell<'static> {
    match (cells[0].as_real(), cells[1].as_real()) {
        (Some(a), Some(b)) => Cell::Real(of(a, b)),
        _ => Cell::Null,
    }
}

fn wholes(cells: &[Cell<'_>], of: impl Fn(i64, i64) -> Option<i64>) -> Cell<'static> {
    match (cells[0].as_long(), cells[1].as_long()) {
        (Some(a), Some(b)) => of(a, b).map_or(Cell::Null, Cell::Long),
        _ => Cell::Null,
    }
}

/// By how many bits: that modulo 64, and by no negative number.
fn shift(n: i64) -> Option<u32> {
    u32::try_from(u64::try_from(n).ok()? % 64).ok()
}

/// -1, 0 or 1; 0 of NaN.
pub(super) fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

fn logarithm(cells: &[Cell<'_>], of: fn(f64) -> f64) -> Cell<'static> {
    match cells[0].as_real() {
        Some(x) if x >= 0.0 || x.is_nan() => Cell::Real(of(x)),
        _ => Cell::Null,
    }
}

fn abs(cell: &Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Int(i) => Cell::Long(i64::from(*i).abs()),
        Cell::Long(i) => Cell::Long(i.wrapping_abs()),
        Cell::TimeSpan(t) => Cell::TimeSpan(t.wrapping_abs()),
        Cell::Real(r) => Cell::Real(r.abs()),
        Cell::Decimal(text) => decimal::parse(text).map_or(Cell::Null, |n| Cell::Decimal(decimal::text(&n.abs()).into())),
        _ => Cell::Null,
    }
}

/// The greatest or the least: NaN if there is one, null if there is nothing else.
fn extreme<'a>(cells: &[Cell<'a>], wanted: std::cmp::Ordering) -> Cell<'a> {
    let mut best = Cell::Null;
    for cell in cells {
        if matches!(cell, Cell::Real(r) if r.is_nan()) {
            return cell.clone();
        }
        if best.is_null() || compare(cell, &best) == Some(wanted) {
            best = cell.clone();
        }
    }
    best
}

/// `rand()`: from 0 up to 1; `rand(n)`: a whole number from 0 up to n.
fn rand<'a>(_: &Call, cells: &[Cell<'a>]) -> Cell<'a> {
    let unit = (random() >> 11) as f64 / (1u64 << 53) as f64;
    match cells.first().and_then(Cell::as_long) {
        Some(n) if n > 1 => Cell::Real((unit * n as f64).floor()),
        _ => Cell::Real(unit),
    }
}

/// A random guid (version 4).
fn new_guid() -> String {
    let bits = (u128::from(random()) << 64) | u128::from(random());
    let version = (bits & !(0xf_u128 << 76)) | (0x4_u128 << 76);
    kql::types::guid_text((version & !(0x3_u128 << 62)) | (0x2_u128 << 62))
}

/// 64 random bits: a counter under a hash whose key is random for each process.
fn random() -> u64 {
    static KEY: OnceLock<foldhash::quality::RandomState> = OnceLock::new();
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut hasher = KEY.get_or_init(foldhash::quality::RandomState::default).build_hasher();
    hasher.write_u64(COUNTER.fetch_add(1, Ordering::Relaxed));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_skip_null_and_keep_nan() {
        let (one, nan) = (Cell::Real(1.0), Cell::Real(f64::NAN));
        assert!(matches!(extreme(&[one.clone(), nan], std::cmp::Ordering::Less), Cell::Real(r) if r.is_nan()));
        assert_eq!(extreme(&[Cell::Null, one.clone()], std::cmp::Ordering::Less), one);
        assert_eq!(extreme(&[Cell::Long(10), Cell::Long(17)], std::cmp::Ordering::Greater), Cell::Long(17));
        assert_eq!(extreme(&[Cell::Null, Cell::Null], std::cmp::Ordering::Greater), Cell::Null);
    }

    #[test]
    fn logarithms_of_negative_numbers_are_null() {
        assert_eq!(logarithm(&[Cell::Long(-1)], f64::ln), Cell::Null);
        assert_eq!(logarithm(&[Cell::Long(0)], f64::ln), Cell::Real(f64::NEG_INFINITY));
        assert_eq!(wholes(&[Cell::Long(1), Cell::Long(66)], |a, n| Some(a.wrapping_shl(shift(n)?))), Cell::Long(4));
        assert_eq!(sign(f64::NAN), 0.0);
    }

    #[test]
    fn guids_are_of_version_four() {
        let (one, two) = (new_guid(), new_guid());
        assert_ne!(one, two);
        assert_eq!(one.as_bytes()[14], b'4');
        let Cell::Real(r) = rand(&Call { returns: kql::Type::Real, types: vec![], constants: vec![] }, &[]) else { panic!() };
        assert!((0.0..1.0).contains(&r));
    }
}
