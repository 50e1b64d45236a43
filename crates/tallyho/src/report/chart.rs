//! Sightings over time as SVG: moments and their series in, a stacked bar chart out, legible in black and white and in print.

use std::fmt::Write as _;

use kql::time::{self, DAY, HOUR, MINUTE};

use crate::escape;

/// Sizes of a bin from which the smallest is taken that gives no more than [`BINS_MAX`].
const STEPS: [i64; 12] =
    [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY];

/// More bars than this are no longer told apart.
const BINS_MAX: i64 = 72;

/// Colors that the color-blind can tell apart (Okabe and Ito, 2008), dark enough for white paper; gray is the last.
const COLORS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#767676"];

const WIDTH: i64 = 960;
const LEFT: i64 = 44;
const RIGHT: i64 = 12;
const TOP: i64 = 10;
const AXIS: i64 = 34;

/// One series: its name, its moments in ticks, and its color.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) moments: Vec<i64>,
    pub(super) color: &'static str,
}

/// The chart, `height` units high; nothing if there is no moment. The series beyond the fifth are drawn as one.
pub(super) fn activity(series: &[Series], height: i64) -> Option<String> {
    let all = || series.iter().flat_map(|series| &series.moments);
    let (first, last) = (*all().min()?, *all().max()?);
    let step = STEPS.into_iter().find(|step| last / step - first / step < BINS_MAX).unwrap_or(STEPS[STEPS.len() - 1]);
    let start = first / step * step;
    let bins = usize::try_from((last - start) / step + 1).unwrap_or(1);
    let drawn = merged(series);
    let counts: Vec<Vec<u64>> = drawn.iter().map(|series| histogram(&series.moments, start, step, bins)).collect();
    let peak = (0..bins).map(|bin| counts.iter().map(|series| series[bin]).sum::<u64>()).max().unwrap_or(1).max(1);
    let plot = Plot { start, step, bins, top: nice(peak), height };
    let mut out = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Sightings over time\" \
         xmlns=\"http://www.w3.org/2000/svg\" font-family=\"inherit\" font-size=\"11\">\n"
    );
    plot.grid(&mut out);
    plot.bars(&mut out, &drawn, &counts);
    plot.time_axis(&mut out);
    out.push_str("</svg>\n");
    if drawn.len() > 1 {
        legend(&mut out, &drawn);
    }
    Some(out)
}

/// The color of the series at that place.
pub(super) fn color(at: usize) -> &'static str {
    COLORS[at.min(COLORS.len() - 1)]
}

/// At most as many series as there are colors.
fn merged(series: &[Series]) -> Vec<Series> {
    if series.len() <= COLORS.len() {
        return series.to_vec();
    }
    let (shown, rest) = series.split_at(COLORS.len() - 1);
    let mut out = shown.to_vec();
    let moments = rest.iter().flat_map(|series| series.moments.clone()).collect();
    out.push(Series { name: format!("{} others", rest.len()), moments, color: color(COLORS.len()) });
    out
}

fn histogram(moments: &[i64], start: i64, step: i64, bins: usize) -> Vec<u64> {
    let mut counts = vec![0; bins];
    for moment in moments {
        if let Some(count) = usize::try_from((moment - start) / step).ok().and_then(|bin| counts.get_mut(bin)) {
            *count += 1;
        }
    }
    counts
}

/// The next number after `n` that is 1, 2, 4 or 5 times a power of ten.
fn nice(n: u64) -> u64 {
    let mut power = 1;
    loop {
        if let Some(found) = [1, 2, 4, 5, 10].into_iter().map(|digit| digit * power).find(|nice| *nice >= n) {
            return found;
        }
        power *= 10;
    }
}

/// Where things are drawn.
struct Plot {
    start: i64,
    step: i64,
    bins: usize,
    top: u64,
    height: i64,
}

impl Plot {
    fn base(&self) -> i64 {
        self.height - AXIS
    }

    /// The left edge of a bin.
    fn x(&self, bin: usize) -> f64 {
        let width = (WIDTH - LEFT - RIGHT) as f64;
        LEFT as f64 + width * bin as f64 / self.bins as f64
    }

    /// How high a count stands above the base.
    fn rise(&self, count: u64) -> f64 {
        (self.base() - TOP) as f64 * count as f64 / self.top as f64
    }

