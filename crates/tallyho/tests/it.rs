//! The program from outside: arguments and files in, stdout, stderr and an exit code out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use expect_test::{Expect, expect, expect_file};

/// A folder of its own, in which commands run.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        World { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tallyho"));
        command.args(args).current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command and shows all that came of it.
    fn run(&self, args: &[&str]) -> String {
        shown(&self.command(args).output().expect("the program starts"))
    }

    fn check(&self, args: &[&str], expected: &Expect) {
        expected.assert_eq(&self.run(args));
    }
}

fn shown(output: &Output) -> String {
    let mut out = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        out.push_str(&format!("! {line}\n"));
    }
    out.push_str(&format!("= {}\n", output.status.code().unwrap_or(-1)));
    out
}

#[test]
fn the_reference_is_what_the_commands_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    expect_file![path].assert_eq(&tallyho::cli::reference::reference());
}

#[test]
fn a_wrong_request_ends_with_2_and_says_what_is_wrong() {
    let world = World::new();
    world.check(
        &["--now", "yesterday", "intel", "list", "--intel", "x"],
        &expect![[r#"
        ! error: `yesterday` is no time
        ! help: write it as 2026-05-20 or 2026-05-20T13:36:27Z (UTC)
        = 2
    "#]],
    );
    assert!(world.run(&["hnut"]).ends_with("= 2\n"));
}

#[test]
fn a_feed_that_cannot_be_read_is_named() {
    let world = World::new();
    world.write("feed.json", "{\"1\": ");
    world.check(
        &["intel", "list", "--intel", "feed.json"],
        &expect![[r#"
        ! error: feed.json: broken JSON: EOF while parsing a value at line 1 column 6
        = 3
    "#]],
    );
    world.check(
        &["intel", "list", "--intel", "none.json"],
        &expect![[r#"
        ! error: none.json: No such file or directory (os error 2)
        = 3
    "#]],
    );
}

#[test]
fn intel_is_listed_and_explained() {
    let world = World::new();
    let record = r#"{"1": [{"ioc_value": "famwili.shop", "ioc_type": "domain", "malware": "win.remus",
        "malware_printable": "Remus", "threat_type": "botnet_cc", "confidence_level": 100,
        "first_seen_utc": "2026-05-20 13:36:27"}], "2": [{"ioc_value": "10.0.0.1:80", "ioc_type": "ip:port", "malware": "win.remus"}]}"#;
    world.write("feed.json", record);
    world.check(
        &["intel", "list", "--intel", "feed.json"],
        &expect![[r#"
         Type     Value          Malware   ThreatType   Confidence   FirstSeen              Source
        ──────────────────────────────────────────────────────────────────────────────────────────────
         domain   famwili.shop   Remus     botnet_cc           100   2026-05-20T13:36:27Z   feed.json
        ! 1 indicator of 1 family from 1 file; 1 value rejected, 0 held back
        = 0
    "#]],
    );
    world.check(
        &["intel", "list", "--intel", "feed.json", "--left-out", "--format", "ndjson", "-q"],
        &expect![[r#"
        {"Value":"10.0.0.1:80","Verdict":"rejected","Why":"not a public address: private","At":"record 2","Source":"feed.json"}
        = 0
    "#]],
    );
    world.check(
        &["intel", "explain", "gate[.]famwili.shop", "--intel", "feed.json", "--format", "csv"],
        &expect![[r#"
        Value,Verdict,Why,Malware,Source
        gate[.]famwili.shop,hunted,it is a name below famwili.shop,Remus,feed.json
        = 0
    "#]],
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    let world = World::new();
    world.write("feed.txt", &(0..20_000).map(|n| format!("host{n}.evil.shop\n")).collect::<String>());
    let mut child = world
        .command(&["intel", "list", "--intel", "feed.txt", "-q"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ended");
    assert_eq!(shown(&output), "= 0\n");
}

#[test]
fn a_query_is_checked_with_its_place_and_what_to_do() {
    let world = World::new();
    world.check(
        &["kql", "check", "--query", "DnsEvents\n| wher Name == 'x'", "--exit-code"],
        &expect![[r#"
            error[K0006]: `wher` is no tabular operator
             --> query:2:3
              |
            2 | | wher Name == 'x'
              |   ^^^^
              = help: did you mean `where`?
            ! 1 query: 1 error, 0 warnings
            = 1
        "#]],
    );
    world.check(
        &["kql", "check", "--query", "DnsEvents | count", "--no-lint", "--format", "json"],
        &expect![[r#"
            {"id":"query","ok":true,"syntax_ok":true,"diagnostics":[],"columns":[{"name":"Count","type":"long"}]}
            ! 1 query: 0 errors, 0 warnings
            = 0
        "#]],
    );
}

#[test]
fn machines_check_by_lines() {
    let world = World::new();
    let mut child =
        world.command(&["kql", "check", "--jsonl"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
    let lines =
        "{\"id\": 1, \"query\": \"print x = '\u{1d11e}' | where y\"}\nnonsense\n{\"id\": \"b\", \"query\": \"print x = 1\"}\n";
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), lines.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ended");
    expect![[r#"
        {"id":1,"ok":false,"syntax_ok":true,"diagnostics":[{"code":"K0101","severity":"error","message":"no column is called `y` here","start":23,"length":1,"help":"did you mean `x`?"}],"columns":[{"name":"x","type":"string"}]}
        {"id":null,"error":{"code":"request","message":"this line is no request: expected ident at line 1 column 2"}}
        {"id":"b","ok":true,"syntax_ok":true,"diagnostics":[],"columns":[{"name":"x","type":"long"}]}
        = 0
    "#]].assert_eq(&shown(&output));
}

#[test]
fn a_query_is_formatted() {
    let world = World::new();
    world.write("q.kql", "DnsEvents|where Name=='x'|count // all\n");
    world.check(
        &["kql", "fmt", "q.kql"],
        &expect![[r#"
        DnsEvents
        | where Name == 'x'
        | count // all
        = 0
    "#]],
    );
    world.check(
        &["kql", "fmt", "--check", "q.kql"],
        &expect![[r#"
        q.kql
        = 1
    "#]],
    );
    world.check(
        &["kql", "fmt", "--write", "q.kql", "-q"],
        &expect![[r#"
        = 0
    "#]],
    );
    world.check(
        &["kql", "fmt", "--check", "q.kql"],
        &expect![[r#"
        = 0
    "#]],
    );
}
