//! A stream of bytes cut into records: lines, CSV records, or the objects of a JSON array.
//!
//! In: any reader and a [`Framing`]. Out: [`Frame`]s, each the span of one record in the framer's buffer. Memory is bounded by the
//! longest record allowed; what is longer is one faulty record. A stream that breaks off (a truncated gzip file) ends the frames
//! and leaves its reason in [`Framer::broken`].

mod values;

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memchr2};

use crate::evtx::EventLines;
use crate::json::Fault;
use crate::piece::{Block, Buffer};
use crate::seam::first_record;
use crate::sift::Passed;

/// The longest record that is read.
pub(crate) const MAX_RECORD: usize = 32 << 20;
/// The longest quoted field of CSV, since one stray quote would otherwise swallow the file.
pub(crate) const MAX_CSV_FIELD: usize = 1 << 20;
const CHUNK: usize = 256 << 10;
const CHUNK_BEHIND: usize = 16 << 10;

/// Where records begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// One record a line; blank lines are none.
    Lines,
    /// CSV records from byte `start` on (after the header): a quoted field may hold line breaks.
    Csv {
        /// Where the first record begins.
        start: u64,
        /// What stands between two fields.
        delimiter: u8,
    },
    /// JSON values that open with the byte `open`, from byte `start` on, whatever stands between them.
    Values {
        /// Where to look for the first.
        start: u64,
        /// `{` or `[`.
        open: u8,
        /// The values stand inside an array, and what follows its end is no record.
        inside: bool,
    },
    /// The events of a Windows event log, each as a line of JSON; its line is its number.
    Events,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Its span in the framer's buffer.
    pub start: usize,
    /// After its last byte.
    pub end: usize,
    /// Its place in the (unpacked) stream.
    pub offset: u64,
    /// The line it begins on, from 1.
    pub line: u64,
    /// Why it cannot be a record, if it cannot.
    pub fault: Option<Fault>,
}

/// Whether a quote that stands behind that byte of its record opens a field: it does so at the field's beginning. Within a field it
/// is a character like any other.
#[inline]
pub(crate) fn opens_field(before: Option<u8>, delimiter: u8) -> bool {
    before.is_none_or(|before| before == delimiter || before == b'\n')
}

/// The length of the line `Record 12` that `bytes` begins with: `evtx_dump` writes one above each event.
pub(crate) fn record_line(bytes: &[u8]) -> Option<usize> {
    const LONGEST: usize = 32;
    let near = &bytes[..bytes.len().min(LONGEST)];
    let line = &near[..memchr(b'\n', near)?];
    let number = line.strip_prefix(b"Record ")?.trim_ascii_end();
    (!number.is_empty() && number.iter().all(u8::is_ascii_digit)).then_some(line.len())
}

const LINE_TOO_LONG: Fault = "the line is longer than 32 MiB";

/// What ends a CSV record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CsvEnd {
    /// A newline, or the end of the stream.
    Line,
    /// Nothing: a field of it is not closed.
    NotClosed,
    /// Nothing within the length that is allowed.
    TooLong,
}

/// How long a CSV record is.
struct CsvLength {
    /// Its bytes, with its newline.
    len: usize,
    end: CsvEnd,
    /// It is known to have no newline but its last byte.
    is_one_line: bool,
}

/// Where the bytes come from.
enum Source {
    Bytes(Box<dyn Read + Send>),
    Events(Box<EventLines>),
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Source::Bytes(reader) => reader.read(into),
            Source::Events(events) => events.read(into),
        }
    }
}

/// Cuts records out of a stream.
pub(crate) struct Framer {
    reader: Source,
    framing: Framing,
    buf: Buffer,
    /// Bytes of `buf` that were read; the rest is room.
    filled: usize,
    /// Where the next record may begin, in `buf`.
    at: usize,
    /// The stream position of `buf[0]`.
    base: u64,
    eof: bool,
    line: u64,
    until: u64,
    /// Why the stream broke off, if it did.
    pub broken: Option<String>,
}

impl Framer {
    /// Frames the records of `reader`, whose first byte is byte `base` of the stream, that begin before byte `until`.
    pub(crate) fn new(reader: Box<dyn Read + Send>, framing: Framing, base: u64, until: u64) -> Framer {
        Framer::with_room(reader, framing, base..until, Buffer::default())
    }

