//! `new_activity_metrics`: what becomes of each bin's new ids in the bins after it.

use std::collections::{BTreeMap, HashSet};

use datafusion::common::{Result as DfResult, exec_err};
use kql::Column;
use kql::plan::{ExprKind, PluginArg};

use super::activity::{self, Answer, Bin, Group, long};
use super::timeline::{Point, Timeline};
use super::{Call, Plugin};
use crate::cell::{Cell, Cells};
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::row_key;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("new_activity_metrics", include_str!("new_activity_metrics.md"), parts);

/// Rows of the result at most: each cohort has one for each bin after it.
const ROWS_MAX: usize = 1 << 20;

fn parts(lower: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let timeline = Timeline::between(call, 2, 3, 4)?;
    let cohort = match call.args.get(5) {
        Some(PluginArg::Expr(_, expr)) if !matches!(expr.kind, ExprKind::Column(_)) => {
            Some(call.point(5, timeline.axis, "cohort")?)
        }
        _ => None,
    };
    let known = known(lower, call)?;
    activity::parts(call, columns, call.columns_from(5), move |group| {
        let known: HashSet<u32> = known.iter().filter_map(|key| group.id(key)).collect();
        metrics(&group_bins(group, &timeline), &timeline, cohort, known)
    })
}

/// The ids of the lookback table: its column that is called as the ids are, or else its first.
fn known(lower: &Lower<'_>, call: &Call<'_>) -> Result<Vec<Vec<u8>>> {
    let Some(rel) = call.tables().next() else { return Ok(Vec::new()) };
    let rows = call.table(lower, rel)?;
    let id = match call.expr(0)?.kind {
        ExprKind::Column(at) => call.input.columns.get(at).map(|column| column.name.as_str()),
        _ => None,
    };
    let at = rel.columns.iter().position(|column| Some(column.name.as_str()) == id).unwrap_or(0);
    let Some(column) = rel.columns.get(at) else { return Ok(Vec::new()) };
    let cells = Cells::new(column.ty, rows.column(at));
    Ok((0..rows.num_rows()).map(|row| row_key::of(&[cells.get(row)])).collect())
}

fn group_bins(group: &Group, timeline: &Timeline) -> BTreeMap<i64, Bin> {
    group.bins(timeline, |at| timeline.holds(at))
}

/// For each cohort, the ids that a bin is the first to have, and each bin from there on. `seen` are the ids that are never new.
fn metrics(
    bins: &BTreeMap<i64, Bin>,
    timeline: &Timeline,
    cohort: Option<Point>,
    mut seen: HashSet<u32>,
) -> DfResult<Vec<Answer>> {
    let (Some(least), Some(greatest)) = (bins.keys().next(), bins.keys().next_back()) else { return Ok(Vec::new()) };
    let all = timeline.bins(*least, *greatest)?;
    let cohort = cohort.map(|place| timeline.bin(place));
    let mut answers = Vec::new();
    let nobody = Bin::default();
    for (from, bin) in bins {
        let new: HashSet<u32> = bin.ids.difference(&seen).copied().collect();
        let seen_before = seen.clone();
        seen.extend(&new);
        if new.is_empty() || cohort.is_some_and(|cohort| cohort != *from) {
            continue;
        }
        for to in *from..=*all.end() {
            let ids = &bins.get(&to).unwrap_or(&nobody).ids;
            let unseen = ids.difference(if to == *from { &seen_before } else { &seen }).count();
            let retained = ids.intersection(&new).count();
            let share = |count: usize| Cell::Real(count as f64 / new.len() as f64);
            let (churned, from, to) = (new.len() - retained, timeline.label(*from), timeline.label(to));
            answers.push((vec![from, to], vec![long(unseen), long(retained), long(churned), share(retained), share(churned)]));
        }
        if answers.len() > ROWS_MAX {
            return exec_err!("new_activity_metrics would give more than {ROWS_MAX} rows; use a larger window, or name a cohort");
        }
    }
    Ok(answers)
}
