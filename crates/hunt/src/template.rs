//! Templates: how a family's indicators become queries.

mod classic;
mod exact;

use std::sync::Arc;

use kql::fmt::string_literal;

use crate::hunt::{HuntQuery, Observable, Subject, Text};

use classic::Kind;
use exact::Place;

#[cfg(test)]
pub(crate) use exact::place_columns;
pub(crate) use exact::{CHUNK, mapped, unmapped};

/// How queries are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Template {
    /// The answer is exactly what is meant.
    #[default]
    Exact,
    /// Five queries as widespread collections of hunts publish them: simple, and matching more and less than is meant.
    Classic,
}

impl Template {
    /// `exact`, `classic`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Template::Exact => "exact",
            Template::Classic => "classic",
        }
    }

    /// The template of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Template> {
        [Template::Exact, Template::Classic].into_iter().find(|template| template.name() == name)
    }
}

/// What a query's text is made with, when it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// The place that is asked, which part of the values, and how many parts there are.
    Exact(&'static Place, usize, usize),
    /// One of the five.
    Classic(&'static Kind),
}

impl Form {
    /// The text of a query of this form that looks for some values.
    pub(crate) fn text(self, query: &HuntQuery, observables: &[Observable]) -> Text {
        match self {
            Form::Exact(place, part, parts) => exact::text(place, query, observables, &exact::part_title(part, parts)),
            Form::Classic(kind) => classic::text(kind, query, observables),
        }
    }

    /// Two queries of these forms differ in the values alone, and their rows tell which of them was seen.
    pub(crate) fn asks_as(self, other: Form) -> bool {
        matches!((self, other), (Form::Exact(place, ..), Form::Exact(other, ..)) if std::ptr::eq(place, other))
    }
}

/// The queries for a family's indicators.
pub(crate) fn queries(template: Template, subject: &Arc<Subject>) -> Vec<HuntQuery> {
    match template {
        Template::Exact => exact::queries(subject),
        Template::Classic => classic::queries(subject),
    }
}

/// `dynamic(["a", "b"])`.
pub(crate) fn dynamic_list<T: AsRef<str>>(values: impl Iterator<Item = T>) -> String {
    let mut out = String::from("dynamic([");
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        out.push_str(&string_literal(value.as_ref()));
    }
    out + "])"
}

/// A text for a comment: it cannot end its line.
pub(crate) fn comment_text(text: &str) -> String {
    let literal = string_literal(text);
    literal[1..literal.len() - 1].replace("\\\"", "\"").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::{Hunt, TimeBound, build};
    use crate::prefilter::{prefilter, tables};
    use kql::bind::check;
    use kql::catalog::Workspace;
    use kql::{Column, Type};

    /// A family with every type, and with texts that would break out of a query if they could.
    const INTEL: &str = r#"{"data": [
        {"ioc": "evil.shop", "ioc_type": "domain", "malware": "win.x", "malware_printable": "X\"]);\n| take 1 //", "threat_type": "\"]; T"},
        {"ioc": "https://bad.biz/a\"b\\c'd?e=%27", "ioc_type": "url", "malware": "win.x"},
        {"ioc": "93.184.216.34:80", "ioc_type": "ip:port", "malware": "win.x"},
        {"ioc": "[2606:2800:220:1::1]:443", "ioc_type": "ip:port", "malware": "win.x"},
        {"ioc": "93.184.216.35", "ioc_type": "ip", "malware": "win.x"},
        {"ioc": "185.220.101.0/24", "ioc_type": "cidr", "malware": "win.x"},
        {"ioc": "2a02:cf40:1::/48", "ioc_type": "ipv6-net", "malware": "win.x"},
        {"ioc": "xn--mnchen-3ya.de", "ioc_type": "domain", "malware": "win.x"},
        {"ioc": "abcdef0123456789abcdef0123456789", "ioc_type": "md5_hash", "malware": "win.x"},
        {"ioc": "854c68ab7ad70b6f95f76ec64b8a46c145997629", "ioc_type": "sha1_hash", "malware": "win.x"},
        {"ioc": "19d854caf81bc884c677bd941abc50b33716e188fa723991820b0ffa3ea7e93e", "ioc_type": "sha256_hash", "malware": "win.x"}]}"#;

    fn hunts(template: Template) -> Vec<Hunt> {
        let hunts = build(&Arc::new(crate::feed::read(INTEL.as_bytes(), "x.json").unwrap()), template);
        assert_eq!(hunts[0].indicators().len(), 11);
        hunts
    }

    #[test]
    fn every_query_binds_to_the_tables_as_they_are() {
        let mut catalog = Workspace { builtin: true, ..Workspace::default() };
        for template in [Template::Exact, Template::Classic] {
            let hunts = hunts(template);
            for query in &hunts[0].queries {
                for bound in [TimeBound::export(), TimeBound::Unbounded, TimeBound::Between { since: Some(1), until: Some(2) }] {
                    let text = query.text(&bound);
                    let checked = check(&text, &catalog, 0);
                    assert!(checked.ok, "{:?}\n{text}", checked.diagnostics);
                    if template == Template::Exact {
                        let column =
                            |name: &str| checked.columns.iter().find(|column| column.name == name).map(|column| column.ty);
                        for name in ["Indicator", "IndicatorType", "ThreatType", "Observed", "MatchedBy"] {
                            assert_eq!(column(name), Some(Type::String), "{name}");
                        }
                        assert_eq!((column("Confidence"), column("Observable")), (Some(Type::Long), None));
                    }
                }
            }
            for table in tables(&hunts) {
                let pass = prefilter(&hunts, table, &TimeBound::Unbounded).unwrap();
                catalog.files.extend(pass.sets.iter().map(|set| (set.name.clone(), vec![Column::new("Text", Type::String)])));
                let checked = check(&pass.query, &catalog, 0);
                assert!(checked.ok, "{:?}\n{}", checked.diagnostics, pass.query);
            }
        }
    }
}
