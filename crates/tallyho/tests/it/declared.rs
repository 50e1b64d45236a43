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
        = 3
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
