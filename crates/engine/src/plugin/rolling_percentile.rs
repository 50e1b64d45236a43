//! `rolling_percentile`: for each bin a percentile of the values in the bins up to it.

use std::collections::BTreeMap;

use datafusion::common::Result as DfResult;
use kql::{Column, Value};

use super::by_key::ByKey;
use super::gather::{self, Gather, Row};
use super::timeline::{Point, Timeline};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::{Error, Result, code};
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("rolling_percentile", include_str!("rolling_percentile.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let (value, index) = (call.expr(0)?.clone(), call.expr(2)?.clone());
    let percent = Cell::of(&call.value(1, "percentile")?).as_real().filter(|percent| (0.0..=100.0).contains(percent));
    let percent = percent.ok_or_else(|| Error::new(code::ARGUMENT, "a percentile is a number from 0 to 100"))?;
    let timeline = Timeline::endless(call, index.ty, 3)?;
    let bins = call.whole(4, "number of bins")?.max(1);
    let ty = value.ty;
    let exprs = [value, index].into_iter().chain(call.columns_from(5)).collect();
    let start = move || Rolling { timeline, value_type: ty, percent, bins, groups: ByKey::default(), bytes: 0 };
    Ok(gather::parts("rolling_percentile", call.input, exprs, columns, start))
}

/// The values of each bin.
type Bins = BTreeMap<i64, Vec<Point>>;

/// What a bin takes beside its values.
const BIN_BYTES: usize = 64;

struct Rolling {
    timeline: Timeline,
    value_type: kql::Type,
    percent: f64,
    bins: i64,
    groups: ByKey<(Vec<Value>, Bins)>,
    /// What the bins take.
    bytes: usize,
}

impl Gather for Rolling {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let [value, index, dimensions @ ..] = row else { return Ok(()) };
        let (Some(value), Some(at)) = (Point::of(value, self.value_type), Point::of(index, self.timeline.axis)) else {
            return Ok(());
        };
        let (_, bins) = self.groups.of(dimensions, || (dimensions.iter().map(Cell::to_value).collect(), Bins::new()));
        let values = bins.entry(self.timeline.bin(at)).or_default();
        self.bytes += size_of::<Point>() + if values.is_empty() { BIN_BYTES } else { 0 };
        values.push(value);
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let mut rows = Vec::new();
        for (dimensions, bins) in self.groups.values() {
            let (Some(least), Some(greatest)) = (bins.keys().next(), bins.keys().next_back()) else { continue };
            for bin in self.timeline.bins(*least, *greatest)? {
                let window = bins.range(bin.saturating_sub(self.bins - 1)..=bin);
                let mut values: Vec<Point> = window.flat_map(|(_, values)| values).copied().collect();
                values.sort_by(Point::order);
                let Some(value) = nearest_rank(&values, self.percent) else { continue };
                let mut row = vec![self.timeline.label(bin)];
                row.extend(dimensions.iter().map(|value| Cell::of(value).into_owned()));
                row.push(value.cell(self.value_type));
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn size(&self) -> usize {
        self.groups.bytes() + self.bytes
    }
}

/// The first of the sorted values that is not below that share of them.
fn nearest_rank(values: &[Point], percent: f64) -> Option<Point> {
    let rank = (percent / 100.0 * values.len() as f64 - 1e-9).ceil().max(1.0);
    values.get(rank as usize - 1).copied()
}
