//! What a query may name: the trait the binder asks, and the usual answer to it.
//!
//! In: a user's schema, the tables that files fill, watchlists, the built-in tables, and whether unknown tables are allowed.
//! Out: [`TableInfo`]s, functions, watchlists.

use std::collections::BTreeMap;
use std::fmt;

use super::schema::{Schema, UserFunction};
use super::tables;
use crate::types::{Column, Type};

/// What the binder asks about names that the query does not declare itself.
pub trait Catalog {
    /// The table of that name, exactly. An open catalog answers an unknown name with a table that is open and has no columns.
    fn table(&self, name: &str) -> Option<TableInfo>;

    /// The table of that name in another workspace, database or cluster, by the name that a query gives it; the columns are those
    /// of a table that is called so here, where nothing is known of that place.
    fn table_in(&self, _place: &str, name: &str) -> Option<TableInfo> {
        self.table(name)
    }

    /// The names of the tables of that place that can hold rows, sorted; `None` if nothing is known of it.
    fn tables_in(&self, _place: &str) -> Option<Vec<String>> {
        None
    }

    /// The table of that name, here or at that place, may have rows: a file fills it, or nothing is known of that.
    fn may_have_rows(&self, _place: Option<&str>, _name: &str) -> bool {
        true
    }

    /// The table of that name, here or at that place, is known but has no rows, because no file was found that fills it.
    fn is_unfilled(&self, _place: Option<&str>, _name: &str) -> bool {
        false
    }

    /// Rows know when they were ingested: `ingestion_time()`. Those of log files do not.
    fn keeps_ingestion_time(&self) -> bool {
        true
    }

    /// The names of all tables, sorted, for wildcards and suggestions. Tables that only an open catalog makes up are not among
    /// them.
    fn table_names(&self) -> Vec<String>;

    /// The names of the tables that can hold rows, sorted: what `search`, `find` and `union *` read.
    fn present_tables(&self) -> Vec<String> {
        self.table_names()
    }

    /// The user's function of that name.
    fn function(&self, name: &str) -> Option<&UserFunction>;

    /// The names of the user's functions, sorted.
    fn function_names(&self) -> Vec<String>;

    /// The columns that the watchlist of that alias adds to [`WATCHLIST_COLUMNS`]; `None` if there is none. An open catalog
    /// answers an unknown alias with an open table.
    fn watchlist(&self, alias: &str) -> Option<TableInfo>;

    /// The aliases of the known watchlists, sorted.
    fn watchlist_names(&self) -> Vec<String>;
}

/// A table as the binder sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct TableInfo {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// It may have more columns than these.
    pub open: bool,
}

impl TableInfo {
    /// The physical column that `name` means: the one so called, or the time column under its other name.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<&Column> {
        let named = |name: &str| self.columns.iter().find(|column| column.name == name);
        named(name).or_else(|| tables::time_alias(&self.name, name).and_then(named))
    }

    /// The type of a column that is not among `columns` but that every workspace table has (`_ItemId`, `TenantId` …).
    #[must_use]
    pub fn implied(&self, name: &str) -> Option<Type> {
        tables::table(&self.name)?;
        tables::standard_column(name)
    }
}

/// The columns that `_GetWatchlist()` gives beside those of the watchlist itself.
pub const WATCHLIST_COLUMNS: [(&str, Type); 9] = [
    ("_DTItemId", Type::String),
    ("_DTItemStatus", Type::String),
    ("_DTItemType", Type::String),
    ("_DTTimestamp", Type::DateTime),
    ("LastUpdatedTimeUTC", Type::DateTime),
    ("SearchKey", Type::String),
    ("TimeGenerated", Type::DateTime),
    ("WatchlistItem", Type::Dynamic),
    ("TenantId", Type::String),
];

