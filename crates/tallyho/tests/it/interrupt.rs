//! Queries that would run for hours, ended from outside: by Ctrl-C, and by their limit of time.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::World;

/// After this, a program that was told to end has ended.
const SOON: Duration = Duration::from_secs(2);

/// Rows without end, each of which is written as it is found.
const ROWS: &str = "range x from 1 to 100000000000 step 1 | where x % 1000 == 0";
/// One row at once, and one that never comes.
const SILENT: &str = "print 1; range x from 1 to 100000000000 step 1 | where x % 7 == 9 | count";
/// The same, where no operator listens: one row that becomes a hundred million.
const DEAF: &str =
    "print 1; print a = range(1, 100000) | mv-expand a | extend b = range(1, 10000) | mv-expand b | summarize make_set(b)";

/// A query that has given its first row.
fn running(world: &World, query: &str) -> (Child, BufReader<ChildStdout>) {
    let mut command = world.command(&["kql", "run", "-e", query, "--format", "ndjson", "--max-rows", "0", "--max-bytes", "0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut rows = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    rows.read_line(&mut first).expect("a row");
    assert!(first.starts_with('{'), "no row came: {first}");
    (child, rows)
}

/// Presses Ctrl-C: what comes of it, and when.
fn interrupted(child: &mut Child) -> (Option<i32>, Duration) {
    signalled(child, "INT")
}

fn signalled(child: &mut Child, signal: &str) -> (Option<i32>, Duration) {
    let start = Instant::now();
    let kill = Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status().expect("a shell");
    assert!(kill.success());
    (child.wait().expect("an end").code(), start.elapsed())
}

#[test]
fn ctrl_c_ends_a_query_that_has_given_rows() {
    let world = World::new();
    let (mut child, mut rows) = running(&world, ROWS);
    let rest = std::thread::spawn(move || rows.read_to_end(&mut Vec::new()));
    let (code, took) = interrupted(&mut child);
    assert!(code == Some(130) && took < SOON, "{code:?} after {took:?}");
    rest.join().expect("no panic").expect("the pipe ends");
}

#[test]
fn a_closed_terminal_and_a_stopped_service_end_it_too() {
    let world = World::new();
    for signal in ["HUP", "TERM"] {
        let (mut child, _unread) = running(&world, ROWS);
        let (code, took) = signalled(&mut child, signal);
        assert!(code == Some(130) && took < SOON, "{code:?} after {took:?}: {signal}");
    }
}

#[test]
fn ctrl_c_ends_it_though_nobody_reads_its_rows() {
    let world = World::new();
    let (mut child, _unread) = running(&world, ROWS);
    let (code, took) = interrupted(&mut child);
    assert!(code == Some(130) && took < SOON, "{code:?} after {took:?}");
}

#[test]
fn ctrl_c_ends_a_query_that_gives_nothing() {
    let world = World::new();
    for query in [SILENT, DEAF] {
        let (mut child, _rows) = running(&world, query);
        let (code, took) = interrupted(&mut child);
        assert!(code == Some(130) && took < SOON, "{code:?} after {took:?}: {query}");
    }
}

#[test]
fn a_query_ends_at_its_limit_of_time() {
    let world = World::new();
    let limit = Duration::from_millis(300);
    for query in [SILENT, DEAF] {
        let start = Instant::now();
        let told = world.run(&["kql", "run", "-e", query, "--format", "csv", "--timeout", "300ms"]);
        let took = start.elapsed();
        assert!(told.contains("K0604") && told.contains("--timeout raises the limit") && told.ends_with("= 2\n"), "{told}");
        assert!(took >= limit && took < limit + SOON, "{took:?}: {query}");
    }
}

/// The files below a folder, those of its folders too.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[test]
fn a_query_that_is_stopped_leaves_nothing_on_disk() {
    let world = World::new();
    world.write("small.yaml", "memory_mb: 24\n");
    world.write("temporary/here", "");
    let folder = world.path("temporary");
    let sort = "range x from 1 to 100000000 step 1 | extend s = strcat('name', hash(x)) | sort by s asc, x asc";
    let args = ["kql", "run", "-e", sort, "--config", "small.yaml", "--format", "ndjson", "--timeout", "0"];
    let mut command = world.command(&args);
    let mut child = command.env("TMPDIR", &folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let start = Instant::now();
    while files(&folder) < 2 && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(files(&folder) > 1, "nothing was spilled");
    assert_eq!(interrupted(&mut child).0, Some(130));
    assert_eq!(files(&folder), 1, "what was spilled is left");
}
