//! JSON text as `dynamic` keeps it: reading it in, and walking it without building it.
//!
//! Members and elements are found by stepping over the compact text of a dynamic, so that `d.a.b` costs a scan, not a parse.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::cell::Cell;

/// What `parse_json` makes of a text: the value it writes, else the text itself as a JSON string; null for none.
pub(super) fn parsed(text: &str) -> Cell<'static> {
    if text.is_empty() {
        return Cell::Null;
    }
    match serde_json::from_str::<Json>(text) {
        Ok(value) => Cell::json(&value),
        Err(_) => Cell::Dynamic(Cow::Owned(Json::from(text).to_string())),
    }
}

/// The part `of` the dynamic's text, for as long as its column lives. JSON's null becomes null.
pub(super) fn slice<'a>(dynamic: &Cell<'a>, part: impl FnOnce(&str) -> Option<(usize, usize)>) -> Cell<'a> {
    let Cell::Dynamic(json) = dynamic else { return Cell::Null };
    let Some((from, to)) = part(json) else { return Cell::Null };
    match json {
        _ if &json[from..to] == "null" => Cell::Null,
        Cow::Borrowed(json) => Cell::Dynamic(Cow::Borrowed(&json[from..to])),
        Cow::Owned(json) => Cell::Dynamic(Cow::Owned(json[from..to].to_owned())),
    }
}

/// Where the value of that member lies in the text of a bag.
pub(super) fn member(json: &str, name: &str) -> Option<(usize, usize)> {
    let mut found = None;
    members(json, |key, from, to| {
        if key_is(&json[key.0..key.1], name) {
            found = Some((from, to));
        }
        found.is_none()
    });
    found
}

/// Calls `each` with the place of each key (quotes included) and of its value, until it returns `false`.
pub(super) fn members(json: &str, mut each: impl FnMut((usize, usize), usize, usize) -> bool) {
    let bytes = json.as_bytes();
    if bytes.first() != Some(&b'{') {
        return;
    }
    let mut at = blank(bytes, 1);
    while bytes.get(at) == Some(&b'"') {
        let key = (at, value_end(bytes, at));
        at = blank(bytes, key.1);
        if bytes.get(at) != Some(&b':') {
            return;
        }
        let from = blank(bytes, at + 1);
        let to = value_end(bytes, from);
        if !each(key, from, to) {
            return;
        }
        at = blank(bytes, to);
        if bytes.get(at) == Some(&b',') {
            at = blank(bytes, at + 1);
        }
    }
}

/// Calls `each` with the place of each element, until it returns `false`.
pub(super) fn elements(json: &str, mut each: impl FnMut(usize, usize) -> bool) {
    let bytes = json.as_bytes();
    if bytes.first() != Some(&b'[') {
        return;
    }
    let mut from = blank(bytes, 1);
    while from < bytes.len() && bytes[from] != b']' {
        let to = value_end(bytes, from);
        if !each(from, to) || to == from {
            return;
        }
        from = blank(bytes, to);
        if bytes.get(from) == Some(&b',') {
            from = blank(bytes, from + 1);
        }
    }
}

/// Where the element of that position lies in the text of an array; a negative one counts from the end.
pub(super) fn element(json: &str, position: i64) -> Option<(usize, usize)> {
    let position = if position < 0 { position + length(json)? } else { position };
    let (mut at, mut found) = (0, None);
    elements(json, |from, to| {
        if at == position {
            found = Some((from, to));
        }
        at += 1;
        found.is_none()
    });
    found
}

/// How many elements an array has; `None` if it is none.
pub(super) fn length(json: &str) -> Option<i64> {
    if !json.starts_with('[') {
        return None;
    }
    let mut count = 0;
    elements(json, |_, _| {
        count += 1;
        true
    });
    Some(count)
}

/// The text of a key as it stands between quotes.
pub(super) fn key_text(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if inner.contains('\\') { Cow::Owned(serde_json::from_str(quoted).unwrap_or_default()) } else { Cow::Borrowed(inner) }
}