/// A catalog put together from what is at hand. The first source that knows a table answers: files, the user's schema, the
/// built-in tables.
#[derive(Clone, Default)]
pub struct Workspace {
    /// Tables that files fill; a built-in table of the same name gives the columns that the file lacks.
    pub files: BTreeMap<String, Vec<Column>>,
    /// Other workspaces, databases and clusters by the name that queries give them, with the tables that files fill there.
    pub places: BTreeMap<String, BTreeMap<String, Vec<Column>>>,
    /// The user's tables and functions.
    pub schema: Schema,
    /// Watchlists by alias: the columns of their own.
    pub watchlists: BTreeMap<String, Vec<Column>>,
    /// The tables of Sentinel and Defender are known.
    pub builtin: bool,
    /// An unknown table is no error: its columns are whatever the query asks for.
    pub open: bool,
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, tables) = (self.files.len(), self.schema.tables.len());
        write!(f, "Workspace {{ files: {files}, schema: {tables}, builtin: {}, open: {} }}", self.builtin, self.open)
    }
}

impl Workspace {
    /// The built-in tables; others are open. What a query is checked against when nothing else is known.
    #[must_use]
    pub fn open() -> Workspace {
        Workspace { builtin: true, open: true, ..Workspace::default() }
    }

    /// The tables and functions of a schema, and no others.
    #[must_use]
    pub fn closed(schema: Schema) -> Workspace {
        Workspace { schema, ..Workspace::default() }
    }

    /// A table that a file fills: the file's columns, then those of the known table that it lacks.
    fn with_file(&self, name: &str, columns: &[Column]) -> TableInfo {
        let mut columns = columns.to_vec();
        let known = self
            .schema
            .table(name)
            .or_else(|| tables::table(name).filter(|_| self.builtin).map(|table| table.columns.as_slice()));
        for column in known.unwrap_or_default() {
            if !columns.iter().any(|have| have.name == column.name) {
                columns.push(column.clone());
            }
        }
        TableInfo { name: name.to_owned(), columns, open: false }
    }

    fn opened(&self, name: &str) -> Option<TableInfo> {
        self.open.then(|| TableInfo { name: name.to_owned(), columns: Vec::new(), open: true })
    }
}

impl Catalog for Workspace {
    fn table(&self, name: &str) -> Option<TableInfo> {
        if let Some(columns) = self.files.get(name) {
            return Some(self.with_file(name, columns));
        }
        if let Some(columns) = self.schema.table(name) {
            return Some(TableInfo { name: name.to_owned(), columns: columns.to_vec(), open: false });
        }
        match tables::table(name).filter(|_| self.builtin) {
            // Workspaces add columns to the tables that the reference lists.
            Some(table) => Some(TableInfo { name: name.to_owned(), columns: table.columns.clone(), open: self.open }),
            None => self.opened(name),
        }
    }

    fn table_in(&self, place: &str, name: &str) -> Option<TableInfo> {
        let Some(tables) = self.places.get(place) else { return self.table(name) };
        match tables.get(name) {
            Some(columns) => Some(self.with_file(name, columns)),
            // What no file fills there is empty: what is called so here does not matter.
            None => Workspace { builtin: self.builtin, schema: self.schema.clone(), ..Workspace::default() }.table(name),
        }
    }

    fn tables_in(&self, place: &str) -> Option<Vec<String>> {
        Some(self.places.get(place)?.keys().cloned().collect())
    }

    fn may_have_rows(&self, place: Option<&str>, name: &str) -> bool {
        let filled = match place {
            None => Some(&self.files),
            Some(place) => self.places.get(place),
        };
        // An open workspace stands for one that is elsewhere; of a place that is not mapped nothing is known.
        self.open || filled.is_none_or(|filled| filled.contains_key(name))
    }

    fn is_unfilled(&self, place: Option<&str>, name: &str) -> bool {
        // A schema's tables are declared to be there.
        let is_declared = self.schema.table(name).is_some();
        self.builtin && !is_declared && !self.may_have_rows(place, name) && tables::table(name).is_some()
    }

