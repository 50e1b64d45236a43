//! `tallyho hunt`: the main job.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use logs::{Compression, Discovered};

use super::Global;
use super::hunts::{Selected, Selection};
use crate::config::{Config, parse_moment};
use crate::error::{Error, Exit};
use crate::output::Sink;
use crate::progress::Progress;
use crate::report::{Reason, Report};
use crate::scans::{self, Scans};
use crate::search::{self, Request};
use crate::words::counted;
use crate::{evidence, intel, messages};

/// What `tallyho hunt` takes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  tallyho hunt --intel threatfox.json logs/ --out report.html")]
pub struct Args {
    /// Where the logs are.
    #[command(flatten)]
    pub logs: Logs,
    /// What is hunted.
    #[command(flatten)]
    pub selection: Selection,
    /// Only rows from this time on: 2026-05-20, 2026-05-20T13:36:27Z, or 14d (before now); else all there are
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only rows before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Decode every record, also those whose bytes cannot match: the same sightings and every damaged line, slower
    #[arg(long)]
    pub no_prefilter: bool,
    /// The records of each file are in the order of their times: leave unread what --since and --until rule out
    #[arg(long)]
    pub sorted: bool,
    /// What explains sightings away (YAML); may be repeated
    #[arg(long, value_name = "FILE")]
    pub exclusions: Vec<PathBuf>,
    /// Write the report to this file; its name tells the format: report.html, sightings.json
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 1 if there is a sighting that no exclusion explains
    #[arg(long)]
    pub exit_code: bool,
}

/// Where the logs of a hunt are.
#[derive(Debug, clap::Args)]
pub struct Logs {
    /// Log files and folders of such; formats are told by content (`tallyho logs help` tells of each),
    /// .gz and .zst are unpacked, UTF-16 is read
    #[arg(required_unless_present = "tables", value_name = "LOG")]
    pub paths: Vec<PathBuf>,
    /// A file, or a folder of such, whose columns do not tell which table it fills, under the table's name; may be repeated
    #[arg(long = "table", value_name = "NAME=PATH")]
    pub tables: Vec<String>,
}

impl Logs {
    /// What each path fills, if that is said; a file that is named in both ways is of the table that it is said to be of.
    fn places(&self) -> Result<Vec<(&Path, Option<&str>)>, Error> {
        let mut places = Vec::new();
        for binding in &self.tables {
            let (name, path) = super::kql::bound(binding, "--table NAME=PATH")?;
            if hunt::table::table(name).is_none() {
                let known: Vec<&str> = hunt::table::TABLES.iter().map(|table| table.name).collect();
                let error = Error::user(format!("no hunt asks a table `{name}`"));
                return Err(error.with_hint(format!("hunts ask {}", known.join(", "))));
            }
            places.push((Path::new(path), Some(name)));
        }
        places.extend(self.paths.iter().map(|path| (path.as_path(), None)));
        Ok(places)
    }
}

/// Hunts.
///
/// # Errors
/// The request is wrong, or the indicators cannot be read. Logs that cannot be read are in the report, and end it with 3.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let start = Instant::now();
    let moment = |text: &Option<String>| text.as_deref().map(|text| parse_moment(text, config.now)).transpose();
    let (since, until) = (moment(&args.since)?, moment(&args.until)?);
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        return Err(Error::user("--since is not before --until: no row can lie between them"));
    }
    let places = args.logs.places()?;
    let exclusion_files: Vec<PathBuf> = config.exclusions.iter().chain(&args.exclusions).cloned().collect();
    let exclusions = search::read_exclusions(&exclusion_files)?;
    // The logs are found while the indicators are read: each may take its time.
    let (selected, found) = std::thread::scope(|scope| {
        let found = scope.spawn(|| evidence::discover_as(places.into_iter()));
        (args.selection.hunts(config), found.join())
    });
    let Selected { intel, hunts, exit } = selected?;
    messages::note(config, &intel::summary(&intel, config.now));
    tell_expired(config, &intel);
    let found = found.map_err(|_| Error::internal("the search for logs ended in the middle"))??;
    tell_nothing(config, &hunts, &found);
    // Opened before the search, so that a place that cannot be written to is known at once.
    let read = found.files.iter().map(|file| file.path.as_path());
    let read = read
        .chain(intel.sources.iter().map(|source| Path::new(&source.name)))
        .chain(exclusion_files.iter().map(PathBuf::as_path));
    let mut out = Sink::open(config, global.format, args.out.as_deref(), read)?;
    let progress = progress(config, &found);
    let template = hunt::Template::from(args.selection.template).name();
    let request =
        Request { intel, hunts, template, found, since, until, exclusions, decode_all: args.no_prefilter, sorted: args.sorted };
    let scans = Scans::default();
    let report = search::search(&request, config, &scans, progress.on_read());
    drop(progress);
    let report = report?;
    let (format, look) = (out.format, out.look);
    report.write(&mut out, format, &look)?;
    out.finish()?;
    if let Some(blind_to) = report.blind_to().filter(|_| args.out.is_some() || !report.says_blind_spots(format)) {
        messages::line(config, &format!("Not looked for, as no file has a column that could show them: {blind_to}"));
    }
    let whole = told(config, &report, &request.found).max(scans::tell(config, &scans.totals())).max(exit);
    messages::line(config, &format!("{} ({:.1} s)", summary(&report), start.elapsed().as_secs_f64()));
    let found_any = report.unexplained().next().is_some();
    Ok(if found_any && args.exit_code { Exit::Found } else { whole })
}

