//! Regions and lines laid over each other: what they have in common, and what they cover together.
//!
//! What belongs to a region here includes its edges and vertices, so that two regions may meet in a line or a point.

use std::collections::{HashMap, HashSet};

use super::assemble::{Part, chains, rings};
use super::near::Edge;
use super::ring::Region;
use super::shape::Lines;
use super::split::{Piece, Split, split};
use super::vector::{Key, Vector};

/// What shapes have in common, by dimension.
#[derive(Clone, Debug, Default)]
pub(super) struct Common {
    pub(super) points: Vec<Vector>,
    pub(super) chains: Vec<Vec<Vector>>,
    pub(super) region: Region,
}

/// Where a piece of one boundary lies against another region.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Inside,
    Outside,
    /// On the boundary, run through in the same direction.
    With,
    /// On the boundary, run through in the other direction.
    Against,
}

/// Both ways in which another boundary's pieces run.
struct Other<'a> {
    region: &'a Region,
    pieces: HashSet<(Key, Key)>,
}

impl Other<'_> {
    fn sides(&self, pieces: &[Piece], contacts: &HashMap<Key, Vector>) -> Vec<Side> {
        let mut sides: Vec<Side> = Vec::with_capacity(pieces.len());
        for (position, piece) in pieces.iter().enumerate() {
            let (from, to) = piece.ends();
            let before = position.checked_sub(1).map(|before| (pieces[before], sides[before]));
            sides.push(match before {
                _ if self.pieces.contains(&(from, to)) => Side::With,
                _ if self.pieces.contains(&(to, from)) => Side::Against,
                // Between places where the boundaries meet the side does not change.
                Some((before, side @ (Side::Inside | Side::Outside)))
                    if before.to == piece.from && !contacts.contains_key(&from) =>
                {
                    side
                }
                _ if self.region.contains(piece.middle()) => Side::Inside,
                _ => Side::Outside,
            });
        }
        sides
    }
}

fn other<'a>(region: &'a Region, pieces: &[Piece]) -> Other<'a> {
    Other { region, pieces: pieces.iter().map(Piece::ends).collect() }
}

/// The pieces of two regions' boundaries, and where each lies against the other region.
struct Laid {
    split: Split,
    sides: [Vec<Side>; 2],
    first_edges: usize,
}

impl Laid {
    fn new(first: &Region, second: &Region) -> Laid {
        let edges = [first, second].map(|region| region.edges().collect::<Vec<Edge>>());
        let split = split(&edges[0], &edges[1]);
        let [of_first, of_second] = &split.pieces;
        let sides =
            [other(second, of_second).sides(of_first, &split.contacts), other(first, of_first).sides(of_second, &split.contacts)];
        Laid { split, sides, first_edges: edges[0].len() }
    }

    /// The pieces of either boundary that `keep` wants, numbered through.
    fn parts(&self, keep: impl Fn(usize, Side) -> bool) -> Vec<Part> {
        let numbered = (0..2).flat_map(|set| {
            let offset = set * self.first_edges;
            self.split.pieces[set].iter().zip(&self.sides[set]).map(move |(piece, side)| (set, offset, piece, *side))
        });
        numbered
            .filter(|(set, _, _, side)| keep(*set, *side))
            .map(|(_, offset, piece, _)| Part { from: piece.from, to: piece.to, number: offset + piece.edge })
            .collect()
    }
}

/// What two regions cover together.
pub(super) fn union(first: &Region, second: &Region) -> Region {
    let laid = Laid::new(first, second);
    let parts = laid.parts(|set, side| side == Side::Outside || (set == 0 && side == Side::With));
    nested(Region { rings: rings(&parts) })
}

/// What several regions cover together. The two with the fewest vertices are joined first, as S2 does.
pub(super) fn union_all(regions: Vec<Region>) -> Region {
    let size = |region: &Region| region.rings.iter().map(|ring| ring.vertices.len()).sum::<usize>();
    let mut queue: Vec<(usize, Region)> = regions.into_iter().map(|region| (size(&region), region)).collect();
    queue.sort_by_key(|(size, _)| *size);
    while let [(first_size, first), (second_size, second), ..] = &*queue {
        let (size, joined) = (first_size + second_size, union(first, second));
        queue.drain(..2);
        let place = queue.partition_point(|(other, _)| *other <= size);
        queue.insert(place, (size, joined));
    }
    queue.pop().map(|(_, region)| region).unwrap_or_default()
}

/// The rings in the order in which shapes are written: each shell before its holes.
pub(super) fn nested(region: Region) -> Region {
    if region.rings.iter().all(|ring| !ring.is_hole()) {
        return region;
    }
    let rings = region.parts().into_iter().flat_map(|(shell, holes)| std::iter::once(shell).chain(holes).cloned()).collect();
    Region { rings }
}

/// What two regions have in common.
pub(super) fn intersection(first: &Region, second: &Region) -> Common {
    let laid = Laid::new(first, second);
    let parts = laid.parts(|set, side| side == Side::Inside || (set == 0 && side == Side::With));
    let seams = laid.parts(|set, side| set == 0 && side == Side::Against);
    let points = lonely(&laid.split.contacts, parts.iter().chain(&seams));
    Common { points, chains: chains(&seams), region: nested(Region { rings: rings(&parts) }) }
}

