//! Which table some columns belong to, where the file does not say it, and the generic mapping of fields to its columns.

use std::collections::HashMap;

use kql::{Column, Type};

use crate::convert;
use crate::profile::Profile;
use crate::table::{Fidelity, Path, Source, TableSchema};

/// The tables that hunts are about: they win over lookalikes among the thousand others.
const PREFERRED: [&str; 13] = [
    "DnsEvents",
    "CommonSecurityLog",
    "DeviceNetworkEvents",
    "DeviceProcessEvents",
    "DeviceFileEvents",
    "DeviceEvents",
    "DeviceImageLoadEvents",
    "DeviceRegistryEvents",
    "UrlClickEvents",
    "EmailUrlInfo",
    "SecurityEvent",
    "WindowsEvent",
    "Syslog",
];

/// The columns that hold the time of a row.
const TIME_COLUMNS: [&str; 2] = ["TimeGenerated", "Timestamp"];

/// Columns that nearly every table has: they tell nothing apart.
const COMMON: [&str; 12] = [
    "TimeGenerated",
    "Timestamp",
    "TenantId",
    "Type",
    "Computer",
    "SourceSystem",
    "_ResourceId",
    "MG",
    "ManagementGroupName",
    "RawData",
    "$table",
    "",
];

/// Fields that hold a record's time in files that have no `TimeGenerated`.
const TIMES: [&str; 12] = [
    "Timestamp",
    "timestamp",
    "@timestamp",
    "EventTime",
    "TimeCreated",
    "EventTimestamp",
    "clickTime_t",
    "ts",
    "time",
    "Time",
    "date",
    "datetime",
];

/// The table that a file with such columns fills: the built-in one that its stem names, unless it has few of the columns and another
/// has nearly all of them; else that other; else a custom one named after the file.
#[must_use]
pub fn table_for<'a>(columns: impl IntoIterator<Item = &'a str>, stem: &str) -> String {
    let all: Vec<&str> = columns.into_iter().map(plain_name).collect();
    let columns: Vec<&str> = all.iter().copied().filter(|name| !COMMON.contains(name)).collect();
    let named = kql::catalog::table(stem);
    let fits = named.is_some_and(|table| columns.iter().filter(|name| table.column(name).is_some()).count() * 2 >= columns.len());
    let best = if fits { None } else { best_overlap(&columns).or_else(|| few_columns(&all)) };
    match (best, named) {
        (Some(best), _) => best.to_owned(),
        (None, Some(_)) => stem.to_owned(),
        (None, None) => custom_name(stem),
    }
}

/// The built-in table that has at least four of the columns and three in five of them.
fn best_overlap(columns: &[&str]) -> Option<&'static str> {
    let mut best: Option<(usize, bool, usize, &'static str)> = None;
    for table in kql::catalog::tables() {
        let shared = columns.iter().filter(|name| table.column(name).is_some()).count();
        if shared < 4 || shared * 5 < columns.len() * 3 {
            continue;
        }
        let preferred = PREFERRED.contains(&table.name.as_str());
        // A preferred table may have a tenth fewer of the columns than a lookalike.
        let score = shared * 10 + if preferred { columns.len() } else { 0 };
        let candidate = (score, preferred, usize::MAX - table.columns.len(), table.name.as_str());
        if best.is_none_or(|best| (best.0, best.1, best.2) < (candidate.0, candidate.1, candidate.2)) {
            best = Some(candidate);
        }
    }
    best.map(|(.., name)| name)
}

/// The table that hunts are about whose time and columns these are, all of them, if they are few but tell it: three beside the time, or
/// two that hardly another table has together.
fn few_columns(all: &[&str]) -> Option<&'static str> {
    const SAY_NOTHING: [&str; 4] = ["TenantId", "Type", "SourceSystem", "$table"];
    let telling: Vec<&str> =
        all.iter().copied().filter(|name| !SAY_NOTHING.contains(name) && !TIME_COLUMNS.contains(name)).collect();
    let has_all = |table: &kql::catalog::Table| telling.iter().all(|name| table.column(name).is_some());
    let timed = |table: &kql::catalog::Table| all.iter().any(|name| TIME_COLUMNS.contains(name) && table.column(name).is_some());
    let enough = match telling.len() {
        0 | 1 => false,
        2 => kql::catalog::tables().filter(|table| has_all(table)).count() <= 2,
        _ => true,
    };
    let known = PREFERRED.iter().filter_map(|name| kql::catalog::table(name));
    known.filter(|table| enough && has_all(table) && timed(table)).map(|table| table.name.as_str()).next()
}

/// `Squid_CL` for a stem of `squid-2` …: letters, digits and underscores, ending where `_CL` does.
fn custom_name(stem: &str) -> String {
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let name = match name.find("_CL") {
        Some(at) if !name[at + 3..].starts_with(|c: char| c.is_ascii_alphanumeric()) => name[..at].to_owned(),
        _ => name,
    };
    let name = if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("T{name}") };
    name + "_CL"
}

