//! What scans of log files saw, collected while queries run: the counts of each file and table in; totals, and what is to be said
//! of them, out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use engine::source::OnScanned;
use logs::ScanStats;

use crate::config::Config;
use crate::error::Exit;
use crate::messages;
use crate::words::{counted, grouped};

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
        file.unordered = file.unordered.or(stats.unordered);
        file.left_out.extend(&stats.left_out);
        std::mem::swap(&mut file.unconverted, &mut unconverted);
        file.add_unconverted(&stats.unconverted);
        file.broken = broken.or_else(|| stats.broken.clone());
    }
    files.iter().map(|(path, stats)| tell_of(config, path, stats)).max().unwrap_or(Exit::Ran)
}

/// Counts the lines that a scan left out before the first that it read, if it did: lines are then told from the file's beginning.
///
/// # Errors
/// The file cannot be read.
pub fn count_lines(path: &Path, stats: &mut ScanStats) -> Result<(), logs::Error> {
    if let Some(end) = stats.front_left_out() {
        stats.lines_left_out(logs::lines_before(path, end)?);
    }
    Ok(())
}

/// Says what of a file was left out.
fn tell_left_out(config: &Config, path: &Path, stats: &ScanStats) {
    let path = path.display();
    if let Some(at) = stats.unordered {
        let why = format!("its records are not in the order of their times (near byte {}): all of it was read", grouped(at));
        messages::warning(config, &format!("{path}: {why}"));
    }
    let bytes = stats.bytes_left_out();
    if bytes > 0 {
        let part = format!("{:.1} MB", bytes as f64 / 1e6);
        messages::line(config, &format!("{path}: {part} of it stand outside the times asked for and were not read (--sorted)"));
    }
}

/// Says what of a file could not be read; [`Exit::Unread`] if it could not be read to its end.
pub fn tell_of(config: &Config, path: &Path, stats: &ScanStats) -> Exit {
    tell_left_out(config, path, stats);
    let mut stats = Cow::Borrowed(stats);
    if stats.unparsed > 0
        && let Err(why) = count_lines(path, stats.to_mut())
    {
        messages::warning(config, &format!("lines are counted from the first that was read: {why}"));
    }
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
