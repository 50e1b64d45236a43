//! Which edges of two sets may meet: those whose boxes overlap, found in one sweep.

use super::vector::Vector;

/// An edge by its ends.
pub(super) type Edge = (Vector, Vector);

/// The box around an edge.
#[derive(Clone, Copy)]
struct Bounds {
    low: [f64; 3],
    high: [f64; 3],
}

impl Bounds {
    fn new((a, b): Edge) -> Bounds {
        // An arc bulges from its chord by no more than 1 less the cosine of half its angle.
        let half = (a - b).norm() / 2.0;
        let bulge = half * half + 1e-14;
        let (a, b) = (a.axes(), b.axes());
        let by_axis = |pick: fn(f64, f64) -> f64, margin: f64| std::array::from_fn(|axis| pick(a[axis], b[axis]) + margin);
        Bounds { low: by_axis(f64::min, -bulge), high: by_axis(f64::max, bulge) }
    }

    fn overlaps(&self, other: &Bounds) -> bool {
        (0..3).all(|axis| self.low[axis] <= other.high[axis] && other.low[axis] <= self.high[axis])
    }
}

/// Calls `each` with the positions of an edge of `first` and one of `second` for all pairs whose boxes overlap, until it returns
/// `false`.
pub(super) fn near_pairs(first: &[Edge], second: &[Edge], mut each: impl FnMut(usize, usize) -> bool) {
    let bounds = [first, second].map(|edges| edges.iter().map(|edge| Bounds::new(*edge)).collect::<Vec<_>>());
    let axis = widest(&bounds[0]);
    let mut starts: Vec<(usize, usize)> =
        (0..2).flat_map(|side| (0..bounds[side].len()).map(move |position| (side, position))).collect();
    let low = |&(side, position): &(usize, usize)| bounds[side][position].low[axis];
    starts.sort_by(|a, b| low(a).total_cmp(&low(b)).then(a.cmp(b)));
    let mut open: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    for (side, position) in starts {
        let bound = bounds[side][position];
        let other = 1 - side;
        open[other].retain(|&there| bounds[other][there].high[axis] >= bound.low[axis]);
        for &there in &open[other] {
            let pair = if side == 0 { (position, there) } else { (there, position) };
            if bound.overlaps(&bounds[other][there]) && !each(pair.0, pair.1) {
                return;
            }
        }
        open[side].push(position);
    }
}

/// The axis along which boxes are spread widest.
fn widest(bounds: &[Bounds]) -> usize {
    let spread = |axis: usize| {
        let low = bounds.iter().map(|it| it.low[axis]).fold(f64::INFINITY, f64::min);
        let high = bounds.iter().map(|it| it.high[axis]).fold(f64::NEG_INFINITY, f64::max);
        high - low
    };
    (0..3).max_by(|a, b| spread(*a).total_cmp(&spread(*b))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_far_apart_are_left_out() {
        let edge = |x: f64, y: f64| (Vector::of_degrees((x, y)), Vector::of_degrees((x + 1.0, y + 1.0)));
        let mut pairs = Vec::new();
        near_pairs(&[edge(0.0, 0.0), edge(50.0, 0.0)], &[edge(0.5, 0.5), edge(100.0, 0.0)], |a, b| {
            pairs.push((a, b));
            true
        });
        assert_eq!(pairs, [(0, 0)]);
    }
}
