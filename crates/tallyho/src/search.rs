//! The main job: indicators to hunts, hunts over logs, sightings into a report.
//!
//! All hunts share one pass over each table: their common prefilter selects candidate rows together with where they stand, those
//! take the table's place, and each hunt's own query runs over them. The queries alone decide what is a sighting.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::source::{LogOptions, OnRead, Provenance};
use engine::{Engine, TextSet};
use hunt::prefilter::{NeedleTexts, Prefilter};
use hunt::sighting::provenance;
use hunt::{Exclusions, Executor, Failure, Hunt, TimeBound};
use kql::Rows;
use kql::time::format_datetime;
use logs::Discovered;

use crate::config::Config;
use crate::error::Error;
use crate::report::{self, NotSearched, Reason, Report, Unread};
use crate::scans::{self, Scans, Totals};
use crate::words::counted;
use crate::{evidence, local};

/// What to search for, and where.
pub struct Request {
    /// The indicators.
    pub intel: Arc<hunt::Intel>,
    /// The hunts made of them.
    pub hunts: Vec<Hunt>,
    /// The template's name.
    pub template: &'static str,
    /// The logs.
    pub found: Discovered,
    /// Rows from this moment on, in ticks.
    pub since: Option<i64>,
    /// Rows before this moment, in ticks.
    pub until: Option<i64>,
    /// What explains sightings away.
    pub exclusions: Exclusions,
    /// Make rows of records, too, whose bytes cannot match.
    pub decode_all: bool,
    /// The records of each file stand in the order of their times.
    pub sorted: bool,
}

/// Reads exclusion files; of two scenarios with one id the later counts.
///
/// # Errors
/// A file cannot be read, or is none.
pub fn read_exclusions(paths: &[PathBuf]) -> Result<Exclusions, Error> {
    let mut all = Exclusions::default();
    for path in paths {
        let text = std::fs::read_to_string(path).map_err(|error| Error::input(path, error))?;
        let one = Exclusions::parse(&text).map_err(|error| Error::user(format!("{}: {error}", path.display())))?;
        all.merge(one);
    }
    Ok(all)
}

/// Searches. `on_read` is told how many bytes of logs were read since it was told last; `scans` collects what the reading saw.
///
/// # Errors
/// The logs cannot be brought under tables, or the engine cannot start. What goes wrong with one query or file is in the report.
pub fn search(request: &Request, config: &Config, scans: &Scans, on_read: Option<OnRead>) -> Result<Report, Error> {
    let reading = local::reading(config, scans, on_read);
    let reading = LogOptions { decode_all: request.decode_all, sorted: request.sorted, ..reading };
    let mut executor = Local::new(&request.found, config, reading)?;
    let bound = match (request.since, request.until) {
        (None, None) => TimeBound::Unbounded,
        (since, until) => TimeBound::Between { since, until },
    };
    let mut outcome = hunt::search(&request.hunts, &mut executor, &bound, &request.exclusions);
    if config.cancel.is_cancelled() {
        // Half a search would read like a whole one.
        return Err(Error::interrupted());
    }
    let mut scans = scans.totals();
    number_lines(&mut outcome, &mut scans);
    let mut report = Report {
        tallyho: env!("CARGO_PKG_VERSION").to_owned(),
        now: format_datetime(config.now),
        template: request.template.to_owned(),
        since: request.since.map(format_datetime),
        until: request.until.map(format_datetime),
        intel: report::intel(&request.intel),
        unread: evidence::unread(&request.found),
        ..Report::default()
    };
    for file in &request.found.files {
        for table in &file.tables {
            let Some(stats) = scans.get(&(file.path.clone(), table.name.clone())) else { continue };
            report.searched.push(evidence::searched(file, table, stats));
            if let Some(why) = &stats.broken {
                let why = format!("not read to its end: {why}");
                report.unread.push(Unread { path: file.path.display().to_string(), why });
            }
        }
    }
    report.not_searched = unasked(&request.hunts, &request.found);
    report.not_looked_for = report::not_looked_for(&request.hunts, &request.found);
    report.add_outcome(&request.hunts, outcome, &request.exclusions);
    Ok(report)
}

