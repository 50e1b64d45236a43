//! Charts with axes: columns that were read in, a figure settled, SVG out.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::figure::{Figure, Mark, Series, Stack, give_colors};
use super::frame::entries;
use super::ladder::{self, Ladder};
use super::reading::{Kind, Names, Place, Point, Reading, Shape};
use super::scale::{Scale, moment, plain};
use super::{COLORS, bars, label, xy};
use kql::time;

/// More series than this are a carpet.
const SERIES: usize = 1_000;

/// Names along an axis, beyond which the rest is left out (and told).
const ROOMS: usize = 500;

/// Spans of a ladder, beyond which the rest is left out (and told).
const RUNGS: usize = 200;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 400.0;

/// Draws a chart of one of the kinds with two axes.
pub(super) fn draw(reading: &Reading<'_>, kind: &str, notes: &mut Vec<String>) -> Result<String, String> {
    let shape = reading.shape()?;
    let (mark, stack) = drawn_as(reading, kind, notes)?;
    if kind == "anomalychart" && shape.hot.is_empty() {
        notes.push("without anomalycolumns nothing is marked; series_decompose_anomalies() finds what to mark".to_owned());
    }
    let mut points = reading.points(&shape);
    if !reading.ordered {
        points.sort_by(|a, b| in_order(&a.place, &b.place));
    }
    let (x, rooms, mut series) = placed(reading, &shape, mark, points, notes);
    if series.len() > SERIES {
        return Err(format!("{} series are too many to tell apart: summarize, or take the top ones first", series.len()));
    }
    settle(reading, &mut series, mark)?;
    let y = up(reading, &shape, &mut series, notes);
    give_colors(&mut series, COLORS);
    let panels = panels(reading, series.len(), mark, notes);
    let text = |name: &str| reading.property(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let alone = (series.len() == 1).then(|| reading.rows.columns[shape.measures[0]].name.clone());
    let named = matches!(x, Scale::Number { .. } | Scale::Span { .. } | Scale::Log { .. });
    let figure = Figure {
        mark,
        stack,
        title: text("title"),
        xtitle: text("xtitle").or_else(|| named.then(|| reading.rows.columns[shape.x].name.clone())),
        ytitle: text("ytitle").or(if stack == Stack::Share { Some("%".to_owned()) } else { alone }),
        legend: series.len() > 1 && !panels && reading.property("legend") != Some("hidden"),
        x,
        rooms,
        y,
        bounds: [reading.number("xmin")?, reading.number("xmax")?, reading.number("ymin")?, reading.number("ymax")?],
        panels,
        step: None,
        size: (WIDTH, if panels { 60.0 + 175.0 * series.len().min(xy::PANELS) as f64 } else { HEIGHT }),
        series,
    };
    let label = label(kind, reading);
    Ok(if mark == Mark::Bar { bars::draw(&figure, &label) } else { xy::draw(&figure, &label) })
}

/// Values by size, names by letters.
fn in_order(a: &Place, b: &Place) -> Ordering {
    match (a, b) {
        (Place::Value(a), Place::Value(b)) => a.total_cmp(b),
        (Place::Name(a), Place::Name(b)) => a.cmp(b),
        (Place::Value(_), Place::Name(_)) => Ordering::Less,
        (Place::Name(_), Place::Value(_)) => Ordering::Greater,
    }
}

/// The marks of a kind of chart, and whether they stand on each other.
fn drawn_as(reading: &Reading<'_>, kind: &str, notes: &mut Vec<String>) -> Result<(Mark, Stack), String> {
    let mark = match kind {
        "areachart" | "stackedareachart" => Mark::Area,
        "columnchart" => Mark::Column,
        "barchart" => Mark::Bar,
        "scatterchart" => Mark::Dot,
        _ => Mark::Line,
    };
    let given = reading.property("kind").unwrap_or("default");
    let stack = match given {
        "stacked" => Stack::Sum,
        "stacked100" => Stack::Share,
        "default" if kind == "stackedareachart" => Stack::Sum,
        "default" | "unstacked" => Stack::No,
        "map" if mark == Mark::Dot => {
            notes.push("no map is drawn; longitude and latitude are the axes".to_owned());
            Stack::No
        }
        other => return Err(format!("kind={other} is not known")),
    };
    if matches!(mark, Mark::Line | Mark::Dot) && stack != Stack::No {
        notes.push(format!("kind={given} means nothing here"));
        return Ok((mark, Stack::No));
    }
    Ok((mark, stack))
}

/// Points by series, along a scale; the names, if the scale is one of rooms.
fn placed(
    reading: &Reading<'_>,
    shape: &Shape,
    mark: Mark,
    points: Vec<Point>,
    notes: &mut Vec<String>,
) -> (Scale, Vec<String>, Vec<Series>) {
    let scale = along(reading, shape, mark, &points, notes);
    let (mut rooms, mut names) = (Names::default(), Names::default());
    // Series stand in the order of the measures and, of one measure, of their names.
    let mut order: Vec<(usize, &str)> = points.iter().map(|point| (point.measure, point.series.as_str())).collect();
    order.sort_unstable();
    order.dedup();
    for (_, name) in &order {
        names.place(name);
    }
    let named = |name: &String| Series { name: name.clone(), ..Series::default() };
    let mut series: Vec<Series> = names.names.iter().map(named).collect();
    let mut left_out = 0;
    for point in points {
        let x = match (&scale, point.place) {
            (Scale::Rooms(_), place) => {
                let room = rooms.place(&room_name(reading.kinds[shape.x].0, place));
                left_out += usize::from(room >= ROOMS);
                room as f64
            }
            (Scale::Log { .. }, Place::Value(value)) if value <= 0.0 => continue,
            (_, Place::Value(value)) => value,
            (_, Place::Name(_)) => continue,
        };
        let at = names.place(&point.series);
        series[at].points.push((x, point.value));
        if let (true, Some(y)) = (point.hot, point.value) {
            series[at].hot.push((x, y));
        }
    }
    if left_out > 0 {
        notes.push(format!("the first {ROOMS} of {} names are drawn", rooms.names.len()));
        series.iter_mut().for_each(|series| series.points.retain(|(x, _)| *x < ROOMS as f64));
        rooms.names.truncate(ROOMS);
    }
    let scale = if matches!(scale, Scale::Rooms(_)) { Scale::Rooms(rooms.names.len()) } else { scale };
    (scale, rooms.names, series)
}

fn room_name(kind: Kind, place: Place) -> String {
    match place {
        Place::Name(name) if name.is_empty() => "(empty)".to_owned(),
        Place::Name(name) => name,
        Place::Value(value) => match kind {
            Kind::Time => moment(value),
            Kind::Span => time::format_timespan(value as i64),
            _ => plain(value),
        },
    }
}

/// What runs along the horizontal axis.
fn along(reading: &Reading<'_>, shape: &Shape, mark: Mark, points: &[Point], notes: &mut Vec<String>) -> Scale {
    let ends = (0.0, 1.0);
    let scale = match reading.kinds[shape.x].0 {
        Kind::Text => Scale::Rooms(0),
        Kind::Number => Scale::Number { low: ends.0, high: ends.1 },
        Kind::Time => Scale::Time { low: ends.0, high: ends.1 },
        Kind::Span => Scale::Span { low: ends.0, high: ends.1 },
    };
    let is_bar = matches!(mark, Mark::Bar | Mark::Column);
    if mark == Mark::Bar || (is_bar && !is_even(points)) {
        return Scale::Rooms(0);
    }
    if reading.property("xaxis") == Some("log") {
        if matches!(scale, Scale::Number { .. }) && !is_bar {
            let outside = points.iter().filter(|point| matches!(point.place, Place::Value(value) if value <= 0.0)).count();
            if outside > 0 {
                notes.push(format!("points at or below zero have no place on a logarithmic axis: {outside}"));
            }
            return Scale::Log { low: 1.0, high: 10.0 };
        }
        notes.push("xaxis=log is for numbers only".to_owned());
    }
    scale
}

/// Whether bars at these places would be wide enough to be seen, if the axis were a scale.
fn is_even(points: &[Point]) -> bool {
    const BARS: f64 = 400.0;
    let value = |point: &Point| if let Place::Value(value) = point.place { Some(value) } else { None };
    let mut places: Vec<f64> = points.iter().filter_map(value).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let gap = places.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    match (places.first(), places.last()) {
        (Some(first), Some(last)) => !gap.is_finite() || (last - first) / gap <= BARS,
        _ => false,
    }
}

/// Puts points in order, one for each place where they are bars, and adds them up if that is asked for.
fn settle(reading: &Reading<'_>, series: &mut [Series], mark: Mark) -> Result<(), String> {
    let accumulate = match reading.property("accumulate").map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(format!("accumulate={other} is neither true nor false")),
    };
    for series in series {
        if mark != Mark::Dot {
            series.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        if matches!(mark, Mark::Bar | Mark::Column) {
            series.points.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                if same {
                    kept.1 = kept.1.map_or(next.1, |sum| Some(sum + next.1.unwrap_or(0.0)));
                }
                same
            });
        }
        if accumulate {
            let mut sum = 0.0;
            let mut sums = HashMap::new();
            for (x, y) in &mut series.points {
                sum += y.unwrap_or(0.0);
                *y = Some(sum);
                sums.insert(x.to_bits(), sum);
            }
            series.hot.iter_mut().for_each(|(x, y)| *y = sums.get(&x.to_bits()).copied().unwrap_or(*y));
        }
    }
    Ok(())
}

