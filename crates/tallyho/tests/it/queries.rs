//! Queries from outside: rows as they come, limits, charts, plans, and a way to stop.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use expect_test::expect;

use super::{World, shown, timeless};

/// A query that would run for hours.
const ENDLESS: &str = "range x from 1 to 1000000 step 1 | extend k = 1 \
    | join kind=inner (range y from 1 to 1000000 step 1 | extend k = 1) on k | summarize max(x + y)";

/// Longer than stopping takes, even on a busy machine; shorter than any query here.
const SOON: Duration = Duration::from_secs(8);

#[test]
fn rows_come_before_the_query_ends() {
    let world = World::new();
    for format in ["ndjson", "csv"] {
        let query = "range x from 1 to 1000000000 step 1";
        let args = ["kql", "run", "-e", query, "--format", format, "--max-rows", "0", "--max-bytes", "0"];
        let mut child = world.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let start = Instant::now();
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let first: Vec<String> = lines.by_ref().take(3).map(|line| line.expect("a line")).collect();
        assert_eq!(first[2], if format == "csv" { "2" } else { "{\"x\":3}" });
        drop(lines);
        assert_eq!(shown(&child.wait_with_output().expect("ended")), "= 0\n");
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    }
}

#[test]
fn a_result_is_cut_aloud() {
    let world = World::new();
    let query = "range x from 1 to 5 step 1";
    world.check(
        &["kql", "run", "-e", query, "--max-rows", "2", "--format", "json", "-q"],
        &expect![[r#"
            {"columns":[{"name":"x","type":"long"}],"rows":[[1],[2]],"truncated":{"by":"rows","limit":2}}
            ! warning: query: the result was cut after 2 rows: there are more; --max-rows raises the limit, 0 lifts it
            = 0
        "#]],
    );
    world.check(
        &["kql", "run", "-e", query, "--max-bytes", "20", "--format", "csv"],
        &expect![[r#"
            x
            1
            2
            ! warning: query: the result was cut after 20 bytes: there are more; --max-bytes raises the limit, 0 lifts it
            = 0
        "#]],
    );
    let all = world.run(&["kql", "run", "-e", query, "--max-rows", "0", "--format", "csv"]);
    assert_eq!(all, "x\n1\n2\n3\n4\n5\n= 0\n");
    let wrong = world.run(&["kql", "run", "-e", query, "--max-bytes", "many"]);
    assert!(wrong.contains("write a size as 500K, 64M or 2G") && wrong.ends_with("= 2\n"), "{wrong}");
}

#[test]
fn a_query_ends_when_its_time_is_up() {
    let world = World::new();
    let start = Instant::now();
    world.check(
        &["kql", "run", "-e", ENDLESS, "--timeout", "1s"],
        &expect![[r#"
            ! error[K0604]: the query took longer than its limit of 1s
            ! help: --timeout raises the limit, 0 lifts it
            = 2
        "#]],
    );
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_query_with_130() {
    let world = World::new();
    let mut command = world.command(&["kql", "run", "-e", ENDLESS]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    std::thread::sleep(Duration::from_millis(1_500));
    let start = Instant::now();
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("ended");
    assert_eq!(shown(&output), "! error: interrupted\n= 130\n");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn a_chart_is_drawn_or_it_is_said_why_not() {
    let world = World::new();
    let query = "range x from 1 to 3 step 1 | extend y = x * x | render linechart with (title='<Squares>')";
    world.check(
        &["kql", "run", "-e", query, "--chart", "c.svg", "--format", "csv"],
        &expect![[r#"
        x,y
        1,1
        2,4
        3,9
        = 0
    "#]],
    );
    let file = fs::read_to_string(world.path("c.svg")).expect("a chart");
    assert!(file.starts_with("<svg ") && file.contains("<style>") && file.contains("&lt;Squares&gt;"), "{file}");
    assert!(world.run(&["kql", "run", "-e", query, "--out", "page.html"]).ends_with("= 0\n"));
    let page = fs::read_to_string(world.path("page.html")).expect("a page");
    assert!(page.contains("<figure><svg ") && page.contains("<td class=\"n\">9</td>") && !page.contains("<script"), "{page}");
    world.check(
        &["kql", "run", "-e", "print x = 1 | render timechart", "--chart", "c.svg"],
        &expect![[r#"
         x
        ───
         1
        ! warning: render timechart: it has no column of datetimes; the rows are shown as a table
        ! error: c.svg is not written: no chart was drawn
        ! help: end the query with a `render` that fits its rows: `| render timechart`
        = 2
    "#]],
    );
}

#[test]
fn a_query_is_explained_step_by_step() {
    let world = World::new();
    let query = "range x from 1 to 4 step 1 | where x > 2 | summarize n = count()";
    world.check(
        &["kql", "explain", "-e", query],
        &expect![[r#"
            # query
            range x from 1 to 4 step 1 | where x > 2 | summarize n = count()

            # bound plan
            result:
              aggregate count() by  -> (n: long)
                filter (x > 2)
                  range from 1 to 4 step 1 -> (x: long)

            # logical plan
            Projection: a0 AS n
              Aggregate: groupBy=[[]], aggr=[[count(Int64(1)) AS a0]]
                Projection:
                  Filter: >(x, Int64(2))
                    TableScan: t projection=[x]

            # physical plan
            ProjectionExec: expr=[a0@0 as n]
              AggregateExec: mode=Single, gby=[], aggr=[count(1) as a0]
                FilterExec: >(x@0, 2), projection=[]
                  PassExec: Turn
                    DataSourceExec: partitions=1, partition_sizes=[1]

            = 0
        "#]],
    );
    let ran = timeless(&world.run(&["kql", "explain", "--run", "-e", query, "--format", "json"]));
    let plan: serde_json::Value = serde_json::from_str(ran.lines().next().expect("a line")).expect("JSON");
    let result = &plan["results"][0];
    assert_eq!(result["rows"], 1);
    assert!(result["seconds"].is_number() && result["physical"]["operator"].is_string(), "{plan}");
    let table = world.run(&["kql", "explain", "--analyze", "-e", query]);
    assert!(table.contains("      rows      bytes       time  operator\n") && table.contains(": 1 row\n"), "{table}");
}

#[test]
fn what_a_query_probably_does_not_mean_is_told_beside_its_rows() {
    let world = World::new();
    world.check(
        &["kql", "run", "-e", "print a = true | where a = false", "--format", "csv"],
        &expect![[r#"
        a
        ! warning[K0922]: `=` gives the condition the name `a`, and compares nothing
        !  --> query:1:24
        !   |
        ! 1 | print a = true | where a = false
        !   |                        ^
        !   = help: compare with `==`: `a == …`
        = 0
    "#]],
    );
    world.check(
        &["kql", "run", "-e", "print a = 'x' | where a = 'x'"],
        &expect![[r#"
        ! warning[K0922]: `=` gives the condition the name `a`, and compares nothing
        !  --> query:1:23
        !   |
        ! 1 | print a = 'x' | where a = 'x'
        !   |                       ^
        !   = help: compare with `==`: `a == …`
        ! 
        ! error[K0114]: a condition must be a bool, but this is a string
        !  --> query:1:27
        !   |
        ! 1 | print a = 'x' | where a = 'x'
        !   |                           ^^^
        = 2
    "#]],
    );
    let quiet = world.run(&["kql", "run", "-e", "print a = true | where a = false", "--format", "csv", "-q"]);
    assert_eq!(quiet, "a\n= 0\n");
}

#[test]
fn warnings_can_fail_a_check() {
    let world = World::new();
    let flawed = "print a = true | where a = false";
    let named = "warning[K0922]: `=` gives the condition the name `a`, and compares nothing";
    for (options, exit) in [(vec!["--exit-code"], 0), (vec!["--exit-code", "--deny-warnings", "--no-lint"], 1)] {
        let found = world.run(&[vec!["kql", "check", "-e", flawed], options].concat());
        assert!(found.starts_with(named) && found.ends_with(&format!("! 1 query: 0 errors, 1 warning\n= {exit}\n")), "{found}");
    }
    let found = world.run(&["kql", "check", "-e", "SecurtyEvent | count", "--no-lint"]);
    assert!(found.contains("K0925") && found.contains("did you mean `SecurityEvent`?"), "{found}");
}
