//! Parquet: recognized here, read by [`crate::parquet`], since its rows are not records.

use super::LogFormat;
use crate::file::{Head, Layout};

/// Apache Parquet files.
pub(crate) struct Parquet;

impl LogFormat for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn tables(&self) -> &'static [&'static str] {
        &[]
    }

    fn page(&self) -> &'static str {
        include_str!("parquet.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        if head.bytes.starts_with(b"PAR1") { 100 } else { 0 }
    }

    fn layout(&self, _: &Head, _: Option<&str>) -> Result<Option<Layout>, String> {
        Ok(None)
    }
}
