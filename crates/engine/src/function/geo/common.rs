//! Shapes together: whether they meet, what they have in common, what they cover together.

use serde_json::Value as Json;

use super::super::Function;
use super::argument::{of_shape, of_two_shapes};
use super::near::Edge;
use super::overlay::{Common, clip, intersection, intersection_of_lines, union_all, union_of_lines};
use super::polygon::united;
use super::ring::Region;
use super::shape::{Lines, collection, lines, regions, write_lines, write_points, write_region};
use super::split::touch;
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::prepared("geo_intersects_2lines", |call| {
        of_two_shapes(call, lines, lines, |first, second| Cell::Bool(touch(&edges(first.edges()), &edges(second.edges()))))
    }),
    Function::prepared("geo_intersects_line_with_polygon", |call| {
        of_two_shapes(call, lines, united, |lines, region| Cell::Bool(enters(lines, region)))
    }),
    Function::prepared("geo_intersects_2polygons", |call| {
        of_two_shapes(call, united, united, |first, second| Cell::Bool(overlap(first, second)))
    }),
    Function::prepared("geo_intersection_2lines", |call| {
        of_two_shapes(call, lines, lines, |first, second| written(&intersection_of_lines(first, second)))
    }),
    Function::prepared("geo_intersection_line_with_polygon", |call| {
        of_two_shapes(call, lines, united, |lines, region| written(&clip(lines, region)))
    }),
    Function::prepared("geo_intersection_2polygons", |call| {
        of_two_shapes(call, united, united, |first, second| written(&intersection(first, second)))
    }),
    Function::prepared("geo_union_polygons_array", |call| {
        of_shape(call, 0, all_regions, |regions, _| Some(Cell::json(&write_region(&union_all(regions.clone()))?)))
    }),
    Function::prepared("geo_union_lines_array", |call| {
        of_shape(call, 0, all_lines, |lines, _| Some(Cell::json(&write_lines(&union_of_lines(lines).chains)?)))
    }),
];

fn edges(edges: impl Iterator<Item = Edge>) -> Vec<Edge> {
    edges.collect()
}

fn enters(lines: &Lines, region: &Region) -> bool {
    touch(&edges(lines.edges()), &edges(region.edges())) || lines.chains.iter().any(|chain| region.contains(chain[0]))
}

fn overlap(first: &Region, second: &Region) -> bool {
    let holds = |region: &Region, other: &Region| other.rings.iter().any(|ring| region.contains(ring.at(0)));
    touch(&edges(first.edges()), &edges(second.edges())) || holds(first, second) || holds(second, first)
}

fn written(common: &Common) -> Cell<'static> {
    let shapes = [write_points(&common.points), write_lines(&common.chains), write_region(&common.region)];
    Cell::json(&collection(shapes.into_iter().flatten().collect()))
}

/// The regions of an array of polygons, each polygon's together.
pub(super) fn all_regions(array: &Json) -> Option<Vec<Region>> {
    let all: Vec<Vec<Region>> = array.as_array()?.iter().map(regions).collect::<Option<_>>()?;
    let joined: Vec<Region> = all.into_iter().map(union_all).collect();
    (!joined.is_empty()).then_some(joined)
}

fn all_lines(array: &Json) -> Option<Vec<Lines>> {
    let all: Vec<Lines> = array.as_array()?.iter().map(lines).collect::<Option<_>>()?;
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_common_is_an_empty_collection() {
        let nothing = json!({"type": "GeometryCollection", "geometries": []});
        assert_eq!(written(&Common::default()), Cell::json(&nothing));
    }
}
