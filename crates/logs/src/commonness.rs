//! How common bytes are.

/// How common a byte is in names and paths, roughly, the greater the more: the letters of English by rank, then digits, then what
/// parts names.
#[must_use]
pub fn commonness(byte: u8) -> u8 {
    const BY_RANK: &[u8] = b"zqjxkvbpygfwmucldrhsnioate";
    match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => 40 + BY_RANK.iter().position(|known| *known == letter).map_or(0, |rank| rank as u8 * 4),
        b'0'..=b'9' => 90,
        b' ' | b'.' | b'/' | b'-' | b'\\' | b':' | b'_' => 150,
        _ => 10,
    }
}
