//! `tallyho kql run`: any query over any logs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use engine::error::code;
use engine::source::{LogOptions, OnRead};
use engine::{Cut, Engine, ResultTable};
use kql::diagnostic::{NO_INGESTION_TIME, UNFILLED_TABLE};
use kql::time::format_datetime;

use super::limits::Limits;
use super::{Declared, Source, bound, jsonl, read_schema, sources};
use crate::chart;
use crate::cli::Global;
use crate::config::Config;
use crate::declared;
use crate::error::{Error, Exit};
use crate::local;
use crate::messages;
use crate::output::{Format, RowStream, Shown, Sink, cut_text, tables_text, write_file};
use crate::progress::Progress;
use crate::scans::{self, Scans};

/// What `tallyho kql run` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  tallyho kql run -e 'DnsEvents | summarize count() by Name | top 10 by count_' --logs logs/\n  \
                       tallyho kql run -e 'DnsEvents | summarize count() by bin(TimeGenerated, 1h) | render timechart' \
                       --logs logs/ --out day.html"
)]
pub struct Args {
    /// Files that hold one query each; stdin if there are none
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Run this query
    #[arg(short = 'e', long, value_name = "KQL")]
    pub query: Option<String>,
    /// What the query reads.
    #[command(flatten)]
    pub tables: Tables,
    /// Read {"id", "query"} a line on stdin, answer one JSON object a line
    #[arg(long, conflicts_with_all = ["files", "query", "out"])]
    pub jsonl: bool,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write what `render` draws to this file (SVG); HTML output holds it anyway
    #[arg(long, value_name = "FILE", conflicts_with = "jsonl")]
    pub chart: Option<PathBuf>,
    /// How much, and how long.
    #[command(flatten)]
    pub limits: Limits,
}

/// Where the tables of a query come from.
#[derive(Debug, clap::Args)]
pub struct Tables {
    /// Log files and folders; each fills the table that its content says
    #[arg(long, value_name = "PATH")]
    pub logs: Vec<PathBuf>,
    /// A file under the name of a table
    #[arg(long = "table", value_name = "NAME=FILE")]
    pub tables: Vec<String>,
    /// Tables that are there though no file fills them: {"Table": {"column": "type"}}; else those of Sentinel and Defender
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Decode every record, also those whose bytes cannot match: the same answer, slower
    #[arg(long)]
    pub no_prefilter: bool,
    /// The records of each file are in the order of their times: leave unread what the query's times rule out
    #[arg(long)]
    pub sorted: bool,
    /// The MaxMind database of cities (GeoLite2-City) that geo_info_from_ip_address reads
    #[arg(long, value_name = "FILE")]
    pub geoip: Option<PathBuf>,
    /// What queries may name beside.
    #[command(flatten)]
    pub declared: Declared,
}

impl Tables {
    /// An engine over these tables, and how the command ends if nothing else goes wrong. `on_read` is told what is read, `scans`
    /// collects what the reading saw.
    ///
    /// # Errors
    /// A file that was named is not there or is none, or the schema cannot be read.
    pub fn engine(
        &self,
        config: &Config,
        limits: &Limits,
        scans: &Scans,
        on_read: Option<OnRead>,
    ) -> Result<(Engine, Exit), Error> {
        let mut engine = local::engine(config, &limits.settled())?;
        let reading = local::reading(config, scans, on_read);
        let reading = LogOptions { decode_all: self.no_prefilter, sorted: self.sorted, ..reading };
        if let Some(path) = &self.schema {
            engine.set_schema(read_schema(path)?);
            engine.workspace_mut().builtin = false;
        }
        let mut exit = Exit::Ran;
        let mut declared = self.declared.settle(config)?;
        declared.geoip = self.geoip.clone().or(declared.geoip);
        declared::add_functions(&mut engine.workspace_mut().schema, &declared.functions)?;
        for (alias, rows) in declared::read_watchlists(&declared.watchlists)? {
            engine.add_watchlist(&alias, &rows).map_err(|error| Error::internal(error.message))?;
        }
        for (name, found) in declared.places()? {
            engine.add_logs_at(&name, &found.files, &reading);
            exit = exit.max(crate::cli::logs::ended(config, &found));
        }
        engine.set_externals(declared.externals());
        match declared.ip_places() {
            Ok(places) => places.into_iter().for_each(|places| engine.set_ip_places(places)),
            // Most queries do without.
            Err(error) if self.geoip.is_none() => messages::warning(config, &error.message),
            Err(error) => return Err(error),
        }
        let mut filled = BTreeSet::new();
        if !self.logs.is_empty() {
            let found = crate::evidence::discover(&self.logs)?;
            engine.add_logs(&found.files, &reading);
            exit = exit.max(crate::cli::logs::ended(config, &found));
            filled.extend(found.files.into_iter().flat_map(|file| file.tables).map(|table| table.name));
        }
        let mut known = BTreeSet::new();
        for binding in &self.tables {
            let (name, path) = bound(binding, "--table NAME=FILE")?;
            if !known.insert(name) {
                let error = Error::user(format!("--table {name} is given twice, and a table is one file"));
                return Err(error.with_hint("--logs reads any number of files, each under the table that its content says"));
            }
            if filled.contains(name) {
                messages::warning(config, &format!("--table {name} takes the place of what --logs has for it"));
            }
            local::bind_table(&mut engine, &reading, name, path.as_ref())?;
        }
        Ok((engine, exit))
    }

