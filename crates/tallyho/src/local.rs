//! The embedded engine over local logs: files and settings in, an engine whose tables they fill out.

use std::path::Path;
use std::time::Duration;

use engine::Engine;
use engine::source::{LogOptions, OnRead};

use crate::config::Config;
use crate::error::{Error, Kind};
use crate::scans::Scans;

/// An engine without tables but the empty ones that Sentinel and Defender have.
///
/// # Errors
/// There are no threads to run it on.
pub fn engine(config: &Config, limits: &Limits) -> Result<Engine, Error> {
    let settings = settings(config);
    let some = |limit: usize| Some(limit).filter(|limit| *limit > 0);
    let (row_limit, byte_limit) = (some(limits.max_rows), some(limits.max_bytes));
    start(engine::Config { row_limit, byte_limit, timeout: Some(limits.timeout).filter(|it| !it.is_zero()), ..settings })
}

/// The same without limits: a search must see all its candidates, however long that takes.
///
/// # Errors
/// There are no threads to run it on.
pub fn engine_without_limit(config: &Config) -> Result<Engine, Error> {
    start(settings(config).unlimited())
}

fn settings(config: &Config) -> engine::Config {
    let mut settings = engine::Config { now: config.now, cancel: config.cancel.clone(), ..engine::Config::default() };
    settings.threads = threads(config);
    settings.spill.clone_from(&config.spill);
    settings.memory_bytes = config.memory_bytes.unwrap_or(settings.memory_bytes);
    settings
}

fn start(settings: engine::Config) -> Result<Engine, Error> {
    Engine::new(settings).map_err(|error| Error::internal(error.message))
}

/// What a query may give and take; 0 is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows of a result table.
    pub max_rows: usize,
    /// Bytes of its rows.
    pub max_bytes: usize,
    /// Time.
    pub timeout: Duration,
}

/// How files are read for a query of the user's own; `scans` collects what the reading sees.
#[must_use]
pub fn reading(config: &Config, scans: &Scans, on_read: Option<OnRead>) -> LogOptions {
    LogOptions { parts: threads(config), on_scanned: Some(scans.collector()), on_read, ..LogOptions::default() }
}

/// As many as there are cores, unless the configuration says otherwise.
#[must_use]
pub fn threads(config: &Config) -> usize {
    config.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Adds a file under the name of a table.
///
/// # Errors
/// It cannot be read, or is of no known format.
pub fn bind_table(engine: &mut Engine, options: &LogOptions, name: &str, path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        let error = Error::user(format!("{}: a folder, and a table is one file", path.display()));
        return Err(error.with_hint("--logs reads all files of a folder, each under the table that its content says"));
    }
    engine.bind_table(name, path, options).map_err(refused)
}

/// A file that cannot be a table.
fn refused(error: engine::Error) -> Error {
    Error::new(Kind::Input, error.message)
}
