//! Log files as tables: byte ranges of files are read side by side, and only the columns that a query wants are decoded.
//!
//! In: files of the `logs` crate. Out: one table for each name they fill, with the columns of all files that fill it; and, where
//! it is asked for, columns that say where each row stands. What filters say of texts, numbers and times is handed down as
//! [`Needles`]: records that fail it are read for what a scan counts, and no rows are made of them.

use std::collections::VecDeque;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewArray};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use kql::catalog::time_alias;
use kql::{Column, Type};
use logs::{Batches, Keep, LogFile, Part, Piece, Pieces, ScanRequest, ScanStats, merged_columns};

use super::gathered::Gathered;
use super::needles::{Needles, keep};
use super::parquet::Groups;
use super::prune::span;
use super::row_test::{Test, decides};
use crate::cell::{Cell, CellBuilder, Cells, nulls};
use crate::error::{Error, code};
use crate::operator::schema;

/// Batches that a reader may be ahead of who reads it.
const BATCHES_AHEAD: usize = 2;

/// Under which names a table shows where its rows stand.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The file: `string`.
    pub path: String,
    /// The line (from 1): `long`; in a range of a file, the line of that range ([`ScanStats::line`] tells the file's).
    pub line: String,
    /// The byte in the unpacked file: `long`.
    pub offset: String,
    /// The record as it stands there: `string`.
    pub raw: String,
}

impl Provenance {
    fn columns(&self) -> [Column; 4] {
        [
            Column::new(&self.path, Type::String),
            Column::new(&self.line, Type::Long),
            Column::new(&self.offset, Type::Long),
            Column::new(&self.raw, Type::String),
        ]
    }
}

/// Is told what a scan of a range of a file's table saw, once it has ended.
pub type OnScanned = Arc<dyn Fn(&Path, &str, &ScanStats) + Send + Sync>;

/// Is told how many unpacked bytes were read since it was told last.
pub type OnRead = Arc<dyn Fn(u64) + Send + Sync>;

/// How log files are read.
#[derive(Clone, Default)]
pub struct LogOptions {
    /// Show where rows stand, under these names.
    pub provenance: Option<Provenance>,
    /// Who is told about each scan.
    pub on_scanned: Option<OnScanned>,
    /// Who is told how far reading is.
    pub on_read: Option<OnRead>,
    /// How many ranges of the files are read side by side.
    pub parts: usize,
    /// Makes a row of every record, whatever the filters: the same answer, slower.
    pub decode_all: bool,
    /// The records of each file stand in the order of their times: parts that a query's times rule out are not read.
    pub sorted: bool,
}

/// The tables that files fill: their names, columns and readers, sorted by name.
pub(crate) fn tables(files: &[LogFile], options: &LogOptions) -> Vec<LogTable> {
    let mut names: Vec<&str> = files.iter().flat_map(|file| &file.tables).map(|table| table.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| LogTable::new(name, files, options)).collect()
}

/// One table, whichever files fill it.
pub(crate) struct LogTable {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    schema: SchemaRef,
    files: Vec<Arc<LogFile>>,
    options: LogOptions,
}

impl fmt::Debug for LogTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogTable").field("name", &self.name).field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl LogTable {
    fn new(name: &str, files: &[LogFile], options: &LogOptions) -> LogTable {
        let own: Vec<Arc<LogFile>> = files.iter().filter(|file| file.table(name).is_some()).cloned().map(Arc::new).collect();
        let mut columns = merged_columns(own.iter().filter_map(|file| file.table(name)).flat_map(|table| &table.columns));
        columns.extend(options.provenance.iter().flat_map(Provenance::columns));
        let (name, schema) = (name.to_owned(), schema(&columns));
        LogTable { name, columns, schema, files: own, options: options.clone() }
    }

    /// The columns that show where a row stands.
    fn shown(&self) -> Vec<Column> {
        self.options.provenance.iter().flat_map(Provenance::columns).collect()
    }

    /// Files of columns can decide the filter by themselves.
    fn decides(&self, filter: &Expr) -> bool {
        let shown = self.shown();
        decides(filter, |name| shown.iter().all(|column| column.name != name))
    }
}

