//! Where a record goes, and the cells that its fields become.
//!
//! In: the sources of a table's columns. Out: the keys that a decoder must find, and columns that append from the slots it fills.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use kql::Column;

use crate::column::{Cell, ColumnBuilder, Raw};
use crate::decode::{Decode, Slots};
use crate::json;
use crate::table::{Path, Place, RestForm, Route, Source};

/// One column of the result.
pub(crate) struct Output {
    pub column: Column,
    pub builder: ColumnBuilder,
    from: From,
}

/// A [`Source`] whose keys are slots.
enum From {
    Absent,
    Slot(usize),
    First(Vec<(usize, Vec<String>)>),
    Const(String),
    Make(Vec<(usize, Vec<String>)>, crate::table::Make),
    Rest(RestForm, BTreeSet<String>),
}

/// A [`Route`] whose keys are slots.
pub(crate) struct Router {
    route: Route,
    slots: Vec<(usize, Vec<String>)>,
    target: usize,
}

impl Router {
    /// Leads to table `target` of the file.
    pub(crate) fn new(route: &Route, target: usize, wanted: &mut Wanted) -> Router {
        let slots = wanted.slots(route.keys());
        Router { route: route.clone(), slots, target }
    }

    /// Where the record goes whose fields are in `slots`.
    pub(crate) fn place(&self, slots: &Slots, record: &[u8]) -> Place {
        if self.slots.is_empty() {
            return Place::Here;
        }
        let value = match self.route.make() {
            None => raw_text(first(slots, record, &self.slots)),
            Some(make) => cell_text(make(&raws(slots, record, &self.slots))),
        };
        self.route.place(&value, self.target)
    }
}

/// The first of the fields that is not empty; else the last.
fn first<'a>(slots: &'a Slots, record: &'a [u8], fields: &[(usize, Vec<String>)]) -> Raw<'a> {
    let mut raw = Raw::Missing;
    for (slot, inner) in fields {
        raw = slots.get(record, *slot).dig(inner);
        if !raw.is_empty() {
            break;
        }
    }
    raw
}

/// All of the fields.
fn raws<'a>(slots: &'a Slots, record: &'a [u8], fields: &[(usize, Vec<String>)]) -> Vec<Raw<'a>> {
    fields.iter().map(|(slot, inner)| slots.get(record, *slot).dig(inner)).collect()
}

/// The keys that a scan wants, each once.
#[derive(Default)]
pub(crate) struct Wanted {
    pub keys: Vec<String>,
    places: HashMap<String, usize>,
}

impl Wanted {
    fn slots(&mut self, paths: &[Path]) -> Vec<(usize, Vec<String>)> {
        paths.iter().map(|path| (self.slot(&path.key), path.inner.clone())).collect()
    }

    fn slot(&mut self, key: &str) -> usize {
        *self.places.entry(key.to_owned()).or_insert_with(|| {
            self.keys.push(key.to_owned());
            self.keys.len() - 1
        })
    }

    fn from(&mut self, source: &Source) -> From {
        match source {
            Source::Absent => From::Absent,
            Source::First(paths) => match self.slots(paths).as_slice() {
                [(slot, inner)] if inner.is_empty() => From::Slot(*slot),
                slots => From::First(slots.to_vec()),
            },
            Source::Const(text) => From::Const(text.clone()),
            Source::Make { keys, make, .. } => From::Make(self.slots(keys), *make),
            Source::Rest { form, taken } => From::Rest(*form, taken.clone()),
        }
    }
}

/// Where a column's value comes from, for those who look at it before a row is made.
pub(crate) struct Field(From);

impl Field {
    /// The value that `source` gives, whose keys become slots of `wanted`.
    pub(crate) fn new(source: &Source, wanted: &mut Wanted) -> Field {
        Field(wanted.from(source))
    }

    /// No value.
    pub(crate) fn absent() -> Field {
        Field(From::Absent)
    }

    /// The text that a `string` column would have; `None` if only the row can tell.
    #[inline]
    pub(crate) fn text<'a>(&'a self, record: &'a [u8], slots: &'a Slots) -> Option<Cow<'a, [u8]>> {
        self.0.text(record, slots)
    }
}

