//! Some whole lines of a buffer, looked at together: where they end, and where other bytes stand in them.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use crate::marks::{WIDTH, each_block, padded};

/// Bytes that are looked at in one go, unless a line is longer: they stay in the nearest cache. In tests, few lines are many
/// stretches.
const LENGTH: usize = if cfg!(test) { 256 } else { 16 << 10 };

/// The lines.
pub(super) struct Stretch {
    level: Level,
    /// Two bytes that are marked, and the newline.
    bytes: [u8; 3],
    /// Where the first line begins.
    pub(super) base: usize,
    /// Behind the newline of the last.
    end: usize,
    /// Where each of these stands, in each block from `base` on; there may be more blocks than the lines need.
    pub(super) marks: [Vec<u64>; 3],
    newlines: Places,
}

impl Stretch {
    /// One in which those two bytes are marked.
    pub(super) fn new([first, second]: [u8; 2]) -> Stretch {
        let bytes = [first, second, b'\n'];
        Stretch { level: Level::new(), bytes, base: 0, end: 0, marks: Default::default(), newlines: Places::default() }
    }

    /// The buffer has other bytes than before.
    pub(super) fn renew(&mut self) {
        (self.base, self.end) = (0, 0);
    }

    /// The line that begins at `start` is one of these.
    #[inline(always)]
    pub(super) fn has(&self, start: usize) -> bool {
        self.base <= start && start < self.end
    }

    /// Where the line ends that begins at `start`. None is asked for that stands before one that was.
    #[inline(always)]
    pub(super) fn line_end(&mut self, start: usize) -> Option<usize> {
        self.newlines.from(start)
    }

    /// Marks where the lines are: see [`Places::mark`].
    #[inline(always)]
    pub(super) fn mark(&mut self) {
        self.newlines.mark();
    }

    pub(super) fn rewind(&mut self) {
        self.newlines.rewind();
    }

    /// Looks at the lines from `start` on; `None` if there is none as a whole, else whether each of the two bytes stands somewhere.
    pub(super) fn look(&mut self, buffer: &[u8], start: usize) -> Option<[bool; 2]> {
        let rest = buffer.get(start..)?;
        let mut length = LENGTH;
        (self.base, self.end) = (start, start);
        loop {
            let text = &rest[..rest.len().min(length)];
            let Stretch { level, bytes, marks, newlines, .. } = self;
            marks.iter_mut().for_each(|marks| marks.resize(text.len().div_ceil(WIDTH), 0));
            let [first, second, third] = marks;
            dispatch!(*level, simd => {
                let mut marks = first.iter_mut().zip(second.iter_mut()).zip(third.iter_mut());
                each_block(simd, text, *bytes, |block| {
                    if let Some(((first, second), third)) = marks.next() {
                        [*first, *second, *third] = block;
                    }
                });
                newlines.set(start, third.iter().copied());
            });
            if let Some(newline) = newlines.last() {
                self.end = newline + 1;
                let stands_somewhere = |marks: &mut Vec<u64>| marks.iter().fold(0, |all, marks| all | marks) != 0;
                return Some([first, second].map(stands_somewhere));
            }
            if text.len() == rest.len() {
                return None;
            }
            length *= 4;
        }
    }

    /// Behind the newline of the last line.
    pub(super) fn end(&self) -> usize {
        self.end
    }
}

/// Positions in the order in which they are asked for.
#[derive(Default)]
pub(super) struct Places {
    at: Vec<usize>,
    count: usize,
    next: usize,
    /// What was next when it was marked.
    marked: usize,
}

impl Places {
    /// Those that are marked, of blocks the first of which begins at `base`. Most blocks have at most one of them, which is written
    /// without being counted first.
    #[inline(always)]
    pub(super) fn set(&mut self, mut base: usize, marks: impl Iterator<Item = u64>) {
        let mut count = 0;
        for mut bits in marks {
            let after = count + bits.count_ones() as usize;
            if self.at.len() <= after {
                self.at.resize(2 * (after + 1), 0);
            }
            self.at[count] = base + bits.trailing_zeros() as usize;
            bits &= bits.wrapping_sub(1);
            if bits != 0 {
                for at in &mut self.at[count + 1..after] {
                    *at = base + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                }
            }
            (base, count) = (base + WIDTH, after);
        }
        (self.count, self.next, self.marked) = (count, 0, 0);
    }

    fn last(&self) -> Option<usize> {
        self.at[..self.count].last().copied()
    }

    /// The first at or behind `from`, of which none is asked for that stands before one that was.
    #[inline(always)]
    pub(super) fn from(&mut self, from: usize) -> Option<usize> {
        while self.next < self.count {
            let at = self.at[self.next];
            if at >= from {
                return Some(at);
            }
            self.next += 1;
        }
        None
    }

    /// Passes the one that was given last.
    #[inline(always)]
    pub(super) fn pass(&mut self) {
        self.next += 1;
    }

