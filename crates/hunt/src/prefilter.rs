//! One pass over a table for all hunts. Comes in: hunts. Goes out: one query whose rows are all that any of them can match, and,
//! for those rows, which of the hunts' queries are worth running.
//!
//! Nothing here decides what is a match: the queries do, over the rows that this leaves. With it left out the answer is the same.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kql::types::{Rows, Value};

use crate::hunt::{Hunt, HuntQuery, Test, TimeBound};
use crate::sighting::provenance;
use crate::template::dynamic_list;

/// The query whose rows are all that `hunts` can match in `table`; none if they do not ask that table.
#[must_use]
pub fn prefilter(hunts: &[Hunt], table: &str, bound: &TimeBound) -> Option<String> {
    let mut tests: BTreeMap<(&str, Test), BTreeSet<&str>> = BTreeMap::new();
    for query in queries(hunts, table) {
        let values = tests.entry((query.needles.column, query.needles.test)).or_default();
        values.extend(query.needles.values.iter().map(String::as_str));
    }
    if tests.is_empty() {
        return None;
    }
    let time = crate::table::table(table).map_or("TimeGenerated", |table| table.time);
    let mut lets = String::from("// Rows that some hunt may match.\n");
    let mut conditions = Vec::new();
    for (at, ((column, test), values)) in tests.into_iter().enumerate() {
        lets += &format!("let needles{} = {};\n", at + 1, dynamic_list(values.into_iter()));
        let operator = match test {
            Test::HasAny => "has_any",
            Test::In => "in~",
        };
        conditions.push(format!("{column} {operator} (needles{})", at + 1));
    }
    Some(format!("{lets}{table}\n{}| where {}\n", bound.steps(time), conditions.join("\n    or ")))
}

/// All tables that `hunts` ask, sorted.
#[must_use]
pub fn tables(hunts: &[Hunt]) -> Vec<&'static str> {
    let all: BTreeSet<&'static str> = hunts.iter().flat_map(|hunt| hunt.queries.iter().map(|query| query.table)).collect();
    all.into_iter().collect()
}

fn queries<'h>(hunts: &'h [Hunt], table: &str) -> impl Iterator<Item = &'h HuntQuery> {
    hunts.iter().flat_map(|hunt| &hunt.queries).filter(move |query| query.table == table)
}

/// Which queries of hunts can match which rows of a table.
pub struct Router<'h> {
    table: &'h str,
    index: TermIndex<'h>,
    /// For each value of the index the queries that look for it: hunt and query by position.
    wanted_by: Vec<Vec<(usize, usize)>>,
}

impl<'h> Router<'h> {
    /// A router for the queries of `hunts` over `table`.
    #[must_use]
    pub fn new(hunts: &'h [Hunt], table: &'h str) -> Router<'h> {
        let mut router = Router { table, index: TermIndex::default(), wanted_by: Vec::new() };
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (hunt_at, hunt) in hunts.iter().enumerate() {
            for (query_at, query) in hunt.queries.iter().enumerate().filter(|(_, query)| query.table == table) {
                for value in &query.needles.values {
                    let at = *known.entry(value).or_insert_with(|| {
                        router.wanted_by.push(Vec::new());
                        router.index.add(value)
                    });
                    router.wanted_by[at].push((hunt_at, query_at));
                }
            }
        }
        router
    }

    /// The table it is for.
    #[must_use]
    pub fn table(&self) -> &str {
        self.table
    }

    /// Positions of hunts and their queries that `rows` hold a value for, sorted. All others match none of the rows.
    #[must_use]
    pub fn route(&self, rows: &Rows) -> Vec<(usize, usize)> {
        let mut touched = BTreeSet::new();
        let mut seen: HashSet<usize> = HashSet::new();
        // The raw record repeats what the columns hold, and no query tests it.
        let looked_at: Vec<bool> = rows.columns.iter().map(|column| !provenance::ALL.contains(&column.name.as_str())).collect();
        for row in &rows.rows {
            for (cell, _) in row.iter().zip(&looked_at).filter(|(_, looked_at)| **looked_at) {
                let (Value::String(text) | Value::Dynamic(text)) = cell else { continue };
                for at in self.index.find(text) {
                    if seen.insert(at) {
                        touched.extend(self.wanted_by[at].iter().copied());
                    }
                }
            }
        }
        touched.into_iter().collect()
    }
}

