//! What to read of a file.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::keep::Keep;
use crate::piece::Piece;

/// Provenance column: the line (from 1) on which the record begins, `long`; in a range that does not begin the file, the line of
/// that range: see [`ScanStats::line`](crate::ScanStats::line).
pub const LINE: &str = "$line";
/// Provenance column: the byte offset of the record in the unpacked file, `long`.
pub const OFFSET: &str = "$offset";
/// Provenance column: the raw record, `string`.
pub const RAW: &str = "$raw";

/// Bytes `start..end` of an unpacked file: the records that begin there.
pub type ByteRange = Range<u64>;

/// What to read of a file.
#[derive(Clone)]
pub struct ScanRequest {
    /// The table, one of [`LogFile::tables`](crate::LogFile::tables).
    pub table: String,
    /// The columns, in the order wanted; all of the table's if `None`.
    pub projection: Option<Vec<String>>,
    /// Rows of a full batch.
    pub batch_rows: usize,
    /// Adds the columns [`LINE`], [`OFFSET`] and [`RAW`] at the end.
    pub provenance: bool,
    /// One of [`LogFile::pieces`](crate::LogFile::pieces); the whole file if `None`.
    pub piece: Option<Piece>,
    /// Keeps out records of the table that fail a test: no rows are made of them, but they are counted as
    /// [`ScanStats::filtered`](crate::ScanStats::filtered) and their times count. With [`Keep::find`], damage inside such a record
    /// may not be seen.
    pub keep: Option<Keep>,
    /// Records that become no row, those of other tables for one, may be passed over without being decoded: damage inside them is
    /// not seen then.
    pub pass_over: bool,
    /// Ends the scan with [`Error::Canceled`](crate::Error::Canceled) soon after it becomes true.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl ScanRequest {
    /// All columns and rows of `table`.
    #[must_use]
    pub fn new(table: impl Into<String>) -> ScanRequest {
        ScanRequest {
            table: table.into(),
            projection: None,
            batch_rows: 8192,
            provenance: false,
            piece: None,
            keep: None,
            pass_over: true,
            cancel: None,
        }
    }
}
