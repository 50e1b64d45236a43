//! Zeek's fields as columns of DnsEvents and CommonSecurityLog, for its TSV and its JSON alike.
//!
//! `conn` and the other streams go to CommonSecurityLog and not to DeviceNetworkEvents: a sensor on the wire knows who opened a
//! connection and who answered, but not which of the two is "the device", nor its processes, which is what that table is about.

use kql::Type;

use crate::column::{Cell, Raw};
use crate::table::{Fidelity, RestForm, TableSchema, constant, keys, make};

/// Fields that name a record's stream.
pub(crate) const STREAM_FIELDS: [&str; 2] = ["_path", "@stream"];

const SENSOR: [&str; 4] = ["_system_name", "@system", "_node_name", "peer"];

/// `dns` records as DnsEvents.
pub(crate) fn dns() -> TableSchema {
    let computer = [SENSOR.as_slice(), &["id.resp_h", "id_resp_h"]].concat();
    TableSchema::known("DnsEvents")
        .with("TimeGenerated", keys(&["ts"]))
        .with("Computer", keys(&computer))
        .with("ClientIP", keys(&["id.orig_h", "id_orig_h"]))
        .with("Name", keys(&["query"]))
        .with("QueryType", keys(&["qtype_name", "qtype"]))
        .with("IPAddresses", make(&["answers"], Fidelity::Joined, addresses))
        .with("ResultCode", keys(&["rcode"]))
        .with("Result", keys(&["rcode_name"]))
        .with("SubType", constant("LookupQuery"))
        .with("SourceSystem", constant("Zeek"))
        .with_rest("AdditionalFields", Type::Dynamic, RestForm::Bag, &IGNORED)
}

const IGNORED: [&str; 4] = ["_path", "@stream", "_write_ts", "@proc"];

/// Every other stream as CommonSecurityLog. `stream` is its name, where the records do not say it.
pub(crate) fn others(stream: Option<&str>) -> TableSchema {
    let stream = match stream {
        Some(stream) => constant(stream),
        None => keys(&STREAM_FIELDS),
    };
    let table = TableSchema::known("CommonSecurityLog")
        .with("TimeGenerated", keys(&["ts"]))
        .with("DeviceVendor", constant("Zeek"))
        .with("DeviceProduct", constant("Zeek"))
        .with("DeviceEventClassID", stream.clone())
        .with("Activity", stream)
        .with("Computer", keys(&SENSOR))
        .with("DeviceExternalID", keys(&["uid", "fuid"]))
        .with(
            "SourceIP",
            make(&["id.orig_h", "id_orig_h", "tx_hosts", "rx_hosts", "host_ip", "is_orig"], Fidelity::OneOf(5), source),
        )
        .with("SourcePort", keys(&["id.orig_p", "id_orig_p"]))
        .with(
            "DestinationIP",
            make(&["id.resp_h", "id_resp_h", "tx_hosts", "rx_hosts", "is_orig"], Fidelity::OneOf(4), destination),
        )
        .with("DestinationPort", keys(&["id.resp_p", "id_resp_p"]));
    let ignored = [IGNORED.as_slice(), &["id.orig_h", "id_orig_h", "id.resp_h", "id_resp_h"]].concat();
    named_things(table).with_rest("AdditionalExtensions", Type::String, RestForm::Pairs, &ignored)
}

/// What the streams tell about names, requests, files and amounts.
fn named_things(table: TableSchema) -> TableSchema {
    table
        .with("Protocol", keys(&["proto"]))
        .with("ApplicationProtocol", keys(&["service"]))
        .with("SentBytes", keys(&["orig_bytes", "request_body_len"]))
        .with("ReceivedBytes", keys(&["resp_bytes", "response_body_len"]))
        .with("DestinationHostName", keys(&["server_name", "host"]))
        .with("RequestURL", make(&["host", "uri"], Fidelity::Derived, url))
        .with("RequestMethod", keys(&["method"]))
        .with("RequestClientApplication", keys(&["user_agent"]))
        .with("RequestContext", keys(&["referrer"]))
        .with("EventOutcome", keys(&["conn_state", "status_code", "rcode_name"]))
        .with("FileHash", keys(&["sha256", "sha1", "md5"]))
        .with("FileName", keys(&["filename"]))
        .with("FileType", keys(&["mime_type"]))
        .with("FileSize", keys(&["total_bytes", "seen_bytes"]))
        .with("SourceUserName", keys(&["username", "user"]))
        .with("Message", keys(&["msg", "note"]))
        .with("SourceSystem", constant("Zeek"))
}

