//! Some whole lines of a buffer, looked at together: where they end, and where a key may stand in them.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};
use memchr::memchr;

use crate::marks::{Marked, WIDTH, padded};
use crate::places::Places;

/// Bytes that are looked at in one go, unless a line is longer: they stay in the nearest cache. In tests, few lines are many
/// stretches.
pub(super) const LENGTH: usize = if cfg!(test) { 256 } else { 16 << 10 };

/// The lines.
pub(super) struct Stretch {
    level: Level,
    /// Where the first line begins.
    base: usize,
    /// Behind the newline of the last.
    end: usize,
    newlines: Places,
}

impl Stretch {
    pub(super) fn new() -> Stretch {
        Stretch { level: Level::new(), base: 0, end: 0, newlines: Places::default() }
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

    /// Looks at the lines from `start` on; `None` if there is none as a whole, else whether a backslash stands in them or behind.
    pub(super) fn look(&mut self, buffer: &[u8], start: usize) -> Option<bool> {
        (self.base, self.end) = (start, start);
        let rest = buffer.get(start..)?;
        let first = memchr(b'\n', rest)?;
        let text = &rest[..rest.len().min(LENGTH.max(first + 1))];
        let Stretch { level, newlines, .. } = self;
        let backslashes = dispatch!(*level, simd => {
            let marked = Marked::new(simd, *b"\n\\");
            let (mut at, mut all) = (start, 0);
            newlines.begin();
            let (blocks, rest) = text.as_chunks();
            for block in blocks {
                let [here, backslashes] = marked.in_block(block);
                newlines.add(at, here);
                all |= backslashes;
                at += WIDTH;
            }
            let [here, backslashes] = marked.in_block(&padded(rest));
            newlines.add(at, here);
            all | backslashes
        });
        self.end = newlines.last()? + 1;
        Some(backslashes != 0)
    }

    /// Behind the newline of the last line.
    pub(super) fn end(&self) -> usize {
        self.end
    }
}

/// Finds where a key may stand in some lines, between `base` and `end` of the buffer: where two of its bytes do, its first letter and
/// its closing quote.
pub(super) fn find_key(level: Level, key: &[u8], buffer: &[u8], base: usize, end: usize, places: &mut Places) {
    dispatch!(level, simd => find_key_here(simd, key, &buffer[base..], (base, end), places));
}

#[inline(always)]
fn find_key_here<S: Simd>(simd: S, key: &[u8], text: &[u8], (base, end): (usize, usize), places: &mut Places) {
    let (letter, last) = (1, key.len() - 1);
    let (first_letter, last_byte) = (u8x64::splat(simd, key[letter]), u8x64::splat(simd, key[last]));
    let both = |letters: &[u8; WIDTH], lasts: &[u8; WIDTH]| {
        let letters = u8x64::from_slice(simd, letters).simd_eq(first_letter);
        (letters & u8x64::from_slice(simd, lasts).simd_eq(last_byte)).to_bitmask()
    };
    let behind = |offset| text.get(offset..).unwrap_or_default();
    let (letters, lasts) = (behind(letter).as_chunks().0, behind(last).as_chunks().0);
    let mut at = base;
    places.begin();
    for (letters, lasts) in letters.iter().zip(lasts).take((end - base).div_ceil(WIDTH)) {
        places.add(at, both(letters, lasts));
        at += WIDTH;
    }
    while at < end {
        let block = |offset| padded(behind(at - base + offset));
        places.add(at, both(&block(letter), &block(last)));
        at += WIDTH;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends of a text's lines, and where the key stands, as a stretch has them.
    fn seen(text: &str, key: &str) -> (Vec<usize>, Vec<usize>) {
        let (mut stretch, mut keys) = (Stretch::new(), Places::default());
        let (buffer, mut start, mut ends, mut places) = (text.as_bytes(), 0, Vec::new(), Vec::new());
        loop {
            if !stretch.has(start) {
                if stretch.look(buffer, start).is_none() {
                    return (ends, places);
                }
                find_key(Level::new(), key.as_bytes(), buffer, start, stretch.end(), &mut keys);
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
}
