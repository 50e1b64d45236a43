//! `tallyho kql explain`: what becomes of a query before, and while, it runs.

use std::io::Write as _;
use std::path::PathBuf;

use super::run::{Tables, refused};
use super::sources;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::escape;

/// What `tallyho kql explain` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files that hold one query each; stdin if there are none
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Explain this query
    #[arg(short = 'e', long, value_name = "KQL")]
    pub query: Option<String>,
    /// What the query reads.
    #[command(flatten)]
    pub tables: Tables,
    /// Run it, and show rows and time of each operator
    #[arg(long)]
    pub run: bool,
}

/// Explains them.
///
/// # Errors
/// A file cannot be read, or a query is refused.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let (engine, exit) = args.tables.engine(config)?;
    let mut out = std::io::stdout().lock();
    for source in sources(args.query.as_deref(), &args.files)? {
        let text = engine.explain(&source.text, args.run).map_err(|error| refused(&source, &error))?;
        writeln!(
            out,
            "# query\n{}\n\n{}",
            escape::terminal_lines(source.text.trim_end()),
            escape::terminal_lines(text.trim_end())
        )?;
    }
    out.flush()?;
    Ok(exit)
}
