//! S2 cells: a hierarchy of squares on the faces of a cube around the globe, numbered along a Hilbert curve.
//!
//! Six faces, each quartered thirty times. An id holds three bits of face, two bits for each level of the way down, and a mark
//! that ends them. A token is the id in hexadecimal without the zeros at its end.

use super::vector::Vector;

/// Levels below a face.
pub(super) const LEVELS: u32 = 30;

/// The cells of the last level along one side of a face.
const SIDE: u32 = 1 << LEVELS;

/// A cell by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CellId(u64);

/// The order in which the curve visits the quarters of a square, by how the square is turned; a quarter is two bits, `i` and `j`.
const VISITS: [[u8; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];

/// How the quarter at each position on the curve is turned against its square: bit 0 swaps the axes, bit 1 inverts them.
const TURNS: [u8; 4] = [1, 0, 0, 3];

/// A place on a cube's face: which, and where, each way from -1 to 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct OnFace {
    pub(super) face: u8,
    pub(super) u: f64,
    pub(super) v: f64,
}

/// The axes of a face: to the right, up, and out of the cube.
pub(super) fn face_axes(face: u8) -> [Vector; 3] {
    let axis = |x: i8, y: i8, z: i8| Vector::new(f64::from(x), f64::from(y), f64::from(z));
    match face {
        0 => [axis(0, 1, 0), axis(0, 0, 1), axis(1, 0, 0)],
        1 => [axis(-1, 0, 0), axis(0, 0, 1), axis(0, 1, 0)],
        2 => [axis(-1, 0, 0), axis(0, -1, 0), axis(0, 0, 1)],
        3 => [axis(0, 0, -1), axis(0, -1, 0), axis(-1, 0, 0)],
        4 => [axis(0, 0, -1), axis(1, 0, 0), axis(0, -1, 0)],
        _ => [axis(0, 1, 0), axis(1, 0, 0), axis(0, 0, -1)],
    }
}

impl OnFace {
    fn of(at: Vector) -> OnFace {
        let axes = at.axes();
        let largest = (0..3).rev().max_by(|a, b| axes[*a].abs().total_cmp(&axes[*b].abs())).unwrap_or(0);
        let face = largest as u8 + if axes[largest] < 0.0 { 3 } else { 0 };
        let [right, up, out] = face_axes(face);
        let depth = out.dot(at);
        OnFace { face, u: right.dot(at) / depth, v: up.dot(at) / depth }
    }

    fn place(self) -> Vector {
        let [right, up, out] = face_axes(self.face);
        (right * self.u + up * self.v + out).unit()
    }
}

/// From a coordinate of the cube to one that makes cells about equally large, from 0 to 1.
fn even(u: f64) -> f64 {
    if u >= 0.0 { 0.5 * (1.0 + 3.0 * u).sqrt() } else { 1.0 - 0.5 * (1.0 - 3.0 * u).sqrt() }
}

/// The inverse of [`even`].
fn uneven(s: f64) -> f64 {
    if s >= 0.5 { (4.0 * s * s - 1.0) / 3.0 } else { (1.0 - 4.0 * (1.0 - s) * (1.0 - s)) / 3.0 }
}

/// The number of the last level's column that holds a coordinate.
fn column(u: f64) -> u32 {
    (even(u) * f64::from(SIDE)).floor().clamp(0.0, f64::from(SIDE - 1)) as u32
}

impl CellId {
    /// The cell of a face.
    pub(super) fn face_cell(face: u8) -> CellId {
        CellId((u64::from(face) << 61) | (1 << 60))
    }

    /// The cell of the last level that holds a place.
    pub(super) fn of(at: Vector) -> CellId {
        let OnFace { face, u, v } = OnFace::of(at);
        CellId::of_square(face, column(u), column(v))
    }

    /// The cell of the last level at a column and row of a face.
    fn of_square(face: u8, i: u32, j: u32) -> CellId {
        let mut turned = face & 1;
        let mut id = u64::from(face);
        for bit in (0..LEVELS).rev() {
            let quarter = ((i >> bit & 1) << 1 | (j >> bit & 1)) as u8;
            let position = VISITS[usize::from(turned)].iter().position(|it| *it == quarter).unwrap_or(0);
            id = id << 2 | position as u64;
            turned ^= TURNS[position];
        }
        CellId(id << 1 | 1)
    }

    /// The same, wherever a square beyond the edge of the face lies on another.
    fn of_square_around(face: u8, i: i64, j: i64) -> CellId {
        let side = i64::from(SIDE);
        if (0..side).contains(&i) && (0..side).contains(&j) {
            return CellId::of_square(face, i as u32, j as u32);
        }
        // One square beyond, by the plane of the face: near enough to its edge to land in the neighbor's outermost squares.
        let beyond = |n: i64| (2.0 * n.clamp(-1, side) as f64 + 1.0 - side as f64) / side as f64;
        let limit = 1.0 + f64::EPSILON;
        let (u, v) = (beyond(i).clamp(-limit, limit), beyond(j).clamp(-limit, limit));
        let [right, up, out] = face_axes(face);
        let OnFace { face, u, v } = OnFace::of(right * u + up * v + out);
        let column = |u: f64| ((0.5 * (u + 1.0)) * side as f64).floor().clamp(0.0, side as f64 - 1.0) as u32;
        CellId::of_square(face, column(u), column(v))
    }

