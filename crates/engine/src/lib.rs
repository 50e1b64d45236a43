//! Bound KQL plans on DataFusion: the one crate that names it.
//!
//! In: a workspace of tables (log files, rows in memory, sets of texts), and the text of a query. Out: its rows, all at once
//! ([`Engine::run`]) or as they come ([`Engine::stream`]), with Kusto's semantics, in bounded memory.
//!
//! | stage | in | out | module |
//! |---|---|---|---|
//! | bind | text | [`kql::plan`]; bound again where columns depend on the data | `work` |
//! | prepare | what a plan refers to | [`Resolved`](lower::Resolved): tables, values of `toscalar()`, sets, shared rows | `prepare`, `walk` |
//! | lower | plan | DataFusion's logical plan, functions and operators of ours in it | [`lower`] |
//! | plan | logical plan | a running plan: DataFusion's rules, and ours | `session`, `in_order`, `pass_through`, `large_top` |
//! | run | running plan | batches, then values at the edge | `run`, [`source`], `answer` |
//!
//! What plans are made of stands in a folder for each kind, a file and its page for each idea, with a list of all in its
//! `mod.rs`: [`function`], [`aggregate`], [`operator`], [`plugin`], `graph`. All of them compute with a [`Cell`](cell::Cell): one
//! value, read from an Arrow column or put into one. `local` runs the subqueries of `mv-apply` and `partition`, a few rows at a
//! time.
//!
//! ```
//! use engine::{Config, Engine};
//! use kql::{Column, Rows, Type, Value};
//!
//! let mut engine = Engine::new(Config { threads: 1, ..Config::default() })?;
//! let hosts = ["fox", "hen", "fox"].map(|host| vec![Value::String(host.to_owned())]);
//! engine.add_rows("Hosts", &Rows { columns: vec![Column::new("Host", Type::String)], rows: hosts.to_vec() })?;
//!
//! let answer = engine.run("Hosts | summarize n = count() by Host | top 1 by n")?;
//! assert_eq!(answer.tables[0].rows.rows, [[Value::String("fox".to_owned()), Value::Long(2)]]);
//! # Ok::<(), engine::Error>(())
//! ```

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
mod held_filter;
mod in_order;
mod large_top;
mod local;
pub mod lower;
pub mod manual;
pub mod operator;
mod over;
mod pass_through;
pub mod plugin;
mod prepare;
mod row_key;
mod rows;
mod run;
mod session;
pub mod source;
mod spill;
pub mod tables;
mod text_set;
mod walk;
mod work;

pub use answer::{Answer, Cancel, Cut, Head, Receiver, ResultTable};
pub use engine::{Config, Engine};
pub use error::{Error, Result};
pub use explain::{Explained, Measured, Plans, Step};
pub use function::IpPlaces;
pub use spill::remove_spills;
pub use text_set::{TextSet, Texts};
