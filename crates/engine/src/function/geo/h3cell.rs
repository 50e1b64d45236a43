//! H3 cells: a hierarchy of hexagons on the faces of an icosahedron around the globe, and twelve pentagons a level.

use h3o::{CellIndex, LatLng, Resolution};
use serde_json::{Value as Json, json};

use super::super::Function;
use super::argument::{degrees, level};
use super::shape::{position, shape};
use super::vector::Degrees;
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::row("geo_point_to_h3cell", |_, cells| {
        let cell = degrees(cells, 0).zip(resolution(cells, 2, Some(LEVEL)));
        Cell::text(cell.and_then(|(at, level)| cell_of(at, level)).map(|cell| cell.to_string()).unwrap_or_default())
    }),
    Function::row("geo_h3cell_to_central_point", |_, cells| {
        of_cell(cells, |cell| Some(shape("Point", position(place(LatLng::from(cell))))))
    }),
    Function::row("geo_h3cell_to_polygon", |_, cells| of_cell(cells, |cell| Some(polygon(cell)))),
    Function::row("geo_h3cell_neighbors", |_, cells| of_cell(cells, |cell| Some(rings(cell, 1).swap_remove(1)))),
    Function::row("geo_h3cell_rings", |_, cells| {
        let distance = level(cells, 1, 0, 0..=DISTANCE_MAX);
        of_cell(cells, |cell| Some(rings(cell, distance?).into()))
    }),
    Function::row("geo_h3cell_children", |_, cells| {
        of_cell(cells, |cell| {
            let level = resolution(cells, 1, cell.resolution().succ())?;
            let deeper = u8::from(level).checked_sub(u8::from(cell.resolution()))?;
            (deeper <= DEEPER_MAX).then(|| cell.children(level).map(|child| Json::from(child.to_string())).collect())
        })
    }),
    Function::row("geo_h3cell_parent", |_, cells| {
        let parent = of_token(cells[0].as_str()).and_then(|cell| cell.parent(resolution(cells, 1, cell.resolution().pred())?));
        Cell::text(parent.map(|cell| cell.to_string()).unwrap_or_default())
    }),
    Function::row("geo_h3cell_level", |_, cells| {
        of_token(cells[0].as_str()).map_or(Cell::Null, |cell| Cell::Int(i32::from(u8::from(cell.resolution()))))
    }),
];

/// The level of cells unless another is asked for.
pub(super) const LEVEL: Resolution = Resolution::Six;

/// Levels from a cell to its children at most.
const DEEPER_MAX: u8 = 5;

/// Rings around a cell at most.
const DISTANCE_MAX: u32 = 142;

/// The resolution of argument `at`, or `default` if there is no such argument.
pub(super) fn resolution(cells: &[Cell<'_>], at: usize, default: Option<Resolution>) -> Option<Resolution> {
    if cells.len() <= at {
        return default;
    }
    Resolution::try_from(u8::try_from(level(cells, at, 0, 0..=15)?).ok()?).ok()
}

fn of_token(token: &str) -> Option<CellIndex> {
    let plain = !token.is_empty() && token.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| token.parse().ok()).flatten()
}

fn of_cell(cells: &[Cell<'_>], then: impl FnOnce(CellIndex) -> Option<Json>) -> Cell<'static> {
    of_token(cells[0].as_str()).and_then(then).map_or(Cell::Null, |json| Cell::json(&json))
}

/// The cell that holds a place.
pub(super) fn cell_of(at: Degrees, level: Resolution) -> Option<CellIndex> {
    LatLng::new(at.1, at.0).ok().map(|at| at.to_cell(level))
}

/// Longitude and latitude of a place.
pub(super) fn place(at: LatLng) -> Degrees {
    (at.lng(), at.lat())
}

fn polygon(cell: CellIndex) -> Json {
    let boundary = cell.boundary();
    let ring: Vec<Json> = boundary.iter().chain(boundary.first()).map(|at| position(place(*at))).collect();
    shape("Polygon", json!([ring]))
}

/// The cell, the ring of cells around it, and so on.
fn rings(cell: CellIndex, distance: u32) -> Vec<Json> {
    let mut rings = vec![Vec::new(); distance as usize + 1];
    for (cell, distance) in cell.grid_disk_distances::<Vec<_>>(distance) {
        if let Some(ring) = rings.get_mut(distance as usize) {
            ring.push(Json::from(cell.to_string()));
        }
    }
    rings.into_iter().map(Json::from).collect()
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::super::testing::{dynamic, eval, s};
    use super::*;

    #[test]
    fn cells_and_their_kin() {
        let at = [Cell::Real(-74.044_504_460_398_74), Cell::Real(40.689_250_859_314_974), Cell::Int(6)];
        assert_eq!(eval("geo_point_to_h3cell", &at, Type::String), s("862a1072fffffff"));
        let around =
            r#"["862a10727ffffff","862a10707ffffff","862a1070fffffff","862a10777ffffff","862a100dfffffff","862a100d7ffffff"]"#;
        assert_eq!(eval("geo_h3cell_neighbors", &[s("862a1072fffffff")], Type::Dynamic), dynamic(around));
        assert_eq!(eval("geo_h3cell_parent", &[s("862a1072fffffff"), Cell::Int(1)], Type::String), s("812a3ffffffffff"));
        assert_eq!(eval("geo_h3cell_parent", &[s("862a1072fffffff"), Cell::Int(15)], Type::String), s(""));
    }

    #[test]
    fn what_is_no_cell_is_null() {
        for token in ["", "abc", "@", "+862a1072fffffff", "ffffffffffffffff"] {
            assert_eq!(eval("geo_h3cell_level", &[s(token)], Type::Int), Cell::Null, "{token}");
        }
        let far = [s("861f8894fffffff"), Cell::Int(150)];
        assert_eq!(eval("geo_h3cell_rings", &far, Type::Dynamic), Cell::Null);
    }
}
