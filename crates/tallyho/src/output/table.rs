//! Rows as columns side by side, for a terminal or a text file.

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table};
use kql::{Rows, Type, Value, time};

use super::cell_text;
use crate::escape;

/// How a table may look where it is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// How many columns there are; no limit without.
    pub width: Option<u16>,
    /// Whether the header may be bold.
    pub color: bool,
}

/// The table as text, a line feed at its end. A row or header never spills a control character.
#[must_use]
pub fn text_table(rows: &Rows, look: &Look) -> String {
    if rows.columns.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    // Only a rule under the header: "top, sides, bottom, corners" of the preset are blank.
    table.load_preset("     ──            ");
    if let Some(width) = look.width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.set_header(rows.columns.iter().map(|column| {
        let cell = Cell::new(escape::terminal(&column.name));
        if look.color { cell.add_attribute(Attribute::Bold) } else { cell }
    }));
    if look.color {
        table.enforce_styling();
    }
    for row in &rows.rows {
        table.add_row(row.iter().zip(&rows.columns).map(|(value, column)| {
            let cell = Cell::new(escape::terminal(&short_text(value)));
            if is_right_aligned(column.ty) { cell.set_alignment(CellAlignment::Right) } else { cell }
        }));
    }
    let mut out = String::new();
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// As [`cell_text`], but a time without the zeros that no one wrote: `2026-05-20T13:36:27Z`.
fn short_text(value: &Value) -> String {
    match value {
        Value::DateTime(ticks) => {
            let text = time::format_datetime(*ticks);
            format!("{}Z", text.trim_end_matches('Z').trim_end_matches(".0000000"))
        }
        other => cell_text(other),
    }
}

fn is_right_aligned(ty: Type) -> bool {
    ty.is_numeric() || ty == Type::TimeSpan
}
