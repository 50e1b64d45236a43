//! CEF: `CEF:0|vendor|product|version|id|name|severity|key=value key=value`, alone or behind a syslog header.

use std::borrow::Cow;
use std::sync::Arc;

use kql::Type;

use super::text::TextRecords;
use super::{LogFormat, bound_to};
use crate::file::{Head, Layout};
use crate::frame::Framing;
use crate::json::Fault;
use crate::table::{RestForm, Route, TableSchema, keys};

/// ArcSight's Common Event Format.
pub(crate) struct Cef;

/// The seven fields before the extension, under names that no extension key has.
const HEADER: [&str; 7] = ["|version", "|vendor", "|product", "|device_version", "|id", "|name", "|severity"];
/// The time and the host of the syslog header.
const SYSLOG_TIME: &str = "|time";
const SYSLOG_HOST: &str = "|host";

/// Extension keys and their columns, as Sentinel's connector maps them; those that are not here keep their name but for its first
/// letter, or go to `AdditionalExtensions`.
const KEYS: [(&str, &str); 72] = [
    ("act", "DeviceAction"),
    ("app", "ApplicationProtocol"),
    ("cat", "DeviceEventCategory"),
    ("cnt", "EventCount"),
    ("deviceDirection", "CommunicationDirection"),
    ("deviceExternalId", "DeviceExternalID"),
    ("deviceProcessName", "ProcessName"),
    ("dhost", "DestinationHostName"),
    ("dmac", "DestinationMACAddress"),
    ("dntdom", "DestinationNTDomain"),
    ("dpid", "DestinationProcessId"),
    ("dpriv", "DestinationUserPrivileges"),
    ("dproc", "DestinationProcessName"),
    ("dpt", "DestinationPort"),
    ("dst", "DestinationIP"),
    ("dtz", "DeviceTimeZone"),
    ("duid", "DestinationUserID"),
    ("duser", "DestinationUserName"),
    ("dvc", "DeviceAddress"),
    ("dvchost", "DeviceName"),
    ("dvcmac", "DeviceMacAddress"),
    ("dvcpid", "ProcessID"),
    ("end", "EndTime"),
    ("externalId", "ExternalID"),
    ("fileId", "FileID"),
    ("fname", "FileName"),
    ("fsize", "FileSize"),
    ("in", "ReceivedBytes"),
    ("msg", "Message"),
    ("oldFileId", "OldFileID"),
    ("out", "SentBytes"),
    ("outcome", "EventOutcome"),
    ("proto", "Protocol"),
    ("reason", "Reason"),
    ("request", "RequestURL"),
    ("rt", "ReceiptTime"),
    ("shost", "SourceHostName"),
    ("smac", "SourceMACAddress"),
    ("sntdom", "SourceNTDomain"),
    ("spid", "SourceProcessId"),
    ("spriv", "SourceUserPrivileges"),
    ("sproc", "SourceProcessName"),
    ("spt", "SourcePort"),
    ("src", "SourceIP"),
    ("start", "StartTime"),
    ("suid", "SourceUserID"),
    ("suser", "SourceUserName"),
    ("type", "EventType"),
    ("c6a1", "DeviceCustomIPv6Address1"),
    ("c6a1Label", "DeviceCustomIPv6Address1Label"),
    ("c6a2", "DeviceCustomIPv6Address2"),
    ("c6a2Label", "DeviceCustomIPv6Address2Label"),
    ("c6a3", "DeviceCustomIPv6Address3"),
    ("c6a3Label", "DeviceCustomIPv6Address3Label"),
    ("cn1", "DeviceCustomNumber1"),
    ("cn1Label", "DeviceCustomNumber1Label"),
    ("cn2", "DeviceCustomNumber2"),
    ("cn2Label", "DeviceCustomNumber2Label"),
    ("cn3", "DeviceCustomNumber3"),
    ("cn3Label", "DeviceCustomNumber3Label"),
    ("cs1", "DeviceCustomString1"),
    ("cs1Label", "DeviceCustomString1Label"),
    ("cs2", "DeviceCustomString2"),
    ("cs2Label", "DeviceCustomString2Label"),
    ("cs3", "DeviceCustomString3"),
    ("cs3Label", "DeviceCustomString3Label"),
    ("cs4", "DeviceCustomString4"),
    ("cs4Label", "DeviceCustomString4Label"),
    ("cs5", "DeviceCustomString5"),
    ("cs5Label", "DeviceCustomString5Label"),
    ("cs6", "DeviceCustomString6"),
    ("cs6Label", "DeviceCustomString6Label"),
];

