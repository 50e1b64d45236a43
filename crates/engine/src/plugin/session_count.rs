//! `session_count`: how many sessions start in each bin.

use std::collections::BTreeMap;

use kql::Column;

use super::activity;
use super::timeline::{Point, Timeline};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("session_count", include_str!("session_count.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    // As the chart in Kusto's documentation shows: bins are those of `bin()`, and what stands right at the start is not counted.
    let timeline = Timeline::between(call, 2, 3, 4)?.counted_from_zero();
    let lookback = call.length(5, timeline.axis, "lookback window")?;
    activity::parts(call, columns, call.columns_from(6), move |group| {
        let mut sessions: BTreeMap<i64, i64> = BTreeMap::new();
        for (_, places) in group.by_id() {
            let mut before: Option<Point> = None;
            for at in places {
                let is_new = before.is_none_or(|before| before < at.minus(lookback));
                if is_new && timeline.has_begun(at) && !timeline.is_past(at) {
                    *sessions.entry(timeline.bin(at)).or_default() += 1;
                }
                before = Some(at);
            }
        }
        Ok(sessions.into_iter().map(|(bin, count)| (vec![timeline.label(bin)], vec![Cell::Long(count)])).collect())
    })
}
