//! All rows of a Parquet file's row groups, batch by batch, with counts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use kql::{Column, Type};

use super::{GroupRows, ParquetFile};
use crate::error::Error;
use crate::file::LogFile;
use crate::piece::Piece;
use crate::scan::{LINE, OFFSET, RAW, ScanRequest, arrow_schema};
use crate::stats::ScanStats;
use crate::table::TableSchema;

/// A running scan: an iterator of batches, none of them empty. [`ScanRequest::keep`] is not asked: there are no raw records.
pub struct ParquetScan {
    file: Arc<ParquetFile>,
    table: TableSchema,
    columns: Vec<Column>,
    request: ScanRequest,
    /// The row groups still to come.
    groups: VecDeque<usize>,
    /// The rest of the row group at hand.
    rows: Option<GroupRows>,
    schema: SchemaRef,
    stats: ScanStats,
}

/// The row groups of a piece, or of the whole file.
fn groups_of(file: &ParquetFile, piece: Option<&Piece>) -> VecDeque<usize> {
    let whole = 0..u64::MAX;
    let range = if let Some(Piece::Range(range)) = piece { range } else { &whole };
    file.groups_in(range).into()
}

impl ParquetScan {
    /// Begins a scan; see [`LogFile::scan`].
    pub(crate) fn begin(log: &LogFile, file: &Arc<ParquetFile>, request: ScanRequest) -> Result<ParquetScan, Error> {
        let no_table = || Error::NoSuchTable { path: log.path.clone(), table: request.table.clone() };
        let table = log.table(&request.table).ok_or_else(no_table)?.clone();
        let columns = match &request.projection {
            None => table.columns.clone(),
            Some(names) => {
                let column = |name: &String| {
                    let missing =
                        || Error::NoSuchColumn { path: log.path.clone(), table: table.name.clone(), column: name.clone() };
                    table.position(name).map(|at| table.columns[at].clone()).ok_or_else(missing)
                };
                names.iter().map(column).collect::<Result<_, _>>()?
            }
        };
        let mut shown = columns.clone();
        if request.provenance {
            shown.extend([Column::new(LINE, Type::Long), Column::new(OFFSET, Type::Long), Column::new(RAW, Type::String)]);
        }
        let groups = groups_of(file, request.piece.as_ref());
        let schema = Arc::new(arrow_schema(&shown));
        let (file, rows, stats) = (Arc::clone(file), None, ScanStats::default());
        Ok(ParquetScan { file, table, columns, request, groups, rows, schema, stats })
    }

    /// Goes on with another piece of the same file. What has been seen is counted anew.
    pub(crate) fn go_on(&mut self, piece: &Piece) {
        self.groups = groups_of(&self.file, Some(piece));
        (self.rows, self.stats) = (None, ScanStats::default());
    }

    /// The schema of every batch.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// What has been seen so far; all of it once the iterator has ended.
    #[must_use]
    pub fn stats(&self) -> &ScanStats {
        &self.stats
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            if self.request.cancel.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                self.groups.clear();
                self.rows = None;
                return Err(Error::Canceled);
            }
            if let Some(rows) = &mut self.rows {
                match rows.next() {
                    Some(Ok(batch)) => {
                        self.stats.rows += batch.num_rows() as u64;
                        return Ok(Some(batch));
                    }
                    Some(Err(error)) => self.stats.lose(rows.lost(), &error),
                    None => {}
                }
                self.stats.add_unconverted(rows.unconverted());
                self.rows = None;
            }
            let Some(index) = self.groups.pop_front() else { return Ok(None) };
            self.begin_group(index);
        }
    }

    fn begin_group(&mut self, index: usize) {
        let mut group = match self.file.group(&self.table, index) {
            Ok(group) => group,
            Err(error) => return self.stats.lose(self.file.rows_of(index), &error),
        };
        self.stats.bytes += group.bytes();
        self.stats.note_times(group.times());
        match group.batches(&self.columns, self.request.provenance, None, self.request.batch_rows) {
            Ok(rows) => self.rows = Some(rows),
            Err(error) => self.stats.lose(group.rows(), &error),
        }
    }
}

impl Iterator for ParquetScan {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}