/// What runs up the vertical axis. Points that have no place there lose their values.
fn up(reading: &Reading<'_>, shape: &Shape, series: &mut [Series], notes: &mut Vec<String>) -> Scale {
    if shape.measures.iter().all(|at| reading.kinds[*at].0 == Kind::Span) {
        return Scale::Span { low: 0.0, high: 1.0 };
    }
    if reading.property("yaxis") != Some("log") {
        return Scale::Number { low: 0.0, high: 1.0 };
    }
    let mut outside = 0;
    for (_, y) in series.iter_mut().flat_map(|series| &mut series.points) {
        if y.is_some_and(|y| y <= 0.0) {
            *y = None;
            outside += 1;
        }
    }
    if outside > 0 {
        notes.push(format!("values at or below zero have no place on a logarithmic axis: {outside}"));
    }
    Scale::Log { low: 1.0, high: 10.0 }
}

/// Whether each series gets a panel.
fn panels(reading: &Reading<'_>, series: usize, mark: Mark, notes: &mut Vec<String>) -> bool {
    let split = reading.property("ysplit").unwrap_or("none");
    if split == "none" || series < 2 || mark == Mark::Bar {
        return false;
    }
    if split == "axes" {
        notes.push("instead of an axis for each series there is a panel for each".to_owned());
    }
    if series > xy::PANELS {
        notes.push(format!("{} of {series} series have a panel, the most that there can be", xy::PANELS));
    }
    true
}

