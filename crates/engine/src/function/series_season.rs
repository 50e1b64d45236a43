//! Periods, seasons, trends and outliers of a series: `series_periods_detect`, `series_decompose_anomalies` …
//!
//! Periods are found by autocorrelation and outliers by Tukey's fences, as the reference describes; scores may differ from
//! Kusto's, whose exact formulas it does not tell.

use serde_json::{Value as Json, json};

use super::series::{array, gapped, numbers, real_json, reals_json};
use super::series_filter::fourier;
use super::series_fit::{Line, mean, variance};
use super::{Call, Function};
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("series_decompose", |_, cells| {
        let options = Options::read(cells, [1, 2, 3, 4]);
        decomposed(cells, &options).map_or(Cell::Null, |(_, parts)| {
            array([&parts.baseline, &parts.seasonal, &parts.trend, &parts.residual].map(|part| reals_json(part)).to_vec())
        })
    }),
    Function::row("series_decompose_anomalies", |_, cells| anomalies(cells).unwrap_or(Cell::Null)),
    Function::row("series_decompose_forecast", forecast),
    Function::row("series_outliers", |_, cells| outliers(cells).unwrap_or(Cell::Null)),
    Function::row("series_periods_detect", |_, cells| detect(cells).unwrap_or(Cell::Null)),
    Function::row("series_periods_validate", |_, cells| validate(cells).unwrap_or(Cell::Null)),
    Function::row("series_seasonal", |_, cells| seasonal(cells).unwrap_or(Cell::Null)),
];

/// The autocorrelation at each distance up to half of the series, each over as many pairs as there are.
fn autocorrelation(series: &[f64]) -> Vec<f64> {
    let n = series.len();
    let average = mean(series);
    let centered: Vec<f64> = series.iter().map(|number| number - average).collect();
    let total: f64 = centered.iter().map(|number| number * number).sum();
    let at = |lag: usize| {
        let sum: f64 = centered.iter().zip(&centered[lag..]).map(|(a, b)| a * b).sum();
        if total == 0.0 { 0.0 } else { (sum / total * n as f64 / (n - lag) as f64).clamp(0.0, 1.0) }
    };
    // Longer periods than this would take longer than their answer is worth.
    (0..=(n / 2).min(LAG_MAX)).map(at).collect()
}

/// The longest period looked for.
const LAG_MAX: usize = 10_000;

/// The shortest period there is.
const PERIOD_MIN: usize = 4;

/// How well the series repeats at that distance: at it and at all its multiples up to half of the series.
fn score(correlation: &[f64], lag: usize) -> f64 {
    correlation.iter().step_by(lag.max(1)).skip(1).copied().reduce(f64::min).unwrap_or(0.0)
}

/// How much of each frequency is in the series: at `k`, of waves that make `k` turns in it.
fn spectrum(series: &[f64]) -> Vec<f64> {
    let average = mean(series);
    let waves = fourier(series.iter().map(|number| (number - average, 0.0)).collect(), false);
    waves.into_iter().take(series.len() / 2 + 1).map(|(real, imaginary)| real * real + imaginary * imaginary).collect()
}

/// Whether a wave of that many turns, or of one of the two whole numbers about it, is stronger than those about it.
fn is_peak(spectrum: &[f64], turns: f64) -> bool {
    let at = |turns: usize| spectrum.get(turns).copied().unwrap_or(0.0);
    let peak = |turns: usize| turns > 0 && at(turns) >= at(turns - 1) && at(turns) >= at(turns + 1);
    peak(turns.floor() as usize) || peak(turns.ceil() as usize)
}

