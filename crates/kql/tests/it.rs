//! The page beside the list of codes: what the checker says of queries with each mistake, and that no code is without its case.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use kql::catalog::{UserFunction, Workspace};
use kql::diagnostic::CODES;
use kql::{Column, Type};
use testpage::{Answer, Runner, Step, Trial};

fn main() -> ExitCode {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    testpage::main(folder, Pages, vec![Trial::test("every_code_has_its_case", every_code_has_its_case)])
}

/// Of more diagnostics only the first and the last are shown.
const SHOWN_MAX: usize = 12;

/// Answers a page's queries with what is wrong, or else what is probably not meant; the clock stands at 2026-01-01.
struct Pages;

impl Runner for Pages {
    fn run(&self, step: &Step) -> Answer {
        let query = unfolded(&step.input.text);
        let found = diagnostics(&query, step.input.argument == "open");
        let shown = |found: &[kql::Diagnostic]| kql::render::text("query", &query, found);
        Answer::Error(match found.as_slice() {
            [first, .., last] if found.len() > SHOWN_MAX => {
                format!(
                    "{}\n… {} more\n\n{}",
                    shown(std::slice::from_ref(first)),
                    found.len() - 2,
                    shown(std::slice::from_ref(last))
                )
            }
            all => shown(all),
        })
    }
}

fn diagnostics(query: &str, is_open: bool) -> Vec<kql::Diagnostic> {
    let now = kql::time::parse_iso("2026-01-01T00:00:00Z").expect("a date");
    let workspace = workspace(is_open);
    let found = kql::check(query, &workspace, now).diagnostics;
    if found.is_empty() { kql::lint::lint(query, &kql::parse(query).query, &workspace) } else { found }
}

/// What the page's queries see: the tables that the catalog knows, all filled but `OfficeActivity`, a log file `Hosts`, and a function
/// that calls itself. Under ```` ```kql open ```` nothing is filled, and any table may have more columns.
fn workspace(is_open: bool) -> Workspace {
    let mut workspace = Workspace { builtin: true, open: is_open, ..Workspace::default() };
    if !is_open {
        let filled = kql::catalog::tables().filter(|table| table.name != "OfficeActivity");
        workspace.files.extend(filled.map(|table| (table.name.clone(), Vec::new())));
    }
    workspace.files.insert("Hosts".to_owned(), vec![Column::new("Name", Type::String)]);
    workspace.schema.functions.extend(UserFunction::from_kql("Loop", "Loop()"));
    workspace
}

/// `⟨x × 3⟩` is `xxx`; in each copy `#` is its number, from 1, and `@` the number before.
fn unfolded(text: &str) -> String {
    let mut parts = text.split('⟨');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let (folded, rest) = part.split_once('⟩').unwrap_or((part, ""));
        let (piece, times) = folded.split_once(" × ").unwrap_or((folded, "1"));
        let copy = |number: usize| piece.replace('#', &number.to_string()).replace('@', &(number - 1).to_string());
        out + &(1..=times.parse().unwrap_or(1)).map(copy).collect::<String>() + rest
    })
}

/// Each code of the list has a section of its own, and its query gets that code.
fn every_code_has_its_case() -> Result<(), libtest_mimic::Failed> {
    let page = include_str!("../src/diagnostic.md");
    let mut sections: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut wrong = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let (head, body) = section.split_once('\n').unwrap_or((section, ""));
        let (code, title) = head.split_once(": ").unwrap_or((head, ""));
        sections.insert((code, title));
        if !body.contains(&format!("[{code}]")) {
            wrong.push(format!("no query of section {code} gets it"));
        }
    }
    let missing = CODES.iter().filter(|code| !sections.contains(&(code.id, code.title)));
    wrong.extend(missing.map(|code| format!("no section `## {}: {}`", code.id, code.title)));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
