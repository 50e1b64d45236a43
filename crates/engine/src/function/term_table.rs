//! A table of needles: which of many texts stand in a text as whole terms, in any case. Texts in, positions out.
//!
//! A needle's terms are hashed from its last two leftwards. A text is read once: the last bytes of each of its terms are asked of
//! a small filter, and only where a needle may end the last two terms are hashed and asked of a larger one, and longer and longer
//! stretches looked up. So the time for a text depends on its length, hardly on the number of needles. Needles that are not in
//! ASCII stand in a table of their own, which a text in ASCII is not asked of: `☕.com` is one term, and would be looked for
//! wherever `com` is.

use std::thread;

use fearless_simd::{Level, Simd, dispatch};
use logs::{Excerpt, Records};

use super::fold::with_folded;
use super::letters::{Letters, before_in, before_in_ascii, each_ascii_term, each_term};
use super::needle::Needle;
use super::term_filter::{Distinct, Stretches, Tails};
use crate::text_set::{Arena, Slots, mix, text_hash};

/// Many needles.
#[derive(Debug)]
pub(crate) struct TermTable {
    ascii: Table,
    other: Table,
}

/// Those of the needles that are in ASCII, or the others.
#[derive(Debug)]
struct Table {
    needles: Arena,
    slots: Slots,
    /// Where needles may end.
    tails: Tails,
    /// The stretches of terms with which needles end.
    stretches: Stretches,
    /// A needle is one term.
    singles: bool,
    /// The table holds no needle.
    empty: bool,
    /// Needles that the table cannot hold (without a letter or digit, or of very many terms), by their positions.
    plain: Vec<(Needle, usize)>,
    /// What instructions the processor has.
    level: Level,
}

impl TermTable {
    /// A table of those needles, folded.
    pub(crate) fn new(needles: Arena) -> TermTable {
        TermTable { ascii: Table::new(&needles, true), other: Table::new(&needles, false) }
    }

    /// One of the needles is in the text.
    #[inline]
    pub(crate) fn any(&self, text: &str) -> bool {
        self.ascii.any(text) || !text.is_ascii() && self.other.any(text)
    }

    /// In which texts of a column a needle is, of those `among` which it is asked.
    pub(crate) fn any_of_each(&self, records: &Records<'_, '_>, column: usize, among: u64) -> Seen {
        if self.ascii.plain.is_empty() && !self.ascii.empty {
            return self.ascii.any_of_each(records, column, among);
        }
        Seen { found: 0, unknown: among }
    }

    /// The position of the first needle that is in the text.
    pub(crate) fn first(&self, text: &str) -> Option<usize> {
        let other = if text.is_ascii() { None } else { self.other.first(text) };
        self.ascii.first(text).into_iter().chain(other).min()
    }
}

/// What was seen of the texts of some records, a bit for each.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    /// They hold a needle.
    pub(crate) found: u64,
    /// Whether they do is not known.
    pub(crate) unknown: u64,
}

impl Table {
    fn new(needles: &Arena, ascii: bool) -> Table {
        let count = needles.len();
        let parts = if count < MANY { 1 } else { PARTS };
        let step = count.div_ceil(parts).max(1);
        let count = if ascii || !needles.is_ascii() { count } else { 0 };
        let starts = (0..count).step_by(step);
        let parts: Vec<Part> = if parts == 1 {
            starts.map(|start| Part::of(needles, start, step, ascii)).collect()
        } else {
            thread::scope(|scope| {
                let parts: Vec<_> = starts.map(|start| scope.spawn(move || Part::of(needles, start, step, ascii))).collect();
                parts.into_iter().map(|part| part.join().expect("hashing does not panic")).collect()
            })
        };
        let (slots, (tails, stretches)) = if parts.len() < 2 {
            (slots(&parts), filters(needles, &parts))
        } else {
            thread::scope(|scope| {
                let slots = scope.spawn(|| slots(&parts));
                let filters = filters(needles, &parts);
                (slots.join().expect("adding does not panic"), filters)
            })
        };
        Table {
            empty: parts.iter().all(|part| part.entries.is_empty()),
            singles: parts.iter().any(|part| part.singles),
            plain: parts.into_iter().flat_map(|part| part.plain).collect(),
            needles: needles.clone(),
            slots,
            tails,
            stretches,
            level: Level::new(),
        }
    }

    #[inline]
    fn any(&self, text: &str) -> bool {
        self.plain.iter().any(|(needle, _)| is_bounded_in(needle, text)) || self.each(text, |_| true)
    }

    fn first(&self, text: &str) -> Option<usize> {
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
        self.each_ascii(&text.as_bytes().into(), &mut found).unwrap_or_else(|| {
            with_folded(text, |text| {
                let bytes = text.as_bytes();
                each_term(text, |start, end| {
                    self.tails.may_end_with(&bytes[..end]) && self.ends_at(bytes, before_in(text), (start, end), &mut found)
                })
            })
        })
    }

