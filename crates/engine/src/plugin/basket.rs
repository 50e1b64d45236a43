//! `basket`: all patterns that are frequent, by the Apriori algorithm's rule: a pattern can only be as frequent as its parts.

use datafusion::common::Result as DfResult;
use kql::Column;

use super::gather::{self, Gather, Row};
use super::segments::{self, Attributes, Segments, dimensions, frequent, total};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("basket", include_str!("basket.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let threshold = segments::number(call, 0, 0.05, 0.001, 1.0)?;
    let weight = segments::optional(call, 1).cloned();
    let dimensions_max = segments::number(call, 2, 5.0, 1.0, 1000.0)? as usize;
    let attributes = Attributes::of(call, &[weight.as_ref()], 3)?;
    let is_weighted = weight.is_some();
    let exprs = attributes.exprs.iter().cloned().chain(weight).collect();
    let start =
        move || Basket { threshold, dimensions_max, attributes: attributes.clone(), is_weighted, segments: Segments::default() };
    Ok(gather::parts("basket", call.input, exprs, columns, start))
}

struct Basket {
    threshold: f64,
    dimensions_max: usize,
    attributes: Attributes,
    is_weighted: bool,
    segments: Segments,
}

impl Gather for Basket {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let (row, weight) = segments::weighed(row, self.is_weighted);
        self.segments.add(row, 0, weight);
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let rows = self.segments.segments();
        let all = total(&rows)[0];
        let mut found = frequent(&rows, self.dimensions_max, |weights| weights[0] >= self.threshold * all)?;
        // What has many rows and many values comes first.
        let rank = |(pattern, weights): &(segments::Pattern, [f64; 2])| weights[0] * dimensions(pattern) as f64;
        found.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
        Ok((0..)
            .zip(&found)
            .map(|(id, (pattern, weights))| {
                let mut row = vec![Cell::Long(id), Cell::Long(weights[0] as i64), Cell::Real(100.0 * weights[0] / all)];
                row.extend(self.attributes.cells(&self.segments, pattern));
                row
            })
            .collect())
    }

    fn size(&self) -> usize {
        self.segments.size()
    }
}
