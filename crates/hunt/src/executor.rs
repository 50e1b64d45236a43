//! Where queries run. Comes in: hunts and an [`Executor`]. Goes out: all sightings, and what could not be searched.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::RandomState;
use kql::types::{Rows, Value};

use crate::exclusion::{Exclusions, NotEvaluable};
use crate::hunt::{Hunt, HuntQuery, Observable, TimeBound};
use crate::in_turn::in_turn;
use crate::prefilter::{Candidates, Prefilter, prefilter, tables};
use crate::sighting::{Sighting, sight};
use crate::template::CHUNK;

/// What runs KQL: the engine over local logs, or a workspace.
pub trait Executor {
    /// The table is there, with or without rows.
    fn has_table(&self, table: &str) -> bool;

    /// The rows of a query.
    ///
    /// # Errors
    /// What went wrong, in words that can be shown.
    fn run(&mut self, query: &str) -> Result<Rows, Failure>;

    /// Lets all later queries see only those rows of `table` that a pass over it leaves, and returns them (columns of provenance may
    /// be left out). An executor to which a pass over the table costs nothing returns none, and is asked each query.
    ///
    /// # Errors
    /// As `run`.
    fn narrow(&mut self, table: &str, pass: &Prefilter<'_>) -> Result<Option<Rows>, Failure> {
        let _ = (table, pass);
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
    /// It was to be searched and something went wrong: what it holds is not known.
    pub failed: bool,
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
///
/// Over candidates, a query is run with those of its values alone that some candidate holds, and its answer is the same. For a value
/// is seen in a row only if the tested column holds the value's needle; what no candidate holds is therefore seen in none. And the
/// column's test passes a row because of a needle that the row holds, which is among those that are left.
pub fn search(hunts: &[Hunt], executor: &mut dyn Executor, bound: &TimeBound, exclusions: &Exclusions) -> Outcome {
    let mut search = Search { executor, bound, exclusions, outcome: Outcome::default(), known: HashMap::default() };
    for table in tables(hunts) {
        if search.executor.has_table(table) {
            search.table(hunts, table);
        } else {
            search.not_searched("*", table, "no file fills it".to_owned(), false);
        }
    }
    let mut outcome = search.outcome;
    outcome.sightings.sort_by(|a, b| (&a.hunt, a.time, &a.id).cmp(&(&b.hunt, b.time, &b.id)));
    outcome
}

/// A run of hunts.
struct Search<'s> {
    executor: &'s mut dyn Executor,
    bound: &'s TimeBound,
    exclusions: &'s Exclusions,
    outcome: Outcome,
    /// Where the sighting of an id is.
    known: HashMap<String, usize, RandomState>,
}

impl Search<'_> {
    fn table(&mut self, hunts: &[Hunt], table: &str) {
        let Some(pass) = prefilter(hunts, table, self.bound) else { return };
        let candidates = match self.executor.narrow(table, &pass) {
            Ok(rows) => rows.map(|rows| Candidates::new(&rows)),
            Err(failure) => return self.not_searched("*", table, failure.message, true),
        };
        for hunt in hunts {
            let queries: Vec<&HuntQuery> = hunt.queries.iter().filter(|query| query.table == table).collect();
            match &candidates {
                None => queries.into_iter().for_each(|query| self.run(hunt, &[Asked::whole(query)])),
                Some(candidates) => self.over(hunt, &queries, candidates),
            }
        }
    }

    /// Runs a hunt's queries over candidates. The parts of a question that was cut are put together again, as far as they are short.
    fn over(&mut self, hunt: &Hunt, queries: &[&HuntQuery], candidates: &Candidates) {
        for parts in queries.chunk_by(|a, b| a.asks_as(b)) {
            let mut together: Vec<Asked<'_>> = Vec::new();
            let mut values = 0;
            in_turn(
                parts.iter(),
                |query| (*query, candidates.held_of(&query.subject, query.observables())),
                |(query, held)| {
                    if held.is_empty() {
                        self.outcome.spared += 1;
                        return;
                    }
                    if values + held.len() > CHUNK && !together.is_empty() {
                        self.run(hunt, &std::mem::take(&mut together));
                        values = 0;
                    }
                    values += held.len();
                    together.push(Asked { query, values: Cow::Owned(held) });
                },
            );
            if !together.is_empty() {
                self.run(hunt, &together);
            }
        }
    }

    /// Asks parts of a question together.
    fn run(&mut self, hunt: &Hunt, parts: &[Asked<'_>]) {
        let Some(first) = parts.first() else { return };
        self.outcome.queries += parts.len();
        let values: Cow<'_, [Observable]> = match parts {
            [one] => Cow::Borrowed(&*one.values),
            parts => parts.iter().flat_map(|part| part.values.iter().copied()).collect(),
        };
        match self.executor.run(&first.query.text_for(&values, self.bound)) {
            Ok(rows) if parts.len() == 1 => self.take(hunt, first.query, rows),
            Ok(rows) => parts.iter().for_each(|part| self.take(hunt, part.query, part.own(&rows))),
            Err(failure) => {
                for part in parts {
                    let why = format!("query {}: {}", part.query.id, failure.message);
                    self.not_searched(&hunt.id, part.query.table, why, true);
                }
            }
        }
    }

