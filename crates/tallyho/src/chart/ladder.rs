//! A ladder: spans of time or of numbers, one below the other; SVG out.

use super::canvas::{Anchor, Area, Canvas, color, fitted, text_width};
use super::frame::{self, EDGE, Entry, LETTER};
use super::scale::{Scale, moment, plain};
use kql::time;

/// What a ladder shows.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    /// The title.
    pub(crate) title: Option<String>,
    /// Below the axis.
    pub(crate) xtitle: Option<String>,
    /// What runs along the axis.
    pub(crate) x: Scale,
    /// Name, from, until, and the color's place.
    pub(crate) rungs: Vec<(String, f64, f64, usize)>,
    /// What the colors mean, if they mean anything.
    pub(crate) legend: Vec<Entry>,
}

const WIDTH: f64 = 800.0;
const NAMES: f64 = 260.0;

/// Draws it.
pub(crate) fn draw(ladder: &Ladder, label: &str) -> String {
    let row = if ladder.rungs.len() > 40 { 16.0 } else { 22.0 };
    let mut head = Canvas::new(WIDTH, 0.0);
    let mut area = Area { x: EDGE, y: EDGE, w: WIDTH - 2.0 * EDGE, h: 0.0 };
    area = frame::title(&mut head, area, ladder.title.as_deref());
    area = frame::legend(&mut head, area, &ladder.legend);
    let rows = row * ladder.rungs.len().max(1) as f64;
    let foot = 42.0 + if ladder.xtitle.is_some() { 18.0 } else { 0.0 };
    let mut canvas = head.with_height(area.y + rows + foot + EDGE);
    let names = ladder.rungs.iter().map(|rung| text_width(&rung.0, LETTER)).fold(0.0, f64::max).min(NAMES);
    let plot = Area { x: area.x + names + 10.0, y: area.y, w: area.w - names - 30.0, h: rows };
    let low = ladder.rungs.iter().map(|rung| rung.1.min(rung.2)).fold(f64::INFINITY, f64::min);
    let high = ladder.rungs.iter().map(|rung| rung.1.max(rung.2)).fold(f64::NEG_INFINITY, f64::max);
    let x = ladder.x.over(low, high);
    for tick in x.ticks(frame::columns(plot.w)) {
        let at = plot.x + plot.w * x.at(tick.value);
        canvas.line((at, plot.y), (at, plot.bottom()), "g");
    }
    frame::ticks_below(&mut canvas, &x, &plot);
    for (at, (name, from, until, series)) in ladder.rungs.iter().enumerate() {
        let y = plot.y + row * at as f64;
        let (left, right) = (plot.x + plot.w * x.at(*from), plot.x + plot.w * x.at(*until));
        canvas.text((plot.x - 8.0, y + row / 2.0 + 4.5), Anchor::End, "k", &fitted(name, LETTER, names + 1.0));
        let bar = Area { x: left.min(right), y: y + row * 0.25, w: (right - left).abs().max(2.0), h: row * 0.5 };
        let tip = format!("{name}: {} – {}", place(&x, *from), place(&x, *until));
        canvas.rect(&bar, &format!("{} br", color(*series)), &tip);
    }
    canvas.line((plot.x, plot.bottom()), (plot.right(), plot.bottom()), "x");
    if let Some(text) = &ladder.xtitle {
        canvas.text((plot.x + plot.w / 2.0, plot.bottom() + foot - 4.0), Anchor::Middle, "", &fitted(text, LETTER, plot.w));
    }
    canvas.finish(label)
}

fn place(scale: &Scale, value: f64) -> String {
    match scale {
        Scale::Time { .. } => moment(value),
        Scale::Span { .. } => time::format_timespan(value as i64),
        _ => plain(value),
    }
}
