//! Windows events as rows of Sentinel's and Defender's tables: what each column is made of, in any form of JSON.
//!
//! Sysmon's events become what Defender's sensor would have told of the same: a program started, a connection made, a file written, a
//! name asked for. The columns mean what Defender's schema says they do; what an event does not tell is left empty.

use kql::Type;

use super::windows_dns;
use super::windows_event::Form;
use super::windows_event_value::{
    Connection, account, account_domain, account_name, file_name, hash, key_and_value, of_its_file, pick, present, protocol,
    whose, zone,
};
use crate::column::{Cell, Raw};
use crate::json;
use crate::table::{Fidelity, Make, Path, RestForm, Source, TableSchema, constant, path};

/// The fields of a file's events, in all forms that it has.
pub(super) struct Fields<'f>(Vec<&'f Form>);

impl<'f> Fields<'f> {
    pub(super) fn new(forms: &[&'f Form]) -> Fields<'f> {
        Fields(forms.to_vec())
    }

    /// The fields that all events have.
    pub(super) fn system(&self, of: impl Fn(&Form) -> &'static [&'static str]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.0.iter().flat_map(|form| of(form)) {
            if !names.iter().any(|known| known == name) {
                names.push((*name).to_owned());
            }
        }
        names
    }

    /// The fields of the event's own data that have one of these names.
    fn data(&self, names: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for name in names {
            for form in &self.0 {
                match form.data.first() {
                    None if !found.iter().any(|known| known == name) => found.push((*name).to_owned()),
                    None => {}
                    Some(object) => found.push(format!("{object}/{name}")),
                }
            }
        }
        found
    }

    /// Several such lists as the keys that [`pick`] takes apart.
    pub(super) fn spread(&self, lists: &[Vec<String>]) -> Vec<Path> {
        let len = lists.iter().map(Vec::len).max().unwrap_or_default();
        // A list that is shorter repeats its last field, which changes nothing; one of nothing names one that no event has.
        let padded = |list: &Vec<String>| -> Vec<Path> {
            let last = list.last().map_or("", String::as_str);
            (0..len).map(|at| path(list.get(at).map_or(last, String::as_str))).collect()
        };
        lists.iter().flat_map(padded).collect()
    }
}

/// A table of Windows events.
pub(super) fn table(name: &str, fields: &Fields<'_>) -> Option<TableSchema> {
    let rows = Rows::new(name, fields);
    Some(match name {
        "DeviceProcessEvents" => processes(rows),
        "DeviceNetworkEvents" => connections(rows),
        "DeviceFileEvents" => files(rows),
        "DeviceImageLoadEvents" => images(rows),
        "DeviceRegistryEvents" => registry(rows),
        "DeviceEvents" => devices(rows),
        "DnsEvents" => names(rows),
        "SecurityEvent" => security(rows),
        "WindowsEvent" => events(rows),
        _ => return None,
    })
}

/// A table whose columns are being laid down.
struct Rows<'f> {
    table: TableSchema,
    fields: &'f Fields<'f>,
}

