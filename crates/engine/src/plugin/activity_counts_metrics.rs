//! `activity_counts_metrics`: in each bin how many rows and ids there are, and how many ids are new compared with all before.

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
pub(super) const PLUGIN: Plugin = Plugin::new("activity_counts_metrics", include_str!("activity_counts_metrics.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let timeline = Timeline::between(call, 2, 3, 4)?;
    activity::parts(call, columns, call.columns_from(5), move |group| {
        let mut seen: HashSet<u32> = HashSet::new();
        let bins = group.bins(&timeline, |at| timeline.holds(at));
        let answers = bins.iter().map(|(number, bin)| {
            let before = seen.len();
            seen.extend(&bin.ids);
            let new = seen.len() - before;
            (vec![timeline.label(*number)], vec![Cell::Long(bin.count), long(bin.ids.len()), long(new), long(seen.len())])
        });
        Ok(answers.collect())
    })
}
