//! The last row first: the right side of a `lookup`, whose matches for a row come so in recorded answers of a real Kusto.

use datafusion::arrow::array::{RecordBatch, UInt32Array};
use datafusion::arrow::compute::take_record_batch;
use datafusion::common::{Result, exec_datafusion_err};
use kql::Column;

use super::held::Held;
use super::{Operator, Run};

/// Gives rows from the last to the first.
#[derive(Debug)]
pub struct Reversed {
    /// The columns, in and out.
    pub columns: Vec<Column>,
}

impl Operator for Reversed {
    fn name(&self) -> &'static str {
        "reversed"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass { held: Held::default() })
    }
}

struct Pass {
    held: Held,
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        self.held.push(batch)?;
        Ok(None)
    }

    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        let Some(schema) = self.held.schema() else { return Ok(Vec::new()) };
        let rows = self.held.take(&schema)?;
        let count = u32::try_from(rows.num_rows()).map_err(|_| exec_datafusion_err!("too many rows to turn around"))?;
        let from_the_last = UInt32Array::from_iter_values((0..count).rev());
        Ok(vec![take_record_batch(&rows, &from_the_last)?])
    }

    fn size(&self) -> usize {
        self.held.bytes()
    }

    /// The rows once more.
    fn finish_size(&self) -> usize {
        2 * self.held.bytes()
    }
}
