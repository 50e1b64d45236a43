//! Tables with named columns: CSV with a header line (or a header in a comment, as abuse.ch writes it) and flat JSON objects, in an
//! array or one a line. The columns' names tell what they hold.

use std::borrow::Cow;

use super::csv::{Csv, Fields};
use super::json::Json;
use super::record::{Record, Role, role};
use super::sink::Sink;
use super::{Document, Feed, FeedError};
use crate::normalize::Reason;

/// The feed.
pub(super) struct Table;

impl Feed for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn page(&self) -> &'static str {
        include_str!("table.md")
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        match document.json() {
            Some(json) => records(json).first().and_then(Record::from_json).is_some_and(|record| !record.values.is_empty()),
            None => !document.is_json() && opened(document.text).is_some(),
        }
    }

    fn parse(&self, document: &Document<'_>, sink: &mut Sink) -> Result<(), FeedError> {
        if let Some(json) = document.json() {
            for (at, json) in records(json).iter().enumerate() {
                let at = || format!("record {}", at + 1);
                match Record::from_json(json) {
                    Some(record) => sink.push(&record, &at),
                    None => sink.reject("", Reason::BadRecord("not an object".to_owned()), &at),
                }
            }
            return Ok(());
        }
        if let Some((mut csv, header)) = opened(document.text) {
            parse_csv(&mut csv, Some(header), sink);
        }
        Ok(())
    }
}

/// What may separate the fields of a CSV, the usual first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The CSV behind its header, if it has one that is understood.
fn opened(text: &str) -> Option<(Csv<'_>, Header)> {
    SEPARATORS.into_iter().find_map(|separator| {
        let mut csv = Csv::new(text, separator);
        Header::of(&mut csv).map(|header| (csv, header))
    })
}

/// The names of the columns of what may be a table, none of which is known to hold values.
pub(super) fn strange_columns(document: &Document<'_>) -> Vec<String> {
    let names: Vec<Cow<'_, str>> = match document.json() {
        Some(json) => match records(json).first() {
            Some(Json::Object(members)) => members.iter().map(|(name, _)| name.clone()).collect(),
            _ => Vec::new(),
        },
        None => {
            let first = |separator| {
                let mut csv = Csv::new(document.text, separator);
                while csv.comment().is_some() {}
                let names = csv.next().map(|(_, fields)| fields).unwrap_or_default();
                let is_table = csv.next().is_none_or(|(_, fields)| fields.len() == names.len());
                if is_table { names } else { Vec::new() }
            };
            let all = SEPARATORS.map(first);
            all.into_iter().reduce(|best, other| if other.len() > best.len() { other } else { best }).unwrap_or_default()
        }
    };
    let is_name = |name: &str| name.chars().any(char::is_alphabetic) && name.chars().count() <= LONGEST_NAME;
    if names.len() < 2 || !names.iter().all(|name| is_name(name)) {
        return Vec::new();
    }
    names.into_iter().map(Cow::into_owned).collect()
}

/// A column's name has no more characters.
const LONGEST_NAME: usize = 60;

/// The records of an array, or of the only array in an object.
fn records<'j, 'a>(json: &'j Json<'a>) -> &'j [Json<'a>] {
    match json {
        Json::List(records) => records,
        Json::Object(members) => {
            let mut lists = members.iter().map(|(_, value)| value.list()).filter(|list| !list.is_empty());
            lists.next().unwrap_or_default()
        }
        _ => &[],
    }
}

/// What the columns of a CSV hold.
pub(super) struct Header {
    roles: Vec<Option<Role>>,
    certificates: bool,
}

impl Header {
    /// The header of a CSV that stands at its start: the last comment that reads as one, else the first line.
    pub(super) fn of(csv: &mut Csv<'_>) -> Option<Header> {
        let mut found = None;
        while let Some(comment) = csv.comment() {
            let header = csv.fields_of(comment).and_then(|fields| Header::from_fields(&fields));
            found = header.or(found);
        }
        match found {
            Some(header) => Some(header),
            None => csv.next().and_then(|(_, fields)| Header::from_fields(&fields)),
        }
    }

    fn from_fields(fields: &Fields<'_>) -> Option<Header> {
        let roles: Vec<Option<Role>> = fields.iter().map(|name| role(name.trim_start_matches('\u{feff}'))).collect();
        let has_value = roles.iter().any(|role| matches!(role, Some(Role::Value(_))));
        // SSLBL's hashes are those of certificates, which no table here has a column for.
        let certificates = fields.iter().any(|name| name.eq_ignore_ascii_case("listingreason"));
        has_value.then_some(Header { roles, certificates })
    }
}

