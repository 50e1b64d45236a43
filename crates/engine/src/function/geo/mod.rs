//! Places, lines and polygons on the globe, and the grids laid over it.
//!
//! The globe is a sphere of 6,371,010 m, and edges are arcs of great circles. Longitude comes before latitude, in degrees. Shapes
//! are GeoJSON in dynamics; what is no shape gives null.

mod argument;
mod assemble;
mod bucket;
mod buffer;
mod cell;
mod common;
mod cover;
mod densify;
mod geohash;
mod h3cell;
mod h3cover;
mod line;
mod near;
mod overlay;
mod point;
mod polygon;
mod ring;
mod s2cell;
mod shape;
mod simplify;
mod split;
mod vector;
mod wkt;

use super::Function;

/// The families of functions of places.
pub(super) const FAMILIES: &[&[Function]] = &[
    buffer::FUNCTIONS,
    common::FUNCTIONS,
    cover::FUNCTIONS,
    densify::FUNCTIONS,
    geohash::FUNCTIONS,
    h3cell::FUNCTIONS,
    h3cover::FUNCTIONS,
    line::FUNCTIONS,
    point::FUNCTIONS,
    polygon::FUNCTIONS,
    s2cell::FUNCTIONS,
    simplify::FUNCTIONS,
    wkt::FUNCTIONS,
];
