//! Makes small Windows event logs of JSON, for tests: the XML of each event is a template with a hole for each value.

use std::collections::HashMap;

use serde_json::{Map, Value};

const CHUNK_BYTES: usize = 64 << 10;
/// A chunk with more than that gets no further event.
const FULL_BYTES: usize = 48 << 10;

/// A file of those events, each a line of JSON as it is read from one.
pub(crate) fn file(events: &str) -> Vec<u8> {
    let mut chunks = vec![Chunk::new()];
    for (at, line) in events.lines().enumerate() {
        if chunks.last().is_none_or(|chunk| chunk.bytes.len() > FULL_BYTES) {
            chunks.push(Chunk::new());
        }
        let event: Value = serde_json::from_str(line).expect("an event is a JSON object");
        chunks.last_mut().expect("there is one").event(at as u64 + 1, event.as_object().expect("an event is an object"));
    }
    let mut file = b"ElfFile\0".to_vec();
    file.resize(40, 0);
    file.extend(4096_u16.to_le_bytes());
    file.extend(u16::try_from(chunks.len()).expect("they are few").to_le_bytes());
    file.resize(4096, 0);
    for chunk in chunks {
        file.extend(chunk.finish());
    }
    file
}

struct Chunk {
    bytes: Vec<u8>,
    /// Where names stand.
    names: HashMap<String, u32>,
    /// What fills the holes of the event at hand.
    values: Vec<(u8, Vec<u8>)>,
}

impl Chunk {
    fn new() -> Chunk {
        let mut bytes = b"ElfChnk\0".to_vec();
        bytes.resize(512, 0);
        Chunk { bytes, names: HashMap::new(), values: Vec::new() }
    }

    fn finish(mut self) -> Vec<u8> {
        let free = self.place();
        self.patch(40, 128);
        self.patch(48, free);
        self.bytes.resize(CHUNK_BYTES, 0);
        self.bytes
    }

    fn place(&self) -> u32 {
        u32::try_from(self.bytes.len()).expect("a chunk is small")
    }

    fn patch(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Room for the length of what follows; [`Chunk::close`] fills it in.
    fn open(&mut self) -> usize {
        self.bytes.extend([0; 4]);
        self.bytes.len()
    }

    fn close(&mut self, opened: usize) {
        self.patch(opened - 4, u32::try_from(self.bytes.len() - opened).expect("a chunk is small"));
    }

    fn event(&mut self, number: u64, event: &Map<String, Value>) {
        let start = self.bytes.len();
        self.bytes.extend(b"**\0\0\0\0\0\0");
        self.bytes.extend(number.to_le_bytes());
        self.bytes.extend([0; 8]);
        self.bytes.extend([0x0f, 1, 1, 0, 0x0c, 1, 7, 0, 0, 0]);
        let definition = self.place() + 4;
        self.bytes.extend(definition.to_le_bytes());
        self.bytes.extend([0; 20]);
        let opened = self.open();
        self.bytes.extend([0x0f, 1, 1, 0]);
        for (name, value) in event {
            self.element(name, value, false);
        }
        self.bytes.push(0);
        self.close(opened);
        let values = std::mem::take(&mut self.values);
        self.bytes.extend(u32::try_from(values.len()).expect("they are few").to_le_bytes());
        for (kind, bytes) in &values {
            self.bytes.extend(u16::try_from(bytes.len()).expect("a value is small").to_le_bytes());
            self.bytes.extend([*kind, 0]);
        }
        values.iter().for_each(|(_, bytes)| self.bytes.extend(bytes));
        self.bytes.push(0);
        let size = u32::try_from(self.bytes.len() - start + 4).expect("a chunk is small");
        self.bytes.extend(size.to_le_bytes());
        self.patch(start + 4, size);
    }

    fn element(&mut self, name: &str, value: &Value, is_data: bool) {
        let none = Map::new();
        let members = value.as_object().unwrap_or(&none);
        let attributes = members.get("#attributes").and_then(Value::as_object).unwrap_or(&none);
        let has_attributes = is_data || !attributes.is_empty();
        self.bytes.extend([if has_attributes { 0x41 } else { 0x01 }, 0xff, 0xff]);
        let opened = self.open();
        self.name(if is_data { "Data" } else { name });
        if has_attributes {
            let opened = self.open();
            if is_data {
                self.bytes.push(0x06);
                self.name("Name");
                self.bytes.extend([0x05, 0x01]);
                self.text(name);
            }
            for (name, value) in attributes {
                self.bytes.push(0x46);
                self.name(name);
                self.hole(value);
            }
            self.close(opened);
        }
        if value.is_null() {
            self.bytes.push(0x03);
        } else {
            self.bytes.push(0x02);
            if !value.is_object() {
                self.hole(value);
            }
            if let Some(text) = members.get("#text") {
                self.hole(text);
            }
            for (child, value) in members.iter().filter(|(name, _)| !name.starts_with('#')) {
                self.element(child, value, name == "EventData");
            }
            self.bytes.push(0x04);
        }
        self.close(opened);
    }

    /// A name that was there already is told by its place.
    fn name(&mut self, name: &str) {
        let here = self.place() + 4;
        let known = self.names.get(name).copied();
        self.bytes.extend(known.unwrap_or(here).to_le_bytes());
        if known.is_none() {
            self.names.insert(name.to_owned(), here);
            self.bytes.extend([0; 6]);
            self.text(name);
            self.bytes.extend([0; 2]);
        }
    }

    fn text(&mut self, text: &str) {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.bytes.extend(u16::try_from(units.len() / 2).expect("a text is short").to_le_bytes());
        self.bytes.extend(units);
    }

    fn hole(&mut self, value: &Value) {
        let (kind, bytes) = match value {
            Value::String(text) => (0x01, text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Value::Number(number) => (0x0a, number.as_u64().expect("a number is whole").to_le_bytes().to_vec()),
            Value::Bool(truth) => (0x0d, u32::from(*truth).to_le_bytes().to_vec()),
            _ => (0x00, Vec::new()),
        };
        self.bytes.push(0x0e);
        self.bytes.extend(u16::try_from(self.values.len()).expect("they are few").to_le_bytes());
        self.bytes.push(kind);
        self.values.push((kind, bytes));
    }
}
