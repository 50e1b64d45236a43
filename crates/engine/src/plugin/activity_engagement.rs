//! `activity_engagement`: the share of the ids of a wide window that also appear in a narrow one, such as daily to monthly users.

use std::collections::HashSet;

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
pub(super) const PLUGIN: Plugin = Plugin::new("activity_engagement", include_str!("activity_engagement.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let is_bounded = call.args.len() > 4;
    let (inner, outer) = if is_bounded { (4, 5) } else { (2, 3) };
    let timeline =
        if is_bounded { Timeline::between(call, 2, 3, inner)? } else { Timeline::endless(call, call.expr(1)?.ty, inner)? };
    let outer = call.length(outer, timeline.axis, "outer window")?;
    activity::parts(call, columns, call.columns_from(6), move |group| engagement(group, &timeline, outer))
}

/// Walks over the inner windows; the outer one ends where the inner one does.
fn engagement(group: &Group, timeline: &Timeline, outer: Point) -> DfResult<Vec<Answer>> {
    let mut events: Vec<Event> = group.events.iter().filter(|event| !timeline.is_past(event.at)).copied().collect();
    events.sort_by(|a, b| a.at.order(&b.at));
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(Vec::new()) };
    let inner = group.bins(timeline, |at| timeline.holds(at));
    let nobody = HashSet::new();
    let (mut window, mut added, mut removed) = (Window::default(), 0, 0);
    let mut answers = Vec::new();
    for bin in timeline.bins(timeline.bin(first.at), timeline.bin(last.at))? {
        let end = timeline.start_of(bin.saturating_add(1));
        while let Some(event) = events.get(added).filter(|event| event.at < end) {
            window.add(*event);
            added += 1;
        }
        while let Some(event) = events.get(removed).filter(|event| removed < added && event.at < end.minus(outer)) {
            window.remove(*event);
            removed += 1;
        }
        if window.count > 0 {
            let active = inner.get(&bin).map_or(&nobody, |bin| &bin.ids).len();
            let ratio = active as f64 / window.distinct() as f64;
            answers.push((vec![timeline.label(bin)], vec![long(active), long(window.distinct()), Cell::Real(ratio)]));
        }
    }
    Ok(answers)
}
