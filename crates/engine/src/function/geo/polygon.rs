//! Polygons: how large they are, where their middle is, and how far away.

use serde_json::Value as Json;

use super::super::Function;
use super::argument::{degrees, of_shape};
use super::line::{closest, to_edges};
use super::overlay::union_all;
use super::ring::{Region, Ring};
use super::shape::{point, position, regions, shape};
use super::vector::{RADIUS_M, Vector};
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::prepared("geo_polygon_area", |call| {
        of_shape(call, 0, united, |region, _| Some(Cell::Real(region.area() * RADIUS_M * RADIUS_M)))
    }),
    Function::prepared("geo_polygon_perimeter", |call| {
        of_shape(call, 0, united, |region, _| Some(Cell::Real(region.rings.iter().map(Ring::length).sum::<f64>() * RADIUS_M)))
    }),
    Function::prepared("geo_polygon_centroid", |call| {
        of_shape(call, 0, united, |region, _| Some(Cell::json(&point(region.centroid().unit()))))
    }),
    Function::prepared("geo_closest_point_on_polygon", |call| {
        of_shape(call, 2, regions, |regions, cells| {
            let place = degrees(cells, 0)?;
            let at = Vector::of_degrees(place);
            if regions.iter().any(|region| region.contains(at)) {
                return Some(Cell::json(&shape("Point", position(place))));
            }
            Some(Cell::json(&point(closest(regions.iter().flat_map(Region::edges), at)?)))
        })
    }),
    Function::prepared("geo_distance_point_to_polygon", |call| {
        of_shape(call, 2, regions, |regions, cells| {
            let at = Vector::of_degrees(degrees(cells, 0)?);
            if regions.iter().any(|region| region.contains(at)) {
                return Some(Cell::Real(0.0));
            }
            Some(Cell::Real(to_edges(regions.iter().flat_map(Region::edges), at)? * RADIUS_M))
        })
    }),
];

/// What the polygons of a shape cover together.
pub(super) fn united(shape: &Json) -> Option<Region> {
    regions(shape).map(union_all)
}
