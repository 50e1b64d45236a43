//! Queries that must give the same in two ways, and random ones that must give something.
//!
//! Each run takes the same queries; `ENGINE_QUERIES=10000` runs that many, `ENGINE_SEED=7` others, and `ENGINE_LOG=FILE` writes each
//! into a file before it runs, for a fault that ends the program.

mod chance;
mod compare;
mod generate;
mod limits;
mod pairs;
mod passing;
mod tables;

use std::time::Instant;

use engine::error::code;
use engine::{Answer, Engine, Error};
use libtest_mimic::{Failed, Trial};

use generate::Generator;

/// The tests of this folder.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = limits::trials();
    trials.extend([
        Trial::test("random_queries_end_in_an_answer_or_a_reason", random_queries),
        Trial::test("partitions_and_memory_change_no_answer", partitions_and_memory),
        Trial::test("two_ways_to_say_the_same_give_the_same", pairs::two_ways),
        Trial::test("records_passed_over_change_no_answer", passing::passed_over_or_decoded),
    ]);
    trials
}

const MEMORY: usize = 512 << 20;

/// How many queries a test runs: `few`, or what the environment says.
fn count(few: u64) -> u64 {
    std::env::var("ENGINE_QUERIES").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// The seeds of a test's queries.
fn seeds(few: u64) -> impl Iterator<Item = u64> {
    let first = std::env::var("ENGINE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1_u64);
    (0..count(few)).map(move |n| first.wrapping_mul(1_000_003).wrapping_add(n))
}

/// Runs a query; an answer, or an error that a user may get.
fn run(engine: &Engine, query: &str) -> Result<Result<Answer, Error>, String> {
    if let Ok(path) = std::env::var("ENGINE_LOG") {
        std::fs::write(path, query).map_err(|error| error.to_string())?;
    }
    let start = Instant::now();
    match engine.run(query) {
        // Long lists within lists take what time there is; then the query must end.
        Err(error) if error.code == code::STOPPED && start.elapsed() < tables::TIMEOUT + limits::GRACE => Ok(Err(error)),
        Err(error) if error.code == code::INTERNAL || error.code == code::STOPPED => {
            Err(format!("{}: {}\n{query}", error.code, error.message))
        }
        result => Ok(result),
    }
}

/// Fails with all that went wrong.
fn verdict(faults: Vec<String>) -> Result<(), Failed> {
    match faults.len() {
        0 => Ok(()),
        many => Err(format!("{many} faults\n\n{}", faults.join("\n\n")).into()),
    }
}

fn random_queries() -> Result<(), Failed> {
    let engine = tables::engine(2, MEMORY, 3);
    let mut faults = Vec::new();
    let mut answered = 0_u64;
    for seed in seeds(120) {
        let query = Generator::new(seed, engine.workspace()).query(5);
        match run(&engine, &query) {
            Ok(result) => answered += u64::from(result.is_ok()),
            Err(fault) => faults.push(fault),
        }
    }
    if answered * 2 < count(120) {
        faults.push(format!("only {answered} queries have an answer"));
    }
    verdict(faults)
}

fn partitions_and_memory() -> Result<(), Failed> {
    let one = tables::engine(1, MEMORY, 1);
    let many = tables::engine(4, MEMORY, 5);
    let tight = tables::engine(2, 4 << 20, 3);
    let mut faults = Vec::new();
    for seed in seeds(60) {
        let query = Generator::new(seed, one.workspace()).query(4);
        if !compare::is_settled(&query) {
            continue;
        }
        let answers = [run(&one, &query), run(&many, &query), run(&tight, &query)];
        if answers.iter().any(|answer| matches!(answer, Ok(Err(error)) if error.code == code::STOPPED)) {
            continue;
        }
        match answers {
            [Ok(Ok(one)), Ok(Ok(many)), Ok(tight)] => {
                let mut differences = vec![("in parts", compare::difference(&one, &many))];
                match tight {
                    Ok(tight) => differences.push(("in little memory", compare::difference(&one, &tight))),
                    Err(error) if error.code == code::MEMORY => {}
                    Err(error) => differences.push(("in little memory", Some(error.message))),
                }
                faults.extend(differences.into_iter().filter_map(|(how, why)| Some(format!("{how}: {}\n{query}", why?))));
            }
            [Ok(Ok(_)), Ok(Err(error)), _] => faults.push(format!("in parts: {}\n{query}", error.message)),
            answers => faults.extend(answers.into_iter().filter_map(Result::err)),
        }
    }
    verdict(faults)
}