/// Hands all records of a CSV to the sink; comment lines among them are passed over.
pub(super) fn parse_csv(csv: &mut Csv<'_>, header: Option<Header>, sink: &mut Sink) {
    let Some(header) = header.or_else(|| Header::of(csv)) else { return };
    loop {
        while csv.comment().is_some() {}
        let Some((line, fields)) = csv.next() else { return };
        let at = || format!("line {line}");
        if header.certificates {
            sink.reject(&fields.join(","), Reason::UnknownType("certificate".to_owned()), &at);
            continue;
        }
        if fields.len() < header.roles.len().min(2) {
            let why = format!("{} fields where the header has {}", fields.len(), header.roles.len());
            sink.reject(&fields.join(","), Reason::BadRecord(why), &at);
            continue;
        }
        let mut record = Record::default();
        for (role, field) in header.roles.iter().zip(fields) {
            if let Some(role) = role {
                record.set(*role, field);
            }
        }
        sink.push(&record, &at);
    }
}

#[cfg(test)]
mod tests {
    use crate::feed::read;

    fn check(text: &str, expected: &[&str]) {
        let intel = read(text.as_bytes(), "dir/sample.csv").unwrap();
        let found: Vec<String> = intel.indicators().map(|i| format!("{} {} {}", i.ty(), i.value(), i.malware().name)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn column_names_tell() {
        check("\u{feff}DateAdded,IoC,Type\n2/4/2022,acetica.online,domainname\n", &["domain acetica.online the list sample"]);
        check(
            "Family,URL,IP,FirstSeen\nPony,http://a.tk/admin.php,93.184.216.34,03-01-2026\n",
            &["url http://a.tk/admin.php Pony", "ip 93.184.216.34 Pony"],
        );
        check(
            r#"[{"ip_address": "93.184.216.34", "port": 8080, "malware": "Emotet", "hostname": null}]"#,
            &["ip:port 93.184.216.34:8080 Emotet"],
        );
        check("Datum;Domain Name;First Seen\n1;acetica.online;2026-01-03\n", &["domain acetica.online the list sample"]);
        check(
            "note\tSHA-256\n-\t19d854caf81bc884c677bd941abc50b33716e188fa723991820b0ffa3ea7e93e\n",
            &["sha256 19d854caf81bc884c677bd941abc50b33716e188fa723991820b0ffa3ea7e93e the list sample"],
        );
        check(
            "{\"domain\": \"acetica.online\", \"family\": \"Pony\"}\n{\"domain\": \"a.tk\", \"family\": \"Pony\"}\n",
            &["domain acetica.online Pony", "domain a.tk Pony"],
        );
        check(
            "# banner\r\n# id,dateadded,url,url_status,threat\r\n\"1\",\"2026-02-26 12:05:20\",\"http://93.184.216.34:58801/i\",\"online\",\"malware_download\"\r\n",
            &["url http://93.184.216.34:58801/i the list sample"],
        );
    }

    #[test]
    fn columns_that_tell_nothing_are_named() {
        let told = |text: &str| read(text.as_bytes(), "x.csv").unwrap_err().to_string();
        let known =
            "values are looked for in columns called indicator, domain, url, ip, md5, sha1, sha256 or hash, and some more";
        assert_eq!(
            told("Datum;Böser Host;Notiz\n1;evil.shop;-\n"),
            format!("x.csv: none of its columns is known to hold indicators (`Datum`, `Böser Host`, `Notiz`): {known}")
        );
        assert_eq!(
            told(r#"[{"when": 1, "bad": "evil.shop"}]"#),
            format!("x.csv: none of its columns is known to hold indicators (`when`, `bad`): {known}")
        );
        assert!(told("one word of prose, and another\n1,2").contains("`one word of prose`"));
        assert!(told("{\"domain\": \"a.tk\"}\n{\"domain\": \"b").contains("line 2"));
        assert!(told("Dear reader, hello\nThere is nothing here").contains("no known feed format"));
        assert!(told("just prose").contains("no known feed format"));
        assert!(told("<!DOCTYPE html>\n<html><body>Sign in, please</body></html>").contains("a web page"));
    }

    #[test]
    fn hashes_of_certificates_are_refused() {
        let text =
            "# Listingdate,SHA1,Listingreason\n2024-07-19 07:47:19,854c68ab7ad70b6f95f76ec64b8a46c145997629,AsyncRAT C&C\n";
        let intel = read(text.as_bytes(), "sslbl.csv").unwrap();
        assert_eq!(intel.rejected.len(), 1);
        assert!(intel.is_empty());
    }
}
