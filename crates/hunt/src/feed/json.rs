//! JSON that borrows from its text: feeds are large and most of their strings are looked at once.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Any JSON value; objects keep the order of their members, repeated names included.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The value that a text is, or the list of those that it has behind each other.
    pub(crate) fn of_values(text: &'a str) -> Result<Json<'a>, serde_json::Error> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Json<'a>>();
        let first = values.next().transpose()?.unwrap_or(Json::Null);
        let Some(second) = values.next().transpose()? else { return Ok(first) };
        let mut all = vec![first, second];
        for value in values {
            all.push(value?);
        }
        Ok(Json::List(all))
    }

    /// The member of an object called `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The member called `name`, if it is a string.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::text)
    }

    /// The elements of an array; of anything else none.
    pub(crate) fn list(&self) -> &[Json<'a>] {
        match self {
            Json::List(elements) => elements,
            _ => &[],
        }
    }

    /// The elements of the array called `name`; none if it is no array.
    pub(crate) fn list_of(&self, name: &str) -> &[Json<'a>] {
        self.get(name).map_or(&[], Json::list)
    }

    /// A scalar as text; empty for null.
    pub(crate) fn scalar(&self) -> Option<Cow<'_, str>> {
        match self {
            Json::Text(text) => Some(Cow::Borrowed(text)),
            other => other.clone().into_scalar(),
        }
    }

    /// The same of a value that is not needed any more.
    pub(crate) fn into_scalar(self) -> Option<Cow<'a, str>> {
        Some(match self {
            Json::Null => Cow::Borrowed(""),
            Json::Bool(b) => Cow::Borrowed(if b { "true" } else { "false" }),
            Json::Int(i) => Cow::Owned(i.to_string()),
            Json::Real(r) => Cow::Owned(r.to_string()),
            Json::Text(text) => text,
            Json::List(_) | Json::Object(_) => return None,
        })
    }

    /// The texts among the elements of an array.
    pub(crate) fn into_texts(self) -> Vec<Cow<'a, str>> {
        let Json::List(elements) = self else { return Vec::new() };
        let text = |element| if let Json::Text(text) = element { Some(text) } else { None };
        elements.into_iter().filter_map(text).collect()
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> Result<Json<'de>, E> {
        Ok(Json::Int(i))
    }

    fn visit_u64<E>(self, i: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(i).map_or(Json::Real(i as f64), Json::Int))
    }

    fn visit_f64<E>(self, r: f64) -> Result<Json<'de>, E> {
        Ok(Json::Real(r))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

/// The name of a member, borrowed where it has no escapes.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name<'de>, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borrows_and_keeps_order() {
        let json: Json<'_> = serde_json::from_str(r#"{"b": ["x", "a\/b", null, 1, 1.5, true], "a": {}}"#).unwrap();
        let list = json.list_of("b");
        assert!(matches!(&list[0], Json::Text(Cow::Borrowed("x"))));
        assert_eq!(list[1].text(), Some("a/b"));
        assert_eq!(list[3].scalar().as_deref(), Some("1"));
        assert_eq!(json.get("a"), Some(&Json::Object(vec![])));
    }
}
