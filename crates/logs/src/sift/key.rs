//! Keys of members in JSON objects, and the texts that stand under them.

use std::ops::Range;

use memchr::{memchr, memmem};
use wide::u8x16;

use crate::excerpt::Excerpt;
use crate::lead::Lead;
use crate::places::{Ahead, Places};
use crate::table::Path;

/// A key.
pub(super) struct Key {
    /// In its quotes.
    pub(super) name: Lead,
    /// Where it may stand in the stretch.
    pub(super) places: Places,
    /// What stands before its value, if that is a text and nothing is between: the name in its quotes, a colon and a quote.
    pub(super) usual: Lead,
    /// It is a member of a member.
    pub(super) inner: bool,
}

impl Key {
    /// The key that a path ends with.
    pub(super) fn of(path: &Path) -> Key {
        let name = path.inner.last().unwrap_or(&path.key);
        let lead = |lead: String| Lead::new(lead.as_bytes());
        let (quoted, usual) = (lead(format!("\"{name}\"")), lead(format!("\"{name}\":\"")));
        Key { name: quoted, places: Places::default(), usual, inner: !path.inner.is_empty() }
    }

    /// The next place in a line, which goes to `end`, where it may stand; each is given once.
    #[inline(always)]
    pub(super) fn next(&mut self, from: usize, end: usize) -> Option<usize> {
        let at = self.places.from(from).filter(|at| *at < end)?;
        self.places.pass();
        Some(at)
    }

    /// The text under the key in that line, in which no backslash stands, given the places where the key may stand from there on;
    /// `None` if it is not plainly the only one.
    #[inline(always)]
    pub(super) fn only_text<'b>(&self, places: &mut Ahead<'_>, buffer: &'b [u8], line: &Range<usize>) -> Option<Excerpt<'b>> {
        let Some(start) = places.from(line.start).filter(|at| *at < line.end) else { return Some(Excerpt::default()) };
        if !self.usual.begins(&buffer[start..line.end]) {
            return None;
        }
        for other in places.behind() {
            if other >= line.end {
                break;
            }
            if self.name.begins(&buffer[other..line.end]) {
                return None;
            }
        }
        let text = start + self.usual.len();
        Excerpt::of(buffer, text, next_quote(buffer, text).filter(|quote| *quote < line.end)?)
    }
}

/// The key of the time, which mostly stands in the same place of each line.
pub(super) struct TimeKey {
    key: Key,
    /// Where it stood in the last line.
    at: usize,
}

impl TimeKey {
    pub(super) fn of(path: &Path) -> TimeKey {
        TimeKey { key: Key::of(path), at: 1 }
    }

    /// The time of that line, as it is written; empty if there is none.
    #[inline(always)]
    pub(super) fn find<'b>(&mut self, buffer: &'b [u8], line: &Range<usize>) -> &'b [u8] {
        let bytes = &buffer[line.clone()];
        if bytes.get(self.at..).is_some_and(|rest| self.key.usual.begins(rest)) {
            return until_quote(buffer, line.start + self.at + self.key.usual.len(), line.end);
        }
        let Some(at) = memmem::find(bytes, self.key.name.bytes()) else { return b"" };
        self.at = at;
        let at = line.start + skip_blanks(bytes, at + self.key.name.len());
        let at = skip_blanks(buffer, at + 1);
        let value = buffer.get(at..line.end).unwrap_or_default();
        match value.first() {
            Some(b'"') => until_quote(buffer, at + 1, line.end),
            _ => &value[..value.iter().position(|byte| matches!(byte, b',' | b'}' | b' ')).unwrap_or(0)],
        }
    }
}

/// What stands from `at` up to the next quote, or the end of the line.
#[inline(always)]
fn until_quote(buffer: &[u8], at: usize, end: usize) -> &[u8] {
    let end = next_quote(buffer, at).unwrap_or(end).min(end);
    buffer.get(at..end).unwrap_or_default()
}

/// Behind the blanks that stand at `at`.
#[inline(always)]
pub(super) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}

/// The next quote at or behind `at`. It mostly stands near, but where cannot be guessed: all near bytes are looked at together.
#[inline(always)]
pub(super) fn next_quote(buffer: &[u8], at: usize) -> Option<usize> {
    const NEAR: usize = 32;
    let rest = buffer.get(at..)?;
    if let Some(near) = rest.first_chunk::<NEAR>() {
        let quotes = |bytes: [u8; 16]| u8x16::new(bytes).simd_eq(u8x16::splat(b'"')).to_bitmask();
        let ([first, second], _) = near.as_chunks() else { return None };
        let quotes = quotes(*first) | quotes(*second) << 16;
        if quotes != 0 {
            return Some(at + quotes.trailing_zeros() as usize);
        }
    }
    memchr(b'"', rest).map(|quote| at + quote)
}
