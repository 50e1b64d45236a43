//! Delimited text with a header line, RFC 4180 quoting: comma, semicolon, tab or bar.

use std::sync::Arc;
use std::thread;

use fearless_simd::{Level, Simd, dispatch};

use super::{LogFormat, profile};
use crate::column::Raw;
use crate::decode::{Decode, Decoded, Glance, Slots, Span};
use crate::file::{Head, Layout};
use crate::frame::{Framer, Framing};
use crate::json::Fault;
use crate::marks::Finder;
use crate::naming;
use crate::table::{Path, Route};

/// CSV and its relatives.
pub(crate) struct Csv;

/// A header line: its names, what separates them, where the records begin.
struct Header {
    names: Vec<String>,
    delimiter: u8,
    start: u64,
}

impl LogFormat for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn tables(&self) -> &'static [&'static str] {
        &[]
    }

    fn page(&self) -> &'static str {
        include_str!("csv.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        if header(head).is_some() { 20 } else { 0 }
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        let Header { names, delimiter, start } = header(head).ok_or("no header line of column names")?;
        let header_line = head.bytes[..usize::try_from(start).unwrap_or(usize::MAX).min(head.bytes.len())].trim_ascii_end();
        let header_line = header_line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header_line).to_vec();
        let for_decoder = names.clone();
        let decoder: crate::file::MakeDecoder =
            Arc::new(move |wanted| Box::new(Fields::new(for_decoder.clone(), delimiter, header_line.clone(), wanted)));
        let framing = Framing::Csv { start, delimiter };
        let has_type = names.iter().any(|name| name == "Type") && table.is_none();
        let (profile, named) = thread::scope(|scope| {
            let named = has_type.then(|| scope.spawn(|| table_names(head, framing, &decoder)));
            let profile = profile(head, framing, &decoder);
            (profile, named.map(|named| named.join().expect("looking does not panic")).unwrap_or_default())
        });
        if let Some(name) = table {
            return Ok(Some(Layout { framing, decoder, tables: vec![naming::same_names(name, &profile)], route: Route::Only }));
        }
        if named.is_empty() {
            let name = naming::table_for(names.iter().map(String::as_str), &head.stem);
            return Ok(Some(Layout { framing, decoder, tables: vec![naming::same_names(&name, &profile)], route: Route::Only }));
        }
        let tables: Vec<_> = named.iter().map(|name| naming::same_names(name, &profile)).collect();
        let route = Route::Field {
            keys: vec![Path { key: "Type".to_owned(), inner: Vec::new() }],
            make: None,
            exact: named.into_iter().zip((0..).map(|at| vec![at])).collect(),
            other: None,
            missing: (tables.len() == 1).then_some(0),
            why: "its table was not seen when the file was opened",
        };
        Ok(Some(Layout { framing, decoder, tables, route }))
    }
}

/// The table names in the `Type` column, sorted; none if any value is no table's name.
fn table_names(head: &Head, framing: Framing, decoder: &crate::file::MakeDecoder) -> Vec<String> {
    let (mut names, mut all) = (std::collections::BTreeSet::new(), true);
    let (mut decoder, mut slots) = (decoder(&["Type".to_owned()]), Slots::new(1));
    head.each_record_while(framing, |record| {
        slots.clear();
        if decoder.decode(record, &mut slots) == Ok(Decoded::Record)
            && let value = slots.get(record, 0).text().unwrap_or_default()
            && !names.contains(&*value)
        {
            all &= naming::names_table(&value);
            names.insert(value.into_owned());
        }
        all
    });
    if all { names.into_iter().collect() } else { Vec::new() }
}

