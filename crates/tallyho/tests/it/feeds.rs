//! Feeds and names that are not quite what is expected: what is said of them, and what helps.

use expect_test::expect;

use super::{World, shown};

#[test]
fn columns_that_tell_nothing_are_named_with_a_way_out() {
    let world = World::new();
    world.write("feed.csv", "Datum;Bad Host;Notiz\n1;evil.shop;-\n");
    expect![[r#"
        ! error: feed.csv: none of its columns is known to hold indicators (`Datum`, `Bad Host`, `Notiz`): values are looked for in columns called indicator, domain, url, ip, md5, sha1, sha256 or hash, and some more
        ! help: `tallyho intel help table` tells what columns may be called
        = 2
    "#]]
    .assert_eq(&world.run(&["intel", "list", "--intel", "feed.csv"]));
    world.write("prose.txt", "Dear reader,\nthere is nothing here.\n");
    expect![[r#"
        ! error: prose.txt: no known feed format; known are threatfox, misp, stix, maltrail, table, list
        ! help: `tallyho intel help FEED` tells what each looks like
        = 2
    "#]]
    .assert_eq(&world.run(&["intel", "list", "--intel", "prose.txt"]));
}

#[test]
fn a_feed_comes_by_a_pipe() {
    let world = World::new();
    world.write("feed.txt", "evil.shop\n");
    let feed = std::fs::File::open(world.path("feed.txt")).expect("it is there");
    let output = world.command(&["intel", "list", "--intel", "-", "--format", "csv"]).stdin(feed).output();
    expect![[r#"
        Type,Value,Malware,ThreatType,Confidence,FirstSeen,LastSeen,ValidUntil,Source
        domain,evil.shop,the list stdin,,,,,,stdin
        ! 1 indicator of 1 family from 1 file; 0 values rejected, 0 held back
        = 0
    "#]]
    .assert_eq(&shown(&output.expect("the program starts")));
    expect![[r#"
        ! error: stdin: there is nothing in it
        = 2
    "#]]
    .assert_eq(&world.run(&["intel", "list", "--intel", "-"]));
}

#[test]
fn a_date_that_is_not_read_is_named() {
    let world = World::new();
    world.write("feed.csv", "domain;first_seen;confidence\nevil.shop;25/12/2025;high\nbad.biz;26/12/2025;50\n");
    expect![[r#"
        Type,Value,Malware,ThreatType,Confidence,FirstSeen,LastSeen,ValidUntil,Source
        domain,evil.shop,the list feed,,,,,,feed.csv
        domain,bad.biz,the list feed,,50,,,,feed.csv
        ! warning: feed.csv: line 2: the date `25/12/2025` is not read, and its value hunted without, and so with 2 more dates or confidences; dates are read as 2026-05-20 or 2026-05-20T13:36:27Z
        ! 2 indicators of 1 family from 1 file; 0 values rejected, 0 held back, 3 dates or confidences not readable
        = 0
    "#]]
    .assert_eq(&world.run(&["intel", "list", "--intel", "feed.csv", "--format", "csv"]));
}

#[test]
fn pages_tell_of_feeds_and_formats() {
    let world = World::new();
    expect![[r#"
        threatfox          Indicators of abuse.ch's ThreatFox, one malware family each
        misp               Events of MISP
        stix               Bundles of STIX 2.0 and 2.1
        maltrail           Three columns parted by tabs, under the header `family`, `kind`, `value`
        table              CSV with a header, and flat JSON objects, in an array or one a line
        list               One value a line

        `tallyho intel help NAME` prints the page of one.
        = 0
    "#]]
    .assert_eq(&world.run(&["intel", "help"]));
    expect![[r#"
        parquet            Apache Parquet, told by its first four bytes
        zeek               Zeek's logs as tab-separated text under `#` headers (`zeek`) or as JSON (`zeek-json`)
        zeek-json          Zeek's logs as tab-separated text under `#` headers (`zeek`) or as JSON (`zeek-json`)
        suricata-eve       Suricata's EVE JSON
        evtx               Windows' own event logs (EVTX), told by their first eight bytes, packed ones included
        windows-dns        Events of the provider Microsoft-Windows-DNSServer as JSON, as NXLog and other shippers write them
        windows-event      Windows events as JSON
        cef                Common Event Format, alone or behind a syslog header
        syslog             Syslog files
        windows-dns-debug  The debug log that a Windows DNS server writes (`dns.log`)
        json               JSON whose fields are a table's columns
        csv                Delimited text under a header line

        `tallyho logs help NAME` prints the page of one.
        = 0
    "#]]
    .assert_eq(&world.run(&["logs", "help"]));
    assert!(world.run(&["intel", "help", "table"]).starts_with("# Table\n"));
    assert!(world.run(&["logs", "help", "CSV"]).starts_with("# csv\n"));
    expect![[r#"
        ! error: no page is called `taxii`
        ! help: there are threatfox, misp, stix, maltrail, table, list
        = 2
    "#]]
    .assert_eq(&world.run(&["intel", "help", "taxii"]));
}

#[test]
fn hunts_without_a_query_are_not_proven() {
    let world = World::new();
    world.write(
        "feed.json",
        r#"{"data": [{"ioc": "evil.shop", "ioc_type": "domain", "malware": "win.x"},
            {"ioc": "185.220.101.0/24", "ioc_type": "cidr", "malware": "win.y"}]}"#,
    );
    let prove = ["hunts", "prove", "--intel", "feed.json", "--template", "classic", "--format", "csv"];
    expect![[r#"
        Hunt,Table,Verdict,Found,Left,Missed,Wrong
        win-x,DnsEvents,NOT PROVEN,4,3,0,2
        ! 2 hunts: 0 tables proven, 1 not
        ! warning: 1 hunt is not proven, as it has no query of this template: win-y
        = 0
    "#]]
    .assert_eq(&world.run(&prove));
    assert!(world.run(&[&prove[..], &["--exit-code"]].concat()).ends_with("= 1\n"));
}

#[test]
fn what_is_named_in_another_way_is_understood_or_explained() {
    let world = World::new();
    world.write(
        "feed.json",
        r#"{"data": [{"ioc": "evil.shop", "ioc_type": "domain", "malware": "win.x", "malware_printable": "Remus"}]}"#,
    );
    assert!(world.run(&["hunts", "show", "remus", "--intel", "feed.json"]).starts_with("# Hunt: Remus\n"));
    expect![[r#"
        ! error: no hunt is called `Remuz`
        ! help: there is Remus
        = 2
    "#]]
    .assert_eq(&world.run(&["hunts", "show", "Remuz", "--intel", "feed.json"]));
    expect![[r#"
        ! error: DnsEvents | count: No such file or directory (os error 2)
        ! help: this names a file; a query itself is given with -e
        ! 0 queries: 0 errors, 0 warnings
        = 2
    "#]]
    .assert_eq(&world.run(&["kql", "check", "DnsEvents | count"]));
}

#[test]
fn a_damaged_feed_in_a_folder_is_not_passed_over_in_peace() {
    let world = World::new();
    world.write("feeds/list.txt", "evil.shop\n");
    world.write("feeds/README.md", "Where these come from: see the wiki.\n");
    world.write("feeds/threatfox.json", "{\"1\": [{\"ioc_value\": \"bad.biz\", \"ioc_type\": \"dom");
    expect![[r#"
        Hunt,Family,Indicators,Queries,Tables
        list-list,the list list,1,7,"CommonSecurityLog, DeviceEvents, DeviceNetworkEvents, DnsEvents, UrlClickEvents"
        ! warning: passed over: feeds/README.md: no known feed format; known are threatfox, misp, stix, maltrail, table, list
        ! warning: not read: feeds/threatfox.json: broken JSON: EOF while parsing a string at line 1 column 48
        ! 1 indicator of 1 family from 1 file; 0 values rejected, 0 held back
        = 3
    "#]]
    .assert_eq(&world.run(&["hunts", "list", "--intel", "feeds", "--format", "csv"]));
}
