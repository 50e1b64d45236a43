//! Many texts in little memory: what the lists of `in`, `has_any` and their like become, and what a program hands to queries by
//! name instead of writing it into them.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread;

use crate::function::{TermTable, fold, folded};

/// Texts that stand somewhere in memory, so that a set of a million need not copy them.
pub trait Texts: fmt::Debug + Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// The text at a position; there is one at each that is less than the count.
    fn get(&self, position: usize) -> &str;
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
            Slots::of(hashes.iter().copied().zip(0..), Slots::counts(&hashes))
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
}

/// Positions by hash, in flat tables: eight bytes a place, at most three in four of them taken.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// One for each value of a hash's uppermost bit, so that two threads can fill them.
    tables: [Places; 2],
}

/// The upper half of a hash, and a position; [`NOTHING`] where nothing is.
#[derive(Debug, Default)]
struct Places(Vec<u64>);

impl Slots {
    /// So many entries are worth two threads.
    const MANY: usize = 1 << 14;

    /// Entries, of which there are [so many](Slots::counts): the hash and the position, below 2^32 - 1, of each.
    pub(crate) fn of(entries: impl Iterator<Item = (u64, usize)> + Clone + Send, counts: [usize; 2]) -> Slots {
        let others = entries.clone();
        if counts.iter().sum::<usize>() < Slots::MANY {
            return Slots { tables: [Places::of(entries, 0, counts[0]), Places::of(others, 1, counts[1])] };
        }
        thread::scope(|scope| {
            let second = scope.spawn(|| Places::of(others, 1, counts[1]));
            let first = Places::of(entries, 0, counts[0]);
            Slots { tables: [first, second.join().expect("adding does not panic")] }
        })
    }

    /// How many hashes there are of each uppermost bit.
    pub(crate) fn counts(hashes: &[u64]) -> [usize; 2] {
        let second = hashes.iter().filter(|hash| **hash >> 63 == 1).count();
        [hashes.len() - second, second]
    }

    /// The positions whose hash is probably that one, in the order in which they came.
    #[inline]
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = usize> {
        self.tables[(hash >> 63) as usize].find(hash)
    }
}

impl Places {
    /// Those of the entries whose hash has that uppermost bit; there are `count`.
    fn of(entries: impl Iterator<Item = (u64, usize)>, uppermost: u64, count: usize) -> Places {
        let mut places = Places(vec![NOTHING; (count * 4).div_ceil(3).next_power_of_two().max(2)]);
        // Which of the two a hash has cannot be guessed: all are written down, and those of the other are written over.
        let (mut waiting, mut length) = ([(0, 0); SIDE_BY_SIDE], 0);
        for (hash, position) in entries {
            waiting[length] = (hash, position);
            length += usize::from(hash >> 63 == uppermost);
            if length == SIDE_BY_SIDE {
                places.insert_all(&waiting);
                length = 0;
            }
        }
        places.insert_all(&waiting[..length]);
        places
    }

    fn insert_all(&mut self, entries: &[(u64, usize)]) {
        entries.iter().for_each(|(hash, _)| self.fetch(*hash));
        entries.iter().for_each(|(hash, position)| self.insert(*hash, *position));
    }

    /// Looks where that hash would stand: what is looked at for several hashes, one behind the other, comes from memory side by
    /// side, where each insertion would wait for its own.
    #[inline]
    fn fetch(&self, hash: u64) {
        std::hint::black_box(self.0[hash as usize & (self.0.len() - 1)]);
    }

    fn insert(&mut self, hash: u64, position: usize) {
        let mask = self.0.len() - 1;
        let mut at = hash as usize & mask;
        while self.0[at] != NOTHING {
            at = (at + 1) & mask;
        }
        self.0[at] = hash & UPPER | position as u64 & !UPPER;
    }

    #[inline]
    fn find(&self, hash: u64) -> impl Iterator<Item = usize> {
        let mask = self.0.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        std::iter::from_fn(move || {
            loop {
                let place = *self.0.get(at)?;
                if place == NOTHING {
                    return None;
                }
                at = (at + 1) & mask;
                if place & UPPER == hash & UPPER {
                    return Some((place & !UPPER) as usize);
                }
            }
        })
    }
}

/// Insertions whose places are fetched together.
const SIDE_BY_SIDE: usize = 32;

const UPPER: u64 = 0xffff_ffff_0000_0000;

/// No position. It is not zero, so that a table's memory is written when it is made, and has its pages before they are looked at.
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
