//! `partition by`: a subquery over the rows of each key, keys in the order in which they appear.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, UInt32Array};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::common::{DataFusionError, Result};
use indexmap::IndexMap;
use kql::{Column, Type, Value};

use super::held::Held;
use super::{Operator, Run, schema};
use crate::cell::Cells;
use crate::error::{Error, code};
use crate::local::{Context, Local};
use crate::row_key;

/// The operator. The key stands in the column behind the input's own.
pub(crate) struct Partition {
    /// The subquery's columns.
    pub(crate) columns: Vec<Column>,
    /// The input's columns, which the subquery sees.
    pub(crate) context: Vec<Column>,
    /// The type of the key.
    pub(crate) key_type: Type,
    /// The subquery.
    pub(crate) subquery: Arc<Local>,
    /// It reads tables of its own, and of the rows handed to it the key alone.
    pub(crate) takes_key: bool,
    /// How many keys there may be.
    pub(crate) keys_max: Option<usize>,
}

impl std::fmt::Debug for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partition").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl Operator for Partition {
    fn name(&self) -> &'static str {
        "partition"
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
            context: self.context.clone(),
            key_type: self.key_type,
            subquery: Arc::clone(&self.subquery),
            takes_key: self.takes_key,
            keys_max: self.keys_max,
            held: Held::default(),
            rows: None,
            groups: Vec::new().into_iter(),
        })
    }
}

struct Pass {
    columns: Vec<Column>,
    context: Vec<Column>,
    key_type: Type,
    subquery: Arc<Local>,
    takes_key: bool,
    keys_max: Option<usize>,
    held: Held,
    /// All rows, once they are there, and the rows of the keys that are still to come.
    rows: Option<RecordBatch>,
    groups: std::vec::IntoIter<(Value, Vec<u32>)>,
}

/// Rows of the input that one step takes.
const ROWS: usize = 16 << 10;

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        self.held.push(batch)?;
        Ok(None)
    }

    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        let Some(below) = self.held.schema() else { return Ok(Vec::new()) };
        let all = self.held.take(&below)?;
        let width = self.context.len();
        let keys = Cells::new(self.key_type, all.column(width));
        let mut groups: IndexMap<Vec<u8>, Vec<u32>> = IndexMap::new();
        for row in 0..all.num_rows() {
            let mut key = Vec::new();
            row_key::push(&mut key, &keys.get(row));
            groups.entry(key).or_default().push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        if let Some(most) = self.keys_max.filter(|most| groups.len() > *most) {
            let message =
                format!("partition takes at most {most} keys, but there are {}: write hint.strategy=native", groups.len());
            return Err(DataFusionError::External(Box::new(Error::new(code::ARGUMENT, message))));
        }
        self.rows = Some(crate::local::batch(&self.context, all.columns()[..width].to_vec(), all.num_rows())?);
        let groups: Vec<(Value, Vec<u32>)> = groups
            .into_values()
            .map(|group| (keys.get(group.first().map_or(0, |row| *row as usize)).to_value(), group))
            .collect();
        self.groups = groups.into_iter();
        Ok(Vec::new())
    }

    fn more(&mut self) -> Result<Option<RecordBatch>> {
        let Some(rows) = &self.rows else { return Ok(None) };
        let (mut out, mut taken) = (Vec::new(), 0);
        for (key, group) in self.groups.by_ref() {
            taken += group.len();
            let rows = take_record_batch(rows, &UInt32Array::from(group))?;
            out.push(self.subquery.run(&Context { rows: &rows, key: self.takes_key.then_some(&key) })?);
            if taken >= ROWS {
                break;
            }
        }
        if out.is_empty() {
            self.rows = None;
            return Ok(None);
        }
        Ok(Some(concat_batches(&schema(&self.columns), &out)?))
    }

    fn size(&self) -> usize {
        self.held.bytes()
    }

    fn finish_size(&self) -> usize {
        self.held.bytes() + self.held.rows() * size_of::<[usize; 8]>()
    }
}
