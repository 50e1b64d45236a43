//! Row groups of Parquet files as batches of a table: filters decide which rows are made at all.
//!
//! In: a range of a file, and the [`Test`] that its rows must pass. Out: batches. The columns that no filter is about are read
//! only for the rows that passed.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result as DfResult};
use kql::Column;
use logs::parquet::{ParquetFile, RowGroup};
use logs::{ByteRange, ScanStats, TableSchema};

use super::log::LogOptions;
use super::row_test::{Damaged, Kept, Test, failed};
use crate::operator::schema;

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// A range of a Parquet file, to be read as rows of a table.
pub(super) struct Groups {
    pub(super) table: Arc<TableSchema>,
    pub(super) test: Arc<Test>,
    pub(super) range: ByteRange,
}

impl Groups {
    /// Sends the rows that pass under those columns; false if nobody takes them any more. A row group that is damaged costs its
    /// rows.
    pub(super) fn read(
        &self,
        path: &Path,
        file: &Arc<ParquetFile>,
        columns: &[Column],
        options: &LogOptions,
        mut send: impl FnMut(RecordBatch) -> DfResult<bool>,
    ) -> DfResult<bool> {
        let layout = Layout::new(path, columns, options);
        let mut stats = ScanStats::default();
        for index in file.groups_in(&self.range) {
            let mut group = match file.group(&self.table, index) {
                Ok(group) => group,
                Err(error) => {
                    stats.lose(file.rows_of(index), &error);
                    continue;
                }
            };
            if options.on_scanned.is_some() {
                stats.note_times(group.times());
            }
            let bytes = group.bytes();
            if !self.read_group(&mut group, &layout, &mut stats, &mut send)? {
                return Ok(false);
            }
            stats.bytes += bytes;
            options.on_read.iter().for_each(|on_read| on_read(bytes));
        }
        if let Some(on_scanned) = &options.on_scanned {
            on_scanned(path, &self.table.name, &stats);
        }
        Ok(true)
    }

    fn read_group(
        &self,
        group: &mut RowGroup<'_>,
        layout: &Layout<'_>,
        stats: &mut ScanStats,
        mut send: impl FnMut(RecordBatch) -> DfResult<bool>,
    ) -> DfResult<bool> {
        let keep = match self.test.rows(group) {
            Ok(Kept::None) => {
                stats.filtered += group.rows() as u64;
                return Ok(true);
            }
            Ok(Kept::All) => None,
            Ok(Kept::Some(keep)) => Some(keep),
            Err(error) => return lost(stats, group.rows(), error),
        };
        let kept = keep.as_ref().map_or(group.rows(), BooleanBuffer::count_set_bits);
        stats.filtered += (group.rows() - kept) as u64;
        let mut rows = match group.batches(&layout.own, layout.provenance, keep.as_ref(), BATCH_ROWS) {
            Ok(rows) => rows,
            Err(error) => return lost(stats, kept, failed(error)),
        };
        while let Some(batch) = rows.next() {
            match batch {
                Ok(batch) => {
                    stats.rows += batch.num_rows() as u64;
                    if !send(layout.laid_out(&batch)?)? {
                        return Ok(false);
                    }
                }
                Err(error) => stats.lose(rows.lost(), &error),
            }
        }
        stats.add_unconverted(rows.unconverted());
        Ok(true)
    }
}

/// Counts rows that a damaged group costs; what is no damage ends the scan.
fn lost(stats: &mut ScanStats, rows: usize, error: DataFusionError) -> DfResult<bool> {
    match &error {
        DataFusionError::External(inner) => match inner.downcast_ref::<Damaged>() {
            Some(Damaged(why)) => {
                stats.lose(rows, why);
                Ok(true)
            }
            None => Err(error),
        },
        _ => Err(error),
    }
}

/// The wanted columns: those that files have, and those that say where a row stands.
struct Layout<'o> {
    path: String,
    schema: SchemaRef,
    columns: &'o [Column],
    own: Vec<Column>,
    provenance: bool,
    options: &'o LogOptions,
}

