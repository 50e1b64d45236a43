//! Things by key, in the order in which the keys appeared, and what they take of memory: what plugins that group rows share.

use indexmap::IndexMap;

use crate::cell::Cell;
use crate::row_key;

/// Things by key.
#[derive(Debug)]
pub(super) struct ByKey<T> {
    things: IndexMap<Vec<u8>, T, foldhash::fast::RandomState>,
    bytes: usize,
    /// The key that was asked for last.
    key: Vec<u8>,
}

impl<T> Default for ByKey<T> {
    fn default() -> Self {
        ByKey { things: IndexMap::default(), bytes: 0, key: Vec::new() }
    }
}

/// What an entry takes of the table beside its key and itself.
const ENTRY_BYTES: usize = 48;

impl<T> ByKey<T> {
    /// The thing of those cells, which is made if there is none yet.
    pub(super) fn of(&mut self, cells: &[Cell<'_>], new: impl FnOnce() -> T) -> &mut T {
        let at = self.place(cells, new);
        &mut self.things[at]
    }

    /// Its number, counted from zero.
    pub(super) fn place(&mut self, cells: &[Cell<'_>], new: impl FnOnce() -> T) -> usize {
        self.key.clear();
        cells.iter().for_each(|cell| row_key::push(&mut self.key, cell));
        self.things.get_index_of(&self.key).unwrap_or_else(|| {
            // The thing mostly holds the cells once more.
            self.bytes += ENTRY_BYTES + size_of::<T>() + 2 * self.key.len();
            self.things.insert_full(self.key.clone(), new()).0
        })
    }

    /// The number of a key that has been written already.
    pub(super) fn number(&self, key: &[u8]) -> Option<usize> {
        self.things.get_index_of(key)
    }

    /// The thing of a number.
    pub(super) fn at(&self, number: usize) -> Option<&T> {
        self.things.get_index(number).map(|(_, thing)| thing)
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.things.len()
    }

    /// All of them, in order.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.things.values()
    }

    /// All of them, in order.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.things.values_mut()
    }

    /// All of them, in order; none is left.
    pub(super) fn take(&mut self) -> impl Iterator<Item = T> {
        self.bytes = 0;
        std::mem::take(&mut self.things).into_values()
    }

    /// The bytes of keys and things, but for what the things hold elsewhere.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_counted_once() {
        let mut counts: ByKey<i64> = ByKey::default();
        let (name, long) = (Cell::text("a"), Cell::text("b".repeat(1000)));
        for cell in [&name, &long, &name] {
            *counts.of(std::slice::from_ref(cell), || 0) += 1;
        }
        assert_eq!(counts.values().copied().collect::<Vec<_>>(), [2, 1]);
        assert!((2000..2300).contains(&counts.bytes()), "{}", counts.bytes());
    }
}
