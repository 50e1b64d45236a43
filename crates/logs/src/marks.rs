//! Where bytes that mean something stand, sixty-four bytes at a time: a bit for each byte.
//!
//! What works on blocks is compiled for the instructions of a processor only where it is part of what `dispatch!` calls. A function
//! that takes a closure and is not `inline(always)`, as many of the standard library's, may stay one of its own, and be slow: so
//! here are loops.

use fearless_simd::{Simd, prelude::*, u8x64};

/// Bytes of a block.
pub(crate) const WIDTH: usize = 64;

/// Where some bytes stand in a block.
pub(crate) type Marks<const N: usize> = [u64; N];

/// Bytes that are marked.
pub(crate) struct Marked<S: Simd, const N: usize> {
    simd: S,
    bytes: [u8x64<S>; N],
}

impl<S: Simd, const N: usize> Marked<S, N> {
    #[inline(always)]
    pub(crate) fn new(simd: S, bytes: [u8; N]) -> Marked<S, N> {
        let mut all = [u8x64::splat(simd, 0); N];
        for (wide, byte) in all.iter_mut().zip(bytes) {
            *wide = u8x64::splat(simd, byte);
        }
        Marked { simd, bytes: all }
    }

    #[inline(always)]
    pub(crate) fn in_block(&self, block: &[u8; WIDTH]) -> Marks<N> {
        let block = u8x64::from_slice(self.simd, block);
        let mut marks = [0; N];
        for (marks, byte) in marks.iter_mut().zip(&self.bytes) {
            *marks = block.simd_eq(*byte).to_bitmask();
        }
        marks
    }
}

/// Calls `on` with the marks of each block of a text, the last of which may be shorter. It should be short, as only then it is
/// compiled for the same instructions.
#[inline(always)]
pub(crate) fn each_block<S: Simd, const N: usize>(simd: S, text: &[u8], bytes: [u8; N], mut on: impl FnMut(Marks<N>)) {
    let marked = Marked::new(simd, bytes);
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    for block in blocks {
        on(marked.in_block(block));
    }
    if !rest.is_empty() {
        on(marked.in_block(&padded(rest)));
    }
}

/// Where a byte stands in a text, for who asks from left to right: where it stands often, that is less work than to search anew.
pub(crate) struct Finder<'t, S: Simd> {
    marked: Marked<S, 1>,
    text: &'t [u8],
    /// Where the block at hand begins.
    base: usize,
    marks: u64,
}

impl<'t, S: Simd> Finder<'t, S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, byte: u8, text: &'t [u8]) -> Finder<'t, S> {
        let mut finder = Finder { marked: Marked::new(simd, [byte]), text, base: 0, marks: 0 };
        finder.look();
        finder
    }

    /// Looks at the block at hand.
    #[inline(always)]
    fn look(&mut self) {
        let rest = self.text.get(self.base..).unwrap_or_default();
        self.marks = match (rest.first_chunk(), self.text.last_chunk::<WIDTH>()) {
            (Some(block), _) => self.marked.in_block(block)[0],
            (None, Some(last)) if !rest.is_empty() => self.marked.in_block(last)[0] >> (WIDTH - rest.len()),
            _ => self.marked.in_block(&padded(rest))[0] & !(u64::MAX << rest.len()),
        };
    }

    /// The first place from `from` on.
    #[inline(always)]
    pub(crate) fn find(&mut self, from: usize) -> Option<usize> {
        loop {
            let before = from.saturating_sub(self.base);
            if before < WIDTH && self.marks >> before != 0 {
                return Some(self.base + before + (self.marks >> before).trailing_zeros() as usize);
            }
            if self.base + WIDTH >= self.text.len() {
                return None;
            }
            self.base += WIDTH;
            self.look();
        }
    }

    /// How many places there are from `from` on; nothing more can be asked then.
    #[inline(always)]
    pub(crate) fn count(mut self, from: usize) -> usize {
        let mut count = 0;
        loop {
            let before = from.saturating_sub(self.base);
            if before < WIDTH {
                count += (self.marks >> before).count_ones() as usize;
            }
            if self.base + WIDTH >= self.text.len() {
                return count;
            }
            self.base += WIDTH;
            self.look();
        }
    }
}

/// The first bytes as a block, with zeros behind them if they are fewer.
#[inline(always)]
pub(crate) fn padded(bytes: &[u8]) -> [u8; WIDTH] {
    let mut block = [0; WIDTH];
    let length = bytes.len().min(WIDTH);
    block[..length].copy_from_slice(&bytes[..length]);
    block
}

