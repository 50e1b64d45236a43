//! An element of an event's XML, and its JSON: attributes in `#attributes`, text beside them or beside elements in `#text`. A `Data`
//! that has a name is a member of that name.

use std::collections::HashMap;

use super::value::{Value, joined, write_text};
use crate::json::Fault;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, Vec<Value>)>,
    pub(super) children: Vec<Element>,
    /// Its text, in parts.
    pub(super) texts: Vec<Value>,
}

impl Element {
    /// Writes what it holds as a JSON object or value.
    pub(super) fn write(&self, into: &mut Vec<u8>) -> Result<(), Fault> {
        let named = self.name_of_data().is_some();
        let attributes: Vec<(&str, Value)> = self
            .attributes
            .iter()
            .filter(|_| !named)
            .map(|(name, values)| (name.as_str(), joined(values)))
            .filter(|(_, value)| *value != Value::Null)
            .collect();
        let text = joined(&self.texts);
        if attributes.is_empty() && self.children.is_empty() {
            return text.write(into);
        }
        let mut members = Members::begin(into);
        if !attributes.is_empty() {
            members.name("#attributes", into)?;
            let mut inner = Members::begin(into);
            for (name, value) in attributes {
                inner.name(name, into)?;
                value.write(into)?;
            }
            into.push(b'}');
        }
        if text != Value::Null && (self.children.is_empty() || !is_blank(&text)) {
            members.name("#text", into)?;
            text.write(into)?;
        }
        let data: Vec<&Element> = self.children.iter().filter(|child| child.is_bare_data()).collect();
        if data.len() > 1 {
            members.name("Data", into)?;
            into.extend_from_slice(b"{\"#text\":");
            Value::Many(data.iter().map(|child| joined(&child.texts)).collect()).write(into)?;
            into.push(b'}');
        }
        for child in self.children.iter().filter(|child| data.len() <= 1 || !child.is_bare_data()) {
            members.name(child.name_of_data().as_deref().unwrap_or(&child.name), into)?;
            child.write(into)?;
        }
        into.push(b'}');
        Ok(())
    }

    /// What `Data` is called that has a name.
    fn name_of_data(&self) -> Option<String> {
        if self.name != "Data" {
            return None;
        }
        let (_, values) = self.attributes.iter().find(|(name, _)| name == "Name")?;
        match joined(values) {
            Value::Text(name) if !name.is_empty() => Some(name),
            _ => None,
        }
    }

    /// `Data` that has nothing but text.
    fn is_bare_data(&self) -> bool {
        self.name == "Data" && self.attributes.is_empty() && self.children.is_empty()
    }
}

fn is_blank(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.trim().is_empty())
}

/// The members of an object that is being written: no two have one name.
struct Members {
    /// Of each name, the number that is tried next.
    names: HashMap<String, usize>,
}

impl Members {
    fn begin(into: &mut Vec<u8>) -> Members {
        into.push(b'{');
        Members { names: HashMap::new() }
    }

    /// Writes the name of the next member, with a number behind it if another has it.
    fn name(&mut self, name: &str, into: &mut Vec<u8>) -> Result<(), Fault> {
        if !self.names.is_empty() {
            into.push(b',');
        }
        let mut free = name.to_owned();
        while self.names.contains_key(&free) {
            let number = self.names.entry(name.to_owned()).or_insert(1);
            free = format!("{name}_{number}");
            *number += 1;
        }
        write_text(&free, into)?;
        into.push(b':');
        self.names.insert(free, 1);
        Ok(())
    }
}