    /// The files and folders that are read; those that are only declared are not among them.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let bound = self.tables.iter().filter_map(|binding| binding.split_once('=')).map(|(_, path)| Path::new(path));
        self.logs.iter().map(PathBuf::as_path).chain(bound)
    }
}

/// Runs them.
///
/// # Errors
/// A file cannot be read, or a query is refused or stopped.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let scans = Scans::default();
    if args.jsonl {
        let (engine, exit) = args.tables.engine(config, &args.limits, &scans, None)?;
        jsonl::answer_lines(|request| match engine.run(&request.query) {
            Ok(answer) => Ok(tables_text(&answer.tables.into_iter().map(plain).collect::<Vec<_>>())),
            Err(_) if config.cancel.is_cancelled() => Err(Error::interrupted()),
            Err(error) => Ok(jsonl::error_text(error.code, &error.message)),
        })?;
        return Ok(exit.max(scans::tell(config, &scans.totals())));
    }
    let sources = sources(args.query.as_deref(), &args.files).map_err(|error| error.with_hint(LOGS_ELSEWHERE))?;
    let queries = sources.iter().filter_map(|source| source.path.as_deref());
    let out = Sink::open(config, global.format, args.out.as_deref(), args.tables.paths().chain(queries))?;
    let streams = RowStream::takes(out.format) && args.chart.is_none();
    // Rows that reach the terminal as they come say themselves how far it is.
    let is_seen = streams && args.out.is_none() && config.width.is_some();
    let progress = if is_seen { Progress::none() } else { Progress::new(config, "reading", None) };
    let (engine, exit) = args.tables.engine(config, &args.limits, &scans, progress.on_read())?;
    if streams {
        let rows = stream(&engine, config, &sources, out)?;
        return Ok(exit.max(told(config, &sources, &scans, rows)));
    }
    let mut results = Vec::new();
    for source in &sources {
        let answer = engine.run(&source.text).map_err(|error| refused(config, source, &error))?;
        warn(config, source, &answer.diagnostics);
        if answer.tables.is_empty() {
            no_query(config, source);
        }
        let mut query = Some(source.text.clone()).filter(|_| out.format == Format::Html);
        for table in answer.tables {
            let shown = Shown { query: query.take(), ..drawn(table) };
            shown.cut.iter().for_each(|cut| loud(config, source, *cut));
            results.push(shown);
        }
    }
    drop(progress);
    let draws = out.format == Format::Html || args.chart.is_some();
    for shown in results.iter().filter(|_| draws) {
        let notes = shown.chart.iter().flat_map(|chart| &chart.notes).chain(&shown.not_drawn);
        notes.for_each(|note| messages::warning(config, note));
    }
    // Rows are shown whatever becomes of the chart.
    out.results(&results)?;
    if let Some(path) = &args.chart {
        write_charts(path, &results)?;
    }
    let rows = results.iter().map(|shown| shown.rows.rows.len()).sum();
    Ok(exit.max(told(config, &sources, &scans, rows)))
}

/// Says what could not be read, and why there may be nothing to see.
fn told(config: &Config, sources: &[Source], scans: &Scans, rows: usize) -> Exit {
    let totals = scans.totals();
    let asks_clock = |source: &Source| ["ago(", "now("].iter().any(|call| source.text.contains(call));
    let newest = totals.values().filter_map(|stats| stats.time_max).max();
    if let Some(newest) = newest.filter(|newest| rows == 0 && *newest < config.now && sources.iter().any(asks_clock)) {
        let (now, newest) = (format_datetime(config.now), format_datetime(newest));
        messages::warning(
            config,
            &format!("no rows: the query counts time from {now}, and the newest record is of {newest}; `--now` moves it"),
        );
    }
    scans::tell(config, &totals)
}

