//! A table of needles: which of many texts stand in a text as whole terms, in any case. Texts in, positions out.
//!
//! A needle's terms are hashed from its last two leftwards. A text is read once: the last bytes of each of its terms are asked of a
//! small filter, and only where a needle may end are the terms to the left hashed, and longer and longer stretches looked up. So the
//! time for a text depends on its length, hardly on the number of needles.

use wide::u8x16;

use super::fold::with_folded;
use super::needle::Needle;
use crate::text_set::{Arena, LOWER, Slots, mix, short_hash, text_hash};

/// Many needles.
#[derive(Debug, Default)]
pub(crate) struct TermTable {
    needles: Arena,
    slots: Slots,
    /// Where needles may end.
    tails: Tails,
    /// The last two terms of needles.
    filter: Filter,
    /// The most terms that a needle has.
    widest: usize,
    /// A needle is one term.
    singles: bool,
    /// Needles that the table cannot hold (without a letter or digit, or of very many terms), by their positions.
    plain: Vec<(Needle, usize)>,
}

/// A term of a text.
#[derive(Clone, Copy)]
struct Term {
    start: usize,
    end: usize,
    hash: u64,
}

/// Needles of more terms are not held in the table.
const TERMS: usize = 32;

impl TermTable {
    /// A table of those needles, folded.
    pub(crate) fn new(needles: Arena) -> TermTable {
        let mut table = TermTable {
            slots: Slots::for_entries(needles.len()),
            tails: Tails { filter: Filter::for_entries(needles.len() / 2), ..Tails::default() },
            filter: Filter::for_entries(needles.len()),
            ..TermTable::default()
        };
        for position in 0..needles.len() {
            table.add(needles.get(position), position);
        }
        table.needles = needles;
        table
    }

    fn add(&mut self, needle: &str, position: usize) {
        let mut terms = Vec::with_capacity(8);
        each_term(needle, |start, end| {
            terms.push(Term { start, end, hash: term_hash(needle.as_bytes(), start, end) });
            false
        });
        let text = needle.as_bytes();
        let Some((last, before)) = terms.split_last().filter(|_| terms.len() < TERMS) else {
            // What holds it, holds it as a term by itself: its ends bound if they are letters or digits.
            self.plain.push((Needle::folded(needle), position));
            return;
        };
        self.tails.insert(&text[..last.end]);
        let mut hash = single(*last);
        let mut right = *last;
        for (at, left) in before.iter().rev().enumerate() {
            hash = if at == 0 { pair(text, *left, right) } else { longer(text, hash, *left, right) };
            if at == 0 {
                self.filter.insert(hash);
            }
            right = *left;
        }
        if before.is_empty() {
            self.singles = true;
            self.filter.insert(hash);
        }
        self.widest = self.widest.max(terms.len());
        self.slots.insert(hash, position);
    }

    /// One of the needles is in the text.
    #[inline]
    pub(crate) fn any(&self, text: &str) -> bool {
        self.plain.iter().any(|(needle, _)| is_bounded_in(needle, text)) || self.each(text, |_| true)
    }

    /// One of the needles is in the text, if it is in ASCII and the table holds all needles.
    #[inline]
    pub(crate) fn any_ascii(&self, text: &[u8]) -> Option<bool> {
        if self.plain.is_empty() { self.each_ascii(text, &mut |_| true) } else { None }
    }

    /// The position of the first needle that is in the text.
    pub(crate) fn first(&self, text: &str) -> Option<usize> {
        let plain = self.plain.iter().find(|(needle, _)| is_bounded_in(needle, text));
        let mut first = plain.map(|(_, position)| *position);
        self.each(text, |position| {
            first = Some(first.map_or(position, |best| best.min(position)));
            first == Some(0)
        });
        first
    }

    /// Calls `found` with the position of each needle of the table that is in the text, until it says that this is enough.
    fn each(&self, text: &str, mut found: impl FnMut(usize) -> bool) -> bool {
        self.each_ascii(text.as_bytes(), &mut found).unwrap_or_else(|| {
            with_folded(text, |text| {
                let bytes = text.as_bytes();
                each_term(text, |_, end| self.tails.may_hold(bytes, end) && self.ends_at(bytes, before_in(text), end, &mut found))
            })
        })
    }