impl From {
    #[inline]
    fn text<'a>(&'a self, record: &'a [u8], slots: &'a Slots) -> Option<Cow<'a, [u8]>> {
        match self {
            From::Absent => Some(Cow::Borrowed(b"")),
            From::Slot(slot) => Some(raw_text(slots.get(record, *slot))),
            From::First(fields) => Some(raw_text(first(slots, record, fields))),
            From::Const(text) => Some(Cow::Borrowed(text.as_bytes())),
            From::Make(fields, make) => Some(cell_text(make(&raws(slots, record, fields)))),
            From::Rest(..) => None,
        }
    }
}

/// The text of a cell that a mapping made, the empty one if it made none.
pub(crate) fn cell_text(cell: Option<Cell<'_>>) -> Cow<'_, [u8]> {
    match cell {
        None => Cow::Borrowed(b""),
        Some(Cell::Raw(raw)) => raw_text(raw),
        Some(Cell::Text(Cow::Borrowed(text))) => Cow::Borrowed(text.as_bytes()),
        Some(Cell::Text(Cow::Owned(text)) | Cell::Json(text)) => Cow::Owned(text.into_bytes()),
    }
}

/// The text of a field, the empty one if it has none. What is no UTF-8 stands as it is.
#[inline]
pub(crate) fn raw_text(raw: Raw<'_>) -> Cow<'_, [u8]> {
    match raw {
        Raw::Missing | Raw::Json(b"null") => Cow::Borrowed(b""),
        Raw::Text(bytes) | Raw::Quoted(bytes) => Cow::Borrowed(bytes),
        // Most strings have nothing to unescape, and nothing of them is copied.
        Raw::Json([b'"', inner @ .., b'"']) if memchr::memchr(b'\\', inner).is_none() => Cow::Borrowed(inner),
        Raw::Json([b'"', inner @ .., b'"']) => Cow::Owned(json::decode(inner).into_owned().into_bytes()),
        Raw::Json(value) => Cow::Borrowed(value),
    }
}

impl Output {
    /// A column made of `source`, whose keys become slots of `wanted`.
    pub(crate) fn new(column: Column, source: &Source, wanted: &mut Wanted, rows: usize) -> Output {
        Output { builder: ColumnBuilder::new(column.ty, rows), from: wanted.from(source), column }
    }

    /// The text that the column's cell of the record is made of, as for a [`Field`].
    pub(crate) fn text<'a>(&'a self, record: &'a [u8], slots: &'a Slots) -> Option<Cow<'a, [u8]>> {
        self.from.text(record, slots)
    }

    /// Appends the column's cell of the record; false if its value is of another type.
    pub(crate) fn append(&mut self, record: &[u8], slots: &Slots, decoder: &mut dyn Decode) -> bool {
        let cell = match &self.from {
            From::Absent => None,
            From::Slot(slot) => present(slots.get(record, *slot)),
            From::First(fields) => present(first(slots, record, fields)),
            From::Const(text) => Some(Cell::Text(text.as_str().into())),
            From::Make(fields, make) => make(&raws(slots, record, fields)),
            From::Rest(form, taken) => rest(*form, taken, record, decoder),
        };
        match cell {
            Some(cell) => self.builder.append(cell),
            None => {
                self.builder.append_absent();
                true
            }
        }
    }
}

fn present(raw: Raw<'_>) -> Option<Cell<'_>> {
    if matches!(raw, Raw::Missing) { None } else { Some(Cell::Raw(raw)) }
}

/// The fields that are not `taken`.
fn rest(form: RestForm, taken: &BTreeSet<String>, record: &[u8], decoder: &mut dyn Decode) -> Option<Cell<'static>> {
    let mut out = String::new();
    decoder.fields(record, &mut |name, raw| {
        if raw.is_empty() || taken.contains(name) {
            return;
        }
        let value = match (form, raw) {
            (RestForm::Bag, Raw::Json(value)) => json::compact(value),
            (RestForm::Bag, raw) => raw.text().map(|text| json::quote(&text)),
            (RestForm::Pairs, raw) => raw.text().map(std::borrow::Cow::into_owned),
        };
        let Some(value) = value else { return };
        if !out.is_empty() {
            out.push(if form == RestForm::Bag { ',' } else { ';' });
        }
        match form {
            RestForm::Bag => out.push_str(&format!("{}:{value}", json::quote(name))),
            RestForm::Pairs => out.push_str(&format!("{name}={value}")),
        }
    });
    match form {
        _ if out.is_empty() => None,
        RestForm::Bag => Some(Cell::Json(format!("{{{out}}}"))),
        RestForm::Pairs => Some(Cell::Text(out.into())),
    }
}
