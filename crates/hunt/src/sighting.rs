//! Sightings: an indicator seen in a row of a log. Comes in: the rows that a hunt's query gave. Goes out: who was seen where, with
//! the evidence and with what explains it away.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use kql::types::{Rows, Value};
use sha2::{Digest, Sha256};

use crate::exclusion::{Exclusions, NotEvaluable};
use crate::hunt::{Hunt, HuntQuery, Test};
use crate::indicator::IndicatorType;
use crate::intel::{Indicator, Intel};
use crate::prefilter::TermIndex;
use crate::table::table;

/// Columns by which an executor hands over where a row stands. They pass through every `exact` query.
pub mod provenance {
    /// The file: a string.
    pub const PATH: &str = "_tallyho_path";
    /// The line in it, from 1: a long, null where there are no lines.
    pub const LINE: &str = "_tallyho_line";
    /// The byte in it: a long.
    pub const OFFSET: &str = "_tallyho_offset";
    /// The record as it stands there: a string.
    pub const RAW: &str = "_tallyho_raw";
    /// All of them.
    pub const ALL: [&str; 4] = [PATH, LINE, OFFSET, RAW];
}

/// Columns that queries add to a row.
const ADDED: [&str; 6] = ["Indicator", "IndicatorType", "ThreatType", "Confidence", "Observed", "MatchedBy"];

/// An indicator seen in a log.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The same for the same record, hunt and indicator, in every run.
    pub id: String,
    /// The hunt's id.
    pub hunt: String,
    /// The query that found it.
    pub query: String,
    /// Of what was seen the position in `intel`.
    position: u32,
    intel: Arc<Intel>,
    /// The table it was seen in.
    pub table: &'static str,
    /// The value as logged.
    pub observed: String,
    /// How it matched: `exact`, `subdomain`, `url`, `url-host`, `ip`, `ip:port`, `network`, `hash`, and `term` for queries that do not say.
    pub matched_by: String,
    /// When, in ticks, if the row says so.
    pub time: Option<i64>,
    /// The host that made the contact, if the row says so.
    pub host: Option<String>,
    /// The row's columns that hold anything, without those that say where it stands.
    pub row: Vec<(Arc<str>, Value)>,
    /// Where the row stands, if the executor knows.
    pub evidence: Option<Evidence>,
    /// The false-positive scenario that explains it.
    pub excluded_by: Option<ExcludedBy>,
    /// How many rows it stands for: more than one only where equal rows cannot be told apart.
    pub count: u64,
}

impl Sighting {
    /// What was seen.
    #[must_use]
    pub fn indicator(&self) -> Indicator<'_> {
        self.intel.at(self.position)
    }

    /// Becomes what another query, or another step of the same, saw in the same record of the same indicator, if that says more.
    pub(crate) fn strengthen(&mut self, other: Sighting) {
        if strength(&other.matched_by) > strength(&self.matched_by) {
            *self = other;
        }
    }
}

/// How much a match says: the whole value more than its host, address and port more than the address.
fn strength(matched_by: &str) -> u8 {
    match matched_by {
        "exact" | "url" | "ip:port" | "hash" => 3,
        "subdomain" | "ip" => 2,
        "url-host" | "network" => 1,
        _ => 0,
    }
}

/// Where a row stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The file.
    pub path: String,
    /// The line in it, from 1.
    pub line: Option<u64>,
    /// The byte in it.
    pub offset: Option<u64>,
    /// The record as it stands there.
    pub raw: String,
}

/// Why a sighting is probably none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcludedBy {
    /// The scenario.
    pub scenario: String,
    /// What of the row fits it.
    pub why: String,
}

/// What a query's rows show.
#[derive(Clone, Debug, Default)]
pub struct Sighted {
    /// The sightings, in the order of the rows.
    pub sightings: Vec<Sighting>,
    /// Rows that name no indicator of the hunt: a query that projects the matched column away gives such.
    pub unattributed: usize,
    /// Exclusions that could not be judged on these rows.
    pub not_evaluable: Vec<NotEvaluable>,
}