    /// The same for the bytes of a range, which go to `buf`.
    pub(crate) fn with_room(reader: Box<dyn Read + Send>, framing: Framing, range: Range<u64>, buf: Buffer) -> Framer {
        let (reader, base, until) = match framing {
            // The lines that are made are counted from 0, and end with their file.
            Framing::Events => (Source::Events(Box::new(EventLines::new(reader, range.start, range.end))), 0, u64::MAX),
            _ => (Source::Bytes(reader), range.start, range.end),
        };
        Framer { reader, framing, buf, filled: 0, at: 0, base, eof: false, line: 1, until, broken: None }
    }

    /// The room for what is read, for another framer.
    pub(crate) fn take_room(&mut self) -> Buffer {
        (self.filled, self.at) = (0, 0);
        std::mem::take(&mut self.buf)
    }

    /// Frames the records of a block.
    pub(crate) fn of_block(block: Block, framing: Framing) -> Framer {
        let mut framer = Framer::new(Box::new(std::io::empty()), framing, block.offset, u64::MAX);
        framer.filled = block.filled;
        framer.buf = block.bytes;
        // A record that is too long is found out by looking for more of it.
        framer.eof = block.whole;
        framer.broken = block.broken;
        framer
    }

    /// Frames the records of some bytes, which are all there are. All frames stay valid.
    pub(crate) fn of_bytes(bytes: &Arc<Vec<u8>>, part: Range<usize>, framing: Framing) -> Framer {
        let mut framer = Framer::new(Box::new(std::io::empty()), framing, 0, u64::MAX);
        (framer.at, framer.filled, framer.eof) = (part.start, part.end.min(bytes.len()), true);
        framer.buf = Arc::clone(bytes).into();
        framer
    }

    /// The bytes of a frame: valid until the next one is asked for.
    #[inline]
    pub(crate) fn bytes(&self, frame: Frame) -> &[u8] {
        &self.buf[frame.start..frame.end]
    }

    /// What was read, where in it the next record may begin, and where records do that are no longer wanted.
    pub(crate) fn buffered(&self) -> (&[u8], usize, usize) {
        let until = match self.framing {
            // The header is no record.
            Framing::Csv { start, .. } if self.position() < start => 0,
            _ => usize::try_from(self.until.saturating_sub(self.base)).unwrap_or(usize::MAX),
        };
        (&self.buf[..self.filled], self.at, until)
    }

    /// Passes over lines of what was read.
    pub(crate) fn pass_over(&mut self, passed: &Passed) {
        self.at = passed.at;
        self.line += passed.lines();
    }

    /// Changes when other bytes are read.
    pub(crate) fn edition(&self) -> (u64, usize) {
        (self.base, self.filled)
    }

    /// Bytes of the stream that were passed; of a Windows event log, those that were read.
    pub(crate) fn position(&self) -> u64 {
        match &self.reader {
            Source::Events(events) => events.position(),
            Source::Bytes(_) => self.base + self.at as u64,
        }
    }

    /// Lines that were passed.
    pub(crate) fn lines(&self) -> u64 {
        self.line - 1
    }

    /// Skips to the first line that begins at or after the byte that follows the reader's first one.
    pub(crate) fn align(&mut self) {
        loop {
            if let Some(newline) = memchr(b'\n', &self.buf[self.at..self.filled]) {
                self.at += newline + 1;
                return;
            }
            self.at = self.filled;
            if !self.fill() {
                return;
            }
        }
    }

    /// Moves to the first record that seems to begin at or after the byte that follows the reader's first one; false if none seems to
    /// near it.
    pub(crate) fn guess(&mut self) -> bool {
        self.fill();
        let near = &self.buf[self.at..self.filled];
        let record = match self.framing {
            Framing::Csv { delimiter, .. } => first_record(near, delimiter),
            _ => memchr(b'\n', near).map(|newline| newline + 1),
        };
        self.at += record.unwrap_or(0);
        record.is_some()
    }

