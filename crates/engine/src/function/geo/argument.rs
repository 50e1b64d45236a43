//! Arguments of functions of places: points as pairs of numbers, shapes as GeoJSON in dynamics.

use serde_json::Value as Json;

use super::super::{Call, Closure};
use super::vector::{Degrees, Vector, on_globe};
use crate::cell::Cell;

/// The longitude and latitude that two arguments tell; `None` off the globe.
pub(super) fn degrees(cells: &[Cell<'_>], at: usize) -> Option<Degrees> {
    on_globe((cells.get(at)?.as_real()?, cells.get(at + 1)?.as_real()?))
}

/// The place that two arguments tell.
pub(super) fn place(cells: &[Cell<'_>], at: usize) -> Option<Vector> {
    degrees(cells, at).map(Vector::of_degrees)
}

/// The number of argument `at`, or `default` if there is no such argument; `None` for null.
pub(super) fn number(cells: &[Cell<'_>], at: usize, default: f64) -> Option<f64> {
    cells.get(at).map_or(Some(default), Cell::as_real)
}

/// The whole number of argument `at` within a range, or `default` if there is no such argument.
pub(super) fn level(cells: &[Cell<'_>], at: usize, default: u32, levels: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let given = cells.get(at).map_or(Some(i64::from(default)), |_| super::super::argument::whole(cells, at))?;
    u32::try_from(given).ok().filter(|level| levels.contains(level))
}

/// The truth of argument `at`, a bool or a number; false if there is no such argument.
pub(super) fn flag(cells: &[Cell<'_>], at: usize) -> bool {
    cells.get(at).is_some_and(|cell| cell.as_bool().or_else(|| cell.as_real().map(|number| number != 0.0)).unwrap_or(false))
}

/// What `read` makes of the JSON in a cell.
fn parse<T>(cell: &Cell<'_>, read: fn(&Json) -> Option<T>) -> Option<T> {
    match cell {
        Cell::Dynamic(json) => read(&serde_json::from_str(json).ok()?),
        _ => None,
    }
}

/// A shape, read once if it is the same for every row.
struct Shape<T> {
    position: usize,
    read: fn(&Json) -> Option<T>,
    known: Option<Option<T>>,
}

impl<T> Shape<T> {
    fn new(call: &Call, position: usize, read: fn(&Json) -> Option<T>) -> Shape<T> {
        Shape { position, read, known: call.constant(position).map(|value| parse(&Cell::of(value), read)) }
    }

    fn with<'a>(&self, cells: &[Cell<'_>], then: impl FnOnce(&T) -> Cell<'a>) -> Cell<'a> {
        match &self.known {
            Some(known) => known.as_ref().map_or(Cell::Null, then),
            None => cells.get(self.position).and_then(|cell| parse(cell, self.read)).map_or(Cell::Null, |shape| then(&shape)),
        }
    }
}

/// A function of a shape, which is argument `position`, and of the other arguments; null if the shape is none.
pub(super) fn of_shape<T, F>(call: &Call, position: usize, read: fn(&Json) -> Option<T>, then: F) -> Result<Closure, String>
where
    T: Send + Sync + 'static,
    F: Fn(&T, &[Cell<'_>]) -> Option<Cell<'static>> + Send + Sync + 'static,
{
    let shape = Shape::new(call, position, read);
    Ok(Box::new(move |_, cells| shape.with(cells, |shape| then(shape, cells).unwrap_or(Cell::Null))))
}

/// A function of the two shapes that are its arguments; null if either is none.
pub(super) fn of_two_shapes<T, U, F>(
    call: &Call,
    first: fn(&Json) -> Option<T>,
    second: fn(&Json) -> Option<U>,
    then: F,
) -> Result<Closure, String>
where
    T: Send + Sync + 'static,
    U: Send + Sync + 'static,
    F: Fn(&T, &U) -> Cell<'static> + Send + Sync + 'static,
{
    let (first, second) = (Shape::new(call, 0, first), Shape::new(call, 1, second));
    Ok(Box::new(move |_, cells| first.with(cells, |first| second.with(cells, |second| then(first, second)))))
}
