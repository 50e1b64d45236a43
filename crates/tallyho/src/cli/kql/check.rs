//! `tallyho kql check`: what is wrong with queries, and what they return.

use std::io::Write as _;
use std::path::PathBuf;

use kql::catalog::Workspace;
use kql::{Diagnostic, render};
use serde_json::json;

use super::{Declared, Source, each_source, jsonl, workspace};
use crate::cli::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::escape;
use crate::messages;
use crate::output::{Format, Sink};
use crate::words::counted;

/// What `tallyho kql check` takes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  tallyho kql check --exit-code queries/*.kql")]
pub struct Args {
    /// Files that hold one query each; stdin if there are none
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Check this query
    #[arg(short = 'e', long, value_name = "KQL")]
    pub query: Option<String>,
    /// Tables to check against: {"Table": {"column": "type"}}; else those of Sentinel and Defender, and any other
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// What queries may name beside.
    #[command(flatten)]
    pub declared: Declared,
    /// Read {"id", "query"} a line on stdin, answer one JSON object a line
    #[arg(long, conflicts_with_all = ["files", "query"])]
    pub jsonl: bool,
    /// Write SARIF 2.1.0, for code scanning
    #[arg(long, conflicts_with = "jsonl")]
    pub sarif: bool,
    /// Exit with 1 if a query has an error
    #[arg(long)]
    pub exit_code: bool,
    /// With --exit-code: a warning counts as an error
    #[arg(long, requires = "exit_code")]
    pub deny_warnings: bool,
    /// Leave out warnings
    #[arg(long)]
    pub no_lint: bool,
}

impl Args {
    /// A query of which that was found is not as it should be.
    fn is_denied(&self, checked: &kql::Checked) -> bool {
        let is_warning = |found: &Diagnostic| found.severity == kql::Severity::Warning;
        !checked.ok || self.deny_warnings && checked.diagnostics.iter().any(is_warning)
    }
}

/// A query and all that was found of it.
struct Checked {
    source: Source,
    checked: kql::Checked,
}

/// Checks them.
///
/// # Errors
/// What is declared cannot be read. A query that cannot be is named, and the others are checked.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let workspace = workspace(args.schema.as_deref(), &args.declared, config)?;
    let check = |source: Source| check(source, &workspace, config.now, !args.no_lint);
    let (mut failed, mut any, mut errors) = (false, true, Vec::new());
    if args.jsonl {
        jsonl::answer_lines(|request| {
            let checked = check(Source { name: String::new(), path: None, text: request.query.clone() });
            failed |= args.is_denied(&checked.checked);
            Ok(members(&checked))
        })?;
    } else {
        let mut all = Vec::new();
        for source in each_source(args.query.as_deref(), &args.files) {
            match source {
                Ok(source) => all.push(check(source)),
                Err(error) => {
                    messages::error(&error, config.color_messages);
                    errors.push(error);
                }
            }
        }
        failed = all.iter().any(|checked| args.is_denied(&checked.checked));
        write(args, global, config, &all)?;
        any = !all.is_empty();
    }
    let exit = super::ended(&errors, any);
    Ok(if failed && args.exit_code { Exit::Found } else { exit })
}

fn check(source: Source, workspace: &Workspace, now: i64, lint: bool) -> Checked {
    let check = if lint { kql::lint::check } else { kql::check };
    let checked = check(&source.text, workspace, now);
    Checked { source, checked }
}

/// The members of a JSON answer, without braces.
fn members(checked: &Checked) -> String {
    let columns: Vec<_> =
        checked.checked.columns.iter().map(|column| json!({"name": column.name, "type": column.ty.name()})).collect();
    let text = json!({
        "ok": checked.checked.ok,
        "syntax_ok": checked.checked.syntax_ok,
        "diagnostics": render::json(&checked.source.text, &checked.checked.diagnostics),
        "columns": columns,
    })
    .to_string();
    escape::json(&text[1..text.len() - 1]).into_owned()
}

fn write(args: &Args, global: &Global, config: &Config, all: &[Checked]) -> Result<(), Error> {
    let mut out = Sink::stdout(config, global.format);
    if args.sarif {
        let queries: Vec<(&str, &str, &[Diagnostic])> = all
            .iter()
            .map(|checked| (checked.source.name.as_str(), checked.source.text.as_str(), checked.checked.diagnostics.as_slice()))
            .collect();
        let log = serde_json::to_string_pretty(&render::sarif(env!("CARGO_PKG_VERSION"), &queries))
            .map_err(|error| Error::internal(error.to_string()))?;
        writeln!(out, "{}", escape::json(&log))?;
        return out.finish();
    }
    match out.format {
        Format::Table => {
            for checked in all.iter().filter(|checked| !checked.checked.diagnostics.is_empty()) {
                let Source { name, text, .. } = &checked.source;
                let color = out.look.color;
                writeln!(out, "{}", messages::excerpts(name, text, &checked.checked.diagnostics, color))?;
            }
        }
        Format::Json | Format::Ndjson => {
            for checked in all {
                let name = serde_json::Value::from(checked.source.name.as_str()).to_string();
                writeln!(out, "{{\"id\":{},{}}}", escape::json(&name), members(checked))?;
            }
        }
        other => return Err(Error::user(format!("a check has no {other} form")).with_hint("use table, json, or --sarif")),
    }
    out.finish()?;
    let count = |severity| all.iter().flat_map(|it| &it.checked.diagnostics).filter(|it| it.severity == severity).count();
    let (errors, warnings) = (count(kql::Severity::Error), count(kql::Severity::Warning));
    let (queries, errors) = (counted(all.len(), "query", "queries"), counted(errors, "error", "errors"));
    messages::line(config, &format!("{queries}: {errors}, {}", counted(warnings, "warning", "warnings")));
    Ok(())
}
