//! STIX 2.0 and 2.1 bundles. Each alternative of an indicator's pattern is a value; what is none is rejected.

mod pattern;

use std::collections::HashMap;

use super::json::Json;
use super::record::{Record, Role};
use super::sink::Sink;
use super::{Document, Feed, FeedError};
use crate::normalize::Reason;

use pattern::alternatives;

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
    if let Some(other) = object.text_of("pattern_type").filter(|ty| *ty != "stix") {
        return sink.reject(pattern, Reason::UnknownType(format!("{other} pattern")), &at);
    }
    if object.get("revoked") == Some(&Json::Bool(true)) {
        return sink.reject(pattern, Reason::BadRecord("the publisher revoked it".to_owned()), &at);
    }
    let mut values = Vec::new();
    for alternative in alternatives(pattern) {
        match alternative {
            Ok((hint, value)) => values.push((Some(hint), value)),
            Err(why) => sink.reject(pattern, why, &at),
        }
    }
    if values.is_empty() {
        return;
    }
    let threat_types = object.list_of("indicator_types").iter().chain(object.list_of("labels")).find_map(Json::text);
    let mut record = Record {
        values,
        malware_id: families.get(id).copied().unwrap_or_default().into(),
        threat_type: threat_types.unwrap_or_default().into(),
        first_seen: object.text_of("valid_from").unwrap_or_default().into(),
        valid_until: object.text_of("valid_until").unwrap_or_default().into(),
        id: id.into(),
        ..Record::default()
    };
    if let Some(confidence) = object.get("confidence").and_then(Json::scalar) {
        record.set(Role::Confidence, confidence);
    }
    sink.push(&record, &at);
}

#[cfg(test)]
mod tests {
    use crate::indicator::Fact;

    #[test]
    fn families_come_by_relationship() {
        let text = r#"{"type": "bundle", "objects": [{"type": "malware", "id": "malware--1", "name": "Pegasus"},
            {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value='evil.shop']", "valid_from": "2024-01-26T21:28:21.013288Z"},
            {"type": "relationship", "source_ref": "indicator--1", "target_ref": "malware--1"}]}"#;
        let intel = crate::feed::read(text.as_bytes(), "p.json").unwrap();
        assert_eq!(intel.get(0).unwrap().malware().id, "Pegasus");
    }

    #[test]
    fn what_is_said_of_a_value() {
        let text = r#"{"type": "bundle", "objects": [
            {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value = 'a.biz' OR process:name = 'x']", "pattern_type": "stix",
             "confidence": 75, "valid_from": "2024-01-26T21:28:21Z", "valid_until": "2024-04-26T21:28:21Z"},
            {"type": "indicator", "id": "indicator--2", "pattern": "[domain-name:value = 'b.biz']", "confidence": 222, "valid_from": "lately"},
            {"type": "indicator", "id": "indicator--3", "pattern": "[domain-name:value = 'c.biz']",
             "valid_from": "2024-01-26T21:28:21Z", "valid_until": "2024-01-26T21:28:21Z"},
            {"type": "indicator", "id": "indicator--4", "pattern": "alert tcp any", "pattern_type": "snort"}]}"#;
        let intel = crate::feed::read(text.as_bytes(), "p.json").unwrap();
        let (first, second) = (intel.get(0).unwrap(), intel.get(1).unwrap());
        assert_eq!((first.value(), first.confidence()), ("a.biz", Some(75)));
        assert_eq!(kql::time::format_datetime(first.valid_until().unwrap()), "2024-04-26T21:28:21.0000000Z");
        assert_eq!((second.confidence(), second.first_seen(), second.valid_until()), (None, None, None));
        assert_eq!((intel.len(), intel.sources[0].unread_facts), (2, 2));
        let unread = intel.sources[0].first_unread.as_ref().unwrap();
        assert_eq!((unread.fact, &*unread.text, &*unread.at), (Fact::Date, "lately", "object indicator--2"));
        let rejected: Vec<String> = intel.rejected.iter().map(|it| format!("{}: {}", it.at, it.why)).collect();
        assert_eq!(
            rejected,
            [
                "object indicator--1: values of type `process:name` are not hunted",
                "object indicator--3: unreadable record: it ends before it begins to be valid",
                "object indicator--4: values of type `snort pattern` are not hunted"
            ]
        );
    }
}
