//! How long the number is that a text starts with; `None` if it is none of that kind.

use super::is_word;

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn ends_word(text: &[u8], at: usize) -> bool {
    !text.get(at).is_some_and(|b| is_word(*b))
}

/// `1.5`, `1.`, `1e3`, `1.5e-3`.
pub(super) fn real(text: &[u8]) -> Option<usize> {
    let mut at = digits(text);
    let is_dot = |at: usize| text.get(at) == Some(&b'.');
    let has_fraction = is_dot(at) && (!is_dot(at + 1) || is_dot(at + 2));
    if has_fraction {
        at += 1 + digits(&text[at + 1..]);
    }
    let exponent = exponent(&text[at..]);
    if exponent.is_none() && !has_fraction {
        return None;
    }
    at += exponent.unwrap_or(0);
    ends_word(text, at).then_some(at)
}

fn exponent(text: &[u8]) -> Option<usize> {
    if !matches!(text.first(), Some(b'e' | b'E')) {
        return None;
    }
    let sign = usize::from(matches!(text.get(1), Some(b'+' | b'-')));
    let count = digits(&text[1 + sign..]);
    (count > 0).then_some(1 + sign + count)
}

/// A number and the name of a unit of time.
pub(super) fn timespan(text: &[u8]) -> Option<usize> {
    let mut at = digits(text);
    if text.get(at) == Some(&b'.') {
        let fraction = digits(&text[at + 1..]);
        at += if fraction > 0 { 1 + fraction } else { 0 };
    }
    let unit = text[at..].iter().take_while(|b| is_word(**b)).count();
    let name = std::str::from_utf8(&text[at..at + unit]).ok()?;
    crate::parser::unit_nanoseconds(name)?;
    Some(at + unit)
}

/// `1`, `0x1F`.
pub(super) fn long(text: &[u8]) -> Option<usize> {
    let is_hex = text.len() > 2 && text[0] == b'0' && matches!(text[1], b'x' | b'X');
    let at = match is_hex {
        true => 2 + text[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count(),
        false => digits(text),
    };
    (ends_word(text, at) && !(is_hex && at == 2)).then_some(at)
}
