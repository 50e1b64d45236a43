//! JSON whose fields are a table's columns: one object a line, an array of objects, or an answer of the Log Analytics API.

use std::collections::BTreeMap;
use std::sync::Arc;

use kql::Type;

use super::{LogFormat, json_objects, one_table};
use crate::decode::JsonRows;
use crate::file::{Head, Layout, MakeDecoder};
use crate::frame::{Framing, record_line};
use crate::json;
use crate::naming;
use crate::profile::Profile;
use crate::table::{Path, Route};

/// JSON objects, however they are strung together.
pub(crate) struct Json;

/// Members of an answer's outermost object under which the records may stand as an array.
const WRAPPERS: [&str; 8] = ["value", "Results", "results", "records", "Records", "data", "events", "logs"];

/// Fields that name a record's table.
const TABLE_FIELDS: [&str; 2] = ["$table", "Type"];

impl LogFormat for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn tables(&self) -> &'static [&'static str] {
        &[]
    }

    fn page(&self) -> &'static str {
        include_str!("json.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        if shape(head).is_some() { 50 } else { 0 }
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        let shape = shape(head).ok_or("no JSON object can be read at its beginning")?;
        let decoder = match &shape.columns {
            Some(columns) => rows(columns),
            None => json_objects(),
        };
        if let Some(name) = table {
            return Ok(Some(with_types(one_table(head, shape.framing, decoder, name), shape.columns.as_deref())));
        }
        let profiles = by_table(head, shape.framing, &decoder);
        if profiles.is_empty() {
            return Err("no record can be read whole at its beginning: is it cut off, or damaged?".to_owned());
        }
        let (mut tables, mut exact, mut unnamed) = (Vec::new(), Vec::new(), None);
        for (name, profile) in &profiles {
            let table = match name {
                Some(name) => {
                    exact.push((name.clone(), vec![tables.len()]));
                    name.clone()
                }
                None => naming::table_for(profile.names(), &head.stem),
            };
            if name.is_none() {
                // Records without a table's name are rows of a table that others name, if it is that.
                unnamed = Some(profiles.keys().flatten().position(|known| *known == table).map_or(0, |at| at + 1));
                if unnamed != Some(0) {
                    continue;
                }
            }
            tables.push(naming::same_names(&table, profile));
        }
        Ok(Some(with_types(routed(shape.framing, decoder, tables, exact, unnamed), shape.columns.as_deref())))
    }
}

fn routed(
    framing: Framing,
    decoder: MakeDecoder,
    tables: Vec<crate::TableSchema>,
    exact: Vec<(String, Vec<usize>)>,
    unnamed: Option<usize>,
) -> Layout {
    let route = if tables.len() == 1 && unnamed.is_some() {
        Route::Only
    } else {
        let keys = TABLE_FIELDS.iter().map(|key| Path { key: (*key).to_owned(), inner: Vec::new() }).collect();
        let other = unnamed.map(|at| at.saturating_sub(1));
        // Where all records were seen to name the same table, one that names none is of that too.
        let missing = other.or((tables.len() == 1).then_some(0));
        Route::Field { keys, make: None, exact, other, missing, why: "its table was not seen when the file was opened" }
    };
    Layout { framing, decoder, tables, route }
}

/// The fields seen under each table that records name; under `None` those of records that name none.
fn by_table(head: &Head, framing: Framing, decoder: &MakeDecoder) -> BTreeMap<Option<String>, Profile> {
    let parts = head.of_parts(framing, |part| {
        let mut decoder = decoder(&[]);
        let mut profiles: BTreeMap<Option<String>, Profile> = BTreeMap::new();
        // Most records name the same table as the one before.
        let mut last: Option<String> = None;
        let _ = part.each_record(|record| {
            let mut named = None;
            let mut any = false;
            decoder.fields(record, &mut |name, raw| {
                any = true;
                if TABLE_FIELDS.contains(&name)
                    && let Some(text) = raw.text()
                    && (last.as_deref() == Some(&*text) || naming::names_table(&text))
                {
                    named = Some(text.into_owned());
                }
            });
            last.clone_from(&named);
            if any {
                let profile = profiles.entry(named).or_default();
                profile.next_record();
                decoder.fields(record, &mut |name, raw| profile.note(name, raw));
            }
            true
        });
        profiles
    });
    let mut all: BTreeMap<Option<String>, Profile> = BTreeMap::new();
    for (named, profile) in parts.into_iter().flatten() {
        let known = all.remove(&named).unwrap_or_default();
        all.insert(named, known.joined(profile));
    }
    all
}

