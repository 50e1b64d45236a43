//! The scan: a file's records as typed Arrow batches of one of its tables.
//!
//! Framing, the raw prefilter, decoding of the wanted fields and conversion happen record by record in one pass, in memory bounded
//! by one batch. What is not a row of the table is counted: see [`ScanStats`].

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use kql::{Column, Type};

use crate::arrow_type::arrow_type;
use crate::column::{Cell, ColumnBuilder, Raw};
use crate::compression::Compression;
use crate::decode::{Decode, Decoded, Slots};
use crate::error::Error;
use crate::file::LogFile;
use crate::frame::{Frame, Framer, Framing};
use crate::json;
use crate::table::{Path, RestForm, Route, Source};

/// Provenance column: the line (from 1) on which the record begins, `long`; null in a range that does not begin the file, where
/// [`LogFile::lines_at`] finds it afterwards.
pub const LINE: &str = "$line";
/// Provenance column: the byte offset of the record in the unpacked file, `long`.
pub const OFFSET: &str = "$offset";
/// Provenance column: the raw record, `string`.
pub const RAW: &str = "$raw";

/// A test of a raw record's bytes; see [`ScanRequest::keep`].
pub type Keep = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// Bytes `start..end` of an unpacked file: the records that begin there.
pub type ByteRange = Range<u64>;

/// What to read of a file.
#[derive(Clone)]
pub struct ScanRequest {
    /// The table, one of [`LogFile::tables`].
    pub table: String,
    /// The columns, in the order wanted; all of the table's if `None`.
    pub projection: Option<Vec<String>>,
    /// Rows of a full batch.
    pub batch_rows: usize,
    /// Adds the columns [`LINE`], [`OFFSET`] and [`RAW`] at the end.
    pub provenance: bool,
    /// One of [`LogFile::ranges`]; the whole file if `None`.
    pub range: Option<ByteRange>,
    /// Keeps out records before they are decoded: it must return true for every raw record that holds what is searched, where a
    /// text without quotes, backslashes and control characters may be taken to stand there as it is. Records in which an escape
    /// might hide such a text are decoded without asking.
    pub keep: Option<Keep>,
    /// Ends the scan with [`Error::Canceled`] soon after it becomes true.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl ScanRequest {
    /// All columns and rows of `table`.
    #[must_use]
    pub fn new(table: impl Into<String>) -> ScanRequest {
        ScanRequest {
            table: table.into(),
            projection: None,
            batch_rows: 8192,
            provenance: false,
            range: None,
            keep: None,
            cancel: None,
        }
    }
}

/// What a scan has seen so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScanStats {
    /// Rows delivered.
    pub rows: u64,
    /// Unpacked bytes passed.
    pub bytes: u64,
    /// Records kept out by the prefilter, not decoded.
    pub filtered: u64,
    /// Records of other tables in the same file.
    pub elsewhere: u64,
    /// Records that no table got, whichever table the scan is for.
    pub unparsed: u64,
    /// The same by reason.
    pub unparsed_why: BTreeMap<String, u64>,
    /// The first few of them: line (0 if not known) and reason.
    pub unparsed_samples: Vec<(u64, String)>,
    /// Values that are none of their column's type, and are null in the rows; by column.
    pub unconverted: BTreeMap<String, u64>,
    /// Rows whose raw record is not UTF-8; U+FFFD stands for what is not. Known only of scans with provenance.
    pub not_utf8: u64,
    /// The least `TimeGenerated` (or `Timestamp`) of the rows in ticks, if the column was read.
    pub time_min: Option<i64>,
    /// The greatest.
    pub time_max: Option<i64>,
    /// Why the file could not be read to its end, if so.
    pub broken: Option<String>,
}

const SAMPLES_MAX: usize = 5;
const BATCH_BYTES_MAX: usize = 32 << 20;

impl ScanStats {
    fn unparsed(&mut self, line: Option<u64>, why: &str) {
        self.unparsed += 1;
        if self.unparsed_samples.len() < SAMPLES_MAX {
            self.unparsed_samples.push((line.unwrap_or(0), why.to_owned()));
        }
        match self.unparsed_why.get_mut(why) {
            Some(count) => *count += 1,
            None => {
                self.unparsed_why.insert(why.to_owned(), 1);
            }
        }
    }

