//! The embedded engine over local logs: files and settings in, an engine whose tables they fill out.

use std::path::Path;

use engine::Engine;
use engine::source::LogOptions;
use logs::Discovered;

use crate::config::Config;
use crate::error::Error;

/// An engine without tables but the empty ones that Sentinel and Defender have.
///
/// # Errors
/// There are no threads to run it on.
pub fn engine(config: &Config) -> Result<Engine, Error> {
    start(config, engine::Config::default().row_limit)
}

/// The same without a bound on the rows of a result: a search must see all its candidates.
///
/// # Errors
/// There are no threads to run it on.
pub fn engine_without_limit(config: &Config) -> Result<Engine, Error> {
    start(config, None)
}

fn start(config: &Config, row_limit: Option<usize>) -> Result<Engine, Error> {
    let mut settings = engine::Config { now: config.now, row_limit, ..engine::Config::default() };
    settings.threads = threads(config);
    settings.memory_bytes = config.memory_bytes.unwrap_or(settings.memory_bytes);
    Engine::new(settings).map_err(|error| Error::internal(error.message))
}

/// How files are read for a query of the user's own.
fn plain(config: &Config) -> LogOptions {
    LogOptions { parts: threads(config), ..LogOptions::default() }
}

/// As many as there are cores, unless the configuration says otherwise.
#[must_use]
pub fn threads(config: &Config) -> usize {
    config.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Adds the tables that the files fill.
pub fn add_logs(engine: &mut Engine, config: &Config, found: &Discovered) {
    engine.add_logs(&found.files, &plain(config));
}

/// Adds the tables that the files fill at another workspace, database or cluster.
pub fn add_logs_at(engine: &mut Engine, config: &Config, place: &str, found: &Discovered) {
    engine.add_logs_at(place, &found.files, &plain(config));
}

/// Adds a file under the name of a table.
///
/// # Errors
/// It cannot be read, or is of no known format.
pub fn bind_table(engine: &mut Engine, config: &Config, name: &str, path: &Path) -> Result<(), Error> {
    engine.bind_table(name, path, &plain(config)).map_err(refused)
}

/// A file that cannot be a table.
fn refused(error: engine::Error) -> Error {
    Error { kind: crate::error::Kind::Input, message: error.message, hints: Vec::new() }
}