/// The header of delimited text: at least two names, none of which looks like a value, and records of as many fields.
fn header(head: &Head) -> Option<Header> {
    let begin = if head.bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let line = head.bytes[begin..].split(|b| *b == b'\n').next()?;
    if line.contains(&0) || std::str::from_utf8(line).is_err() || line.starts_with(b"{") || line.starts_with(b"#") {
        return None;
    }
    let delimiter = *[b',', b'\t', b';', b'|'].iter().max_by_key(|d| (line.iter().filter(|b| b == d).count(), **d == b','))?;
    let names = unique(split(line.trim_ascii_end(), delimiter));
    if names.len() < 2 || !names.iter().all(|name| is_name(name)) {
        return None;
    }
    let start = (begin + line.len() + 1).min(head.bytes.len()) as u64;
    let framing = Framing::Csv { start, delimiter };
    let mut framer = Framer::of_bytes(&head.bytes, 0..head.bytes.len(), framing);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20 {
        let Some(frame) = framer.next() else { break };
        let same = frame.fault.is_none() && split(framer.bytes(frame), delimiter).len() == names.len();
        good += usize::from(same);
        bad += usize::from(!same);
    }
    (good >= bad.max(1) || bad == 0).then_some(Header { names, delimiter, start })
}

/// A column's name begins with a letter or underscore, and is short; nothing at all is the index that data frames write.
fn is_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '@' | '$' | '#'))
        && !text.contains("://")
}

/// Names without quotes; an empty one is `Column1` …, a repeated one gets its place appended, as Kusto names them.
fn unique(fields: Vec<std::borrow::Cow<'_, [u8]>>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (at, field) in fields.into_iter().enumerate() {
        let name = String::from_utf8_lossy(&field).trim().to_owned();
        let name = if name.is_empty() { format!("Column{}", at + 1) } else { name };
        let numbered = (at + 1..).map(|number| format!("{name}{number}"));
        let is_new = |name: &String| !names.contains(name);
        let unique = std::iter::once(name.clone()).chain(numbered).find(is_new);
        names.push(unique.unwrap_or(name));
    }
    names
}

fn split(record: &[u8], delimiter: u8) -> Vec<std::borrow::Cow<'_, [u8]>> {
    let mut found = Vec::new();
    dispatch!(Level::new(), simd => each_field(simd, record, delimiter, |_, start, end, doubled| {
        found.push(if doubled { undouble(&record[start..end]).into() } else { (&record[start..end]).into() });
    }));
    found
}

fn undouble(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut at = 0;
    while at < field.len() {
        out.push(field[at]);
        at += if field[at..].starts_with(b"\"\"") { 2 } else { 1 };
    }
    out
}

/// Calls `on(ordinal, start, end, has_doubled_quotes)` for each field of a record; returns their number.
#[inline(always)]
fn each_field<S: Simd>(simd: S, record: &[u8], delimiter: u8, mut on: impl FnMut(usize, usize, usize, bool)) -> usize {
    let (mut delimiters, mut at) = (Finder::new(simd, delimiter, record), 0);
    for ordinal in 0.. {
        if record.get(at) == Some(&b'"') {
            let (mut end, mut doubled) = (at + 1, false);
            loop {
                let rest = record.get(end..).unwrap_or_default();
                end += memchr::memchr(b'"', rest).unwrap_or(rest.len());
                if record.get(end + 1) != Some(&b'"') {
                    break;
                }
                doubled = true;
                end += 2;
            }
            let end = end.min(record.len());
            on(ordinal, at + 1, end, doubled);
            // What stands between the closing quote and the next delimiter belongs to nothing.
            at = delimiters.find(end).unwrap_or(record.len()) + 1;
        } else {
            let end = delimiters.find(at).unwrap_or(record.len());
            on(ordinal, at, end, false);
            at = end + 1;
        }
        if at > record.len() {
            return ordinal + 1;
        }
    }
    0
}

/// Records of delimited fields, named by the header.
struct Fields {
    names: Vec<String>,
    delimiter: u8,
    header: Vec<u8>,
    slots: Vec<Option<usize>>,
    /// Where all fields of a record stand, and whether quotes are doubled there.
    found: Vec<(usize, usize, bool)>,
    level: Level,
}

