//! `tolong`, `todouble`, `tostring`, `todatetime` …: a cell of any type in, the same value as another type out.
//!
//! What cannot be converted is null, never an error. Text is read strictly: `toint("12.5")` is null.

use bigdecimal::BigDecimal;
use kql::types::parse_guid;
use kql::{Type, time};
use serde_json::Value as Json;

use super::Function;
use crate::cell::Cell;
use crate::decimal;

/// The conversions by name, their aliases included.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("tobool", |_, cells| convert(&cells[0], Type::Bool)),
    Function::row("toboolean", |_, cells| convert(&cells[0], Type::Bool)),
    Function::row("toint", |_, cells| convert(&cells[0], Type::Int)),
    Function::row("tolong", |_, cells| convert(&cells[0], Type::Long)),
    Function::row("todouble", |_, cells| convert(&cells[0], Type::Real)),
    Function::row("toreal", |_, cells| convert(&cells[0], Type::Real)),
    Function::row("todecimal", |_, cells| convert(&cells[0], Type::Decimal)),
    Function::row("tostring", |_, cells| convert(&cells[0], Type::String)),
    Function::row("todatetime", |_, cells| convert(&cells[0], Type::DateTime)),
    Function::row("totimespan", |_, cells| convert(&cells[0], Type::TimeSpan)),
    Function::row("totime", |_, cells| convert(&cells[0], Type::TimeSpan)),
    Function::row("toguid", |_, cells| convert(&cells[0], Type::Guid)),
    Function::row("tohex", |_, cells| to_hex(cells)),
];

/// The cell as a value of that type: what `toTYPE(x)` gives. To `dynamic` is not among them.
pub(crate) fn convert<'a>(cell: &Cell<'a>, to: Type) -> Cell<'a> {
    if let Cell::Dynamic(json) = cell
        && to != Type::Dynamic
    {
        return from_json(json, to);
    }
    match to {
        Type::Bool => to_bool(cell).map_or(Cell::Null, Cell::Bool),
        Type::Int => to_int(cell).map_or(Cell::Null, Cell::Int),
        Type::Long => to_long(cell).map_or(Cell::Null, Cell::Long),
        Type::Real => to_real(cell).map_or(Cell::Null, Cell::Real),
        Type::Decimal => to_decimal(cell).map_or(Cell::Null, |number| Cell::Decimal(decimal::text(&number).into())),
        Type::String | Type::Unknown => match cell {
            Cell::Str(text) | Cell::Guid(text) | Cell::Decimal(text) => Cell::Str(text.clone()),
            other => Cell::text(other.to_value().to_text()),
        },
        Type::DateTime => match cell {
            Cell::Str(text) => time::parse_datetime(text).map_or(Cell::Null, Cell::DateTime),
            other => ticks(other).and_then(time::in_range).map_or(Cell::Null, Cell::DateTime),
        },
        Type::TimeSpan => match cell {
            Cell::Str(text) => time::parse_span(text).map_or(Cell::Null, Cell::TimeSpan),
            other => ticks(other).map_or(Cell::Null, Cell::TimeSpan),
        },
        Type::Guid => match cell {
            Cell::Guid(_) => cell.clone(),
            Cell::Str(text) => parse_guid(text).map_or(Cell::Null, |guid| Cell::Guid(kql::types::guid_text(guid).into())),
            _ => Cell::Null,
        },
        Type::Dynamic => cell.clone(),
    }
}

/// Text as a value of that type, as operators convert by themselves; null (for `string` the text itself) if it does not read as
/// one.
pub(crate) fn from_text(text: &str, to: Type) -> Cell<'static> {
    match to {
        Type::String | Type::Unknown => Cell::text(text.to_owned()),
        Type::Dynamic => super::json::parsed(text),
        _ => convert(&Cell::text(text), to).into_owned(),
    }
}

