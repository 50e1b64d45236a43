//! What was typed, made into what to do: global options, the environment and the configuration file in, a [`Config`] out.
//!
//! Precedence: an option, then the environment, then the configuration file, then the default. Only here (and where files are
//! read) does the program look at the clock, the environment or the terminal.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr, stdout};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use engine::Cancel;
use kql::time;
use serde::Deserialize;

use crate::cli::{ColorWhen, Global};
use crate::declared::Declared;
use crate::error::Error;

/// Everything a command needs to know beside its own arguments.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The moment that `now()` and `ago()` start from, in ticks of 100 ns since 0001-01-01.
    pub now: i64,
    /// Whether stdout may carry color.
    pub color: bool,
    /// How many columns stdout's terminal has; nothing if it is none.
    pub width: Option<u16>,
    /// Whether stderr is a terminal on which a progress bar may be drawn.
    pub progress: bool,
    /// Whether stderr may carry color.
    pub color_messages: bool,
    /// Nothing but errors on stderr.
    pub quiet: bool,
    /// Remarks on stderr, too.
    pub verbose: bool,
    /// Memory that queries may take, in bytes; the engine's own default without.
    pub memory_bytes: Option<usize>,
    /// The folder below which queries put what does not fit into memory; the system's for temporary files without.
    pub spill: Option<PathBuf>,
    /// How many parts of a query run at the same time; as many as there are cores without.
    pub threads: Option<usize>,
    /// Exclusion files that every hunt reads, before those of its options.
    pub exclusions: Vec<PathBuf>,
    /// What every query may name beside the tables of the logs, before what its options declare.
    pub declared: Declared,
    /// Stops what runs.
    pub cancel: Cancel,
}

/// The configuration file: YAML, every key optional. Relative paths start from the file's folder.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "keys with values, such as `memory_mb: 512`")]
struct File {
    color: Option<ColorWhen>,
    memory_mb: Option<usize>,
    spill: Option<PathBuf>,
    threads: Option<usize>,
    #[serde(default)]
    exclusions: Vec<PathBuf>,
    #[serde(default)]
    functions: Vec<PathBuf>,
    #[serde(default)]
    watchlists: Vec<PathBuf>,
    #[serde(default)]
    workspaces: BTreeMap<String, Paths>,
    #[serde(default)]
    external: BTreeMap<String, PathBuf>,
    geoip: Option<PathBuf>,
}

/// One path or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Paths {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

impl File {
    /// What it declares for queries.
    fn declared(&self) -> Declared {
        let places = self.workspaces.iter().flat_map(|(name, paths)| {
            let paths = match paths {
                Paths::One(path) => std::slice::from_ref(path),
                Paths::Several(paths) => paths,
            };
            paths.iter().map(|path| (name.clone(), path.clone()))
        });
        Declared {
            functions: self.functions.clone(),
            watchlists: self.watchlists.clone(),
            workspaces: places.collect(),
            external: self.external.iter().map(|(address, path)| (address.clone(), path.clone())).collect(),
            geoip: self.geoip.clone(),
        }
    }

    /// The same with paths that start from `folder`.
    fn below(mut self, folder: &Path) -> File {
        let places = self.workspaces.values_mut().flat_map(|paths| match paths {
            Paths::One(path) => std::slice::from_mut(path),
            Paths::Several(paths) => paths.as_mut_slice(),
        });
        let lists = [&mut self.exclusions, &mut self.functions, &mut self.watchlists];
        for path in lists
            .into_iter()
            .flatten()
            .chain(self.external.values_mut())
            .chain(&mut self.geoip)
            .chain(&mut self.spill)
            .chain(places)
        {
            *path = folder.join(&path);
        }
        self
    }
}

