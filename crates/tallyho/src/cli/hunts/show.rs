//! `tallyho hunts show`: the page of a hunt, or its queries alone.

use std::collections::BTreeSet;
use std::io::Write as _;

use hunt::{Exclusions, Hunt, HuntQuery, page};

use super::{Selected, Selection};
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::escape;
use crate::intel;

/// What `tallyho hunts show` takes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  tallyho hunts show win-remus --intel threatfox.json --kql --query domain-dns > domain-dns.kql")]
pub struct Args {
    /// The hunt or its malware family, as `hunts list` names them; all if none is named
    #[arg(value_name = "HUNT")]
    pub hunts: Vec<String>,
    /// Which hunts.
    #[command(flatten)]
    pub selection: Selection,
    /// The queries alone: one as it is, of several each as a function, with its call at the end
    #[arg(long)]
    pub kql: bool,
    /// Only these queries, by the names of their files: `domain-dns`; may be repeated
    #[arg(long, value_name = "NAME", requires = "kql")]
    pub query: Vec<String>,
}

/// Prints them.
///
/// # Errors
/// A file cannot be read, or no hunt is called so.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let Selected { mut hunts, exit, .. } = args.selection.hunts(config)?;
    if !args.hunts.is_empty() {
        let is_called = |hunt: &Hunt, name: &String| hunt.id == *name || intel::is_family(hunt.malware(), name);
        if let Some(unknown) = args.hunts.iter().find(|name| !hunts.iter().any(|hunt| is_called(hunt, name))) {
            let names = hunts.iter().flat_map(|hunt| [hunt.id.as_str(), hunt.malware().name.as_str()]);
            let near = kql::catalog::nearest(unknown, names).join(", ");
            let hint = if near.is_empty() { "`tallyho hunts list` lists them".to_owned() } else { format!("there is {near}") };
            return Err(Error::user(format!("no hunt is called `{unknown}`")).with_hint(hint));
        }
        hunts.retain(|hunt| args.hunts.iter().any(|name| is_called(hunt, name)));
    }
    let mut out = std::io::stdout().lock();
    if args.kql {
        let asked = asked(&hunts, &args.query)?;
        write!(out, "{}", escape::terminal_lines(&page::queries_text(&asked)))?;
        out.flush()?;
        return Ok(exit);
    }
    let exclusions = Exclusions::parse(hunt::exclusion::DEFAULT).map_err(|error| Error::internal(error.to_string()))?;
    for hunt in &hunts {
        writeln!(out, "{}", escape::terminal_lines(page::markdown(hunt, &exclusions).trim_end()))?;
    }
    out.flush()?;
    Ok(exit)
}

/// The hunts' queries; of certain names alone if there are some.
fn asked<'h>(hunts: &'h [Hunt], names: &[String]) -> Result<Vec<(&'h Hunt, &'h HuntQuery)>, Error> {
    let all = || hunts.iter().flat_map(|hunt| hunt.queries.iter().map(move |query| (hunt, query)));
    if let Some(unknown) = names.iter().find(|name| !all().any(|(_, query)| query.id == **name)) {
        let known: BTreeSet<&str> = all().map(|(_, query)| query.id.as_str()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Error::user(format!("no query is called `{unknown}`")).with_hint(format!("there is {known}")));
    }
    Ok(all().filter(|(_, query)| names.is_empty() || names.contains(&query.id)).collect())
}
