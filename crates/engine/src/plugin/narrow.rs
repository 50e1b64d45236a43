//! `narrow`: each cell of the input as a row.

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result as DfResult;
use kql::{Column, Type};

use super::{Call, Plugin};
use crate::cell::{Cell, CellBuilder};
use crate::error::Result;
use crate::local::{batch, each_row};
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::operator::{Copied, Run};

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("narrow", include_str!("narrow.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    Ok(Parts::above(call.input, Vec::new(), Narrow { input: call.input.columns.clone(), columns, row: 0 }))
}

/// Row number, column name and value as text, row by row.
#[derive(Clone, Debug)]
struct Narrow {
    input: Vec<Column>,
    columns: Vec<Column>,
    row: i64,
}

impl Copied for Narrow {
    const NAME: &'static str = "narrow";
    const WANTS_ALL: bool = true;

    fn columns(&self) -> &[Column] {
        &self.columns
    }
}

impl Run for Narrow {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let mut builders =
            [CellBuilder::new(Type::Long, 0), CellBuilder::new(Type::String, 0), CellBuilder::new(Type::String, 0)];
        let mut count = 0;
        let input = &self.input;
        let number = &mut self.row;
        each_row(input, rows, |row| {
            for (cell, column) in row.iter().zip(input) {
                builders[0].push(&Cell::Long(*number));
                builders[1].push(&Cell::text(column.name.as_str()));
                builders[2].push(&Cell::text(cell.to_value().to_text()));
                count += 1;
            }
            *number += 1;
        });
        Ok(Some(batch(&self.columns, builders.iter_mut().map(CellBuilder::finish).collect(), count)?))
    }
}
