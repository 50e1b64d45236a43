//! Feeds: publishers' formats as plug-ins. Comes in: a file's bytes and its name. Goes out: [`Intel`].
//!
//! [`read`] unpacks gzip and zip, then asks each feed of [`FEEDS`] in turn whether the content is its own. A new feed is one file
//! with its page beside it and one line in that list.

mod container;
mod csv;
mod encoding;
mod json;
mod list;
mod maltrail;
mod misp;
mod record;
mod sink;
mod stix;
mod table;
mod threatfox;

use std::cell::OnceCell;
use std::sync::Arc;

use crate::intel::Intel;

pub use sink::Sink;

use json::Json;

/// A publisher's format.
pub trait Feed: Sync {
    /// Its name: `threatfox`.
    fn name(&self) -> &'static str;

    /// Its page: what it is, an example, a damaged example.
    fn page(&self) -> &'static str;

    /// The content is of this format.
    fn detect(&self, document: &Document<'_>) -> bool;

    /// Hands every value of the document to the sink.
    ///
    /// # Errors
    /// When the document as a whole says that it is no feed. A value or record that cannot be used is rejected in the sink, and
    /// is no error.
    fn parse(&self, document: &Document<'_>, sink: &mut Sink) -> Result<(), FeedError>;
}

/// All feeds, in the order in which they are asked: the most particular first.
pub const FEEDS: &[&dyn Feed] =
    &[&threatfox::ThreatFox, &misp::Misp, &stix::Stix, &maltrail::Maltrail, &table::Table, &list::List];

/// What a feed sees of a file.
pub struct Document<'a> {
    /// The name it goes by.
    pub name: &'a str,
    /// Its text, without a byte order mark.
    pub text: &'a str,
    /// The same, to be kept for longer.
    pub(crate) whole: &'a Arc<String>,
    json: OnceCell<Result<Json<'a>, FeedError>>,
}

impl<'a> Document<'a> {
    fn new(name: &'a str, whole: &'a Arc<String>) -> Document<'a> {
        Document { name, text: whole, whole, json: OnceCell::new() }
    }

    /// It starts as JSON does.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.text.trim_start().starts_with(['{', '['])
    }

    /// All of it as JSON, read when it is first asked for; values that stand behind each other, as JSON lines do, as a list. None if it
    /// is no JSON, or broken.
    pub(crate) fn json(&self) -> Option<&Json<'a>> {
        if !self.is_json() {
            return None;
        }
        self.json.get_or_init(|| Json::of_values(self.text).map_err(|error| self.broken(&error))).as_ref().ok()
    }

    /// The error of JSON that is broken.
    pub(crate) fn broken(&self, error: &serde_json::Error) -> FeedError {
        FeedError::Json { name: self.name.to_owned(), why: format!("broken JSON: {error}") }
    }
}

/// Why a file is no source of indicators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// gzip or zip that cannot be unpacked.
    #[error("{name}: cannot be unpacked: {why}")]
    Packed {
        /// The file.
        name: String,
        /// What the unpacker says.
        why: String,
    },
    /// JSON that cannot be parsed.
    #[error("{name}: {why}")]
    Json {
        /// The file.
        name: String,
        /// What the parser says, line and column included.
        why: String,
    },
    /// An answer of an API that says it failed.
    #[error("{name}: the answer is an error: query_status `{status}`{message}; ask again, and check the Auth-Key and the query")]
    Status {
        /// The file.
        name: String,
        /// The status it names.
        status: String,
        /// What else it says.
        message: String,
    },
    /// Nothing that a feed could be asked about.
    #[error("{name}: {kind}")]
    NoText {
        /// The file.
        name: String,
        /// What it is, and what to do.
        kind: &'static str,
    },
    /// A table whose columns say nothing.
    #[error(
        "{name}: none of its columns is known to hold indicators ({}): values are looked for in columns called indicator, domain, \
         url, ip, md5, sha1, sha256 or hash, and some more",
        columns_text(columns)
    )]
    Columns {
        /// The file.
        name: String,
        /// The names of its columns.
        columns: Vec<String>,
    },
    /// No feed knows the content.
    #[error("{name}: no known feed format; known are {known}")]
    Unknown {
        /// The file.
        name: String,
        /// The names of all feeds.
        known: String,
    },
}

