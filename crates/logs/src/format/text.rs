//! Records of plain text whose fields a function finds.

use std::borrow::Cow;

use crate::column::Raw;
use crate::decode::{Decode, Decoded, Slots};
use crate::json::Fault;

/// Finds the fields of a line and hands each on under its name; an empty reason marks a line that is no record and none lost.
pub(crate) type Parse = for<'a> fn(&'a str, &mut dyn FnMut(&str, Cow<'a, str>)) -> Result<(), Fault>;

/// The reason of a line that is a header or comment.
pub(crate) const COMMENT: Fault = "";

/// Decodes records with a [`Parse`].
pub(crate) struct TextRecords {
    parse: Parse,
    wanted: Vec<String>,
}

impl TextRecords {
    pub(crate) fn new(parse: Parse, wanted: &[String]) -> TextRecords {
        TextRecords { parse, wanted: wanted.to_vec() }
    }
}

impl Decode for TextRecords {
    fn decode(&mut self, record: &[u8], slots: &mut Slots) -> Result<Decoded, Fault> {
        let text = String::from_utf8_lossy(record);
        let parsed = (self.parse)(&text, &mut |name, value| {
            if let Some(slot) = self.wanted.iter().position(|key| key == name) {
                slots.set_owned(slot, value.as_bytes());
            }
        });
        match parsed {
            Ok(()) => Ok(Decoded::Record),
            Err(COMMENT) => Ok(Decoded::Comment),
            Err(why) => Err(why),
        }
    }

    fn fields(&mut self, record: &[u8], on: &mut dyn FnMut(&str, Raw<'_>)) {
        let text = String::from_utf8_lossy(record);
        let mut found = Vec::new();
        if (self.parse)(&text, &mut |name, value| found.push((name.to_owned(), value.into_owned()))).is_ok() {
            for (name, value) in &found {
                on(name, Raw::Text(value.as_bytes()));
            }
        }
    }
}
