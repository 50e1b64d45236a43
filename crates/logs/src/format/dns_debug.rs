//! The debug log of a Windows DNS server (`dns.log`): one line a packet.

use std::borrow::Cow;
use std::sync::Arc;

use kql::Type;

use super::text::{COMMENT, TextRecords};
use super::{LogFormat, bound_to, dns_codes, profile};
use crate::column::{Cell, Raw};
use crate::convert::day_first;
use crate::file::{Head, Layout};
use crate::frame::Framing;
use crate::json::Fault;
use crate::table::{Fidelity, RestForm, Route, TableSchema, constant, keys, make};

/// Packet lines of the Windows DNS server.
pub(crate) struct DnsDebug;

impl LogFormat for DnsDebug {
    fn name(&self) -> &'static str {
        "windows-dns-debug"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["DnsEvents"]
    }

    fn page(&self) -> &'static str {
        include_str!("dns_debug.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        let good =
            head.bytes.split(|b| *b == b'\n').take(100).filter(|l| parse(&String::from_utf8_lossy(l), &mut |_, _| {}).is_ok());
        u8::from(good.count() > 0) * 80
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        let decoder: crate::file::MakeDecoder = Arc::new(|wanted| Box::new(TextRecords::new(parse, wanted)));
        let mut packets = packets();
        if profile(head, Framing::Lines, &decoder).is_day_first("time") {
            packets = packets.with("TimeGenerated", make(&["time"], Fidelity::Verbatim, day_first));
        }
        let layout = Layout { framing: Framing::Lines, decoder, tables: vec![packets], route: Route::Only };
        Ok(Some(bound_to(layout, head, table)))
    }
}

fn packets() -> TableSchema {
    TableSchema::known("DnsEvents")
        .with("TimeGenerated", keys(&["time"]))
        .with("ClientIP", make(&["remote", "kind"], Fidelity::OneOf(1), client))
        // The log writes names with the lengths of their labels between them.
        .with("Name", make(&["name"], Fidelity::Derived, |raws| raws.first()?.text().map(Cell::Text)))
        .with("QueryType", keys(&["type"]))
        .with("Result", keys(&["rcode"]))
        .with("ResultCode", make(&["rcode"], Fidelity::Derived, dns_codes::result_code))
        .with("SubType", keys(&["kind"]))
        .with("SourceSystem", constant("Windows DNS"))
        .with_rest("AdditionalFields", Type::Dynamic, RestForm::Bag, &[])
}

/// The remote end of a packet, but of one of the server's own recursion: there it is another server, and no client.
fn client<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let [remote, kind] = raws else { return None };
    let recursion = kind.text().is_some_and(|kind| kind.starts_with("Recurse"));
    (!recursion).then_some(Cell::Raw(*remote))
}

/// Hands on the fields of a packet line; every other line is the log's own preamble or detail.
fn parse<'a>(line: &'a str, on: &mut dyn FnMut(&str, Cow<'a, str>)) -> Result<(), Fault> {
    let (before, after) = line.split_once(" PACKET ").ok_or(COMMENT)?;
    let (time, thread) = before.trim_end().rsplit_once(' ').ok_or("its time is missing")?;
    let (packet, question) = after.split_once('[').ok_or("its flags are missing")?;
    let (flags, question) = question.split_once(']').ok_or("its flags are not closed")?;
    let words: Vec<&str> = packet.split_whitespace().collect();
    let [id, protocol, direction, remote, transaction, rest @ ..] = words.as_slice() else { return Err("it is cut short") };
    let (kind, name) = question.trim().split_once(char::is_whitespace).ok_or("its question is missing")?;
    let response = rest.contains(&"R");
    on("time", time.trim().into());
    on("thread", thread.into());
    on("packet", (*id).into());
    on("protocol", (*protocol).into());
    on("direction", (*direction).into());
    on("remote", (*remote).into());
    on("transaction", (*transaction).into());
    on("flags", flags.trim().into());
    on("rcode", flags.split_whitespace().last().unwrap_or_default().into());
    on("type", kind.into());
    on("name", labels(name.trim()).into());
    let meaning = match (*direction, response) {
        ("Rcv", false) => "LookupQuery",
        ("Snd", true) => "Response",
        ("Snd", false) => "RecurseQuery",
        _ => "RecurseResponse",
    };
    on("kind", meaning.into());
    Ok(())
}

/// `(3)www(7)example(3)com(0)` as `www.example.com`; the root is `.`.
fn labels(text: &str) -> String {
    let mut parts = Vec::new();
    for part in text.split('(').skip(1) {
        let label = part.split_once(')').map_or("", |(_, label)| label);
        if !label.is_empty() {
            parts.push(label);
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join(".") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_line_is_taken_apart() {
        let line = "5/20/2026 1:36:27 PM 0294 PACKET  000002DAEC3680D0 UDP Rcv 192.0.2.9     7822   Q [0001   D   NOERROR] A      (3)www(7)example(3)com(0)";
        let mut seen = Vec::new();
        parse(line, &mut |name, value| seen.push(format!("{name}={value}"))).unwrap();
        for field in [
            "time=5/20/2026 1:36:27 PM",
            "remote=192.0.2.9",
            "rcode=NOERROR",
            "type=A",
            "name=www.example.com",
            "kind=LookupQuery",
        ] {
            assert!(seen.iter().any(|known| known == field), "{field} in {seen:?}");
        }
        assert_eq!(parse("DNS Server log file creation at 5/20/2026", &mut |_, _| {}), Err(COMMENT));
        assert_eq!(parse("5/20/2026 1:36:27 PM 0294 PACKET  0002 UDP Rcv", &mut |_, _| {}), Err("its flags are missing"));
        assert_eq!(labels("(0)"), ".");
    }
}