#[async_trait]
impl TableProvider for LogTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// The size of its files: enough to tell which of two tables is the smaller.
    fn statistics(&self) -> Option<Statistics> {
        let bytes: u64 = self.files.iter().map(|file| file.size).sum();
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.total_byte_size = Precision::Inexact(usize::try_from(bytes).unwrap_or(usize::MAX));
        Some(statistics)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DfResult<Vec<TableProviderFilterPushDown>> {
        let columnar = self.files.iter().filter(|file| file.parquet().is_some()).count();
        let support = |filter: &&Expr| match columnar {
            _ if self.options.decode_all => TableProviderFilterPushDown::Unsupported,
            1.. if columnar == self.files.len() && self.decides(filter) => TableProviderFilterPushDown::Exact,
            1.. if self.decides(filter) => TableProviderFilterPushDown::Inexact,
            _ if Needles::of(filter, &self.columns).is_some() => TableProviderFilterPushDown::Inexact,
            _ => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let columns: Vec<Column> = match projection {
            Some(positions) => positions.iter().map(|at| self.columns[*at].clone()).collect(),
            None => self.columns.clone(),
        };
        let needles: Vec<Needles> = filters.iter().filter_map(|filter| Needles::of(filter, &self.columns)).collect();
        let times = ["TimeGenerated", "Timestamp"].into_iter().filter(|_| self.options.sorted);
        let mut spans = times.filter_map(|time| Some((time, span(filters.iter().flat_map(split_conjunction), time)?)));
        let parts = self.options.parts.max(1);
        let readers = if self.files.is_empty() { 1 } else { parts };
        let reading = Reading {
            table: self.name.clone(),
            schema: schema(&columns),
            columns,
            options: self.options.clone(),
            keep: keep(needles, &self.shown()),
            test: Arc::new(Test::new(filters, &self.columns, session)?),
            all_columns: self.columns.clone(),
            span: spans.next(),
            queue: Mutex::new(Queue { files: self.files.iter().cloned().collect(), open: None }),
        };
        let schema = Arc::clone(&reading.schema);
        let reading = Arc::new(reading);
        let readers = (0..readers).map(|_| Arc::new(Reader(Arc::clone(&reading))) as Arc<dyn PartitionStream>).collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema, readers, None, Vec::new(), false, limit)?))
    }
}

/// Ranges that a reader takes in turn, so that none is left with the last big one.
const RANGES_PER_READER: usize = 32;

/// What the readers of one scan share: what to read, and the pieces of files not yet taken.
struct Reading {
    table: String,
    columns: Vec<Column>,
    schema: SchemaRef,
    options: LogOptions,
    keep: Option<Keep>,
    /// What rows of files of columns must pass, and the columns that it may speak of.
    test: Arc<Test>,
    all_columns: Vec<Column>,
    /// Of files in the order of this column's times only what may lie within is read.
    span: Option<(&'static str, RangeInclusive<i64>)>,
    queue: Mutex<Queue>,
}

/// What is left to read.
struct Queue {
    files: VecDeque<Arc<LogFile>>,
    open: Option<(Arc<LogFile>, Pieces)>,
}

/// One partition of a scan: takes pieces until none is left.
struct Reader(Arc<Reading>);

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "logs of {}", self.0.table)
    }
}

impl PartitionStream for Reader {
    fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.0.schema), BATCHES_AHEAD);
        let (reading, sender) = (Arc::clone(&self.0), builder.tx());
        builder.spawn_blocking(move || {
            let (mut gathered, mut scan) = (Gathered::default(), None);
            // Who asked may have had enough.
            let send = |batch: Option<RecordBatch>| batch.is_none_or(|batch| sender.blocking_send(Ok(batch)).is_ok());
            while let Some((file, piece)) = reading.next_piece()? {
                if !reading.read(&file, piece, &mut scan, |batch| Ok(send(gathered.add(batch)?)))? || !send(gathered.due()?) {
                    return Ok(());
                }
            }
            send(gathered.all()?);
            Ok(())
        });
        builder.build()
    }
}

