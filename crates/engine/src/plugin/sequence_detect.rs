//! `sequence_detect`: rows that follow each other, each with the next predicate true.

use datafusion::common::{Result as DfResult, exec_err};
use kql::plan::{Expr, PluginArg};
use kql::{Column, Type, Value};

use super::by_key::ByKey;
use super::gather::{self, Gather, Row};
use super::timeline::Point;
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("sequence_detect", include_str!("sequence_detect.md"), parts);

/// Sequences found at most.
const SEQUENCES_MAX: usize = 1 << 20;

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let time = call.expr(0)?.clone();
    let axis = time.ty;
    let (step, span) = (call.length(1, axis, "step window")?, call.length(2, axis, "span of a sequence")?);
    let rest: Vec<Expr> = call.args.iter().skip(3).filter_map(expr).cloned().collect();
    // Predicates come first; the columns behind them are dimensions.
    let steps = rest.iter().take_while(|expr| matches!(expr.ty, Type::Bool | Type::Unknown)).count();
    let exprs = std::iter::once(time).chain(rest).collect();
    let start = move || Detect { axis, step, span, steps, groups: ByKey::default(), bytes: 0 };
    Ok(gather::parts("sequence_detect", call.input, exprs, columns, start))
}

fn expr(arg: &PluginArg) -> Option<&Expr> {
    if let PluginArg::Expr(_, expr) = arg { Some(expr) } else { None }
}

/// The values of the dimensions, and for each step the places at which its predicate is true.
type Group = (Vec<Value>, Vec<Vec<Point>>);

struct Detect {
    axis: Type,
    step: Point,
    span: Point,
    steps: usize,
    groups: ByKey<Group>,
    /// What the places take.
    bytes: usize,
}

impl Gather for Detect {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let Some(at) = row.first().and_then(|time| Point::of(time, self.axis)) else { return Ok(()) };
        let (predicates, dimensions) = row[1..].split_at(self.steps.min(row.len() - 1));
        if predicates.iter().all(|predicate| predicate.as_bool() != Some(true)) {
            return Ok(());
        }
        let values = || dimensions.iter().map(Cell::to_value).collect();
        let (_, places) = self.groups.of(dimensions, || (values(), vec![Vec::new(); predicates.len()]));
        for (places, predicate) in places.iter_mut().zip(predicates) {
            if predicate.as_bool() == Some(true) {
                places.push(at);
                self.bytes += size_of::<Point>();
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let mut rows = Vec::new();
        for (dimensions, places) in self.groups.values_mut() {
            for places in places.iter_mut() {
                places.sort_by(Point::order);
                places.dedup();
            }
            let mut search = Search { places, step: self.step, span: self.span, path: Vec::new(), found: Vec::new() };
            search.run();
            for sequence in &search.found {
                let (Some(first), Some(last)) = (sequence.first(), sequence.last()) else { continue };
                let mut row: Row = dimensions.iter().map(|value| Cell::of(value).into_owned()).collect();
                row.extend(sequence.iter().map(|place| place.cell(self.axis)));
                let duration = if self.axis == Type::DateTime { Type::TimeSpan } else { self.axis };
                row.push(last.minus(*first).cell(duration));
                rows.push(row);
            }
            if rows.len() > SEQUENCES_MAX {
                return exec_err!("sequence_detect would find more than {SEQUENCES_MAX} sequences; use shorter windows");
            }
        }
        Ok(rows)
    }

    fn size(&self) -> usize {
        self.groups.bytes() + self.groups.len() * self.steps * size_of::<Vec<Point>>() + self.bytes
    }
}

/// All ways to go from step to step, none of them too far from the one before, or from the first.
struct Search<'a> {
    places: &'a [Vec<Point>],
    step: Point,
    span: Point,
    path: Vec<Point>,
    found: Vec<Vec<Point>>,
}

impl Search<'_> {
    fn run(&mut self) {
        if self.path.len() == self.places.len() {
            self.found.push(self.path.clone());
            return;
        }
        let all = self.places;
        let places = &all[self.path.len()];
        let (from, to) = match (self.path.first(), self.path.last()) {
            (Some(first), Some(last)) => {
                let furthest = [last.plus(self.step), first.plus(self.span)];
                let to = if furthest[0] < furthest[1] { furthest[0] } else { furthest[1] };
                (places.partition_point(|place| place < last), places.partition_point(|place| *place <= to))
            }
            _ => (0, places.len()),
        };
        for place in &places[from..to.max(from)] {
            if self.found.len() > SEQUENCES_MAX {
                return;
            }
            self.path.push(*place);
            self.run();
            self.path.pop();
        }
    }
}
