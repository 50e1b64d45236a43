//! Binary XML, in which an event is stored: bytes of a chunk to an [`Element`].
//!
//! Names and templates are told by their places in the chunk. A template is XML with holes, and stands where it was first needed; who
//! uses it brings the values. So little can unfold to much: each token and character costs of what the chunk's events may take.

use std::ops::Range;

use super::element::Element;
use super::value::{self, Value};
use crate::json::Fault;

const ENDS_EARLY: Fault = "the event's XML breaks off";
const TOO_DEEP: Fault = "the event's XML is too deep";
const TOO_LARGE: Fault = "the event's XML unfolds to too much";

/// More than any event has: elements, templates and XML in values, one inside the other.
const DEPTH_MAX: usize = 48;
/// What one event may unfold to. It is stored in less than 64 KiB.
const EVENT_WORK_MAX: usize = 1 << 20;
/// What a token costs.
const TOKEN_WORK: usize = 32;

/// More of the same follows, says this bit of a token.
const MORE: u8 = 0x40;
const END_OF_XML: u8 = 0x00;
const OPEN_ELEMENT: u8 = 0x01;
const CLOSE_START: u8 = 0x02;
const CLOSE_EMPTY: u8 = 0x03;
const END_ELEMENT: u8 = 0x04;
const VALUE: u8 = 0x05;
const ATTRIBUTE: u8 = 0x06;
const CDATA: u8 = 0x07;
const CHARACTER: u8 = 0x08;
const ENTITY: u8 = 0x09;
const INSTRUCTION: u8 = 0x0a;
const INSTRUCTION_TEXT: u8 = 0x0b;
const TEMPLATE: u8 = 0x0c;
const HOLE: u8 = 0x0d;
const OPTIONAL_HOLE: u8 = 0x0e;
const BEGIN_XML: u8 = 0x0f;

/// The number of four bytes at `at`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(found.try_into().ok()?))
}

/// The event whose XML stands at `range` of the chunk: the outermost element is in the one that is returned. `work` is what the
/// chunk's events may still take.
pub(super) fn event(chunk: &[u8], range: Range<usize>, work: &mut usize) -> Result<Element, Fault> {
    let allowed = (*work).min(EVENT_WORK_MAX);
    let mut xml = Xml { chunk, work: allowed };
    let mut root = Element::default();
    let read = xml.content(&mut Cursor::new(range), &Context { values: &[], depth: 0, is_value: false }, &mut root);
    *work -= allowed - xml.work;
    read?;
    if root.children.is_empty() { Err("the event has no XML") } else { Ok(root) }
}

struct Xml<'a> {
    chunk: &'a [u8],
    work: usize,
}

/// Where in the chunk is read, and where that ends.
struct Cursor {
    at: usize,
    end: usize,
}

impl Cursor {
    fn new(range: Range<usize>) -> Cursor {
        Cursor { at: range.start, end: range.end }
    }
}

/// A value that fills a hole: its type and place.
struct Filling {
    kind: u8,
    place: Range<usize>,
}

/// What surrounds what is read.
struct Context<'a> {
    values: &'a [Filling],
    depth: usize,
    /// It is XML in a value: its elements lack a field.
    is_value: bool,
}

impl<'a> Context<'a> {
    fn deeper(&self) -> Result<Context<'a>, Fault> {
        let depth = self.depth + 1;
        if depth > DEPTH_MAX { Err(TOO_DEEP) } else { Ok(Context { depth, ..*self }) }
    }
}

impl<'a> Xml<'a> {
    fn spend(&mut self, work: usize) -> Result<(), Fault> {
        self.work = self.work.checked_sub(work).ok_or(TOO_LARGE)?;
        Ok(())
    }

