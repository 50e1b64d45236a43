//! Some whole lines of a buffer, looked at together, sixty-four bytes at a time: where they end, where quotes stand, and where keys
//! may.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use super::marks::WIDTH;
/// Bytes that are looked at in one go, unless a line is longer: they stay in the nearest cache.
const LENGTH: usize = 16 << 10;

/// The lines, and the keys that are looked for in them.
pub(super) struct Stretch {
    level: Level,
    /// Where the first line begins.
    base: usize,
    /// Behind the newline of the last.
    end: usize,
    newlines: Places,
    /// A bit for each byte from `base` on.
    quotes: Vec<u64>,
    /// The same of what is looked for at a time.
    marks: Vec<u64>,
    keys: Vec<Key>,
    /// Some byte is a backslash: a quote may then be part of a text.
    pub(super) escaped: bool,
}

/// A key in its quotes, and where it may stand.
struct Key {
    name: Vec<u8>,
    places: Places,
}

/// Positions in the order in which they are asked for.
#[derive(Default)]
struct Places {
    at: Vec<usize>,
    count: usize,
    next: usize,
}

impl Stretch {
    /// One in which those keys are looked for, each with its quotes.
    pub(super) fn new(keys: impl Iterator<Item = Vec<u8>>) -> Stretch {
        let keys = keys.map(|name| Key { name, places: Places::default() }).collect();
        Stretch {
            level: Level::new(),
            base: 0,
            end: 0,
            newlines: Places::default(),
            quotes: Vec::new(),
            marks: Vec::new(),
            keys,
            escaped: false,
        }
    }

    /// The buffer has other bytes than before.
    pub(super) fn renew(&mut self) {
        (self.base, self.end) = (0, 0);
    }

    /// Where the line ends that begins at `start`; `None` if it is not there as a whole. Of the lines of a stretch none is asked for
    /// that stands before one that was.
    #[inline(always)]
    pub(super) fn line_end(&mut self, buffer: &[u8], start: usize) -> Option<usize> {
        if !(self.base..self.end).contains(&start) {
            self.look(buffer, start)?;
        }
        self.newlines.from(start)
    }

    /// The next place at or behind `from` and before `end` where the key of that number may stand; each is given once.
    #[inline(always)]
    pub(super) fn key(&mut self, number: usize, from: usize, end: usize) -> Option<usize> {
        let places = &mut self.keys.get_mut(number)?.places;
        let at = places.from(from).filter(|at| *at < end)?;
        places.next += 1;
        Some(at)
    }

    /// The next quote at or behind `from`, which stands in the line that was asked for last.
    #[inline(always)]
    pub(super) fn quote(&self, from: usize) -> Option<usize> {
        let from = from - self.base;
        let mut word = from / WIDTH;
        let mut bits = self.quotes.get(word)? & u64::MAX << (from % WIDTH);
        while bits == 0 {
            word += 1;
            bits = *self.quotes.get(word)?;
        }
        Some(self.base + word * WIDTH + bits.trailing_zeros() as usize)
    }

    #[cold]
    fn look(&mut self, buffer: &[u8], start: usize) -> Option<()> {
        let rest = buffer.get(start..)?;
        let mut length = LENGTH;
        (self.base, self.end) = (start, start);
        loop {
            let bytes = &rest[..rest.len().min(length)];
            self.quotes.resize(bytes.len().div_ceil(WIDTH), 0);
            self.marks.resize(bytes.len().div_ceil(WIDTH), 0);
            let (quotes, marks, newlines) = (self.quotes.as_mut_slice(), self.marks.as_mut_slice(), &mut self.newlines);
            self.escaped = dispatch!(self.level, simd => {
                let escaped = mark(simd, bytes, quotes, marks);
                newlines.set(start, marks);
                escaped
            });
            if let Some(newline) = self.newlines.last() {
                self.end = newline + 1;
                break;
            }
            if bytes.len() == rest.len() {
                return None;
            }
            length *= 4;
        }
        self.marks.truncate((self.end - start).div_ceil(WIDTH));
        for Key { name, places } in &mut self.keys {
            let marks = self.marks.as_mut_slice();
            dispatch!(self.level, simd => {
                seek(simd, rest, name, marks);
                places.set(start, marks);
            });
        }
        Some(())
    }
}

/// Marks quotes and newlines; whether there is a backslash.
#[inline(always)]
fn mark<S: Simd>(simd: S, bytes: &[u8], quotes: &mut [u64], newlines: &mut [u64]) -> bool {
    let (blocks, rest) = bytes.as_chunks::<WIDTH>();
    let last = padded(rest);
    let mut escapes = u8x64::splat(simd, 0).simd_eq(u8x64::splat(simd, 1));
    let splat = |byte| u8x64::splat(simd, byte);
    let (quote, backslash, newline) = (splat(b'"'), splat(b'\\'), splat(b'\n'));
    let blocks = blocks.iter().chain((!rest.is_empty()).then_some(&last));
    for ((block, quotes), newlines) in blocks.zip(quotes).zip(newlines) {
        let block = u8x64::from_slice(simd, block);
        *quotes = block.simd_eq(quote).to_bitmask();
        *newlines = block.simd_eq(newline).to_bitmask();
        escapes |= block.simd_eq(backslash);
    }
    escapes.any_true()
}

