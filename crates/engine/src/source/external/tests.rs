//! Files of every format, through queries.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::Externals;
use crate::engine::{Config, Engine};

/// The rows of a query over the files of a folder that stands for `https://x.example/`, or its error.
fn run(folder: &Path, query: &str) -> String {
    let mut engine = Engine::new(Config { threads: 2, ..Config::default() }).expect("an engine");
    let mut externals = Externals::default();
    externals.map("https://x.example/", folder);
    engine.set_externals(externals);
    match engine.run(query) {
        Ok(answer) => {
            let rows = &answer.tables[0].rows.rows;
            rows.iter().map(|row| row.iter().map(|v| v.to_text()).collect::<Vec<_>>().join("|")).collect::<Vec<_>>().join("\n")
        }
        Err(error) => format!("{}: {}", error.code, error.message.replace(&folder.display().to_string(), "DIR")),
    }
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("written");
    }
    folder
}

#[test]
fn cells_go_to_columns_in_order() {
    let csv = "\u{feff}Name,Score,When,More\r\n\"fox, red\",7,2026-01-02,{\"a\":1}\r\nhen\r\n";
    let folder = folder(&[("a.csv", csv.as_bytes()), ("a.tsv", b"x\t1\n"), ("a.psv", b"x|1\n")]);
    let query = "externaldata(Name: string, Score: long, When: datetime, More: dynamic)[h@'https://x.example/a.csv?sig=1'] \
         with (format='csv', ignoreFirstRecord=true) | project Name, Score, When, More.a";
    assert_eq!(run(folder.path(), query), "fox, red|7|2026-01-02T00:00:00.0000000Z|1\nhen|||");
    for name in ["a.tsv", "a.psv"] {
        let query = format!("externaldata(a: string, b: int)['https://x.example/{name}']");
        assert_eq!(run(folder.path(), &query), "x|1");
    }
}

#[test]
fn lines_whole_files_and_several_addresses() {
    let folder = folder(&[("a.txt", b"one\r\n\ntwo, too\n"), ("b.txt", b"three")]);
    let query = "externaldata(line: string)['https://x.example/a.txt', 'https://x.example/b.txt'] | sort by line asc";
    assert_eq!(run(folder.path(), query), "one\nthree\ntwo, too");
    let query = "externaldata(all: string)['https://x.example/a.txt'] with (format=raw) | project strlen(all)";
    assert_eq!(run(folder.path(), query), "15");
    let query = "datatable(n: string)['one', 'two'] | where n in (externaldata(line: string)['https://x.example/a.txt'])";
    assert_eq!(run(folder.path(), query), "one");
}

#[test]
fn json_by_name_or_by_mapping() {
    let folder = folder(&[
        ("a.json", b"{\"ip\":\"192.0.2.1\",\"port\":\"80\",\"x\":{\"t\":1767225600}}\n\n{\"ip\":\"192.0.2.2\",\"port\":443}\n"),
        ("b.json", b"[{\"ip\":1},\n{\"ip\":true}]\n{\"ip\":null}"),
        ("c.json", b"{\"ip\":\n1}"),
    ]);
    let query = "externaldata(ip: string, port: int)['https://x.example/a.json'] with (format='json')";
    assert_eq!(run(folder.path(), query), "192.0.2.1|80\n192.0.2.2|443");
    let query = "externaldata(ip: string)['https://x.example/b.json'] with (format='multijson')";
    assert_eq!(run(folder.path(), query), "1\ntrue\n");
    let mapping = r#"[{"Column":"t","Properties":{"Path":"$.x.t","Transform":"DateTimeFromUnixSeconds"}},{"Column":"n","Properties":{"Transform":"SourceLineNumber"}},{"Column":"f","Properties":{"Transform":"SourceLocation"}}]"#;
    let query = format!(
        "externaldata(t: datetime, n: long, f: string, no: string)['https://x.example/a.json'] \
         with (format='json', ingestionMapping=@'{mapping}')"
    );
    let wanted = "2026-01-01T00:00:00.0000000Z|1|https://x.example/a.json|\n|3|https://x.example/a.json|";
    assert_eq!(run(folder.path(), &query), wanted);
    let query = "externaldata(ip: string)['https://x.example/c.json']";
    assert_eq!(
        run(folder.path(), query),
        "K0605: DIR/c.json: line 1: no JSON object; if objects span lines, the format is multijson"
    );
}

