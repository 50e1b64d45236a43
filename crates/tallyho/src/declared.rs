//! What a user declares beside the tables: saved functions, watchlists, other workspaces, and files for addresses.
//!
//! In: folders of `.kql` and `.csv` files, and names bound to paths. Out: functions, and the rows of watchlists, both in the order
//! of their paths; the logs of each place; or which file and line is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use engine::IpPlaces;
use engine::source::Externals;
use kql::catalog::{self, Schema, UserFunction};
use kql::{Column, Rows, Type, Value};
use logs::Discovered;

use crate::error::Error;
use crate::evidence;
use crate::folder::files_below;

/// What the line that names a watchlist's key starts with.
const SEARCH_KEY: &str = "# SearchKey:";

/// All that is declared, wherever it was.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Folders of saved functions.
    pub functions: Vec<PathBuf>,
    /// Folders of watchlists.
    pub watchlists: Vec<PathBuf>,
    /// Names of workspaces, databases and clusters, and where their logs are; a name may come several times.
    pub workspaces: Vec<(String, PathBuf)>,
    /// Addresses, or the starts of addresses, that `externaldata` names, and what stands for them.
    pub external: Vec<(String, PathBuf)>,
    /// The MaxMind database that tells where addresses are.
    pub geoip: Option<PathBuf>,
}

/// Names that plans use for something else than a place with logs.
const RESERVED: [&str; 5] = ["_GetWatchlist", "external_table", "materialized_view", "stored_query_result", "graph"];

impl Declared {
    /// The logs of each place, in the order of their names.
    ///
    /// # Errors
    /// A path is not there, or a name cannot be one of a place.
    pub fn places(&self) -> Result<BTreeMap<String, Discovered>, Error> {
        let mut paths: BTreeMap<&str, Vec<PathBuf>> = BTreeMap::new();
        for (name, path) in &self.workspaces {
            if name.is_empty() || RESERVED.contains(&name.as_str()) {
                return Err(Error::user(format!("`{name}` is no name of a workspace, database or cluster")));
            }
            paths.entry(name).or_default().push(path.clone());
        }
        paths.into_iter().map(|(name, paths)| Ok((name.to_owned(), evidence::discover(&paths)?))).collect()
    }

    /// The database that tells where addresses are, if one is named.
    ///
    /// # Errors
    /// The file cannot be read, or is none.
    pub fn ip_places(&self) -> Result<Option<IpPlaces>, Error> {
        let Some(path) = &self.geoip else { return Ok(None) };
        let bytes = fs::read(path).map_err(|error| Error::input(path, error))?;
        let refused = |why| Error::user(format!("{}: no MaxMind database: {why}", path.display()));
        IpPlaces::read(bytes).map(Some).map_err(refused)
    }

    /// What stands for addresses.
    #[must_use]
    pub fn externals(&self) -> Externals {
        let mut externals = Externals::default();
        for (address, path) in &self.external {
            externals.map(address, path);
        }
        externals
    }
}

/// A watchlist: its alias and its rows.
pub type Watchlist = (String, Rows);

/// Adds the functions of all `.kql` files below the folders to a schema. A file's name is the function's; it holds a query, or
/// `(parameters) { body }`.
///
/// # Errors
/// A folder or file cannot be read, a file holds no function, or two functions have one name.
pub fn add_functions(schema: &mut Schema, folders: &[PathBuf]) -> Result<(), Error> {
    for folder in folders {
        for path in files(folder, "kql")? {
            let text = fs::read_to_string(&path).map_err(|error| Error::input(&path, error))?;
            let name = stem(&path)?;
            if catalog::function(&name).is_some() || catalog::aggregate(&name).is_some() {
                return Err(Error::user(format!("{}: `{name}` is a function of KQL itself", path.display())));
            }
            if schema.functions.iter().any(|function| function.name == name) {
                return Err(Error::user(format!("{}: there is another function `{name}`", path.display())));
            }
            let refused = |found: Vec<_>| Error::query(&path.display().to_string(), &text, &found);
            schema.functions.push(UserFunction::from_kql(&name, &text).map_err(refused)?);
        }
    }
    Ok(())
}

/// The watchlists that all `.csv` files below the folders hold. A file's name is the alias, its first line names the columns.
///
/// # Errors
/// A folder or file cannot be read, a file is no such table, or two watchlists have one alias.
pub fn read_watchlists(folders: &[PathBuf]) -> Result<Vec<Watchlist>, Error> {
    let mut watchlists: Vec<Watchlist> = Vec::new();
    for folder in folders {
        for path in files(folder, "csv")? {
            let text = fs::read_to_string(&path).map_err(|error| Error::input(&path, error))?;
            let alias = stem(&path)?;
            if watchlists.iter().any(|(known, _)| *known == alias) {
                return Err(Error::user(format!("{}: there is another watchlist `{alias}`", path.display())));
            }
            let rows = watchlist(&text).map_err(|(line, why)| Error::user(format!("{}:{line}: {why}", path.display())))?;
            watchlists.push((alias, rows));
        }
    }
    Ok(watchlists)
}

