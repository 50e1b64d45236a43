//! `sample N`: rows picked evenly from all, the same ones each time.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::common::Result;
use kql::Column;

use super::{Operator, Run, schema};

/// The operator.
#[derive(Debug)]
pub struct Sample {
    /// The columns, in and out.
    pub columns: Vec<Column>,
    /// How many rows.
    pub count: usize,
}

impl Operator for Sample {
    fn name(&self) -> &'static str {
        "sample"
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
            count: self.count,
            seen: 0,
            kept: Vec::new(),
            state: 0x9E37_79B9_7F4A_7C15,
        })
    }
}

/// Reservoir sampling (Vitter's algorithm R) with a generator of fixed seed: a report must not change between two runs.
struct Pass {
    columns: Vec<Column>,
    count: usize,
    seen: u64,
    kept: Vec<RecordBatch>,
    state: u64,
}

impl Pass {
    /// xorshift64*.
    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        for row in 0..batch.num_rows() {
            self.seen += 1;
            if self.kept.len() < self.count {
                self.kept.push(batch.slice(row, 1));
                continue;
            }
            let place = usize::try_from(self.next() % self.seen).unwrap_or(usize::MAX);
            if let Some(kept) = self.kept.get_mut(place) {
                *kept = batch.slice(row, 1);
            }
        }
        Ok(None)
    }

    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        Ok(vec![concat_batches(&schema(&self.columns), &self.kept)?])
    }
}
