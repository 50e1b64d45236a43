//! Lines and polynomials through a series, and its statistics: `series_fit_line`, `series_fit_poly`, `series_stats` …
//!
//! A function with several results gives them as an array, in the order of the catalog; its `…_dynamic` gives them as a bag.

use serde_json::{Value as Json, json};

use super::Function;
use super::series::{array, gapped, numbers, real_json, reals_json};
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("series_stats", |_, cells| Stats::of(cells).map_or(Cell::Null, |stats| stats.array())),
    Function::row("series_stats_dynamic", |_, cells| Stats::of(cells).map_or(Cell::Null, |stats| Cell::json(&stats.bag()))),
    Function::row("series_fit_line", |_, cells| numbers(&cells[0]).map_or(Cell::Null, |series| Line::of(&series).array())),
    Function::row("series_fit_line_dynamic", |_, cells| {
        numbers(&cells[0]).map_or(Cell::Null, |series| Cell::json(&Line::of(&series).bag()))
    }),
    Function::row("series_fit_2lines", |_, cells| TwoLines::of(cells).map_or(Cell::Null, |lines| lines.array())),
    Function::row("series_fit_2lines_dynamic", |_, cells| {
        TwoLines::of(cells).map_or(Cell::Null, |lines| Cell::json(&lines.bag()))
    }),
    Function::row("series_fit_poly", |_, cells| fit_polynomial(cells).unwrap_or(Cell::Null)),
];

pub(super) fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// The sample variance; 0 of one number.
pub(super) fn variance(numbers: &[f64]) -> f64 {
    if numbers.len() < 2 {
        return 0.0;
    }
    let mean = mean(numbers);
    numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / (numbers.len() - 1) as f64
}

/// The share of the variance that a fit explains.
fn r_square(variance: f64, residual: f64) -> f64 {
    if variance == 0.0 { if residual == 0.0 { 1.0 } else { 0.0 } } else { 1.0 - residual / variance }
}

/// What `series_stats` tells.
struct Stats {
    numbers: Vec<f64>,
    min: usize,
    max: usize,
    places: Vec<usize>,
}

impl Stats {
    /// Of the numbers of a series. With `ignore_nonfinite` gaps and what is not finite are left out, else nothing can be told of
    /// a series that has such.
    fn of(cells: &[Cell<'_>]) -> Option<Stats> {
        let series = gapped(&cells[0])?;
        let finite = |number: &Option<f64>| number.filter(|number| number.is_finite());
        if !cells.get(1).and_then(Cell::as_bool).unwrap_or(false) && !series.iter().all(|number| finite(number).is_some()) {
            return None;
        }
        let kept = series.iter().enumerate().filter_map(|(at, number)| Some((at, finite(number)?)));
        let (places, numbers): (Vec<usize>, Vec<f64>) = kept.unzip();
        let min = (0..numbers.len()).min_by(|a, b| numbers[*a].total_cmp(&numbers[*b]))?;
        // Of equal ones the first.
        let max = (0..numbers.len()).rev().max_by(|a, b| numbers[*a].total_cmp(&numbers[*b]))?;
        Some(Stats { numbers, min, max, places })
    }

    fn array(&self) -> Cell<'static> {
        let variance = variance(&self.numbers);
        array(vec![
            real_json(self.numbers[self.min]),
            json!(self.places[self.min]),
            real_json(self.numbers[self.max]),
            json!(self.places[self.max]),
            real_json(mean(&self.numbers)),
            real_json(variance.sqrt()),
            real_json(variance),
        ])
    }

    fn bag(&self) -> Json {
        let variance = variance(&self.numbers);
        json!({
            "min": real_json(self.numbers[self.min]),
            "min_idx": self.places[self.min],
            "max": real_json(self.numbers[self.max]),
            "max_idx": self.places[self.max],
            "avg": real_json(mean(&self.numbers)),
            "stdev": real_json(variance.sqrt()),
            "variance": real_json(variance),
            "sum": real_json(self.numbers.iter().sum()),
            "len": self.numbers.len(),
        })
    }
}

/// The line of least squares over the positions 0, 1, 2 …
pub(super) struct Line {
    r_square: f64,
    pub(super) slope: f64,
    variance: f64,
    residual: f64,
    pub(super) interception: f64,
    fit: Vec<f64>,
}

impl Line {
    /// Through a series that is not empty.
    pub(super) fn of(series: &[f64]) -> Line {
        let middle = (series.len() - 1) as f64 / 2.0;
        let average = mean(series);
        let (mut over, mut under) = (0.0, 0.0);
        for (at, y) in series.iter().enumerate() {
            let x = at as f64 - middle;
            over += x * (y - average);
            under += x * x;
        }
        let slope = if under == 0.0 { 0.0 } else { over / under };
        let interception = average - slope * middle;
        let fit: Vec<f64> = (0..series.len()).map(|at| interception + slope * at as f64).collect();
        let (variance, residual) = (variance(series), variance(&differences(series, &fit)));
        Line { r_square: r_square(variance, residual), slope, variance, residual, interception, fit }
    }