    /// The same for a text in ASCII, of any case; `None` once it is found not to be.
    #[inline]
    fn each_ascii(&self, text: &Excerpt<'_>, found: &mut impl FnMut(usize) -> bool) -> Option<bool> {
        if self.empty {
            return Some(false);
        }
        if text.len() < Letters::WIDTH {
            return dispatch!(self.level, simd => self.each_in_block(simd, text, found));
        }
        let text = text.text();
        each_ascii_term(text, |start, end| {
            self.tails.may_end_with(&text[..end]) && self.ends_at(text, before_in_ascii(text), (start, end), found)
        })
    }

    /// Which texts of a column hold a needle.
    fn any_of_each(&self, records: &Records<'_, '_>, column: usize, among: u64) -> Seen {
        dispatch!(self.level, simd => self.any_of_each_here(simd, records, column, among))
    }

    #[inline(always)]
    fn any_of_each_here<S: Simd>(&self, simd: S, records: &Records<'_, '_>, column: usize, among: u64) -> Seen {
        let mut unknown = 0;
        let found = records.which(among, |record| {
            let text = records.text(record, column);
            let found = match text.len() {
                0 => Some(false),
                1..Letters::WIDTH => self.each_in_block(simd, &text, &mut |_| true),
                _ => self.each_ascii(&text, &mut |_| true),
            };
            unknown |= u64::from(found.is_none()) << record;
            found == Some(true)
        });
        Seen { found, unknown }
    }

