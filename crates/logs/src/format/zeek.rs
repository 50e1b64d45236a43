//! Zeek's logs: tab-separated text under `#` headers, and JSON, one stream a file or several mixed.

use std::collections::BTreeSet;
use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch};

use super::{DnsAndOthers, LogFormat, bound_to, json, json_objects, zeek_map};
use crate::column::Raw;
use crate::decode::{Decode, Decoded, Glance, Headers, Slots, Span};
use crate::file::{Head, Layout, MakeDecoder};
use crate::frame::Framing;
use crate::json::Fault;
use crate::marks::Finder;
use crate::table::{Path, TableSchema};

const TABLES: [&str; 2] = ["DnsEvents", "CommonSecurityLog"];
const NO_STREAM: &str = "its stream was not seen when the file was opened";

/// Zeek's own text logs.
pub(crate) struct Tsv;

/// Zeek's logs as JSON lines.
pub(crate) struct Json;

impl LogFormat for Tsv {
    fn name(&self) -> &'static str {
        "zeek"
    }

    fn tables(&self) -> &'static [&'static str] {
        &TABLES
    }

    fn page(&self) -> &'static str {
        include_str!("zeek.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        // Other comments may stand above the headers.
        let begins = head.bytes.starts_with(b"#");
        let headless = !begins && headless(&head.bytes);
        let named = head.bytes.starts_with(b"#fields") || memchr::memmem::find(&head.bytes, b"\n#fields").is_some();
        match named {
            true if begins => 100,
            true if headless => 90,
            _ => u8::from(headless) * 60,
        }
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        if !head.bytes.starts_with(b"#fields") && memchr::memmem::find(&head.bytes, b"\n#fields").is_none() {
            return Err("Zeek records without the #fields line that names their fields: put the file's header back".to_owned());
        }
        let decoder: MakeDecoder = Arc::new(|wanted| Box::new(Columns::new(wanted)));
        let (mut streams, mut fields, mut reader) = (Vec::new(), BTreeSet::new(), Columns::new(&[]));
        head.each_record(Framing::Lines, |line| {
            if reader.decode(line, &mut Slots::default()) == Ok(Decoded::Comment) && line.starts_with(b"#fields") {
                streams.push(reader.headers.stream.clone());
                fields.extend(reader.headers.names.iter().cloned());
            }
        });
        let layout = of_fields(layout(Framing::Lines, decoder, &streams), fields);
        Ok(Some(bound_to(layout, head, table)))
    }
}

impl LogFormat for Json {
    fn name(&self) -> &'static str {
        "zeek-json"
    }

    fn tables(&self) -> &'static [&'static str] {
        &TABLES
    }

    fn page(&self) -> &'static str {
        include_str!("zeek.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        let zeek = super::most_objects(head, |fields| fields.iter().filter(|(name, _)| is_mark(name)).count() > 1);
        u8::from(zeek) * 90
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        let framing = json::shape(head).ok_or("no JSON object can be read at its beginning")?.framing;
        let mut decoder = json_objects()(&[]);
        let (mut streams, mut fields): (Vec<Option<String>>, _) = (Vec::new(), BTreeSet::new());
        head.each_record(framing, |record| {
            let (mut stream, mut any) = (None, false);
            decoder.fields(record, &mut |name, raw| {
                if zeek_map::STREAM_FIELDS.contains(&name) {
                    stream = raw.text().map(std::borrow::Cow::into_owned);
                }
                any = true;
                if !fields.contains(name) {
                    fields.insert(name.to_owned());
                }
            });
            if stream.is_none() && any && !streams.contains(&None) {
                streams.push(None);
            }
            if stream.is_some() && !streams.contains(&stream) {
                streams.push(stream);
            }
        });
        if streams.iter().all(Option::is_none) {
            let profile = super::profile(head, framing, &json_objects());
            let stream = zeek_map::stream_of(profile.names()).unwrap_or(&head.stem).to_owned();
            return Ok(Some(bound_to(of_fields(single(framing, &stream), fields), head, table)));
        }
        Ok(Some(bound_to(of_fields(layout(framing, json_objects(), &streams), fields), head, table)))
    }
}

