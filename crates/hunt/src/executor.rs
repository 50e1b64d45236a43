//! Where queries run. Comes in: hunts and an [`Executor`]. Goes out: all sightings, and what could not be searched.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kql::types::Rows;

use crate::exclusion::{Exclusions, NotEvaluable};
use crate::hunt::{Hunt, TimeBound};
use crate::prefilter::{prefilter, route, tables};
use crate::sighting::{Sighting, sight};

/// What runs KQL: the engine over local logs, or a workspace.
pub trait Executor {
    /// The table is there, with or without rows.
    fn has_table(&self, table: &str) -> bool;

    /// The rows of a query.
    ///
    /// # Errors
    /// What went wrong, in words that can be shown.
    fn run(&mut self, query: &str) -> Result<Rows, Failure>;

    /// Lets all later queries see only those rows of `table` that `query` gives, and returns them (columns of provenance may be
    /// left out). An executor to which a pass over the table costs nothing returns none, and is asked each query.
    ///
    /// # Errors
    /// As `run`.
    fn narrow(&mut self, table: &str, query: &str) -> Result<Option<Rows>, Failure> {
        let _ = (table, query);
        Ok(None)
    }
}

/// Why a query gave no rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The code of the diagnostic, if there is one.
    pub code: Option<String>,
    /// What went wrong.
    pub message: String,
}

/// A part of a hunt that was not searched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotSearched {
    /// The hunt's id; `*` for all.
    pub hunt: String,
    /// The table.
    pub table: String,
    /// Why.
    pub why: String,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// In order of hunt, time and id.
    pub sightings: Vec<Sighting>,
    /// In order of table and hunt.
    pub not_searched: Vec<NotSearched>,
    /// Exclusions that could not be judged somewhere.
    pub not_evaluable: Vec<NotEvaluable>,
    /// Rows that matched and name no indicator, by hunt and query.
    pub unattributed: BTreeMap<(String, String), usize>,
    /// Queries that ran.
    pub queries: usize,
    /// Queries that the candidates of their table showed to match nothing.
    pub spared: usize,
}

/// Runs all hunts: one pass over each table for the candidates, then each hunt's own queries over those.
pub fn search(hunts: &[Hunt], executor: &mut dyn Executor, bound: &TimeBound, exclusions: &Exclusions) -> Outcome {
    let mut outcome = Outcome::default();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for table in tables(hunts) {
        if !executor.has_table(table) {
            outcome.not_searched.push(NotSearched {
                hunt: "*".to_owned(),
                table: table.to_owned(),
                why: "no file fills it".to_owned(),
            });
            continue;
        }
        let wanted = match candidates(hunts, executor, table, bound) {
            Ok(wanted) => wanted,
            Err(failure) => {
                outcome.not_searched.push(NotSearched { hunt: "*".to_owned(), table: table.to_owned(), why: failure.message });
                continue;
            }
        };
        for (hunt_at, hunt) in hunts.iter().enumerate() {
            for (query_at, query) in hunt.queries.iter().enumerate().filter(|(_, query)| query.table == table) {
                if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&(hunt_at, query_at))) {
                    outcome.spared += 1;
                    continue;
                }
                outcome.queries += 1;
                match executor.run(&query.text(bound)) {
                    Ok(rows) => outcome.take(hunt, &query.id, sight(hunt, query, &rows, exclusions), &mut by_id),
                    Err(failure) => outcome.not_searched.push(NotSearched {
                        hunt: hunt.id.clone(),
                        table: table.to_owned(),
                        why: format!("query {}: {}", query.id, failure.message),
                    }),
                }
            }
        }
    }
    outcome.sightings.sort_by(|a, b| (&a.hunt, a.time, &a.id).cmp(&(&b.hunt, b.time, &b.id)));
    outcome
}

/// The queries worth running over `table`, as positions of hunt and query; none if all are.
fn candidates(
    hunts: &[Hunt],
    executor: &mut dyn Executor,
    table: &str,
    bound: &TimeBound,
) -> Result<Option<BTreeSet<(usize, usize)>>, Failure> {
    let Some(query) = prefilter(hunts, table, bound) else { return Ok(None) };
    let rows = executor.narrow(table, &query)?;
    Ok(rows.map(|rows| route(hunts, table, &rows).into_iter().collect()))
}

impl Outcome {
    /// Adds what a query found; what another query of the hunt found in the same record is there already.
    fn take(&mut self, hunt: &Hunt, query: &str, sighted: crate::sighting::Sighted, by_id: &mut HashMap<String, usize>) {
        if sighted.unattributed > 0 {
            *self.unattributed.entry((hunt.id.clone(), query.to_owned())).or_default() += sighted.unattributed;
        }
        for not_evaluable in sighted.not_evaluable {
            if !self.not_evaluable.contains(&not_evaluable) {
                self.not_evaluable.push(not_evaluable);
            }
        }
        for sighting in sighted.sightings {
            if !by_id.contains_key(&sighting.id) {
                by_id.insert(sighting.id.clone(), self.sightings.len());
                self.sightings.push(sighting);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;
    use kql::types::{Column, Type, Value};

    /// Answers every query with one row.
    struct One {
        narrowed: bool,
    }

    impl Executor for One {
        fn has_table(&self, table: &str) -> bool {
            matches!(table, "DnsEvents" | "CommonSecurityLog")
        }

        fn run(&mut self, query: &str) -> Result<Rows, Failure> {
            if !query.contains("\nDnsEvents\n") {
                return Err(Failure { code: None, message: "broken".to_owned() });
            }
            let columns = ["Name", "Indicator", "IndicatorType", "Observed", "MatchedBy"];
            let cells = ["evil.shop", "evil.shop", "domain", "evil.shop", "exact"];
            Ok(Rows {
                columns: columns.iter().map(|name| Column::new(*name, Type::String)).collect(),
                rows: vec![cells.iter().map(|text| Value::String((*text).to_owned())).collect()],
            })
        }

        fn narrow(&mut self, table: &str, _: &str) -> Result<Option<Rows>, Failure> {
            self.narrowed |= table == "DnsEvents";
            let cell = Value::String("evil.shop".to_owned());
            Ok(Some(Rows { columns: vec![Column::new("Name", Type::String)], rows: vec![vec![cell]] }))
        }
    }

    #[test]
    fn each_table_once_and_only_queries_with_candidates() {
        let text = r#"{"1": [{"ioc_value": "evil.shop", "ioc_type": "domain", "malware": "win.a"}],
            "2": [{"ioc_value": "bad.biz", "ioc_type": "domain", "malware": "win.b"}]}"#;
        let hunts =
            crate::hunt::build(&std::sync::Arc::new(crate::feed::read(text.as_bytes(), "x.json").unwrap()), Template::Exact);
        let mut executor = One { narrowed: false };
        let outcome = search(&hunts, &mut executor, &TimeBound::Unbounded, &Exclusions::default());
        assert!(executor.narrowed);
        assert_eq!(outcome.sightings.len(), 1);
        assert_eq!((outcome.queries, outcome.spared), (3, 3));
        let why: Vec<&str> = outcome.not_searched.iter().map(|n| n.why.as_str()).collect();
        assert_eq!(
            why,
            [
                "query domain-firewall: broken",
                "query domain-proxy: broken",
                "no file fills it",
                "no file fills it",
                "no file fills it"
            ]
        );
    }
}
