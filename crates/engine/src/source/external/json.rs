//! Records that are JSON objects.

use std::io::{BufReader, Read};

use serde_json::Value as Json;

use super::delimited::each_line;
use super::rows::Rows;
use crate::error::Result;

/// An object on each line.
pub(super) fn read_lines(reader: Box<dyn Read + '_>, rows: &mut Rows<'_>) -> Result<()> {
    each_line(reader, rows, &mut |number, line, rows| {
        if line.trim().is_empty() {
            return Ok(());
        }
        match serde_json::from_str(line) {
            Ok(object @ Json::Object(_)) => rows.object(number, &object),
            _ => Err(rows.broken(number, "no JSON object; if objects span lines, the format is multijson")),
        }
    })
}

/// Objects one after the other, or arrays of them.
pub(super) fn read(reader: Box<dyn Read + '_>, rows: &mut Rows<'_>) -> Result<()> {
    let values = serde_json::Deserializer::from_reader(BufReader::new(reader)).into_iter::<Json>();
    for value in values {
        if !rows.is_wanted() {
            break;
        }
        match value.map_err(|error| rows.broken(0, error))? {
            object @ Json::Object(_) => rows.object(0, &object)?,
            Json::Array(items) => {
                for item in items.iter().filter(|item| item.is_object()) {
                    rows.object(0, item)?;
                }
            }
            _ => return Err(rows.broken(0, "it holds something else than JSON objects")),
        }
    }
    Ok(())
}