impl Config {
    /// Settles all of it.
    ///
    /// # Errors
    /// The configuration file cannot be read, or `--now` is no time.
    pub fn resolve(global: &Global) -> Result<Config, Error> {
        let file = match &global.config {
            Some(path) => read(path)?,
            None => match default_path().filter(|path| path.exists()) {
                Some(path) => read(&path)?,
                None => File::default(),
            },
        };
        let when = global.color.or(file.color).unwrap_or(ColorWhen::Auto);
        let (out, err) = (stdout().is_terminal(), stderr().is_terminal());
        Ok(Config {
            now: global.now.as_deref().map_or_else(clock, parse_time)?,
            color: is_colored(when, out),
            width: terminal_size::terminal_size().filter(|_| out).map(|(width, _)| width.0),
            progress: err && !global.quiet,
            color_messages: is_colored(when, err),
            quiet: global.quiet,
            verbose: global.verbose > 0,
            memory_bytes: file.memory_mb.map(|mb| mb.saturating_mul(1 << 20)),
            spill: file.spill.clone(),
            threads: file.threads,
            declared: file.declared(),
            exclusions: file.exclusions,
            cancel: Cancel::default(),
        })
    }
}

/// Whether messages may carry color: for errors that come before, or from, the configuration.
#[must_use]
pub fn stderr_color(global: &Global) -> bool {
    is_colored(global.color.unwrap_or(ColorWhen::Auto), stderr().is_terminal())
}

/// `NO_COLOR` (<https://no-color.org>): any non-empty value forbids color where nobody insists.
fn is_colored(when: ColorWhen, terminal: bool) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// A time as options take it: `2026-05-20`, `2026-05-20T13:36:27Z`.
///
/// # Errors
/// It is none.
pub fn parse_time(text: &str) -> Result<i64, Error> {
    time::parse_iso(text).ok_or_else(|| {
        Error::user(format!("`{text}` is no time")).with_hint("write it as 2026-05-20 or 2026-05-20T13:36:27Z (UTC)")
    })
}

/// A time as [`parse_time`] takes it, or a while before `now`: `14d`, `36h`, `90m`.
///
/// # Errors
/// It is neither.
pub fn parse_moment(text: &str, now: i64) -> Result<i64, Error> {
    let unit = match text.chars().last() {
        Some('d') => time::DAY,
        Some('h') => time::HOUR,
        Some('m') => time::MINUTE,
        _ => return parse_time(text).map_err(|error| error.with_hint("or as a while before now: 14d, 36h or 90m")),
    };
    let count: Option<i64> = text[..text.len() - 1].parse().ok().filter(|count| *count >= 0);
    let moment = count.and_then(|count| count.checked_mul(unit)).and_then(|span| now.checked_sub(span)).and_then(time::in_range);
    moment.ok_or_else(|| Error::user(format!("`{text}` is no while before now")).with_hint("write it as 14d, 36h or 90m"))
}

/// The clock, in ticks.
fn clock() -> Result<i64, Error> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Error::user("the clock stands before 1970"))?;
    let nanos = i128::try_from(since.as_nanos()).unwrap_or(i128::MAX);
    time::from_unix_nanos(nanos).ok_or_else(|| Error::user("the clock stands after the year 9999"))
}

/// `tallyho/config.yaml` in the user's configuration folder.
fn default_path() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".config"));
    Some(base.filter(|path| path.is_absolute()).or_else(home)?.join("tallyho/config.yaml"))
}

fn read(path: &Path) -> Result<File, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let mut error = Error::input(path, error);
        error.kind = crate::error::Kind::User;
        error
    })?;
    if text.trim().is_empty() {
        return Ok(File::default());
    }
    let file: File = serde_norway::from_str(&text).map_err(|error| Error::user(format!("{}: {error}", path.display())))?;
    Ok(file.below(path.parent().unwrap_or(Path::new(""))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_file_is_read_and_its_unknown_keys_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, "color: never\nmemory_mb: 512\nspill: big\n").expect("written");
        let global = Global { config: Some(path.clone()), now: Some("2026-01-01".to_owned()), ..Global::default() };
        let config = Config::resolve(&global).expect("a configuration");
        assert_eq!((config.memory_bytes, config.color, config.now), (Some(512 << 20), false, 639_028_224_000_000_000));
        assert_eq!(config.spill, Some(folder.path().join("big")));
        std::fs::write(&path, "colour: never\n").expect("written");
        let error = Config::resolve(&global).expect_err("an unknown key");
        assert!(error.message.contains("colour"), "{error}");
    }

    #[test]
    fn a_time_that_is_none_is_refused_with_an_example() {
        assert!(parse_time("yesterday").is_err_and(|error| error.hints[0].contains("2026-05-20")));
    }
}
