//! The Kusto Query Language by itself: no I/O, no clock, no threads.
//!
//! Stages: text -> [`types`] … (see each module for what comes in and what goes out).

pub mod plan;
pub mod time;
pub mod types;

pub use types::{Column, Rows, Type, Value};
