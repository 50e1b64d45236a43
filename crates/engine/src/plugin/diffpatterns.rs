//! `diffpatterns`: patterns that are frequent in one of two sets of rows and not in the other.

use datafusion::common::Result as DfResult;
use kql::plan::Expr;
use kql::{Column, Type};

use super::gather::{self, Gather, Row};
use super::segments::{self, Attributes, Segment, Segments, frequent, total};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("diffpatterns", include_str!("diffpatterns.md"), parts);

/// The share of a pattern's rows that no pattern before it may have.
const OWN_SHARE: f64 = 0.5;

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let split = call.expr(0)?.clone();
    let names = [call.value(1, "first value")?.to_text(), call.value(2, "second value")?.to_text()];
    let weight = segments::optional(call, 3).cloned();
    let threshold = segments::number(call, 4, 0.05, 0.015, 1.0)?;
    let dimensions_max = segments::number(call, 5, 5.0, 1.0, 1000.0)? as usize;
    let attributes = Attributes::of(call, &[Some(&split), weight.as_ref()], 6)?;
    let split = if split.ty == Type::String { split } else { Expr::call("tostring", vec![split], Type::String) };
    let is_weighted = weight.is_some();
    let exprs = std::iter::once(split).chain(attributes.exprs.iter().cloned()).chain(weight).collect();
    let start = move || Difference {
        names: names.clone(),
        threshold,
        dimensions_max,
        attributes: attributes.clone(),
        is_weighted,
        segments: Segments::default(),
    };
    Ok(gather::parts("diffpatterns", call.input, exprs, columns, start))
}

struct Difference {
    names: [String; 2],
    threshold: f64,
    dimensions_max: usize,
    attributes: Attributes,
    is_weighted: bool,
    segments: Segments,
}

impl Gather for Difference {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let Some((split, row)) = row.split_first() else { return Ok(()) };
        let Some(set) = self.names.iter().position(|name| name == split.as_str()) else { return Ok(()) };
        let (row, weight) = segments::weighed(row, self.is_weighted);
        self.segments.add(row, set, weight);
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let rows = self.segments.segments();
        let all = total(&rows);
        let percents = |weights: [f64; 2]| [0, 1].map(|set| if all[set] > 0.0 { 100.0 * weights[set] / all[set] } else { 0.0 });
        let difference = |weights| {
            let [a, b] = percents(weights);
            (a - b).abs()
        };
        // What is frequent in neither set differs in neither.
        let least = 100.0 * self.threshold;
        let mut found =
            frequent(&rows, self.dimensions_max, |weights| percents(weights).iter().any(|percent| *percent >= least))?;
        found.retain(|(_, weights)| difference(*weights) >= least);
        found.sort_by(|(_, a), (_, b)| difference(*b).total_cmp(&difference(*a)));
        let mut kept: Vec<(segments::Pattern, [f64; 2])> = Vec::new();
        for (pattern, weights) in found {
            let is_own = |row: &&Segment| row.fits(&pattern) && !kept.iter().any(|(other, _)| row.fits(other));
            let own: f64 = total(rows.iter().filter(is_own)).iter().sum();
            if own >= OWN_SHARE * (weights[0] + weights[1]) {
                kept.push((pattern, weights));
            }
        }
        let row = |(id, (pattern, weights)): (i64, &(segments::Pattern, [f64; 2]))| {
            let mut row = vec![Cell::Long(id), Cell::Long(weights[0] as i64), Cell::Long(weights[1] as i64)];
            let [a, b] = percents(*weights);
            row.extend([a, b, difference(*weights)].map(|percent| Cell::Real((percent * 100.0).round() / 100.0)));
            row.extend(self.attributes.cells(&self.segments, pattern));
            row
        };
        Ok((0..).zip(&kept).map(row).collect())
    }

    fn size(&self) -> usize {
        self.segments.size()
    }
}
