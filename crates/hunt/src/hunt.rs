//! Hunts: one for each malware family. Comes in: [`Intel`]. Goes out: what is asked of the logs and why, each query with the KQL
//! that says it and the needles by which candidates are found.

mod subject;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use kql::time;

use crate::indicator::{IndicatorType, Malware};
use crate::intel::{Indicator, Intel};
use crate::template::{self, Template};

pub(crate) use subject::{List, Observable, Subject};

/// A question about one malware family, in a form that logs can answer.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// Made of the family's id alone: the same family has the same id in every run. `win-remus`.
    pub id: String,
    /// What the queries are made with.
    pub template: Template,
    /// How it is searched for.
    pub queries: Vec<HuntQuery>,
    pub(crate) subject: Arc<Subject>,
}

impl Hunt {
    /// The family.
    #[must_use]
    pub fn malware(&self) -> &Malware {
        self.subject.malware()
    }

    /// What is searched for.
    pub fn indicators(&self) -> impl ExactSizeIterator<Item = Indicator<'_>> + Clone {
        self.subject.indicators()
    }

    /// All that feeds gave, of which this hunt's indicators are a part.
    #[must_use]
    pub fn intel(&self) -> &Arc<Intel> {
        &self.subject.intel
    }

    /// Positions of the hunt's indicators in [`Hunt::intel`].
    #[must_use]
    pub fn positions(&self) -> &[u32] {
        &self.subject.members
    }

    /// One sentence that a search can refute, and what would.
    #[must_use]
    pub fn hypothesis(&self) -> String {
        hypothesis(self.malware(), self.indicators())
    }

    /// ATT&CK techniques, each with the indicators' own reason.
    #[must_use]
    pub fn techniques(&self) -> Vec<Technique> {
        techniques(self.indicators())
    }

    /// Where to read more.
    #[must_use]
    pub fn references(&self) -> Vec<String> {
        references(self.malware(), self.indicators())
    }
}

/// An ATT&CK technique that a hunt covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Technique {
    /// `T1071`.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Why the indicators show it.
    pub why: &'static str,
}

/// One query of a hunt, over one table. Its text is made when it is asked for: of most queries it never is.
#[derive(Clone, Debug)]
pub struct HuntQuery {
    /// Unique in its hunt: `domain-dns`, `domain-dns-2`.
    pub id: String,
    /// What it asks, as a heading.
    pub title: String,
    /// The table.
    pub table: &'static str,
    /// Types of the indicators it looks for.
    pub types: Vec<IndicatorType>,
    /// The column, or an expression over columns that gives a string, that holds a needle in every row that the query matches.
    pub column: &'static str,
    /// The table's columns of which at least one must hold something for it to match.
    pub shown_in: Vec<&'static str>,
    /// How needles are tested for. Rows that pass may yet be no matches.
    pub test: Test,
    /// Columns that hold the value that matched, where the query does not say so itself.
    pub observed: &'static [&'static str],
    pub(crate) subject: Arc<Subject>,
    pub(crate) list: List,
    /// Which of the list's values it looks for.
    pub(crate) range: Range<usize>,
    pub(crate) form: template::Form,
}

/// A query's text in parts, so that the time bound can go in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Text {
    /// Comment lines.
    pub(crate) comments: String,
    /// `let` statements.
    pub(crate) lets: String,
    /// All that follows the table's name.
    pub(crate) steps: String,
}

/// How needles are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// `has_any`: as whole terms, in any case.
    HasAny,
    /// `in~`: the whole value, in any case.
    In,
    /// `ipv4_is_in_any_range` or `ipv6_is_in_any_range`: an address of a network.
    InNetwork,
}

/// Which rows a query looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TimeBound {
    /// All there are.
    #[default]
    Unbounded,
    /// Those of the last while, as a timespan literal: `14d`.
    Lookback(String),
    /// Those from a moment on, and before another, in ticks.
    Between {
        /// The first moment.
        since: Option<i64>,
        /// The first moment that is too late.
        until: Option<i64>,
    },
}

impl TimeBound {
    /// What exports say: two weeks, the longest that an analytics rule may look back.
    #[must_use]
    pub fn export() -> TimeBound {
        TimeBound::Lookback("14d".to_owned())
    }

    fn declaration(&self) -> String {
        match self {
            TimeBound::Lookback(span) => format!("let lookback = {span};\n"),
            _ => String::new(),
        }
    }

