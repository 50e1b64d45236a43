//! Proofs: rows made up for a hunt, some of which its queries must find and some of which they must not. Comes in: a hunt. Goes
//! out: queries that bring their own table, and a judge of what they answer.
//!
//! A made-up table takes the real one's place by a `let` of its name, so that any executor of KQL can prove a hunt, and no log is
//! read. Each row has a time of its own, by which it is known again in the answer.

mod contact;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kql::catalog;
use kql::fmt::{literal, name};
use kql::time::{DAY, SECOND, UNIX_EPOCH};
use kql::types::{Column, Rows, Type, Value};

use crate::hunt::{Hunt, TimeBound};
use crate::intel::Indicator;
use crate::prefilter::tables;

use contact::Contacts;

/// 2026-01-01T00:00:00Z; the n-th row is n seconds later.
const START: i64 = UNIX_EPOCH + 20_454 * DAY;

/// What a hunt must find, and must not, in one table.
#[derive(Clone, Debug)]
pub struct Case {
    /// The table.
    pub table: &'static str,
    /// The hunt's queries of that table, each over the made-up rows.
    pub queries: Vec<String>,
    /// The rows, in order.
    pub rows: Vec<Contact>,
}

/// One made-up row.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// What it shows: `subdomain, upper case`.
    pub what: &'static str,
    /// The columns that matter; all others are empty.
    pub cells: Vec<(&'static str, Value)>,
    /// The indicator that must be found in it; none if it must not be found at all.
    pub expected: Option<String>,
}

/// What the answers were worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Rows that had to be found and were.
    pub found: usize,
    /// Rows that had to be left and were.
    pub left: usize,
    /// Rows that had to be found and were not, by position.
    pub missed: Vec<usize>,
    /// Rows that were found and should not have been, by position.
    pub wrong: Vec<usize>,
}

impl Verdict {
    /// Nothing missed, nothing wrong.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.missed.is_empty() && self.wrong.is_empty()
    }
}

/// One case for each table that the hunt asks, with contacts for up to `sample` indicators of each type.
#[must_use]
pub fn cases(hunt: &Hunt, sample: usize) -> Vec<Case> {
    let contacts = Contacts::of(hunt, sample);
    tables(std::slice::from_ref(hunt))
        .into_iter()
        .map(|table| {
            let rows = contacts.in_table(table, hunt);
            let asked = hunt.queries.iter().filter(|query| query.table == table);
            let queries: Vec<String> = asked.map(|query| query.text(&TimeBound::Unbounded)).collect();
            let data = datatable(table, &columns(table, &queries, &rows), &rows);
            let queries = queries.into_iter().map(|query| data.clone() + &query).collect();
            Case { table, queries, rows }
        })
        .filter(|case| !case.rows.is_empty())
        .collect()
}

impl Case {
    /// Judges the answers to all of the case's queries.
    #[must_use]
    pub fn judge(&self, answers: &[Rows]) -> Verdict {
        let mut found: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for rows in answers {
            let time = rows.position("TimeGenerated").or_else(|| rows.position("Timestamp"));
            let indicator = rows.position("Indicator");
            for row in &rows.rows {
                let Some(Value::DateTime(ticks)) = time.and_then(|at| row.get(at)) else { continue };
                let named = indicator.and_then(|at| row.get(at)).map(Value::to_text).unwrap_or_default();
                found.entry(usize::try_from((ticks - START) / SECOND).unwrap_or(usize::MAX)).or_default().insert(named);
            }
        }
        let mut verdict = Verdict::default();
        for (at, contact) in self.rows.iter().enumerate() {
            // A query that names no indicator can only be held to the row.
            let hit = |wanted: &String| found.get(&at).is_some_and(|named| named.contains(wanted) || named.contains(""));
            match &contact.expected {
                Some(wanted) if hit(wanted) => verdict.found += 1,
                Some(_) => verdict.missed.push(at),
                None if found.contains_key(&at) => verdict.wrong.push(at),
                None => verdict.left += 1,
            }
        }
        verdict
    }
}

/// The columns that a made-up table has besides its times: those of the table that queries name or rows fill.
fn columns(table: &str, queries: &[String], rows: &[Contact]) -> Vec<&'static Column> {
    let words = queries.iter().flat_map(|query| query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    let named: HashSet<&str> = words.chain(rows.iter().flat_map(|row| row.cells.iter().map(|(column, _)| *column))).collect();
    let all = catalog::table(table).map_or(&[][..], |table| &table.columns);
    all.iter().filter(|column| named.contains(column.name.as_str()) && column.ty != Type::DateTime).collect()
}

