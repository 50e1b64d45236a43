//! Where fields end in some lines, as marks: how many stand before a place, and which is the next but so many.

use crate::marks::WIDTH;

/// Ends of fields and lines.
#[derive(Default)]
pub(super) struct Borders {
    /// Where the first block begins.
    base: usize,
    /// Of each block, its marks and how many there are before.
    blocks: Vec<(u64, usize)>,
}

impl Borders {
    /// Those that are marked, of blocks the first of which begins at `base`.
    #[inline(always)]
    pub(super) fn set(&mut self, base: usize, marks: impl Iterator<Item = u64>) {
        self.base = base;
        self.blocks.clear();
        let mut before = 0;
        for marks in marks {
            self.blocks.push((marks, before));
            before += marks.count_ones() as usize;
        }
    }

    /// The marks of each block.
    pub(super) fn marks(&self) -> impl Iterator<Item = u64> {
        self.blocks.iter().map(|(marks, _)| *marks)
    }

    /// One stands there.
    #[inline(always)]
    pub(super) fn has(&self, at: usize) -> bool {
        let (block, bit) = self.place(at);
        self.blocks[block].0 >> bit & 1 == 1
    }

    /// How many stand before that place.
    #[inline(always)]
    pub(super) fn count_before(&self, at: usize) -> usize {
        let (block, bit) = self.place(at);
        let (marks, before) = self.blocks[block];
        before + (marks & !(u64::MAX << bit)).count_ones() as usize
    }

    /// The first at or behind `from`, or the one so many after it.
    #[inline(always)]
    pub(super) fn nth(&self, from: usize, mut n: usize) -> Option<usize> {
        let (mut block, bit) = self.place(from);
        let mut bits = self.blocks.get(block)?.0 & u64::MAX << bit;
        while bits.count_ones() as usize <= n {
            n -= bits.count_ones() as usize;
            block += 1;
            bits = self.blocks.get(block)?.0;
        }
        for _ in 0..n {
            bits &= bits - 1;
        }
        Some(self.base + block * WIDTH + bits.trailing_zeros() as usize)
    }

    /// The block of a place, and the bit in it.
    #[inline(always)]
    fn place(&self, at: usize) -> (usize, usize) {
        ((at - self.base) / WIDTH, (at - self.base) % WIDTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_counted_and_found() {
        let marks = [1 << 63 | 0b1001, 0, u64::MAX, 0, 0b10];
        let places: Vec<usize> =
            (0..5 * WIDTH).filter(|at| marks[at / WIDTH] >> (at % WIDTH) & 1 == 1).map(|at| at + 7).collect();
        let mut borders = Borders::default();
        borders.set(7, marks.into_iter());
        for at in 7..7 + 5 * WIDTH {
            let before = places.iter().filter(|place| **place < at).count();
            assert_eq!((borders.has(at), borders.count_before(at)), (places.contains(&at), before), "{at}");
            for n in 0..places.len() {
                assert_eq!(borders.nth(at, n), places.get(before + n).copied(), "{at} {n}");
            }
        }
    }
}
