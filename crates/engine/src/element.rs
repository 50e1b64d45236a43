//! Elements of a `dynamic` as values of a column: JSON text in, cells of the column's type out. Unlike `tolong()` and its like,
//! nothing here reads a text: `"2"` is no long.

use std::borrow::Cow;
use std::fmt;

use kql::{Type, time};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::cell::Cell;

/// An element of an array or bag, from its JSON text, as a value of that type: dynamic as it is, anything else if the element is
/// of a kindred JSON type.
#[must_use]
pub(crate) fn from_json(text: &str, ty: Type) -> Cell<'_> {
    let text = text.trim();
    if ty == Type::Dynamic || ty == Type::Unknown {
        return if text == "null" { Cell::Null } else { Cell::Dynamic(Cow::Borrowed(text)) };
    }
    typed(&Cell::Dynamic(Cow::Borrowed(text)), ty).into_owned()
}

/// A dynamic (or any) value as a value of that type.
#[must_use]
pub(crate) fn typed<'a>(cell: &'a Cell<'_>, ty: Type) -> Cell<'a> {
    let Cell::Dynamic(text) = cell else {
        return if ty == Type::Dynamic && !cell.is_null() {
            Cell::Dynamic(Cow::Owned(cell.to_json().to_string()))
        } else {
            cell.clone()
        };
    };
    if ty == Type::Dynamic || ty == Type::Unknown {
        return Cell::Dynamic(Cow::Borrowed(text));
    }
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else { return null_of(ty) };
    match (ty, &value) {
        (Type::String, _) => Cell::text(kql::types::dynamic_text(text)),
        (Type::Bool, serde_json::Value::Bool(b)) => Cell::Bool(*b),
        (Type::Bool, serde_json::Value::Number(n)) => n.as_f64().map_or(Cell::Null, |n| Cell::Bool(n != 0.0)),
        (Type::Long, serde_json::Value::Number(n)) => whole(n).map_or(Cell::Null, Cell::Long),
        (Type::Int, serde_json::Value::Number(n)) => whole(n).and_then(|n| i32::try_from(n).ok()).map_or(Cell::Null, Cell::Int),
        (Type::Real, serde_json::Value::Number(n)) => n.as_f64().map_or(Cell::Null, Cell::Real),
        (Type::Long, serde_json::Value::Bool(b)) => Cell::Long(i64::from(*b)),
        (Type::Decimal, serde_json::Value::Number(n)) => Cell::Decimal(n.to_string().into()),
        (Type::DateTime, serde_json::Value::String(s)) => time::parse_iso(s).map_or(Cell::Null, Cell::DateTime),
        (Type::TimeSpan, serde_json::Value::String(s)) => time::parse_timespan(s).map_or(Cell::Null, Cell::TimeSpan),
        (Type::Guid, serde_json::Value::String(s)) => {
            kql::types::parse_guid(s).map_or(Cell::Null, |g| Cell::Guid(kql::types::guid_text(g).into()))
        }
        _ => null_of(ty),
    }
}

fn null_of(ty: Type) -> Cell<'static> {
    if ty == Type::String { Cell::text("") } else { Cell::Null }
}

fn whole(n: &serde_json::Number) -> Option<i64> {
    n.as_i64().or_else(|| n.as_f64().map(|n| n as i64))
}

/// The pairs of a JSON object in order; none if it is no object.
#[must_use]
pub(crate) fn pairs(text: &str) -> Vec<(String, &RawValue)> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                pairs.push((key, value));
            }
            Ok(pairs)
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(Pairs).unwrap_or_default()
}
