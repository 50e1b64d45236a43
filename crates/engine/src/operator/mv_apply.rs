//! `mv-apply`: a subquery over the rows that each row expands to.
//!
//! A row that expands to nothing, or whose subquery gives nothing, is gone.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{concat, take};
use datafusion::common::Result;
use kql::Column;

use super::mv_expand::{Expanded, Expansion};
use super::{Operator, Run, schema};
use crate::local::{Context, Local};

/// The operator.
pub(crate) struct MvApply {
    /// The input's kept columns, then the subquery's.
    pub(crate) columns: Vec<Column>,
    /// The columns that the subquery sees.
    pub(crate) context: Vec<Column>,
    /// What is done to each row first.
    pub(crate) expansion: Expansion,
    /// The input's columns that start the output.
    pub(crate) kept: Vec<usize>,
    /// The subquery.
    pub(crate) subquery: Arc<Local>,
}

impl std::fmt::Debug for MvApply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MvApply").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl Operator for MvApply {
    fn name(&self) -> &'static str {
        "mv-apply"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass {
            columns: self.columns.clone(),
            context: self.context.clone(),
            expansion: self.expansion.clone(),
            kept: self.kept.clone(),
            subquery: Arc::clone(&self.subquery),
            rest: None,
        })
    }
}

struct Pass {
    columns: Vec<Column>,
    context: Vec<Column>,
    expansion: Expansion,
    kept: Vec<usize>,
    subquery: Arc<Local>,
    /// A batch, and its first row that is not expanded yet.
    rest: Option<(RecordBatch, usize)>,
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        self.rest = Some((batch.clone(), 0));
        self.more()
    }

    fn more(&mut self) -> Result<Option<RecordBatch>> {
        let Some((batch, start)) = self.rest.take() else { return Ok(None) };
        let Expanded { rows, from, next } = self.expansion.expand(&self.context, &batch, start)?;
        let applied = self.apply(&batch, &rows, from.values())?;
        self.rest = (next < batch.num_rows()).then_some((batch, next));
        Ok(Some(applied))
    }
}

impl Pass {
    /// The subquery's rows for each row of the batch, behind what is kept of it.
    fn apply(&self, batch: &RecordBatch, expanded: &RecordBatch, from: &[u32]) -> Result<RecordBatch> {
        let mut results: Vec<RecordBatch> = Vec::new();
        let mut sources: Vec<u32> = Vec::new();
        let mut start = 0;
        while start < from.len() {
            let end = start + from[start..].iter().take_while(|row| **row == from[start]).count();
            let result = self.subquery.run(&Context { rows: &expanded.slice(start, end - start), key: None })?;
            sources.extend(std::iter::repeat_n(from[start], result.num_rows()));
            results.push(result);
            start = end;
        }
        if sources.is_empty() {
            return Ok(RecordBatch::new_empty(schema(&self.columns)));
        }
        let sources = UInt32Array::from(sources);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for column in &self.kept {
            arrays.push(take(batch.column(*column), &sources, None)?);
        }
        for at in 0..self.columns.len() - self.kept.len() {
            let parts: Vec<&dyn datafusion::arrow::array::Array> =
                results.iter().map(|result| result.column(at).as_ref()).collect();
            arrays.push(concat(&parts)?);
        }
        Ok(RecordBatch::try_new(schema(&self.columns), arrays)?)
    }
}
