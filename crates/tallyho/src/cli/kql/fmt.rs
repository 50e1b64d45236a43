//! `tallyho kql fmt`: queries set in one form, comments kept.

use std::io::Write as _;
use std::path::PathBuf;

use super::each_source;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::messages;
use crate::output::write_file;

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
/// A file cannot be written. One that cannot be read, or holds a syntax error, is named, and the others are formatted.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let mut out = std::io::stdout().lock();
    let (mut changed, mut any, mut errors) = (0, false, Vec::new());
    for source in each_source(args.query.as_deref(), &args.files) {
        let formatted =
            source.and_then(|source| match kql::fmt::format(&source.text) {
                Ok(formatted) => Ok((source, formatted)),
                Err(diagnostics) => Err(Error::query(&source.name, &source.text, &diagnostics)
                    .with_hint("a query is formatted once its syntax is right")),
            });
        let (source, formatted) = match formatted {
            Ok(formatted) => formatted,
            Err(error) => {
                messages::error(&error, config.color_messages);
                errors.push(error);
                continue;
            }
        };
        any = true;
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
                    write_file(path, format!("{}\n", formatted.trim_end()))?;
                    messages::note(config, &format!("{}: formatted", source.name));
                }
            }
            _ => writeln!(out, "{}", formatted.trim_end())?,
        }
    }
    out.flush()?;
    let exit = super::ended(&errors, any);
    Ok(if args.check && changed > 0 { exit.max(Exit::Found) } else { exit })
}
