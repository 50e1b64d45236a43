//! `tallyho demo`: sample logs with planted contacts, and the main job on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hunt::Template;

use super::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::{Format, Look, Sink, write_file};
use crate::scans::Scans;
use crate::search::{self, Request};
use crate::{demo, evidence, intel, messages};

/// The demo's own clock, unless `--now` says otherwise: its logs are of that week.
const NOW: &str = "2026-05-22T08:00:00Z";

const REPORT: &str = "report.html";

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
    let files = demo::files();
    refuse_foreign(folder, &files)?;
    for file in &files {
        write_file(&folder.join(file.path), &file.bytes)?;
    }
    let mut config = config.clone();
    if global.now.is_none() {
        config.now = crate::config::parse_time(NOW)?;
    }
    let intel = Arc::new(intel::read(&[folder.join("intel/threatfox.json")], &config)?.intel);
    let request = Request {
        hunts: hunt::build(&intel, Template::Exact),
        intel,
        template: Template::Exact.name(),
        found: evidence::discover(&[folder.join("logs")])?,
        since: None,
        until: None,
        exclusions: search::read_exclusions(&[folder.join("exclusions.yaml")])?,
        decode_all: false,
        sorted: false,
    };
    let report = search::search(&request, &config, &Scans::default(), None)?;
    let page = folder.join(REPORT);
    let mut file = Sink::open(&config, Some(Format::Html), Some(&page), [])?;
    report.write(&mut file, Format::Html, &Look::default())?;
    file.finish()?;
    let out = Sink::stdout(&config, global.format);
    let format = out.format;
    if format == Format::Table {
        out.tables([report.families()])?;
    } else {
        let (mut out, look) = (out, Look::default());
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

/// Nothing is written over that is not the demo's own: somebody may have changed it, or put it there.
fn refuse_foreign(folder: &Path, files: &[demo::File]) -> Result<(), Error> {
    let changed = files.iter().find(|file| fs::read(folder.join(file.path)).is_ok_and(|bytes| bytes != file.bytes));
    let foreign = changed.map(|file| file.path).or_else(|| {
        let is_demo = folder.join(files[0].path).exists();
        (!is_demo && folder.join(REPORT).exists()).then_some(REPORT)
    });
    match foreign {
        None => Ok(()),
        Some(path) => Err(Error::user(format!("{}: not the demo's: it would be lost", folder.join(path).display()))
            .with_hint("name another folder: `tallyho demo FOLDER`")),
    }
}