#[test]
fn packed_files() {
    let folder = folder(&[]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"a,1\n").expect("packed");
    fs::write(folder.path().join("a.csv.gz"), gzip.finish().expect("packed")).expect("written");
    let mut archive = zip::ZipWriter::new(fs::File::create(folder.path().join("b.zip")).expect("created"));
    for (name, text) in [("readme.md", "no"), ("one.csv", "b,2\n"), ("two.csv", "c,3\n")] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("started");
        archive.write_all(text.as_bytes()).expect("packed");
    }
    archive.finish().expect("packed");
    let query = "externaldata(a: string, n: int)['https://x.example/a.csv.gz', 'https://x.example/b.zip'] \
         with (format='csv', zipPattern='*.csv') | sort by n asc";
    assert_eq!(run(folder.path(), query), "a|1\nb|2\nc|3");
}

#[test]
fn what_is_no_object_is_said() {
    let folder = folder(&[("a.json", b"[{\"ip\":1},\n2]"), ("b.json", b"[[{\"ip\":1}]]"), ("c.json", b"{\"ip\":1}\n3")]);
    let run = |name: &str| {
        run(folder.path(), &format!("externaldata(ip: string)['https://x.example/{name}'] with (format='multijson')"))
    };
    assert_eq!(run("a.json"), "K0605: DIR/a.json: invalid type: integer `2`, expected a JSON object at line 2 column 2");
    assert!(run("b.json").starts_with("K0605: DIR/b.json: invalid type: sequence, expected a JSON object"), "{}", run("b.json"));
    assert!(run("c.json").contains("integer `3`, expected a JSON object, or an array of them at line 2"), "{}", run("c.json"));
}

#[test]
fn a_record_without_an_end_is_not_read_to_it() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"[{\"a\":\"").expect("packed");
    gzip.write_all(&vec![b'x'; super::rows::RECORD_BYTES + (1 << 16)]).expect("packed");
    let folder = folder(&[("a.gz", &gzip.finish().expect("packed"))]);
    for format in ["csv", "txt", "raw", "json", "multijson"] {
        let query = format!("externaldata(a: string)['https://x.example/a.gz'] with (format='{format}') | count");
        let refused = run(folder.path(), &query);
        assert!(refused.starts_with("K0605: ") && refused.contains("a record is longer than 32 MiB"), "{format}: {refused}");
    }
    let line = [vec![b'x'; 4 << 20], b"\n".to_vec()].concat();
    fs::write(folder.path().join("long.txt"), line.repeat(9)).expect("written");
    assert_eq!(run(folder.path(), "externaldata(a: string)['https://x.example/long.txt'] | count"), "9", "longer together");
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = folder(&[("a.csv", b"")]);
    let run = |query: &str| run(folder.path(), query);
    assert_eq!(run("externaldata(a: string)['https://x.example/a.csv'] | count"), "0");
    assert!(run("externaldata(a: string)['https://x.example/no.csv']").starts_with("K0605: DIR/no.csv: No such file"));
    assert!(
        run("externaldata(a: string)['https://y.example/a.csv']").starts_with("K0606: the query reads `https://y.example/a.csv`")
    );
    let refused = run("externaldata(a: string)['https://x.example/a.avro']");
    assert_eq!(refused, "K0601: externaldata in the format avro is known to Kusto but not run here");
    let refused = run("externaldata(a: string)['https://x.example/a.csv'] with (format='csv', shape='round')");
    assert!(refused.starts_with("K0602: externaldata takes no property `shape` here"), "{refused}");
}
