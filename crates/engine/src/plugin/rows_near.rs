//! `rows_near`: the rows for which a condition is true, and their neighbors.

use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::compute::{concat_batches, filter_record_batch};
use datafusion::common::Result as DfResult;
use kql::{Column, Type};

use super::{Call, Plugin};
use crate::cell::{Cell, Cells};
use crate::error::Result;
use crate::local::batch;
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::operator::held::{bytes_of, compact};
use crate::operator::{Operator, Run};

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("rows_near", include_str!("rows_near.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let rows = |position, what| Ok::<_, crate::Error>(usize::try_from(call.whole(position, what)?).unwrap_or(0));
    let before = rows(1, "number of rows")?;
    let after = if call.args.len() > 2 { rows(2, "number of rows after")? } else { before };
    Ok(Parts::above(call.input, vec![call.expr(0)?.clone()], RowsNear { columns, before, after }))
}

#[derive(Clone, Debug)]
struct RowsNear {
    columns: Vec<Column>,
    before: usize,
    after: usize,
}

impl Operator for RowsNear {
    fn name(&self) -> &'static str {
        "rows_near"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass { near: self.clone(), held: None, after: 0 })
    }
}

struct Pass {
    near: RowsNear,
    /// The last rows, of which a match to come may want those that are not out yet.
    held: Option<(RecordBatch, Vec<bool>)>,
    /// How many of the rows to come are wanted by the last match.
    after: usize,
}

impl Run for Pass {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let width = self.near.columns.len();
        let condition = Cells::new(Type::Bool, rows.column(width));
        let own = batch(&self.near.columns, rows.columns()[..width].to_vec(), rows.num_rows())?;
        let (held, is_out) = match self.held.take() {
            Some((held, is_out)) => (concat_batches(&own.schema(), [&held, &own])?, is_out),
            None => (own, Vec::new()),
        };
        let start = is_out.len();
        let mut wanted = vec![false; held.num_rows()];
        for row in 0..rows.num_rows() {
            let at = start + row;
            if condition.get(row) == Cell::Bool(true) {
                wanted[at.saturating_sub(self.near.before)..=at].fill(true);
                self.after = self.near.after;
            } else if self.after > 0 {
                self.after -= 1;
                wanted[at] = true;
            }
        }
        wanted.iter_mut().zip(&is_out).for_each(|(wanted, is_out)| *wanted &= !is_out);
        let mut is_out = is_out;
        is_out.resize(wanted.len(), false);
        is_out.iter_mut().zip(&wanted).for_each(|(is_out, wanted)| *is_out |= wanted);
        let dropped = held.num_rows().saturating_sub(self.near.before);
        self.held = Some((compact(&held.slice(dropped, held.num_rows() - dropped))?, is_out.split_off(dropped)));
        Ok(Some(filter_record_batch(&held, &BooleanArray::from(wanted))?))
    }

    fn size(&self) -> usize {
        self.held.as_ref().map_or(0, |(rows, is_out)| bytes_of(rows) + is_out.len())
    }
}
