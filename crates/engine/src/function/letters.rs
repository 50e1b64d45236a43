//! Where terms stand in a text: maximal runs of letters and digits. Texts in, positions out; of texts in ASCII many bytes at a time.

use fearless_simd::{Simd, prelude::*, u8x64};
use wide::u8x16;

/// Calls `on(start, end)` for each term of a text in ASCII, until it returns true; whether it did. `None` if the text is not in
/// ASCII, and it did not return true before.
#[inline(always)]
pub(super) fn each_ascii_term(text: &[u8], mut on: impl FnMut(usize, usize) -> bool) -> Option<bool> {
    // Where the term begins that is not yet over, if it is one.
    let (mut begun, mut inside) = (0, 0);
    for base in (0..text.len()).step_by(Letters::WIDTH) {
        if inside == 0 {
            begun = base;
        }
        let letters = Letters::of(text, base)?;
        if letters.each_end(inside, |start, end| on(start.map_or(begun, |start| base + start), base + end)) {
            return Some(true);
        }
        begun = letters.start(Letters::WIDTH as u32).map_or(begun, |start| base + start);
        inside = letters.0 >> (Letters::WIDTH - 1);
    }
    Some(inside == 1 && on(begun, text.len()))
}

/// Which of up to sixty-four bytes are letters or digits of ASCII: a bit for each.
#[derive(Clone, Copy)]
pub(super) struct Letters(u64);

impl Letters {
    /// Bytes that are looked at together.
    pub(super) const WIDTH: usize = 64;

    /// Those of a text from `base` on; `None` if one of the bytes is not in ASCII.
    #[inline(always)]
    pub(super) fn of(text: &[u8], base: usize) -> Option<Letters> {
        Letters::of_plain(text, base, |bytes| bytes)
    }

    /// The same, if `strange` leaves the uppermost bit of no byte.
    #[inline(always)]
    fn of_plain(text: &[u8], base: usize, strange: impl Fn(u8x16) -> u8x16) -> Option<Letters> {
        let mut letters = 0;
        for (shift, at) in (base..text.len().min(base + Letters::WIDTH)).step_by(16).enumerate() {
            let bytes = chunk(text, at);
            if strange(bytes).to_bitmask() != 0 {
                return None;
            }
            letters |= u64::from(letters_and_digits(bytes)) << (16 * shift);
        }
        Some(Letters(letters))
    }

    /// Those of the first `length` bytes of a block, fewer than all; `None` if one of them is not in ASCII.
    #[inline(always)]
    pub(super) fn of_block<S: Simd>(simd: S, block: &[u8; Letters::WIDTH], length: usize) -> Option<Letters> {
        let (bytes, own) = (u8x64::from_slice(simd, block), below(length as u32));
        let splat = |byte| u8x64::splat(simd, byte);
        if bytes.simd_ge(splat(0x80)).to_bitmask() & own != 0 {
            return None;
        }
        let letters = ((bytes | splat(0x20)) - splat(b'a')).simd_lt(splat(26));
        let digits = (bytes - splat(b'0')).simd_lt(splat(10));
        Some(Letters((letters | digits).to_bitmask() & own))
    }

    /// Those of a whole text; `None` if it is not in ASCII, or too long to be looked at together with its end.
    #[inline(always)]
    pub(super) fn of_all(text: &[u8]) -> Option<Letters> {
        if text.len() < Letters::WIDTH { Letters::of(text, 0) } else { None }
    }

    /// Those of a whole text; `None` also if there is an upper case letter in it.
    #[inline(always)]
    pub(super) fn of_all_lower(text: &[u8]) -> Option<Letters> {
        let strange = |bytes| bytes | within(bytes, b'A', 26);
        if text.len() < Letters::WIDTH { Letters::of_plain(text, 0, strange) } else { None }
    }

    /// A bit behind each term of a whole text.
    #[inline(always)]
    pub(super) fn ends(self) -> u64 {
        self.0 << 1 & !self.0
    }

    /// Calls `on(start, end)` for each term of a whole text, until it returns true; whether it did.
    #[inline(always)]
    pub(super) fn each_term(self, mut on: impl FnMut(usize, usize) -> bool) -> bool {
        self.each_end(0, |start, end| on(start.unwrap_or(0), end))
    }

    /// The same for terms that end here; `inside`: one that began before the first bit goes on. Of that the start is not known.
    #[inline(always)]
    fn each_end(self, inside: u64, mut on: impl FnMut(Option<usize>, usize) -> bool) -> bool {
        let mut ends = self.ends() | inside & !self.0;
        while ends != 0 {
            let end = ends.trailing_zeros();
            ends &= ends - 1;
            if on(self.start(end), end as usize) {
                return true;
            }
        }
        false
    }

    /// Where the term begins that ends before bit `end`; `None` if at the first bit or before.
    #[inline(always)]
    pub(super) fn start(self, end: u32) -> Option<usize> {
        let others = !self.0 & below(end);
        (others != 0).then(|| (u64::BITS - others.leading_zeros()) as usize)
    }

    /// The term that ends at or before a position of a whole text.
    #[inline(always)]
    pub(super) fn before(self, at: usize) -> Option<(usize, usize)> {
        let letters = self.0 & below(at as u32);
        let end = u64::BITS - letters.leading_zeros();
        (letters != 0).then(|| (self.start(end).unwrap_or(0), end as usize))
    }
}

