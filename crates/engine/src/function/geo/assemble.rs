//! Loose directed edges put together: rings with the region to their left, and chains.
//!
//! Where results begin and how they follow each other is that of the S2 library's builder, since answers show it.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::cell::CellId;
use super::ring::Ring;
use super::vector::{Key, Vector, order};

/// A directed edge, and its number in the order of the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) from: Vector,
    pub(super) to: Vector,
    pub(super) number: usize,
}

/// The edges as a graph whose vertices are numbered along the curve of the cells.
struct Graph {
    places: Vec<Vector>,
    /// From, to and number of each edge, sorted.
    edges: Vec<(usize, usize, usize)>,
}

impl Graph {
    /// Of edges that are the same, the first stays.
    fn new(parts: &[Part]) -> Graph {
        let mut places: Vec<Vector> = parts.iter().flat_map(|part| [part.from, part.to]).collect();
        places.sort_by(|a, b| CellId::of(*a).cmp(&CellId::of(*b)).then(order(*a, *b)));
        places.dedup();
        let numbers: HashMap<Key, usize> = places.iter().enumerate().map(|(number, place)| (place.key(), number)).collect();
        let number = |place: Vector| numbers.get(&place.key()).copied().unwrap_or(0);
        let mut edges: Vec<_> = parts.iter().map(|part| (number(part.from), number(part.to), part.number)).collect();
        edges.sort_unstable();
        edges.dedup_by_key(|edge| (edge.0, edge.1));
        Graph { places, edges }
    }

    /// The edges that leave a vertex.
    fn leaving(&self, vertex: usize) -> std::ops::Range<usize> {
        self.edges.partition_point(|edge| edge.0 < vertex)..self.edges.partition_point(|edge| edge.0 <= vertex)
    }

    /// For each edge the one that follows by the sharpest turn to the left.
    fn left_turns(&self) -> Vec<Option<usize>> {
        let turn = |(from, at, _): &(usize, usize, usize)| {
            let around = Around::new(self.places[*at]);
            let back = around.direction(self.places[*from]);
            self.leaving(*at).min_by(|a, b| {
                let clockwise = |edge: usize| {
                    let turned = (back - around.direction(self.places[self.edges[edge].1])).rem_euclid(std::f64::consts::TAU);
                    // Straight back comes last.
                    if self.edges[edge].1 == *from { std::f64::consts::TAU } else { turned }
                };
                clockwise(*a).total_cmp(&clockwise(*b))
            })
        };
        self.edges.iter().map(turn).collect()
    }
}

/// Directions around a place.
struct Around {
    at: Vector,
    east: Vector,
    north: Vector,
}

impl Around {
    fn new(at: Vector) -> Around {
        let east = at.reference();
        Around { at, east, north: at.cross(east) }
    }

    /// The direction of another place, counterclockwise in radians.
    fn direction(&self, other: Vector) -> f64 {
        let away = other - self.at;
        away.dot(self.north).atan2(away.dot(self.east))
    }
}

/// The edges as rings that visit no vertex twice. Edges that close no ring are left out.
pub(super) fn rings(parts: &[Part]) -> Vec<Ring> {
    let graph = Graph::new(parts);
    let mut next = graph.left_turns();
    let mut found: Vec<Vec<usize>> = Vec::new();
    for start in 0..graph.edges.len() {
        let mut path: Vec<usize> = Vec::new();
        let mut edge = start;
        while let Some(following) = next[edge].take() {
            path.push(edge);
            let end = graph.edges[edge].1;
            if let Some(from) = path.iter().position(|edge| graph.edges[*edge].0 == end) {
                found.push(turned(path.split_off(from), &graph));
            }
            edge = following;
        }
    }
    found.sort_by_key(|ring| ring.first().map(|edge| graph.edges[*edge].2));
    let places = |ring: &Vec<usize>| ring.iter().map(|edge| graph.places[graph.edges[*edge].0]).collect::<Vec<_>>();
    found.iter().filter(|ring| ring.len() >= 3).map(|ring| Ring::new(places(ring))).collect()
}

/// A ring turned so that the edge of the highest number comes last; of several in a row, the last.
fn turned(mut ring: Vec<usize>, graph: &Graph) -> Vec<usize> {
    let numbers: Vec<usize> = ring.iter().map(|edge| graph.edges[*edge].2).collect();
    let (mut last, mut gap) = (0, false);
    for (position, number) in numbers.iter().enumerate().skip(1) {
        match number.cmp(&numbers[last]) {
            Ordering::Less => gap = true,
            Ordering::Equal if gap => {}
            _ => (last, gap) = (position, false),
        }
    }
    ring.rotate_left((last + 1) % numbers.len());
    ring
}

/// The edges as chains that begin and end where they fork or end.
pub(super) fn chains(parts: &[Part]) -> Vec<Vec<Vector>> {
    let graph = Graph::new(parts);
    let mut entering = vec![0_usize; graph.places.len()];
    graph.edges.iter().for_each(|edge| entering[edge.1] += 1);
    let inner = |vertex: usize| entering[vertex] == 1 && graph.leaving(vertex).len() == 1;
    let mut by_number: Vec<usize> = (0..graph.edges.len()).collect();
    by_number.sort_by_key(|edge| graph.edges[*edge].2);
    let mut used = vec![false; graph.edges.len()];
    let mut found: Vec<(usize, Vec<Vector>)> = Vec::new();
    // First what begins at an end or a fork, then what is left: closed chains.
    for open in [true, false] {
        for &start in &by_number {
            if used[start] || (open && inner(graph.edges[start].0)) {
                continue;
            }
            let mut chain = vec![graph.places[graph.edges[start].0]];
            let mut edge = start;
            loop {
                used[edge] = true;
                let end = graph.edges[edge].1;
                chain.push(graph.places[end]);
                match graph.leaving(end).next() {
                    Some(following) if inner(end) && !used[following] => edge = following,
                    _ => break,
                }
            }
            found.push((graph.edges[start].2, chain));
        }
    }
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, chain)| chain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(places: &[(f64, f64)], first: usize) -> Vec<Part> {
        let place = |position: usize| Vector::of_degrees(places[position % places.len()]);
        (0..places.len()).map(|i| Part { from: place(i), to: place(i + 1), number: first + i }).collect()
    }

    #[test]
    fn rings_that_touch_stay_two() {
        let mut both = parts(&[(0.0, 0.0), (-1.0, 1.0), (-1.0, -1.0)], 0);
        both.extend(parts(&[(0.0, 0.0), (1.0, -1.0), (1.0, 1.0)], 3));
        let rings = rings(&both);
        assert_eq!(rings.iter().map(|ring| ring.vertices.len()).collect::<Vec<_>>(), [3, 3]);
        assert_eq!(rings[0].at(0), Vector::of_degrees((0.0, 0.0)));
    }

    #[test]
    fn chains_follow_the_input() {
        let line = parts(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 1.0)], 0);
        assert_eq!(chains(&line[..3]).iter().map(Vec::len).collect::<Vec<_>>(), [4]);
        assert_eq!(chains(&line).iter().map(Vec::len).collect::<Vec<_>>(), [5]);
    }
}
