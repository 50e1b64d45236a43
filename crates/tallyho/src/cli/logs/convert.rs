//! `tallyho logs convert`: logs of any format as Parquet, JSON lines or CSV.

use std::path::PathBuf;

use super::{LogPaths, ended, found};
use crate::config::Config;
use crate::convert::{Converted, Target, convert};
use crate::error::{Error, Exit};
use crate::messages;
use crate::scans;
use crate::words::counted;

/// What `tallyho logs convert` takes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  tallyho logs convert logs/dns.log -o dns.parquet")]
pub struct Args {
    /// Where the logs are.
    #[command(flatten)]
    pub logs: LogPaths,
    /// The file to write: .parquet, .ndjson or .csv
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,
    /// The table whose rows are written, where the files fill several
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
}

/// Converts them.
///
/// # Errors
/// A path is not there, no file fills the table, it is not said which table, or the output cannot be written.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let unknown = || Error::user(format!("{}: what is to be written?", args.out.display()));
    let target = Target::of_file(&args.out).ok_or_else(|| unknown().with_hint("name a .parquet, .ndjson or .csv file"))?;
    let found = found(&args.logs)?;
    let mut tables: Vec<&str> = found.files.iter().flat_map(|file| &file.tables).map(|table| table.name.as_str()).collect();
    tables.sort_unstable();
    tables.dedup();
    let table = match (&args.table, &tables[..]) {
        (Some(table), tables) if tables.contains(&table.as_str()) => table.as_str(),
        (None, [table]) => table,
        (Some(table), _) => {
            return Err(Error::user(format!("no file here fills `{table}`"))
                .with_hint("`tallyho logs detect` tells which tables there are"));
        }
        (None, []) => return Err(Error::user("no file here is a log that can be read")),
        (None, tables) => {
            return Err(Error::user(format!("these files fill several tables: {}", tables.join(", ")))
                .with_hint("choose one with --table TABLE"));
        }
    };
    let converted = convert(&found.files, table, target, &args.out)?;
    let unread = told(args, config, table, &converted);
    let ended = ended(config, &found);
    Ok(if unread { Exit::Unread } else { ended })
}

/// Says what was written and what was not; whether something could not be read.
fn told(args: &Args, config: &Config, table: &str, converted: &Converted) -> bool {
    let mut unread = false;
    for (path, stats) in &converted.read {
        // What is written stands in for what was read: here a lost line counts as much as a lost file.
        unread |= scans::tell_of(config, path, stats) == Exit::Unread || stats.unparsed > 0;
    }
    for (column, count) in &converted.lost {
        let values = counted(*count, "value", "values");
        messages::warning(config, &format!("{values} of {column} do not fit into the file; null stands for them"));
    }
    let (rows, columns) = (counted(converted.rows, "row", "rows"), counted(converted.columns.len(), "column", "columns"));
    messages::line(config, &format!("{}: {rows} of {table} in {columns}", args.out.display()));
    unread
}
