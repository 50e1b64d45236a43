//! Tables that a file fills: typed columns, and for each the fields of a record that it is made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use kql::{Column, Type};

use crate::column::{Cell, Raw};

/// A table that a file fills.
#[derive(Clone)]
pub struct TableSchema {
    /// Its name: a table of Sentinel or Defender, or a custom one (`X_CL`).
    pub name: String,
    /// Its columns, in order. All rows have them all.
    pub columns: Vec<Column>,
    pub(crate) sources: Vec<Source>,
    /// The fields that the file's records have, where its beginning tells them all.
    pub(crate) fields: Option<Arc<BTreeSet<String>>>,
}

impl std::fmt::Debug for TableSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableSchema").field("name", &self.name).field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// What of its fields a computed column shows, and so which of them are not also among the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fidelity {
    /// The first of them that has a value, as it stands.
    Verbatim,
    /// A list made of them, from which they cannot be told again.
    Joined,
    /// All of them, in another form.
    Derived,
    /// One of the first so many of them, as it stands, or the first element of a list; the others tell which.
    OneOf(usize),
}

/// Makes a cell from some fields; `None` where there is nothing to make it from.
pub(crate) type Make = for<'a> fn(&[Raw<'a>]) -> Option<Cell<'a>>;

/// A field, or a member inside one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub key: String,
    pub inner: Vec<String>,
}

impl Path {
    /// A key of it has U+FFFD, which stands for what is no UTF-8.
    pub(crate) fn has_replacement(&self) -> bool {
        self.inner.iter().chain([&self.key]).any(|key| key.contains(char::REPLACEMENT_CHARACTER))
    }
}

/// How a [`Source::Rest`] column writes what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestForm {
    /// A JSON object.
    Bag,
    /// `key=value;key=value`, as `AdditionalExtensions` of CommonSecurityLog has it.
    Pairs,
}

/// What a column is made of.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Nothing in this format.
    Absent,
    /// The first of these that is not empty.
    First(Vec<Path>),
    /// The same text in every row.
    Const(String),
    /// Computed from these fields.
    Make { keys: Vec<Path>, make: Make, fidelity: Fidelity },
    /// All fields that no other column is made of.
    Rest { form: RestForm, taken: BTreeSet<String> },
}

/// The first of these top-level fields.
pub(crate) fn keys(names: &[&str]) -> Source {
    Source::First(names.iter().map(|name| Path { key: (*name).to_owned(), inner: Vec::new() }).collect())
}

/// The first of these members, each written `key/inner/inner`.
pub(crate) fn paths(names: &[&str]) -> Source {
    Source::First(names.iter().map(|name| path(name)).collect())
}

/// The member written `key/inner/inner`.
pub(crate) fn path(name: &str) -> Path {
    let mut steps = name.split('/').map(str::to_owned);
    Path { key: steps.next().unwrap_or_default(), inner: steps.collect() }
}

/// The same text in every row.
pub(crate) fn constant(text: &str) -> Source {
    Source::Const(text.to_owned())
}

/// Computed from members written `key/inner/inner`.
pub(crate) fn make(names: &[&str], fidelity: Fidelity, make: Make) -> Source {
    Source::Make { keys: names.iter().map(|name| path(name)).collect(), make, fidelity }
}

impl TableSchema {
    /// A table without columns yet.
    pub(crate) fn empty(name: &str) -> TableSchema {
        TableSchema { name: name.to_owned(), columns: Vec::new(), sources: Vec::new(), fields: None }
    }

    /// The built-in table of that name with all its columns, made of nothing yet but `Type`; empty if it is not built in.
    pub(crate) fn known(name: &str) -> TableSchema {
        let mut schema = TableSchema::empty(name);
        if let Some(table) = kql::catalog::table(name) {
            for column in &table.columns {
                schema.set(&column.name, column.ty, Source::Absent);
            }
            if table.resolve("TimeGenerated").is_some() {
                schema.set("TimeGenerated", Type::DateTime, Source::Absent);
            }
            schema.set("Type", Type::String, constant(name));
        }
        schema
    }

    /// Says what a column is made of; one that is not there yet is added with that type.
    pub(crate) fn set(&mut self, column: &str, ty: Type, source: Source) {
        match self.position(column) {
            Some(at) => self.sources[at] = source,
            None => {
                self.columns.push(Column::new(column, ty));
                self.sources.push(source);
            }
        }
    }

    /// [`TableSchema::set`] with the builder's grip, for string columns and those that the table has.
    pub(crate) fn with(mut self, column: &str, source: Source) -> TableSchema {
        self.set(column, Type::String, source);
        self
    }

