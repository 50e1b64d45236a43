//! A run's outcome as a report: types of the libraries in, the document's plain texts and numbers out.

use std::collections::{HashMap, HashSet};

use hunt::blind::BlindSpot;
use hunt::exclusion::Exclusions;
use hunt::{Hunt, Outcome};
use kql::time::format_datetime;
use logs::Discovered;

use super::{
    Evidence, ExcludedBy, Exclusion, Indicator, Intel, LeftOut, NotLookedFor, NotSearched, Reason, Report, Sighting, Source,
};

/// How many examples of left-out values a report keeps.
const LEFT_OUT_KEPT: usize = 200;

/// The part of a report that says what was hunted.
#[must_use]
pub fn intel(intel: &hunt::Intel) -> Intel {
    let rejected = intel.rejected.iter().map(|it| LeftOut { value: it.value.clone(), why: it.why.to_string() });
    let held = intel.held_back().map(|it| LeftOut { value: it.indicator.as_published().to_owned(), why: it.why.to_owned() });
    let source = |source: &hunt::Source| Source {
        name: source.name.clone(),
        feed: source.feed.to_owned(),
        indicators: source.indicators,
        rejected: source.rejected,
        held_back: source.held_back,
    };
    Intel {
        indicators: intel.len(),
        rejected: intel.rejected.len(),
        held_back: intel.held_back().len(),
        sources: intel.sources.iter().map(source).collect(),
        left_out: held.chain(rejected).take(LEFT_OUT_KEPT).collect(),
    }
}

impl Report {
    /// Takes over what a run found.
    pub fn add_outcome(&mut self, hunts: &[Hunt], mut outcome: Outcome, exclusions: &Exclusions) {
        self.sightings = std::mem::take(&mut outcome.sightings).into_iter().map(sighting).collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for sighting in &self.sightings {
            *counts.entry(&sighting.hunt).or_default() += 1;
        }
        self.hunts = hunts
            .iter()
            .map(|hunt| super::Hunt {
                id: hunt.id.clone(),
                family: hunt.malware().name.clone(),
                malware: hunt.malware().id.clone(),
                indicators: hunt.indicators().len(),
                sightings: counts.get(hunt.id.as_str()).copied().unwrap_or(0),
            })
            .collect();
        self.hunts.sort_by(|a, b| (&a.family, &a.id).cmp(&(&b.family, &b.id)));
        self.not_searched.extend(outcome.not_searched.iter().map(not_searched));
        for ((hunt, query), rows) in &outcome.unattributed {
            let table = hunts.iter().find(|it| it.id == *hunt).and_then(|it| it.queries.iter().find(|it| it.id == *query));
            self.not_searched.push(NotSearched {
                hunt: hunt.clone(),
                table: table.map_or_else(String::new, |query| query.table.to_owned()),
                why: format!("{rows} rows of query {query} name no indicator and are not counted as sightings"),
                reason: Reason::NoIndicator,
            });
        }
        self.exclusions = exclusions.scenarios.iter().map(|it| self.exclusion(it, &outcome)).collect();
    }

    fn exclusion(&self, exclusion: &hunt::exclusion::Exclusion, outcome: &Outcome) -> Exclusion {
        let by = |sighting: &&Sighting| sighting.excluded_by.as_ref().is_some_and(|by| by.scenario == exclusion.scenario);
        let missing = outcome.not_evaluable.iter().filter(|it| it.scenario == exclusion.scenario);
        let says = |it: &hunt::exclusion::NotEvaluable| {
            let in_part = self.sightings.iter().filter(by).any(|sighting| sighting.table == it.table);
            format!("{}{} (no {})", it.table, if in_part { " in part" } else { "" }, it.field)
        };
        let mut not_evaluable: Vec<String> = missing.map(says).collect();
        not_evaluable.sort();
        not_evaluable.dedup();
        Exclusion {
            scenario: exclusion.scenario.clone(),
            enabled: exclusion.enabled,
            applied: self.sightings.iter().filter(by).count(),
            not_evaluable,
        }
    }
}

/// What of the hunts none of the files could show.
#[must_use]
pub fn not_looked_for(hunts: &[Hunt], found: &Discovered) -> Vec<NotLookedFor> {
    let tables = found.files.iter().flat_map(|file| &file.tables);
    let shown: HashSet<(&str, &str)> =
        tables.flat_map(|table| table.shown().map(|column| (table.name.as_str(), column.name.as_str()))).collect();
    let spots = hunt::blind::blind_spots(hunts, &|table, column| shown.contains(&(table, column)));
    let spot = |it: BlindSpot| NotLookedFor {
        ty: it.ty.name().to_owned(),
        indicators: it.indicators,
        of: it.of,
        columns: it.columns.iter().map(|(table, column)| format!("{table}.{column}")).collect(),
    };
    spots.into_iter().map(spot).collect()
}

fn not_searched(it: &hunt::executor::NotSearched) -> NotSearched {
    let reason = if it.failed { Reason::Failed } else { Reason::NoFile };
    NotSearched { hunt: it.hunt.clone(), table: it.table.clone(), why: it.why.clone(), reason }
}

fn sighting(it: hunt::Sighting) -> Sighting {
    let seen = it.indicator();
    let indicator = Indicator {
        ty: seen.ty().name().to_owned(),
        value: seen.value().to_owned(),
        threat_type: seen.threat_type().to_owned(),
        confidence: seen.confidence(),
        first_seen: seen.first_seen().map(format_datetime),
        last_seen: seen.last_seen().map(format_datetime),
        valid_until: seen.valid_until().map(format_datetime),
        source: seen.source().to_owned(),
        reference: seen.reference().map(str::to_owned),
    };
    Sighting {
        id: it.id,
        hunt: it.hunt,
        indicator,
        table: it.table.to_owned(),
        observed: it.observed,
        matched_by: it.matched_by,
        time: it.time.map(format_datetime),
        host: it.host,
        row: it.row,
        evidence: it.evidence.map(|hunt::Evidence { path, line, offset, raw }| Evidence { path, line, offset, raw }),
        excluded_by: it.excluded_by.map(|hunt::ExcludedBy { scenario, why }| ExcludedBy { scenario, why }),
        count: it.count,
    }
}