impl LogFormat for Cef {
    fn name(&self) -> &'static str {
        "cef"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["CommonSecurityLog"]
    }

    fn page(&self) -> &'static str {
        include_str!("cef.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        let lines = head.bytes.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(20);
        let (mut seen, mut good) = (0, 0);
        for line in lines {
            seen += 1;
            good += usize::from(is_event(&String::from_utf8_lossy(line)));
        }
        u8::from(good > 0 && good * 2 >= seen) * 80
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        let decoder: crate::file::MakeDecoder = Arc::new(|wanted| Box::new(TextRecords::new(parse, wanted)));
        let layout = Layout { framing: Framing::Lines, decoder, tables: vec![events()], route: Route::Only };
        Ok(Some(bound_to(layout, head, table)))
    }
}

fn events() -> TableSchema {
    let mut table = TableSchema::known("CommonSecurityLog");
    // `destinationServiceName` is the column `DestinationServiceName`, and so on.
    for at in 0..table.columns.len() {
        let name = &table.columns[at].name;
        let key = name[..1].to_ascii_lowercase() + &name[1..];
        if key.len() > 8 {
            table.sources[at] = keys(&[&key]);
        }
    }
    for (key, column) in KEYS {
        table = table.with(column, keys(&[key]));
    }
    table
        .with("TimeGenerated", keys(&["rt", "end", "start", SYSLOG_TIME]))
        .with("Type", crate::table::constant("CommonSecurityLog"))
        .with("Computer", keys(&[SYSLOG_HOST, "dvchost", "dvc"]))
        .with("DeviceVendor", keys(&[HEADER[1]]))
        .with("DeviceProduct", keys(&[HEADER[2]]))
        .with("DeviceVersion", keys(&[HEADER[3]]))
        .with("DeviceEventClassID", keys(&[HEADER[4]]))
        .with("Activity", keys(&[HEADER[5]]))
        .with("LogSeverity", keys(&[HEADER[6]]))
        .with_rest("AdditionalExtensions", Type::String, RestForm::Pairs, &[HEADER[0], SYSLOG_TIME, SYSLOG_HOST])
}

/// Whether a line holds an event.
pub(super) fn is_event(line: &str) -> bool {
    parse(line, &mut |_, _| {}).is_ok()
}

/// Hands on a line's fields.
fn parse<'a>(line: &'a str, on: &mut dyn FnMut(&str, Cow<'a, str>)) -> Result<(), Fault> {
    let at = line.find("CEF:").ok_or("it has no CEF header")?;
    let mut rest = line[at + 4..].trim_start();
    for name in HEADER {
        let end = unescaped(rest, b'|').ok_or("its CEF header has fewer than seven fields")?;
        on(name, plain(&rest[..end]));
        rest = &rest[end + 1..];
    }
    syslog(&line[..at], on);
    extension(rest, on);
    Ok(())
}

/// The time and host before the event, if they are there: `<134>1 2026-05-20T13:36:27Z host …`, or `May 20 13:36:27 host`, whose
/// year nobody knows.
fn syslog<'a>(header: &'a str, on: &mut dyn FnMut(&str, Cow<'a, str>)) {
    let bare = header.find('>').filter(|_| header.starts_with('<')).map_or(header, |at| &header[at + 1..]);
    let words: Vec<&str> = bare.split_whitespace().collect();
    if let Some(at) = words.iter().position(|word| crate::convert::ticks(word).is_some()) {
        on(SYSLOG_TIME, words[at].into());
        words.get(at + 1).iter().for_each(|host| on(SYSLOG_HOST, (**host).into()));
    } else if words.first().and_then(|word| crate::convert::month_number(word)).is_some() {
        words.get(3).iter().for_each(|host| on(SYSLOG_HOST, (**host).into()));
    }
}

