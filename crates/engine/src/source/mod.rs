//! Where rows come from: `range`, log files, sets of texts, and the files that stand for what `externaldata` reads.

mod external;
mod gathered;
mod log;
mod needles;
mod number_test;
mod parquet;
mod prune;
mod range;
mod row_test;
mod text_call;
mod texts;

pub use external::Externals;
pub(crate) use log::tables;
pub use log::{LogOptions, OnRead, OnScanned, Provenance};
pub use range::Range;
pub(crate) use texts::Texts;
