//! `tallyho kql explain`: what becomes of a query before, and while, it runs.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use engine::{Explained, Measured, Plans, Step};
use serde_json::{Value as Json, json};

use super::limits::Limits;
use super::run::{Tables, refused};
use super::{Source, sources};
use crate::cli::Global;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::escape;
use crate::output::{Format, Sink};
use crate::progress::Progress;
use crate::scans::{self, Scans};

/// What `tallyho kql explain` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Example:\n  tallyho kql explain --run -e 'DnsEvents | summarize count() by Name | top 10 by count_' --logs logs/"
)]
pub struct Args {
    /// Files that hold one query each; stdin if there are none
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Explain this query
    #[arg(short = 'e', long, value_name = "KQL")]
    pub query: Option<String>,
    /// What the query reads.
    #[command(flatten)]
    pub tables: Tables,
    /// Run it, and show rows, bytes and time of each operator
    #[arg(long, visible_alias = "analyze")]
    pub run: bool,
    /// How much, and how long.
    #[command(flatten)]
    pub limits: Limits,
}

/// Explains them.
///
/// # Errors
/// A file cannot be read, or a query is refused.
pub fn run(args: &Args, global: &Global, config: &Config) -> Result<Exit, Error> {
    let progress = Progress::new(config, "reading", None);
    let scans = Scans::default();
    let (engine, exit) = args.tables.engine(config, &args.limits, &scans, progress.on_read())?;
    let mut out = Sink::stdout(config, global.format);
    for source in sources(args.query.as_deref(), &args.files)? {
        let explained = engine.explain(&source.text, args.run).map_err(|error| refused(config, &source, &error))?;
        match out.format {
            Format::Table | Format::Markdown => {
                let width = out.look.width.map_or(usize::MAX, usize::from);
                out.write_all(escape::terminal_lines(&text(&source, &explained, width)).as_bytes())?;
            }
            Format::Json | Format::Ndjson => writeln!(out, "{}", escape::json(&document(&source, &explained).to_string()))?,
            other => return Err(Error::user(format!("a plan has no {other} form")).with_hint("use table or json")),
        }
    }
    out.finish()?;
    Ok(exit.max(scans::tell(config, &scans.totals())))
}

/// The stages under headings, one below the other.
fn text(source: &Source, explained: &Explained, width: usize) -> String {
    let mut out = format!("# query\n{}\n\n# bound plan\n{}", source.text.trim_end(), explained.bound);
    for (at, plans) in explained.results.iter().enumerate() {
        let of = match (&plans.name, explained.results.len()) {
            (Some(name), _) => format!(" of {name}"),
            (None, 1) => String::new(),
            (None, _) => format!(" of result {}", at + 1),
        };
        out.push_str(&format!("\n# logical plan{of}\n{}\n\n# physical plan{of}{}\n", plans.logical.trim_end(), took(plans)));
        steps(&mut out, plans, width);
    }
    out.push('\n');
    out
}

/// `, run in 12 ms: 3 rows`.
fn took(plans: &Plans) -> String {
    match (plans.took, plans.rows) {
        (Some(took), Some(rows)) => format!(", run in {}: {rows} {}", time(took), if rows == 1 { "row" } else { "rows" }),
        _ => String::new(),
    }
}

/// The operators, what each reads indented below it; figures in columns before them, if it ran.
fn steps(out: &mut String, plans: &Plans, width: usize) {
    let ran = plans.took.is_some();
    if ran {
        out.push_str("      rows      bytes       time  operator\n");
    }
    walk(&plans.physical, 0, &mut |step, depth| {
        let (indent, room) = ("  ".repeat(depth), width.saturating_sub(35 + 2 * depth).max(24));
        let what = if ran { shortened(&step.what, room) } else { step.what.clone() };
        if ran {
            let measured = step.measured.unwrap_or_default();
            let rows = measured.rows.map(|rows| rows.to_string()).unwrap_or_default();
            let (bytes, time) = (measured.bytes.map(bytes).unwrap_or_default(), measured.time.map(time).unwrap_or_default());
            out.push_str(&format!("{rows:>10} {bytes:>10} {time:>10}  "));
        }
        let spilled = step.measured.map_or(0, |measured| measured.spilled);
        let spilled = if spilled > 0 { format!("  [{} to disk]", bytes(spilled)) } else { String::new() };
        out.push_str(&format!("{indent}{what}{spilled}\n"));
    });
}

fn walk(step: &Step, depth: usize, visit: &mut impl FnMut(&Step, usize)) {
    visit(step, depth);
    step.inputs.iter().for_each(|input| walk(input, depth + 1, visit));
}

/// The text on one line of that width.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width { text.to_owned() } else { text.chars().take(width - 1).chain(['…']).collect() }
}

/// `12.3 MB`.
fn bytes(count: usize) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let mut size = count as f64 / 1_000.0;
    let mut unit = 0;
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1_000.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// `12.3 ms`.
fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 1e-3 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{:.0} µs", seconds * 1e6),
    }
}

/// The stages as one JSON object.
fn document(source: &Source, explained: &Explained) -> Json {
    let plans = |plans: &Plans| {
        json!({
            "name": plans.name,
            "logical": plans.logical,
            "physical": tree(&plans.physical),
            "rows": plans.rows,
            "seconds": plans.took.map(|took| took.as_secs_f64()),
        })
    };
    let results: Vec<Json> = explained.results.iter().map(plans).collect();
    json!({"id": source.name, "query": source.text, "bound": explained.bound, "results": results})
}

fn tree(step: &Step) -> Json {
    let Measured { rows, bytes, time, spilled } = step.measured.unwrap_or_default();
    let inputs: Vec<Json> = step.inputs.iter().map(tree).collect();
    let seconds = time.map(|time| time.as_secs_f64());
    json!({"operator": step.what, "rows": rows, "bytes": bytes, "seconds": seconds, "spilled_bytes": spilled, "inputs": inputs})
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn figures_stand_in_columns_and_units_that_people_read() {
        let measured = |rows, bytes, micros| {
            Some(Measured { rows: Some(rows), bytes: Some(bytes), time: Some(Duration::from_micros(micros)), spilled: bytes / 2 })
        };
        let scan =
            Step { what: "Scan: t, projection=[a very long list of columns]".to_owned(), measured: None, inputs: Vec::new() };
        let top = Step { what: "Sort".to_owned(), measured: measured(12, 999, 1_234_567), inputs: vec![scan] };
        let plans =
            Plans { name: None, logical: String::new(), physical: top, took: Some(Duration::from_millis(12)), rows: Some(1) };
        let mut out = took(&plans);
        out.push('\n');
        steps(&mut out, &plans, 70);
        expect![[r#"
            , run in 12.0 ms: 1 row
                  rows      bytes       time  operator
                    12      999 B     1.23 s  Sort  [499 B to disk]
                                                Scan: t, projection=[a very long…
        "#]]
        .assert_eq(&out);
        assert_eq!([0, 1_500, 999_960, 5_000_000_000_000].map(bytes), ["0 B", "1.5 kB", "1.0 MB", "5.0 TB"]);
        assert_eq!([7, 1_500, 2_000_000].map(|micros| time(Duration::from_micros(micros))), ["7 µs", "1.5 ms", "2.00 s"]);
    }
}
