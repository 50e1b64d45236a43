//! The Kusto Query Language by itself: no I/O, no clock, no threads.
//!
//! Stages: text -> [`types`] … (see each module for what comes in and what goes out).

pub mod ast;
pub mod bind;
pub mod catalog;
pub mod complete;
pub mod definition;
pub mod diagnostic;
pub mod explain;
pub mod fmt;
pub mod hover;
pub mod lexer;
pub mod lint;
pub mod parser;
pub mod plan;
pub mod re2;
pub mod render;
pub mod time;
pub mod types;

pub use bind::{Bound, Checked, bind, check};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use parser::{Parsed, parse};
pub use types::{Column, Rows, Type, Value};
