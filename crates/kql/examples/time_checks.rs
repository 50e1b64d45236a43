//! How long it takes to check queries, in one thread: the other half of `tools/time_checks.cjs`, Microsoft's parser and analyser on
//! the same file.
//!
//! ```text
//! cargo run --release -p tallyho-kql --example time_checks -- corpus.jsonl
//! ```
//!
//! In: JSON lines `{"query": …}`. Out: the time of each round, the first one cold; reading the file is not counted. Unknown
//! tables are open, as in the other half.

#![expect(clippy::disallowed_methods, reason = "it is a program")]
#![expect(clippy::print_stdout, reason = "it is a program")]

use std::error::Error;
use std::time::Instant;

use kql::catalog::Workspace;

const ROUNDS: usize = 3;
/// 2026-01-01 in ticks: which time `now()` means makes no difference here.
const NOW: i64 = 639_028_224_000_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: time_checks FILE.jsonl")?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let queries = text.lines().filter(|line| !line.trim().is_empty()).map(query_of).collect::<Result<Vec<String>, _>>()?;
    println!("{} queries, {} bytes", queries.len(), queries.iter().map(String::len).sum::<usize>());
    let workspace = Workspace::open();
    let parse = |query: &String| !kql::parse(query).diagnostics.is_empty();
    let check = |query: &String| !kql::check(query, &workspace, NOW).diagnostics.is_empty();
    time("parse", &queries, parse);
    time("parse and bind", &queries, check);
    Ok(())
}

fn time(what: &str, queries: &[String], check: impl Fn(&String) -> bool) {
    for round in 1..=ROUNDS {
        let start = Instant::now();
        let found = queries.iter().filter(|query| check(query)).count();
        println!("{what}, round {round}: {:.3} s, {found} with diagnostics", start.elapsed().as_secs_f64());
    }
}

fn query_of(line: &str) -> Result<String, Box<dyn Error>> {
    let json: serde_json::Value = serde_json::from_str(line)?;
    Ok(json["query"].as_str().ok_or("a line has no \"query\"")?.to_owned())
}
