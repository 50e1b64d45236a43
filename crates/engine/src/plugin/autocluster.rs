//! `autocluster`: a few patterns that tell the most about the rows.
//!
//! As in "Algorithms for Telemetry Data Mining using Discrete Attributes" (seed and expand), which Kusto's documentation names:
//! from the most frequent rows outward, values are left open while that makes the pattern better; of those found the best are
//! kept, as long as each covers rows of its own. Seeds are not chosen at random, so that the same rows give the same patterns.

use datafusion::common::Result as DfResult;
use kql::Column;

use super::gather::{self, Gather, Row};
use super::segments::{self, Attributes, Pattern, Segment, Segments, dimensions, total};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("autocluster", include_str!("autocluster.md"), parts);

/// The share of a pattern's rows that no better pattern may have.
const OWN_SHARE: f64 = 0.5;

/// The share of all rows below which a pattern tells nothing.
const SHARE_MIN: f64 = 0.05;

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let size_weight = segments::number(call, 0, 0.5, 0.0, 1.0)?;
    let weight = segments::optional(call, 1).cloned();
    let seeds = segments::number(call, 2, 25.0, 1.0, 10_000.0)? as usize;
    let attributes = Attributes::of(call, &[weight.as_ref()], 3)?;
    let is_weighted = weight.is_some();
    let exprs = attributes.exprs.iter().cloned().chain(weight).collect();
    let start =
        move || Cluster { size_weight, seeds, attributes: attributes.clone(), is_weighted, segments: Segments::default() };
    Ok(gather::parts("autocluster", call.input, exprs, columns, start))
}

struct Cluster {
    size_weight: f64,
    seeds: usize,
    attributes: Attributes,
    is_weighted: bool,
    segments: Segments,
}

impl Gather for Cluster {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let (row, weight) = segments::weighed(row, self.is_weighted);
        self.segments.add(row, 0, weight);
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let mut rows = self.segments.segments();
        rows.sort_by(|a, b| b.weights[0].total_cmp(&a.weights[0]));
        let all = total(&rows)[0];
        let mut found: Vec<(Pattern, f64)> = Vec::new();
        for seed in rows.iter().take(self.seeds) {
            let best = self.expanded(seed, &rows, all);
            if best.1 >= SHARE_MIN * all && dimensions(&best.0) > 0 && !found.contains(&best) {
                found.push(best);
            }
        }
        let rank = |(pattern, size): &(Pattern, f64)| size * dimensions(pattern) as f64;
        found.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
        let kept = diverse(found, &rows);
        Ok((0..)
            .zip(&kept)
            .map(|(id, (pattern, size))| {
                let mut row = vec![Cell::Long(id), Cell::Long(*size as i64), Cell::Real(100.0 * size / all)];
                row.extend(self.attributes.cells(&self.segments, pattern));
                row
            })
            .collect())
    }

    fn size(&self) -> usize {
        self.segments.size()
    }
}

impl Cluster {
    /// The best pattern on the way from a row to the pattern that leaves all open, each step the best one, and its weight.
    fn expanded(&self, seed: &Segment, rows: &[Segment], all: f64) -> (Pattern, f64) {
        let weight = |pattern: &Pattern| total(rows.iter().filter(|row| row.fits(pattern)))[0];
        let mut pattern = seed.pattern();
        let mut best = (pattern.clone(), weight(&pattern));
        let mut best_score = self.score(&best.0, best.1 / all);
        while dimensions(&pattern) > 1 {
            let opened = (0..pattern.len()).filter(|column| pattern[*column].is_some()).map(|column| {
                let mut wider = pattern.clone();
                wider[column] = None;
                let size = weight(&wider);
                (wider, size)
            });
            let Some(next) = opened.max_by(|(_, a), (_, b)| a.total_cmp(b)) else { break };
            let score = self.score(&next.0, next.1 / all);
            if score > best_score {
                best_score = score;
                best = next.clone();
            }
            pattern = next.0;
        }
        best
    }

    /// The weighted geometric mean of the share of the rows and the share of the columns.
    fn score(&self, pattern: &Pattern, share: f64) -> f64 {
        let columns = dimensions(pattern) as f64 / pattern.len().max(1) as f64;
        share.powf(self.size_weight) * columns.powf(1.0 - self.size_weight)
    }
}

/// The patterns, best first, each of which has rows enough that those before do not have.
fn diverse(found: Vec<(Pattern, f64)>, rows: &[Segment]) -> Vec<(Pattern, f64)> {
    let mut kept: Vec<(Pattern, f64)> = Vec::new();
    for (pattern, size) in found {
        let is_own = |row: &&Segment| row.fits(&pattern) && !kept.iter().any(|(other, _)| row.fits(other));
        if total(rows.iter().filter(is_own))[0] >= OWN_SHARE * size {
            kept.push((pattern, size));
        }
    }
    kept
}
