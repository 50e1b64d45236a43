//! `range name from a to b step c`, made while it is read.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::stream;
use kql::{Column, Type, Value, time};

use crate::cell::{Cell, CellBuilder};
use crate::error::{Error, Result, code};
use crate::lower::rel::memory_table;
use crate::operator::schema;
use crate::run::FEW_ROWS;

/// A range of one type. Ticks are longs here.
#[derive(Clone, Debug)]
pub struct Range {
    ty: Type,
    steps: Steps,
    schema: SchemaRef,
}

#[derive(Clone, Copy, Debug)]
enum Steps {
    Long { from: i64, to: i64, step: i64 },
    Real { from: f64, to: f64, step: f64 },
    None,
}

impl Range {
    /// The range of `column`'s type over three constants: from, to, step. A null among them, or a step away from the end, gives
    /// no rows; a step of zero is an error.
    pub fn new(column: &Column, bounds: [Option<Value>; 3]) -> Result<Range> {
        let [Some(from), Some(to), Some(step)] = bounds else {
            return Err(Error::new(code::ARGUMENT, "the bounds and the step of range must be constants"));
        };
        let cells = [Cell::of(&from), Cell::of(&to), Cell::of(&step)];
        let steps = if column.ty == Type::Real {
            match cells.map(|cell| cell.as_real()) {
                [Some(from), Some(to), Some(step)] => Steps::Real { from, to, step },
                _ => Steps::None,
            }
        } else {
            match cells.map(|cell| cell.as_long()) {
                [Some(from), Some(to), Some(step)] => Steps::Long { from, to, step },
                _ => Steps::None,
            }
        };
        if matches!(steps, Steps::Long { step: 0, .. }) || matches!(steps, Steps::Real { step: 0.0, .. }) {
            return Err(Error::new(code::ARGUMENT, "the step of range must not be zero"));
        }
        Ok(Range { ty: column.ty, steps, schema: schema(std::slice::from_ref(column)) })
    }

    /// The range as a table; one of few values holds them.
    pub fn table(self) -> Result<Arc<dyn TableProvider>> {
        let schema = Arc::clone(&self.schema);
        if self.value(FEW_ROWS).is_none() {
            return memory_table(vec![self.batch(0, FEW_ROWS).unwrap_or_else(|| RecordBatch::new_empty(schema))]);
        }
        Ok(Arc::new(StreamingTable::try_new(schema, vec![Arc::new(self)])?))
    }

    /// The value at position `at`, if the range reaches so far.
    fn value(&self, at: usize) -> Option<Cell<'static>> {
        match self.steps {
            Steps::None => None,
            Steps::Long { from, to, step } => {
                let value = i64::try_from(at).ok().and_then(|at| at.checked_mul(step)).and_then(|far| from.checked_add(far))?;
                let inside = if step > 0 { value <= to } else { value >= to };
                let inside = inside && (self.ty != Type::DateTime || time::in_range(value).is_some());
                inside.then_some(match self.ty {
                    Type::DateTime => Cell::DateTime(value),
                    Type::TimeSpan => Cell::TimeSpan(value),
                    _ => Cell::Long(value),
                })
            }
            Steps::Real { from, to, step } => {
                let value = from + step * at as f64;
                (if step > 0.0 { value <= to } else { value >= to }).then_some(Cell::Real(value))
            }
        }
    }

    /// The batch of so many rows that starts at that position; `None` past the end.
    fn batch(&self, start: usize, rows: usize) -> Option<RecordBatch> {
        let mut builder = CellBuilder::new(self.ty, rows);
        let made = (start..start + rows).map_while(|at| self.value(at)).inspect(|cell| builder.push(cell)).count();
        let array: ArrayRef = builder.finish();
        if made == 0 { None } else { RecordBatch::try_new(Arc::clone(&self.schema), vec![array]).ok() }
    }
}

impl PartitionStream for Range {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (range, rows) = (self.clone(), context.session_config().batch_size());
        let batches = stream::unfold(0, move |start| {
            let batch = range.batch(start, rows);
            async move { batch.map(|batch| (Ok(batch), start + rows)) }
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}
