//! Log files attached to an engine: each fills the tables that its content says, or one that the user names.

use std::path::Path;
use std::sync::Arc;

use logs::LogFile;

use crate::engine::Engine;
use crate::error::{Error, Result, code};
use crate::source::{LogOptions, tables};

impl Engine {
    /// Adds the tables that the files fill; a table that was there under the same name is replaced.
    /// Where two files give a column of one table different types, it is text.
    pub fn add_logs(&mut self, files: &[LogFile], options: &LogOptions) {
        for table in tables(files, options) {
            let (name, columns) = (table.name.clone(), table.columns.clone());
            self.add_table(&name, columns, Arc::new(table));
        }
    }

    /// Adds the tables that the files fill at another place: a workspace, database or cluster by the name that queries give it
    /// (`workspace('soc')`: `soc`; `cluster('c').database('d')`: `c.d`).
    pub fn add_logs_at(&mut self, place: &str, files: &[LogFile], options: &LogOptions) {
        self.add_place(place);
        for table in tables(files, options) {
            let (name, columns) = (table.name.clone(), table.columns.clone());
            self.add_table_at(place, &name, columns, Arc::new(table));
        }
    }

    /// Adds a file under the name of a table, whatever its content says.
    ///
    /// # Errors
    /// It cannot be read, or is of no known format.
    pub fn bind_table(&mut self, name: &str, path: &Path, options: &LogOptions) -> Result<()> {
        let file = logs::open_as(path, name).map_err(|error| Error::new(code::READ, error.to_string()))?;
        self.add_logs(&[file], options);
        Ok(())
    }
}
