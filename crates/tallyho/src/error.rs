//! What goes wrong, whose fault it is, and with which code the program then exits.
//!
//! Comes in: failures of the libraries and of the operating system. Goes out: an [`Error`] with its hints, and an [`Exit`].

use std::fmt;
use std::io;
use std::path::Path;

use kql::render;

use crate::escape;
use std::process::ExitCode;

/// How the program ends, the worse the later. Nothing else exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// It ran, whatever it found.
    Ran,
    /// `--exit-code` was given and there is at least one sighting (or, in a check, one thing to mend).
    Found,
    /// The request was wrong, what it names is missing or is not what it should be, or its output cannot be written.
    BadRequest,
    /// It ran, but some of the input could not be read; each is named on stderr.
    Unread,
    /// A fault of the program itself.
    Fault,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Ran => 0,
            Exit::Found => 1,
            Exit::BadRequest => 2,
            Exit::Unread => 3,
            // EX_SOFTWARE of sysexits.h.
            Exit::Fault => 70,
            // What a shell makes of SIGINT.
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong: an option, a query, a name.
    User,
    /// A file is missing or is not what it should be.
    Input,
    /// What was made cannot be written where it was asked for.
    Output,
    /// The program's own fault.
    Internal,
    /// Whoever read the output has had enough: no error at all.
    ClosedPipe,
    /// Ctrl-C.
    Interrupted,
}

/// Something that ends a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Whose fault it is.
    pub kind: Kind,
    /// What is wrong: lower case, naming the file or option.
    pub message: String,
    /// The message in ANSI colors, if it has some of its own; what comes from outside is escaped in it.
    pub colored: Option<String>,
    /// What to do next, one sentence each.
    pub hints: Vec<String>,
}

impl Error {
    /// Something that ends a command, without advice.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), colored: None, hints: Vec::new() }
    }

    /// The request is wrong.
    #[must_use]
    pub fn user(message: impl Into<String>) -> Error {
        Error::new(Kind::User, message)
    }

    /// A query is wrong, and this is why.
    #[must_use]
    pub fn query(name: &str, query: &str, diagnostics: &[kql::Diagnostic]) -> Error {
        let colored = render::colored_text(&escape::terminal(name), query, diagnostics);
        Error { colored: Some(colored), ..Error::user(render::text(name, query, diagnostics)) }
    }

    /// The file cannot be used.
    #[must_use]
    pub fn input(path: &Path, why: impl fmt::Display) -> Error {
        Error::new(Kind::Input, format!("{}: {why}", path.display()))
    }

    /// The file cannot be written.
    #[must_use]
    pub fn output(path: &Path, why: impl fmt::Display) -> Error {
        Error::new(Kind::Output, format!("{}: not written: {why}", path.display()))
    }

    /// A fault of the program.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(Kind::Internal, message)
    }

    /// The user has had enough.
    #[must_use]
    pub fn interrupted() -> Error {
        Error::new(Kind::Interrupted, "interrupted")
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Error {
        self.hints.push(hint.into());
        self
    }

    /// How the program ends that went on without what cannot be used.
    #[must_use]
    pub fn exit_of_part(&self) -> Exit {
        if self.kind == Kind::Input { Exit::Unread } else { self.exit() }
    }

    /// How the program ends with it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.kind {
            Kind::User | Kind::Input | Kind::Output => Exit::BadRequest,
            Kind::Internal => Exit::Fault,
            Kind::ClosedPipe => Exit::Ran,
            Kind::Interrupted => Exit::Interrupted,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A failure to write the output.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Error::new(Kind::ClosedPipe, error.to_string()),
            _ => Error::new(Kind::Output, format!("the output cannot be written: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_no_error() {
        let closed = Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(closed.exit(), Exit::Ran);
        assert_eq!(Error::from(io::Error::from(io::ErrorKind::StorageFull)).exit(), Exit::BadRequest);
    }

    #[test]
    fn exit_codes_are_those_that_the_help_promises() {
        let codes = [Exit::Ran, Exit::Found, Exit::BadRequest, Exit::Unread, Exit::Fault, Exit::Interrupted].map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 70, 130]);
    }
}
