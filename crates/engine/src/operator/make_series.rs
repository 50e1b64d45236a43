//! `make-series`: one row a group, its aggregates as arrays over the bins of an axis.
//!
//! Bins start at `from` (without it at the first bin of the data, counted from the axis's zero) and end before `to`, with
//! `in range()` at it. A bin without rows has the aggregate's default (`make-series-operator`).

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::{Result as DfResult, exec_err};
use indexmap::IndexMap;
use kql::{Column, Type, Value};

use super::group::Call;
use super::steps::Steps;
use super::{Operator, Run};
use crate::aggregate::Accumulator;
use crate::aggregate::measure::Measure;
use crate::cell::{Cell, CellBuilder, Cells};
use crate::local::{RowExpr, batch};
use crate::row_key::Keys;

/// Points in a series at most, as in Kusto.
const POINTS: i64 = 1 << 20;

/// The operator. Below it stand the keys, the axis, and the arguments of the aggregates.
#[derive(Debug)]
pub(crate) struct MakeSeries {
    pub(crate) shared: Arc<Series>,
}

/// What the series is made of.
pub(crate) struct Series {
    /// Keys, aggregates, axis.
    pub(crate) columns: Vec<Column>,
    /// The types of the keys, the first columns below.
    pub(crate) key_types: Vec<Type>,
    /// The type of the axis, the column behind them.
    pub(crate) axis: Type,
    /// The calls.
    pub(crate) calls: Vec<Call>,
    /// How many aggregates they give.
    pub(crate) aggregates: usize,
    /// What a bin's value is in each array: over the aggregates.
    pub(crate) values: Vec<RowExpr>,
    /// The value of a bin without rows, for each array.
    pub(crate) defaults: Vec<Value>,
    /// The bins.
    pub(crate) steps: Steps,
    /// They begin where the query says, not where the data does.
    pub(crate) has_start: bool,
    /// The end, if given.
    pub(crate) to: Option<Value>,
    /// `to` is a bin too.
    pub(crate) inclusive: bool,
    /// Without rows and keys there is one row of defaults.
    pub(crate) nonempty: bool,
}

impl std::fmt::Debug for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Series").field("columns", &self.columns).field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl Operator for MakeSeries {
    fn name(&self) -> &'static str {
        "make-series"
    }

    fn columns(&self) -> &[Column] {
        &self.shared.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass {
            shared: Arc::clone(&self.shared),
            groups: IndexMap::default(),
            bins: 0,
            measure: Measure::default(),
            least: None,
            greatest: None,
            ready: None,
        })
    }
}

/// The aggregates of one bin.
type Bin = Vec<Box<dyn Accumulator>>;

type ByBin = HashMap<i64, Bin, foldhash::fast::FixedState>;

/// The aggregates of each bin that has rows. Rows mostly come in the order of their times, so that of the last row is at hand.
#[derive(Default)]
struct Bins {
    last: Option<(i64, Bin)>,
    others: ByBin,
}

impl Bins {
    /// Makes that bin the one at hand, if there is one.
    #[inline]
    fn turn_to(&mut self, bin: i64) -> Option<&mut Bin> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != bin) {
            let found = self.others.remove(&bin)?;
            self.add(bin, found);
        }
        self.last.as_mut().map(|(_, found)| found)
    }

    /// Adds one, which is then at hand.
    fn add(&mut self, bin: i64, aggregates: Bin) {
        self.others.extend(self.last.replace((bin, aggregates)));
    }

    /// All are looked up now.
    fn settled(&mut self) -> &ByBin {
        self.others.extend(self.last.take());
        &self.others
    }

    fn iter(&self) -> impl Iterator<Item = &Bin> {
        self.last.iter().map(|(_, last)| last).chain(self.others.values())
    }
}

struct Pass {
    shared: Arc<Series>,
    groups: IndexMap<Vec<u8>, (Vec<Value>, Bins), foldhash::fast::FixedState>,
    /// Bins of all groups that have rows.
    bins: usize,
    measure: Measure,
    least: Option<i64>,
    greatest: Option<i64>,
    ready: Option<Ready>,
}

/// All rows have been seen: the first and the last bin, the axis, and how many groups have been given.
struct Ready {
    first: i64,
    last: i64,
    axis: Cell<'static>,
    given: usize,
}

/// Points that are given at a time, unless one series has more.
const POINTS_AT_ONCE: i64 = 1 << 16;

/// What a bin takes beside its accumulators.
const BIN_BYTES: usize = 64;

/// What a group takes beside its bins.
const GROUP_BYTES: usize = 128;

