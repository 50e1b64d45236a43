//! Where rows come from: `range`, and log files.

mod range;

pub use range::Range;
