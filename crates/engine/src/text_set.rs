//! Many texts in little memory: what the lists of `in`, `has_any` and their like become, and what a program hands to queries by
//! name instead of writing it into them.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::thread;

use crate::function::{TermTable, fold, folded};

/// Texts that stand somewhere in memory, so that a set of a million need not copy them.
pub trait Texts: fmt::Debug + Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// The text at a position; there is one at each that is less than the count.
    fn get(&self, position: usize) -> &str;

    /// Calls `on` with the texts at those positions, in their order, until it returns false.
    fn each(&self, mut positions: Range<usize>, on: &mut dyn FnMut(&str) -> bool) {
        positions.all(|position| on(self.get(position)));
    }
}

/// A set of texts that any number of queries share: the tables by which they are found are made once, when first wanted.
#[derive(Debug, Default)]
pub struct TextSet {
    texts: Arena,
    /// The same folded to one case, and whether that changed any.
    folded: OnceLock<Option<Arena>>,
    terms: OnceLock<TermTable>,
    members: OnceLock<Slots>,
}

impl<T: AsRef<str>> FromIterator<T> for TextSet {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> TextSet {
        TextSet { texts: texts.into_iter().collect(), ..TextSet::default() }
    }
}

impl PartialEq for TextSet {
    fn eq(&self, other: &TextSet) -> bool {
        self.texts == other.texts
    }
}

impl TextSet {
    /// The set of texts that stand where they do.
    #[must_use]
    pub fn of(texts: impl Texts + 'static) -> TextSet {
        TextSet { texts: Arena(Arc::new(texts)), ..TextSet::default() }
    }

    /// The texts, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.texts.len()).map(|at| self.texts.get(at))
    }

    /// The texts as terms to be found in others.
    pub(crate) fn terms(&self) -> &TermTable {
        self.terms.get_or_init(|| TermTable::of_folded(&self.texts).unwrap_or_else(|| TermTable::new(self.folded())))
    }

    /// The text is one of the set's; `fold`: in any case.
    pub(crate) fn contains(&self, text: &str, fold: bool) -> bool {
        let members = self.members.get_or_init(|| {
            let folded = self.folded();
            let hashes: Vec<u64> = (0..folded.len()).map(|at| text_hash(folded.get(at).as_bytes())).collect();
            Slots::of(hashes.iter().copied().zip(0..), hashes.len())
        });
        if fold && !text.is_ascii() {
            let text = folded(text);
            return members.find(text_hash(text.as_bytes())).any(|at| self.folded().get(at) == text);
        }
        let hash = if text.is_ascii() { text_hash(text.as_bytes()) } else { text_hash(folded(text).as_bytes()) };
        members.find(hash).any(
            |at| {
                if fold { self.folded().get(at).eq_ignore_ascii_case(text) } else { self.texts.get(at) == text }
            },
        )
    }

    fn folded(&self) -> &Arena {
        let folded =
            self.folded.get_or_init(|| if self.iter().all(is_folded) { None } else { Some(self.iter().map(folded).collect()) });
        folded.as_ref().unwrap_or(&self.texts)
    }
}

/// Folding leaves the text as it is.
pub(crate) fn is_folded(text: &str) -> bool {
    text.chars().all(|c| fold(c) == c)
}

/// Texts by their positions.
#[derive(Clone, Debug)]
pub(crate) struct Arena(Arc<dyn Texts>);

/// Texts one behind the other.
#[derive(Debug, Default)]
struct Joined {
    text: String,
    ends: Vec<usize>,
}

impl Texts for Joined {
    fn count(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, position: usize) -> &str {
        let start = position.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(position).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }
}

impl Default for Arena {
    fn default() -> Arena {
        Arena(Arc::new(Joined::default()))
    }
}

impl PartialEq for Arena {
    fn eq(&self, other: &Arena) -> bool {
        self.len() == other.len() && (0..self.len()).all(|at| self.get(at) == other.get(at))
    }
}

impl<T: AsRef<str>> FromIterator<T> for Arena {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Arena {
        let mut all = Joined::default();
        for text in texts {
            all.text.push_str(text.as_ref());
            all.ends.push(all.text.len());
        }
        Arena(Arc::new(all))
    }
}

impl Arena {
    pub(crate) fn len(&self) -> usize {
        self.0.count()
    }

    #[inline]
    pub(crate) fn get(&self, position: usize) -> &str {
        self.0.get(position)
    }

    /// As [`Texts::each`].
    pub(crate) fn each(&self, positions: Range<usize>, on: &mut dyn FnMut(&str) -> bool) {
        self.0.each(positions, on);
    }
}

/// Positions by hash, in flat tables: eight bytes a place, at most three in four of them taken.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// One for each value of a hash's uppermost bit, so that two threads can fill them.
    tables: [Places; 2],
}

#[derive(Debug, Default)]
struct Places {
    /// The upper half of a hash, and a position; [`NOTHING`] where nothing is, as there is nothing behind the last.
    slots: Vec<u64>,
    /// How many slots the table has: none, or a power of two.
    size: usize,
}

impl Slots {
    /// So many entries are worth two threads.
    const MANY: usize = 1 << 14;

    /// So many entries: the hash and the position, below 2^32 - 1, of each.
    pub(crate) fn of(entries: impl Iterator<Item = (u64, usize)> + Clone + Send, count: usize) -> Slots {
        let others = entries.clone();
        if count < Slots::MANY {
            return Slots { tables: [Places::of(entries, 0), Places::of(others, 1)] };
        }
        thread::scope(|scope| {
            let second = scope.spawn(|| Places::of(others, 1));
            let first = Places::of(entries, 0);
            Slots { tables: [first, second.join().expect("adding does not panic")] }
        })
    }