/// The sightings in the rows that `query` of `hunt` gave. Each row goes as it becomes a sighting: there may be very many.
#[must_use]
pub fn sight(hunt: &Hunt, query: &HuntQuery, mut rows: Rows, exclusions: &Exclusions) -> Sighted {
    let finder = Finder::new(hunt, query, &rows);
    let names: Vec<Arc<str>> = rows.columns.iter().map(|column| Arc::from(column.name.as_str())).collect();
    let mut sighted = Sighted::default();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for cells in std::mem::take(&mut rows.rows) {
        let row = Row { head: &rows, names: &names, cells: &cells };
        let found = finder.find(&row);
        if found.is_empty() {
            sighted.unattributed += 1;
            continue;
        }
        let judgment = exclusions.evaluate(query.table, &|column| row.get(column));
        for not_evaluable in judgment.not_evaluable {
            if !sighted.not_evaluable.contains(&not_evaluable) {
                sighted.not_evaluable.push(not_evaluable);
            }
        }
        for found in found {
            let mut sighting = row.sighting(hunt, query, found);
            sighting.excluded_by.clone_from(&judgment.excluded_by);
            match by_id.get(&sighting.id) {
                Some(at) if sighting.evidence.is_none() => sighted.sightings[*at].count += 1,
                Some(at) => sighted.sightings[*at].strengthen(sighting),
                None => {
                    by_id.insert(sighting.id.clone(), sighted.sightings.len());
                    sighted.sightings.push(sighting);
                }
            }
        }
    }
    sighted
}

/// A row under its columns.
struct Row<'r> {
    /// Its columns.
    head: &'r Rows,
    /// The columns' names, which all sightings share.
    names: &'r [Arc<str>],
    cells: &'r [Value],
}

impl Row<'_> {
    fn get(&self, column: &str) -> Option<&Value> {
        self.cells.get(self.head.position(column)?)
    }

    fn text(&self, column: &str) -> Option<String> {
        self.get(column).map(Value::to_text).filter(|text| !text.is_empty())
    }

    fn number(&self, column: &str) -> Option<u64> {
        match self.get(column)? {
            Value::Long(n) => u64::try_from(*n).ok(),
            Value::Int(n) => u64::try_from(*n).ok(),
            _ => None,
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        Some(Evidence {
            path: self.text(provenance::PATH)?,
            line: self.number(provenance::LINE),
            offset: self.number(provenance::OFFSET),
            raw: self.text(provenance::RAW).unwrap_or_default(),
        })
    }

    fn time(&self) -> Option<i64> {
        let times = ["TimeGenerated", "Timestamp"].into_iter().filter_map(|column| self.get(column));
        times.filter_map(|value| if let Value::DateTime(ticks) = value { Some(*ticks) } else { None }).next()
    }

    fn sighting(&self, hunt: &Hunt, query: &HuntQuery, found: Found) -> Sighting {
        let Found { position, observed, matched_by } = found;
        let named = self.names.iter().zip(self.cells);
        let row: Vec<(Arc<str>, Value)> = named
            .filter(|(name, value)| {
                let empty = matches!(value, Value::Null) || matches!(value, Value::String(text) if text.is_empty());
                !empty && !provenance::ALL.contains(&&***name)
            })
            .map(|(name, value)| (Arc::clone(name), value.clone()))
            .collect();
        let evidence = self.evidence();
        let hosts = table(query.table).map_or(&[][..], |table| table.host);
        Sighting {
            id: identity(hunt, query, hunt.intel().at(position), evidence.as_ref(), &row),
            hunt: hunt.id.clone(),
            query: query.id.clone(),
            position,
            intel: Arc::clone(hunt.intel()),
            table: query.table,
            observed,
            matched_by,
            time: self.time(),
            host: hosts.iter().find_map(|column| self.text(column)),
            row,
            evidence,
            excluded_by: None,
            count: 1,
        }
    }
}

