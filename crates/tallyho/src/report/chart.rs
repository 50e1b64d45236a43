//! Sightings over time as SVG: moments and their series in, a stacked column chart out. Axes, legend and colors are those of every
//! chart ([`crate::chart`]).

use kql::time::{DAY, HOUR, MINUTE};

use crate::chart::{self, Figure, Mark, Scale, Stack, draw_figure};

/// Sizes of a bin from which the smallest is taken that gives no more than [`BINS_MAX`].
const STEPS: [i64; 12] =
    [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY];

/// More bars than this are no longer told apart.
const BINS_MAX: i64 = 72;

const WIDTH: f64 = 960.0;

/// One series: its name, its moments in ticks, and the place of its color.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) moments: Vec<i64>,
    pub(super) color: usize,
}

/// The chart, `height` units high; nothing if there is no moment.
pub(super) fn activity(series: &[Series], height: f64) -> Option<String> {
    let all = || series.iter().flat_map(|series| &series.moments);
    let (first, last) = (*all().min()?, *all().max()?);
    let step = STEPS.into_iter().find(|step| last / step - first / step < BINS_MAX).unwrap_or(STEPS[STEPS.len() - 1]);
    let start = first / step * step;
    let bins = usize::try_from((last - start) / step + 1).unwrap_or(1);
    let drawn = series.iter().map(|series| chart::Series {
        name: series.name.clone(),
        points: histogram(&series.moments, start, step, bins),
        hot: Vec::new(),
        color: series.color,
    });
    let drawn: Vec<chart::Series> = drawn.collect();
    let time = Scale::Time { low: 0.0, high: 1.0 };
    let figure = Figure {
        mark: Mark::Column,
        stack: Stack::Sum,
        title: None,
        xtitle: Some(format!("one bar: {}", duration(step))),
        ytitle: None,
        legend: drawn.len() > 1,
        x: time,
        rooms: Vec::new(),
        y: Scale::Number { low: 0.0, high: 1.0 },
        bounds: [None; 4],
        panels: false,
        step: Some(step as f64),
        series: drawn,
        size: (WIDTH, height),
    };
    Some(draw_figure(&figure, "Sightings over time"))
}

/// A small square in the color at that place.
pub(super) fn swatch(at: usize) -> String {
    let class = chart::color(at);
    format!(
        "<svg class=\"kc swatch\" width=\"11\" height=\"11\" aria-hidden=\"true\"><rect width=\"11\" height=\"11\" class=\"{class} br\"/></svg>"
    )
}

/// How many moments are in each bin.
fn histogram(moments: &[i64], start: i64, step: i64, bins: usize) -> Vec<(f64, Option<f64>)> {
    let mut counts = vec![0u32; bins];
    for moment in moments {
        if let Some(count) = usize::try_from((moment - start) / step).ok().and_then(|bin| counts.get_mut(bin)) {
            *count += 1;
        }
    }
    counts.into_iter().enumerate().map(|(bin, count)| ((start + step * bin as i64) as f64, Some(f64::from(count)))).collect()
}

/// `15 minutes`.
fn duration(ticks: i64) -> String {
    let (n, unit) = match ticks {
        t if t >= DAY => (t / DAY, "day"),
        t if t >= HOUR => (t / HOUR, "hour"),
        t => (t / MINUTE, "minute"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use kql::time;

    fn series(name: &str, moments: &[&str]) -> Series {
        let moments = moments.iter().map(|text| time::parse_iso(text).expect("a time")).collect();
        Series { name: name.to_owned(), moments, color: 0 }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(activity(&[], 120.0), None);
        assert_eq!(activity(&[series("a", &[])], 120.0), None);
    }

    #[test]
    fn bars_are_stacked_and_names_escaped() {
        let chart = activity(
            &[series("a<b>", &["2026-05-20T09:00", "2026-05-20T09:00:30"]), series("c", &["2026-05-20T09:00:59"])],
            120.0,
        );
        expect![[r#"
            <svg class="kc" viewBox="0 0 960 120" width="960" height="120" role="img" aria-label="Sightings over time" xmlns="http://www.w3.org/2000/svg">
            <rect x="14" y="15" width="11" height="11" class="c0 br"/>
            <text x="31" y="25">a&lt;b&gt;</text>
            <rect x="80.7" y="15" width="11" height="11" class="c0 br"/>
            <text x="97.7" y="25">c</text>
            <line x1="31.3" y1="44" x2="932" y2="44" class="g"/>
            <text x="23.3" y="48.5" text-anchor="end">0</text>
            <line x1="31.3" y1="45.3" x2="932" y2="45.3" class="g"/>
            <text x="23.3" y="49.8" text-anchor="end">2</text>
            <line x1="31.3" y1="44" x2="932" y2="44" class="x"/>
            <line x1="31.3" y1="44" x2="31.3" y2="49" class="x"/>
            <text x="31.3" y="63" text-anchor="middle">09:00:00</text>
            <text x="53.8" y="79" text-anchor="middle" class="s">May 20, 2026 UTC</text>
            <line x1="181.4" y1="44" x2="181.4" y2="49" class="x"/>
            <text x="181.4" y="63" text-anchor="middle">09:00:10</text>
            <line x1="331.5" y1="44" x2="331.5" y2="49" class="x"/>
            <text x="331.5" y="63" text-anchor="middle">09:00:20</text>
            <line x1="481.7" y1="44" x2="481.7" y2="49" class="x"/>
            <text x="481.7" y="63" text-anchor="middle">09:00:30</text>
            <line x1="631.8" y1="44" x2="631.8" y2="49" class="x"/>
            <text x="631.8" y="63" text-anchor="middle">09:00:40</text>
            <line x1="781.9" y1="44" x2="781.9" y2="49" class="x"/>
            <text x="781.9" y="63" text-anchor="middle">09:00:50</text>
            <line x1="932" y1="44" x2="932" y2="49" class="x"/>
            <text x="932" y="63" text-anchor="middle">09:01:00</text>
            <text x="481.7" y="103" text-anchor="middle">one bar: 1 minute</text>
            <svg x="27.3" y="42" width="908.7" height="6" viewBox="27.3 42 908.7 6" preserveAspectRatio="none">
            <rect x="436.7" y="44" width="90" height="1.3" class="c0 br"><title>2026-05-20 09:00 UTC: a&lt;b&gt; 2</title></rect>
            <rect x="436.7" y="45.3" width="90" height="0.7" class="c0 br"><title>2026-05-20 09:00 UTC: c 1</title></rect>
            </svg>
            </svg>
        "#]].assert_eq(&chart.expect("a chart"));
    }

    #[test]
    fn the_longest_span_has_no_more_bars_than_can_be_seen() {
        let chart = activity(&[series("a", &["0001-01-01", "2026-05-20"])], 120.0).expect("a chart");
        assert!(chart.contains("one bar: 365 days"));
    }
}
