//! One log file: what it is, which tables it fills, and scans of it.

use std::fs::Metadata;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::UNIX_EPOCH;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::compression::Compression;
use crate::decode::Decode;
use crate::error::Error;
use crate::frame::{Frame, Framer, Framing};
use crate::parquet::{ParquetFile, ParquetScan};
use crate::piece::Piece;
use crate::scan::{Scan, ScanRequest};
use crate::stats::ScanStats;
use crate::table::{Route, TableSchema};

/// Makes a decoder for the fields of those names.
pub(crate) type MakeDecoder = Arc<dyn Fn(&[String]) -> Box<dyn Decode> + Send + Sync>;

/// How a file is read, as its format found out from its beginning.
#[derive(Clone)]
pub(crate) struct Layout {
    pub framing: Framing,
    pub decoder: MakeDecoder,
    pub tables: Vec<TableSchema>,
    pub route: Route,
}

/// What a file is read as.
#[derive(Clone)]
pub(crate) enum Content {
    /// Records.
    Records(Arc<Layout>),
    /// Columns.
    Parquet(Arc<ParquetFile>),
}

/// A log file that can be read.
#[derive(Clone)]
pub struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    /// The name of its format, one of [`crate::formats`].
    pub format: &'static str,
    /// How it is packed.
    pub compression: Compression,
    /// Its size on disk in bytes.
    pub size: u64,
    /// The tables it fills.
    pub tables: Vec<TableSchema>,
    pub(crate) content: Content,
}

impl std::fmt::Debug for LogFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tables: Vec<_> = self.tables.iter().map(|table| &table.name).collect();
        f.debug_struct("LogFile")
            .field("path", &self.path)
            .field("format", &self.format)
            .field("compression", &self.compression)
            .field("tables", &tables)
            .finish_non_exhaustive()
    }
}

impl LogFile {
    /// The table called `name`, if the file fills it.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableSchema> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Reads the rows of one table.
    ///
    /// # Errors
    /// The table or a column is not there, or the file cannot be opened.
    pub fn scan(&self, request: ScanRequest) -> Result<Batches, Error> {
        Ok(match &self.content {
            Content::Records(_) => Batches::Records(Box::new(Scan::begin(self, request)?)),
            Content::Parquet(file) => Batches::Parquet(Box::new(ParquetScan::begin(self, file, request)?)),
        })
    }

    /// The file's columns, if it holds columns rather than records.
    #[must_use]
    pub fn parquet(&self) -> Option<&Arc<ParquetFile>> {
        if let Content::Parquet(file) = &self.content { Some(file) } else { None }
    }

    pub(crate) fn layout(&self) -> Result<&Layout, Error> {
        match &self.content {
            Content::Records(layout) => Ok(layout),
            Content::Parquet(_) => Err(Error::Unreadable {
                path: self.path.clone(),
                why: format!("{} files are not read record by record", self.format),
            }),
        }
    }
}

/// The rows of a table of a file: an iterator of batches, none of them empty.
pub enum Batches {
    /// Made of records.
    Records(Box<Scan>),
    /// Made of columns.
    Parquet(Box<ParquetScan>),
}

impl Batches {
    /// Goes on with another piece of the same file, that stands behind the one before. What has been seen is counted anew.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn go_on(&mut self, file: &LogFile, piece: Piece) -> Result<(), Error> {
        match self {
            Batches::Records(scan) => scan.go_on(file, piece)?,
            Batches::Parquet(scan) => scan.go_on(&piece),
        }
        Ok(())
    }

    /// The schema of every batch.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        match self {
            Batches::Records(scan) => scan.schema(),
            Batches::Parquet(scan) => scan.schema(),
        }
    }

    /// What has been seen so far; all of it once the iterator has ended.
    #[must_use]
    pub fn stats(&self) -> &ScanStats {
        match self {
            Batches::Records(scan) => scan.stats(),
            Batches::Parquet(scan) => scan.stats(),
        }
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Batches::Records(scan) => scan.next(),
            Batches::Parquet(scan) => scan.next(),
        }
    }
}

/// The beginning of a file, unpacked: what formats judge by.
pub(crate) struct Head {
    /// The first bytes, up to [`HEAD_BYTES`].
    pub bytes: Arc<Vec<u8>>,
    /// That is all there is.
    pub complete: bool,
    /// Whole lines from further on in a large plain file: records of other kinds may first turn up there.
    pub further: Arc<Vec<u8>>,
    /// The file's name without its folder and extensions.
    pub stem: String,
    /// When the file was last written, in ticks, if the system says so.
    pub modified: Option<i64>,
}

const HEAD_BYTES: usize = 1 << 20;
const FURTHER_BLOCKS: u64 = 8;
const FURTHER_BYTES: usize = 64 << 10;

impl Head {
    pub(crate) fn read(path: &Path, compression: Compression, metadata: &Metadata) -> std::io::Result<Head> {
        let size = metadata.len();
        let mut bytes = Vec::with_capacity(usize::try_from(size).map_or(HEAD_BYTES, |size| size.min(HEAD_BYTES)));
        let mut reader = compression.open(path, 0)?;
        let read = std::io::Read::read_to_end(&mut std::io::Read::take(&mut reader, HEAD_BYTES as u64), &mut bytes);
        // A packed file that breaks off still begins with something.
        if bytes.is_empty() {
            read?;
        }
        let complete = bytes.len() < HEAD_BYTES;
        let mut further = Vec::new();
        if !complete && compression == Compression::None && size > 4 * HEAD_BYTES as u64 {
            for block in 1..=FURTHER_BLOCKS {
                let mut chunk = Vec::with_capacity(FURTHER_BYTES);
                let at = size / (FURTHER_BLOCKS + 1) * block;
                std::io::Read::read_to_end(
                    &mut std::io::Read::take(compression.open(path, at)?, FURTHER_BYTES as u64),
                    &mut chunk,
                )?;
                if let (Some(first), Some(last)) = (memchr::memchr(b'\n', &chunk), memchr::memrchr(b'\n', &chunk)) {
                    further.extend_from_slice(&chunk[first + 1..(last + 1).max(first + 1)]);
                }
            }
        }
        let (bytes, further) = (Arc::new(bytes), Arc::new(further));
        Ok(Head { bytes, complete, further, stem: stem(path), modified: modified(metadata) })
    }

