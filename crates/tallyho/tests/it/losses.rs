//! What is not read, not searched or not written is said, and nothing is written over that somebody may want.

use std::fs;
use std::io::Write as _;

use expect_test::expect;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::World;

const NOW: &str = "2026-11-01";

/// Five contacts a day apart, with two torn lines between them and a time that is none.
fn world() -> World {
    let world = World::new();
    let mut text = String::new();
    for day in 10..15 {
        text += &format!("{{\"Type\":\"DnsEvents\",\"TimeGenerated\":\"2026-05-{day}T09:00:00Z\",\"Name\":\"bad-host.shop\"}}\n");
    }
    world.write("whole/DnsEvents.ndjson", &text);
    let torn = "{\"Type\":\"DnsEvents\",\"Name\":\n{\"Type\":\"DnsEvents\",\"TimeGenerated\":\"noon\",\"Name\":\"bad-host.shop\"}\n{\"Type\n";
    world.write("torn/DnsEvents.ndjson", &(text.clone() + torn));
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(text.as_bytes()).expect("packed");
    let packed = packed.finish().expect("packed");
    fs::create_dir_all(world.path("cut")).expect("a folder");
    fs::write(world.path("cut/DnsEvents.ndjson.gz"), &packed[..packed.len() / 2]).expect("written");
    world.write("list.txt", "bad-host.shop\n");
    world
}

