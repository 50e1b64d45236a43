//! `tallyho intel help`: the page of a feed.

use crate::cli::page;
use crate::config::Config;
use crate::error::{Error, Exit};

/// What `tallyho intel help` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A feed; without one, all there are
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// Prints it.
///
/// # Errors
/// No feed is called so.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let pages: Vec<(&str, &str)> = hunt::feed::FEEDS.iter().map(|feed| (feed.name(), feed.page())).collect();
    page::one_of(config, &pages, args.name.as_deref(), "tallyho intel help")
}
