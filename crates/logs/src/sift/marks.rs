//! Where bytes that mean something stand, sixty-four bytes at a time: a bit for each byte.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

/// Bytes of a block.
pub(super) const WIDTH: usize = 64;
/// Blocks that are looked at in one go.
const BLOCKS: usize = 64;

/// The marks of a buffer's blocks; those of a stretch are kept, since lines do not end where blocks do.
pub(super) struct Blocks {
    level: Level,
    bytes: [u8; 2],
    /// Where the stretch begins, and how many blocks there are.
    base: usize,
    count: usize,
    marks: Box<[Marks; BLOCKS]>,
}

/// What stands in a block.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks {
    /// Where each of the two bytes stands that are looked for.
    pub(super) bytes: [u64; 2],
    newlines: u64,
}

impl Blocks {
    /// Those of two bytes, and of newlines.
    pub(super) fn new(bytes: [u8; 2]) -> Blocks {
        Blocks { level: Level::new(), bytes, base: 0, count: 0, marks: Box::new([Marks::default(); BLOCKS]) }
    }

    /// The buffer has other bytes than before.
    pub(super) fn renew(&mut self) {
        self.count = 0;
    }

    /// Those of the block that begins at `base`, a multiple of its width; `None` behind the buffer's end.
    #[inline(always)]
    pub(super) fn marks(&mut self, buffer: &[u8], base: usize) -> Option<Marks> {
        let at = base.wrapping_sub(self.base) / WIDTH;
        if at < self.count {
            return Some(self.marks[at]);
        }
        self.look(buffer, base)
    }

    #[cold]
    fn look(&mut self, buffer: &[u8], base: usize) -> Option<Marks> {
        let rest = buffer.get(base..).filter(|rest| !rest.is_empty())?;
        let stretch = &rest[..rest.len().min(BLOCKS * WIDTH)];
        let (bytes, marks) = (self.bytes, self.marks.as_mut_slice());
        dispatch!(self.level, simd => mark(simd, stretch, bytes, marks));
        (self.base, self.count) = (base, stretch.len().div_ceil(WIDTH));
        Some(self.marks[0])
    }
}

#[inline(always)]
fn mark<S: Simd>(simd: S, stretch: &[u8], bytes: [u8; 2], marks: &mut [Marks]) {
    let (blocks, rest) = stretch.as_chunks::<WIDTH>();
    let mut padded = [0; WIDTH];
    padded[..rest.len()].copy_from_slice(rest);
    let last = (!rest.is_empty()).then_some(&padded);
    for (marks, block) in marks.iter_mut().zip(blocks.iter().chain(last)) {
        let block = u8x64::from_slice(simd, block);
        let equal = |byte| block.simd_eq(u8x64::splat(simd, byte)).to_bitmask();
        *marks = Marks { bytes: bytes.map(equal), newlines: equal(b'\n') };
    }
}

impl Marks {
    /// Of a line that begins at bit `start`: those from there on, up to its newline.
    #[inline(always)]
    pub(super) fn of_line(self, start: usize) -> Marks {
        let newlines = self.newlines & u64::MAX << start;
        let line = (newlines & newlines.wrapping_neg()).wrapping_sub(1) & u64::MAX << start;
        Marks { bytes: self.bytes.map(|bits| bits & line), newlines }
    }

    /// Where the first newline stands.
    #[inline(always)]
    pub(super) fn newline(&self) -> Option<usize> {
        (self.newlines != 0).then(|| self.newlines.trailing_zeros() as usize)
    }
}

/// Which bytes of a line stand in quotes. A quote opens a field at its beginning, and nowhere else, as [`crate::frame::opens_field`]
/// has it.
#[derive(Default)]
pub(super) struct Quotes {
    /// The line has some.
    pub(super) any: bool,
    /// All bits, if a quoted field goes on; else none.
    open: u64,
    /// A field, or after a closing quote what two of them stand for, may begin at the next byte.
    may_open: u64,
}

impl Quotes {
    /// Of a line that begins at bit `start` of a block.
    #[inline(always)]
    pub(super) fn new(start: usize) -> Quotes {
        Quotes { may_open: 1 << start, ..Quotes::default() }
    }