/// Draws a ladder: of each row the last two columns that are moments (or spans, or numbers) are the ends, the others its name.
pub(super) fn ladder(reading: &Reading<'_>, notes: &mut Vec<String>) -> Result<String, String> {
    let kinds = [(Kind::Time, false), (Kind::Span, false), (Kind::Number, false)];
    let ends = kinds.into_iter().find_map(|kind| {
        let columns: Vec<usize> = reading.of_kind(kind.0, kind.1).collect();
        (columns.len() >= 2).then(|| (kind.0, columns[columns.len() - 2], columns[columns.len() - 1]))
    });
    let (kind, from, until) = ends.ok_or("it needs two columns of datetimes, from and until")?;
    let series = reading.columns("series")?.unwrap_or_default();
    let names: Vec<usize> = (0..reading.rows.columns.len()).filter(|at| *at != from && *at != until).collect();
    let mut colors = Names::default();
    let mut rungs = Vec::new();
    for row in &reading.rows.rows {
        let (Some(start), Some(end)) = (ticks(&row[from]), ticks(&row[until])) else { continue };
        let color = if series.is_empty() { 0 } else { colors.place(&reading.key(row, &series[..1])) };
        rungs.push((reading.key(row, &names), start, end, color));
    }
    if !reading.ordered {
        rungs.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    }
    if rungs.is_empty() {
        return Err("no row has both ends".to_owned());
    }
    if rungs.len() < reading.rows.rows.len() {
        notes.push(format!("rows without both ends are left out: {}", reading.rows.rows.len() - rungs.len()));
    }
    if rungs.len() > RUNGS {
        notes.push(format!("the first {RUNGS} of {} rows are drawn", rungs.len()));
        rungs.truncate(RUNGS);
    }
    let places: Vec<usize> = (0..colors.names.len()).collect();
    let hidden = colors.names.len() < 2 || reading.property("legend") == Some("hidden");
    let legend = if hidden { Vec::new() } else { entries(colors.names.iter().map(String::as_str), &places) };
    let x = match kind {
        Kind::Time => Scale::Time { low: 0.0, high: 1.0 },
        Kind::Span => Scale::Span { low: 0.0, high: 1.0 },
        _ => Scale::Number { low: 0.0, high: 1.0 },
    };
    let text = |name: &str| reading.property(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let ladder = Ladder { title: text("title"), xtitle: text("xtitle"), x, rungs, legend };
    Ok(ladder::draw(&ladder, &label("ladderchart", reading)))
}

/// A moment, span or number on its axis.
fn ticks(value: &kql::Value) -> Option<f64> {
    match value {
        kql::Value::DateTime(ticks) | kql::Value::TimeSpan(ticks) | kql::Value::Long(ticks) => Some(*ticks as f64),
        kql::Value::Int(n) => Some(f64::from(*n)),
        kql::Value::Real(n) => Some(*n).filter(|n| n.is_finite()),
        _ => None,
    }
}
