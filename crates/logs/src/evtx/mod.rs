//! Windows event logs (EVTX) as lines of JSON, one for each event.
//!
//! In: the bytes of a file, from a chunk on. Out: for each event its XML as JSON, in the form that `evtx_dump` writes, on a line of
//! its own; and where in the file the event stands. Chunks of 64 KiB hold all that their events need, so that a file can be read
//! from any of them on, and damage costs the event or the chunk in which it is. What cannot be read is a line as well, with the
//! reason. Nothing is believed that a file says of lengths, places and depths. The layout is as Joachim Metz describes it ("Windows
//! XML Event Log (EVTX) format", libevtx).

mod binxml;
mod element;
mod value;
#[cfg(test)]
pub(crate) mod write;

use std::collections::VecDeque;
use std::io::{self, Read};

use memchr::memmem;

use crate::json::Fault;

/// What a file begins with.
pub(crate) const MAGIC: &[u8] = b"ElfFile\0";
const HEADER_BYTES: u64 = 4096;
const CHUNK_BYTES: usize = 64 << 10;
const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";
const CHUNK_HEADER_BYTES: usize = 512;
const RECORD_MAGIC: &[u8] = b"**\0\0";
/// The magic number, the size, the event's number and when it was written.
const RECORD_HEADER_BYTES: usize = 24;
/// The size once more.
const RECORD_TAIL_BYTES: usize = 4;
/// What the events of one chunk may unfold to: chunks of real files are a hundredth of it.
const CHUNK_WORK_MAX: usize = 64 << 20;

/// The place of the first chunk that begins at `offset` or later.
pub(crate) fn chunk_border(offset: u64) -> u64 {
    let chunk = CHUNK_BYTES as u64;
    HEADER_BYTES + offset.saturating_sub(HEADER_BYTES).div_ceil(chunk) * chunk
}

/// The events of a file as lines of JSON.
pub(crate) struct EventLines {
    reader: Box<dyn Read + Send>,
    /// Where in the file the next chunk begins.
    offset: u64,
    /// Chunks that begin there are not wanted.
    until: u64,
    chunk: Chunk,
    line: Vec<u8>,
    /// What of the line was handed out.
    given: usize,
    /// Of each line that was made and not asked for yet, where its event is and why it cannot be read.
    origins: VecDeque<Origin>,
    /// The number of the first of them.
    first: u64,
    /// Why no more can be read, once what was read before is handed out.
    broken: Option<io::Error>,
}

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The event's place in the file.
    pub offset: u64,
    /// Why there is no event.
    pub fault: Option<Fault>,
}

impl EventLines {
    /// The events of those chunks that begin before byte `until` of the file. The first byte of `reader` is byte `offset` of it: 0, or
    /// where a chunk begins.
    pub(crate) fn new(reader: Box<dyn Read + Send>, offset: u64, until: u64) -> EventLines {
        EventLines {
            reader,
            offset,
            until,
            chunk: Chunk::default(),
            line: Vec::new(),
            given: 0,
            origins: VecDeque::new(),
            first: 1,
            broken: None,
        }
    }

    /// How much of the file was read.
    pub(crate) fn position(&self) -> u64 {
        self.offset
    }

    /// Where line `line` (from 1) comes from. Lines before it are forgotten.
    pub(crate) fn origin(&mut self, line: u64) -> Option<Origin> {
        while self.first < line && self.origins.pop_front().is_some() {
            self.first += 1;
        }
        self.origins.front().copied().filter(|_| self.first == line)
    }

