//! `narrow`: each cell of the input as a row; and `identity`, which changes nothing.

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result;
use kql::{Column, Type};

use crate::cell::{Cell, CellBuilder};
use crate::local::{batch, each_row};
use crate::operator::{Operator, Run};

/// The input as it is.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) columns: Vec<Column>,
}

impl Operator for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(self.clone())
    }
}

impl Run for Identity {
    fn push(&mut self, rows: &RecordBatch) -> Result<Option<RecordBatch>> {
        Ok(Some(batch(&self.columns, rows.columns().to_vec(), rows.num_rows())?))
    }
}

/// Row number, column name and value as text, row by row.
#[derive(Clone, Debug)]
pub(super) struct Narrow {
    input: Vec<Column>,
    columns: Vec<Column>,
    row: i64,
}

impl Narrow {
    pub(super) fn new(input: &[Column], columns: Vec<Column>) -> Narrow {
        Narrow { input: input.to_vec(), columns, row: 0 }
    }
}

impl Operator for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(self.clone())
    }
}

impl Run for Narrow {
    fn push(&mut self, rows: &RecordBatch) -> Result<Option<RecordBatch>> {
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
