//! Suricata's EVE JSON: `dns` events as DnsEvents, all other network events as CommonSecurityLog.

use kql::Type;

use super::{DnsAndOthers, LogFormat, bound_to, dns_codes, json, json_objects};
use crate::column::{Cell, Raw};
use crate::file::{Head, Layout};
use crate::json as text;
use crate::table::{Fidelity, Path, RestForm, TableSchema, constant, keys, make, paths};

/// EVE JSON lines.
pub(crate) struct Eve;

impl LogFormat for Eve {
    fn name(&self) -> &'static str {
        "suricata-eve"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["DnsEvents", "CommonSecurityLog"]
    }

    fn page(&self) -> &'static str {
        include_str!("eve.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        const MARKS: [&str; 5] = ["event_type", "timestamp", "flow_id", "src_ip", "dest_ip"];
        let eve = super::most_objects(head, |fields| {
            let has = |mark: &str| fields.iter().any(|(name, _)| name == mark);
            has("event_type") && MARKS.iter().filter(|mark| has(mark)).count() > 1
        });
        u8::from(eve) * 90
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        let framing = json::shape(head).ok_or("no JSON object can be read at its beginning")?.framing;
        let (mut seen_dns, mut seen_others) = (false, false);
        head.each_record(framing, |record| match text::member(record, "event_type").and_then(text::text).as_deref() {
            Some("dns") => seen_dns = true,
            Some("stats") | None => {}
            Some(_) => seen_others = true,
        });
        let both = DnsAndOthers {
            field: vec![Path { key: "event_type".to_owned(), inner: Vec::new() }],
            dns: dns(),
            others: others(),
            missing_are_others: false,
            no_table: &["stats"],
            why: "it has no event type, or one that was not seen when the file was opened",
        };
        let (tables, route) = both.route(seen_dns, seen_others || !seen_dns);
        Ok(Some(bound_to(Layout { framing, decoder: json_objects(), tables, route }, head, table)))
    }
}

fn dns() -> TableSchema {
    TableSchema::known("DnsEvents")
        .with("TimeGenerated", keys(&["timestamp"]))
        .with("Computer", make(&["host", "sensor_name", "src_ip", "dest_ip", "dns/type", "src_port"], Fidelity::OneOf(4), server))
        .with("ClientIP", make(&["src_ip", "dest_ip", "dns/type", "src_port"], Fidelity::OneOf(2), client))
        .with("Name", paths(&["dns/rrname", "dns/queries/rrname", "dns/query/rrname"]))
        .with("QueryType", paths(&["dns/rrtype", "dns/queries/rrtype", "dns/query/rrtype"]))
        .with("IPAddresses", make(&["dns/answers", "dns/grouped", "dns/rdata"], Fidelity::Joined, addresses))
        .with("Result", paths(&["dns/rcode"]))
        .with("ResultCode", make(&["dns/rcode"], Fidelity::Derived, dns_codes::result_code))
        .with("SubType", make(&["dns/type"], Fidelity::Derived, sub_type))
        .with("SourceSystem", constant("Suricata"))
        .with_rest("AdditionalFields", Type::Dynamic, RestForm::Bag, &["event_type", "src_ip"])
}

fn others() -> TableSchema {
    TableSchema::known("CommonSecurityLog")
        .with("TimeGenerated", keys(&["timestamp"]))
        .with("DeviceVendor", constant("Suricata"))
        .with("DeviceProduct", constant("Suricata"))
        .with("DeviceEventClassID", paths(&["alert/signature_id", "event_type"]))
        .with("DeviceEventCategory", keys(&["event_type"]))
        .with("Activity", paths(&["alert/signature", "event_type"]))
        .with("LogSeverity", paths(&["alert/severity"]))
        .with("DeviceAction", paths(&["alert/action"]))
        .with("Computer", keys(&["host", "sensor_name"]))
        .with("DeviceExternalID", keys(&["flow_id"]))
        .with("SourceIP", make(&ADDRESSES, Fidelity::OneOf(2), |raws| Ends::of_addresses(raws).map(|ends| ends.client())))
        .with("SourcePort", make(&PORTS, Fidelity::OneOf(2), |raws| Ends::of_ports(raws).map(|ends| ends.client())))
        .with("DestinationIP", make(&ADDRESSES, Fidelity::OneOf(2), |raws| Ends::of_addresses(raws).map(|ends| ends.server())))
        .with("DestinationPort", make(&PORTS, Fidelity::OneOf(2), |raws| Ends::of_ports(raws).map(|ends| ends.server())))
        .with("Protocol", keys(&["proto"]))
        .with("ApplicationProtocol", keys(&["app_proto"]))
        .with("DestinationHostName", paths(&["http/hostname", "tls/sni", "dns/query/rrname", "dns/rrname", "dns/queries/rrname"]))
        .with("RequestURL", make(&["http/hostname", "http/url", "http/http_port"], Fidelity::Derived, url))
        .with("RequestMethod", paths(&["http/http_method"]))
        .with("RequestClientApplication", paths(&["http/http_user_agent"]))
        .with("RequestContext", paths(&["http/http_refer"]))
        .with("EventOutcome", paths(&["http/status", "flow/state"]))
        .with("FileName", paths(&["fileinfo/filename"]))
        .with("FileHash", paths(&["fileinfo/sha256", "fileinfo/sha1", "fileinfo/md5"]))
        .with("FileType", paths(&["fileinfo/mimetype", "fileinfo/magic"]))
        .with("FileSize", paths(&["fileinfo/size"]))
        .with("SentBytes", paths(&["flow/bytes_toserver"]))
        .with("ReceivedBytes", paths(&["flow/bytes_toclient"]))
        .with("StartTime", paths(&["flow/start"]))
        .with("EndTime", paths(&["flow/end"]))
        .with("SourceSystem", constant("Suricata"))
        .with_rest("AdditionalExtensions", Type::String, RestForm::Pairs, &ADDRESSES[..4])
}

