//! What can go wrong when a query runs.

use std::path::Path;

/// An error with a code that stays, and what to do in its message.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// `K0xxx`; codes of the query's text are those of the `kql` crate, [`code`] has the rest.
    pub code: &'static str,
    /// What went wrong, and what to do.
    pub message: String,
    /// All that the front end had to say, if the query did not bind.
    pub diagnostics: Vec<kql::Diagnostic>,
}

/// Codes of the engine; never reused.
pub mod code {
    /// Known to Kusto, not run here.
    pub const UNSUPPORTED: &str = "K0601";
    /// A constant argument is out of its range.
    pub const ARGUMENT: &str = "K0602";
    /// The query needs more memory than it may have.
    pub const MEMORY: &str = "K0603";
    /// The query was stopped: by its user or by its time limit.
    pub const STOPPED: &str = "K0604";
    /// A log could not be read.
    pub const READ: &str = "K0605";
    /// The query reads data from elsewhere, for which no file stands.
    pub const EXTERNAL: &str = "K0606";
    /// A table that no file fills.
    pub const NO_TABLE: &str = "K0607";
    /// A table of a workspace, database or cluster that nothing here stands for.
    pub const NO_PLACE: &str = "K0608";
    /// What does not fit into memory could not be put on disk.
    pub const DISK: &str = "K0609";
    /// The query needs a service that does not stand behind this engine.
    pub const SERVICE: &str = "K0610";
    /// A defect of ours.
    pub const INTERNAL: &str = "K0699";
}

/// A result or an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error without diagnostics.
    pub fn new(code: &'static str, message: impl Into<String>) -> Error {
        Error { code, message: message.into(), diagnostics: Vec::new() }
    }

    /// `what` is known to Kusto, and not run here.
    #[must_use]
    pub fn unsupported(what: &str) -> Error {
        Error::new(code::UNSUPPORTED, format!("{what} is known to Kusto but not run here"))
    }
}

impl Error {
    /// Rows could not be put on disk, or read from there again; [`Error::spilling_to`] adds where.
    fn disk(why: &impl std::fmt::Display) -> Error {
        Error::new(
            code::DISK,
            format!("the query holds more rows than fit into its memory, and they cannot be put on disk: {why}"),
        )
    }

    /// The same with the folder that queries spill to and what to do, if that is what failed.
    pub(crate) fn spilling_to(self, folder: &Path) -> Error {
        if self.code != code::DISK {
            return self;
        }
        let todo = "make room there, give queries another folder or more memory, or read less";
        Error { message: format!("{} (in `{}`); {todo}", self.message, folder.display()), ..self }
    }
}

impl From<datafusion::error::DataFusionError> for Error {
    fn from(error: datafusion::error::DataFusionError) -> Error {
        use datafusion::arrow::error::ArrowError;
        use datafusion::error::DataFusionError as Df;
        match error.find_root() {
            // The engine's own readers tell of files as `External`: what else is read and written are spills.
            Df::IoError(why) => Error::disk(why),
            Df::ArrowError(why, _) if matches!(&**why, ArrowError::IoError(..)) => Error::disk(why),
            Df::ResourcesExhausted(message) if message.contains("disk space") => Error::disk(message),
            Df::ResourcesExhausted(message) => Error::new(
                code::MEMORY,
                format!("the query needs more memory than it may have: {message}; raise the limit or read less"),
            ),
            Df::Execution(message) => Error::new(code::ARGUMENT, message.clone()),
            Df::External(inner) => match inner.downcast_ref::<Error>() {
                Some(error) => Error { code: error.code, message: error.message.clone(), diagnostics: error.diagnostics.clone() },
                None => Error::new(code::READ, inner.to_string()),
            },
            other => Error::new(code::INTERNAL, other.strip_backtrace()),
        }
    }
}
