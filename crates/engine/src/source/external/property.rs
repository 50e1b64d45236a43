//! What `with (…)` says of the files: their format, and where in them each column stands.

use kql::{Column, Value};

use super::field::{self, Field};
use crate::error::{Error, Result, code};

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Records of cells with this byte between them: `csv` and its like.
    Delimited(u8),
    /// `txt`: a record is a line, empty ones left out.
    Lines,
    /// `raw`: the whole file is one record.
    Whole,
    /// `json`: an object on each line.
    JsonLines,
    /// `multijson`: objects one after the other, or arrays of them.
    Json,
}

impl Format {
    /// The format of that name in Kusto.
    fn named(name: &str) -> Result<Format> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "csv" => Format::Delimited(b','),
            "tsv" => Format::Delimited(b'\t'),
            "psv" => Format::Delimited(b'|'),
            "scsv" => Format::Delimited(b';'),
            "sohsv" => Format::Delimited(1),
            "txt" => Format::Lines,
            "raw" => Format::Whole,
            "json" | "singlejson" => Format::JsonLines,
            "multijson" => Format::Json,
            other => return Err(Error::unsupported(&format!("externaldata in the format {other}"))),
        })
    }

    /// What the end of an address says, packed or not; else `csv`, as in Kusto.
    pub(super) fn of_address(uri: &str) -> Result<Format> {
        let address = super::address::bare(uri).to_ascii_lowercase();
        let name = address.rsplit('/').next().unwrap_or_default();
        let name = [".gz", ".zst", ".zip"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(name);
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some(extension @ ("tsv" | "psv" | "scsv" | "sohsv" | "txt" | "raw" | "json" | "multijson")) => {
                Format::named(extension)
            }
            Some(extension @ ("parquet" | "avro" | "orc")) => Format::named(extension),
            _ => Ok(Format::Delimited(b',')),
        }
    }
}

/// The properties of one `externaldata`.
#[derive(Debug)]
pub(super) struct Properties {
    /// As given; each address says its own otherwise.
    pub(super) format: Option<Format>,
    /// The first record of each file is a heading.
    pub(super) skip_first: bool,
    /// Which files of an archive are read; all otherwise.
    pub(super) zip_pattern: Option<String>,
    /// What the mapping says of each column.
    pub(super) fields: Option<Vec<Field>>,
}

impl Properties {
    /// Reads them.
    pub(super) fn of(options: &[(String, Value)], columns: &[Column]) -> Result<Properties> {
        let mut properties = Properties { format: None, skip_first: false, zip_pattern: None, fields: None };
        for (name, value) in options {
            match name.as_str() {
                "format" => properties.format = Some(Format::named(&value.to_text())?),
                "ignorefirstrecord" => {
                    properties.skip_first = value.to_text().eq_ignore_ascii_case("true") || value.to_text() == "1"
                }
                "zippattern" => properties.zip_pattern = Some(value.to_text()),
                "ingestionmapping" => properties.fields = Some(field::mapped(&value.to_text(), columns)?),
                // Where Kusto looks for the file, and what it does to rows that are ingested: nothing to do with what is read
                // here.
                "creationtime" | "tags" | "persistdetails" | "folder" | "docstring" => {}
                other => {
                    let message = format!(
                        "externaldata takes no property `{other}` here; it takes format, ignoreFirstRecord, \
                         ingestionMapping, zipPattern"
                    );
                    return Err(Error::new(code::ARGUMENT, message));
                }
            }
        }
        Ok(properties)
    }
}
