//! `in`, `!in`, `in~`, `!in~`: whether a value is one of a list. See `member.md`.
//!
//! The list is scalars, one array, or a subquery's column; known before any row, it becomes a hash set. A null is in no list, but
//! against a null in the list the answer is null, as `==` has it.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use kql::Type;

use super::argument::{cell_array, cell_text, element_text};
use super::fold::{eq_fold, folded, with_folded};
use super::{Call, Closure, Constant, Function};
use crate::cell::Cell;

/// The operators of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::prepared("in", |call| Ok(member(call, true))).taking_list(),
    Function::prepared("!in", |call| Ok(member(call, false))).taking_list(),
    Function::prepared("in~", |call| Ok(member_fold(call, true))).taking_list(),
    Function::prepared("!in~", |call| Ok(member_fold(call, false))).taking_list(),
];

fn member(call: &Call, wanted: bool) -> Closure {
    let ty = call.types.first().copied().unwrap_or(Type::Unknown);
    if let Some(values) = constants(call) {
        let set = Set::new(ty, &values);
        return Box::new(move |_, args| answer(args.first().and_then(|needle| set.contains(needle)), wanted));
    }
    Box::new(move |_, args| {
        let needle = args.first().unwrap_or(&Cell::Null);
        let mut values = Vec::new();
        for cell in args.iter().skip(1) {
            flatten(cell, &mut values);
        }
        answer(Set::new(ty, &values).contains(needle), wanted)
    })
}

fn answer(found: Option<bool>, wanted: bool) -> Cell<'static> {
    found.map_or(Cell::Null, |found| Cell::Bool(found == wanted))
}

/// The values on the right side, if all of them are constants.
fn constants(call: &Call) -> Option<Vec<Cell<'_>>> {
    let mut values = Vec::new();
    for constant in call.constants.get(1..)? {
        match constant.as_ref()? {
            Constant::Value(value) => flatten(&Cell::of(value), &mut values),
            Constant::Set(set) => values.extend(set.iter().map(Cell::of)),
            Constant::Texts(set) => values.extend(set.iter().map(Cell::text)),
            Constant::Places(_) => return None,
        }
    }
    Some(values)
}

/// The values on the right side as a string sees them, if all of them are constants.
pub(super) fn constant_keys(call: &Call) -> Option<Vec<Box<str>>> {
    Some(constants(call)?.iter().map(|value| key_text(Type::String, value)).collect())
}

