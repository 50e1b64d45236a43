//! Rows that are kept until all have been seen, and how many bytes they take.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringViewArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;

/// Batches in order.
#[derive(Debug, Default)]
pub(crate) struct Held {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl Held {
    /// Keeps a batch.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = compact(batch)?;
        self.bytes += bytes_of(&batch);
        self.rows += batch.num_rows();
        self.batches.push(batch);
        Ok(())
    }

    /// The bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The batches, in order.
    pub(crate) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// All rows as one batch; nothing is kept any more.
    pub(crate) fn take(&mut self, schema: &SchemaRef) -> Result<RecordBatch> {
        self.rows = 0;
        Ok(concat_batches(schema, &std::mem::take(&mut self.batches))?)
    }

    /// The schema of the rows, if there are any.
    pub(crate) fn schema(&self) -> Option<SchemaRef> {
        self.batches.first().map(RecordBatch::schema)
    }
}

/// The batch without texts that none of its rows shows: a filter leaves them where they are.
pub(crate) fn compact(batch: &RecordBatch) -> Result<RecordBatch> {
    let column = |array: &ArrayRef| -> ArrayRef {
        let Some(views) = array.as_string_view_opt() else { return Arc::clone(array) };
        let held: usize = views.data_buffers().iter().map(|buffer| buffer.capacity()).sum();
        if held > WASTE + 2 * views.total_buffer_bytes_used() { Arc::new(views.gc()) } else { Arc::clone(array) }
    };
    let columns = batch.columns().iter().map(column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &options)?)
}

/// Bytes that may be held in vain for a column.
const WASTE: usize = 16 << 10;

/// The bytes that the batch's own rows take, whatever else its buffers hold.
pub(crate) fn bytes_of(batch: &RecordBatch) -> usize {
    let texts = |array: &ArrayRef| array.as_string_view_opt().map_or(0, StringViewArray::total_buffer_bytes_used);
    copied_bytes(batch) + batch.columns().iter().map(texts).sum::<usize>()
}

/// The bytes that joining the batch to others copies: texts stay where they are.
pub(crate) fn copied_bytes(batch: &RecordBatch) -> usize {
    let column = |array: &ArrayRef| match array.as_string_view_opt() {
        Some(views) => views.len() * size_of::<u128>(),
        None => array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()),
    };
    batch.columns().iter().map(column).sum()
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    #[test]
    fn a_slice_does_not_hold_the_texts_of_the_whole() {
        let texts = StringViewArray::from_iter_values((0..10_000).map(|n| format!("a text of some length, number {n}")));
        let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8View, true)]));
        let batch = RecordBatch::try_new(schema, vec![Arc::new(texts)]).unwrap();
        let mut held = Held::default();
        held.push(&batch.slice(10, 2)).unwrap();
        assert!(held.bytes() < 200, "{}", held.bytes());
        let views = held.batches[0].column(0).as_string_view();
        assert!(views.data_buffers().iter().map(|buffer| buffer.len()).sum::<usize>() < 200);
        assert_eq!(views.value(1), "a text of some length, number 11");
    }
}
