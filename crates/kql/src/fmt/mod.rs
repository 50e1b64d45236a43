//! KQL as text: the one printer of literals and names, and the formatter.

mod literal;

pub use literal::{literal, name, string_literal};