    /// The same for a text in ASCII, of any case; `None` once it is found not to be.
    #[inline]
    fn each_ascii(&self, text: &[u8], found: &mut impl FnMut(usize) -> bool) -> Option<bool> {
        if self.widest == 0 {
            return Some(false);
        }
        each_ascii_end(text, |end| self.tails.may_hold(text, end) && self.ends_at(text, before_in_ascii(text), end, found))
    }

    /// Looks up the stretches of terms that end there; `before` gives the term that ends at or before a position.
    fn ends_at(
        &self,
        text: &[u8],
        before: impl Fn(usize) -> Option<(usize, usize)>,
        end: usize,
        found: &mut impl FnMut(usize) -> bool,
    ) -> bool {
        let term = |at: usize| before(at).map(|(start, end)| Term { start, end, hash: term_hash(text, start, end) });
        let Some(last) = term(end) else { return false };
        if self.singles && self.filter.may_hold(single(last)) && self.look_up(text, single(last), last, last, found) {
            return true;
        }
        let Some(mut right) = term(last.start) else { return false };
        let mut hash = pair(text, right, last);
        if !self.filter.may_hold(hash) {
            return false;
        }
        for terms in 2..=self.widest {
            if terms > 2 {
                let Some(left) = term(right.start) else { return false };
                hash = longer(text, hash, left, right);
                right = left;
            }
            if self.look_up(text, hash, right, last, found) {
                return true;
            }
        }
        false
    }

    /// Calls `found` with the needles of that hash whose terms stand in `text` from `first` to `last`.
    fn look_up(&self, text: &[u8], hash: u64, first: Term, last: Term, found: &mut impl FnMut(usize) -> bool) -> bool {
        self.slots.find(hash).any(|position| self.stands_at(position, text, first.start, last.end) && found(position))
    }

    /// The needle stands in the text with its first letter or digit at `start`, its last before `end`.
    fn stands_at(&self, position: usize, text: &[u8], start: usize, end: usize) -> bool {
        let needle = self.needles.get(position);
        let before = needle.find(char::is_alphanumeric).unwrap_or(0);
        let after = needle.len() - needle.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
        let Some(from) = start.checked_sub(before) else { return false };
        text.get(from..end + after).is_some_and(|there| there.eq_ignore_ascii_case(needle.as_bytes()))
    }
}

/// The needle stands in the text, and neither goes on in a letter or digit where the needle ends in one.
fn is_bounded_in(needle: &Needle, text: &str) -> bool {
    needle.find(text, |text, start, end| {
        let joins =
            |a: Option<char>, b: Option<char>| a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric);
        !joins(text[..start].chars().next_back(), text[start..].chars().next())
            && !joins(text[..end].chars().next_back(), text[end..].chars().next())
    })
}

fn single(term: Term) -> u64 {
    mix(term.hash, 0x9e37_79b9_7f4a_7c15)
}

/// The hash of two terms in a row and of what parts them.
#[inline]
fn pair(text: &[u8], left: Term, right: Term) -> u64 {
    mix(left.hash ^ between(text, left, right), right.hash)
}

/// The hash of a stretch that begins with `right`, made longer by the term to its left.
#[inline]
fn longer(text: &[u8], hash: u64, left: Term, right: Term) -> u64 {
    mix(left.hash ^ between(text, left, right), hash)
}

#[inline]
fn between(text: &[u8], left: Term, right: Term) -> u64 {
    match text.get(left.end..right.start) {
        Some([one]) => u64::from(*one) << 32,
        Some(more) => text_hash(more),
        None => 0,
    }
}

#[inline]
fn term_hash(text: &[u8], start: usize, end: usize) -> u64 {
    if end - start <= 8 { short_hash(text, start, end) } else { text_hash(&text[start..end]) }
}