fn rows(columns: &[(String, Type)]) -> MakeDecoder {
    let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    Arc::new(move |wanted| Box::new(JsonRows::new(names.clone(), wanted)))
}

/// Gives columns that the built-in table lacks the types that the answer declares.
fn with_types(mut layout: Layout, declared: Option<&[(String, Type)]>) -> Layout {
    for (name, ty) in declared.unwrap_or_default() {
        for table in &mut layout.tables {
            let built_in = kql::catalog::table(&table.name).is_some_and(|known| known.column(name).is_some());
            if let Some(column) = table.columns.iter_mut().find(|column| column.name == *name && !built_in) {
                column.ty = *ty;
            }
        }
    }
    layout
}

/// How the objects lie in the file.
pub(crate) struct Shape {
    pub framing: Framing,
    /// The columns of an answer whose rows are arrays.
    pub columns: Option<Vec<(String, Type)>>,
}

/// How the JSON objects of the file lie in it; `None` if there are none.
pub(crate) fn shape(head: &Head) -> Option<Shape> {
    let bytes = head.bytes.as_slice();
    let begin = json::skip_space(bytes, if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 });
    let plain = |framing| Some(Shape { framing, columns: None });
    if let Some(len) = record_line(&bytes[begin..]) {
        let opens = bytes.get(json::skip_space(bytes, begin + len)) == Some(&b'{');
        return plain(Framing::Values { start: 0, open: b'{', inside: false }).filter(|_| opens);
    }
    match bytes.get(begin)? {
        b'[' => {
            let first = json::skip_space(bytes, begin + 1);
            let values = Framing::Values { start: 0, open: b'{', inside: false };
            if matches!(bytes.get(first), Some(b'{' | b']')) { plain(values) } else { None }
        }
        _ if whole_lines(bytes) => match wrapped(bytes, begin) {
            Some(shape) if bytes.iter().filter(|b| **b == b'\n').count() <= 1 => Some(shape),
            _ => plain(Framing::Lines),
        },
        b'{' => {
            let rest = &bytes[begin..];
            let looks = rest.get(json::skip_space(rest, 1)).is_some_and(|b| matches!(b, b'"' | b'}'));
            if !looks {
                return None;
            }
            wrapped(bytes, begin).or_else(|| plain(Framing::Values { start: 0, open: b'{', inside: false }))
        }
        _ => None,
    }
}

/// One of the first lines is a JSON object by itself.
fn whole_lines(bytes: &[u8]) -> bool {
    bytes.split(|b| *b == b'\n').take(20).any(|line| json::walk_object(line, |_, _, _| {}).is_ok() && line.contains(&b':'))
}

/// The records inside an answer `{"value": [{…}]}` or `{"tables": [{"columns": […], "rows": [[…]]}]}`.
fn wrapped(bytes: &[u8], begin: usize) -> Option<Shape> {
    let rest = &bytes[begin..];
    let mut at = json::skip_space(rest, 1);
    loop {
        let key_end = json::string_end(rest, at).ok().filter(|_| rest.get(at) == Some(&b'"'))?;
        let key = json::decode(&rest[at + 1..key_end - 1]);
        at = json::skip_space(rest, key_end);
        let value = json::skip_space(rest, at + 1);
        let array = rest.get(at) == Some(&b':') && rest.get(value) == Some(&b'[');
        let first = json::skip_space(rest, value + 1);
        let opens = rest.get(first) == Some(&b'{');
        if array && opens && key == "tables" {
            return answer_rows(rest, first, begin);
        }
        if array && opens && WRAPPERS.contains(&&*key) {
            let start = (begin + value + 1) as u64;
            return Some(Shape { framing: Framing::Values { start, open: b'{', inside: true }, columns: None });
        }
        at = json::skip_space(rest, json::value_end(rest, value).ok()?);
        if rest.get(at) != Some(&b',') {
            return None;
        }
        at = json::skip_space(rest, at + 1);
    }
}

