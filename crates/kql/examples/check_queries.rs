//! Checks queries as `tallyho kql check --jsonl --no-lint` does, without the engine: quick to build while the language is worked on.
//!
//! ```text
//! cargo run -p tallyho-kql --example check_queries -- [SCHEMA.json] < queries.jsonl > answers.jsonl
//! ```
//!
//! In: JSON lines `{"id", "query"}` on stdin; a schema file, else the tables of the catalog and any other. Out: a line each
//! `{"id", "syntax_ok", "ok", "diagnostics", "columns", "open"}`. `tools/kql_agree.py` compares them with Microsoft's analyser,
//! asked by `tools/kql_analyze.cjs`. With `--format` before all else, each query is formatted, and the answer says whether that
//! keeps the tree and is stable.

#![expect(clippy::disallowed_methods, reason = "it is a program")]
#![expect(clippy::print_stdout, reason = "it is a program")]

use std::error::Error;
use std::io::BufRead as _;

use kql::catalog::{Schema, Workspace};
use serde_json::{Value, json};

/// 2026-01-01 in ticks.
const NOW: i64 = 639_028_224_000_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let formats = args.first().is_some_and(|arg| arg == "--format");
    if formats {
        args.remove(0);
    }
    let workspace = match args.first() {
        Some(path) => Workspace::closed(Schema::from_json(&std::fs::read_to_string(path)?)?),
        None => Workspace::open(),
    };
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let query = request["query"].as_str().ok_or("a line has no \"query\"")?;
        let answer = if formats { formatted(query) } else { checked(query, &workspace) };
        println!("{}", merged(&request["id"], answer));
    }
    Ok(())
}

fn merged(id: &Value, mut answer: Value) -> Value {
    answer["id"] = id.clone();
    answer
}

fn checked(query: &str, workspace: &Workspace) -> Value {
    let checked = kql::check(query, workspace, NOW);
    let columns: Vec<Value> =
        checked.columns.iter().map(|column| json!({"name": column.name, "type": column.ty.name()})).collect();
    json!({
        "syntax_ok": checked.syntax_ok,
        "ok": checked.ok,
        "diagnostics": kql::render::json(query, &checked.diagnostics),
        "columns": columns,
        "open": checked.open,
    })
}

/// Whether formatting keeps the tree, and gives itself when it is done again; nothing of a text that does not read.
fn formatted(query: &str) -> Value {
    let Ok(once) = kql::fmt::format(query) else { return json!({"formats": null}) };
    let is_stable = kql::fmt::format(&once).is_ok_and(|twice| twice == once);
    json!({"formats": true, "is_stable": is_stable, "same_tree": tree(query) == tree(&once), "is_changed": once != query})
}

/// The syntax tree as text, without the places of its nodes.
fn tree(query: &str) -> String {
    let shown = format!("{:?}", kql::parse(query).query);
    let mut parts = shown.split("Span { start: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |tree, part| tree + part.split_once('}').map_or(part, |(_, rest)| rest))
}
