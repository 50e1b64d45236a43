//! One log file: what it is, which tables it fills, and scans of it.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::compression::Compression;
use crate::decode::Decode;
use crate::error::Error;
use crate::frame::{Framer, Framing};
use crate::parquet::{ParquetFile, ParquetScan};
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
    pub bytes: Vec<u8>,
    /// That is all there is.
    pub complete: bool,
    /// Whole lines from further on in a large plain file: records of other kinds may first turn up there.
    pub further: Vec<u8>,
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
        let mut bytes = Vec::new();
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
                let mut chunk = Vec::new();
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
        Ok(Head { bytes, complete, further, stem: stem(path), modified: modified(metadata) })
    }

    /// A head that is all there is, for tests.
    #[cfg(test)]
    pub(crate) fn of(text: &str, name: &str) -> Head {
        let bytes = text.as_bytes().to_vec();
        Head { bytes, complete: true, further: Vec::new(), stem: stem(Path::new(name)), modified: None }
    }

    /// Calls `on` for each whole record that can be seen without reading the file; the last of a head that is not all there is
    /// may be cut, and is left out.
    pub(crate) fn each_record(&self, framing: Framing, mut on: impl FnMut(&[u8])) {
        let mut parts = vec![(&self.bytes, framing)];
        if framing == Framing::Lines {
            parts.push((&self.further, framing));
        }
        for (at, (bytes, framing)) in parts.into_iter().enumerate() {
            let mut framer = Framer::new(Box::new(std::io::Cursor::new(bytes.clone())), framing, at as u64, u64::MAX);
            let mut held: Option<Vec<u8>> = None;
            while let Some(frame) = framer.next() {
                if let Some(record) = held.take() {
                    on(&record);
                }
                held = frame.fault.is_none().then(|| framer.bytes(frame).to_vec());
            }
            if let Some(record) = held.filter(|_| self.complete || at > 0) {
                on(&record);
            }
        }
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