/// The lines look like Zeek's records: a time, then an identifier, tab-separated.
fn headless(bytes: &[u8]) -> bool {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let mut fields = line.split(|b| *b == b'\t');
    let (time, uid) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    let epoch = time.len() > 12 && time.contains(&b'.') && time.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    epoch && uid.len() > 12 && uid.iter().all(u8::is_ascii_alphanumeric) && fields.count() > 3
}

/// A field that Zeek's records have and others hardly.
fn is_mark(name: &str) -> bool {
    ["ts", "_path", "@stream", "uid", "fuid", "_write_ts", "id.orig_h", "id_orig_h", "id.resp_h", "id_resp_h"].contains(&name)
}

/// The layout of records that have those fields.
fn of_fields(mut layout: Layout, fields: BTreeSet<String>) -> Layout {
    let fields = Arc::new(fields);
    layout.tables.iter_mut().for_each(|table| table.fields = Some(Arc::clone(&fields)));
    layout
}

/// A file whose records do not name their stream.
fn single(framing: Framing, stream: &str) -> Layout {
    let table = if stream == "dns" { zeek_map::dns() } else { zeek_map::others(Some(stream)) };
    Layout { framing, decoder: json_objects(), tables: vec![table], route: crate::table::Route::Only }
}

/// A file whose records name their stream, in a field or in the headers above them.
fn layout(framing: Framing, decoder: MakeDecoder, streams: &[Option<String>]) -> Layout {
    let dns = |stream: &Option<String>| stream.as_deref() == Some("dns");
    let both = DnsAndOthers {
        field: zeek_map::STREAM_FIELDS.iter().map(|key| Path { key: (*key).to_owned(), inner: Vec::new() }).collect(),
        dns: zeek_map::dns(),
        others: zeek_map::others(None),
        missing_are_others: true,
        no_table: &[],
        why: NO_STREAM,
    };
    let (tables, route): (Vec<TableSchema>, _) =
        both.route(streams.iter().any(dns), !streams.iter().all(dns) || streams.is_empty());
    Layout { framing, decoder, tables, route }
}

/// Tab-separated records, named by the header lines above them. The stream is a field of its own, `_path`.
struct Columns {
    wanted: Vec<String>,
    headers: Arc<Headers>,
    slots: Vec<Option<usize>>,
    stream_slot: Option<usize>,
    level: Level,
}

impl Columns {
    fn new(wanted: &[String]) -> Columns {
        let headers = Headers {
            separator: b'\t',
            set_separator: b',',
            empty: b"(empty)".to_vec(),
            unset: b"-".to_vec(),
            stream: None,
            names: Vec::new(),
            types: Vec::new(),
        };
        Columns {
            headers: Arc::new(headers),
            slots: Vec::new(),
            level: Level::new(),
            stream_slot: wanted.iter().position(|key| key == "_path"),
            wanted: wanted.to_vec(),
        }
    }

    /// Takes in a line that begins with `#`.
    fn header(&mut self, line: &[u8]) -> Result<Decoded, Fault> {
        let line = &line[1..];
        let headers = Arc::make_mut(&mut self.headers);
        if let Some(value) = line.strip_prefix(b"separator ") {
            let separator = unescape(value).first().copied().filter(|byte| !matches!(byte, b'\n' | b'\r'));
            headers.separator = separator.ok_or("its #separator line names no byte that may stand between fields")?;
            return Ok(Decoded::Comment);
        }
        let mut parts = line.split(|b| *b == headers.separator);
        let word = parts.next().unwrap_or_default();
        let value = || line.get(word.len() + 1..).unwrap_or_default();
        let texts = || parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect();
        match word {
            b"fields" => {
                headers.names = texts();
                headers.types.clear();
                self.find_wanted();
            }
            b"types" => headers.types = texts(),
            b"path" => headers.stream = Some(String::from_utf8_lossy(value()).into_owned()),
            b"set_separator" => headers.set_separator = value().first().copied().unwrap_or(b','),
            b"empty_field" => headers.empty = value().to_vec(),
            b"unset_field" => headers.unset = value().to_vec(),
            _ => {}
        }
        Ok(Decoded::Comment)
    }

