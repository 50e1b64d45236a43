//! `sample N`: rows picked evenly from all, the same ones each time.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::interleave_record_batch;
use datafusion::common::Result;
use kql::Column;

use super::held::{bytes_of, compact};
use super::{Operator, Run};

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
            count: self.count,
            seen: 0,
            batches: Vec::new(),
            places: Vec::new(),
            bytes: 0,
            compacted: 0,
            state: 0x9E37_79B9_7F4A_7C15,
        })
    }
}

/// Reservoir sampling (Vitter's algorithm R) with a generator of fixed seed: a report must not change between two runs.
struct Pass {
    count: usize,
    seen: u64,
    /// Batches of which some rows are in the sample.
    batches: Vec<RecordBatch>,
    /// The sample: batch and row.
    places: Vec<(usize, usize)>,
    bytes: usize,
    /// The bytes after the last time that rows out of the sample were let go.
    compacted: usize,
    state: u64,
}

/// Bytes up to which rows that fell out of the sample are not let go.
const SLACK: usize = 256 << 10;

impl Pass {
    /// xorshift64*.
    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Holds the rows of the sample alone.
    fn let_go(&mut self) -> Result<()> {
        if self.places.is_empty() {
            self.batches.clear();
        } else {
            let batches: Vec<&RecordBatch> = self.batches.iter().collect();
            let sample = compact(&interleave_record_batch(&batches, &self.places)?)?;
            self.places = (0..sample.num_rows()).map(|row| (0, row)).collect();
            self.batches = vec![sample];
        }
        self.bytes = self.batches.iter().map(bytes_of).sum();
        self.compacted = self.bytes;
        Ok(())
    }
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let mut taken = false;
        for row in 0..batch.num_rows() {
            self.seen += 1;
            let place = (self.batches.len(), row);
            if self.places.len() < self.count {
                self.places.push(place);
                taken = true;
                continue;
            }
            let slot = usize::try_from(self.next() % self.seen).unwrap_or(usize::MAX);
            if let Some(kept) = self.places.get_mut(slot) {
                *kept = place;
                taken = true;
            }
        }
        if taken {
            let batch = compact(batch)?;
            self.bytes += bytes_of(&batch);
            self.batches.push(batch);
            if self.bytes > SLACK + 2 * self.compacted {
                self.let_go()?;
            }
        }
        Ok(None)
    }

    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        self.let_go()?;
        Ok(std::mem::take(&mut self.batches))
    }

    fn size(&self) -> usize {
        self.bytes + self.places.capacity() * size_of::<(usize, usize)>()
    }

    fn finish_size(&self) -> usize {
        self.bytes
    }
}
