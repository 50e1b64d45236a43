//! One record's fields, found by name.
//!
//! A [`Decode`] is made for the keys that a scan wants; slot `i` of [`Slots`] is key `i` of them. What is not wanted is stepped over.

use std::ops::Range;
use std::sync::Arc;

use crate::column::Raw;
use crate::json::{self, Fault};
use crate::skeleton::Skeleton;

/// Where one wanted field stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Span {
    /// Nowhere.
    Missing,
    /// A JSON value of the record.
    Json(usize, usize),
    /// A JSON string of the record without escapes, and without its quotes.
    Quoted(usize, usize),
    /// Plain text of the record.
    Text(usize, usize),
    /// Text that had to be unescaped, in the scratch space.
    Scratch(usize, usize),
}

/// The wanted fields of the record at hand.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    spans: Vec<Span>,
    scratch: Vec<u8>,
}

impl Slots {
    /// Room for `len` fields.
    pub(crate) fn new(len: usize) -> Slots {
        Slots { spans: vec![Span::Missing; len], scratch: Vec::new() }
    }

    /// Forgets the last record.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.spans.fill(Span::Missing);
        self.scratch.clear();
    }

    /// Sets field `slot`.
    #[inline]
    pub(crate) fn set(&mut self, slot: usize, span: Span) {
        self.spans[slot] = span;
    }

    /// Sets field `slot` to text that is not in the record as it stands.
    pub(crate) fn set_owned(&mut self, slot: usize, text: &[u8]) {
        let start = self.scratch.len();
        self.scratch.extend_from_slice(text);
        self.spans[slot] = Span::Scratch(start, self.scratch.len());
    }

    /// Field `slot` of `record`.
    #[inline]
    pub(crate) fn get<'a>(&'a self, record: &'a [u8], slot: usize) -> Raw<'a> {
        match self.spans[slot] {
            Span::Missing => Raw::Missing,
            Span::Json(start, end) => Raw::Json(&record[start..end]),
            Span::Quoted(start, end) => Raw::Quoted(&record[start..end]),
            Span::Text(start, end) => Raw::Text(&record[start..end]),
            Span::Scratch(start, end) => Raw::Text(&self.scratch[start..end]),
        }
    }
}

/// What a frame turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// A record; its fields are in the slots.
    Record,
    /// A header or comment: no record, and none was lost.
    Comment,
}

/// What of a record can be seen without decoding it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Glance<'a> {
    /// Nothing.
    No,
    /// Lines are JSON objects, their keys stand in quotes.
    Keys,
    /// Lines are fields between delimiters.
    Fields {
        /// The names of all fields in turn.
        names: &'a [String],
        /// What parts them.
        delimiter: u8,
        /// A quote, which may stand around fields; or a byte, fields with which may be something else than they look.
        special: u8,
        /// Values that stand for empty text.
        empty: [&'a [u8]; 2],
        /// A line that is no record. So are those that begin with `#`.
        header: &'a [u8],
        /// A field that a record has and its line has not.
        added: &'a str,
    },
    /// Lines are those of syslog.
    Syslog {
        /// The greatest that a time without a year can be.
        latest: Option<i64>,
    },
}

/// What header lines say of the lines below them, where a file has such, as Zeek's have: of the fields of a line, which are parted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headers {
    /// What parts fields.
    pub(crate) separator: u8,
    /// What parts the elements of a list.
    pub(crate) set_separator: u8,
    /// A value that stands for empty text.
    pub(crate) empty: Vec<u8>,
    /// A value that stands for none.
    pub(crate) unset: Vec<u8>,
    /// What the records are about.
    pub(crate) stream: Option<String>,
    /// The names of all fields in turn.
    pub(crate) names: Vec<String>,
    /// Their types.
    pub(crate) types: Vec<String>,
}

impl Headers {
    /// The byte that header lines begin with, and no others.
    pub(crate) const MARK: u8 = b'#';
}

/// Finds the wanted fields of records.
pub(crate) trait Decode: Send {
    /// Fills `slots` (cleared) from `record`.
    fn decode(&mut self, record: &[u8], slots: &mut Slots) -> Result<Decoded, Fault>;

    /// Calls `on` for every field of `record`, wanted or not; for none if it is damaged.
    fn fields(&mut self, record: &[u8], on: &mut dyn FnMut(&str, Raw<'_>));

    /// How the wanted fields can be seen without decoding.
    fn glance(&self) -> Glance<'_> {
        Glance::No
    }

    /// What the header lines above say, if records are read by such: a scan from the middle of a file must know.
    fn headers(&self) -> Option<&Arc<Headers>> {
        None
    }

    /// Goes on below other header lines.
    fn go_below(&mut self, _headers: &Arc<Headers>) {}
}

/// The wanted keys, and which slot each has.
pub(crate) struct KeyTable {
    keys: Vec<Vec<u8>>,
    by_len: Vec<Vec<usize>>,
    /// What stood at each ordinal of the last records: their keys mostly come in one order.
    usual: Vec<(Vec<u8>, Option<usize>)>,
}

const LONGEST_INDEXED: usize = 64;
const USUAL_MAX: usize = 512;

impl KeyTable {
    pub(crate) fn new(wanted: &[String]) -> KeyTable {
        let mut by_len = vec![Vec::new(); LONGEST_INDEXED + 1];
        for (slot, key) in wanted.iter().enumerate() {
            by_len[key.len().min(LONGEST_INDEXED)].push(slot);
        }
        KeyTable { keys: wanted.iter().map(|key| key.as_bytes().to_vec()).collect(), by_len, usual: Vec::new() }
    }