    /// Given where delimiters and quotes stand in its next block, the delimiters outside quotes; `None` if a quote stands within a field that is not quoted, or the line ends inside quotes.
    #[inline(always)]
    pub(super) fn outside(&mut self, marks: &Marks) -> Option<u64> {
        let [delimiters, quotes] = marks.bytes;
        if quotes == 0 && self.open == 0 {
            self.may_open = delimiters >> (WIDTH - 1);
            return Some(delimiters);
        }
        self.any = true;
        // From each opening quote, itself included, to before the one that closes it.
        let inside = parity(quotes) ^ self.open;
        let before = delimiters | quotes;
        if quotes & inside & !(before << 1 | self.may_open) != 0 {
            return None;
        }
        self.may_open = before >> (WIDTH - 1);
        self.open = if inside >> (WIDTH - 1) == 1 { u64::MAX } else { 0 };
        match marks.newline() {
            Some(newline) if inside >> newline & 1 == 1 => None,
            _ => Some(delimiters & !inside),
        }
    }
}

/// For each bit whether the number of bits set up to it, itself included, is odd.
#[inline(always)]
fn parity(bits: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].into_iter().fold(bits, |bits, shift| bits ^ bits << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of a line as a reader of single bytes tells them; `None` where [`Quotes`] must not tell.
    fn expected(line: &str) -> Option<usize> {
        let (mut fields, mut open, mut before) = (1, false, b',');
        for byte in line.bytes() {
            match byte {
                b'"' if open => open = false,
                b'"' if matches!(before, b',' | b'"') => open = true,
                b'"' => return None,
                b',' if !open => fields += 1,
                _ => {}
            }
            before = byte;
        }
        (!open).then_some(fields)
    }

    /// The same by blocks, of a line that begins at byte `start`.
    fn counted(line: &str, start: usize) -> Option<usize> {
        let text = format!("{}{line}\nx,\"y", "\"\n,".chars().cycle().take(start).collect::<String>());
        let (mut blocks, mut quotes) = (Blocks::new([b',', b'"']), Quotes::new(start % WIDTH));
        let (mut from, mut base, mut fields) = (start % WIDTH, start - start % WIDTH, 1);
        loop {
            let marks = blocks.marks(text.as_bytes(), base)?.of_line(from);
            fields += quotes.outside(&marks)?.count_ones() as usize;
            if marks.newline().is_some() {
                return Some(fields);
            }
            (from, base) = (0, base + WIDTH);
        }
    }

    #[test]
    fn delimiters_in_quotes_are_none() {
        for part in
            ["a,\"b,c\",d", "\"\",\"\"\"x,y\"\"\"", "5\" disk,x", "\"a", "\"a\"b,c", "", "x,\"p,q\",\"\"", "\"a\" \"b,c\""]
        {
            for filler in 0..140 {
                let line = format!("{},{part}", "z".repeat(filler));
                assert_eq!(counted(&line, filler * 37), expected(&line), "{line}");
                let line = format!("\"{}\",{part}", ",".repeat(filler));
                assert_eq!(counted(&line, filler), expected(&line), "{line}");
            }
        }
    }

    #[test]
    fn blocks_are_looked_at_anew_where_others_are_asked_for() {
        let mut text = "a,b\n".repeat(BLOCKS * WIDTH);
        text.push(',');
        let mut blocks = Blocks::new([b',', b'"']);
        for base in [0, WIDTH, BLOCKS * WIDTH, 0, 3 * BLOCKS * WIDTH + WIDTH] {
            let marks = blocks.marks(text.as_bytes(), base).unwrap();
            assert_eq!((marks.bytes[0], marks.newline()), (0x2222_2222_2222_2222, Some(3)), "{base}");
        }
        let end = blocks.marks(text.as_bytes(), text.len() - 1).unwrap();
        assert_eq!((end.bytes[0], end.newline()), (1, None));
        assert!(blocks.marks(text.as_bytes(), text.len() - 1 + WIDTH).is_none());
        assert!(Blocks::new([b',', b'"']).marks(b"", 0).is_none());
    }
}
