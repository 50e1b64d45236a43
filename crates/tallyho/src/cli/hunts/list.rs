//! `tallyho hunts list`: the hunts that the indicators give.

use kql::{Column, Rows, Type, Value};

use super::{Selected, Selection};
use crate::cli::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::Sink;
use crate::{intel, messages};

/// What `tallyho hunts list` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which hunts.
    #[command(flatten)]
    pub selection: Selection,
}

/// Lists them.
///
/// # Errors
/// A file cannot be read.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let Selected { intel: read, hunts, exit } = args.selection.hunts(config)?;
    let strings = |names: &[&str]| names.iter().map(|name| Column::new(*name, Type::String)).collect::<Vec<_>>();
    let mut columns = strings(&["Hunt", "Family"]);
    columns.extend([Column::new("Indicators", Type::Long), Column::new("Queries", Type::Long)]);
    columns.extend(strings(&["Tables"]));
    let count = |n: usize| Value::Long(i64::try_from(n).unwrap_or(i64::MAX));
    let text = |text: &str| Value::String(text.to_owned());
    let rows = hunts
        .iter()
        .map(|hunt| {
            let mut tables: Vec<&str> = hunt.queries.iter().map(|query| query.table).collect();
            tables.sort_unstable();
            tables.dedup();
            let (indicators, queries) = (count(hunt.indicators().len()), count(hunt.queries.len()));
            vec![text(&hunt.id), text(&hunt.malware().name), indicators, queries, text(&tables.join(", "))]
        })
        .collect();
    Sink::stdout(config, global.format).tables([Rows { columns, rows }])?;
    messages::line(config, &intel::summary(&read, config.now));
    Ok(exit)
}
