//! `tallyho kql help`: what a function, operator or table is.

use crate::cli::page;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::manual::{self, KINDS, Kind};

/// What `tallyho kql help` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A function, aggregation function, plugin, operator or table; without one, all there is
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// Tells it, in Markdown.
///
/// # Errors
/// Nothing is called so.
pub fn run(args: &Args, config: &Config) -> Result<Exit, Error> {
    let text = match &args.name {
        None => overview(config.width.map_or(100, usize::from)),
        Some(name) => manual::about(name).ok_or_else(|| unknown(name))?,
    };
    page::print(config, &text)
}

fn unknown(name: &str) -> Error {
    let error = Error::user(format!("nothing in KQL is called `{name}`"));
    match manual::near(name).as_slice() {
        [] => error.with_hint("`tallyho kql help` lists all there is"),
        near => error.with_hint(format!("there is {}", near.join(", "))),
    }
}

/// All names by kind, in columns of that width.
fn overview(width: usize) -> String {
    let mut out = String::new();
    let mut left_out: Vec<(Kind, Vec<&str>)> = Vec::new();
    for kind in KINDS {
        let (runs, out_of_reach): (Vec<&str>, Vec<&str>) = kind.names().into_iter().partition(|name| kind.runs(name));
        out.push_str(&format!("## {} ({})\n", kind.title(), runs.len()));
        push_columns(&mut out, &runs, width);
        left_out.push((kind, out_of_reach));
    }
    let count: usize = left_out.iter().map(|(_, names)| names.len()).sum();
    out.push_str(&format!("## Known to Kusto, not run here ({count})\n"));
    let names: Vec<&str> = left_out.into_iter().flat_map(|(_, names)| names).collect();
    push_columns(&mut out, &names, width);
    out.push_str("`tallyho kql help NAME` tells what one does, with examples.\n");
    out
}

/// Names from left to right at stops, in lines of at most that width; a long name takes several stops.
fn push_columns(out: &mut String, names: &[&str], width: usize) {
    const STOP: usize = 20;
    const BETWEEN: usize = 2;
    let mut line = String::new();
    for name in names {
        let length = name.chars().count();
        if !line.is_empty() && BETWEEN + line.len() + length > width {
            out.push_str(&format!("  {}\n", line.trim_end()));
            line.clear();
        }
        let room = (length + BETWEEN).next_multiple_of(STOP);
        line.push_str(&format!("{name:room$}"));
    }
    out.push_str(&format!("  {}\n\n", line.trim_end()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_are_listed_in_columns() {
        let mut out = String::new();
        push_columns(&mut out, &["a", "a_name_of_more_than_a_stop", "b", "c"], 62);
        assert_eq!(out, "  a                   a_name_of_more_than_a_stop\n  b                   c\n\n");
        let text = overview(100);
        assert!(text.contains("mv-expand") && text.contains("strlen") && text.contains("dcount"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100));
    }
}