/// Warns of a hunt that cannot find anything.
fn tell_nothing(config: &Config, hunts: &[hunt::Hunt], found: &Discovered) {
    let asked = hunt::prefilter::tables(hunts);
    let mut tables = found.files.iter().flat_map(|file| &file.tables);
    if hunts.is_empty() {
        messages::warning(config, "nothing is hunted: no indicator of these files is fit for it; see `tallyho intel list`");
    } else if found.files.is_empty() && found.problems.is_empty() {
        messages::warning(config, "nothing is searched: there is no file in what was named");
    } else if !found.files.is_empty() && !tables.any(|table| asked.contains(&table.name.as_str())) {
        messages::warning(config, "nothing is searched: no hunt asks for the tables that these files are taken for");
    }
}

/// Says that indicators are past their validity.
fn tell_expired(config: &Config, read: &hunt::Intel) {
    let expired = read.expired(config.now);
    if expired > 0 {
        let of = counted(expired, "indicator is past its validity", "indicators are past their validity");
        messages::line(config, &format!("{of}: hunted all the same, for logs of before; what is seen later says so"));
    }
}

/// Says what was not searched; [`Exit::Unread`] if it was to be.
fn told(config: &Config, report: &Report, found: &Discovered) -> Exit {
    let mut exit = super::logs::ended(config, found);
    for part in report.not_searched.iter().filter(|part| part.reason == Reason::Failed) {
        messages::warning(config, &format!("{} was not searched: {}", part.table, part.why));
        exit = Exit::Unread;
    }
    let unasked = report.not_searched.iter().filter(|part| part.reason == Reason::NotAsked);
    let unasked: Vec<&str> = unasked.map(|part| part.table.as_str()).collect();
    if !unasked.is_empty() {
        let is_custom = |table: &&str| kql::catalog::table(table).is_none();
        let hint =
            unasked.iter().find(|table| is_custom(table)).map_or("", |_| "; --table NAME=PATH says what else a file fills");
        messages::line(config, &format!("Not searched, as no hunt asks for it: {}{hint}", unasked.join(", ")));
    }
    exit
}

/// `38 sightings of 3 families on 7 hosts, 2 of them explained by exclusions; 16,432 rows searched`.
#[must_use]
pub fn summary(report: &Report) -> String {
    let distinct = |mut values: Vec<&str>| {
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    let hosts = distinct(report.sightings.iter().filter_map(|sighting| sighting.host.as_deref()).collect());
    let families = distinct(report.sightings.iter().map(|sighting| sighting.hunt.as_str()).collect());
    let rows: u64 = report.searched.iter().map(|file| file.rows).sum();
    // A line that no table got is counted under each table that its file fills.
    let mut unparsed: BTreeMap<&str, u64> = BTreeMap::new();
    for file in &report.searched {
        let most = unparsed.entry(&file.path).or_default();
        *most = file.unparsed.max(*most);
    }
    let explained = report.sightings.len() - report.unexplained().count();
    format!(
        "{} of {} on {}, {explained} of them explained by exclusions; {} searched, {} not readable",
        counted(report.sightings.len(), "sighting", "sightings"),
        counted(families, "family", "families"),
        counted(hosts, "host", "hosts"),
        counted(rows, "row", "rows"),
        counted(unparsed.values().sum::<u64>(), "line", "lines")
    )
}

/// A bar of all bytes where that is known, else of those read so far.
fn progress(config: &Config, found: &Discovered) -> Progress {
    let plain = found.files.iter().all(|file| file.compression == Compression::None);
    let total = found.files.iter().map(|file| file.size * file.tables.len() as u64).sum();
    Progress::new(config, "searching", Some(total).filter(|_| plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Searched;

    #[test]
    fn a_line_counts_once_however_many_tables_its_file_fills() {
        let searched = |path: &str, table: &str, rows, unparsed| Searched {
            path: path.to_owned(),
            table: table.to_owned(),
            rows,
            unparsed,
            ..Searched::default()
        };
        let report = Report {
            searched: vec![searched("a", "DnsEvents", 5, 2), searched("a", "Syslog", 1, 2), searched("b", "Syslog", 1, 1)],
            ..Report::default()
        };
        assert!(summary(&report).ends_with("; 7 rows searched, 3 lines not readable"), "{}", summary(&report));
    }
}
