//! Log files as tables: each byte range of a file is a partition, and only the columns that a query wants are decoded.
//!
//! In: files of the `logs` crate. Out: one table for each name they fill, with the columns of all files that fill it; and, where it
//! is asked for, columns that say where each row stands.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringViewArray, new_null_array};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use kql::{Column, Type};
use logs::{ByteRange, LogFile, ScanRequest, ScanStats};

use crate::error::{Error, Result, code};
use crate::operator::schema;

/// Batches that a reader may be ahead of who reads it.
const BATCHES_AHEAD: usize = 2;

/// Under which names a table shows where its rows stand.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The file: `string`.
    pub path: String,
    /// The line (from 1): `long`, null where the range does not begin the file.
    pub line: String,
    /// The byte in the unpacked file: `long`.
    pub offset: String,
    /// The record as it stands there: `string`.
    pub raw: String,
}

impl Provenance {
    fn columns(&self) -> [Column; 4] {
        [
            Column::new(&self.path, Type::String),
            Column::new(&self.line, Type::Long),
            Column::new(&self.offset, Type::Long),
            Column::new(&self.raw, Type::String),
        ]
    }
}

/// Is told what a scan of a range of a file's table saw, once it has ended.
pub type OnScanned = Arc<dyn Fn(&Path, &str, &ScanStats) + Send + Sync>;

/// Is told how many unpacked bytes were read since it was told last.
pub type OnRead = Arc<dyn Fn(u64) + Send + Sync>;

/// How log files are read.
#[derive(Clone, Default)]
pub struct LogOptions {
    /// Show where rows stand, under these names.
    pub provenance: Option<Provenance>,
    /// Who is told about each scan.
    pub on_scanned: Option<OnScanned>,
    /// Who is told how far reading is.
    pub on_read: Option<OnRead>,
    /// How many ranges of a file are read side by side.
    pub parts: usize,
}

/// The tables that files fill: their names, columns and readers, sorted by name.
pub(crate) fn tables(files: &[LogFile], options: &LogOptions) -> Result<Vec<LogTable>> {
    let mut names: Vec<&str> = files.iter().flat_map(|file| &file.tables).map(|table| table.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| LogTable::new(name, files, options)).collect()
}

/// One table, whichever files fill it.
pub(crate) struct LogTable {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    schema: SchemaRef,
    files: Vec<Arc<LogFile>>,
    options: LogOptions,
}

impl fmt::Debug for LogTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogTable").field("name", &self.name).field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl LogTable {
    fn new(name: &str, files: &[LogFile], options: &LogOptions) -> Result<LogTable> {
        let mut columns: Vec<Column> = Vec::new();
        let mut own = Vec::new();
        for file in files {
            let Some(table) = file.table(name) else { continue };
            for column in &table.columns {
                match columns.iter().find(|known| known.name == column.name) {
                    Some(known) if known.ty != column.ty => {
                        let (path, what) = (file.path.display(), format!("{name}.{}", column.name));
                        let message = format!("{path}: {what} is {} here and {} in another file", column.ty, known.ty);
                        return Err(Error::new(code::READ, message));
                    }
                    Some(_) => {}
                    None => columns.push(column.clone()),
                }
            }
            own.push(Arc::new(file.clone()));
        }
        columns.extend(options.provenance.iter().flat_map(Provenance::columns));
        let (name, schema) = (name.to_owned(), schema(&columns));
        Ok(LogTable { name, columns, schema, files: own, options: options.clone() })
    }
}

#[async_trait]
impl TableProvider for LogTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let wanted: Vec<Column> = match projection {
            Some(positions) => positions.iter().map(|at| self.columns[*at].clone()).collect(),
            None => self.columns.clone(),
        };
        let schema = schema(&wanted);
        let mut partitions: Vec<Arc<dyn PartitionStream>> = Vec::new();
        for file in &self.files {
            for range in file.ranges(self.options.parts) {
                partitions.push(Arc::new(Part {
                    table: self.name.clone(),
                    columns: wanted.clone(),
                    schema: Arc::clone(&schema),
                    file: Arc::clone(file),
                    range,
                    options: self.options.clone(),
                }));
            }
        }
        Ok(Arc::new(StreamingTableExec::try_new(schema, partitions, None, Vec::new(), false, limit)?))
    }
}

/// A range of a file.
#[derive(Clone)]
struct Part {
    table: String,
    columns: Vec<Column>,
    schema: SchemaRef,
    file: Arc<LogFile>,
    range: ByteRange,
    options: LogOptions,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {:?}", self.table, self.file.path.display(), self.range)
    }
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), BATCHES_AHEAD);
        let (part, sender) = (self.clone(), builder.tx());
        builder.spawn_blocking(move || {
            let failed = |error: logs::Error| DataFusionError::External(Box::new(Error::new(code::READ, error.to_string())));
            let mut scan = part.file.scan(part.request()).map_err(failed)?;
            let mut told = 0;
            while let Some(batch) = scan.next() {
                let batch = part.laid_out(&batch.map_err(failed)?)?;
                part.tell_read(scan.stats().bytes, &mut told);
                // Who asked has had enough.
                if sender.blocking_send(Ok(batch)).is_err() {
                    return Ok(());
                }
            }
            part.tell_read(scan.stats().bytes, &mut told);
            if let Some(on_scanned) = &part.options.on_scanned {
                on_scanned(&part.file.path, &part.table, scan.stats());
            }
            Ok(())
        });
        builder.build()
    }
}

impl Part {
    /// What to decode: the wanted columns that this file has.
    fn request(&self) -> ScanRequest {
        let mut request = ScanRequest::new(self.table.as_str());
        let table = self.file.table(&self.table);
        let has = |name: &str| table.is_some_and(|table| table.columns.iter().any(|column| column.name == name));
        request.projection = Some(self.columns.iter().map(|column| column.name.clone()).filter(|name| has(name)).collect());
        let wants = |name: &str| self.columns.iter().any(|column| column.name == name);
        let provenance = self.options.provenance.as_ref();
        request.provenance = provenance.is_some_and(|it| [&it.line, &it.offset, &it.raw].into_iter().any(|name| wants(name)));
        request.range = Some(self.range.clone());
        request
    }

    fn tell_read(&self, bytes: u64, told: &mut u64) {
        if let Some(on_read) = &self.options.on_read {
            on_read(bytes.saturating_sub(*told));
        }
        *told = bytes;
    }

    /// A batch of the file under the wanted columns: those it lacks are null.
    fn laid_out(&self, batch: &RecordBatch) -> DfResult<RecordBatch> {
        let rows = batch.num_rows();
        let arrays = self.schema.fields().iter().map(|field| -> DfResult<ArrayRef> {
            let name = field.name().as_str();
            let provenance = self.options.provenance.as_ref();
            let source = match provenance {
                Some(it) if it.path == name => {
                    let path = self.file.path.display().to_string();
                    return Ok(Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(path, rows))));
                }
                Some(it) if it.line == name => logs::LINE,
                Some(it) if it.offset == name => logs::OFFSET,
                Some(it) if it.raw == name => logs::RAW,
                _ => name,
            };
            match batch.column_by_name(source) {
                Some(array) if array.data_type() == field.data_type() => Ok(Arc::clone(array)),
                Some(array) => Ok(datafusion::arrow::compute::cast(array, field.data_type())?),
                None => Ok(new_null_array(field.data_type(), rows)),
            }
        });
        let arrays = arrays.collect::<DfResult<Vec<_>>>()?;
        let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?)
    }
}
