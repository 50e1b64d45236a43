//! Logs of any format into one file of another: Parquet, JSON lines or CSV.
//!
//! In: files that fill a table. Out: its rows, file after file as they stand there, under the columns that any of the files has.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use engine::cell::Cells;
use kql::{Column, Value};
use logs::parquet::ParquetWriter;
use logs::{Batches, LogFile, ScanRequest, ScanStats, merged_columns};

use crate::error::{Error, Kind};
use crate::escape;
use crate::output::{PartFile, cell_text, push_value};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Apache Parquet.
    Parquet,
    /// A JSON object a line, without its nulls.
    Ndjson,
    /// Comma-separated values under a line of names.
    Csv,
}

impl Target {
    /// The target that a file's name asks for.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Target> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "parquet" => Some(Target::Parquet),
            "ndjson" | "jsonl" | "json" => Some(Target::Ndjson),
            "csv" => Some(Target::Csv),
            _ => None,
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Converted {
    /// Rows written.
    pub rows: u64,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// What the reading of each file counted.
    pub read: Vec<(PathBuf, ScanStats)>,
    /// Values that the target cannot hold, by column; null stands for them.
    pub lost: BTreeMap<String, u64>,
}

/// The columns for which the files have something.
#[must_use]
pub fn columns(files: &[LogFile], table: &str) -> Vec<Column> {
    merged_columns(files.iter().filter_map(|file| file.table(table)).flat_map(|table| table.filled()))
}

/// Writes the rows of the table. The file appears under its name when it is whole.
///
/// # Errors
/// A file cannot be opened, or the output cannot be written.
pub fn convert(files: &[LogFile], table: &str, target: Target, path: &Path) -> Result<Converted, Error> {
    let columns = columns(files, table);
    let mut file = PartFile::create(path, files.iter().map(|file| file.path.as_path()))?;
    let converted = write(files, table, columns, target, BufWriter::new(&mut file)).map_err(|error| match error {
        Failure::Read(error) => Error::new(Kind::Input, error.to_string()),
        Failure::Write(why) => Error::output(path, why),
        Failure::Panicked => Error::internal("the thread that reads ended in the middle"),
    })?;
    file.finish()?;
    Ok(converted)
}

/// Batches that reading may be ahead of writing.
const BATCHES_AHEAD: usize = 8;

enum Failure {
    Read(logs::Error),
    Write(String),
    Panicked,
}

/// Reads on one thread, writes on another.
fn write(
    files: &[LogFile],
    table: &str,
    columns: Vec<Column>,
    target: Target,
    out: impl Write + Send,
) -> Result<Converted, Failure> {
    let (sender, batches) = sync_channel(BATCHES_AHEAD);
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let wanted = &columns;
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || -> Result<Vec<(PathBuf, ScanStats)>, logs::Error> {
            let mut read = Vec::new();
            for file in files.iter().filter(|file| file.table(table).is_some()) {
                let mut file = file.clone();
                file.tables.iter_mut().for_each(|table| *table = table.with_columns(wanted));
                let request = ScanRequest { projection: Some(names.clone()), ..ScanRequest::new(table) };
                let mut scan: Batches = file.scan(request)?;
                for batch in scan.by_ref() {
                    if sender.send(batch?).is_err() {
                        return Ok(read);
                    }
                }
                read.push((file.path.clone(), scan.stats().clone()));
            }
            Ok(read)
        });
        let mut writer = Writer::new(out, target, wanted).map_err(Failure::Write)?;
        let mut rows = 0;
        for batch in batches {
            rows += batch.num_rows() as u64;
            match &mut writer {
                Writer::Parquet(writer) => writer.write(&batch).map_err(Failure::Write)?,
                Writer::Text(writer) => {
                    let cells: Vec<Cells<'_>> =
                        wanted.iter().zip(batch.columns()).map(|(column, array)| Cells::new(column.ty, array)).collect();
                    let row = |at: usize| cells.iter().map(move |cells| cells.get(at).to_value());
                    let each = (0..batch.num_rows()).try_for_each(|at| writer.row(row(at)));
                    each.map_err(|error| Failure::Write(error.to_string()))?;
                }
            }
        }
        let lost = writer.finish().map_err(Failure::Write)?;
        // A thread that panicked has said why on stderr.
        let read = reading.join().map_err(|_| Failure::Panicked)?.map_err(Failure::Read)?;
        Ok(Converted { rows, columns: wanted.clone(), read, lost })
    })
}

/// The file that is being written.
enum Writer<'c, W: Write + Send> {
    Parquet(Box<ParquetWriter<W>>),
    Text(TextWriter<'c, W>),
}

struct TextWriter<'c, W: Write> {
    out: W,
    columns: &'c [Column],
    csv: bool,
    line: String,
}

impl<'c, W: Write + Send> Writer<'c, W> {
    fn new(out: W, target: Target, columns: &'c [Column]) -> Result<Writer<'c, W>, String> {
        if target == Target::Parquet {
            return Ok(Writer::Parquet(Box::new(ParquetWriter::new(out, columns)?)));
        }
        let mut writer = TextWriter { out, columns, csv: target == Target::Csv, line: String::new() };
        if writer.csv {
            let names: Vec<String> = columns.iter().map(|column| escape::csv(&column.name, false)).collect();
            writeln!(writer.out, "{}", names.join(",")).map_err(|error| error.to_string())?;
        }
        Ok(Writer::Text(writer))
    }

    fn finish(self) -> Result<BTreeMap<String, u64>, String> {
        match self {
            Writer::Parquet(writer) => writer.finish(),
            Writer::Text(mut writer) => writer.out.flush().map(|()| BTreeMap::new()).map_err(|error| error.to_string()),
        }
    }
}

impl<W: Write> TextWriter<'_, W> {
    fn row(&mut self, values: impl Iterator<Item = Value>) -> std::io::Result<()> {
        self.line.clear();
        let mut first = true;
        if self.csv {
            for value in values {
                if !std::mem::take(&mut first) {
                    self.line.push(',');
                }
                // Data for programs: no apostrophe before what a spreadsheet takes for a formula.
                self.line.push_str(&escape::csv(&cell_text(&value), false));
            }
        } else {
            self.line.push('{');
            for (column, value) in self.columns.iter().zip(values).filter(|(_, value)| !matches!(value, Value::Null)) {
                if !std::mem::take(&mut first) {
                    self.line.push(',');
                }
                push_value(&mut self.line, &Value::String(column.name.clone()));
                self.line.push(':');
                push_value(&mut self.line, &value);
            }
            self.line.push('}');
        }
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }
}
