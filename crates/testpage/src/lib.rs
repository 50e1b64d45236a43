//! Markdown pages that are documentation and tests at once.
//!
//! Comes in: a folder of pages and a [`Runner`] that knows how to answer. Goes out: one test for each section of each page, named
//! `page::section`, and, with `UPDATE_PAGES=1`, pages whose answers are what the runner gives.
//!
//! A page starts with a title and prose. Each `##` section that holds an input block is a test:
//!
//! - An input is a `kql` block; the other blocks of its section (`csv TABLE`, `log FORMAT`) are fixtures. In a section without a
//!   `kql` block, each other block is an input by itself.
//! - The answer follows: one table for each result, whose header cells are `name:type`, or an `error` block. An empty string is
//!   `""`, a null is `null`; text that would read otherwise stands in JSON's quotes. Rows compare as a bag unless the runner says
//!   that they are ordered; reals compare to 12 digits.
//! - A block in one of the runner's [pinned languages](Runner::pins) (`plan`, `fmt` …) after an input pins another view of it.
//! - A line that starts with `fixme:` says that the answer is not Kusto's yet: it must be an `error` block. A line that starts
//!   with `differs:` says why a real Kusto's answer is another. Both are prose to the runner.

mod cell;
mod page;
mod table;
mod trial;

pub use page::{Block, Page, Section, Step};
pub use table::Table;
pub use trial::{Trial, main, pages, trials};

/// What answers the inputs of pages.
pub trait Runner: Send + Sync + 'static {
    /// The answer to an input.
    fn run(&self, step: &Step) -> Answer;

    /// Languages of blocks that pin another view of an input, such as `plan`.
    fn pins(&self) -> &[&str] {
        &[]
    }

    /// The text that a block of the pinned language must hold; an error text if there is none.
    ///
    /// # Errors
    /// What an `error` block would hold.
    fn pin(&self, language: &str, step: &Step) -> Result<String, String> {
        let _ = step;
        Err(format!("this runner has no `{language}` view"))
    }
}

/// What an input gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Result tables, in order.
    Tables(Vec<Table>),
    /// The text of an `error` block.
    Error(String),
}