    /// Adds what another scan of the same file and table has seen (another byte range).
    pub fn add(&mut self, other: &ScanStats) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.filtered += other.filtered;
        self.elsewhere += other.elsewhere;
        self.unparsed += other.unparsed;
        self.not_utf8 += other.not_utf8;
        for (why, count) in &other.unparsed_why {
            *self.unparsed_why.entry(why.clone()).or_default() += count;
        }
        for (column, count) in &other.unconverted {
            *self.unconverted.entry(column.clone()).or_default() += count;
        }
        self.unparsed_samples.extend(other.unparsed_samples.iter().cloned());
        self.unparsed_samples.truncate(SAMPLES_MAX);
        self.time_min = [self.time_min, other.time_min].into_iter().flatten().min();
        self.time_max = [self.time_max, other.time_max].into_iter().flatten().max();
        self.broken = self.broken.take().or_else(|| other.broken.clone());
    }
}

/// A running scan: an iterator of batches, none of them empty.
pub struct Scan {
    framer: Framer,
    decoder: Box<dyn Decode>,
    slots: Slots,
    router: Router,
    outputs: Vec<Output>,
    provenance: Option<[ColumnBuilder; 3]>,
    /// The output that holds the time of a row.
    time: Option<usize>,
    lines_known: bool,
    request: ScanRequest,
    schema: SchemaRef,
    rows: usize,
    row_bytes: usize,
    first_byte: u64,
    stats: ScanStats,
    done: bool,
}

/// One column of the result.
struct Output {
    name: String,
    from: From,
    builder: ColumnBuilder,
}

/// A [`Source`] whose keys are slots.
enum From {
    Absent,
    Slot(usize),
    First(Vec<(usize, Vec<String>)>),
    Const(String),
    Make(Vec<(usize, Vec<String>)>, crate::table::Make),
    Rest(RestForm, std::collections::BTreeSet<String>),
}

/// A [`Route`] whose keys are slots.
struct Router {
    route: Route,
    slots: Vec<(usize, Vec<String>)>,
    target: usize,
}

/// Where a record goes.
enum Place {
    Here,
    Elsewhere,
    Nowhere(&'static str),
}

impl Router {
    fn place(&self, slots: &Slots, record: &[u8]) -> Place {
        let Route::Field { exact, other, missing, why, .. } = &self.route else { return Place::Here };
        let value = first(slots, record, &self.slots).text();
        let table = match value.as_deref() {
            None | Some("") => *missing,
            Some(value) => exact.iter().find(|(name, _)| name == value).map(|(_, table)| *table).or(*other),
        };
        match table {
            Some(table) if table == self.target => Place::Here,
            Some(_) => Place::Elsewhere,
            None => Place::Nowhere(why),
        }
    }
}

/// The first of the fields that is not empty; else the last.
fn first<'a>(slots: &'a Slots, record: &'a [u8], fields: &[(usize, Vec<String>)]) -> Raw<'a> {
    let mut raw = Raw::Missing;
    for (slot, inner) in fields {
        raw = slots.get(record, *slot).dig(inner);
        if !raw.is_empty() {
            break;
        }
    }
    raw
}

/// The keys that a scan wants, each once.
#[derive(Default)]
struct Wanted(Vec<String>);

impl Wanted {
    fn slots(&mut self, paths: &[Path]) -> Vec<(usize, Vec<String>)> {
        paths.iter().map(|path| (self.slot(&path.key), path.inner.clone())).collect()
    }

    fn slot(&mut self, key: &str) -> usize {
        self.0.iter().position(|known| known == key).unwrap_or_else(|| {
            self.0.push(key.to_owned());
            self.0.len() - 1
        })
    }