/// The addresses among a list of answers, comma-separated, as the DNS connector of Sentinel writes them.
fn addresses<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let mut out = String::new();
    for answer in raws.first()?.list() {
        if answer.parse::<std::net::IpAddr>().is_ok() {
            if !out.is_empty() {
                out.push(',');
            }
            out.push_str(&answer);
        }
    }
    (!out.is_empty()).then_some(Cell::Text(out.into()))
}

/// Who opened the connection. Of a file that names only who sent it and who received it: the receiver, unless it is said that the
/// opener sent it.
fn source<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [orig, other_orig, sent, received, host, is_orig] = raws else { return None };
    let [opener, other] = if is_true(*is_orig) { [sent, received] } else { [received, sent] };
    first_of_list(&[*orig, *other_orig, *opener, *other, *host])
}

/// Who answered.
fn destination<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [resp, other_resp, sent, received, is_orig] = raws else { return None };
    let answerer = if is_true(*is_orig) { received } else { sent };
    first_of_list(&[*resp, *other_resp, *answerer])
}

fn is_true(raw: Raw<'_>) -> bool {
    raw.text().and_then(|text| crate::convert::boolean(&text)) == Some(true)
}

/// The first element of the first list, or the first scalar, that is not empty.
fn first_of_list<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    raws.iter().find(|raw| !raw.is_empty()).and_then(|raw| raw.list().into_iter().next()).map(Cell::Text)
}

/// Zeek logs a request's host and target apart; the scheme can only be that of plain HTTP, since of TLS nothing is seen.
fn url<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [host, target] = raws else { return None };
    let target = target.text().filter(|target| !target.is_empty())?;
    match host.text().filter(|host| !host.is_empty()) {
        Some(host) if !target.contains("://") => Some(Cell::Text(format!("http://{host}{target}").into())),
        _ => Some(Cell::Text(target)),
    }
}

/// The stream that a record with such fields belongs to, where nothing names it.
pub(crate) fn stream_of<'a>(fields: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let fields: Vec<&str> = fields.collect();
    let has = |name: &str| fields.contains(&name);
    Some(match () {
        () if has("query") && (has("qclass") || has("qtype") || has("rcode") || has("trans_id")) => "dns",
        () if has("conn_state") => "conn",
        () if has("cipher") || has("server_name") => "ssl",
        () if has("method") && has("uri") => "http",
        () if has("fuid") && has("mime_type") => "files",
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Source;

    #[test]
    fn mapped_columns_are_columns_of_the_tables() {
        for table in [dns(), others(None)] {
            let known = kql::catalog::table(&table.name).unwrap();
            for (column, source) in table.columns.iter().zip(&table.sources) {
                let extra = ["AdditionalFields"].contains(&column.name.as_str());
                assert!(extra || matches!(source, Source::Absent) || known.resolve(&column.name).is_some(), "{}", column.name);
            }
        }
    }

    #[test]
    fn answers_give_their_addresses() {
        let cell = addresses(&[Raw::Text(b"a.example,192.0.2.7,2001:db8::1")]);
        assert!(matches!(cell, Some(Cell::Text(text)) if text == "192.0.2.7,2001:db8::1"));
        assert!(addresses(&[Raw::Json(b"[\"TXT 3 abc\"]")]).is_none());
    }

    #[test]
    fn a_file_was_fetched_by_who_received_it() {
        let text = |cell: Option<Cell<'_>>| match cell {
            Some(Cell::Text(text)) => text.into_owned(),
            _ => String::new(),
        };
        let (sent, received) = (Raw::Json(b"[\"198.51.100.7\"]"), Raw::Text(b"192.0.2.10,192.0.2.11"));
        let ends = |is_orig| {
            let source = text(source(&[Raw::Missing, Raw::Missing, sent, received, Raw::Missing, is_orig]));
            (source, text(destination(&[Raw::Missing, Raw::Missing, sent, received, is_orig])))
        };
        let fetched = ("192.0.2.10".to_owned(), "198.51.100.7".to_owned());
        assert_eq!(ends(Raw::Json(b"false")), fetched);
        assert_eq!(ends(Raw::Missing), fetched);
        assert_eq!(ends(Raw::Text(b"T")), ("198.51.100.7".to_owned(), "192.0.2.10".to_owned()));
    }

    #[test]
    fn urls_are_put_together() {
        let of = |host: &'static str, uri: &'static str| match url(&[Raw::Text(host.as_bytes()), Raw::Text(uri.as_bytes())]) {
            Some(Cell::Text(text)) => text.into_owned(),
            _ => String::new(),
        };
        assert_eq!(of("a.example", "/x"), "http://a.example/x");
        assert_eq!(of("", "/x"), "/x");
        assert_eq!(of("a.example", "http://b.example/y"), "http://b.example/y");
        assert_eq!(of("a.example", ""), "");
    }
}
