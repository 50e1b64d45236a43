//! Batches as rows of values: the edge of the engine.

use datafusion::arrow::array::RecordBatch;
use kql::{Column, Type, Value};

use crate::cell::{Cells, normalized};

/// The rows of batches whose first columns are `columns`.
pub(crate) fn collect(columns: &[Column], batches: &[RecordBatch]) -> Vec<Vec<Value>> {
    let mut rows = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for batch in batches {
        let arrays: Vec<_> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| normalized(column.ty, batch.column(at)).unwrap_or_else(|_| batch.column(at).clone()))
            .collect();
        let cells: Vec<Cells<'_>> = columns.iter().zip(&arrays).map(|(column, array)| Cells::new(column.ty, array)).collect();
        for row in 0..batch.num_rows() {
            let value = |(cells, column): (&Cells<'_>, &Column)| match cells.get(row).to_value() {
                Value::Null if column.ty == Type::String => Value::String(String::new()),
                value => value,
            };
            rows.push(cells.iter().zip(columns).map(value).collect());
        }
    }
    rows
}
