//! The part of a file in which a span of time lies, where its records stand in the order of their times.
//!
//! In: a plain file of lines, a table's column of times and a span. Out: the bytes outside which no record of that span stands,
//! told from the times of records at some places of the file. Only reading all of it would prove the order, so it is for the user to
//! say; where the places say otherwise, nothing is left out.

use std::fs::File;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use memchr::memchr_iter;

use crate::compression::Compression;
use crate::error::Error;
use crate::file::LogFile;
use crate::frame::Framing;
use crate::piece::Piece;
use crate::scan::{ByteRange, ScanRequest};

/// Which bytes of a file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Whole,
    /// The records that begin there.
    Range(ByteRange),
    /// All of them: a record near that byte is earlier than one before it.
    Unordered(u64),
}

/// The least bytes between two places.
const STEP_MIN: u64 = 1 << 20;
/// Places at most.
const PLACES_MAX: u64 = 256;
/// How far from its place a record is looked for.
const REACH: u64 = 1 << 20;
/// Records at most that are looked at for one with a time.
const RECORDS: usize = 64;

impl LogFile {
    /// The bytes in which rows of a table may stand whose time in `column` lies within `span` (in ticks), if the file's records are in
    /// the order of these times.
    ///
    /// # Errors
    /// The file cannot be read, or has no such table or column.
    pub fn part_within(&self, table: &str, column: &str, span: &RangeInclusive<i64>) -> Result<Part, Error> {
        if !self.can_be_read_in_part()? {
            return Ok(Part::Whole);
        }
        let (mut start, mut end, mut before) = (0, u64::MAX, i64::MIN);
        let step = (self.size / PLACES_MAX).max(STEP_MIN);
        for place in (0..self.size).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            let Some(time) = self.time_at(table, column, place)? else { continue };
            if time < before {
                return Ok(Part::Unordered(place));
            }
            before = time;
            if time < *span.start() {
                start = place;
            }
            if time > *span.end() {
                end = end.min(place);
            }
        }
        Ok(if start == 0 && end == u64::MAX { Part::Whole } else { Part::Range(start..end.max(start)) })
    }

    /// Records can be found from the middle of the file, and it is large enough for that to matter.
    fn can_be_read_in_part(&self) -> Result<bool, Error> {
        if self.parquet().is_some() || self.compression != Compression::None || self.size < 2 * STEP_MIN {
            return Ok(false);
        }
        let layout = self.layout()?;
        Ok(layout.framing == Framing::Lines && (layout.decoder)(&[]).headers().is_none())
    }

    /// The time of the first row of the table that has one, at that byte or near behind it.
    fn time_at(&self, table: &str, column: &str, place: u64) -> Result<Option<i64>, Error> {
        let request = ScanRequest {
            projection: Some(vec![column.to_owned()]),
            batch_rows: RECORDS,
            piece: Some(Piece::Range(place..place + REACH)),
            ..ScanRequest::new(table)
        };
        let Some(batch) = self.scan(request)?.next().transpose()? else { return Ok(None) };
        Ok(batch.column(0).as_primitive_opt::<Int64Type>().and_then(|times| times.iter().flatten().next()))
    }
}

/// How many lines begin before byte `end` of a plain file.
///
/// # Errors
/// It cannot be read.
pub fn lines_before(path: &Path, end: u64) -> Result<u64, Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let mut reader = File::open(path).map_err(failed)?.take(end.saturating_sub(1));
    let mut buffer = vec![0; READ_BYTES];
    let mut lines = u64::from(end > 0);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(lines),
            Ok(read) => lines += memchr_iter(b'\n', &buffer[..read]).count() as u64,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

const READ_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use kql::time::UNIX_EPOCH;

    use super::*;

    const SECOND: i64 = 10_000_000;
    const FIRST: i64 = 1_700_000_000;

    /// A file of one record a second from [`FIRST`] on, with something to make them long; one of them is another second's.
    fn written(odd: Option<(usize, usize)>) -> (tempfile::TempDir, LogFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("DnsEvents.ndjson");
        let filler = "x".repeat(1000);
        let line = |n: usize| {
            let second = odd.filter(|(at, _)| *at == n).map_or(n, |(_, second)| second);
            let time = FIRST + second as i64;
            format!("{{\"Type\":\"DnsEvents\",\"TimeGenerated\":{time},\"Name\":\"{filler}\"}}\n")
        };
        std::fs::write(&path, (0..8000).map(line).collect::<String>()).unwrap();
        let file = crate::open(&path).unwrap();
        (folder, file)
    }

    fn seconds(from: i64, to: i64) -> RangeInclusive<i64> {
        let time = |second| UNIX_EPOCH + (FIRST + second) * SECOND;
        time(from)..=time(to)
    }

    /// The seconds of the records that begin in a range.
    fn held(file: &LogFile, range: ByteRange) -> Vec<i64> {
        let request = ScanRequest {
            projection: Some(vec!["TimeGenerated".to_owned()]),
            piece: Some(Piece::Range(range)),
            ..ScanRequest::new("DnsEvents")
        };
        let batches = file.scan(request).unwrap().map(Result::unwrap);
        let times = batches.flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
        times.map(|time| (time - UNIX_EPOCH) / SECOND - FIRST).collect()
    }

    #[test]
    fn all_records_of_a_span_are_in_its_part() {
        let (_folder, file) = written(None);
        for (from, to) in [(0, 0), (2500, 2600), (999, 1001), (3000, 9000), (7999, 7999), (-5, 100)] {
            let Part::Range(range) = file.part_within("DnsEvents", "TimeGenerated", &seconds(from, to)).unwrap() else {
                panic!("{from} to {to}");
            };
            let held = held(&file, range);
            let (first, last) = (held[0], held[held.len() - 1]);
            assert!(first <= from.max(0) && last >= to.min(7999), "{from} to {to}: {first} to {last}");
            assert!(held.len() < 6500, "{from} to {to}: {} of 8000", held.len());
        }
        let whole = file.part_within("DnsEvents", "TimeGenerated", &seconds(0, 9000)).unwrap();
        assert_eq!(whole, Part::Whole);
    }

    #[test]
    fn lines_before_a_part_are_counted() {
        let (_folder, file) = written(None);
        let text = std::fs::read(&file.path).unwrap();
        for end in [0, 1, 1060, 1100, 3_000_000, text.len() as u64] {
            let starts = (0..end as usize).filter(|at| *at == 0 || text[at - 1] == b'\n').count();
            assert_eq!(lines_before(&file.path, end).unwrap(), starts as u64, "{end}");
        }
    }

    #[test]
    fn disorder_leaves_nothing_out() {
        let (_folder, file) = written(Some((0, 4000)));
        let part = file.part_within("DnsEvents", "TimeGenerated", &seconds(0, 10)).unwrap();
        assert!(matches!(part, Part::Unordered(_)), "{part:?}");
    }
}
