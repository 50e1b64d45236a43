//! The tables of Microsoft Sentinel and Defender XDR: names, typed columns, and which data connector fills them.
//!
//! In: `tables.kql`, our own compact text. Out: [`Table`]s. Columns that every workspace table has, whether its documentation
//! lists them or not, and the two names of a Defender table's time column are found by [`Table::resolve`].

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::types::{Column, Type};

/// A table that a workspace can have.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, sorted by name without regard to case and a leading underscore, as Microsoft's reference lists them.
    pub columns: Vec<Column>,
    /// The ids of the data connectors that fill it, if known.
    pub connectors: Vec<String>,
    /// It is a table of Defender's advanced hunting, where time is `Timestamp`.
    pub defender: bool,
}

/// The built-in table of that name.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    let catalog = catalog();
    let at = catalog.lines.binary_search_by(|line| line.name.cmp(name)).ok()?;
    Some(catalog.lines.get(at)?.table(&catalog.groups))
}

/// All built-in tables, sorted by name.
pub fn tables() -> impl ExactSizeIterator<Item = &'static Table> {
    let catalog = catalog();
    catalog.lines.iter().map(|line| line.table(&catalog.groups))
}

/// The file's lines. There are very many columns, so a table's are read when it is first asked for.
struct Catalog {
    groups: Groups,
    /// Sorted by name.
    lines: Vec<Line>,
}

/// Columns by the name of their group.
type Groups = BTreeMap<&'static str, Vec<Column>>;

struct Line {
    name: &'static str,
    /// What follows the name, up to the columns.
    head: &'static str,
    columns: &'static str,
    table: OnceLock<Table>,
}

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::of(include_str!("tables.kql")).expect(TESTED))
}

const TESTED: &str = "the table file is tested to be in its notation";

impl Table {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The type of the column that `name` means: one that is listed, the time column under its other name, or one that every
    /// workspace table has.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<Type> {
        let listed = |name: &str| self.column(name).map(|column| column.ty);
        listed(name).or_else(|| time_alias(&self.name, name).and_then(listed)).or_else(|| standard_column(name))
    }
}

/// The other name of a table's time column: Sentinel calls it `TimeGenerated`, Defender `Timestamp`.
#[must_use]
pub fn time_alias(table_name: &str, column: &str) -> Option<&'static str> {
    let both = table_name.starts_with("Device") || table(table_name).is_some_and(|table| table.defender);
    match column {
        "TimeGenerated" if both => Some("Timestamp"),
        "Timestamp" if both => Some("TimeGenerated"),
        _ => None,
    }
}

/// The type of a column that every table of a workspace has.
#[must_use]
pub fn standard_column(name: &str) -> Option<Type> {
    Some(match name {
        "TimeGenerated" | "_TimeReceived" => Type::DateTime,
        "TenantId" | "Type" | "SourceSystem" | "_ResourceId" | "_SubscriptionId" | "_ItemId" | "_IsBillable" => Type::String,
        "_BilledSize" => Type::Real,
        _ => return None,
    })
}

impl Catalog {
    /// The lines of the file, or the first that is not in the notation; of columns only those of groups are looked at.
    fn of(text: &'static str) -> Result<Catalog, String> {
        let mut catalog = Catalog { groups: Groups::new(), lines: Vec::new() };
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let wrong = || format!("line {}: {line}", at + 1);
            let (head, columns) = line.split_once(" = ").ok_or_else(wrong)?;
            if let Some(group) = head.strip_prefix('&') {
                let columns = parse_columns(columns, &catalog.groups).ok_or_else(wrong)?;
                catalog.groups.insert(group, columns);
            } else {
                let (name, head) = head.split_once(' ').unwrap_or((head, ""));
                catalog.lines.push(Line { name, head, columns, table: OnceLock::new() });
            }
        }
        catalog.lines.sort_by_key(|line| line.name);
        Ok(catalog)
    }
}

impl Line {
    fn table(&self, groups: &Groups) -> &Table {
        self.table.get_or_init(|| self.parse(groups).expect(TESTED))
    }

    /// `None` if it is not in the notation.
    fn parse(&self, groups: &Groups) -> Option<Table> {
        let mut columns = parse_columns(self.columns, groups)?;
        columns.sort_by_cached_key(|column| (column.name.trim_start_matches('_').to_lowercase(), column.name.clone()));
        let (words, connectors) = self.head.split_once('[').unwrap_or((self.head, ""));
        Some(Table {
            name: self.name.to_owned(),
            columns,
            connectors: connectors.trim_end_matches(']').split_whitespace().map(str::to_owned).collect(),
            defender: words.split_whitespace().next() == Some("defender"),
        })
    }
}

fn parse_columns(body: &str, groups: &Groups) -> Option<Vec<Column>> {
    let mut columns = Vec::new();
    let mut ty = Type::Unknown;
    for word in body.split_whitespace() {
        if let Some(group) = word.strip_prefix('&') {
            columns.extend(groups.get(group)?.iter().cloned());
        } else if let Some(name) = word.strip_suffix(':') {
            ty = Type::from_name(name)?;
        } else if ty == Type::Unknown {
            return None;
        } else {
            columns.push(Column::new(word, ty));
        }
    }
    Some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_in_its_notation() {
        let Catalog { groups, lines } = Catalog::of(include_str!("tables.kql")).unwrap();
        assert!(lines.len() > 1100);
        assert!(lines.windows(2).all(|pair| pair[0].name < pair[1].name));
        for line in &lines {
            let table = line.parse(&groups).unwrap();
            let mut names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{}", table.name);
        }
    }

    #[test]
    fn time_has_two_names_in_defender_tables() {
        let table = table("DeviceNetworkEvents").unwrap();
        assert_eq!(table.connectors, ["MicrosoftThreatProtection"]);
        assert_eq!(table.resolve("Timestamp"), Some(Type::DateTime));
        assert_eq!(table.resolve("TimeGenerated"), Some(Type::DateTime));
        assert_eq!(table.resolve("RemotePort"), Some(Type::Int));
        let dns = super::table("DnsEvents").unwrap();
        assert_eq!(dns.resolve("Timestamp"), None);
        assert_eq!(dns.resolve("_ItemId"), Some(Type::String));
        assert_eq!(
            dns.columns.iter().take(3).map(|column| column.name.as_str()).collect::<Vec<_>>(),
            ["_BilledSize", "ClientIP", "Computer"]
        );
    }

    #[test]
    fn a_wrong_line_is_named() {
        let are_read = |text| {
            let catalog = Catalog::of(text)?;
            Ok(catalog.lines.iter().map(|line| line.parse(&catalog.groups).is_some()).collect::<Vec<bool>>())
        };
        assert_eq!(are_read("&g = string: a\nT = &g\nU = &none\nV = a b"), Ok(vec![true, false, false]));
        for line in ["T", "&g = &none", "&g = a b"] {
            assert_eq!(are_read(line), Err(format!("line 1: {line}")));
        }
    }
}