/// Calls `on` with the end of each maximal run of letters and digits of a text in ASCII, until it returns true; whether it did.
/// `None` if the text is not in ASCII, and it did not return true before.
#[inline]
fn each_ascii_end(text: &[u8], mut on: impl FnMut(usize) -> bool) -> Option<bool> {
    let (mut inside, mut base) = (0, 0);
    while base < text.len() {
        let bytes = chunk(text, base);
        if bytes.to_bitmask() != 0 {
            return None;
        }
        let letters = letters_and_digits(bytes);
        // Behind a letter or digit, and none itself.
        let mut ends = (letters << 1 | inside) & !letters & 0xffff;
        while ends != 0 {
            let end = base + ends.trailing_zeros() as usize;
            ends &= ends - 1;
            // Zeros stand behind the end of the text.
            if on(end) {
                return Some(true);
            }
        }
        inside = letters >> 15 & 1;
        base += 16;
    }
    Some(inside == 1 && text.len().is_multiple_of(16) && on(text.len()))
}

/// The term that ends at or before a position of a text in ASCII.
fn before_in_ascii(text: &[u8]) -> impl Fn(usize) -> Option<(usize, usize)> {
    move |at| {
        let end = text[..at].iter().rposition(u8::is_ascii_alphanumeric)? + 1;
        Some((text[..end].iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |other| other + 1), end))
    }
}

/// The term that ends at or before a position of a text.
fn before_in(text: &str) -> impl Fn(usize) -> Option<(usize, usize)> {
    move |at| {
        let head = text[..at].trim_end_matches(|c: char| !c.is_alphanumeric());
        (!head.is_empty()).then(|| (head.trim_end_matches(char::is_alphanumeric).len(), head.len()))
    }
}

/// The 16 bytes from `base` on; zeros stand behind the end of the text.
#[inline]
fn chunk(text: &[u8], base: usize) -> u8x16 {
    if let Some(chunk) = text[base..].first_chunk::<16>() {
        return u8x16::new(*chunk);
    }
    if let Some(chunk) = text.last_chunk::<16>() {
        let beyond = 16 - (text.len() - base) as u32;
        return u8x16::new((u128::from_le_bytes(*chunk) >> (8 * beyond)).to_le_bytes());
    }
    let mut padded = [0; 16];
    padded[..text.len()].copy_from_slice(text);
    u8x16::new(padded)
}

/// A bit for each letter and digit of ASCII.
#[inline]
fn letters_and_digits(bytes: u8x16) -> u32 {
    let within = |bytes: u8x16, first: u8, count: u8| {
        let from_first = bytes - u8x16::splat(first);
        from_first.min(u8x16::splat(count - 1)).simd_eq(from_first)
    };
    (within(bytes | u8x16::splat(0x20), b'a', 26) | within(bytes, b'0', 10)).to_bitmask()
}

/// Calls `on(start, end)` for each maximal run of letters and digits, until it returns true; whether it did.
#[inline]
fn each_term(text: &str, mut on: impl FnMut(usize, usize) -> bool) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let Some(start) = run_end(text, at, false) else { return false };
        let Some(end) = run_end(text, start, true) else { return on(start, bytes.len()) };
        if on(start, end) {
            return true;
        }
        at = end;
    }
    false
}

/// Where the run that begins at `at`, of letters and digits or of other characters, ends; `None` if it goes on to the end.
#[inline]
fn run_end(text: &str, at: usize, letters: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = at;
    loop {
        let (is, width) = match CLASS[usize::from(*bytes.get(at)?)] {
            Class::Term => (true, 1),
            Class::Other => (false, 1),
            Class::Wide => wide(text, at),
        };
        if is != letters {
            return Some(at);
        }
        at += width;
    }
}

/// What a byte says of the character that it begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or digit of ASCII.
    Term,
    /// Any other character of ASCII.
    Other,
    /// A character outside ASCII.
    Wide,
}

const CLASS: [Class; 256] = {
    let mut classes = [Class::Wide; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = if (byte as u8).is_ascii_alphanumeric() { Class::Term } else { Class::Other };
        byte += 1;
    }
    classes
};

/// Whether the character at `at` is a letter or digit, and its width.
#[cold]
fn wide(text: &str, at: usize) -> (bool, usize) {
    text[at..].chars().next().map_or((false, 1), |c| (c.is_alphanumeric(), c.len_utf8()))
}

