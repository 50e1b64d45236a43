//! Where fields end in some lines, as marks: which fields a line begins with.

use std::ops::Range;

use crate::marks::WIDTH;

/// Ends of fields and lines.
#[derive(Default)]
pub(super) struct Borders {
    /// Where the first block begins.
    base: usize,
    /// The marks of each block.
    blocks: Vec<u64>,
}

/// Those of some bytes, which were not yet passed.
#[derive(Clone, Copy)]
struct Ahead {
    /// Where the bytes begin.
    from: usize,
    marks: u64,
}

impl Borders {
    /// Begins anew with so many blocks, the first of which begins there; their marks are to be set.
    #[inline(always)]
    pub(super) fn begin(&mut self, base: usize, blocks: usize) -> &mut [u64] {
        self.base = base;
        self.blocks.resize(blocks, 0);
        &mut self.blocks
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

    /// Finds some fields as [`Borders::find_fields`] does, if they stand near the beginning of the line, as most do: where each begins
    /// and ends. `None` says nothing.
    #[inline(always)]
    pub(super) fn find_near_fields(
        &self,
        start: usize,
        (last, end): (usize, usize),
        wanted: &[usize],
        found: &mut [(usize, usize)],
    ) -> Option<()> {
        let (block, bit) = ((start - self.base) / WIDTH, (start - self.base) % WIDTH);
        let [first, second, third] = *self.blocks.get(block..)?.first_chunk()?;
        let joined = |low: u64, high: u64| low >> bit | high << 1 << (WIDTH - 1 - bit);
        let mut marks = u128::from(joined(first, second)) | u128::from(joined(second, third)) << WIDTH;
        let needed = wanted.last().map_or(0, |field| last.min(field + 1));
        if (marks.count_ones() as usize) < needed {
            return None;
        }
        let (mut passed, mut begin) = (0, start);
        for (field, found) in wanted.iter().zip(found) {
            while passed + 1 < *field {
                marks &= marks.wrapping_sub(1);
                passed += 1;
            }
            if passed < *field {
                begin = start + marks.trailing_zeros() as usize + 1;
                marks &= marks.wrapping_sub(1);
                passed += 1;
            }
            *found = (begin, if *field == last { end } else { start + marks.trailing_zeros() as usize });
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
        let (block, bit) = ((from - self.base) / WIDTH, (from - self.base) % WIDTH);
        let next = self.blocks.get(block + 1).copied().unwrap_or(0);
        Some(self.blocks.get(block)? >> bit | next.checked_shl((WIDTH - bit) as u32).unwrap_or(0))
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
        borders.begin(7, marks.len()).copy_from_slice(&marks);
        for start in 7..7 + 5 * WIDTH {
            let before = places.iter().filter(|place| **place < start).count();
            // All fields from there on, and some of them.
            let ends = &places[before..];
            let begins: Vec<usize> = [start].into_iter().chain(ends.iter().map(|end| end + 1)).collect();
            for step in 1..5 {
                let wanted: Vec<usize> = (0..=ends.len()).skip(step - 1).step_by(step).collect();
                let mut found = vec![0..0; wanted.len()];
                let last = (ends.len(), 1000);
                assert_eq!(borders.find_fields(start, last, &wanted, found.iter_mut()), Some(()));
                let expected = wanted.iter().map(|field| begins[*field]..ends.get(*field).copied().unwrap_or(1000));
                let expected: Vec<Range<usize>> = expected.collect();
                assert_eq!(found, expected, "{start} {step}");
                let mut near = vec![(0, 0); wanted.len()];
                if borders.find_near_fields(start, last, &wanted, &mut near).is_some() {
                    assert_eq!(near.iter().map(|(start, end)| *start..*end).collect::<Vec<_>>(), expected, "{start} {step}");
                }
            }
            let mut found = 0..0;
            assert_eq!(borders.find_fields(start, (99, 1000), &[ends.len()], std::iter::once(&mut found)), None);
        }
    }
}
