//! Positions of rows by the hash of what they are. Comes in: hashes and positions. Goes out: positions again.
//!
//! A slot holds half of the hash beside the position, so rows of another hash need not be looked at; and its place comes from the
//! same half, so a table that grows takes its slots over in their order, and many are added in the order of their places.

use std::thread;

/// Positions by hash. There may be several of one hash.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions {
    /// One for each value of a hash's uppermost bit, so that two threads can fill them.
    tables: [Table; 2],
}

/// Those of one value of that bit.
#[derive(Clone, Debug, Default)]
struct Table {
    /// The upper half of a hash, and a position; [`NOTHING`] where nothing is, as there is nothing behind the last.
    slots: Vec<u64>,
    /// How many slots the table has: none, or a power of two.
    size: usize,
    count: usize,
}

/// Slots for the first positions.
const FEWEST: usize = 16;

const UPPER: u64 = 0xffff_ffff_0000_0000;

/// No position.
const NOTHING: u64 = u64::MAX;

/// So many slots, which stay in the nearest cache, are written at once: those that are first looked at in their order are then at
/// hand.
const WRITTEN: usize = 1 << 11;

/// So many positions are worth two threads.
const MANY: usize = 1 << 14;

impl Positions {
    /// Makes room for so many more, about.
    pub(super) fn reserve(&mut self, more: usize) {
        self.tables.iter_mut().for_each(|table| table.reserve(more.div_ceil(2)));
    }

    pub(super) fn add(&mut self, hash: u64, position: u32) {
        let table = &mut self.tables[uppermost(hash)];
        table.reserve(1);
        table.put(slot(hash, position));
    }

    /// Adds positions from `first` on by the upper halves of hashes, but not those whose row is the same as one that is there: those
    /// are given back in order, each behind the one that it repeats.
    pub(super) fn add_all(&mut self, first: u32, halves: &[u32], is_same: impl Fn(u32, u32) -> bool + Sync) -> Vec<(u32, u32)> {
        let slots = halves.iter().zip(first..).map(|(half, position)| slot(u64::from(*half) << 32, position));
        let [zero, one] = &mut self.tables;
        let (others, is_same) = (slots.clone(), &is_same);
        let mut repeats = if halves.len() < MANY {
            [zero.add_own(0, slots, is_same), one.add_own(1, others, is_same)].concat()
        } else {
            thread::scope(|scope| {
                let other = scope.spawn(move || one.add_own(1, others, is_same));
                [zero.add_own(0, slots, is_same), other.join().expect("adding does not panic")].concat()
            })
        };
        repeats.sort_unstable_by_key(|(_, position)| *position);
        repeats
    }

    /// Gives each position its new number.
    pub(super) fn renumber(&mut self, new: impl Fn(u32) -> u32) {
        for slot in self.tables.iter_mut().flat_map(|table| &mut table.slots).filter(|slot| **slot != NOTHING) {
            *slot = *slot & UPPER | u64::from(new((*slot & !UPPER) as u32));
        }
    }

    /// Positions of rows that may have that hash: all that do, and hardly any other.
    #[inline(always)]
    pub(super) fn of(&self, hash: u64) -> impl Iterator<Item = u32> {
        self.tables[uppermost(hash)].of(hash)
    }

    pub(super) fn clear(&mut self) {
        for table in &mut self.tables {
            table.slots.clear();
            table.count = 0;
        }
    }
}

#[inline(always)]
fn slot(hash: u64, position: u32) -> u64 {
    hash & UPPER | u64::from(position)
}

#[inline(always)]
fn uppermost(hash: u64) -> usize {
    (hash >> 63) as usize
}

impl Table {
    fn reserve(&mut self, more: usize) {
        // A quarter of the slots stays free, or more: looked for are places up to the next free one.
        let needed = (self.count + more) + (self.count + more).div_ceil(3);
        if needed > self.size {
            self.grow(needed.next_power_of_two().max(FEWEST));
        }
    }

    fn grow(&mut self, size: usize) {
        (self.size, self.count) = (size, 0);
        for slot in std::mem::replace(&mut self.slots, Vec::with_capacity(size)).into_iter().filter(|slot| *slot != NOTHING) {
            self.put(slot);
        }
    }

