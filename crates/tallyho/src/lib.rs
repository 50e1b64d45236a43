//! The program as a library: what the commands do, so that tests (and, one day, an HTTP API) call the same.
//!
//! Comes in: arguments ([`cli::Args`]), the environment, files. Goes out: results on stdout, messages on stderr, an exit code.

pub mod chart;
pub mod cli;
pub mod config;
pub mod convert;
pub mod declared;
pub mod demo;
pub mod error;
pub mod escape;
pub mod evidence;
pub mod folder;
pub mod intel;
pub mod interrupt;
pub mod local;
pub mod lsp;
pub mod manual;
pub mod messages;
pub mod output;
pub mod progress;
pub mod report;
pub mod scans;
pub mod search;
pub mod words;
