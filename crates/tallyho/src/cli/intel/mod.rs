//! `tallyho intel`: indicators in files, looked at before they are hunted.

use std::path::PathBuf;

use clap::Subcommand;

pub mod explain;
pub mod help;
pub mod list;

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the indicators of feed files, or what of them is not hunted and why
    List(list::Args),
    /// Tell why values are hunted, held back or rejected
    Explain(explain::Args),
    /// Tell what a kind of feed looks like, and what its columns may be called
    Help(help::Args),
}

/// Where indicators come from.
#[derive(Debug, clap::Args)]
pub struct IntelFiles {
    /// Indicators: ThreatFox (JSON, CSV, API answer), MISP, STIX, maltrail, lists, CSV; plain, gz or zip; or a folder of such, or - for stdin; `tallyho intel help` tells of each; may be repeated
    #[arg(long = "intel", value_name = "PATH", required = true)]
    pub files: Vec<PathBuf>,
}
