//! Positions of rows by the hash of what they are. Comes in: hashes and positions. Goes out: positions again, each found by one
//! wait for memory, which can be had beforehand.
//!
//! A slot holds half of the hash beside the position, so rows of another hash need not be looked at; and its place comes from the
//! same half, so a table that grows takes its slots over in their order.

use std::hint::black_box;

/// Positions by hash. There may be several of one hash.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions {
    /// The upper half of a hash, and a position; [`NOTHING`] where nothing is. Their number is none or a power of two.
    slots: Vec<u64>,
    count: usize,
}

/// Slots for the first positions.
const FEWEST: usize = 16;

const UPPER: u64 = 0xffff_ffff_0000_0000;

/// No position. It is not zero, so that memory is written when it is taken, and has its pages before they are looked at.
const NOTHING: u64 = u64::MAX;

impl Positions {
    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        // A quarter of the slots stays free, or more: looked for are places up to the next free one.
        let needed = (self.count + more) + (self.count + more).div_ceil(3);
        if needed > self.slots.len() {
            self.grow(needed.next_power_of_two().max(FEWEST));
        }
    }

    fn grow(&mut self, slots: usize) {
        for slot in std::mem::replace(&mut self.slots, vec![NOTHING; slots]).into_iter().filter(|slot| *slot != NOTHING) {
            self.put(slot);
        }
    }

    fn put(&mut self, slot: u64) {
        let mut at = self.home(slot);
        while self.slots[at] != NOTHING {
            at = self.behind(at);
        }
        self.slots[at] = slot;
    }

    /// Where a hash is looked for first.
    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash & UPPER) * self.slots.len() as u128) >> u64::BITS) as usize
    }

    #[inline(always)]
    fn behind(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    pub(super) fn add(&mut self, hash: u64, position: u32) {
        self.reserve(1);
        self.put(hash & UPPER | u64::from(position));
        self.count += 1;
    }

    /// Positions of rows that may have that hash: all that do, and hardly any other.
    #[inline(always)]
    pub(super) fn of(&self, hash: u64) -> impl Iterator<Item = u32> {
        let mut at = self.home(hash);
        std::iter::from_fn(move || {
            loop {
                let slot = *self.slots.get(at).filter(|slot| **slot != NOTHING)?;
                at = self.behind(at);
                if slot & UPPER == hash & UPPER {
                    return Some((slot & !UPPER) as u32);
                }
            }
        })
    }

    /// Looks at where these hashes are looked for first: what is then asked of them, is near. One by one, each would wait by itself.
    #[inline(always)]
    pub(super) fn fetch(&self, hashes: impl Iterator<Item = u64>) {
        black_box(hashes.fold(0, |all, hash| all | self.slots.get(self.home(hash)).copied().unwrap_or(0)));
    }

    pub(super) fn clear(&mut self) {
        self.slots.fill(NOTHING);
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_found_by_their_hash_however_many_there_are() {
        for factor in [0_u64, 5 << 32, 0x9e37_79b9_7f4a_7c15, 1 << 62] {
            let hash = |position: u32| u64::from(position % 100).wrapping_mul(factor);
            let mut positions = Positions::default();
            assert_eq!(positions.of(7).count(), 0);
            for _ in 0..2 {
                for position in 0..1000 {
                    positions.fetch([hash(position), u64::MAX].into_iter());
                    positions.add(hash(position), position);
                }
                for looked_for in (0..100).map(hash) {
                    let mut found: Vec<u32> = positions.of(looked_for).collect();
                    found.sort_unstable();
                    let expected = (0..1000).filter(|position| hash(*position) >> 32 == looked_for >> 32);
                    assert_eq!(found, expected.collect::<Vec<_>>(), "{factor} {looked_for}");
                }
                positions.clear();
                assert_eq!(positions.of(hash(1)).count(), 0);
            }
        }
    }
}