/// `key=value` pairs: a value ends where a blank, a word and an equals sign follow.
fn extension<'a>(text: &'a str, on: &mut dyn FnMut(&str, Cow<'a, str>)) {
    let text = text.trim();
    let mut held: Option<(&str, usize)> = None;
    let mut from = 0;
    while let Some(equals) = unescaped(&text[from..], b'=').map(|at| from + at) {
        let blank = text[from..equals].rfind(' ').map(|at| from + at + 1);
        // Without a blank since the equals sign before, it stands inside a value.
        let key_at = blank.or((from == 0).then_some(0));
        from = equals + 1;
        let Some(key_at) = key_at else { continue };
        let key = &text[key_at..equals];
        let is_key =
            !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'[' | b']'));
        if !is_key {
            continue;
        }
        if let Some((name, start)) = held {
            on(name, plain(text[start..key_at].trim_end()));
        }
        held = Some((key, equals + 1));
    }
    if let Some((name, start)) = held {
        on(name, plain(&text[start..]));
    }
}

/// The first `byte` that no backslash stands before.
fn unescaped(text: &str, byte: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(byte, &bytes[from..])?;
        let slashes = bytes[..at].iter().rev().take_while(|b| **b == b'\\').count();
        if slashes % 2 == 0 {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Without escapes.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(next @ ('\\' | '=' | '|'))) => {
                out.push(*next);
                chars.next();
            }
            ('\\', Some('n' | 'r')) => {
                out.push('\n');
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Vec<(String, String)> {
        let mut seen = Vec::new();
        parse(line, &mut |name, value| seen.push((name.to_owned(), value.into_owned()))).unwrap();
        seen
    }

    #[test]
    fn header_and_extension_are_taken_apart() {
        let seen = fields(
            r"<134>1 2026-05-20T13:36:27Z fw1 CEF:0|V\|x|P|1|100|a name|5|src=192.0.2.1 request=http://a.example/?a\=b msg=two words cs1=",
        );
        let get = |name: &str| seen.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(get(HEADER[1]), Some("V|x"));
        assert_eq!(get("request"), Some("http://a.example/?a=b"));
        assert_eq!((get("msg"), get("cs1"), get(SYSLOG_HOST)), (Some("two words"), Some(""), Some("fw1")));
    }

    #[test]
    fn equals_signs_inside_values_are_part_of_them() {
        let values = |extension: &str| -> Vec<String> {
            let seen = fields(&format!("CEF:0|v|p|1|1|n|5|{extension}"));
            seen[HEADER.len()..].iter().map(|(name, value)| format!("{name}: {value}")).collect()
        };
        assert_eq!(values("a=b=c d=e"), ["a: b=c", "d: e"]);
        assert_eq!(values("a==b c!=d e=f"), ["a: =b c!=d", "e: f"]);
        assert_eq!(values("=a b=c"), ["b: c"]);
        assert_eq!(values("a b=c  d= e"), ["b: c", "d:  e"]);
        // Long runs of them must not take long: each was once searched back to the line's beginning.
        for run in ["=".repeat(1 << 20), "a".repeat(1 << 19) + &"=".repeat(1 << 19)] {
            assert_eq!(values(&format!("x=y {run}")).len(), if run.starts_with('=') { 1 } else { 2 });
        }
    }

    #[test]
    fn columns_are_those_of_the_table() {
        let table = events();
        let known = kql::catalog::table(&table.name).unwrap();
        assert!(table.columns.iter().all(|column| known.resolve(&column.name).is_some()));
        assert!(parse("no event", &mut |_, _| {}).is_err());
        assert!(parse("CEF:0|a|b", &mut |_, _| {}).is_err());
    }
}
