//! `tallyho logs help`: the page of a log format.

use crate::cli::page;
use crate::config::Config;
use crate::error::{Error, Exit};

/// What `tallyho logs help` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A log format; without one, all there are
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// Prints it.
///
/// # Errors
/// No log format is called so.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let pages: Vec<(&str, &str)> = ::logs::formats().iter().map(|format| (format.name, format.page)).collect();
    page::one_of(config, &pages, args.name.as_deref(), "tallyho logs help")
}