impl Reading {
    fn next_piece(&self) -> DfResult<Option<(Arc<LogFile>, Piece)>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some((file, pieces)) = &mut queue.open
                && let Some(piece) = pieces.next()
            {
                return Ok(Some((Arc::clone(file), piece)));
            }
            let Some(file) = queue.files.pop_front() else { return Ok(None) };
            let pieces = self.pieces(&file).map_err(failed)?;
            queue.open = Some((file, pieces));
        }
    }

    fn pieces(&self, file: &LogFile) -> Result<Pieces, logs::Error> {
        let mut part = Part::Whole;
        if let Some((column, span)) = &self.span
            && let Some(own) = own_column(file, &self.table, column)
        {
            part = file.part_within(&self.table, &own.name, span)?;
        }
        let known = ScanStats::of_part(&part, file.size);
        self.tell_read(known.bytes_left_out(), &mut 0);
        if let Some(on_scanned) = self.options.on_scanned.as_ref().filter(|_| part != Part::Whole) {
            on_scanned(&file.path, &self.table, &known);
        }
        let parts = self.options.parts.max(1) * RANGES_PER_READER;
        match part {
            Part::Range(range) => file.pieces_of(&range, parts),
            Part::Whole | Part::Unordered(_) => file.pieces(parts),
        }
    }

    /// Reads a piece, by the scan of the file's piece before if that is given; false if nobody takes its rows any more.
    fn read(
        &self,
        file: &Arc<LogFile>,
        piece: Piece,
        known: &mut Option<(Arc<LogFile>, Batches)>,
        mut send: impl FnMut(RecordBatch) -> DfResult<bool>,
    ) -> DfResult<bool> {
        if let (Some(columnar), Some(table), Piece::Range(range)) = (file.parquet(), file.table(&self.table), &piece) {
            let table = Arc::new(table.with_columns(&self.all_columns));
            let groups = Groups { table, test: Arc::clone(&self.test), range: range.clone() };
            return groups.read(&file.path, columnar, &self.columns, &self.options, send);
        }
        let scan = match known.take_if(|(known, _)| Arc::ptr_eq(known, file)) {
            Some((_, mut scan)) => scan.go_on(file, piece).map(|()| scan),
            None => file.scan(self.request(file, piece)),
        };
        let (_, scan) = known.insert((Arc::clone(file), scan.map_err(failed)?));
        let mut told = 0;
        while let Some(batch) = scan.next() {
            let batch = self.laid_out(file, &batch.map_err(failed)?)?;
            self.tell_read(scan.stats().bytes, &mut told);
            if !send(batch)? {
                return Ok(false);
            }
        }
        self.tell_read(scan.stats().bytes, &mut told);
        if let Some(on_scanned) = &self.options.on_scanned {
            on_scanned(&file.path, &self.table, scan.stats());
        }
        Ok(true)
    }

    /// What to decode: the wanted columns that this file has.
    fn request(&self, file: &LogFile, piece: Piece) -> ScanRequest {
        let mut request = ScanRequest::new(self.table.as_str());
        let mut names: Vec<String> = self
            .columns
            .iter()
            .filter_map(|column| own_column(file, &self.table, &column.name))
            .map(|own| own.name.clone())
            .collect();
        names.sort();
        names.dedup();
        request.projection = Some(names);
        let wants = |name: &str| self.columns.iter().any(|column| column.name == name);
        let provenance = self.options.provenance.as_ref();
        request.provenance = provenance.is_some_and(|it| [&it.line, &it.offset, &it.raw].into_iter().any(|name| wants(name)));
        request.piece = Some(piece);
        request.keep.clone_from(&self.keep);
        request.pass_over = !self.options.decode_all;
        request
    }

    fn tell_read(&self, bytes: u64, told: &mut u64) {
        if let Some(on_read) = &self.options.on_read {
            on_read(bytes.saturating_sub(*told));
        }
        *told = bytes;
    }

    /// A batch of the file under the wanted columns: those it lacks are null.
    fn laid_out(&self, file: &LogFile, batch: &RecordBatch) -> DfResult<RecordBatch> {
        let rows = batch.num_rows();
        let array = |column: &Column| -> ArrayRef {
            let name = column.name.as_str();
            let own = own_column(file, &self.table, name);
            let source = match &self.options.provenance {
                Some(it) if it.path == name => {
                    let path = file.path.display().to_string();
                    return Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(path, rows)));
                }
                Some(it) if it.line == name => logs::LINE,
                Some(it) if it.offset == name => logs::OFFSET,
                Some(it) if it.raw == name => logs::RAW,
                _ => own.map_or(name, |own| own.name.as_str()),
            };
            match batch.column_by_name(source) {
                Some(array) => converted(array, own.map_or(column.ty, |own| own.ty), column.ty),
                None => nulls(column.ty, rows),
            }
        };
        let arrays = self.columns.iter().map(array).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?)
    }
}