    fn from(&mut self, source: &Source) -> From {
        match source {
            Source::Absent => From::Absent,
            Source::First(paths) => match self.slots(paths).as_slice() {
                [(slot, inner)] if inner.is_empty() => From::Slot(*slot),
                slots => From::First(slots.to_vec()),
            },
            Source::Const(text) => From::Const(text.clone()),
            Source::Make { keys, make, .. } => From::Make(self.slots(keys), *make),
            Source::Rest { form, taken } => From::Rest(*form, taken.clone()),
        }
    }
}

impl Scan {
    /// Begins a scan; see [`LogFile::scan`].
    pub(crate) fn begin(file: &LogFile, request: ScanRequest) -> Result<Scan, Error> {
        let no_table = || Error::NoSuchTable { path: file.path.clone(), table: request.table.clone() };
        let target = file.tables.iter().position(|table| table.name == request.table).ok_or_else(no_table)?;
        let layout = file.layout()?;
        let table = &file.tables[target];
        let mut wanted = Wanted::default();
        let mut outputs = Vec::new();
        for name in request.projection.clone().unwrap_or_else(|| table.columns.iter().map(|c| c.name.clone()).collect()) {
            let missing = || Error::NoSuchColumn { path: file.path.clone(), table: table.name.clone(), column: name.clone() };
            let at = table.position(&name).ok_or_else(missing)?;
            let builder = ColumnBuilder::new(table.columns[at].ty, request.batch_rows);
            outputs.push(Output { from: wanted.from(&table.sources[at]), builder, name });
        }
        let slots = match &layout.route {
            Route::Only => Vec::new(),
            Route::Field { keys, .. } => wanted.slots(keys),
        };
        let router = Router { route: layout.route.clone(), slots, target };
        let mut decoder = (layout.decoder)(&wanted.0);
        let range = request.range.clone().filter(|_| layout.framing == Framing::Lines && file.compression == Compression::None);
        let (framer, first_byte) = open(file, layout.framing, range, decoder.as_mut())?;
        let time = outputs.iter().position(|output| matches!(output.name.as_str(), "TimeGenerated" | "Timestamp"));
        let long = || ColumnBuilder::new(Type::Long, request.batch_rows);
        let text = || ColumnBuilder::new(Type::String, request.batch_rows);
        Ok(Scan {
            framer,
            decoder,
            slots: Slots::new(wanted.0.len()),
            router,
            schema: schema(table, &outputs, request.provenance),
            outputs,
            provenance: request.provenance.then(|| [long(), long(), text()]),
            time,
            lines_known: first_byte == 0,
            request,
            rows: 0,
            row_bytes: 0,
            first_byte,
            stats: ScanStats::default(),
            done: false,
        })
    }

    /// The schema of every batch.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// What has been seen so far; all of it once the iterator has ended.
    #[must_use]
    pub fn stats(&self) -> &ScanStats {
        &self.stats
    }

    fn next_batch(&mut self) -> Option<Result<RecordBatch, Error>> {
        let mut seen = 0_u32;
        while self.rows < self.request.batch_rows && self.row_bytes < BATCH_BYTES_MAX {
            seen = seen.wrapping_add(1);
            if seen.is_multiple_of(1024) && self.request.cancel.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                self.done = true;
                return Some(Err(Error::Canceled));
            }
            let Some(frame) = self.framer.next() else {
                self.done = true;
                self.stats.broken = self.framer.broken.take();
                break;
            };
            self.take(frame);
        }
        self.stats.bytes = self.framer.position() - self.first_byte;
        if self.rows == 0 {
            return None;
        }
        Some(self.finish())
    }

    /// Makes a row of the record, or counts why not.
    fn take(&mut self, frame: Frame) {
        let line = self.lines_known.then_some(frame.line);
        if let Some(why) = frame.fault {
            return self.stats.unparsed(line, why);
        }
        let record = self.framer.bytes(frame);
        if let Some(keep) = &self.request.keep
            && !keep(record)
            && !may_hide_text(record)
        {
            self.stats.filtered += 1;
            return;
        }
        self.slots.clear();
        match self.decoder.decode(record, &mut self.slots) {
            Ok(Decoded::Record) => {}
            Ok(Decoded::Comment) => return,
            Err(why) => return self.stats.unparsed(line, why),
        }
        match self.router.place(&self.slots, record) {
            Place::Here => self.append(frame, line),
            Place::Elsewhere => self.stats.elsewhere += 1,
            Place::Nowhere(why) => self.stats.unparsed(line, why),
        }
    }

