//! `tallyho hunts build`: a folder of pages and queries.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hunt::{Exclusions, page};

use super::{SHOWN, Selected, Selection};
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::write_file;
use crate::words::{counted, listed};
use crate::{folder, intel, messages};

/// Characters of the query of an analytics rule, by Sentinel's documented limits.
const LONGEST_RULE: usize = 10_000;

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
    let Selected { intel: read, hunts, exit } = args.selection.hunts(config)?;
    let exclusions = match &args.exclusions {
        Some(path) => crate::search::read_exclusions(std::slice::from_ref(path))?,
        None => Exclusions::parse(hunt::exclusion::DEFAULT).map_err(|error| Error::internal(error.to_string()))?,
    };
    let (mut written, mut long) = (BTreeSet::new(), Vec::new());
    for hunt in &hunts {
        write_file(&args.out.join(format!("{}.md", hunt.id)), page::markdown(hunt, &exclusions))?;
        for query in &hunt.queries {
            let path = args.out.join(&hunt.id).join(format!("{}.kql", query.id));
            let text = page::query(hunt, query);
            if text.chars().count() > LONGEST_RULE {
                long.push(path.display().to_string());
            }
            write_file(&path, text)?;
            written.insert(path);
        }
    }
    if !long.is_empty() {
        let queries = counted(long.len(), "query is", "queries are");
        let limit = "longer than the 10,000 characters that an analytics rule of Sentinel takes";
        messages::warning(config, &format!("{queries} {limit}: {}", listed(&long, SHOWN)));
    }
    let old = others(&args.out, &written)?;
    if !old.is_empty() {
        let queries = counted(old.len(), "query that this build did not write is", "queries that this build did not write are");
        messages::warning(config, &format!("{queries} still there: {}", listed(&old, SHOWN)));
    }
    writeln!(std::io::stdout(), "{}", args.out.display())?;
    messages::line(config, &format!("{} written; {}", counted(hunts.len(), "hunt", "hunts"), intel::summary(&read, config.now)));
    Ok(exit)
}

/// The queries of hunts in a folder (`HUNT/QUERY.kql` beside `HUNT.md`) that are not among those written.
fn others(folder: &Path, written: &BTreeSet<PathBuf>) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let entries = if folder.is_dir() { Some(fs::read_dir(folder).map_err(|error| Error::input(folder, error))?) } else { None };
    for entry in entries.into_iter().flatten().filter_map(Result::ok) {
        let (hunt, mut page) = (entry.path(), entry.path().into_os_string());
        page.push(".md");
        if hunt.is_dir() && Path::new(&page).is_file() {
            found.extend(folder::files_below(&hunt, |path| path.extension().is_some_and(|it| it == "kql"))?);
        }
    }
    found.sort();
    Ok(found.iter().filter(|file| !written.contains(*file)).map(|file| file.display().to_string()).collect())
}