    /// Makes the next line. False at the end of the file.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.given = 0;
        loop {
            if let Some((at, fault)) = self.chunk.next_event(&mut self.line) {
                if fault.is_some() {
                    self.line.clear();
                    self.line.push(b'?');
                }
                self.line.push(b'\n');
                self.origins.push_back(Origin { offset: self.chunk.offset + at as u64, fault });
                return Ok(true);
            }
            if !self.next_chunk()? {
                return Ok(false);
            }
        }
    }

    fn next_chunk(&mut self) -> io::Result<bool> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        if self.offset < HEADER_BYTES {
            self.offset += io::copy(&mut self.reader.by_ref().take(HEADER_BYTES - self.offset), &mut io::sink())?;
        }
        if self.offset >= self.until {
            return Ok(false);
        }
        let mut bytes = std::mem::take(&mut self.chunk.bytes);
        bytes.clear();
        let read = self.reader.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut bytes);
        self.broken = read.err();
        if bytes.is_empty() {
            return self.broken.take().map_or(Ok(false), Err);
        }
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        self.chunk = Chunk::new(bytes, offset);
        Ok(true)
    }
}

impl Read for EventLines {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len() && !self.next_line()? {
            return Ok(0);
        }
        let rest = &self.line[self.given..];
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        self.given += len;
        Ok(len)
    }
}

/// A chunk, and how far it was read.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Its place in the file.
    offset: u64,
    /// Where the next event begins.
    at: usize,
    /// Where its events end.
    end: usize,
    /// Its header is damaged.
    is_damaged: bool,
    work: usize,
}

impl Chunk {
    fn new(bytes: Vec<u8>, offset: u64) -> Chunk {
        let is_sound = bytes.starts_with(CHUNK_MAGIC) && bytes.len() >= CHUNK_HEADER_BYTES;
        // Files have room for more chunks than they need.
        let is_unused = bytes.iter().all(|byte| *byte == 0);
        let free = binxml::u32_at(&bytes, 48).unwrap_or_default() as usize;
        let is_place = (CHUNK_HEADER_BYTES..=CHUNK_BYTES).contains(&free);
        let end = if is_place { free } else { CHUNK_BYTES };
        let is_damaged = !is_sound && !is_unused;
        let end = if is_sound { end } else { 0 };
        Chunk { bytes, offset, at: CHUNK_HEADER_BYTES, end, is_damaged, work: CHUNK_WORK_MAX }
    }

    /// The place of the next event in the chunk, and why it cannot be read; if it can, its JSON is added to `line`.
    fn next_event(&mut self, line: &mut Vec<u8>) -> Option<(usize, Option<Fault>)> {
        if std::mem::take(&mut self.is_damaged) {
            return Some((0, Some("64 KiB are damaged, or hold no events")));
        }
        let at = self.at;
        if at >= self.end {
            return None;
        }
        let Some(event) = self.event(at) else {
            if self.bytes.get(at..).is_none_or(|rest| rest.iter().all(|byte| *byte == 0)) {
                self.at = self.end;
                return (self.end > self.bytes.len()).then_some((at, Some("the file ends inside its chunk")));
            }
            self.at = self.next_sound(at + 1).unwrap_or(self.end);
            return Some((at, Some("the header of the event is damaged")));
        };
        self.at = event.end + RECORD_TAIL_BYTES;
        let made = binxml::event(&self.bytes[..self.bytes.len().min(CHUNK_BYTES)], event, &mut self.work);
        let fault = made.and_then(|root| root.write(line)).err();
        Some((at, fault))
    }

    /// Where the XML of the event at `at` stands, if its header is sound.
    fn event(&self, at: usize) -> Option<std::ops::Range<usize>> {
        if !self.bytes.get(at..)?.starts_with(RECORD_MAGIC) {
            return None;
        }
        let size = binxml::u32_at(&self.bytes, at + 4)? as usize;
        let end = at.checked_add(size)?.checked_sub(RECORD_TAIL_BYTES)?;
        let is_sound = end >= at + RECORD_HEADER_BYTES && end + RECORD_TAIL_BYTES <= self.end;
        let again = binxml::u32_at(&self.bytes, end)? as usize;
        (is_sound && again == size).then_some(at + RECORD_HEADER_BYTES..end)
    }

