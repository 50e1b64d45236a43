//! Where rows come from: `range`, and log files.

mod log;
mod needles;
mod range;

pub(crate) use log::tables;
pub use log::{LogOptions, OnRead, OnScanned, Provenance};
pub use range::Range;
