//! The state of an aggregate as bytes, between the workers of one query: values in, values out, nothing lost.
//!
//! Each value is a tag byte and its content: eight or sixteen bytes, little-endian, or a length (u32) and text.

use kql::Value;

/// The values as bytes.
#[must_use]
pub(super) fn encode(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len() * 9);
    for value in values {
        match value {
            Value::Null => out.push(0),
            Value::Bool(b) => out.extend([1, u8::from(*b)]),
            Value::Int(i) => tagged(&mut out, 2, &i.to_le_bytes()),
            Value::Long(i) => tagged(&mut out, 3, &i.to_le_bytes()),
            Value::Real(r) => tagged(&mut out, 4, &r.to_le_bytes()),
            Value::DateTime(t) => tagged(&mut out, 5, &t.to_le_bytes()),
            Value::TimeSpan(t) => tagged(&mut out, 6, &t.to_le_bytes()),
            Value::Guid(g) => tagged(&mut out, 7, &g.to_le_bytes()),
            Value::String(s) => text(&mut out, 8, s),
            Value::Decimal(s) => text(&mut out, 9, s),
            Value::Dynamic(s) => text(&mut out, 10, s),
        }
    }
    out
}

fn tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn text(out: &mut Vec<u8>, tag: u8, text: &str) {
    // A text of 4 GiB does not fit a batch, let alone a group's state.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    tagged(out, tag, &length.to_le_bytes());
    out.extend_from_slice(&text.as_bytes()[..length as usize]);
}

/// What [`encode`] wrote; `None` if the bytes are not its own.
#[must_use]
pub(super) fn decode(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    while let Some((tag, rest)) = bytes.split_first() {
        bytes = rest;
        values.push(match tag {
            0 => Value::Null,
            1 => Value::Bool(take::<1>(&mut bytes)?[0] != 0),
            2 => Value::Int(i32::from_le_bytes(take(&mut bytes)?)),
            3 => Value::Long(i64::from_le_bytes(take(&mut bytes)?)),
            4 => Value::Real(f64::from_le_bytes(take(&mut bytes)?)),
            5 => Value::DateTime(i64::from_le_bytes(take(&mut bytes)?)),
            6 => Value::TimeSpan(i64::from_le_bytes(take(&mut bytes)?)),
            7 => Value::Guid(u128::from_le_bytes(take(&mut bytes)?)),
            8 => Value::String(take_text(&mut bytes)?),
            9 => Value::Decimal(take_text(&mut bytes)?),
            10 => Value::Dynamic(take_text(&mut bytes)?),
            _ => return None,
        });
    }
    Some(values)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk::<N>()?;
    *bytes = tail;
    Some(*head)
}

fn take_text(bytes: &mut &[u8]) -> Option<String> {
    let length = u32::from_le_bytes(take(bytes)?) as usize;
    let (head, tail) = bytes.split_at_checked(length)?;
    *bytes = tail;
    String::from_utf8(head.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        let values = vec![
            Value::Null,
            Value::Bool(true),
            Value::Int(-1),
            Value::Long(i64::MIN),
            Value::Real(0.5),
            Value::DateTime(1),
            Value::TimeSpan(-1),
            Value::Guid(u128::MAX),
            Value::String("é".to_owned()),
            Value::Decimal("1.5".to_owned()),
            Value::Dynamic("[1]".to_owned()),
        ];
        assert_eq!(decode(&encode(&values)), Some(values));
        assert_eq!(decode(&[8, 255, 0, 0, 0]), None);
    }
}