/// `let TABLE = datatable(…) […];`
fn datatable(table: &str, columns: &[&Column], rows: &[Contact]) -> String {
    let schema: Vec<String> = columns.iter().map(|column| format!("{}:{}", name(&column.name), column.ty)).collect();
    let mut text = format!("let {table} = datatable(TimeGenerated:datetime, Timestamp:datetime, {}) [\n", schema.join(", "));
    for (at, contact) in rows.iter().enumerate() {
        let ticks = START + i64::try_from(at).unwrap_or(i64::MAX / SECOND) * SECOND;
        let time = literal(&Value::DateTime(ticks), Type::DateTime);
        let cells = columns.iter().map(|column| {
            let cell = contact.cells.iter().find(|(name, _)| *name == column.name);
            literal(cell.map_or(&Value::Null, |(_, value)| value), column.ty)
        });
        text += &format!("    {time}, {time}, {},\n", cells.collect::<Vec<_>>().join(", "));
    }
    text + "];\n"
}

/// The first `sample` indicators of each type.
fn sampled(hunt: &Hunt, sample: usize) -> Vec<Indicator<'_>> {
    let mut counts = BTreeMap::new();
    let few = hunt.indicators().filter(|indicator| {
        let count = counts.entry(indicator.ty()).or_insert(0);
        *count += 1;
        *count <= sample
    });
    few.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;
    use kql::types::Column;

    fn hunt() -> Hunt {
        let text = "evil.shop\nhttps://github.com/x/y\n93.184.216.34:80\n854c68ab7ad70b6f95f76ec64b8a46c145997629\n185.220.101.0/24\n\
                    2a02:cf40:1::/48\nabcdef0123456789abcdef0123456789\n\
                    19d854caf81bc884c677bd941abc50b33716e188fa723991820b0ffa3ea7e93e\n";
        crate::hunt::build(&std::sync::Arc::new(crate::feed::read(text.as_bytes(), "x.txt").unwrap()), Template::Exact).remove(0)
    }

    #[test]
    fn queries_bring_their_own_table() {
        let cases = cases(&hunt(), 5);
        let tables: Vec<&str> = cases.iter().map(|case| case.table).collect();
        assert_eq!(
            tables,
            [
                "CommonSecurityLog",
                "DeviceEvents",
                "DeviceFileEvents",
                "DeviceNetworkEvents",
                "DeviceProcessEvents",
                "DnsEvents",
                "UrlClickEvents"
            ]
        );
        for case in &cases {
            assert!(case.rows.iter().any(|row| row.expected.is_some()), "{}", case.table);
            assert!(case.rows.iter().any(|row| row.expected.is_none()), "{}", case.table);
            for query in &case.queries {
                assert!(kql::parse(query).diagnostics.is_empty(), "{query}");
            }
        }
    }

    #[test]
    fn every_place_has_a_contact_and_a_near_miss() {
        let hunt = hunt();
        let cases = cases(&hunt, 5);
        let places: Vec<String> = crate::template::place_columns().collect();
        for (table, column) in places.iter().filter_map(|place| place.split_once('.')) {
            let case = cases.iter().find(|case| case.table == table).unwrap();
            for expected in [true, false] {
                let shows = |row: &Contact| row.cells.iter().any(|(name, _)| column.contains(name));
                let rows = case.rows.iter().filter(|row| row.expected.is_some() == expected);
                assert!(rows.into_iter().any(shows), "{table}.{column} {expected}");
            }
            assert!(case.queries.iter().any(|query| query.contains(&format!("let {table} = datatable"))));
        }
        assert_eq!(hunt.queries.len(), places.len());
    }

    #[test]
    fn the_judge_counts_what_was_missed_and_what_is_wrong() {
        let case = cases(&hunt(), 5).into_iter().find(|case| case.table == "DnsEvents").unwrap();
        let columns = vec![Column::new("TimeGenerated", Type::DateTime), Column::new("Indicator", Type::String)];
        let row = |at: usize| vec![Value::DateTime(START + at as i64 * SECOND), Value::String("evil.shop".to_owned())];
        let good: Vec<usize> = (0..case.rows.len()).filter(|at| case.rows[*at].expected.is_some()).collect();
        let all = Rows { columns: columns.clone(), rows: good.iter().map(|at| row(*at)).collect() };
        assert!(case.judge(std::slice::from_ref(&all)).is_proven());
        let wrong = case.rows.iter().position(|row| row.expected.is_none()).unwrap();
        let verdict = case.judge(&[Rows { columns, rows: vec![row(wrong)] }]);
        assert_eq!((verdict.wrong, verdict.missed), (vec![wrong], good));
    }
}
