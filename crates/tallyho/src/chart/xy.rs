//! Lines, areas, columns and points between two axes: a [`Figure`] in, SVG out.

use super::canvas::{Area, COLORS, Canvas, Path, color};
use super::figure::{Figure, Mark, Series, Stack};
use super::frame::{self, EDGE, Labels, Plot};
use super::scale::{Scale, moment, plain};
use kql::time;

/// How many panels there are at most (Kusto's limit).
pub(crate) const PANELS: usize = 5;

/// Points of a series up to which each is marked on its line.
const MARKED: usize = 40;

/// Points of a scatter beyond which those on the same spot are drawn once.
const SCATTERED: usize = 4_000;

/// Draws the figure; `label` says what it shows.
pub(crate) fn draw(figure: &Figure, label: &str) -> String {
    let (width, height) = figure.size;
    let mut canvas = Canvas::new(width, height);
    let area = Area { x: EDGE, y: EDGE, w: width - 2.0 * EDGE, h: height - 2.0 * EDGE };
    let mut area = frame::title(&mut canvas, area, figure.title.as_deref());
    if figure.legend {
        let colors: Vec<usize> = figure.series.iter().map(|series| series.color).collect();
        let entries = frame::entries(figure.series.iter().map(|series| series.name.as_str()), &colors);
        area = frame::legend(&mut canvas, area, &entries);
    }
    if figure.panels {
        let panels = figure.series.len().clamp(1, PANELS);
        let h = area.h / panels as f64;
        for (at, series) in figure.series.iter().take(panels).enumerate() {
            let y = area.y + h * at as f64;
            panel(&mut canvas, Area { y, h: h - 10.0, ..area }, figure, std::slice::from_ref(series));
        }
    } else {
        panel(&mut canvas, area, figure, &figure.series);
    }
    canvas.finish(label)
}

fn panel(canvas: &mut Canvas, area: Area, figure: &Figure, series: &[Series]) {
    let bands = bands(figure, series);
    let step = step(figure);
    let x = horizontal(figure, step);
    let y = vertical(figure, &bands);
    let ytitle = if figure.panels { series.first().map(|series| series.name.as_str()) } else { figure.ytitle.as_deref() };
    let labels = Labels { x: figure.xtitle.as_deref(), y: ytitle, rooms: &figure.rooms };
    let plot = frame::axes(canvas, area, x, y, &labels);
    // Marks at the very edge are whole.
    let Area { x: left, y: top, w, h } = plot.area;
    canvas.clip(&Area { x: left - 4.0, y: top - 4.0, w: w + 8.0, h: h + 8.0 });
    match figure.mark {
        Mark::Dot => series.iter().for_each(|series| dots(canvas, &plot, figure, series)),
        Mark::Column | Mark::Bar => columns(canvas, &plot, figure, &bands, step),
        Mark::Line | Mark::Area => {
            // The gray ones first, so that those with a color lie above.
            let (gray, rest): (Vec<&Band<'_>>, Vec<&Band<'_>>) = bands.iter().partition(|band| band.series.color >= COLORS);
            for band in gray.into_iter().chain(rest) {
                line(canvas, &plot, figure, band);
            }
        }
    }
    canvas.end_clip();
    for series in series {
        for (x, y) in &series.hot {
            canvas.circle(plot.at(*x, *y), 5.0, "hot", &tip(figure, series, *x, *y));
        }
    }
}

/// A series as it is drawn: from where to where at each place.
struct Band<'a> {
    series: &'a Series,
    /// Place, lower and upper end; no ends where a value is missing.
    points: Vec<(f64, Option<(f64, f64)>)>,
}

/// The series on the ground, or on each other.
fn bands<'a>(figure: &Figure, series: &'a [Series]) -> Vec<Band<'a>> {
    if figure.stack == Stack::No {
        let alone = |series: &'a Series| {
            let points = series.points.iter().map(|(x, y)| (*x, y.map(|y| (0.0, y)))).collect();
            Band { series, points }
        };
        return series.iter().map(alone).collect();
    }
    let mut places: Vec<f64> = series.iter().flat_map(|series| series.points.iter().map(|(x, _)| *x)).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let aligned: Vec<Vec<f64>> = series.iter().map(|series| aligned(series, &places)).collect();
    let total = |at: usize| aligned.iter().map(|values| values[at].abs()).sum::<f64>();
    let scale: Vec<f64> = match figure.stack {
        Stack::Share => (0..places.len()).map(|at| 100.0 / total(at)).map(|f| if f.is_finite() { f } else { 0.0 }).collect(),
        _ => vec![1.0; places.len()],
    };
    // What is below zero hangs from it.
    let mut ends = vec![(0.0, 0.0); places.len()];
    let mut out = Vec::with_capacity(series.len());
    for (series, values) in series.iter().zip(&aligned) {
        let mut points = Vec::with_capacity(places.len());
        for (at, (x, value)) in places.iter().zip(values).enumerate() {
            let (high, low) = &mut ends[at];
            let end = if *value < 0.0 { low } else { high };
            let from = *end;
            *end += value * scale[at];
            points.push((*x, Some((from, *end))));
        }
        out.push(Band { series, points });
    }
    out
}