/// Finds which of many values a text holds as whole terms, in any case, as `has_any` would.
#[derive(Default)]
pub(crate) struct TermIndex<'v> {
    values: Vec<&'v str>,
    /// The longest term of each value, in lower case: a text that holds the value holds the term.
    by_term: HashMap<String, Vec<usize>>,
}

impl<'v> TermIndex<'v> {
    /// Adds a value; its position is returned.
    pub(crate) fn add(&mut self, value: &'v str) -> usize {
        let at = self.values.len();
        self.values.push(value);
        let longest = terms(value).min_by_key(|term| std::cmp::Reverse(term.len())).unwrap_or(value);
        self.by_term.entry(longest.to_lowercase()).or_default().push(at);
        at
    }

    /// Positions of the values that `text` holds, each once.
    pub(crate) fn find(&self, text: &str) -> Vec<usize> {
        let lower = text.to_lowercase();
        let mut found: Vec<usize> = Vec::new();
        for term in terms(&lower) {
            for at in self.by_term.get(term).into_iter().flatten() {
                if !found.contains(at) && holds(&lower, &self.values[*at].to_lowercase()) {
                    found.push(*at);
                }
            }
        }
        found
    }
}

/// `value` stands in `text` and neither goes on in a letter or digit where the value ends in one.
fn holds(text: &str, value: &str) -> bool {
    let joins = |a: Option<char>, b: Option<char>| a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric);
    text.match_indices(value).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + value.len()..].chars().next());
        !joins(before, value.chars().next()) && !joins(value.chars().next_back(), after)
    })
}

/// Runs of letters and digits.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|term| !term.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;
    use kql::types::{Column, Type};

    fn hunts() -> Vec<Hunt> {
        let text = r#"{"1": [{"ioc_value": "evil.shop", "ioc_type": "domain", "malware": "win.a"}],
            "2": [{"ioc_value": "bad.biz", "ioc_type": "domain", "malware": "win.b"}],
            "3": [{"ioc_value": "93.184.216.34:80", "ioc_type": "ip:port", "malware": "win.b"}]}"#;
        crate::hunt::build(&crate::feed::read(text.as_bytes(), "x.json").unwrap(), Template::Exact)
    }

    #[test]
    fn one_query_for_all_hunts() {
        let text = prefilter(&hunts(), "CommonSecurityLog", &TimeBound::Unbounded).unwrap();
        let expected = r#"// Rows that some hunt may match.
let needles1 = dynamic(["bad.biz", "evil.shop"]);
let needles2 = dynamic(["93.184.216.34", "::ffff:93.184.216.34"]);
let needles3 = dynamic(["bad.biz", "evil.shop"]);
CommonSecurityLog
| where DestinationHostName has_any (needles1)
    or DestinationIP in~ (needles2)
    or RequestURL has_any (needles3)
"#;
        assert_eq!(text, expected);
        assert_eq!(prefilter(&hunts(), "DeviceFileEvents", &TimeBound::Unbounded), None);
    }

    #[test]
    fn rows_go_to_the_queries_that_want_them() {
        let hunts = hunts();
        let router = Router::new(&hunts, "DnsEvents");
        let rows = |name: &str| Rows {
            columns: vec![Column::new("Name", Type::String)],
            rows: vec![vec![Value::String(name.to_owned())]],
        };
        assert_eq!(router.route(&rows("WWW.EVIL.shop.")), [(0, 0)]);
        assert_eq!(router.route(&rows("a.bad.biz")).len(), 1);
        assert!(router.route(&rows("notevil.shop")).is_empty());
        assert!(router.route(&rows("evil.example.shop")).is_empty());
    }
}
