//! Saved functions and watchlists from folders, in `kql check` and `kql run`.

use expect_test::expect;

use super::World;

/// A log table and a watchlist that are called alike, and functions that read both.
fn declared() -> World {
    let world = World::new();
    world.write("logs/hosts.csv", "TimeGenerated,Host\n2026-05-20T10:00:00Z,srv-1\n2026-05-20T10:00:01Z,ws-7\n");
    world.write("lists/hosts.csv", "# SearchKey: Address\nName,Address\nsrv-1,198.51.100.1\nsrv-2,198.51.100.2\n");
    world.write("functions/servers.kql", "// The known servers.\n_GetWatchlist('hosts') | project Name, SearchKey\n");
    world.write(
        "functions/seen/named.kql",
        "(T: (Host: string), most: long = 10) {\n    T | where Host in ((servers | project Name)) | take most\n}\n",
    );
    world
}

#[test]
fn a_query_calls_saved_functions_and_reads_watchlists() {
    let world = declared();
    let run = |query: &str| {
        let folders = ["--functions", "functions", "--watchlists", "lists", "--table", "hosts=logs/hosts.csv"];
        world.run(&[&["kql", "run", "-e", query, "--format", "csv"], &folders[..]].concat())
    };
    expect![[r#"
        Name,SearchKey
        srv-1,198.51.100.1
        srv-2,198.51.100.2
        = 0
    "#]]
    .assert_eq(&run("servers | order by Name asc"));
    expect![[r#"
        Host,Address,Item
        srv-1,198.51.100.1,srv-1
        = 0
    "#]]
    .assert_eq(&run("hosts | invoke named() | join kind=inner _GetWatchlist('hosts') on $left.Host == $right.Name \
         | project Host, Address, Item = tostring(WatchlistItem.Name)"));
    expect![[r#"
        ! error[K0102]: no watchlist is called `host`
        !  --> query:1:15
        !   |
        ! 1 | _GetWatchlist('host')
        !   |               ^^^^^^
        !   = help: did you mean `hosts`?
        = 2
    "#]]
    .assert_eq(&run("_GetWatchlist('host')"));
}

#[test]
fn a_check_knows_what_functions_return_and_watchlists_hold() {
    let world = declared();
    world.check(
        &[
            "kql",
            "check",
            "-e",
            "servers | where Nam == 'x'; _GetWatchlist('hosts') | where Adress == 'x'",
            "--functions",
            "functions",
            "--watchlists",
            "lists",
            "--no-lint",
        ],
        &expect![[r#"
            error[K0101]: no column is called `Nam` here
             --> query:1:17
              |
            1 | servers | where Nam == 'x'; _GetWatchlist('hosts') | where Adress == 'x'
              |                 ^^^
              = help: did you mean `Name`?

            error[K0101]: no column is called `Adress` here
             --> query:1:60
              |
            1 | servers | where Nam == 'x'; _GetWatchlist('hosts') | where Adress == 'x'
              |                                                            ^^^^^^
              = help: did you mean `Address`?
            ! 1 query: 2 errors, 0 warnings
            = 0
        "#]],
    );
}

#[test]
fn a_function_that_is_none_is_named_with_its_line() {
    let world = declared();
    world.write("functions/servers.kql", "(x: string)\n{\n    hosts | wher Host == x\n}\n");
    world.check(
        &["kql", "check", "-e", "print 1", "--functions", "functions"],
        &expect![[r#"
        ! error[K0006]: `wher` is no tabular operator
        !  --> functions/servers.kql:3:13
        !   |
        ! 3 |     hosts | wher Host == x
        !   |             ^^^^
        !   = help: did you mean `where`?
        = 2
    "#]],
    );
    world.write("functions/servers.kql", "hosts");
    world.write("functions/old/servers.kql", "hosts");
    world.check(
        &["kql", "check", "-e", "print 1", "--functions", "functions"],
        &expect![[r#"
        ! error: functions/servers.kql: there is another function `servers`
        = 2
    "#]],
    );
    world.check(
        &["kql", "check", "-e", "print 1", "--functions", "none"],
        &expect![[r#"
            ! error: none: No such file or directory (os error 2)
            = 2
        "#]],
    );
    world.write("lists/hosts.csv", "Name,Address\nsrv-1\n");
    world.check(
        &["kql", "check", "-e", "print 1", "--watchlists", "lists"],
        &expect![[r#"
        ! error: lists/hosts.csv:2: 1 cells in a table of 2 columns
        = 2
    "#]],
    );
}

/// Logs of two workspaces, and a feed that stands for an address.
fn elsewhere() -> World {
    let world = World::new();
    let event =
        |host: &str| format!("{{\"Type\":\"Heartbeat\",\"TimeGenerated\":\"2026-05-20T10:00:00Z\",\"Computer\":\"{host}\"}}\n");
    world.write("here/heartbeat.ndjson", &event("own-1"));
    world.write("soc/heartbeat.ndjson", &(event("soc-1") + &event("soc-2")));
    world.write("feeds/hosts.csv", "Host,Why\nsoc-2,planted\n");
    world
}

#[test]
fn a_query_reads_other_workspaces_and_mapped_addresses() {
    let world = elsewhere();
    let run = |query: &str, options: &[&str]| {
        world.run(&[&["kql", "run", "-e", query, "--format", "csv", "--logs", "here"], options].concat())
    };
    let query = "union Heartbeat, workspace('soc').Heartbeat | project Computer, Type | order by Computer asc";
    expect![[r#"
        Computer,Type
        own-1,Heartbeat
        soc-1,Heartbeat
        soc-2,Heartbeat
        = 0
    "#]]
    .assert_eq(&run(query, &["--workspace", "soc=soc"]));
    let query = "alias database there = cluster('c').database('d'); let group = entity_group [database('there'), database('soc')]; \
         macro-expand group as X (union X.Heart* | extend From = X.$current_database) | summarize n = count() by From";
    expect![[r#"
        From,n
        c.d,1
        soc,2
        = 0
    "#]]
    .assert_eq(&run(&format!("{query} | order by From asc"), &["--workspace", "soc=soc", "--workspace", "c.d=here"]));
    let query = "workspace('soc').Heartbeat \
         | join kind=inner (externaldata(Host: string, Why: string)[h@'https://feeds.example/hosts.csv?sig=x'] with (ignoreFirstRecord=true)) \
           on $left.Computer == $right.Host | project Host, Why";
    world.write(
        "tallyho.yaml",
        "workspaces:\n  soc: soc\nexternal:\n  https://feeds.example/: feeds\nfunctions: []\nwatchlists: []\n",
    );
    expect![[r#"
        Host,Why
        soc-2,planted
        = 0
    "#]]
    .assert_eq(&run(query, &["--config", "tallyho.yaml"]));
}

#[test]
fn what_nothing_stands_for_is_refused_with_what_to_do() {
    let world = elsewhere();
    let run = |query: &str, options: &[&str]| world.run(&[&["kql", "run", "-e", query], options].concat());
    expect![[r#"
        ! error[K0608]: the query reads Heartbeat of `soc`, a workspace, database or cluster that is not known here: say where its logs are, --workspace 'soc=PATH'
        = 2
    "#]]
    .assert_eq(&run("workspace('soc').Heartbeat", &["--logs", "here"]));
    expect![[r#"
        ! error[K0102]: `soc` has no table called `Heartbeats`
        !  --> query:1:18
        !   |
        ! 1 | workspace('soc').Heartbeats
        !   |                  ^^^^^^^^^^
        !   = help: did you mean `Heartbeat`?
        = 2
    "#]]
    .assert_eq(&run("workspace('soc').Heartbeats", &["--workspace", "soc=soc"]));
    expect![[r#"
        ! error[K0606]: the query reads `https://feeds.example/hosts.csv`, and nothing is fetched: say which file stands for it, --external 'https://feeds.example/hosts.csv=FILE', or which folder for all of that place, --external 'https://feeds.example/=DIR'
        = 2
    "#]]
    .assert_eq(&run("externaldata(Host: string)['https://feeds.example/hosts.csv?sig=x']", &[]));
    expect![[r#"
        ! error[K0601]: stored_query_result('q'), which a cluster keeps, is known to Kusto but not run here
        = 2
    "#]]
    .assert_eq(&run("stored_query_result('q') | count", &[]));
    expect![[r#"
        ! error: `soc` binds nothing
        ! help: write --workspace NAME=PATH
        = 2
    "#]]
    .assert_eq(&run("print 1", &["--workspace", "soc"]));
}

#[test]
fn time_has_both_names_in_defender_tables() {
    let world = World::new();
    let event = |time: &str, name: &str| {
        format!("{{\"Type\":\"DeviceInfo\",\"{time}\":\"2026-05-20T10:00:00Z\",\"DeviceName\":\"{name}\"}}\n")
    };
    world.write("logs/defender.ndjson", &event("Timestamp", "a"));
    world.write("logs/sentinel.ndjson", &event("TimeGenerated", "b"));
    world.check(
        &[
            "kql",
            "run",
            "-e",
            "DeviceInfo | where Timestamp >= datetime(2026-05-20) and TimeGenerated < datetime(2026-05-21) \
             | project DeviceName, Same = Timestamp == TimeGenerated, Type, Late = ingestion_time() | order by DeviceName asc",
            "--logs",
            "logs",
            "--format",
            "csv",
        ],
        &expect![[r#"
            DeviceName,Same,Type,Late
            a,true,DeviceInfo,
            b,true,DeviceInfo,
            ! warning: query: rows of log files do not say when they were ingested: ingestion_time() is null; use `TimeGenerated`, the time of the event
            = 0
        "#]],
    );
}