    /// The `where` steps, each on a line.
    pub(crate) fn steps(&self, column: &str) -> String {
        let moment = |ticks: i64| format!("datetime({})", time::format_datetime(ticks));
        match self {
            TimeBound::Unbounded => String::new(),
            TimeBound::Lookback(_) => format!("| where {column} > ago(lookback)\n"),
            TimeBound::Between { since, until } => {
                let since = since.map(|ticks| format!("| where {column} >= {}\n", moment(ticks)));
                let until = until.map(|ticks| format!("| where {column} < {}\n", moment(ticks)));
                since.unwrap_or_default() + &until.unwrap_or_default()
            }
        }
    }
}

impl HuntQuery {
    /// How many values it looks for.
    #[must_use]
    pub fn values(&self) -> usize {
        self.range.len()
    }

    /// What it looks for.
    pub(crate) fn observables(&self) -> &[Observable] {
        self.subject.list(self.list).get(self.range.clone()).unwrap_or_default()
    }

    /// The two ask the same, of other values: they are parts of a question that was cut because of its length.
    pub(crate) fn asks_as(&self, other: &HuntQuery) -> bool {
        Arc::ptr_eq(&self.subject, &other.subject) && self.form.asks_as(other.form)
    }

    /// The KQL over `bound`'s rows.
    #[must_use]
    pub fn text(&self, bound: &TimeBound) -> String {
        self.text_for(self.observables(), bound)
    }

    /// The same for some of the values alone.
    pub(crate) fn text_for(&self, observables: &[Observable], bound: &TimeBound) -> String {
        let Text { comments, lets, steps } = self.form.text(self, observables);
        let time = crate::table::table(self.table).map_or("TimeGenerated", |table| table.time);
        [&comments, &bound.declaration(), &lets, self.table, "\n", &bound.steps(time), &steps].concat()
    }
}

/// One hunt for each family that has indicators, in order of their ids.
#[must_use]
pub fn build(intel: &Arc<Intel>, template: Template) -> Vec<Hunt> {
    let families: BTreeMap<&str, Vec<u32>> = intel.by_family().collect();
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut hunts: Vec<Hunt> = families
        .into_iter()
        .map(|(malware, members)| {
            let slug = slug(malware);
            let again = taken.entry(slug.clone()).or_default();
            *again += 1;
            let id = if *again == 1 { slug } else { format!("{slug}-{again}") };
            let subject = Arc::new(Subject::new(Arc::clone(intel), members, template));
            Hunt { id, template, queries: template::queries(template, &subject), subject }
        })
        .collect();
    hunts.sort_by(|a, b| a.id.cmp(&b.id));
    hunts
}

/// Letters and digits of an id in lower case, joined by dashes.
#[must_use]
pub fn slug(id: &str) -> String {
    let parts: Vec<String> =
        id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join("-") }
}

/// `3 domains, 1 url`.
fn counted<'i>(indicators: impl Iterator<Item = Indicator<'i>> + Clone) -> String {
    let count = |ty| indicators.clone().filter(|indicator| indicator.ty() == ty).count();
    let parts = IndicatorType::ALL.into_iter().map(|ty| (ty, count(ty))).filter(|(_, n)| *n > 0);
    let noun = |ty: IndicatorType, n: usize| match (ty, n) {
        (IndicatorType::Ip | IndicatorType::IpPort, 1) => format!("1 address ({ty})"),
        (IndicatorType::Ip | IndicatorType::IpPort, n) => format!("{n} addresses ({ty})"),
        (ty, 1) if ty.is_hash() => format!("1 {ty} hash"),
        (ty, n) if ty.is_hash() => format!("{n} {ty} hashes"),
        (IndicatorType::Url, 1) => "1 URL".to_owned(),
        (IndicatorType::Url, n) => format!("{n} URLs"),
        (ty, 1) => format!("1 {ty}"),
        (ty, n) => format!("{n} {ty}s"),
    };
    parts.map(|(ty, n)| noun(ty, n)).collect::<Vec<_>>().join(", ")
}