    /// The slot of the `ordinal`-th key of a record.
    #[inline]
    pub(crate) fn slot(&mut self, ordinal: usize, key: &[u8]) -> Option<usize> {
        if let Some((usual, slot)) = self.usual.get(ordinal)
            && usual == key
        {
            return *slot;
        }
        self.find(ordinal, key)
    }

    fn find(&mut self, ordinal: usize, key: &[u8]) -> Option<usize> {
        let decoded = json::decode(key);
        let name = decoded.as_bytes();
        let slot = self.by_len[name.len().min(LONGEST_INDEXED)].iter().copied().find(|slot| self.keys[*slot] == name);
        if ordinal == self.usual.len() && ordinal < USUAL_MAX {
            self.usual.push((key.to_vec(), slot));
        } else if let Some(usual) = self.usual.get_mut(ordinal) {
            usual.0.clear();
            usual.0.extend_from_slice(key);
            usual.1 = slot;
        }
        slot
    }
}

/// Records that are JSON objects.
pub(crate) struct JsonObjects {
    keys: KeyTable,
    skeleton: Skeleton,
    values: Vec<(Range<usize>, Option<usize>)>,
    /// Keys and values of the record at hand.
    members: Vec<(Range<usize>, Range<usize>)>,
}

impl JsonObjects {
    pub(crate) fn new(wanted: &[String]) -> JsonObjects {
        JsonObjects { keys: KeyTable::new(wanted), skeleton: Skeleton::new(), values: Vec::new(), members: Vec::new() }
    }

    /// Finds the values of a record of a new shape, and learns the shape.
    fn walk(&mut self, record: &[u8], slots: &mut Slots) -> Result<Decoded, Fault> {
        slots.clear();
        self.values.clear();
        json::walk_object(record, |ordinal, key, value: Range<usize>| {
            let slot = self.keys.slot(ordinal, &record[key]);
            if let Some(slot) = slot {
                slots.set(slot, Span::Json(value.start, value.end));
            }
            self.values.push((value, slot));
        })?;
        self.skeleton.learn(record, &self.values);
        Ok(Decoded::Record)
    }
}

impl Decode for JsonObjects {
    fn decode(&mut self, record: &[u8], slots: &mut Slots) -> Result<Decoded, Fault> {
        if self.skeleton.walk(record, slots) { Ok(Decoded::Record) } else { self.walk(record, slots) }
    }

    fn glance(&self) -> Glance<'_> {
        Glance::Keys
    }

    fn fields(&mut self, record: &[u8], on: &mut dyn FnMut(&str, Raw<'_>)) {
        // Members are handed on only if the whole object is good, so that a damaged record teaches no columns.
        self.members.clear();
        if json::walk_object(record, |_, key, value| self.members.push((key, value))).is_ok() {
            for (key, value) in self.members.drain(..) {
                on(&json::decode(&record[key]), Raw::Json(&record[value]));
            }
        }
    }
}

/// Records that are JSON arrays, whose elements are named elsewhere.
pub(crate) struct JsonRows {
    names: Vec<String>,
    slots: Vec<Option<usize>>,
}

impl JsonRows {
    pub(crate) fn new(names: Vec<String>, wanted: &[String]) -> JsonRows {
        let slots = names.iter().map(|name| wanted.iter().position(|key| key == name)).collect();
        JsonRows { names, slots }
    }
}

impl Decode for JsonRows {
    fn decode(&mut self, record: &[u8], slots: &mut Slots) -> Result<Decoded, Fault> {
        let mut count = 0;
        json::walk_array(record, |ordinal, value| {
            count = ordinal + 1;
            if let Some(slot) = self.slots.get(ordinal).copied().flatten() {
                slots.set(slot, Span::Json(value.start, value.end));
            }
        })?;
        if count == self.names.len() { Ok(Decoded::Record) } else { Err("it has more or fewer values than there are columns") }
    }

    fn fields(&mut self, record: &[u8], on: &mut dyn FnMut(&str, Raw<'_>)) {
        for (name, value) in self.names.iter().zip(json::elements(record)) {
            on(name, Raw::Json(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_fields_are_found_in_any_order() {
        let mut decoder = JsonObjects::new(&["b".to_owned(), "a".to_owned()]);
        let mut slots = Slots::new(2);
        for record in [&br#"{"a":1,"b":2}"#[..], br#"{"b":2,"x":{"a":9},"a":0,"\u0061":1}"#, br#"{"a":1,"b":2}"#] {
            slots.clear();
            assert_eq!(decoder.decode(record, &mut slots), Ok(Decoded::Record));
            assert_eq!((slots.get(record, 0).text().as_deref(), slots.get(record, 1).text().as_deref()), (Some("2"), Some("1")));
        }
    }
}
