//! Needles: texts of which a raw record must hold one to pass a filter.
//!
//! In: a filter of a plan. Out: a test of raw bytes that lets through every record the filter would (and some more, which the
//! filter then drops). It never decides by itself: a record it cannot judge (text that is not ASCII, or that has escapes) passes.
//!
//! A few needles are searched as substrings; for many, each whole run of letters and digits in the record is looked up among the
//! longest runs of the needles.

use std::any::Any;
use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use kql::Value;

use crate::function::{Constant, Udf};

/// Needles at most that are searched as substrings.
const SUBSTRINGS: usize = 64;

/// The needles of one filter.
#[derive(Debug)]
pub(crate) struct Needles {
    columns: Vec<String>,
    search: Search,
}

#[derive(Debug)]
enum Search {
    Substrings(AhoCorasick),
    Runs(HashSet<Box<[u8]>, foldhash::fast::RandomState>),
}

/// A text, and whether its first and last characters stand at a boundary of letters and digits wherever it matches.
struct Needle {
    text: String,
    bounded: bool,
}

/// Any of these texts, in one of these columns.
struct AnyOf {
    columns: Vec<String>,
    needles: Vec<Needle>,
}

impl Needles {
    /// The needles of a filter; `None` if a record could pass it without any.
    pub(crate) fn of(filter: &Expr) -> Option<Needles> {
        let AnyOf { mut columns, needles } = any_of(filter)?;
        columns.sort();
        columns.dedup();
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'\''));
        if !needles.iter().all(|needle| plain(&needle.text)) {
            return None;
        }
        let runs: Option<HashSet<_, _>> = needles.iter().map(longest_run).collect();
        let search = match runs {
            Some(runs) if needles.len() > SUBSTRINGS => Search::Runs(runs),
            _ if needles.len() <= SUBSTRINGS => {
                let texts = needles.iter().map(|needle| needle.text.as_str());
                Search::Substrings(AhoCorasick::builder().ascii_case_insensitive(true).build(texts).ok()?)
            }
            _ => return None,
        };
        Some(Needles { columns, search })
    }

    /// The columns that hold them.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether the record may pass the filter.
    pub(crate) fn may_match(&self, record: &[u8]) -> bool {
        match &self.search {
            Search::Substrings(search) => search.is_match(record) || !record.is_ascii(),
            Search::Runs(runs) => has_run(record, runs) || !record.is_ascii() || memchr::memchr(b'\\', record).is_some(),
        }
    }
}

/// The longest run of letters and digits in a needle, in lower case, that is whole wherever the needle stands.
fn longest_run(needle: &Needle) -> Option<Box<[u8]>> {
    let text = needle.text.to_ascii_lowercase();
    let runs: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let inner = if needle.bounded { &runs[..] } else { runs.get(1..runs.len().saturating_sub(1)).unwrap_or_default() };
    inner.iter().filter(|run| !run.is_empty()).max_by_key(|run| run.len()).map(|run| run.as_bytes().into())
}

fn has_run(record: &[u8], runs: &HashSet<Box<[u8]>, foldhash::fast::RandomState>) -> bool {
    let mut lower = [0_u8; RUN_BYTES];
    let mut len = 0;
    for byte in record {
        if byte.is_ascii_alphanumeric() {
            if len < RUN_BYTES {
                lower[len] = byte.to_ascii_lowercase();
            }
            len += 1;
            continue;
        }
        if len > 0 && (len > RUN_BYTES || runs.contains(&lower[..len])) {
            return true;
        }
        len = 0;
    }
    len > 0 && (len > RUN_BYTES || runs.contains(&lower[..len]))
}

/// Runs longer than this are not looked up, and their records pass.
const RUN_BYTES: usize = 256;

fn any_of(filter: &Expr) -> Option<AnyOf> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let (mut left, right) = (any_of(left)?, any_of(right)?);
            left.columns.extend(right.columns);
            left.needles.extend(right.needles);
            Some(left)
        }
        // One side is enough to let too much through.
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => any_of(left).or_else(|| any_of(right)),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => match (&**left, &**right) {
            (Expr::Column(column), Expr::Literal(ScalarValue::Utf8View(Some(text)), _))
            | (Expr::Literal(ScalarValue::Utf8View(Some(text)), _), Expr::Column(column)) => {
                let needles = vec![Needle { text: text.clone(), bounded: true }];
                Some(AnyOf { columns: vec![column.name.clone()], needles })
            }
            _ => None,
        },
        Expr::ScalarFunction(call) => {
            let udf = (call.func.inner().as_ref() as &dyn Any).downcast_ref::<Udf>()?;
            let Expr::Column(column) = call.args.first()? else { return None };
            let bounded = match udf.name() {
                "==" | "=~" | "in" | "in~" | "has" | "has_cs" | "has_any" => true,
                "contains" | "contains_cs" | "startswith" | "startswith_cs" | "endswith" | "endswith_cs" | "hasprefix"
                | "hasprefix_cs" | "hassuffix" | "hassuffix_cs" => false,
                _ => return None,
            };
            let texts = texts(udf.constants())?;
            let needles = texts.into_iter().map(|text| Needle { text, bounded }).collect();
            Some(AnyOf { columns: vec![column.name.clone()], needles })
        }
        _ => None,
    }
}

/// The texts among the constants behind the first argument; `None` if one is something else, or not constant.
fn texts(constants: &[Option<Constant>]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for constant in constants.get(1..)? {
        match constant.as_ref()? {
            Constant::Value(value) => texts.extend(texts_of(value)?),
            Constant::Set(values) => {
                for value in values.iter() {
                    texts.extend(texts_of(value)?);
                }
            }
        }
    }
    Some(texts)
}

fn texts_of(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Dynamic(json) if json.starts_with('[') => serde_json::from_str(json).ok(),
        Value::Dynamic(json) => serde_json::from_str(json).ok().map(|text| vec![text]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(texts: &[&str], bounded: bool) -> Option<Vec<String>> {
        let needle = |text: &&str| longest_run(&Needle { text: (*text).to_owned(), bounded });
        texts.iter().map(|text| Some(String::from_utf8_lossy(&needle(text)?).into_owned())).collect()
    }

    #[test]
    fn a_run_is_whole_where_the_needle_stands() {
        assert_eq!(runs(&["Evil.example", "x.y"], true), Some(vec!["example".to_owned(), "y".to_owned()]));
        assert_eq!(runs(&["evil.example"], false), None, "`evil` may go on to the left");
        assert_eq!(runs(&["a.evil.example"], false), Some(vec!["evil".to_owned()]));
    }

    #[test]
    fn runs_are_found_in_any_case_and_nowhere_inside_others() {
        let set: HashSet<Box<[u8]>, foldhash::fast::RandomState> = [Box::from(b"evil".as_slice())].into_iter().collect();
        assert!(has_run(br#"{"Name":"www.EVIL.example"}"#, &set));
        assert!(has_run(b"evil", &set));
        assert!(!has_run(br#"{"Name":"notevil.example"}"#, &set));
    }
}