/// Tables that files fill and no hunt asks.
fn unasked(hunts: &[Hunt], found: &Discovered) -> Vec<NotSearched> {
    let asked: BTreeSet<&str> = hunt::prefilter::tables(hunts).into_iter().collect();
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for table in found.files.iter().flat_map(|file| &file.tables) {
        *files.entry(&table.name).or_default() += 1;
    }
    let unasked = files.into_iter().filter(|(table, _)| !asked.contains(table));
    let why = |n: usize| format!("{}, but no hunt asks it", counted(n, "file fills it", "files fill it"));
    let unasked = unasked.map(|(table, n)| (table.to_owned(), why(n)));
    unasked.map(|(table, why)| NotSearched { hunt: "*".to_owned(), table, why, reason: Reason::NotAsked }).collect()
}

/// Counts the lines of records from the beginning of their file: a scan counts them from that of the range it reads.
fn number_lines(outcome: &mut hunt::Outcome, scans: &mut Totals) {
    for sighting in &mut outcome.sightings {
        if let Some(hunt::Evidence { path, line, offset: Some(offset), .. }) = &mut sighting.evidence
            && let Some(stats) = scans.get_mut(&(PathBuf::from(path.as_str()), sighting.table.to_string()))
        {
            let known = scans::count_lines(Path::new(path), stats).is_ok();
            *line = line.filter(|_| known).map(|line| stats.line(*offset, line));
        }
    }
}

/// The embedded engine over log files.
struct Local {
    engine: Engine,
    tables: BTreeSet<String>,
    /// The sets of values that the engine has.
    sets: BTreeSet<String>,
}

impl Local {
    fn new(found: &Discovered, config: &Config, reading: LogOptions) -> Result<Local, Error> {
        let mut engine = local::engine_without_limit(config)?;
        let provenance = Provenance {
            path: provenance::PATH.to_owned(),
            line: provenance::LINE.to_owned(),
            offset: provenance::OFFSET.to_owned(),
            raw: provenance::RAW.to_owned(),
        };
        let options = LogOptions { provenance: Some(provenance), ..reading };
        engine.add_logs(&found.files, &options);
        let tables = found.files.iter().flat_map(|file| &file.tables).map(|table| table.name.clone()).collect();
        Ok(Local { engine, tables, sets: BTreeSet::new() })
    }
}

impl Executor for Local {
    fn has_table(&self, table: &str) -> bool {
        self.tables.contains(table)
    }

    fn run(&mut self, query: &str) -> Result<Rows, Failure> {
        let answer = self.engine.run(query).map_err(failure)?;
        Ok(answer.tables.into_iter().next().map(|table| table.rows).unwrap_or_default())
    }

    fn narrow(&mut self, table: &str, pass: &Prefilter<'_>) -> Result<Option<Rows>, Failure> {
        for set in &pass.sets {
            if self.sets.insert(set.name.clone()) {
                self.engine.add_texts(&set.name, TextSet::of(Needles(set.texts()))).map_err(failure)?;
            }
        }
        let rows = self.run(&pass.query)?;
        self.engine.add_rows(table, &rows).map_err(failure)?;
        Ok(Some(rows))
    }
}

/// Values of hunts, as the engine reads them.
#[derive(Debug)]
struct Needles(NeedleTexts);

impl engine::Texts for Needles {
    fn count(&self) -> usize {
        self.0.count()
    }

    fn get(&self, position: usize) -> &str {
        self.0.get(position)
    }

    fn each(&self, positions: Range<usize>, on: &mut dyn FnMut(&str) -> bool) {
        self.0.each(positions, on);
    }
}