/// The sum of a series' values at each place.
fn aligned(series: &Series, places: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; places.len()];
    for (x, y) in series.values() {
        if let Ok(at) = places.binary_search_by(|place| place.total_cmp(&x)) {
            out[at] += y;
        }
    }
    out
}

/// The distance between two neighbors along the axis: how wide a column may be.
fn step(figure: &Figure) -> f64 {
    if let Some(step) = figure.step {
        return step;
    }
    if matches!(figure.x, Scale::Rooms(_)) {
        return 1.0;
    }
    let mut places: Vec<f64> = figure.series.iter().flat_map(|series| series.points.iter().map(|(x, _)| *x)).collect();
    places.sort_by(f64::total_cmp);
    let least = places.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.0).fold(f64::INFINITY, f64::min);
    match figure.x {
        _ if least.is_finite() => least,
        Scale::Time { .. } | Scale::Span { .. } => time::MINUTE as f64,
        _ => 1.0,
    }
}

/// The same for all panels.
fn horizontal(figure: &Figure, step: f64) -> Scale {
    if let Scale::Rooms(n) = figure.x {
        return Scale::Rooms(n);
    }
    let places = || figure.series.iter().flat_map(|series| series.points.iter().map(|(x, _)| *x));
    let (mut low, mut high) = ends(places());
    if figure.mark == Mark::Column {
        // A bin of time starts at its name; a number is in the middle of its bar.
        let before = if matches!(figure.x, Scale::Time { .. }) { 0.0 } else { step / 2.0 };
        (low, high) = (low - before, high + step - before);
    }
    let scale = figure.x.over(figure.bounds[0].unwrap_or(low), figure.bounds[1].unwrap_or(high));
    match scale {
        Scale::Number { .. } if figure.mark == Mark::Dot && figure.bounds[..2] == [None, None] => scale.rounded(8),
        other => other,
    }
}

/// The least and the greatest; 0 and 1 of nothing.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high { (0.0, 1.0) } else { (low, high) }
}

