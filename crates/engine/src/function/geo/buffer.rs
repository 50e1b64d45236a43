//! Shapes with all that is within a distance of them.
//!
//! A circle becomes a regular polygon with its vertices on the circle and as few of them as the tolerance allows. What surrounds
//! an edge is two half circles and the sides between them; what surrounds a shape is what surrounds its edges, together.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use super::super::Function;
use super::argument::{number, of_shape, place};
use super::overlay::union_all;
use super::polygon::united;
use super::ring::{Region, Ring};
use super::shape::{lines, write_region};
use super::vector::{RADIUS_M, Vector, interpolate, normal};
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::row("geo_point_buffer", |_, cells| {
        let circle = place(cells, 0).zip(Reach::of(cells, 2)).and_then(|(at, reach)| reach.around_point(at));
        circle.map_or(Cell::Null, |region| written(&region).unwrap_or(Cell::Null))
    }),
    Function::prepared("geo_line_buffer", |call| {
        of_shape(call, 0, lines, |lines, cells| {
            let reach = Reach::of(cells, 1)?;
            written(&reach.around(lines.edges().collect(), Vec::new())?)
        })
    }),
    Function::prepared("geo_polygon_buffer", |call| {
        of_shape(call, 0, united, |region, cells| {
            let reach = Reach::of(cells, 1)?;
            written(&reach.around(region.edges().collect(), vec![region.clone()])?)
        })
    }),
];

/// How far a polygon may be off a circle, in meters, unless told otherwise.
pub(super) const TOLERANCE_M: f64 = 10.0;

fn written(region: &Region) -> Option<Cell<'static>> {
    Some(Cell::json(&write_region(region)?))
}

/// A region with all that is within `radius` meters of it.
pub(super) fn buffered(region: &Region, radius: f64, tolerance: f64) -> Option<Region> {
    Reach::new(radius, tolerance)?.around(region.edges().collect(), vec![region.clone()])
}

/// A distance, and the angle between vertices of circles of that radius.
struct Reach {
    radius: f64,
    step: f64,
}

impl Reach {
    /// The radius of argument `at` and the tolerance of the one that follows.
    fn of(cells: &[Cell<'_>], at: usize) -> Option<Reach> {
        Reach::new(cells[at].as_real()?, number(cells, at + 1, TOLERANCE_M)?)
    }

    fn new(radius: f64, tolerance: f64) -> Option<Reach> {
        // The tolerance is at least a millionth of the radius, and less than the radius.
        let share = (tolerance / radius).min(0.999_999);
        let radius = radius / RADIUS_M;
        let valid = radius.is_finite() && radius > 0.0 && share >= 0.999_999e-6 && radius < FRAC_PI_2;
        let inner = radius * (1.0 - share);
        let step = (2.0 * (inner.tan() / radius.tan()).acos()).min(TAU / 3.0);
        valid.then_some(Reach { radius, step })
    }

    /// The region within reach of a place.
    fn around_point(&self, at: Vector) -> Option<Region> {
        let count = (TAU / self.step - 1e-9).ceil().max(3.0);
        let vertices = self.arc(at, at.reference(), TAU, count);
        Some(Region { rings: vec![Ring::new(vertices).normalized()] })
    }

    /// `count` vertices of the circle around a place, counterclockwise from a direction.
    fn arc(&self, at: Vector, from: Vector, angle: f64, count: f64) -> Vec<Vector> {
        let left = at.cross(from);
        let vertex = |n: u32| {
            let turned = angle * f64::from(n) / count;
            let direction = from * turned.cos() + left * turned.sin();
            (at * self.radius.cos() + direction * self.radius.sin()).unit()
        };
        (0..count as u32).map(vertex).collect()
    }

    /// The region within reach of an edge shorter than a right angle.
    fn around_edge(&self, a: Vector, b: Vector) -> Region {
        let pole = normal(a, b).unit();
        let count = (PI / self.step - 1e-9).ceil().max(2.0);
        // From the right of the edge around its end, and back on its left around its start.
        let half = |at: Vector, from: Vector| {
            let mut half = self.arc(at, from, PI, count);
            half.push((at * self.radius.cos() - from * self.radius.sin()).unit());
            half
        };
        let mut vertices = half(b, -pole);
        vertices.extend(half(a, pole));
        Region { rings: vec![Ring::new(vertices).normalized()] }
    }

    fn around(&self, edges: Vec<(Vector, Vector)>, mut regions: Vec<Region>) -> Option<Region> {
        for (a, b) in edges {
            // The sides of what surrounds a long edge are no arcs of great circles: it is cut until they are within the
            // tolerance.
            let pieces = (a.angle(b) / self.step.min(FRAC_PI_2)).ceil().max(1.0) as u32;
            for n in 0..pieces {
                let at = |n: u32| interpolate(a, b, f64::from(n) / f64::from(pieces));
                regions.push(self.around_edge(at(n), at(n + 1)));
            }
        }
        let region = union_all(regions);
        (!region.rings.is_empty()).then_some(region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Vector {
        Vector::of_degrees((longitude, latitude))
    }

    #[test]
    fn a_circle_is_as_large_as_it_should_be() {
        let reach = Reach::new(20_000.0, 10.0).and_then(|reach| reach.around_point(at(-115.0, 36.0)));
        let area = reach.map_or(0.0, |region| region.area() * RADIUS_M * RADIUS_M);
        assert!((area / (PI * 4e8) - 1.0).abs() < 2e-3, "{area}");
        assert!(Reach::new(0.0, 10.0).is_none() && Reach::new(-1.0, 10.0).is_none() && Reach::new(10.0, 0.0).is_none());
    }

    #[test]
    fn what_surrounds_a_bent_line_is_one_polygon() {
        let reach = Reach::new(1000.0, 1.0);
        let edges = vec![(at(0.0, 0.0), at(1.0, 0.0)), (at(1.0, 0.0), at(1.0, 1.0))];
        let region = reach.and_then(|reach| reach.around(edges, Vec::new())).unwrap_or_default();
        assert_eq!(region.rings.len(), 1);
        assert!(region.contains(at(0.5, 0.008)) && region.contains(at(0.5, -0.008)) && !region.contains(at(0.5, 0.01)));
        assert!(region.contains(at(1.005, -0.005)) && !region.contains(at(-0.01, 0.0)));
    }
}
