//! Bytes as text. Comes in: a file's bytes, in UTF-8 or UTF-16. Goes out: its text, or what it is instead.

/// Files that are no text, by what they start with, and what to do with them.
const KINDS: [(&[u8], &str); 7] = [
    (b"\xfd7zXZ\0", "packed with xz: unpack it first, or pack it with gzip"),
    (b"BZh", "packed with bzip2: unpack it first, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd: unpack it first, or pack it with gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first, or pack it as zip"),
    (b"PAR1", "a Parquet file: write it as CSV or JSON first"),
    (b"SQLite format 3\0", "an SQLite database: write its table as CSV first"),
    (b"%PDF-", "a PDF: write its indicators into a list, one a line"),
];

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The text, without a byte order mark.
///
/// # Errors
/// What the file is, if that tells that it is no text.
pub(super) fn text_of(mut bytes: Vec<u8>) -> Result<String, &'static str> {
    if let Some((_, kind)) = KINDS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(kind);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Err("a tar archive: unpack it first and name the folder, or pack it as zip");
    }
    let text = match utf16(&bytes) {
        Some((order, rest)) => decoded(order, rest),
        None => {
            if bytes.starts_with(MARK) {
                bytes.drain(..MARK.len());
            }
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
    };
    if text.trim().is_empty() { Err("there is nothing in it") } else { Ok(text) }
}

/// How the two bytes of a unit make a number.
type Order = fn([u8; 2]) -> u16;

/// The bytes are UTF-16: by their mark, or because each second one of the first few is zero, as it is for ASCII.
fn utf16(bytes: &[u8]) -> Option<(Order, &[u8])> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Some((u16::from_le_bytes, rest));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Some((u16::from_be_bytes, rest));
    }
    match *bytes.first_chunk::<8>()? {
        [a, 0, b, 0, c, 0, d, 0] if ![a, b, c, d].contains(&0) => Some((u16::from_le_bytes, bytes)),
        [0, a, 0, b, 0, c, 0, d] if ![a, b, c, d].contains(&0) => Some((u16::from_be_bytes, bytes)),
        _ => None,
    }
}

fn decoded(order: Order, bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(order);
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_encodings() {
        let units = |mark: &[u8], order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.iter().copied().chain("evil.shop\nmünchen.de".encode_utf16().flat_map(order)).collect()
        };
        for bytes in [
            b"\xef\xbb\xbfevil.shop\nm\xc3\xbcnchen.de".to_vec(),
            units(b"\xff\xfe", u16::to_le_bytes),
            units(b"\xfe\xff", u16::to_be_bytes),
            units(b"", u16::to_le_bytes),
            units(b"", u16::to_be_bytes),
        ] {
            assert_eq!(text_of(bytes).as_deref(), Ok("evil.shop\nmünchen.de"));
        }
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert_eq!(text_of(b"".to_vec()), Err("there is nothing in it"));
        assert_eq!(text_of(b"\xff\xfe\n\0".to_vec()), Err("there is nothing in it"));
        assert!(text_of(b"BZh91AY".to_vec()).is_err_and(|kind| kind.contains("bzip2")));
        let tar = [&b"list.txt"[..], &[0; 249], b"ustar\x0000"].concat();
        assert!(text_of(tar).is_err_and(|kind| kind.starts_with("a tar archive")));
    }
}