    fn keeps_ingestion_time(&self) -> bool {
        self.files.is_empty() && self.places.is_empty()
    }

    fn table_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.files.keys().cloned().collect();
        names.extend(self.schema.tables.iter().map(|(name, _)| name.clone()));
        if self.builtin {
            names.extend(tables::tables().map(|table| table.name.clone()));
        }
        names.sort();
        names.dedup();
        names
    }

    fn present_tables(&self) -> Vec<String> {
        let mut names: Vec<String> = self.files.keys().cloned().collect();
        names.extend(self.schema.tables.iter().map(|(name, _)| name.clone()));
        names.sort();
        names.dedup();
        names
    }

    fn function(&self, name: &str) -> Option<&UserFunction> {
        self.schema.functions.iter().find(|function| function.name == name)
    }

    fn function_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.schema.functions.iter().map(|function| function.name.clone()).collect();
        names.sort();
        names
    }

    fn watchlist(&self, alias: &str) -> Option<TableInfo> {
        match self.watchlists.get(alias) {
            Some(columns) => Some(TableInfo { name: alias.to_owned(), columns: columns.clone(), open: false }),
            None => self.opened(alias),
        }
    }

    fn watchlist_names(&self) -> Vec<String> {
        self.watchlists.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_source_that_knows_a_table_answers() {
        let mut workspace = Workspace::open();
        workspace.files.insert("DnsEvents".to_owned(), vec![Column::new("Extra", Type::Long), Column::new("Name", Type::String)]);
        let dns = workspace.table("DnsEvents").unwrap();
        assert_eq!(dns.columns[0].name, "Extra");
        assert_eq!(dns.columns.iter().filter(|column| column.name == "Name").count(), 1);
        assert!(dns.resolve("ClientIP").is_some() && !dns.open);
        assert!(workspace.table("Nonesuch").unwrap().open);
        let closed = Workspace::closed(Schema::default());
        assert_eq!(closed.table("DnsEvents"), None);
        assert!(closed.table_names().is_empty());
    }

    #[test]
    fn another_place_has_its_own_tables() {
        let mut workspace = Workspace { builtin: true, ..Workspace::default() };
        workspace.files.insert("Own_CL".to_owned(), vec![Column::new("a", Type::Long)]);
        let tables = BTreeMap::from([("Their_CL".to_owned(), vec![Column::new("b", Type::Long)])]);
        workspace.places.insert("soc".to_owned(), tables);
        let columns = |place: &str, table: &str| workspace.table_in(place, table).map(|table| table.columns.len());
        assert_eq!((columns("soc", "Their_CL"), columns("soc", "Own_CL"), columns("else", "Own_CL")), (Some(1), None, Some(1)));
        assert!(columns("soc", "DnsEvents").is_some());
        assert_eq!(workspace.tables_in("soc").unwrap(), ["Their_CL"]);
        assert_eq!(workspace.tables_in("else"), None);
        let unfilled = |place: Option<&str>, table: &str| workspace.is_unfilled(place, table);
        assert!(unfilled(None, "DnsEvents") && unfilled(Some("soc"), "DnsEvents"));
        assert!(workspace.may_have_rows(Some("else"), "DnsEvents") && !workspace.may_have_rows(None, "DnsEvents"));
        assert!(!unfilled(None, "Own_CL") && !unfilled(Some("soc"), "Their_CL") && !unfilled(None, "Nonesuch"));
    }

    #[test]
    fn time_resolves_under_either_name() {
        let mut workspace = Workspace::open();
        workspace.builtin = false;
        workspace.files.insert("DeviceInfo".to_owned(), vec![Column::new("Timestamp", Type::DateTime)]);
        assert_eq!(workspace.table("DeviceInfo").unwrap().resolve("TimeGenerated").unwrap().name, "Timestamp");
    }
}
