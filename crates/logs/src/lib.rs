//! Log files as typed Arrow batches of a Sentinel table.

mod arrow_type;

pub use arrow_type::arrow_type;
