//! `tallyho logs schema`: the columns of each table.

use super::{LogPaths, ended, found};
use crate::cli::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::evidence;
use crate::output::Sink;

/// What `tallyho logs schema` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the logs are.
    #[command(flatten)]
    pub logs: LogPaths,
    /// Only this table
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
}

/// Lists them.
///
/// # Errors
/// A path is not there, or no file fills the table asked for.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let found = found(&args.logs)?;
    let rows = evidence::schema_rows(&found, args.table.as_deref());
    if let (true, Some(table)) = (rows.rows.is_empty(), &args.table) {
        return Err(
            Error::user(format!("no file here fills `{table}`")).with_hint("`tallyho logs detect` tells which tables there are")
        );
    }
    Sink::stdout(config, global.format).tables([rows])?;
    Ok(ended(config, &found))
}
