//! Times what `tallyho hunt` does with indicators before it reads a log: feeds to [`hunt::Intel`], and that to hunts.
//!
//! ```text
//! cargo run --release -p tallyho-hunt --example load -- FILE…
//! ```
//! Times are those that the thread spent on a core, where the system tells, so that a busy machine does not blur them.

#![expect(clippy::disallowed_methods, reason = "it is a program")]
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hunt::prefilter::{self, Candidates};
use hunt::{Template, TimeBound, feed};
use kql::types::{Column, Rows, Type, Value};

/// Each is done so often, and the mean is shown: the system's count of a thread's time is as fine as its tick.
const ROUNDS: u32 = 10;

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        println!("usage: load FILE…");
        return ExitCode::from(2);
    }
    println!(
        "{:>10} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9}  file",
        "indicators", "hunts", "read", "build", "values", "held", "resident"
    );
    for file in &files {
        if let Err(why) = time(file) {
            println!("{file}: {why}");
        }
    }
    ExitCode::SUCCESS
}

fn time(file: &str) -> Result<(), Box<dyn std::error::Error>> {
    let bytes = std::fs::read(file)?;
    let mut total = [Duration::ZERO; 4];
    let (mut indicators, mut families, mut resident) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let before = resident_kb();
        let clock = Clock::start();
        let intel = Arc::new(feed::read(bytes.as_slice(), file)?);
        let read = clock.stop();
        let clock = Clock::start();
        let hunts = hunt::build(&intel, Template::Exact);
        let build = clock.stop();
        resident = resident_kb().saturating_sub(before);
        let clock = Clock::start();
        let pass = prefilter::prefilter(&hunts, "DnsEvents", &TimeBound::Unbounded);
        let texts = pass.iter().flat_map(|pass| &pass.sets).map(prefilter::Needles::texts);
        let bytes: usize = texts.map(|texts| (0..texts.count()).map(|at| texts.get(at).len()).sum::<usize>()).sum();
        let values = clock.stop();
        let rows = candidates(&hunts);
        let clock = Clock::start();
        let candidates = Candidates::new(&rows);
        let queries = hunts.iter().flat_map(|hunt| &hunt.queries).filter(|query| query.table == "DnsEvents");
        let held: usize = queries.map(|query| candidates.held(query)).sum();
        let held_time = clock.stop();
        std::hint::black_box((bytes, held));
        (indicators, families) = (intel.len(), hunts.len());
        for (total, now) in total.iter_mut().zip([read, build, values, held_time]) {
            *total += now;
        }
    }
    let [read, build, values, held] = total.map(|time| format!("{:.1} ms", (time / ROUNDS).as_secs_f64() * 1e3));
    let resident = format!("{} MB", resident / 1024);
    println!("{indicators:>10} {families:>8} {read:>9} {build:>9} {values:>9} {held:>9} {resident:>9}  {file}");
    Ok(())
}

/// A thousand rows that show what a search leaves: names of some indicators, and others.
fn candidates(hunts: &[hunt::Hunt]) -> Rows {
    let names = hunts.iter().flat_map(|hunt| hunt.indicators().step_by(1000).take(1).map(|it| format!("www.{}", it.value())));
    let others = (0..500).map(|n| format!("host-{n}.cdn-{}.net", n % 7));
    let row = |name: String| vec![Value::String(name)];
    let rows = names.take(500).chain(others).map(row).collect();
    Rows { columns: vec![Column::new("Name", Type::String)], rows }
}

/// What a thread spends on a core.
struct Clock {
    wall: Instant,
    core: Option<u64>,
}

impl Clock {
    fn start() -> Clock {
        Clock { wall: Instant::now(), core: core_time() }
    }

    fn stop(self) -> Duration {
        match (self.core, core_time()) {
            (Some(from), Some(to)) => Duration::from_nanos(to - from),
            _ => self.wall.elapsed(),
        }
    }
}

/// Nanoseconds that this thread was on a core, as Linux counts them.
fn core_time() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

/// Memory of the process that is in RAM, as Linux counts it; 0 elsewhere.
fn resident_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
