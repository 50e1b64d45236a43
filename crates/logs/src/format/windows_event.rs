//! Windows events as JSON, as `evtx_dump`, Winlogbeat and NXLog write them: a row of the table that Sentinel or Defender has for such
//! an event.

use std::borrow::Cow;

use super::windows_event_map::{self as map, Fields};
use super::windows_event_value::pick;
use super::{LogFormat, bound_to, json, json_objects};
use crate::column::{Cell, Raw};
use crate::file::{Head, Layout};
use crate::json::member;
use crate::table::{Path, Route, TableSchema, path};

/// Events of the Windows event log.
pub(crate) struct WindowsEvent;

/// Where a form of JSON has what all events have: for each the fields of which the first that is there counts.
pub(super) struct Form {
    pub(super) provider: &'static [&'static str],
    pub(super) id: &'static [&'static str],
    pub(super) channel: &'static [&'static str],
    pub(super) time: &'static [&'static str],
    pub(super) computer: &'static [&'static str],
    pub(super) record: &'static [&'static str],
    pub(super) message: &'static [&'static str],
    pub(super) level: &'static [&'static str],
    pub(super) level_name: &'static [&'static str],
    pub(super) task: &'static [&'static str],
    pub(super) opcode: &'static [&'static str],
    pub(super) keywords: &'static [&'static str],
    pub(super) version: &'static [&'static str],
    pub(super) process: &'static [&'static str],
    pub(super) thread: &'static [&'static str],
    pub(super) user: &'static [&'static str],
    /// The objects of the event's own data; none where they stand among all others.
    pub(super) data: &'static [&'static str],
}

/// The event's XML member by member, as `evtx_dump` writes it; attributes in an object inside, or beside.
macro_rules! xml {
    ($within:literal) => {
        Form {
            provider: &[
                concat!($within, "System/Provider/#attributes/Name"),
                concat!($within, "System/Provider_attributes/Name"),
            ],
            id: &[concat!($within, "System/EventID/#text"), concat!($within, "System/EventID")],
            channel: &[concat!($within, "System/Channel")],
            time: &[
                concat!($within, "System/TimeCreated/#attributes/SystemTime"),
                concat!($within, "System/TimeCreated_attributes/SystemTime"),
            ],
            computer: &[concat!($within, "System/Computer")],
            record: &[concat!($within, "System/EventRecordID")],
            message: &[],
            level: &[concat!($within, "System/Level")],
            level_name: &[],
            task: &[concat!($within, "System/Task")],
            opcode: &[concat!($within, "System/Opcode")],
            keywords: &[concat!($within, "System/Keywords")],
            version: &[concat!($within, "System/Version")],
            process: &[
                concat!($within, "System/Execution/#attributes/ProcessID"),
                concat!($within, "System/Execution_attributes/ProcessID"),
            ],
            thread: &[
                concat!($within, "System/Execution/#attributes/ThreadID"),
                concat!($within, "System/Execution_attributes/ThreadID"),
            ],
            user: &[
                concat!($within, "System/Security/#attributes/UserID"),
                concat!($within, "System/Security_attributes/UserID"),
            ],
            data: &[concat!($within, "EventData"), concat!($within, "UserData")],
        }
    };
}

const XML: Form = xml!("Event/");

/// The same without the outermost object.
const BARE_XML: Form = xml!("");

/// Winlogbeat from version 7 on, Elastic Agent.
const BEAT: Form = Form {
    provider: &["winlog/provider_name", "event/provider"],
    id: &["winlog/event_id", "event/code"],
    channel: &["winlog/channel"],
    time: &["@timestamp"],
    computer: &["winlog/computer_name"],
    record: &["winlog/record_id"],
    message: &["message"],
    level: &[],
    level_name: &["log/level"],
    task: &[],
    opcode: &["winlog/opcode"],
    keywords: &["winlog/keywords"],
    version: &["winlog/version"],
    process: &["winlog/process/pid"],
    thread: &["winlog/process/thread/id"],
    user: &["winlog/user/identifier"],
    data: &["winlog/event_data", "winlog/user_data"],
};

