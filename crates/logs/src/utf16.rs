//! Text in UTF-16 as UTF-8: bytes in, bytes out, in pieces.

use std::io::{self, Read};

/// How the two bytes of a unit make a number.
pub(crate) type Order = fn([u8; 2]) -> u16;

/// The byte order mark, which is no part of the text.
const MARK: char = '\u{feff}';

/// The order of the bytes, if they are the first of text in UTF-16: by its mark, or because each second one of them is zero, as it is
/// for ASCII.
pub(crate) fn order(first: &[u8]) -> Option<Order> {
    match first {
        // With zeros behind it is the mark of UTF-32.
        [0xff, 0xfe, 0, 0, ..] => None,
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        [a, 0, b, 0, c, 0, d, 0, ..] if ![a, b, c, d].contains(&&0) => Some(u16::from_le_bytes),
        [0, a, 0, b, 0, c, 0, d, ..] if ![a, b, c, d].contains(&&0) => Some(u16::from_be_bytes),
        _ => None,
    }
}

/// The text that a reader gives in UTF-16, as UTF-8 without its mark. What is no character becomes U+FFFD.
pub(crate) struct Utf8<R> {
    reader: R,
    order: Order,
    /// Read, and not yet text.
    units: Vec<u8>,
    text: String,
    /// So much of it was given.
    given: usize,
    began: bool,
}

const READ_BYTES: u64 = 64 << 10;

impl<R: Read> Utf8<R> {
    pub(crate) fn new(reader: R, order: Order) -> Utf8<R> {
        Utf8 { reader, order, units: Vec::new(), text: String::new(), given: 0, began: false }
    }

    /// Makes text of what comes next; there is none at the end.
    fn go_on(&mut self) -> io::Result<()> {
        self.text.clear();
        self.given = 0;
        while self.text.is_empty() {
            let ended = self.reader.by_ref().take(READ_BYTES).read_to_end(&mut self.units)? == 0;
            let whole = if ended { self.units.len() } else { self.whole() };
            // A byte by itself at the end is no character.
            let unit = |bytes: &[u8]| bytes.try_into().map_or(0xdc00, self.order);
            let units = self.units[..whole].chunks(2).map(unit);
            self.text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
            self.units.drain(..whole);
            if !std::mem::replace(&mut self.began, true) && self.text.starts_with(MARK) {
                self.text.drain(..MARK.len_utf8());
            }
            if ended {
                break;
            }
        }
        Ok(())
    }

    /// How many of the bytes are whole characters: the second half of a pair may still come.
    fn whole(&self) -> usize {
        let even = self.units.len() / 2 * 2;
        let last = self.units[..even].last_chunk().map_or(0, |unit| (self.order)(*unit));
        if (0xd800..0xdc00).contains(&last) { even - 2 } else { even }
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.go_on()?;
        }
        let read = self.text.as_bytes()[self.given..].as_ref().read(buffer)?;
        self.given += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time.
    struct Slow<'b>(&'b [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let some = buffer.len().min(1);
            self.0.read(&mut buffer[..some])
        }
    }

    #[test]
    fn text_is_read_in_both_orders_however_it_comes() {
        let long = "\u{1f98a} fox, mündlich\n".repeat(9000);
        for text in ["", "Name\r\n", "a\u{feff}b 日本 \u{1f98a}", &long] {
            for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                let units: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
                let marked = [&bytes(0xfeff)[..], &units].concat();
                let order = order(&marked).unwrap();
                for marked in [marked, units] {
                    let (mut all, mut slow) = (String::new(), String::new());
                    Utf8::new(&marked[..], order).read_to_string(&mut all).unwrap();
                    Utf8::new(Slow(&marked), order).read_to_string(&mut slow).unwrap();
                    assert_eq!((all.as_str(), slow.as_str()), (text, text));
                }
            }
        }
    }

    #[test]
    fn what_is_no_character_is_told() {
        for (bytes, text) in [(&b"a\0\x3d\xd8"[..], "a\u{fffd}"), (b"\x3d\xd8a\0", "\u{fffd}a"), (b"a\0b", "a\u{fffd}")] {
            let mut all = String::new();
            Utf8::new(bytes, u16::from_le_bytes).read_to_string(&mut all).unwrap();
            assert_eq!(all, text);
        }
    }

    #[test]
    fn first_bytes_tell() {
        for (first, is) in [
            (&b"\xff\xfea\0"[..], true),
            (b"\xfe\xff\0a", true),
            (b"N\0a\0m\0e\0", true),
            (b"\0N\0a\0m\0e", true),
            (b"\xff\xfe\0\0a\0\0\0", false),
            (b"Name,Typ", false),
            (b"a\0\0\0b\0\0\0", false),
            (b"a\0", false),
        ] {
            assert_eq!(order(first).is_some(), is, "{first:?}");
        }
    }
}
