//! `format_bytes`: a number of bytes as people write it. See `bytes.md`.

use super::argument::{text, whole};
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[Function::row("format_bytes", format_bytes)];

/// Each is 1024 of the one before.
const UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

/// `format_bytes(size [, precision [, unit]])`: without a unit, the largest that leaves one or more before the point.
fn format_bytes<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(size) = args[0].as_real() else { return Cell::text("") };
    let precision = whole(args, 1).unwrap_or(0).clamp(0, 15);
    let wanted = text(args, 2);
    let fits = || (0..UNITS.len()).rev().find(|power| size.abs() >= scale(*power)).unwrap_or(0);
    let power = match wanted.as_ref() {
        "" => Some(fits()),
        unit => UNITS.iter().position(|known| known.eq_ignore_ascii_case(unit)),
    };
    let Some(power) = power else { return Cell::text("") };
    // Halves are rounded away from zero, and what is then zero behind the point is not written.
    let decimals = 10_f64.powi(i32::try_from(precision).unwrap_or(0));
    let scaled = (size / scale(power) * decimals).round() / decimals;
    Cell::text(format!("{scaled} {}", UNITS[power]))
}

fn scale(power: usize) -> f64 {
    1024_f64.powi(i32::try_from(power).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{eval, s};

    #[test]
    fn sizes_are_written() {
        let of = |args: &[Cell<'static>]| eval("format_bytes", args, Type::String).as_str().to_owned();
        assert_eq!(of(&[Cell::Long(564)]), "564 Bytes");
        assert_eq!(of(&[Cell::Long(10_332), Cell::Long(1)]), "10.1 KB");
        assert_eq!(of(&[Cell::Long(20_010_332)]), "19 MB");
        assert_eq!(of(&[Cell::Long(20_010_332), Cell::Long(2)]), "19.08 MB");
        assert_eq!(of(&[Cell::Long(20_010_332), Cell::Long(0), s("KB")]), "19541 KB");
        assert_eq!(of(&[Cell::Null]), "");
    }
}
