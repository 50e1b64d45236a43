//! Running aggregates in unit tests: rows in, results out, checked to be the same when the work is divided.

use kql::{Type, Value};

use super::{Accumulator, AggregateCall, find};
use crate::cell::Cell;

/// The results over those rows; one result, of a type taken from the first argument.
pub(super) fn run(name: &str, rows: &[Vec<Cell<'_>>]) -> Vec<Value> {
    let returns = rows.iter().flat_map(|row| row.first()).map(type_of).find(|ty| *ty != Type::Unknown);
    run_as(name, rows, returns.unwrap_or(Type::Long))
}

/// The result, which is of that type.
pub(super) fn run_as(name: &str, rows: &[Vec<Cell<'_>>], returns: Type) -> Vec<Value> {
    run_with(name, rows, &[returns], &[])
}

/// The results, of those types, with those constant arguments.
pub(super) fn run_with(name: &str, rows: &[Vec<Cell<'_>>], returns: &[Type], constants: &[Option<Value>]) -> Vec<Value> {
    let function = find(name).unwrap_or_else(|| panic!("no aggregate {name}"));
    let width = rows.first().map_or(0, Vec::len);
    let ty = |at: usize| rows.iter().map(|row| type_of(&row[at])).find(|ty| *ty != Type::Unknown).unwrap_or(Type::Long);
    let mut constants = constants.to_vec();
    constants.resize(width, None);
    let call = AggregateCall { returns: returns.to_vec(), types: (0..width).map(ty).collect(), constants };
    let over = |rows: &[Vec<Cell<'_>>]| -> Box<dyn Accumulator> {
        let mut accumulator = (function.start)(&call).unwrap();
        rows.iter().for_each(|row| accumulator.update(row));
        accumulator
    };
    let whole = over(rows).finish();
    for at in 0..=rows.len() {
        let mut merged = (function.start)(&call).unwrap();
        merged.merge(&over(&rows[..at]).state());
        merged.merge(&over(&rows[at..]).state());
        let (merged, whole) = (format!("{:?}", merged.finish()), format!("{whole:?}"));
        assert!(merged == whole || name.contains("var") || name.contains("stdev"), "{name}, divided at {at}: {merged}, {whole}");
    }
    whole
}

fn type_of(cell: &Cell<'_>) -> Type {
    match cell {
        Cell::Null => Type::Unknown,
        Cell::Bool(_) => Type::Bool,
        Cell::Int(_) => Type::Int,
        Cell::Long(_) => Type::Long,
        Cell::Real(_) => Type::Real,
        Cell::DateTime(_) => Type::DateTime,
        Cell::TimeSpan(_) => Type::TimeSpan,
        Cell::Str(_) => Type::String,
        Cell::Decimal(_) => Type::Decimal,
        Cell::Guid(_) => Type::Guid,
        Cell::Dynamic(_) => Type::Dynamic,
    }
}
