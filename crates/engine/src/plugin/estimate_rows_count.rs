//! `estimate_rows_count`: how many rows there are. Here it is no estimate.

use datafusion::common::Result as DfResult;
use kql::plan::Expr;
use kql::{Column, Type, Value};

use super::gather::{self, Gather, Row};
use super::{Call, Plugin};
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::Lower;
use crate::lower::operators::Parts;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("estimate_rows_count", include_str!("estimate_rows_count.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    // A batch without columns would lose its rows.
    let exprs = vec![Expr::literal(Value::Bool(true), Type::Bool)];
    Ok(gather::parts("estimate_rows_count", call.input, exprs, columns, Count::default))
}

#[derive(Default)]
struct Count(i64);

impl Gather for Count {
    fn row(&mut self, _: &[Cell<'_>]) -> DfResult<()> {
        self.0 += 1;
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        Ok(vec![vec![Cell::Long(self.0)]])
    }

    fn size(&self) -> usize {
        0
    }
}
