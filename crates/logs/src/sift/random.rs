//! Files made at random, read with and without a test that passes over records: what the test lets pass is the same.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use crate::{Find, Keep, LogFile, ScanRequest, Test, number};
use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use kql::{Column, Type};

/// A source of choices, the same for the same seed (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

const KEYS: [&str; 9] = ["Name", "Name", "ClientIP", "Computer", "N\\ame", "N\\u0061me", "x", "Named", "TimeGenerated"];
/// Keys of Zeek's records, several of which may hold what one column does, here and inside other members.
const ZEEK_KEYS: [&str; 7] = ["query", "id.orig_h", "id.orig_h", "id_orig_h", "id_orig_h", "x", "ts"];
const VALUES: [&str; 24] = [
    "\"2026-01-01T00:00:01Z\"",
    "1767225601",
    "1767225600.5",
    "\"fox\"",
    "\"hen\"",
    "\"a hen that is longer than sixteen bytes\"",
    "\"FOX\"",
    "\"f\\u006fx\"",
    "\"hen\\n\"",
    "\"C:\\\\fox\"",
    "\"\\\"Name\\\":\\\"fox\\\"\"",
    "\"Name\"",
    "\"Name\\\"\"",
    "\"\"",
    "null",
    "12",
    "true",
    "{\"Name\":\"fox\"}",
    "{\"ClientIP\":\"hen\"}",
    "{\"id.orig_h\":\"hen\"}",
    "{\"id.orig_h\":\"fox\",\"x\":[1]}",
    "[{\"id_orig_h\":\"hen\"}]",
    "[\"fox\"]",
    "\"f\u{e9}x, fox\"",
];
const BLANKS: [&str; 7] = ["", "", "", " ", "\t", "\r", "  "];
const DAMAGE: [&str; 5] = ["}", "\"", ",", "{", " trailing"];
const FIELDS: [&str; 14] = [
    "2026-01-01T00:00:01Z",
    "1767225601",
    "fox",
    "hen",
    "",
    "-",
    "(empty)",
    "\"fox\"",
    "\"h,fox\"",
    "\"a\"\"fox\"",
    "h\\x6fx",
    "#fox",
    "fo\\x78",
    "a hen, long",
];

/// An object with some members after those that `begin` has.
fn json_line(chance: &mut Chance, begin: &str, keys: &[&str]) -> String {
    let mut line = format!("{}{{{begin}", chance.of(&BLANKS));
    for at in 0..chance.below(5) {
        let (key, value) = (chance.of(keys), chance.of(&VALUES));
        let comma = if at > 0 || !begin.is_empty() { "," } else { "" };
        line += &format!("{comma}{}\"{key}\"{}:{}{value}", chance.of(&BLANKS), chance.of(&BLANKS), chance.of(&BLANKS));
    }
    if !chance.once_in(30) {
        line.push('}');
    }
    if chance.once_in(30) {
        line += chance.of(&DAMAGE);
    }
    line
}

fn fields_line(chance: &mut Chance, delimiter: &str) -> String {
    let fields: Vec<&str> = (0..if chance.once_in(20) { 3 } else { 4 }).map(|_| chance.of(&FIELDS)).collect();
    fields.join(delimiter)
}

/// A file's name and text, of each kind in turn.
fn file(chance: &mut Chance, turn: usize) -> (&'static str, String) {
    let (name, header) = match turn % 4 {
        0 => (
            "x.ndjson",
            "{\"Type\":\"DnsEvents\",\"TimeGenerated\":\"2026-01-01T00:00:00Z\",\"Name\":\"n\",\"ClientIP\":\"i\",\"Computer\":\"c\"}\n",
        ),
        1 => ("x.csv", "TimeGenerated,Name,ClientIP,Computer\n2026-01-01T00:00:00Z,n,i,c\n"),
        2 => (
            "dns.log",
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#fields\tts\tquery\tid.orig_h\tqtype_name\n",
        ),
        _ => ("dns.ndjson", "{\"_path\":\"dns\",\"ts\":\"2026-01-01T00:00:00Z\",\"query\":\"n\",\"id.orig_h\":\"i\"}\n"),
    };
    let mut text = header.to_owned();
    // Enough that is sound for the format to be told by.
    text += &match turn % 4 {
        1 => "2026-01-01T00:00:00Z,n,i,c\n".repeat(60),
        3 => header.repeat(20),
        _ => String::new(),
    };
    for _ in 0..chance.below(60) {
        text += &match turn % 4 {
            0 => json_line(chance, "", &KEYS),
            1 => fields_line(chance, ","),
            2 => fields_line(chance, "\t"),
            _ => json_line(chance, "\"_path\":\"dns\"", &ZEEK_KEYS),
        };
        text += chance.of(&["\n", "\n", "\n", "\n", "\r\n", "\n\n"]);
    }
    (name, text)
}

