//! Tables with named columns: CSV with a header line (or a header in a comment, as abuse.ch writes it) and JSON arrays of flat
//! objects. The columns' names tell what they hold.

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
            None => !document.is_json() && Header::of(&mut Csv::new(document.text, b',')).is_some(),
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
        let mut csv = Csv::new(document.text, b',');
        let header = Header::of(&mut csv);
        parse_csv(&mut csv, header, sink);
        Ok(())
    }
}

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
            let header = Csv::new(comment, b',').next().and_then(|(_, fields)| Header::from_fields(&fields));
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
        check(
            "# banner\r\n# id,dateadded,url,url_status,threat\r\n\"1\",\"2026-02-26 12:05:20\",\"http://93.184.216.34:58801/i\",\"online\",\"malware_download\"\r\n",
            &["url http://93.184.216.34:58801/i the list sample"],
        );
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