/// JSON as a value of that type: a string is read as text is, an array or a bag only becomes text.
fn from_json<'a>(json: &str, to: Type) -> Cell<'a> {
    if to == Type::String {
        return Cell::text(kql::types::dynamic_text(json));
    }
    let cell = match serde_json::from_str(json) {
        Ok(Json::String(text)) => Cell::text(text),
        Ok(Json::Bool(b)) => Cell::Bool(b),
        Ok(Json::Number(n)) => match n.as_i64() {
            Some(whole) => Cell::Long(whole),
            None => n.as_f64().map_or(Cell::Null, Cell::Real),
        },
        _ => Cell::Null,
    };
    if cell.is_null() { Cell::Null } else { convert(&cell, to) }
}

fn to_bool(cell: &Cell<'_>) -> Option<bool> {
    match cell {
        Cell::Bool(b) => Some(*b),
        Cell::Str(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Cell::Str(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Cell::Str(text) => text.parse().ok().map(|i: i64| i != 0),
        Cell::Real(_) | Cell::Decimal(_) => cell.as_real().map(|r| r != 0.0),
        other => other.as_long().map(|i| i != 0),
    }
}

fn to_int(cell: &Cell<'_>) -> Option<i32> {
    match cell {
        // The cast stops at the ends of the range.
        Cell::Real(r) if r.is_nan() => None,
        Cell::Real(r) => Some(*r as i32),
        Cell::Str(text) => match hexadecimal(text.trim()) {
            Some(bits) => i32::try_from(bits).ok().or_else(|| u32::try_from(bits).ok().map(u32::cast_signed)),
            None => text.trim().parse().ok(),
        },
        // A whole number keeps its low bits.
        other => to_long(other).map(|i| i as i32),
    }
}

fn to_long(cell: &Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Bool(b) => Some(i64::from(*b)),
        Cell::Real(r) if r.is_nan() => None,
        Cell::Real(r) => Some(*r as i64),
        Cell::Decimal(text) => decimal::parse(text).map(|number| decimal::to_long(&number)),
        Cell::Str(text) => match hexadecimal(text.trim()) {
            Some(bits) => Some(bits.cast_signed()),
            None => text.trim().parse().ok(),
        },
        other => other.as_long(),
    }
}

/// The bits that `0x…` writes.
fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    if digits.starts_with('+') { None } else { u64::from_str_radix(digits, 16).ok() }
}

fn to_real(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Bool(b) => Some(f64::from(u8::from(*b))),
        Cell::Str(text) => real_of_text(text.trim()),
        Cell::Decimal(text) => decimal::parse(text).map(|number| decimal::to_real(&number)),
        Cell::Real(r) => Some(*r),
        other => other.as_long().map(|i| i as f64),
    }
}

/// The real a text writes; the names of NaN and the infinities in the spellings Kusto knows.
fn real_of_text(text: &str) -> Option<f64> {
    let (negative, name) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    match name {
        "NaN" | "nan" => Some(f64::NAN),
        "inf" | "Inf" | "Infinity" | "infinity" => Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY }),
        _ if name.starts_with(|c: char| c.is_ascii_digit() || c == '.') => text.parse().ok(),
        _ => None,
    }
}

fn to_decimal(cell: &Cell<'_>) -> Option<BigDecimal> {
    match cell {
        Cell::Bool(b) => Some(BigDecimal::from(i32::from(*b))),
        Cell::Str(text) | Cell::Decimal(text) => decimal::parse(text),
        Cell::Real(r) => decimal::from_real(*r),
        other => other.as_long().map(BigDecimal::from),
    }
}

/// The ticks a number counts.
fn ticks(cell: &Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Real(r) if r.is_nan() => None,
        Cell::Real(r) => Some(*r as i64),
        Cell::Decimal(_) => to_long(cell),
        Cell::DateTime(_) | Cell::TimeSpan(_) | Cell::Int(_) | Cell::Long(_) => cell.as_long(),
        _ => None,
    }
}

