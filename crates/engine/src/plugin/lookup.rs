//! Lookups: rows joined with those rows of a table that match them. What `ipv4_lookup` and `geo_polygon_lookup` share.
//!
//! One row for each that matches; without one the row goes, or stays with nulls if `return_unmatched` is true.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::common::Result as DfResult;
use kql::Column;

use crate::cell::{Cell, CellBuilder, Cells};
use crate::local::batch;
use crate::operator::{Operator, Run};

/// Which rows match.
pub(super) trait Matches: Send + Sync {
    /// The pairs of a row, behind whose own columns stands what it is looked up by, and a row of the table that matches it; in the
    /// order of the rows.
    fn pairs(&self, rows: &RecordBatch) -> Vec<(u32, u32)>;
}

/// A lookup.
pub(super) struct Lookup<M> {
    /// The plugin's name.
    pub(super) name: &'static str,
    /// The columns of the result: the input's own, and those of the table that are shown.
    pub(super) columns: Vec<Column>,
    /// How many columns the input has.
    pub(super) width: usize,
    /// The table.
    pub(super) table: RecordBatch,
    /// Its columns.
    pub(super) table_columns: Vec<Column>,
    /// Those of them that are shown.
    pub(super) shown: Vec<usize>,
    /// Which of its rows match.
    pub(super) matches: M,
    /// Rows without a match stay.
    pub(super) unmatched: bool,
}

/// The operator of a lookup.
pub(super) struct Looking<M>(pub(super) Arc<Lookup<M>>);

impl<M> fmt::Debug for Looking<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").field("name", &self.0.name).field("columns", &self.0.columns).finish_non_exhaustive()
    }
}

impl<M: Matches + 'static> Operator for Looking<M> {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn columns(&self) -> &[Column] {
        &self.0.columns
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Looking(Arc::clone(&self.0)))
    }
}

impl<M: Matches> Run for Looking<M> {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let lookup = &self.0;
        let (from, found) = lookup.joined(rows);
        let count = found.len();
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(lookup.columns.len());
        for array in rows.columns().iter().take(lookup.width) {
            arrays.push(take(array, &from, None)?);
        }
        for at in &lookup.shown {
            let column = &lookup.table_columns[*at];
            let cells = Cells::new(column.ty, lookup.table.column(*at));
            let mut builder = CellBuilder::new(column.ty, count);
            found.iter().for_each(|row| builder.push(&row.map_or(Cell::Null, |row| cells.get(row as usize))));
            arrays.push(builder.finish());
        }
        Ok(Some(batch(&lookup.columns, arrays, count)?))
    }
}

impl<M: Matches> Lookup<M> {
    /// For each row of the result the input's, and the table's if there is one.
    fn joined(&self, rows: &RecordBatch) -> (UInt32Array, Vec<Option<u32>>) {
        let pairs = self.matches.pairs(rows);
        if !self.unmatched {
            let (from, found): (Vec<u32>, _) = pairs.into_iter().map(|(row, other)| (row, Some(other))).unzip();
            return (UInt32Array::from(from), found);
        }
        let mut pairs = pairs.into_iter().peekable();
        let (mut from, mut found) = (Vec::new(), Vec::new());
        for row in (0u32..).take(rows.num_rows()) {
            let before = found.len();
            while let Some((_, other)) = pairs.next_if(|(of, _)| *of == row) {
                found.push(Some(other));
            }
            if found.len() == before {
                found.push(None);
            }
            from.resize(found.len(), row);
        }
        (UInt32Array::from(from), found)
    }
}