    /// Finds the wanted fields of a record; how many it has in all.
    #[inline(always)]
    fn find<S: Simd>(&self, simd: S, record: &[u8], slots: &mut Slots) -> usize {
        let (mut separators, mut start) = (Finder::new(simd, self.headers.separator, record), 0);
        let is_escaped = memchr::memchr(b'\\', record).is_some();
        for (count, slot) in self.slots.iter().enumerate() {
            let end = separators.find(start).unwrap_or(record.len());
            if let Some(slot) = *slot {
                let value = &record[start..end];
                if value == self.headers.empty {
                    slots.set(slot, Span::Text(start, start));
                } else if value != self.headers.unset {
                    match self.rewritten(count, value, is_escaped) {
                        Some(text) => slots.set_owned(slot, &text),
                        None => slots.set(slot, Span::Text(start, end)),
                    }
                }
            }
            if end == record.len() {
                return count + 1;
            }
            start = end + 1;
        }
        self.slots.len() + 1 + separators.count(start)
    }

    fn find_wanted(&mut self) {
        let slots = self.headers.names.iter().map(|name| self.wanted.iter().position(|key| key == name));
        self.slots = slots.collect();
        // Those behind the last that is wanted are only counted.
        let last = self.slots.iter().rposition(Option::is_some);
        self.slots.truncate(last.map_or(0, |last| last + 1));
    }

    /// A list is given with commas between its elements, whatever the file has.
    fn is_list(&self, at: usize) -> bool {
        self.headers.types.get(at).is_some_and(|ty| ty.starts_with("vector[") || ty.starts_with("set["))
    }

    /// Text that does not stand in the record as it is; `is_escaped`: something may be escaped.
    fn rewritten(&self, at: usize, value: &[u8], is_escaped: bool) -> Option<Vec<u8>> {
        let list = self.headers.set_separator != b',' && self.is_list(at);
        if !(list || is_escaped && value.contains(&b'\\')) {
            return None;
        }
        let value: Vec<u8> = if list {
            value.iter().map(|b| if *b == self.headers.set_separator { b',' } else { *b }).collect()
        } else {
            value.to_vec()
        };
        Some(unescape(&value))
    }
}

impl Decode for Columns {
    fn decode(&mut self, record: &[u8], slots: &mut Slots) -> Result<Decoded, Fault> {
        if record.first() == Some(&Headers::MARK) {
            return self.header(record);
        }
        if self.headers.names.is_empty() {
            return Err("no #fields line stands above it");
        }
        let count = dispatch!(self.level, simd => self.find(simd, record, slots));
        if let (Some(slot), Some(stream)) = (self.stream_slot, &self.headers.stream) {
            slots.set_owned(slot, stream.as_bytes());
        }
        match count.cmp(&self.headers.names.len()) {
            std::cmp::Ordering::Equal => Ok(Decoded::Record),
            std::cmp::Ordering::Less => Err("it has fewer fields than the #fields line"),
            std::cmp::Ordering::Greater => Err("it has more fields than the #fields line"),
        }
    }

    fn glance(&self) -> Glance<'_> {
        let Headers { names, separator, set_separator: b',', empty, unset, .. } = &*self.headers else { return Glance::No };
        if names.is_empty() {
            return Glance::No;
        }
        let empty = [empty.as_slice(), unset];
        Glance::Fields { names, delimiter: *separator, special: b'\\', empty, header: b"", added: "_path" }
    }

    fn fields(&mut self, record: &[u8], on: &mut dyn FnMut(&str, Raw<'_>)) {
        if record.first() == Some(&Headers::MARK) {
            let _ = self.header(record);
            return;
        }
        let Headers { names, separator, empty, unset, .. } = &*self.headers;
        let values: Vec<&[u8]> = record.split(|b| b == separator).collect();
        if values.len() != names.len() {
            return;
        }
        for (at, (name, value)) in names.iter().zip(values).enumerate() {
            if value == unset {
                on(name, Raw::Missing);
            } else if value == empty {
                on(name, Raw::Text(b""));
            } else {
                let text = self.rewritten(at, value, true);
                on(name, Raw::Text(text.as_deref().unwrap_or(value)));
            }
        }
    }

    fn headers(&self) -> Option<&Arc<Headers>> {
        Some(&self.headers)
    }

    fn go_below(&mut self, headers: &Arc<Headers>) {
        self.headers = Arc::clone(headers);
        self.find_wanted();
    }
}

