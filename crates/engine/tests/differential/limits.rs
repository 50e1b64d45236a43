//! What a query may take: memory, of which the pool knows every holder, and time, after which it ends wherever it is.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use engine::error::code;
use engine::{Config, Cut, Engine, Head, Receiver};
use kql::Value;
use libtest_mimic::{Failed, Trial};

use super::verdict;

/// The tests of this file.
pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("operators_spill_or_are_refused_in_little_memory", little_memory),
        Trial::test("an_answer_is_no_larger_than_the_memory", answers),
        Trial::test("every_operator_can_be_stopped", stopped),
    ]
}

/// Rows of about 5 MiB.
const ROWS: &str = "range x from 1 to 70000 step 1 | extend s = strcat('a text that does not fit into a view: ', x)";

/// What must come of a query over [`ROWS`] in [`LITTLE`] memory.
#[derive(Clone, Copy)]
enum Outcome {
    /// It spills, or never holds much.
    Runs,
    /// It says that it needs more.
    Refused,
}

const LITTLE: usize = 4 << 20;

const IN_LITTLE_MEMORY: &[(&str, Outcome)] = &[
    ("sort by s desc | where x > 69990 | count", Outcome::Runs),
    ("top 5 by s", Outcome::Runs),
    ("summarize n = count() by s | count", Outcome::Runs),
    ("mv-expand e = range(1, 20) | count", Outcome::Runs),
    ("mv-apply e = range(1, 3) on (summarize n = count()) | count", Outcome::Runs),
    ("scan declare (n: long) with (step a: x % 2 == 0 => n = x;) | count", Outcome::Runs),
    ("parse s with * ': ' n:long | count", Outcome::Runs),
    ("sample 10", Outcome::Runs),
    ("where x in ((range y from 1 to 100 step 1))", Outcome::Runs),
    ("sample 65000 | summarize max(s)", Outcome::Refused),
    ("serialize n = row_number() | count", Outcome::Refused),
    ("extend p = s | serialize q = prev(s) | count", Outcome::Refused),
    ("partition by x (summarize n = count()) | count", Outcome::Refused),
    ("top-nested 3 of s by count()", Outcome::Refused),
    ("make-series n = count() on x step 1000 by s", Outcome::Refused),
    ("summarize l = make_list(s)", Outcome::Refused),
    ("summarize l = make_set(s)", Outcome::Refused),
    ("sort by s asc | summarize l = make_list(s)", Outcome::Refused),
    ("summarize d = count_distinct(s)", Outcome::Refused),
    ("summarize d = dcount(s)", Outcome::Runs),
    ("summarize d = dcount(s) by g = x % 1000 | count", Outcome::Runs),
    ("mv-expand e = range(1, 3) | summarize p = percentile(x, 50)", Outcome::Refused),
    ("top 60000 by s", Outcome::Runs),
    ("take 2000 | extend y = x + 1 | make-graph x --> y | graph-match (a)-[e]->(b) project n = e.x | count", Outcome::Runs),
    ("take 15000 | extend y = x + 1 | make-graph x --> y | graph-match (a)-[e]->(b) project n = e.x | count", Outcome::Refused),
    ("project s, x", Outcome::Runs),
    ("reduce kind = source by s | count", Outcome::Refused),
    ("evaluate rows_near(x % 100 == 0, 1) | count", Outcome::Runs),
    ("extend k = x % 2 | evaluate pivot(k, count(), s) | count", Outcome::Refused),
    ("extend k = x % 700, g = x % 701 | evaluate pivot(k, count(), g) | count", Outcome::Refused),
    ("evaluate basket() | count", Outcome::Refused),
    ("evaluate rolling_percentile(x, 50, x, 1000, 2, s) | count", Outcome::Refused),
    ("evaluate sequence_detect(x, 9, 9, a = x % 2 == 0, b = x % 2 == 1, s) | count", Outcome::Refused),
    ("evaluate activity_counts_metrics(s, x, 0, 70000, 7000) | count", Outcome::Refused),
    (
        "extend k = 'a' | evaluate funnel_sequence_completion(s, x, 0, 70000, 7000, k, dynamic(['a']), dynamic([9])) | count",
        Outcome::Refused,
    ),
];

fn engine(memory_bytes: usize, timeout: Option<Duration>) -> Engine {
    Engine::new(Config { threads: 2, memory_bytes, timeout, ..Config::default() }).expect("an engine without tables starts")
}

