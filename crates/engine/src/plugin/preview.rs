//! `preview`: some rows. Where it ends a query, the binder adds the table with their number.

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result as DfResult;
use kql::Column;

use super::{Call, Plugin};
use crate::error::Result;
use crate::local::batch;
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::operator::{Copied, Run};

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("preview", include_str!("preview.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let left = usize::try_from(call.whole(0, "number of rows")?).unwrap_or(0);
    Ok(Parts::above(call.input, Vec::new(), Preview { columns, left }))
}

#[derive(Clone, Debug)]
struct Preview {
    columns: Vec<Column>,
    left: usize,
}

impl Copied for Preview {
    const NAME: &'static str = "preview";
    const WANTS_ALL: bool = true;

    fn columns(&self) -> &[Column] {
        &self.columns
    }
}

impl Run for Preview {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let taken = rows.num_rows().min(self.left);
        self.left -= taken;
        let rows = rows.slice(0, taken);
        Ok(Some(batch(&self.columns, rows.columns().to_vec(), taken)?))
    }

    fn is_done(&self) -> bool {
        self.left == 0
    }
}
