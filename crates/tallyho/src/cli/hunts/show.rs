//! `tallyho hunts show`: the page of a hunt, or its queries alone.

use std::io::Write as _;

use hunt::{Exclusions, page};

use super::Selection;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::escape;

/// What `tallyho hunts show` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The hunt, as `hunts list` names it; all if none is named
    #[arg(value_name = "HUNT")]
    pub hunts: Vec<String>,
    /// Which hunts.
    #[command(flatten)]
    pub selection: Selection,
    /// The queries alone
    #[arg(long)]
    pub kql: bool,
}

/// Prints them.
///
/// # Errors
/// A file cannot be read, or no hunt is called so.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let (_, mut hunts) = args.selection.hunts(config)?;
    if !args.hunts.is_empty() {
        if let Some(unknown) = args.hunts.iter().find(|id| !hunts.iter().any(|hunt| hunt.id == **id)) {
            let near = kql::catalog::nearest(unknown, hunts.iter().map(|hunt| hunt.id.as_str())).join(", ");
            let hint = if near.is_empty() { "`tallyho hunts list` lists them".to_owned() } else { format!("there is {near}") };
            return Err(Error::user(format!("no hunt is called `{unknown}`")).with_hint(hint));
        }
        hunts.retain(|hunt| args.hunts.contains(&hunt.id));
    }
    let exclusions = Exclusions::parse(hunt::exclusion::DEFAULT).map_err(|error| Error::internal(error.to_string()))?;
    let mut out = std::io::stdout().lock();
    for hunt in &hunts {
        if args.kql {
            for query in &hunt.queries {
                writeln!(out, "{}", escape::terminal_lines(query.text(&page::bound(hunt.template)).trim_end()))?;
            }
        } else {
            writeln!(out, "{}", escape::terminal_lines(page::markdown(hunt, &exclusions).trim_end()))?;
        }
    }
    out.flush()?;
    Ok(Exit::Ran)
}
