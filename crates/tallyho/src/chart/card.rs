//! A card: the first row as large values with their names; SVG out.

use kql::{Rows, Value, time};

use super::canvas::{Anchor, Area, Canvas, fitted, text_width};
use super::frame::{self, EDGE, LETTER};
use super::scale::{moment, plain};

const WIDTH: f64 = 800.0;
const LARGE: f64 = 44.0;
const HIGH: f64 = 110.0;

/// Draws the first row.
pub(crate) fn draw(rows: &Rows, title: Option<&str>, label: &str) -> Result<String, String> {
    let Some(row) = rows.rows.first() else { return Err("there is no row to show on the card".to_owned()) };
    let each = rows.columns.len().clamp(1, 4);
    let lines = rows.columns.len().div_ceil(each).max(1);
    let top = EDGE + if title.is_some_and(|title| !title.is_empty()) { 34.0 } else { 0.0 };
    let height = top + lines as f64 * HIGH + EDGE - 10.0;
    let mut canvas = Canvas::new(WIDTH, height);
    frame::title(&mut canvas, Area { x: EDGE, y: EDGE, w: WIDTH - 2.0 * EDGE, h: height }, title);
    let width = (WIDTH - 2.0 * EDGE + 10.0) / each as f64;
    for (at, (value, column)) in row.iter().zip(&rows.columns).enumerate() {
        let x = EDGE + width * (at % each) as f64;
        let area = Area { x, y: top + HIGH * (at / each) as f64, w: width - 10.0, h: HIGH - 10.0 };
        canvas.rect(&area, "box", "");
        let text = text(value);
        let middle = area.x + area.w / 2.0;
        let fits = text_width(&text, LARGE) <= area.w - 20.0;
        let (class, size) = if fits { ("big", LARGE) } else { ("t", 17.0) };
        canvas.text((middle, area.y + 58.0), Anchor::Middle, class, &fitted(&text, size, area.w - 20.0));
        canvas.text((middle, area.y + 84.0), Anchor::Middle, "", &fitted(&column.name, LETTER, area.w - 20.0));
    }
    Ok(canvas.finish(label))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Int(n) => plain(f64::from(*n)),
        Value::Long(n) => plain(*n as f64),
        Value::Real(n) if n.is_finite() => plain(*n),
        Value::DateTime(ticks) => moment((*ticks / time::SECOND * time::SECOND) as f64),
        Value::TimeSpan(ticks) => time::format_timespan(*ticks),
        other => crate::output::cell_text(other),
    }
}
