//! Lines: how long they are, where their middle is, and places on them.

use super::super::Function;
use super::argument::{flag, of_shape, place};
use super::near::Edge;
use super::overlay::union_of_lines;
use super::point::distance;
use super::shape::{Lines, lines, point};
use super::vector::{RADIUS_M, Vector, along, distance_to_edge, project};
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::prepared("geo_line_length", |call| {
        of_shape(call, 0, lines, |lines, _| Some(Cell::Real(length(&united(lines)) * RADIUS_M)))
    }),
    Function::prepared("geo_line_centroid", |call| {
        of_shape(call, 0, lines, |lines, _| Some(Cell::json(&point(centroid(&united(lines))))))
    }),
    Function::prepared("geo_line_interpolate_point", |call| {
        of_shape(call, 0, lines, |lines, cells| {
            let share = cells[1].as_real().filter(|share| (0.0..=1.0).contains(share))?;
            Some(Cell::json(&point(at_share(single(lines)?, share))))
        })
    }),
    Function::prepared("geo_line_locate_point", |call| {
        of_shape(call, 0, lines, |lines, cells| Some(Cell::Real(share_of(single(lines)?, place(cells, 1)?, flag(cells, 3)))))
    }),
    Function::prepared("geo_closest_point_on_line", |call| {
        of_shape(call, 2, lines, |lines, cells| Some(Cell::json(&point(closest(lines.edges(), place(cells, 0)?)?))))
    }),
    Function::prepared("geo_distance_point_to_line", |call| {
        of_shape(call, 2, lines, |lines, cells| Some(Cell::Real(to_edges(lines.edges(), place(cells, 0)?)? * RADIUS_M)))
    }),
];

/// The place on edges that is nearest to `at`.
pub(super) fn closest(edges: impl Iterator<Item = Edge>, at: Vector) -> Option<Vector> {
    let (a, b) = edges.min_by(|x, y| distance_to_edge(at, x.0, x.1).total_cmp(&distance_to_edge(at, y.0, y.1)))?;
    Some(project(at, a, b))
}

/// The distance to edges in radians.
pub(super) fn to_edges(edges: impl Iterator<Item = Edge>, at: Vector) -> Option<f64> {
    edges.map(|(a, b)| distance_to_edge(at, a, b)).min_by(f64::total_cmp)
}

/// Several lines without what they share twice; a single one as it is.
fn united(lines: &Lines) -> Lines {
    if lines.chains.len() > 1 { union_of_lines([lines]) } else { lines.clone() }
}

/// The line, if it is one.
fn single(lines: &Lines) -> Option<&[Vector]> {
    match &*lines.chains {
        [chain] => Some(chain),
        _ => None,
    }
}

fn length(lines: &Lines) -> f64 {
    lines.edges().map(|(a, b)| a.angle(b)).sum()
}

fn centroid(lines: &Lines) -> Vector {
    let weigh = |sum: Vector, (a, b): Edge| {
        let (across, middle) = (a - b, a + b);
        sum + middle * (across.dot(across) / middle.dot(middle)).sqrt()
    };
    lines.edges().fold(Vector::new(0.0, 0.0, 0.0), weigh).unit()
}

/// The place at a share of a line's length.
fn at_share(chain: &[Vector], share: f64) -> Vector {
    let edges = || chain.windows(2).map(|pair| (pair[0], pair[1], pair[0].angle(pair[1])));
    let mut left = share * edges().map(|(_, _, length)| length).sum::<f64>();
    for (a, b, length) in edges() {
        if left < length {
            return along(a, b, left);
        }
        left -= length;
    }
    chain[chain.len() - 1]
}

/// The share of a line's length that lies before the place on it nearest to `at`.
fn share_of(chain: &[Vector], at: Vector, spheroid: bool) -> f64 {
    let measure = |a: Vector, b: Vector| if spheroid { distance(a.to_degrees(), b.to_degrees(), true) } else { a.angle(b) };
    let away = |pair: &[Vector]| distance_to_edge(at, pair[0], pair[1]);
    let Some((nearest, pair)) = chain.windows(2).enumerate().min_by(|a, b| away(a.1).total_cmp(&away(b.1))) else { return 0.0 };
    let until = |pairs: usize| chain.windows(2).take(pairs).map(|pair| measure(pair[0], pair[1])).sum::<f64>();
    let before = until(nearest) + measure(pair[0], project(at, pair[0], pair[1]));
    (before / until(chain.len())).min(1.0)
}
