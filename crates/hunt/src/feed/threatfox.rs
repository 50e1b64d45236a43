//! ThreatFox by abuse.ch: the JSON export (an object of arrays), the same in `{"data": […]}`, answers of its API, and the CSV
//! export.

mod stream;

use super::csv::Csv;
use super::json::Json;
use super::record::Record;
use super::sink::Sink;
use super::{Document, Feed, FeedError, table};
use crate::normalize::Reason;

/// The feed.
pub(super) struct ThreatFox;

impl Feed for ThreatFox {
    fn name(&self) -> &'static str {
        "threatfox"
    }

    fn page(&self) -> &'static str {
        include_str!("threatfox.md")
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        if !document.is_json() {
            return document.text.lines().take(40).any(|line| line.contains("ioc_value") && line.contains("fk_malware"));
        }
        stream::starts_as_export(document.text)
            || document.json().is_some_and(|json| json.get("query_status").is_some() || first_record(json).is_some_and(is_record))
    }

    fn parse(&self, document: &Document<'_>, sink: &mut Sink) -> Result<(), FeedError> {
        if !document.is_json() {
            table::parse_csv(&mut Csv::new(document.text, b','), None, sink);
            return Ok(());
        }
        if stream::starts_as_export(document.text) {
            let status = stream::export(document.text, sink).map_err(|error| document.broken(&error))?;
            return status.map_or(Ok(()), |status| answer_without_data(document, &status, &Json::Null));
        }
        let Some(json) = document.json() else { return Ok(()) };
        if let Some(status) = json.text_of("query_status")
            && status != "ok"
        {
            return answer_without_data(document, status, json);
        }
        match json {
            Json::List(records) => records.iter().enumerate().for_each(|(at, record)| push(record, &(at + 1).to_string(), sink)),
            Json::Object(members) => {
                for (name, value) in members {
                    push_member(name, value, sink);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// An answer whose status is not `ok`: that nothing was found is no error.
fn answer_without_data(document: &Document<'_>, status: &str, json: &Json<'_>) -> Result<(), FeedError> {
    if status == "no_result" {
        return Ok(());
    }
    let message = json.text_of("data").map_or_else(String::new, |text| format!(": {text}"));
    Err(FeedError::Status { name: document.name.to_owned(), status: status.to_owned(), message })
}

/// One member of the top object: `"1846716": [{…}]`, or `"data"` with everything in it.
fn push_member(name: &str, value: &Json<'_>, sink: &mut Sink) {
    match (name, value) {
        ("query_status", _) => {}
        ("data", Json::List(records)) => {
            records.iter().enumerate().for_each(|(at, record)| push(record, &(at + 1).to_string(), sink));
        }
        ("data", Json::Object(members)) if !is_record(value) => {
            members.iter().for_each(|(name, value)| push_member(name, value, sink));
        }
        (id, Json::List(records)) => records.iter().for_each(|record| push(record, id, sink)),
        (id, record) => push(record, id, sink),
    }
}

fn push(json: &Json<'_>, id: &str, sink: &mut Sink) {
    let at = || format!("record {id}");
    match Record::from_json(json) {
        Some(record) => push_record(record, id, sink),
        None => sink.reject(&json.scalar().unwrap_or_default(), Reason::BadRecord("not an object".to_owned()), &at),
    }
}

/// A record that stands under a number, which is its own if it names none.
fn push_record<'a>(mut record: Record<'a>, id: &'a str, sink: &mut Sink) {
    if record.id.is_empty() {
        record.id = id.into();
    }
    sink.push(&record, &|| format!("record {id}"));
}

fn is_record(json: &Json<'_>) -> bool {
    json.get("ioc_type").is_some() && (json.get("ioc_value").is_some() || json.get("ioc").is_some())
}

/// The first record of whichever shape.
fn first_record<'j, 'a>(json: &'j Json<'a>) -> Option<&'j Json<'a>> {
    match json {
        Json::List(records) => records.first(),
        Json::Object(members) => match &members.first()?.1 {
            Json::List(records) => records.first(),
            inner @ Json::Object(_) if is_record(inner) => Some(inner),
            inner => first_record(inner),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::feed::read;
    use crate::intel::Intel;

    const NEW: &str = r#"{"1846716": [{"ioc_value": "93.184.216.34:8080", "ioc_type": "ip:port", "threat_type": "botnet_cc",
        "malware": "win.remus", "malware_alias": "Remy,Rem", "malware_printable": "Remus", "first_seen_utc": "2026-07-08 19:05:04",
        "last_seen_utc": null, "confidence_level": 100, "is_compromised": true, "reference": null, "tags": "a,b", "anonymous": 0,
        "reporter": "someone"}], "1846717": [{"ioc_value": "x.example", "ioc_type": "domain", "malware": "win.remus"}],
        "1846718": "oops", "1846719": [{"ioc_value": "a@b.de", "ioc_type": "envelope_from", "malware": "win.remus"}]}"#;

    fn shown(intel: &Intel) -> String {
        let kept = intel.indicators().map(|i| format!("{} {} {}", i.ty(), i.value(), i.malware().id));
        let refused = intel.rejected.iter().map(|r| format!("{}: {}", r.at, r.why));
        kept.chain(refused).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn export_of_2026() {
        let intel = read(NEW.as_bytes(), "export.json").unwrap();
        assert_eq!(
            shown(&intel),
            "ip:port 93.184.216.34:8080 win.remus\n\
             record 1846717: reserved name: `.example` is for documentation\n\
             record 1846718: unreadable record: not an object\n\
             record 1846719: values of type `envelope_from` are not hunted"
        );
        let one = intel.get(0).unwrap();
        assert_eq!((one.confidence(), one.compromised(), one.tags().len(), one.id()), (Some(100), true, 2, "1846716"));
        assert_eq!(kql::time::format_datetime(one.first_seen().unwrap()), "2026-07-08T19:05:04.0000000Z");
        assert_eq!(one.malware().aliases, ["Remy", "Rem"]);
        let source = &intel.sources[0];
        assert_eq!((source.feed, source.values, source.indicators, source.rejected), ("threatfox", 4, 1, 3));
    }

    #[test]
    fn answers_of_the_api() {
        let ok = r#"{"query_status": "ok", "data": [{"id": "41", "ioc": "gaga.com", "ioc_type": "domain", "malware": "win.dridex",
            "malware_printable": "Dridex", "malware_alias": null, "first_seen": "2020-12-08 13:36:27 UTC", "tags": ["exe", "test"]}]}"#;
        let intel = read(ok.as_bytes(), "a.json").unwrap();
        assert_eq!(shown(&intel), "domain gaga.com win.dridex");
        assert!(intel.get(0).unwrap().first_seen().is_some());
        let object = r#"{"query_status": "ok", "data": {"1": {"ioc": "gaga.com", "ioc_type": "domain"}}}"#;
        assert_eq!(read(object.as_bytes(), "a.json").unwrap().len(), 1);
        let last = r#"{"data": [{"ioc": "gaga.com", "ioc_type": "domain"}, 7], "query_status": "ok"}"#;
        assert_eq!(
            shown(&read(last.as_bytes(), "a.json").unwrap()),
            "domain gaga.com list.a\nrecord 2: unreadable record: not an object"
        );
        assert!(read(last.replace("ok", "illegal_search_term").as_bytes(), "a.json").is_err());
        assert!(
            read(format!("{ok} x").as_bytes(), "a.json").unwrap_err().to_string().contains("broken JSON: trailing characters")
        );
        let none = r#"{"query_status": "no_result", "data": "Your search did not yield any results"}"#;
        assert_eq!(read(none.as_bytes(), "a.json").unwrap().len(), 0);
        let error = read(br#"{"query_status": "unknown_auth_key"}"#, "a.json").unwrap_err().to_string();
        assert!(error.contains("unknown_auth_key") && error.contains("Auth-Key"), "{error}");
        let error = read(br#"{"query_status": "illegal_search_term", "data": "..."}"#, "a.json").unwrap_err().to_string();
        assert!(error.contains("illegal_search_term"));
    }

    #[test]
    fn csv_exports_old_and_new() {
        let banner = "####\r\n# ThreatFox IOCs #\r\n#\r\n";
        let header = "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\",\"fk_malware\",\"malware_alias\",\
             \"malware_printable\",\"last_seen_utc\",\"confidence_level\",\"is_compromised\",\"reference\",\"tags\",\"anonymous\",\"reporter\"\r\n";
        let row = "\"2026-07-08 19:05:04\", \"1846716\", \"righqtHorizon.cyou\", \"domain\", \"botnet_cc\", \"win.lumma\", \"a,b\", \
             \"Lumma Stealer\", \"\", \"100\", \"True\", \"None\", \"x,y\", \"1\", \"anonymous\"\r\n# Number of entries: 1\r\n";
        let new = read(format!("{banner}{header}{row}").as_bytes(), "recent.csv").unwrap();
        assert_eq!(shown(&new), "domain righqthorizon.cyou win.lumma");
        let one = new.get(0).unwrap();
        assert_eq!((one.as_published(), one.compromised(), one.reporter()), ("righqtHorizon.cyou", true, "anonymous"));
        assert_eq!((one.last_seen(), one.reference(), one.tags().len()), (None, None, 2));
        let old = format!("{banner}{}{}", header.replace("\"is_compromised\",", ""), row.replace("\"True\", ", ""));
        let old = read(old.as_bytes(), "recent.csv").unwrap();
        assert_eq!(old.get(0).unwrap().confidence(), Some(100));
        assert!(old.rejected.is_empty(), "{:?}", old.rejected);
    }
}
