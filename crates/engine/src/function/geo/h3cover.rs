//! Polygons as H3 cells: those whose middle lies inside, on the plane of longitude and latitude.

use std::collections::HashSet;

use h3o::{CellIndex, LatLng, Resolution};
use serde_json::Value as Json;

use super::super::Function;
use super::argument::{number, of_shape};
use super::bucket::bucket_order;
use super::buffer::{TOLERANCE_M, buffered};
use super::h3cell::{LEVEL, cell_of, place, resolution};
use super::overlay::union_all;
use super::ring::Region;
use super::shape::{Places, polygon_places, regions};
use super::vector::Degrees;
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[Function::prepared("geo_polygon_to_h3cells", |call| {
    of_shape(
        call,
        0,
        |shape| regions(shape).zip(polygon_places(shape)),
        |(regions, polygons), cells| {
            let level = resolution(cells, 1, Some(LEVEL))?;
            let radius = number(cells, 2, 0.0).filter(|radius| *radius >= 0.0)?;
            if radius == 0.0 {
                return tokens(polygons, level);
            }
            let wider = buffered(&union_all(regions.clone()), radius, TOLERANCE_M)?;
            tokens(&places(&wider), level)
        },
    )
})];

/// Cells at most; a polygon of more is none.
const CELLS_MAX: usize = 61_680;

/// Places looked at along a boundary at most.
const STEPS_MAX: f64 = 4e6;

fn tokens(polygons: &[Vec<Places>], level: Resolution) -> Option<Cell<'static>> {
    let mut tokens = Vec::new();
    for rings in polygons {
        let polygon = Flat::new(rings);
        let cells = polygon.cells(level)?;
        tokens.extend(polygon.in_table(cells, level).into_iter().map(|cell| cell.to_string()));
    }
    let mut seen = HashSet::new();
    tokens.retain(|token| seen.insert(token.clone()));
    (tokens.len() <= CELLS_MAX).then(|| Cell::json(&Json::from(bucket_order(tokens))))
}

/// The rings of a region's parts in degrees, each closed.
fn places(region: &Region) -> Vec<Vec<Places>> {
    let closed = |ring: &super::ring::Ring| -> Places {
        ring.vertices.iter().chain(ring.vertices.first()).map(|vertex| vertex.to_degrees()).collect()
    };
    region.parts().into_iter().map(|(shell, holes)| std::iter::once(shell).chain(holes).map(closed).collect()).collect()
}

/// A polygon on the plane. One that crosses the 180th meridian goes on beyond it.
struct Flat {
    rings: Vec<Places>,
    crossing: bool,
}

impl Flat {
    fn new(rings: &[Places]) -> Flat {
        let crossing = rings.iter().any(|ring| ring.windows(2).any(|pair| (pair[0].0 - pair[1].0).abs() > 180.0));
        let mut flat = Flat { rings: Vec::new(), crossing };
        flat.rings = rings.iter().map(|ring| ring.iter().map(|at| flat.shifted(*at)).collect()).collect();
        flat
    }

    fn shifted(&self, at: Degrees) -> Degrees {
        if self.crossing && at.0 < 0.0 { (at.0 + 360.0, at.1) } else { at }
    }

    fn edges(&self) -> impl Iterator<Item = (Degrees, Degrees)> {
        self.rings.iter().flat_map(|ring| ring.windows(2).map(|pair| (pair[0], pair[1])))
    }

