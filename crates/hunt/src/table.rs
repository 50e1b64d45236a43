//! The Sentinel tables that hunts search: which columns hold what, and which data connector fills them.

/// One table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in Sentinel.
    pub name: &'static str,
    /// The column of the event's time.
    pub time: &'static str,
    /// The columns that name the host that made the contact, the most telling first.
    pub host: &'static [&'static str],
    /// Ids of data connectors that fill it, as Sentinel spells them.
    pub connectors: &'static [&'static str],
    /// What is seen in it, in half a sentence.
    pub shows: &'static str,
}

/// All tables, by name.
pub const TABLES: [Table; 7] = [
    Table {
        name: "CommonSecurityLog",
        time: "TimeGenerated",
        host: &["SourceHostName", "SourceIP"],
        connectors: &["CefAma"],
        shows: "connections and requests that firewalls and proxies saw",
    },
    Table {
        name: "DeviceEvents",
        time: "TimeGenerated",
        host: &["DeviceName"],
        connectors: &["MicrosoftThreatProtection"],
        shows: "names that endpoints asked for, with the asking process",
    },
    Table {
        name: "DeviceFileEvents",
        time: "TimeGenerated",
        host: &["DeviceName"],
        connectors: &["MicrosoftThreatProtection"],
        shows: "files written on endpoints, with their hashes and where they came from",
    },
    Table {
        name: "DeviceNetworkEvents",
        time: "TimeGenerated",
        host: &["DeviceName", "LocalIP"],
        connectors: &["MicrosoftThreatProtection"],
        shows: "connections of endpoints, with the process that made them",
    },
    Table {
        name: "DeviceProcessEvents",
        time: "TimeGenerated",
        host: &["DeviceName"],
        connectors: &["MicrosoftThreatProtection"],
        shows: "programs started on endpoints, with their hashes",
    },
    Table {
        name: "DnsEvents",
        time: "TimeGenerated",
        host: &["ClientIP", "Computer"],
        connectors: &["DNS"],
        shows: "names that DNS servers were asked for; it has neither process nor user",
    },
    Table {
        name: "UrlClickEvents",
        time: "TimeGenerated",
        host: &["AccountUpn", "IPAddress"],
        connectors: &["MicrosoftThreatProtection"],
        shows: "links clicked in mail, Teams and Office",
    },
];

/// The table of that name.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// ECS fields and the columns that hold them: table, field, columns.
const ECS: &str = include_str!("../data/ecs.tsv");

/// The columns of a table that hold what ECS calls `field`; none if the table has no such column.
#[must_use]
pub fn ecs_columns(table: &str, field: &str) -> Vec<&'static str> {
    let rows = ECS.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t'));
    for mut row in rows {
        if row.next() == Some(table) && row.next() == Some(field) {
            return row.next().map(|columns| columns.split(' ').collect()).unwrap_or_default();
        }
    }
    vec![]
}

/// All ECS fields that some table has a column for, sorted.
#[must_use]
pub fn ecs_fields() -> Vec<&'static str> {
    let mut fields: Vec<&str> =
        ECS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('\t').nth(1)).collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_known_to_the_map() {
        assert!(TABLES.windows(2).all(|pair| pair[0].name < pair[1].name));
        for line in ECS.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 3, "{line}");
            assert!(table(fields[0]).is_some(), "{line}");
        }
    }

    #[test]
    fn dns_has_no_process() {
        assert!(ecs_columns("DnsEvents", "process.name").is_empty());
        assert_eq!(ecs_columns("DnsEvents", "dns.question.name"), ["Name"]);
        assert_eq!(ecs_columns("CommonSecurityLog", "destination.port"), ["DestinationPort"]);
    }
}
