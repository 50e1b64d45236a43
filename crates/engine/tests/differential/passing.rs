//! Logs of random records under random filters: whether records are passed over by their bytes or all decoded, the rows are the same.

use std::fs;
use std::path::Path;

use engine::source::LogOptions;
use engine::{Answer, Config, Engine};
use libtest_mimic::Failed;

use super::chance::Chance;
use super::{compare, seeds, verdict};

/// Filters that each log is asked.
const FILTERS: usize = 12;

/// For random logs and filters, both ways of reading give the same.
pub(super) fn passed_over_or_decoded() -> Result<(), Failed> {
    let mut faults = Vec::new();
    let mut found = 0;
    for seed in seeds(16) {
        let mut chance = Chance::new(seed);
        let folder = tempfile::tempdir()?;
        let kind = *chance.of(&Kind::ALL);
        let path = folder.path().join(kind.file_name());
        let records: Vec<Record> = (0..=chance.below(60)).map(|_| Record::random(&mut chance)).collect();
        let text = kind.written(&records, &mut chance);
        fs::write(&path, &text)?;
        for _ in 0..FILTERS {
            let query = format!("T | where {}", filter(&mut chance, 2));
            match (run(&path, &query, false), run(&path, &query, true)) {
                (Ok(passed_over), Ok(decoded)) => {
                    found += decoded.tables.first().map_or(0, |table| table.rows.rows.len());
                    let difference = compare::difference(&passed_over, &decoded);
                    faults.extend(difference.map(|why| format!("seed {seed}: {why}\n{query}\n{text}")));
                }
                (Err(one), Err(other)) if one == other => faults.push(format!("seed {seed}: {one}\n{query}\n{text}")),
                (one, other) => faults.push(format!("seed {seed}: {:?}\n{:?}\n{query}\n{text}", one.err(), other.err())),
            }
        }
    }
    if found == 0 {
        faults.push("no filter lets a record pass".to_owned());
    }
    verdict(faults)
}

fn run(path: &Path, query: &str, decode_all: bool) -> Result<Answer, String> {
    let file = logs::open_as(path, "T").map_err(|error| error.to_string())?;
    let mut engine = Engine::new(Config { threads: 2, ..Config::default() }).map_err(|error| error.message)?;
    engine.add_logs(&[file], &LogOptions { parts: 2, decode_all, ..LogOptions::default() });
    engine.run(query).map_err(|error| error.message)
}

/// How a log is written.
#[derive(Clone, Copy)]
enum Kind {
    Json,
    Csv,
    Zeek,
}

impl Kind {
    /// Lines of JSON have most ways to write a record, and come most often.
    const ALL: [Kind; 4] = [Kind::Json, Kind::Json, Kind::Csv, Kind::Zeek];

    fn file_name(self) -> &'static str {
        match self {
            Kind::Json => "t.ndjson",
            Kind::Csv => "t.csv",
            Kind::Zeek => "t.log",
        }
    }

    fn written(self, records: &[Record], chance: &mut Chance) -> String {
        let line = |record: &Record, chance: &mut Chance| match self {
            Kind::Json => record.json(chance),
            Kind::Csv => record.fields().map(|field| csv(&field, chance)).join(","),
            Kind::Zeek => record.fields().map(|field| zeek(&field)).join("\t"),
        };
        let head = match self {
            Kind::Json => "",
            Kind::Csv => "TimeGenerated,Name,ClientIP,EventId,Extra\n",
            Kind::Zeek => {
                "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tt\n\
                 #fields\tTimeGenerated\tName\tClientIP\tEventId\tExtra\n#types\tstring\tstring\tstring\tcount\tstring\n"
            }
        };
        let end = if matches!(self, Kind::Zeek) || chance.once_in(2) { "\n" } else { "\r\n" };
        records.iter().fold(head.to_owned(), |text, record| text + &line(record, chance) + end)
    }
}

/// What a line says.
struct Record {
    second: usize,
    name: String,
    client: String,
    event: usize,
    extra: String,
}

impl Record {
    fn random(chance: &mut Chance) -> Record {
        Record {
            second: chance.below(60),
            name: text(chance),
            client: (*chance.of(&ADDRESSES)).to_owned(),
            event: chance.below(30),
            extra: text(chance),
        }
    }

    fn time(&self) -> String {
        format!("2026-01-01T00:00:{:02}Z", self.second)
    }

    fn fields(&self) -> [String; 5] {
        [self.time(), self.name.clone(), self.client.clone(), self.event.to_string(), self.extra.clone()]
    }

    /// As an object: its members in any order, some of them within another or there twice.
    fn json(&self, chance: &mut Chance) -> String {
        let mut members = vec![
            ("TimeGenerated", json(&self.time(), chance)),
            ("Name", json(&self.name, chance)),
            ("ClientIP", json(&self.client, chance)),
            ("EventId", self.event.to_string()),
            ("Extra", format!("{{{}:{}}}", json("Name", chance), json(&self.extra, chance))),
        ];
        if chance.once_in(5) {
            members.push(("Name", json(&text(chance), chance)));
        }
        if chance.once_in(5) {
            members.push(("name", json(&text(chance), chance)));
        }
        if chance.once_in(8) {
            members.push(("ClientIP", "null".to_owned()));
        }
        let first = chance.below(members.len());
        members.rotate_left(first);
        let blank = *chance.of(&["", "", " ", "\t "]);
        let members: Vec<String> =
            members.into_iter().map(|(key, value)| format!("{blank}{}{blank}:{blank}{value}", json(key, chance))).collect();
        format!("{blank}{{{}}}{blank}", members.join(","))
    }
}