fn failure(error: engine::Error) -> Failure {
    Failure { code: Some(error.code.to_owned()), message: format!("{}: {}", error.code, error.message) }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;

    use hunt::Template;

    use super::*;

    /// As the engine, but without a pass for all hunts: each query runs whole, over all rows.
    struct OneByOne(Local);

    impl Executor for OneByOne {
        fn has_table(&self, table: &str) -> bool {
            self.0.has_table(table)
        }

        fn run(&mut self, query: &str) -> Result<Rows, Failure> {
            self.0.run(query)
        }
    }

    /// What hunts of these indicators find in these logs, in a word for each sighting.
    fn both_ways(intel: &hunt::Intel, template: Template, folder: &Path) -> [String; 2] {
        let hunts = hunt::build(&Arc::new(intel.clone()), template);
        let found = logs::discover(&[folder.to_owned()]);
        let config = Config::default();
        let local = || Local::new(&found, &config, local::reading(&config, &Scans::default(), None)).unwrap();
        let (mut together, mut one_by_one) = (local(), OneByOne(local()));
        [&mut together as &mut dyn Executor, &mut one_by_one].map(|executor| {
            let outcome = hunt::search(&hunts, executor, &TimeBound::Unbounded, &Exclusions::default());
            let mut told = format!("{:?}\n{:?}\n", outcome.not_searched, outcome.unattributed);
            for it in &outcome.sightings {
                let (indicator, evidence) = (it.indicator(), &it.evidence);
                let _ = writeln!(told, "{} {} {indicator:?} {} {}", it.id, it.query, it.observed, it.matched_by);
                let _ = writeln!(told, "    {:?} {:?} {:?} {} {evidence:?}", it.time, it.host, it.row, it.count);
            }
            told
        })
    }

    fn demo(folder: &Path) -> hunt::Intel {
        for file in crate::demo::files() {
            let path = folder.join(file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &file.bytes).unwrap();
        }
        crate::intel::read(&[folder.join("intel")], &Config::default()).unwrap().intel
    }

    #[test]
    fn the_pass_for_all_hunts_changes_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let intel = demo(folder.path());
        for template in [Template::Exact, Template::Classic] {
            let [together, one_by_one] = both_ways(&intel, template, &folder.path().join("logs"));
            assert!(together.lines().count() > 20, "{together}");
            assert_eq!(together, one_by_one);
        }
    }

    #[test]
    fn parts_of_a_question_are_asked_together_and_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let mut list: Vec<String> = (0..10_100).map(|n| format!("evil-{n}.example-{n}.shop")).collect();
        list.extend(["www.evil-7.example-7.shop", "https://evil.biz/a"].map(str::to_owned));
        let intel = hunt::feed::read(list.join("\n").as_bytes(), "list.txt").unwrap();
        let names = [
            "evil-7.example-7.shop",
            "a.www.EVIL-7.example-7.shop.",
            "evil-5001.example-5001.shop",
            "evil-10099.example-10099.shop",
        ];
        let others = ["notevil-7.example-7.shop", "evil-8.example-7.shop", "evil.biz", "shop"];
        let row =
            |name: &str| format!("{{\"Type\":\"DnsEvents\",\"TimeGenerated\":\"2026-01-01T00:00:00Z\",\"Name\":\"{name}\"}}\n");
        fs::write(folder.path().join("DnsEvents.ndjson"), names.iter().chain(&others).map(|name| row(name)).collect::<String>())
            .unwrap();
        let [together, one_by_one] = both_ways(&intel, Template::Exact, folder.path());
        for query in ["domain-dns ", "domain-dns-2 ", "domain-dns-3 "] {
            assert!(together.contains(query), "{together}");
        }
        assert_eq!(together, one_by_one);
    }

    #[test]
    fn addresses_of_networks_are_found_in_urls() {
        let folder = tempfile::tempdir().unwrap();
        let intel = hunt::feed::read(b"185.220.101.0/24\n2a02:cf40:1::/48\n", "tor.txt").unwrap();
        let urls = [
            "http://185.220.101.7/x",
            "185.220.101.8:8080",
            "https://u@[2A02:CF40:1:0::9]:8443/?a#b",
            "http://[::ffff:185.220.101.9]/",
            "http://185.220.102.7/x",
            "https://185.220.101.7.example.net/",
            "https://example.net/?to=http://185.220.101.7/",
        ];
        let row = |url: &&str| {
            format!("{{\"Type\":\"UrlClickEvents\",\"TimeGenerated\":\"2026-01-01T00:00:00Z\",\"Url\":\"{url}\"}}\n")
        };
        fs::write(folder.path().join("clicks.ndjson"), urls.iter().map(row).collect::<String>()).unwrap();
        let [together, one_by_one] = both_ways(&intel, Template::Exact, folder.path());
        assert_eq!(together, one_by_one);
        for (at, url) in urls.iter().enumerate() {
            assert_eq!(together.contains(&format!(" {url} network\n")), at < 4, "{url}\n{together}");
        }
    }
}