/// A table, and of its columns two of texts and one of times.
type Columns = (&'static str, [&'static str; 3]);

const DNS: Columns = ("DnsEvents", ["Name", "ClientIP", "TimeGenerated"]);
const SYSLOG: [Columns; 3] = [
    ("Syslog", ["SyslogMessage", "Computer", "TimeGenerated"]),
    ("Syslog", ["ProcessName", "HostName", "EventTime"]),
    ("Syslog", ["HostIP", "SeverityLevel", "TimeGenerated"]),
];

/// The wanted rows, and how many lines could not be read.
fn rows(
    file: &LogFile,
    (table, names): Columns,
    wanted: Wanted,
    keep: Option<Keep>,
) -> (Vec<(String, String, Option<i64>)>, u64) {
    let projection = Some(names.map(str::to_owned).to_vec());
    let request = ScanRequest { projection, keep, ..ScanRequest::new(table) };
    let mut rows = Vec::new();
    let mut scan = file.scan(request).unwrap();
    for batch in scan.by_ref() {
        let batch = batch.unwrap();
        let text = |column: usize, row: usize| batch.column(column).as_string_view().value(row).to_owned();
        let times = batch.column(2).as_primitive::<Int64Type>();
        let time = |row: usize| times.is_valid(row).then(|| times.value(row));
        rows.extend((0..batch.num_rows()).map(|row| (text(0, row), text(1, row), time(row))));
    }
    let late = |time: Option<i64>| wanted == Wanted::FoxOrLate && time.is_some_and(|time| time >= SINCE);
    rows.retain(|(name, ip, time)| name.contains("fox") || ip.contains("fox") || late(*time));
    (rows, scan.stats().unparsed)
}

/// 2026-01-01T00:00:01Z, in ticks.
const SINCE: i64 = 639_028_224_010_000_000;

fn holds(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).contains("fox")
}

fn is_late(text: &[u8]) -> bool {
    number(Type::DateTime, text).is_none_or(|ticks| ticks >= SINCE)
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    /// Rows whose texts hold `fox`, and those from the second second of 2026.
    FoxOrLate,
    /// Rows whose texts hold `fox`.
    Fox,
}

