//! S2 cells by their tokens.

use serde_json::{Value as Json, json};

use super::super::Function;
use super::argument::{level, place};
use super::bucket::bucket_order;
use super::cell::{CellId, LEVELS};
use super::cover::LEVEL;
use super::shape::{point, position, shape};
use super::vector::Vector;
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::row("geo_point_to_s2cell", |_, cells| match (place(cells, 0), level(cells, 2, LEVEL, 0..=LEVELS)) {
        (Some(at), Some(level)) => Cell::text(CellId::of(at).parent(level).token()),
        _ => Cell::text(""),
    }),
    Function::row("geo_s2cell_to_central_point", |_, cells| of_cell(cells, |cell| point(cell.center()))),
    Function::row("geo_s2cell_to_polygon", |_, cells| of_cell(cells, |cell| polygon(cell.corners()))),
    Function::row("geo_s2cell_neighbors", |_, cells| {
        of_cell(cells, |cell| bucket_order(cell.neighbors().into_iter().map(CellId::token)).into())
    }),
];

fn of_cell(cells: &[Cell<'_>], then: impl FnOnce(CellId) -> Json) -> Cell<'static> {
    CellId::of_token(cells[0].as_str()).map_or(Cell::Null, |cell| Cell::json(&then(cell)))
}

fn polygon(corners: [Vector; 4]) -> Json {
    let ring: Vec<Json> = corners.iter().chain(&corners[..1]).map(|corner| position(corner.to_degrees())).collect();
    shape("Polygon", json!([ring]))
}
