//! Two sets of edges, each cut where it meets the other.

use std::collections::{HashMap, HashSet};

use super::near::{Edge, near_pairs};
use super::vector::{Key, Meeting, Vector, crossing, distance_to_edge, meeting};

/// Places closer than this, in radians, are one place: twice what rounding may displace a crossing.
const SAME: f64 = 8.0 * f64::EPSILON;

/// A part of an edge that meets the other set at its ends at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) from: Vector,
    pub(super) to: Vector,
    /// The number of the edge in its set.
    pub(super) edge: usize,
}

impl Piece {
    /// The middle.
    pub(super) fn middle(&self) -> Vector {
        (self.from + self.to).unit()
    }

    /// The ends, as a key.
    pub(super) fn ends(&self) -> (Key, Key) {
        (self.from.key(), self.to.key())
    }
}

/// What cutting gives.
pub(super) struct Split {
    /// The pieces of either set, edge by edge.
    pub(super) pieces: [Vec<Piece>; 2],
    /// The places where the sets meet.
    pub(super) contacts: HashMap<Key, Vector>,
}

/// Cuts the edges of two sets where they cross, touch or overlap.
pub(super) fn split(first: &[Edge], second: &[Edge]) -> Split {
    let moved = moves(first, second);
    let second: Vec<Edge> = second.iter().map(|(a, b)| (settled(*a, &moved), settled(*b, &moved))).collect();
    let mut cuts = [vec![Vec::new(); first.len()], vec![Vec::new(); second.len()]];
    let mut contacts = HashMap::new();
    near_pairs(first, &second, |i, j| {
        let met = meet(first[i], second[j]);
        for place in met {
            contacts.insert(place.key(), place);
            cuts[0][i].push(place);
            cuts[1][j].push(place);
        }
        true
    });
    let [first_cuts, second_cuts] = cuts;
    Split { pieces: [cut(first, first_cuts), cut(&second, second_cuts)], contacts }
}

/// Where vertices of `second` go that are next to a vertex of `first`: onto it.
fn moves(first: &[Edge], second: &[Edge]) -> HashMap<Key, Vector> {
    let known: HashSet<Key> = first.iter().flat_map(|(a, b)| [a.key(), b.key()]).collect();
    let dots = |edges: &[Edge]| edges.iter().map(|(a, _)| (*a, *a)).chain(edges.iter().map(|(_, b)| (*b, *b))).collect();
    let (at_first, at_second): (Vec<Edge>, Vec<Edge>) = (dots(first), dots(second));
    let mut moved = HashMap::new();
    near_pairs(&at_first, &at_second, |i, j| {
        let (there, here) = (at_first[i].0, at_second[j].0);
        if !known.contains(&here.key()) && (there - here).norm() <= SAME {
            moved.entry(here.key()).or_insert(there);
        }
        true
    });
    moved
}

fn settled(place: Vector, moved: &HashMap<Key, Vector>) -> Vector {
    moved.get(&place.key()).copied().unwrap_or(place)
}

/// Whether any edge of one set meets one of the other.
pub(super) fn touch(first: &[Edge], second: &[Edge]) -> bool {
    let mut apart = true;
    near_pairs(first, second, |i, j| {
        apart = meet(first[i], second[j]).is_empty();
        apart
    });
    !apart
}

/// Where two edges meet: vertices of the one on the other, or the point where they cross.
fn meet((a, b): Edge, (c, d): Edge) -> Vec<Vector> {
    let on = |place: Vector, (a, b): Edge| place == a || place == b || distance_to_edge(place, a, b) <= SAME;
    let mut met: Vec<Vector> = [c, d].into_iter().filter(|place| on(*place, (a, b))).collect();
    for place in [a, b] {
        if !met.contains(&place) && on(place, (c, d)) {
            met.push(place);
        }
    }
    if met.is_empty() && meeting(a, b, c, d) == Meeting::Cross {
        met.push(crossing(a, b, c, d));
    }
    met
}

fn cut(edges: &[Edge], cuts: Vec<Vec<Vector>>) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(edges.len());
    for (edge, ((from, to), mut inside)) in edges.iter().zip(cuts).enumerate() {
        let away = |place: &Vector| (*place - *from).norm();
        inside.retain(|place| place != from && place != to);
        inside.sort_by(|a, b| away(a).total_cmp(&away(b)));
        inside.dedup();
        inside.push(*to);
        let mut start = *from;
        for end in inside {
            if start != end {
                pieces.push(Piece { from: start, to: end, edge });
            }
            start = end;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(a: (f64, f64), b: (f64, f64)) -> Edge {
        (Vector::of_degrees(a), Vector::of_degrees(b))
    }

    #[test]
    fn crossings_cut_both() {
        let split = split(&[edge((-1.0, 0.0), (1.0, 0.0))], &[edge((0.0, -1.0), (0.0, 1.0))]);
        assert_eq!((split.pieces[0].len(), split.pieces[1].len(), split.contacts.len()), (2, 2, 1));
    }

    #[test]
    fn edges_along_one_meridian_share_their_overlap() {
        let split = split(&[edge((10.0, 0.0), (10.0, 2.0))], &[edge((10.0, 3.0), (10.0, 1.0))]);
        let [first, second] = &split.pieces;
        assert_eq!((first.len(), second.len()), (2, 2));
        assert_eq!(first[1].ends(), (second[1].to.key(), second[1].from.key()));
    }
}
