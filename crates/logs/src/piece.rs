//! A file in pieces that scans read side by side.
//!
//! Where records can be found from the middle of a plain file, a piece is a range of its bytes, and who scans it reads it; so it is
//! where that takes a guess, as in CSV or below headers, which the piece before confirms ([`Seams`]). Elsewhere (packed files,
//! headers above the records of several tables) the file is read in turn and cut at the borders of records, so that unpacking is all
//! that happens one after the other.

use std::collections::VecDeque;
use std::io::Read;
use std::ops::{Deref, DerefMut, Range};
use std::sync::{Arc, Mutex, PoisonError};

use fearless_simd::{Level, dispatch};
use memchr::{memchr, memmem, memrchr};

use crate::compression::Compression;
use crate::decode::{Decode, Headers, Slots};
use crate::error::Error;
use crate::evtx;
use crate::file::LogFile;
use crate::frame::{Framer, Framing, MAX_CSV_FIELD, MAX_RECORD, opens_field};
use crate::marks::{WIDTH, each_block};
use crate::places::Places;
use crate::scan::ByteRange;
use crate::seam::{Guess, Seams, Start};

/// What one scan reads of a file.
#[derive(Clone, Debug)]
pub enum Piece {
    /// The records that begin in a range of the file's bytes.
    Range(ByteRange),
    /// The same, where the pieces before tell which these are: to be scanned while, or after, those are.
    Seamed(ByteRange, Seams),
    /// Whole records, read already.
    Block(Box<Block>),
}

/// A piece that can be read.
pub(crate) struct Opened {
    pub framer: Framer,
    /// Where the piece begins in the unpacked file.
    pub start: u64,
    /// Where records begin is not certain.
    pub guess: Option<Guess>,
}

impl Piece {
    /// Opens the piece of that file, with the decoder knowing the headers before it. Bytes that are read go to `room`.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn open(self, file: &LogFile, framing: Framing, decoder: &mut dyn Decode, room: Buffer) -> Result<Opened, Error> {
        let framed = |from: u64, until: u64| {
            let reader =
                file.compression.open(&file.path, from).map_err(|source| Error::Io { path: file.path.clone(), source })?;
            Ok::<_, Error>(Framer::with_room(reader, framing, from..until, room))
        };
        let opened = |framer, start| Ok(Opened { framer, start, guess: None });
        match self {
            Piece::Block(block) => {
                go_below(decoder, block.headers.as_ref());
                let start = block.offset;
                opened(Framer::of_block(*block, framing), start)
            }
            Piece::Range(Range { start: 0, end }) => opened(framed(0, end)?, 0),
            Piece::Range(Range { start, end }) if framing == Framing::Events => {
                opened(framed(evtx::chunk_border(start), end)?, start)
            }
            Piece::Range(Range { start, end }) => {
                let mut framer = framed(start - 1, end)?;
                framer.align();
                opened(framer, start)
            }
            Piece::Seamed(Range { start, end }, seams) => {
                let (framer, begun, is_likely) = match seams.known_start() {
                    Some(known) => (framed(known.at, end)?, known.clone(), true),
                    None => {
                        let mut framer = framed(start.saturating_sub(1), end)?;
                        let (headers, is_worth) = seams.guessed_headers();
                        let is_likely = framer.guess() && is_worth;
                        let begun = Start { at: framer.position(), headers };
                        (framer, begun, is_likely)
                    }
                };
                go_below(decoder, begun.headers.as_ref());
                Ok(Opened { framer, start, guess: Some(Guess { seams, path: file.path.clone(), begun, is_likely }) })
            }
        }
    }
}

/// Lets the decoder go on below those header lines, if there are some.
pub(crate) fn go_below(decoder: &mut dyn Decode, headers: Option<&Arc<Headers>>) {
    if let Some(headers) = headers {
        decoder.go_below(headers);
    }
}

/// Some records of a file.
#[derive(Clone, Debug)]
pub struct Block {
    pub(crate) bytes: Buffer,
    /// How many of the bytes there are; the rest is room.
    pub(crate) filled: usize,
    /// Where they stand in the unpacked file.
    pub(crate) offset: u64,
    /// What the header lines above them say, if there are such.
    pub(crate) headers: Option<Arc<Headers>>,
    /// They end where a record does; otherwise in the middle of one that is too long.
    pub(crate) whole: bool,
    /// Why the file could not be read further, if so.
    pub(crate) broken: Option<String>,
}

/// The bytes of a block. They are filled again once it was scanned: to give a fresh buffer its pages costs about as much as to
/// search it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffer {
    /// Copied before they are written to if somebody else has them, too.
    bytes: Arc<Vec<u8>>,
    spare: Spare,
}