    /// Marks which are to be given again once it is [rewound](Places::rewind).
    #[inline(always)]
    pub(super) fn mark(&mut self) {
        self.marked = self.next;
    }

    /// Gives again those that were given since it was marked, or since they were set.
    pub(super) fn rewind(&mut self) {
        self.next = self.marked;
    }
}

/// Finds where a key may stand in some lines: where two of its bytes do, its first letter and its closing quote.
pub(super) struct KeySearch {
    level: Level,
    marks: Vec<u64>,
}

impl KeySearch {
    pub(super) fn new() -> KeySearch {
        KeySearch { level: Level::new(), marks: Vec::new() }
    }

    /// Between `base` and `end` of the buffer.
    pub(super) fn find(&mut self, key: &[u8], buffer: &[u8], base: usize, end: usize, places: &mut Places) {
        self.marks.resize((end - base).div_ceil(WIDTH), 0);
        dispatch!(self.level, simd => {
            mark_key(simd, key, &buffer[base..], &mut self.marks);
            places.set(base, self.marks.iter().copied());
        });
    }
}

#[inline(always)]
fn mark_key<S: Simd>(simd: S, key: &[u8], text: &[u8], marks: &mut [u64]) {
    let (letter, last) = (1, key.len() - 1);
    let (first_letter, last_byte) = (u8x64::splat(simd, key[letter]), u8x64::splat(simd, key[last]));
    let both = |letters: &[u8; WIDTH], lasts: &[u8; WIDTH]| {
        let letters = u8x64::from_slice(simd, letters).simd_eq(first_letter);
        (letters & u8x64::from_slice(simd, lasts).simd_eq(last_byte)).to_bitmask()
    };
    let behind = |offset| text.get(offset..).unwrap_or_default();
    let (letters, lasts) = (behind(letter).as_chunks().0, behind(last).as_chunks().0);
    let (whole, others) = marks.split_at_mut(lasts.len().min(marks.len()));
    for ((mark, letters), lasts) in whole.iter_mut().zip(letters).zip(lasts) {
        *mark = both(letters, lasts);
    }
    for (at, mark) in (lasts.len()..).zip(others) {
        let block = |offset| padded(behind(at * WIDTH + offset));
        *mark = both(&block(letter), &block(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends of a text's lines, and where the key stands, as a stretch has them.
    fn seen(text: &str, key: &str) -> (Vec<usize>, Vec<usize>) {
        let (mut stretch, mut search, mut keys) = (Stretch::new(*b"\"\\"), KeySearch::new(), Places::default());
        let (buffer, mut start, mut ends, mut places) = (text.as_bytes(), 0, Vec::new(), Vec::new());
        loop {
            if !stretch.has(start) {
                if stretch.look(buffer, start).is_none() {
                    return (ends, places);
                }
                search.find(key.as_bytes(), buffer, start, stretch.end(), &mut keys);
            }
            let Some(end) = stretch.line_end(start) else { return (ends, places) };
            let mut from = start;
            while let Some(at) = keys.from(from).filter(|at| *at < end) {
                keys.pass();
                if buffer[at..].starts_with(key.as_bytes()) {
                    places.push(at);
                    from = at + key.len();
                }
            }
            ends.push(end);
            start = end + 1;
        }
    }

    #[test]
    fn lines_and_keys_are_where_they_stand() {
        for key in ["\"Name\"", "\"a\"", "\"a_key_of_more_than_sixteen_bytes\"", "\"\""] {
            for filler in (0..200).chain([LENGTH - 100, LENGTH, 5 * LENGTH]) {
                let filler = "\"Nam\"ab\"".chars().cycle().take(filler).collect::<String>();
                let line = r#"{"Name":"Name","a":"","a_key_of_more_than_sixteen_bytes":"a"}"#;
                for text in [format!("{filler}{line}\n{line}\n\n{filler}"), format!("\n{line}{filler}{line}\n\"Name\"\n{line}")] {
                    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
                    let last = ends.last().copied().unwrap_or(0);
                    let places = text[..last].match_indices(key).map(|(at, _)| at);
                    assert_eq!(seen(&text, key), (ends, places.collect()), "{} {key}", filler.len());
                }
            }
        }
        assert_eq!(seen(&"\n".repeat(3 * LENGTH), "\"a\"").0.len(), 3 * LENGTH);
    }

    #[test]
    fn places_may_be_passed_by() {
        let mut places = Places::default();
        places.set(7, [0, 1, u64::MAX, 0b101, 0, 1 << 63].into_iter());
        assert_eq!((places.from(0), places.from(72)), (Some(71), Some(135)));
        places.mark();
        places.pass();
        assert_eq!((places.from(0), places.from(199)), (Some(136), Some(199)));
        assert_eq!(
            (places.from(200), places.from(202), places.last(), places.from(391)),
            (Some(201), Some(390), Some(390), None)
        );
        places.rewind();
        assert_eq!(places.from(0), Some(135));
    }
}
