//! Batches as rows of values: the edge of the engine.

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::common::Result;
use kql::{Column, Type, Value};

use crate::cell::{Cells, normalized};
use crate::local::batch;
use crate::operator::schema;
use crate::text_set::TextSet;

/// All rows in one batch, laid out as the columns' types say.
pub(crate) fn one_batch(columns: &[Column], batches: &[RecordBatch]) -> Result<RecordBatch> {
    let mut normal = Vec::with_capacity(batches.len());
    for rows in batches {
        let arrays = columns.iter().zip(rows.columns()).map(|(column, array)| normalized(column.ty, array));
        normal.push(batch(columns, arrays.collect::<Result<_>>()?, rows.num_rows())?);
    }
    Ok(concat_batches(&schema(columns), &normal)?)
}

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

/// The texts of the first column of batches; it is one of strings.
pub(crate) fn texts(batches: &[RecordBatch]) -> Result<TextSet> {
    let arrays: Vec<_> = batches.iter().map(|batch| normalized(Type::String, batch.column(0))).collect::<Result<_>>()?;
    let texts = arrays.iter().filter_map(|array| array.as_string_view_opt()).flatten();
    Ok(texts.map(Option::unwrap_or_default).collect())
}
