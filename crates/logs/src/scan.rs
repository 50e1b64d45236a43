//! The scan: a file's records as typed Arrow batches of one of its tables.
//!
//! Framing, passing over what cannot match, decoding of the wanted fields and conversion happen record by record in one pass, in
//! memory bounded by one batch. What is not a row of the table is counted: see [`ScanStats`].

mod request;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use kql::{Column, Type};

use crate::arrow_type::arrow_type;
use crate::column::{Cell, ColumnBuilder};
use crate::compression::Compression;
use crate::decode::{Decode, Decoded, Glance, Slots};
use crate::error::Error;
use crate::file::LogFile;
use crate::frame::{Frame, Framer, Framing};
use crate::keep::{Sieve, is_time, time_of};
use crate::piece::{Buffer, Opened, Piece, go_below};
use crate::row::{Output, Router, Wanted};
use crate::seam::{Guess, Start};
use crate::sift::Sift;
use crate::stats::ScanStats;
use crate::table::Place;
use crate::worth::Worth;

pub use request::{ByteRange, LINE, OFFSET, RAW, ScanRequest};

/// A batch of records that are long ends here: what a scan holds must not depend on how long they are.
const BATCH_BYTES_MAX: usize = 32 << 20;
/// Room for the rows of a batch where most records are kept out: a column's room is taken anew for each batch.
const FEW_ROWS: usize = 64;

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
    /// What records that become no rows are judged by.
    sieve: Option<Sieve>,
    /// What lines are judged by before they are decoded.
    sift: Option<Sift>,
    /// The bytes that were last sifted.
    sifted: (u64, usize),
    worth: Worth,
    request: ScanRequest,
    schema: SchemaRef,
    rows: usize,
    row_bytes: usize,
    /// Where the piece begins.
    piece: u64,
    /// Where what is read of it begins.
    begun: u64,
    /// The piece was not read yet, and where its records begin is not certain.
    guess: Option<Guess>,
    /// Batches of a piece that was read already.
    ready: VecDeque<RecordBatch>,
    stats: ScanStats,
    done: bool,
}

impl Scan {
    /// Begins a scan; see [`LogFile::scan`].
    pub(crate) fn begin(file: &LogFile, mut request: ScanRequest) -> Result<Scan, Error> {
        let no_table = || Error::NoSuchTable { path: file.path.clone(), table: request.table.clone() };
        let target = file.tables.iter().position(|table| table.name == request.table).ok_or_else(no_table)?;
        let layout = file.layout()?;
        let table = &file.tables[target];
        let mut wanted = Wanted::default();
        let mut outputs = Vec::new();
        let places: HashMap<&str, usize> = table.columns.iter().enumerate().map(|(at, c)| (c.name.as_str(), at)).collect();
        // Of records that must pass a test, few rows are made.
        let room = if request.keep.is_some() { request.batch_rows.min(FEW_ROWS) } else { request.batch_rows };
        for name in request.projection.clone().unwrap_or_else(|| table.columns.iter().map(|c| c.name.clone()).collect()) {
            let missing = || Error::NoSuchColumn { path: file.path.clone(), table: table.name.clone(), column: name.clone() };
            let at = *places.get(name.as_str()).ok_or_else(missing)?;
            outputs.push(Output::new(table.columns[at].clone(), &table.sources[at], &mut wanted, room));
        }
        let sieve = request.keep.as_ref().map(|keep| keep.sieve(table, &mut wanted));
        // Records of other tables must be told from those that fail.
        let route = (file.tables.len() > 1).then(|| (layout.route.clone(), target));
        let mut sift = match &request.keep {
            Some(keep) => keep.sift(table, route),
            None if !request.pass_over => None,
            None => Sift::new(&[], time_of(table), None, route),
        };
        let router = Router::new(&layout.route, target, &mut wanted);
        let mut decoder = (layout.decoder)(&wanted.keys);
        let piece = request.piece.take().unwrap_or(Piece::Range(0..u64::MAX));
        let Opened { framer, start, guess } = piece.open(file, layout.framing, decoder.as_mut(), Buffer::default())?;
        if let Some(sift) = &mut sift {
            sift.look(if matches!(layout.framing, Framing::Values { .. }) { Glance::No } else { decoder.glance() });
        }
        let time = outputs.iter().position(|output| is_time(&output.column));
        let long = || ColumnBuilder::new(Type::Long, room);
        let text = || ColumnBuilder::new(Type::String, room);
        Ok(Scan {
            piece: start,
            begun: framer.position(),
            guess,
            ready: VecDeque::new(),
            framer,
            decoder,
            slots: Slots::new(wanted.keys.len()),
            router,
            schema: schema(&outputs, request.provenance),
            outputs,
            provenance: request.provenance.then(|| [long(), long(), text()]),
            time,
            sieve,
            sift,
            sifted: (u64::MAX, 0),
            worth: Worth::default(),
            request,
            rows: 0,
            row_bytes: 0,
            stats: ScanStats::default(),
            done: false,
        })
    }