/// With a search, lines are passed over; of a search for `fox`, the literal is known.
fn keep((_, names): Columns, wanted: Wanted, searches: bool) -> Keep {
    let late = wanted == Wanted::FoxOrLate;
    let find = Find::of_each(move |texts| {
        let is_late = late && !texts[2].is_empty() && is_late(texts[2].text());
        is_late || texts[..2].iter().any(|text| holds(text.text()))
    });
    let literals = if late { Vec::new() } else { vec![vec!["fox".to_owned()]] };
    let test: Arc<Test> = Arc::new(move |text| {
        let passes = |at: usize, test: fn(&[u8]) -> bool| text(at).is_none_or(|text: Cow<'_, [u8]>| test(&text));
        passes(0, holds) || passes(1, holds) || late && passes(2, is_late)
    });
    let columns = names.into_iter().zip([Type::String, Type::String, Type::DateTime]);
    let columns = columns.map(|(name, ty)| Column::new(name, ty)).collect();
    Keep { columns, test, find: searches.then_some(Find { literals, ..find }) }
}

fn check(path: &Path, columns: Columns, text: &str) {
    std::fs::write(path, text).unwrap();
    let file = crate::open_as(path, columns.0).unwrap();
    assert_eq!(file.tables.len(), 1, "{path:?}");
    for wanted in [Wanted::FoxOrLate, Wanted::Fox] {
        let (all, unparsed) = rows(&file, columns, wanted, None);
        let (decoded, unparsed_decoded) = rows(&file, columns, wanted, Some(keep(columns, wanted, false)));
        assert_eq!((decoded, unparsed_decoded), (all.clone(), unparsed), "decoded\n{text}");
        let (passed_over, unparsed_passed_over) = rows(&file, columns, wanted, Some(keep(columns, wanted, true)));
        assert_eq!(passed_over, all, "passed over\n{text}");
        if file.format == "syslog" {
            assert_eq!(unparsed_passed_over, unparsed, "headers are read of every line\n{text}");
        }
    }
}

#[test]
fn no_row_is_lost_by_passing_over_records() {
    let folder = tempfile::tempdir().unwrap();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for turn in 0..800 {
        let (name, text) = file(&mut chance, turn);
        check(&folder.path().join(name), DNS, &text);
    }
}

const BEGINNINGS: [&str; 13] = [
    "Dec 31 23:59:59 ",
    "Jan  1 00:00:00 ",
    "Jan  1 00:00:01 ",
    "May 20 2026 13:36:27.5: ",
    "<13>Jan  1 00:00:02 ",
    "2026-01-01T00:00:00Z ",
    "2026-01-01T01:00:01.5+01:00 ",
    "<165>1 2026-01-01T00:00:01Z ",
    "<165>1 - ",
    "<192>1 - ",
    "Jan 32 00:00:00 ",
    "\t",
    "-- fox --",
];
const WORDS: [&str; 18] = [
    "fox ",
    "hen ",
    "fox: ",
    "hen[12]: ",
    "fox[12]: ",
    "hen[fox]: ",
    "192.0.2.1 ",
    "2001:db8::1 ",
    "- ",
    "- ",
    "- ",
    "[a fox=\"\\\"]\"] ",
    "[a b=\"c ",
    "\u{feff}fox",
    ": ",
    " ",
    "f\u{e9}x ",
    "#012fox ",
];

fn syslog_line(chance: &mut Chance) -> String {
    let mut line = chance.of(&BEGINNINGS).to_owned();
    for _ in 0..chance.below(9) {
        line += chance.of(&WORDS);
    }
    line
}

#[test]
fn no_row_is_lost_in_syslog() {
    let folder = tempfile::tempdir().unwrap();
    let mut chance = Chance(0xfedc_ba98_7654_3210);
    for turn in 0..300 {
        // Enough that is sound for the format to be told by.
        let mut text = "May 20 13:36:27 hen fox[1]: a hen\n".repeat(60);
        for _ in 0..chance.below(60) {
            text += &syslog_line(&mut chance);
            text += chance.of(&["\n", "\n", "\n", "\n", "\r\n", "\n\n"]);
        }
        check(&folder.path().join("messages"), SYSLOG[turn % SYSLOG.len()], &text);
    }
}

const TYPES: [&str; 7] = [
    "\"Type\":\"DnsEvents\"",
    "\"Type\":\"DnsEvents\"",
    "\"Type\":\"SecurityEvent\"",
    "\"x\":{\"Type\":\"SecurityEvent\"}",
    "\"x\":[{\"Type\":\"DnsEvents\"}]",
    "\"Type\":\"\"",
    "\"Ty\\u0070e\":\"DnsEvents\"",
];

#[test]
fn no_row_is_lost_in_files_of_several_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mixed.ndjson");
    let mut chance = Chance(0x0123_4567_89ab_cdef);
    for _ in 0..200 {
        let mut text = "{\"Type\":\"DnsEvents\",\"Name\":\"n\"}\n{\"Type\":\"SecurityEvent\",\"Account\":\"a\"}\n".to_owned();
        for _ in 0..chance.below(40) {
            let members: Vec<&str> = (0..=chance.below(3)).map(|_| chance.of(&TYPES)).chain(["\"Account\":\"b\""]).collect();
            text += &format!("{{{}}}\n", members.join(","));
        }
        std::fs::write(&path, &text).unwrap();
        let file = crate::open(&path).unwrap();
        assert!(file.tables.len() > 1);
        for table in &file.tables {
            let count = |pass_over| {
                let request = ScanRequest { pass_over, ..ScanRequest::new(table.name.as_str()) };
                file.scan(request).unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>()
            };
            assert_eq!(count(true), count(false), "{}\n{text}", table.name);
        }
    }
}