/// The files below the folder with that extension, sorted by path.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Error> {
    files_below(folder, |path| path.extension().is_some_and(|it| it.eq_ignore_ascii_case(extension)))
}

fn stem(path: &Path) -> Result<String, Error> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
    stem.ok_or_else(|| Error::user(format!("{}: the file's name is no text, and so names nothing", path.display())))
}

/// Reads a watchlist: every column is a string; `SearchKey` is the first, or the one that a first line `# SearchKey: NAME` names;
/// `WatchlistItem` is the row as a bag. An error has its line, from 1.
fn watchlist(text: &str) -> Result<Rows, (u64, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (key, skipped, table) = match text.strip_prefix(SEARCH_KEY) {
        Some(rest) => {
            let (key, table) = rest.split_once('\n').unwrap_or((rest, ""));
            (Some(key.trim()), 1, table)
        }
        None => (None, 0, text),
    };
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line) + skipped;
        match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                (line, format!("{len} cells in a table of {expected_len} columns"))
            }
            _ => (line, error.to_string()),
        }
    };
    let mut reader = csv::ReaderBuilder::new().from_reader(table.as_bytes());
    let names: Vec<String> = reader.headers().map_err(broken)?.iter().map(|name| name.trim().to_owned()).collect();
    let key = check_names(&names, key).map_err(|why| (skipped + 1, why))?;
    let has_own_key = names.iter().any(|name| name == "SearchKey");
    let mut columns: Vec<Column> = names.iter().map(|name| Column::new(name.clone(), Type::String)).collect();
    if !has_own_key {
        columns.push(Column::new("SearchKey", Type::String));
    }
    columns.push(Column::new("WatchlistItem", Type::Dynamic));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let mut row: Vec<Value> = record.iter().map(|cell| Value::String(cell.to_owned())).collect();
        let item: serde_json::Map<_, _> =
            names.iter().zip(record.iter()).map(|(name, cell)| (name.clone(), serde_json::Value::from(cell))).collect();
        if !has_own_key {
            row.push(row[key].clone());
        }
        row.push(Value::Dynamic(serde_json::Value::Object(item).to_string()));
        rows.push(row);
    }
    Ok(Rows { columns, rows })
}

/// The position of the key among columns whose names may name columns.
fn check_names(names: &[String], key: Option<&str>) -> Result<usize, String> {
    for (at, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("column {} has no name", at + 1));
        }
        if names[..at].contains(name) || name == "WatchlistItem" {
            return Err(format!("there is another column `{name}`"));
        }
    }
    match key {
        Some(key) => names.iter().position(|name| name == key).ok_or_else(|| format!("no column is called `{key}`, the key")),
        None if names.is_empty() => Err("the first line must name the columns".to_owned()),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_first_column_or_the_one_named() {
        let rows = watchlist("\u{feff}Host,IP\nsrv-1,198.51.100.1\n").unwrap();
        let names: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["Host", "IP", "SearchKey", "WatchlistItem"]);
        assert_eq!(rows.rows[0][2], Value::String("srv-1".to_owned()));
        assert_eq!(rows.rows[0][3], Value::Dynamic(r#"{"Host":"srv-1","IP":"198.51.100.1"}"#.to_owned()));
        let rows = watchlist("# SearchKey: IP\r\nHost,IP\r\n\"a,b\",198.51.100.1\r\n").unwrap();
        assert_eq!(rows.rows[0][0], Value::String("a,b".to_owned()));
        assert_eq!(rows.rows[0][2], Value::String("198.51.100.1".to_owned()));
        assert_eq!(watchlist("SearchKey,b\nx,y\n").unwrap().rows[0].len(), 3);
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        let error = |text: &str| watchlist(text).unwrap_err();
        assert_eq!(error(""), (1, "the first line must name the columns".to_owned()));
        assert_eq!(error("a,b\n1,2\n3\n"), (3, "1 cells in a table of 2 columns".to_owned()));
        assert_eq!(error("# SearchKey: c\na,b\n1,2\n3\n"), (2, "no column is called `c`, the key".to_owned()));
        assert_eq!(error("# SearchKey: a\na,b\n1,2\n3\n").0, 4);
        assert_eq!(error("a,a\n"), (1, "there is another column `a`".to_owned()));
        assert_eq!(error("a,,b\n"), (1, "column 2 has no name".to_owned()));
    }
}