    /// Goes on with another piece of the same file, that stands behind the one before. What has been seen is counted anew.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn go_on(&mut self, file: &LogFile, piece: Piece) -> Result<(), Error> {
        let framing = file.layout()?.framing;
        let room = self.framer.take_room();
        let headers = self.decoder.headers().cloned();
        Opened { framer: self.framer, start: self.piece, guess: self.guess } =
            piece.open(file, framing, self.decoder.as_mut(), room)?;
        if self.decoder.headers() != headers.as_ref() {
            self.look_anew();
        }
        self.begin_anew();
        Ok(())
    }

    /// Fields are found by other headers than before.
    fn look_anew(&mut self) {
        if let Some(sift) = &mut self.sift {
            sift.look(self.decoder.glance());
        }
    }

    fn begin_anew(&mut self) {
        self.begun = self.framer.position();
        self.ready.clear();
        self.sifted = (u64::MAX, 0);
        (self.stats, self.done) = (ScanStats::default(), false);
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

    /// Reads all of the piece, again if it does not begin where it seemed to, and tells where the next one begins: who reads that
    /// need not wait until the rows of this one are taken.
    fn read_guessed(&mut self, guess: &Guess) -> Result<(), Error> {
        if guess.is_likely {
            self.read_all()?;
        }
        let start = guess.seams.start().unwrap_or(&guess.begun);
        guess.seams.note_guess(start.headers == guess.begun.headers);
        if *start != guess.begun || !guess.is_likely {
            let reader = Compression::None.open(&guess.path, start.at);
            self.framer.restart(reader.map_err(|source| Error::Io { path: guess.path.clone(), source })?, start.at);
            go_below(self.decoder.as_mut(), start.headers.as_ref());
            self.look_anew();
            self.begin_anew();
            self.read_all()?;
        }
        if self.stats.broken.is_none() {
            guess.seams.end(Start { at: self.framer.position(), headers: self.decoder.headers().cloned() });
        }
        Ok(())
    }

    fn read_all(&mut self) -> Result<(), Error> {
        while !self.done {
            let batch = self.next_batch().transpose()?;
            self.ready.extend(batch);
        }
        Ok(())
    }

    fn next_batch(&mut self) -> Option<Result<RecordBatch, Error>> {
        let mut seen = 0_u32;
        while self.rows < self.request.batch_rows && self.row_bytes < BATCH_BYTES_MAX {
            seen = seen.wrapping_add(1);
            if seen.is_multiple_of(1024) && self.request.cancel.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                self.done = true;
                return Some(Err(Error::Canceled));
            }
            self.pass_over();
            let Some(frame) = self.framer.next() else {
                self.done = true;
                self.note_sifted();
                self.stats.broken = self.framer.broken.take();
                self.stats.range_ended(self.piece, self.framer.lines());
                break;
            };
            self.take(frame);
        }
        self.stats.bytes = self.framer.position().saturating_sub(self.begun);
        if self.rows == 0 {
            return None;
        }
        Some(self.finish())
    }

    /// Passes over what was read and need not be decoded.
    #[inline]
    fn pass_over(&mut self) {
        let Some(sift) = self.sift.as_mut().filter(|_| self.worth.is_given()) else { return };
        let edition = self.framer.edition();
        if edition != self.sifted {
            self.sifted = edition;
            sift.renew();
        }
        let (buffer, at, until) = self.framer.buffered();
        let passed = sift.pass_over(buffer, at, until);
        self.framer.pass_over(&passed);
        self.stats.filtered += passed.failed;
        self.stats.elsewhere += passed.elsewhere;
        self.stats.no_table += passed.no_table;
        self.worth.kept_out += passed.lines();
    }

    fn note_sifted(&mut self) {
        let span = self.sift.as_mut().and_then(Sift::take_span);
        self.stats.note_times(span);
    }

    /// Makes a row of the record, or counts why not.
    fn take(&mut self, frame: Frame) {
        let (piece, line) = (self.piece, frame.line);
        if let Some(why) = frame.fault {
            return self.stats.unparsed(piece, line, why);
        }
        let record = self.framer.bytes(frame);
        self.slots.clear();
        match self.decoder.decode(record, &mut self.slots) {
            Ok(Decoded::Record) => {}
            // It may have been a header.
            Ok(Decoded::Comment) => return self.look_anew(),
            Err(why) => return self.stats.unparsed(piece, line, why),
        }
        match self.router.place(&self.slots, record) {
            Place::Here if self.is_kept_out(frame) => {}
            Place::Here => self.append(frame),
            Place::Elsewhere => self.stats.elsewhere += 1,
            Place::NoTable => self.stats.no_table += 1,
            Place::Nowhere(why) => self.stats.unparsed(piece, line, why),
        }
    }

    /// The prefilter says that the record becomes no row. It is asked only of sound records of the table: what a scan counts does
    /// not depend on what is searched.
    #[inline]
    fn is_kept_out(&mut self, frame: Frame) -> bool {
        let Some(sieve) = self.sieve.as_mut().filter(|_| self.worth.is_given()) else { return false };
        let record = self.framer.bytes(frame);
        if sieve.lets_pass(record, &self.slots) {
            return false;
        }
        self.worth.kept_out += 1;
        let time = sieve.time.as_ref().and_then(|time| time.text(record, &self.slots));
        let ticks = time.and_then(|time| sieve.clock.ticks(&time));
        self.stats.filtered += 1;
        self.note_time(ticks);
        true
    }

    #[inline]
    fn note_time(&mut self, ticks: Option<i64>) {
        let Some(ticks) = ticks else { return };
        self.stats.time_min = Some(self.stats.time_min.map_or(ticks, |least| least.min(ticks)));
        self.stats.time_max = Some(self.stats.time_max.map_or(ticks, |greatest| greatest.max(ticks)));
    }

    fn append(&mut self, frame: Frame) {
        let record = self.framer.bytes(frame);
        for output in &mut self.outputs {
            if !output.append(record, &self.slots, self.decoder.as_mut()) {
                let value = output.text(record, &self.slots);
                self.stats.unconverted(&output.column.name, value.as_deref().unwrap_or_default());
            }
        }
        if let Some([lines, offsets, raws]) = &mut self.provenance {
            lines.append_long(i64::try_from(frame.line).ok());
            offsets.append_long(i64::try_from(frame.offset).ok());
            let text = String::from_utf8_lossy(record);
            self.stats.not_utf8 += u64::from(matches!(text, std::borrow::Cow::Owned(_)));
            raws.append(Cell::Text(text));
        }
        self.worth.let_pass();
        self.rows += 1;
        self.row_bytes += record.len();
        self.stats.rows += 1;
        self.note_time(self.time.and_then(|at| self.outputs[at].builder.last_long()));
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
        if let Some(guess) = self.guess.take()
            && let Err(error) = self.read_guessed(&guess)
        {
            return Some(Err(error));
        }
        let ready = self.ready.pop_front().map(Ok);
        ready.or_else(|| if self.done { None } else { self.next_batch() })
    }
}

