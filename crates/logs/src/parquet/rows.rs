//! The chosen rows of a row group, batch by batch, under the columns of a table.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, StringViewBuilder};
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use kql::{Column, Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::value::Annotation;
use super::{ParquetFile, guarded, nested, value};
use crate::error::Error;
use crate::scan::{LINE, OFFSET, RAW, arrow_schema};
use crate::stats::Unconverted;

/// A column of the rows.
pub(super) struct RowColumn {
    pub(super) column: Column,
    /// The same text in every row.
    pub(super) text: Option<String>,
    /// Where the columns of the file stand in what is read, of which the first that holds something counts.
    pub(super) sources: Vec<(usize, Type, Annotation)>,
}

/// What it takes to say where rows stand: all columns of the file, which are then all read, and the numbers of the rows.
pub(super) struct Evidence {
    pub(super) file: Arc<ParquetFile>,
    pub(super) numbers: Box<dyn Iterator<Item = u64> + Send>,
}

/// An iterator of batches, none of them empty.
pub struct GroupRows {
    path: PathBuf,
    reader: Option<ParquetRecordBatchReader>,
    outputs: Vec<RowColumn>,
    evidence: Option<Evidence>,
    schema: SchemaRef,
    left: usize,
    lost: usize,
    batch_rows: usize,
    unconverted: BTreeMap<String, Unconverted>,
}

impl GroupRows {
    /// `rows` rows that the reader gives; nulls and constants without one.
    pub(super) fn new(
        path: PathBuf,
        reader: Option<ParquetRecordBatchReader>,
        outputs: Vec<RowColumn>,
        evidence: Option<Evidence>,
        rows: usize,
        batch_rows: usize,
    ) -> GroupRows {
        let mut columns: Vec<Column> = outputs.iter().map(|output| output.column.clone()).collect();
        if evidence.is_some() {
            columns.extend([Column::new(LINE, Type::Long), Column::new(OFFSET, Type::Long), Column::new(RAW, Type::String)]);
        }
        let schema = Arc::new(arrow_schema(&columns));
        GroupRows { path, reader, outputs, evidence, schema, left: rows, lost: 0, batch_rows, unconverted: BTreeMap::new() }
    }

    /// How many rows an error cost, if there was one: it is the last that the iterator gives.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.lost
    }

    /// Values so far that are none of their column's type, and are null in the rows; by column.
    #[must_use]
    pub fn unconverted(&self) -> &BTreeMap<String, Unconverted> {
        &self.unconverted
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let read = match &mut self.reader {
            None => None,
            Some(reader) => match guarded(&self.path, || Ok(reader.next().transpose()?))? {
                Some(batch) => Some(batch),
                None => {
                    let why = format!("damaged: {} rows fewer than its footer says", self.left);
                    return Err(Error::Unreadable { path: self.path.clone(), why });
                }
            },
        };
        let rows = read.as_ref().map_or(self.left.min(self.batch_rows), RecordBatch::num_rows);
        self.left = self.left.saturating_sub(rows);
        let read = read.as_ref().map_or(&[][..], RecordBatch::columns);
        let mut arrays = Vec::with_capacity(self.schema.fields().len());
        for output in &self.outputs {
            let (array, lost) = output.array(read, rows)?;
            if lost > 0 {
                self.unconverted.entry(output.column.name.clone()).or_default().count += lost;
            }
            arrays.push(array);
        }
        if let Some(evidence) = &mut self.evidence {
            arrays.extend(evidence.arrays(read, rows));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(Some(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?))
    }
}

impl Iterator for GroupRows {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_batch();
        if next.is_err() {
            self.lost = std::mem::take(&mut self.left);
        }
        next.transpose()
    }
}

impl RowColumn {
    /// The column of a batch that was read, and how many values are none of its type.
    fn array(&self, read: &[ArrayRef], rows: usize) -> Result<(ArrayRef, u64), ArrowError> {
        let ty = self.column.ty;
        if let Some(text) = &self.text {
            return Ok((value::constant(text, rows), 0));
        }
        let (mut found, mut lost): (Option<ArrayRef>, u64) = (None, 0);
        for (at, own, annotation) in &self.sources {
            let Some(array) = read.get(*at) else { continue };
            let (array, beyond) = value::laid_out(array, *annotation)?;
            let (array, wrong) = value::retyped(&array, *own, ty)?;
            lost += beyond + wrong;
            found = Some(match found {
                None => array,
                Some(first) => zip(&holds_something(&first), &first, &array)?,
            });
        }
        Ok((found.unwrap_or_else(|| value::absent(ty, rows)), lost))
    }
}

/// Which values are neither null nor the empty text.
fn holds_something(array: &ArrayRef) -> BooleanArray {
    match array.as_string_view_opt() {
        Some(texts) => texts.iter().map(|text| Some(text.is_some_and(|text| !text.is_empty()))).collect(),
        None => (0..array.len()).map(|row| Some(array.is_valid(row))).collect(),
    }
}

impl Evidence {
    /// Numbers from 1, numbers from 0, and the rows as JSON.
    fn arrays(&mut self, read: &[ArrayRef], rows: usize) -> [ArrayRef; 3] {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let offsets: Vec<i64> = self.numbers.by_ref().take(rows).map(number).collect();
        let lines: Vec<i64> = offsets.iter().map(|offset| offset.saturating_add(1)).collect();
        let named = self.file.columns.iter().zip(read);
        let columns: Vec<_> = named.map(|(column, array)| (column.name.as_str(), Arc::clone(array), column.annotation)).collect();
        let mut raws = StringViewBuilder::with_capacity(rows);
        let mut raw = String::new();
        for row in 0..rows {
            raw.clear();
            nested::write_row(&columns, row, &mut raw);
            raws.append_value(&raw);
        }
        [Arc::new(Int64Array::from(lines)), Arc::new(Int64Array::from(offsets)), Arc::new(raws.finish())]
    }
}
