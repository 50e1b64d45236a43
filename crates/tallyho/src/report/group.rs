//! What belongs together in a report: sightings in, groups of them out, in the order in which the story went.

use std::collections::HashMap;

use super::Sighting;
use crate::words::counted;

/// Sightings of one indicator on one host in one table, all explained by the same exclusion or by none.
pub(super) struct Group<'a> {
    /// The first of them.
    pub(super) first: &'a Sighting,
    /// All of them.
    pub(super) sightings: Vec<&'a Sighting>,
}

impl<'a> Group<'a> {
    /// When they were, sorted.
    pub(super) fn times(&self) -> Vec<&'a str> {
        let mut times: Vec<&str> = self.sightings.iter().filter_map(|sighting| sighting.time.as_deref()).collect();
        times.sort_unstable();
        times
    }

    /// How many rows of logs they stand for.
    pub(super) fn rows(&self) -> u64 {
        self.sightings.iter().map(|sighting| sighting.count.max(1)).sum()
    }

    /// `valid until 2026-06-01, 3 rows are later`, if the feed says how long it stands by the indicator.
    pub(super) fn validity(&self) -> Option<String> {
        let until = self.first.indicator.valid_until.as_deref()?;
        // Times of one form: the later is the greater text.
        let is_late = |sighting: &&&Sighting| sighting.time.as_deref().is_some_and(|time| time >= until);
        let late: u64 = self.sightings.iter().filter(is_late).map(|sighting| sighting.count.max(1)).sum();
        let later = if late > 0 { format!(", {} later", counted(late, "row is", "rows are")) } else { String::new() };
        Some(format!("valid until {}{later}", until.get(..10).unwrap_or(until)))
    }
}

/// Groups in the order of their first sighting.
pub(super) fn groups<'a>(of: &[&'a Sighting]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places = HashMap::new();
    for sighting in of {
        let scenario = sighting.excluded_by.as_ref().map(|by| by.scenario.as_str());
        let key = (sighting.host.as_deref(), sighting.indicator.value.as_str(), sighting.table.as_str(), scenario);
        let at = *places.entry(key).or_insert_with(|| {
            groups.push(Group { first: sighting, sightings: Vec::new() });
            groups.len() - 1
        });
        groups[at].sightings.push(sighting);
    }
    groups
}
