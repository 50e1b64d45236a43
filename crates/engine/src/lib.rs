//! Bound KQL plans on DataFusion.

pub mod aggregate;
mod answer;
mod attach;
pub mod cell;
mod decimal;
mod element;
mod engine;
pub mod error;
mod explain;
pub mod function;
mod graph;
mod in_order;
mod large_top;
mod local;
pub mod lower;
pub mod manual;
pub mod operator;
mod pass_through;
pub mod plugin;
mod prepare;
mod row_key;
mod rows;
mod session;
pub mod source;
mod spill;
pub mod tables;
mod text_set;
mod walk;

pub use answer::{Answer, Cancel, Cut, Head, Receiver, ResultTable};
pub use engine::{Config, Engine};
pub use error::{Error, Result};
pub use explain::{Explained, Measured, Plans, Step};
pub use function::IpPlaces;
pub use spill::remove_spills;
pub use text_set::TextSet;
