//! `tallyho hunts build`: a folder of pages and queries.

use std::io::Write as _;
use std::path::PathBuf;

use hunt::{Exclusions, page};

use super::Selection;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::write_file;
use crate::words::counted;
use crate::{intel, messages};

/// What `tallyho hunts build` takes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  tallyho hunts build --intel threatfox.json -o hunts/")]
pub struct Args {
    /// Which hunts.
    #[command(flatten)]
    pub selection: Selection,
    /// Where the files go; the folder is made if there is none
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    /// Exclusions whose scenarios the pages show, else those that ship with tallyho
    #[arg(long, value_name = "FILE")]
    pub exclusions: Option<PathBuf>,
}

/// Writes `HUNT.md` and `HUNT/QUERY.kql` for each hunt.
///
/// # Errors
/// A file cannot be read or written.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let (read, hunts) = args.selection.hunts(config)?;
    let exclusions = match &args.exclusions {
        Some(path) => crate::search::read_exclusions(std::slice::from_ref(path))?,
        None => Exclusions::parse(hunt::exclusion::DEFAULT).map_err(|error| Error::internal(error.to_string()))?,
    };
    for hunt in &hunts {
        write_file(&args.out.join(format!("{}.md", hunt.id)), page::markdown(hunt, &exclusions))?;
        for query in &hunt.queries {
            let path = args.out.join(&hunt.id).join(format!("{}.kql", query.id));
            write_file(&path, query.text(&page::bound(hunt.template)))?;
        }
    }
    writeln!(std::io::stdout(), "{}", args.out.display())?;
    messages::line(config, &format!("{} written; {}", counted(hunts.len(), "hunt", "hunts"), intel::summary(&read)));
    Ok(Exit::Ran)
}
