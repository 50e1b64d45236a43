//! Result tables as text: rows and a [`Format`] in, bytes of that format out, every cell through the format's one escaper.

mod json;
mod page;
mod part;
mod plain;
mod sink;
mod stream;
mod table;

use std::fmt;
use std::io::{self, Write};

use clap::ValueEnum;
use engine::Cut;
use kql::{Column, Rows, Type, Value};

use crate::chart::Chart;
use crate::error::Error;
use crate::escape;

pub use json::{push_value, tables_text, value_to_json};
pub(crate) use page::POLICY as PAGE_POLICY;
pub use part::{PartFile, write_file};
pub use sink::Sink;
pub use stream::RowStream;
pub use table::{Look, text_table};

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Default)]
pub enum Format {
    /// Columns side by side, for people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values; text that a spreadsheet would take for a formula is disarmed
    Csv,
    /// A Markdown table
    Markdown,
    /// A self-contained web page without script
    Html,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

impl Format {
    /// The format that a file's name asks for: `report.html`. A name without an ending asks for none.
    ///
    /// # Errors
    /// Its ending is that of no format.
    pub fn of_file(path: &std::path::Path) -> Result<Option<Format>, Error> {
        let Some(ending) = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()) else { return Ok(None) };
        Ok(Some(match ending.as_str() {
            "txt" => Format::Table,
            "json" => Format::Json,
            "ndjson" | "jsonl" => Format::Ndjson,
            "csv" => Format::Csv,
            "md" | "markdown" => Format::Markdown,
            "html" | "htm" => Format::Html,
            _ => {
                let error = Error::user(format!("{}: `.{ending}` is the ending of no format", path.display()));
                return Err(error.with_hint(match ending.as_str() {
                    "svg" => "`--chart FILE.svg` writes what `render` draws",
                    _ => "name a .html, .json, .ndjson, .csv, .md or .txt file, or say --format",
                }));
            }
        }))
    }
}

/// A result table and what is shown with it.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The table.
    pub rows: Rows,
    /// Why rows are missing, if some are.
    pub cut: Option<Cut>,
    /// The query that it answers, if that is worth showing.
    pub query: Option<String>,
    /// What `render` asked for.
    pub chart: Option<Chart>,
    /// Why there is no chart though `render` asked for one.
    pub not_drawn: Option<String>,
}

impl From<Rows> for Shown {
    fn from(rows: Rows) -> Shown {
        Shown { rows, ..Shown::default() }
    }
}

/// Why rows are missing, and what to do.
#[must_use]
pub fn cut_text(cut: Cut) -> String {
    match cut {
        Cut::Rows(limit) => {
            format!("the result was cut after {limit} rows: there are more; --max-rows raises the limit, 0 lifts it")
        }
        Cut::Bytes(limit) => {
            format!("the result was cut after {limit} bytes: there are more; --max-bytes raises the limit, 0 lifts it")
        }
    }
}

/// Writes result tables.
///
/// # Errors
/// The output cannot be written.
pub fn write_tables(out: &mut dyn Write, format: Format, tables: &[Shown], look: &Look) -> io::Result<()> {
    match format {
        Format::Json => json::write_document(out, tables),
        Format::Html => page::write(out, tables),
        Format::Ndjson => tables.iter().try_for_each(|shown| json::write_lines(out, &shown.rows)),
        Format::Table => separated(out, tables, |out, rows| table::write_table(out, rows, look)),
        Format::Csv => separated(out, tables, write_csv),
        Format::Markdown => separated(out, tables, write_markdown),
    }
}

/// Writes the tables with an empty line between two.
fn separated(out: &mut dyn Write, tables: &[Shown], write: impl Fn(&mut dyn Write, &Rows) -> io::Result<()>) -> io::Result<()> {
    for (at, shown) in tables.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        write(out, &shown.rows)?;
    }
    Ok(())
}

/// A value as people read it: `true`, `2026-05-20T13:36:27.0000000Z`; empty for null.
#[must_use]
pub fn cell_text(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        other => other.to_text(),
    }
}

