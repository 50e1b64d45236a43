//! What `render` asks for, drawn: a result's rows and the operator's properties in; one SVG without script, or why there is none,
//! out.
//!
//! The kinds of charts and their properties are those of Kusto's reference (`render-operator`, `visualization-*`). What is guessed
//! where the query leaves it open is told in `reading.rs`; axes, legends and colors of all charts, those of a hunt's report
//! included, are the same code (`frame.rs`, `scale.rs`, `canvas.rs`).

mod axes;
mod bars;
mod canvas;
mod card;
mod figure;
mod frame;
mod ladder;
mod pie;
mod reading;
mod scale;
mod shares;
mod treemap;
mod xy;

use kql::Rows;
use kql::plan::Render;

use canvas::standalone;
pub(crate) use canvas::{COLORS, STYLE, color};
pub(crate) use figure::{Figure, Mark, Series, Stack};
pub(crate) use scale::Scale;
pub(crate) use xy::draw as draw_figure;

use reading::Reading;

/// A drawn chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// An `<svg>` element; its look is in [`STYLE`].
    pub svg: String,
    /// What of the request is not drawn as it was asked for.
    pub notes: Vec<String>,
}

impl Chart {
    /// The chart as an SVG file by itself.
    #[must_use]
    pub fn to_file(&self) -> String {
        standalone(&self.svg)
    }
}

/// Draws what `render` asks for. Nothing for `render table`. Rows that the query did not put in order (`ordered`) are put in one
/// here, since theirs differs from run to run.
///
/// # Errors
/// Why these rows do not make such a chart; they are then shown as a table.
pub fn draw(rows: &Rows, render: &Render, ordered: bool) -> Result<Option<Chart>, String> {
    let kind = render.kind.as_str();
    if kind == "table" {
        return Ok(None);
    }
    let why = |why: String| format!("render {kind}: {why}; the rows are shown as a table");
    if rows.rows.is_empty() {
        return Err(format!("render {kind}: there are no rows to draw"));
    }
    let reading = Reading::new(rows, render, ordered);
    let mut notes = Vec::new();
    let svg = match kind {
        "timechart" | "anomalychart" | "linechart" | "areachart" | "stackedareachart" | "columnchart" | "barchart"
        | "scatterchart" => axes::draw(&reading, kind, &mut notes),
        "piechart" => shares::pie(&reading, &mut notes),
        "treemap" => shares::treemap(&reading, &mut notes),
        "card" => card::draw(rows, reading.property("title"), &label(kind, &reading)),
        "ladderchart" => axes::ladder(&reading, &mut notes),
        "pivotchart" | "timepivot" | "plotly" | "graph" => {
            Err("it is made to be turned with a mouse, and is not drawn here".to_owned())
        }
        _ => Err("no such chart is known".to_owned()),
    };
    Ok(Some(Chart { svg: svg.map_err(why)?, notes: notes.into_iter().map(|note| format!("render {kind}: {note}")).collect() }))
}

/// What a chart shows, in a few words.
fn label(kind: &str, reading: &Reading<'_>) -> String {
    let names: Vec<&str> = reading.rows.columns.iter().map(|column| column.name.as_str()).collect();
    match reading.property("title").filter(|title| !title.is_empty()) {
        Some(title) => format!("{title} ({kind} of {})", names.join(", ")),
        None => format!("{kind} of {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
