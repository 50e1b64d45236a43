//! Turns pages into tests, checks them, and rewrites them: a folder and a runner in, a test run out.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed};

use crate::page::{Block, Output, OutputKind, Page, Section, Step};
use crate::{Answer, Runner, Table};

pub use libtest_mimic::Trial;

/// Runs one test for each section of each page below `folder`, and those in `more`; the `main` of a test binary without harness.
///
/// The arguments are those of any test binary: a filter, `--list`, `--exact` …
pub fn main(folder: &Path, runner: impl Runner, more: Vec<Trial>) -> ExitCode {
    let mut all = trials(folder, Arc::new(runner));
    all.extend(more);
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}

/// The pages below `folder`, sorted.
#[must_use]
pub fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// One test for each section of each page below `folder`. A page that cannot be read as a page is one test that fails.
#[must_use]
pub fn trials(folder: &Path, runner: Arc<dyn Runner>) -> Vec<Trial> {
    let update = std::env::var_os("UPDATE_PAGES").is_some_and(|value| value == "1");
    let mut out = Vec::new();
    for path in pages(folder) {
        let name = page_name(&path);
        let page =
            fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(|text| Page::parse(&text, runner.pins()));
        match page {
            Ok(page) => {
                for section in page.sections.into_iter().filter(|section| !section.steps.is_empty()) {
                    let (runner, path) = (Arc::clone(&runner), path.clone());
                    let test = format!("{name}::{}", section.name);
                    out.push(Trial::test(test, move || check(&path, &section, &*runner, update)));
                }
            }
            Err(error) => {
                let error = format!("{}: {error}", path.display());
                out.push(Trial::test(name, move || Err(Failed::from(error))));
            }
        }
    }
    out
}

/// `ipv4_is_in_range` of `ipv4_is_in_range.md`; the folder's name for `mod.md`.
fn page_name(path: &Path) -> String {
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match stem(path).as_str() {
        "mod" | "README" => path.parent().map(stem).unwrap_or_default(),
        name => name.to_owned(),
    }
}

/// Runs a section's steps; with `update`, writes what differs into the page instead of failing.
fn check(path: &Path, section: &Section, runner: &dyn Runner, update: bool) -> Result<(), Failed> {
    let mut failures = Vec::new();
    for (at, step) in section.steps.iter().enumerate() {
        for mismatch in mismatches(section, step, runner) {
            if update && let Some(target) = &mismatch.target {
                rewrite(path, runner.pins(), &section.name, at, target, &mismatch.actual)?;
            } else {
                failures.push(format!("{}\n--- the answer is\n{}", mismatch.why, mismatch.actual));
            }
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    let place = format!("{}, section `{}`", path.display(), section.name);
    Err(format!("{place}: {}\n(UPDATE_PAGES=1 writes it into the page)", failures.join("\n\n")).into())
}

/// An answer that is not the page's.
struct Mismatch {
    why: String,
    /// What the page should hold there.
    actual: String,
    /// Which part of the step's answers it replaces; nothing if the page has to be changed by hand.
    target: Option<Target>,
}

/// A part of a step's answers.
enum Target {
    /// The tables and the error block.
    Answer,
    /// The pinned block at that position among the step's pinned blocks.
    Pin(usize),
}

/// How the runner's answers differ from the page's.
fn mismatches(section: &Section, step: &Step, runner: &dyn Runner) -> Vec<Mismatch> {
    let answer = runner.run(step);
    let mut out = Vec::new();
    if section.fixme.is_some() && matches!(answer, Answer::Tables(_)) {
        let why = "the section says `fixme:`, but there is an answer: take the line out".to_owned();
        out.push(Mismatch { why, actual: String::new(), target: None });
    }
    let only_pins = !step.outputs.is_empty() && step.outputs.iter().all(|output| matches!(output.kind, OutputKind::Pin(_)));
    if !only_pins && let Some(why) = answer_difference(step, &answer) {
        out.push(Mismatch { why, actual: answer_text(&answer), target: Some(Target::Answer) });
    }
    for (at, (block, _)) in pinned(step).enumerate() {
        let actual = runner.pin(&block.language, step).unwrap_or_else(|error| error);
        if actual.trim_end() != block.text.trim_end() {
            let why = format!("the `{}` block differs", block.language);
            let fence = fence(&actual);
            let head = format!("{} {}", block.language, block.argument);
            let actual = format!("{fence}{}\n{}\n{fence}\n", head.trim_end(), actual.trim_end());
            out.push(Mismatch { why, actual, target: Some(Target::Pin(at)) });
        }
    }
    out
}

/// Why the page's tables or error block are not the answer; nothing if they are.
fn answer_difference(step: &Step, answer: &Answer) -> Option<String> {
    let mut tables = Vec::new();
    let mut errors = Vec::new();
    for output in &step.outputs {
        match &output.kind {
            OutputKind::Table(text) => tables.push(text),
            OutputKind::Error(text) => errors.push(text),
            OutputKind::Pin(_) => {}
        }
    }
    match answer {
        _ if tables.is_empty() && errors.is_empty() => Some("the page holds no answer".to_owned()),
        Answer::Error(text) => match errors.as_slice() {
            [error] if error.trim_end() == text.trim_end() && tables.is_empty() => None,
            [] => Some("it ends in an error".to_owned()),
            _ => Some("the error differs".to_owned()),
        },
        Answer::Tables(_) if !errors.is_empty() => Some("it does not end in an error".to_owned()),
        Answer::Tables(actual) if actual.len() != tables.len() => {
            Some(format!("there are {} tables, the page has {}", actual.len(), tables.len()))
        }
        Answer::Tables(actual) => actual.iter().zip(tables).find_map(|(actual, page)| actual.difference(page)),
    }
}

/// The answer as a page holds it.
fn answer_text(answer: &Answer) -> String {
    match answer {
        Answer::Tables(tables) => tables.iter().map(Table::to_markdown).collect::<Vec<_>>().join("\n"),
        Answer::Error(text) => {
            let fence = fence(text);
            format!("{fence}error\n{}\n{fence}\n", text.trim_end())
        }
    }
}

/// A fence that the text does not close.
fn fence(text: &str) -> String {
    let longest = text.lines().map(|line| line.bytes().take_while(|b| *b == b'`').count()).max().unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}

/// Puts `text` into the page. The page is read again under a lock, since other sections' tests write to it at the same time,
/// maybe from other processes.
fn rewrite(path: &Path, pins: &[&str], section: &str, step: usize, target: &Target, text: &str) -> Result<(), Failed> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.lock()?;
    let mut page = String::new();
    file.read_to_string(&mut page)?;
    let parsed = Page::parse(&page, pins)?;
    let step = parsed.sections.iter().find(|it| it.name == section).and_then(|it| it.steps.get(step));
    let step = step.ok_or("the page changed meanwhile")?;
    page.replace_range(place(step, target), text);
    overwrite(&mut file, &page)?;
    Ok(())
}

fn overwrite(file: &mut File, text: &str) -> std::io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())
}