fn write_csv(out: &mut dyn Write, rows: &Rows) -> io::Result<()> {
    write_csv_header(out, &rows.columns)?;
    rows.rows.iter().try_for_each(|row| write_csv_row(out, &rows.columns, row))
}

fn write_csv_header(out: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
    let header: Vec<String> = columns.iter().map(|column| escape::csv(&column.name, true)).collect();
    writeln!(out, "{}", header.join(","))
}

fn write_csv_row(out: &mut dyn Write, columns: &[Column], row: &[Value]) -> io::Result<()> {
    let cells = row
        .iter()
        .zip(columns)
        .map(|(value, column)| escape::csv(&cell_text(value), matches!(column.ty, Type::String | Type::Dynamic | Type::Unknown)));
    writeln!(out, "{}", cells.collect::<Vec<_>>().join(","))
}

fn write_markdown(out: &mut dyn Write, rows: &Rows) -> io::Result<()> {
    write_markdown_header(out, &rows.columns)?;
    rows.rows.iter().try_for_each(|row| write_markdown_row(out, row))
}

fn write_markdown_header(out: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
    let header: Vec<String> = columns.iter().map(|column| escape::markdown(&column.name)).collect();
    writeln!(out, "| {} |\n|{}", header.join(" | "), "---|".repeat(header.len()))
}

fn write_markdown_row(out: &mut dyn Write, row: &[Value]) -> io::Result<()> {
    let cells: Vec<String> = row.iter().map(|value| escape::markdown(&cell_text(value))).collect();
    writeln!(out, "| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(format: Format, expected: &Expect) {
        let columns = vec![Column::new("n", Type::Long), Column::new("text", Type::String), Column::new("bag", Type::Dynamic)];
        let row = |n, text: &str, bag: &str| vec![Value::Long(n), Value::String(text.to_owned()), Value::Dynamic(bag.to_owned())];
        let rows = vec![
            row(-1, "=cmd|'x'", "{\"a\":1.50}"),
            row(2, "<b>\u{1b}[31m", "\"t\""),
            vec![Value::Null, Value::String(String::new()), Value::Null],
        ];
        let mut out = Vec::new();
        write_tables(&mut out, format, &[Rows { columns, rows }.into()], &Look::default()).expect("a vector takes all bytes");
        expected.assert_eq(&String::from_utf8(out).expect("text"));
    }

    #[test]
    fn csv() {
        check(
            Format::Csv,
            &expect![[r#"
            n,text,bag
            -1,"'=cmd|'x'","{""a"":1.50}"
            2,<b>\x1b[31m,t
            ,,
        "#]],
        );
    }

    #[test]
    fn markdown() {
        check(
            Format::Markdown,
            &expect![[r#"
                | `n` | `text` | `bag` |
                |---|---|---|
                | `-1` | `=cmd\|'x'` | `{"a":1.50}` |
                | `2` | `<b>\u{1b}[31m` | `t` |
                |  |  |  |
            "#]],
        );
    }

    #[test]
    fn json() {
        check(
            Format::Json,
            &expect![[r#"
            {"columns":[{"name":"n","type":"long"},{"name":"text","type":"string"},{"name":"bag","type":"dynamic"}],"rows":[[-1,"=cmd|'x'",{"a":1.50}],[2,"<b>\u001b[31m","t"],[null,"",null]]}
        "#]],
        );
    }

    #[test]
    fn ndjson() {
        check(
            Format::Ndjson,
            &expect![[r#"
            {"n":-1,"text":"=cmd|'x'","bag":{"a":1.50}}
            {"n":2,"text":"<b>\u001b[31m","bag":"t"}
            {"n":null,"text":"","bag":null}
        "#]],
        );
    }

    #[test]
    fn table() {
        check(
            Format::Table,
            &expect![[r#"
             n    text          bag
            ───────────────────────────────
             -1   =cmd|'x'      {"a":1.50}
              2   <b>\x1b[31m   t

        "#]],
        );
    }
}
