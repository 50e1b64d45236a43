//! `tallyho hunts prove`: hunts run over made-up rows.

use std::num::NonZeroUsize;

use kql::{Column, Rows, Type, Value};

use super::{SHOWN, Selected, Selection};
use crate::cli::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::local;
use crate::messages;
use crate::output::Sink;
use crate::words::{counted, listed};

/// What `tallyho hunts prove` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which hunts.
    #[command(flatten)]
    pub selection: Selection,
    /// How many indicators of each type get rows of their own
    #[arg(long, value_name = "N", default_value = "3")]
    pub sample: NonZeroUsize,
    /// Exit with 1 if a hunt is not proven, or has no query that could be
    #[arg(long)]
    pub exit_code: bool,
}

/// Proves them.
///
/// # Errors
/// A file cannot be read, or there is nothing to prove.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let Selected { hunts, exit, .. } = args.selection.hunts(config)?;
    let engine = local::engine_without_limit(config)?;
    let mut columns = ["Hunt", "Table", "Verdict"].map(|name| Column::new(name, Type::String)).to_vec();
    columns.extend(["Found", "Left", "Missed", "Wrong"].map(|name| Column::new(name, Type::Long)));
    let mut rows = Vec::new();
    let mut unproven = 0;
    let mut without: Vec<&str> = Vec::new();
    for hunt in &hunts {
        let cases = hunt::proof::cases(hunt, args.sample.get());
        if cases.is_empty() {
            without.push(&hunt.id);
        }
        for case in cases {
            let answers: Result<Vec<Rows>, engine::Error> = case
                .queries
                .iter()
                .map(|query| Ok(engine.run(query)?.tables.into_iter().next().map(|table| table.rows).unwrap_or_default()))
                .collect();
            let (word, counts) = match answers {
                Ok(answers) => {
                    let verdict = case.judge(&answers);
                    let word = if verdict.is_proven() { "proven" } else { "NOT PROVEN" };
                    (word.to_owned(), [verdict.found, verdict.left, verdict.missed.len(), verdict.wrong.len()])
                }
                Err(error) => (format!("refused: {} {}", error.code, error.message), [0; 4]),
            };
            unproven += usize::from(word != "proven");
            let mut row: Vec<Value> = [hunt.id.as_str(), case.table, &word].map(|text| Value::String(text.to_owned())).to_vec();
            row.extend(counts.map(|n| Value::Long(i64::try_from(n).unwrap_or(i64::MAX))));
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Err(Error::user("nothing is proven: these indicators give no hunt with a query")
            .with_hint("`tallyho intel list --left-out` tells what of them is not hunted, and why"));
    }
    let proven = rows.len() - unproven;
    Sink::stdout(config, global.format).tables([Rows { columns, rows }])?;
    messages::line(config, &format!("{}: {proven} tables proven, {unproven} not", counted(hunts.len(), "hunt", "hunts")));
    if !without.is_empty() {
        let hunts = counted(without.len(), "hunt is not proven, as it has", "hunts are not proven, as they have");
        messages::warning(config, &format!("{hunts} no query of this template: {}", listed(&without, SHOWN)));
    }
    Ok(if unproven + without.len() > 0 && args.exit_code { Exit::Found } else { exit })
}
