//! The program from outside: arguments and files in, stdout, stderr and an exit code out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use expect_test::{Expect, expect, expect_file};

#[path = "it/blind.rs"]
mod blind;
#[path = "it/declared.rs"]
mod declared;
#[path = "it/exclusions.rs"]
mod exclusions;
#[path = "it/feeds.rs"]
mod feeds;
#[cfg(unix)]
#[path = "it/interrupt.rs"]
mod interrupt;
#[path = "it/losses.rs"]
mod losses;
#[path = "it/lsp.rs"]
mod lsp;
#[path = "it/queries.rs"]
mod queries;

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
fn the_manual_is_what_the_pages_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kql");
    for kind in tallyho::manual::KINDS {
        let path = folder.join(kind.file()).with_extension("md");
        expect_file![path].assert_eq(&tallyho::manual::reference(kind));
    }
    let path = folder.join("not-run.md");
    expect_file![path].assert_eq(&tallyho::manual::not_run());
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
            = 2
        "#]],
    );
    world.check(
        &["intel", "list", "--intel", "none.json"],
        &expect![[r#"
            ! error: none.json: No such file or directory (os error 2)
            = 2
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
             Type     Value          Malware   ThreatType   Confidence   FirstSeen              LastSeen   ValidUntil   Source
            ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
             domain   famwili.shop   Remus     botnet_cc           100   2026-05-20T13:36:27Z                           feed.json
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

/// Indicators and logs in three formats: a contact, a near-miss, a torn line, and a file of no format.
fn hunting_ground() -> World {
    let world = World::new();
    let record = |value: &str, kind: &str| {
        format!(
            r#"[{{"ioc_value": "{value}", "ioc_type": "{kind}", "malware": "win.remus", "malware_printable": "Remus",
            "threat_type": "botnet_cc", "confidence_level": 100, "first_seen_utc": "2026-05-20 13:36:27"}}]"#
        )
    };
    let feed = format!("{{\"1\": {}, \"2\": {}}}", record("famwili.shop", "domain"), record("192.88.99.45:4782", "ip:port"));
    world.write("feed.json", &feed);
    let dns = |second: u8, name: &str| {
        format!(
            "{{\"TimeGenerated\":\"2026-05-20T09:12:{second:02}Z\",\"Computer\":\"SRV-DC-01\",\"ClientIP\":\"10.20.4.14\",\
             \"Name\":\"{name}\",\"QueryType\":\"A\",\"IPAddresses\":\"198.51.100.23\",\"Type\":\"DnsEvents\"}}\n"
        )
    };
    let lines =
        dns(44, "Gate.famwili.shop.") + &dns(45, "notfamwili.shop") + "{\"TimeGenerated\":\n" + &dns(46, "<b>\\u001b[31m");
    world.write("logs/dns.ndjson", &lines);
    let csv = "TimeGenerated,DeviceName,RemoteIP,RemotePort,InitiatingProcessFileName,InitiatingProcessAccountName,Type\n\
        2026-05-20T10:00:00Z,ws-1,192.88.99.45,4782,svch0st.exe,amelie,DeviceNetworkEvents\n\
        2026-05-20T10:00:01Z,ws-1,192.88.99.45,443,msedge.exe,amelie,DeviceNetworkEvents\n\
        2026-05-20T10:00:02Z,srv-bkp-01,192.88.99.45,4782,veeam.exe,svc,DeviceNetworkEvents\n";
    world.write("logs/DeviceNetworkEvents.csv", csv);
    world.write("exclusions.yaml", "lists:\n  servers: [srv-bkp-01]\nexclusions:\n  - scenario: Backup\n    id: backup\n    enabled: true\n    \
        description: A backup.\n    when:\n      all:\n        - process.name: { contains: [veeam] }\n        - host.name: { in_list: servers }\n");
    world
}