#[test]
fn tables_say_what_could_not_be_read() {
    let world = world();
    expect![[r#"
        Table,Path,Rows,Unparsed,Why,From,Until
        DnsEvents,torn/DnsEvents.ndjson,6,2,line 6: it ends where a value should stand,2026-05-10T09:00:00.0000000Z,2026-05-14T09:00:00.0000000Z
        ! warning: torn/DnsEvents.ndjson: 2 lines are not readable: line 6: it ends where a value should stand; line 8: a string is not closed
        ! warning: torn/DnsEvents.ndjson: 1 value of TimeGenerated cannot be read as its type (`noon`): null stands for it
        = 0
    "#]].assert_eq(&world.run(&["logs", "tables", "torn", "--format", "csv"]));
    expect![[r#"
        Table,Path,Rows,Unparsed,Why,From,Until
        DnsEvents,cut/DnsEvents.ndjson.gz,2,1,the file breaks off after 204 bytes: incomplete deflate stream,2026-05-10T09:00:00.0000000Z,2026-05-11T09:00:00.0000000Z
        ! warning: cut/DnsEvents.ndjson.gz: 1 line is not readable: line 3: a string is not closed
        ! warning: cut/DnsEvents.ndjson.gz: not read to its end: the file breaks off after 204 bytes: incomplete deflate stream
        = 3
    "#]].assert_eq(&world.run(&["logs", "tables", "cut", "--format", "csv"]));
}

#[test]
fn a_query_says_what_it_could_not_read() {
    let world = world();
    let run = |logs: &str| {
        world.run(&[
            "kql",
            "run",
            "-e",
            "DnsEvents | summarize n = count(), max(TimeGenerated)",
            "--logs",
            logs,
            "--format",
            "csv",
        ])
    };
    expect![[r#"
        n,max_TimeGenerated
        6,2026-05-14T09:00:00.0000000Z
        ! warning: torn/DnsEvents.ndjson: 2 lines are not readable: line 6: it ends where a value should stand; line 8: a string is not closed
        ! warning: torn/DnsEvents.ndjson: 1 value of TimeGenerated cannot be read as its type (`noon`): null stands for it
        = 0
    "#]].assert_eq(&run("torn"));
    expect![[r#"
        n,max_TimeGenerated
        2,2026-05-11T09:00:00.0000000Z
        ! warning: cut/DnsEvents.ndjson.gz: 1 line is not readable: line 3: a string is not closed
        ! warning: cut/DnsEvents.ndjson.gz: not read to its end: the file breaks off after 204 bytes: incomplete deflate stream
        = 3
    "#]]
    .assert_eq(&run("cut"));
    expect![[r#"
        _BilledSize,ClientIP,Computer,Confidence,Description,EventId,IndicatorThreatType,IPAddresses,_IsBillable,MaliciousIP,Message,Name,QueryType,RemoteIPCountry,RemoteIPLatitude,RemoteIPLongitude,_ResourceId,Result,ResultCode,Severity,SourceSystem,_SubscriptionId,SubType,TaskCategory,TimeGenerated,Type
        ! warning: no rows: the query counts time from 2026-11-01T00:00:00.0000000Z, and the newest record is of 2026-05-14T09:00:00.0000000Z; `--now` moves it
        = 0
    "#]].assert_eq(&world.run(&[
        "kql",
        "run",
        "-e",
        "DnsEvents | where TimeGenerated > ago(7d)",
        "--logs",
        "whole",
        "--now",
        NOW,
        "--format",
        "csv",
    ]));
    expect![[r#"
        ! warning: query: there is no query in it, and so no result
        = 0
    "#]]
    .assert_eq(&world.run(&["kql", "run", "-e", "// nothing\nlet x = 5;"]));
}

#[test]
fn a_hunt_says_what_it_did_not_search() {
    let world = world();
    world.write(
        "torn/Heartbeat.ndjson",
        "{\"Type\":\"Heartbeat\",\"TimeGenerated\":\"2026-05-10T09:00:00Z\",\"Computer\":\"a\"}\n",
    );
    let hunt =
        |logs: &str| world.run(&["hunt", "--intel", "list.txt", logs, "--format", "markdown"]).replace(char::is_numeric, "0");
    expect![[r#"
        | `Family` | `Indicators` | `Sightings` | `Explained` | `Hosts` | `First` | `Last` |
        |---|---|---|---|---|---|---|
        | `the list list` | `0` | `0` | `0` | `0` | `0000-00-00T00:00:00.0000000Z` | `0000-00-00T00:00:00.0000000Z` |

        | `Time` | `Family` | `Host` | `Indicator` | `Observed` | `MatchedBy` | `Table` | `Evidence` | `ExcludedBy` | `Confidence` |
        |---|---|---|---|---|---|---|---|---|---|
        |  | `the list list` |  | `bad-host.shop` | `bad-host.shop` | `exact` | `DnsEvents` | `torn/DnsEvents.ndjson:0` |  |  |
        | `0000-00-00T00:00:00.0000000Z` | `the list list` |  | `bad-host.shop` | `bad-host.shop` | `exact` | `DnsEvents` | `torn/DnsEvents.ndjson:0` |  |  |
        | `0000-00-00T00:00:00.0000000Z` | `the list list` |  | `bad-host.shop` | `bad-host.shop` | `exact` | `DnsEvents` | `torn/DnsEvents.ndjson:0` |  |  |
        | `0000-00-00T00:00:00.0000000Z` | `the list list` |  | `bad-host.shop` | `bad-host.shop` | `exact` | `DnsEvents` | `torn/DnsEvents.ndjson:0` |  |  |
        | `0000-00-00T00:00:00.0000000Z` | `the list list` |  | `bad-host.shop` | `bad-host.shop` | `exact` | `DnsEvents` | `torn/DnsEvents.ndjson:0` |  |  |
        | `0000-00-00T00:00:00.0000000Z` | `the list list` |  | `bad-host.shop` | `bad-host.shop` | `exact` | `DnsEvents` | `torn/DnsEvents.ndjson:0` |  |  |
        ! Not searched, as no hunt asks for it: Heartbeat
        ! warning: torn/DnsEvents.ndjson: 0 lines are not readable: line 0: it ends where a value should stand; line 0: a string is not closed
        ! warning: torn/DnsEvents.ndjson: 0 value of TimeGenerated cannot be read as its type (`noon`): null stands for it
        ! 0 sightings of 0 family on 0 hosts, 0 of them explained by exclusions; 0 rows searched, 0 lines not readable (0.0 s)
        = 0
    "#]].assert_eq(&hunt("torn"));
    world.write("list.txt", "good-host.shop\n");
    expect![[r#"
        No sightings.
        ! 0 sightings of 0 families on 0 hosts, 0 of them explained by exclusions; 0 rows searched, 0 lines not readable (0.0 s)
        = 0
    "#]]
    .assert_eq(&hunt("whole"));
}

#[test]
fn a_name_of_very_many_labels_hides_no_sighting() {
    let world = world();
    let name = format!("{}bad-host.shop", "a.".repeat(30_000));
    world.write("long/DnsEvents.ndjson", &format!("{{\"Type\":\"DnsEvents\",\"Name\":\"{name}\"}}\n"));
    let said = world.run(&["hunt", "--intel", "list.txt", "long", "whole", "--format", "csv"]);
    assert!(said.contains("! 6 sightings of 1 family") && said.ends_with("= 0\n"), "{}", &said[said.len() - 1000..]);
}

#[test]
fn files_are_read_once_and_tables_named_once() {
    let world = world();
    let count = ["kql", "run", "--format", "csv", "-e", "DnsEvents | count"];
    let run = |args: &[&str]| world.run(&[&count, args].concat());
    expect![[r#"
        Count
        5
        = 0
    "#]]
    .assert_eq(&run(&["--logs", "whole", "--logs", "./whole/DnsEvents.ndjson"]));
    let table = "DnsEvents=whole/DnsEvents.ndjson";
    expect![[r#"
        ! error: --table DnsEvents is given twice, and a table is one file
        ! help: --logs reads any number of files, each under the table that its content says
        = 2
    "#]]
    .assert_eq(&run(&["--table", table, "--table", table]));
    expect![[r#"
        ! error: whole: a folder, and a table is one file
        ! help: --logs reads all files of a folder, each under the table that its content says
        = 2
    "#]]
    .assert_eq(&run(&["--table", "DnsEvents=whole"]));
    expect![[r#"
        Count
        5
        ! warning: --table DnsEvents takes the place of what --logs has for it
        = 0
    "#]]
    .assert_eq(&run(&["--logs", "torn", "--table", table]));
    expect![[r#"
        ! error: cut/DnsEvents.ndjson.gz: no text, and so no query
        ! help: log files are named by `--logs PATH`, once for each path
        = 2
    "#]]
    .assert_eq(&run(&["--logs", "whole", "cut/DnsEvents.ndjson.gz"]));
}

#[test]
fn one_bad_file_does_not_keep_the_others_away() {
    let world = world();
    fs::write(world.path("b.kql"), b"\xff\xfe").expect("written");
    world.write("a.kql", "print 1 +\n");
    world.write("c.kql", "print 1\n");
    expect![[r#"
        error[K0004]: expected an expression, but the query ends here
         --> a.kql:1:10
          |
        1 | print 1 +
          |          ^
        ! error: b.kql: no text, and so no query
        ! error: d.kql: No such file or directory (os error 2)
        ! 2 queries: 1 error, 0 warnings
        = 3
    "#]]
    .assert_eq(&world.run(&["kql", "check", "a.kql", "b.kql", "c.kql", "d.kql"]));
    expect![[r#"
        print 1
        ! error[K0004]: expected an expression, but the query ends here
        !  --> a.kql:1:10
        !   |
        ! 1 | print 1 +
        !   |          ^
        ! help: a query is formatted once its syntax is right
        = 2
    "#]]
    .assert_eq(&world.run(&["kql", "fmt", "a.kql", "c.kql"]));
    world.write("feeds/list.txt", "bad-host.shop\n");
    world.write("feeds/more/list.txt", "worse-host.shop\n");
    fs::write(world.path("feeds/LICENSE"), b"\0\x01\x02").expect("written");
    expect![[r#"
        Type,Value,Malware,ThreatType,Confidence,FirstSeen,LastSeen,ValidUntil,Source
        domain,bad-host.shop,the list list,,,,,,feeds/list.txt
        domain,worse-host.shop,the list list,,,,,,feeds/more/list.txt
        ! warning: passed over: feeds/LICENSE: no known feed format; known are threatfox, misp, stix, maltrail, table, list
        ! 2 indicators of 1 family from 2 files; 0 values rejected, 0 held back
        = 0
    "#]]
    .assert_eq(&world.run(&["intel", "list", "--intel", "feeds", "--format", "csv"]));
}

#[test]
fn what_is_read_is_not_written_over() {
    let world = world();
    let log = "whole/DnsEvents.ndjson";
    let before = fs::read(world.path(log)).expect("read");
    expect![[r#"
        ! error: whole/DnsEvents.ndjson: this file is read: it would be lost
        ! help: name another file for what is written
        = 2
    "#]]
    .assert_eq(&world.run(&["logs", "convert", log, "-o", log]));
    expect![[r#"
        ! error: list.txt: this file is read: it would be lost
        ! help: name another file for what is written
        = 2
    "#]]
    .assert_eq(&world.run(&["hunt", "--intel", "list.txt", "whole", "--out", "list.txt"]));
    expect![[r#"
        ! error: whole/DnsEvents.ndjson: this file is read: it would be lost
        ! help: name another file for what is written
        = 2
    "#]]
    .assert_eq(&world.run(&["kql", "run", "-e", "T", "--table", &format!("T={log}"), "--out", log]));
    assert_eq!(fs::read(world.path(log)).expect("read"), before);
    world.write("tallyho-demo/report.html", "mine");
    expect![[r#"
        ! error: tallyho-demo/report.html: not the demo's: it would be lost
        ! help: name another folder: `tallyho demo FOLDER`
        = 2
    "#]]
    .assert_eq(&world.run(&["demo"]));
    expect![[r#"
        ! error: x.svg: `.svg` is the ending of no format
        ! help: `--chart FILE.svg` writes what `render` draws
        = 2
    "#]]
    .assert_eq(&world.run(&["kql", "run", "-e", "print 1", "--out", "x.svg"]));
    expect![[r#"
        ! error: nowhere/x.csv: not written: No such file or directory (os error 2)
        = 2
    "#]]
    .assert_eq(&world.run(&["kql", "run", "-e", "print 1", "--out", "nowhere/x.csv"]));
}

#[test]
fn queries_that_a_former_build_left_are_named() {
    let world = World::new();
    world.write("a.txt", "evil.shop\n");
    world.write("b.txt", "93.184.216.34\n");
    world.write("out/notes/mine.kql", "T");
    world.run(&["hunts", "build", "--intel", "a.txt", "-o", "out"]);
    let answer = world.run(&["hunts", "build", "--intel", "b.txt", "-o", "out"]);
    let old = "! warning: 7 queries that this build did not write are still there: out/list-a/domain-click.kql, ";
    assert!(answer.contains(old) && answer.contains(" and 2 more\n"), "{answer}");
    let names: Vec<String> = (0..400).map(|n| format!("name-{n}.evil-{n}.shop\n")).collect();
    world.write("b.txt", &names.concat());
    let answer = world.run(&["hunts", "build", "--intel", "b.txt", "-o", "new"]);
    assert!(answer.contains("! warning: 7 queries are longer than the 10,000 characters that an analytics rule"), "{answer}");
}

#[test]
fn a_family_that_no_indicator_is_of_is_an_error() {
    let world = World::new();
    world.write(
        "feed.json",
        r#"{"1": [{"ioc_value": "evil.shop", "ioc_type": "domain", "malware": "win.remus", "malware_printable": "Remus"}]}"#,
    );
    let told = world.run(&["intel", "list", "--intel", "feed.json", "--family", "Remuz"]);
    expect![[r#"
        ! error: no indicator is of the family `Remuz`
        ! help: there is Remus
        = 2
    "#]]
    .assert_eq(&told);
}

#[test]
fn nothing_made_up_is_no_proof() {
    let world = World::new();
    world.write("list.txt", "duckdns.org\n");
    let told = world.run(&["hunts", "prove", "--intel", "list.txt"]);
    expect![[r#"
        ! error: nothing is proven: these indicators give no hunt with a query
        ! help: `tallyho intel list --left-out` tells what of them is not hunted, and why
        = 2
    "#]]
    .assert_eq(&told);
    world.write("list.txt", "bad-host.shop\n");
    let told = world.run(&["hunts", "prove", "--intel", "list.txt", "--sample", "0"]);
    assert!(told.starts_with("! error: invalid value '0' for '--sample <N>'") && told.ends_with("= 2\n"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_redirected_stdout_is_continued() {
    let world = World::new();
    world.write("all.csv", "before\n");
    let all = fs::OpenOptions::new().append(true).open(world.path("all.csv")).expect("it is there");
    let args = ["kql", "run", "-e", "print a = 1", "--format", "csv", "--out", "/dev/stdout"];
    assert!(world.command(&args).stdout(all).status().expect("the program starts").success());
    assert_eq!(fs::read_to_string(world.path("all.csv")).expect("it is still there"), "before\na\n1\n");
}
