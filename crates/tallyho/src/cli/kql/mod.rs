//! `tallyho kql`: any KQL, checked, formatted and run.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use kql::catalog::{Schema, Workspace};
use logs::merged_columns;

use crate::config::Config;
use crate::declared;
use crate::error::{Error, Exit};

pub mod check;
pub mod explain;
pub mod fmt;
pub mod help;
pub mod jsonl;
pub mod limits;
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
    each_source(query, files).collect()
}

/// The same, each by itself: one that cannot be read does not keep the others away.
pub fn each_source(query: Option<&str>, files: &[PathBuf]) -> impl Iterator<Item = Result<Source, Error>> {
    let given = query.map(|text| Ok(Source { name: "query".to_owned(), path: None, text: text.to_owned() }));
    let stdin = (query.is_none() && files.is_empty()).then(stdin);
    given.into_iter().chain(files.iter().map(|path| source(path))).chain(stdin)
}

/// How a command ends that has met these errors and done its work with `any` of its sources.
fn ended(errors: &[Error], any: bool) -> Exit {
    errors.iter().map(|error| if any { error.exit_of_part() } else { error.exit() }).max().unwrap_or(Exit::Ran)
}

fn source(path: &Path) -> Result<Source, Error> {
    if path.as_os_str() == "-" {
        return stdin();
    }
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Error::input(path, "no text, and so no query"),
        io::ErrorKind::NotFound if path.to_string_lossy().contains(['|', ' ']) => {
            Error::input(path, error).with_hint("this names a file; a query itself is given with -e")
        }
        _ => Error::input(path, error),
    })?;
    Ok(Source { name: path.display().to_string(), path: Some(path.to_owned()), text })
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

/// What queries may name beside the tables of the logs and the functions of KQL itself. The configuration file has lists of the
/// same names; both count.
#[derive(Debug, Default, clap::Args)]
pub struct Declared {
    /// Saved functions: each `.kql` file in or below the folder is one, by its name; a query, or `(parameters) { body }`
    #[arg(long, value_name = "DIR")]
    pub functions: Vec<PathBuf>,
    /// Watchlists: each `.csv` file in or below the folder is one, by its name; a first line `# SearchKey: COLUMN` names the key,
    /// else it is the first column
    #[arg(long, value_name = "DIR")]
    pub watchlists: Vec<PathBuf>,
    /// The logs of another workspace, database or cluster: the name that queries give it (`soc` for workspace('soc'), `c.d` for
    /// cluster('c').database('d')), and a file or folder
    #[arg(long = "workspace", value_name = "NAME=PATH")]
    pub workspaces: Vec<String>,
    /// What externaldata reads in place of an address, as nothing is fetched: a file, or, for an address that ends with a slash,
    /// the folder of all below it
    #[arg(long, value_name = "URL=PATH")]
    pub external: Vec<String>,
}

impl Declared {
    /// With what the configuration declares.
    ///
    /// # Errors
    /// An option is not NAME=PATH.
    pub fn settle(&self, config: &Config) -> Result<declared::Declared, Error> {
        let mut all = config.declared.clone();
        all.functions.extend(self.functions.iter().cloned());
        all.watchlists.extend(self.watchlists.iter().cloned());
        for binding in &self.workspaces {
            let (name, path) = bound(binding, "--workspace NAME=PATH")?;
            all.workspaces.push((name.to_owned(), path.into()));
        }
        for binding in &self.external {
            // An address may hold equals signs; a path had better not.
            let (address, path) = binding.rsplit_once('=').ok_or_else(|| no_binding(binding, "--external URL=PATH"))?;
            all.external.push((address.to_owned(), path.into()));
        }
        Ok(all)
    }
}

/// The name and the path that an option of that form binds together.
pub(crate) fn bound<'t>(text: &'t str, form: &str) -> Result<(&'t str, &'t str), Error> {
    text.split_once('=').ok_or_else(|| no_binding(text, form))
}

/// An option that binds a name to a path, without the sign between them.
fn no_binding(text: &str, form: &str) -> Error {
    Error::user(format!("`{text}` binds nothing")).with_hint(format!("write {form}"))
}

/// What queries are checked against: the schema and nothing else, or the built-in tables with unknown ones open; and what is
/// declared beside.
///
/// # Errors
/// A file cannot be read, or is not what it should be.
pub fn workspace(schema: Option<&Path>, declared: &Declared, config: &Config) -> Result<Workspace, Error> {
    let mut workspace = match schema {
        Some(path) => Workspace::closed(read_schema(path)?),
        None => Workspace::open(),
    };
    let declared = declared.settle(config)?;
    declared::add_functions(&mut workspace.schema, &declared.functions)?;
    let watchlists = declared::read_watchlists(&declared.watchlists)?;
    workspace.watchlists.extend(watchlists.into_iter().map(|(alias, rows)| (alias, rows.columns)));
    for (name, found) in declared.places()? {
        let tables = workspace.places.entry(name).or_default();
        for table in found.files.into_iter().flat_map(|file| file.tables) {
            let columns = tables.entry(table.name).or_default();
            *columns = merged_columns(columns.iter().chain(&table.columns));
        }
    }
    Ok(workspace)
}