fn key_is(quoted: &str, name: &str) -> bool {
    key_text(quoted) == name
}

fn blank(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Where the value that begins at `at` ends.
fn value_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at),
        Some(b'{' | b'[') => {
            let (mut at, mut depth) = (at, 0_usize);
            while let Some(byte) = bytes.get(at) {
                match byte {
                    b'"' => {
                        at = string_end(bytes, at);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    break;
                }
            }
            at
        }
        _ => {
            let rest = bytes.get(at..).unwrap_or_default();
            at + rest.iter().position(|b| matches!(b, b',' | b']' | b'}') || b.is_ascii_whitespace()).unwrap_or(rest.len())
        }
    }
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// The members of a path such as `$.a['b c'][0]`; `None` if it is no path.
pub(super) fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("['").or_else(|| rest.strip_prefix("[\"")) {
            let close = if rest.starts_with("['") { "']" } else { "\"]" };
            let end = tail.find(close)?;
            steps.push(Step::Member(tail[..end].to_owned()));
            rest = &tail[end + 2..];
        } else if let Some(tail) = rest.strip_prefix('[') {
            let end = tail.find(']')?;
            steps.push(Step::Element(tail[..end].trim().parse().ok()?));
            rest = &tail[end + 1..];
        } else {
            // `$name` means `$.name` to Kusto's users, and so to published queries.
            let is_first = steps.is_empty() && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            let tail = rest.strip_prefix('.').or(is_first.then_some(rest))?;
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Member(tail[..end].to_owned()));
            rest = &tail[end..];
        }
    }
    Some(steps)
}

/// One step into a dynamic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A bag's member.
    Member(String),
    /// An array's element.
    Element(i64),
}

/// Where the value at the end of those steps lies in the text.
pub(super) fn follow(json: &str, steps: &[Step]) -> Option<(usize, usize)> {
    let (mut from, mut to) = (0, json.len());
    for step in steps {
        let value = &json[from..to];
        let place = match step {
            Step::Member(name) => member(value, name),
            Step::Element(position) => element(value, *position),
        }?;
        (from, to) = (from + place.0, from + place.1);
    }
    Some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_are_found_in_the_text() {
        let json = r#"{"a":{"b":[1,"x,]}\"",{"c":null}],"é\n":-1.5e3},"k\"":"v","":0}"#;
        let at = |steps: &[Step]| follow(json, steps).map(|(from, to)| &json[from..to]);
        let name = |name: &str| Step::Member(name.to_owned());
        assert_eq!(at(&[name("a"), name("b"), Step::Element(1)]), Some(r#""x,]}\"""#));
        assert_eq!(at(&[name("a"), name("b"), Step::Element(-1), name("c")]), Some("null"));
        assert_eq!(at(&[name("a"), name("é\n")]), Some("-1.5e3"));
        assert_eq!(at(&[name("k\"")]), Some("\"v\""));
        assert_eq!(at(&[name("")]), Some("0"));
        assert_eq!(at(&[name("b")]), None);
        assert_eq!(at(&[Step::Element(0)]), None);
        assert_eq!(length("[]"), Some(0));
        assert_eq!(length("[[1,2],{},\"\"]"), Some(3));
    }

    #[test]
    fn damaged_text_ends_the_walk() {
        for json in ["{", "[", "{\"a", "{\"a\":", "[1", "[\"", "{\"a\":1", "[}", "{]", "[,]", "\"\\"] {
            elements(json, |_, _| true);
            members(json, |_, _, _| true);
            assert_eq!(member(json, "zz"), None);
        }
    }

    #[test]
    fn paths_are_read() {
        let member = |name: &str| Step::Member(name.to_owned());
        assert_eq!(path("$.a['b c'][0].d"), Some(vec![member("a"), member("b c"), Step::Element(0), member("d")]));
        assert_eq!(path("$a.b"), Some(vec![member("a"), member("b")]));
        assert_eq!(path("a.b"), None);
        assert_eq!(path("$..b"), None);
    }
}