    fn take(&mut self, cursor: &mut Cursor, len: usize) -> Result<&'a [u8], Fault> {
        let end = cursor.at.checked_add(len).filter(|end| *end <= cursor.end).ok_or(ENDS_EARLY)?;
        let bytes = self.chunk.get(cursor.at..end).ok_or(ENDS_EARLY)?;
        cursor.at = end;
        Ok(bytes)
    }

    fn u8(&mut self, cursor: &mut Cursor) -> Result<u8, Fault> {
        Ok(self.take(cursor, 1)?[0])
    }

    fn u16(&mut self, cursor: &mut Cursor) -> Result<u16, Fault> {
        let bytes = self.take(cursor, 2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self, cursor: &mut Cursor) -> Result<usize, Fault> {
        let bytes = self.take(cursor, 4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }

    /// Text after its length in characters.
    fn text(&mut self, cursor: &mut Cursor) -> Result<String, Fault> {
        let len = usize::from(self.u16(cursor)?) * 2;
        self.spend(len)?;
        Ok(value::utf16(self.take(cursor, len)?))
    }

    /// A name, which stands elsewhere in the chunk or follows right here.
    fn name(&mut self, cursor: &mut Cursor) -> Result<String, Fault> {
        let place = self.u32(cursor)?;
        let mut there = Cursor { at: place, end: self.chunk.len() };
        // The next name of that hash, and the hash.
        self.take(&mut there, 6)?;
        let name = self.text(&mut there)?;
        if place == cursor.at {
            let len = there.at - place;
            self.take(cursor, len + 2)?;
        }
        Ok(name)
    }

    /// Adds what is read to `into`, up to the end of its element or of the XML.
    fn content(&mut self, cursor: &mut Cursor, context: &Context<'_>, into: &mut Element) -> Result<(), Fault> {
        while cursor.at < cursor.end {
            self.spend(TOKEN_WORK)?;
            let token = self.u8(cursor)?;
            match token & !MORE {
                END_OF_XML | END_ELEMENT => return Ok(()),
                BEGIN_XML => {
                    self.take(cursor, 3)?;
                }
                OPEN_ELEMENT => {
                    let element = self.element(cursor, &context.deeper()?, token & MORE != 0)?;
                    into.children.push(element);
                }
                TEMPLATE => self.template(cursor, &context.deeper()?, into)?,
                INSTRUCTION => {
                    self.name(cursor)?;
                }
                INSTRUCTION_TEXT => {
                    self.text(cursor)?;
                }
                kind => {
                    let at = cursor.at;
                    if let Some(place) = self.xml_hole(cursor, kind, context)? {
                        let inside = Context { values: &[], is_value: true, ..context.deeper()? };
                        self.content(&mut Cursor::new(place), &inside, into)?;
                    } else {
                        cursor.at = at;
                        let value = self.value(cursor, kind, context)?;
                        into.texts.push(value);
                    }
                }
            }
        }
        Ok(())
    }

    fn element(&mut self, cursor: &mut Cursor, context: &Context<'_>, has_attributes: bool) -> Result<Element, Fault> {
        if !context.is_value {
            // On which value it depends.
            self.take(cursor, 2)?;
        }
        self.take(cursor, 4)?;
        let mut element = Element { name: self.name(cursor)?, ..Element::default() };
        if has_attributes {
            self.take(cursor, 4)?;
        }
        loop {
            self.spend(TOKEN_WORK)?;
            match self.u8(cursor)? & !MORE {
                ATTRIBUTE => {
                    let name = self.name(cursor)?;
                    let values = self.attribute(cursor, context)?;
                    element.attributes.push((name, values));
                }
                CLOSE_EMPTY => return Ok(element),
                CLOSE_START => {
                    self.content(cursor, context, &mut element)?;
                    return Ok(element);
                }
                _ => return Err("the event's XML has an element that is not closed"),
            }
        }
    }

    fn attribute(&mut self, cursor: &mut Cursor, context: &Context<'_>) -> Result<Vec<Value>, Fault> {
        let mut values = Vec::new();
        while let Some(token) = self.chunk.get(cursor.at).map(|token| token & !MORE) {
            if !matches!(token, VALUE | CDATA | CHARACTER | ENTITY | HOLE | OPTIONAL_HOLE) {
                break;
            }
            self.spend(TOKEN_WORK)?;
            self.take(cursor, 1)?;
            values.push(self.value(cursor, token, context)?);
        }
        Ok(values)
    }

    /// Where the XML stands that fills a hole, if it is XML that does.
    fn xml_hole(&mut self, cursor: &mut Cursor, token: u8, context: &Context<'_>) -> Result<Option<Range<usize>>, Fault> {
        if !matches!(token, HOLE | OPTIONAL_HOLE) {
            return Ok(None);
        }
        let hole = usize::from(self.u16(cursor)?);
        self.take(cursor, 1)?;
        let filling = context.values.get(hole);
        Ok(filling.filter(|filling| filling.kind == value::XML).map(|filling| filling.place.clone()))
    }

    fn value(&mut self, cursor: &mut Cursor, token: u8, context: &Context<'_>) -> Result<Value, Fault> {
        Ok(match token {
            VALUE => {
                let kind = self.u8(cursor)?;
                if kind == value::TEXT {
                    return Ok(Value::Text(self.text(cursor)?));
                }
                let len = value::length(kind).ok_or("the event's XML has a value of an unknown type")?;
                value::decode(kind, self.take(cursor, len)?)
            }
            CDATA => Value::Text(self.text(cursor)?),
            CHARACTER => {
                let code = self.u16(cursor)?;
                Value::Text(char::from_u32(u32::from(code)).unwrap_or(char::REPLACEMENT_CHARACTER).to_string())
            }
            ENTITY => Value::Text(entity(self.name(cursor)?)),
            HOLE | OPTIONAL_HOLE => {
                let hole = usize::from(self.u16(cursor)?);
                self.take(cursor, 1)?;
                let Some(filling) = context.values.get(hole) else { return Ok(Value::Null) };
                self.spend(filling.place.len())?;
                value::decode(filling.kind, self.chunk.get(filling.place.clone()).ok_or(ENDS_EARLY)?)
            }
            _ => return Err("the event's XML has an unknown token"),
        })
    }

    /// A template with what fills its holes.
    fn template(&mut self, cursor: &mut Cursor, context: &Context<'_>, into: &mut Element) -> Result<(), Fault> {
        // A version and the template's number.
        self.take(cursor, 5)?;
        let place = self.u32(cursor)?;
        let mut there = Cursor { at: place, end: self.chunk.len() };
        // The next template of that number, and a GUID.
        self.take(&mut there, 20)?;
        let len = self.u32(&mut there)?;
        let xml = there.at..there.at.saturating_add(len).min(self.chunk.len());
        if place == cursor.at {
            let here = xml.end - place;
            self.take(cursor, here)?;
        }
        let count = self.u32(cursor)?;
        let table = self.take(cursor, count.checked_mul(4).ok_or(ENDS_EARLY)?)?;
        self.spend(table.len())?;
        let mut values = Vec::with_capacity(count);
        for entry in table.chunks_exact(4) {
            let start = cursor.at;
            self.take(cursor, usize::from(u16::from_le_bytes([entry[0], entry[1]])))?;
            values.push(Filling { kind: entry[2], place: start..cursor.at });
        }
        let context = Context { values: &values, is_value: false, depth: context.depth };
        self.content(&mut Cursor::new(xml), &context, into)
    }
}

/// The character that a name stands for (XML 1.0, "Predefined Entities").
fn entity(name: String) -> String {
    match name.as_str() {
        "amp" => "&".to_owned(),
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        _ => format!("&{name};"),
    }
}
