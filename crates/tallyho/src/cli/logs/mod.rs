//! `tallyho logs`: what files are, and which tables they fill.

use std::path::PathBuf;

use clap::Subcommand;
use logs::Discovered;

use crate::config::Config;
use crate::error::{Error, Exit};
use crate::{evidence, messages};

pub mod convert;
pub mod detect;
pub mod help;
pub mod schema;
pub mod tables;

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell the format of each file and the tables it fills
    Detect(detect::Args),
    /// Count the rows of each table, and name what could not be read
    Tables(tables::Args),
    /// List the columns of each table
    Schema(schema::Args),
    /// Write the rows of a table as Parquet, JSON lines or CSV
    Convert(convert::Args),
    /// Tell what a log format looks like, and what becomes of its fields
    Help(help::Args),
}

/// Where logs are.
#[derive(Debug, clap::Args)]
pub struct LogPaths {
    /// Log files and folders of such; formats are told by content (`tallyho logs help` tells of each),
    /// .gz and .zst are unpacked, UTF-16 is read
    #[arg(required = true, value_name = "LOG")]
    pub paths: Vec<PathBuf>,
}

/// Finds the files.
fn found(paths: &LogPaths) -> Result<Discovered, Error> {
    evidence::discover(&paths.paths)
}

/// Names on stderr what could not be read, and ends accordingly.
pub(super) fn ended(config: &Config, found: &Discovered) -> Exit {
    for problem in &found.problems {
        messages::warning(config, &format!("{}: {}", problem.path.display(), problem.why));
    }
    if found.problems.iter().any(|problem| problem.is_lost) { Exit::Unread } else { Exit::Ran }
}
