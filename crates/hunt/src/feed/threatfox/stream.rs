//! The export's records as they come by, without a tree of all of them: that is most of the time that a large export takes.
//!
//! Comes in: the text of an export, `{"1846716": [{…}], …}` or `{"data": [{…}, …]}`, or an array of records. Goes out: each record
//! to the sink.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{is_record, push, push_member, push_record};
use crate::feed::json::{Json, Name};
use crate::feed::record::{Record, Role, role};
use crate::feed::sink::Sink;

/// The text starts with a record of ThreatFox's, alone or under a number, so that nothing else need be asked.
pub(super) fn starts_as_export(text: &str) -> bool {
    let mut found = false;
    // The reader is left where the first record ends, and complains: only what it saw until then counts.
    let _ = FirstRecord { found: &mut found, within: false }.deserialize(&mut serde_json::Deserializer::from_str(text));
    found
}

/// Hands all records of an export to the sink. An answer's status is returned if it is another than `ok`.
pub(super) fn export(text: &str, sink: &mut Sink) -> Result<Option<String>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut status = None;
    let reader = Reader { sink, roles: &mut Roles::default(), status: &mut status, place: Place::Top };
    reader.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(status)
}

/// Looks at the first record of an array, or of an array that is the first member of an object.
struct FirstRecord<'f> {
    found: &'f mut bool,
    within: bool,
}

impl<'de> DeserializeSeed<'de> for FirstRecord<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FirstRecord<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        *self.found = seq.next_element::<Json<'de>>()?.is_some_and(|first| is_record(&first));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                _ if self.within => break,
                "query_status" if map.next_value::<Json<'de>>()?.text() == Some("ok") => {}
                "query_status" => break,
                _ => return map.next_value_seed(FirstRecord { found: self.found, within: true }),
            }
        }
        Ok(())
    }
}

/// What a value of the document is.
#[derive(Clone, Copy)]
enum Place<'p> {
    /// The document.
    Top,
    /// The member of that name: mostly the records that have that number.
    Member(&'p str),
    /// The record of that number.
    Record(&'p str),
}

/// Reads a value, and hands the records in it to the sink.
struct Reader<'s> {
    sink: &'s mut Sink,
    roles: &'s mut Roles,
    /// The status of an answer that is another than `ok`.
    status: &'s mut Option<String>,
    place: Place<'s>,
}

impl Reader<'_> {
    /// The same for a value within this one.
    fn at<'p>(&'p mut self, place: Place<'p>) -> Reader<'p> {
        Reader { sink: self.sink, roles: self.roles, status: self.status, place }
    }

    /// A value that is no object where a record should stand.
    fn no_record(self, value: &Json<'_>) {
        if let Place::Member(id) | Place::Record(id) = self.place {
            push(value, id, self.sink);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        match self.place {
            Place::Top | Place::Member("data") => {
                let mut number = 1;
                while seq.next_element_seed(self.at(Place::Record(&number.to_string())))?.is_some() {
                    number += 1;
                }
            }
            Place::Member(id) => while seq.next_element_seed(self.at(Place::Record(id)))?.is_some() {},
            Place::Record(_) => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                self.no_record(&Json::Null);
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        match self.place {
            Place::Top => {
                while let Some(Name(name)) = map.next_key()? {
                    if name == "query_status" {
                        let status = map.next_value::<Json<'de>>()?;
                        *self.status = status.text().filter(|status| *status != "ok").map(str::to_owned);
                    } else {
                        map.next_value_seed(self.at(Place::Member(&name)))?;
                    }
                }
            }
            Place::Member("data") => {
                let json = Json::deserialize(MapAccessDeserializer::new(map))?;
                push_member("data", &json, self.sink);
            }
            Place::Member(id) | Place::Record(id) => {
                let record = record(&mut map, self.roles)?;
                push_record(record, id, self.sink);
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.no_record(&Json::Null);
        Ok(())
    }

    fn visit_bool<E>(self, b: bool) -> Result<(), E> {
        self.no_record(&Json::Bool(b));
        Ok(())
    }

    fn visit_i64<E>(self, i: i64) -> Result<(), E> {
        self.no_record(&Json::Int(i));
        Ok(())
    }

    fn visit_u64<E>(self, i: u64) -> Result<(), E> {
        self.no_record(&i64::try_from(i).map_or(Json::Real(i as f64), Json::Int));
        Ok(())
    }

    fn visit_f64<E>(self, r: f64) -> Result<(), E> {
        self.no_record(&Json::Real(r));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.no_record(&Json::Text(Cow::Borrowed(text)));
        Ok(())
    }
}

/// The facts of an object.
fn record<'de, A: MapAccess<'de>>(map: &mut A, roles: &mut Roles) -> Result<Record<'de>, A::Error> {
    let mut record = Record::default();
    let mut at = 0;
    while let Some(Name(name)) = map.next_key()? {
        match roles.of(at, &name) {
            Some(role) => record.set_json(role, map.next_value()?),
            None => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        at += 1;
    }
    Ok(record)
}

/// What the fields of the last record held, by their place: those of the next are mostly the same.
#[derive(Default)]
struct Roles(Vec<(String, Option<Role>)>);

impl Roles {
    fn of(&mut self, at: usize, name: &str) -> Option<Role> {
        match self.0.get_mut(at) {
            Some((known, role)) if known == name => *role,
            Some(slot) => {
                *slot = (name.to_owned(), role(name));
                slot.1
            }
            None => {
                self.0.push((name.to_owned(), role(name)));
                role(name)
            }
        }
    }
}
