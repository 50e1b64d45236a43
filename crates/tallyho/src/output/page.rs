//! Results as a web page by itself, charts included: no script, nothing fetched; for light, dark and paper.

use std::io::{self, Write};

use kql::Rows;

use super::{Shown, cell_text, cut_text};
use crate::chart;
use crate::escape;

/// What keeps a page from running or fetching anything, should an escaper ever fail.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE: &str = include_str!("page.css");

/// Rows up to which the table below a chart is in sight at once.
const ROWS_IN_SIGHT: usize = 25;

/// Writes the results as one page.
pub(super) fn write(out: &mut dyn Write, results: &[Shown]) -> io::Result<()> {
    let style = if results.iter().any(|shown| shown.chart.is_some()) { chart::STYLE } else { "" };
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"{POLICY}\"><title>Query result</title><style>\n{STYLE}{style}</style></head><body>\n"
    )?;
    results.iter().try_for_each(|shown| write_shown(out, shown))?;
    writeln!(out, "</body></html>")
}

fn write_shown(out: &mut dyn Write, shown: &Shown) -> io::Result<()> {
    if let Some(query) = &shown.query {
        // Line feeds are layout here; every other hidden character is made visible.
        let lines: Vec<_> = query.trim_end().lines().map(escape::html).collect();
        writeln!(out, "<details class=\"query\"><summary>Query</summary><pre>{}</pre></details>", lines.join("\n"))?;
    }
    if let Some(chart) = &shown.chart {
        writeln!(out, "<figure>{}</figure>", chart.svg)?;
    }
    for note in shown.chart.iter().flat_map(|chart| &chart.notes).chain(&shown.not_drawn) {
        writeln!(out, "<p class=\"note\">{}</p>", escape::html(note))?;
    }
    if let Some(cut) = shown.cut {
        writeln!(out, "<p class=\"note cut\">{}</p>", escape::html(&cut_text(cut)))?;
    }
    if shown.chart.is_none() {
        return write_table(out, &shown.rows);
    }
    let count = shown.rows.rows.len();
    let open = if count <= ROWS_IN_SIGHT { " open" } else { "" };
    writeln!(out, "<details{open}><summary>{count} {}</summary>", if count == 1 { "row" } else { "rows" })?;
    write_table(out, &shown.rows)?;
    writeln!(out, "</details>")
}

fn write_table(out: &mut dyn Write, rows: &Rows) -> io::Result<()> {
    write!(out, "<table><thead><tr>")?;
    for column in &rows.columns {
        let class = if column.ty.is_numeric() { " class=\"n\"" } else { "" };
        write!(out, "<th{class} title=\"{}\">{}</th>", column.ty, escape::html(&column.name))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for row in &rows.rows {
        write!(out, "<tr>")?;
        for (value, column) in row.iter().zip(&rows.columns) {
            let class = if column.ty.is_numeric() { " class=\"n\"" } else { "" };
            write!(out, "<td{class}>{}</td>", escape::html(&cell_text(value)))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table>")
}
