//! `summarize` over rows in order, and inside subqueries: our own hash aggregation in one pass.
//!
//! In: the keys, then the arguments of the aggregates, as columns. Out: one row a group, in the order in which groups appeared.

use indexmap::IndexMap;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::{Result, exec_err};
use kql::{Column, Type, Value};

use super::{Operator, Run, schema};
use crate::aggregate::measure::Measure;
use crate::aggregate::{Accumulator, AggregateCall, AggregateFunction};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::row_key::Keys;

/// A grouping.
#[derive(Debug)]
pub struct Group {
    /// The keys and the aggregates.
    pub columns: Vec<Column>,
    /// The types of the keys, the first columns of the input.
    pub key_types: Vec<Type>,
    /// The calls.
    pub calls: Vec<Call>,
}

/// One call of an aggregate.
#[derive(Clone)]
pub struct Call {
    /// The function.
    pub function: &'static AggregateFunction,
    /// Types and constants.
    pub call: AggregateCall,
    /// The input columns of its arguments.
    pub args: Vec<usize>,
    /// For each part the positions among the aggregates that show it.
    pub shown: Vec<Vec<usize>>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("function", &self.function.name).field("args", &self.args).finish_non_exhaustive()
    }
}

impl Call {
    /// Accumulators for one group.
    pub fn start(&self) -> Result<Box<dyn Accumulator>> {
        match (self.function.start)(&self.call) {
            Ok(accumulator) => Ok(accumulator),
            Err(message) => exec_err!("{message}"),
        }
    }

    /// The columns of its arguments.
    pub(crate) fn args<'a>(&self, batch: &'a RecordBatch) -> Vec<Cells<'a>> {
        self.args.iter().zip(&self.call.types).map(|(at, ty)| Cells::new(*ty, batch.column(*at))).collect()
    }

    /// Puts what an accumulator found where it is shown among the aggregates.
    pub(crate) fn show(&self, accumulator: &dyn Accumulator, aggregates: &mut [Value]) {
        for (value, shown) in accumulator.finish().into_iter().zip(&self.shown) {
            shown.iter().for_each(|at| aggregates[*at] = value.clone());
        }
    }
}

impl Operator for Group {
    fn name(&self) -> &'static str {
        "group"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass {
            columns: self.columns.clone(),
            key_types: self.key_types.clone(),
            calls: self.calls.clone(),
            groups: IndexMap::default(),
            measure: Measure::default(),
            ended: false,
            given: 0,
        })
    }
}

struct Pass {
    columns: Vec<Column>,
    key_types: Vec<Type>,
    calls: Vec<Call>,
    groups: IndexMap<Vec<u8>, GroupState, foldhash::fast::RandomState>,
    measure: Measure,
    /// There are no further rows.
    ended: bool,
    /// The groups that have been given.
    given: usize,
}

struct GroupState {
    keys: Vec<Value>,
    accumulators: Vec<Box<dyn Accumulator>>,
}

impl Pass {
    fn new_group(calls: &[Call], keys: Vec<Value>) -> Result<GroupState> {
        Ok(GroupState { keys, accumulators: calls.iter().map(Call::start).collect::<Result<_>>()? })
    }

    /// The rows of some groups.
    fn rows(&self, groups: std::ops::Range<usize>) -> Result<RecordBatch> {
        let mut builders: Vec<CellBuilder> =
            self.columns.iter().map(|column| CellBuilder::new(column.ty, groups.len())).collect();
        let keys = self.key_types.len();
        for (_, group) in groups.filter_map(|at| self.groups.get_index(at)) {
            group.keys.iter().zip(&mut builders).for_each(|(key, builder)| builder.push(&Cell::of(key)));
            for (accumulator, call) in group.accumulators.iter().zip(&self.calls) {
                // Without rows there may be fewer results than parts.
                let values = accumulator.finish();
                for (part, shown) in call.shown.iter().enumerate() {
                    let cell = values.get(part).map_or(Cell::Null, Cell::of);
                    shown.iter().for_each(|at| builders[keys + at].push(&cell));
                }
            }
        }
        let arrays: Vec<ArrayRef> = builders.iter_mut().map(CellBuilder::finish).collect();
        Ok(RecordBatch::try_new(schema(&self.columns), arrays)?)
    }
}

/// Groups that are given at a time.
const GROUPS: usize = 8192;

impl GroupState {
    fn size(&self) -> usize {
        self.accumulators.iter().map(|accumulator| accumulator.size()).sum()
    }
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let keys = Keys::first(&self.key_types, batch);
        let args: Vec<Vec<Cells<'_>>> = self.calls.iter().map(|call| call.args(batch)).collect();
        let (mut key, mut cells) = (Vec::new(), Vec::new());
        for row in 0..batch.num_rows() {
            keys.write(row, &mut key);
            let group = match self.groups.get_mut(&key) {
                Some(group) => group,
                None => {
                    let group = Pass::new_group(&self.calls, keys.values(row))?;
                    self.measure.add(key_size(&key) + group.size());
                    self.groups.entry(key.clone()).or_insert(group)
                }
            };
            for (accumulator, args) in group.accumulators.iter_mut().zip(&args) {
                cells.clear();
                cells.extend(args.iter().map(|column| column.get(row)));
                accumulator.update(&cells);
            }
        }
        let groups = &self.groups;
        let walk = || groups.iter().map(|(key, group)| key_size(key) + group.size()).sum();
        self.measure.take(batch.num_rows(), groups.len(), walk);
        Ok(None)
    }

    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        self.ended = true;
        if self.groups.is_empty() && self.key_types.is_empty() {
            self.groups.insert(Vec::new(), Pass::new_group(&self.calls, Vec::new())?);
        }
        Ok(Vec::new())
    }

    /// After the last row, the groups, some at a time.
    fn more(&mut self) -> Result<Option<RecordBatch>> {
        if !self.ended {
            return Ok(None);
        }
        let groups = self.given..self.groups.len().min(self.given + GROUPS);
        self.given = groups.end;
        if groups.is_empty() { Ok(None) } else { self.rows(groups).map(Some) }
    }

    fn size(&self) -> usize {
        self.measure.bytes()
    }
}

/// What a group's key takes: as bytes in the table, and as values.
fn key_size(key: &[u8]) -> usize {
    2 * key.len() + size_of::<GroupState>() + 64
}