    /// A head that is all there is, for tests.
    #[cfg(test)]
    pub(crate) fn of(text: &str, name: &str) -> Head {
        let bytes = Arc::new(text.as_bytes().to_vec());
        Head { bytes, complete: true, further: Arc::default(), stem: stem(Path::new(name)), modified: None }
    }

    /// Calls `on` for each whole record that can be seen without reading the file; the last of a head that is not all there is
    /// may be cut, and is left out.
    pub(crate) fn each_record(&self, framing: Framing, mut on: impl FnMut(&[u8])) {
        self.each_record_while(framing, |record| {
            on(record);
            true
        });
    }

    /// The same, until `on` has seen enough.
    pub(crate) fn each_record_while(&self, framing: Framing, mut on: impl FnMut(&[u8]) -> bool) {
        let _ = self.parts(framing).iter().try_for_each(|part| part.each_record(&mut on));
    }

    /// What `of` makes of the records that can be seen, part by part and in turn: those of many records are looked at side by side.
    pub(crate) fn of_parts<T: Send>(&self, framing: Framing, of: impl Fn(&Part<'_>) -> T + Sync) -> Vec<T> {
        let (of, parts) = (&of, self.parts(framing));
        thread::scope(|scope| {
            let others: Vec<_> = parts.iter().skip(1).map(|part| scope.spawn(move || of(part))).collect();
            let first = parts.first().map(of);
            first.into_iter().chain(others.into_iter().map(|other| other.join().expect("looking does not panic"))).collect()
        })
    }

    /// The records that can be seen; those of a large file in several parts.
    fn parts(&self, framing: Framing) -> Vec<Part<'_>> {
        let part = |bytes, range, is_whole| Part { bytes, range, framing, is_whole };
        let all = 0..self.bytes.len();
        if framing != Framing::Lines {
            return vec![part(&self.bytes, all, self.complete)];
        }
        // The rest of the line in the middle.
        let middle = all.end / 2;
        let middle = memchr::memchr(b'\n', &self.bytes[middle..]).map_or(all.end, |newline| middle + newline + 1);
        if all.end < HEAD_BYTES / 2 || middle == all.end {
            return vec![part(&self.bytes, all, self.complete)];
        }
        let further = part(&self.further, 0..self.further.len(), true);
        vec![part(&self.bytes, 0..middle, true), part(&self.bytes, middle..all.end, self.complete), further]
    }
}

/// Some of the records that can be seen without reading the file.
pub(crate) struct Part<'h> {
    bytes: &'h Arc<Vec<u8>>,
    range: Range<usize>,
    framing: Framing,
    /// Its last record is whole.
    is_whole: bool,
}

impl Part<'_> {
    /// Calls `on` for each record that is whole, until it has seen enough.
    pub(crate) fn each_record(&self, mut on: impl FnMut(&[u8]) -> bool) -> ControlFlow<()> {
        let mut framer = Framer::of_bytes(self.bytes, self.range.clone(), self.framing);
        let mut is_enough = |framer: &Framer, frame: Option<Frame>| frame.is_some_and(|frame| !on(framer.bytes(frame)));
        let mut held: Option<Frame> = None;
        while let Some(frame) = framer.next() {
            if is_enough(&framer, held.take()) {
                return ControlFlow::Break(());
            }
            held = Some(frame).filter(|frame| frame.fault.is_none());
        }
        if is_enough(&framer, held.filter(|_| self.is_whole)) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// When the file was last written, in ticks.
fn modified(metadata: &Metadata) -> Option<i64> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    kql::time::from_unix_nanos(i128::try_from(since.as_nanos()).ok()?)
}

/// `dns` of `/x/dns.16:00:00-17:00:00.log.gz`: up to the first dot that is not the name's first character.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let end = name.char_indices().skip(1).find(|(_, c)| *c == '.').map_or(name.len(), |(at, _)| at);
    name[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_records_are_seen_in_parts_and_in_turn() {
        let lines: Vec<String> = (0..HEAD_BYTES / 32).map(|at| format!("a line of text, which is number {at}")).collect();
        let mut head = Head::of(&lines.join("\n"), "x");
        head.further = Arc::new(b"one further line\n".to_vec());
        for complete in [true, false] {
            head.complete = complete;
            // The last line may be cut.
            let mut expected = lines.clone();
            expected.truncate(lines.len() - usize::from(!complete));
            expected.push("one further line".to_owned());
            let text = |line: &[u8]| String::from_utf8(line.to_vec()).unwrap();
            let mut seen = Vec::new();
            head.each_record(Framing::Lines, |line| seen.push(text(line)));
            assert_eq!(seen, expected);
            let parts = head.of_parts(Framing::Lines, |part| {
                let mut seen = Vec::new();
                let _ = part.each_record(|line| {
                    seen.push(text(line));
                    true
                });
                seen
            });
            assert_eq!((parts.len(), parts.concat()), (3, expected));
            let mut seen = 0;
            head.each_record_while(Framing::Lines, |_| {
                seen += 1;
                seen < 20
            });
            assert_eq!(seen, 20);
        }
    }
}
