//! `tallyho logs tables`: the rows of each table.

use super::{LogPaths, ended, found};
use crate::cli::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::Sink;
use crate::{evidence, scans};

/// What `tallyho logs tables` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the logs are.
    #[command(flatten)]
    pub logs: LogPaths,
}

/// Counts them.
///
/// # Errors
/// A path is not there, or a file cannot be opened.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let found = found(&args.logs)?;
    let (rows, stats) = evidence::table_rows(&found)?;
    Sink::stdout(config, global.format).tables([rows])?;
    Ok(ended(config, &found).max(scans::tell(config, &stats)))
}
