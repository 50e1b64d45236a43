//! Records that are JSON objects.

use std::fmt;
use std::io::{BufReader, Read};

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::delimited::each_line;
use super::rows::Rows;
use crate::error::{Error, Result};

/// An object on each line.
pub(super) fn read_lines(reader: Box<dyn Read + '_>, rows: &mut Rows<'_>) -> Result<()> {
    each_line(reader, rows, &mut |number, line, rows| {
        if line.trim().is_empty() {
            return Ok(());
        }
        match serde_json::from_str(line) {
            Ok(object @ Json::Object(_)) => rows.object(number, &object),
            _ => Err(rows.broken(number, "no JSON object; if objects span lines, the format is multijson")),
        }
    })
}

/// Objects one after the other, or arrays of them, each of which is a row before the next is read.
pub(super) fn read(reader: Box<dyn Read + '_>, rows: &mut Rows<'_>) -> Result<()> {
    let mut values = serde_json::Deserializer::from_reader(BufReader::new(reader));
    while values.end().is_err() {
        let mut failed = None;
        let read = Records { rows, in_array: false, failed: &mut failed }.deserialize(&mut values);
        if let Some(error) = failed {
            return Err(error);
        }
        if !rows.is_wanted() {
            break;
        }
        read.map_err(|error| rows.broken(0, error))?;
    }
    Ok(())
}

/// Reads an object, or an array of them, into rows.
struct Records<'a, 'b> {
    rows: &'a mut Rows<'b>,
    in_array: bool,
    /// Why a row could not be made.
    failed: &'a mut Option<Error>,
}

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.in_array { "a JSON object" } else { "a JSON object, or an array of them" })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<(), A::Error> {
        self.rows.begin();
        let object = Json::deserialize(MapAccessDeserializer::new(map))?;
        *self.failed = self.rows.object(0, &object).err();
        if self.failed.is_none() && self.rows.is_wanted() { Ok(()) } else { Err(A::Error::custom("no more rows are read")) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<(), A::Error> {
        if self.in_array {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        while items.next_element_seed(Records { rows: self.rows, in_array: true, failed: self.failed })?.is_some() {}
        Ok(())
    }
}
