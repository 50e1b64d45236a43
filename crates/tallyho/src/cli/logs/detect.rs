//! `tallyho logs detect`: the format of each file.

use super::{LogPaths, ended, found};
use crate::cli::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::evidence;
use crate::output::Sink;

/// What `tallyho logs detect` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the logs are.
    #[command(flatten)]
    pub logs: LogPaths,
}

/// Tells them.
///
/// # Errors
/// A path is not there.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let found = found(&args.logs)?;
    Sink::stdout(config, global.format).tables([evidence::file_rows(&found)])?;
    Ok(ended(config, &found))
}
