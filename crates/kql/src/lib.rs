//! The Kusto Query Language by itself: no I/O, no clock, no threads, and no text that makes it panic.
//!
//! In: the text of a query, and a [`Catalog`](catalog::Catalog) of what it may name. Out: a bound plan, which can be run without
//! looking up another name, and the [`Diagnostic`]s of what is wrong with the text.
//!
//! | stage | in | out | module |
//! |---|---|---|---|
//! | lex | any text | [`Token`](lexer::Token)s that tile it, blanks and comments included | [`lexer`] |
//! | parse | tokens | the syntax tree ([`ast`]), however much is wrong, and what is | [`parser`] |
//! | bind | tree, catalog, what `now()` is | the plan ([`plan`]): names, types and result columns settled | [`bind`](mod@bind) |
//!
//! The tree is close to the text and easy to be exact about; the plan has few shapes, and is easy to run. What else a tree, a
//! plan or a diagnostic is good for stands beside the stages:
//!
//! | module | what it makes |
//! |---|---|
//! | [`lint`] | of a tree: warnings about what is right, and probably not meant |
//! | [`fmt`] | of a tree: the query laid out anew; and the one printer of literals and names |
//! | [`complete`], [`hover`], [`definition`] | of a place in the text: what may stand there, what does, and where that is declared |
//! | [`explain`] | of a plan: text for people |
//! | [`render`] | of diagnostics: excerpts for people, JSON and SARIF for machines |
//! | [`types`], [`time`], [`re2`] | the values of the language, its clock, its older regular expressions |
//!
//! ```
//! use kql::bind::Options;
//! use kql::catalog::Workspace;
//!
//! let workspace = Workspace { builtin: true, ..Workspace::default() };
//! let parsed = kql::parse("DnsEvents | where Name has 'example' | summarize n = count() by ClientIP");
//! let bound = kql::bind(&parsed.query, &workspace, &Options::default());
//! assert!(!bound.diagnostics.iter().any(kql::Diagnostic::is_error), "that no file fills a table is a warning");
//!
//! let columns: Vec<String> = bound.columns.iter().map(|column| format!("{}: {}", column.name, column.ty)).collect();
//! assert_eq!(columns, ["ClientIP: string", "n: long"]);
//!
//! let text = "DnsEvents | where Nmae has 'example'";
//! let wrong = kql::check(text, &workspace, 0);
//! let error = wrong.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
//! assert_eq!(error.map(|error| error.span.text(text)), Some("Nmae"));
//! ```

pub mod ast;
pub mod bind;
pub mod catalog;
pub mod complete;
pub mod definition;
pub mod diagnostic;
pub mod explain;
pub mod fmt;
pub mod hover;
pub mod lexer;
pub mod lint;
pub mod parser;
pub mod plan;
pub mod re2;
pub mod render;
pub mod time;
pub mod types;

pub use bind::{Bound, Checked, bind, check};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use parser::{Parsed, parse};
pub use types::{Column, Rows, Type, Value};
