//! Places in a buffer, in order.

/// Positions in the order in which they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Places {
    at: Vec<usize>,
    count: usize,
    next: usize,
    /// What was next when it was marked.
    marked: usize,
}

impl Places {
    /// None.
    #[inline(always)]
    pub(crate) fn begin(&mut self) {
        (self.count, self.next, self.marked) = (0, 0, 0);
    }

    /// Adds those of a block that begins at `base`. Most blocks have at most one of them, which is written without being counted
    /// first.
    #[inline(always)]
    pub(crate) fn add(&mut self, base: usize, mut marks: u64) {
        let after = self.count + marks.count_ones() as usize;
        if self.at.len() <= after {
            self.at.resize(2 * (after + 1), 0);
        }
        self.at[self.count] = base + marks.trailing_zeros() as usize;
        marks &= marks.wrapping_sub(1);
        if marks != 0 {
            for at in &mut self.at[self.count + 1..after] {
                *at = base + marks.trailing_zeros() as usize;
                marks &= marks - 1;
            }
        }
        self.count = after;
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[usize] {
        &self.at[..self.count]
    }

    pub(crate) fn last(&self) -> Option<usize> {
        self.at[..self.count].last().copied()
    }

    /// The first at or behind `from`, of which none is asked for that stands before one that was.
    #[inline(always)]
    pub(crate) fn from(&mut self, from: usize) -> Option<usize> {
        while self.next < self.count {
            let at = self.at[self.next];
            if at >= from {
                return Some(at);
            }
            self.next += 1;
        }
        None
    }

    /// Those that were not passed, to be gone through by themselves: what is next is then kept in a register.
    #[inline(always)]
    pub(crate) fn ahead(&self) -> Ahead<'_> {
        Ahead(self.at.get(self.next..self.count).unwrap_or_default())
    }

    /// Passes all but so many.
    #[inline(always)]
    pub(crate) fn leave(&mut self, ahead: usize) {
        self.next = self.count.saturating_sub(ahead);
    }

    /// Passes the one that was given last.
    #[inline(always)]
    pub(crate) fn pass(&mut self) {
        self.next += 1;
    }

    /// Marks which are to be given again once it is [rewound](Places::rewind).
    #[inline(always)]
    pub(crate) fn mark(&mut self) {
        self.marked = self.next;
    }

    /// Gives again those that were given since it was marked, or since they were set.
    pub(crate) fn rewind(&mut self) {
        self.next = self.marked;
    }
}

/// Some places, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ahead<'p>(&'p [usize]);

impl<'p> Ahead<'p> {
    /// None.
    pub(crate) const NONE: Ahead<'p> = Ahead(&[]);

    /// The first at or behind `from`: those before it are passed.
    #[inline(always)]
    pub(crate) fn from(&mut self, from: usize) -> Option<usize> {
        while let Some((first, behind)) = self.0.split_first() {
            if *first >= from {
                return Some(*first);
            }
            self.0 = behind;
        }
        None
    }

    /// Those behind the first.
    #[inline(always)]
    pub(crate) fn behind(self) -> impl Iterator<Item = usize> + use<'p> {
        self.0.iter().skip(1).copied()
    }

    /// How many there are.
    #[inline(always)]
    pub(crate) fn count(self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marks::WIDTH;

    #[test]
    fn places_may_be_passed_by() {
        let mut places = Places::default();
        places.begin();
        for (block, marks) in [0, 1, u64::MAX, 0b101, 0, 1 << 63].into_iter().enumerate() {
            places.add(7 + block * WIDTH, marks);
        }
        assert_eq!((places.from(0), places.from(72)), (Some(71), Some(135)));
        let mut ahead = places.ahead();
        let seen = [ahead.from(0), ahead.behind().next(), ahead.from(136)];
        let count = ahead.count();
        assert_eq!((seen, count), ([Some(135), Some(136), Some(136)], 66));
        places.mark();
        places.leave(count);
        assert_eq!((places.from(0), places.from(199)), (Some(136), Some(199)));
        assert_eq!(
            (places.from(200), places.from(202), places.last(), places.from(391)),
            (Some(201), Some(390), Some(390), None)
        );
        assert!(places.ahead().behind().next().is_none());
        places.rewind();
        assert_eq!(places.from(0), Some(135));
        places.pass();
        assert_eq!(places.from(0), Some(136));
    }
}
