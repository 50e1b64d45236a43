//! `parse_xml`: XML text in, its elements, attributes and texts as a dynamic out. See `xml.md`.
//!
//! An element becomes null, its text, or a bag of `@attributes`, `#text` and children; children of one name become an array.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::argument::cell_text;
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[Function::row("parse_xml", parse_xml)];

/// How long a text is read at all, in bytes.
const LONGEST: usize = 1 << 20;
/// How deep elements may nest.
const DEEPEST: usize = 128;

fn parse_xml<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let text = cell_text(&args[0]);
    if text.len() > LONGEST {
        return Cell::Null;
    }
    document(&text).map_or(Cell::Null, |value| Cell::json(&value))
}

/// The one element of a document, by its name; `None` if the text is no XML.
fn document(text: &str) -> Option<Json> {
    let mut reader = Reader { rest: text.trim_start_matches('\u{feff}') };
    reader.skip_around();
    let (name, value) = reader.element(0)?;
    reader.skip_around();
    if !reader.rest.is_empty() {
        return None;
    }
    let mut out = Map::new();
    out.insert(name.to_owned(), value);
    Some(Json::Object(out))
}

/// What is left of the text.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, literal: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(literal)?;
        Some(())
    }

    /// All up to `end`, which is passed over.
    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (inside, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(inside)
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Passes over a comment, a processing instruction or a declaration, if one is here.
    fn skip(&mut self) -> bool {
        let rest = self.rest;
        if self.take("<!--").is_some() {
            return self.until("-->").is_some();
        }
        if self.take("<?").is_some() {
            return self.until("?>").is_some();
        }
        if rest.starts_with("<!DOCTYPE") {
            let end = match (rest.find('['), rest.find('>')) {
                (Some(open), Some(close)) if open < close => "]>",
                _ => ">",
            };
            return self.until(end).is_some();
        }
        false
    }

    fn skip_around(&mut self) {
        self.blanks();
        while self.skip() {
            self.blanks();
        }
    }

    fn name(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '/' | '>' | '<' | '"' | '\''))?;
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }

    /// An element that begins here: its name and what it becomes.
    fn element(&mut self, depth: usize) -> Option<(&'a str, Json)> {
        self.take("<")?;
        let name = self.name().filter(|_| depth < DEEPEST)?;
        let mut members = Map::new();
        loop {
            self.blanks();
            if self.take("/>").is_some() {
                return Some((name, finished(members, String::new())));
            }
            if self.take(">").is_some() {
                break;
            }
            let attribute = self.name()?;
            self.blanks();
            self.take("=")?;
            self.blanks();
            let quote = if self.take("\"").is_some() { "\"" } else { self.take("'").map(|()| "'")? };
            let value = unescaped(self.until(quote)?);
            members.insert(format!("@{attribute}"), Json::from(value.as_ref()));
        }
        let mut text = String::new();
        loop {
            let end = self.rest.find('<')?;
            text.push_str(&unescaped(&self.rest[..end]));
            self.rest = &self.rest[end..];
            if self.take("</").is_some() {
                let closed = self.name()?;
                self.blanks();
                self.take(">")?;
                return (closed == name).then(|| (name, finished(members, text)));
            }
            if self.take("<![CDATA[").is_some() {
                text.push_str(self.until("]]>")?);
            } else if !self.skip() {
                let (child, value) = self.element(depth + 1)?;
                add(&mut members, child, value);
            }
        }
    }
}

/// Adds a child; the second of one name makes an array of both.
fn add(members: &mut Map<String, Json>, name: &str, value: Json) {
    match members.get_mut(name) {
        None => {
            members.insert(name.to_owned(), value);
        }
        Some(Json::Array(values)) => values.push(value),
        Some(first) => *first = Json::Array(vec![first.take(), value]),
    }
}

/// What an element with those attributes and children, and that text, becomes.
fn finished(mut members: Map<String, Json>, text: String) -> Json {
    let text = text.trim();
    if members.is_empty() {
        return if text.is_empty() { Json::Null } else { value_of(text) };
    }
    if !text.is_empty() {
        members.insert("#text".to_owned(), value_of(text));
    }
    Json::Object(members)
}

/// A number where the text is exactly what the number would be written as; else the text.
fn value_of(text: &str) -> Json {
    if text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && let Ok(value) = serde_json::from_str::<Json>(text)
    {
        let written = value.to_string();
        if written == text {
            return value;
        }
    }
    Json::from(text)
}

/// The text with `&lt;`, `&#65;` and their like undone; unknown ones stay.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let entity = after.split_once(';').and_then(|(name, tail)| Some((character(name)?, tail)));
        if let Some((c, tail)) = entity {
            out.push(c);
            rest = tail;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn character(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use crate::function::testing::{eval, s};

    fn of(text: &str) -> String {
        eval("parse_xml", &[s(text)], Type::Dynamic).as_str().to_owned()
    }

    #[test]
    fn elements_become_members() {
        assert_eq!(of("<e/>"), r#"{"e":null}"#);
        assert_eq!(of("<e>text</e>"), r#"{"e":"text"}"#);
        assert_eq!(of("<e name='v' />"), r#"{"e":{"@name":"v"}}"#);
        assert_eq!(of("<e name=\"v\">text</e>"), r##"{"e":{"@name":"v","#text":"text"}}"##);
        assert_eq!(of("<e> <a>x</a> <b>y</b> </e>"), r#"{"e":{"a":"x","b":"y"}}"#);
        assert_eq!(of("<e> <a>x</a> <a>y</a><a/> </e>"), r#"{"e":{"a":["x","y",null]}}"#);
        let sysmon = "<?xml version=\"1.0\"?><!-- c --><D><Data Name=\"Image\">C:\\a &amp; b&#46;exe</Data><![CDATA[<x>]]></D>";
        assert_eq!(of(sysmon), r##"{"D":{"Data":{"@Name":"Image","#text":"C:\\a & b.exe"},"#text":"<x>"}}"##);
    }

    #[test]
    fn numbers_keep_their_text() {
        assert_eq!(of("<e><a>118.0</a><b>007</b><c>5</c><d>0x3e7</d></e>"), r#"{"e":{"a":118.0,"b":"007","c":5,"d":"0x3e7"}}"#);
    }

    #[test]
    fn what_is_no_xml_is_null() {
        for bad in ["", "text", "<a>", "<a></b>", "<a", "<a x>", "<a/><b/>", "<a x='1/>", "<", "<a>&</a"] {
            assert_eq!(of(bad), "", "{bad}");
        }
        assert_eq!(of(&"<a>".repeat(100_000)), "");
    }
}
