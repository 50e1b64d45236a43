//! `sliding_window_counts`: for each bin how many rows and ids there are in the window that ends with it.

use datafusion::common::Result as DfResult;
use kql::Column;

use super::activity::{self, Answer, Event, Group, Window, long};
use super::timeline::{Point, Timeline};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("sliding_window_counts", include_str!("sliding_window_counts.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let timeline = Timeline::between(call, 2, 3, 5)?;
    let lookback = call.length(4, timeline.axis, "lookback window")?;
    activity::parts(call, columns, call.columns_from(6), move |group| counts(group, &timeline, lookback))
}

/// Walks over the bins; the window ends with each in turn.
fn counts(group: &Group, timeline: &Timeline, lookback: Point) -> DfResult<Vec<Answer>> {
    let mut events: Vec<(i64, Event)> =
        group.events.iter().filter(|event| !timeline.is_past(event.at)).map(|event| (timeline.bin(event.at), *event)).collect();
    events.sort_by_key(|(bin, _)| *bin);
    let (Some((first, _)), Some((last, _))) = (events.first(), events.last()) else { return Ok(Vec::new()) };
    let (mut window, mut added, mut removed) = (Window::default(), 0, 0);
    let mut answers = Vec::new();
    for bin in timeline.bins(*first, *last)? {
        while let Some((_, event)) = events.get(added).filter(|(of, _)| *of <= bin) {
            window.add(*event);
            added += 1;
        }
        let start = timeline.window_start(bin, lookback);
        while let Some((_, event)) = events.get(removed).filter(|(of, _)| removed < added && *of < start) {
            window.remove(*event);
            removed += 1;
        }
        if window.count > 0 {
            answers.push((vec![timeline.label(bin)], vec![Cell::Long(window.count), long(window.distinct())]));
        }
    }
    Ok(answers)
}