/// Figures of time, which differ from run to run, are taken out.
fn timeless(text: &str) -> String {
    text.lines()
        .map(|line| match (line.rfind(" ("), line.ends_with(" s)")) {
            (Some(at), true) => format!("{}\n", &line[..at]),
            _ => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn a_hunt_finds_contacts_and_leaves_near_misses() {
    let world = hunting_ground();
    let args =
        ["hunt", "--intel", "feed.json", "logs", "--exclusions", "exclusions.yaml", "--now", "2026-05-22", "--format", "csv"];
    expect![[r#"
        Time,Family,Host,Indicator,Observed,MatchedBy,Table,Evidence,ExcludedBy,Confidence
        2026-05-20T09:12:44.0000000Z,Remus,10.20.4.14,famwili.shop,Gate.famwili.shop.,subdomain,DnsEvents,logs/dns.ndjson:1,,100
        2026-05-20T10:00:00.0000000Z,Remus,ws-1,192.88.99.45:4782,192.88.99.45,ip:port,DeviceNetworkEvents,logs/DeviceNetworkEvents.csv:2,,100
        2026-05-20T10:00:02.0000000Z,Remus,srv-bkp-01,192.88.99.45:4782,192.88.99.45,ip:port,DeviceNetworkEvents,logs/DeviceNetworkEvents.csv:4,Backup,100
        ! warning: logs/dns.ndjson: 1 line is not readable: line 3: it ends where a value should stand
        ! 3 sightings of 1 family on 3 hosts, 1 of them explained by exclusions; 6 rows searched, 1 line not readable
        = 0
    "#]].assert_eq(&timeless(&world.run(&args)));
}

#[test]
fn a_hunt_finds_the_same_whether_records_are_passed_over_or_not() {
    let world = hunting_ground();
    let damaged =
        "{\"TimeGenerated\":\"2026-05-20T09:12:47Z\",\"Name\":\"other.example\",\"QueryType\":,\"Type\":\"DnsEvents\"}\n";
    let lines = fs::read_to_string(world.path("logs/dns.ndjson")).expect("logs") + damaged;
    world.write("logs/dns.ndjson", &lines);
    let run = |options: &[&str]| {
        let told = world.run(&[&["hunt", "--intel", "feed.json", "logs", "--format", "csv"], options].concat());
        let is_summary = |line: &str| line.starts_with('!');
        let sightings: Vec<String> = told.lines().filter(|line| !is_summary(line)).map(str::to_owned).collect();
        (sightings, told.lines().filter(|line| is_summary(line)).collect::<String>())
    };
    let ((passing, seen), (decoding, all)) = (run(&[]), run(&["--no-prefilter"]));
    assert_eq!(passing, decoding);
    // Damage inside a line that cannot match is found only by decoding it.
    assert!(
        seen.contains("7 rows searched, 1 line not readable") && all.contains("6 rows searched, 2 lines not readable"),
        "{seen}\n{all}"
    );
}

#[test]
fn of_sorted_logs_a_hunt_reads_what_its_times_need() {
    let world = hunting_ground();
    // A name a second for a day, in lines long enough for a file that is worth not reading; one is a contact, and one line damaged.
    let line = |second: usize, name: &str| {
        let (hour, minute, rest, filler) = (second / 3600, second / 60 % 60, second % 60, "x".repeat(120));
        format!(
            "{{\"TimeGenerated\":\"2026-05-20T{hour:02}:{minute:02}:{rest:02}Z\",\"ClientIP\":\"10.20.4.14\",\"Name\":\"{name}\",\
             \"Computer\":\"{filler}\",\"Type\":\"DnsEvents\"}}\n"
        )
    };
    let day = |of: &dyn Fn(usize) -> usize| -> String {
        let record = |n: usize| match n {
            50_000 => line(n, "gate.famwili.shop"),
            50_010 => "{\"TimeGenerated\":\n".to_owned(),
            n => line(of(n), "other.example"),
        };
        (0..86_400).map(record).collect()
    };
    world.write("logs/dns.ndjson", &day(&|n| n));
    let run = |options: &[&str]| {
        let hunt = ["hunt", "--intel", "feed.json", "logs/dns.ndjson", "--since", "2026-05-20T13:50:00Z", "--format", "csv"];
        timeless(&world.run(&[&hunt, options].concat()))
    };
    let (all, part) = (run(&[]), run(&["--sorted", "--until", "2026-05-20T14:00:00Z"]));
    expect![[r#"
        Time,Family,Host,Indicator,Observed,MatchedBy,Table,Evidence,ExcludedBy,Confidence
        2026-05-20T13:53:20.0000000Z,Remus,10.20.4.14,famwili.shop,gate.famwili.shop,subdomain,DnsEvents,logs/dns.ndjson:50001,,100
        ! Not looked for, as no file has a column that could show them: 1 of 1 ip:port
        ! logs/dns.ndjson: 19.8 MB of it stand outside the times asked for and were not read (--sorted)
        ! warning: logs/dns.ndjson: 1 line is not readable: line 50011: it ends where a value should stand
        ! 1 sighting of 1 family on 1 host, 0 of them explained by exclusions; 4,351 rows searched, 1 line not readable
        = 0
    "#]].assert_eq(&part);
    let sightings = |told: &str| told.lines().filter(|line| !line.starts_with('!')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(sightings(&all), sightings(&part));
    // Where the order is another, all is read.
    world.write("logs/dns.ndjson", &day(&|n| 86_399 - n));
    let told = run(&["--sorted"]);
    assert_eq!(sightings(&all), sightings(&told));
    assert!(told.contains("its records are not in the order of their times"), "{told}");
}

#[test]
fn exit_codes_of_a_hunt() {
    let world = hunting_ground();
    let ends = |args: &[&str]| world.run(args).lines().last().unwrap_or_default().to_owned();
    assert_eq!(ends(&["hunt", "--intel", "feed.json", "logs", "--exit-code"]), "= 1");
    assert_eq!(ends(&["hunt", "--intel", "feed.json", "logs", "--exit-code", "--since", "2026-05-21"]), "= 0");
    assert_eq!(ends(&["hunt", "--intel", "feed.json", "none"]), "= 2");
    assert_eq!(ends(&["hunt", "--intel", "none", "logs"]), "= 2");
    assert_eq!(ends(&["hunt", "--intel", "feed.json", "logs", "--family", "Remuz"]), "= 2");
    world.write("logs/odd.bin", "\u{0}\u{1}\u{2} no log at all");
    assert_eq!(ends(&["hunt", "--intel", "feed.json", "logs"]), "= 3");
}

#[test]
fn a_hunt_that_cannot_find_anything_says_so() {
    let world = hunting_ground();
    let backwards = ["hunt", "--intel", "feed.json", "logs", "--since", "2026-05-22", "--until", "2026-05-21"];
    let told = world.run(&backwards);
    assert!(told.contains("--since is not before --until") && told.ends_with("= 2\n"), "{told}");
    std::fs::create_dir(world.path("empty")).unwrap();
    let told = world.run(&["hunt", "--intel", "feed.json", "empty"]);
    assert!(told.contains("nothing is searched"), "{told}");
    world.write("none.json", r#"{"query_status":"no_result","data":"Your search did not yield any results"}"#);
    let told = world.run(&["hunt", "--intel", "none.json", "logs"]);
    assert!(told.contains("nothing is hunted"), "{told}");
}

#[test]
fn a_report_is_one_inert_page() {
    let world = hunting_ground();
    assert!(world.run(&["hunt", "--intel", "feed.json", "logs", "--out", "report.html"]).ends_with("= 0\n"));
    let page = fs::read_to_string(world.path("report.html")).expect("a report");
    assert!(page.contains("<mark>Gate.famwili.shop.</mark>") && page.contains("3 sightings"));
    assert!(!page.contains("<script") && !page.contains('\u{1b}'));
    assert!(!world.path("report.html.part").exists());
}

#[test]
fn logs_are_converted_and_mean_the_same() {
    let world = hunting_ground();
    world.check(
        &["logs", "convert", "logs/dns.ndjson", "-o", "dns.parquet"],
        &expect![[r#"
            ! warning: logs/dns.ndjson: 1 line is not readable: line 3: it ends where a value should stand
            ! dns.parquet: 3 rows of DnsEvents in 7 columns
            = 3
        "#]],
    );
    for target in ["dns.csv", "dns.ndjson", "again.parquet"] {
        assert!(world.run(&["logs", "convert", "-q", "dns.parquet", "-o", target]).ends_with("= 0\n"), "{target}");
    }
    // The one with hidden characters is not the same in CSV, where they are made visible.
    let query = "DnsEvents | where Name !startswith '<' | project TimeGenerated, ClientIP, Name | sort by TimeGenerated asc";
    let rows = |file: &str| world.run(&["kql", "run", "-e", query, "--logs", file, "--format", "csv", "-q"]);
    let first = rows("logs/dns.ndjson");
    assert!(first.contains("Gate.famwili.shop."), "{first}");
    for file in ["dns.parquet", "dns.csv", "dns.ndjson", "again.parquet"] {
        assert_eq!(rows(file), first, "{file}");
    }
    world.check(
        &["logs", "convert", "logs", "-o", "all.parquet"],
        &expect![[r#"
            ! error: these files fill several tables: DeviceNetworkEvents, DnsEvents
            ! help: choose one with --table TABLE
            = 2
        "#]],
    );
}

#[test]
fn a_query_runs_over_logs() {
    let world = hunting_ground();
    let query = "DnsEvents | where Name has 'shop' | summarize count() by ClientIP";
    world.check(
        &["kql", "run", "-e", query, "--logs", "logs", "--format", "json"],
        &expect![[r#"
            {"columns":[{"name":"ClientIP","type":"string"},{"name":"count_","type":"long"}],"rows":[["10.20.4.14",2]]}
            ! warning: logs/dns.ndjson: 1 line is not readable: line 3: it ends where a value should stand
            = 0
        "#]],
    );
    world.check(
        &["kql", "run", "-e", "DnsEvents | where Nam == 1", "--logs", "logs"],
        &expect![[r#"
        ! error[K0101]: no column is called `Nam` here
        !  --> query:1:19
        !   |
        ! 1 | DnsEvents | where Nam == 1
        !   |                   ^^^
        !   = help: did you mean `Name`?
        = 2
    "#]],
    );
    let query = "X | where RemotePort == 443 | project DeviceName";
    world.check(
        &["kql", "run", "-e", query, "--table", "X=logs/DeviceNetworkEvents.csv", "--format", "csv"],
        &expect![[r#"
        DeviceName
        ws-1
        = 0
    "#]],
    );
}

#[test]
fn the_demo_finds_what_was_planted() {
    let world = World::new();
    expect![[r#"
         Family          Indicators   Sightings   Explained   Hosts   First                  Last
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────
         Covert RAT               1          16           2       3   2026-05-20T02:31:00Z   2026-05-21T16:45:07Z
         Remus                    3          32           0       6   2026-05-14T11:00:00Z   2026-05-21T14:03:00Z
         Vixen Stealer            2           5           0       3   2026-05-20T15:21:40Z   2026-05-21T03:44:01Z
        ! 53 sightings of 3 families on 10 hosts, 2 of them explained by exclusions; 17,432 rows searched, 1 line not readable
        ! 
        ! The report is in tallyho-demo/report.html: open it in a browser.
        ! The same by hand, with your own files one day:
        !   tallyho hunt --intel tallyho-demo/intel/threatfox.json --exclusions tallyho-demo/exclusions.yaml tallyho-demo/logs
        ! Any question of your own:
        !   tallyho kql run --logs tallyho-demo/logs -e 'DnsEvents | summarize count() by ClientIP | top 5 by count_'
        = 0
    "#]]
    .assert_eq(&timeless(&world.run(&["demo"])));
    assert!(world.path("tallyho-demo/report.html").exists());
}
