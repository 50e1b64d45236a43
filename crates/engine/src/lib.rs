//! Bound KQL plans on DataFusion.

pub mod aggregate;
mod attach;
pub mod cell;
mod convert;
mod decimal;
mod engine;
pub mod error;
pub mod function;
mod json;
mod local;
pub mod lower;
pub mod operator;
pub mod plugin;
mod prepare;
mod row_key;
mod rows;
pub mod source;
pub mod tables;
mod walk;
mod yielding;

pub use engine::{Answer, Config, Engine, ResultTable};
pub use error::{Error, Result};