/// All bits below that one.
#[inline(always)]
fn below(bit: u32) -> u64 {
    1_u64.checked_shl(bit).map_or(u64::MAX, |bit| bit - 1)
}

/// The term that ends at or before a position of a text in ASCII.
pub(super) fn before_in_ascii(text: &[u8]) -> impl Fn(usize) -> Option<(usize, usize)> {
    move |at| {
        let end = text[..at].iter().rposition(u8::is_ascii_alphanumeric)? + 1;
        Some((text[..end].iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |other| other + 1), end))
    }
}

/// The term that ends at or before a position of a text.
pub(super) fn before_in(text: &str) -> impl Fn(usize) -> Option<(usize, usize)> {
    move |at| {
        let head = text[..at].trim_end_matches(|c: char| !c.is_alphanumeric());
        (!head.is_empty()).then(|| (head.trim_end_matches(char::is_alphanumeric).len(), head.len()))
    }
}

/// The 16 bytes from `base` on; zeros stand behind the end of the text.
#[inline(always)]
fn chunk(text: &[u8], base: usize) -> u8x16 {
    if let Some(chunk) = text[base..].first_chunk::<16>() {
        return u8x16::new(*chunk);
    }
    if let Some(chunk) = text.last_chunk::<16>() {
        let beyond = 16 - (text.len() - base) as u32;
        return u8x16::new((u128::from_le_bytes(*chunk) >> (8 * beyond)).to_le_bytes());
    }
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let beyond = 16 - text.len() as u32;
        let bytes = u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << 64 >> (8 * beyond);
        return u8x16::new(bytes.to_le_bytes());
    }
    let mut padded = [0; 16];
    padded[..text.len()].copy_from_slice(text);
    u8x16::new(padded)
}

/// A bit for each letter and digit of ASCII.
#[inline(always)]
fn letters_and_digits(bytes: u8x16) -> u32 {
    (within(bytes | u8x16::splat(0x20), b'a', 26) | within(bytes, b'0', 10)).to_bitmask()
}

/// All bits of each byte that is one of so many from `first` on.
#[inline(always)]
fn within(bytes: u8x16, first: u8, count: u8) -> u8x16 {
    let from_first = bytes - u8x16::splat(first);
    from_first.min(u8x16::splat(count - 1)).simd_eq(from_first)
}

/// Calls `on(start, end)` for each maximal run of letters and digits, until it returns true; whether it did.
#[inline]
pub(super) fn each_term(text: &str, mut on: impl FnMut(usize, usize) -> bool) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let Some(start) = run_end(text, at, false) else { return false };
        let Some(end) = run_end(text, start, true) else { return on(start, bytes.len()) };
        if on(start, end) {
            return true;
        }
        at = end;
    }
    false
}

/// Where the run that begins at `at`, of letters and digits or of other characters, ends; `None` if it goes on to the end.
#[inline]
fn run_end(text: &str, at: usize, letters: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = at;
    loop {
        let (is, width) = match CLASS[usize::from(*bytes.get(at)?)] {
            Class::Term => (true, 1),
            Class::Other => (false, 1),
            Class::Wide => wide(text, at),
        };
        if is != letters {
            return Some(at);
        }
        at += width;
    }
}

/// What a byte says of the character that it begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or digit of ASCII.
    Term,
    /// Any other character of ASCII.
    Other,
    /// A character outside ASCII.
    Wide,
}

const CLASS: [Class; 256] = {
    let mut classes = [Class::Wide; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = if (byte as u8).is_ascii_alphanumeric() { Class::Term } else { Class::Other };
        byte += 1;
    }
    classes
};

/// Whether the character at `at` is a letter or digit, and its width.
#[cold]
fn wide(text: &str, at: usize) -> (bool, usize) {
    text[at..].chars().next().map_or((false, 1), |c| (c.is_alphanumeric(), c.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The terms of a text, found byte by byte.
    fn terms(text: &str) -> Vec<(usize, usize)> {
        let mut terms = Vec::new();
        each_term(text, |start, end| {
            terms.push((start, end));
            false
        });
        terms
    }

    #[test]
    fn terms_are_found_wherever_they_stand() {
        for part in ["a", "www.evil.example", "..", "a--b.", "", ".", "x.y-Z9_", "{"] {
            for filler in (0..70).chain([127, 128, 129]) {
                for text in [format!("{}.{part}", "z".repeat(filler)), format!("{}{part}", "-".repeat(filler))] {
                    let (bytes, expected) = (text.as_bytes(), terms(&text));
                    let mut found = Vec::new();
                    let ended = each_ascii_term(bytes, |start, end| {
                        found.push((start, end));
                        false
                    });
                    assert_eq!((ended, &found), (Some(false), &expected), "{text}");
                    for at in 0..=text.len() {
                        let before =
                            expected.iter().rev().find_map(|(start, end)| (*start < at).then_some((*start, at.min(*end))));
                        assert_eq!(before_in_ascii(bytes)(at), before, "{text} {at}");
                        if let Some(letters) = Letters::of_all(bytes) {
                            assert_eq!(letters.before(at), before, "{text} {at}");
                        }
                    }
                }
            }
        }
        assert_eq!(each_ascii_term("é.a".as_bytes(), |_, _| false), None);
    }
}
