//! Points: directions, distances, circles, and which polygon holds them.

use std::f64::consts::TAU;

use geographiclib_rs::{Geodesic, InverseGeodesic};

use super::super::Function;
use super::argument::{degrees, flag, of_shape, place};
use super::shape::regions;
use super::vector::{Degrees, RADIUS_M, Vector};
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::row("geo_azimuth", |_, cells| real(direction(cells, 0, 2))),
    Function::row("geo_angle", |_, cells| {
        let turned = direction(cells, 2, 0).zip(direction(cells, 2, 4)).map(|(back, ahead)| (ahead - back).rem_euclid(TAU));
        real(turned)
    }),
    Function::row("geo_distance_2points", |_, cells| match (degrees(cells, 0), degrees(cells, 2)) {
        (Some(a), Some(b)) => Cell::Real(distance(a, b, flag(cells, 4))),
        _ => Cell::Null,
    }),
    Function::row("geo_point_in_circle", |_, cells| match (degrees(cells, 0), degrees(cells, 2), cells[4].as_real()) {
        (Some(a), Some(b), Some(radius)) if radius > 0.0 => Cell::Bool(distance(a, b, false) <= radius),
        _ => Cell::Null,
    }),
    Function::prepared("geo_point_in_polygon", |call| {
        of_shape(call, 2, regions, |regions, cells| {
            let at = place(cells, 0)?;
            Some(Cell::Bool(regions.iter().any(|region| region.contains(at))))
        })
    }),
];

fn real(value: Option<f64>) -> Cell<'static> {
    value.map_or(Cell::Null, Cell::Real)
}

/// The shortest way between two places in meters, over the sphere or over the spheroid of WGS-84.
pub(super) fn distance(a: Degrees, b: Degrees, spheroid: bool) -> f64 {
    if spheroid {
        return Geodesic::wgs84().inverse(a.1, a.0, b.1, b.0);
    }
    let (lat_a, lat_b) = (a.1.to_radians(), b.1.to_radians());
    let half = ((lat_b - lat_a) / 2.0).sin().powi(2);
    let turned = lat_a.cos() * lat_b.cos() * ((b.0 - a.0).to_radians() / 2.0).sin().powi(2);
    2.0 * RADIUS_M * (half + turned).min(1.0).sqrt().asin()
}

/// The direction from one place to another, clockwise from north in radians; `None` between the same or opposite places.
fn direction(cells: &[Cell<'_>], from: usize, to: usize) -> Option<f64> {
    let (a, b) = (degrees(cells, from)?, degrees(cells, to)?);
    let (at, other) = (Vector::of_degrees(a), Vector::of_degrees(b));
    if at.angle(other) < 1e-15 || at.angle(-other) < 1e-15 {
        return None;
    }
    let (lat_a, lat_b, turn) = (a.1.to_radians(), b.1.to_radians(), (b.0 - a.0).to_radians());
    let east = turn.sin() * lat_b.cos();
    let north = lat_a.cos() * lat_b.sin() - lat_a.sin() * lat_b.cos() * turn.cos();
    Some(east.atan2(north).rem_euclid(TAU))
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::super::testing::{dynamic, eval};
    use super::*;

    #[test]
    fn distances_and_circles() {
        let (seattle, los_angeles) = ((-122.407628, 47.578557), (-118.275287, 34.019056));
        assert!((distance(seattle, los_angeles, false) - 1_546_754.351_973_81).abs() < 1e-6);
        let spheroid = distance(seattle, los_angeles, true);
        assert!((spheroid - 1_546_754.0).abs() < 5000.0 && (spheroid - 1_546_754.351_973_81).abs() > 1.0);
        let args = [200.0, 1.0, 1.0, 1.0, 1.0].map(Cell::Real);
        assert_eq!(eval("geo_point_in_circle", &args, Type::Bool), Cell::Null);
        let args = [-122.137575, 47.630683, -122.100896, 47.527351, 3500.0].map(Cell::Real);
        assert_eq!(eval("geo_point_in_circle", &args, Type::Bool), Cell::Bool(false));
    }

    #[test]
    fn polygons_and_their_holes() {
        let shape = r#"{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]],[[4,4],[6,4],[6,6],[4,6],[4,4]]]}"#;
        let inside = |x, y| eval("geo_point_in_polygon", &[Cell::Real(x), Cell::Real(y), dynamic(shape)], Type::Bool);
        assert_eq!(
            (inside(1.0, 1.0), inside(5.0, 5.0), inside(20.0, 5.0)),
            (Cell::Bool(true), Cell::Bool(false), Cell::Bool(false))
        );
        assert_eq!(inside(-175.0, -5.0), Cell::Bool(false));
        assert_eq!(eval("geo_point_in_polygon", &[Cell::Real(1.0), Cell::Real(1.0), dynamic("{}")], Type::Bool), Cell::Null);
    }
}
