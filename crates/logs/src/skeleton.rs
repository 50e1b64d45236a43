//! JSON objects that look like the ones before them.
//!
//! In: one record's bytes. Out: the spans of its wanted values, if its members come in an order that was seen. What stands between
//! two values (a comma, a key, a colon, quotes) is compared whole with what stood there in an earlier record that was walked and
//! found sound, so that a record costs little more than finding the ends of its texts. Anything else is left to the walk of
//! [`json`](crate::json), whose records are learned from.

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch};
use wide::u8x16;

use crate::decode::{Slots, Span};
use crate::json;
use crate::lead::Lead;
use crate::marks::{WIDTH, each_block};

/// The texts between values that were seen, and what followed them.
#[derive(Debug)]
pub(crate) struct Skeleton {
    parts: Vec<Part>,
    first: Next,
    /// Where quotes stand in the record at hand; behind its blocks, where they stood in records before.
    quotes: Box<[u64; BLOCKS]>,
    level: Level,
}

/// Blocks of a record whose quotes are found before it is walked; in a longer one each text's end is looked for.
const BLOCKS: usize = 64;

/// What stands before a value, and the value's kind.
#[derive(Debug)]
struct Part {
    /// From the end of the value before to the first byte of this one, its opening quote included.
    lead: Lead,
    kind: Kind,
    slot: Option<usize>,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A string.
    Text,
    /// A number or a word.
    Scalar,
    /// An object or an array.
    Nested,
    /// None: the object and the record end.
    End,
}

/// The parts that followed last: two, since a member that is now there and now not, or now null, is common.
#[derive(Clone, Copy, Debug)]
struct Next([usize; 2]);

impl Default for Next {
    fn default() -> Next {
        Next([usize::MAX; 2])
    }
}

/// Parts at most that are learned: an object with ever new keys must not grow it.
const PARTS_MAX: usize = 512;

impl Skeleton {
    /// Nothing was seen yet.
    pub(crate) fn new() -> Skeleton {
        Skeleton { parts: Vec::new(), first: Next::default(), quotes: Box::new([0; BLOCKS]), level: Level::new() }
    }

    /// Finds the wanted values of `record`; false if it is of no known shape, and then some slots may be set.
    #[inline]
    pub(crate) fn walk(&mut self, record: &[u8], slots: &mut Slots) -> bool {
        dispatch!(self.level, simd => self.walk_by(simd, record, slots))
    }

    /// Compiled for each level of instructions, with what is inlined here.
    #[inline(always)]
    fn walk_by<S: Simd>(&mut self, simd: S, record: &[u8], slots: &mut Slots) -> bool {
        let is_plain = self.mark_quotes(simd, record);
        let mut at = 0;
        let mut before = usize::MAX;
        loop {
            let Some(here) = self.follow(before, &record[at..]) else { return false };
            let part = &self.parts[here];
            at += part.lead.len();
            let (span, end) = match part.kind {
                Kind::End => return at == record.len(),
                // Quotes of records before may stand behind this one's.
                Kind::Text if is_plain => match self.next_quote(at).filter(|quote| *quote < record.len()) {
                    Some(quote) => (Span::Quoted(at, quote), quote + 1),
                    None => return false,
                },
                Kind::Text => match text_end(record, at) {
                    Some((quote, false)) => (Span::Quoted(at, quote), quote + 1),
                    Some((quote, true)) => (Span::Json(at - 1, quote + 1), quote + 1),
                    None => return false,
                },
                Kind::Scalar => match json::scalar_end(record, at) {
                    Ok(end) => (Span::Json(at, end), end),
                    Err(_) => return false,
                },
                Kind::Nested if matches!(record.get(at), Some(b'{' | b'[')) => match json::nested_end(record, at) {
                    Ok(end) => (Span::Json(at, end), end),
                    Err(_) => return false,
                },
                Kind::Nested => return false,
            };
            if let Some(slot) = part.slot {
                slots.set(slot, span);
            }
            at = end;
            before = here;
        }
    }

    /// Finds the quotes of the record; whether they are known, and none is part of a text.
    #[inline(always)]
    fn mark_quotes<S: Simd>(&mut self, simd: S, record: &[u8]) -> bool {
        if record.len() > BLOCKS * WIDTH {
            return false;
        }
        let (mut quotes, mut escapes) = (self.quotes.iter_mut(), 0);
        each_block(simd, record, *b"\"\\", |[own, backslashes]| {
            if let Some(quotes) = quotes.next() {
                *quotes = own;
            }
            escapes |= backslashes;
        });
        escapes == 0
    }

    /// The next quote at or behind `at`.
    #[inline(always)]
    fn next_quote(&self, at: usize) -> Option<usize> {
        let mut block = at / WIDTH;
        let mut quotes = self.quotes.get(block)? & u64::MAX << (at % WIDTH);
        while quotes == 0 {
            block += 1;
            quotes = *self.quotes.get(block)?;
        }
        Some(block * WIDTH + quotes.trailing_zeros() as usize)
    }

    /// The part that `rest` begins with, of those that were seen after part `before`.
    #[inline(always)]
    fn follow(&mut self, before: usize, rest: &[u8]) -> Option<usize> {
        let Next([usual, other]) = *self.next(before);
        if self.parts.get(usual)?.lead.begins(rest) {
            return Some(usual);
        }
        if !self.parts.get(other)?.lead.begins(rest) {
            return None;
        }
        *self.next(before) = Next([other, usual]);
        Some(other)
    }