/// The first columns, and how many more there are.
fn columns_text(columns: &[String]) -> String {
    const SHOWN: usize = 12;
    let names: Vec<String> = columns.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = columns.len().saturating_sub(SHOWN);
    names.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// Reads indicators from a file's bytes, whatever the format. `name` is shown in results; its stem names what has no family.
///
/// # Errors
/// When the file cannot be unpacked, is broken JSON, an API's error, or of no known format.
pub fn read(bytes: impl Into<Vec<u8>>, name: &str) -> Result<Intel, FeedError> {
    let mut intel = Intel::new();
    container::unpack(bytes.into(), name, &mut |inner_name, content| {
        let text = encoding::text_of(content).map_err(|kind| FeedError::NoText { name: inner_name.to_owned(), kind })?;
        intel.merge(read_text(text, inner_name)?);
        Ok(())
    })?;
    Ok(intel)
}

fn read_text(text: String, name: &str) -> Result<Intel, FeedError> {
    if is_web_page(&text) {
        let kind = "a web page: was that of an error or a login stored in place of the feed?";
        return Err(FeedError::NoText { name: name.to_owned(), kind });
    }
    let text = Arc::new(text);
    let document = Document::new(name, &text);
    let feed = FEEDS.iter().find(|feed| feed.detect(&document));
    if let Some(Err(error)) = document.json.get() {
        return Err(error.clone());
    }
    let Some(feed) = feed else {
        let columns = table::strange_columns(&document);
        if !columns.is_empty() {
            return Err(FeedError::Columns { name: name.to_owned(), columns });
        }
        let known = FEEDS.iter().map(|feed| feed.name()).collect::<Vec<_>>().join(", ");
        return Err(FeedError::Unknown { name: name.to_owned(), known });
    };
    let mut sink = Sink::new(name, feed.name());
    feed.parse(&document, &mut sink)?;
    Ok(sink.finish())
}

/// The text begins as HTML does.
fn is_web_page(text: &str) -> bool {
    let text = text.trim_start();
    ["<!doctype html", "<html"].iter().any(|start| text.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feed_has_a_page_and_a_name_of_its_own() {
        for (at, feed) in FEEDS.iter().enumerate() {
            assert!(feed.page().starts_with("# "), "{}", feed.name());
            assert!(FEEDS[..at].iter().all(|other| other.name() != feed.name()));
        }
    }

    /// What a table of a page shows of a payload: its cells by the names of its columns.
    fn shown(intel: &Intel, columns: &[&str]) -> Vec<Vec<String>> {
        if columns.contains(&"why") {
            return intel.rejected.iter().map(|it| vec![it.at.clone(), it.why.to_string()]).collect();
        }
        let cell = |it: crate::Indicator<'_>, column: &str| match column {
            "type" => it.ty().name().to_owned(),
            "value" => it.value().to_owned(),
            "family" => it.malware().id.clone(),
            "confidence" => it.confidence().map_or_else(String::new, |it| it.to_string()),
            "first seen" => it.first_seen().map_or_else(String::new, kql::time::format_datetime),
            other => panic!("no feed has the column {other}"),
        };
        intel.indicators().map(|it| columns.iter().map(|column| cell(it, column)).collect()).collect()
    }

    #[test]
    fn pages_say_what_feeds_give() {
        let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        for feed in FEEDS {
            let mut given: Option<Result<Intel, FeedError>> = None;
            let mut lines = feed.page().lines().peekable();
            let mut checked = 0;
            while let Some(line) = lines.next() {
                if let Some(language) = line.strip_prefix("```") {
                    let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                    if language == "error" {
                        let error = given.take().expect("a payload").expect_err("a payload that is none");
                        assert_eq!(error.to_string(), block.join("\n"), "{}", feed.name());
                    } else {
                        given = Some(read(block.join("\n").as_bytes(), "x.json"));
                    }
                } else if line.starts_with('|')
                    && let Some(Ok(intel)) = &given
                {
                    let columns = cells(line);
                    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                    lines.next();
                    let rows = std::iter::from_fn(|| lines.next_if(|line| line.starts_with('|')));
                    assert_eq!(shown(intel, &columns), rows.map(cells).collect::<Vec<_>>(), "{}", feed.name());
                    assert_eq!(intel.sources[0].feed, feed.name());
                    checked += 1;
                }
            }
            assert!(checked > 0, "{} has no example", feed.name());
        }
    }

    #[test]
    fn what_is_no_feed_is_said() {
        assert!(read(b"{\"a\": 1, \"b\": {\"c\": 2}}", "x.json").unwrap_err().to_string().contains("no known feed format"));
        assert!(read(b"{\"a\": ", "x.json").unwrap_err().to_string().contains("line 1"));
        assert_eq!(read(b"\n", "x.txt").unwrap_err().to_string(), "x.txt: there is nothing in it");
        assert!(read([0x1f, 0x8b, 1, 2], "x.gz").unwrap_err().to_string().contains("cannot be unpacked"));
    }
}
