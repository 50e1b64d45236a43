//! What keeps records out of a scan before rows are made of them.

use std::borrow::Cow;
use std::sync::Arc;

use kql::catalog::time_alias;
use kql::{Column, Type};

use crate::convert::Clock;
use crate::decode::Slots;
use crate::excerpt::Excerpt;
use crate::row::{Field, Wanted};
use crate::sift::{LITERALS_MAX, Sift};
use crate::table::{Route, Source, TableSchema};

/// Keeps records out before rows are made of them; see [`ScanRequest::keep`].
#[derive(Clone)]
pub struct Keep {
    /// The columns that the test looks at: `string`, `int`, `long` and `datetime`. One that the table lacks is empty text.
    pub columns: Vec<Column>,
    /// Whether a row may be made of a record. It is given the text that the row's value in column `n` of `columns` would be made
    /// of ([`number`](crate::number) reads those of numbers and times), as bytes; `None` where that is not known before the row is
    /// made (columns of other types, or of another type in this file).
    pub test: Arc<Test>,
    /// The same test of the texts of all columns, if it is one that only looks for something: it fails where all texts are empty,
    /// and no text makes it fail that another would let pass. Records are then passed over without being decoded.
    pub find: Option<Find>,
}

/// A test that only looks for something: see [`Keep::find`].
#[derive(Clone)]
pub struct Find {
    /// Which of some records may pass: a bit for each of them in turn.
    pub test: Arc<FindTest>,
    /// Some of what it looks for. Of each of these lists, a record that passes has one in the text of some column, whichever the case
    /// of letters; or some text of it is not in ASCII. So lines can be passed over before their columns are looked at.
    pub literals: Vec<Vec<String>>,
}

impl Find {
    /// Lists of literals that are longer are not looked at.
    pub const LITERALS_MAX: usize = LITERALS_MAX;

    /// A search that asks of each record whether it may pass, given the texts of its columns in turn; no literals are known.
    #[cfg(test)]
    pub(crate) fn of_each(test: impl Fn(&[Excerpt<'_>]) -> bool + Send + Sync + 'static) -> Find {
        let test = move |records: &Records<'_, '_>| records.which(records.all(), |record| test(records.texts(record)));
        Find { test: Arc::new(test), literals: Vec::new() }
    }
}

/// A test of a record's texts.
pub type Test = dyn Fn(&TextAt<'_>) -> bool + Send + Sync;

/// A test of some records.
pub type FindTest = dyn Fn(&Records<'_, '_>) -> u64 + Send + Sync;

/// The texts of some records, at most [`Records::MAX`].
#[derive(Clone, Copy, Debug)]
pub struct Records<'r, 'b> {
    texts: &'r [Excerpt<'b>],
    columns: usize,
}

impl<'r, 'b> Records<'r, 'b> {
    /// Records at most.
    pub const MAX: usize = u64::BITS as usize;

    /// Those of so many columns each, the texts of which stand together.
    #[must_use]
    pub fn new(texts: &'r [Excerpt<'b>], columns: usize) -> Records<'r, 'b> {
        Records { texts, columns: columns.max(1) }
    }

    /// A bit for each.
    #[inline(always)]
    #[must_use]
    pub fn all(&self) -> u64 {
        let count = self.texts.len() / self.columns;
        u64::MAX.checked_shr((Records::MAX - count.min(Records::MAX)) as u32).unwrap_or(0)
    }

    /// The text of a column of one of them; the empty one if it has no such column.
    #[inline(always)]
    #[must_use]
    pub fn text(&self, record: usize, column: usize) -> Excerpt<'b> {
        self.texts.get(record * self.columns + column).copied().unwrap_or_default()
    }

    /// The texts of all columns of one of them.
    #[must_use]
    pub fn texts(&self, record: usize) -> &'r [Excerpt<'b>] {
        self.texts.get(record * self.columns..(record + 1) * self.columns).unwrap_or_default()
    }

    /// A bit for each of those `among` them of which it is true.
    #[inline(always)]
    pub fn which(&self, among: u64, mut is_true: impl FnMut(usize) -> bool) -> u64 {
        let (mut rest, mut which) = (among & self.all(), 0);
        while rest != 0 {
            let record = rest.trailing_zeros();
            which |= u64::from(is_true(record as usize)) << record;
            rest &= rest - 1;
        }
        which
    }
}

/// The text in the column of that number.
pub type TextAt<'a> = dyn Fn(usize) -> Option<Cow<'a, [u8]>> + 'a;

impl Keep {
    /// The test of decoded records of a table, whose keys become slots of `wanted`.
    pub(crate) fn sieve(&self, table: &TableSchema, wanted: &mut Wanted) -> Sieve {
        let time = time_of(table).map(|source| Field::new(source, wanted));
        let fields = self.columns.iter().map(|column| match position(table, column) {
            Some(at) if is_read(&table.columns[at], column) => Some(Field::new(&table.sources[at], wanted)),
            Some(_) => None,
            None => Some(Field::absent()),
        });
        Sieve { fields: fields.collect(), test: Arc::clone(&self.test), time, clock: Clock::default() }
    }

    /// The test of records of a table that are not decoded, if there can be one; `route` tells those of other tables, and which is
    /// meant.
    pub(crate) fn sift(&self, table: &TableSchema, route: Option<(Route, usize)>) -> Option<Sift> {
        let places: Vec<Option<usize>> = self.columns.iter().map(|column| position(table, column)).collect();
        let mut wanted = places.iter().zip(&self.columns);
        let are_read = wanted.all(|(at, column)| at.is_none_or(|at| is_read(&table.columns[at], column)));
        let sources: Vec<Option<&Source>> = places.iter().map(|at| at.map(|at| &table.sources[at])).collect();
        Sift::new(&sources, time_of(table), self.find.clone().filter(|_| are_read), route)
    }
}

/// Where the table has the column, or the time of a Defender table under its other name.
fn position(table: &TableSchema, column: &Column) -> Option<usize> {
    table.position(&column.name).or_else(|| time_alias(&table.name, &column.name).and_then(|name| table.position(name)))
}

/// The text of the table's own column can be tested as one of the wanted column's type.
fn is_read(own: &Column, wanted: &Column) -> bool {
    own.ty == wanted.ty && matches!(own.ty, Type::String | Type::Int | Type::Long | Type::DateTime)
}

/// The column holds the time of a row.
pub(crate) fn is_time(column: &Column) -> bool {
    matches!(column.name.as_str(), "TimeGenerated" | "Timestamp")
}

pub(crate) fn time_of(table: &TableSchema) -> Option<&Source> {
    table.columns.iter().position(is_time).map(|at| &table.sources[at])
}

/// What a scan knows of records before it makes rows of them.
pub(crate) struct Sieve {
    /// Where the texts of [`Keep::columns`] are; `None` for columns of other types.
    fields: Vec<Option<Field>>,
    test: Arc<Test>,
    /// The time of a record.
    pub(crate) time: Option<Field>,
    pub(crate) clock: Clock,
}

impl Sieve {
    #[inline]
    pub(crate) fn lets_pass(&self, record: &[u8], slots: &Slots) -> bool {
        (self.test)(&|at| self.fields.get(at)?.as_ref()?.text(record, slots))
    }
}
