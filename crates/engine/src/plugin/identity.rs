//! `identity`: the input as it is.

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
pub(super) const PLUGIN: Plugin = Plugin::new("identity", include_str!("identity.md"), parts);

fn parts(_: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    Ok(Parts::above(call.input, Vec::new(), Identity { columns }))
}

#[derive(Clone, Debug)]
struct Identity {
    columns: Vec<Column>,
}

impl Copied for Identity {
    const NAME: &'static str = "identity";

    fn columns(&self) -> &[Column] {
        &self.columns
    }
}

impl Run for Identity {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        Ok(Some(batch(&self.columns, rows.columns().to_vec(), rows.num_rows())?))
    }
}
