//! A report as result tables, for the formats that are tables.

use kql::{Column, Rows, Type, Value, time};

use super::{Report, Sighting};
use crate::output::value_to_json;

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn count(n: usize) -> Value {
    Value::Long(i64::try_from(n).unwrap_or(i64::MAX))
}

/// One row for each hunt that found something.
pub(super) fn hunts(report: &Report) -> Rows {
    let columns = vec![
        Column::new("Family", Type::String),
        Column::new("Indicators", Type::Long),
        Column::new("Sightings", Type::Long),
        Column::new("Explained", Type::Long),
        Column::new("Hosts", Type::Long),
        Column::new("First", Type::DateTime),
        Column::new("Last", Type::DateTime),
    ];
    let row = |hunt: &super::Hunt| {
        let of: Vec<&Sighting> = report.sightings.iter().filter(|sighting| sighting.hunt == hunt.id).collect();
        let explained = of.iter().filter(|sighting| sighting.excluded_by.is_some()).count();
        let mut hosts: Vec<&str> = of.iter().filter_map(|sighting| sighting.host.as_deref()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let times: Vec<i64> = of.iter().filter_map(|sighting| sighting.ticks()).collect();
        let moment = |ticks: Option<&i64>| ticks.map_or(Value::Null, |ticks| Value::DateTime(*ticks));
        vec![
            text(&hunt.family),
            count(hunt.indicators),
            count(of.len()),
            count(explained),
            count(hosts.len()),
            moment(times.iter().min()),
            moment(times.iter().max()),
        ]
    };
    Rows { columns, rows: report.hunts.iter().filter(|hunt| hunt.sightings > 0).map(row).collect() }
}

/// One row for each sighting.
pub(super) fn sightings(report: &Report) -> Rows {
    let strings = ["Family", "Host", "Indicator", "Observed", "MatchedBy", "Table", "Evidence", "ExcludedBy"];
    let mut columns = vec![Column::new("Time", Type::DateTime)];
    columns.extend(strings.map(|name| Column::new(name, Type::String)));
    columns.push(Column::new("Confidence", Type::Int));
    let row = |sighting: &Sighting| {
        let family =
            report.hunts.iter().find(|hunt| hunt.id == sighting.hunt).map_or(sighting.hunt.as_str(), |hunt| &hunt.family);
        vec![
            sighting.ticks().map_or(Value::Null, Value::DateTime),
            text(family),
            text(sighting.host.as_deref().unwrap_or("")),
            text(&sighting.indicator.value),
            text(&sighting.observed),
            text(&sighting.matched_by),
            text(&sighting.table),
            text(&sighting.place()),
            text(sighting.excluded_by.as_ref().map_or("", |by| &by.scenario)),
            sighting.indicator.confidence.map_or(Value::Null, |confidence| Value::Int(i32::from(confidence))),
        ]
    };
    Rows { columns, rows: report.sightings.iter().map(row).collect() }
}

impl Sighting {
    /// When, in ticks.
    pub(super) fn ticks(&self) -> Option<i64> {
        self.time.as_deref().and_then(time::parse_iso)
    }

    /// `logs/dns.log:42`.
    pub(super) fn place(&self) -> String {
        match &self.evidence {
            None => String::new(),
            Some(evidence) => match (evidence.line, evidence.offset) {
                (Some(line), _) => format!("{}:{line}", evidence.path),
                (None, Some(offset)) => format!("{}@{offset}", evidence.path),
                (None, None) => evidence.path.clone(),
            },
        }
    }

    /// The row as one line of JSON.
    pub(super) fn row_text(&self) -> String {
        let row: serde_json::Map<String, serde_json::Value> =
            self.row.iter().map(|(column, value)| (column.to_string(), value_to_json(value))).collect();
        serde_json::Value::Object(row).to_string()
    }
}
