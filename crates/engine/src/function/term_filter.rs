//! Small filters that say of most texts at once that no needle ends in them.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use crate::text_set::LOWER;

/// How needles end: where no such end stands in a text, no needle does.
#[derive(Debug, Default)]
pub(super) struct Tails {
    filter: Filter,
    /// How far a tail is shifted, so that the bytes go that are not held.
    unused: u32,
}

/// The eight bytes before the end of a term.
type Eight = [u8; 8];

impl Tails {
    /// Needles at most of which eight bytes are held: with few, this says no nearly everywhere.
    const FEW: usize = 2048;
    /// Bytes that are held of the end of many needles: where these are names there are few such ends, so that the filter stays in
    /// the nearest cache.
    const OF_MANY: usize = 3;

    /// Of needles that end so; those of all parts are of the same number of needles.
    pub(super) fn new<'e>(parts: impl Iterator<Item = &'e Ends> + Clone) -> Tails {
        let held = parts.clone().next().map_or(1, |ends| ends.held);
        let shortest = parts.clone().map(|ends| ends.shortest).min().unwrap_or(1);
        let unused = unused(shortest.clamp(1, held));
        let tails: HashSet<u64, FixedState> = parts.flat_map(|ends| &ends.tails).map(|tail| tail >> unused).collect();
        let mut filter = Filter::for_entries(tails.len());
        tails.iter().for_each(|tail| filter.insert(hash(*tail)));
        Tails { filter, unused }
    }

    /// Whether a needle may end behind those bytes. Those that stand before the text only make it say yes too often.
    #[inline(always)]
    pub(super) fn may_end(&self, eight: &Eight) -> bool {
        self.filter.may_hold(hash(tail(eight, self.unused)))
    }

    /// Whether a needle may end where that text does.
    #[inline(always)]
    pub(super) fn may_end_with(&self, head: &[u8]) -> bool {
        self.may_end(&last_eight(head))
    }
}

fn unused(held: usize) -> u32 {
    64 - 8 * held as u32
}

/// How needles end, each way once.
pub(super) struct Ends {
    /// So many bytes of the end of each.
    held: usize,
    /// Those bytes as the upper ones of a number, zeros below.
    tails: HashSet<u64, FixedState>,
    /// Some of those, at places told by their hashes: most needles end as others do.
    known: Box<[u64; Ends::KNOWN]>,
    /// The bytes of the shortest needle, up to the end of its last term.
    shortest: usize,
}

impl Default for Ends {
    fn default() -> Ends {
        Ends::of(0)
    }
}

impl Ends {
    const KNOWN: usize = 1 << 10;

    /// Of none yet, of so many needles.
    pub(super) fn of(needles: usize) -> Ends {
        let held = if needles <= Tails::FEW { 8 } else { Tails::OF_MANY };
        Ends { held, tails: HashSet::default(), known: Box::new([0; Ends::KNOWN]), shortest: usize::MAX }
    }

    /// Adds a needle by its text up to the end of its last term.
    pub(super) fn insert(&mut self, head: &[u8]) {
        self.shortest = self.shortest.min(head.len());
        let unused = unused(self.held);
        let tail = tail(&last_eight(head), unused) << unused;
        let known = &mut self.known[hash(tail) as usize % Ends::KNOWN];
        if *known != tail {
            *known = tail;
            self.tails.insert(tail);
        }
    }
}

/// The last of eight bytes that are held, the same for letters of either case.
#[inline(always)]
fn tail(eight: &Eight, unused: u32) -> u64 {
    (u64::from_le_bytes(*eight) | LOWER) >> unused
}

/// The last eight bytes of a text, behind zeros if there are fewer.
#[inline(always)]
fn last_eight(text: &[u8]) -> Eight {
    text.last_chunk().copied().unwrap_or_else(|| {
        let mut eight = [0; 8];
        eight[8 - text.len()..].copy_from_slice(text);
        eight
    })
}

/// All bits of a tail tell in the upper bits of the product, which become the lower ones.
#[inline(always)]
fn hash(tail: u64) -> u64 {
    tail.wrapping_mul(0x9e37_79b9_7f4a_7c15).swap_bytes()
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

    #[inline(always)]
    fn place(&self, hash: u64) -> usize {
        (hash >> 12) as usize & (self.words.len() - 1)
    }

    #[inline(always)]
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

    #[inline(always)]
    fn may_hold(&self, hash: u64) -> bool {
        self.word(hash) & bits(hash) == bits(hash)
    }
}

#[inline(always)]
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63)
}

/// Other bits of the same word.
#[inline]
fn stem_bits(hash: u64) -> u64 {
    bits(hash >> 52)
}
