//! Where fields end in some lines, as marks: how many stand before a place, and which fields a line begins with.

use std::ops::Range;

use crate::marks::WIDTH;

/// Ends of fields and lines.
#[derive(Default)]
pub(super) struct Borders {
    /// Where the first block begins.
    base: usize,
    /// Of each block, its marks and how many there are before; behind the last, one without marks.
    blocks: Vec<(u64, usize)>,
}

/// Those of some bytes, which were not yet passed.
#[derive(Clone, Copy)]
struct Ahead {
    /// Where the bytes begin.
    from: usize,
    marks: u64,
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
        self.blocks.push((0, before));
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

    /// Finds some fields of the line that begins at `start`, by their numbers in order; the last field of the line, its number is
    /// `last`, ends at `end`. `None` if there are fewer borders.
    #[inline(always)]
    pub(super) fn find_fields<'f>(
        &self,
        start: usize,
        (last, end): (usize, usize),
        wanted: &[usize],
        found: impl Iterator<Item = &'f mut Range<usize>>,
    ) -> Option<()> {
        let (mut ahead, mut passed, mut begin) = (Ahead { from: start, marks: self.marks(start)? }, 0, start);
        for (field, found) in wanted.iter().zip(found) {
            if passed < *field {
                self.skip(&mut ahead, field - passed - 1)?;
                begin = self.next(&mut ahead)? + 1;
                passed = *field;
            }
            let mut rest = ahead;
            *found = begin..if *field == last { end } else { self.next(&mut rest)? };
        }
        Some(())
    }

    /// The next of those ahead.
    #[inline(always)]
    fn next(&self, ahead: &mut Ahead) -> Option<usize> {
        while ahead.marks == 0 {
            self.go_on(ahead)?;
        }
        let at = ahead.from + ahead.marks.trailing_zeros() as usize;
        ahead.marks &= ahead.marks - 1;
        Some(at)
    }

    /// Skips so many of those ahead.
    #[inline(always)]
    fn skip(&self, ahead: &mut Ahead, mut count: usize) -> Option<()> {
        while ahead.marks.count_ones() as usize <= count {
            count -= ahead.marks.count_ones() as usize;
            self.go_on(ahead)?;
        }
        for _ in 0..count {
            ahead.marks &= ahead.marks - 1;
        }
        Some(())
    }

    #[inline(always)]
    fn go_on(&self, ahead: &mut Ahead) -> Option<()> {
        let from = ahead.from + WIDTH;
        *ahead = Ahead { from, marks: self.marks(from)? };
        Some(())
    }

    /// Those of as many bytes from a place on as a block has.
    #[inline(always)]
    fn marks(&self, from: usize) -> Option<u64> {
        let (block, bit) = self.place(from);
        let next = self.blocks.get(block + 1)?.0;
        Some(self.blocks[block].0 >> bit | next.checked_shl((WIDTH - bit) as u32).unwrap_or(0))
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
    fn borders_are_counted_and_fields_found() {
        let marks = [1 << 63 | 0b1001, 0, u64::MAX, 0, 0b10];
        let places: Vec<usize> =
            (0..5 * WIDTH).filter(|at| marks[at / WIDTH] >> (at % WIDTH) & 1 == 1).map(|at| at + 7).collect();
        let mut borders = Borders::default();
        borders.set(7, marks.into_iter());
        for start in 7..7 + 5 * WIDTH {
            let before = places.iter().filter(|place| **place < start).count();
            assert_eq!((borders.has(start), borders.count_before(start)), (places.contains(&start), before), "{start}");
            // All fields from there on, and some of them.
            let ends = &places[before..];
            let begins: Vec<usize> = [start].into_iter().chain(ends.iter().map(|end| end + 1)).collect();
            for step in 1..5 {
                let wanted: Vec<usize> = (0..=ends.len()).skip(step - 1).step_by(step).collect();
                let mut found = vec![0..0; wanted.len()];
                let last = (ends.len(), 1000);
                assert_eq!(borders.find_fields(start, last, &wanted, found.iter_mut()), Some(()));
                let expected = wanted.iter().map(|field| begins[*field]..ends.get(*field).copied().unwrap_or(1000));
                assert_eq!(found, expected.collect::<Vec<_>>(), "{start} {step}");
            }
            let mut found = 0..0;
            assert_eq!(borders.find_fields(start, (99, 1000), &[ends.len()], std::iter::once(&mut found)), None);
        }
    }
}
