//! Values of binary XML: their bytes by type, as JSON has them.

use std::fmt::Write;

use crate::json::Fault;

/// The type of texts.
pub(super) const TEXT: u8 = 0x01;
/// The type of values that are XML.
pub(super) const XML: u8 = 0x21;
/// Several values of a type, says this bit of it.
const ARRAY: u8 = 0x80;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// None.
    Null,
    /// A text.
    Text(String),
    /// A number or a truth value, as JSON spells it.
    Plain(String),
    /// Several.
    Many(Vec<Value>),
}

impl Value {
    /// Writes it as JSON.
    pub(super) fn write(&self, into: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Value::Null => into.extend_from_slice(b"null"),
            Value::Text(text) => write_text(text, into)?,
            Value::Plain(text) => into.extend_from_slice(text.as_bytes()),
            Value::Many(values) => {
                into.push(b'[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        into.push(b',');
                    }
                    value.write(into)?;
                }
                into.push(b']');
            }
        }
        Ok(())
    }

    /// As it stands in a text.
    fn add_to(&self, text: &mut String) {
        match self {
            Value::Null => {}
            Value::Text(part) | Value::Plain(part) => text.push_str(part),
            Value::Many(values) => values.iter().for_each(|value| value.add_to(text)),
        }
    }
}

/// Writes text as JSON.
pub(super) fn write_text(text: &str, into: &mut Vec<u8>) -> Result<(), Fault> {
    serde_json::to_writer(into, text).map_err(|_| "the event has a text that cannot be written")
}

/// What values that follow each other are together.
pub(super) fn joined(values: &[Value]) -> Value {
    match values {
        [] => Value::Null,
        [value] => value.clone(),
        _ => {
            let mut text = String::new();
            values.iter().for_each(|value| value.add_to(&mut text));
            Value::Text(text)
        }
    }
}

/// How many bytes a value of that type has, where they are always as many.
pub(super) fn length(kind: u8) -> Option<usize> {
    Some(match kind {
        0x00 => 0,
        0x03 | 0x04 => 1,
        0x05 | 0x06 => 2,
        0x07 | 0x08 | 0x0b | 0x0d | 0x14 => 4,
        0x09 | 0x0a | 0x0c | 0x11 | 0x15 => 8,
        0x0f | 0x12 => 16,
        _ => return None,
    })
}

/// The value that those bytes are. What is none of its type is shown as its bytes.
pub(super) fn decode(kind: u8, bytes: &[u8]) -> Value {
    match kind {
        kind if kind & ARRAY != 0 => many(kind & !ARRAY, bytes),
        TEXT => Value::Text(utf16(bytes)),
        0x02 => Value::Text(String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()),
        0x0e => Value::Text(hex(bytes)),
        0x13 => Value::Text(sid(bytes).unwrap_or_else(|| hex(bytes))),
        _ if bytes.is_empty() => Value::Null,
        _ => number(kind, bytes).or_else(|| time(kind, bytes)).unwrap_or_else(|| Value::Text(hex(bytes))),
    }
}

/// Texts end with a NUL each; other values have their length.
fn many(kind: u8, bytes: &[u8]) -> Value {
    Value::Many(match length(kind) {
        Some(len) if len > 0 => bytes.chunks(len).map(|bytes| decode(kind, bytes)).collect(),
        _ if kind == TEXT => {
            let text = utf16(bytes);
            if text.is_empty() { Vec::new() } else { text.split('\0').map(|text| Value::Text(text.to_owned())).collect() }
        }
        _ => vec![decode(kind, bytes)],
    })
}

/// UTF-16 without the NULs at its end.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let mut text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.truncate(text.trim_end_matches('\0').len());
    text
}

fn number(kind: u8, bytes: &[u8]) -> Option<Value> {
    let plain = |text: String| Some(Value::Plain(text));
    // Kusto's JSON knows no such numbers.
    let real = |real: f64, text: String| Some(if real.is_finite() { Value::Plain(text) } else { Value::Text(text) });
    match kind {
        0x03 => plain(i8::from_le_bytes(bytes.try_into().ok()?).to_string()),
        0x04 => plain(u8::from_le_bytes(bytes.try_into().ok()?).to_string()),
        0x05 => plain(i16::from_le_bytes(bytes.try_into().ok()?).to_string()),
        0x06 => plain(u16::from_le_bytes(bytes.try_into().ok()?).to_string()),
        0x07 => plain(i32::from_le_bytes(bytes.try_into().ok()?).to_string()),
        0x08 => plain(u32::from_le_bytes(bytes.try_into().ok()?).to_string()),
        0x09 => plain(i64::from_le_bytes(bytes.try_into().ok()?).to_string()),
        0x0a => plain(u64::from_le_bytes(bytes.try_into().ok()?).to_string()),
        0x0b => {
            let value = f32::from_le_bytes(bytes.try_into().ok()?);
            real(f64::from(value), value.to_string())
        }
        0x0c => {
            let value = f64::from_le_bytes(bytes.try_into().ok()?);
            real(value, value.to_string())
        }
        0x0d => plain((u32::from_le_bytes(bytes.try_into().ok()?) != 0).to_string()),
        0x0f => Some(Value::Text(guid(bytes.try_into().ok()?))),
        // A pointer's size and a handle have four bytes or eight, as the system that wrote them.
        0x10 | 0x14 | 0x15 | 0x20 if bytes.len() == 4 => {
            Some(Value::Text(format!("{:#x}", u32::from_le_bytes(bytes.try_into().ok()?))))
        }
        0x10 | 0x14 | 0x15 | 0x20 => Some(Value::Text(format!("{:#x}", u64::from_le_bytes(bytes.try_into().ok()?)))),
        _ => None,
    }
}

