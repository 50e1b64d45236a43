//! Columns side by side, each as wide as its widest value. Comes in: rows, which are gone through twice and never held. Goes out: lines.

use std::borrow::Cow;
use std::io::{self, Write};

use kql::{Column, Value};
use unicode_width::UnicodeWidthStr as _;

use super::table::{is_right_aligned, short_text};
use crate::escape;

/// What stands between two columns, the blanks beside their values included.
const BETWEEN: usize = 3;

/// How wide each column is.
pub(super) struct Widths(Vec<usize>);

impl Widths {
    /// Those of columns that hold the rows.
    pub(super) fn of<R: AsRef<[Value]>>(columns: &[Column], rows: impl Iterator<Item = R>) -> Widths {
        let mut widths: Vec<usize> = columns.iter().map(|column| width(&escape::terminal(&column.name))).collect();
        for row in rows {
            for (most, value) in widths.iter_mut().zip(row.as_ref()) {
                *most = (*most).max(width(&shown(value)));
            }
        }
        Widths(widths)
    }

    /// How long the lines are at most.
    pub(super) fn total(&self) -> usize {
        self.0.iter().map(|width| width + BETWEEN).sum::<usize>().saturating_sub(1)
    }
}

/// Writes the header, a rule under it, and the rows.
pub(super) fn write<R: AsRef<[Value]>>(
    out: &mut dyn Write,
    columns: &[Column],
    rows: impl Iterator<Item = R>,
    widths: &Widths,
    color: bool,
) -> io::Result<()> {
    let mut line = String::new();
    for (column, width) in columns.iter().zip(&widths.0) {
        let name = escape::terminal(&column.name);
        let name = if color { Cow::Owned(format!("\u{1b}[1m{name}\u{1b}[0m")) } else { name };
        push_cell(&mut line, &name, self::width(&escape::terminal(&column.name)), *width, false);
    }
    end_line(out, &mut line)?;
    writeln!(out, "{}", "─".repeat(widths.total()))?;
    for row in rows {
        for ((value, column), width) in row.as_ref().iter().zip(columns).zip(&widths.0) {
            let text = shown(value);
            push_cell(&mut line, &text, self::width(&text), *width, is_right_aligned(column.ty));
        }
        end_line(out, &mut line)?;
    }
    Ok(())
}

fn push_cell(line: &mut String, text: &str, own: usize, width: usize, is_right_aligned: bool) {
    line.push_str(if line.is_empty() { " " } else { "   " });
    let blanks = width.saturating_sub(own);
    let (before, after) = if is_right_aligned { (blanks, 0) } else { (0, blanks) };
    line.extend(std::iter::repeat_n(' ', before));
    line.push_str(text);
    line.extend(std::iter::repeat_n(' ', after));
}

fn end_line(out: &mut dyn Write, line: &mut String) -> io::Result<()> {
    writeln!(out, "{}", line.trim_end())?;
    line.clear();
    Ok(())
}

/// A value as a line of a terminal can show it.
fn shown(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => escape::terminal(text),
        other => Cow::Owned(escape::terminal(&short_text(other)).into_owned()),
    }
}

/// How many columns of a terminal a text takes.
fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kql::Type;

    #[test]
    fn columns_are_as_wide_as_what_a_terminal_shows_of_them() {
        let columns = [Column::new("name", Type::String), Column::new("n", Type::Long)];
        let row = |name: &str, n| [Value::String(name.to_owned()), Value::Long(n)];
        let rows = [row("日本", 7), row("a\u{1b}", 1234), row("ü", 1)];
        let widths = Widths::of(&columns, rows.iter());
        let mut out = Vec::new();
        write(&mut out, &columns, rows.iter(), &widths, false).unwrap();
        let lines = [" name    n", "──────────────", " 日本       7", " a\\x1b   1234", " ü          1"];
        assert_eq!(String::from_utf8(out).unwrap().lines().collect::<Vec<_>>(), lines);
    }
}
