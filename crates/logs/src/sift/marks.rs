//! Where bytes that mean something stand, sixty-four bytes at a time: a bit for each byte.

use wide::u8x16;

/// Bytes that are looked at together.
pub(super) const WIDTH: usize = 64;

/// What stands in the bytes up to the newline.
pub(super) struct Marks {
    pub(super) delimiters: u64,
    pub(super) specials: u64,
    /// Where the newline stands.
    pub(super) newline: Option<usize>,
}

impl Marks {
    /// Those in the bytes from `base` on; `None` if there are no more.
    #[inline]
    pub(super) fn of(buffer: &[u8], base: usize, delimiter: u8, special: u8) -> Option<Marks> {
        let rest = buffer.get(base..)?;
        match rest.first_chunk() {
            Some(bytes) => Some(Marks::within(bytes, delimiter, special)),
            None if rest.is_empty() => None,
            None => {
                let mut padded = [0; WIDTH];
                padded[..rest.len()].copy_from_slice(rest);
                Some(Marks::within(&padded, delimiter, special))
            }
        }
    }

    #[inline]
    fn within(bytes: &[u8; WIDTH], delimiter: u8, special: u8) -> Marks {
        let newlines = equal(bytes, b'\n');
        let before = (newlines & newlines.wrapping_neg()).wrapping_sub(1);
        Marks {
            delimiters: equal(bytes, delimiter) & before,
            specials: equal(bytes, special) & before,
            newline: (newlines != 0).then(|| newlines.trailing_zeros() as usize),
        }
    }
}

/// A bit for each byte that is that one.
#[inline]
fn equal(bytes: &[u8; WIDTH], byte: u8) -> u64 {
    let (quarters, _) = bytes.as_chunks::<16>();
    quarters.iter().rev().fold(0, |bits, quarter| {
        let equal = u8x16::new(*quarter).simd_eq(u8x16::splat(byte)).to_bitmask();
        bits << 16 | u64::from(equal)
    })
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
    /// At the beginning of a line.
    #[inline]
    pub(super) fn new() -> Quotes {
        Quotes { may_open: 1, ..Quotes::default() }
    }

    /// The delimiters outside quotes; `None` if a quote stands within a field that is not quoted, or the line ends inside quotes.
    #[inline]
    pub(super) fn outside(&mut self, marks: &Marks) -> Option<u64> {
        if marks.specials == 0 && self.open == 0 {
            self.may_open = marks.delimiters >> (WIDTH - 1);
            return Some(marks.delimiters);
        }
        self.any = true;
        let quotes = marks.specials;
        // From each opening quote, itself included, to before the one that closes it.
        let inside = parity(quotes) ^ self.open;
        let before = marks.delimiters | quotes;
        if quotes & inside & !(before << 1 | self.may_open) != 0 {
            return None;
        }
        self.may_open = before >> (WIDTH - 1);
        self.open = if inside >> (WIDTH - 1) == 1 { u64::MAX } else { 0 };
        match marks.newline {
            Some(newline) if inside >> newline & 1 == 1 => None,
            _ => Some(marks.delimiters & !inside),
        }
    }
}

/// For each bit whether the number of bits set up to it, itself included, is odd.
#[inline]
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

    fn counted(line: &str) -> Option<usize> {
        let text = format!("{line}\nx,\"y");
        let (mut quotes, mut fields, mut base) = (Quotes::new(), 1, 0);
        loop {
            let marks = Marks::of(text.as_bytes(), base, b',', b'"')?;
            fields += quotes.outside(&marks)?.count_ones() as usize;
            if marks.newline.is_some() {
                return Some(fields);
            }
            base += WIDTH;
        }
    }

    #[test]
    fn delimiters_in_quotes_are_none() {
        for part in
            ["a,\"b,c\",d", "\"\",\"\"\"x,y\"\"\"", "5\" disk,x", "\"a", "\"a\"b,c", "", "x,\"p,q\",\"\"", "\"a\" \"b,c\""]
        {
            for filler in 0..140 {
                let line = format!("{},{part}", "z".repeat(filler));
                assert_eq!(counted(&line), expected(&line), "{line}");
                let line = format!("\"{}\",{part}", ",".repeat(filler));
                assert_eq!(counted(&line), expected(&line), "{line}");
            }
        }
    }

    #[test]
    fn a_line_without_an_end_is_none() {
        assert!(Marks::of(b"", 0, b',', b'"').is_none());
        assert!(Marks::of(b"a,b", 0, b',', b'"').is_some_and(|marks| marks.newline.is_none() && marks.delimiters == 2));
    }
}
