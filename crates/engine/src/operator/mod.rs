//! Tabular operators that DataFusion has no node for: batches in, batches out.
//!
//! An [`Operator`] says what it does and under which columns its rows stand; a [`Run`] is one pass over the rows of one
//! partition. Expressions are computed below it by a projection, so an operator knows columns by position only. [`operator_plan`]
//! puts one on top of a logical plan.

pub mod dedup;
mod exec;
pub mod group;
pub(crate) mod held;
pub(crate) mod make_series;
pub(crate) mod mv_apply;
pub mod mv_expand;
mod node;
pub mod parse;
pub mod parse_kv;
pub(crate) mod partition;
pub(crate) mod reduce;
pub mod reversed;
pub mod sample;
pub(crate) mod scan;
pub(crate) mod steps;
pub(crate) mod top_nested;
pub(crate) mod window;

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::Result;
use kql::Column;
use logs::arrow_type;

pub use exec::OperatorPlanner;
pub use node::operator_plan;

/// A tabular operator with its arguments.
pub trait Operator: Debug + Send + Sync {
    /// Its name in a plan.
    fn name(&self) -> &'static str;

    /// The columns of its rows.
    fn columns(&self) -> &[Column];

    /// Whether one run must see all rows, in order; else each partition has its own run.
    fn wants_all(&self) -> bool;

    /// Starts a pass.
    fn start(&self) -> Box<dyn Run>;
}

/// An operator whose passes are copies of it: it keeps nothing, or no more than fits into it, from batch to batch.
pub(crate) trait Copied: Run + Clone + Debug + Sync + 'static {
    /// Its name in a plan.
    const NAME: &'static str;

    /// Whether one copy must see all rows, in order.
    const WANTS_ALL: bool = false;

    /// The columns of its rows.
    fn columns(&self) -> &[Column];
}

impl<T: Copied> Operator for T {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn columns(&self) -> &[Column] {
        Copied::columns(self)
    }

    fn wants_all(&self) -> bool {
        T::WANTS_ALL
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(self.clone())
    }
}

/// One pass of an operator.
pub trait Run: Send {
    /// Takes the next rows and gives those that are ready.
    fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>>;

    /// Gives further rows of what was pushed last, or of the end after [`finish`](Run::finish), until there are none. A batch that
    /// becomes a million rows is not given at once: between two of them a query can be stopped, and who reads can keep up.
    fn more(&mut self) -> Result<Option<RecordBatch>> {
        Ok(None)
    }

    /// Gives what is left, after the last row.
    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        Ok(Vec::new())
    }

    /// The bytes that `finish` takes beside those held.
    fn finish_size(&self) -> usize {
        0
    }

    /// No further row would change the result.
    fn is_done(&self) -> bool {
        false
    }

    /// The bytes it holds between batches, for the memory pool.
    fn size(&self) -> usize {
        0
    }
}

/// Columns as Arrow lays them out. All may be null to Arrow; strings never are in fact.
#[must_use]
pub fn schema(columns: &[Column]) -> SchemaRef {
    let fields: Vec<Field> = columns.iter().map(|column| Field::new(&column.name, arrow_type(column.ty), true)).collect();
    Arc::new(Schema::new(fields))
}
