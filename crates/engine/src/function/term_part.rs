//! Needles in parts, each of which a thread hashes. Folded texts in, out what a table of needles is made of.

use std::thread;

use super::letters::{Letters, each_term};
use super::needle::Needle;
use super::term_filter::Ends;
use crate::text_set::{Arena, Slots, is_folded, mix, text_hash};

/// Which needles are hashed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Those in ASCII.
    Ascii,
    /// Those in ASCII, if all needles are folded.
    FoldedAscii,
    /// The others.
    Other,
}

/// Some needles in turn.
#[derive(Default)]
pub(super) struct Part {
    /// The position of the first.
    first: usize,
    /// The hash of each, [`NONE`] for one that the table does not hold.
    hashes: Vec<u64>,
    /// How many needles the table holds of this part.
    pub(super) count: usize,
    /// Needles of this kind that the table cannot hold, by their positions.
    pub(super) plain: Vec<(Needle, usize)>,
    /// How needles end.
    pub(super) ends: Ends,
    /// A needle is one term.
    pub(super) singles: bool,
    /// Hashes of stretches of terms that become a needle's with more terms to their left.
    pub(super) stems: Vec<u64>,
    /// Some are not in ASCII.
    pub(super) others: bool,
    /// One is not folded: the part ends before it.
    pub(super) unfolded: bool,
}

/// Needles of more terms are not held in the table.
const TERMS: usize = 32;
/// So many needles are worth being hashed by several threads.
pub(super) const MANY: usize = 1 << 14;
/// A thread for each processor, but not more: each part has a filter of its own.
const PARTS_MAX: usize = 8;
/// No hash. A needle that has it is not held in the table.
const NONE: u64 = 0;

impl Part {
    /// All needles.
    pub(super) fn all(needles: &Arena, kind: Kind) -> Vec<Part> {
        let count = needles.len();
        let parts = if count < MANY { 1 } else { thread::available_parallelism().map_or(1, usize::from).min(PARTS_MAX) };
        let step = count.div_ceil(parts).max(1);
        let starts = (0..count).step_by(step);
        if count < MANY {
            return starts.map(|start| Part::of(needles, start, step, kind)).collect();
        }
        thread::scope(|scope| {
            let parts: Vec<_> = starts.map(|start| scope.spawn(move || Part::of(needles, start, step, kind))).collect();
            parts.into_iter().map(|part| part.join().expect("hashing does not panic")).collect()
        })
    }

    /// The needles from that position on, up to `count` of them.
    fn of(needles: &Arena, first: usize, count: usize, kind: Kind) -> Part {
        let positions = first..needles.len().min(first + count);
        let mut part = Part { first, ends: Ends::of(needles.len()), ..Part::default() };
        part.hashes.reserve_exact(positions.len());
        let mut terms = Vec::with_capacity(TERMS);
        needles.each(positions, &mut |needle| {
            let lower = Letters::of_all_lower(needle.as_bytes());
            if kind == Kind::FoldedAscii && lower.is_none() && !is_folded(needle) {
                part.unfolded = true;
                return false;
            }
            let letters = lower.or_else(|| Letters::of_all(needle.as_bytes()));
            let is_ascii = letters.is_some() || needle.is_ascii();
            part.others |= !is_ascii;
            let mut hash = NONE;
            if is_ascii != (kind == Kind::Other) {
                hash = part.hash(needle, letters, &mut terms);
                // What holds it, holds it as a term by itself: its ends bound if they are letters or digits.
                if hash == NONE {
                    part.plain.push((Needle::folded(needle), first + part.hashes.len()));
                }
            }
            part.count += usize::from(hash != NONE);
            part.hashes.push(hash);
            true
        });
        part
    }

    /// The hash of a needle, which is counted in; [`NONE`] if the table cannot hold it.
    fn hash(&mut self, needle: &str, letters: Option<Letters>, terms: &mut Vec<(usize, usize)>) -> u64 {
        terms.clear();
        let add = |start, end| {
            terms.push((start, end));
            false
        };
        let text = needle.as_bytes();
        match letters {
            Some(letters) => letters.each_term(add),
            None => each_term(needle, add),
        };
        let Some(((start, end), before)) = terms.split_last().filter(|_| terms.len() < TERMS) else { return NONE };
        self.ends.insert(&text[..*end]);
        let Some(((second, _), before)) = before.split_last() else {
            self.singles = true;
            return single(&text[*start..*end]);
        };
        let mut first = *second;
        let mut hash = text_hash(&text[first..*end]);
        for (left, _) in before.iter().rev() {
            self.stems.push(hash);
            hash = longer(hash, &text[*left..first]);
            first = *left;
        }
        hash
    }

    /// The needles that the table holds: hashes and positions.
    pub(super) fn hashes(&self) -> impl Iterator<Item = (u64, usize)> + Clone {
        self.hashes.iter().copied().zip(self.first..).filter(|(hash, _)| *hash != NONE)
    }

    /// The needles of all parts by their hashes.
    pub(super) fn slots(parts: &[Part]) -> Slots {
        Slots::of(parts.iter().flat_map(Part::hashes), parts.iter().map(|part| part.count).sum())
    }
}

/// The hash of a needle that is one term.
#[inline]
pub(super) fn single(term: &[u8]) -> u64 {
    mix(text_hash(term), 0x9e37_79b9_7f4a_7c15)
}

/// The hash of a stretch of terms made longer by what stands to its left.
#[inline]
pub(super) fn longer(hash: u64, left: &[u8]) -> u64 {
    mix(text_hash(left), hash)
}