/// Words of which texts are made: with signs of each format, letters that fold to others, and none at all.
const WORDS: [&str; 29] = [
    "",
    "fox",
    "FOX",
    "Fox.example",
    "www.fox.example.",
    "notfox.example",
    "foxes",
    "-",
    "--",
    " ",
    "f\u{f6}x.example",
    "F\u{d6}X",
    "\u{2615}.com",
    "\u{212a}",
    "k",
    "\u{17f}x",
    "192.0.2.7",
    "2001:db8::1",
    "a\"b",
    "C:\\cmd.exe",
    "a,b;c",
    "x\ty",
    "null",
    "17",
    "http://fox.example:80/p?q=fox#f",
    "(empty)",
    "{\"Name\":\"fox\"}",
    "a-label-that-is-longer-than-the-sixty-four-bytes-which-are-looked-at-together.example",
    "\u{1f98a}",
];

const ADDRESSES: [&str; 8] =
    ["192.0.2.7", "192.0.2.70", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.7", "192.0.2.7/24", "", "fox.example"];

fn text(chance: &mut Chance) -> String {
    let mut text = (*chance.of(&WORDS)).to_owned();
    for _ in 0..chance.below(3) {
        text += *chance.of(&[" ", ".", "-", "_", "/", ""]);
        text += *chance.of(&WORDS);
    }
    text
}

/// As a string of JSON, some of whose characters are escaped that need not be.
fn json(text: &str, chance: &mut Chance) -> String {
    let one_in = *chance.of(&[3, 20, 1000]);
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\t' => out += "\\t",
            '/' if chance.once_in(2) => out += "\\/",
            c if chance.once_in(one_in) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out += &format!("\\u{unit:04x}"));
            }
            c => out.push(c),
        }
    }
    out + "\""
}

/// As a field of CSV, in quotes where it must be or may be.
fn csv(text: &str, chance: &mut Chance) -> String {
    if text.contains(['"', ',', '\n']) || chance.once_in(3) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// As a field of a Zeek log.
fn zeek(text: &str) -> String {
    match text {
        "" => "(empty)".to_owned(),
        text => text.replace('\\', "\\\\").replace('\t', "\\x09"),
    }
}

/// A condition on the columns.
fn filter(chance: &mut Chance, depth: usize) -> String {
    match if depth == 0 { 3 + chance.below(9) } else { chance.below(12) } {
        0 => format!("({} and {})", filter(chance, depth - 1), filter(chance, depth - 1)),
        1 => format!("({} or {})", filter(chance, depth - 1), filter(chance, depth - 1)),
        2 => format!("not({})", filter(chance, depth - 1)),
        3 => format!("EventId {} {}", chance.of(&["==", "!=", "<", ">="]), chance.below(30)),
        4 => format!("TimeGenerated {} datetime(2026-01-01T00:00:{:02}Z)", chance.of(&["<", ">=", "=="]), chance.below(60)),
        5 => format!("ipv4_is_in_range(ClientIP, '{}')", chance.of(&["192.0.2.0/24", "192.0.2.7", "10.0.0.0/8"])),
        6 => format!("{} matches regex '{}'", column(chance), chance.of(&["fox", "^fox", "(?i)F.X\\\\.", "^$", "[0-9]+"])),
        7..=8 => {
            let operator = *chance.of(&["in", "in~", "!in", "has_any", "has_any", "has_all"]);
            format!("{} {operator} ({})", column(chance), list(chance))
        }
        _ => format!("{} {} {}", column(chance), chance.of(&OPERATORS), literal(&needle(chance))),
    }
}

const OPERATORS: [&str; 16] = [
    "==",
    "!=",
    "=~",
    "!~",
    "has",
    "!has",
    "has_cs",
    "contains",
    "!contains",
    "contains_cs",
    "startswith",
    "startswith_cs",
    "endswith",
    "endswith_cs",
    "hasprefix",
    "hassuffix",
];

fn column(chance: &mut Chance) -> &'static str {
    const COLUMNS: [&str; 9] = [
        "Name",
        "Name",
        "Name",
        "ClientIP",
        "tostring(Extra)",
        "tostring(EventId)",
        "tolower(Name)",
        "extract('[^.]+[.](.*)', 1, Name)",
        "substring(strcat('.', toupper(Name)), 1, 5)",
    ];
    chance.of::<&str>(&COLUMNS)
}

/// A few texts, or many of which most are nowhere.
fn list(chance: &mut Chance) -> String {
    let mut all: Vec<String> = (0..=chance.below(3)).map(|_| literal(&needle(chance))).collect();
    if chance.once_in(4) {
        all.extend((0..chance.below(300)).map(|n| format!("'name{n}.example'")));
    }
    all.join(", ")
}

/// A text that records hold, a part of one, or either in other case.
fn needle(chance: &mut Chance) -> String {
    let whole = if chance.once_in(5) { (*chance.of(&ADDRESSES)).to_owned() } else { text(chance) };
    let chars: Vec<char> = whole.chars().collect();
    let (start, end) = (chance.below(chars.len() + 1), chance.below(chars.len() + 1));
    let needle = match chance.below(3) {
        0 => chars[start.min(end)..start.max(end)].iter().collect(),
        _ => whole,
    };
    match chance.below(4) {
        0 => needle.to_uppercase(),
        1 => needle.to_lowercase(),
        _ => needle,
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\t', "\\t"))
}
