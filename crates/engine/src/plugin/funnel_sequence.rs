//! `funnel_sequence`: what ids did before and after a sequence of states. Three tables: by both, by what was before, by what was
//! after.

use std::collections::HashSet;

use indexmap::IndexMap;
use kql::Column;

use super::activity::long;
use super::funnel::{self, Way, Ways};
use super::gather::Row;
use super::timeline::{Point, Timeline};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("funnel_sequence", include_str!("funnel_sequence.md"), parts);

/// Ids that a row shows at most.
const SAMPLES_MAX: usize = 128;

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let timeline = Timeline::between(call, 2, 3, 5)?;
    let window = call.length(4, timeline.axis, "step window")?;
    // Which of the tables it is, its columns tell.
    let has = |name: &str| columns.iter().skip(1).any(|column| column.name == name);
    let shows = (has("prev"), has("next"));
    funnel::parts("funnel_sequence", call, columns, timeline, 6, move |ways| table(&ways, &timeline, window, shows))
}

/// Where a row belongs: its bin, and the states before and after, as far as the table shows them.
type Place = (i64, Option<usize>, Option<usize>);

fn table(ways: &Ways, timeline: &Timeline, window: Point, shows: (bool, bool)) -> Vec<Row> {
    let mut found: IndexMap<Place, Vec<usize>> = IndexMap::new();
    for (number, way) in ways.ways.iter().enumerate() {
        let mut places = HashSet::new();
        for (at, before, after) in passages(way, &ways.sequence, window) {
            let place = (timeline.bin(at), before.filter(|_| shows.0), after.filter(|_| shows.1));
            if places.insert(place) {
                found.entry(place).or_default().push(number);
            }
        }
    }
    let state = |state: Option<usize>| state.map_or(Cell::Null, |state| Cell::of(&ways.states[state]).into_owned());
    let row = |((bin, before, after), ids): (&Place, &Vec<usize>)| {
        let samples: Vec<serde_json::Value> =
            ids.iter().take(SAMPLES_MAX).map(|way| Cell::of(&ways.ways[*way].id).to_json()).collect();
        let mut row = vec![timeline.label(*bin)];
        row.extend(shows.0.then(|| state(*before)));
        row.extend(shows.1.then(|| state(*after)));
        row.extend([long(ids.len()), Cell::json(&serde_json::Value::from(samples)).into_owned()]);
        row
    };
    let mut rows: Vec<(i64, usize, Row)> = found.iter().map(|entry| (entry.0.0, entry.1.len(), row(entry))).collect();
    rows.sort_by_key(|(bin, count, _)| (*bin, std::cmp::Reverse(*count)));
    rows.into_iter().map(|(.., row)| row).collect()
}

/// Each time the way goes through the sequence without a state between, no step longer than `window`: when it starts, and the
/// state before and after, if those are no further away. Staying in a state is no step.
fn passages(way: &Way, sequence: &[usize], window: Point) -> Vec<(Point, Option<usize>, Option<usize>)> {
    let mut steps: Vec<(Point, Point, usize)> = Vec::new();
    for (at, state) in &way.steps {
        match steps.last_mut().filter(|(_, _, last)| last == state) {
            Some((_, until, _)) => *until = *at,
            None => steps.push((*at, *at, *state)),
        }
    }
    let near = |from: Option<&(Point, Point, usize)>, to: Option<&(Point, Point, usize)>| matches!((from, to), (Some((_, left, _)), Some((came, ..))) if came.minus(*left) <= window);
    let mut found = Vec::new();
    for (start, passage) in steps.windows(sequence.len()).enumerate() {
        let follows = passage.iter().map(|(.., state)| state).eq(sequence);
        if !follows || passage.windows(2).any(|pair| !near(pair.first(), pair.last())) {
            continue;
        }
        let before = start.checked_sub(1).and_then(|before| steps.get(before));
        let after = steps.get(start + sequence.len());
        let before = before.filter(|before| near(Some(before), passage.first())).map(|(.., state)| *state);
        let after = after.filter(|after| near(passage.last(), Some(after))).map(|(.., state)| *state);
        found.push((passage[0].0, before, after));
    }
    found
}

#[cfg(test)]
mod tests {
    use kql::Value;

    use super::*;

    fn check(steps: &[(i64, usize)], sequence: &[usize], expected: &[(i64, Option<usize>, Option<usize>)]) {
        let way = Way { id: Value::Long(1), steps: steps.iter().map(|(at, state)| (Point::Whole(*at), *state)).collect() };
        let found: Vec<_> = passages(&way, sequence, Point::Whole(10))
            .into_iter()
            .map(|(at, before, after)| (if let Point::Whole(at) = at { at } else { -1 }, before, after))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_passage_has_what_is_around_it() {
        check(&[(0, 7), (5, 1), (9, 2), (12, 8)], &[1, 2], &[(5, Some(7), Some(8))]);
        check(&[(0, 1), (3, 1), (9, 2), (12, 2), (22, 1), (23, 2)], &[1, 2], &[(0, None, Some(1)), (22, Some(2), None)]);
        check(&[(0, 7), (50, 1), (90, 8)], &[1], &[(50, None, None)]);
        check(&[(0, 1), (5, 9), (6, 2)], &[1, 2], &[]);
        check(&[(0, 1), (11, 2)], &[1, 2], &[]);
    }
}
