//! Log files as typed Arrow batches of a Sentinel table.
//!
//! In: paths. Out: [`LogFile`]s that say which tables they fill with which columns, and [`Scan`]s of those tables.
//!
//! | step | module |
//! |---|---|
//! | paths -> files, formats told by content | [`discover()`], `format` |
//! | files -> pieces that are read side by side | `piece`, `seam` |
//! | bytes -> records | `frame`; `evtx` for those of Windows' event logs |
//! | lines that cannot pass a test are passed over | `keep`, `sift` |
//! | records -> the fields that are wanted | `decode`, `json`, `skeleton`, `syslog`, and each format's own |
//! | fields -> columns of a table | `table`, `naming`, `column`, `convert` |
//! | all of it, batch by batch, with counts of what was not read | `row`, `scan`, `stats` |
//! | files of columns | [`parquet`] |
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("dns.log");
//! std::fs::write(&path, "{\"ts\":1767225600.5,\"id.orig_h\":\"192.0.2.1\",\"query\":\"a.example\",\"qtype\":1}\n{\"ts\":")?;
//! let found = logs::discover(&[folder.path().to_owned()]);
//! let file = &found.files[0];
//! assert_eq!((file.format, file.tables[0].name.as_str()), ("zeek-json", "DnsEvents"));
//! let mut scan = file.scan(logs::ScanRequest::new("DnsEvents"))?;
//! let batch = scan.next().ok_or("a batch")??;
//! assert_eq!(batch.num_rows(), 1);
//! assert!(scan.next().is_none());
//! assert_eq!(scan.stats().unparsed_samples(), [(2, "it ends where a value should stand")]);
//! # Ok(())
//! # }
//! ```

mod arrow_type;
mod column;
mod commonness;
mod compression;
mod convert;
mod decode;
mod discover;
mod error;
mod evtx;
mod excerpt;
mod file;
mod format;
mod frame;
mod json;
mod keep;
mod lead;
mod lossy;
mod marks;
mod naming;
pub mod parquet;
mod part;
mod piece;
mod places;
mod profile;
mod row;
mod scan;
mod seam;
mod sift;
mod skeleton;
mod stats;
mod syslog;
mod table;
mod text_column;
mod utf16;
mod worth;

pub use arrow_type::arrow_type;
pub use commonness::commonness;
pub use compression::Compression;
pub use convert::number;
pub use discover::{Discovered, Problem, discover, open, open_as};
pub use error::Error;
pub use excerpt::Excerpt;
pub use file::{Batches, LogFile};
pub use format::{Format, formats};
pub use keep::{Find, FindTest, Keep, Records, Test, TextAt};
pub use naming::table_for;
pub use part::{Part, lines_before};
pub use piece::{Block, Piece, Pieces};
pub use scan::{ByteRange, LINE, OFFSET, RAW, Scan, ScanRequest, arrow_schema};
pub use seam::Seams;
pub use stats::{ScanStats, Unconverted};
pub use table::{TableSchema, merged_columns};