impl<'f> Rows<'f> {
    fn new(name: &str, fields: &'f Fields<'f>) -> Rows<'f> {
        let time = fields.system(|form| form.time);
        let rows = Rows { table: TableSchema::known(name), fields };
        rows.first("TimeGenerated", &time).first("Timestamp", &time)
    }

    fn set(mut self, column: &str, source: Source) -> Rows<'f> {
        // Of the columns that several tables have, this one may have none.
        if self.table.position(column).is_some() {
            self.table = self.table.with(column, source);
        }
        self
    }

    /// The first of some fields.
    fn first(self, column: &str, names: &[String]) -> Rows<'f> {
        self.set(column, Source::First(names.iter().map(|name| path(name)).collect()))
    }

    fn system(self, column: &str, of: impl Fn(&Form) -> &'static [&'static str]) -> Rows<'f> {
        let names = self.fields.system(of);
        self.first(column, &names)
    }

    fn data(self, column: &str, names: &[&str]) -> Rows<'f> {
        let names = self.fields.data(names);
        self.first(column, &names)
    }

    fn made(self, column: &str, lists: &[Vec<String>], make: Make) -> Rows<'f> {
        let keys = self.fields.spread(lists);
        self.set(column, Source::Make { keys, make, fidelity: Fidelity::Derived })
    }

    /// Made of one field of the event's own data.
    fn from(self, column: &str, names: &[&str], make: Make) -> Rows<'f> {
        let names = self.fields.data(names);
        self.made(column, &[names], make)
    }

    /// What all of Defender's tables have.
    fn device(self) -> Rows<'f> {
        self.system("DeviceName", |form| form.computer)
            .system("ReportId", |form| form.record)
            .set("SourceSystem", constant("Windows"))
    }

    /// The program that did it.
    fn actor(self) -> Rows<'f> {
        let image = ["Image", "Application"];
        self.data("InitiatingProcessFolderPath", &image)
            .from("InitiatingProcessFileName", &image, file_name)
            .data("InitiatingProcessId", &["ProcessId", "ProcessID"])
            .data("InitiatingProcessUniqueId", &["ProcessGuid"])
            .from("InitiatingProcessAccountName", &["User"], account_name)
            .from("InitiatingProcessAccountDomain", &["User"], account_domain)
    }

    /// A file and its hashes.
    fn file(self, names: &[&str]) -> Rows<'f> {
        let hashes = ["Hashes", "Hash"];
        self.from("FolderPath", names, |raws| {
            let [path] = pick(raws);
            Some(Cell::Text(of_its_file(&path.text()?).to_owned().into()))
        })
        .from("FileName", names, file_name)
        .from("SHA256", &hashes, |raws| hash(raws, "SHA256"))
        .from("SHA1", &hashes, |raws| hash(raws, "SHA1"))
        .from("MD5", &hashes, |raws| hash(raws, "MD5"))
    }
}

/// Sysmon 1, and 4688 of the log `Security`, in which the process of the event is the one that started the other.
fn processes(rows: Rows<'_>) -> TableSchema {
    let fields = rows.fields;
    let data = |names: &[&str]| fields.data(names);
    let user = [data(&["User", "TargetUserName", "SubjectUserName"])];
    let domain = [data(&["User"]), data(&["TargetUserName"]), data(&["TargetDomainName"]), data(&["SubjectDomainName"])];
    let parent = ["ParentImage", "ParentProcessName"];
    rows.device()
        .file(&["Image", "NewProcessName"])
        .set("ActionType", constant("ProcessCreated"))
        .data("ProcessId", &["NewProcessId", "ProcessId"])
        .data("ProcessUniqueId", &["ProcessGuid"])
        .data("ProcessCommandLine", &["CommandLine"])
        .data("ProcessCreationTime", &["UtcTime"])
        .data("ProcessIntegrityLevel", &["IntegrityLevel"])
        .data("ProcessVersionInfoCompanyName", &["Company"])
        .data("ProcessVersionInfoProductName", &["Product"])
        .data("ProcessVersionInfoFileDescription", &["Description"])
        .data("ProcessVersionInfoOriginalFileName", &["OriginalFileName"])
        .data("LogonId", &["LogonId"])
        .made("AccountName", &user, account_name)
        .made("AccountDomain", &domain, |raws| {
            let [user, target, target_domain, subject_domain] = pick(raws);
            match user {
                Raw::Missing => present(if target.is_empty() { subject_domain } else { target_domain }),
                user => account_domain(&[user]),
            }
        })
        .data("InitiatingProcessFolderPath", &parent)
        .from("InitiatingProcessFileName", &parent, file_name)
        .data("InitiatingProcessCommandLine", &["ParentCommandLine"])
        .made("InitiatingProcessId", &[data(&["ParentProcessId"]), data(&["NewProcessId"]), data(&["ProcessId"])], |raws| {
            let [parent, started, id] = pick(raws);
            present(if parent.is_empty() && !started.is_empty() { id } else { parent })
        })
        .data("InitiatingProcessUniqueId", &["ParentProcessGuid"])
        .from("InitiatingProcessAccountName", &["ParentUser", "SubjectUserName"], account_name)
        .made("InitiatingProcessAccountDomain", &[data(&["ParentUser"]), data(&["SubjectDomainName"])], |raws| {
            let [user, domain] = pick(raws);
            account_domain(&[user]).or_else(|| present(domain))
        })
        .table
}

