//! `active_users_count`: in each bin how many ids are there that were active in enough periods before.

use std::collections::{BTreeMap, HashMap, HashSet};

use kql::Column;

use super::activity::{self, long};
use super::timeline::{Point, Timeline};
use super::{Call, Plugin};
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("active_users_count", include_str!("active_users_count.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let timeline = Timeline::between(call, 2, 3, 7)?;
    let lookback = call.length(4, timeline.axis, "lookback window")?;
    let period = call.length(5, timeline.axis, "period")?;
    let enough = call.whole(6, "number of active periods")?;
    activity::parts(call, columns, call.columns_from(8), move |group| {
        let mut active: BTreeMap<i64, HashSet<u32>> = BTreeMap::new();
        for (id, places) in group.by_id() {
            for at in active_at(&places, &timeline, lookback, period, enough) {
                active.entry(timeline.bin(at)).or_default().insert(id);
            }
        }
        Ok(active.iter().map(|(bin, ids)| (vec![timeline.label(*bin)], vec![long(ids.len())])).collect())
    })
}

/// The places on the timeline at which an id is active: up to there it was seen in enough periods of the lookback window. The
/// window's far end does not belong to it.
fn active_at(places: &[Point], timeline: &Timeline, lookback: Point, period: Point, enough: i64) -> Vec<Point> {
    let mut first = 0;
    let mut periods: HashMap<i64, usize> = HashMap::new();
    let mut active = Vec::new();
    for place in places {
        *periods.entry(timeline.steps_of(*place, period)).or_default() += 1;
        // Of large numbers a small lookback takes nothing away.
        while places[first] < *place && places[first] <= place.minus(lookback) {
            let left = timeline.steps_of(places[first], period);
            if let Some(times) = periods.get_mut(&left) {
                *times -= 1;
                if *times == 0 {
                    periods.remove(&left);
                }
            }
            first += 1;
        }
        if timeline.holds(*place) && i64::try_from(periods.len()).is_ok_and(|seen| seen >= enough) {
            active.push(*place);
        }
    }
    active
}
