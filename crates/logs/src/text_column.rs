//! A column of texts. In: bytes as they stand in records. Out: an Arrow array of strings.

use std::mem;

use arrow::array::{LargeStringArray, StringViewArray};
use arrow::buffer::{Buffer, OffsetBuffer};

/// Texts one behind the other. Whether they are UTF-8 is found out of all of them at once, which costs a fraction of asking each.
pub(crate) struct TextColumn {
    bytes: Vec<u8>,
    /// Where the first begins, and where each ends.
    borders: Vec<i64>,
}

impl TextColumn {
    /// Room for so many.
    pub(crate) fn new(count: usize) -> TextColumn {
        let mut borders = Vec::with_capacity(count + 1);
        borders.push(0);
        TextColumn { bytes: Vec::new(), borders }
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.borders.push(self.bytes.len() as i64);
    }

    /// The texts; what is no UTF-8 in them becomes U+FFFD. None are left.
    pub(crate) fn finish(&mut self) -> StringViewArray {
        let next = Vec::with_capacity(self.borders.len());
        let borders = OffsetBuffer::new(mem::replace(&mut self.borders, next).into());
        self.borders.push(0);
        let next = Vec::with_capacity(self.bytes.len());
        let bytes = Buffer::from_vec(mem::replace(&mut self.bytes, next));
        match LargeStringArray::try_new(borders.clone(), bytes.clone(), None) {
            Ok(texts) => StringViewArray::from(&texts),
            Err(_) => {
                let text = |border: &[i64]| String::from_utf8_lossy(&bytes[border[0] as usize..border[1] as usize]);
                borders.windows(2).map(text).map(Some).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(texts: &[&[u8]]) -> Vec<String> {
        let mut column = TextColumn::new(texts.len());
        for round in 0..2 {
            texts.iter().for_each(|text| column.push(text));
            let array = column.finish();
            let found: Vec<String> = array.iter().map(|text| text.unwrap().to_owned()).collect();
            if round == 1 {
                return found;
            }
        }
        Vec::new()
    }

    #[test]
    fn texts_are_what_each_is_by_itself() {
        let long = "a text that is longer than a view";
        assert_eq!(built(&[b"a", b"", "caf\u{e9}".as_bytes(), long.as_bytes()]), ["a", "", "caf\u{e9}", long]);
        assert_eq!(built(&[b"a\xff", b"b", b"\xc3", b"\xa9"]), ["a\u{fffd}", "b", "\u{fffd}", "\u{fffd}"]);
        assert_eq!(built(&[b"\xc3", b"\xa9"]), ["\u{fffd}", "\u{fffd}"]);
        assert!(built(&[]).is_empty());
    }
}