impl Fields {
    fn new(names: Vec<String>, delimiter: u8, header: Vec<u8>, wanted: &[String]) -> Fields {
        let slots = names.iter().map(|name| wanted.iter().position(|key| key == name)).collect();
        Fields { names, delimiter, header, slots, found: Vec::new(), level: Level::new() }
    }
}

impl Decode for Fields {
    fn decode(&mut self, record: &[u8], slots: &mut Slots) -> Result<Decoded, Fault> {
        let mut doubled_fields = Vec::new();
        let count = dispatch!(self.level, simd => each_field(simd, record, self.delimiter, |ordinal, start, end, doubled| {
            if let Some(slot) = self.slots.get(ordinal).copied().flatten() {
                if doubled {
                    doubled_fields.push((slot, start, end));
                }
                slots.set(slot, Span::Text(start, end));
            }
        }));
        for (slot, start, end) in doubled_fields {
            slots.set_owned(slot, &undouble(&record[start..end]));
        }
        match count.cmp(&self.names.len()) {
            std::cmp::Ordering::Equal if record.len() == self.header.len() && record == self.header => Ok(Decoded::Comment),
            std::cmp::Ordering::Equal => Ok(Decoded::Record),
            std::cmp::Ordering::Less => Err("it has fewer fields than the header"),
            std::cmp::Ordering::Greater => Err("it has more fields than the header"),
        }
    }

    fn glance(&self) -> Glance<'_> {
        Glance::Fields {
            names: &self.names,
            delimiter: self.delimiter,
            special: b'"',
            empty: [b""; 2],
            header: &self.header,
            added: "",
        }
    }

    fn fields(&mut self, record: &[u8], on: &mut dyn FnMut(&str, Raw<'_>)) {
        let Fields { names, found, delimiter, level, .. } = self;
        found.clear();
        let count = dispatch!(*level, simd => each_field(simd, record, *delimiter, |_, start, end, doubled| {
            found.push((start, end, doubled));
        }));
        if count == names.len() && record != self.header {
            for (name, (start, end, doubled)) in names.iter().zip(found) {
                let field = &record[*start..*end];
                let single = doubled.then(|| undouble(field));
                on(name, Raw::Text(single.as_deref().unwrap_or(field)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(record: &str) -> Vec<String> {
        split(record.as_bytes(), b',').iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect()
    }

    #[test]
    fn fields_may_be_quoted() {
        assert_eq!(texts("a,\"b,\"\"c\"\"\",,\"\""), ["a", "b,\"c\"", "", ""]);
        assert_eq!(texts(""), [""]);
        assert_eq!(texts("a,"), ["a", ""]);
        assert_eq!(texts("\"a"), ["a"]);
        assert_eq!(texts("5\" disk,x"), ["5\" disk", "x"]);
    }

    #[test]
    fn the_portals_export_is_known() {
        let text = "\u{feff}\"TimeGenerated [UTC]\",Computer,ClientIP,Name,QueryType,IPAddresses\n\"5/20/2026, 1:36:27.000 PM\",c,192.0.2.1,a.example,A,\n";
        let head = Head::of(text, "query_data.csv");
        assert_eq!(Csv.detect(&head), 20);
        let layout = Csv.layout(&head, None).unwrap().unwrap();
        assert_eq!(layout.tables[0].name, "DnsEvents");
        assert!(layout.tables[0].columns.iter().all(|column| column.name != "TimeGenerated [UTC]"));
    }

    #[test]
    fn prose_is_no_csv() {
        for text in ["Dear reader, this is a letter.\nIt has lines.\nAnd more, of them, here.\n", "one\ntwo\n", "1,2\n3,4\n", ""]
        {
            assert_eq!(Csv.detect(&Head::of(text, "x.csv")), 0, "{text}");
        }
    }
}