impl<'o> Layout<'o> {
    fn new(path: &Path, columns: &'o [Column], options: &'o LogOptions) -> Layout<'o> {
        let it = options.provenance.as_ref();
        let shows = |name: &str| it.is_some_and(|it| [&it.line, &it.offset, &it.raw].into_iter().any(|own| own == name));
        let own = |column: &&Column| !shows(&column.name) && it.is_none_or(|it| it.path != column.name);
        Layout {
            path: path.display().to_string(),
            schema: schema(columns),
            columns,
            own: columns.iter().filter(own).cloned().collect(),
            provenance: columns.iter().any(|column| shows(&column.name)),
            options,
        }
    }

    fn laid_out(&self, batch: &RecordBatch) -> DfResult<RecordBatch> {
        let rows = batch.num_rows();
        let mut own = batch.columns().iter();
        let mut arrays = Vec::with_capacity(self.columns.len());
        for Column { name, .. } in self.columns {
            let shown = |name: &str| batch.column_by_name(name).cloned();
            arrays.push(match &self.options.provenance {
                Some(it) if it.path == *name => {
                    Some(Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(&self.path, rows))) as ArrayRef)
                }
                Some(it) if it.line == *name => shown(logs::LINE),
                Some(it) if it.offset == *name => shown(logs::OFFSET),
                Some(it) if it.raw == *name => shown(logs::RAW),
                _ => own.next().cloned(),
            });
        }
        let missing = || DataFusionError::Internal("a row group gives fewer columns than were asked for".to_owned());
        let arrays = arrays.into_iter().collect::<Option<Vec<_>>>().ok_or_else(missing)?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::sync::Mutex;

    use kql::{Rows, Value};
    use logs::ScanRequest;
    use logs::parquet::ParquetWriter;

    use super::*;
    use crate::engine::{Config, Engine};
    use crate::source::{OnScanned, Provenance};

    const HOUR: &str = "2026-01-01T";

    /// Six row groups of an hour each, and a file of records beside them.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let lines = |hour: usize| -> String {
            (0..60).map(|n| format!(
                "{{\"TimeGenerated\":\"{HOUR}{hour:02}:{n:02}:00Z\",\"Name\":\"n{}.h{hour}.example\",\"ClientIP\":\"192.0.2.{n}\",\"EventId\":{n},\"Type\":\"DnsEvents\"}}\n",
                n % 7
            ))
            .collect()
        };
        for hour in 0..6 {
            let text = folder.path().join("part.ndjson");
            fs::write(&text, lines(hour)).unwrap();
            let source = logs::open(&text).unwrap();
            let columns: Vec<Column> = source.tables[0].filled().cloned().collect();
            let projection = Some(columns.iter().map(|column| column.name.clone()).collect());
            let out = File::create(folder.path().join(format!("hour{hour}.parquet"))).unwrap();
            let mut writer = ParquetWriter::new(out, &columns).unwrap();
            for batch in source.scan(ScanRequest { projection, ..ScanRequest::new("DnsEvents") }).unwrap() {
                writer.write(&batch.unwrap()).unwrap();
            }
            writer.finish().unwrap();
            fs::remove_file(text).unwrap();
        }
        folder
    }

    /// The rows of a query, and the sum of what the scans counted.
    fn run(folder: &Path, query: &str, decode_all: bool, provenance: Option<Provenance>) -> (Rows, ScanStats) {
        let found = logs::discover(&[folder.to_owned()]);
        let total = Arc::new(Mutex::new(ScanStats::default()));
        let sum = Arc::clone(&total);
        let on_scanned: OnScanned = Arc::new(move |_, _, stats| sum.lock().unwrap().add(stats));
        let options = LogOptions { parts: 2, decode_all, provenance, on_scanned: Some(on_scanned), ..LogOptions::default() };
        let mut engine = Engine::new(Config { threads: 2, ..Config::default() }).unwrap();
        engine.add_logs(&found.files, &options);
        let rows = engine.run(query).unwrap().tables.remove(0).rows;
        let total = total.lock().unwrap().clone();
        (rows, total)
    }

    const FILTERS: [&str; 14] = [
        "Name has 'n3'",
        "Name == 'n3.h4.example' and EventId > 20",
        "Name in ('n1.h1.example', 'n2.h2.example', 'x')",
        "not(Name has 'h2') or EventId < 3",
        "TimeGenerated > datetime(2026-01-01T04:30) and Name endswith '.example'",
        "TimeGenerated between (datetime(2026-01-01T01:59) .. 2m)",
        "EventId in (1, 2) or Severity == 3",
        "isempty(QueryType) and strlen(ClientIP) == 9",
        "ClientIP == strcat('192.0.2.', EventId) and EventId == 7",
        "Severity > 3",
        "Severity != 3",
        "Type == 'DnsEvents' and Name has_any ('h5')",
        "Name has 'nowhere'",
        "TimeGenerated > ago(1d) and isnotnull(Severity)",
    ];

    #[test]
    fn filters_in_the_file_are_filters_above_it() {
        let columns = folder();
        let mixed = folder();
        let line = "{\"TimeGenerated\":\"2026-01-01T09:00:00Z\",\"Name\":\"n3.h9.example\",\"EventId\":7,\"Severity\":4,\"Type\":\"DnsEvents\"}\n";
        fs::write(mixed.path().join("more.ndjson"), line).unwrap();
        for folder in [&columns, &mixed] {
            for filter in FILTERS {
                let query = format!(
                    "DnsEvents | where {filter} | project TimeGenerated, Name, EventId, ClientIP | sort by TimeGenerated, EventId"
                );
                let (rows, stats) = run(folder.path(), &query, false, None);
                let (all, unfiltered) = run(folder.path(), &query, true, None);
                assert_eq!(rows, all, "{filter}");
                assert_eq!(stats.rows + stats.filtered, unfiltered.rows + unfiltered.filtered, "{filter}");
                assert_eq!((stats.time_min, stats.unparsed), (unfiltered.time_min, 0), "{filter}");
            }
        }
    }

    #[test]
    fn rows_that_cannot_pass_are_not_made() {
        let folder = folder();
        let made =
            |filter: &str| run(folder.path(), &format!("DnsEvents | where {filter} | project ClientIP"), false, None).1.rows;
        assert_eq!(made("TimeGenerated >= datetime(2026-01-01T05:00)"), 60);
        assert_eq!(made("Name == 'n6.h3.example'"), 8);
        assert_eq!(made("Name =~ 'N6.H3.example'"), 8);
        assert_eq!(made("EventId == 60"), 0);
    }

    #[test]
    fn a_row_says_where_it_stands() {
        let folder = folder();
        let named = |name: &str| format!("${name}");
        let provenance = Provenance { path: named("p"), line: named("l"), offset: named("o"), raw: named("r") };
        let query = "DnsEvents | where Name == 'n6.h3.example' | top 1 by TimeGenerated asc | project Line = ['$l'], Row = ['$o'], Raw = ['$r']";
        let (rows, _) = run(folder.path(), query, false, Some(provenance));
        let raw = r#"{"ClientIP":"192.0.2.6","EventId":6,"Name":"n6.h3.example","TimeGenerated":"2026-01-01T03:06:00.0000000Z","Type":"DnsEvents"}"#;
        assert_eq!(rows.rows, [vec![Value::Long(7), Value::Long(6), Value::String(raw.to_owned())]]);
    }

    #[test]
    fn a_damaged_group_costs_its_rows_and_is_named() {
        let folder = folder();
        let path = folder.path().join("hour2.parquet");
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 3;
        bytes[4..middle].fill(0xa5);
        fs::write(&path, bytes).unwrap();
        let (rows, stats) = run(folder.path(), "DnsEvents | where Name has 'example' | summarize n = count()", false, None);
        assert_eq!(rows.rows, [vec![Value::Long(300)]]);
        assert_eq!((stats.unparsed, stats.broken.is_some()), (60, true));
    }
}