impl Series {
    /// The last step, if `to` is given.
    fn last(&self) -> Option<i64> {
        self.to.as_ref().and_then(|to| self.steps.last(to, self.inclusive))
    }
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let shared = Arc::clone(&self.shared);
        let keys = Keys::first(&shared.key_types, batch);
        let axis = Cells::new(shared.axis, batch.column(shared.key_types.len()));
        let args: Vec<Vec<Cells<'_>>> = shared.calls.iter().map(|call| call.args(batch)).collect();
        let last = shared.last();
        let (mut key, mut cells): (Vec<u8>, Vec<Cell<'_>>) = (Vec::new(), Vec::new());
        for (row, bin) in shared.steps.of_all(&axis, batch.num_rows()).into_iter().enumerate() {
            let Some(bin) = bin else { continue };
            if shared.has_start && bin < 0 || last.is_some_and(|last| bin > last) {
                continue;
            }
            self.least = Some(self.least.map_or(bin, |least| least.min(bin)));
            self.greatest = Some(self.greatest.map_or(bin, |greatest| greatest.max(bin)));
            keys.write(row, &mut key);
            let group = self
                .groups
                .get_index_of(&key)
                .unwrap_or_else(|| self.groups.insert_full(key.clone(), (keys.values(row), Bins::default())).0);
            let (_, bins) = &mut self.groups[group];
            if bins.turn_to(bin).is_none() {
                let accumulators: Bin = shared.calls.iter().map(Call::start).collect::<DfResult<_>>()?;
                self.measure.add(bin_size(&accumulators));
                self.bins += 1;
                bins.add(bin, accumulators);
            }
            for (accumulator, args) in bins.turn_to(bin).into_iter().flatten().zip(&args) {
                cells.clear();
                cells.extend(args.iter().map(|column| column.get(row)));
                accumulator.update(&cells);
            }
        }
        let groups = &self.groups;
        let size = |(key, (_, bins)): (&Vec<u8>, &(Vec<Value>, Bins))| -> usize {
            2 * key.len() + GROUP_BYTES + bins.iter().map(|bin| bin_size(bin)).sum::<usize>()
        };
        self.measure.take(batch.num_rows(), self.bins, || groups.iter().map(size).sum());
        Ok(None)
    }

    fn finish(&mut self) -> DfResult<Vec<RecordBatch>> {
        let shared = Arc::clone(&self.shared);
        let first = if shared.has_start { Some(0) } else { self.least };
        let last = shared.last().or(self.greatest);
        let (first, last) = (first.unwrap_or(0), last.unwrap_or(-1));
        if last.saturating_sub(first) >= POINTS {
            let points = last.saturating_sub(first).saturating_add(1);
            return exec_err!("make-series would give {points} points a series, {POINTS} at most; use a larger step");
        }
        if last < first && shared.has_start && shared.to.is_some() {
            return Ok(Vec::new());
        }
        if self.groups.is_empty() && shared.key_types.is_empty() && shared.nonempty {
            self.groups.insert(Vec::new(), (Vec::new(), Bins::default()));
        }
        let axis: Vec<serde_json::Value> = (first..=last).map(|bin| shared.steps.start_of(bin).to_json()).collect();
        let axis = Cell::json(&serde_json::Value::from(axis)).into_owned();
        self.ready = Some(Ready { first, last, axis, given: 0 });
        Ok(Vec::new())
    }

    /// The series of some groups.
    fn more(&mut self) -> DfResult<Option<RecordBatch>> {
        let Some(ready) = &mut self.ready else { return Ok(None) };
        let points = ready.last.saturating_sub(ready.first).max(1);
        let count = usize::try_from(POINTS_AT_ONCE / points).unwrap_or(1).max(1);
        let groups = ready.given..self.groups.len().min(ready.given + count);
        ready.given = groups.end;
        if groups.is_empty() {
            return Ok(None);
        }
        let (shared, rows) = (&self.shared, groups.len());
        let mut builders: Vec<CellBuilder> = shared.columns.iter().map(|column| CellBuilder::new(column.ty, rows)).collect();
        let keys = shared.key_types.len();
        for at in groups {
            let Some((_, (values, bins))) = self.groups.get_index_mut(at) else { continue };
            values.iter().zip(&mut builders).for_each(|(key, builder)| builder.push(&Cell::of(key)));
            for (at, array) in series(shared, bins.settled(), ready.first, ready.last).into_iter().enumerate() {
                builders[keys + at].push(&Cell::json(&serde_json::Value::from(array)));
            }
            if let Some(builder) = builders.last_mut() {
                builder.push(&ready.axis);
            }
        }
        Ok(Some(batch(&shared.columns, builders.iter_mut().map(CellBuilder::finish).collect(), rows)?))
    }

    fn size(&self) -> usize {
        self.measure.bytes()
    }

    /// The axis and one series as JSON.
    fn finish_size(&self) -> usize {
        let points = match (self.least, self.greatest) {
            (Some(least), Some(greatest)) => greatest.saturating_sub(least).clamp(0, POINTS),
            _ => 0,
        };
        usize::try_from(points).unwrap_or(0) * size_of::<serde_json::Value>() * self.shared.columns.len()
    }
}

fn bin_size(accumulators: &[Box<dyn Accumulator>]) -> usize {
    BIN_BYTES + accumulators.iter().map(|accumulator| size_of_val(accumulator) + accumulator.size()).sum::<usize>()
}

/// Each array's values over the bins.
fn series(shared: &Series, bins: &ByBin, first: i64, last: i64) -> Vec<Vec<serde_json::Value>> {
    let defaults: Vec<serde_json::Value> = shared.defaults.iter().map(|default| Cell::of(default).to_json()).collect();
    let mut arrays: Vec<Vec<serde_json::Value>> = defaults.iter().map(|_| Vec::new()).collect();
    for bin in first..=last {
        let Some(accumulators) = bins.get(&bin) else {
            arrays.iter_mut().zip(&defaults).for_each(|(array, default)| array.push(default.clone()));
            continue;
        };
        let mut found = vec![Value::Null; shared.aggregates];
        for (accumulator, call) in accumulators.iter().zip(&shared.calls) {
            call.show(accumulator.as_ref(), &mut found);
        }
        let found: Vec<Cell<'_>> = found.iter().map(Cell::of).collect();
        arrays.iter_mut().zip(&shared.values).for_each(|(array, value)| array.push(value.eval(&found).to_json()));
    }
    arrays
}
