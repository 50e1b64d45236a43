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
use super::term_filter::{Stretches, Tails};
use super::term_part::{Kind, Part, longer, single};
use crate::text_set::{Arena, Slots, text_hash};

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
    pub(crate) fn new(needles: &Arena) -> TermTable {
        TermTable::of_parts(needles, Part::all(needles, Kind::Ascii))
    }

    /// A table of those needles; `None` if one of them is not folded.
    pub(crate) fn of_folded(needles: &Arena) -> Option<TermTable> {
        let parts = Part::all(needles, Kind::FoldedAscii);
        if parts.iter().any(|part| part.unfolded) { None } else { Some(TermTable::of_parts(needles, parts)) }
    }

    fn of_parts(needles: &Arena, ascii: Vec<Part>) -> TermTable {
        let other = if ascii.iter().any(|part| part.others) { Part::all(needles, Kind::Other) } else { Vec::new() };
        TermTable { ascii: Table::new(needles, ascii), other: Table::new(needles, other) }
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
    fn new(needles: &Arena, parts: Vec<Part>) -> Table {
        let (slots, (tails, stretches)) = if parts.len() < 2 {
            (Part::slots(&parts), filters(&parts))
        } else {
            thread::scope(|scope| {
                let slots = scope.spawn(|| Part::slots(&parts));
                let filters = filters(&parts);
                (slots.join().expect("adding does not panic"), filters)
            })
        };
        Table {
            empty: parts.iter().all(|part| part.count == 0),
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

fn filters(parts: &[Part]) -> (Tails, Stretches) {
    let count: usize = parts.iter().map(|part| part.count).sum();
    let stems: usize = parts.iter().map(|part| part.stems.len()).sum();
    let mut stretches = Stretches::for_entries(count + stems);
    for part in parts {
        part.hashes().for_each(|(hash, _)| stretches.insert_needle(hash));
        part.stems.iter().for_each(|stem| stretches.insert_stem(*stem));
    }
    (Tails::new(parts.iter().map(|part| &part.ends)), stretches)
}

#[cfg(test)]
mod tests {
    use super::super::term_part::MANY;
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
        let all = TermTable::new(&needles.iter().map(|needle| folded(needle)).collect());
        for text in texts {
            let alone = |needle: &&str| One::new(needle, Edge::Both, false).is_in(text);
            assert_eq!(all.first(text), needles.iter().position(&alone), "{text}");
            for needle in needles {
                let table = TermTable::new(&[folded(needle)].into_iter().collect());
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
        let table = TermTable::new(&(0..MANY + 1).map(needle).collect());
        for at in (0..MANY + 1).step_by(7) {
            let needle = needle(at);
            assert_eq!(table.first(&format!("x.{needle}:")), Some(at), "{needle}");
            assert_eq!(table.first(&needle.to_uppercase()), Some(at), "{needle}");
            assert_eq!(table.first(&format!("{}/{needle}", "long ".repeat(20))), Some(at), "{needle}");
            assert_eq!(table.first(&format!("{needle}x x{needle} {}", &needle[1..])), None, "{needle}");
        }
    }
}