/// FILETIME counts ticks from 1601, as Kusto does from the year 1; SYSTEMTIME is a calendar's.
fn time(kind: u8, bytes: &[u8]) -> Option<Value> {
    const TICKS_OF_MILLISECOND: i64 = 10_000;
    let ticks = match kind {
        0x11 => {
            let since = i64::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()?;
            kql::time::from_civil(1601, 1, 1, 0)?.checked_add(since).and_then(kql::time::in_range)?
        }
        0x12 if bytes.len() == 16 => {
            let part = |at: usize| i64::from(u16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]]));
            let milliseconds = ((part(4) * 60 + part(5)) * 60 + part(6)) * 1000 + part(7);
            kql::time::from_civil(part(0), part(1), part(3), milliseconds * TICKS_OF_MILLISECOND)?
        }
        _ => return None,
    };
    Some(Value::Text(kql::time::format_datetime(ticks)))
}

fn guid(bytes: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *bytes;
    let (first, second, third) = (u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
    format!("{first:08X}-{second:04X}-{third:04X}-{}-{}", hex(&rest[..2]), hex(&rest[2..]))
}

/// `S-1-5-18`: a revision, an authority of six bytes (the highest first), and numbers.
fn sid(bytes: &[u8]) -> Option<String> {
    let (revision, count) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    let authority = bytes.get(2..8)?.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let numbers = bytes.get(8..8 + 4 * count)?;
    let mut text = format!("S-{revision}-{authority}");
    for number in numbers.chunks_exact(4) {
        let _ = write!(text, "-{}", u32::from_le_bytes(number.try_into().ok()?));
    }
    Some(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_by_their_types() {
        let text = |kind, bytes: &[u8]| {
            let mut json = Vec::new();
            decode(kind, bytes).write(&mut json).unwrap();
            String::from_utf8(json).unwrap()
        };
        assert_eq!(text(0x01, b"a\0\"\0\0\0"), r#""a\"""#);
        assert_eq!(text(0x01, b"\x00\xd8"), "\"\u{fffd}\"");
        assert_eq!(text(0x81, b"a\0\0\0b\0\0\0"), r#"["a","b"]"#);
        assert_eq!(text(0x86, &[1, 0, 2, 1]), "[1,258]");
        assert_eq!((text(0x03, &[255]), text(0x08, &[0, 0, 0, 128])), ("-1".to_owned(), "2147483648".to_owned()));
        assert_eq!((text(0x0d, &[1, 0, 0, 0]), text(0x00, &[])), ("true".to_owned(), "null".to_owned()));
        assert_eq!((text(0x0c, &1.5_f64.to_le_bytes()), text(0x0c, &f64::NAN.to_le_bytes())), ("1.5".into(), "\"NaN\"".into()));
        assert_eq!(
            (text(0x15, &[255, 1, 0, 0, 0, 0, 0, 0]), text(0x10, &[16, 0, 0, 0])),
            ("\"0x1ff\"".into(), "\"0x10\"".into())
        );
        assert_eq!(
            text(0x0f, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
            "\"04030201-0605-0807-090A-0B0C0D0E0F10\""
        );
        assert_eq!(text(0x13, &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0]), "\"S-1-5-32-544\"");
        assert_eq!(text(0x11, &116_444_736_000_000_001_u64.to_le_bytes()), "\"1970-01-01T00:00:00.0000001Z\"");
        assert_eq!(text(0x12, &[234, 7, 1, 0, 4, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]), "\"2026-01-02T03:04:05.0060000Z\"");
        // What is none of its type.
        for (kind, bytes, shown) in [(0x07, &[1_u8][..], "01"), (0x13, &[1, 9], "0109"), (0x11, &[255; 8], "FFFFFFFFFFFFFFFF")] {
            assert_eq!(text(kind, bytes), format!("\"{shown}\""));
        }
    }
}