/// `tohex(x, least digits)`.
fn to_hex(cells: &[Cell<'_>]) -> Cell<'static> {
    let Some(number) = cells[0].as_long() else { return Cell::text("") };
    let hex = match cells[0] {
        Cell::Int(i) => format!("{i:x}"),
        _ => format!("{number:x}"),
    };
    let least = cells.get(1).and_then(Cell::as_long).unwrap_or(0).clamp(0, 16);
    let missing = usize::try_from(least).unwrap_or(0).saturating_sub(hex.len());
    Cell::text("0".repeat(missing) + &hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &str, to: Type) -> Cell<'_> {
        convert(&Cell::text(text), to)
    }

    #[test]
    fn text_is_read_strictly() {
        for (text, long) in [
            ("123", Some(123)),
            ("  45 ", Some(45)),
            ("\t456\t", Some(456)),
            ("+7", Some(7)),
            ("0x1F", Some(31)),
            ("0XfF", Some(255)),
            ("0xFFFFFFFFFFFFFFFF", Some(-1)),
            ("-0x10", None),
            ("12.5", None),
            ("1e3", None),
            ("9223372036854775808", None),
            ("", None),
            ("5abc", None),
        ] {
            assert_eq!(of_text(text, Type::Long), long.map_or(Cell::Null, Cell::Long), "{text}");
        }
        assert_eq!(of_text("2147483648", Type::Int), Cell::Null);
        for (text, real) in
            [("1e3", Some(1000.0)), (" 3.25 ", Some(3.25)), ("Inf", Some(f64::INFINITY)), ("INF", None), ("0x1F", None)]
        {
            assert_eq!(of_text(text, Type::Real), real.map_or(Cell::Null, Cell::Real), "{text}");
        }
        for (text, truth) in
            [("tRuE", Some(true)), ("0", Some(false)), ("-1", Some(true)), (" true", None), ("1.0", None), ("yes", None)]
        {
            assert_eq!(of_text(text, Type::Bool), truth.map_or(Cell::Null, Cell::Bool), "{text}");
        }
    }

    #[test]
    fn numbers_are_cut_or_wrap() {
        assert_eq!(convert(&Cell::Real(-2.9), Type::Int), Cell::Int(-2));
        assert_eq!(convert(&Cell::Real(1e30), Type::Int), Cell::Int(i32::MAX));
        assert_eq!(convert(&Cell::TimeSpan(36_000_000_000), Type::Int), Cell::Int(1_640_261_632));
        assert_eq!(convert(&Cell::Real(1.5), Type::DateTime), Cell::DateTime(1));
        assert_eq!(convert(&Cell::Decimal("9.99".into()), Type::Int), Cell::Int(9));
        assert_eq!(convert(&Cell::Long(-1), Type::DateTime), Cell::Null);
    }

    #[test]
    fn a_dynamic_is_what_its_json_is() {
        let dynamic = |json: &'static str, to| convert(&Cell::Dynamic(json.into()), to);
        assert_eq!(dynamic("1.5", Type::Int), Cell::Int(1));
        assert_eq!(dynamic("\"3\"", Type::Int), Cell::Int(3));
        assert_eq!(dynamic("true", Type::Int), Cell::Int(1));
        assert_eq!(dynamic("true", Type::String), Cell::text("true"));
        assert_eq!(dynamic("[1]", Type::Long), Cell::Null);
        assert_eq!(dynamic("\"2020-01-01\"", Type::DateTime), convert(&Cell::text("2020-01-01"), Type::DateTime));
        assert_eq!(convert(&Cell::Null, Type::String), Cell::text(""));
    }

    #[test]
    fn hexadecimal_is_twos_complement() {
        assert_eq!(to_hex(&[Cell::Long(256)]), Cell::text("100"));
        assert_eq!(to_hex(&[Cell::Long(256), Cell::Long(8)]), Cell::text("00000100"));
        assert_eq!(to_hex(&[Cell::Long(-256)]), Cell::text("ffffffffffffff00"));
        assert_eq!(to_hex(&[Cell::Int(-256), Cell::Long(8)]), Cell::text("ffffff00"));
    }
}