    /// The cell that a token names.
    pub(super) fn of_token(token: &str) -> Option<CellId> {
        if token.is_empty() || token.len() > 16 || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let id = u64::from_str_radix(token, 16).ok()? << (4 * (16 - token.len()));
        let valid = id >> 61 < 6 && id != 0 && id.trailing_zeros().is_multiple_of(2) && id.trailing_zeros() <= 60;
        valid.then_some(CellId(id))
    }

    /// The cell's token.
    pub(super) fn token(self) -> String {
        format!("{:016x}", self.0).trim_end_matches('0').to_owned()
    }

    /// How deep the cell lies.
    pub(super) fn level(self) -> u32 {
        LEVELS - self.0.trailing_zeros() / 2
    }

    fn face(self) -> u8 {
        (self.0 >> 61) as u8
    }

    /// The cell of a level above that holds this one.
    pub(super) fn parent(self, level: u32) -> CellId {
        let mark = 1_u64 << (2 * (LEVELS - level.min(LEVELS)));
        CellId(self.0 & mark.wrapping_neg() | mark)
    }

    /// The four cells of the next level.
    pub(super) fn children(self) -> [CellId; 4] {
        let mark = 1_u64 << self.0.trailing_zeros();
        let quarter = mark >> 2;
        let first = self.0 - mark + quarter;
        std::array::from_fn(|n| CellId(first + n as u64 * 2 * quarter))
    }

    /// The column and row of the cell's lower left corner, and its side, in cells of the last level.
    fn square(self) -> (u32, u32, u32) {
        let mut turned = self.face() & 1;
        let (mut i, mut j) = (0, 0);
        for level in 0..self.level() {
            let position = (self.0 >> (2 * (LEVELS - level) - 1) & 3) as usize;
            let quarter = u32::from(VISITS[usize::from(turned)][position]);
            (i, j) = (i << 1 | quarter >> 1, j << 1 | quarter & 1);
            turned ^= TURNS[position];
        }
        let side = LEVELS - self.level();
        (i << side, j << side, 1 << side)
    }

    /// The cell's bounds on its face: left, right, bottom and top.
    pub(super) fn bounds(self) -> (u8, [f64; 4]) {
        let (i, j, side) = self.square();
        let at = |n: u32| uneven(f64::from(n) / f64::from(SIDE));
        (self.face(), [at(i), at(i + side), at(j), at(j + side)])
    }

    /// The cell's middle.
    pub(super) fn center(self) -> Vector {
        let (i, j, side) = self.square();
        let at = |n: u32| uneven((f64::from(n) + f64::from(side) / 2.0) / f64::from(SIDE));
        OnFace { face: self.face(), u: at(i), v: at(j) }.place()
    }

    /// The cell's corners, counterclockwise from the lower left.
    pub(super) fn corners(self) -> [Vector; 4] {
        let (face, [left, right, bottom, top]) = self.bounds();
        [(left, bottom), (right, bottom), (right, top), (left, top)].map(|(u, v)| OnFace { face, u, v }.place())
    }

    /// The cells of the same level around this one, row by row from the bottom. A corner of the cube has no cell beyond it.
    pub(super) fn neighbors(self) -> Vec<CellId> {
        let (i, j, side) = self.square();
        let (i, j, step) = (i64::from(i), i64::from(j), i64::from(side));
        let around = [(-1, -1), (1, -1), (0, -1), (0, 1), (-1, 0), (1, 0), (-1, 1), (1, 1)];
        let mut cells = Vec::with_capacity(8);
        for (right, up) in around {
            let cell = CellId::of_square_around(self.face(), i + right * step, j + up * step);
            let cell = cell.parent(self.level());
            if cell != self && !cells.contains(&cell) {
                cells.push(cell);
            }
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_cells() {
        let at = Vector::of_degrees((-80.195829, 25.802215));
        assert_eq!(CellId::of(at).parent(8).token(), "88d9b");
        let cell = CellId::of_token("88d9b").map(|cell| (cell.level(), cell.center().angle(at) < 0.01));
        assert_eq!(cell, Some((8, true)));
        assert!(CellId::of_token("a").is_none() && CellId::of_token("").is_none() && CellId::of_token("xyz").is_none());
    }

    #[test]
    fn children_lie_in_their_parent() {
        let cell = CellId::of_token("89c259").map(CellId::children).unwrap_or([CellId::face_cell(0); 4]);
        assert!(cell.iter().all(|child| child.parent(10).token() == "89c259" && child.level() == 11));
        assert!(cell.iter().all(|child| CellId::of(child.center()).parent(11) == *child));
    }
}
