//! MISP events: `{"Event": …}`, `{"response": [{"Event": …}]}` or an array of them. Attributes that MISP itself marks as no
//! indicators (`to_ids` false) are rejected with that reason.

use std::borrow::Cow;

use super::json::Json;
use super::record::Record;
use super::sink::Sink;
use super::{Document, Feed, FeedError};
use crate::normalize::{Hint, Reason};

/// The feed.
pub(super) struct Misp;

impl Feed for Misp {
    fn name(&self) -> &'static str {
        "misp"
    }

    fn page(&self) -> &'static str {
        include_str!("misp.md")
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        document.json().is_some_and(|json| !events(json).is_empty())
    }

    fn parse(&self, document: &Document<'_>, sink: &mut Sink) -> Result<(), FeedError> {
        for event in document.json().map(events).unwrap_or_default() {
            let context = Context::of(event);
            for attribute in event.list_of("Attribute") {
                push(attribute, &context, sink);
            }
            for object in event.list_of("Object") {
                object.list_of("Attribute").iter().for_each(|attribute| push(attribute, &context, sink));
            }
        }
        Ok(())
    }
}

fn events<'j, 'a>(json: &'j Json<'a>) -> Vec<&'j Json<'a>> {
    let wrapped = match json.get("response") {
        Some(response) => response.list(),
        None => json.list(),
    };
    json.get("Event").into_iter().chain(wrapped.iter().filter_map(|item| item.get("Event"))).collect()
}

/// What an event says of all its attributes.
struct Context<'a> {
    family: Cow<'a, str>,
    date: &'a str,
    reporter: &'a str,
    marking: &'a str,
    /// Some attribute is marked as an indicator: an event that marks none says nothing by that.
    marks: bool,
}

impl<'a> Context<'a> {
    fn of(event: &'a Json<'a>) -> Context<'a> {
        let tags: Vec<&str> = event.list_of("Tag").iter().filter_map(|tag| tag.text_of("name")).collect();
        let galaxy = tags.iter().find_map(|tag| {
            let (kind, name) = tag.strip_prefix("misp-galaxy:")?.split_once('=')?;
            ["malpedia", "malware", "tool", "rat", "ransomware", "stealer", "botnet"]
                .contains(&kind)
                .then_some(name.trim_matches('"'))
        });
        let plain = tags.iter().find(|tag| !tag.contains(':') && !tag.contains('='));
        let family = galaxy.or(plain.copied()).or(event.text_of("info")).unwrap_or_default();
        let mut attributes =
            event.list_of("Attribute").iter().chain(event.list_of("Object").iter().flat_map(|o| o.list_of("Attribute")));
        Context {
            marks: attributes.any(|attribute| attribute.get("to_ids") == Some(&Json::Bool(true))),
            family: Cow::Borrowed(family),
            date: event.text_of("date").unwrap_or_default(),
            reporter: event.get("Orgc").and_then(|org| org.text_of("name")).unwrap_or_default(),
            marking: tags.iter().find(|tag| tag.starts_with("tlp:")).copied().unwrap_or_default(),
        }
    }
}

fn push(attribute: &Json<'_>, context: &Context<'_>, sink: &mut Sink) {
    let (ty, value) = (attribute.text_of("type").unwrap_or_default(), attribute.text_of("value").unwrap_or_default());
    let at = || format!("attribute {}", attribute.text_of("uuid").unwrap_or(value));
    if (context.marks && attribute.get("to_ids") == Some(&Json::Bool(false)))
        || attribute.get("deleted") == Some(&Json::Bool(true))
    {
        sink.reject(value, Reason::BadRecord("the event itself marks it as not for detection, or as deleted".to_owned()), &at);
        return;
    }
    let values = match (ty, value.split_once('|')) {
        ("domain|ip", Some((domain, ip))) => vec![(Some(Hint::Domain), domain.into()), (Some(Hint::Address), ip.into())],
        ("filename|md5" | "filename|sha1" | "filename|sha256", Some((_, hash))) => vec![(Some(Hint::Hash), hash.into())],
        _ => vec![(None, value.into())],
    };
    let record = Record {
        values,
        ty: ty.into(),
        malware_id: Cow::Borrowed(&context.family),
        first_seen: attribute.text_of("first_seen").unwrap_or(context.date).into(),
        last_seen: attribute.text_of("last_seen").unwrap_or_default().into(),
        reporter: context.reporter.into(),
        marking: context.marking.into(),
        ..Record::default()
    };
    sink.push(&record, &at);
}

#[cfg(test)]
mod tests {
    use crate::feed::read;

    #[test]
    fn attributes_of_an_event() {
        let text = r#"{"response": [{"Event": {"info": "Research", "date": "2018-03-09", "Orgc": {"name": "CERT"},
            "Tag": [{"name": "tlp:white"}, {"name": "Glupteba"}], "Attribute": [
            {"type": "domain|ip", "value": "evil.shop|93.184.216.34", "to_ids": true, "uuid": "u1"},
            {"type": "filename|sha1", "value": "a.exe|854c68ab7ad70b6f95f76ec64b8a46c145997629", "to_ids": true},
            {"type": "ip-dst|port", "value": "93.184.216.34|443", "to_ids": true},
            {"type": "regkey", "value": "HKLM", "to_ids": true, "uuid": "u2"},
            {"type": "domain", "value": "good.shop", "to_ids": false, "uuid": "u3"}]}}]}"#;
        let intel = read(text.as_bytes(), "e.json").unwrap();
        let values: Vec<String> = intel.indicators().map(|i| format!("{} {}", i.ty(), i.value())).collect();
        assert_eq!(
            values,
            [
                "domain evil.shop",
                "ip 93.184.216.34",
                "sha1 854c68ab7ad70b6f95f76ec64b8a46c145997629",
                "ip:port 93.184.216.34:443"
            ]
        );
        let first = intel.get(0).unwrap();
        assert_eq!((first.malware().name.as_str(), first.marking()), ("Glupteba", "tlp:white"));
        assert_eq!(intel.rejected.len(), 2);
    }
}
