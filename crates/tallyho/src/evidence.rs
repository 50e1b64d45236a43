//! The logs at hand: paths in; files with their formats and tables, what could not be read, and counts out.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use kql::{Column, Rows, Type, Value};
use logs::{Discovered, LogFile, ScanRequest, ScanStats, TableSchema, merged_columns};

use crate::error::Error;
use crate::report::{Searched, Unread};
use crate::scans::Totals;

/// Finds the log files among the paths.
///
/// # Errors
/// A path is not there at all.
pub fn discover(paths: &[PathBuf]) -> Result<Discovered, Error> {
    discover_as(paths.iter().map(|path| (path.as_path(), None)))
}

/// The same of paths beside some of which stands the table that their files fill, whatever their content says.
///
/// # Errors
/// A path is not there at all.
pub fn discover_as<'p>(paths: impl Iterator<Item = (&'p Path, Option<&'p str>)>) -> Result<Discovered, Error> {
    let mut found = Discovered::default();
    for (path, table) in paths {
        if let Err(error) = path.symlink_metadata() {
            return Err(Error::input(path, error).with_hint("name log files, or folders that hold some"));
        }
        found.add(path, table);
    }
    // A file that several paths lead to is read once.
    let mut seen = HashSet::new();
    found.files.retain(|file| file.path.canonicalize().is_ok_and(|path| seen.insert(path)));
    Ok(found)
}

/// What could not be read, for a report.
#[must_use]
pub fn unread(found: &Discovered) -> Vec<Unread> {
    found.problems.iter().map(|it| Unread { path: it.path.display().to_string(), why: it.why.clone() }).collect()
}

/// The column that says when a row happened.
#[must_use]
pub fn time_column(table: &TableSchema) -> Option<&str> {
    let names = ["TimeGenerated", "Timestamp"];
    names.into_iter().find(|name| table.columns.iter().any(|column| column.name == *name && column.ty == Type::DateTime))
}

/// Reads a table of a file once, for its counts and its span of time.
///
/// # Errors
/// The file cannot be opened.
pub fn survey(file: &LogFile, table: &TableSchema) -> Result<ScanStats, Error> {
    let mut request = ScanRequest::new(table.name.as_str());
    // A file of columns says the span of its times without being read.
    let time = time_column(table).filter(|_| file.parquet().is_none());
    request.projection = Some(time.map(str::to_owned).into_iter().collect());
    let failed = |error: logs::Error| Error::new(crate::error::Kind::Input, error.to_string());
    let mut scan = file.scan(request).map_err(failed)?;
    for batch in scan.by_ref() {
        batch.map_err(failed)?;
    }
    Ok(scan.stats().clone())
}

/// A line of a report for a table of a file.
#[must_use]
pub fn searched(file: &LogFile, table: &TableSchema, stats: &ScanStats) -> Searched {
    Searched {
        path: file.path.display().to_string(),
        format: format_name(file),
        table: table.name.clone(),
        rows: stats.rows + stats.filtered,
        bytes: file.size,
        left_out: stats.bytes_left_out(),
        unparsed: stats.unparsed,
        from: stats.time_min.map(kql::time::format_datetime),
        until: stats.time_max.map(kql::time::format_datetime),
    }
}

/// `zeek-tsv`, `ndjson (gzip)`.
#[must_use]
pub fn format_name(file: &LogFile) -> String {
    match file.compression.name() {
        "" => file.format.to_owned(),
        packed => format!("{} ({packed})", file.format),
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

fn shown(path: &Path) -> Value {
    text(path.display().to_string())
}

fn number(n: u64) -> Value {
    Value::Long(i64::try_from(n).unwrap_or(i64::MAX))
}

/// What each file is: one row for each file, those that cannot be read included.
#[must_use]
pub fn file_rows(found: &Discovered) -> Rows {
    let mut columns = ["Path", "Format"].map(|name| Column::new(name, Type::String)).to_vec();
    columns.push(Column::new("Bytes", Type::Long));
    columns.extend(["Tables", "Problem"].map(|name| Column::new(name, Type::String)));
    let file = |file: &LogFile| {
        let tables: Vec<&str> = file.tables.iter().map(|table| table.name.as_str()).collect();
        vec![shown(&file.path), text(format_name(file)), number(file.size), text(tables.join(", ")), text("")]
    };
    let problem = |it: &logs::Problem| vec![shown(&it.path), text(""), Value::Null, text(""), text(it.why.as_str())];
    let mut rows: Vec<Vec<Value>> = found.files.iter().map(file).chain(found.problems.iter().map(problem)).collect();
    rows.sort_by_key(|row| row[0].to_text());
    Rows { columns, rows }
}

/// What each file gives to each table: rows, lines that are none and the first reason, and the span of time. The counts go with it, by
/// file and table.
///
/// # Errors
/// A file cannot be opened.
pub fn table_rows(found: &Discovered) -> Result<(Rows, Totals), Error> {
    let mut columns = ["Table", "Path"].map(|name| Column::new(name, Type::String)).to_vec();
    columns.extend(["Rows", "Unparsed"].map(|name| Column::new(name, Type::Long)));
    columns.push(Column::new("Why", Type::String));
    columns.extend(["From", "Until"].map(|name| Column::new(name, Type::DateTime)));
    let (mut rows, mut all) = (Vec::new(), Totals::new());
    for file in &found.files {
        for table in &file.tables {
            let stats = survey(file, table)?;
            let why = stats.broken.clone().or_else(|| stats.unparsed_samples().first().map(sample)).unwrap_or_default();
            let time = |ticks: Option<i64>| ticks.map_or(Value::Null, Value::DateTime);
            rows.push(vec![
                text(table.name.as_str()),
                shown(&file.path),
                number(stats.rows),
                number(stats.unparsed),
                text(why),
                time(stats.time_min),
                time(stats.time_max),
            ]);
            all.insert((file.path.clone(), table.name.clone()), stats);
        }
    }
    rows.sort_by_key(|row| (row[0].to_text(), row[1].to_text()));
    Ok((Rows { columns, rows }, all))
}

/// `line 12: it ends where a value should stand`.
fn sample((line, why): &(u64, &str)) -> String {
    format!("line {line}: {why}")
}

/// The columns of each table; of one of them if a name is given. A table that several files fill has the columns of them all.
#[must_use]
pub fn schema_rows(found: &Discovered, only: Option<&str>) -> Rows {
    let columns = ["Table", "Column", "Type"].map(|name| Column::new(name, Type::String)).to_vec();
    let mut tables: BTreeMap<&str, Vec<&TableSchema>> = BTreeMap::new();
    let wanted = |table: &&TableSchema| only.is_none_or(|only| only == table.name);
    for table in found.files.iter().flat_map(|file| &file.tables).filter(wanted) {
        tables.entry(&table.name).or_default().push(table);
    }
    let rows = tables.iter().flat_map(|(name, tables)| {
        let columns = merged_columns(tables.iter().flat_map(|table| &table.columns));
        columns.into_iter().map(move |column| vec![text(*name), text(column.name), text(column.ty.name())])
    });
    Rows { columns, rows: rows.collect() }
}
