//! Proofs: rows made up for a hunt, some of which its queries must find and some of which they must not. Comes in: a hunt. Goes
//! out: queries that bring their own table, and a judge of what they answer.
//!
//! A made-up table takes the real one's place by a `let` of its name, so that any executor of KQL can prove a hunt, and no log is
//! read. Each row has a time of its own, by which it is known again in the answer.

mod contact;

use std::collections::{BTreeMap, BTreeSet};

use kql::fmt::literal;
use kql::types::{Rows, Type, Value};

use crate::hunt::{Hunt, TimeBound};
use crate::intel::Indicator;
use crate::prefilter::tables;

use contact::Contacts;

/// 2026-01-01T00:00:00Z; the n-th row is n seconds later.
const START: i64 = 639_028_224_000_000_000;
const SECOND: i64 = 10_000_000;

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
            let data = datatable(table, &rows);
            let asked = hunt.queries.iter().filter(|query| query.table == table);
            let queries = asked.map(|query| data.clone() + &query.text(&TimeBound::Unbounded)).collect();
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

/// The columns that a made-up table has besides its times: those that some query of some template names.
fn columns(table: &str) -> &'static [(&'static str, Type)] {
    const S: Type = Type::String;
    match table {
        "CommonSecurityLog" => &[
            ("SourceIP", S),
            ("DestinationIP", S),
            ("DestinationPort", Type::Int),
            ("DestinationHostName", S),
            ("RequestURL", S),
            ("FileHash", S),
            ("DeviceAction", S),
            ("Activity", S),
        ],
        "DeviceEvents" => &[("DeviceName", S), ("ActionType", S), ("AdditionalFields", Type::Dynamic)],
        "DeviceNetworkEvents" => &[
            ("DeviceName", S),
            ("ActionType", S),
            ("LocalIP", S),
            ("RemoteIP", S),
            ("RemotePort", Type::Int),
            ("RemoteUrl", S),
            ("InitiatingProcessFileName", S),
            ("AdditionalFields", Type::Dynamic),
        ],
        "DnsEvents" => &[("Computer", S), ("ClientIP", S), ("Name", S), ("IPAddresses", S), ("QueryType", S), ("Confidence", S)],
        "UrlClickEvents" => &[("AccountUpn", S), ("Url", S), ("ActionType", S), ("IsClickedThrough", Type::Bool)],
        _ => &[
            ("DeviceName", S),
            ("FileName", S),
            ("FolderPath", S),
            ("SHA256", S),
            ("SHA1", S),
            ("MD5", S),
            ("FileOriginUrl", S),
            ("InitiatingProcessFileName", S),
        ],
    }
}

/// `let TABLE = datatable(…) […];`
fn datatable(table: &str, rows: &[Contact]) -> String {
    let columns = columns(table);
    let schema: Vec<String> = columns.iter().map(|(name, ty)| format!("{name}:{ty}")).collect();
    let mut text = format!("let {table} = datatable(TimeGenerated:datetime, Timestamp:datetime, {}) [\n", schema.join(", "));
    for (at, contact) in rows.iter().enumerate() {
        let ticks = START + i64::try_from(at).unwrap_or(i64::MAX / SECOND) * SECOND;
        let time = literal(&Value::DateTime(ticks), Type::DateTime);
        let cells = columns.iter().map(|(name, ty)| {
            let value = contact.cells.iter().find(|(column, _)| column == name).map_or(&Value::Null, |(_, value)| value);
            literal(value, *ty)
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
        let text = "evil.shop\nhttps://github.com/x/y\n93.184.216.34:80\n854c68ab7ad70b6f95f76ec64b8a46c145997629\n";
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
