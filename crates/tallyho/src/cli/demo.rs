//! `tallyho demo`: sample logs with planted contacts, and the main job on them.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hunt::Template;

use super::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::{Format, Sink};
use crate::search::{self, Request};
use crate::{demo, evidence, intel, messages};

/// The demo's own clock, unless `--now` says otherwise: its logs are of that week.
const NOW: &str = "2026-05-22T08:00:00Z";

/// What `tallyho demo` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the files go; the folder is made if there is none
    #[arg(default_value = "tallyho-demo")]
    pub folder: PathBuf,
}

/// Writes the demo's files, hunts in them, and leaves a report.
///
/// # Errors
/// A file cannot be written.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let folder = &args.folder;
    for file in demo::files() {
        write(&folder.join(file.path), &file.bytes)?;
    }
    let mut config = config.clone();
    if global.now.is_none() {
        config.now = crate::config::parse_time(NOW)?;
    }
    let intel = Arc::new(intel::read(&[folder.join("intel/threatfox.json")])?);
    let request = Request {
        hunts: hunt::build(&intel, Template::Exact),
        intel,
        template: Template::Exact.name(),
        found: evidence::discover(&[folder.join("logs")])?,
        since: None,
        until: None,
        exclusions: search::read_exclusions(&[folder.join("exclusions.yaml")])?,
        decode_all: false,
    };
    let report = search::search(&request, &config, None)?;
    let page = folder.join("report.html");
    let mut file = BufWriter::new(File::create(&page).map_err(|error| Error::input(&page, error))?);
    report.write(&mut file, Format::Html, &crate::output::Look::default())?;
    file.flush()?;
    let out = Sink::open(&config, global.format, None)?;
    let format = out.format;
    if format == Format::Table {
        out.tables([report.families()])?;
    } else {
        let (mut out, look) = (out, crate::output::Look::default());
        report.write(&mut out, format, &look)?;
        out.finish()?;
    }
    messages::line(&config, &format!("{}\n{}", super::hunt::summary(&report), next(folder, &page)));
    Ok(Exit::Ran)
}

/// What to do now.
fn next(folder: &Path, page: &Path) -> String {
    let folder = folder.display();
    format!(
        "\nThe report is in {}: open it in a browser.\nThe same by hand, with your own files one day:\n  \
         tallyho hunt --intel {folder}/intel/threatfox.json --exclusions {folder}/exclusions.yaml {folder}/logs\n\
         Any question of your own:\n  \
         tallyho kql run --logs {folder}/logs -e 'DnsEvents | summarize count() by ClientIP | top 5 by count_'",
        page.display()
    )
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| Error::input(folder, error))?;
    fs::write(path, bytes).map_err(|error| Error::input(path, error))
}
