//! `externaldata`: rows of files that stand for storage addresses.
//!
//! In: the addresses and properties that a query writes, and [`Externals`], which says what stands for them here: nothing is ever
//! fetched. Out: a table that reads the files while it is scanned, or an error that says how to map an address.

mod address;
mod delimited;
mod field;
mod json;
mod property;
mod rows;
mod unpack;

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use kql::{Column, Value};

use crate::error::Result;
use crate::operator::schema;

pub use address::Externals;
use field::Field;
use property::{Format, Properties};
use rows::Rows;

/// Batches that a reader may be ahead of who reads it.
const BATCHES_AHEAD: usize = 2;

impl Externals {
    /// The table of an `externaldata`.
    ///
    /// # Errors
    /// An address is not mapped, or a property is none that is known here.
    pub(crate) fn table(
        &self,
        uris: &[String],
        options: &[(String, Value)],
        columns: &[Column],
    ) -> Result<Arc<dyn TableProvider>> {
        let properties = Properties::of(options, columns)?;
        let mut parts: Vec<Arc<dyn PartitionStream>> = Vec::with_capacity(uris.len());
        for uri in uris {
            let format = match properties.format {
                Some(format) => format,
                None => Format::of_address(uri)?,
            };
            let fields = properties.fields.clone().unwrap_or_else(|| field::by_default(columns, format));
            let (path, address) = (self.path(uri)?, address::bare(uri).to_owned());
            let (skip_first, zip_pattern) = (properties.skip_first, properties.zip_pattern.clone());
            let source = Source { path, address, format, skip_first, zip_pattern, fields, columns: columns.to_vec() };
            parts.push(Arc::new(Part { source: Arc::new(source), schema: schema(columns) }));
        }
        if parts.is_empty() {
            return crate::lower::rel::memory_table(vec![crate::lower::rel::values(columns, &[])?]);
        }
        Ok(Arc::new(StreamingTable::try_new(schema(columns), parts)?))
    }
}

/// One file and how it is read.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    /// The address it stands for, without what follows a question mark: that may be a secret.
    address: String,
    format: Format,
    skip_first: bool,
    zip_pattern: Option<String>,
    /// What each column holds.
    fields: Vec<Field>,
    columns: Vec<Column>,
}

impl Source {
    /// Reads the file; `send` says whether more rows are wanted.
    fn read(&self, send: &mut dyn FnMut(datafusion::arrow::array::RecordBatch) -> bool) -> Result<()> {
        let mut rows = Rows::new(self, send);
        unpack::each_file(&self.path, self.zip_pattern.as_deref(), &mut |reader| {
            let reader = rows.bounded(reader);
            match self.format {
                Format::Delimited(delimiter) => delimited::read(reader, delimiter, self.skip_first, &mut rows),
                Format::Lines => delimited::read_lines(reader, self.skip_first, &mut rows),
                Format::Whole => delimited::read_whole(reader, &mut rows),
                Format::JsonLines => json::read_lines(reader, &mut rows),
                Format::Json => json::read(reader, &mut rows),
            }?;
            Ok(rows.is_wanted())
        })?;
        rows.finish()
    }
}

/// A file as a partition of a scan.
#[derive(Debug)]
struct Part {
    source: Arc<Source>,
    schema: SchemaRef,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), BATCHES_AHEAD);
        let (source, sender) = (Arc::clone(&self.source), builder.tx());
        builder.spawn_blocking(move || {
            let read = source.read(&mut |batch| sender.blocking_send(Ok(batch)).is_ok());
            read.map_err(|error| DataFusionError::External(Box::new(error)))
        });
        builder.build()
    }
}

#[cfg(test)]
mod tests;
