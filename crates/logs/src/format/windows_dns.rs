//! The Windows DNS server's analytical events as JSON, as NXLog and others ship them: DnsEvents.

use kql::Type;

use super::{LogFormat, bound_to, json, json_objects};
use crate::column::{Cell, Raw};
use crate::file::{Head, Layout};
use crate::table::{Fidelity, RestForm, Route, TableSchema, constant, keys, make};

/// Events of the provider Microsoft-Windows-DNSServer.
pub(crate) struct WindowsDns;

impl LogFormat for WindowsDns {
    fn name(&self) -> &'static str {
        "windows-dns"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["DnsEvents"]
    }

    fn page(&self) -> &'static str {
        include_str!("windows_dns.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        let events = super::most_objects(head, |fields| {
            let provider = |(name, text): &(String, Option<String>)| {
                let names_it = matches!(name.as_str(), "SourceName" | "ProviderName" | "Provider");
                names_it && text.as_deref().is_some_and(|text| text.starts_with("Microsoft-Windows-DNSServer"))
            };
            fields.iter().any(provider) && fields.iter().any(|(name, _)| name == "QNAME")
        });
        u8::from(events) * 90
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        let framing = json::shape(head).ok_or("no JSON object can be read at its beginning")?.framing;
        let layout = Layout { framing, decoder: json_objects(), tables: vec![dns()], route: Route::Only };
        Ok(Some(bound_to(layout, head, table)))
    }
}

fn dns() -> TableSchema {
    TableSchema::known("DnsEvents")
        .with("TimeGenerated", keys(&["EventTime", "TimeCreated", "@timestamp", "EventReceivedTime"]))
        .with("Computer", keys(&["Hostname", "Computer"]))
        .with("ClientIP", make(&["Source", "Destination", "EventID"], Fidelity::OneOf(2), client))
        .with("Name", make(&["QNAME"], Fidelity::Verbatim, without_last_dot))
        .with("QueryType", make(&["QTYPE"], Fidelity::Derived, query_type))
        .with("ResultCode", keys(&["RCODE"]))
        .with("EventId", keys(&["EventID"]))
        .with("SubType", make(&["EventID"], Fidelity::Derived, sub_type))
        .with("TaskCategory", keys(&["Category"]))
        .with("Message", keys(&["Message"]))
        .with("SourceSystem", constant("Windows DNS"))
        .with_rest("AdditionalFields", Type::Dynamic, RestForm::Bag, &["PacketData"])
}

/// Who asked: `Source` of a query received (256), `Destination` of the answer to it (257, 258, 259). In the server's own recursion
/// (260, 261) the addresses are those of another server, and there is no client: who made the contact is the server itself.
pub(super) fn client<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [source, destination, event] = raws else { return None };
    let by_event = match event.text()?.as_ref() {
        "260" | "261" => return None,
        "257" | "258" | "259" => [destination, source],
        _ => [source, destination],
    };
    by_event.into_iter().find(|raw| !raw.is_empty()).map(|raw| Cell::Raw(*raw))
}

/// DnsEvents has names without the root's dot.
pub(super) fn without_last_dot<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let name = raws.first()?.text()?;
    let bare = name.strip_suffix('.').filter(|bare| !bare.is_empty()).unwrap_or(&name);
    Some(Cell::Text(bare.to_owned().into()))
}

/// The event's meaning in the words that DnsEvents uses.
pub(super) fn sub_type<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let kind = match raws.first()?.text()?.as_ref() {
        "256" => "LookupQuery",
        "257" | "258" | "259" => "Response",
        "260" => "RecurseQuery",
        "261" => "RecurseResponse",
        "263" | "264" | "265" => "DynamicUpdate",
        _ => return None,
    };
    Some(Cell::Text(kind.into()))
}

/// The name of a record type given by number (IANA, "Resource Record (RR) TYPEs"); a number without a name stays one.
pub(super) fn query_type<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    const NAMES: [(u16, &str); 31] = [
        (1, "A"),
        (2, "NS"),
        (5, "CNAME"),
        (6, "SOA"),
        (10, "NULL"),
        (12, "PTR"),
        (13, "HINFO"),
        (15, "MX"),
        (16, "TXT"),
        (17, "RP"),
        (24, "SIG"),
        (25, "KEY"),
        (28, "AAAA"),
        (29, "LOC"),
        (33, "SRV"),
        (35, "NAPTR"),
        (39, "DNAME"),
        (41, "OPT"),
        (43, "DS"),
        (44, "SSHFP"),
        (46, "RRSIG"),
        (47, "NSEC"),
        (48, "DNSKEY"),
        (50, "NSEC3"),
        (52, "TLSA"),
        (64, "SVCB"),
        (65, "HTTPS"),
        (249, "TKEY"),
        (250, "TSIG"),
        (252, "AXFR"),
        (255, "ANY"),
    ];
    let text = raws.first()?.text()?;
    let name = text.parse::<u16>().ok().and_then(|code| NAMES.iter().find(|(known, _)| *known == code)).map(|(_, name)| *name);
    Some(Cell::Text(name.map_or_else(|| text.into_owned().into(), Into::into)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cell: Option<Cell<'_>>) -> String {
        match cell {
            Some(Cell::Text(text)) => text.into_owned(),
            Some(Cell::Raw(raw)) => raw.text().unwrap_or_default().into_owned(),
            _ => String::new(),
        }
    }

    #[test]
    fn numbers_become_names_and_dots_go() {
        assert_eq!(text(query_type(&[Raw::Json(b"\"28\"")])), "AAAA");
        assert_eq!(text(query_type(&[Raw::Json(b"999")])), "999");
        assert_eq!(text(without_last_dot(&[Raw::Json(b"\"a.example.\"")])), "a.example");
        assert_eq!(text(without_last_dot(&[Raw::Json(b"\".\"")])), ".");
    }

    #[test]
    fn the_client_is_who_asked() {
        let (source, destination) = (Raw::Json(b"\"192.0.2.1\""), Raw::Json(b"\"192.0.2.2\""));
        assert_eq!(text(client(&[source, Raw::Missing, Raw::Json(b"256")])), "192.0.2.1");
        assert_eq!(text(client(&[Raw::Missing, destination, Raw::Json(b"257")])), "192.0.2.2");
        for event in [Raw::Json(b"260"), Raw::Quoted(b"261")] {
            assert_eq!(text(client(&[source, destination, event])), "");
        }
    }
}