/// `\x2c` and the like as the bytes they stand for; a doubled backslash as one.
fn unescape(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        let hex = value.get(at..at + 4).filter(|part| part.starts_with(b"\\x"));
        let byte = hex.and_then(|part| std::str::from_utf8(&part[2..]).ok()).and_then(|text| u8::from_str_radix(text, 16).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                at += 4;
            }
            None => {
                out.push(value[at]);
                at += if value[at..].starts_with(b"\\\\") { 2 } else { 1 };
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#fields\tts\tid.orig_h\tquery\tanswers\n#types\ttime\taddr\tstring\tvector[string]\n1521911720.865716\t192.0.2.1\ta.example\tb.example,192.0.2.9\n1521911721.0\t192.0.2.1\t-\t(empty)\n1521911722.0\t192.0";

    #[test]
    fn headers_name_the_fields() {
        let head = Head::of(LOG, "dns.log");
        assert_eq!(Tsv.detect(&head), 100);
        let layout = Tsv.layout(&head, None).unwrap().unwrap();
        assert_eq!(layout.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["DnsEvents"]);
        let mut decoder = (layout.decoder)(&["query".to_owned(), "_path".to_owned()]);
        let mut seen = Vec::new();
        for line in LOG.lines() {
            let mut slots = Slots::new(2);
            let decoded = decoder.decode(line.as_bytes(), &mut slots);
            if decoded != Ok(Decoded::Comment) {
                seen.push((decoded.err(), slots.get(line.as_bytes(), 0).text().map(std::borrow::Cow::into_owned)));
            }
        }
        let short = Some("it has fewer fields than the #fields line");
        assert_eq!(seen, [(None, Some("a.example".to_owned())), (None, None), (short, None)]);
    }

    #[test]
    fn fields_are_not_parted_by_the_ends_of_lines() {
        let mut decoder = (Tsv.layout(&Head::of(LOG, "dns.log"), None).unwrap().unwrap().decoder)(&[]);
        let decode = |line: &str| decoder.decode(line.as_bytes(), &mut Slots::new(0));
        let refused = Err("its #separator line names no byte that may stand between fields");
        assert_eq!(
            ["#separator ", "#separator \\x0a", "#separator \\x0d", "#separator \\x2c"].map(decode),
            [refused, refused, refused, Ok(Decoded::Comment)]
        );
    }

    #[test]
    fn json_may_name_its_stream_or_not() {
        let named =
            "{\"_path\":\"dns\",\"ts\":1.0,\"id.orig_h\":\"192.0.2.1\"}\n{\"_path\":\"conn\",\"ts\":1.0,\"uid\":\"C1\"}\n";
        let unnamed = "{\"ts\":1.0,\"uid\":\"C1\",\"id.orig_h\":\"192.0.2.1\",\"conn_state\":\"SF\"}\n";
        let tables = |text: &str| -> Vec<String> {
            let head = Head::of(text, "x.log");
            assert_eq!(Json.detect(&head), 90);
            Json.layout(&head, None).unwrap().unwrap().tables.into_iter().map(|table| table.name).collect()
        };
        assert_eq!(tables(named), ["DnsEvents", "CommonSecurityLog"]);
        assert_eq!(tables(unnamed), ["CommonSecurityLog"]);
    }

    #[test]
    fn records_without_a_header_are_explained() {
        let head = Head::of("1517336042.090842\tCi85EB2YjUI9a2eql6\t192.0.2.1\t14291\t192.0.2.2\t80\n", "conn.log");
        assert_eq!(Tsv.detect(&head), 60);
        assert!(Tsv.layout(&head, None).is_err());
    }

    #[test]
    fn escapes_stand_for_bytes() {
        assert_eq!(unescape(br"a\x2cb\\x\x"), br"a,b\x\x");
    }
}
