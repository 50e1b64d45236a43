//! A table of needles: which of many texts stand in a text as whole terms, in any case. Texts in, positions out.
//!
//! A needle's terms are hashed from its last two leftwards. A text is read once: the last bytes of each of its terms are asked of a
//! small filter, and only where a needle may end the last two terms are hashed and asked of a larger one, and longer and longer
//! stretches looked up. So the time for a text depends on its length, hardly on the number of needles.

use std::thread;

use super::fold::with_folded;
use super::letters::{Letters, before_in, before_in_ascii, each_ascii_term, each_term};
use super::needle::Needle;
use super::term_filter::{Distinct, Filter, Tails};
use crate::text_set::{Arena, Slots, mix, short_hash, text_hash};

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

impl Term {
    #[inline]
    fn new(text: &[u8], start: usize, end: usize) -> Term {
        Term { start, end, hash: term_hash(text, start, end) }
    }
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
    last_terms: Distinct,
    /// The bytes of the shortest, up to the end of its last term.
    shortest: usize,
    widest: usize,
    singles: bool,
}

/// A needle, hashed.
struct Entry {
    position: usize,
    /// Of all its terms.
    whole: u64,
    /// Of its last two, or of the only one.
    last: u64,
    /// Where its last term stands.
    start: usize,
    end: usize,
}

impl Part {
    /// The needles from that position on, up to `count` of them.
    fn of(needles: &Arena, first: usize, count: usize) -> Part {
        let (mut entries, mut terms) = (Vec::with_capacity(count), Vec::with_capacity(TERMS));
        let mut part = Part {
            entries: Vec::new(),
            plain: Vec::new(),
            last_terms: Distinct::default(),
            shortest: usize::MAX,
            widest: 0,
            singles: false,
        };
        for position in first..needles.len().min(first + count) {
            let needle = needles.get(position);
            terms.clear();
            let add = |start, end| {
                terms.push(Term::new(needle.as_bytes(), start, end));
                false
            };
            match Letters::of_all(needle.as_bytes()) {
                Some(letters) => letters.each_term(add),
                None => each_term(needle, add),
            };
            match Entry::of(position, needle.as_bytes(), &terms) {
                Some(entry) => {
                    part.last_terms.insert(needle.as_bytes(), entry.start, entry.end);
                    part.shortest = part.shortest.min(entry.end);
                    part.widest = part.widest.max(terms.len());
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
    fn of(position: usize, text: &[u8], terms: &[Term]) -> Option<Entry> {
        let (last, before) = terms.split_last().filter(|_| terms.len() < TERMS)?;
        let Some((second, before)) = before.split_last() else {
            let hash = single(*last);
            return Some(Entry { position, whole: hash, last: hash, start: last.start, end: last.end });
        };
        let two = pair(text, *second, *last);
        let (whole, _) =
            before.iter().rev().fold((two, *second), |(hash, right), left| (longer(text, hash, *left, right), *left));
        Some(Entry { position, whole, last: two, start: last.start, end: last.end })
    }
}

/// The needles by their hashes. Places of several are fetched side by side: one by one, each would wait for its own.
fn slots(parts: &[Part], count: usize) -> Slots {
    let mut slots = Slots::for_entries(count);
    for entries in parts.iter().flat_map(|part| part.entries.chunks(32)) {
        entries.iter().for_each(|entry| slots.fetch(entry.whole));
        entries.iter().for_each(|entry| slots.insert(entry.whole, entry.position));
    }
    slots
}

fn filters(needles: &Arena, parts: &[Part]) -> (Tails, Filter) {
    let count = parts.iter().map(|part| part.entries.len()).sum();
    let shortest = parts.iter().map(|part| part.shortest).min().unwrap_or(0);
    let mut tails = Tails::new(count, shortest, &Distinct::of_all(parts.iter().map(|part| &part.last_terms)));
    let mut filter = Filter::for_entries(count);
    for entry in parts.iter().flat_map(|part| &part.entries) {
        tails.insert(&needles.get(entry.position).as_bytes()[..entry.end], entry.start);
        filter.insert(entry.last);
    }
    (tails, filter)
}

impl TermTable {
    /// A table of those needles, folded.
    pub(crate) fn new(needles: Arena) -> TermTable {
        let count = needles.len();
        let parts = if count < MANY { 1 } else { PARTS };
        let step = count.div_ceil(parts).max(1);
        let starts = (0..count).step_by(step);
        let parts: Vec<Part> = if parts == 1 {
            starts.map(|start| Part::of(&needles, start, step)).collect()
        } else {
            thread::scope(|scope| {
                let needles = &needles;
                let parts: Vec<_> = starts.map(|start| scope.spawn(move || Part::of(needles, start, step))).collect();
                parts.into_iter().map(|part| part.join().expect("hashing does not panic")).collect()
            })
        };
        let (slots, (tails, filter)) = if parts.len() == 1 {
            (slots(&parts, count), filters(&needles, &parts))
        } else {
            thread::scope(|scope| {
                let slots = scope.spawn(|| slots(&parts, count));
                let filters = filters(&needles, &parts);
                (slots.join().expect("adding does not panic"), filters)
            })
        };
        TermTable {
            widest: parts.iter().map(|part| part.widest).max().unwrap_or(0),
            singles: parts.iter().any(|part| part.singles),
            plain: parts.into_iter().flat_map(|part| part.plain).collect(),
            needles,
            slots,
            tails,
            filter,
        }
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
                each_term(text, |start, end| {
                    self.tails.may_hold(bytes, start, end) && self.ends_at(bytes, before_in(text), (start, end), &mut found)
                })
            })
        })
    }

    /// The same for a text in ASCII, of any case; `None` once it is found not to be.
    #[inline]
    fn each_ascii(&self, text: &[u8], found: &mut impl FnMut(usize) -> bool) -> Option<bool> {
        if self.widest == 0 {
            return Some(false);
        }
        if text.len() < Letters::WIDTH {
            let letters = Letters::of_all(text)?;
            return Some(letters.each_term(|start, end| {
                self.tails.may_hold(text, start, end) && self.ends_at(text, |at| letters.before(at), (start, end), found)
            }));
        }
        each_ascii_term(text, |start, end| {
            self.tails.may_hold(text, start, end) && self.ends_at(text, before_in_ascii(text), (start, end), found)
        })
    }

    /// Looks up the stretches of terms that end with that one; `before` gives the term that ends at or before a position.
    fn ends_at(
        &self,
        text: &[u8],
        before: impl Fn(usize) -> Option<(usize, usize)>,
        (start, end): (usize, usize),
        found: &mut impl FnMut(usize) -> bool,
    ) -> bool {
        let term = |at: usize| before(at).map(|(start, end)| Term::new(text, start, end));
        let last = Term::new(text, start, end);
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
