//! Some whole lines of a buffer, looked at together: where they end, and where a key may stand in them.

use fearless_simd::{Level, Simd, dispatch};
use memchr::memchr;

use crate::marks::{Marked, Marks, WIDTH, padded};
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

    /// Where all lines end, for who goes through them by itself.
    #[inline(always)]
    pub(super) fn newlines(&mut self) -> &mut Places {
        &mut self.newlines
    }

    /// Marks where the lines are: see [`Places::mark`].
    #[inline(always)]
    pub(super) fn mark(&mut self) {
        self.newlines.mark();
    }

    pub(super) fn rewind(&mut self) {
        self.newlines.rewind();
    }

    /// Looks at the lines from `start` on; `None` if there is none as a whole, else whether a backslash stands in them or near.
    pub(super) fn look(&mut self, buffer: &[u8], start: usize) -> Option<bool> {
        (self.base, self.end) = (start, start);
        let rest = buffer.get(start..)?;
        let first = memchr(b'\n', rest)?;
        let (from, until) = (block_of(start), start + rest.len().min(LENGTH.max(first + 1)));
        let Stretch { level, newlines, .. } = self;
        let backslashes = dispatch!(*level, simd => {
            let marked = Marked::new(simd, *b"\n\\");
            let (mut at, mut all) = (from, 0);
            newlines.begin();
            let (blocks, rest) = buffer[from..until].as_chunks();
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

/// Where the block begins that holds that byte. Buffers begin where blocks do, and none that is loaded then lies in two lines of
/// the cache.
fn block_of(at: usize) -> usize {
    at - at % WIDTH
}

/// Finds where a key, in its quotes, may stand in some lines, between `base` and `end` of the buffer: where its first letter and
/// its quotes do. Places before `base` may be among them.
pub(super) fn find_key(level: Level, key: &[u8], buffer: &[u8], base: usize, end: usize, places: &mut Places) {
    dispatch!(level, simd => find_key_here(simd, key, &buffer[block_of(base)..end], block_of(base), places));
}

#[inline(always)]
fn find_key_here<S: Simd>(simd: S, key: &[u8], text: &[u8], mut at: usize, places: &mut Places) {
    // Of a long key, another byte stands for the closing quote; it does not tell where the opening one stands.
    let far = (key.len() - 1).min(WIDTH - 1);
    let bytes = [key[1], key[far]];
    let not_told = if key[far] == b'"' { 0 } else { u64::MAX };
    let keys = |[letters, quotes]: Marks<2>, [more_letters, more_quotes]: Marks<2>| {
        let letters = letters >> 1 | more_letters << (WIDTH - 1);
        letters & (quotes | not_told) & (quotes >> far | more_quotes << (WIDTH - far))
    };
    let marked = Marked::new(simd, bytes);
    let (blocks, rest) = text.as_chunks();
    let last = marked.in_block(&padded(rest));
    places.begin();
    if let Some((first, others)) = blocks.split_first() {
        let mut seen = marked.in_block(first);
        for block in others {
            let marks = marked.in_block(block);
            places.add(at, keys(seen, marks));
            (seen, at) = (marks, at + WIDTH);
        }
        places.add(at, keys(seen, last));
        at += WIDTH;
    }
    places.add(at, keys(last, [0; 2]));
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
        let long = format!("\"{}\"", "a_long_key".repeat(8));
        for key in ["\"Name\"", "\"a\"", "\"a_key_of_more_than_sixteen_bytes\"", &long, "\"\""] {
            for filler in (0..200).chain([LENGTH - 100, LENGTH, 5 * LENGTH]) {
                let filler = "\"Nam\"ab\"".chars().cycle().take(filler).collect::<String>();
                let line = format!(r#"{{"Name":"Name","a":"","a_key_of_more_than_sixteen_bytes":"a",{long}:1}}"#);
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
