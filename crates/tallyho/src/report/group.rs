//! What belongs together in a report: sightings in, groups of them out, in the order in which the story went.

use std::collections::HashMap;

use super::Sighting;

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
