//! `mv-expand`: the row once for each element of its arrays.
//!
//! An array gives its elements, a bag its pairs, null one null, any other value itself; of several items the longest decides and
//! the others are padded with null. An empty array alone gives no row (`mv-expand-operator`, and the answers of a real Kusto).

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::common::Result;
use kql::{Column, Type};
use serde_json::value::RawValue;

use super::{Operator, Run, schema};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::element;

/// The operator.
#[derive(Debug)]
pub struct MvExpand {
    /// The input's columns, some replaced, and the new ones.
    pub columns: Vec<Column>,
    /// What is done to each row.
    pub expansion: Expansion,
}

/// What is done to each row.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// How many columns the input has; computed ones stand behind them.
    pub width: usize,
    /// How many columns come out.
    pub output: usize,
    /// What is expanded.
    pub items: Vec<Item>,
    /// The output column of the element's index.
    pub item_index: Option<usize>,
    /// At most that many rows for each row.
    pub limit: Option<usize>,
    /// A bag's pairs are `[key, value]`, not `{key: value}`.
    pub bag_as_array: bool,
}

/// One array that is expanded.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its column below.
    pub source: usize,
    /// The type of that column.
    pub source_type: Type,
    /// The column that the elements go to.
    pub position: usize,
    /// The type of the elements.
    pub ty: Type,
}

impl Operator for MvExpand {
    fn name(&self) -> &'static str {
        "mv-expand"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass { columns: self.columns.clone(), expansion: self.expansion.clone(), rest: None })
    }
}

struct Pass {
    columns: Vec<Column>,
    expansion: Expansion,
    /// A batch, and its first row that is not expanded yet.
    rest: Option<(RecordBatch, usize)>,
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        self.rest = Some((batch.clone(), 0));
        self.more()
    }

    fn more(&mut self) -> Result<Option<RecordBatch>> {
        let Some((batch, start)) = &self.rest else { return Ok(None) };
        let expanded = self.expansion.expand(&self.columns, batch, *start)?;
        self.rest = (expanded.next < batch.num_rows()).then(|| (batch.clone(), expanded.next));
        Ok(Some(expanded.rows))
    }
}

/// Rows at which an expansion pauses.
const ROWS: usize = 16 << 10;

/// Some rows of a batch, expanded.
pub struct Expanded {
    /// The rows.
    pub rows: RecordBatch,
    /// For each the row it came from.
    pub from: UInt32Array,
    /// The first row of the batch that is still to be expanded.
    pub next: usize,
}

impl Expansion {
    /// Expands rows from `start` on, until there are many.
    pub fn expand(&self, columns: &[Column], batch: &RecordBatch, start: usize) -> Result<Expanded> {
        let sources: Vec<Cells<'_>> =
            self.items.iter().map(|item| Cells::new(item.source_type, batch.column(item.source))).collect();
        let mut from: Vec<u32> = Vec::new();
        let mut indexes = CellBuilder::new(Type::Long, batch.num_rows());
        let mut builders: Vec<CellBuilder> = self.items.iter().map(|item| CellBuilder::new(item.ty, batch.num_rows())).collect();
        let mut next = start;
        while next < batch.num_rows() && from.len() < ROWS {
            let row = next;
            next += 1;
            let cells: Vec<Cell<'_>> = sources.iter().map(|source| source.get(row)).collect();
            let elements: Vec<Vec<Cell<'_>>> =
                cells.iter().zip(&self.items).map(|(cell, item)| self.elements(cell, item.ty)).collect();
            let longest = elements.iter().map(Vec::len).max().unwrap_or(0);
            let count = self.limit.map_or(longest, |limit| longest.min(limit));
            for at in 0..count {
                from.push(u32::try_from(row).unwrap_or(u32::MAX));
                indexes.push(&Cell::Long(i64::try_from(at).unwrap_or(i64::MAX)));
                for (builder, elements) in builders.iter_mut().zip(&elements) {
                    builder.push(elements.get(at).unwrap_or(&Cell::Null));
                }
            }
        }
        let from = UInt32Array::from(from);
        let mut arrays: Vec<Option<ArrayRef>> = vec![None; self.output];
        for (position, array) in arrays.iter_mut().enumerate().take(self.width) {
            let replaced = self.items.iter().any(|item| item.position == position);
            *array = if replaced { None } else { Some(take(batch.column(position), &from, None)?) };
        }
        for (item, builder) in self.items.iter().zip(&mut builders) {
            arrays[item.position] = Some(builder.finish());
        }
        if let Some(position) = self.item_index {
            arrays[position] = Some(indexes.finish());
        }
        let rows = from.len();
        let arrays =
            arrays.into_iter().zip(columns).map(|(array, column)| array.unwrap_or_else(|| crate::cell::nulls(column.ty, rows)));
        let rows = RecordBatch::try_new(schema(columns), arrays.collect())?;
        Ok(Expanded { rows, from, next })
    }

    /// The elements of one value.
    fn elements<'a>(&self, cell: &'a Cell<'_>, ty: Type) -> Vec<Cell<'a>> {
        let Cell::Dynamic(text) = cell else { return vec![element::typed(cell, ty)] };
        match text.as_bytes().first() {
            Some(b'[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
                elements.into_iter().map(|raw| element::from_json(raw.get(), ty)).collect()
            }
            Some(b'{') => {
                let pairs = element::pairs(text);
                let render = |(key, raw): (String, &'a RawValue)| {
                    let key = serde_json::Value::from(key);
                    let text = if self.bag_as_array { format!("[{key},{raw}]") } else { format!("{{{key}:{raw}}}") };
                    element::typed(&Cell::Dynamic(text.into()), ty).into_owned()
                };
                pairs.into_iter().map(render).collect()
            }
            _ => vec![element::from_json(text, ty)],
        }
    }
}