/// Buffers that were scanned.
type Spare = Arc<Mutex<Vec<Vec<u8>>>>;

impl Buffer {
    fn of(spare: &Spare) -> Buffer {
        let bytes = spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        Buffer { bytes: bytes.into(), spare: Arc::clone(spare) }
    }

    /// Makes room for so many bytes behind the first `filled`.
    fn reserve(&mut self, filled: usize, more: usize) {
        if self.bytes.len() < filled + more {
            self.resize(filled + more, 0);
        }
    }
}

impl From<Arc<Vec<u8>>> for Buffer {
    fn from(bytes: Arc<Vec<u8>>) -> Buffer {
        Buffer { bytes, spare: Spare::default() }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    #[inline]
    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        Arc::make_mut(&mut self.bytes)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = Arc::try_unwrap(std::mem::take(&mut self.bytes)).unwrap_or_default();
        // One that a long record made large is given back.
        if (1..=2 * BLOCK_BYTES).contains(&bytes.len()) {
            self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
        }
    }
}

/// The pieces of a file, in order.
pub struct Pieces(Kind);

enum Kind {
    Ranges(VecDeque<ByteRange>),
    /// And the seams of the first.
    Seamed(VecDeque<ByteRange>, Seams),
    Blocks(Box<Blocks>),
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pieces").finish_non_exhaustive()
    }
}

/// The least bytes that are worth a range of their own.
const RANGE_MIN: u64 = 1 << 20;
/// The most bytes of a range whose rows are kept until all of it was read.
const SEAMED_MAX: u64 = 2 << 20;
/// Where the last of a file's first headers begins at most.
const FIRST_HEADERS: u64 = 64 << 10;
/// Bytes of a block, about.
const BLOCK_BYTES: usize = 1 << 20;

impl LogFile {
    /// The file in pieces: about `parts` ranges, or as many blocks as it takes, or all of it in one; a range for each row group of a
    /// Parquet file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn pieces(&self, parts: usize) -> Result<Pieces, Error> {
        self.pieces_of(&(0..u64::MAX), parts)
    }

    /// The same of a part of the file, as [`LogFile::part_within`] gives it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn pieces_of(&self, part: &ByteRange, parts: usize) -> Result<Pieces, Error> {
        if let Some(columnar) = self.parquet() {
            return Ok(Pieces(Kind::Ranges(columnar.ranges().into())));
        }
        let layout = self.layout()?;
        let decoder = (layout.decoder)(&[]);
        let has_headers = decoder.headers().is_some();
        let plain = self.compression == Compression::None;
        let seekable = plain && layout.framing == Framing::Lines && !has_headers;
        let small = plain && self.size < RANGE_MIN;
        let events = layout.framing == Framing::Events;
        let seekable = seekable || events && plain;
        if events || seekable || small || matches!(layout.framing, Framing::Values { .. }) {
            let size = part.end.min(self.size).saturating_sub(part.start);
            let parts = if seekable { (size / RANGE_MIN).clamp(1, parts.max(1) as u64) } else { 1 };
            let step = size.div_ceil(parts);
            let border = |n: u64| if events && n > 0 { evtx::chunk_border(n * step) } else { part.start + n * step };
            // The last range of a whole file is open: it may have grown.
            let range = |n| border(n)..if n + 1 == parts { part.end } else { border(n + 1) };
            return Ok(Pieces(Kind::Ranges((0..parts).map(range).collect())));
        }
        // Where records are of several tables, headers are often others.
        if plain && (!has_headers || self.tables.len() == 1) {
            let headers = if has_headers { self.first_headers(decoder)? } else { None };
            let step = (self.size / parts.max(1) as u64).clamp(RANGE_MIN, SEAMED_MAX);
            let last = self.size / step;
            let range = |n| n * step..if n == last { u64::MAX } else { (n + 1) * step };
            return Ok(Pieces(Kind::Seamed((0..=last).map(range).collect(), Seams::first(headers))));
        }
        Ok(Pieces(Kind::Blocks(Box::new(Blocks {
            reader: self.reader()?,
            framing: layout.framing,
            held: Vec::new(),
            offset: 0,
            decoder,
            ended: false,
            spare: Spare::default(),
            quotes: Places::default(),
        }))))
    }

    /// What the header lines say that the file begins with.
    fn first_headers(&self, mut decoder: Box<dyn Decode>) -> Result<Option<Arc<Headers>>, Error> {
        let mut framer = Framer::new(self.reader()?, Framing::Lines, 0, FIRST_HEADERS);
        while let Some(frame) = framer.next()
            && framer.bytes(frame).first() == Some(&Headers::MARK)
        {
            let _ = decoder.decode(framer.bytes(frame), &mut Slots::default());
        }
        Ok(decoder.headers().cloned())
    }

    fn reader(&self) -> Result<Box<dyn Read + Send>, Error> {
        self.compression.open(&self.path, 0).map_err(|source| Error::Io { path: self.path.clone(), source })
    }
}