/// Fields that tell the ends of a flow, addresses first.
const ADDRESSES: [&str; 7] = ["src_ip", "dest_ip", "src_port", "dest_port", "event_type", "direction", "flow/src_ip"];
/// The same, ports first.
const PORTS: [&str; 7] = ["src_port", "dest_port", "src_ip", "dest_ip", "event_type", "direction", "flow/src_ip"];

/// The ends of a flow. Most events name who opened it as the source; alerts and files have the view of the packet in which they were
/// seen, which may be the server's.
struct Ends<'a> {
    source: Raw<'a>,
    destination: Raw<'a>,
    turned: bool,
}

impl<'a> Ends<'a> {
    fn of_addresses(raws: &[Raw<'a>]) -> Option<Ends<'a>> {
        let [source, destination, ..] = raws else { return None };
        Some(Ends { source: *source, destination: *destination, turned: is_turned(raws)? })
    }

    fn of_ports(raws: &[Raw<'a>]) -> Option<Ends<'a>> {
        let [source, destination, source_ip, destination_ip, rest @ ..] = raws else { return None };
        let in_order = [&[*source_ip, *destination_ip, *source, *destination], rest].concat();
        Some(Ends { source: *source, destination: *destination, turned: is_turned(&in_order)? })
    }

    fn client(&self) -> Cell<'a> {
        Cell::Raw(if self.turned { self.destination } else { self.source })
    }

    fn server(&self) -> Cell<'a> {
        Cell::Raw(if self.turned { self.source } else { self.destination })
    }
}

/// The fields [`ADDRESSES`] have the server as the source.
fn is_turned(raws: &[Raw<'_>]) -> Option<bool> {
    let [source, _, source_port, destination_port, event, direction, opener] = raws else { return None };
    let event = event.text();
    let is_file = match event.as_deref() {
        Some("fileinfo") => true,
        Some("alert" | "anomaly") => false,
        _ => return Some(false),
    };
    if !opener.is_empty() {
        return Some(opener.text() != source.text());
    }
    match direction.text().as_deref() {
        Some("to_client") => return Some(true),
        Some("to_server") => return Some(false),
        _ => {}
    }
    let port = |raw: &Raw<'_>| raw.text().and_then(|text| text.parse::<u16>().ok());
    let (Some(from), Some(to)) = (port(source_port), port(destination_port)) else { return Some(false) };
    // Files come from servers more often than not, and those listen on the lower port.
    Some(from < to && (is_file || from < 1024 && to >= 1024))
}

/// Who asked: the source of a query. Of an answer it is the destination, where the record is written from the packet's view
/// (the server's port 53 then is the source port); some versions keep the query's direction.
fn client<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [source, destination, kind, source_port] = raws else { return None };
    let answer = matches!(kind.text().as_deref(), Some("answer" | "response"));
    let from_server = matches!(source_port.text().as_deref(), Some("53" | "5353" | "853"));
    Some(Cell::Raw(if answer && from_server { *destination } else { *source }))
}

/// Who wrote the record; else who was asked.
fn server<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [host, sensor, source, destination, kind, source_port] = raws else { return None };
    if let Some(name) = [host, sensor].into_iter().find(|raw| !raw.is_empty()) {
        return Some(Cell::Raw(*name));
    }
    // The client turned around.
    client(&[*destination, *source, *kind, *source_port])
}

/// `LookupQuery` for a query, as Sentinel's connector has it, `Response` for an answer.
fn sub_type<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let answer = matches!(raws.first()?.text().as_deref(), Some("answer" | "response"));
    Some(Cell::Text(if answer { "Response" } else { "LookupQuery" }.into()))
}

