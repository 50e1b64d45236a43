//! The knowledge: indicators, feeds, malware families, hunts, exclusions and sightings.
//!
//! Comes in: bytes of feeds, rows of a query, a file of exclusions. Goes out: hunts with the KQL that says exactly what they mean,
//! their pages, and sightings with their evidence. Nothing here reads a file, asks the clock or runs a query: the program does,
//! and hands over what it found.

pub mod feed;
pub mod indicator;
pub mod normalize;
pub mod shared_host;

pub use indicator::{HeldBack, Indicator, IndicatorType, Intel, Malware, Rejected, Source};