impl Iterator for Pieces {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        match &mut self.0 {
            Kind::Ranges(ranges) => ranges.pop_front().map(Piece::Range),
            Kind::Seamed(ranges, seams) => {
                let next = seams.next();
                ranges.pop_front().map(|range| Piece::Seamed(range, std::mem::replace(seams, next)))
            }
            Kind::Blocks(blocks) => blocks.next().map(|block| Piece::Block(Box::new(block))),
        }
    }
}

/// Reads a file in turn.
struct Blocks {
    reader: Box<dyn Read + Send>,
    framing: Framing,
    /// Read, and not yet part of a block.
    held: Vec<u8>,
    offset: u64,
    /// Knows the header lines so far.
    decoder: Box<dyn Decode>,
    ended: bool,
    spare: Spare,
    /// Where quotes stand in a block.
    quotes: Places,
}

impl Blocks {
    fn next(&mut self) -> Option<Block> {
        let (mut bytes, mut filled, mut broken) = (Buffer::of(&self.spare), self.held.len(), None);
        bytes.reserve(0, filled);
        bytes[..filled].copy_from_slice(&self.held);
        let (end, whole) = loop {
            filled = self.read(&mut bytes, filled, &mut broken);
            match self.border(&bytes[..filled]) {
                _ if self.ended => break (filled, true),
                Some(end) => break (end, true),
                None if filled > MAX_RECORD => break (filled, false),
                None => {}
            }
        };
        if end == 0 && broken.is_none() {
            return None;
        }
        let (offset, headers) = (self.offset, self.decoder.headers().cloned());
        self.offset += end as u64;
        self.held.clear();
        if whole {
            self.held.extend_from_slice(&bytes[end..filled]);
        } else {
            self.skip_line(&mut broken);
        }
        self.read_headers(&bytes[..end]);
        Some(Block { offset, headers, whole, broken, bytes, filled: end })
    }

    /// Reads behind the first `filled` bytes until there are enough for a block; how many there are then.
    fn read(&mut self, bytes: &mut Buffer, mut filled: usize, broken: &mut Option<String>) -> usize {
        let wanted = (filled + READ_BYTES).max(BLOCK_BYTES);
        while filled < wanted && !self.ended {
            bytes.reserve(filled, READ_BYTES);
            match self.reader.read(&mut bytes[filled..]) {
                Ok(0) => self.ended = true,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let at = self.offset + filled as u64;
                    *broken = Some(format!("the file breaks off after {at} bytes: {error}"));
                    self.ended = true;
                }
            }
        }
        filled
    }

    /// Passes what is left of a line that is too long.
    fn skip_line(&mut self, broken: &mut Option<String>) {
        while !self.ended {
            let mut bytes = Buffer::of(&self.spare);
            let filled = self.read(&mut bytes, 0, broken);
            match memchr(b'\n', &bytes[..filled]) {
                Some(newline) => {
                    self.offset += newline as u64 + 1;
                    self.held.extend_from_slice(&bytes[newline + 1..filled]);
                    return;
                }
                None => self.offset += filled as u64,
            }
        }
    }

    /// Where the last record ends that is there as a whole; `None` if none does.
    fn border(&mut self, bytes: &[u8]) -> Option<usize> {
        match self.framing {
            Framing::Csv { start, delimiter } => {
                let start = usize::try_from(start.saturating_sub(self.offset)).unwrap_or(usize::MAX);
                plain_border(bytes, start, delimiter, &mut self.quotes).or_else(|| csv_border(bytes, start, delimiter))
            }
            _ => memrchr(b'\n', bytes).map(|newline| newline + 1),
        }
    }

    fn read_headers(&mut self, bytes: &[u8]) {
        if self.decoder.headers().is_none() {
            return;
        }
        let first = (bytes.first() == Some(&Headers::MARK)).then_some(0);
        let others = memmem::find_iter(bytes, &[b'\n', Headers::MARK]).map(|newline| newline + 1);
        for start in first.into_iter().chain(others) {
            let line = &bytes[start..];
            let line = &line[..memchr(b'\n', line).unwrap_or(line.len())];
            // One that is damaged is counted by who scans the block.
            let _ = self.decoder.decode(line.trim_ascii_end(), &mut Slots::default());
        }
    }
}