/// A value of a `Type` column that names a table, rather than being any other text.
pub(crate) fn names_table(value: &str) -> bool {
    kql::catalog::table(value).is_some()
        || (value.ends_with("_CL") && value.len() > 3 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

/// The column that a field called `key` stands for: the portal's exports name a column's time zone.
fn plain_name(key: &str) -> &str {
    key.strip_suffix(" [UTC]").unwrap_or(key)
}

/// The table `name` filled from fields of the same names; fields that a built-in table lacks are columns besides its own.
pub(crate) fn same_names(name: &str, profile: &Profile) -> TableSchema {
    let mut table = TableSchema::known(name);
    let built_in = !table.columns.is_empty();
    if !built_in {
        table.set("TimeGenerated", Type::DateTime, Source::Absent);
    }
    let own = table.columns.len();
    let mut places: HashMap<String, usize> = table.columns.iter().enumerate().map(|(at, c)| (c.name.clone(), at)).collect();
    for (key, ty) in profile.columns() {
        let column = plain_name(key);
        let source = Source::First(vec![top(key)]);
        match places.get(column).copied() {
            // Two fields of one column: the first that holds something.
            Some(at) => match &mut table.sources[at] {
                Source::First(paths) => paths.push(top(key)),
                other => *other = source,
            },
            None => {
                places.insert(column.to_owned(), table.columns.len());
                table.columns.push(Column::new(column, if column == key { ty } else { Type::DateTime }));
                table.sources.push(source);
            }
        }
    }
    // `Type` says the table's own name even where the file has it for something else.
    if built_in || profile.names().all(|key| key != "Type") {
        table.set("Type", Type::String, Source::Const(name.to_owned()));
    }
    if own > 0 {
        time_column(&mut table, profile);
    }
    day_first_dates(&mut table, profile);
    table
}

/// Reads dates with the day first in the fields where some can only be read so.
fn day_first_dates(table: &mut TableSchema, profile: &Profile) {
    for (column, source) in table.columns.iter().zip(&mut table.sources) {
        if let Source::First(paths) = source
            && column.ty == Type::DateTime
            && paths.iter().any(|path| profile.is_day_first(&path.key))
        {
            *source = Source::Make { keys: std::mem::take(paths), make: convert::day_first, fidelity: Fidelity::Verbatim };
        }
    }
}

fn top(key: &str) -> Path {
    Path { key: key.to_owned(), inner: Vec::new() }
}

/// Gives `TimeGenerated` (and `Timestamp`, where the table has that) something to be made of.
fn time_column(table: &mut TableSchema, profile: &Profile) {
    let unset = |table: &TableSchema, name: &str| table.position(name).filter(|at| matches!(table.sources[*at], Source::Absent));
    if let Some(at) = unset(table, "TimeGenerated") {
        let candidates = profile.columns().filter(|(key, _)| TIMES.contains(&plain_name(key)));
        let named = candidates.min_by_key(|(key, _)| TIMES.iter().position(|name| name == &plain_name(key)));
        let first_time = || profile.columns().find(|(_, ty)| *ty == Type::DateTime);
        if let Some((key, _)) = named.or_else(first_time) {
            table.sources[at] = Source::First(vec![top(key)]);
        }
    }
    let source = table.position("TimeGenerated").map(|at| table.sources[at].clone());
    if let (Some(at), Some(source)) = (unset(table, "Timestamp"), source) {
        table.sources[at] = source;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Raw;

    #[test]
    fn columns_tell_the_table() {
        let dns = ["TimeGenerated [UTC]", "Computer", "ClientIP", "Name", "QueryType", "IPAddresses", "SubType"];
        assert_eq!(table_for(dns, "export"), "DnsEvents");
        assert_eq!(table_for(["TimeGenerated", "Computer", "ClientIP", "Name", "QueryType"], "x"), "DnsEvents");
        assert_eq!(table_for(["TimeGenerated [UTC]", "Computer", "ClientIP", "Name"], "x"), "DnsEvents");
        assert_eq!(table_for(["TimeGenerated", "Name", "QueryType"], "x"), "DnsEvents");
        assert_eq!(table_for(["TimeGenerated", "SourceIP", "DestinationIP", "DestinationPort"], "x"), "CommonSecurityLog");
        assert_eq!(table_for(["Timestamp", "DeviceName", "RemoteIP", "RemoteUrl"], "x"), "DeviceNetworkEvents");
        assert_eq!(table_for(["Timestamp", "Url", "AccountUpn"], "x"), "UrlClickEvents");
        for other in [
            &["TimeGenerated", "Name", "ClientIP"][..],
            &["Computer", "ClientIP", "Name"],
            &["TimeGenerated", "Computer", "ClientIP", "Name", "Color"],
            &["Timestamp", "Computer", "ClientIP", "Name"],
            &["TimeGenerated", "Computer"],
        ] {
            assert_eq!(table_for(other.iter().copied(), "x"), "x_CL");
        }
        assert_eq!(table_for(["a", "b"], "DnsEvents"), "DnsEvents");
        assert_eq!(table_for(dns, "CommonSecurityLog"), "DnsEvents");
        assert_eq!(table_for(["a", "b"], "squid-2"), "squid_2_CL");
        assert_eq!(table_for(["a"], "Clicks_CL_sample"), "Clicks_CL");
        assert_eq!(table_for(["a"], "2026"), "T2026_CL");
    }

    #[test]
    fn a_device_table_has_both_names_of_its_time() {
        let mut profile = Profile::default();
        profile.note("Timestamp", Raw::Json(b"\"2026-01-01T00:00:00Z\""));
        profile.note("Extra", Raw::Json(b"1"));
        let table = same_names("DeviceNetworkEvents", &profile);
        let at = |name| table.position(name).map(|at| table.sources[at].clone());
        assert!(matches!(at("TimeGenerated"), Some(Source::First(_))));
        assert!(matches!(at("Timestamp"), Some(Source::First(_))));
        assert_eq!(table.columns[table.position("Extra").unwrap()].ty, Type::Long);
    }
}