    /// Begins anew with another reader of the stream, whose first byte is byte `base` of it.
    pub(crate) fn restart(&mut self, reader: Box<dyn Read + Send>, base: u64) {
        self.reader = Source::Bytes(reader);
        (self.filled, self.at, self.base, self.line) = (0, 0, base, 1);
        (self.eof, self.broken) = (false, None);
    }

    /// The next record.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Frame> {
        match self.framing {
            Framing::Lines => self.next_line(),
            Framing::Events => self.next_event(),
            Framing::Csv { start, delimiter } => {
                self.skip_to(start);
                self.next_csv(delimiter)
            }
            Framing::Values { start, open, inside } => {
                self.skip_to(start);
                self.next_value(open, inside)
            }
        }
    }

    /// Reads more behind what is left, which moves to the front. False at the end of the stream.
    fn fill(&mut self) -> bool {
        if self.eof {
            return false;
        }
        self.buf.copy_within(self.at..self.filled, 0);
        self.base += self.at as u64;
        self.filled -= self.at;
        self.at = 0;
        // Of what stands behind the wanted records little is read.
        let wanted = usize::try_from(self.until.saturating_sub(self.base + self.filled as u64)).unwrap_or(usize::MAX);
        let end = self.filled + CHUNK.min(wanted.saturating_add(CHUNK_BEHIND)).max(self.filled);
        if self.buf.len() < end {
            self.buf.resize(end, 0);
        }
        loop {
            match self.reader.read(&mut self.buf[self.filled..end]) {
                Ok(0) => self.eof = true,
                Ok(n) => {
                    self.filled += n;
                    return true;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let at = match &self.reader {
                        Source::Events(events) => events.position(),
                        Source::Bytes(_) => self.base + self.filled as u64,
                    };
                    self.broken = Some(format!("the file breaks off after {at} bytes: {error}"));
                    self.eof = true;
                }
            }
            return false;
        }
    }

    fn skip_to(&mut self, start: u64) {
        while self.position() < start {
            let here = usize::try_from(start - self.position()).unwrap_or(usize::MAX);
            let step = here.min(self.filled - self.at);
            self.pass(step);
            if step == 0 && !self.fill() {
                return;
            }
        }
    }

    /// Moves on, counting lines.
    fn pass(&mut self, bytes: usize) {
        self.line += memchr_iter(b'\n', &self.buf[self.at..self.at + bytes]).count() as u64;
        self.at += bytes;
    }

    fn next_event(&mut self) -> Option<Frame> {
        let frame = self.next_line()?;
        let Source::Events(events) = &mut self.reader else { return Some(frame) };
        let origin = events.origin(frame.line)?;
        Some(Frame { offset: origin.offset, fault: origin.fault.or(frame.fault), ..frame })
    }

    fn next_line(&mut self) -> Option<Frame> {
        loop {
            if self.position() >= self.until {
                return None;
            }
            let (len, newline) = self.line_length();
            if len == 0 && !newline {
                return None;
            }
            let mut frame = Frame { start: self.at, end: self.at + len, offset: self.position(), line: self.line, fault: None };
            self.at += len + usize::from(newline);
            self.line += u64::from(newline);
            if !newline && !self.eof {
                return Some(self.skip_long_line(frame));
            }
            if frame.offset == 0 && self.buf[frame.start..frame.end].starts_with(b"\xef\xbb\xbf") {
                frame.start += 3;
            }
            if frame.end > frame.start && self.buf[frame.end - 1] == b'\r' {
                frame.end -= 1;
            }
            if !self.buf[frame.start..frame.end].trim_ascii().is_empty() {
                return Some(frame);
            }
        }
    }

    /// The length of the line at `at`, and whether a newline ends it (else the stream or the allowed length does).
    fn line_length(&mut self) -> (usize, bool) {
        let mut searched = 0;
        loop {
            if let Some(newline) = memchr(b'\n', &self.buf[self.at + searched..self.filled]) {
                return (searched + newline, true);
            }
            searched = self.filled - self.at;
            if searched > MAX_RECORD || !self.fill() {
                return (searched, false);
            }
        }
    }

    /// Passes what is left of a line that is too long.
    fn skip_long_line(&mut self, frame: Frame) -> Frame {
        self.align();
        self.line += 1;
        // The buffer moved: what the frame spans is no longer the line.
        Frame { start: 0, end: 0, fault: Some(LINE_TOO_LONG), ..frame }
    }

    fn next_csv(&mut self, delimiter: u8) -> Option<Frame> {
        loop {
            if self.position() >= self.until {
                return None;
            }
            let CsvLength { len, end, is_one_line } = self.csv_length(delimiter);
            if len == 0 {
                return None;
            }
            let mut frame = Frame { start: self.at, end: self.at + len, offset: self.position(), line: self.line, fault: None };
            if end == CsvEnd::NotClosed {
                // One stray quote must not swallow the file: only the line where it opened is lost.
                let line = memchr(b'\n', &self.buf[self.at..self.at + len]).map_or(len, |newline| newline + 1);
                frame.end = frame.start + line;
                frame.fault = Some("a quoted field is not closed");
            }
            if is_one_line {
                self.at = frame.end;
                self.line += 1;
            } else {
                self.pass(frame.end - frame.start);
            }
            if end == CsvEnd::TooLong {
                return Some(self.skip_long_line(frame));
            }
            while frame.end > frame.start && matches!(self.buf[frame.end - 1], b'\n' | b'\r') {
                frame.end -= 1;
            }
            if frame.end > frame.start {
                return Some(frame);
            }
        }
    }

    /// The length of the CSV record at `at`, or of what was read of it.
    fn csv_length(&mut self, delimiter: u8) -> CsvLength {
        let (mut searched, mut is_one_line) = (0, true);
        // Where the quoted field opened that is not closed yet.
        let mut opened: Option<usize> = None;
        let length = |len, end| CsvLength { len, end, is_one_line: false };
        loop {
            let window = &self.buf[self.at..self.filled];
            let rest = &window[searched..];
            let found = if opened.is_some() { memchr(b'"', rest) } else { memchr2(b'"', b'\n', rest) };
            let here = found.map_or(window.len(), |found| searched + found);
            is_one_line &= opened.is_none() || memchr(b'\n', &window[searched..here]).is_none();
            if opened.is_some_and(|opened| here - opened > MAX_CSV_FIELD) {
                return length(window.len(), CsvEnd::NotClosed);
            }
            if here > MAX_RECORD {
                return length(here, CsvEnd::TooLong);
            }
            if found.is_none() {
                searched = here;
                if !self.fill() {
                    return length(searched, if opened.is_some() { CsvEnd::NotClosed } else { CsvEnd::Line });
                }
            } else if window[here] == b'\n' {
                return CsvLength { len: here + 1, end: CsvEnd::Line, is_one_line };
            } else if opened.is_none() {
                let opens = opens_field(here.checked_sub(1).map(|before| window[before]), delimiter);
                opened = opens.then_some(here);
                searched = here + 1;
            } else if here + 1 == window.len() && self.fill() {
                searched = here;
            } else {
                let doubled = self.buf[self.at..self.filled].get(here + 1) == Some(&b'"');
                opened = opened.filter(|_| doubled);
                searched = here + 1 + usize::from(doubled);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that every boundary falls between two reads.
    struct Drip(Vec<u8>, usize);

    impl Read for Drip {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let Some(byte) = self.0.get(self.1) else { return Ok(0) };
            into[0] = *byte;
            self.1 += 1;
            Ok(1)
        }
    }

    fn frames(text: &str, framing: Framing) -> Vec<(u64, u64, String, Option<Fault>)> {
        let read = |reader: Box<dyn Read + Send>| {
            let mut framer = Framer::new(reader, framing, 0, u64::MAX);
            let mut seen = Vec::new();
            while let Some(frame) = framer.next() {
                seen.push((frame.line, frame.offset, String::from_utf8_lossy(framer.bytes(frame)).into_owned(), frame.fault));
            }
            seen
        };
        let whole = read(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())));
        if !matches!(framing, Framing::Values { .. }) || !whole.iter().any(|(.., fault)| fault.is_some()) {
            assert_eq!(whole, read(Box::new(Drip(text.as_bytes().to_vec(), 0))), "byte by byte");
        }
        whole
    }

    fn ok(line: u64, offset: u64, text: &str) -> (u64, u64, String, Option<Fault>) {
        (line, offset, text.to_owned(), None)
    }

    #[test]
    fn lines_without_blank_ones() {
        let seen = frames("\u{feff}a\r\n\r\n  \nbc\n\nd", Framing::Lines);
        assert_eq!(seen, [ok(1, 0, "a"), ok(4, 11, "bc"), ok(6, 15, "d")]);
    }

    #[test]
    fn csv_records_span_lines_inside_quotes_only() {
        let seen = frames("h\n1,\"a\nb\"\"\",x\r\n2,5\" disk,y\n3,\"z\n", Framing::Csv { start: 2, delimiter: b',' });
        assert_eq!(seen[..2], [ok(2, 2, "1,\"a\nb\"\"\",x"), ok(4, 15, "2,5\" disk,y")]);
        assert_eq!(seen[2].3, Some("a quoted field is not closed"));
        assert_eq!(seen.len(), 3);
        // A quote opens a field where one begins: what parts the fields of other files does not.
        let seen = frames("1;a,\"b\nc;\"d\ne\"\n", Framing::Csv { start: 0, delimiter: b';' });
        assert_eq!(seen, [ok(1, 0, "1;a,\"b"), ok(2, 7, "c;\"d\ne\"")]);
    }

    #[test]
    fn a_long_line_of_csv_is_whole_or_at_fault() {
        let csv = Framing::Csv { start: 0, delimiter: b',' };
        let framed = |text: String| -> Vec<(u64, usize, Option<Fault>)> {
            let mut framer = Framer::new(Box::new(std::io::Cursor::new(text.into_bytes())), csv, 0, u64::MAX);
            std::iter::from_fn(|| framer.next().map(|frame| (frame.line, frame.end - frame.start, frame.fault))).collect()
        };
        let long = 3 * MAX_CSV_FIELD;
        assert_eq!(framed(format!("1,{}\n2,b\n", "x".repeat(long))), [(1, long + 2, None), (2, 3, None)]);
        let fields = format!("\"{}\",", "x\n".repeat(MAX_CSV_FIELD / 4)).repeat(4);
        assert_eq!(framed(format!("{fields}\n2,b\n")), [(1, fields.len(), None), (MAX_CSV_FIELD as u64 + 2, 3, None)]);
        assert_eq!(
            framed(format!("1,\"a\n{}\"\n", "x\n".repeat(long)))[..2],
            [(1, 4, Some("a quoted field is not closed")), (2, 1, None)]
        );
        assert_eq!(framed(format!("1,{}\n2,b\n", "x".repeat(MAX_RECORD))), [(1, 0, Some(LINE_TOO_LONG)), (2, 3, None)]);
    }

    #[test]
    fn objects_of_an_array() {
        let framing = Framing::Values { start: 0, open: b'{', inside: false };
        assert_eq!(
            frames("[\n {\"a\": \"}\\\"\"},\n{\"b\":[{}]}\n]", framing),
            [ok(2, 3, "{\"a\": \"}\\\"\"}"), ok(3, 17, "{\"b\":[{}]}")]
        );
        let seen = frames("[{\"a\":1}, oops\n{\"b\":\"x\n{\"c\":2}, {\"d\"", framing);
        let whys: Vec<_> = seen.iter().map(|frame| frame.3).collect();
        let strange = Some("text stands where an object should");
        let (string, object) = (Some("a string is not closed"), Some("an object or array is not closed"));
        assert_eq!(whys, [None, strange, string, None, object]);
        let seen = frames("Record 1\n{\"a\":1}\nRecord 20\r\n{\"b\":\n2}\nRecords\n", framing);
        assert_eq!(seen[..2], [ok(2, 9, "{\"a\":1}"), ok(4, 28, "{\"b\":\n2}")]);
        assert_eq!(seen[2..].iter().map(|frame| frame.3).collect::<Vec<_>>(), [strange]);
        let inside = Framing::Values { start: 10, open: b'{', inside: true };
        assert_eq!(frames("{\"value\":[{\"a\":1}],\"next\":{\"b\":2}}", inside), [ok(1, 10, "{\"a\":1}")]);
    }
}
