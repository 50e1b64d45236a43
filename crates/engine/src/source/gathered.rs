//! Small batches put together. In: batches as pieces of files give them. Out: fewer and larger ones, after a short while at most.

use std::mem;
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::error::Result as DfResult;

/// Batches that wait for others. Of a file in many pieces each may have a row or two, and handing on a batch costs as much as
/// reading a piece.
#[derive(Default)]
pub(super) struct Gathered {
    batches: Vec<RecordBatch>,
    rows: usize,
    since: Option<Instant>,
}

impl Gathered {
    /// Rows of a batch that does not wait.
    const ENOUGH: usize = 1024;
    /// As long as rows wait for others: who asked may have enough of them.
    const LONGEST: Duration = Duration::from_millis(10);

    /// Adds a batch; all that wait, if they are to wait no longer.
    pub(super) fn add(&mut self, batch: RecordBatch) -> DfResult<Option<RecordBatch>> {
        self.rows += batch.num_rows();
        self.batches.push(batch);
        self.due()
    }

    /// All that wait, if they are to wait no longer.
    pub(super) fn due(&mut self) -> DfResult<Option<RecordBatch>> {
        if self.batches.is_empty() {
            return Ok(None);
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.rows >= Gathered::ENOUGH || since.elapsed() >= Gathered::LONGEST { self.all() } else { Ok(None) }
    }

    /// All that wait.
    pub(super) fn all(&mut self) -> DfResult<Option<RecordBatch>> {
        (self.rows, self.since) = (0, None);
        let batches = mem::take(&mut self.batches);
        Ok(match batches.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            [first, ..] => Some(concat_batches(first.schema_ref(), &batches)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array};

    use super::*;

    fn batch(rows: usize) -> RecordBatch {
        let column = Arc::new(Int64Array::from_iter_values(0..rows as i64)) as ArrayRef;
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    }

    #[test]
    fn batches_wait_for_others_but_not_for_long() {
        let rows = |batch: DfResult<Option<RecordBatch>>| batch.unwrap().map(|batch| batch.num_rows());
        let mut gathered = Gathered::default();
        assert_eq!((rows(gathered.due()), rows(gathered.all())), (None, None));
        assert_eq!(rows(gathered.add(batch(Gathered::ENOUGH))), Some(Gathered::ENOUGH));
        assert_eq!(rows(gathered.add(batch(1))), None);
        assert_eq!(rows(gathered.add(batch(Gathered::ENOUGH))), Some(Gathered::ENOUGH + 1));
        assert_eq!(rows(gathered.add(batch(2))), None);
        assert_eq!((rows(gathered.all()), rows(gathered.all())), (Some(2), None));
        assert_eq!(rows(gathered.add(batch(3))), None);
        std::thread::sleep(Gathered::LONGEST);
        assert_eq!((rows(gathered.due()), rows(gathered.due())), (Some(3), None));
    }
}
