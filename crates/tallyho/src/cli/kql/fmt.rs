//! `tallyho kql fmt`: queries set in one form, comments kept.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use super::sources;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::messages;

/// What `tallyho kql fmt` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files that hold one query each; stdin if there are none
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Format this query
    #[arg(short = 'e', long, value_name = "KQL")]
    pub query: Option<String>,
    /// Write nothing, name the files that would change, and exit with 1 if there are any
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
    /// Write the files in place of printing them
    #[arg(short, long, requires = "files")]
    pub write: bool,
}

/// Formats them.
///
/// # Errors
/// A file cannot be read or written, or holds a syntax error.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let mut out = std::io::stdout().lock();
    let mut changed = 0;
    for source in sources(args.query.as_deref(), &args.files)? {
        let formatted = kql::fmt::format(&source.text).map_err(|diagnostics| {
            Error::query(&source.name, &source.text, &diagnostics).with_hint("a query is formatted once its syntax is right")
        })?;
        let differs = formatted.trim_end() != source.text.trim_end();
        changed += usize::from(differs);
        match (&source.path, args.check, args.write) {
            (_, true, _) => {
                if differs {
                    writeln!(out, "{}", source.name)?;
                }
            }
            (Some(path), _, true) => {
                if differs {
                    fs::write(path, format!("{}\n", formatted.trim_end())).map_err(|error| Error::input(path, error))?;
                    messages::note(config, &format!("{}: formatted", source.name));
                }
            }
            _ => writeln!(out, "{}", formatted.trim_end())?,
        }
    }
    out.flush()?;
    Ok(if args.check && changed > 0 { Exit::Found } else { Exit::Ran })
}
