//! `tallyho intel explain`: why values are hunted or not.

use kql::Rows;

use super::IntelFiles;
use crate::cli::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::intel;
use crate::output::Sink;

/// What `tallyho intel explain` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Domains, addresses, URLs or hashes; defanged ones too
    #[arg(required = true, value_name = "VALUE")]
    pub values: Vec<String>,
    /// Where the indicators come from.
    #[command(flatten)]
    pub intel: IntelFiles,
}

/// Explains each value.
///
/// # Errors
/// A file cannot be read.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let feeds = intel::read(&args.intel.files, config)?;
    let mut all = Rows::default();
    for value in &args.values {
        let rows = intel::explain(&feeds.intel, value, config.now);
        all.columns = rows.columns;
        all.rows.extend(rows.rows);
    }
    Sink::stdout(config, global.format).tables([all])?;
    Ok(feeds.exit)
}