/// Sysmon 3, and 5156 of the log `Security`.
fn connections(rows: Rows<'_>) -> TableSchema {
    let fields = rows.fields;
    let data = |names: &[&str]| fields.data(names);
    let ends = [
        data(&["SourceIp", "SourceAddress"]),
        data(&["SourcePort"]),
        data(&["SourceHostname"]),
        data(&["DestinationIp", "DestAddress"]),
        data(&["DestinationPort", "DestPort"]),
        data(&["DestinationHostname"]),
        data(&["Initiated", "Direction"]),
        data(&["Protocol"]),
        fields.system(|form| form.computer),
    ];
    rows.device()
        .actor()
        .made("ActionType", &ends, |raws| {
            let accepted = Connection::of(raws).accepted;
            Some(Cell::Text(if accepted { "InboundConnectionAccepted" } else { "ConnectionSuccess" }.into()))
        })
        .made("LocalIP", &ends, |raws| Some(Cell::Raw(Connection::of(raws).local[0])))
        .made("LocalPort", &ends, |raws| Some(Cell::Raw(Connection::of(raws).local[1])))
        .made("RemoteIP", &ends, |raws| Some(Cell::Raw(Connection::of(raws).remote[0])))
        .made("RemotePort", &ends, |raws| Some(Cell::Raw(Connection::of(raws).remote[1])))
        .made("RemoteUrl", &ends, |raws| Some(Cell::Raw(Connection::of(raws).remote[2])))
        .from("Protocol", &["Protocol"], protocol)
        .table
}

/// Sysmon 11, 15, 23, 26 and 29.
fn files(rows: Rows<'_>) -> TableSchema {
    let id = rows.fields.system(|form| form.id);
    rows.device()
        .actor()
        .file(&["TargetFilename"])
        .made("ActionType", &[id], |raws| {
            let [id] = pick(raws);
            let deleted = matches!(id.text()?.as_ref(), "23" | "26");
            Some(Cell::Text(if deleted { "FileDeleted" } else { "FileCreated" }.into()))
        })
        .from("FileOriginUrl", &["Contents"], |raws| zone(raws, "HostUrl="))
        .from("FileOriginReferrerUrl", &["Contents"], |raws| zone(raws, "ReferrerUrl="))
        .table
}

/// Sysmon 7.
fn images(rows: Rows<'_>) -> TableSchema {
    rows.device().actor().file(&["ImageLoaded"]).set("ActionType", constant("ImageLoaded")).table
}

/// Sysmon 12, 13 and 14.
fn registry(rows: Rows<'_>) -> TableSchema {
    let change = [rows.fields.data(&["EventType"]), rows.fields.data(&["TargetObject"])];
    rows.device()
        .actor()
        .from("ActionType", &["EventType"], |raws| {
            let [kind] = pick(raws);
            let action = match kind.text()?.as_ref() {
                "CreateKey" => "RegistryKeyCreated",
                "DeleteKey" => "RegistryKeyDeleted",
                "DeleteValue" => "RegistryValueDeleted",
                "SetValue" | "CreateValue" => "RegistryValueSet",
                "RenameKey" | "RenameValue" => "RegistryKeyRenamed",
                _ => return None,
            };
            Some(Cell::Text(action.into()))
        })
        .made("RegistryKey", &change, |raws| Some(Cell::Text(key_and_value(raws)?.0.into())))
        .made("RegistryValueName", &change, |raws| Some(Cell::Text(key_and_value(raws)?.1?.into())))
        .data("RegistryValueData", &["Details"])
        .table
}

