//! Straight lines of a map turned into arcs: points put in wherever an arc would stray too far from the line.
//!
//! An edge is halved until what lies between is near enough, as S2's edge tessellator does it.

use serde_json::{Value as Json, json};

use super::super::Function;
use super::argument::{flag, number, of_shape};
use super::shape::{Places, line_places, lines, polygon_places, position, regions, shape};
use super::vector::{RADIUS_M, Vector, interpolate};
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::prepared("geo_line_densify", |call| {
        of_shape(
            call,
            0,
            |shape| lines(shape).and_then(|_| line_places(shape)),
            |lines, cells| {
                let mut dense = Dense::new(cells)?;
                let lines: Vec<Json> = lines.iter().map(|line| dense.line(line)).collect::<Option<_>>()?;
                Some(Cell::json(&one_or_many("LineString", lines)))
            },
        )
    }),
    Function::prepared("geo_polygon_densify", |call| {
        of_shape(
            call,
            0,
            |shape| regions(shape).and_then(|_| polygon_places(shape)),
            |polygons, cells| {
                let mut dense = Dense::new(cells)?;
                let mut polygon = |rings: &Vec<Places>| rings.iter().map(|ring| dense.line(ring)).collect::<Option<Json>>();
                let polygons: Vec<Json> = polygons.iter().map(&mut polygon).collect::<Option<_>>()?;
                Some(Cell::json(&one_or_many("Polygon", polygons)))
            },
        )
    }),
];

/// Points of a result at most.
const POINTS_MAX: usize = 10_485_760;

/// Where along an edge the arc strays most from the line, about.
const STRAYS_AT: f64 = 0.312_156_910_822_483_12;

/// What is found there, against the most there is.
const FOUND: f64 = 0.838_299_925_698_885_1;

/// Edges cut no finer than this many times: an edge of half the globe into pieces of millimeters.
const DEPTH_MAX: u32 = 34;

/// What densifying keeps to.
struct Dense {
    /// In radians.
    tolerance: f64,
    /// Edges cross the 180th meridian where that is shorter.
    crossing: bool,
    points: usize,
}

impl Dense {
    fn new(cells: &[Cell<'_>]) -> Option<Dense> {
        let tolerance = number(cells, 1, 10.0).filter(|meters| (0.1..=10_000.0).contains(meters))?;
        Some(Dense { tolerance: FOUND * tolerance / RADIUS_M, crossing: flag(cells, 2), points: 0 })
    }

    fn line(&mut self, places: &Places) -> Option<Json> {
        let mut dense = vec![places[0]];
        for pair in places.windows(2) {
            let (from, mut to) = (pair[0], pair[1]);
            if self.crossing && (to.0 - from.0).abs() > 180.0 {
                to.0 -= 360.0_f64.copysign(to.0 - from.0);
            }
            self.edge(from, to, 0, &mut dense)?;
        }
        self.points += dense.len();
        let around = |longitude: f64| if longitude.abs() > 180.0 { longitude - 360.0_f64.copysign(longitude) } else { longitude };
        Some(dense.into_iter().map(|(longitude, latitude)| position((around(longitude), latitude))).collect())
    }

    fn edge(&self, from: (f64, f64), to: (f64, f64), depth: u32, into: &mut Places) -> Option<()> {
        if self.points + into.len() > POINTS_MAX {
            return None;
        }
        if depth >= DEPTH_MAX || strays(from, to) <= self.tolerance {
            into.push(to);
            return Some(());
        }
        let middle = between(from, to, 0.5);
        self.edge(from, middle, depth + 1, into)?;
        self.edge(middle, to, depth + 1, into)
    }
}

fn between(from: (f64, f64), to: (f64, f64), share: f64) -> (f64, f64) {
    ((1.0 - share) * from.0 + share * to.0, (1.0 - share) * from.1 + share * to.1)
}

/// How far the arc strays from the line, in radians; without end for edges that are too long to tell.
fn strays(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (a, b) = (Vector::of_degrees(from), Vector::of_degrees(to));
    if a.dot(b) < -1e-14 {
        return f64::INFINITY;
    }
    let at = |share: f64| interpolate(a, b, share).angle(Vector::of_degrees(between(from, to, share)));
    at(STRAYS_AT).max(at(1.0 - STRAYS_AT))
}

fn one_or_many(kind: &str, mut all: Vec<Json>) -> Json {
    if all.len() == 1 { shape(kind, all.remove(0)) } else { json!({"type": format!("Multi{kind}"), "coordinates": all}) }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::super::testing::{dynamic, eval};
    use super::*;

    fn dense(line: &str, more: &[Cell<'static>]) -> Cell<'static> {
        let mut args = vec![dynamic(&format!(r#"{{"type":"LineString","coordinates":{line}}}"#))];
        args.extend_from_slice(more);
        eval("geo_line_densify", &args, Type::Dynamic)
    }

    #[test]
    fn edges_are_halved() {
        let eighths = "[[50,50],[50.125,50.125],[50.25,50.25],[50.375,50.375],[50.5,50.5],[50.625,50.625],[50.75,50.75],\
                       [50.875,50.875],[51,51]]";
        let expected = dynamic(&format!(r#"{{"type":"LineString","coordinates":{eighths}}}"#));
        assert_eq!(dense("[[50,50],[51,51]]", &[]), expected);
        assert_eq!(dense("[[50,50],[51,51]]", &[Cell::Int(0)]), Cell::Null);
    }

    #[test]
    fn the_180th_meridian_is_crossed_if_asked() {
        let crossing = dense("[[179,0],[-179,0]]", &[Cell::Int(10), Cell::Bool(true)]);
        assert_eq!(crossing, dynamic(r#"{"type":"LineString","coordinates":[[179,0],[-179,0]]}"#));
    }
}