/// Adds the cell, or the elements of the array that it is.
fn flatten<'a>(cell: &Cell<'a>, values: &mut Vec<Cell<'a>>) {
    match cell_array(cell) {
        Some(elements) => values.extend(elements.iter().map(|element| -> Cell<'a> { Cell::json(element) })),
        None => values.push(cell.clone()),
    }
}

/// The values of a list as one type sees them.
#[derive(Debug)]
struct Set {
    kind: Kind,
    null: bool,
}

#[derive(Debug)]
enum Kind {
    /// Strings, guids, decimals and dynamics, by their text.
    Texts(HashSet<Box<str>, FixedState>),
    /// Bools, ints, longs, datetimes and timespans.
    Wholes(HashSet<i64, FixedState>),
    /// Reals, by their bits.
    Reals(HashSet<u64, FixedState>),
}

impl Set {
    fn new(ty: Type, values: &[Cell<'_>]) -> Set {
        let null = ty != Type::String && values.iter().any(Cell::is_null);
        let kind = match ty {
            Type::Bool | Type::Int | Type::Long | Type::DateTime | Type::TimeSpan => {
                Kind::Wholes(values.iter().filter_map(|value| whole(ty, value)).collect())
            }
            Type::Real => Kind::Reals(values.iter().filter_map(real).collect()),
            _ => Kind::Texts(values.iter().filter(|v| ty == Type::String || !v.is_null()).map(|v| key_text(ty, v)).collect()),
        };
        Set { kind, null }
    }

    /// Whether the value is in the list; `None` for a null against a null.
    fn contains(&self, needle: &Cell<'_>) -> Option<bool> {
        if needle.is_null() {
            return (!self.null).then_some(false);
        }
        Some(match &self.kind {
            Kind::Texts(set) => match needle {
                Cell::Dynamic(json) => set.contains(json.as_ref()),
                other => set.contains(cell_text(other).as_ref()),
            },
            Kind::Wholes(set) => needle_whole(needle).is_some_and(|needle| set.contains(&needle)),
            Kind::Reals(set) => needle.as_real().filter(|real| !real.is_nan()).is_some_and(|real| set.contains(&bits(real))),
        })
    }
}

fn needle_whole(cell: &Cell<'_>) -> Option<i64> {
    cell.as_bool().map(i64::from).or_else(|| cell.as_long())
}

/// One bit pattern for both zeros.
fn bits(real: f64) -> u64 {
    (real + 0.0).to_bits()
}

/// A value of the list as the needle's type counts it; `None` if it can be equal to no value of that type.
fn whole(ty: Type, value: &Cell<'_>) -> Option<i64> {
    match (ty, value) {
        (Type::Bool, Cell::Bool(b)) => Some(i64::from(*b)),
        (Type::DateTime, Cell::DateTime(ticks)) | (Type::TimeSpan, Cell::TimeSpan(ticks)) => Some(*ticks),
        (Type::DateTime, Cell::Dynamic(_) | Cell::Str(_)) => kql::time::parse_iso(&cell_text(value)),
        (Type::TimeSpan, Cell::Dynamic(_) | Cell::Str(_)) => kql::time::parse_timespan(&cell_text(value)),
        (Type::Int | Type::Long, Cell::Int(_) | Cell::Long(_)) => value.as_long(),
        (Type::Int | Type::Long, Cell::Bool(b)) => Some(i64::from(*b)),
        (Type::Int | Type::Long, _) => {
            let real = f64::from_bits(real(value)?);
            (real.fract() == 0.0 && real.abs() < 9.0e15).then_some(real as i64)
        }
        (Type::Bool, Cell::Dynamic(json)) if json == "true" || json == "false" => Some(i64::from(json == "true")),
        _ => None,
    }
}

fn real(value: &Cell<'_>) -> Option<u64> {
    let real = match value {
        Cell::Dynamic(json) => json.parse().ok()?,
        other => other.as_real()?,
    };
    (!real.is_nan()).then(|| bits(real))
}

fn key_text(ty: Type, value: &Cell<'_>) -> Box<str> {
    match (ty, value) {
        (Type::Guid, other) => {
            let text = cell_text(other);
            kql::types::parse_guid(&text).map_or_else(|| text.as_ref().into(), |guid| kql::types::guid_text(guid).into())
        }
        (Type::Dynamic | Type::Unknown, other) => other.to_json().to_string().into(),
        (_, other) => cell_text(other).as_ref().into(),
    }
}

fn member_fold(call: &Call, wanted: bool) -> Closure {
    if let Some(texts) = super::terms::constant_texts(call) {
        let set: HashSet<Box<str>, FixedState> = texts.iter().map(|text| folded(text).into()).collect();
        let mut lengths = 0_u64;
        for text in &set {
            lengths |= 1 << text.len().min(63);
        }
        return Box::new(move |_, args| {
            let found = args.first().is_some_and(|needle| {
                let text = cell_text(needle);
                // Folding keeps the length of ASCII: most texts need not be folded to know that they are not there.
                let possible = lengths & (1 << text.len().min(63)) != 0 || !text.is_ascii();
                possible && with_folded(&text, |text| set.contains(text))
            });
            Cell::Bool(found == wanted)
        });
    }
    Box::new(move |_, args| {
        let needle = super::argument::text(args, 0);
        let is_it = |cell: &Cell<'_>| match cell_array(cell) {
            Some(elements) => elements.iter().any(|element| eq_fold(&needle, &element_text(element))),
            None => eq_fold(&needle, &cell_text(cell)),
        };
        Cell::Bool(args.iter().skip(1).any(is_it) == wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    fn is_in(operator: &'static str, args: &[Cell<'static>]) -> Cell<'static> {
        eval(operator, args, Type::Bool)
    }

    #[test]
    fn values_are_looked_up_by_type() {
        let (yes, no) = (Cell::Bool(true), Cell::Bool(false));
        assert_eq!(is_in("in", &[s("a"), s("b"), s("a")]), yes);
        assert_eq!(is_in("in", &[s("a"), s("A")]), no);
        assert_eq!(is_in("in~", &[s("É"), s("é")]), yes);
        assert_eq!(is_in("!in~", &[s("x"), dynamic(r#"["a","X"]"#)]), no);
        assert_eq!(is_in("in", &[Cell::Long(443), dynamic("[80,443]")]), yes);
        assert_eq!(is_in("in", &[Cell::Int(443), Cell::Long(443)]), yes);
        assert_eq!(is_in("in", &[Cell::Real(1.5), dynamic("[1,1.5]")]), yes);
        assert_eq!(is_in("in", &[Cell::DateTime(5), Cell::DateTime(5)]), yes);
        assert_eq!(is_in("in", &[s(""), s("")]), yes);
        assert_eq!(is_in("!in", &[s("a"), dynamic("[]")]), yes);
    }

    #[test]
    fn null_is_in_no_list() {
        assert_eq!(is_in("in", &[Cell::Null, Cell::Long(1)]), Cell::Bool(false));
        assert_eq!(is_in("!in", &[Cell::Null, Cell::Long(1)]), Cell::Bool(true));
        assert_eq!(is_in("in", &[Cell::Null, Cell::Null]), Cell::Null);
        assert_eq!(is_in("in", &[Cell::Long(1), Cell::Null]), Cell::Bool(false));
    }

    #[test]
    fn a_subquery_is_a_set() {
        let column = Constant::Set(std::sync::Arc::new(vec![kql::Value::Long(1), kql::Value::Long(2)]));
        let call = Call { returns: Type::Bool, types: vec![Type::Long; 2], constants: vec![None, Some(column)] };
        let closure = member(&call, true);
        assert_eq!(closure(&call, &[Cell::Long(2), Cell::Null]), Cell::Bool(true));
        assert_eq!(closure(&call, &[Cell::Long(3), Cell::Null]), Cell::Bool(false));
    }
}