    #[inline(always)]
    fn next(&mut self, before: usize) -> &mut Next {
        match self.parts.get_mut(before) {
            Some(part) => &mut part.next,
            None => &mut self.first,
        }
    }

    /// Learns the shape of a sound record: the spans of its values in order, and the slots they have.
    pub(crate) fn learn(&mut self, record: &[u8], values: &[(Range<usize>, Option<usize>)]) {
        let (mut at, mut before) = (0, usize::MAX);
        for (value, slot) in values {
            let kind = match record[value.start] {
                b'"' => Kind::Text,
                b'{' | b'[' => Kind::Nested,
                _ => Kind::Scalar,
            };
            let lead = &record[at..value.start + usize::from(kind == Kind::Text)];
            let Some(here) = self.part(lead, kind, *slot) else { return };
            self.expect(before, here);
            (at, before) = (value.end, here);
        }
        if let Some(end) = self.part(&record[at..], Kind::End, None) {
            self.expect(before, end);
        }
    }

    fn expect(&mut self, before: usize, here: usize) {
        let next = self.next(before);
        if next.0[0] != here {
            next.0 = [here, next.0[0]];
        }
    }

    /// The part of that lead and kind; a new one if there is room.
    fn part(&mut self, lead: &[u8], kind: Kind, slot: Option<usize>) -> Option<usize> {
        let known = self.parts.iter().position(|part| part.kind == kind && part.lead.bytes() == lead);
        if known.is_none() && self.parts.len() < PARTS_MAX {
            self.parts.push(Part { lead: Lead::new(lead), kind, slot, next: Next::default() });
            return Some(self.parts.len() - 1);
        }
        known
    }
}

/// The position of the quote that ends the text which starts at `at`, and whether there are backslashes in it; `None` if nothing
/// ends it.
#[inline]
pub(crate) fn text_end(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let mut from = at;
    let mut escapes = false;
    while let Some(chunk) = bytes.get(from..).and_then(|rest| rest.first_chunk::<16>()) {
        let found = quotes_and_backslashes(chunk);
        if found == 0 {
            from += 16;
            continue;
        }
        from += found.trailing_zeros() as usize;
        if bytes[from] == b'"' {
            return Some((from, escapes));
        }
        escapes = true;
        from += 2;
    }
    // Less is left than a chunk: the rest of the last member.
    let end = json::string_end(bytes, from.checked_sub(1)?).ok()? - 1;
    Some((end, escapes || bytes[from..end].contains(&b'\\')))
}

/// A bit for each byte of the chunk that is a quote or a backslash.
#[inline]
fn quotes_and_backslashes(chunk: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*chunk);
    (bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'))).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decode, Decoded, JsonObjects};

    /// The values of `a`, `b` and `c` in each record, by a decoder that has seen the records before it and by a fresh one.
    fn check(records: &[&str]) {
        let wanted = ["a", "b", "c"].map(str::to_owned);
        let mut seasoned = JsonObjects::new(&wanted);
        let texts = |decoder: &mut JsonObjects, record: &str| {
            let mut slots = Slots::new(3);
            let decoded = decoder.decode(record.as_bytes(), &mut slots);
            let values: Vec<_> =
                (0..3).map(|slot| slots.get(record.as_bytes(), slot).text().map(|text| text.into_owned())).collect();
            (decoded, if decoded == Ok(Decoded::Record) { values } else { Vec::new() })
        };
        for _ in 0..2 {
            for record in records {
                assert_eq!(texts(&mut seasoned, record), texts(&mut JsonObjects::new(&wanted), record), "{record}");
            }
        }
    }

    #[test]
    fn a_known_shape_gives_what_a_walk_gives() {
        check(&[
            r#"{"a":"x","b":1,"c":"z"}"#,
            r#"{"a":"a text that is longer than sixteen bytes","b":-2.5e3,"c":""}"#,
            r#"{"a":null,"b":1,"c":"z"}"#,
            r#"{"a":"x","c":"z"}"#,
            r#"{"a":"x\"","b":1,"c":"z"}"#,
            r#"{"a":"x","b":{"c":2},"c":"\\"}"#,
            r#"{"a":"x","b":1,"c":"z"} "#,
            r#"{ "a" : "x" , "b" : 1 , "a" : "y" }"#,
            r#"{}"#,
            r#"{"a_key_of_more_than_thirty-two_bytes_in_all":"x","a":"","b":"","c":true}"#,
        ]);
    }

    #[test]
    fn damage_is_found_in_a_known_shape() {
        check(&[
            r#"{"a":"x","b":1,"c":"z"}"#,
            r#"{"a":"x","b":1,"c":"z""#,
            r#"{"a":"x","b":1,"c":"z"}}"#,
            r#"{"a":"x","b":1,"c":"z"#,
            r#"{"a":"x","b":,"c":"z"}"#,
            r#"{"a":"x","b":1x,"c":"z"}"#,
            r#"{"a":"x","b":1"c":"z"}"#,
            r#"{"a":"x"#,
            "{",
        ]);
    }
}
