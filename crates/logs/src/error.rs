//! What can go wrong with a whole file. A bad record is never an [`Error`]: it is counted in [`crate::ScanStats`].

use std::path::PathBuf;

/// Why a file, or the rest of it, could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The file's content cannot be turned into rows, and why.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason, and what to do about it.
        why: String,
    },
    /// A scan named a table that this file does not fill.
    #[error("{}: holds no table `{table}`", path.display())]
    NoSuchTable {
        /// The file.
        path: PathBuf,
        /// The table that was asked for.
        table: String,
    },
    /// A scan named a column that the table does not have.
    #[error("{}: table `{table}` has no column `{column}`", path.display())]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// The table that was asked for.
        table: String,
        /// The column that was asked for.
        column: String,
    },
    /// The caller raised the scan's cancel flag.
    #[error("canceled")]
    Canceled,
    /// A file that is written to could not take the rows.
    #[error("{}: {why}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// What it said.
        why: String,
    },
    /// Arrow refused the finished columns.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
}