    /// Collects in `column` every field that no other column is made of.
    pub(crate) fn with_rest(mut self, column: &str, ty: Type, form: RestForm, ignored: &[&str]) -> TableSchema {
        let mut taken: BTreeSet<String> = ignored.iter().map(|key| (*key).to_owned()).collect();
        for source in &self.sources {
            match source {
                Source::Make { fidelity: Fidelity::Joined | Fidelity::OneOf(_), .. } => {}
                Source::Make { keys: paths, fidelity: Fidelity::Derived, .. } => {
                    taken.extend(paths.iter().filter(|path| path.inner.is_empty()).map(|path| path.key.clone()));
                }
                // Of several fields only one is used, so the others are kept, but for other spellings of the first. So is a field of
                // which only some members are used.
                Source::First(paths) | Source::Make { keys: paths, .. } => {
                    let spelling = |path: &Path| path.key.replace('.', "_");
                    let first = paths.first().map(spelling);
                    let same = paths.iter().filter(|path| path.inner.is_empty() && Some(spelling(path)) == first);
                    taken.extend(same.map(|path| path.key.clone()));
                }
                _ => {}
            }
        }
        self.set(column, ty, Source::Rest { form, taken });
        self
    }

    /// The columns that the file has something for; in all others every row is null.
    pub fn filled(&self) -> impl Iterator<Item = &Column> {
        let present = |(_, source): &(&Column, &Source)| !matches!(source, Source::Absent);
        self.columns.iter().zip(&self.sources).filter(present).map(|(column, _)| column)
    }

    /// Those of them that some record may have a value in, as far as the file's beginning tells: a mapping knows more fields than each
    /// file has.
    pub fn shown(&self) -> impl Iterator<Item = &Column> {
        let has = |paths: &[Path]| self.fields.as_ref().is_none_or(|known| paths.iter().any(|path| known.contains(&path.key)));
        let may = move |source: &Source| match source {
            Source::Absent => false,
            Source::First(paths) | Source::Make { keys: paths, .. } => has(paths),
            Source::Const(_) | Source::Rest { .. } => true,
        };
        self.columns.iter().zip(&self.sources).filter(move |(_, source)| may(source)).map(|(column, _)| column)
    }

    /// The same table with those columns too, of those types: what the file does not have is null.
    #[must_use]
    pub fn with_columns(&self, columns: &[Column]) -> TableSchema {
        let mut table = self.clone();
        for column in columns {
            match table.position(&column.name) {
                Some(at) => table.columns[at].ty = column.ty,
                None => table.set(&column.name, column.ty, Source::Absent),
            }
        }
        table
    }

    /// Where the column called `name` is.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// The columns of a table that several files fill, each once, in order of appearance: where files give one different types it is
/// text, which holds either.
pub fn merged_columns<'c>(columns: impl IntoIterator<Item = &'c Column>) -> Vec<Column> {
    let mut merged: Vec<Column> = Vec::new();
    for column in columns {
        match merged.iter_mut().find(|known| known.name == column.name) {
            Some(known) if known.ty != column.ty => known.ty = Type::String,
            Some(_) => {}
            None => merged.push(column.clone()),
        }
    }
    merged
}

/// Which of a file's tables a record belongs to.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// There is but one.
    Only,
    /// A field says it, or several together.
    Field {
        /// The field: the first of these that is there.
        keys: Vec<Path>,
        /// Makes one value of all of them instead.
        make: Option<Make>,
        /// Its values and their tables, of which a record may be a row of several; none for a value that belongs to no table.
        exact: Vec<(String, Vec<usize>)>,
        /// The table of every other value.
        other: Option<usize>,
        /// The table of records without the field.
        missing: Option<usize>,
        /// Why a record has no table, where one has none.
        why: &'static str,
    },
}

/// Where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Here,
    Elsewhere,
    /// To no table, as such records do.
    NoTable,
    /// To no table that was known when the file was opened, and why.
    Nowhere(&'static str),
}

impl Route {
    /// The fields that say it, none if there is but one table.
    pub(crate) fn keys(&self) -> &[Path] {
        match self {
            Route::Only => &[],
            Route::Field { keys, .. } => keys,
        }
    }

    /// What makes one value of the fields, if it is not the first of them.
    pub(crate) fn make(&self) -> Option<Make> {
        match self {
            Route::Only => None,
            Route::Field { make, .. } => *make,
        }
    }

    /// Where a record with that text in its field goes, seen from table `target`.
    #[inline]
    pub(crate) fn place(&self, value: &[u8], target: usize) -> Place {
        let Route::Field { exact, other, missing, why, .. } = self else { return Place::Here };
        let named = exact.iter().find(|(name, _)| name.as_bytes() == value);
        let tables = match (value, named) {
            (b"", _) => missing.as_slice(),
            (_, Some((_, tables))) if tables.is_empty() => return Place::NoTable,
            (_, Some((_, tables))) => tables,
            (_, None) => other.as_slice(),
        };
        match tables {
            [] => Place::Nowhere(why),
            tables if tables.contains(&target) => Place::Here,
            _ => Place::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_files_disagree_a_column_is_text() {
        let columns = [("a", Type::Long), ("b", Type::Bool), ("a", Type::Real), ("b", Type::Bool)];
        let merged = merged_columns(&columns.map(|(name, ty)| Column::new(name, ty)));
        assert_eq!(merged, [Column::new("a", Type::String), Column::new("b", Type::Bool)]);
    }

    #[test]
    fn a_known_table_has_all_its_columns() {
        let table = TableSchema::known("DnsEvents").with("Name", keys(&["query"])).with("Extra", constant("x"));
        assert_eq!(table.columns[table.position("EventId").unwrap()].ty, Type::Int);
        assert_eq!(table.columns.last().map(|column| column.name.as_str()), Some("Extra"));
    }
}
