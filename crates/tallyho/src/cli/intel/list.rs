//! `tallyho intel list`: the indicators of feed files.

use super::IntelFiles;
use crate::cli::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::intel::{self, Feeds};
use crate::messages;
use crate::output::Sink;

/// What `tallyho intel list` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the indicators come from.
    #[command(flatten)]
    pub intel: IntelFiles,
    /// Only those of this malware family
    #[arg(long, value_name = "FAMILY")]
    pub family: Option<String>,
    /// List what is not hunted instead, and why
    #[arg(long, conflicts_with = "family")]
    pub left_out: bool,
}

/// Lists them.
///
/// # Errors
/// A file cannot be read, or no indicator is of the family that was asked for.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let Feeds { intel: read, exit } = intel::read(&args.intel.files, config)?;
    intel::know_families(&read, args.family.as_slice())?;
    let out = Sink::stdout(config, global.format);
    if args.left_out {
        out.tables([intel::left_out_rows(&read)])?;
    } else {
        let asked = |indicator: &hunt::Indicator<'_>| {
            args.family.as_deref().is_none_or(|family| intel::is_family(indicator.malware(), family))
        };
        out.made_rows(intel::indicator_columns(), read.indicators().filter(asked).map(intel::indicator_row))?;
    }
    messages::line(config, &intel::summary(&read, config.now));
    Ok(exit)
}