    fn next_sound(&self, from: usize) -> Option<usize> {
        let found = memmem::find_iter(self.bytes.get(from..)?, RECORD_MAGIC).map(|found| from + found);
        found.into_iter().find(|at| self.event(*at).is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{Piece, ScanRequest};

    const EVENT: &str = r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":{"#attributes":{"Qualifiers":0},"#text":22},"Version":null,"EventRecordID":1,"Computer":"pc"},"EventData":{"QueryName":"a\"\\ü.example","QueryName_1":"","QueryStatus":9}}}"##;

    /// The lines, with the place and the fault of each.
    fn lines(file: &[u8]) -> Vec<(u64, Option<Fault>, String)> {
        let mut events = EventLines::new(Box::new(Cursor::new(file.to_vec())), 0, u64::MAX);
        let mut text = String::new();
        events.read_to_string(&mut text).unwrap();
        assert_eq!(events.position(), file.len() as u64);
        let origins: Vec<Origin> = (1..).map_while(|line| events.origin(line)).collect();
        assert_eq!(origins.len(), text.lines().count());
        origins.into_iter().zip(text.lines()).map(|(origin, line)| (origin.offset, origin.fault, line.to_owned())).collect()
    }

    fn faults(file: &[u8]) -> Vec<Fault> {
        lines(file).into_iter().filter_map(|(_, fault, _)| fault).collect()
    }

    #[test]
    fn events_are_lines_of_json() {
        let seen = lines(&write::file(&format!("{EVENT}\n{EVENT}\n")));
        assert_eq!(seen.iter().map(|(.., text)| text.as_str()).collect::<Vec<_>>(), [EVENT, EVENT]);
        assert_eq!((seen[0].0, seen[0].1), (4096 + 512, None));
        assert!(lines(&write::file("")).is_empty() && lines(MAGIC).is_empty());
    }

    #[test]
    fn data_without_a_name_is_a_list() {
        let data = |text: &str| format!(r#"{{"Event":{{"UserData":{{"Data":{text}}}}}}}"#);
        assert_eq!(lines(&write::file(&data("\"a\"")))[0].2, data("\"a\""));
        let mut root = element::Element::default();
        for text in ["a", "b"] {
            let texts = vec![value::Value::Text(text.to_owned())];
            root.children.push(element::Element { name: "Data".to_owned(), texts, ..Default::default() });
            root.children.push(element::Element { name: "x".to_owned(), ..Default::default() });
        }
        let mut json = Vec::new();
        root.write(&mut json).unwrap();
        assert_eq!(String::from_utf8(json).unwrap(), r##"{"Data":{"#text":["a","b"]},"x":null,"x_1":null}"##);
    }

    #[test]
    fn damage_costs_an_event_or_a_chunk() {
        let file = write::file(&format!("{EVENT}\n").repeat(200));
        let whole = lines(&file);
        let chunks = (file.len() - 4096) / CHUNK_BYTES;
        assert!(chunks > 2 && whole.len() == 200);
        let second = usize::try_from(whole[1].0).unwrap();
        let damaged = |at: usize, bytes: &[u8]| {
            let mut file = file.clone();
            file[at..at + bytes.len()].copy_from_slice(bytes);
            (lines(&file).len(), faults(&file))
        };
        assert_eq!(damaged(second, b"x"), (200, vec!["the header of the event is damaged"]));
        assert_eq!(damaged(second + 4, &[255; 4]), (200, vec!["the header of the event is damaged"]));
        assert_eq!(damaged(second + RECORD_HEADER_BYTES + 4, &[0x77]), (200, vec!["the event's XML has an unknown token"]));
        let of_second = whole.iter().filter(|(at, ..)| (69_632..135_168).contains(at)).count();
        assert_eq!(damaged(4096 + CHUNK_BYTES, b"x"), (200 - of_second + 1, vec!["64 KiB are damaged, or hold no events"]));
        // An unused chunk, and a file that ends early.
        let unused = [&file[..], &[0; CHUNK_BYTES]].concat();
        assert_eq!((lines(&unused).len(), faults(&unused).len()), (200, 0));
        assert_eq!(faults(&file[..second + 100]), ["the header of the event is damaged"]);
        assert_eq!(faults(&file[..second]), ["the file ends inside its chunk"]);
    }

    #[test]
    fn what_unfolds_to_too_much_is_refused() {
        // An element that holds itself: its name's place is right, and its content is the template again.
        let mut file = write::file(EVENT);
        let definition = u32_of(&file, 4096 + 512 + 24 + 4 + 6);
        let inside = 4096 + definition + 24 + 4;
        let jump = [&[0x0c, 1, 0, 0, 0, 0][..], &u32::try_from(definition).unwrap().to_le_bytes(), &[0; 4]].concat();
        file[inside..inside + jump.len()].copy_from_slice(&jump);
        assert_eq!(faults(&file), ["the event's XML is too deep"]);
        // One that is there twice unfolds to 2^48 of them.
        let twice = [jump.as_slice(), jump.as_slice()].concat();
        file[inside..inside + twice.len()].copy_from_slice(&twice);
        assert_eq!(faults(&file).len(), 1);
    }

    fn u32_of(bytes: &[u8], at: usize) -> usize {
        binxml::u32_at(bytes, at).unwrap() as usize
    }

    #[test]
    fn no_bytes_are_too_strange() {
        let file = write::file(&format!("{EVENT}\n").repeat(20));
        let mut random = 1_u64;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).unwrap()
        };
        for _ in 0..400 {
            let mut strange = file.clone();
            for _ in 0..=next() % 8 {
                let at = 4096 + next() % 24_000;
                strange[at] = [0, 1, 0x0c, 0x0e, 0x41, 0x81, 0xff][next() % 7];
            }
            strange.truncate(strange.len() - next() % 2 * (next() % 60_000));
            for (_, fault, line) in lines(&strange) {
                assert!(fault.is_some() || crate::json::walk_object(line.as_bytes(), |_, _, _| {}).is_ok(), "{line}");
            }
        }
    }

    #[test]
    fn pieces_together_are_the_file() {
        let mut text = String::new();
        for at in 0..6000 {
            text += &EVENT.replace("\"EventRecordID\":1", &format!("\"EventRecordID\":{at}"));
            text.push('\n');
        }
        let mut bytes = write::file(&text);
        let second = usize::try_from(lines(&bytes)[1].0).unwrap();
        bytes[second] = 0;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.evtx");
        std::fs::write(&path, &bytes).unwrap();
        let file = crate::open(&path).unwrap();
        let pieces: Vec<Piece> = file.pieces(3).unwrap().collect();
        assert_eq!(pieces.len(), 3);
        let mut stats = crate::ScanStats::default();
        let mut places = Vec::new();
        for piece in pieces {
            let request = ScanRequest {
                piece: Some(piece),
                provenance: true,
                projection: Some(vec![]),
                ..ScanRequest::new("WindowsEvent")
            };
            let mut scan = file.scan(request).unwrap();
            for batch in scan.by_ref() {
                let batch = batch.unwrap();
                let long = |at: usize| {
                    arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(batch.column(at)).values().to_vec()
                };
                places.extend(long(0).into_iter().zip(long(1)));
            }
            stats.add(scan.stats());
        }
        assert_eq!((stats.rows, stats.unparsed, stats.bytes), (5999, 1, bytes.len() as u64));
        assert_eq!(stats.unparsed_samples(), [(2, "the header of the event is damaged")]);
        let numbers: Vec<u64> =
            places.iter().map(|(line, at)| stats.line(u64::try_from(*at).unwrap(), u64::try_from(*line).unwrap())).collect();
        assert_eq!(numbers, (1..=6000).filter(|number| *number != 2).collect::<Vec<_>>());
        // Packed, it is read in turn.
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packer, &bytes).unwrap();
        let packed = packer.finish().unwrap();
        let count = |packed: &[u8]| {
            std::fs::write(&path, packed).unwrap();
            let file = crate::open(&path).unwrap();
            let mut scan = file.scan(ScanRequest::new("WindowsEvent")).unwrap();
            scan.by_ref().for_each(|batch| assert!(batch.is_ok()));
            (scan.stats().rows, scan.stats().broken.is_some())
        };
        assert_eq!(count(&packed), (5999, false));
        let (rows, is_broken) = count(&packed[..packed.len() / 2]);
        assert!(rows > 100 && rows < 5999 && is_broken);
    }
}
