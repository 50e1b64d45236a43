//! JSON text, walked without building a tree.
//!
//! In: one record's bytes. Out: the spans of the keys and values of an object or array, decoded strings, compact text. The walk
//! checks the structure around the values that it passes over (quotes, brackets, commas), not their every escape: a record costs
//! little more than finding its quotes.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

use crate::lossy::lossy;

/// Why a text is not the JSON that was expected.
pub(crate) type Fault = &'static str;

/// The first position at or after `at` that is no JSON white space.
#[inline]
pub(crate) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The position after the string whose opening quote stands at `at`.
#[inline]
pub(crate) fn string_end(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let mut from = at + 1;
    // Most keys and values are short: a plain loop beats the start-up cost of a vector search.
    let near = bytes.len().min(from + 16);
    while from < near {
        match bytes[from] {
            b'"' => return Ok(from + 1),
            b'\\' => break,
            _ => from += 1,
        }
    }
    loop {
        let rest = bytes.get(from..).ok_or("a string is not closed")?;
        let found = from + memchr2(b'"', b'\\', rest).ok_or("a string is not closed")?;
        if bytes[found] == b'"' {
            return Ok(found + 1);
        }
        from = found + 2;
    }
}

/// The position after the value that starts at `at`.
pub(crate) fn value_end(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at),
        Some(b'{' | b'[') => nested_end(bytes, at),
        Some(_) => scalar_end(bytes, at),
        None => Err("it ends where a value should stand"),
    }
}

/// The position after the object or array that opens at `at`.
pub(crate) fn nested_end(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let mut depth = 0_usize;
    let mut at = at;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    Err("an object or array is not closed")
}

/// The position after a number, `true`, `false`, `null` or one of the words that Python and JavaScript write for no number.
#[inline]
pub(crate) fn scalar_end(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let rest = &bytes[at..];
    let len = rest.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len());
    let token = &rest[..len];
    let good = match token.first() {
        Some(b'0'..=b'9') => is_number(token),
        Some(b'-') => is_number(&token[1..]) || token == b"-Infinity",
        _ => matches!(token, b"true" | b"false" | b"null" | b"NaN" | b"Infinity"),
    };
    if good { Ok(at + len) } else { Err("a value is not JSON") }
}

fn is_number(token: &[u8]) -> bool {
    token.first().is_some_and(u8::is_ascii_digit)
        && token.iter().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
}

/// Calls `on(ordinal, key, value)` for every member of the object that `bytes` holds: the key between its quotes, the value as it
/// stands. Nothing but white space may follow the object.
pub(crate) fn walk_object(bytes: &[u8], mut on: impl FnMut(usize, Range<usize>, Range<usize>)) -> Result<(), Fault> {
    let mut at = skip_space(bytes, 0);
    if bytes.get(at) != Some(&b'{') {
        return Err("it is no JSON object");
    }
    at = skip_space(bytes, at + 1);
    if bytes.get(at) == Some(&b'}') {
        return nothing_after(bytes, at + 1);
    }
    for ordinal in 0.. {
        if bytes.get(at) != Some(&b'"') {
            return Err(if at >= bytes.len() { "an object or array is not closed" } else { "a key is not quoted" });
        }
        let key_end = string_end(bytes, at)?;
        let key = at + 1..key_end - 1;
        at = skip_space(bytes, key_end);
        if bytes.get(at) != Some(&b':') {
            return Err("a colon is missing after a key");
        }
        at = skip_space(bytes, at + 1);
        let end = value_end(bytes, at)?;
        on(ordinal, key, at..end);
        at = skip_space(bytes, end);
        match bytes.get(at) {
            Some(b',') => at = skip_space(bytes, at + 1),
            Some(b'}') => break,
            Some(_) => return Err("a comma is missing between two members"),
            None => return Err("an object or array is not closed"),
        }
    }
    nothing_after(bytes, at + 1)
}

/// Calls `on(ordinal, value)` for every element of the array that `bytes` holds.
pub(crate) fn walk_array(bytes: &[u8], mut on: impl FnMut(usize, Range<usize>)) -> Result<(), Fault> {
    let mut at = skip_space(bytes, 0);
    if bytes.get(at) != Some(&b'[') {
        return Err("it is no JSON array");
    }
    at = skip_space(bytes, at + 1);
    if bytes.get(at) == Some(&b']') {
        return nothing_after(bytes, at + 1);
    }
    for ordinal in 0.. {
        let end = value_end(bytes, at)?;
        on(ordinal, at..end);
        at = skip_space(bytes, end);
        match bytes.get(at) {
            Some(b',') => at = skip_space(bytes, at + 1),
            Some(b']') => break,
            Some(_) => return Err("a comma is missing between two elements"),
            None => return Err("an object or array is not closed"),
        }
    }
    nothing_after(bytes, at + 1)
}

fn nothing_after(bytes: &[u8], at: usize) -> Result<(), Fault> {
    if skip_space(bytes, at) == bytes.len() { Ok(()) } else { Err("text follows the object") }
}

