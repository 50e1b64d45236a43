//! Records on their way into batches, in bounded memory: neither a record nor a batch is larger than it may be.

use std::cell::Cell as Counter;
use std::io::Read;
use std::rc::Rc;

use datafusion::arrow::array::RecordBatch;
use serde_json::Value as Json;

use super::Source;
use super::field::{Place, follow};
use crate::cell::{Cell, CellBuilder};
use crate::error::{Error, Result, code};
use crate::local::batch;

/// Rows in a batch, and about how many bytes of text.
const BATCH_ROWS: usize = 8192;
const BATCH_BYTES: usize = 8 << 20;

/// The longest record, in bytes, as of log files: a few packed bytes may unpack to any number.
pub(super) const RECORD_BYTES: usize = 32 << 20;

/// Gathers rows and sends them batch by batch.
pub(super) struct Rows<'a> {
    source: &'a Source,
    builders: Vec<CellBuilder>,
    gathered: usize,
    gathered_bytes: usize,
    wanted: bool,
    /// Bytes that may be read until the record ends.
    left: Rc<Counter<usize>>,
    send: &'a mut dyn FnMut(RecordBatch) -> bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(source: &'a Source, send: &'a mut dyn FnMut(RecordBatch) -> bool) -> Rows<'a> {
        let builders = source.columns.iter().map(|column| CellBuilder::new(column.ty, 0)).collect();
        let left = Rc::new(Counter::new(RECORD_BYTES));
        Rows { source, builders, gathered: 0, gathered_bytes: 0, wanted: true, left, send }
    }

    /// The reader, failing in a record that is too long.
    pub(super) fn bounded<'b>(&self, inner: Box<dyn Read + 'b>) -> Box<dyn Read + 'b> {
        Box::new(Bounded { inner, left: Rc::clone(&self.left) })
    }

    /// A record begins.
    pub(super) fn begin(&self) {
        self.left.set(RECORD_BYTES);
    }

    /// Whoever reads the rows has not had enough.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// The row of a record of cells that starts on that line.
    pub(super) fn cells<'b>(&mut self, line: u64, cell: impl Fn(usize) -> Option<&'b str>) -> Result<()> {
        self.push(line, |place| match place {
            Place::Ordinal(at) => cell(*at).map(Found::Text),
            _ => None,
        })
    }

    /// The row of a record that is an object.
    pub(super) fn object(&mut self, line: u64, object: &Json) -> Result<()> {
        self.push(line, |place| match place {
            Place::Path(steps) => follow(object, steps).map(Found::Json),
            _ => None,
        })
    }

    fn push<'b>(&mut self, line: u64, find: impl Fn(&Place) -> Option<Found<'b>>) -> Result<()> {
        let source = self.source;
        for ((field, column), builder) in source.fields.iter().zip(&source.columns).zip(&mut self.builders) {
            let cell = match &field.place {
                Place::Constant(text) => field.text(text, column.ty),
                Place::Location => field.text(&source.address, column.ty),
                Place::Line => field.text(&line.to_string(), column.ty).into_owned(),
                place => match find(place) {
                    Some(Found::Text(text)) => field.text(text, column.ty),
                    Some(Found::Json(value)) => field.json(value, column.ty),
                    None => Cell::Null,
                },
            };
            self.gathered_bytes += cell.as_str().len();
            builder.push(&cell);
        }
        self.gathered += 1;
        if self.gathered == BATCH_ROWS || self.gathered_bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Sends what is left.
    pub(super) fn finish(mut self) -> Result<()> {
        if self.gathered > 0 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let arrays = self.builders.iter_mut().map(CellBuilder::finish).collect();
        let rows = batch(&self.source.columns, arrays, self.gathered)?;
        (self.gathered, self.gathered_bytes) = (0, 0);
        self.wanted = self.wanted && (self.send)(rows);
        Ok(())
    }

    /// An error in the file that is read.
    pub(super) fn broken(&self, line: u64, why: impl std::fmt::Display) -> Error {
        let place = if line > 0 { format!("line {line}: ") } else { String::new() };
        Error::new(code::READ, format!("{}: {place}{why}", self.source.path.display()))
    }
}

/// A reader that fails where a record is too long.
struct Bounded<'a> {
    inner: Box<dyn Read + 'a>,
    left: Rc<Counter<usize>>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(std::io::Error::other(format!("a record is longer than {} MiB", RECORD_BYTES >> 20)));
        }
        let most = buffer.len().min(left);
        let read = self.inner.read(&mut buffer[..most])?;
        self.left.set(left - read);
        Ok(read)
    }
}

/// A value of a record.
enum Found<'a> {
    Text(&'a str),
    Json(&'a Json),
}