fn vertical(figure: &Figure, bands: &[Band<'_>]) -> Scale {
    let log = matches!(figure.y, Scale::Log { .. });
    let all = bands.iter().flat_map(|band| band.points.iter().filter_map(|(_, ends)| *ends));
    let stands = figure.stack != Stack::No || matches!(figure.mark, Mark::Area | Mark::Column | Mark::Bar);
    let (mut low, mut high) = if stands && !log {
        ends(all.flat_map(|(from, to)| [from, to]))
    } else {
        ends(all.map(|(_, to)| to).filter(|to| !log || *to > 0.0))
    };
    // A line not far above zero starts there: else a small change looks like a great one.
    if !log && low > 0.0 && (high - low) > 0.15 * high {
        low = 0.0;
    }
    if figure.stack == Stack::Share {
        (low, high) = (low.max(-100.0), high.min(100.0));
    }
    if stands && !log && low == 0.0 && high == 0.0 {
        high = 1.0;
    }
    let scale = figure.y.over(low, high).rounded(5);
    match (figure.bounds[2], figure.bounds[3]) {
        (None, None) => scale,
        (least, greatest) => {
            let (low, high) = match scale {
                Scale::Number { low, high } | Scale::Log { low, high } | Scale::Span { low, high } => (low, high),
                _ => (low, high),
            };
            let (low, high) = (least.filter(|low| !log || *low > 0.0).unwrap_or(low), greatest.unwrap_or(high));
            if low < high { figure.y.over(low, high) } else { figure.y.over(low, low + 1.0) }
        }
    }
}

/// What the mouse is told of a point.
pub(crate) fn tip(figure: &Figure, series: &Series, x: f64, y: f64) -> String {
    let place = match figure.x {
        Scale::Time { .. } => format!("{} UTC", moment(x)),
        Scale::Span { .. } => time::format_timespan(x as i64),
        Scale::Rooms(_) => figure.rooms.get(x as usize).cloned().unwrap_or_default(),
        _ => plain(x),
    };
    format!("{place}: {}{}", if series.name.is_empty() { String::new() } else { format!("{} ", series.name) }, measure(figure, y))
}

/// A value of the vertical axis in words.
pub(crate) fn measure(figure: &Figure, y: f64) -> String {
    match figure.y {
        Scale::Span { .. } => time::format_timespan(y as i64),
        _ => plain(y),
    }
}

fn dots(canvas: &mut Canvas, plot: &Plot, figure: &Figure, series: &Series) {
    let many = series.points.len() > SCATTERED;
    let mut drawn = std::collections::HashSet::new();
    for (x, y) in series.values() {
        let (px, py) = plot.at(x, y);
        if many && !drawn.insert(((px * 2.0) as i64, (py * 2.0) as i64)) {
            continue;
        }
        let tip = if many { String::new() } else { tip(figure, series, x, y) };
        canvas.circle((px, py), 4.0, &format!("{} dot", color(series.color)), &tip);
    }
}

/// A line through the upper ends, and the area between them and the lower ones.
fn line(canvas: &mut Canvas, plot: &Plot, figure: &Figure, band: &Band<'_>) {
    let class = color(band.series.color);
    let stacked = figure.stack != Stack::No;
    let marked = band.points.len() <= MARKED && !stacked && band.series.color < COLORS;
    let mut marks = Vec::new();
    let (mut course, mut surface) = (Path::default(), Path::default());
    for run in band.points.split(|(_, ends)| ends.is_none()) {
        let run: Vec<(f64, f64, f64)> = run.iter().filter_map(|(x, ends)| ends.map(|(from, to)| (*x, from, to))).collect();
        let upper = thinned(run.iter().map(|(x, _, to)| plot.at(*x, *to)).collect());
        for (at, point) in upper.iter().enumerate() {
            if at == 0 { course.start(*point) } else { course.to(*point) }
        }
        if figure.mark == Mark::Area && !run.is_empty() {
            let ground = plot.ground();
            let lower = run.iter().rev().map(|(x, from, _)| plot.at(*x, if stacked { *from } else { ground })).collect();
            upper.iter().enumerate().for_each(|(at, point)| if at == 0 { surface.start(*point) } else { surface.to(*point) });
            thinned(lower).into_iter().for_each(|point| surface.to(point));
            surface.close();
        }
        // A point without neighbors has no line.
        if marked || run.len() == 1 {
            marks.extend(run);
        }
    }
    canvas.path(&surface, &format!("{class} {}", if stacked { "st" } else { "ar" }), "");
    canvas.path(&course, &format!("{class} ln"), &band.series.name);
    for (x, from, to) in marks {
        canvas.circle(
            plot.at(x, to),
            3.0,
            &format!("{class} br"),
            &tip(figure, band.series, x, if stacked { to - from } else { to }),
        );
    }
}

/// At most four points for each unit of width: the first, the lowest, the highest and the last look like all of them.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    const MANY: usize = 1_500;
    if points.len() <= MANY {
        return points;
    }
    let mut out = Vec::new();
    for group in points.chunk_by(|a, b| a.0 as i64 == b.0 as i64) {
        let by = |pick: fn(f64, f64) -> bool| {
            (0..group.len()).reduce(|best, at| if pick(group[at].1, group[best].1) { at } else { best }).unwrap_or(0)
        };
        let mut kept = [0, by(|a, b| a < b), by(|a, b| a > b), group.len() - 1];
        kept.sort_unstable();
        let mut last = None;
        for at in kept {
            if last.replace(at) != Some(at) {
                out.push(group[at]);
            }
        }
    }
    out
}

fn columns(canvas: &mut Canvas, plot: &Plot, figure: &Figure, bands: &[Band<'_>], step: f64) {
    let stacked = figure.stack != Stack::No;
    let slots = if stacked { 1 } else { bands.len().max(1) };
    let room = (plot.px(step) - plot.px(0.0)).abs();
    let gap = if room > 12.0 {
        (room * 0.2).min(30.0)
    } else if room > 3.0 {
        1.0
    } else {
        0.0
    };
    let width = ((room - gap) / slots as f64).clamp(1.0, 90.0);
    let whole = width * slots as f64;
    let before = if matches!(plot.x, Scale::Time { .. }) { (room - whole) / 2.0 } else { -whole / 2.0 };
    let ground = plot.ground();
    for (slot, band) in bands.iter().enumerate() {
        let class = format!("{} br", color(band.series.color));
        for (x, ends) in &band.points {
            let Some((from, to)) = ends.filter(|(from, to)| to != from) else { continue };
            let (top, foot) = (plot.py(to), plot.py(if stacked && from != 0.0 { from } else { ground }));
            let left = plot.px(*x) + before + if stacked { 0.0 } else { slot as f64 * width };
            let seam = if !stacked && slots > 1 && width > 4.0 { 1.0 } else { 0.0 };
            let area = Area { x: left, y: top.min(foot), w: width - seam, h: (top - foot).abs().max(0.5) };
            let shown = if stacked { aligned(band.series, &[*x])[0] } else { to };
            canvas.rect(&area, &class, &tip(figure, band.series, *x, shown));
        }
    }
}
