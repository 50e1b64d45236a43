//! The log formats, an explicit list: to add one, write `x.rs` and its page `x.md`, and name it here twice.
//!
//! A format judges a file by its beginning and lays down how its records are framed, how their fields are found, and what the
//! columns of the tables that it fills are made of. Reading is then the same for all.

mod cef;
mod csv;
mod dns_codes;
mod dns_debug;
mod eve;
mod evtx;
mod json;
mod parquet;
mod syslog;
mod text;
mod windows_dns;
mod windows_event;
mod windows_event_map;
mod windows_event_value;
mod zeek;
mod zeek_map;

use std::sync::Arc;

use crate::decode::JsonObjects;
use crate::file::{Head, Layout, MakeDecoder};
use crate::frame::Framing;
use crate::naming;
use crate::profile::Profile;
use crate::table::{Path, Route, TableSchema};

/// A kind of log file.
pub(crate) trait LogFormat: Sync {
    /// Its name, as `logs detect` prints it.
    fn name(&self) -> &'static str;

    /// The tables it fills; empty if that depends on the file's columns.
    fn tables(&self) -> &'static [&'static str];

    /// Its page: what it is, a sample and the table that it becomes.
    fn page(&self) -> &'static str;

    /// How sure it is that a file that begins so is one of its own: 0 not at all, 100 beyond doubt.
    fn detect(&self, head: &Head) -> u8;

    /// How its records are read; `None` for files of columns ([`crate::parquet`]). `table` is the table that the caller wants all records in.
    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String>;
}

/// All formats, in the order in which equal confidence is decided.
pub(crate) const FORMATS: &[&dyn LogFormat] = &[
    &parquet::Parquet,
    &zeek::Tsv,
    &zeek::Json,
    &eve::Eve,
    &evtx::Evtx,
    &windows_dns::WindowsDns,
    &windows_event::WindowsEvent,
    &cef::Cef,
    &syslog::Syslog,
    &dns_debug::DnsDebug,
    &json::Json,
    &csv::Csv,
];

/// What there is to know about a format without a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// The tables it fills; empty if that depends on the file's columns.
    pub tables: &'static [&'static str],
    /// Its page, Markdown.
    pub page: &'static str,
}

/// All formats.
#[must_use]
pub fn formats() -> Vec<Format> {
    FORMATS.iter().map(|format| Format { name: format.name(), tables: format.tables(), page: format.page() }).collect()
}

/// The decoder of JSON objects.
pub(crate) fn json_objects() -> MakeDecoder {
    Arc::new(|wanted| Box::new(JsonObjects::new(wanted)))
}

/// Whether most of the first JSON objects are of a kind that `is_one` tells by the names and values of their fields. Damaged ones
/// do not vote.
pub(crate) fn most_objects(head: &Head, is_one: impl Fn(&[(String, Option<String>)]) -> bool) -> bool {
    let Some(shape) = json::shape(head) else { return false };
    let (mut seen, mut good) = (0, 0);
    let mut decoder = json_objects()(&[]);
    head.each_record_while(shape.framing, |record| {
        let mut fields = Vec::new();
        decoder.fields(record, &mut |name, raw| fields.push((name.to_owned(), raw.text().map(std::borrow::Cow::into_owned))));
        seen += usize::from(!fields.is_empty());
        good += usize::from(is_one(&fields));
        seen < 20
    });
    good * 2 > seen
}

/// The fields of the records that can be seen in advance.
pub(crate) fn profile(head: &Head, framing: Framing, decoder: &MakeDecoder) -> Profile {
    let profiles = head.of_parts(framing, |part| {
        let (mut decoder, mut profile) = (decoder(&[]), Profile::default());
        let _ = part.each_record(|record| {
            profile.next_record();
            decoder.fields(record, &mut |name, raw| profile.note(name, raw));
            true
        });
        profile
    });
    profiles.into_iter().reduce(Profile::joined).unwrap_or_default()
}

/// A layout whose only table is `name`, filled from fields of the same names.
pub(crate) fn one_table(head: &Head, framing: Framing, decoder: MakeDecoder, name: &str) -> Layout {
    let table = naming::same_names(name, &profile(head, framing, &decoder));
    Layout { framing, decoder, tables: vec![table], route: Route::Only }
}

/// Narrows a layout to the table that the caller wants: that one of its tables, else all records under that name.
pub(crate) fn bound_to(layout: Layout, head: &Head, table: Option<&str>) -> Layout {
    match table {
        Some(name) if !layout.tables.iter().any(|table| table.name == name) => {
            one_table(head, layout.framing, layout.decoder, name)
        }
        _ => layout,
    }
}

/// Two tables, told apart by a field: DNS events, and all others. Only those that were seen in the beginning are offered.
pub(crate) struct DnsAndOthers {
    pub(crate) field: Vec<Path>,
    pub(crate) dns: TableSchema,
    pub(crate) others: TableSchema,
    /// Records without the field are others; if not, they are at fault.
    pub(crate) missing_are_others: bool,
    /// Values of records that belong to no table.
    pub(crate) no_table: &'static [&'static str],
    /// Why a record has no table, where one has none.
    pub(crate) why: &'static str,
}

impl DnsAndOthers {
    pub(crate) fn route(self, seen_dns: bool, seen_others: bool) -> (Vec<TableSchema>, Route) {
        let (mut tables, mut exact) = (Vec::new(), Vec::new());
        if seen_dns {
            exact.push(("dns".to_owned(), vec![tables.len()]));
            tables.push(self.dns);
        }
        let other = seen_others.then_some(tables.len());
        if seen_others {
            tables.push(self.others);
        }
        exact.extend(self.no_table.iter().map(|value| ((*value).to_owned(), Vec::new())));
        let missing = other.filter(|_| self.missing_are_others);
        (tables, Route::Field { keys: self.field, make: None, exact, other, missing, why: self.why })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_name_and_a_page() {
        let mut names: Vec<_> = FORMATS.iter().map(|format| format.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FORMATS.len());
        for format in FORMATS {
            assert!(format.page().starts_with("# "), "{}", format.name());
            assert!(format.tables().iter().all(|name| kql::catalog::table(name).is_some()), "{}", format.name());
        }
    }
}
