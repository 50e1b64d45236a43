//! Rows written while the query still runs: CSV and NDJSON, in bounded memory.

use std::io::{self, Write};
use std::ops::ControlFlow;

use engine::{Cut, Head, Receiver};
use kql::{Column, Value};

use super::{Format, Sink, json, write_csv_header, write_csv_row};

/// Writes the tables of a query to a sink as their rows come.
pub struct RowStream<'a> {
    sink: &'a mut Sink,
    columns: Vec<Column>,
    keys: Vec<String>,
    tables: usize,
    /// Rows written.
    pub count: usize,
    /// Why tables were cut, and after how many rows.
    pub cuts: Vec<Cut>,
    failed: Option<io::Error>,
}

impl<'a> RowStream<'a> {
    /// Whether rows of the format can be written one by one.
    #[must_use]
    pub fn takes(format: Format) -> bool {
        matches!(format, Format::Csv | Format::Ndjson)
    }

    /// Writes to the sink, after `tables` that were written before.
    pub fn new(sink: &'a mut Sink, tables: usize) -> RowStream<'a> {
        RowStream { sink, columns: Vec::new(), keys: Vec::new(), tables, count: 0, cuts: Vec::new(), failed: None }
    }

    /// How many tables have been written, those before included.
    ///
    /// # Errors
    /// The sink could not be written, which ended the query.
    pub fn finish(self) -> io::Result<usize> {
        self.failed.map_or(Ok(self.tables), Err)
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.sink.format != Format::Csv {
            return Ok(());
        }
        if self.tables > 0 {
            writeln!(self.sink)?;
        }
        write_csv_header(self.sink, &self.columns)
    }

    fn write(&mut self, rows: &[Vec<Value>]) -> io::Result<()> {
        self.count += rows.len();
        for row in rows {
            match self.sink.format {
                Format::Csv => write_csv_row(self.sink, &self.columns, row)?,
                _ => json::write_line(self.sink, &self.keys, row)?,
            }
        }
        // A reader waits for what is there, not for a full buffer.
        self.sink.flush()
    }

    /// Keeps the first failure.
    fn check(&mut self, result: io::Result<()>) -> ControlFlow<()> {
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed.get_or_insert(error);
                ControlFlow::Break(())
            }
        }
    }
}

impl Receiver for RowStream<'_> {
    fn table(&mut self, head: Head) {
        self.columns = head.columns;
        self.keys = json::keys(&self.columns);
        let begun = self.begin();
        let _ = self.check(begun);
        self.tables += 1;
    }

    fn rows(&mut self, rows: Vec<Vec<Value>>) -> ControlFlow<()> {
        if self.failed.is_some() {
            return ControlFlow::Break(());
        }
        let written = self.write(&rows);
        self.check(written)
    }

    fn end(&mut self, cut: Option<Cut>) {
        self.cuts.extend(cut);
    }
}
