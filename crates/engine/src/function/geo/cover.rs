//! Shapes covered with S2 cells of one level.

use serde_json::Value as Json;

use super::super::Function;
use super::argument::{level, number, of_shape};
use super::cell::{CellId, LEVELS, face_axes};
use super::near::Edge;
use super::ring::Region;
use super::shape::{Lines, lines, regions};
use super::vector::{RADIUS_M, Vector, distance_to_edge};
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::prepared("geo_line_to_s2cells", |call| of_shape(call, 0, line_cover, tokens)),
    Function::prepared("geo_polygon_to_s2cells", |call| of_shape(call, 0, polygon_cover, tokens)),
];

/// The level of cells unless another is asked for.
pub(super) const LEVEL: u32 = 11;

/// Cells at most; a covering of more is none.
const CELLS_MAX: usize = 65_536;

/// By how much a cell is taken to be larger than it is, so that what touches it is on it: rounding on a face.
const MARGIN: f64 = 2.4e-15;

/// What is covered: edges, and what they enclose.
struct Covered {
    edges: Vec<Edge>,
    regions: Vec<Region>,
}

fn line_cover(shape: &Json) -> Option<Covered> {
    lines(shape).map(|lines: Lines| Covered { edges: lines.edges().collect(), regions: Vec::new() })
}

fn polygon_cover(shape: &Json) -> Option<Covered> {
    regions(shape).map(|regions| Covered { edges: regions.iter().flat_map(Region::edges).collect(), regions })
}

fn tokens(covered: &Covered, cells: &[Cell<'_>]) -> Option<Cell<'static>> {
    let level = level(cells, 1, LEVEL, 0..=LEVELS)?;
    let radius = number(cells, 2, 0.0).filter(|radius| *radius >= 0.0)?;
    let tokens: Vec<Json> = covering(covered, level, radius / RADIUS_M)?.into_iter().map(|cell| cell.token().into()).collect();
    Some(Cell::json(&tokens.into()))
}

/// The cells of that level that are at most `radius` away, in their order; `None` if there are too many.
fn covering(covered: &Covered, level: u32, radius: f64) -> Option<Vec<CellId>> {
    let all: Vec<u32> = (0..u32::try_from(covered.edges.len()).ok()?).collect();
    // A cell, and the edges that may be near it.
    let mut layer: Vec<(CellId, Vec<u32>)> = (0..6).map(|face| (CellId::face_cell(face), all.clone())).collect();
    layer.retain_mut(|(cell, near)| covered.reaches(*cell, radius, near));
    for _ in 0..level {
        let mut next = Vec::with_capacity(layer.len());
        for (cell, near) in layer {
            // Near no edge: inside with all that it holds.
            let inside = near.is_empty();
            for child in cell.children() {
                let mut near = near.clone();
                if inside || covered.reaches(child, radius, &mut near) {
                    next.push((child, near));
                }
            }
            if next.len() > CELLS_MAX {
                return None;
            }
        }
        layer = next;
    }
    Some(layer.into_iter().map(|(cell, _)| cell).collect())
}

impl Covered {
    /// Whether the cell is at most `radius` away. Edges that are not near it or its children are taken from `near`.
    fn reaches(&self, cell: CellId, radius: f64, near: &mut Vec<u32>) -> bool {
        let square = Square::new(cell);
        near.retain(|edge| square.distance(self.edges[*edge as usize], radius) <= radius);
        !near.is_empty() || self.regions.iter().any(|region| region.contains(square.center))
    }
}

/// A cell as a square on its face.
struct Square {
    center: Vector,
    corners: [Vector; 4],
    /// Vectors whose product with a place is negative outside: one a side.
    sides: [Vector; 4],
}

impl Square {
    fn new(cell: CellId) -> Square {
        let (face, [left, right, bottom, top]) = cell.bounds();
        let [to_right, up, out] = face_axes(face);
        let sides = [
            to_right - out * (left - MARGIN),
            out * (right + MARGIN) - to_right,
            up - out * (bottom - MARGIN),
            out * (top + MARGIN) - up,
        ];
        Square { center: cell.center(), corners: cell.corners(), sides }
    }

    /// Whether an edge meets the square: whether its chord, seen from the middle of the globe, does.
    fn meets(&self, (a, b): Edge) -> bool {
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for side in self.sides {
            let (start, end) = (side.dot(a), side.dot(b));
            if start < 0.0 && end < 0.0 {
                return false;
            }
            let cut = start / (start - end);
            if start < 0.0 {
                from = from.max(cut);
            } else if end < 0.0 {
                to = to.min(cut);
            }
        }
        from <= to
    }

    /// The distance of an edge; what is beyond `limit` only has to be beyond it.
    fn distance(&self, edge: Edge, limit: f64) -> f64 {
        if self.meets(edge) {
            return 0.0;
        }
        if limit == 0.0 {
            return f64::INFINITY;
        }
        let (a, b) = edge;
        let from_corners = self.corners.iter().map(|corner| distance_to_edge(*corner, a, b));
        let sides = (0..4).map(|side| (self.corners[side], self.corners[(side + 1) % 4]));
        let from_ends = sides.flat_map(|(c, d)| [distance_to_edge(a, c, d), distance_to_edge(b, c, d)]);
        from_corners.chain(from_ends).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::super::testing::{dynamic, eval};
    use super::*;

    const TRIANGLE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[0,50],[100,50],[0,0]]]}"#;

    fn count(cell: &Cell<'_>) -> Option<usize> {
        serde_json::from_str::<Vec<String>>(cell.as_str()).ok().map(|tokens| tokens.len())
    }

    #[test]
    fn a_large_polygon() {
        let cells = eval("geo_polygon_to_s2cells", &[dynamic(TRIANGLE), Cell::Int(5)], Type::Dynamic);
        assert_eq!(count(&cells), Some(286));
        assert_eq!(eval("geo_polygon_to_s2cells", &[dynamic(TRIANGLE), Cell::Int(30)], Type::Dynamic), Cell::Null);
    }

    #[test]
    fn a_radius_adds_cells() {
        let line = dynamic(r#"{"type":"LineString","coordinates":[[0.1,0.1],[0.2,0.2]]}"#);
        let by_radius = |radius| {
            let args = [line.clone(), Cell::Int(10), Cell::Real(radius)];
            count(&eval("geo_line_to_s2cells", &args, Type::Dynamic)).unwrap_or(0)
        };
        assert!(by_radius(0.0) > 1 && by_radius(20_000.0) > by_radius(0.0));
        assert_eq!(by_radius(-1.0), 0);
    }
}