/// What the indicators say together, and what would refute it. Nothing is claimed that they do not show.
fn hypothesis<'i>(malware: &Malware, indicators: impl Iterator<Item = Indicator<'i>> + Clone) -> String {
    let network = indicators.clone().any(|indicator| !indicator.ty().is_hash());
    let files = indicators.clone().any(|indicator| indicator.ty().is_hash());
    let claim = match (network, files) {
        (true, true) => "contacted infrastructure of, or holds a file of,",
        (true, false) => "contacted infrastructure of",
        _ => "holds a file of",
    };
    let seen: Vec<i64> = indicators.clone().filter_map(Indicator::first_seen).collect();
    let span = match (seen.iter().min(), seen.iter().max()) {
        (Some(from), Some(to)) if date(*from) == date(*to) => format!(", first seen {}", date(*from)),
        (Some(from), Some(to)) => format!(", first seen {} to {}", date(*from), date(*to)),
        _ => String::new(),
    };
    let levels: Vec<u8> = indicators.clone().filter_map(Indicator::confidence).collect();
    let confidence = match (levels.iter().min(), levels.iter().max()) {
        (Some(low), Some(high)) if low == high => format!(", confidence {low} %"),
        (Some(low), Some(high)) => format!(", confidence {low} to {high} %"),
        _ => String::new(),
    };
    format!(
        "A host here {claim} {} ({}{span}{confidence}). It is refuted, for the time and the tables that were searched, if no query \
         below returns a row.",
        malware.name,
        counted(indicators)
    )
}

/// `2026-05-20`.
pub(crate) fn date(ticks: i64) -> String {
    time::format_datetime(ticks)[..10].to_owned()
}

fn references<'i>(malware: &Malware, mut indicators: impl Iterator<Item = Indicator<'i>> + Clone) -> Vec<String> {
    let mut all = Vec::new();
    if indicators.clone().any(|indicator| indicator.feed() == "threatfox") {
        all.push(format!("https://threatfox.abuse.ch/browse/malware/{}/", malware.id));
        if malware.id.contains('.') {
            all.push(format!("https://malpedia.caad.fkie.fraunhofer.de/details/{}", malware.id));
        }
    }
    while all.len() < 20
        && let Some(indicator) = indicators.next()
    {
        if let Some(reference) = indicator.reference()
            && !all.iter().any(|known| known == reference)
        {
            all.push(reference.to_owned());
        }
    }
    all
}

fn techniques<'i>(mut indicators: impl Iterator<Item = Indicator<'i>> + Clone) -> Vec<Technique> {
    let has = |threat: &str, hash: bool| indicators.clone().any(|it| it.threat_type() == threat && it.ty().is_hash() == hash);
    let mut all = Vec::new();
    if has("botnet_cc", false) {
        let why = "the indicators are addresses of command and control servers";
        all.push(Technique { id: "T1071", name: "Application Layer Protocol", why });
    }
    if has("payload_delivery", false) {
        let why = "the indicators are addresses from which the malware is downloaded";
        all.push(Technique { id: "T1105", name: "Ingress Tool Transfer", why });
    }
    if indicators.any(|indicator| indicator.ty().is_hash()) {
        let why = "the indicators are hashes of files that someone or something has to start";
        all.push(Technique { id: "T1204.002", name: "User Execution: Malicious File", why });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hunt_for_each_family_in_order() {
        let text = r#"{"1": [{"ioc_value": "b.shop", "ioc_type": "domain", "malware": "win.b_x", "malware_printable": "B", "threat_type": "botnet_cc",
            "first_seen_utc": "2026-05-20 13:36:27", "confidence_level": 100}],
            "2": [{"ioc_value": "a.shop", "ioc_type": "domain", "malware": "win.a"}],
            "3": [{"ioc_value": "c.shop", "ioc_type": "domain", "malware": "win.b-x"}]}"#;
        let intel = crate::feed::read(text.as_bytes(), "x.json").unwrap();
        let hunts = build(&Arc::new(intel), Template::Exact);
        let ids: Vec<&str> = hunts.iter().map(|hunt| hunt.id.as_str()).collect();
        assert_eq!(ids, ["win-a", "win-b-x", "win-b-x-2"]);
        assert_eq!(
            hunts[2].hypothesis(),
            "A host here contacted infrastructure of B (1 domain, first seen 2026-05-20, confidence 100 %). It is refuted, for the \
             time and the tables that were searched, if no query below returns a row."
        );
        assert_eq!(hunts[2].techniques()[0].id, "T1071");
        assert_eq!(hunts[2].references()[0], "https://threatfox.abuse.ch/browse/malware/win.b_x/");
    }

    #[test]
    fn time_bounds() {
        assert_eq!(TimeBound::export().steps("T"), "| where T > ago(lookback)\n");
        let since = time::parse_iso("2026-01-01");
        let bound = TimeBound::Between { since, until: None };
        assert_eq!(bound.steps("T"), "| where T >= datetime(2026-01-01T00:00:00.0000000Z)\n");
        assert_eq!(TimeBound::Unbounded.steps("T"), "");
    }
}
