//! `tallyho kql`: any KQL, checked, formatted and run.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use kql::catalog::{Schema, Workspace};

use crate::declared;
use crate::error::Error;

pub mod check;
pub mod explain;
pub mod fmt;
pub mod help;
pub mod jsonl;
pub mod lsp;
pub mod run;

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check queries: syntax, names, types, and what is probably not meant
    Check(check::Args),
    /// Run a query over logs
    Run(run::Args),
    /// Format queries
    Fmt(fmt::Args),
    /// Tell what a function, operator or table is
    Help(help::Args),
    /// Show the plans of a query, and what each step costs
    Explain(explain::Args),
    /// Serve an editor: diagnostics, completion, hover, formatting
    Lsp(lsp::Args),
}

/// A query and the name it goes by in messages.
pub struct Source {
    /// A path, `query` or `stdin`.
    pub name: String,
    /// The file, if it is one.
    pub path: Option<PathBuf>,
    /// Its text.
    pub text: String,
}

/// Reads the query given, and the files; stdin if neither is given or a file is `-`.
///
/// # Errors
/// A file cannot be read.
pub fn sources(query: Option<&str>, files: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let mut sources = Vec::new();
    if let Some(text) = query {
        sources.push(Source { name: "query".to_owned(), path: None, text: text.to_owned() });
    }
    for path in files {
        sources.push(match path.to_str() {
            Some("-") => stdin()?,
            _ => {
                let text = fs::read_to_string(path).map_err(|error| Error::input(path, error))?;
                Source { name: path.display().to_string(), path: Some(path.clone()), text }
            }
        });
    }
    if sources.is_empty() {
        sources.push(stdin()?);
    }
    Ok(sources)
}

fn stdin() -> Result<Source, Error> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| Error::input(Path::new("stdin"), error))?;
    Ok(Source { name: "stdin".to_owned(), path: None, text })
}

/// Reads a schema file.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read_schema(path: &Path) -> Result<Schema, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::input(path, error))?;
    Schema::from_json(&text).map_err(|error| Error::user(format!("{}: {error}", path.display())))
}

/// What queries may name beside tables and the functions of KQL itself.
#[derive(Debug, Default, clap::Args)]
pub struct Declared {
    /// Saved functions: each `.kql` file in or below the folder is one, by its name; a query, or `(parameters) { body }`
    #[arg(long, value_name = "DIR")]
    pub functions: Vec<PathBuf>,
    /// Watchlists: each `.csv` file in or below the folder is one, by its name; a first line `# SearchKey: COLUMN` names the key,
    /// else it is the first column
    #[arg(long, value_name = "DIR")]
    pub watchlists: Vec<PathBuf>,
}

/// What queries are checked against: the schema and nothing else, or the built-in tables with unknown ones open; and what is
/// declared beside.
///
/// # Errors
/// A file cannot be read, or is not what it should be.
pub fn workspace(schema: Option<&Path>, declared: &Declared) -> Result<Workspace, Error> {
    let mut workspace = match schema {
        Some(path) => Workspace::closed(read_schema(path)?),
        None => Workspace::open(),
    };
    declared::add_functions(&mut workspace.schema, &declared.functions)?;
    let watchlists = declared::read_watchlists(&declared.watchlists)?;
    workspace.watchlists.extend(watchlists.into_iter().map(|(alias, rows)| (alias, rows.columns)));
    Ok(workspace)
}