/// The periods from `least` to `most` at which the series repeats, with their scores, the best first. A multiple of a period
/// that repeats about as well is not another one, nor is one that makes less than a whole turn more or less in the series, nor
/// one that no wave of about its length carries.
fn periods(series: &[f64], least: f64, most: f64) -> Vec<(usize, f64)> {
    let correlation = autocorrelation(series);
    let spectrum = spectrum(series);
    let mut found: Vec<(usize, f64)> = Vec::new();
    for lag in PERIOD_MIN..correlation.len().saturating_sub(1) {
        let here = correlation[lag];
        let peak = here > correlation[lag - 1] && here >= correlation[lag + 1];
        let within = (least..=most).contains(&(lag as f64));
        let multiple = found.iter().any(|(period, other)| lag % period == 0 && here < other + 0.1);
        let score = score(&correlation, lag);
        let carried = is_peak(&spectrum, series.len() as f64 / lag as f64);
        if peak && within && !multiple && carried && score > 0.1 {
            found.push((lag, score));
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    let turns = |lag: usize| series.len() as f64 / lag as f64;
    let mut told_apart: Vec<(usize, f64)> = Vec::with_capacity(found.len());
    for (lag, score) in found {
        if told_apart.iter().all(|(better, _)| (turns(*better) - turns(lag)).abs() >= 1.0) {
            told_apart.push((lag, score));
        }
    }
    told_apart
}

/// `series_periods_detect(series, min, max, count)`.
fn detect(cells: &[Cell<'_>]) -> Option<Cell<'static>> {
    let series = numbers(&cells[0])?;
    let (least, most) = (cells[1].as_real()?, cells[2].as_real()?);
    let count = usize::try_from(cells[3].as_long()?).ok()?.min(1000);
    let mut found = periods(&series, least, most);
    found.resize(count, (0, 0.0));
    let (periods, scores): (Vec<Json>, Vec<Json>) =
        found.iter().map(|(period, score)| (json!(period), real_json(*score))).unzip();
    Some(array(vec![Json::Array(periods), Json::Array(scores)]))
}

/// `series_periods_validate(series, period …)`.
fn validate(cells: &[Cell<'_>]) -> Option<Cell<'static>> {
    let correlation = autocorrelation(&numbers(&cells[0])?);
    let periods: Vec<f64> = cells[1..].iter().map(Cell::as_real).collect::<Option<_>>()?;
    let validated = |period: &f64| {
        let lag = period.round();
        if lag < PERIOD_MIN as f64 { 0.0 } else { score(&correlation, lag as usize) }
    };
    let scores: Vec<f64> = periods.iter().map(validated).collect();
    Some(array(vec![reals_json(&periods), reals_json(&scores)]))
}

/// `series_seasonal(series [, period [, test points]])`.
fn seasonal(cells: &[Cell<'_>]) -> Option<Cell<'static>> {
    let series = numbers(&cells[0])?;
    let learned = learned(&series, cells.get(2));
    let period = match cells.get(1).and_then(Cell::as_long) {
        None | Some(-1) => periods(learned, 0.0, f64::MAX).first().filter(|(_, score)| *score >= 0.7).map(|(period, _)| *period),
        Some(period) => usize::try_from(period).ok().filter(|period| *period > 0),
    };
    Some(Cell::json(&reals_json(&season(learned, period, series.len()))))
}

/// The series without its last points.
fn learned<'a>(series: &'a [f64], test_points: Option<&Cell<'_>>) -> &'a [f64] {
    let test = test_points.and_then(Cell::as_long).and_then(|points| usize::try_from(points).ok()).unwrap_or(0);
    if test < series.len() { &series[..series.len() - test] } else { series }
}

/// For each of `length` points the median of the points at the same place of their period; 0 without one.
fn season(series: &[f64], period: Option<usize>, length: usize) -> Vec<f64> {
    let Some(period) = period.filter(|period| *period <= series.len()) else { return vec![0.0; length] };
    let medians: Vec<f64> = (0..period)
        .map(|phase| {
            let mut points: Vec<f64> = series.iter().copied().skip(phase).step_by(period).collect();
            points.sort_by(f64::total_cmp);
            quantile(&points, 50.0)
        })
        .collect();
    (0..length).map(|at| medians[at % period]).collect()
}

/// The percentile of sorted numbers, between the two nearest ranks; 0 of none.
fn quantile(sorted: &[f64], percent: f64) -> f64 {
    let place = percent / 100.0 * sorted.len().saturating_sub(1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) => a + (b - a) * (place - place.floor()),
        _ => 0.0,
    }
}

/// What the decompositions may be told.
struct Options<'a, 'c> {
    seasonality: i64,
    trend: &'c str,
    test_points: Option<&'c Cell<'a>>,
    threshold: f64,
}

impl<'a, 'c> Options<'a, 'c> {
    /// From the arguments at those places: seasonality, trend, test points, threshold.
    fn read(cells: &'c [Cell<'a>], places: [usize; 4]) -> Options<'a, 'c> {
        Options {
            seasonality: cells.get(places[0]).and_then(Cell::as_long).unwrap_or(-1),
            trend: cells.get(places[1]).map_or("avg", Cell::as_str),
            test_points: cells.get(places[2]),
            threshold: cells.get(places[3]).and_then(Cell::as_real).unwrap_or(0.6),
        }
    }
}

/// A series as a sum: baseline (seasonal and trend) and residual.
struct Parts {
    baseline: Vec<f64>,
    seasonal: Vec<f64>,
    trend: Vec<f64>,
    residual: Vec<f64>,
}

/// The series and its parts. Gaps count as 0, as the points to be forecast often are.
fn decomposed(cells: &[Cell<'_>], options: &Options<'_, '_>) -> Option<(Vec<f64>, Parts)> {
    let series: Vec<f64> = gapped(&cells[0])?.into_iter().map(|number| number.unwrap_or(0.0)).collect();
    if series.is_empty() {
        return None;
    }
    let known = learned(&series, options.test_points);
    let period = match options.seasonality {
        -1 => {
            // A slope would hide the period.
            let line = Line::of(known);
            let level = |(at, y): (usize, &f64)| y - line.slope * at as f64;
            let leveled: Vec<f64> = known.iter().enumerate().map(level).collect();
            let found = periods(if options.trend == "linefit" { &leveled } else { known }, 0.0, f64::MAX);
            found.first().filter(|(_, score)| *score >= options.threshold).map(|(period, _)| *period)
        }
        period => usize::try_from(period).ok().filter(|period| *period > 0),
    };
    let seasonal = season(known, period, series.len());
    let without: Vec<f64> = known.iter().zip(&seasonal).map(|(y, season)| y - season).collect();
    let trend: Vec<f64> = match options.trend {
        "none" => vec![0.0; series.len()],
        "linefit" => {
            let line = Line::of(&without);
            (0..series.len()).map(|at| line.interception + line.slope * at as f64).collect()
        }
        _ => vec![mean(&without); series.len()],
    };
    let baseline: Vec<f64> = seasonal.iter().zip(&trend).map(|(season, trend)| season + trend).collect();
    let residual = series.iter().zip(&baseline).map(|(y, base)| y - base).collect();
    Some((series, Parts { baseline, seasonal, trend, residual }))
}

/// `series_decompose_anomalies(series, threshold, seasonality, trend, test points, method, seasonality threshold)`.
fn anomalies(cells: &[Cell<'_>]) -> Option<Cell<'static>> {
    let threshold = cells.get(1).and_then(Cell::as_real).unwrap_or(1.5);
    let options = Options::read(cells, [2, 3, 4, 6]);
    let (_, parts) = decomposed(cells, &options)?;
    let range = if cells.get(5).map_or("ctukey", Cell::as_str) == "tukey" { (25.0, 75.0) } else { (10.0, 90.0) };
    let residual: Vec<Option<f64>> = parts.residual.iter().copied().map(Some).collect();
    let scores = scores(&residual, learned(&parts.residual, options.test_points).len(), range);
    let flag = |score: &f64| {
        json!(if *score > threshold {
            1
        } else if *score < -threshold {
            -1
        } else {
            0
        })
    };
    Some(array(vec![Json::Array(scores.iter().map(flag).collect()), reals_json(&scores), reals_json(&parts.baseline)]))
}

/// `series_decompose_forecast(series, points, seasonality, trend, seasonality threshold)`: the baseline, which is the forecast,
/// and what it is made of.
fn forecast<'a>(_: &Call, cells: &[Cell<'a>]) -> Cell<'a> {
    let mut options = Options::read(cells, [2, 3, 1, 4]);
    // Unlike the other decompositions a forecast follows the slope unless told otherwise.
    options.trend = cells.get(3).map_or("linefit", Cell::as_str);
    let Some((_, parts)) = decomposed(cells, &options) else { return Cell::Null };
    let Parts { baseline, seasonal, trend, residual } = &parts;
    array([baseline, seasonal, trend, residual].map(|part| reals_json(part)).to_vec())
}

/// `series_outliers(series, kind, ignored value, min percentile, max percentile, test points)`.
fn outliers(cells: &[Cell<'_>]) -> Option<Cell<'static>> {
    let ignored = cells.get(2).and_then(Cell::as_real);
    let mut series = gapped(&cells[0])?;
    series.iter_mut().for_each(|number| *number = number.filter(|number| Some(*number) != ignored));
    let percent = |at: usize, default: f64| cells.get(at).and_then(Cell::as_real).map_or(default, |p| p.clamp(2.0, 98.0));
    let custom = cells.get(1).map_or("ctukey", Cell::as_str) != "tukey";
    let range = if custom { (percent(3, 10.0), percent(4, 90.0)) } else { (25.0, 75.0) };
    let test = cells.get(5).and_then(Cell::as_long).and_then(|points| usize::try_from(points).ok()).unwrap_or(0);
    Some(Cell::json(&reals_json(&scores(&series, series.len().saturating_sub(test), range))))
}

/// How far each point lies beyond the fences, in interquartile ranges; negative below; 0 within, and for a gap. The fences
/// come from the first `learned` points: their percentiles, drawn in to where the quartiles of a normal distribution would be.
fn scores(series: &[Option<f64>], learned: usize, (low, high): (f64, f64)) -> Vec<f64> {
    let mut known: Vec<f64> = series.iter().take(learned).flatten().copied().filter(|number| number.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    let (lower, upper) = (quantile(&known, low), quantile(&known, high));
    let distance = normal_quantile(high / 100.0) - normal_quantile(low / 100.0);
    let quartiles = 2.0 * QUARTILE;
    let drawn_in = if distance > 0.0 { (quartiles / distance).min(1.0) } else { 1.0 };
    let (middle, half) = ((lower + upper) / 2.0, (upper - lower) / 2.0 * drawn_in);
    // Where half the points are equal there is no range; the deviation stands in for it.
    let range = if half > 0.0 { 2.0 * half } else { variance(&known).sqrt() * quartiles };
    let score = |number: f64| {
        let beyond = (number - middle).abs() - half;
        if beyond <= 0.0 || range == 0.0 { 0.0 } else { (beyond / range).copysign(number - middle) }
    };
    series.iter().map(|number| number.filter(|number| number.is_finite()).map_or(0.0, score)).collect()
}

/// The upper quartile of the standard normal distribution.
const QUARTILE: f64 = 0.674_489_750_196_082;

/// The quantile of the standard normal distribution, by bisection.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if libm::erfc(-middle / std::f64::consts::SQRT_2) / 2.0 < p { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::series::elements;
    use super::super::testing::{dynamic, eval};
    use super::*;

    #[test]
    fn seasons() {
        let of = |series: &str, period: &[Cell<'_>]| {
            let mut args = vec![dynamic(series)];
            args.extend_from_slice(period);
            eval("series_seasonal", &args, Type::Dynamic).as_str().to_owned()
        };
        let found = of("[2,5,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1]", &[]);
        assert!(found.starts_with("[1.0,2.0,3.0,4.0,3.0,2.0,1.0,2.0"), "{found}");
        assert!(
            of("[8,12,14,12,10,10,12,14,12,10,10,12,14,12,10,10,12,14,12,10]", &[]).starts_with("[10.0,12.0,14.0,12.0,10.0,10.0")
        );
        assert_eq!(of("[1,3,5,2,4,6,1,3,5,2,4,6]", &[]), "[0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0]");
        assert_eq!(of("[1,3,5,1,3,5,2,4,6]", &[Cell::Long(3)]), "[1.0,3.0,5.0,1.0,3.0,5.0,1.0,3.0,5.0]");
    }

    #[test]
    fn anomalies_are_flagged() {
        let mut series: Vec<f64> = (0..48).map(|at| f64::from(at % 8)).collect();
        series[20] = 40.0;
        let cell = anomalies(&[Cell::json(&reals_json(&series))]).unwrap();
        let results = elements(&cell).unwrap();
        let flags: Vec<i64> = results[0].as_array().unwrap().iter().filter_map(Json::as_i64).collect();
        assert_eq!((flags[20], flags.iter().filter(|flag| **flag != 0).count()), (1, 1));
        assert_eq!(results.len(), 3);
    }

    #[test]
    fn forecasts_go_on() {
        let series: Vec<f64> = (0..40).map(|at| if at < 32 { f64::from(at) + f64::from(at % 4) } else { 0.0 }).collect();
        let call = Call { returns: Type::Dynamic, types: vec![], constants: vec![] };
        let parts = forecast(&call, &[Cell::json(&reals_json(&series)), Cell::Long(8)]);
        let baseline = numbers(&Cell::json(&parts.to_json()[0])).unwrap();
        assert!((baseline[39] - 42.0).abs() < 3.0, "{}", baseline[39]);
    }

    #[test]
    fn the_normal_distribution() {
        assert!((normal_quantile(0.75) - QUARTILE).abs() < 1e-9);
        assert_eq!(scores(&[Some(1.0), None, Some(1.0)], 3, (10.0, 90.0)), [0.0, 0.0, 0.0]);
    }
}
