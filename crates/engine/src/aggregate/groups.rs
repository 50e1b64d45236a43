//! One of our aggregates over all groups of a `summarize` side by side.
//!
//! In: rows and the group of each. Out: a result for each group. Without this, DataFusion would sort every batch by group and
//! call one accumulator after another with a slice of it.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, BooleanArray, StructArray};
use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::measure::Measure;
use super::udaf::part_fields;
use super::{Accumulator, AggregateCall, AggregateFunction, state};
use crate::cell::{Cell, CellBuilder, Cells, normalized};

/// The accumulators of all groups.
pub(super) struct Groups {
    function: &'static AggregateFunction,
    call: AggregateCall,
    accumulators: Vec<Box<dyn Accumulator>>,
    measure: Measure,
}

impl Groups {
    /// No groups yet.
    pub(super) fn new(function: &'static AggregateFunction, call: AggregateCall) -> Groups {
        Groups { function, call, accumulators: Vec::new(), measure: Measure::default() }
    }

    fn start(&self) -> Result<Box<dyn Accumulator>> {
        match (self.function.start)(&self.call) {
            Ok(accumulator) => Ok(accumulator),
            Err(message) => exec_err!("{message}"),
        }
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        while self.accumulators.len() < groups {
            let accumulator = self.start()?;
            self.measure.add(accumulator.size() + POINTER_BYTES);
            self.accumulators.push(accumulator);
        }
        Ok(())
    }

    fn take_measure(&mut self, rows: usize) {
        let accumulators = &self.accumulators;
        let walk = || accumulators.iter().map(|accumulator| accumulator.size() + POINTER_BYTES).sum();
        self.measure.take(rows, accumulators.len(), walk);
    }

    fn take(&mut self, emit: EmitTo) -> Vec<Box<dyn Accumulator>> {
        let taken = emit.take_needed(&mut self.accumulators);
        self.take_measure(self.accumulators.len());
        taken
    }

    /// Calls `each` with the position and the arguments of every row that the filter lets through.
    fn rows(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
        mut each: impl FnMut(usize, &[Cell<'_>]) -> Result<()>,
    ) -> Result<()> {
        let arrays: Vec<ArrayRef> =
            values.iter().zip(&self.call.types).map(|(array, ty)| normalized(*ty, array)).collect::<Result<_>>()?;
        let columns: Vec<Cells<'_>> = arrays.iter().zip(&self.call.types).map(|(array, ty)| Cells::new(*ty, array)).collect();
        let mut cells = Vec::with_capacity(columns.len());
        for row in 0..arrays.first().map_or(0, |array| array.len()) {
            if filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)) {
                cells.clear();
                cells.extend(columns.iter().map(|column| column.get(row)));
                each(row, &cells)?;
            }
        }
        Ok(())
    }
}

/// What a group costs beside its accumulator.
const POINTER_BYTES: usize = size_of::<Box<dyn Accumulator>>();

fn states<'a>(accumulators: impl Iterator<Item = &'a Box<dyn Accumulator>>) -> Vec<ArrayRef> {
    let mut builder = BinaryBuilder::new();
    accumulators.for_each(|accumulator| builder.append_value(state::encode(&accumulator.state())));
    vec![Arc::new(builder.finish())]
}

impl GroupsAccumulator for Groups {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.grow(total)?;
        let mut accumulators = std::mem::take(&mut self.accumulators);
        let done = self.rows(values, filter, |row, cells| {
            if let Some(accumulator) = groups.get(row).and_then(|group| accumulators.get_mut(*group)) {
                accumulator.update(cells);
            }
            Ok(())
        });
        self.accumulators = accumulators;
        self.take_measure(groups.len());
        done
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total)?;
        let Some(encoded) = values.first().and_then(|array| array.as_binary_opt::<i32>()) else { return Err(unreadable()) };
        for (bytes, group) in encoded.iter().zip(groups) {
            if let (Some(bytes), Some(accumulator)) = (bytes, self.accumulators.get_mut(*group)) {
                accumulator.merge(&state::decode(bytes).ok_or_else(unreadable)?);
            }
        }
        self.take_measure(groups.len());
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let taken = self.take(emit);
        let mut builders: Vec<CellBuilder> = self.call.returns.iter().map(|ty| CellBuilder::new(*ty, taken.len())).collect();
        for accumulator in &taken {
            let values = accumulator.finish();
            for (at, builder) in builders.iter_mut().enumerate() {
                builder.push(&values.get(at).map_or(Cell::Null, Cell::of));
            }
        }
        let mut arrays: Vec<ArrayRef> = builders.iter_mut().map(CellBuilder::finish).collect();
        if arrays.len() == 1 {
            return Ok(arrays.remove(0));
        }
        Ok(Arc::new(StructArray::try_new(part_fields(&self.call.returns), arrays, None)?))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(states(self.take(emit).iter()))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |array| array.len());
        let mut accumulators = (0..rows).map(|_| self.start()).collect::<Result<Vec<_>>>()?;
        self.rows(values, filter, |row, cells| {
            accumulators[row].update(cells);
            Ok(())
        })?;
        Ok(states(accumulators.iter()))
    }

    fn size(&self) -> usize {
        self.measure.bytes()
    }
}

fn unreadable() -> DataFusionError {
    DataFusionError::Internal("the state of an aggregate does not read back".to_owned())
}
