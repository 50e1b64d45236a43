//! A pie: shares of a whole in, SVG out, with names, values and per cent beside it so that it reads on paper.

use std::f64::consts::TAU;

use super::canvas::{Anchor, Area, COLORS, Canvas, Path, color, fitted, text_width};
use super::frame::{self, EDGE, LETTER};
use super::scale::plain;

/// What a pie shows.
#[derive(Clone, Debug)]
pub(crate) struct Pie {
    /// The title.
    pub(crate) title: Option<String>,
    /// Names and values, none below zero.
    pub(crate) slices: Vec<(String, f64)>,
    /// Whether names stand beside it.
    pub(crate) legend: bool,
}

const WIDTH: f64 = 800.0;
const RADIUS: f64 = 135.0;

/// Draws it.
pub(crate) fn draw(pie: &Pie, label: &str) -> String {
    let slices = merged(&pie.slices);
    let total: f64 = slices.iter().map(|slice| slice.value).sum();
    let top = EDGE + if pie.title.as_deref().is_some_and(|title| !title.is_empty()) { 34.0 } else { 6.0 };
    let height = (top + 2.0 * RADIUS + EDGE + 6.0).max(top + slices.len() as f64 * 22.0 + EDGE);
    let mut canvas = Canvas::new(WIDTH, height);
    frame::title(&mut canvas, Area { x: EDGE, y: EDGE, w: WIDTH - 2.0 * EDGE, h: height }, pie.title.as_deref());
    let center = (EDGE + RADIUS + 40.0, top + RADIUS);
    let mut turned = 0.0;
    for slice in &slices {
        let share = slice.value / total;
        let tip = format!("{}: {} ({})", slice.name, plain(slice.value), percent(share));
        sector(&mut canvas, center, (turned, share), &format!("{} gap", slice.class), &tip);
        if share >= 0.06 {
            let at = on(center, RADIUS * 0.7, turned + share / 2.0);
            canvas.text((at.0, at.1 + 4.5), Anchor::Middle, "w", &percent(share));
        }
        turned += share;
    }
    if pie.legend {
        list(&mut canvas, &slices, total, center);
    }
    canvas.finish(label)
}

struct Slice {
    name: String,
    value: f64,
    class: String,
}

/// As many slices as there are colors; the others are one, gray.
fn merged(slices: &[(String, f64)]) -> Vec<Slice> {
    let slice = |(at, (name, value)): (usize, &(String, f64))| Slice { name: name.clone(), value: *value, class: color(at) };
    if slices.len() <= COLORS + 1 {
        return slices.iter().enumerate().map(slice).collect();
    }
    let mut order: Vec<usize> = (0..slices.len()).collect();
    order.sort_by(|a, b| slices[*b].1.total_cmp(&slices[*a].1));
    let mut kept = order[..COLORS].to_vec();
    kept.sort_unstable();
    let rest: f64 = order[COLORS..].iter().map(|at| slices[*at].1).sum();
    let mut out: Vec<Slice> = kept.iter().map(|at| &slices[*at]).enumerate().map(slice).collect();
    out.push(Slice { name: format!("{} others", slices.len() - COLORS), value: rest, class: "cx".to_owned() });
    out
}

/// The point on a circle after a part of a turn from the top.
fn on((x, y): (f64, f64), radius: f64, turn: f64) -> (f64, f64) {
    let angle = turn * TAU;
    (x + radius * angle.sin(), y - radius * angle.cos())
}

fn sector(canvas: &mut Canvas, center: (f64, f64), (turned, share): (f64, f64), class: &str, tip: &str) {
    if share >= 0.9999 {
        return canvas.circle(center, RADIUS, class, tip);
    }
    let mut path = Path::default();
    path.start(center);
    path.to(on(center, RADIUS, turned));
    path.arc(RADIUS, share > 0.5, on(center, RADIUS, turned + share));
    path.close();
    if share > 0.0 {
        canvas.path(&path, class, tip);
    }
}

/// Names, values and shares, one below the other.
fn list(canvas: &mut Canvas, slices: &[Slice], total: f64, center: (f64, f64)) {
    const LINE: f64 = 22.0;
    let left = center.0 + RADIUS + 60.0;
    let values: Vec<String> = slices.iter().map(|slice| plain(slice.value)).collect();
    let value_width = values.iter().map(|value| text_width(value, LETTER)).fold(0.0, f64::max);
    let room = WIDTH - EDGE - left - 18.0 - value_width - 76.0;
    let names = slices.iter().map(|slice| text_width(&slice.name, LETTER)).fold(0.0, f64::max).min(room);
    let top = (center.1 - slices.len() as f64 * LINE / 2.0).max(center.1 - RADIUS);
    for (at, (slice, value)) in slices.iter().zip(&values).enumerate() {
        let y = top + LINE * at as f64 + 15.0;
        canvas.rect(&Area { x: left, y: y - 10.0, w: 11.0, h: 11.0 }, &format!("{} br", slice.class), "");
        canvas.text((left + 18.0, y), Anchor::Start, "k", &fitted(&slice.name, LETTER, names + 1.0));
        let right = left + 18.0 + names + 16.0 + value_width;
        canvas.text((right, y), Anchor::End, "k", value);
        canvas.text((right + 60.0, y), Anchor::End, "", &percent(slice.value / total));
    }
}

/// `7.5 %`.
fn percent(share: f64) -> String {
    let share = if share.is_finite() { share * 100.0 } else { 0.0 };
    if share >= 99.95 { "100 %".to_owned() } else { format!("{share:.1} %") }
}