fn little_memory() -> Result<(), Failed> {
    let engine = engine(LITTLE, None);
    let mut faults = Vec::new();
    let joins = ["inner", "leftouter", "fullouter", "leftanti", "rightsemi"]
        .map(|kind| (format!("join kind = {kind} ({ROWS} | where x > 100) on s | count"), Outcome::Runs));
    let others = IN_LITTLE_MEMORY.iter().map(|(query, outcome)| ((*query).to_owned(), *outcome));
    let unique = (format!("join ({ROWS}) on s | count"), Outcome::Refused);
    let mut queries: Vec<(String, Outcome)> =
        others.chain(joins).chain([unique]).map(|(query, wanted)| (format!("{ROWS}\n| {query}"), wanted)).collect();
    queries.push((format!("let kept = materialize({ROWS}); kept | union kept | count"), Outcome::Refused));
    for (query, wanted) in queries {
        match (engine.stream(&query, &mut Passing), wanted) {
            (Ok(_), Outcome::Runs) => {}
            (Err(error), Outcome::Refused) if error.code == code::MEMORY => {}
            (Ok(_), Outcome::Refused) => faults.push(format!("it runs\n{query}")),
            (Err(error), _) => faults.push(format!("{}: {}\n{query}", error.code, error.message)),
        }
    }
    verdict(faults)
}

/// Takes rows, and keeps none.
struct Passing;

impl Receiver for Passing {
    fn table(&mut self, _: Head) {}

    fn rows(&mut self, _: Vec<Vec<Value>>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn end(&mut self, _: Option<Cut>) {}
}

/// Rows that pass need no memory; those of an answer do.
fn answers() -> Result<(), Failed> {
    let engine = engine(LITTLE, None);
    match engine.run(ROWS) {
        Err(error) if error.code == code::MEMORY => {}
        Err(error) => return Err(error.message.into()),
        Ok(_) => return Err("more rows than memory are an answer".into()),
    }
    // What was held for it is free again.
    engine.run(&format!("{ROWS} | take 10000")).map(|_| ()).map_err(|error| error.message.into())
}

/// After this, a query is to be stopped.
const TIMEOUT: Duration = Duration::from_millis(400);
/// And then it must have ended.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Queries that would take much longer than [`TIMEOUT`].
const LONG: &[&str] = &[
    "range x from 1 to 100000000000 step 1 | count",
    "range x from 1 to 100000000000 step 1 | where x % 7 == 9",
    "range x from 1 to 100000 step 1 | extend k = 1 | join kind = inner (range y from 1 to 100000 step 1 | extend k = 1) on k | summarize max(x + y)",
    "range x from 1 to 100000 step 1 | extend k = 1 | join kind = fullouter (range y from 1 to 100000 step 1 | extend k = 1) on k | count",
    "print a = range(1, 100000) | mv-expand a | extend b = range(1, 10000) | mv-expand b | count",
    "range x from 1 to 100000000 step 1 | mv-apply e = range(1, 9) on (summarize n = count()) | count",
    "range x from 1 to 1000000000 step 1 | serialize n = row_number() | count",
    "range x from 1 to 1000000000 step 1 | partition by x (summarize n = count()) | count",
    "range x from 1 to 1000000000 step 1 | make-series n = count() on x step 1000000 | project n",
    "range x from 1 to 1000000000 step 1 | top-nested 3 of x by count()",
    "range x from 1 to 1000000000 step 1 | scan declare (n: long) with (step a: true => n = x;) | count",
    "range x from 1 to 1000000000 step 1 | sort by x desc | take 1",
    "range x from 1 to 1000000000 step 1 | summarize n = count() by x | count",
    "range x from 1 to 1000000000 step 1 | summarize l = make_set(x % 1000)",
    "range x from 1 to 1000000000 step 1 | sample 5",
    "range x from 1 to 1000000000 step 1 | extend b = bag_pack('a', x) | evaluate bag_unpack(b)",
    "print n = toscalar(range x from 1 to 100000000000 step 1 | count)",
    "let kept = materialize(range x from 1 to 100000000000 step 1 | summarize n = count()); union kept, kept",
    "print x = 1 | where x in ((range y from 1 to 100000000000 step 1 | summarize max(y)))",
    "range x from 1 to 100000000 step 1 | extend s = strcat('10.', x) | parse s with a:long '.' b:long | count",
];

fn stopped() -> Result<(), Failed> {
    let engine = engine(512 << 20, Some(TIMEOUT));
    let mut faults = Vec::new();
    for query in LONG {
        let start = Instant::now();
        let result = engine.run(query);
        let took = start.elapsed();
        match result {
            Err(error) if error.code == code::STOPPED || error.code == code::MEMORY => {}
            Err(error) => faults.push(format!("{}: {}\n{query}", error.code, error.message)),
            Ok(_) => faults.push(format!("ran to its end\n{query}")),
        }
        if took > TIMEOUT + GRACE {
            faults.push(format!("took {took:?}\n{query}"));
        }
    }
    verdict(faults)
}