/// The value under `key` in the object `bytes`; the last one if there are several.
pub(crate) fn member<'a>(bytes: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let mut found = None;
    let walked = walk_object(bytes, |_, name, value| {
        if key_is(&bytes[name], key) {
            found = Some(&bytes[value]);
        }
    });
    walked.ok().and(found)
}

fn key_is(raw: &[u8], key: &str) -> bool {
    raw == key.as_bytes() || (raw.contains(&b'\\') && decode(raw) == key)
}

/// The elements of the array `bytes`, as they stand; none if it is no array.
pub(crate) fn elements(bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    match walk_array(bytes, |_, value| found.push(&bytes[value])) {
        Ok(()) => found,
        Err(_) => Vec::new(),
    }
}

/// A string's text, given what stands between its quotes. Broken escapes and bad UTF-8 become U+FFFD.
pub(crate) fn decode(raw: &[u8]) -> Cow<'_, str> {
    if !raw.contains(&b'\\') {
        return lossy(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        if raw[at] != b'\\' {
            out.push(raw[at]);
            at += 1;
            continue;
        }
        let plain = match raw.get(at + 1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'u') => {
                let (c, len) = unicode(&raw[at..]);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at += len;
                continue;
            }
            Some(other) => *other,
            None => b'\\',
        };
        out.push(plain);
        at += 2;
    }
    Cow::Owned(lossy(&out).into_owned())
}

/// The character of the `\uXXXX` (or pair of them) that `raw` begins with, and its length.
fn unicode(raw: &[u8]) -> (char, usize) {
    let unit = |at: usize| -> Option<u32> {
        let hex = raw.get(at + 2..at + 6).filter(|_| raw[at] == b'\\' && raw[at + 1] == b'u')?;
        u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let Some(first) = unit(0) else { return (char::REPLACEMENT_CHARACTER, raw.len().min(2)) };
    if !(0xD800..0xE000).contains(&first) {
        return (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6);
    }
    match unit(6) {
        Some(second @ 0xDC00..0xE000) if first < 0xDC00 => {
            let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
        }
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

/// The text of a value: a string decoded, `null` as nothing, all else as it stands.
pub(crate) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    match value {
        b"null" | b"" => None,
        [b'"', inner @ .., b'"'] => Some(decode(inner)),
        other => Some(lossy(other)),
    }
}

/// The value without white space between its tokens; `None` if it is not JSON to the letter.
pub(crate) fn compact(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < value.len() {
        let end = match value[at] {
            b'"' => string_end(value, at).ok()?,
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            _ => at + 1,
        };
        out.push_str(text.get(at..end)?);
        at = end;
    }
    Some(out)
}

/// `text` as a JSON string with its quotes.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Result<Vec<(String, String)>, Fault> {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        walk_object(bytes, |_, key, value| found.push((text[key].to_owned(), text[value].to_owned())))?;
        Ok(found)
    }

    #[test]
    fn members_are_found_whatever_stands_around_them() {
        let text = " {\"a\" : 1 ,\"b\":\"x\\\"}y\", \"c\":{\"d\":[1,\"]\"]},\"e\":null}\r\n";
        let expected = [("a", "1"), ("b", "\"x\\\"}y\""), ("c", "{\"d\":[1,\"]\"]}"), ("e", "null")];
        assert_eq!(members(text).unwrap(), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert_eq!(members("{}"), Ok(vec![]));
    }

    #[test]
    fn damage_is_named() {
        for (text, why) in [
            ("", "it is no JSON object"),
            ("[1]", "it is no JSON object"),
            ("{\"a\":1", "an object or array is not closed"),
            ("{\"a\":\"x", "a string is not closed"),
            ("{\"a\":\"x\\", "a string is not closed"),
            ("{\"a\"", "a colon is missing after a key"),
            ("{\"a\":", "it ends where a value should stand"),
            ("{\"a\":1 \"b\":2}", "a comma is missing between two members"),
            ("{\"a\":x}", "a value is not JSON"),
            ("{\"a\":1}{", "text follows the object"),
            ("{a:1}", "a key is not quoted"),
            ("{\"a\":1,", "an object or array is not closed"),
        ] {
            assert_eq!(members(text), Err(why), "{text}");
        }
    }

    #[test]
    fn strings_decode() {
        assert_eq!(decode(br#"a\u0062\/\\\n\ud83d\ude00\ud83d"#), "ab/\\\n\u{1F600}\u{FFFD}");
        assert_eq!(decode(b"\xff"), "\u{FFFD}");
        assert_eq!(decode(br"\u12"), "\u{FFFD}12");
        assert_eq!(compact(br#" { "a b" : [ 1.0 , null ] } "#).as_deref(), Some(r#"{"a b":[1.0,null]}"#));
        assert_eq!(compact(b"{\"a\":}"), None);
    }

    #[test]
    fn the_last_of_two_equal_keys_wins() {
        assert_eq!(member(br#"{"a":1,"b":2,"\u0061":3}"#, "a"), Some(&b"3"[..]));
    }
}