    fn grid(&self, out: &mut String) {
        let marks: &[u64] = if self.top.is_multiple_of(2) { &[0, 1, 2] } else { &[0, 2] };
        for half in marks {
            let count = self.top * half / 2;
            let y = self.base() as f64 - self.rise(count);
            let _ = writeln!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#d5dae0\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555d66\">{count}</text>",
                WIDTH - RIGHT,
                LEFT - 6,
                y + 4.0
            );
        }
    }

    fn bars(&self, out: &mut String, drawn: &[Series], counts: &[Vec<u64>]) {
        let gap = if self.bins > 40 { 1.0 } else { 2.0 };
        let width = (self.x(1) - self.x(0) - gap).clamp(1.0, 48.0);
        let mut heights = vec![0; self.bins];
        for (series, counts) in drawn.iter().zip(counts) {
            for (bin, (below, &count)) in heights.iter_mut().zip(counts).enumerate() {
                if count == 0 {
                    continue;
                }
                let (y, high) = (self.base() as f64 - self.rise(*below + count), self.rise(count));
                let tip = format!("{} UTC: {} × {count}", moment(self.start + self.step * bin as i64, DAY - 1), series.name);
                let _ = writeln!(
                    out,
                    "<rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{high:.1}\" fill=\"{}\" stroke=\"#fff\" \
                     stroke-width=\".5\"><title>{}</title></rect>",
                    self.x(bin) + gap / 2.0,
                    series.color,
                    escape::html(&tip)
                );
                *below += count;
            }
        }
    }

    /// Up to eight labels, each under the left edge of its bin.
    fn time_axis(&self, out: &mut String) {
        let every = self.bins.div_ceil(8).max(1);
        let base = self.base();
        for bin in (0..self.bins).step_by(every) {
            let at = self.start + self.step * bin as i64;
            let x = self.x(bin);
            let _ = writeln!(
                out,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{base}\" y2=\"{}\" stroke=\"#555d66\"/>\
                 <text x=\"{x:.1}\" y=\"{}\" fill=\"#555d66\">{}</text>",
                base + 4,
                base + 17,
                moment(at, self.step)
            );
        }
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#555d66\">one bar: {}, UTC</text>",
            WIDTH - RIGHT,
            self.height - 3,
            duration(self.step)
        );
    }
}

/// `05-20 09:15`, or `2026-05-20` where a bin is a day or more.
fn moment(ticks: i64, step: i64) -> String {
    let text = time::format_datetime(ticks);
    if step >= DAY { text[..10].to_owned() } else { text[5..16].replace('T', " ") }
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

fn legend(out: &mut String, drawn: &[Series]) {
    out.push_str("<p class=\"legend\">");
    for series in drawn {
        let _ = write!(out, "<span><i style=\"background:{}\"></i>{}</span> ", series.color, escape::html(&series.name));
    }
    out.push_str("</p>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn series(name: &str, moments: &[&str]) -> Series {
        let moments = moments.iter().map(|text| time::parse_iso(text).expect("a time")).collect();
        Series { name: name.to_owned(), moments, color: color(0) }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(activity(&[], 120), None);
        assert_eq!(activity(&[series("a", &[])], 120), None);
    }

    #[test]
    fn bars_are_stacked_and_names_escaped() {
        let chart =
            activity(&[series("a<b>", &["2026-05-20T09:00", "2026-05-20T09:00:30"]), series("c", &["2026-05-20T09:00:59"])], 120);
        expect![[r##"
            <svg class="chart" viewBox="0 0 960 120" role="img" aria-label="Sightings over time" xmlns="http://www.w3.org/2000/svg" font-family="inherit" font-size="11">
            <line x1="44" x2="948" y1="86.0" y2="86.0" stroke="#d5dae0"/><text x="38" y="90.0" text-anchor="end" fill="#555d66">0</text>
            <line x1="44" x2="948" y1="48.0" y2="48.0" stroke="#d5dae0"/><text x="38" y="52.0" text-anchor="end" fill="#555d66">2</text>
            <line x1="44" x2="948" y1="10.0" y2="10.0" stroke="#d5dae0"/><text x="38" y="14.0" text-anchor="end" fill="#555d66">4</text>
            <rect x="45.0" y="48.0" width="48.0" height="38.0" fill="#0072b2" stroke="#fff" stroke-width=".5"><title>05-20 09:00 UTC: a&lt;b&gt; × 2</title></rect>
            <rect x="45.0" y="29.0" width="48.0" height="19.0" fill="#0072b2" stroke="#fff" stroke-width=".5"><title>05-20 09:00 UTC: c × 1</title></rect>
            <line x1="44.0" x2="44.0" y1="86" y2="90" stroke="#555d66"/><text x="44.0" y="103" fill="#555d66">05-20 09:00</text>
            <text x="948" y="117" text-anchor="end" fill="#555d66">one bar: 1 minute, UTC</text>
            </svg>
            <p class="legend"><span><i style="background:#0072b2"></i>a&lt;b&gt;</span> <span><i style="background:#0072b2"></i>c</span> </p>
        "##]].assert_eq(&chart.expect("a chart"));
    }

    #[test]
    fn the_longest_span_has_no_more_bars_than_can_be_seen() {
        let chart = activity(&[series("a", &["0001-01-01", "2026-05-20"])], 120).expect("a chart");
        assert!(chart.contains("one bar: 365 days"));
        let counts: Vec<u64> = [0, 1, 3, 6, 11, 41, 99].map(nice).to_vec();
        assert_eq!(counts, [1, 1, 4, 10, 20, 50, 100]);
    }
}