    fn contains(&self, at: Degrees) -> bool {
        let (x, y) = self.shifted(at);
        let crosses = |(a, b): &(Degrees, Degrees)| (a.1 > y) != (b.1 > y) && x < a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0);
        self.edges().filter(crosses).count() % 2 == 1
    }

    /// The cells whose middle is inside; `None` if there are too many.
    fn cells(&self, level: Resolution) -> Option<HashSet<CellIndex>> {
        const KM_A_DEGREE: f64 = 111.2;
        let step = level.edge_length_km() / KM_A_DEGREE;
        let steps = |(a, b): &(Degrees, Degrees)| ((a.0 - b.0).hypot(a.1 - b.1) / step).ceil().max(1.0);
        if self.edges().map(|edge| steps(&edge)).sum::<f64>() > STEPS_MAX {
            return None;
        }
        let mut open: HashSet<CellIndex> = HashSet::new();
        for edge @ (a, b) in self.edges() {
            let count = steps(&edge);
            for n in 0..count as u64 {
                let share = n as f64 / count;
                let (x, y) = (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1));
                open.extend(cell_of((if x > 180.0 { x - 360.0 } else { x }, y), level));
            }
        }
        // From the cells of the boundary inwards.
        let mut open: Vec<CellIndex> = open.into_iter().collect();
        let (mut tried, mut inside) = (HashSet::new(), HashSet::new());
        while let Some(cell) = open.pop() {
            for near in cell.grid_disk::<Vec<_>>(1) {
                if tried.insert(near) && self.contains(place(LatLng::from(near))) {
                    inside.insert(near);
                    open.push(near);
                }
            }
            if inside.len() > CELLS_MAX {
                return None;
            }
        }
        Some(inside)
    }

    /// The cells in the order of the H3 library: that of a hash table as large as its estimate of their number.
    fn in_table(&self, cells: HashSet<CellIndex>, level: Resolution) -> Vec<CellIndex> {
        let mut sorted: Vec<CellIndex> = cells.into_iter().collect();
        sorted.sort_unstable();
        let vertices = self.rings.iter().map(|ring| ring.len().saturating_sub(1)).sum();
        let size = self.estimate(level).max(vertices).max(sorted.len()) + 12;
        let mut table: Vec<Option<CellIndex>> = vec![None; size];
        for cell in sorted {
            let mut place = (u64::from(cell) % size as u64) as usize;
            while table[place].is_some() {
                place = (place + 1) % size;
            }
            table[place] = Some(cell);
        }
        table.into_iter().flatten().collect()
    }

    /// The H3 library's estimate of how many cells the box around the polygon holds.
    fn estimate(&self, level: Resolution) -> usize {
        let shell = &self.rings[0];
        let (mut west, mut south, mut east, mut north) = (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (x, y) in shell {
            (west, south, east, north) = (west.min(*x), south.min(*y), east.max(*x), north.max(*y));
        }
        let corner = |x: f64, y: f64| LatLng::new(y, if x > 180.0 { x - 360.0 } else { x }).ok();
        let pentagon = level.pentagons().next();
        let radius = pentagon.and_then(|cell| Some(LatLng::from(cell).distance_km(*cell.boundary().first()?))).unwrap_or(1.0);
        let smallest = 0.8 * 2.598_076_211_35 * radius * radius;
        let across = corner(east, north).zip(corner(west, south)).map_or(0.0, |(a, b)| a.distance_km(b));
        let (width, height) = (east - west, north - south);
        let ratio = width.max(height) / width.min(height);
        let count = (across * across / ratio.min(3.0) / smallest).ceil().max(1.0);
        // Only an order depends on it: no table larger than this.
        count.min(1e7) as usize
    }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::super::testing::{dynamic, eval};
    use super::*;

    #[test]
    fn cells_in_the_order_of_the_documentation() {
        let polygon = r#"{"type":"Polygon","coordinates":[[[-3.659,40.553],[-3.913,40.409],[-3.729,40.273],[-3.524,40.440],[-3.659,40.553]]]}"#;
        let cells = r#"["86390cb57ffffff","86390cb0fffffff","86390ca27ffffff","86390cb87ffffff","86390cb07ffffff","86390ca2fffffff","86390ca37ffffff","86390cb17ffffff","86390cb1fffffff","86390cb8fffffff","86390cba7ffffff","86390ca07ffffff","86390cbafffffff"]"#;
        assert_eq!(eval("geo_polygon_to_h3cells", &[dynamic(polygon)], Type::Dynamic), dynamic(cells));
    }

    #[test]
    fn too_many_cells_are_none() {
        let polygon = dynamic(r#"{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}"#);
        assert_eq!(eval("geo_polygon_to_h3cells", &[polygon.clone(), Cell::Int(15)], Type::Dynamic), Cell::Null);
        assert_ne!(eval("geo_polygon_to_h3cells", &[polygon, Cell::Int(3)], Type::Dynamic), Cell::Null);
    }
}