    /// [`Table::each_ascii`] of a text that is shorter than a block. Compiled for each level of instructions, with what is inlined
    /// here.
    #[inline(always)]
    fn each_in_block<S: Simd>(&self, simd: S, text: &Excerpt<'_>, found: &mut impl FnMut(usize) -> bool) -> Option<bool> {
        const BEFORE: usize = 8;
        const USUAL: usize = 3;
        let copy;
        let window = match text.window(BEFORE) {
            Some(window) => window,
            None => {
                copy = alone::<{ BEFORE + Letters::WIDTH }>(text.text(), BEFORE);
                &copy
            }
        };
        let letters = Letters::of_block(simd, window[BEFORE..].as_array()?, text.len())?;
        // All ends are asked for before one is looked at, and at least as many as there mostly are: how many there are cannot be
        // guessed.
        let (mut ends, mut held) = (letters.ends(), 0);
        let is_held = |end: usize| Some(self.tails.may_end(window[end..end + BEFORE].as_array()?));
        for _ in 0..USUAL {
            let end = ends.trailing_zeros() as usize % Letters::WIDTH;
            held |= u64::from(is_held(end)? & (ends != 0)) << end;
            ends &= ends.wrapping_sub(1);
        }
        while ends != 0 {
            let end = ends.trailing_zeros() as usize % Letters::WIDTH;
            held |= u64::from(is_held(end)?) << end;
            ends &= ends - 1;
        }
        while held != 0 {
            let end = held.trailing_zeros();
            held &= held - 1;
            let term = (letters.start(end).unwrap_or(0), end as usize);
            if self.ends_at(text.text(), |at| letters.before(at), term, found) {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Looks up the stretches of terms that end with that one; `before` gives the term that ends at or before a position.
    fn ends_at(
        &self,
        text: &[u8],
        before: impl Fn(usize) -> Option<(usize, usize)>,
        (start, end): (usize, usize),
        found: &mut impl FnMut(usize) -> bool,
    ) -> bool {
        if self.singles {
            let hash = single(&text[start..end]);
            if self.stretches.at(hash).is_needle && self.look_up(text, hash, (start, end), found) {
                return true;
            }
        }
        let Some((mut first, _)) = before(start) else { return false };
        let mut hash = text_hash(&text[first..end]);
        loop {
            let there = self.stretches.at(hash);
            if there.is_needle && self.look_up(text, hash, (first, end), found) {
                return true;
            }
            if !there.goes_on {
                return false;
            }
            let Some((left, _)) = before(first) else { return false };
            hash = longer(hash, &text[left..first]);
            first = left;
        }
    }

    /// Calls `found` with the needles of that hash whose terms stand in `text` from `start` to `end`.
    fn look_up(&self, text: &[u8], hash: u64, (start, end): (usize, usize), found: &mut impl FnMut(usize) -> bool) -> bool {
        self.slots.find(hash).any(|position| self.stands_at(position, text, start, end) && found(position))
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

/// The text among zeros, `before` so many of them.
#[cold]
fn alone<const N: usize>(text: &[u8], before: usize) -> [u8; N] {
    let mut all = [0; N];
    all[before..][..text.len()].copy_from_slice(text);
    all
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

/// Needles of more terms are not held in the table.
const TERMS: usize = 32;
/// So many needles are worth being hashed by several threads.
const MANY: usize = 1 << 14;
const PARTS: usize = 4;

/// Some needles in turn, hashed.
struct Part {
    entries: Vec<Entry>,
    plain: Vec<(Needle, usize)>,
    ends: Distinct,
    /// The bytes of the shortest, up to the end of its last term.
    shortest: usize,
    singles: bool,
    /// Hashes of stretches of terms that become a needle's with more terms to their left.
    stems: Vec<u64>,
}

/// A needle, hashed.
struct Entry {
    hash: u64,
    position: u32,
    /// Where its last term ends.
    end: u16,
}

impl Part {
    /// The needles from that position on, up to `count` of them, that are in ASCII or not.
    fn of(needles: &Arena, first: usize, count: usize, ascii: bool) -> Part {
        let (mut entries, mut terms) = (Vec::with_capacity(if ascii { count } else { 0 }), Vec::with_capacity(TERMS));
        let mut part = Part {
            entries: Vec::new(),
            plain: Vec::new(),
            ends: Distinct::default(),
            shortest: usize::MAX,
            singles: false,
            stems: Vec::new(),
        };
        for position in first..needles.len().min(first + count) {
            let needle = needles.get(position);
            if needle.is_ascii() != ascii {
                continue;
            }
            terms.clear();
            let add = |start, end| {
                terms.push((start, end));
                false
            };
            match Letters::of_all(needle.as_bytes()) {
                Some(letters) => letters.each_term(add),
                None => each_term(needle, add),
            };
            match Entry::of(position, needle.as_bytes(), &terms, &mut part.stems) {
                Some(entry) => {
                    let end = usize::from(entry.end);
                    part.ends.insert(&needle.as_bytes()[..end]);
                    part.shortest = part.shortest.min(end);
                    part.singles |= terms.len() == 1;
                    entries.push(entry);
                }
                // What holds it, holds it as a term by itself: its ends bound if they are letters or digits.
                None => part.plain.push((Needle::folded(needle), position)),
            }
        }
        Part { entries, ..part }
    }
}

impl Entry {
    /// A needle of those terms; `None` if the table cannot hold it.
    fn of(position: usize, text: &[u8], terms: &[(usize, usize)], stems: &mut Vec<u64>) -> Option<Entry> {
        let ((start, end), before) = terms.split_last().filter(|_| terms.len() < TERMS)?;
        let mut entry =
            Entry { hash: single(&text[*start..*end]), position: u32::try_from(position).ok()?, end: u16::try_from(*end).ok()? };
        let Some(((second, _), before)) = before.split_last() else { return Some(entry) };
        let mut first = *second;
        entry.hash = text_hash(&text[first..*end]);
        for (left, _) in before.iter().rev() {
            stems.push(entry.hash);
            entry.hash = longer(entry.hash, &text[*left..first]);
            first = *left;
        }
        Some(entry)
    }
}

/// The needles by their hashes.
fn slots(parts: &[Part]) -> Slots {
    let entries = parts.iter().flat_map(|part| &part.entries).map(|entry| (entry.hash, entry.position as usize));
    Slots::of(entries, parts.iter().map(|part| part.entries.len()).sum())
}

fn filters(needles: &Arena, parts: &[Part]) -> (Tails, Stretches) {
    let count: usize = parts.iter().map(|part| part.entries.len()).sum();
    let stems: usize = parts.iter().map(|part| part.stems.len()).sum();
    let shortest = parts.iter().map(|part| part.shortest).min().unwrap_or(0);
    let mut tails = Tails::new(count, shortest, &Distinct::of_all(parts.iter().map(|part| &part.ends)));
    let mut stretches = Stretches::for_entries(count + stems);
    for part in parts {
        for entry in &part.entries {
            tails.insert(&needles.get(entry.position as usize).as_bytes()[..usize::from(entry.end)]);
            stretches.insert_needle(entry.hash);
        }
        part.stems.iter().for_each(|stem| stretches.insert_stem(*stem));
    }
    (tails, stretches)
}

/// The hash of a needle that is one term.
#[inline]
fn single(term: &[u8]) -> u64 {
    mix(text_hash(term), 0x9e37_79b9_7f4a_7c15)
}

/// The hash of a stretch of terms made longer by what stands to its left.
#[inline]
fn longer(hash: u64, left: &[u8]) -> u64 {
    mix(text_hash(left), hash)
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
            "☕.net",
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
            "x.net",
            "x ☕.NET",
            "☕ net ω",
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
                let seen = table.any_of_each(&Records::new(&[text.as_bytes().into()], 1), 0, 1);
                assert_eq!(
                    seen.found == 1 || seen.unknown == 1 && alone(&needle),
                    alone(&needle),
                    "{needle} in the bytes of {text}"
                );
            }
        }
    }

    #[test]
    fn many_needles_are_found_as_few_are() {
        let needle = |n: usize| match n % 4 {
            0 => format!("host-{n}.shop"),
            1 => format!("a{n}.b.c.example"),
            2 => format!("10.0.{}.{}", n / 256, n % 256),
            _ => format!("h{n}"),
        };
        let table = TermTable::new((0..MANY + 1).map(needle).collect());
        for at in (0..MANY + 1).step_by(7) {
            let needle = needle(at);
            assert_eq!(table.first(&format!("x.{needle}:")), Some(at), "{needle}");
            assert_eq!(table.first(&needle.to_uppercase()), Some(at), "{needle}");
            assert_eq!(table.first(&format!("{}/{needle}", "long ".repeat(20))), Some(at), "{needle}");
            assert_eq!(table.first(&format!("{needle}x x{needle} {}", &needle[1..])), None, "{needle}");
        }
    }
}