    /// Takes what a query found. What two queries of the hunt found in the same record is one sighting, by the stronger match.
    fn take(&mut self, hunt: &Hunt, query: &HuntQuery, rows: Rows) {
        let sighted = sight(hunt, query, rows, self.exclusions);
        let outcome = &mut self.outcome;
        if sighted.unattributed > 0 {
            *outcome.unattributed.entry((hunt.id.clone(), query.id.clone())).or_default() += sighted.unattributed;
        }
        for not_evaluable in sighted.not_evaluable {
            if !outcome.not_evaluable.contains(&not_evaluable) {
                outcome.not_evaluable.push(not_evaluable);
            }
        }
        for sighting in sighted.sightings {
            match self.known.entry(sighting.id.clone()) {
                Entry::Vacant(place) => {
                    place.insert(outcome.sightings.len());
                    outcome.sightings.push(sighting);
                }
                Entry::Occupied(place) => outcome.sightings[*place.get()].strengthen(sighting),
            }
        }
    }

    fn not_searched(&mut self, hunt: &str, table: &str, why: String, failed: bool) {
        self.outcome.not_searched.push(NotSearched { hunt: hunt.to_owned(), table: table.to_owned(), why, failed });
    }
}

/// A query, and those of its values that it is asked for.
struct Asked<'h> {
    query: &'h HuntQuery,
    values: Cow<'h, [Observable]>,
}

impl<'h> Asked<'h> {
    fn whole(query: &'h HuntQuery) -> Asked<'h> {
        Asked { query, values: Cow::Borrowed(query.observables()) }
    }

    /// Those of the rows that show an indicator of this query: no other part of the question has it.
    fn own(&self, rows: &Rows) -> Rows {
        let indicators = self.values.iter().map(|it| self.query.subject.indicator(*it));
        let wanted: HashSet<(&str, &str), RandomState> = indicators.map(|it| (it.ty().name(), it.value())).collect();
        let columns = (rows.position("IndicatorType"), rows.position("Indicator"));
        let text = |row: &[Value], at: Option<usize>| at.and_then(|at| row.get(at)).map(Value::to_text).unwrap_or_default();
        let is_own = |row: &&Vec<Value>| {
            let (ty, value) = (text(row, columns.0), text(row, columns.1));
            wanted.contains(&(ty.as_str(), value.as_str()))
        };
        Rows { columns: rows.columns.clone(), rows: rows.rows.iter().filter(is_own).cloned().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;
    use kql::types::{Column, Type};

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

        fn narrow(&mut self, table: &str, _: &Prefilter<'_>) -> Result<Option<Rows>, Failure> {
            self.narrowed |= table == "DnsEvents";
            let cell = Value::String("evil.shop".to_owned());
            Ok(Some(Rows { columns: vec![Column::new("Name", Type::String)], rows: vec![vec![cell]] }))
        }
    }

    /// Answers queries over URLs and over their hosts with the same record.
    struct Proxy;

    impl Executor for Proxy {
        fn has_table(&self, table: &str) -> bool {
            table == "CommonSecurityLog"
        }

        fn run(&mut self, query: &str) -> Result<Rows, Failure> {
            let matched_by = if query.contains(": URLs at proxies") { "url" } else { "url-host" };
            let columns = ["RequestURL", "Indicator", "IndicatorType", "Observed", "MatchedBy", "_tallyho_path"];
            let url = "http://bad.biz/path?q=1";
            let cells = [url, url, "url", url, matched_by, "proxy.log"];
            Ok(Rows {
                columns: columns.iter().map(|name| Column::new(*name, Type::String)).collect(),
                rows: vec![cells.iter().map(|text| Value::String((*text).to_owned())).collect()],
            })
        }
    }

    #[test]
    fn of_two_matches_in_a_record_the_stronger_is_told() {
        let intel = std::sync::Arc::new(crate::feed::read(b"http://bad.biz/path?q=1", "x.txt").unwrap());
        let hunts = crate::hunt::build(&intel, Template::Exact);
        let outcome = search(&hunts, &mut Proxy, &TimeBound::Unbounded, &Exclusions::default());
        let told: Vec<(&str, &str)> = outcome.sightings.iter().map(|it| (it.query.as_str(), it.matched_by.as_str())).collect();
        assert_eq!(told, [("url-proxy", "url")]);
        assert!(outcome.sightings[0].row.contains(&("MatchedBy".into(), Value::String("url".to_owned()))));
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