/// What lines and a region have in common.
pub(super) fn clip(lines: &Lines, region: &Region) -> Common {
    let edges: Vec<Edge> = lines.edges().collect();
    let boundary: Vec<Edge> = region.edges().collect();
    let split = split(&edges, &boundary);
    let sides = other(region, &split.pieces[1]).sides(&split.pieces[0], &split.contacts);
    let kept = split.pieces[0].iter().zip(sides).filter(|(_, side)| *side != Side::Outside);
    let parts: Vec<Part> = kept.map(|(piece, _)| Part { from: piece.from, to: piece.to, number: piece.edge }).collect();
    Common { points: lonely(&split.contacts, &parts), chains: chains(&parts), region: Region::default() }
}

/// What lines have in common with other lines.
pub(super) fn intersection_of_lines(first: &Lines, second: &Lines) -> Common {
    let edges = [first, second].map(|lines| lines.edges().collect::<Vec<Edge>>());
    let split = split(&edges[0], &edges[1]);
    let theirs: HashSet<(Key, Key)> = split.pieces[1].iter().map(Piece::ends).collect();
    let shared = split.pieces[0].iter().filter(|piece| {
        let (from, to) = piece.ends();
        theirs.contains(&(from, to)) || theirs.contains(&(to, from))
    });
    let parts: Vec<Part> = shared.map(|piece| Part { from: piece.from, to: piece.to, number: piece.edge }).collect();
    Common { points: lonely(&split.contacts, &parts), chains: chains(&parts), region: Region::default() }
}

/// What lines cover together: edges that stand more than once, in either direction, stand once.
pub(super) fn union_of_lines<'a>(all: impl IntoIterator<Item = &'a Lines>) -> Lines {
    let mut seen: HashSet<(Key, Key)> = HashSet::new();
    let mut parts = Vec::new();
    for (number, (from, to)) in all.into_iter().flat_map(Lines::edges).enumerate() {
        let (a, b) = (from.key(), to.key());
        if !seen.contains(&(b, a)) && seen.insert((a, b)) {
            parts.push(Part { from, to, number });
        }
    }
    Lines { chains: chains(&parts) }
}

/// The contacts at which no part begins or ends.
fn lonely<'a>(contacts: &HashMap<Key, Vector>, parts: impl IntoIterator<Item = &'a Part>) -> Vec<Vector> {
    let mut left = contacts.clone();
    for part in parts {
        left.remove(&part.from.key());
        left.remove(&part.to.key());
    }
    let mut points: Vec<Vector> = left.into_values().collect();
    points.sort_by(|a, b| super::vector::order(*a, *b));
    points
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::shape::{regions, shape, write_region};
    use super::*;

    fn square(x: f64, y: f64, size: f64) -> Region {
        let ring = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)].map(|(x, y)| [x, y]);
        regions(&shape("Polygon", json!([ring]))).map(|mut it| it.remove(0)).unwrap_or_default()
    }

    #[test]
    fn regions_that_overlap_in_part() {
        let (a, b) = (square(0.0, 0.0, 2.0), square(1.0, 1.0, 2.0));
        let (both, common) = (union(&a, &b), intersection(&a, &b));
        assert_eq!((both.rings.len(), both.rings[0].vertices.len()), (1, 8));
        assert!((both.area() + common.region.area() - a.area() - b.area()).abs() < 1e-15);
        assert!(common.points.is_empty() && common.chains.is_empty());
    }

    #[test]
    fn neighbors_have_a_side_or_a_corner_in_common() {
        let a = square(0.0, 0.0, 2.0);
        let side = intersection(&a, &square(2.0, 0.0, 2.0));
        assert_eq!((side.chains.len(), side.points.len(), side.region.rings.len()), (1, 0, 0));
        let corner = intersection(&a, &square(2.0, 2.0, 2.0));
        assert_eq!((corner.chains.len(), corner.points.len()), (0, 1));
        assert_eq!(union(&a, &square(2.0, 0.0, 2.0)).rings.len(), 1);
        assert_eq!(union(&a, &square(2.0, 2.0, 2.0)).rings.len(), 2);
        let apart = intersection(&a, &square(5.0, 5.0, 1.0));
        assert_eq!((apart.points.len(), apart.chains.len(), apart.region.rings.len()), (0, 0, 0));
    }

    #[test]
    fn a_region_inside_another() {
        let (large, small) = (square(0.0, 0.0, 9.0), square(3.0, 3.0, 1.0));
        assert_eq!(union(&large, &small).rings.len(), 1);
        assert!((intersection(&large, &small).region.area() - small.area()).abs() < 1e-15);
    }

    #[test]
    fn a_frame_keeps_its_hole() {
        let sides = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 1.0), (2.0, 1.0), (0.0, 2.0), (1.0, 2.0), (2.0, 2.0)];
        let frame = union_all(sides.iter().map(|(x, y)| square(*x, *y, 1.0)).collect());
        assert_eq!(frame.rings.len(), 2);
        let written = write_region(&frame).map(|json| json["coordinates"].as_array().map_or(0, Vec::len));
        assert_eq!(written, Some(2));
        assert!(!frame.contains(Vector::of_degrees((1.5, 1.5))) && frame.contains(Vector::of_degrees((0.5, 1.5))));
    }
}
