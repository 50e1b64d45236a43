//! One row for each combination of keys, the first: the left side of an `innerunique` join.

use std::collections::HashSet;

use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::Result;
use kql::Column;
use logs::arrow_type;

use super::{Operator, Run};

/// Keeps the first row of each key.
#[derive(Debug)]
pub struct Dedup {
    /// The columns, in and out.
    pub columns: Vec<Column>,
    /// The positions of the keys.
    pub keys: Vec<usize>,
}

impl Operator for Dedup {
    fn name(&self) -> &'static str {
        "dedup"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        let fields = self.keys.iter().map(|key| SortField::new(arrow_type(self.columns[*key].ty))).collect();
        Box::new(Pass { keys: self.keys.clone(), converter: RowConverter::new(fields).ok(), seen: HashSet::default(), bytes: 0 })
    }
}

struct Pass {
    keys: Vec<usize>,
    converter: Option<RowConverter>,
    seen: HashSet<OwnedRow, foldhash::fast::RandomState>,
    bytes: usize,
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let Some(converter) = &self.converter else { return Ok(Some(batch.clone())) };
        let keys: Vec<_> = self.keys.iter().map(|key| batch.column(*key).clone()).collect();
        let rows = converter.convert_columns(&keys)?;
        let mut keep = Vec::with_capacity(batch.num_rows());
        for row in &rows {
            let is_new = self.seen.insert(row.owned());
            self.bytes += if is_new { row.as_ref().len() + 48 } else { 0 };
            keep.push(is_new);
        }
        Ok(Some(filter_record_batch(batch, &BooleanArray::from(keep))?))
    }

    fn size(&self) -> usize {
        self.bytes
    }
}
