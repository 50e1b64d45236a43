//! The shape of most plugins: all rows are read, then rows of its own given.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result as DfResult;
use kql::Column;
use kql::plan::{Expr, Input};

use crate::cell::{Cell, CellBuilder};
use crate::local::{batch, try_each_row};
use crate::lower::operators::Parts;
use crate::lower::rel::with_extra_columns;
use crate::operator::{Operator, Run};

/// A row of a plugin's own.
pub(super) type Row = Vec<Cell<'static>>;

/// What a plugin makes of the rows it is given, in order.
pub(super) trait Gather: Send {
    /// Takes in a row: the values of the expressions that were asked for.
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()>;

    /// The rows that come out after the last.
    fn finish(&mut self) -> DfResult<Vec<Row>>;

    /// The bytes it holds, roughly.
    fn size(&self) -> usize;

    /// The bytes of the rows that come out, where these may be many.
    fn finish_size(&self) -> usize {
        0
    }
}

/// An operator named `name` that reads `exprs` over the input, and gives rows under `columns`.
pub(super) fn parts<G: Gather + 'static>(
    name: &'static str,
    input: &Input,
    exprs: Vec<Expr>,
    columns: Vec<Column>,
    start: impl Fn() -> G + Send + Sync + 'static,
) -> Parts {
    let below = with_extra_columns(&[], &exprs);
    let start = Arc::new(move || Box::new(start()) as Box<dyn Gather>);
    Parts::computed(input, exprs, Gathering { name, below, columns, start })
}

#[derive(Clone)]
struct Gathering {
    name: &'static str,
    below: Vec<Column>,
    columns: Vec<Column>,
    start: Arc<dyn Fn() -> Box<dyn Gather> + Send + Sync>,
}

impl fmt::Debug for Gathering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering").field("name", &self.name).field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl Operator for Gathering {
    fn name(&self) -> &'static str {
        self.name
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass { gathering: self.clone(), gather: (self.start)() })
    }
}

struct Pass {
    gathering: Gathering,
    gather: Box<dyn Gather>,
}

impl Run for Pass {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        try_each_row(&self.gathering.below, rows, |row| self.gather.row(row)).map(|()| None)
    }

    fn finish(&mut self) -> DfResult<Vec<RecordBatch>> {
        let columns = &self.gathering.columns;
        let rows = self.gather.finish()?;
        let mut builders: Vec<CellBuilder> = columns.iter().map(|column| CellBuilder::new(column.ty, rows.len())).collect();
        for row in &rows {
            for (at, builder) in builders.iter_mut().enumerate() {
                builder.push(row.get(at).unwrap_or(&Cell::Null));
            }
        }
        Ok(vec![batch(columns, builders.iter_mut().map(CellBuilder::finish).collect(), rows.len())?])
    }

    fn size(&self) -> usize {
        self.gather.size()
    }

    fn finish_size(&self) -> usize {
        self.gather.finish_size()
    }
}
