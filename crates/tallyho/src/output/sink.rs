//! Where results go: stdout, or a file that appears only when it is whole.

use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::path::Path;

use kql::{Column, Rows, Value};

use super::plain::{self, Widths};
use super::{
    Format, Look, PartFile, Shown, json, write_csv_header, write_csv_row, write_markdown_header, write_markdown_row, write_tables,
};
use crate::config::Config;
use crate::error::Error;

/// An open output and the format that is written to it.
pub struct Sink {
    /// The format, settled.
    pub format: Format,
    /// How tables may look there.
    pub look: Look,
    writer: Writer,
}

/// Bytes that are written in one go.
const BUFFER: usize = 64 << 10;

enum Writer {
    Stdout(BufWriter<Stdout>),
    File(BufWriter<PartFile>),
}

impl Sink {
    /// Stdout; its format is the one asked for, else a table.
    #[must_use]
    pub fn stdout(config: &Config, format: Option<Format>) -> Sink {
        let look = Look { width: config.width, color: config.color };
        Sink { format: format.unwrap_or_default(), look, writer: Writer::Stdout(BufWriter::with_capacity(BUFFER, stdout())) }
    }

    /// Opens stdout or the file, which must be none of `inputs`. The format is the one asked for, else the one of the file's name,
    /// else a table.
    ///
    /// # Errors
    /// The file cannot be made, or its name is that of no format.
    pub fn open<'i>(
        config: &Config,
        format: Option<Format>,
        out: Option<&Path>,
        inputs: impl IntoIterator<Item = &'i Path>,
    ) -> Result<Sink, Error> {
        let Some(path) = out else { return Ok(Sink::stdout(config, format)) };
        let format = match format {
            Some(format) => format,
            None => Format::of_file(path)?.unwrap_or_default(),
        };
        let file = PartFile::create(path, inputs)?;
        Ok(Sink { format, look: Look::default(), writer: Writer::File(BufWriter::with_capacity(BUFFER, file)) })
    }

    /// Writes result tables and closes.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn tables(self, tables: impl IntoIterator<Item = Rows>) -> Result<(), Error> {
        let shown: Vec<Shown> = tables.into_iter().map(Shown::from).collect();
        self.results(&shown)
    }

    /// Writes a result table whose rows are made when they are asked for, and closes. A format that needs no look at all rows at once
    /// holds none.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn made_rows(mut self, columns: Vec<Column>, rows: impl Iterator<Item = Vec<Value>> + Clone) -> Result<(), Error> {
        let out = &mut self;
        match (out.format, out.look.width) {
            (Format::Csv, _) => {
                write_csv_header(out, &columns)?;
                rows.into_iter().try_for_each(|row| write_csv_row(out, &columns, &row))?;
            }
            (Format::Ndjson, _) => {
                let keys = json::keys(&columns);
                rows.into_iter().try_for_each(|row| json::write_line(out, &keys, &row))?;
            }
            (Format::Markdown, _) => {
                write_markdown_header(out, &columns)?;
                rows.into_iter().try_for_each(|row| write_markdown_row(out, &row))?;
            }
            (Format::Table, None) => {
                let (widths, color) = (Widths::of(&columns, rows.clone()), out.look.color);
                plain::write(out, &columns, rows, &widths, color)?;
            }
            _ => return self.tables([Rows { columns, rows: rows.collect() }]),
        }
        self.finish()
    }

    /// Writes result tables with what is shown beside them, and closes.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn results(mut self, results: &[Shown]) -> Result<(), Error> {
        let (format, look) = (self.format, self.look);
        write_tables(&mut self, format, results, &look)?;
        self.finish()
    }

    /// Writes out what is left and gives the file its name.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        match self.writer {
            Writer::Stdout(mut writer) => Ok(writer.flush()?),
            Writer::File(writer) => writer.into_inner().map_err(io::IntoInnerError::into_error)?.finish(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Writer::Stdout(writer) => writer.write(bytes),
            Writer::File(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Stdout(writer) => writer.flush(),
            Writer::File(writer) => writer.flush(),
        }
    }
}
