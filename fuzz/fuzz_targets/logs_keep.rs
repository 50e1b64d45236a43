//! Any bytes as a log: what a test lets pass is the same whether records are passed over by it or not.

#![no_main]

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use kql::{Column, Type};
use libfuzzer_sys::fuzz_target;
use logs::{Find, Keep, LogFile, ScanRequest, Test};

/// What begins a file of each kind, so that it is taken for one.
const HEADS: [(&str, &str); 3] = [
    ("x.ndjson", "{\"Type\":\"DnsEvents\",\"TimeGenerated\":\"2026-01-01T00:00:00Z\",\"Name\":\"n\",\"ClientIP\":\"i\"}\n"),
    ("x.csv", "TimeGenerated,Name,ClientIP,Computer\n2026-01-01T00:00:00Z,n,i,c\n2026-01-01T00:00:00Z,n,i,c\n"),
    ("dns.log", "#separator \\x09\n#path\tdns\n#fields\tts\tquery\tid.orig_h\tqtype_name\n"),
];

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let (name, head) = HEADS[usize::from(kind) % HEADS.len()];
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join(name);
    if std::fs::write(&path, [head.as_bytes(), bytes].concat()).is_err() {
        return;
    }
    let Ok(file) = logs::open_as(&path, "DnsEvents") else { return };
    let all = names(&file, None);
    assert_eq!(names(&file, Some(keep(false))), all, "decoded");
    assert_eq!(names(&file, Some(keep(true))), all, "passed over");
});

/// The names that hold `fox`, of records from the second second of 2026.
fn names(file: &LogFile, keep: Option<Keep>) -> Vec<String> {
    let projection = Some(vec!["Name".to_owned(), "TimeGenerated".to_owned()]);
    let request = ScanRequest { projection, keep, ..ScanRequest::new("DnsEvents") };
    let mut names = Vec::new();
    for batch in file.scan(request).into_iter().flatten().flatten() {
        let texts = batch.column(0).as_string_view().iter();
        let times = batch.column(1).as_primitive::<Int64Type>().iter();
        let rows = texts.zip(times).filter(|(_, time)| time.is_some_and(|time| time >= SINCE));
        names.extend(rows.filter_map(|(text, _)| text.map(str::to_owned)));
    }
    names.retain(|name| name.contains("fox"));
    names
}

/// 2026-01-01T00:00:01Z, in ticks.
const SINCE: i64 = 639_028_224_010_000_000;

fn holds(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).contains("fox")
}

fn is_late(text: &[u8]) -> bool {
    logs::number(Type::DateTime, text).is_none_or(|ticks| ticks >= SINCE)
}

fn keep(finds: bool) -> Keep {
    let find: Arc<Find> = Arc::new(|texts| holds(texts[0]) && !texts[1].is_empty() && is_late(texts[1]));
    let test: Arc<Test> = Arc::new(|text| {
        text(0).is_none_or(|text: Cow<'_, [u8]>| holds(&text)) && text(1).is_none_or(|text: Cow<'_, [u8]>| is_late(&text))
    });
    let columns = vec![Column::new("Name", Type::String), Column::new("TimeGenerated", Type::DateTime)];
    Keep { columns, test, find: finds.then_some(find) }
}
