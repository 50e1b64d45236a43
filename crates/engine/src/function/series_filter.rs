//! Filters and transforms of a series: `series_fir`, `series_iir`, `series_fft`, `series_ifft`.

use std::f64::consts::PI;

use super::Function;
use super::series::{array, numbers, reals_json};
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("series_fir", |_, cells| fir(cells).map_or(Cell::Null, |series| Cell::json(&reals_json(&series)))),
    Function::row("series_iir", |_, cells| iir(cells).map_or(Cell::Null, |series| Cell::json(&reals_json(&series)))),
    Function::row("series_fft", |_, cells| transform(cells, false)),
    Function::row("series_ifft", |_, cells| transform(cells, true)),
];

/// `series_fir(series, filter [, normalize [, center]])`.
fn fir(cells: &[Cell<'_>]) -> Option<Vec<f64>> {
    let (series, filter) = (numbers(&cells[0])?, numbers(&cells[1])?);
    let negative = filter.iter().any(|weight| *weight < 0.0);
    let normalize = cells.get(2).and_then(Cell::as_bool).unwrap_or(!negative);
    if normalize && negative {
        return None;
    }
    let sum: f64 = if normalize { filter.iter().sum() } else { 1.0 };
    let ahead = if cells.get(3).and_then(Cell::as_bool).unwrap_or(false) { filter.len() / 2 } else { 0 };
    let filtered = |at: usize| -> f64 {
        let taps = filter.iter().enumerate();
        taps.filter_map(|(back, weight)| Some(weight * series.get((at + ahead).checked_sub(back)?)?)).sum::<f64>() / sum
    };
    Some((0..series.len()).map(filtered).collect())
}

/// `series_iir(series, numerators, denominators)`.
fn iir(cells: &[Cell<'_>]) -> Option<Vec<f64>> {
    let (series, over, under) = (numbers(&cells[0])?, numbers(&cells[1])?, numbers(&cells[2])?);
    if under[0] == 0.0 {
        return None;
    }
    let mut result: Vec<f64> = Vec::with_capacity(series.len());
    for at in 0..series.len() {
        let direct: f64 = over.iter().enumerate().filter_map(|(back, b)| Some(b * series[at.checked_sub(back)?])).sum();
        let fed_back: f64 =
            under.iter().enumerate().skip(1).filter_map(|(back, a)| Some(a * result[at.checked_sub(back)?])).sum();
        result.push((direct - fed_back) / under[0]);
    }
    Some(result)
}

/// The Fourier transform, or its inverse, of (real, imaginary) parts: an array of the two.
fn transform(cells: &[Cell<'_>], inverse: bool) -> Cell<'static> {
    let Some(real) = numbers(&cells[0]) else { return Cell::Null };
    let imaginary = match cells.get(1) {
        None | Some(Cell::Null) => Some(vec![0.0; real.len()]),
        Some(cell) => numbers(cell).filter(|imaginary| imaginary.len() == real.len()),
    };
    let Some(imaginary) = imaginary else { return Cell::Null };
    let scale = if inverse { real.len() as f64 } else { 1.0 };
    let points: Vec<Complex> = real.into_iter().zip(imaginary).collect();
    let (real, imaginary): (Vec<f64>, Vec<f64>) =
        fourier(points, inverse).into_iter().map(|(a, b)| (a / scale, b / scale)).unzip();
    array(vec![reals_json(&real), reals_json(&imaginary)])
}

/// A complex number: real and imaginary.
type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// e to the power i × angle.
fn turn(angle: f64) -> Complex {
    (angle.cos(), angle.sin())
}

/// The transform of any length, unscaled: by halves for powers of two, else as a convolution of such a length (Bluestein).
pub(super) fn fourier(points: Vec<Complex>, inverse: bool) -> Vec<Complex> {
    let n = points.len();
    if n.is_power_of_two() {
        return by_halves(points, inverse);
    }
    let sign = if inverse { 1.0 } else { -1.0 };
    // The square is taken modulo 2n first, which keeps the angle exact.
    let chirp: Vec<Complex> = (0..n).map(|k| turn(sign * PI * ((k * k) % (2 * n)) as f64 / n as f64)).collect();
    let size = (2 * n).next_power_of_two();
    let mut a = vec![(0.0, 0.0); size];
    let mut b = vec![(0.0, 0.0); size];
    for (k, point) in points.iter().enumerate() {
        a[k] = times(*point, chirp[k]);
        let conjugate = (chirp[k].0, -chirp[k].1);
        b[k] = conjugate;
        b[(size - k) % size] = conjugate;
    }
    let (a, b) = (by_halves(a, false), by_halves(b, false));
    let product = a.into_iter().zip(b).map(|(a, b)| times(a, b)).collect();
    let convolved = by_halves(product, true);
    let scale = size as f64;
    (0..n).map(|k| times((convolved[k].0 / scale, convolved[k].1 / scale), chirp[k])).collect()
}

/// Cooley and Tukey's transform of a power of two points.
fn by_halves(mut points: Vec<Complex>, inverse: bool) -> Vec<Complex> {
    let n = points.len();
    let bits = n.trailing_zeros();
    for at in 0..n {
        let other = if bits == 0 { 0 } else { at.reverse_bits() >> (usize::BITS - bits) };
        if at < other {
            points.swap(at, other);
        }
    }
    let sign = if inverse { 1.0 } else { -1.0 };
    let mut length = 2;
    while length <= n {
        let turns: Vec<Complex> = (0..length / 2).map(|k| turn(sign * 2.0 * PI * k as f64 / length as f64)).collect();
        for block in points.chunks_exact_mut(length) {
            let (low, high) = block.split_at_mut(length / 2);
            for ((low, high), turn) in low.iter_mut().zip(high).zip(&turns) {
                let turned = times(*high, *turn);
                (*low, *high) = ((low.0 + turned.0, low.1 + turned.1), (low.0 - turned.0, low.1 - turned.1));
            }
        }
        length *= 2;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::super::testing::dynamic;
    use super::*;

    #[test]
    fn finite_filters() {
        assert_eq!(fir(&[dynamic("[0,0,10,0]"), dynamic("[1,1]")]), Some(vec![0.0, 0.0, 5.0, 5.0]));
        assert_eq!(
            fir(&[dynamic("[0,0,9,0,0]"), dynamic("[1,1,1]"), Cell::Bool(true), Cell::Bool(true)]),
            Some(vec![0.0, 3.0, 3.0, 3.0, 0.0])
        );
        assert_eq!(fir(&[dynamic("[1,3]"), dynamic("[1,-1]")]), Some(vec![1.0, 2.0]));
        assert_eq!(fir(&[dynamic("[1,3]"), dynamic("[1,-1]"), Cell::Bool(true)]), None);
    }

    #[test]
    fn recursive_filters() {
        assert_eq!(iir(&[dynamic("[10,30,0]"), dynamic("[1]"), dynamic("[1,-1]")]), Some(vec![10.0, 40.0, 40.0]));
        assert_eq!(iir(&[dynamic("[1]"), dynamic("[1]"), dynamic("[0]")]), None);
    }

    #[test]
    fn transforms_of_any_length_turn_back() {
        for n in [1, 2, 5, 8, 12, 13] {
            let points: Vec<Complex> = (0..n).map(|k| (f64::from(k * k % 7), f64::from(k % 3))).collect();
            let back = fourier(fourier(points.clone(), false), true);
            for (a, b) in points.iter().zip(&back) {
                assert!((a.0 - b.0 / f64::from(n)).abs() < 1e-9 && (a.1 - b.1 / f64::from(n)).abs() < 1e-9, "{n}");
            }
        }
        let spike = fourier(vec![(1.0, 0.0), (0.0, 0.0), (0.0, 0.0)], false);
        assert!(spike.iter().all(|(real, imaginary)| (real - 1.0).abs() < 1e-12 && imaginary.abs() < 1e-12));
    }
}