    fn append(&mut self, frame: Frame, line: Option<u64>) {
        let record = self.framer.bytes(frame);
        for output in &mut self.outputs {
            if !output.append(record, &self.slots, self.decoder.as_mut()) {
                *self.stats.unconverted.entry(output.name.clone()).or_default() += 1;
            }
        }
        if let Some(ticks) = self.time.and_then(|at| self.outputs[at].builder.last_long()) {
            self.stats.time_min = Some(self.stats.time_min.map_or(ticks, |least| least.min(ticks)));
            self.stats.time_max = Some(self.stats.time_max.map_or(ticks, |greatest| greatest.max(ticks)));
        }
        if let Some([lines, offsets, raws]) = &mut self.provenance {
            lines.append_long(line.and_then(|line| i64::try_from(line).ok()));
            offsets.append_long(i64::try_from(frame.offset).ok());
            let text = String::from_utf8_lossy(record);
            self.stats.not_utf8 += u64::from(matches!(text, std::borrow::Cow::Owned(_)));
            raws.append(Cell::Text(text));
        }
        self.rows += 1;
        self.row_bytes += record.len();
        self.stats.rows += 1;
    }

    fn finish(&mut self) -> Result<RecordBatch, Error> {
        let mut columns: Vec<_> = self.outputs.iter_mut().map(|output| output.builder.finish()).collect();
        columns.extend(self.provenance.iter_mut().flatten().map(ColumnBuilder::finish));
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        self.row_bytes = 0;
        Ok(RecordBatch::try_new_with_options(self.schema(), columns, &options)?)
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done { None } else { self.next_batch() }
    }
}

impl Output {
    fn append(&mut self, record: &[u8], slots: &Slots, decoder: &mut dyn Decode) -> bool {
        let cell = match &self.from {
            From::Absent => None,
            From::Slot(slot) => present(slots.get(record, *slot)),
            From::First(fields) => present(first(slots, record, fields)),
            From::Const(text) => Some(Cell::Text(text.as_str().into())),
            From::Make(fields, make) => {
                let raws: Vec<Raw<'_>> = fields.iter().map(|(slot, inner)| slots.get(record, *slot).dig(inner)).collect();
                make(&raws)
            }
            From::Rest(form, taken) => rest(*form, taken, record, decoder),
        };
        match cell {
            Some(cell) => self.builder.append(cell),
            None => {
                self.builder.append_absent();
                true
            }
        }
    }
}

fn present(raw: Raw<'_>) -> Option<Cell<'_>> {
    if matches!(raw, Raw::Missing) { None } else { Some(Cell::Raw(raw)) }
}

/// The fields that are not `taken`.
fn rest(
    form: RestForm,
    taken: &std::collections::BTreeSet<String>,
    record: &[u8],
    decoder: &mut dyn Decode,
) -> Option<Cell<'static>> {
    let mut out = String::new();
    decoder.fields(record, &mut |name, raw| {
        if raw.is_empty() || taken.contains(name) {
            return;
        }
        let value = match (form, raw) {
            (RestForm::Bag, Raw::Json(value)) => json::compact(value),
            (RestForm::Bag, raw) => raw.text().map(|text| json::quote(&text)),
            (RestForm::Pairs, raw) => raw.text().map(std::borrow::Cow::into_owned),
        };
        let Some(value) = value else { return };
        if !out.is_empty() {
            out.push(if form == RestForm::Bag { ',' } else { ';' });
        }
        match form {
            RestForm::Bag => out.push_str(&format!("{}:{value}", json::quote(name))),
            RestForm::Pairs => out.push_str(&format!("{name}={value}")),
        }
    });
    match form {
        _ if out.is_empty() => None,
        RestForm::Bag => Some(Cell::Json(format!("{{{out}}}"))),
        RestForm::Pairs => Some(Cell::Text(out.into())),
    }
}

/// A backslash before `u`, `x` or `/` may stand for a character of a searched text.
fn may_hide_text(record: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', record).any(|at| matches!(record.get(at + 1), Some(b'u' | b'x' | b'/')))
}

fn schema(table: &crate::TableSchema, outputs: &[Output], provenance: bool) -> SchemaRef {
    let mut columns: Vec<Column> =
        outputs.iter().filter_map(|output| table.position(&output.name)).map(|at| table.columns[at].clone()).collect();
    if provenance {
        columns.extend([Column::new(LINE, Type::Long), Column::new(OFFSET, Type::Long), Column::new(RAW, Type::String)]);
    }
    Arc::new(arrow_schema(&columns))
}