/// Sixteen hexadecimal digits that the record, the hunt and the indicator have in common.
fn identity(
    hunt: &Hunt,
    query: &HuntQuery,
    indicator: Indicator<'_>,
    evidence: Option<&Evidence>,
    row: &[(Arc<str>, Value)],
) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    [&hunt.id, query.table, indicator.ty().name(), indicator.value()].into_iter().for_each(&mut add);
    match evidence {
        Some(Evidence { path, line, offset, raw }) => {
            add(path);
            // Of a record in the middle of a file the line is not known yet: where it stands is said by the byte.
            match (offset, line) {
                (Some(offset), _) => add(&format!("byte {offset}")),
                (None, Some(line)) => add(&format!("line {line}")),
                (None, None) => add(raw),
            }
        }
        None => {
            for (column, value) in row.iter().filter(|(column, _)| !ADDED.contains(&&**column)) {
                add(column);
                add(&value.to_text());
            }
        }
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An indicator that a row shows.
struct Found {
    /// The indicator's position.
    position: u32,
    observed: String,
    matched_by: String,
}

/// Positions of indicators by type and value.
type Told<'h> = HashMap<(IndicatorType, &'h str), u32, RandomState>;

/// Tells which indicators a row shows.
enum Finder<'h> {
    /// The query says so itself.
    Told(Told<'h>),
    /// It must be found among the query's values.
    Sought { hunt: &'h Hunt, query: &'h HuntQuery, index: TermIndex<'h>, positions: Vec<u32> },
}

impl<'h> Finder<'h> {
    fn new(hunt: &'h Hunt, query: &'h HuntQuery, rows: &Rows) -> Finder<'h> {
        if let (Some(value), Some(ty)) = (rows.position("Indicator"), rows.position("IndicatorType")) {
            return Finder::Told(Finder::told(hunt, rows, ty, value));
        }
        let (mut index, mut positions) = (TermIndex::default(), Vec::new());
        let wanted = hunt.positions().iter().copied().zip(hunt.indicators());
        for (at, indicator) in wanted.filter(|(_, indicator)| query.types.contains(&indicator.ty())) {
            let value = indicator.address().map_or(indicator.value(), |(address, _)| address);
            let value = value.split_once("://").map_or(value, |(_, rest)| rest.trim_end_matches('/'));
            index.add(value);
            positions.push(at);
        }
        Finder::Sought { hunt, query, index, positions }
    }

    /// The hunt's indicators that rows name, by type and value.
    fn told(hunt: &'h Hunt, rows: &Rows, ty: usize, value: usize) -> Told<'h> {
        let mut told = Told::default();
        let mut seen: HashSet<(&str, &str), RandomState> = HashSet::default();
        for row in &rows.rows {
            let text = |at: usize| if let Some(Value::String(text)) = row.get(at) { text.as_str() } else { "" };
            let (ty, value) = (text(ty), text(value));
            if !seen.insert((ty, value)) {
                continue;
            }
            let named = IndicatorType::from_name(ty).into_iter().flat_map(|ty| hunt.intel().positions(ty, value));
            let own = named.filter(|at| hunt.positions().binary_search(at).is_ok());
            told.extend(
                own.map(|at| (hunt.intel().at(at), at))
                    .filter(|(it, _)| it.value() == value)
                    .map(|(it, at)| ((it.ty(), it.value()), at)),
            );
        }
        told
    }

    fn find(&self, row: &Row<'_>) -> Vec<Found> {
        match self {
            Finder::Told(known) => {
                let ty = row.text("IndicatorType").and_then(|name| IndicatorType::from_name(&name));
                let value = row.text("Indicator").unwrap_or_default();
                let found = ty.and_then(|ty| known.get(&(ty, value.as_str())));
                let text = |column| row.text(column).unwrap_or_default();
                let found = found.map(|at| Found { position: *at, observed: text("Observed"), matched_by: text("MatchedBy") });
                found.into_iter().collect()
            }
            Finder::Sought { hunt, query, index, positions } => {
                let mut found: Vec<Found> = Vec::new();
                for observed in query.observed.iter().filter_map(|column| row.text(column)) {
                    for position in index.find(&observed).into_iter().filter_map(|at| positions.get(at).copied()) {
                        if found.iter().all(|known| known.position != position) {
                            let matched_by = matched_by(hunt.intel().at(position).ty(), query.test).to_owned();
                            found.push(Found { position, observed: observed.clone(), matched_by });
                        }
                    }
                }
                found
            }
        }
    }
}

/// How a query that does not say so matched.
fn matched_by(ty: IndicatorType, test: Test) -> &'static str {
    match (ty, test) {
        (IndicatorType::Ip | IndicatorType::IpPort, _) => "ip",
        (ty, _) if ty.is_hash() => "hash",
        (_, Test::In) => "exact",
        (_, Test::InNetwork) => "network",
        (_, Test::HasAny) => "term",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;
    use kql::types::{Column, Type};

    fn hunt(template: Template) -> Hunt {
        let text = r#"{"1": [{"ioc_value": "evil.shop", "ioc_type": "domain", "malware": "win.a"}]}"#;
        crate::hunt::build(&Arc::new(crate::feed::read(text.as_bytes(), "x.json").unwrap()), template).remove(0)
    }

    fn rows(columns: &[(&str, &str)], times: usize) -> Rows {
        let mut all = vec![Column::new("TimeGenerated", Type::DateTime)];
        all.extend(columns.iter().map(|(name, _)| Column::new(*name, Type::String)));
        let mut row = vec![Value::DateTime(1)];
        row.extend(columns.iter().map(|(_, text)| Value::String((*text).to_owned())));
        Rows { columns: all, rows: vec![row; times] }
    }

    #[test]
    fn a_row_that_says_what_it_shows() {
        let hunt = hunt(Template::Exact);
        let columns = [
            ("ClientIP", "10.0.0.7"),
            ("Name", "a.evil.shop"),
            ("Indicator", "evil.shop"),
            ("IndicatorType", "domain"),
            ("Observed", "a.evil.shop"),
            ("MatchedBy", "subdomain"),
            ("_tallyho_path", "dns.log"),
            ("_tallyho_raw", "{}"),
        ];
        let sighted = sight(&hunt, &hunt.queries[0], rows(&columns, 1), &Exclusions::default());
        let one = &sighted.sightings[0];
        assert_eq!((one.matched_by.as_str(), one.host.as_deref(), one.time), ("subdomain", Some("10.0.0.7"), Some(1)));
        assert_eq!(one.evidence.as_ref().unwrap().path, "dns.log");
        assert!(one.row.iter().all(|(column, _)| !column.starts_with("_tallyho")));
        assert_eq!(one.id.len(), 16);
    }

    #[test]
    fn a_record_is_the_same_whether_its_line_is_known_yet() {
        let hunt = hunt(Template::Exact);
        let id = |line: Value| {
            let mut rows = rows(&[("Indicator", "evil.shop"), ("IndicatorType", "domain"), ("_tallyho_path", "dns.log")], 1);
            rows.columns.extend([Column::new("_tallyho_line", Type::Long), Column::new("_tallyho_offset", Type::Long)]);
            rows.rows[0].extend([line, Value::Long(70)]);
            sight(&hunt, &hunt.queries[0], rows, &Exclusions::default()).sightings.remove(0).id
        };
        assert_eq!(id(Value::Null), id(Value::Long(3)));
    }

    #[test]
    fn equal_rows_without_evidence_are_counted() {
        let hunt = hunt(Template::Classic);
        let sighted = sight(&hunt, &hunt.queries[0], rows(&[("Name", "a.EVIL.shop")], 3), &Exclusions::default());
        assert_eq!(sighted.sightings.len(), 1);
        assert_eq!((sighted.sightings[0].count, sighted.sightings[0].matched_by.as_str()), (3, "term"));
        let sighted = sight(&hunt, &hunt.queries[0], rows(&[("Other", "x")], 1), &Exclusions::default());
        assert_eq!(sighted.unattributed, 1);
    }
}
