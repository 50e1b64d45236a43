//! Rows as columns side by side, for a terminal or a text file.

use std::io::{self, Write};

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table};
use kql::{Column, Rows, Type, Value, time};

use super::cell_text;
use super::plain::{self, Widths};
use crate::escape;

/// How a table may look where it is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// How many columns there are; no limit without.
    pub width: Option<u16>,
    /// Whether the header may be bold.
    pub color: bool,
}

/// The table as text, a line feed at its end.
#[must_use]
pub fn text_table(rows: &Rows, look: &Look) -> String {
    let mut out = Vec::new();
    // Writing to a vector cannot fail.
    let _ = write_table(&mut out, rows, look);
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes the table. A row or header never spills a control character.
///
/// Where the columns do not fit, values are wrapped; where they would be squeezed until none can be read, each row is a block of lines
/// instead.
pub(super) fn write_table(out: &mut dyn Write, rows: &Rows, look: &Look) -> io::Result<()> {
    if rows.columns.is_empty() {
        return Ok(());
    }
    let widths = Widths::of(&rows.columns, rows.rows.iter());
    match look.width {
        Some(width) if widths.total() > usize::from(width) => out.write_all(squeezed(rows, width, look.color).as_bytes()),
        _ => plain::write(out, &rows.columns, rows.rows.iter(), &widths, look.color),
    }
}

/// The table in lines that are not longer than that.
fn squeezed(rows: &Rows, width: u16, color: bool) -> String {
    if !rows.rows.is_empty() && least_width(rows) > usize::from(width) {
        return records(rows, usize::from(width), color);
    }
    let mut table = Table::new();
    // Only a rule under the header: "top, sides, bottom, corners" of the preset are blank.
    table.load_preset("     ──            ");
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(rows.columns.iter().map(|column| {
        let cell = Cell::new(escape::terminal(&column.name));
        if color { cell.add_attribute(Attribute::Bold) } else { cell }
    }));
    if color {
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

/// The width below which columns side by side are no longer read: a text may wrap, though not into scraps; a number or time not.
fn least_width(rows: &Rows) -> usize {
    const TEXT: usize = 12;
    const BETWEEN: usize = 3;
    let least = |(at, column): (usize, &Column)| {
        let longest = rows.rows.iter().map(|row| short_text(&row[at]).chars().count()).max().unwrap_or(0);
        let is_text = matches!(column.ty, Type::String | Type::Dynamic | Type::Guid | Type::Unknown);
        let name = column.name.chars().count().min(TEXT);
        name.max(if is_text { longest.min(TEXT) } else { longest }) + BETWEEN
    };
    rows.columns.iter().enumerate().map(least).sum()
}

/// Each row as a block: a column's name and its value a line; columns without a value are counted.
fn records(rows: &Rows, width: usize, color: bool) -> String {
    let names: Vec<_> = rows.columns.iter().map(|column| escape::terminal(&column.name)).collect();
    let room = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let (on, off) = if color { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    let mut out = String::new();
    for (at, row) in rows.rows.iter().enumerate() {
        let head = format!("── {} of {} ", at + 1, rows.rows.len());
        out.push_str(&format!("{head}{}\n", "─".repeat(width.min(60).saturating_sub(head.chars().count()))));
        let mut empty = 0;
        for (name, value) in names.iter().zip(row) {
            let text = short_text(value);
            if text.is_empty() {
                empty += 1;
            } else {
                out.push_str(&format!(" {on}{name:room$}{off}  {}\n", escape::terminal(&text)));
            }
        }
        if empty > 0 {
            out.push_str(&format!(" {:room$}  ({empty} empty)\n", ""));
        }
    }
    out
}

/// As [`cell_text`], but a time without the zeros that no one wrote: `2026-05-20T13:36:27Z`.
pub(super) fn short_text(value: &Value) -> String {
    match value {
        Value::DateTime(ticks) => {
            let text = time::format_datetime(*ticks);
            format!("{}Z", text.trim_end_matches('Z').trim_end_matches(".0000000"))
        }
        other => cell_text(other),
    }
}

pub(super) fn is_right_aligned(ty: Type) -> bool {
    ty.is_numeric() || ty == Type::TimeSpan
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn many_columns_on_a_narrow_terminal_become_blocks() {
        let names = ["TimeGenerated", "Computer", "Name", "Count", "Raw\u{1b}"];
        let types = [Type::DateTime, Type::String, Type::String, Type::Long, Type::Dynamic];
        let columns = names.into_iter().zip(types).map(|(name, ty)| Column::new(name, ty)).collect();
        let text = |text: &str| Value::String(text.to_owned());
        let first =
            vec![Value::DateTime(0), text("srv-dc-01.corp.example"), text("gate.famwili.shop"), Value::Long(7), Value::Null];
        let second = vec![Value::Null, text(""), text("a\nb"), Value::Long(8), Value::Dynamic("[1]".to_owned())];
        let rows = Rows { columns, rows: vec![first, second] };
        let look = Look { width: Some(60), color: false };
        expect![[r#"
            ── 1 of 2 ──────────────────────────────────────────────────
             TimeGenerated  0001-01-01T00:00:00Z
             Computer       srv-dc-01.corp.example
             Name           gate.famwili.shop
             Count          7
                            (1 empty)
            ── 2 of 2 ──────────────────────────────────────────────────
             Name           a\nb
             Count          8
             Raw\x1b        [1]
                            (2 empty)
        "#]]
        .assert_eq(&text_table(&rows, &look));
        assert!(text_table(&rows, &Look { width: Some(90), ..look }).contains("Computer  "));
    }
}
