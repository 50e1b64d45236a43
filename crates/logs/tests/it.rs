//! The pages beside the formats, run: each `log` block is written to a file of its name, and becomes the tables below it.
//!
//! Columns that hold nothing in a block's rows are left out of its tables. A block with a record that cannot be read answers with
//! the file's name, the line and the reason instead. A block called `x.parquet` holds JSON lines, of which a Parquet file is made; one
//! called `x.evtx` those of which a Windows event log is made. All files were last written at the beginning of 21 May 2026.

use std::path::Path;
use std::process::ExitCode;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use kql::{Column, Rows, Type, Value};
use testpage::{Answer, Runner, Step, Table};

#[path = "../src/evtx/write.rs"]
mod evtx;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/format");
    testpage::main(&folder, Pages, Vec::new())
}

/// Since 1970: 2026-05-21T00:00:00Z.
const WRITTEN: std::time::Duration = std::time::Duration::from_secs(1_779_321_600);

struct Pages;

impl Runner for Pages {
    fn run(&self, step: &Step) -> Answer {
        read(&step.input.argument, &step.input.text).unwrap_or_else(|error| Answer::Error(error.to_string()))
    }
}

fn read(name: &str, text: &str) -> Result<Answer, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name);
    if name.ends_with(".parquet") {
        let rows = path.with_extension("ndjson");
        std::fs::write(&rows, text)?;
        write_parquet(&logs::open(&rows)?, &path)?;
    } else if name.ends_with(".evtx") {
        std::fs::write(&path, evtx::file(text))?;
    } else {
        std::fs::write(&path, text)?;
    }
    // Some times have no year but that of their file.
    std::fs::File::options().append(true).open(&path)?.set_modified(std::time::UNIX_EPOCH + WRITTEN)?;
    let file = logs::open(&path)?;
    let mut tables = Vec::new();
    for table in &file.tables {
        let mut scan = file.scan(logs::ScanRequest::new(&table.name))?;
        let mut rows = Vec::new();
        for batch in scan.by_ref() {
            let batch = batch?;
            rows.extend((0..batch.num_rows()).map(|row| values(&batch, &table.columns, row)));
        }
        if let Some((line, why)) = scan.stats().unparsed_samples().first() {
            return Ok(Answer::Error(format!("{name}:{line}: {why}")));
        }
        tables.push(Table { rows: filled(&table.columns, &rows), ordered: true });
    }
    Ok(Answer::Tables(tables))
}

/// The rows of the file's table as a Parquet file.
fn write_parquet(file: &logs::LogFile, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let columns: Vec<Column> = file.tables[0].filled().cloned().collect();
    let mut request = logs::ScanRequest::new(&file.tables[0].name);
    request.projection = Some(columns.iter().map(|column| column.name.clone()).collect());
    let mut writer = logs::parquet::ParquetWriter::new(std::fs::File::create(path)?, &columns)?;
    for batch in file.scan(request)? {
        writer.write(&batch?)?;
    }
    writer.finish()?;
    Ok(())
}

/// The columns in which a row holds something.
fn filled(columns: &[Column], rows: &[Vec<Value>]) -> Rows {
    let empty = |value: &Value| matches!(value, Value::Null) || matches!(value, Value::String(text) if text.is_empty());
    let kept: Vec<usize> = (0..columns.len()).filter(|at| rows.iter().any(|row| !empty(&row[*at]))).collect();
    Rows {
        columns: kept.iter().map(|at| columns[*at].clone()).collect(),
        rows: rows.iter().map(|row| kept.iter().map(|at| row[*at].clone()).collect()).collect(),
    }
}

fn values(batch: &RecordBatch, columns: &[Column], row: usize) -> Vec<Value> {
    columns.iter().zip(batch.columns()).map(|(column, array)| value(column.ty, array.as_ref(), row)).collect()
}

fn value(ty: Type, array: &dyn Array, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let long = || array.as_primitive::<Int64Type>().value(row);
    let text = || array.as_string_view().value(row).to_owned();
    match ty {
        Type::Bool => Value::Bool(array.as_boolean().value(row)),
        Type::Int => Value::Int(array.as_primitive::<Int32Type>().value(row)),
        Type::Long => Value::Long(long()),
        Type::DateTime => Value::DateTime(long()),
        Type::TimeSpan => Value::TimeSpan(long()),
        Type::Real => Value::Real(array.as_primitive::<Float64Type>().value(row)),
        Type::Dynamic => Value::Dynamic(text()),
        Type::Decimal => Value::Decimal(text()),
        Type::Guid => kql::types::parse_guid(&text()).map_or(Value::Null, Value::Guid),
        Type::String | Type::Unknown => Value::String(text()),
    }
}