    fn array(&self) -> Cell<'static> {
        let [r_square, slope, variance, residual, interception] = self.reals();
        array(vec![r_square, slope, variance, residual, interception, reals_json(&self.fit)])
    }

    fn reals(&self) -> [Json; 5] {
        [self.r_square, self.slope, self.variance, self.residual, self.interception].map(real_json)
    }

    fn bag(&self) -> Json {
        let [r_square, slope, variance, residual, interception] = self.reals();
        json!({
            "rsquare": r_square,
            "slope": slope,
            "variance": variance,
            "rvariance": residual,
            "interception": interception,
            "line_fit": reals_json(&self.fit),
        })
    }
}

fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Two lines with the break where they fit best.
struct TwoLines {
    split: usize,
    variance: f64,
    residual: f64,
    fit: Vec<f64>,
    left: Line,
    right: Line,
}

impl TwoLines {
    /// Through a series of four numbers or more; the break leaves at least two on each side.
    fn of(cells: &[Cell<'_>]) -> Option<TwoLines> {
        let series = numbers(&cells[0]).filter(|series| series.len() >= 4)?;
        let split = best_split(&series)?;
        let (left, right) = (Line::of(&series[..split]), Line::of(&series[split..]));
        let fit = [left.fit.as_slice(), right.fit.as_slice()].concat();
        let residual = variance(&differences(&series, &fit));
        Some(TwoLines { split, variance: variance(&series), residual, fit, left, right })
    }

    fn array(&self) -> Cell<'static> {
        let mut results = vec![
            real_json(r_square(self.variance, self.residual)),
            json!(self.split),
            real_json(self.variance),
            real_json(self.residual),
            reals_json(&self.fit),
        ];
        for line in [&self.right, &self.left] {
            let [r_square, slope, variance, residual, interception] = line.reals();
            results.extend([r_square, slope, interception, variance, residual]);
        }
        array(results)
    }

    fn bag(&self) -> Json {
        let side = |line: &Line| {
            let [r_square, slope, variance, residual, interception] = line.reals();
            json!({
                "rsquare": r_square,
                "slope": slope,
                "interception": interception,
                "variance": variance,
                "rvariance": residual,
            })
        };
        json!({
            "rsquare": real_json(r_square(self.variance, self.residual)),
            "split_idx": self.split,
            "variance": real_json(self.variance),
            "rvariance": real_json(self.residual),
            "line_fit": reals_json(&self.fit),
            "right": side(&self.right),
            "left": side(&self.left),
        })
    }
}

/// The break of least squares, from the squares that a line leaves of every beginning and every end of the series.
fn best_split(series: &[f64]) -> Option<usize> {
    let forward = prefix_residuals(series.iter().copied());
    let backward = prefix_residuals(series.iter().rev().copied());
    (2..=series.len() - 2).min_by(|a, b| {
        let left = |split: usize| forward[split] + backward[series.len() - split];
        left(*a).total_cmp(&left(*b))
    })
}

