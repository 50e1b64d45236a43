//! Bars from left to right, one name below the other: a [`Figure`] of rooms in, SVG out.

use super::canvas::{Anchor, Area, Canvas, color, fitted, text_width};
use super::figure::{Figure, Stack};
use super::frame::{self, EDGE, LETTER};
use super::scale::Scale;
use super::xy::{measure, tip};

/// How high a name with its bars is.
const ROW: f64 = 24.0;

/// The widest that the names get.
const NAMES: f64 = 280.0;

/// Draws the figure; `label` says what it shows.
pub(crate) fn draw(figure: &Figure, label: &str) -> String {
    let stacked = figure.stack != Stack::No;
    let slots = if stacked { 1 } else { figure.series.len().clamp(1, 12) };
    let row = if slots == 1 { ROW } else { 8.0 + 12.0 * slots as f64 };
    let rows = row * figure.rooms.len().max(1) as f64;
    let width = figure.size.0;
    let colors: Vec<usize> = figure.series.iter().map(|series| series.color).collect();
    let entries = frame::entries(figure.series.iter().map(|series| series.name.as_str()), &colors);
    let mut head = Canvas::new(width, 0.0);
    let mut area = Area { x: EDGE, y: EDGE, w: width - 2.0 * EDGE, h: 0.0 };
    area = frame::title(&mut head, area, figure.title.as_deref());
    if figure.legend {
        area = frame::legend(&mut head, area, &entries);
    }
    let foot = 26.0 + if figure.ytitle.is_some() { 20.0 } else { 0.0 };
    let mut canvas = head.with_height(area.y + rows + foot + EDGE);
    let names = figure.rooms.iter().map(|name| text_width(name, LETTER)).fold(0.0, f64::max).min(NAMES);
    // The values at the ends of bars stand out to the right.
    let plot = Area { x: area.x + names + 10.0, y: area.y, w: area.w - names - 10.0 - 60.0, h: rows };
    let scale = scale(figure);
    axis(&mut canvas, &plot, &scale, figure);
    for (at, name) in figure.rooms.iter().enumerate() {
        let middle = plot.y + row * (at as f64 + 0.5);
        canvas.text((plot.x - 8.0, middle + 4.5), Anchor::End, "k", &fitted(name, LETTER, names + 1.0));
        draw_row(&mut canvas, &plot, &scale, figure, (at, row, slots));
    }
    let zero = plot.x + plot.w * scale.at(0.0).clamp(0.0, 1.0);
    canvas.line((zero, plot.y), (zero, plot.bottom()), "x");
    canvas.finish(label)
}

/// The values of each series at a room.
fn values(figure: &Figure, room: usize) -> Vec<f64> {
    let at = |series: &super::figure::Series| series.values().filter(|(x, _)| *x as usize == room).map(|(_, y)| y).sum();
    figure.series.iter().map(at).collect()
}

fn scale(figure: &Figure) -> Scale {
    let (mut low, mut high) = (0f64, 0f64);
    for room in 0..figure.rooms.len() {
        let values = values(figure, room);
        if figure.stack == Stack::No {
            values.iter().for_each(|value| (low, high) = (low.min(*value), high.max(*value)));
        } else {
            low = low.min(values.iter().filter(|value| **value < 0.0).sum());
            high = high.max(values.iter().filter(|value| **value > 0.0).sum());
        }
    }
    if figure.stack == Stack::Share {
        (low, high) = (if low < 0.0 { -100.0 } else { 0.0 }, 100.0);
    }
    if let Scale::Log { .. } = figure.y {
        let least =
            figure.series.iter().flat_map(|s| s.values()).map(|(_, y)| y).filter(|y| *y > 0.0).fold(f64::INFINITY, f64::min);
        let low = if least.is_finite() { least } else { 1.0 };
        return figure.y.over(low, high.max(low)).rounded(6);
    }
    let (low, high) = (figure.bounds[2].unwrap_or(low), figure.bounds[3].unwrap_or(high));
    let scale = if low < high { figure.y.over(low, high) } else { figure.y.over(low, low + 1.0) };
    if figure.bounds[2..] == [None, None] { scale.rounded(6) } else { scale }
}

fn axis(canvas: &mut Canvas, plot: &Area, scale: &Scale, figure: &Figure) {
    for tick in scale.ticks(6) {
        let x = plot.x + plot.w * scale.at(tick.value);
        canvas.line((x, plot.y), (x, plot.bottom()), "g");
        canvas.text((x, plot.bottom() + 18.0), Anchor::Middle, "", &tick.label);
    }
    if let Some(text) = &figure.ytitle {
        canvas.text((plot.x + plot.w / 2.0, plot.bottom() + 40.0), Anchor::Middle, "", &fitted(text, LETTER, plot.w));
    }
}

/// The bars of one name.
fn draw_row(canvas: &mut Canvas, plot: &Area, scale: &Scale, figure: &Figure, (room, row, slots): (usize, f64, usize)) {
    let values = values(figure, room);
    let total: f64 = values.iter().map(|value| value.abs()).sum();
    let height = (row - 8.0) / slots as f64;
    let place = |value: f64| plot.x + plot.w * scale.at(value).clamp(0.0, 1.0);
    let ground = if matches!(scale, Scale::Log { .. }) { plot.x } else { place(0.0) };
    let (mut high, mut low) = (0.0, 0.0);
    for (at, (series, value)) in figure.series.iter().zip(values).enumerate() {
        let value_drawn = if figure.stack == Stack::Share && total > 0.0 { value * 100.0 / total } else { value };
        let (from, to) = if figure.stack == Stack::No {
            (ground, place(value_drawn))
        } else {
            let end = if value < 0.0 { &mut low } else { &mut high };
            let from = if *end == 0.0 { ground } else { place(*end) };
            *end += value_drawn;
            (from, place(*end))
        };
        let slot = if slots == 1 { 0.0 } else { (at % slots) as f64 * height };
        let y = plot.y + row * room as f64 + 4.0 + slot;
        let area = Area { x: from.min(to), y, w: (to - from).abs(), h: height - if slots > 1 { 1.0 } else { 0.0 } };
        if value != 0.0 {
            canvas.rect(&area, &format!("{} br", color(series.color)), &tip(figure, series, room as f64, value));
        }
        // One bar for a name: its value stands at the end, so that the axis need not be read.
        if figure.series.len() == 1 && value >= 0.0 {
            canvas.text((to + 6.0, y + height / 2.0 + 4.5), Anchor::Start, "", &measure(figure, value));
        }
    }
}
