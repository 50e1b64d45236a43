//! What scans of log files saw, collected while queries run: the counts of each file and table in; totals, and what is to be said
//! of them, out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use engine::source::OnScanned;
use logs::ScanStats;

use crate::config::Config;
use crate::error::Exit;
use crate::messages;
use crate::words::counted;

/// Unreadable lines of a file that are named.
const NAMED: usize = 3;

/// The scans of a run, by file and table, and of those by the range of the file that was read: a query may read a range twice.
#[derive(Clone, Default)]
pub struct Scans(Arc<Mutex<BTreeMap<(PathBuf, String), Ranges>>>);

/// What was seen of each file and table.
pub type Totals = BTreeMap<(PathBuf, String), ScanStats>;

type Ranges = BTreeMap<Option<u64>, ScanStats>;

impl Scans {
    /// Collects what an engine tells.
    #[must_use]
    pub fn collector(&self) -> OnScanned {
        let scans = Arc::clone(&self.0);
        Arc::new(move |path, table, stats| {
            let mut scans = scans.lock().unwrap_or_else(PoisonError::into_inner);
            let ranges = scans.entry((path.to_owned(), table.to_owned())).or_default();
            match stats.range_start() {
                // Files of columns tell of each part without saying which.
                None => ranges.entry(None).or_default().add(stats),
                range => {
                    ranges.insert(range, stats.clone());
                }
            }
        })
    }

    /// What was seen of each file and table.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let scans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let total = |ranges: &Ranges| {
            ranges.values().fold(ScanStats::default(), |mut total, stats| {
                total.add(stats);
                total
            })
        };
        scans.iter().map(|(key, ranges)| (key.clone(), total(ranges))).collect()
    }
}

/// Says on stderr what of the files could not be read, and ends accordingly.
pub fn tell(config: &Config, totals: &Totals) -> Exit {
    // What no table got is counted by the scan of each table; a value that is none of its type by that of its own.
    let mut files: BTreeMap<&Path, ScanStats> = BTreeMap::new();
    for ((path, _), stats) in totals {
        let file = files.entry(path).or_default();
        let mut unconverted = std::mem::take(&mut file.unconverted);
        let broken = file.broken.take();
        if stats.unparsed > file.unparsed {
            *file = stats.clone();
        }
        std::mem::swap(&mut file.unconverted, &mut unconverted);
        file.add_unconverted(&stats.unconverted);
        file.broken = broken.or_else(|| stats.broken.clone());
    }
    files.iter().map(|(path, stats)| tell_of(config, path, stats)).max().unwrap_or(Exit::Ran)
}

/// Says what of a file could not be read; [`Exit::Unread`] if it could not be read to its end.
pub fn tell_of(config: &Config, path: &Path, stats: &ScanStats) -> Exit {
    let path = path.display();
    if stats.unparsed > 0 {
        let named: Vec<String> =
            stats.unparsed_samples().iter().take(NAMED).map(|(line, why)| format!("line {line}: {why}")).collect();
        let more = if stats.unparsed > named.len() as u64 { "; …" } else { "" };
        let lines = counted(stats.unparsed, "line is", "lines are");
        messages::warning(config, &format!("{path}: {lines} not readable: {}{more}", named.join("; ")));
    }
    for (column, lost) in &stats.unconverted {
        let values = counted(lost.count, "value", "values");
        let example = if lost.example.is_empty() { String::new() } else { format!(" (`{}`)", lost.example) };
        messages::warning(
            config,
            &format!("{path}: {values} of {column} cannot be read as its type{example}: null stands for it"),
        );
    }
    match &stats.broken {
        Some(why) => {
            messages::warning(config, &format!("{path}: not read to its end: {why}"));
            Exit::Unread
        }
        None => Exit::Ran,
    }
}
