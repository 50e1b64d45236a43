//! One pass over a table for all hunts. Comes in: hunts. Goes out: one query whose rows are all that any of them can match, and,
//! for those rows, which of the hunts' queries are worth running.
//!
//! Nothing here decides what is a match: the queries do, over the rows that this leaves. With it left out the answer is the same.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use foldhash::fast::RandomState;
use kql::types::{Rows, Value};

use crate::hunt::{Hunt, HuntQuery, List, Test, TimeBound};
use crate::sighting::provenance;
use crate::template::{dynamic_list, mapped};

/// What all hunts together look for in a column: a row that holds none of the values there matches none of their queries that test
/// this column.
#[derive(Clone, Debug)]
pub struct Sought<'h> {
    /// The column, or an expression over columns that gives a string.
    pub column: &'static str,
    /// How values are tested for.
    pub test: Test,
    queries: Vec<&'h HuntQuery>,
}

impl<'h> Sought<'h> {
    /// The values, where they stand in memory: some of them may come several times, as several families have them.
    pub fn values(&self) -> impl Iterator<Item = Cow<'h, str>> {
        self.queries.iter().flat_map(|query| query.needles())
    }
}

/// What `hunts` look for in `table`, column by column; nothing if they do not ask that table.
#[must_use]
pub fn sought<'h>(hunts: &'h [Hunt], table: &str) -> Vec<Sought<'h>> {
    let mut tests: BTreeMap<(&str, Test), Sought<'h>> = BTreeMap::new();
    for query in queries(hunts, table) {
        let HuntQuery { column, test, .. } = *query;
        tests.entry((column, test)).or_insert_with(|| Sought { column, test, queries: Vec::new() }).queries.push(query);
    }
    tests.into_values().collect()
}

/// The query whose rows are all that `hunts` can match in `table`; none if they do not ask that table.
#[must_use]
pub fn prefilter(hunts: &[Hunt], table: &str, bound: &TimeBound) -> Option<String> {
    let sought = sought(hunts, table);
    if sought.is_empty() {
        return None;
    }
    let time = crate::table::table(table).map_or("TimeGenerated", |table| table.time);
    let mut lets = String::from("// Rows that some hunt may match.\n");
    let mut conditions = Vec::new();
    for (at, sought) in sought.into_iter().enumerate() {
        let mut values: Vec<Cow<'_, str>> = sought.values().collect();
        values.sort_unstable();
        values.dedup();
        lets += &format!("let needles{} = {};\n", at + 1, dynamic_list(values.into_iter()));
        let operator = match sought.test {
            Test::HasAny => "has_any",
            Test::In => "in~",
        };
        conditions.push(format!("{} {operator} (needles{})", sought.column, at + 1));
    }
    Some(format!("{lets}{table}\n{}| where {}\n", bound.steps(time), conditions.join("\n    or ")))
}

impl HuntQuery {
    /// Values of which one stands in the tested column of every row that the query matches; some may come twice.
    pub(crate) fn needles(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let all = self.observables().iter().map(|it| it.needle(self.subject.indicator(*it)));
        let with_mapped = self.test == Test::In && self.list == List::Addresses;
        all.flat_map(move |needle| {
            let mapped = if with_mapped { mapped(&needle).map(Cow::Owned) } else { None };
            std::iter::once(needle).chain(mapped)
        })
    }
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

/// Positions of hunts and their queries over `table` that `rows` hold a value for, sorted. All others match none of the rows.
///
/// Rows are few and values many, so the rows' terms are put in order, and each value is asked whether they hold it.
#[must_use]
pub fn route(hunts: &[Hunt], table: &str, rows: &Rows) -> Vec<(usize, usize)> {
    let texts = Texts::of(rows);
    let mut touched = Vec::new();
    for (hunt_at, hunt) in hunts.iter().enumerate() {
        for (query_at, query) in hunt.queries.iter().enumerate().filter(|(_, query)| query.table == table) {
            if query.needles().any(|needle| texts.hold(&needle)) {
                touched.push((hunt_at, query_at));
            }
        }
    }
    touched
}

/// The texts of some rows, by their terms.
struct Texts {
    /// In lower case, no text twice.
    texts: Vec<String>,
    /// Which of them hold a term.
    by_term: HashMap<String, Vec<usize>, RandomState>,
}

impl Texts {
    fn of(rows: &Rows) -> Texts {
        // The raw record repeats what the columns hold, and no query tests it.
        let looked_at: Vec<bool> = rows.columns.iter().map(|column| !provenance::ALL.contains(&column.name.as_str())).collect();
        let mut known: HashSet<String, RandomState> = HashSet::default();
        let mut all = Texts { texts: Vec::new(), by_term: HashMap::default() };
        for row in &rows.rows {
            for (cell, _) in row.iter().zip(&looked_at).filter(|(_, looked_at)| **looked_at) {
                if let Value::String(text) | Value::Dynamic(text) = cell
                    && !known.contains(text)
                {
                    known.insert(text.clone());
                    all.add(text.to_lowercase());
                }
            }
        }
        all
    }

    fn add(&mut self, text: String) {
        let at = self.texts.len();
        for term in terms(&text) {
            match self.by_term.get_mut(term) {
                Some(texts) if texts.last() == Some(&at) => {}
                Some(texts) => texts.push(at),
                None => {
                    self.by_term.insert(term.to_owned(), vec![at]);
                }
            }
        }
        self.texts.push(text);
    }

    /// Some text holds the value as whole terms, in any case.
    fn hold(&self, value: &str) -> bool {
        let value = if value.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
            value.to_lowercase().into()
        } else {
            Cow::Borrowed(value)
        };
        let mut texts: Option<&Vec<usize>> = None;
        for term in terms(&value) {
            // A term that no text holds is found out at the first look, mostly.
            let Some(with_term) = self.by_term.get(term) else { return false };
            if texts.is_none_or(|known| with_term.len() < known.len()) {
                texts = Some(with_term);
            }
        }
        match texts {
            Some(texts) => texts.iter().filter_map(|at| self.texts.get(*at)).any(|text| holds(text, &value)),
            None => self.texts.iter().any(|text| holds(text, &value)),
        }
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
    use std::sync::Arc;

    fn hunts() -> Vec<Hunt> {
        let text = r#"{"1": [{"ioc_value": "evil.shop", "ioc_type": "domain", "malware": "win.a"}],
            "2": [{"ioc_value": "bad.biz", "ioc_type": "domain", "malware": "win.b"}],
            "3": [{"ioc_value": "93.184.216.34:80", "ioc_type": "ip:port", "malware": "win.b"}]}"#;
        crate::hunt::build(&Arc::new(crate::feed::read(text.as_bytes(), "x.json").unwrap()), Template::Exact)
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
        let rows = |name: &str| Rows {
            columns: vec![Column::new("Name", Type::String)],
            rows: vec![vec![Value::String(name.to_owned())]],
        };
        assert_eq!(route(&hunts, "DnsEvents", &rows("WWW.EVIL.shop.")), [(0, 0)]);
        assert_eq!(route(&hunts, "DnsEvents", &rows("a.bad.biz")).len(), 1);
        assert!(route(&hunts, "DnsEvents", &rows("notevil.shop")).is_empty());
        assert!(route(&hunts, "DnsEvents", &rows("evil.example.shop")).is_empty());
    }
}