/// Winlogbeat up to version 6.
const OLD_BEAT: Form = Form {
    provider: &["source_name"],
    id: &["event_id"],
    channel: &["log_name"],
    time: &["@timestamp"],
    computer: &["computer_name"],
    record: &["record_number"],
    message: &["message"],
    level: &[],
    level_name: &["level"],
    task: &[],
    opcode: &["opcode"],
    keywords: &["keywords"],
    version: &["version"],
    process: &["process_id"],
    thread: &["thread_id"],
    user: &["user/identifier"],
    data: &["event_data", "user_data"],
};

/// NXLog and its relatives: all fields beside each other. Their time says mostly not in which zone it is; who passed them on says when
/// that was.
const FLAT: Form = Form {
    provider: &["SourceName", "ProviderName", "Provider"],
    id: &["EventID", "EventId"],
    channel: &["Channel"],
    time: &["TimeCreated", "@timestamp", "EventTime", "EventReceivedTime"],
    computer: &["Hostname", "Computer", "ComputerName"],
    record: &["RecordNumber", "EventRecordID", "RecordId"],
    message: &["Message"],
    level: &["Level"],
    level_name: &["LevelDisplayName", "Severity"],
    task: &["Task"],
    opcode: &["OpcodeValue", "Opcode"],
    keywords: &["Keywords"],
    version: &["Version"],
    process: &["ExecutionProcessID"],
    thread: &["ThreadID"],
    user: &["UserID"],
    data: &[],
};

/// [`FLAT`] where the time says its zone.
const ZONED: Form = Form { time: &["EventTime", "TimeCreated", "@timestamp", "EventReceivedTime"], ..FLAT };

static FORMS: [Form; 6] = [XML, BARE_XML, BEAT, OLD_BEAT, ZONED, FLAT];

/// Kinds of events and the tables they are rows of. All but those of the log `Security` are rows of WindowsEvent too, as where they are
/// forwarded to Sentinel.
const KINDS: [(&str, &[&str]); 11] = [
    ("process", &["DeviceProcessEvents", "WindowsEvent"]),
    ("network", &["DeviceNetworkEvents", "WindowsEvent"]),
    ("file", &["DeviceFileEvents", "WindowsEvent"]),
    ("image", &["DeviceImageLoadEvents", "WindowsEvent"]),
    ("registry", &["DeviceRegistryEvents", "WindowsEvent"]),
    ("device", &["DeviceEvents", "WindowsEvent"]),
    ("dns", &["DnsEvents", "WindowsEvent"]),
    ("security", &["SecurityEvent"]),
    ("started", &["DeviceProcessEvents", "SecurityEvent"]),
    ("connection", &["DeviceNetworkEvents", "SecurityEvent"]),
    ("other", &["WindowsEvent"]),
];

const TABLES: [&str; 9] = [
    "DeviceEvents",
    "DeviceFileEvents",
    "DeviceImageLoadEvents",
    "DeviceNetworkEvents",
    "DeviceProcessEvents",
    "DeviceRegistryEvents",
    "DnsEvents",
    "SecurityEvent",
    "WindowsEvent",
];