fn failed(error: logs::Error) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(code::READ, error.to_string())))
}

/// The column of a table that a file has under that name, or under the other name of a Defender table's time.
fn own_column<'a>(file: &'a LogFile, table: &str, name: &str) -> Option<&'a Column> {
    let columns = &file.table(table)?.columns;
    let named = |name: &str| columns.iter().find(|own| own.name == name);
    named(name).or_else(|| time_alias(table, name).and_then(named))
}

/// A file's column as the table's, which is text where files disagree.
fn converted(array: &ArrayRef, from: Type, to: Type) -> ArrayRef {
    if from == to {
        return Arc::clone(array);
    }
    let cells = Cells::new(from, array);
    let mut builder = CellBuilder::new(to, array.len());
    (0..array.len()).for_each(|row| builder.push(&Cell::text(cells.get(row).to_value().to_text())));
    builder.finish()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::engine::{Config, Engine};

    const ZEEK: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n\
        #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tquery\tqtype_name\n\
        #types\ttime\tstring\taddr\tport\taddr\tport\tstring\tstring\n\
        1767225600.5\tC1\t192.0.2.1\t5353\t192.0.2.53\t53\twww.Fox.example\tA\n\
        1767225601.5\tC2\t192.0.2.2\t5353\t192.0.2.53\t53\tnotfox.example\tA\n\
        1767225602.5\tC3\t192.0.2.3\t5353\n";
    const NDJSON: &str = "{\"Type\":\"DnsEvents\",\"TimeGenerated\":\"2026-01-01T00:00:00Z\",\"EventId\":257,\"Name\":\"f\\u006fx.example\",\"ClientIP\":\"192.0.2.1\"}\n\
        {\"Type\":\"DnsEvents\",\"TimeGenerated\":\"2026-01-01T00:00:01Z\",\"EventId\":\"258\",\"Name\":\"FOX.example.\",\"ClientIP\":\"192.0.2.2\"}\n\
        {\"Type\":\"DnsEvents\",\"TimeGenerated\":\"2026-01-01T00:00:02Z\",\"Name\":\"fox-example.test\",\"ClientIP\":\"192.0.2.3\"}\n\
        {\"Type\":\"DnsEvents\",\"Name\":\n";
    const CSV: &str = "TimeGenerated,Name,ClientIP,QueryType\n2026-01-01T00:00:00Z,\"fox.example\",192.0.2.1,A\n\
        2026-01-01T00:00:01Z,other.test,192.0.2.9,A\n2026-01-01T00:00:02Z,www.F\u{d6}X.example,192.0.2.10,A\n";

    /// Filters of every shape that the raw search takes, and some that it must leave alone.
    fn filters() -> Vec<String> {
        let many: Vec<String> = (0..200).map(|n| format!("\"name{n}.example\"")).chain(["\"fox.example\"".to_owned()]).collect();
        let mut filters: Vec<String> = [
            "Name has 'fox'",
            "Name == 'fox.example'",
            "Name =~ 'fox.example.'",
            "Name contains 'ox.ex'",
            "Name endswith 'example' or ClientIP == '192.0.2.9'",
            "Name has 'fox' and ClientIP startswith '192.0.2.1'",
            "Name !has 'fox'",
            "not(Name has 'fox')",
            "Name in ('fox.example', 'other.test')",
            "Name has ''",
            "TimeGenerated >= datetime(2026-01-01T00:00:01Z)",
            "not(TimeGenerated > datetime(2026-01-01))",
            "TimeGenerated between (datetime(2026-01-01) .. 1s) and Name has 'fox'",
            "TimeGenerated in (datetime(2026-01-01), datetime(2026-01-01T00:00:02Z)) or Name has 'other'",
            "EventId == 257 or isnull(TimeGenerated)",
            "EventId in (258, 9) or Name has 'other'",
            "EventId > 257 and Name !has 'test'",
            "ipv4_is_in_range(ClientIP, '192.0.2.0/30')",
            "ipv6_is_in_any_range(ClientIP, dynamic(['192.0.2.2/31', '2001:db8::/32']))",
            "ipv6_is_in_any_range(extract(@'^([0-9.]+)', 1, ClientIP), dynamic(['192.0.2.2/31']))",
            "tolower(trim_end('[.]+', Name)) matches regex '^fox[.-]' and ipv4_is_in_range(ClientIP, '192.0.2.0/30')",
            "not(ipv4_is_in_range(extract('([0-9.]+)', 1, ClientIP), '192.0.2.0/31'))",
            "not(ipv4_is_private(Name)) or ClientIP == '192.0.2.9'",
            "not(not(ipv4_is_in_any_range(ClientIP, '192.0.2.8/29')))",
            "Name matches regex '^[a-z]+.example$'",
            "isempty(Name) or Name matches regex '(?i)FOX'",
            "has_ipv4_prefix(ClientIP, '192.0.') and Name has 'fox'",
            "tolower(Name) == 'fox.example.' or 'fox' == extract('^([a-z]+)[.]', 1, Name)",
            "substring(toupper(Name), 0, 3) has_any ('FOX', 'www')",
            "isempty(extract('(fox)', 1, Name)) and not(ipv4_is_in_range(replace_string(ClientIP, '192', '10'), '10.0.2.1'))",
            "Name has_any ('f\u{f6}x', 'b\u{e4}r')",
            "Name has_any ('f\u{f6}x', 'fox')",
        ]
        .map(str::to_owned)
        .to_vec();
        filters.push(format!("Name has_any (dynamic([{}]))", many.join(",")));
        filters.push(format!("Name in~ ({})", many.join(",")));
        filters
    }

    /// The rows of a query, and what the scans counted as damaged.
    fn run(folder: &Path, query: &str, decode_all: bool) -> (kql::Rows, u64) {
        let found = logs::discover(&[folder.to_owned()]);
        assert_eq!(found.files.len(), 3, "{:?}", found.problems);
        let damaged = Arc::new(Mutex::new(0));
        let count = Arc::clone(&damaged);
        let on_scanned: OnScanned = Arc::new(move |_, _, stats| *count.lock().unwrap() += stats.unparsed);
        let options = LogOptions { parts: 2, decode_all, on_scanned: Some(on_scanned), ..LogOptions::default() };
        let mut engine = Engine::new(Config { threads: 2, ..Config::default() }).unwrap();
        engine.add_logs(&found.files, &options);
        let rows = engine.run(query).unwrap().tables.remove(0).rows;
        let damaged = *damaged.lock().unwrap();
        (rows, damaged)
    }

    #[test]
    fn the_raw_search_changes_neither_rows_nor_counts() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("dns.log", ZEEK), ("DnsEvents.ndjson", NDJSON), ("DnsEvents.csv", CSV)] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        for filter in filters() {
            let query =
                format!("DnsEvents | where {filter} | project TimeGenerated, Name, ClientIP | sort by TimeGenerated, Name");
            let searched = run(folder.path(), &query, false);
            assert_eq!(searched, run(folder.path(), &query, true), "{filter}");
            assert_eq!(searched.1, 2, "{filter}");
        }
    }
}
