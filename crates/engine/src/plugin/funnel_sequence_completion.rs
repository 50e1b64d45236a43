//! `funnel_sequence_completion`: how many ids get how far in a sequence of states, within several periods.

use std::collections::BTreeMap;

use kql::time::parse_span;
use kql::{Column, Type};

use super::activity::long;
use super::funnel::{self, Ways};
use super::gather::Row;
use super::timeline::{Point, Timeline};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::{Error, Result, code};
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("funnel_sequence_completion", include_str!("funnel_sequence_completion.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let timeline = Timeline::between(call, 2, 3, 4)?;
    let periods = funnel::elements(call, 7, "periods")?;
    let periods = periods.iter().map(|period| {
        let ticks = period.as_i64().or_else(|| parse_span(period.as_str()?));
        ticks.ok_or_else(|| Error::new(code::ARGUMENT, format!("{period} is no period: write 1h, say")))
    });
    let periods: Vec<i64> = periods.collect::<Result<_>>()?;
    funnel::parts("funnel_sequence_completion", call, columns, timeline, 5, move |ways| completion(&ways, &timeline, &periods))
}

/// For each bin, period and state of the sequence the ids that got there.
fn completion(ways: &Ways, timeline: &Timeline, periods: &[i64]) -> Vec<Row> {
    let mut bins: BTreeMap<i64, Vec<Vec<usize>>> = BTreeMap::new();
    let none = vec![vec![0; ways.sequence.len()]; periods.len()];
    for way in &ways.ways {
        for steps in way.steps.chunk_by(|(a, _), (b, _)| timeline.bin(*a) == timeline.bin(*b)) {
            let reached = reached(steps, &ways.sequence, periods);
            if reached.iter().all(|states| *states == 0) {
                continue;
            }
            let counts = bins.entry(timeline.bin(steps[0].0)).or_insert_with(|| none.clone());
            for (counts, states) in counts.iter_mut().zip(reached) {
                counts.iter_mut().take(states).for_each(|count| *count += 1);
            }
        }
    }
    let mut rows = Vec::new();
    for (bin, counts) in &bins {
        for (period, counts) in periods.iter().zip(counts) {
            for (state, count) in ways.sequence.iter().zip(counts) {
                // The states stand in the result as text.
                let state = Cell::text(ways.states[*state].to_text());
                rows.push(vec![timeline.label(*bin), state, Cell::TimeSpan(*period), long(*count)]);
            }
        }
    }
    rows
}

/// For each period how many states of the sequence are reached, at best, within it.
fn reached(steps: &[(Point, usize)], sequence: &[usize], periods: &[i64]) -> Vec<usize> {
    let mut best = vec![0; periods.len()];
    for (start, (first, _)) in steps.iter().enumerate().filter(|(_, (_, state))| Some(state) == sequence.first()) {
        let mut at = start;
        for (nth, state) in sequence.iter().enumerate() {
            let Some(found) = steps[at..].iter().position(|(_, here)| here == state) else { break };
            at += found;
            let took = steps[at].0.minus(*first);
            for (best, period) in best.iter_mut().zip(periods) {
                if nth + 1 > *best && took <= length(*period, took) {
                    *best = nth + 1;
                }
            }
            at += 1;
        }
    }
    best
}

/// A period as a length on the timeline that `like` is of.
fn length(period: i64, like: Point) -> Point {
    match like {
        Point::Whole(_) => Point::Whole(period),
        Point::Real(_) => Point::of(&Cell::Long(period), Type::Real).unwrap_or(like),
    }
}