/// The Arrow schema of such columns: a `string` is never null.
#[must_use]
pub fn arrow_schema(columns: &[Column]) -> Schema {
    Schema::new(
        columns
            .iter()
            .map(|column| Field::new(&column.name, arrow_type(column.ty), column.ty != Type::String))
            .collect::<Vec<_>>(),
    )
}

/// Opens the file at the range, with the decoder knowing the headers before it. Also returns the first byte's place.
fn open(file: &LogFile, framing: Framing, range: Option<ByteRange>, decoder: &mut dyn Decode) -> Result<(Framer, u64), Error> {
    let io = |source| Error::Io { path: file.path.clone(), source };
    let Range { start, end } = range.unwrap_or(0..u64::MAX);
    if start == 0 {
        return Ok((Framer::new(file.compression.open(&file.path, 0).map_err(io)?, framing, 0, end), 0));
    }
    if let Some(mark) = decoder.header_mark() {
        let before = file.compression.open(&file.path, 0).map_err(io)?.take(start);
        let mut framer = Framer::new(Box::new(before), Framing::Lines, 0, start);
        while let Some(frame) = framer.next() {
            let line = framer.bytes(frame);
            if line.first() == Some(&mark) {
                // A header that is damaged will be damaged for the range that holds it, and is counted there.
                let _ = decoder.decode(line, &mut Slots::default());
            }
        }
    }
    let reader = file.compression.open(&file.path, start - 1).map_err(io)?;
    let mut framer = Framer::new(reader, framing, start - 1, end);
    framer.align();
    Ok((framer, start))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::*;

    fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, LogFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let file = crate::open(&path).unwrap();
        (folder, file)
    }

    fn column(file: &LogFile, request: &ScanRequest, name: &str) -> (Vec<String>, ScanStats) {
        let mut scan = file.scan(ScanRequest { projection: Some(vec![name.to_owned()]), ..request.clone() }).unwrap();
        let mut values = Vec::new();
        for batch in scan.by_ref() {
            let batch = batch.unwrap();
            values.extend(batch.column(0).as_string_view().iter().map(|value| value.unwrap_or("null").to_owned()));
        }
        (values, scan.stats().clone())
    }

    fn lines(count: usize) -> String {
        (0..count)
            .map(|at| format!("{{\"Type\":\"DnsEvents\",\"Name\":\"n{at}.example\",\"ClientIP\":\"{}\"}}\n", "x".repeat(at % 97)))
            .collect()
    }

    #[test]
    fn ranges_together_are_the_file() {
        let (_folder, file) = written("x.ndjson", lines(60_000).as_bytes());
        let whole = column(&file, &ScanRequest::new("DnsEvents"), "Name").0;
        assert_eq!(whole.len(), 60_000);
        let ranges = file.ranges(3);
        assert_eq!(ranges.len(), 3);
        let mut parts = Vec::new();
        for range in ranges {
            parts.extend(column(&file, &ScanRequest { range: Some(range), ..ScanRequest::new("DnsEvents") }, "Name").0);
        }
        assert_eq!(parts, whole);
        // A border on the first byte of a line, on its last, and inside it.
        let second = lines(1).len() as u64;
        for border in [second - 1, second, second + 1] {
            let request = |range| ScanRequest { range: Some(range), ..ScanRequest::new("DnsEvents") };
            let count =
                column(&file, &request(0..border), "Name").0.len() + column(&file, &request(border..u64::MAX), "Name").0.len();
            assert_eq!(count, 60_000, "{border}");
        }
    }

    #[test]
    fn headers_reach_the_ranges_behind_them() {
        let mut text = "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n".to_owned();
        (0..60_000).for_each(|at| text += &format!("{}.0\tn{at}.example\n", 1_700_000_000 + at));
        text += "#fields\tquery\tts\n";
        (0..60_000).for_each(|at| text += &format!("m{at}.example\t{}.0\n", 1_700_000_000 + at));
        let (_folder, file) = written("dns.log", text.as_bytes());
        let mut names = Vec::new();
        let ranges = file.ranges(3);
        assert!(ranges.len() > 1);
        for range in ranges {
            let (part, stats) = column(&file, &ScanRequest { range: Some(range), ..ScanRequest::new("DnsEvents") }, "Name");
            assert_eq!((stats.unparsed, stats.unconverted.len()), (0, 0));
            names.extend(part);
        }
        assert_eq!((names.len(), names[0].as_str(), names[119_999].as_str()), (120_000, "n0.example", "m59999.example"));
    }

    #[test]
    fn a_prefilter_never_loses_an_escaped_text() {
        let text = "{\"Type\":\"DnsEvents\",\"Name\":\"bad.example\"}\n{\"Type\":\"DnsEvents\",\"Name\":\"b\\u0061d.example\"}\n{\"Type\":\"DnsEvents\",\"Name\":\"good.example\"}\n";
        let (_folder, file) = written("x.ndjson", text.as_bytes());
        let keep: Keep = Arc::new(|record| memchr::memmem::find(record, b"bad.example").is_some());
        let (names, stats) = column(&file, &ScanRequest { keep: Some(keep), ..ScanRequest::new("DnsEvents") }, "Name");
        assert_eq!((names, stats.filtered), (vec!["bad.example".to_owned(), "bad.example".to_owned()], 1));
    }

    #[test]
    fn provenance_says_where_a_row_comes_from() {
        let (_folder, file) =
            written("x.json", b"[{\"Type\":\"DnsEvents\",\"Name\":\"a\"},\n\n {\"Type\":\"DnsEvents\",\"Name\":\"b\"}]");
        let request = ScanRequest { projection: Some(vec![]), provenance: true, ..ScanRequest::new("DnsEvents") };
        let batch = file.scan(request).unwrap().next().unwrap().unwrap();
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().values().as_ref(), [1, 3]);
        let offsets: Vec<u64> =
            batch.column(1).as_primitive::<Int64Type>().values().iter().map(|v| u64::try_from(*v).unwrap()).collect();
        assert_eq!(file.lines_at(&offsets).unwrap(), [1, 3]);
        assert_eq!(batch.column(2).as_string_view().value(1), "{\"Type\":\"DnsEvents\",\"Name\":\"b\"}");
    }

    #[test]
    fn a_packed_file_that_breaks_off_gives_what_it_has() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(lines(5000).as_bytes()).unwrap();
        let mut bytes = packer.finish().unwrap();
        bytes.truncate(bytes.len() / 2);
        let (_folder, file) = written("x.gz", &bytes);
        let (names, stats) = column(&file, &ScanRequest::new("DnsEvents"), "Name");
        assert!(names.len() > 100 && stats.broken.is_some_and(|why| why.contains("breaks off")));
        let packed = zstd::encode_all(lines(10).as_bytes(), 1).unwrap();
        let (_folder, file) = written("x.zst", &packed);
        assert_eq!(column(&file, &ScanRequest::new("DnsEvents"), "Name").0.len(), 10);
    }

    #[test]
    fn values_of_another_type_are_null_and_counted() {
        let text = "{\"Type\":\"DnsEvents\",\"EventId\":\"x\",\"TimeGenerated\":\"2026-01-01T00:00:00Z\"}\nbad\n{\"Type\":\"DnsEvents\",\"EventId\":1}\n";
        let (_folder, file) = written("x.ndjson", text.as_bytes());
        let mut scan = file.scan(ScanRequest::new("DnsEvents")).unwrap();
        assert_eq!(scan.next().unwrap().unwrap().num_rows(), 2);
        assert!(scan.next().is_none());
        let stats = scan.stats();
        assert_eq!(stats.unconverted.get("EventId"), Some(&1));
        assert_eq!((stats.rows, stats.unparsed, stats.unparsed_samples[0].0), (2, 1, 2));
        assert!(stats.time_min.is_some() && stats.time_min == stats.time_max);
        let cancel = Some(Arc::new(AtomicBool::new(true)));
        let (_folder, file) = written("y.ndjson", lines(5000).as_bytes());
        let mut scan = file.scan(ScanRequest { cancel, ..ScanRequest::new("DnsEvents") }).unwrap();
        assert!(matches!(scan.next(), Some(Err(Error::Canceled))));
    }
}