    #[inline]
    fn put(&mut self, slot: u64) {
        let mut at = self.home(slot);
        while self.slots.get(at).is_some_and(|slot| *slot != NOTHING) {
            at = self.behind(at);
        }
        if at >= self.slots.len() {
            self.slots.resize((at + 1).next_multiple_of(WRITTEN).min(self.size), NOTHING);
        }
        self.slots[at] = slot;
        self.count += 1;
    }

    /// Where a hash is looked for first.
    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        ((u128::from((hash & UPPER) << 1) * self.size as u128) >> u64::BITS) as usize
    }

    #[inline(always)]
    fn behind(&self, at: usize) -> usize {
        (at + 1) & (self.size - 1)
    }

    /// As [`Positions::add_all`], of those slots that are this table's.
    fn add_own(
        &mut self,
        uppermost: usize,
        slots: impl Iterator<Item = u64> + Clone,
        is_same: impl Fn(u32, u32) -> bool,
    ) -> Vec<(u32, u32)> {
        let own = own_in_parts(uppermost, slots);
        self.reserve(own.len());
        let mut repeats = Vec::new();
        for slot in own {
            let position = (slot & !UPPER) as u32;
            let known = self.of(slot).find(|known| is_same(*known, position));
            match known {
                Some(known) => repeats.push((known, position)),
                None => self.put(slot),
            }
        }
        repeats
    }

    #[inline(always)]
    fn of(&self, hash: u64) -> impl Iterator<Item = u32> {
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
}

/// Slots of one table, sorted by the part of it where they stand, those of a part in the order in which they come. So a part stays at
/// hand while slots are added to it; in their own order, each would wait for memory.
fn own_in_parts(table: usize, slots: impl Iterator<Item = u64> + Clone) -> Vec<u64> {
    const PARTS: usize = 64;
    let part = |slot: u64| (slot << 1 >> (u64::BITS - PARTS.ilog2())) as usize;
    let is_own = |slot: u64| uppermost(slot) == table;
    let mut starts = [0; PARTS];
    slots.clone().for_each(|slot| starts[part(slot)] += usize::from(is_own(slot)));
    let mut end = 0;
    for start in &mut starts {
        end += std::mem::replace(start, end);
    }
    // Whose a slot is cannot be guessed: those of the other table are written down, too, behind all.
    let mut own = vec![0; end + 1];
    slots.for_each(|slot| {
        let next = &mut starts[part(slot)];
        own[if is_own(slot) { *next } else { end }] = slot;
        *next += usize::from(is_own(slot));
    });
    own.truncate(end);
    own
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

    #[test]
    fn repeats_are_told_of_many_that_are_added() {
        for factor in [0_u64, 5 << 32, 0x9e37_79b9_7f4a_7c15] {
            let mut positions = Positions::default();
            positions.add(7_u64.wrapping_mul(factor), 0);
            // Each value comes again five places later, but for those that none repeats.
            let values: Vec<u64> = (0..1000).map(|at| if at % 10 < 5 { at } else { at - 5 }).map(|value| value + 7).collect();
            let value = |position: u32| position.checked_sub(1).map_or(7, |at| values[at as usize]);
            let hashes: Vec<u64> = values.iter().map(|value| value.wrapping_mul(factor)).collect();
            let halves: Vec<u32> = hashes.iter().map(|hash| (hash >> 32) as u32).collect();
            let repeats = positions.add_all(1, &halves, |known, other| value(known) == value(other));
            let of_position = |at: u32| if at % 10 < 5 { None } else { Some((if at == 5 { 0 } else { at + 1 - 5 }, at + 1)) };
            let expected: Vec<(u32, u32)> = [(0, 1)].into_iter().chain((0..1000).filter_map(of_position)).collect();
            assert_eq!(repeats, expected, "{factor}");
            positions.renumber(|position| position * 2);
            assert!(positions.of(hashes[900]).any(|position| position == 2 * 901));
            assert!(!positions.of(hashes[900]).any(|position| position % 2 == 1));
        }
    }
}
