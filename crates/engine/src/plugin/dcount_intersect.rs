//! `dcount_intersect`: how many values the first of several counts has in common with the next ones.

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result as DfResult;
use kql::{Column, Type};

use super::{Call, Plugin};
use crate::aggregate::sketch::Hll;
use crate::cell::{Cell, CellBuilder, Cells};
use crate::error::{Error, Result, code};
use crate::local::batch;
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::operator::{Copied, Run};

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("dcount_intersect", include_str!("dcount_intersect.md"), parts);

/// Counts in one call at most.
const COUNTS_MAX: usize = 16;

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let counts: Vec<_> = call.exprs().cloned().collect();
    if counts.len() > COUNTS_MAX {
        return Err(Error::new(code::ARGUMENT, format!("dcount_intersect takes at most {COUNTS_MAX} counts")));
    }
    let width = call.input.columns.len();
    Ok(Parts::above(call.input, counts, Intersect { columns, width }))
}

/// Below it stand the input's columns, then the counts.
#[derive(Clone, Debug)]
struct Intersect {
    columns: Vec<Column>,
    width: usize,
}

impl Copied for Intersect {
    const NAME: &'static str = "dcount_intersect";

    fn columns(&self) -> &[Column] {
        &self.columns
    }
}

impl Run for Intersect {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let counts: Vec<Cells<'_>> =
            rows.columns()[self.width..].iter().map(|column| Cells::new(Type::Dynamic, column)).collect();
        let mut builders: Vec<CellBuilder> = counts.iter().map(|_| CellBuilder::new(Type::Long, rows.num_rows())).collect();
        for row in 0..rows.num_rows() {
            let sketches: Option<Vec<Hll>> = counts.iter().map(|column| Hll::read(column.get(row).as_str())).collect();
            for (at, builder) in builders.iter_mut().enumerate() {
                let common = sketches.as_ref().map(|sketches| Hll::intersection(&sketches[..=at]));
                builder.push(&common.map_or(Cell::Null, Cell::Long));
            }
        }
        let arrays = rows.columns()[..self.width].iter().cloned().chain(builders.iter_mut().map(CellBuilder::finish));
        Ok(Some(batch(&self.columns, arrays.collect(), rows.num_rows())?))
    }
}
