//! The bytes of column chunks, read at once and handed out as slices: one read for each, whatever pages it has.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};

/// Where a chunk lies; `None` if the footer says nonsense.
pub(super) fn byte_range(chunk: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let start = u64::try_from(start.min(chunk.data_page_offset())).ok()?;
    let end = start.checked_add(u64::try_from(chunk.compressed_size()).ok()?)?;
    Some(start..end)
}

/// Bytes of a file that were read.
#[derive(Clone, Default)]
pub(super) struct Chunks {
    file_bytes: u64,
    parts: Vec<(u64, Bytes)>,
}

impl Chunks {
    /// Nothing yet of that file.
    pub(super) fn new(file_bytes: u64) -> Chunks {
        Chunks { file_bytes, parts: Vec::new() }
    }

    /// Reads the range, unless it is there.
    pub(super) fn load(&mut self, file: &mut File, range: Range<u64>) -> Result<()> {
        if range.end > self.file_bytes {
            return Err(ParquetError::EOF("a column lies behind the file's end".to_owned()));
        }
        if self.parts.iter().any(|(start, bytes)| *start == range.start && *start + bytes.len() as u64 >= range.end) {
            return Ok(());
        }
        let len = usize::try_from(range.end - range.start).map_err(|error| ParquetError::General(error.to_string()))?;
        let mut bytes = vec![0; len];
        file.seek(SeekFrom::Start(range.start))?;
        file.read_exact(&mut bytes)?;
        self.parts.push((range.start, bytes.into()));
        Ok(())
    }

    fn slice(&self, start: u64) -> Result<Bytes> {
        let part = self.parts.iter().find(|(at, bytes)| (*at..*at + bytes.len() as u64).contains(&start));
        let (at, bytes) = part.ok_or_else(|| ParquetError::EOF("a page lies outside its column".to_owned()))?;
        let skip = usize::try_from(start - at).map_err(|error| ParquetError::General(error.to_string()))?;
        Ok(bytes.slice(skip..))
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.file_bytes
    }
}

impl ChunkReader for Chunks {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Cursor<Bytes>> {
        Ok(Cursor::new(self.slice(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.slice(start)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF("a page goes on behind its column".to_owned()));
        }
        Ok(bytes.slice(..length))
    }
}