const READ_BYTES: usize = 256 << 10;

/// Where the last CSV record of `bytes` ends; records begin at `start`. `None` if none does, or a quote neither opens a field nor
/// closes it, or a field is longer than the longest. `quotes` is used again.
fn plain_border(bytes: &[u8], start: usize, delimiter: u8, quotes: &mut Places) -> Option<usize> {
    let text = bytes.get(start..)?;
    let mut at = 0;
    quotes.begin();
    dispatch!(Level::new(), simd => each_block(simd, text, [b'"'], |[marks]| {
        quotes.add(at, marks);
        at += WIDTH;
    }));
    let quotes = quotes.all();
    // One of two opens a field, or stands for one that is part of it, the other closes it.
    let may_open = |quote: usize| quote == 0 || [delimiter, b'"', b'\n'].contains(&text[quote - 1]);
    let end = |pair: &[usize]| pair.get(1).copied().unwrap_or(text.len());
    if !quotes.chunks(2).all(|pair| may_open(pair[0]) && end(pair) - pair[0] <= MAX_CSV_FIELD) {
        return None;
    }
    // The last newline between such pairs.
    let mut until = text.len();
    for pair in quotes.chunks(2).rev() {
        let from = end(pair);
        if let Some(newline) = memrchr(b'\n', &text[from.min(until)..until]) {
            return Some(start + from + newline + 1);
        }
        until = pair[0];
    }
    memrchr(b'\n', &text[..until]).map(|newline| start + newline + 1)
}

/// Where the last CSV record of `bytes` ends; records begin at `start`. As the framer has it: a quote opens a field only at its
/// beginning, and one that is not closed within the longest field costs but its line.
fn csv_border(bytes: &[u8], start: usize, delimiter: u8) -> Option<usize> {
    let (mut at, mut border) = (start, None);
    let mut opened: Option<usize> = None;
    while let Some(rest) = bytes.get(at..) {
        if let Some(field) = opened {
            let quote = memchr(b'"', rest).map(|quote| at + quote);
            if quote.unwrap_or(bytes.len()) - field > MAX_CSV_FIELD {
                let record = border.unwrap_or(start);
                at = record + memchr(b'\n', &bytes[record..])? + 1;
                (border, opened) = (Some(at), None);
                continue;
            }
            let Some(quote) = quote else { break };
            at = quote + 1;
            let doubled = bytes.get(at) == Some(&b'"');
            opened = opened.filter(|_| doubled);
            at += usize::from(doubled);
            continue;
        }
        let quote = memchr(b'"', rest);
        // Up to the next quote the last line ends the last record.
        let lines = &rest[..quote.unwrap_or(rest.len())];
        border = memrchr(b'\n', lines).map(|newline| at + newline + 1).or(border);
        let Some(quote) = quote else { break };
        let before = (at + quote).checked_sub(1).map(|before| bytes[before]);
        opened = opens_field(before, delimiter).then_some(at + quote);
        at += quote + 1;
    }
    border
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_cut_where_a_record_ends() {
        for (text, border) in [
            ("a,b\nc,d\n", Some(8)),
            ("a,b\nc,\"d\n", Some(4)),
            ("a,\"b\nc\"\nd", Some(8)),
            ("a,\"b\"\"\nc\"\n\"d\ne\"", Some(10)),
            ("a,5\" disk\nb\n", Some(12)),
            ("\"a\n", None),
            ("abc", None),
        ] {
            for before in ["", "x\n", "x,\"y\"\n"] {
                let text = format!("{before}{text}");
                let (bytes, start, border) = (text.as_bytes(), before.len(), border.map(|border| before.len() + border));
                assert_eq!(csv_border(bytes, start, b','), border, "{text}");
                let is_plain = border.is_some() && !text.contains("5\"");
                assert_eq!(plain_border(bytes, start, b',', &mut Places::default()), border.filter(|_| is_plain), "{text}");
            }
        }
        let open = format!("a\n\"b\n{}", "c,d\n".repeat(MAX_CSV_FIELD / 4));
        assert_eq!(csv_border(open.as_bytes(), 0, b','), Some(open.len()));
        assert_eq!(plain_border(open.as_bytes(), 0, b',', &mut Places::default()), None);
        let long = format!("{}\"e\"\n", open.replacen('b', "", 1));
        assert_eq!(plain_border(long.as_bytes(), 0, b',', &mut Places::default()), None);
    }
}