/// The columns and the place of the rows of the answer's first table, which opens at `at`.
fn answer_rows(rest: &[u8], at: usize, begin: usize) -> Option<Shape> {
    let found = memchr::memmem::find(&rest[at..], b"\"columns\"")? + at + 9;
    let columns_at = json::skip_space(rest, json::skip_space(rest, found) + 1);
    let end = json::value_end(rest, columns_at).ok()?;
    let columns = json::elements(&rest[columns_at..end]).into_iter().filter_map(declared).collect();
    let rows = memchr::memmem::find(&rest[end..], b"\"rows\"")? + end + 6;
    let open = json::skip_space(rest, json::skip_space(rest, rows) + 1);
    let start = (begin + open + 1) as u64;
    Some(Shape { framing: Framing::Values { start, open: b'[', inside: true }, columns: Some(columns) })
}

/// A column's name and type in an answer of the Log Analytics or the Kusto API.
fn declared(column: &[u8]) -> Option<(String, Type)> {
    let text = |keys: &[&str]| keys.iter().find_map(|key| json::member(column, key)).and_then(json::text);
    let name = text(&["name", "ColumnName"])?.into_owned();
    let ty = text(&["type", "ColumnType"]).and_then(|ty| Type::from_name(&ty)).unwrap_or(Type::String);
    Some((name, ty))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str, name: &str, table: Option<&str>) -> Layout {
        let head = Head::of(text, name);
        assert!(Json.detect(&head) > 0, "{text}");
        Json.layout(&head, table).unwrap().unwrap()
    }

    fn tables(layout: &Layout) -> Vec<&str> {
        layout.tables.iter().map(|table| table.name.as_str()).collect()
    }

    #[test]
    fn every_shape_of_json_is_found() {
        let record =
            r#"{"TimeGenerated":"2026-01-01T00:00:00Z","Name":"a.example","ClientIP":"192.0.2.1","QueryType":"A","SubType":"x"}"#;
        for text in [
            format!("{record}\n{record}\n"),
            format!("not json\n{record}\n"),
            format!("[{record},\n {record}]"),
            format!("{{\"value\": [{record}]}}"),
            record.replace(',', ",\n "),
        ] {
            assert_eq!(tables(&layout(&text, "x.json", None)), ["DnsEvents"], "{text}");
        }
    }

    #[test]
    fn records_may_name_their_tables() {
        let text = "{\"Type\":\"DnsEvents\",\"Name\":\"a\"}\n{\"Type\":\"Squid_CL\",\"Url\":\"b\"}\n";
        assert_eq!(tables(&layout(text, "x.json", None)), ["DnsEvents", "Squid_CL"]);
        assert_eq!(tables(&layout("{\"Type\":\"other\",\"a\":1}\n", "x.json", None)), ["x_CL"]);
        assert_eq!(tables(&layout(text, "x.json", Some("T"))), ["T"]);
    }

    #[test]
    fn an_answer_declares_its_columns() {
        let text = r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"a","type":"long"},{"name":"b","type":"dynamic"}],"rows":[[1,null]]}]}"#;
        let layout = layout(text, "x.json", None);
        let types: Vec<_> = layout.tables[0].columns.iter().map(|c| (c.name.as_str(), c.ty)).collect();
        assert!(types.contains(&("a", Type::Long)) && types.contains(&("b", Type::Dynamic)), "{types:?}");
    }

    #[test]
    fn text_is_no_json() {
        for text in ["", "hello", "{not json}", "[1,2]", "{{x}}"] {
            assert_eq!(Json.detect(&Head::of(text, "x")), 0, "{text}");
        }
    }
}