    /// The positions whose hash is probably that one, in the order in which they came.
    #[inline]
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = usize> {
        self.tables[(hash >> 63) as usize].find(hash)
    }
}

impl Places {
    /// Those of the entries whose hash has that uppermost bit.
    ///
    /// They are sorted first by the part of the table where they stand, so that a part is at hand while it is filled.
    fn of(entries: impl Iterator<Item = (u64, usize)> + Clone, uppermost: u64) -> Places {
        let part = |hash: u64| (hash << 1 >> (u64::BITS - Places::PARTS.ilog2())) as usize;
        let is_own = |hash: u64| hash >> 63 == uppermost;
        let mut starts = [0; Places::PARTS];
        entries.clone().for_each(|(hash, _)| starts[part(hash)] += usize::from(is_own(hash)));
        let mut end = 0;
        for start in &mut starts {
            end += std::mem::replace(start, end);
        }
        // Which of the two bits a hash has cannot be guessed: those of the other are written down, too, behind all.
        let mut sorted = vec![NOTHING; end + 1];
        entries.for_each(|(hash, position)| {
            let next = &mut starts[part(hash)];
            sorted[if is_own(hash) { *next } else { end }] = hash & UPPER | position as u64 & !UPPER;
            *next += usize::from(is_own(hash));
        });
        let size = (end * 4).div_ceil(3).next_power_of_two().max(2);
        let mut places = Places { slots: Vec::with_capacity(size), size };
        sorted[..end].iter().for_each(|entry| places.insert(*entry));
        places
    }

    /// Parts of a table that are filled one by one.
    const PARTS: usize = 64;

    /// So many slots, which stay in the nearest cache, are written at once: in their order, they are then at hand.
    const WRITTEN: usize = 1 << 11;

    #[inline]
    fn insert(&mut self, entry: u64) {
        let mut at = self.home(entry);
        while self.slots.get(at).is_some_and(|slot| *slot != NOTHING) {
            at = (at + 1) & (self.size - 1);
        }
        if at >= self.slots.len() {
            self.slots.resize((at + 1).next_multiple_of(Places::WRITTEN).min(self.size), NOTHING);
        }
        self.slots[at] = entry;
    }

    /// Where an entry of that hash, whose uppermost bit is known, is looked for first.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((u128::from((hash & UPPER) << 1) * self.size as u128) >> u64::BITS) as usize
    }

    #[inline]
    fn find(&self, hash: u64) -> impl Iterator<Item = usize> {
        let mask = self.size.wrapping_sub(1);
        let mut at = self.home(hash);
        std::iter::from_fn(move || {
            loop {
                let slot = *self.slots.get(at).filter(|slot| **slot != NOTHING)?;
                at = (at + 1) & mask;
                if slot & UPPER == hash & UPPER {
                    return Some((slot & !UPPER) as usize);
                }
            }
        })
    }
}

const UPPER: u64 = 0xffff_ffff_0000_0000;

/// No position.
const NOTHING: u64 = u64::MAX;

/// Both halves of the product of two numbers, folded into one.
#[inline(always)]
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0xa076_1d64_78bd_642f) * u128::from(b ^ 0xe703_7ed1_a0b4_28db);
    (product as u64) ^ (product >> 64) as u64
}

/// A hash of a text, the same for its letters of ASCII in either case.
#[inline]
pub(crate) fn text_hash(text: &[u8]) -> u64 {
    let mut hash = text.len() as u64;
    let mut rest = text;
    while let Some((chunk, more)) = rest.split_first_chunk::<8>() {
        hash = mix(hash, u64::from_le_bytes(*chunk) | LOWER);
        rest = more;
    }
    if rest.is_empty() { hash } else { mix(hash, last_word(text, rest)) }
}

/// The last bytes of a text, fewer than eight, as a number in lower case. They are loaded together with those before, if there
/// are enough of them.
#[inline]
fn last_word(text: &[u8], rest: &[u8]) -> u64 {
    if let Some(chunk) = text.last_chunk::<8>() {
        return (u64::from_le_bytes(*chunk) | LOWER) >> (64 - 8 * rest.len());
    }
    let mut bytes = [0; 8];
    bytes[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(bytes) | LOWER
}

/// The bit that tells a lower case letter of ASCII from its upper case. Other bytes lose a bit too, which a hash may.
pub(crate) const LOWER: u64 = 0x2020_2020_2020_2020;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_in_any_case_or_in_theirs() {
        let set: TextSet = ["Evil.example", "café", "", "a", "A"].into_iter().collect();
        for (text, exact, fold) in [
            ("Evil.example", true, true),
            ("evil.EXAMPLE", false, true),
            ("CAFÉ", false, true),
            ("café", true, true),
            ("", true, true),
            ("A", true, true),
            ("evil", false, false),
        ] {
            assert_eq!((set.contains(text, false), set.contains(text, true)), (exact, fold), "{text}");
        }
        assert!(!TextSet::default().contains("", true));
    }

    #[test]
    fn texts_that_folding_leaves_are_told() {
        let long = "é".repeat(5000);
        for (text, is) in [("", true), ("a.b", true), ("A", false), ("日本.café", true), ("É", false), (&long, true)] {
            assert_eq!((is_folded(text), folded(text) == text), (is, is), "{text}");
        }
        assert!(!is_folded(&format!("{long}É")));
    }

    #[test]
    fn hashes_do_not_depend_on_case() {
        let text = b"xx.Evil.Example";
        for end in 0..text.len() {
            let lower = text[..end].to_ascii_lowercase();
            assert_eq!(text_hash(&text[..end]), text_hash(&lower), "{end}");
            assert_ne!(text_hash(&text[..end]), text_hash(&text[..=end]), "{end}");
        }
        assert_ne!(text_hash(b"ab"), text_hash(b"ab\0"));
    }
}