impl LogFormat for WindowsEvent {
    fn name(&self) -> &'static str {
        "windows-event"
    }

    fn tables(&self) -> &'static [&'static str] {
        &TABLES
    }

    fn page(&self) -> &'static str {
        include_str!("windows_event.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        let Some(shape) = json::shape(head) else { return 0 };
        let (mut seen, mut good) = (0, 0);
        head.each_record_while(shape.framing, |record| {
            if crate::json::walk_object(record, |_, _, _| {}).is_ok() {
                seen += 1;
                good += usize::from(form_of(record).is_some());
            }
            seen < 20
        });
        u8::from(good * 2 > seen) * 85
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        let framing = json::shape(head).ok_or("no JSON object can be read at its beginning")?.framing;
        let (mut forms, mut seen) = ([false; FORMS.len()], Vec::new());
        head.each_record(framing, |record| {
            let Some(form) = form_of(record) else { return };
            forms[form] = true;
            let fields = Fields::new(&[&FORMS[form]]);
            let raws: Vec<Raw<'_>> = kind_keys(&fields).iter().map(|path| at(record, path)).collect();
            let kind = kind(&raws).unwrap_or_default();
            if !seen.contains(&kind) {
                seen.push(kind);
            }
        });
        // Kinds and forms of a large file that were not seen yet may come; but a DNS server's events come with others of theirs, and
        // among fields that stand beside each other an event's own data cannot be told from the rest.
        let may_come = |name: &&str| !head.complete && *name != "DnsEvents";
        let names: Vec<&str> = TABLES.into_iter().filter(|name| may_come(name) || are_of(&seen, name)).collect();
        let known = FORMS.iter().zip(forms).filter(|(form, seen)| *seen || !head.complete && !form.data.is_empty());
        let forms: Vec<&Form> = known.map(|(form, _)| form).collect();
        let fields = Fields::new(&forms);
        let tables: Vec<TableSchema> = names.iter().filter_map(|name| map::table(name, &fields)).collect();
        let place = |name: &&str| tables.iter().position(|table| table.name == **name);
        let exact = KINDS.iter().map(|(kind, tables)| ((*kind).to_owned(), tables.iter().filter_map(place).collect())).collect();
        let route = Route::Field {
            keys: kind_keys(&fields),
            make: Some(|raws| kind(raws).map(|kind| Cell::Text(Cow::Borrowed(kind)))),
            exact,
            other: None,
            missing: None,
            why: "it is no Windows event",
        };
        Ok(Some(bound_to(Layout { framing, decoder: json_objects(), tables, route }, head, table)))
    }
}

fn are_of(kinds: &[&str], table: &str) -> bool {
    KINDS.iter().any(|(kind, tables)| kinds.contains(kind) && tables.contains(&table))
}

/// Which of [`FORMS`] a record has, if it is an event. What an export of a workspace holds is none: its columns say what it is.
fn form_of(record: &[u8]) -> Option<usize> {
    if member(record, "TimeGenerated").is_some() {
        return None;
    }
    let has = |names: &[&str]| names.iter().any(|name| !at(record, &path(name)).is_empty());
    let is_flat = |form: &Form| form.data.is_empty();
    FORMS.iter().position(|form| {
        let zoned = || member(record, "EventTime").and_then(crate::json::text).is_some_and(|time| says_zone(&time));
        let known = has(form.id) && has(form.provider) && (has(form.channel) || has(form.computer));
        known && (!is_flat(form) || form.time[0] != "EventTime" || zoned())
    })
}

fn at<'a>(record: &'a [u8], path: &Path) -> Raw<'a> {
    member(record, &path.key).map_or(Raw::Missing, Raw::Json).dig(&path.inner)
}

/// `2026-05-20T15:36:27.250000+02:00`, or with a `Z`.
fn says_zone(time: &str) -> bool {
    time.ends_with('Z') || time.len() > 6 && matches!(time.as_bytes()[time.len() - 6], b'+' | b'-') && time.contains(':')
}

/// The fields that tell an event's kind.
fn kind_keys(fields: &Fields<'_>) -> Vec<Path> {
    fields.spread(&[fields.system(|form| form.provider), fields.system(|form| form.id), fields.system(|form| form.channel)])
}