/// For each length the sum of squares that the best line leaves of that many first numbers.
fn prefix_residuals(series: impl Iterator<Item = f64>) -> Vec<f64> {
    let (mut n, mut mean_x, mut mean_y, mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let mut residuals = vec![0.0];
    for (at, y) in series.enumerate() {
        let x = at as f64;
        n += 1.0;
        let (from_x, from_y) = (x - mean_x, y - mean_y);
        mean_x += from_x / n;
        mean_y += from_y / n;
        xx += from_x * (x - mean_x);
        xy += from_x * (y - mean_y);
        yy += from_y * (y - mean_y);
        residuals.push(if xx == 0.0 { 0.0 } else { yy - xy * xy / xx });
    }
    residuals
}

/// `series_fit_poly(y [, x [, degree]])`.
fn fit_polynomial(cells: &[Cell<'_>]) -> Option<Cell<'static>> {
    let y = numbers(&cells[0])?;
    let x = match cells.get(1) {
        None | Some(Cell::Null) => (1..=y.len()).map(|at| at as f64).collect(),
        Some(cell) => numbers(cell).filter(|x| x.len() == y.len())?,
    };
    let degree = usize::try_from(cells.get(2).map_or(Some(1), Cell::as_long)?).ok().filter(|degree| *degree <= 20)?;
    // Centered and scaled, or high powers drown the low ones.
    let center = mean(&x);
    let scale = x.iter().map(|x| (x - center).abs()).fold(0.0, f64::max);
    let scale = if scale == 0.0 { 1.0 } else { scale };
    let scaled: Vec<f64> = x.iter().map(|x| (x - center) / scale).collect();
    let fitted = least_squares(&scaled, &y, degree)?;
    let fit: Vec<f64> = scaled.iter().map(|u| fitted.iter().rev().fold(0.0, |sum, c| sum * u + c)).collect();
    let mut coefficients = unscaled(&fitted, center, scale);
    coefficients.reverse();
    let (variance, residual) = (variance(&y), variance(&differences(&y, &fit)));
    Some(array(vec![
        real_json(r_square(variance, residual)),
        reals_json(&coefficients),
        real_json(variance),
        real_json(residual),
        reals_json(&fit),
    ]))
}

/// The coefficients, the constant first, of the polynomial of least squares; `None` if there are too few points.
fn least_squares(x: &[f64], y: &[f64], degree: usize) -> Option<Vec<f64>> {
    let size = degree + 1;
    let mut rows = vec![vec![0.0; size + 1]; size];
    for (x, y) in x.iter().zip(y) {
        let powers: Vec<f64> = std::iter::successors(Some(1.0), |power| Some(power * x)).take(size).collect();
        for (row, power) in rows.iter_mut().zip(&powers) {
            row[..size].iter_mut().zip(&powers).for_each(|(sum, other)| *sum += power * other);
            row[size] += power * y;
        }
    }
    for column in 0..size {
        let pivot = (column..size).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, pivot);
        if rows[column][column].abs() < 1e-12 {
            return None;
        }
        let above = rows[column].clone();
        for row in rows.iter_mut().skip(column + 1) {
            let factor = row[column] / above[column];
            row.iter_mut().zip(&above).for_each(|(value, above)| *value -= factor * above);
        }
    }
    let mut solution = vec![0.0; size];
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|column| rows[row][column] * solution[column]).sum();
        solution[row] = (rows[row][size] - known) / rows[row][row];
    }
    Some(solution)
}

/// The polynomial in (x - center) / scale as one in x.
fn unscaled(coefficients: &[f64], center: f64, scale: f64) -> Vec<f64> {
    let mut result = vec![0.0; coefficients.len()];
    // Horner's scheme over polynomials: times (x - center) / scale, plus the next coefficient.
    for coefficient in coefficients.iter().rev() {
        let mut next = vec![0.0; coefficients.len()];
        for (power, value) in result.iter().enumerate() {
            next[power] -= value * center / scale;
            if power + 1 < next.len() {
                next[power + 1] += value / scale;
            }
        }
        next[0] += coefficient;
        result = next;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::series::elements;
    use super::super::testing::dynamic;
    use super::*;

    fn near(json: &Json, wanted: f64) {
        assert!((json.as_f64().unwrap() - wanted).abs() < 1e-3, "{json} is not {wanted}");
    }

    #[test]
    fn a_line() {
        let line = Line::of(&[2., 5., 6., 8., 11., 15., 17., 18., 25., 26., 30., 30.]);
        let results = elements(&line.array()).unwrap();
        for (result, wanted) in results.iter().zip([0.983, 2.731, 98.629, 1.686, 1.064]) {
            near(result, wanted);
        }
    }

    #[test]
    fn two_lines() {
        let lines = TwoLines::of(&[dynamic("[0,1,2,3,3,2,1,0]")]).unwrap();
        assert_eq!((lines.split, lines.left.slope, lines.right.slope), (4, 1.0, -1.0));
        assert_eq!(elements(&lines.array()).map(|results| results.len()), Some(15));
        assert!(TwoLines::of(&[dynamic("[0,1,2]")]).is_none());
    }

    #[test]
    fn a_polynomial() {
        let cell = fit_polynomial(&[dynamic("[1,4,9,16,25]"), dynamic("[1,2,3,4,5]"), Cell::Long(2)]).unwrap();
        let results = elements(&cell).unwrap();
        near(&results[0], 1.0);
        for (coefficient, wanted) in results[1].as_array().unwrap().iter().zip([1.0, 0.0, 0.0]) {
            near(coefficient, wanted);
        }
        assert!(fit_polynomial(&[dynamic("[1]"), dynamic("[1]"), Cell::Long(2)]).is_none());
    }

    #[test]
    fn statistics() {
        let stats = Stats::of(&[dynamic("[23,46,23,87,4,8,3,75,2,56,13,75,32,16,29]")]).unwrap();
        let results = elements(&stats.array()).unwrap();
        for (result, wanted) in results.iter().zip([2.0, 8.0, 87.0, 3.0, 32.8, 28.5036, 812.4571]) {
            near(result, wanted);
        }
        assert!(Stats::of(&[dynamic("[]")]).is_none());
    }
}
