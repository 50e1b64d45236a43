//! The pages beside functions, aggregates and operators, run on the engine; that no page and no function is without the other; and
//! queries that nobody wrote ([`differential`]).

mod differential;

use std::path::Path;
use std::process::ExitCode;

use engine::{Config, Engine, ResultTable};
use kql::diagnostic::Diagnostic;
use testpage::{Answer, Runner, Step, Table, Trial};

fn main() -> ExitCode {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut more = differential::trials();
    more.push(Trial::test("every_function_is_in_the_catalog", every_function_is_in_the_catalog));
    more.push(Trial::test("everything_that_runs_has_an_example", everything_that_runs_has_an_example));
    testpage::main(folder, Pages, more)
}

/// Answers a page's queries; the clock stands at 2026-01-01.
struct Pages;

impl Runner for Pages {
    fn run(&self, step: &Step) -> Answer {
        if step.input.language != "kql" || !step.fixtures.is_empty() {
            return Answer::Error("a page of the engine holds queries alone, with their rows in `datatable`".to_owned());
        }
        let now = kql::time::parse_iso("2026-01-01T00:00:00Z").expect("a date");
        let engine = Engine::new(Config { now, threads: 2, ..Config::default() }).expect("an engine without tables starts");
        match engine.run(&step.input.text) {
            Ok(answer) => Answer::Tables(answer.tables.into_iter().map(table).collect()),
            Err(error) => Answer::Error(message(&step.input.text, &error)),
        }
    }
}

fn table(table: ResultTable) -> Table {
    Table { ordered: table.ordered, rows: table.rows }
}

/// The first error, and where it is in the query.
fn message(text: &str, error: &engine::Error) -> String {
    let place = error.diagnostics.iter().find(|diagnostic| diagnostic.is_error()).map(|d| place(text, d)).unwrap_or_default();
    format!("error[{}]: {}{place}", error.code, error.message)
}

fn place(text: &str, diagnostic: &Diagnostic) -> String {
    let before = &text[..diagnostic.span.start.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("\n --> {line}:{column}")
}

/// Operators that are spelt as words: the grammar's, not the catalog's.
const OPERATORS: &[&str] = &[
    "between",
    "contains",
    "contains_cs",
    "endswith",
    "endswith_cs",
    "has",
    "has_all",
    "has_any",
    "has_cs",
    "hasprefix",
    "hasprefix_cs",
    "hassuffix",
    "hassuffix_cs",
    "in",
    "neg",
    "startswith",
    "startswith_cs",
];

/// A function that no query can bind would be dead code.
fn every_function_is_in_the_catalog() -> Result<(), libtest_mimic::Failed> {
    let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let unknown: Vec<&str> = engine::function::all()
        .map(|function| function.name)
        .filter(is_name)
        .filter(|name| kql::catalog::function(name).is_none() && !OPERATORS.contains(name))
        .chain(engine::aggregate::all().map(|a| a.name).filter(|name| kql::catalog::aggregate(name).is_none()))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(format!("not in the catalog: {}", unknown.join(", ")).into()) }
}

/// Functions and aggregates that no query of a user's calls.
fn is_internal(name: &str) -> bool {
    name.starts_with("__") || OPERATORS.contains(&name)
}

/// What a page cannot show, since it reads a file that the user names.
const READS_FILES: &[&str] = &["geo_info_from_ip_address"];

/// What runs and has no page cannot be looked up: `tallyho kql help` and the reference are made of the pages.
fn everything_that_runs_has_an_example() -> Result<(), libtest_mimic::Failed> {
    let names = engine::function::all().map(|function| function.name).chain(engine::aggregate::all().map(|it| it.name));
    let is_called = |name: &&str| {
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !is_internal(name) && !READS_FILES.contains(name)
    };
    let called = names.filter(is_called);
    let mut missing: Vec<&str> = called.filter(|name| !engine::manual::sections().any(|section| section.calls(name))).collect();
    missing
        .extend(OPERATORS.iter().filter(|word| **word != "neg" && !engine::manual::sections().any(|section| section.uses(word))));
    missing.sort_unstable();
    if missing.is_empty() { Ok(()) } else { Err(format!("no page shows: {}", missing.join(", ")).into()) }
}
