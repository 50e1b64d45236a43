//! Records of cells, of lines, of whole files.

use std::io::{BufRead, BufReader, Read};

use super::rows::Rows;
use crate::error::Result;

/// Cells with a delimiter between them, quoted where they must be. A record may have fewer cells than there are columns, or more.
pub(super) fn read(reader: Box<dyn Read + '_>, delimiter: u8, skip_first: bool, rows: &mut Rows<'_>) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(reader);
    let (mut record, mut first) = (csv::ByteRecord::new(), true);
    while rows.is_wanted() {
        rows.begin();
        let more = reader.read_byte_record(&mut record).map_err(|error| rows.broken(0, error))?;
        if !more {
            break;
        }
        if !std::mem::take(&mut first) || !skip_first {
            let cells: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
            let line = record.position().map_or(0, csv::Position::line);
            rows.cells(line, |at| cells.get(at).map(AsRef::as_ref))?;
        }
    }
    Ok(())
}

/// Lines; empty ones are no records.
pub(super) fn read_lines(reader: Box<dyn Read + '_>, skip_first: bool, rows: &mut Rows<'_>) -> Result<()> {
    let mut first = true;
    each_line(reader, rows, &mut |number, line, rows| {
        if line.is_empty() || (std::mem::take(&mut first) && skip_first) {
            return Ok(());
        }
        rows.cells(number, |at| (at == 0).then_some(line))
    })
}

/// The whole file as one cell.
pub(super) fn read_whole(mut reader: Box<dyn Read + '_>, rows: &mut Rows<'_>) -> Result<()> {
    let mut bytes = Vec::new();
    rows.begin();
    reader.read_to_end(&mut bytes).map_err(|error| rows.broken(0, error))?;
    let text = String::from_utf8_lossy(&bytes);
    rows.cells(1, |at| (at == 0).then_some(text.as_ref()))
}

/// What is done with a line: its number from 1, its text without its end.
type OnLine<'a> = &'a mut dyn FnMut(u64, &str, &mut Rows<'_>) -> Result<()>;

/// Reads line by line, as long as rows are wanted.
pub(super) fn each_line(reader: Box<dyn Read + '_>, rows: &mut Rows<'_>, on: OnLine<'_>) -> Result<()> {
    let mut reader = BufReader::new(reader);
    let (mut line, mut number) = (Vec::new(), 0);
    while rows.is_wanted() {
        line.clear();
        rows.begin();
        number += 1;
        if reader.read_until(b'\n', &mut line).map_err(|error| rows.broken(number, error))? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        on(number, text.trim_end_matches(['\r', '\n']), rows)?;
    }
    Ok(())
}