/// The addresses of an answer in any of its three forms: a list of records, lists by type, or the data of a single record.
fn addresses<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let mut found: Vec<String> = Vec::new();
    let mut note = |text: &str| {
        if text.parse::<std::net::IpAddr>().is_ok() && !found.iter().any(|known| known == text) {
            found.push(text.to_owned());
        }
    };
    if let Some(Raw::Json(answers)) = raws.first() {
        for answer in text::elements(answers) {
            text::member(answer, "rdata").and_then(text::text).iter().for_each(|data| note(data));
        }
    }
    if let Some(Raw::Json(grouped)) = raws.get(1) {
        for kind in ["A", "AAAA"] {
            for address in text::member(grouped, kind).map(text::elements).unwrap_or_default() {
                text::text(address).iter().for_each(|data| note(data));
            }
        }
    }
    raws.get(2).and_then(|raw| raw.text()).iter().for_each(|data| note(data));
    (!found.is_empty()).then(|| Cell::Text(found.join(",").into()))
}

fn url<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [host, target, port] = raws else { return None };
    let target = target.text().filter(|target| !target.is_empty())?;
    let Some(host) = host.text().filter(|host| !host.is_empty() && !target.contains("://")) else {
        return Some(Cell::Text(target));
    };
    let port = port.text().filter(|port| port != "80" && port != "0").map(|port| format!(":{port}")).unwrap_or_default();
    Some(Cell::Text(format!("http://{host}{port}{target}").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_apart() {
        let text = concat!(
            "{\"timestamp\":\"2026-01-01T00:00:00.000000+0000\",\"event_type\":\"dns\",\"src_ip\":\"192.0.2.1\"}\n",
            "{\"timestamp\":\"2026-01-01T00:00:00.000000+0000\",\"event_type\":\"tls\",\"src_ip\":\"192.0.2.1\"}\n",
        );
        let head = Head::of(text, "eve.json");
        assert_eq!(Eve.detect(&head), 90);
        let layout = Eve.layout(&head, None).unwrap().unwrap();
        assert_eq!(layout.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["DnsEvents", "CommonSecurityLog"]);
    }

    #[test]
    fn an_alert_is_told_from_the_client_s_side() {
        let seen = |event: &'static str, ports: [&'static str; 2], direction: &'static str, opener: &'static str| {
            let [from, to] = ports;
            let raws = ["192.0.2.1", "192.0.2.2", from, to, event, direction, opener].map(|text| Raw::Text(text.as_bytes()));
            let Some(Cell::Raw(client)) = Ends::of_addresses(&raws).map(|ends| ends.client()) else { return String::new() };
            client.text().unwrap_or_default().into_owned()
        };
        let (source, destination) = ("192.0.2.1", "192.0.2.2");
        assert_eq!(seen("http", ["80", "50000"], "", destination), source);
        assert_eq!(seen("alert", ["53", "50000"], "", destination), destination);
        assert_eq!(seen("alert", ["50000", "53"], "", source), source);
        assert_eq!(seen("alert", ["8080", "50000"], "to_client", ""), destination);
        assert_eq!(seen("alert", ["53", "50000"], "to_server", ""), source);
        assert_eq!(seen("alert", ["53", "50000"], "", ""), destination);
        assert_eq!(seen("alert", ["8080", "50000"], "", ""), source);
        assert_eq!(seen("fileinfo", ["8080", "50000"], "", ""), destination);
        assert_eq!(seen("fileinfo", ["50000", "8080"], "", ""), source);
        assert_eq!(seen("fileinfo", ["", ""], "", ""), source);
    }

    #[test]
    fn mapped_columns_are_columns_of_the_tables() {
        for table in [dns(), others()] {
            let known = kql::catalog::table(&table.name).unwrap();
            let extra: Vec<_> = table.columns.iter().filter(|column| known.resolve(&column.name).is_none()).collect();
            assert!(extra.iter().all(|column| column.name == "AdditionalFields"), "{extra:?}");
        }
    }

    #[test]
    fn the_three_forms_of_an_answer_give_its_addresses() {
        for raws in [
            [
                Raw::Json(b"[{\"rrtype\":\"CNAME\",\"rdata\":\"b.example\"},{\"rrtype\":\"A\",\"rdata\":\"192.0.2.9\"}]"),
                Raw::Missing,
                Raw::Missing,
            ],
            [Raw::Missing, Raw::Json(b"{\"A\":[\"192.0.2.9\"]}"), Raw::Missing],
            [Raw::Missing, Raw::Missing, Raw::Json(b"\"192.0.2.9\"")],
        ] {
            assert!(matches!(addresses(&raws), Some(Cell::Text(text)) if text == "192.0.2.9"));
        }
    }
}