/// Writes rows as they come, and tells how many there were.
fn stream(engine: &Engine, config: &Config, sources: &[Source], mut out: Sink) -> Result<usize, Error> {
    let (mut tables, mut count) = (0, 0);
    for source in sources {
        let mut rows = RowStream::new(&mut out, tables);
        let diagnostics = engine.stream(&source.text, &mut rows).map_err(|error| refused(config, source, &error))?;
        let cuts = std::mem::take(&mut rows.cuts);
        count += rows.count;
        let before = std::mem::replace(&mut tables, rows.finish()?);
        if tables == before {
            no_query(config, source);
        }
        warn(config, source, &diagnostics);
        cuts.into_iter().for_each(|cut| loud(config, source, cut));
    }
    out.finish()?;
    Ok(count)
}

fn warn(config: &Config, source: &Source, diagnostics: &[kql::Diagnostic]) {
    for found in diagnostics.iter().filter(|found| is_of_logs(found)) {
        let help = found.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        messages::warning(config, &format!("{}: {}{help}", source.name, found.message));
    }
    let others: Vec<_> = diagnostics.iter().filter(|found| !is_of_logs(found)).cloned().collect();
    if !others.is_empty() {
        messages::diagnostics(config, &source.name, &source.text, &others);
    }
}

/// It is about the logs at hand, not about a place in the query.
fn is_of_logs(found: &kql::Diagnostic) -> bool {
    [NO_INGESTION_TIME.id, UNFILLED_TABLE.id].contains(&found.code)
}

fn no_query(config: &Config, source: &Source) {
    messages::warning(config, &format!("{}: there is no query in it, and so no result", source.name));
}

/// Missing rows are told even to who wants to be told nothing.
fn loud(config: &Config, source: &Source, cut: Cut) {
    messages::warning(&Config { quiet: false, ..config.clone() }, &format!("{}: {}", source.name, cut_text(cut)));
}

/// A table of an answer as it is.
fn plain(table: ResultTable) -> Shown {
    Shown { rows: table.rows, cut: table.cut, ..Shown::default() }
}

/// The same with what `render` asks for.
fn drawn(table: ResultTable) -> Shown {
    let drawn = table.render.as_ref().map(|render| chart::draw(&table.rows, render, table.ordered));
    let shown = plain(table);
    match drawn {
        None => shown,
        Some(Ok(chart)) => Shown { chart, ..shown },
        Some(Err(why)) => Shown { not_drawn: Some(why), ..shown },
    }
}

/// Writes the charts to `chart.svg`, `chart-2.svg` ….
fn write_charts(path: &Path, results: &[Shown]) -> Result<(), Error> {
    let charts: Vec<_> = results.iter().filter_map(|shown| shown.chart.as_ref()).collect();
    if charts.is_empty() {
        let error = Error::user(format!("{} is not written: no chart was drawn", path.display()));
        return Err(error.with_hint("end the query with a `render` that fits its rows: `| render timechart`"));
    }
    for (at, chart) in charts.into_iter().enumerate() {
        let path = if at == 0 { path.to_owned() } else { numbered(path, at + 1) };
        write_file(&path, chart.to_file())?;
    }
    Ok(())
}

/// `chart-2.svg`.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// The query's mistakes with their places, or the engine's own words.
pub(super) fn refused(config: &Config, source: &Source, error: &engine::Error) -> Error {
    if config.cancel.is_cancelled() {
        return Error::interrupted();
    }
    if !error.diagnostics.iter().any(kql::Diagnostic::is_error) {
        let told = Error::user(format!("error[{}]: {}", error.code, error.message));
        return match error.code {
            code::STOPPED => told.with_hint("--timeout raises the limit, 0 lifts it"),
            code::DISK => told.with_hint("`spill` in the configuration file names the folder, `memory_mb` the memory"),
            _ => told,
        };
    }
    let found: Vec<_> = error.diagnostics.iter().filter(|found| !is_of_logs(found)).cloned().collect();
    let error = Error::query(&source.name, &source.text, &found);
    let is_query =
        |path: &PathBuf| path.extension().is_some_and(|it| QUERY_ENDINGS.iter().any(|known| it.eq_ignore_ascii_case(known)));
    if source.path.as_ref().is_none_or(is_query) { error } else { error.with_hint(LOGS_ELSEWHERE) }
}

/// What to do where logs were named as queries.
const LOGS_ELSEWHERE: &str = "log files are named by `--logs PATH`, once for each path";

/// How files of queries are usually called.
const QUERY_ENDINGS: [&str; 4] = ["kql", "csl", "kusto", "txt"];