fn schema(outputs: &[Output], provenance: bool) -> SchemaRef {
    let mut columns: Vec<Column> = outputs.iter().map(|output| output.column.clone()).collect();
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
            .map(|column| arrow::datatypes::Field::new(&column.name, arrow_type(column.ty), column.ty != Type::String))
            .collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::Write;
    use std::sync::atomic::AtomicBool;

    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::*;
    use crate::Unconverted;
    use crate::file::Batches;
    use crate::keep::Keep;

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
        let pieces: Vec<Piece> = file.pieces(3).unwrap().collect();
        assert_eq!(pieces.len(), 3);
        let mut parts = Vec::new();
        for piece in pieces {
            parts.extend(column(&file, &ScanRequest { piece: Some(piece), ..ScanRequest::new("DnsEvents") }, "Name").0);
        }
        assert_eq!(parts, whole);
        // A border on the first byte of a line, on its last, and inside it.
        let second = lines(1).len() as u64;
        for border in [second - 1, second, second + 1] {
            let request = |range| ScanRequest { piece: Some(Piece::Range(range)), ..ScanRequest::new("DnsEvents") };
            let count =
                column(&file, &request(0..border), "Name").0.len() + column(&file, &request(border..u64::MAX), "Name").0.len();
            assert_eq!(count, 60_000, "{border}");
        }
    }

    #[test]
    fn one_scan_reads_piece_after_piece() {
        let csv = (0..60_000).map(|at| format!("n{at}.example,{},DnsEvents\n", "x".repeat(at % 97)));
        let csv = std::iter::once("Name,ClientIP,Type\n".to_owned()).chain(csv).collect::<String>();
        for (name, text) in [("x.ndjson", lines(60_000)), ("x.csv", csv)] {
            let (_folder, file) = written(name, text.as_bytes());
            let request = |piece| ScanRequest {
                projection: Some(vec!["Name".to_owned()]),
                piece: Some(piece),
                ..ScanRequest::new("DnsEvents")
            };
            let mut pieces: VecDeque<Piece> = file.pieces(3).unwrap().collect();
            assert!(pieces.len() > 1, "{name}");
            let alone: Vec<ScanStats> = pieces
                .iter()
                .map(|piece| {
                    let mut scan = file.scan(request(piece.clone())).unwrap();
                    scan.by_ref().for_each(drop);
                    scan.stats().clone()
                })
                .collect();
            let mut scan = file.scan(request(pieces.pop_front().unwrap())).unwrap();
            let mut together = Vec::new();
            loop {
                scan.by_ref().for_each(drop);
                together.push(scan.stats().clone());
                let Some(piece) = pieces.pop_front() else { break };
                scan.go_on(&file, piece).unwrap();
            }
            let seen = |stats: &[ScanStats]| stats.iter().map(|it| (it.rows, it.bytes, it.time_min)).collect::<Vec<_>>();
            assert_eq!(seen(&together), seen(&alone), "{name}");
            assert_eq!(together.iter().map(|it| it.rows).sum::<u64>(), 60_000, "{name}");
        }
    }

    /// The line, the byte and the text of each record of a scan, the line as all the statistics have it.
    fn records(scans: Vec<Batches>) -> (Vec<(u64, u64, String)>, ScanStats) {
        let (mut found, mut stats) = (Vec::new(), ScanStats::default());
        for mut scan in scans {
            for batch in scan.by_ref() {
                let batch = batch.unwrap();
                let long = |at: usize| batch.column(at).as_primitive::<Int64Type>().values().iter().map(|long| *long as u64);
                let texts = batch.column(2).as_string_view().iter().map(|text| text.unwrap().to_owned());
                found.extend(long(0).zip(long(1)).zip(texts).map(|((line, offset), text)| (line, offset, text)));
            }
            stats.add(scan.stats());
        }
        found.iter_mut().for_each(|(line, offset, _)| *line = stats.line(*offset, *line));
        (found, stats)
    }

    #[test]
    fn quoted_records_are_the_same_wherever_the_file_is_cut() {
        let row = |at: usize| format!("n{at}.example,{},DnsEvents\n", "x".repeat(at % 97));
        let rows = |count: usize| (0..count).map(row).collect::<String>();
        let quoted =
            |at: usize| format!("\"n{at}, \"\"{}\"\"\n\",\"{}\n,\",DnsEvents\n", "y".repeat(at % 89), "\n".repeat(at % 3));
        let quoted = (0..20_000).map(quoted).collect::<String>();
        // Of what looks like records, in quotes.
        let field = format!("\"{}\",", rows(12_000));
        let texts = [
            ("quotes", quoted.repeat(2)),
            ("quotes and none", rows(10_000) + &quoted),
            ("a record longer than a piece", format!("{}{}DnsEvents\n{}", rows(9000), field.repeat(4), rows(9))),
            ("records in a field", format!("{}{field}x,DnsEvents\n", rows(5)).repeat(5)),
            ("a field that is not closed", format!("{}\"n,x\n{}", rows(20_000), rows(30_000))),
            ("quotes inside fields", format!("5\" disk,x,DnsEvents\n{}", rows(3)).repeat(30_000)),
            ("no record", format!("\"{}", format!("{}\n", "x".repeat(99)).repeat(40_000))),
        ];
        for (what, text) in texts {
            check_cuts("x.csv", &format!("Name,ClientIP,Type\n{}{text}", rows(30)), what);
        }
    }

    /// Checks that a file's pieces have the rows of the whole, each knowing what the one before ended with, or none when it begins.
    fn check_cuts(name: &str, text: &str, what: &str) {
        let (_folder, file) = written(name, text.as_bytes());
        let names = |piece| column(&file, &ScanRequest { piece, ..ScanRequest::new("DnsEvents") }, "Name");
        let request = |piece| ScanRequest { projection: Some(vec![]), provenance: true, piece, ..ScanRequest::new("DnsEvents") };
        let scan = |piece| file.scan(request(piece)).unwrap();
        let (whole, seen) = records(vec![scan(None)]);
        let pieces: Vec<Piece> = file.pieces(16).unwrap().collect();
        assert!(pieces.len() > 2, "{what}");
        let in_turn: Vec<(Vec<String>, ScanStats)> = pieces.iter().map(|piece| names(Some(piece.clone()))).collect();
        assert!(in_turn.iter().flat_map(|(names, _)| names).eq(&names(None).0), "{what}");
        let in_turn = in_turn.iter().fold(ScanStats::default(), |mut all, (_, stats)| {
            all.add(stats);
            all
        });
        let (found, together) = records(file.pieces(16).unwrap().map(|piece| scan(Some(piece))).collect());
        assert!(found == whole, "{what}");
        for stats in [in_turn, together] {
            assert_eq!(stats.unparsed_samples(), seen.unparsed_samples(), "{what}");
            assert_eq!((stats.rows, stats.bytes, stats.unparsed), (seen.rows, seen.bytes, seen.unparsed), "{what}");
        }
    }

    #[test]
    fn records_below_headers_are_the_same_wherever_the_file_is_cut() {
        let (time, name) = (|at: usize| 1_700_000_000 + at, |at: usize| format!("{}n{at}.example", "x".repeat(at % 60)));
        let up = |count: usize| (0..count).map(|at| format!("{}.0\t{}\n", time(at), name(at))).collect::<String>();
        let down = |count: usize| (0..count).map(|at| format!("{}\t{}.0\n", name(at), time(at))).collect::<String>();
        let turned = |count: usize| format!("#fields\tquery\tts\n{}#close\n#fields\tts\tquery\n", down(count));
        let texts = [
            ("one header", up(60_000)),
            ("fields turned", format!("{}#fields\tquery\tts\n{}", up(40_000), down(40_000))),
            ("fields turned often", format!("{}{}", up(9), turned(700)).repeat(80)),
            ("a header that says nothing new", format!("{}#close\tx\n#fields\tts\tquery\n{}", up(30_000), up(30_000))),
            ("another stream's fields", format!("{}#fields\tts\tuid\tquery\n{}", up(30_000), up(30_000))),
            ("lines longer than a piece", format!("{}1.0\t{}\n{}", up(9), "x".repeat(5 << 20), up(30_000))),
            ("a header damaged", format!("{}#separator \n{}", up(30_000), up(30_000))),
            ("no newline at the end", format!("{}{}.0\tlast.example", up(60_000), time(0))),
        ];
        for (what, text) in texts {
            check_cuts("dns.log", &format!("#separator \\x09\n#path\tdns\n#fields\tts\tquery\n{text}"), what);
        }
    }

    #[test]
    fn headers_reach_the_blocks_behind_them() {
        let mut text = "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n".to_owned();
        (0..60_000).for_each(|at| text += &format!("{}.0\tn{at}.example\n", 1_700_000_000 + at));
        text += "#fields\tquery\tts\n";
        (0..60_000).for_each(|at| text += &format!("m{at}.example\t{}.0\n", 1_700_000_000 + at));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        let (_folder, file) = written("dns.log.gz", &packed.finish().unwrap());
        let mut names = Vec::new();
        let pieces: Vec<Piece> = file.pieces(3).unwrap().collect();
        assert!(pieces.len() > 1);
        for piece in pieces {
            let (part, stats) = column(&file, &ScanRequest { piece: Some(piece), ..ScanRequest::new("DnsEvents") }, "Name");
            assert_eq!((stats.unparsed, stats.unconverted.len()), (0, 0));
            names.extend(part);
        }
        assert_eq!((names.len(), names[0].as_str(), names[119_999].as_str()), (120_000, "n0.example", "m59999.example"));
    }

    #[test]
    fn a_scan_may_move_to_another_thread() {
        fn moves<T: Send + 'static>() {}
        moves::<Scan>();
        moves::<LogFile>();
    }

    #[test]
    fn a_prefilter_never_loses_an_escaped_text() {
        let text = "{\"Type\":\"DnsEvents\",\"Name\":\"bad.example\"}\n{\"Type\":\"DnsEvents\",\"Name\":\"b\\u0061d.example\"}\n{\"Type\":\"DnsEvents\",\"Name\":\"good.example\"}\n";
        let (_folder, file) = written("x.ndjson", text.as_bytes());
        let test: Arc<crate::Test> = Arc::new(|text| text(0).is_none_or(|text| *text == *b"bad.example"));
        let keep = Keep { columns: vec![Column::new("Name", Type::String)], test, find: None };
        let (names, stats) = column(&file, &ScanRequest { keep: Some(keep), ..ScanRequest::new("DnsEvents") }, "Name");
        assert_eq!((names, stats.filtered), (vec!["bad.example".to_owned(), "bad.example".to_owned()], 1));
    }

    #[test]
    fn a_prefilter_that_keeps_out_little_rests() {
        let (_folder, file) = written("x.ndjson", lines(60_000).as_bytes());
        let test: Arc<crate::Test> = Arc::new(|text| text(0).is_none_or(|text| !text.ends_with(b"00.example")));
        let keep = Keep { columns: vec![Column::new("Name", Type::String)], test, find: None };
        let (names, stats) = column(&file, &ScanRequest { keep: Some(keep), ..ScanRequest::new("DnsEvents") }, "Name");
        assert_eq!(names.iter().filter(|name| !name.ends_with("00.example")).count(), 59_401);
        assert_eq!(stats.rows + stats.filtered, 60_000);
        assert!((20..300).contains(&stats.filtered), "{}", stats.filtered);
    }

    #[test]
    fn provenance_says_where_a_row_comes_from() {
        let (_folder, file) =
            written("x.json", b"[{\"Type\":\"DnsEvents\",\"Name\":\"a\"},\n\n {\"Type\":\"DnsEvents\",\"Name\":\"b\"}]");
        let request = ScanRequest { projection: Some(vec![]), provenance: true, ..ScanRequest::new("DnsEvents") };
        let batch = file.scan(request).unwrap().next().unwrap().unwrap();
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().values().as_ref(), [1, 3]);
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
        assert_eq!(stats.unconverted.get("EventId"), Some(&Unconverted { count: 1, example: "x".to_owned() }));
        assert_eq!((stats.rows, stats.unparsed, stats.unparsed_samples()[0].0), (2, 1, 2));
        assert!(stats.time_min.is_some() && stats.time_min == stats.time_max);
        let cancel = Some(Arc::new(AtomicBool::new(true)));
        let (_folder, file) = written("y.ndjson", lines(5000).as_bytes());
        let mut scan = file.scan(ScanRequest { cancel, ..ScanRequest::new("DnsEvents") }).unwrap();
        assert!(matches!(scan.next(), Some(Err(Error::Canceled))));
    }
}
