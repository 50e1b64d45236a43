//! `tallyho kql run`: any query over any logs.

use std::path::PathBuf;

use engine::{Answer, Engine, ResultTable};
use kql::diagnostic::NO_INGESTION_TIME;
use kql::{Rows, render};

use super::{Declared, Source, jsonl, no_binding, read_schema, sources};
use crate::cli::Global;
use crate::config::Config;
use crate::declared;
use crate::error::{Error, Exit};
use crate::local;
use crate::messages;
use crate::output::{Sink, tables_text};

/// What `tallyho kql run` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Example:\n  tallyho kql run -e 'DnsEvents | summarize count() by Name | top 10 by count_' --logs logs/"
)]
pub struct Args {
    /// Files that hold one query each; stdin if there are none
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Run this query
    #[arg(short = 'e', long, value_name = "KQL")]
    pub query: Option<String>,
    /// What the query reads.
    #[command(flatten)]
    pub tables: Tables,
    /// Read {"id", "query"} a line on stdin, answer one JSON object a line
    #[arg(long, conflicts_with_all = ["files", "query", "out"])]
    pub jsonl: bool,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Where the tables of a query come from.
#[derive(Debug, clap::Args)]
pub struct Tables {
    /// Log files and folders; each fills the table that its content says
    #[arg(long, value_name = "PATH")]
    pub logs: Vec<PathBuf>,
    /// A file under the name of a table
    #[arg(long = "table", value_name = "NAME=FILE")]
    pub tables: Vec<String>,
    /// Tables that are there though no file fills them: {"Table": {"column": "type"}}; else those of Sentinel and Defender
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// What queries may name beside.
    #[command(flatten)]
    pub declared: Declared,
}

impl Tables {
    /// An engine over these tables, and how the command ends if nothing else goes wrong.
    ///
    /// # Errors
    /// A file that was named is not there or is none, or the schema cannot be read.
    pub fn engine(&self, config: &Config) -> Result<(Engine, Exit), Error> {
        let mut engine = local::engine(config)?;
        if let Some(path) = &self.schema {
            engine.set_schema(read_schema(path)?);
            engine.workspace_mut().builtin = false;
        }
        let mut exit = Exit::Ran;
        let declared = self.declared.settle(config)?;
        declared::add_functions(&mut engine.workspace_mut().schema, &declared.functions)?;
        for (alias, rows) in declared::read_watchlists(&declared.watchlists)? {
            engine.add_watchlist(&alias, &rows).map_err(|error| Error::internal(error.message))?;
        }
        for (name, found) in declared.places()? {
            local::add_logs_at(&mut engine, config, &name, &found);
            exit = exit.max(crate::cli::logs::ended(config, &found));
        }
        engine.set_externals(declared.externals());
        if !self.logs.is_empty() {
            let found = crate::evidence::discover(&self.logs)?;
            local::add_logs(&mut engine, config, &found);
            exit = exit.max(crate::cli::logs::ended(config, &found));
        }
        for binding in &self.tables {
            let Some((name, path)) = binding.split_once('=') else {
                return Err(no_binding(binding, "--table NAME=FILE"));
            };
            local::bind_table(&mut engine, config, name, path.as_ref())?;
        }
        Ok((engine, exit))
    }
}

/// Runs them.
///
/// # Errors
/// A file cannot be read, or a query is refused.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let (engine, exit) = args.tables.engine(config)?;
    if args.jsonl {
        jsonl::answer_lines(|request| match engine.run(&request.query) {
            Ok(answer) => tables_text(&rows(answer)),
            Err(error) => jsonl::error_text(error.code, &error.message),
        })?;
        return Ok(exit);
    }
    let mut tables = Vec::new();
    for source in sources(args.query.as_deref(), &args.files)? {
        let answer = engine.run(&source.text).map_err(|error| refused(&source, &error))?;
        let (of_logs, others): (Vec<_>, Vec<_>) =
            answer.diagnostics.iter().cloned().partition(|found| found.code == NO_INGESTION_TIME.id);
        for found in of_logs {
            messages::warning(config, &format!("{}: {}", source.name, found.message));
        }
        if !others.is_empty() {
            messages::note(config, &render::text(&source.name, &source.text, &others));
        }
        for table in answer.tables.iter().filter(|table| table.truncated) {
            let count = table.rows.rows.len();
            messages::warning(config, &format!("{}: the result was cut after {count} rows", source.name));
        }
        tables.extend(rows(answer));
    }
    Sink::open(config, global.format, args.out.as_deref())?.tables(&tables)?;
    Ok(exit)
}

fn rows(answer: Answer) -> Vec<Rows> {
    answer.tables.into_iter().map(|table: ResultTable| table.rows).collect()
}

/// The query's mistakes with their places, or the engine's own words.
pub(super) fn refused(source: &Source, error: &engine::Error) -> Error {
    let errors: Vec<_> = error.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).cloned().collect();
    if errors.is_empty() {
        return Error::user(format!("error[{}]: {}", error.code, error.message));
    }
    Error::user(render::text(&source.name, &source.text, &errors))
}