/// Sysmon 6 and 22, and 3008 of the DNS client.
fn devices(rows: Rows<'_>) -> TableSchema {
    let process = [rows.fields.data(&["ProcessId"]), rows.fields.system(|form| form.process)].concat();
    let query = [
        rows.fields.data(&["QueryName"]),
        rows.fields.data(&["QueryType"]),
        rows.fields.data(&["QueryStatus"]),
        rows.fields.data(&["QueryResults"]),
    ];
    rows.device()
        .actor()
        .first("InitiatingProcessId", &process)
        .file(&["ImageLoaded"])
        .made("ActionType", &query, |raws| {
            let [name, ..]: [Raw<'_>; 4] = pick(raws);
            Some(Cell::Text(if name.is_empty() { "DriverLoad" } else { "DnsQueryResponse" }.into()))
        })
        .made("AdditionalFields", &query, |raws| {
            let names = ["DnsQueryString", "QueryType", "QueryStatus", "QueryResults"];
            let values: [Raw<'_>; 4] = pick(raws);
            let members = names.into_iter().zip(values).filter_map(|(name, value)| Some((name, value.text()?)));
            let members: Vec<String> =
                members.map(|(name, value)| format!("{}:{}", json::quote(name), json::quote(&value))).collect();
            (!members.is_empty()).then(|| Cell::Json(format!("{{{}}}", members.join(","))))
        })
        .table
}

/// 256 to 261 of the DNS server.
fn names(rows: Rows<'_>) -> TableSchema {
    let fields = rows.fields;
    let id = fields.system(|form| form.id);
    let data = |names: &[&str]| fields.data(names);
    let ends = [data(&["Source"]), data(&["Destination"]), id.clone()];
    rows.system("Computer", |form| form.computer)
        .system("EventId", |form| form.id)
        .made("ClientIP", &ends, |raws| windows_dns::client(&pick::<3>(raws)))
        .from("Name", &["QNAME"], |raws| windows_dns::without_last_dot(&pick::<1>(raws)))
        .from("QueryType", &["QTYPE"], |raws| windows_dns::query_type(&pick::<1>(raws)))
        .data("ResultCode", &["RCODE"])
        .made("SubType", &[id], |raws| windows_dns::sub_type(&pick::<1>(raws)))
        .set("SourceSystem", constant("Windows DNS"))
        .table
}

/// The log `Security`: its data under their own names, which are the columns'.
fn security(mut rows: Rows<'_>) -> TableSchema {
    let columns: Vec<String> = rows.table.columns.iter().map(|column| column.name.clone()).collect();
    for column in columns.iter().filter(|name| !name.starts_with('_')) {
        if !matches!(column.as_str(), "Type" | "TimeGenerated" | "TenantId" | "ManagementGroupName" | "SourceSystem") {
            rows = rows.data(column, &[column]);
        }
    }
    let fields = rows.fields;
    let named = |name: &str, domain: &str| [fields.data(&[name]), fields.data(&[domain])];
    let subject = named("SubjectUserName", "SubjectDomainName");
    let target = named("TargetUserName", "TargetDomainName");
    let both = [subject.as_slice(), &target, &[fields.system(|form| form.id)]].concat();
    let activity = [fields.system(|form| form.id), fields.system(|form| form.message)];
    events_system(rows)
        .system("EventSourceName", |form| form.provider)
        .system("Level", |form| form.level)
        .made("Activity", &activity, |raws| {
            let [id, message] = pick(raws);
            let message = message.text()?;
            Some(Cell::Text(format!("{} - {}", id.text()?, message.lines().next().unwrap_or_default()).into()))
        })
        .made("SubjectAccount", &subject, |raws| account(pick(raws)))
        .made("TargetAccount", &target, |raws| account(pick(raws)))
        .made("Account", &both, whose)
        .made("AccountType", &both, |raws| {
            let Cell::Text(account) = whose(raws)? else { return None };
            Some(Cell::Text(if account.ends_with('$') { "Machine" } else { "User" }.into()))
        })
        .from("Process", &["NewProcessName", "ProcessName"], file_name)
        .set("EventData", Source::Absent)
        .table
}

/// Any event.
fn events(rows: Rows<'_>) -> TableSchema {
    let flat = rows.fields.0.iter().any(|form| form.data.is_empty());
    let objects = rows.fields.system(|form| form.data);
    let level = [rows.fields.system(|form| form.level_name), rows.fields.system(|form| form.level)];
    let rows = events_system(rows).system("Provider", |form| form.provider).system("EventLevel", |form| form.level).made(
        "EventLevelName",
        &level,
        |raws| {
            let [name, level] = pick(raws);
            let known = match level.text().as_deref() {
                Some("1") => "Critical",
                Some("2") => "Error",
                Some("3") => "Warning",
                Some("0" | "4") => "Information",
                Some("5") => "Verbose",
                _ => return name.text().map(Cell::Text),
            };
            Some(Cell::Text(known.into()))
        },
    );
    if flat {
        // The event's own data stand among the fields that all events have.
        rows.table.with_rest("EventData", Type::Dynamic, RestForm::Bag, &["Message"])
    } else {
        rows.first("EventData", &objects).table
    }
}

/// What the tables of events have alike.
fn events_system(rows: Rows<'_>) -> Rows<'_> {
    rows.system("Computer", |form| form.computer)
        .system("Channel", |form| form.channel)
        .system("EventID", |form| form.id)
        .system("EventRecordId", |form| form.record)
        .system("Task", |form| form.task)
        .system("Opcode", |form| form.opcode)
        .system("Keywords", |form| form.keywords)
        .system("Version", |form| form.version)
        .system("SystemProcessId", |form| form.process)
        .system("SystemThreadId", |form| form.thread)
        .system("SystemUserId", |form| form.user)
        .set("SourceSystem", constant("Windows"))
}
