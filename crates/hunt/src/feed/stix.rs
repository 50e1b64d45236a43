//! STIX 2.0 and 2.1 bundles. An indicator's pattern gives every comparison by `=` within it as a value: a pattern that joins them
//! by `OR` means just that; one that joins them by `AND` is rejected, since one half of it says nothing.

use std::borrow::Cow;
use std::collections::HashMap;

use super::json::Json;
use super::record::Record;
use super::sink::Sink;
use super::{Document, Feed, FeedError};
use crate::normalize::{Hint, Reason};

/// The feed.
pub(super) struct Stix;

impl Feed for Stix {
    fn name(&self) -> &'static str {
        "stix"
    }

    fn page(&self) -> &'static str {
        include_str!("stix.md")
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        document.json().is_some_and(|json| json.text_of("type") == Some("bundle"))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut Sink) -> Result<(), FeedError> {
        let objects = document.json().map(|json| json.list_of("objects")).unwrap_or_default();
        let families = families(objects);
        for object in objects.iter().filter(|object| object.text_of("type") == Some("indicator")) {
            push(object, &families, sink);
        }
        Ok(())
    }
}

/// For each indicator's id the id and name of the malware it is related to.
fn families<'a>(objects: &'a [Json<'a>]) -> HashMap<&'a str, &'a str> {
    let is_family =
        |object: &&Json<'_>| matches!(object.text_of("type"), Some("malware" | "intrusion-set" | "campaign" | "tool"));
    let names: HashMap<&str, &str> =
        objects.iter().filter(is_family).filter_map(|object| Some((object.text_of("id")?, object.text_of("name")?))).collect();
    let related = objects.iter().filter(|object| object.text_of("type") == Some("relationship"));
    let mut families = HashMap::new();
    for relation in related {
        if let (Some(from), Some(to)) = (relation.text_of("source_ref"), relation.text_of("target_ref"))
            && let Some(name) = names.get(to)
        {
            families.entry(from).or_insert(*name);
        }
    }
    families
}

fn push(object: &Json<'_>, families: &HashMap<&str, &str>, sink: &mut Sink) {
    let (id, pattern) = (object.text_of("id").unwrap_or_default(), object.text_of("pattern").unwrap_or_default());
    let at = || format!("object {id}");
    let values = match comparisons(pattern) {
        Ok(values) => values,
        Err(why) => return sink.reject(pattern, why, &at),
    };
    if object.get("revoked") == Some(&Json::Bool(true)) {
        return sink.reject(pattern, Reason::BadRecord("the publisher revoked it".to_owned()), &at);
    }
    let threat_types = object.list_of("indicator_types").iter().chain(object.list_of("labels")).find_map(Json::text);
    let record = Record {
        values: values.into_iter().map(|(hint, value)| (Some(hint), value)).collect(),
        malware_id: families.get(id).copied().unwrap_or_default().into(),
        threat_type: threat_types.unwrap_or_default().into(),
        confidence: object.get("confidence").and_then(Json::scalar).and_then(|text| text.parse().ok()),
        first_seen: object.text_of("valid_from").unwrap_or_default().into(),
        id: id.into(),
        ..Record::default()
    };
    sink.push(&record, &at);
}

/// The values that a pattern compares with, and what they are.
fn comparisons(pattern: &str) -> Result<Vec<(Hint, Cow<'_, str>)>, Reason> {
    let mut found = Vec::new();
    let mut other = None;
    let mut rest = pattern;
    while let Some(quote) = rest.find('=') {
        let path = rest[..quote].rsplit(['[', '(', ' ', ']']).find(|word| word.contains(':')).unwrap_or_default();
        let (value, tail) = literal(&rest[quote + 1..])
            .ok_or_else(|| Reason::BadRecord("a pattern that does not compare with a text".to_owned()))?;
        match hint(path) {
            Some(hint) => found.push((hint, value)),
            None => other = Some(path),
        }
        rest = tail;
        if rest.trim_start().starts_with("AND") && !found.is_empty() {
            return Err(Reason::BadRecord("a pattern that joins comparisons by AND".to_owned()));
        }
    }
    match (found.is_empty(), other) {
        (false, _) => Ok(found),
        (true, Some(path)) => Err(Reason::UnknownType(path.to_owned())),
        (true, None) => Err(Reason::BadRecord("a pattern without a comparison".to_owned())),
    }
}

/// What the object path of a comparison holds.
fn hint(path: &str) -> Option<Hint> {
    let (object, property) = path.split_once(':')?;
    let property = property.replace('\'', "").to_ascii_lowercase();
    Some(match (object, property.as_str()) {
        ("domain-name", "value") => Hint::Domain,
        ("url", "value") => Hint::Url,
        ("ipv4-addr" | "ipv6-addr", "value") => Hint::Address,
        ("file", "hashes.md5") => Hint::Md5,
        ("file", "hashes.sha-1" | "hashes.sha1") => Hint::Sha1,
        ("file", "hashes.sha-256" | "hashes.sha256") => Hint::Sha256,
        _ => return None,
    })
}

/// The text literal that `text` starts with, and what follows it.
fn literal(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inner = text.trim_start().strip_prefix('\'')?;
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '\'' if !escaped => {
                let value = &inner[..at];
                let value =
                    if value.contains('\\') { Cow::Owned(value.replace("\\'", "'").replace("\\\\", "\\")) } else { value.into() };
                return Some((value, &inner[at + 1..]));
            }
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let check = |pattern: &str| match comparisons(pattern) {
            Ok(found) => found.iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>().join(" "),
            Err(why) => why.to_string(),
        };
        assert_eq!(check("[domain-name:value='evil.shop']"), "evil.shop");
        assert_eq!(check("[domain-name:value = 'a.biz' OR ipv4-addr:value = '93.184.216.34']"), "a.biz 93.184.216.34");
        assert_eq!(check("[file:hashes.'SHA-256' = 'ef53']"), "ef53");
        assert_eq!(check("[url:value = 'http://a.biz/?x=1']"), "http://a.biz/?x=1");
        assert_eq!(check("[process:name = 'x']"), "values of type `process:name` are not hunted");
        assert_eq!(
            check("[url:value = 'http://a.biz/' AND file:name = 'x']"),
            "unreadable record: a pattern that joins comparisons by AND"
        );
        assert_eq!(check("[a:b > 5]"), "unreadable record: a pattern without a comparison");
    }

    #[test]
    fn families_come_by_relationship() {
        let text = r#"{"type": "bundle", "objects": [{"type": "malware", "id": "malware--1", "name": "Pegasus"},
            {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value='evil.shop']", "valid_from": "2024-01-26T21:28:21.013288Z"},
            {"type": "relationship", "source_ref": "indicator--1", "target_ref": "malware--1"}]}"#;
        let intel = crate::feed::read(text.as_bytes(), "p.json").unwrap();
        assert_eq!(intel.get(0).unwrap().malware().id, "Pegasus");
    }
}