/// The step's pinned blocks and their places.
fn pinned(step: &Step) -> impl Iterator<Item = (&Block, &Range<usize>)> {
    step.outputs.iter().filter_map(|output| match &output.kind {
        OutputKind::Pin(block) => Some((block, &output.place)),
        OutputKind::Table(_) | OutputKind::Error(_) => None,
    })
}

/// The bytes of the page that the target takes up.
fn place(step: &Step, target: &Target) -> Range<usize> {
    if let Target::Pin(at) = target {
        return pinned(step).nth(*at).map_or(step.end..step.end, |(_, place)| place.clone());
    }
    let answers: Vec<&Output> = step.outputs.iter().filter(|output| !matches!(output.kind, OutputKind::Pin(_))).collect();
    match (answers.first(), answers.last()) {
        (Some(first), Some(last)) => first.place.start..last.place.end,
        _ => step.end..step.end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kql::{Column, Rows, Type, Value};

    /// Answers a query by its length, and an empty one by an error.
    struct Length;

    impl Runner for Length {
        fn run(&self, step: &Step) -> Answer {
            let length = step.input.text.trim().len();
            if length == 0 {
                return Answer::Error("error[K0011]: there is no query".to_owned());
            }
            let columns = vec![Column::new("length", Type::Long)];
            let rows = vec![vec![Value::Long(i64::try_from(length).expect("short"))]];
            Answer::Tables(vec![Table { rows: Rows { columns, rows }, ordered: true }])
        }

        fn pins(&self) -> &[&str] {
            &["upper"]
        }

        fn pin(&self, _: &str, step: &Step) -> Result<String, String> {
            Ok(step.input.text.to_uppercase())
        }
    }

    const FRESH: &str = "# T\nProse.\n\n## Four\n```kql\nfour\n```\n```upper\n```\n\n## None\n```kql\n```\n| a:long |\n|---|\n";
    const DONE: &str = "# T\nProse.\n\n## Four\n```kql\nfour\n```\n| length:long |\n|---|\n| 4 |\n```upper\nFOUR\n```\n\n## None\n\
        ```kql\n```\n```error\nerror[K0011]: there is no query\n```\n";

    #[test]
    fn update_writes_the_answers_and_then_the_page_passes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.md");
        fs::write(&path, FRESH.replace("```upper", "| x:long |\n|---|\n```upper")).expect("written");
        let page = Page::parse(&fs::read_to_string(&path).expect("read"), &["upper"]).expect("a page");
        for section in &page.sections {
            assert!(check(&path, section, &Length, false).is_err());
            assert!(check(&path, section, &Length, true).is_ok());
        }
        assert_eq!(fs::read_to_string(&path).expect("read"), DONE);
        let page = Page::parse(DONE, &["upper"]).expect("a page");
        for section in &page.sections {
            assert!(check(&path, section, &Length, false).is_ok());
        }
    }

    #[test]
    fn an_input_without_answer_fails_and_is_filled_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.md");
        let text = "# T\nProse.\n## S\n```kql\nx\n```\n";
        fs::write(&path, text).expect("written");
        let page = Page::parse(text, &[]).expect("a page");
        assert!(check(&path, &page.sections[0], &Length, false).is_err());
        assert!(check(&path, &page.sections[0], &Length, true).is_ok());
        assert_eq!(fs::read_to_string(&path).expect("read"), format!("{text}| length:long |\n|---|\n| 1 |\n"));
    }

    #[test]
    fn a_fixme_that_has_an_answer_fails() {
        let page =
            Page::parse("# T\nP.\n## S\nfixme: not yet\n```kql\nx\n```\n| length:long |\n|---|\n| 1 |\n", &[]).expect("a page");
        assert!(check(Path::new("none"), &page.sections[0], &Length, true).is_err());
    }
}
