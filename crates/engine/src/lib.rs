//! Bound KQL plans on DataFusion.

pub mod aggregate;
pub mod cell;
mod convert;
pub mod error;
pub mod function;
mod json;
pub mod lower;
pub mod operator;
mod row_key;
pub mod source;

pub use error::{Error, Result};