/// Which bytes of records stand in quotes. A quote opens a field at its beginning, and nowhere else, as
/// [`opens_field`](crate::frame::opens_field) has it.
#[derive(Debug)]
pub(crate) struct Quotes {
    /// All bits, if a quoted field goes on; else none.
    open: u64,
    /// A field, or after a closing quote what two of them stand for, may begin at the next byte.
    may_open: u64,
}

/// What quotes make of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted {
    /// From each opening quote, itself included, to before the one that closes it.
    pub(crate) inside: u64,
    /// Quotes that stand within a field that is not quoted. What is inside is not known from there on.
    pub(crate) stray: u64,
}

impl Quotes {
    /// Where a record begins.
    #[inline(always)]
    pub(crate) fn new() -> Quotes {
        Quotes { open: 0, may_open: 1 }
    }

    /// Of the next block, given where delimiters, quotes and newlines stand in it.
    #[inline(always)]
    pub(crate) fn of_block(&mut self, [delimiters, quotes, newlines]: Marks<3>) -> Quoted {
        let before = delimiters | newlines | quotes;
        let may_open = before << 1 | self.may_open;
        self.may_open = before >> (WIDTH - 1);
        let inside = parity(quotes) ^ self.open;
        self.open = if inside >> (WIDTH - 1) == 1 { u64::MAX } else { 0 };
        Quoted { inside, stray: quotes & inside & !may_open }
    }
}

/// For each bit whether the number of bits set up to it, itself included, is odd.
#[inline(always)]
fn parity(bits: u64) -> u64 {
    // Most have at most two.
    let others = bits & bits.wrapping_sub(1);
    if others & others.wrapping_sub(1) == 0 {
        return others.wrapping_sub(bits ^ others);
    }
    [1, 2, 4, 8, 16, 32].into_iter().fold(bits, |bits, shift| bits ^ bits << shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::{Level, dispatch};

    /// For each byte of a text, whether it is inside quotes, up to the first stray quote, by a reader of single bytes.
    fn expected(text: &str) -> Vec<bool> {
        let (mut inside, mut open, mut before) = (Vec::new(), false, b'\n');
        for byte in text.bytes() {
            match byte {
                b'"' if open => open = false,
                b'"' if matches!(before, b',' | b'"' | b'\n') => open = true,
                b'"' => return inside,
                _ => {}
            }
            inside.push(open);
            before = byte;
        }
        inside
    }

    fn found(text: &str) -> Vec<bool> {
        let (mut quotes, mut inside, mut known) = (Quotes::new(), Vec::new(), true);
        dispatch!(Level::new(), simd => each_block(simd, text.as_bytes(), *b",\"\n", |marks| {
            let quoted = quotes.of_block(marks);
            let bits = if known { quoted.stray.trailing_zeros() } else { 0 };
            inside.extend((0..bits).map(|bit| quoted.inside >> bit & 1 == 1));
            known &= quoted.stray == 0;
        }));
        inside.truncate(text.len());
        inside
    }

    #[test]
    fn bytes_are_found_from_left_to_right() {
        for length in 0..200 {
            let text: Vec<u8> = (0..length).map(|at: usize| if at * at % 7 < 2 || at % 90 > 80 { b',' } else { b'x' }).collect();
            for step in [1, 2, 50, 70, 130] {
                let found: Vec<Option<usize>> = dispatch!(Level::new(), simd => {
                    let mut finder = Finder::new(simd, b',', &text);
                    (0..=length).step_by(step).map(|from| finder.find(from)).collect()
                });
                let expected = (0..=length).step_by(step);
                let expected = expected.map(|from| text[from..].iter().position(|byte| *byte == b',').map(|at| from + at));
                assert_eq!(found, expected.collect::<Vec<_>>(), "{length} {step}");
                for from in (0..=length).step_by(step) {
                    let count = dispatch!(Level::new(), simd => {
                        let mut finder = Finder::new(simd, b',', &text);
                        finder.find(from / 2);
                        finder.count(from)
                    });
                    let expected = text[from..].iter().filter(|byte| **byte == b',').count();
                    assert_eq!(count, expected, "{length} {from}");
                }
            }
        }
    }

    #[test]
    fn what_stands_in_quotes_is_told() {
        for part in
            ["a,\"b,c\",d", "\"\",\"\"\"x,y\"\"\"", "5\" disk,x", "\"a", "\"a\"b,c", "", "x\n\"p\nq\",\"\"", "\"a\" \"b,c\""]
        {
            for filler in 0..140 {
                let text = format!("{},{part}", "z".repeat(filler));
                assert_eq!(found(&text), expected(&text), "{text}");
                let text = format!("\"{}\",{part}", ",".repeat(filler));
                assert_eq!(found(&text), expected(&text), "{text}");
            }
        }
    }
}
