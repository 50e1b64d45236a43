//! The knowledge: indicators, feeds, malware families, hunts, exclusions and sightings.
//!
//! Comes in: bytes of feeds, rows of a query, a file of exclusions. Goes out: hunts with the KQL that says exactly what they mean,
//! their pages, and sightings with their evidence. Nothing here reads a file, asks the clock or runs a query: the program does,
//! and hands over what it found.
//!
//! ```
//! use std::sync::Arc;
//!
//! use hunt::{Template, TimeBound, build, feed};
//!
//! let intel = feed::read(b"hxxp://evil[.]shop/gate.php", "list.txt")?;
//! let hunts = build(&Arc::new(intel), Template::Exact);
//! let query = hunts[0].queries[0].text(&TimeBound::export());
//! assert!(query.contains("DnsEvents\n| where TimeGenerated > ago(lookback)\n| where Name has_any (needles)"));
//! # Ok::<(), hunt::feed::FeedError>(())
//! ```

pub mod blind;
pub mod exclusion;
pub mod executor;
pub mod feed;
pub mod hunt;
mod in_turn;
pub mod indicator;
pub mod intel;
pub mod markdown;
pub mod normalize;
pub mod page;
pub mod prefilter;
pub mod proof;
pub mod shared_host;
pub mod sighting;
pub mod table;
pub mod template;

pub use exclusion::Exclusions;
pub use executor::{Executor, Failure, Outcome, search};
pub use hunt::{Hunt, HuntQuery, TimeBound, build};
pub use indicator::{Fact, IndicatorType, Malware, Rejected, Source, Unread};
pub use intel::{HeldBack, Indicator, Intel};
pub use sighting::{Evidence, ExcludedBy, Sighting, sight};
pub use template::Template;
