//! Small filters that say of most texts at once that no needle ends in them.

use crate::text_set::{LOWER, mix};

/// How needles end: where no such end stands in a text, no needle does.
#[derive(Debug, Default)]
pub(super) struct Tails {
    filter: Filter,
    by: By,
}

/// What is held of a needle's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum By {
    /// Its last eight bytes. With few needles this says no nearly everywhere.
    #[default]
    Eight,
    /// Its last term alone (at most eight bytes of it): of many needles that are names there are few, so that the filter stays in
    /// the nearest cache.
    Term,
}

impl Tails {
    /// Needles at most whose last eight bytes are held.
    const FEW: usize = 2048;

    /// Of so many needles, the shortest of so many bytes.
    pub(super) fn new(needles: usize, shortest: usize, last_terms: &Distinct) -> Tails {
        let by = if needles <= Tails::FEW && shortest >= 8 { By::Eight } else { By::Term };
        let entries = if by == By::Eight { needles } else { last_terms.count(needles) };
        Tails { filter: Filter::for_entries(entries), by }
    }

    /// Adds a needle by its text up to the end of its last term, which begins at `start`.
    pub(super) fn insert(&mut self, head: &[u8], start: usize) {
        self.filter.insert(hash(tail(head, start, head.len(), self.by)));
    }

    /// Whether a needle may end at the end of that term.
    #[inline]
    pub(super) fn may_hold(&self, text: &[u8], start: usize, end: usize) -> bool {
        self.filter.may_hold(hash(tail(text, start, end, self.by)))
    }
}

/// How many last terms there are, about.
pub(super) struct Distinct {
    /// A bit for each, and sometimes for two.
    bits: Vec<u64>,
}

impl Default for Distinct {
    fn default() -> Distinct {
        Distinct { bits: vec![0; 1 << 10] }
    }
}

impl Distinct {
    pub(super) fn of_all<'d>(parts: impl Iterator<Item = &'d Distinct>) -> Distinct {
        let mut all = Distinct::default();
        for part in parts {
            all.bits.iter_mut().zip(&part.bits).for_each(|(all, part)| *all |= part);
        }
        all
    }

    /// Counts the last term of a text.
    pub(super) fn insert(&mut self, text: &[u8], start: usize, end: usize) {
        let hash = hash(tail(text, start, end, By::Term));
        let word = (hash >> 6) as usize & (self.bits.len() - 1);
        self.bits[word] |= 1 << (hash & 63);
    }

    /// How many there are; `most` if there are too many to tell.
    fn count(&self, most: usize) -> usize {
        let count: usize = self.bits.iter().map(|bits| bits.count_ones() as usize).sum();
        if count > 16 * self.bits.len() { most } else { count }
    }
}

/// The last bytes before `end`, the last of them uppermost, the same for letters of either case.
#[inline]
fn tail(text: &[u8], start: usize, end: usize, by: By) -> u64 {
    let bytes = if let Some(tail) = text[..end].last_chunk::<8>() {
        u64::from_le_bytes(*tail)
    } else if let Some(head) = text.first_chunk::<8>() {
        u64::from_le_bytes(*head) << (64 - 8 * end)
    } else {
        let mut padded = [0; 8];
        padded[8 - end..].copy_from_slice(&text[..end]);
        u64::from_le_bytes(padded)
    };
    let unused = match by {
        By::Eight => 0,
        By::Term => 64 - 8 * (end - start).clamp(1, 8),
    };
    (bytes | LOWER) >> unused << unused
}

#[inline]
fn hash(tail: u64) -> u64 {
    mix(tail, 0x9e37_79b9_7f4a_7c15)
}

/// Stretches of terms with which needles end.
#[derive(Debug)]
pub(super) struct Stretches(Filter);

/// What may be of a stretch.
#[derive(Clone, Copy)]
pub(super) struct There {
    /// It is a needle.
    pub(super) is_needle: bool,
    /// With more terms to its left it becomes one.
    pub(super) goes_on: bool,
}

impl Stretches {
    /// Room for so many.
    pub(super) fn for_entries(entries: usize) -> Stretches {
        Stretches(Filter::for_entries(entries))
    }

    pub(super) fn insert_needle(&mut self, hash: u64) {
        self.0.insert(hash);
    }

    pub(super) fn insert_stem(&mut self, hash: u64) {
        *self.0.word_mut(hash) |= stem_bits(hash);
    }

    /// One look at memory tells both.
    #[inline]
    pub(super) fn at(&self, hash: u64) -> There {
        let word = self.0.word(hash);
        There { is_needle: word & bits(hash) == bits(hash), goes_on: word & stem_bits(hash) == stem_bits(hash) }
    }
}

/// Words that stay in a near cache, beside what else is there.
const NEAR: usize = 1 << 15;

/// A set of hashes that may say yes too often: two bits of one word for each.
#[derive(Debug, Default)]
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// Room for so many: sixteen bits each or more, fewer (four at least) if it would not fit into a core's own cache otherwise.
    /// Then more of its answers are wrong, but a wrong answer costs hardly more than one that comes from further away.
    fn for_entries(entries: usize) -> Filter {
        let words = (entries / 4).clamp(64, NEAR.max(entries / 16));
        Filter { words: vec![0; words.next_power_of_two()] }
    }

    #[inline]
    fn place(&self, hash: u64) -> usize {
        (hash >> 12) as usize & (self.words.len() - 1)
    }

    #[inline]
    fn word(&self, hash: u64) -> u64 {
        self.words[self.place(hash)]
    }

    fn word_mut(&mut self, hash: u64) -> &mut u64 {
        let place = self.place(hash);
        &mut self.words[place]
    }

    fn insert(&mut self, hash: u64) {
        *self.word_mut(hash) |= bits(hash);
    }

    #[inline]
    fn may_hold(&self, hash: u64) -> bool {
        self.word(hash) & bits(hash) == bits(hash)
    }
}

#[inline]
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63)
}

/// Other bits of the same word.
#[inline]
fn stem_bits(hash: u64) -> u64 {
    bits(hash >> 52)
}