/// The kind of an event, by its provider, number and log.
fn kind(raws: &[Raw<'_>]) -> Option<&'static str> {
    let [provider, id, channel] = pick(raws);
    let (provider, id, channel) = (provider.text().unwrap_or_default(), id.text()?, channel.text().unwrap_or_default());
    let id: u32 = id.parse().ok()?;
    Some(match (provider.as_ref(), id) {
        ("Microsoft-Windows-Sysmon", 1) => "process",
        ("Microsoft-Windows-Sysmon", 3) => "network",
        ("Microsoft-Windows-Sysmon", 11 | 15 | 23 | 26 | 29) => "file",
        ("Microsoft-Windows-Sysmon", 7) => "image",
        ("Microsoft-Windows-Sysmon", 12..=14) => "registry",
        ("Microsoft-Windows-Sysmon", 6 | 22) | ("Microsoft-Windows-DNS-Client", 3008) => "device",
        ("Microsoft-Windows-DNSServer", 256..=261) => "dns",
        ("Microsoft-Windows-Security-Auditing", 4688) => "started",
        ("Microsoft-Windows-Security-Auditing", 5156) => "connection",
        ("Microsoft-Windows-Security-Auditing", _) => "security",
        _ if channel.eq_ignore_ascii_case("Security") => "security",
        _ => "other",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(text: &str) -> Vec<String> {
        let head = Head::of(text, "events.json");
        assert_eq!(WindowsEvent.detect(&head), 85, "{text}");
        let layout = WindowsEvent.layout(&head, None).unwrap().unwrap();
        layout.tables.into_iter().map(|table| table.name).collect()
    }

    #[test]
    fn every_form_is_known() {
        let system = r##"{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":3,"Computer":"c"}"##;
        for text in [
            format!(r##"{{"Event":{{"System":{system},"EventData":{{}}}}}}"##),
            format!("Record 1\n{{\n\"Event\":{{\"System\":{system}}}\n}}\nRecord 2\n{{\n\"Event\":{{\"System\":{system}}}\n}}\n"),
            format!(r##"{{"System":{system},"EventData":{{}}}}"##),
            r##"{"Event":{"System":{"Provider_attributes":{"Name":"Microsoft-Windows-Sysmon"},"EventID":3,"Channel":"x"}}}"##
                .to_owned(),
            r##"{"@timestamp":"x","winlog":{"provider_name":"Microsoft-Windows-Sysmon","event_id":"3","channel":"x"}}"##
                .to_owned(),
            r##"{"source_name":"Microsoft-Windows-Sysmon","event_id":3,"computer_name":"x"}"##.to_owned(),
            r##"{"SourceName":"Microsoft-Windows-Sysmon","EventID":3,"Hostname":"x"}"##.to_owned(),
        ] {
            assert_eq!(tables(&text), ["DeviceNetworkEvents", "WindowsEvent"], "{text}");
        }
    }

    #[test]
    fn what_comes_later_in_a_large_file_is_foreseen() {
        let text = r##"{"SourceName":"Microsoft-Windows-Sysmon","EventID":3,"Hostname":"x"}"##.to_owned() + "\n";
        let head = Head { complete: false, ..Head::of(&text.repeat(3), "events.json") };
        let layout = WindowsEvent.layout(&head, None).unwrap().unwrap();
        assert_eq!(layout.tables.len(), TABLES.len() - 1);
        let Route::Field { keys, .. } = &layout.route else { panic!("it has several tables") };
        assert!(["SourceName", "source_name", "winlog", "Event"].iter().all(|key| keys.iter().any(|path| path.key == *key)));
    }

    #[test]
    fn other_json_is_none() {
        for text in [
            r##"{"EventID":3,"Name":"x"}"##,
            r##"{"TimeGenerated":"2026-01-01T00:00:00Z","EventID":3,"Provider":"Microsoft-Windows-Sysmon","Channel":"x"}"##,
            r##"{"Event":{"a":1}}"##,
            "{}",
        ] {
            assert_eq!(WindowsEvent.detect(&Head::of(text, "x.json")), 0, "{text}");
        }
    }

    #[test]
    fn a_time_says_its_zone_or_not() {
        assert!(says_zone("2026-05-20T15:36:27.250000+02:00") && says_zone("2026-05-20T15:36:27Z"));
        assert!(!says_zone("2026-05-20 15:36:27") && !says_zone("2026-05-20"));
    }
}
