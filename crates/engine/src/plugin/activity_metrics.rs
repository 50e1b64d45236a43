//! `activity_metrics`: the ids of each bin compared with those of the bin before: new ones, and who came back.

use std::collections::HashSet;

use kql::Column;

use super::activity::{self, long};
use super::timeline::Timeline;
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("activity_metrics", include_str!("activity_metrics.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let timeline =
        if call.args.len() > 3 { Timeline::between(call, 2, 3, 4)? } else { Timeline::endless(call, call.expr(1)?.ty, 2)? };
    activity::parts(call, columns, call.columns_from(5), move |group| {
        let bins = group.bins(&timeline, |at| timeline.holds(at));
        let nobody = HashSet::new();
        let answers = bins.iter().map(|(number, bin)| {
            let before = bins.get(&(number - 1)).map_or(&nobody, |bin| &bin.ids);
            let new = bin.ids.difference(before).count();
            let retention = (bin.ids.len() - new) as f64 / before.len() as f64;
            let rates = [Cell::Real(retention), Cell::Real(1.0 - retention)];
            (vec![timeline.label(*number)], [long(bin.ids.len()), long(new)].into_iter().chain(rates).collect())
        });
        Ok(answers.collect())
    })
}
