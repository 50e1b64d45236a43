//! Rows as a web page by itself: no script, nothing fetched.

use std::io::{self, Write};

use kql::Rows;

use super::cell_text;
use crate::escape;

/// What keeps a page from running or fetching anything, should an escaper ever fail.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;margin:2rem;color:#1c1f23;background:#fff}\
    table{border-collapse:collapse;margin:0 0 2rem}th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid #dfe3e8;\
    vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere}th{border-bottom:2px solid #9aa4b0}td.n{text-align:right}";

/// Writes the tables as one page.
pub(super) fn write(out: &mut dyn Write, tables: &[Rows]) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"{POLICY}\"><title>Query result</title><style>{STYLE}</style></head><body>\n"
    )?;
    tables.iter().try_for_each(|rows| write_table(out, rows))?;
    writeln!(out, "</body></html>")
}

fn write_table(out: &mut dyn Write, rows: &Rows) -> io::Result<()> {
    write!(out, "<table><thead><tr>")?;
    for column in &rows.columns {
        write!(out, "<th title=\"{}\">{}</th>", column.ty, escape::html(&column.name))?;
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
