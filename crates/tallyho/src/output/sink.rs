//! Where results go: stdout, or a file that appears only when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write, stdout};
use std::path::{Path, PathBuf};

use kql::Rows;

use super::{Format, Look, Shown, write_tables};
use crate::config::Config;
use crate::error::Error;

/// An open output and the format that is written to it.
pub struct Sink {
    /// The format, settled.
    pub format: Format,
    /// How tables may look there.
    pub look: Look,
    writer: BufWriter<Box<dyn Write>>,
    /// The unfinished file and the name it gets.
    file: Option<(PathBuf, PathBuf)>,
}

impl Sink {
    /// Opens stdout or the file. The format is the one asked for, else the one of the file's name, else a table.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn open(config: &Config, format: Option<Format>, out: Option<&Path>) -> Result<Sink, Error> {
        let format = format.or_else(|| out.and_then(Format::of_file)).unwrap_or_default();
        let Some(path) = out else {
            let look = Look { width: config.width, color: config.color };
            return Ok(Sink { format, look, writer: BufWriter::new(Box::new(stdout())), file: None });
        };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        let file = File::create(&part).map_err(|error| Error::user(format!("{}: {error}", path.display())))?;
        Ok(Sink { format, look: Look::default(), writer: BufWriter::new(Box::new(file)), file: Some((part, path.to_owned())) })
    }

    /// Writes result tables and closes.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn tables(self, tables: impl IntoIterator<Item = Rows>) -> Result<(), Error> {
        let shown: Vec<Shown> = tables.into_iter().map(Shown::from).collect();
        self.results(&shown)
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
    pub fn finish(mut self) -> Result<(), Error> {
        self.writer.flush()?;
        if let Some((part, path)) = self.file.take() {
            fs::rename(&part, &path).map_err(|error| Error::user(format!("{}: {error}", path.display())))?;
        }
        Ok(())
    }
}

/// What was not finished leaves nothing behind.
impl Drop for Sink {
    fn drop(&mut self) {
        if let Some((part, _)) = self.file.take() {
            let _ = fs::remove_file(part);
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