/// Marks where a key may stand in each block of `bytes`: where two of its bytes do, its first letter and its closing quote.
#[inline(always)]
fn seek<S: Simd>(simd: S, bytes: &[u8], key: &[u8], marks: &mut [u64]) {
    let (letter, last) = (1, key.len() - 1);
    let (first_letter, last_byte) = (u8x64::splat(simd, key[letter]), u8x64::splat(simd, key[last]));
    let both = |letters: &[u8; WIDTH], lasts: &[u8; WIDTH]| {
        let letters = u8x64::from_slice(simd, letters).simd_eq(first_letter);
        (letters & u8x64::from_slice(simd, lasts).simd_eq(last_byte)).to_bitmask()
    };
    let behind = |offset| bytes.get(offset..).unwrap_or_default();
    let whole = behind(last).len() / WIDTH;
    let (whole_marks, rest) = marks.split_at_mut(whole.min(marks.len()));
    let (letters, lasts) = (behind(letter).as_chunks().0, behind(last).as_chunks().0);
    for ((mark, letters), lasts) in whole_marks.iter_mut().zip(letters).zip(lasts) {
        *mark = both(letters, lasts);
    }
    for (at, mark) in rest.iter_mut().enumerate() {
        let block = |offset| padded(behind((whole + at) * WIDTH + offset));
        *mark = both(&block(letter), &block(last));
    }
}

/// The first bytes as a block, with zeros behind them if they are fewer.
#[inline(always)]
fn padded(bytes: &[u8]) -> [u8; WIDTH] {
    let mut block = [0; WIDTH];
    let length = bytes.len().min(WIDTH);
    block[..length].copy_from_slice(&bytes[..length]);
    block
}

impl Places {
    /// Those that are marked, of blocks the first of which begins at `base`. Most blocks have one or none, which is written without
    /// being asked for.
    #[inline(always)]
    fn set(&mut self, mut base: usize, marks: &[u64]) {
        let mut count = 0;
        for bits in marks {
            if self.at.len() <= count + WIDTH {
                self.at.resize(2 * (count + WIDTH), 0);
            }
            self.at[count] = base + bits.trailing_zeros() as usize;
            count += usize::from(*bits != 0);
            let mut more = bits & bits.wrapping_sub(1);
            while more != 0 {
                self.at[count] = base + more.trailing_zeros() as usize;
                count += 1;
                more &= more - 1;
            }
            base += WIDTH;
        }
        (self.count, self.next) = (count, 0);
    }

    fn last(&self) -> Option<usize> {
        self.at[..self.count].last().copied()
    }

    /// The first at or behind `from`.
    #[inline(always)]
    fn from(&mut self, from: usize) -> Option<usize> {
        while self.next < self.count {
            let at = self.at[self.next];
            if at >= from {
                return Some(at);
            }
            self.next += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stretch says of each line of a text: its end, where the keys stand and which quotes there are.
    fn seen(text: &str, keys: &[&str]) -> Vec<(usize, Vec<usize>, Vec<usize>)> {
        let mut stretch = Stretch::new(keys.iter().map(|key| key.as_bytes().to_vec()));
        let (buffer, mut start, mut lines) = (text.as_bytes(), 0, Vec::new());
        while let Some(end) = stretch.line_end(buffer, start) {
            let mut places = Vec::new();
            for (number, key) in keys.iter().enumerate() {
                let mut from = start;
                while let Some(at) = stretch.key(number, from, end) {
                    from = at + 1;
                    if buffer[at..].starts_with(key.as_bytes()) {
                        places.push(at);
                        from = at + key.len();
                    }
                }
            }
            let mut quotes = Vec::new();
            let mut from = start;
            while let Some(at) = stretch.quote(from).filter(|at| *at < end) {
                quotes.push(at);
                from = at + 1;
            }
            lines.push((end, places, quotes));
            start = end + 1;
        }
        lines
    }

    /// The same, byte by byte.
    fn expected(text: &str, keys: &[&str]) -> Vec<(usize, Vec<usize>, Vec<usize>)> {
        let (mut start, mut lines) = (0, Vec::new());
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let places = keys.iter().flat_map(|key| line.match_indices(*key).map(|(at, _)| start + at));
            let quotes = line.match_indices('"').map(|(at, _)| start + at);
            lines.push((start + line.len() - 1, places.collect(), quotes.collect()));
            start += line.len();
        }
        lines
    }

    #[test]
    fn lines_keys_and_quotes_are_where_they_stand() {
        let keys = ["\"Name\"", "\"a\"", "\"a_key_of_more_than_sixteen_bytes\"", "\"\""];
        for filler in (0..200).chain([LENGTH - 100, LENGTH, 5 * LENGTH]) {
            let filler = "\"Nam\"ab\"".chars().cycle().take(filler).collect::<String>();
            let line = r#"{"Name":"Name","a":"","a_key_of_more_than_sixteen_bytes":"a"}"#;
            for text in [format!("{filler}{line}\n{line}\n\n{filler}"), format!("\n{line}{filler}{line}\n\"Name\"\n{line}")] {
                assert_eq!(seen(&text, &keys), expected(&text, &keys), "{}", filler.len());
            }
        }
        assert_eq!(seen(&"\n".repeat(3 * LENGTH), &keys).len(), 3 * LENGTH);
    }

    #[test]
    fn lines_may_be_passed_by() {
        let text = "{\"a\":1}\n".repeat(LENGTH);
        let mut stretch = Stretch::new(std::iter::once(b"\"a\"".to_vec()));
        for line in [0, 1, 5, 100, LENGTH / 2, LENGTH - 1] {
            let start = 8 * line;
            assert_eq!(stretch.line_end(text.as_bytes(), start), Some(start + 7));
            assert_eq!(stretch.key(0, start, start + 7), Some(start + 1));
            assert_eq!(stretch.key(0, start, start + 7), None);
        }
        assert_eq!(stretch.line_end(text.as_bytes(), text.len()), None);
        stretch.renew();
        assert_eq!(stretch.line_end(text.as_bytes(), 0), Some(7));
        assert!(!stretch.escaped);
    }
}