/// The last bytes of needles, up to the ends of their last terms: where none of them stands, no needle ends.
#[derive(Debug, Default)]
struct Tails {
    filter: Filter,
    /// Some needles have fewer than eight bytes: their last four are held.
    short: bool,
    /// Some have fewer than four.
    tiny: bool,
}

impl Tails {
    fn insert(&mut self, head: &[u8]) {
        match (head.last_chunk::<8>(), head.last_chunk::<4>()) {
            (Some(tail), _) => self.filter.insert(tail_hash(u64::from_le_bytes(*tail))),
            (None, Some(tail)) => {
                self.short = true;
                self.filter.insert(tail_hash(u64::from(u32::from_le_bytes(*tail))));
            }
            _ => self.tiny = true,
        }
    }

    #[inline]
    fn may_hold(&self, text: &[u8], end: usize) -> bool {
        let head = &text[..end];
        let holds = |tail: u64| self.filter.may_hold(tail_hash(tail));
        self.tiny
            || match head.last_chunk::<8>() {
                Some(tail) => {
                    let tail = u64::from_le_bytes(*tail);
                    holds(tail) || self.short && holds(tail >> 32)
                }
                None => self.short && head.last_chunk::<4>().is_some_and(|tail| holds(u64::from(u32::from_le_bytes(*tail)))),
            }
    }
}

/// A hash of bytes that is the same for letters of either case.
#[inline]
fn tail_hash(bytes: u64) -> u64 {
    mix(bytes | LOWER, 0x9e37_79b9_7f4a_7c15)
}

/// A set of hashes that may say yes too often: two bits of one word for each.
#[derive(Debug, Default)]
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// Room for so many: 16 bits each or more.
    fn for_entries(entries: usize) -> Filter {
        Filter { words: vec![0; (entries / 4).next_power_of_two().max(16)] }
    }

    #[inline]
    fn place(&self, hash: u64) -> (usize, u64) {
        let word = (hash >> 12) as usize & (self.words.len() - 1);
        (word, 1 << (hash & 63) | 1 << (hash >> 6 & 63))
    }

    fn insert(&mut self, hash: u64) {
        let (word, bits) = self.place(hash);
        self.words[word] |= bits;
    }

    #[inline]
    fn may_hold(&self, hash: u64) -> bool {
        let (word, bits) = self.place(hash);
        self.words[word] & bits == bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::fold::folded;
    use crate::function::term::{Edge, Term as One};

    #[test]
    fn a_table_finds_what_single_terms_find() {
        let long: String = (0..40).map(|n| format!("t{n}.")).collect();
        let needles = [
            "evil.example",
            "cmd.exe",
            "203.0.113.7",
            "-enc",
            "/x/",
            "café",
            "..",
            "a b c",
            "Ω",
            "mail",
            "a--b",
            "x.a-very-long-label.example",
            &long,
        ];
        let texts = [
            "GET http://www.EVIL.example/path",
            "evil.examples",
            "notevil.example",
            "C:\\cmd.exe",
            "run -ENC aaaa",
            "run --encoded",
            "a/x/b",
            "CAFÉ!",
            "a b cd",
            "x a b c",
            "1203.0.113.7",
            "ip=203.0.113.7:443",
            "a..b",
            "ω",
            "",
            "mail",
            "MAIL.evil",
            "xmail",
            "a--b",
            "a-b",
            "www.x.a-VERY-long-label.example",
            "y.a-very-long-label.example",
            &format!("see {long}"),
            &format!("see x{long}"),
        ];
        let all = TermTable::new(needles.iter().map(|needle| folded(needle)).collect());
        for text in texts {
            let alone = |needle: &&str| One::new(needle, Edge::Both, false).is_in(text);
            assert_eq!(all.first(text), needles.iter().position(&alone), "{text}");
            for needle in needles {
                let table = TermTable::new([folded(needle)].into_iter().collect());
                assert_eq!(table.any(text), alone(&needle), "{needle} in {text}");
            }
        }
    }
}
