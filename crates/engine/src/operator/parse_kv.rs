//! `parse-kv`: pairs of key and value in a text, some of them into columns.
//!
//! The first pair of a key wins; blanks around keys and unquoted values go (`parse-kv-operator`).

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result as DfResult;
use kql::{Column, Type, Value};
use regex::Regex;

use super::{Operator, Run, schema};
use crate::cell::{CellBuilder, Cells};
use crate::convert::from_text;
use crate::error::{Error, Result, code};

/// The operator. The text stands in the column behind the input's own.
#[derive(Clone, Debug)]
pub struct ParseKv {
    columns: Vec<Column>,
    width: usize,
    keys: Vec<(String, usize)>,
    syntax: Syntax,
}

/// How pairs are written.
#[derive(Clone, Debug)]
enum Syntax {
    /// Two groups: the key and the value.
    Regex(Regex),
    /// Delimiters. Without one between pairs, any character but letters, digits and `_` parts them.
    Delimited { pair: Vec<String>, kv: Vec<String>, quotes: Vec<(char, char)>, escape: Option<char>, greedy: bool },
}

impl ParseKv {
    /// A parse into `columns`, the first `width` of them the input's.
    pub fn new(columns: Vec<Column>, width: usize, keys: &[(String, usize)], options: &[(String, Value)]) -> Result<ParseKv> {
        let text = |name: &str| options.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_text());
        let syntax =
            match text("regex") {
                Some(pattern) => Syntax::Regex(Regex::new(&pattern).map_err(|error| {
                    Error::new(code::ARGUMENT, format!("regex of parse-kv is no regular expression: {error}"))
                })?),
                None => Syntax::Delimited {
                    pair: text("pair_delimiter").into_iter().filter(|d| !d.is_empty()).collect(),
                    kv: vec![text("kv_delimiter").filter(|d| !d.is_empty()).unwrap_or_else(|| "=".to_owned())],
                    quotes: quotes(text("quote").as_deref().unwrap_or("")),
                    escape: text("escape").and_then(|escape| escape.chars().next()),
                    greedy: matches!(options.iter().find(|(key, _)| key == "greedy"), Some((_, Value::Bool(true)))),
                },
            };
        Ok(ParseKv { columns, width, keys: keys.to_vec(), syntax })
    }

    /// The pairs of a text in order.
    fn pairs(&self, text: &str) -> Vec<(String, String)> {
        match &self.syntax {
            Syntax::Regex(regex) => {
                let group = |found: &regex::Captures<'_>, at| found.get(at).map_or("", |m| m.as_str()).to_owned();
                regex.captures_iter(text).map(|found| (group(&found, 1), group(&found, 2))).collect()
            }
            Syntax::Delimited { pair, kv, quotes, escape, greedy } => {
                Reader { rest: text, pair, kv, quotes, escape: *escape, greedy: *greedy }.pairs()
            }
        }
    }
}

/// One quote for both ends, or one for each.
fn quotes(text: &str) -> Vec<(char, char)> {
    let chars: Vec<char> = text.chars().collect();
    match chars.as_slice() {
        [both] => vec![(*both, *both)],
        [open, close] => vec![(*open, *close)],
        _ => Vec::new(),
    }
}

/// What is left of a text, and how its pairs are written.
struct Reader<'a> {
    rest: &'a str,
    pair: &'a [String],
    kv: &'a [String],
    quotes: &'a [(char, char)],
    escape: Option<char>,
    greedy: bool,
}

impl Reader<'_> {
    fn pairs(mut self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        while !self.rest.is_empty() {
            let Some((at, delimiter)) = self.kv.iter().filter_map(|d| Some((self.rest.find(d.as_str())?, d))).min() else {
                break;
            };
            let key_part = &self.rest[..at];
            let key = match self.last_pair_end(key_part) {
                Some(end) => &key_part[end..],
                None => key_part,
            };
            let key = key.trim().to_owned();
            self.rest = &self.rest[at + delimiter.len()..];
            let value = self.value();
            pairs.push((key, value));
        }
        pairs
    }

    /// Where the last pair delimiter in a stretch without a key-value delimiter ends: what is before it is no pair.
    fn last_pair_end(&self, text: &str) -> Option<usize> {
        if self.pair.is_empty() {
            return text
                .trim_end()
                .rfind(|c: char| !is_word(c))
                .map(|at| at + text[at..].chars().next().map_or(0, char::len_utf8));
        }
        self.pair.iter().filter_map(|d| Some(text.rfind(d.as_str())? + d.len())).max()
    }

    fn value(&mut self) -> String {
        let trimmed = self.rest.trim_start();
        if let Some((open, close)) = trimmed.chars().next().and_then(|c| self.quotes.iter().find(|(open, _)| *open == c)) {
            return self.quoted(&trimmed[open.len_utf8()..], *close);
        }
        let end = if self.greedy { self.greedy_end() } else { self.pair_start(self.rest) };
        let (value, rest) = match end {
            Some((at, after)) => (&self.rest[..at], &self.rest[after..]),
            None => (self.rest, ""),
        };
        let value = value.trim().to_owned();
        self.rest = rest;
        value
    }

    fn quoted(&mut self, text: &str, close: char) -> String {
        let offset = self.rest.len() - text.len();
        let mut value = String::new();
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            if Some(c) == self.escape {
                value.extend(chars.next().map(|(_, c)| c));
            } else if c == close {
                self.rest = &self.rest[offset + at + c.len_utf8()..];
                return value;
            } else {
                value.push(c);
            }
        }
        self.rest = "";
        value
    }

    /// Where the next pair delimiter starts and ends.
    fn pair_start(&self, text: &str) -> Option<(usize, usize)> {
        if self.pair.is_empty() {
            let skip = text.len() - text.trim_start().len();
            let at = skip + text[skip..].find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '&'))?;
            return Some((at, at + text[at..].chars().next().map_or(0, char::len_utf8)));
        }
        self.pair.iter().filter_map(|d| text.find(d.as_str()).map(|at| (at, at + d.len()))).min()
    }

    /// A greedy value goes on to the last pair delimiter before the next key-value delimiter.
    fn greedy_end(&self) -> Option<(usize, usize)> {
        let next = self.kv.iter().filter_map(|d| self.rest.find(d.as_str())).min()?;
        let end = self.last_pair_end(&self.rest[..next])?;
        Some((self.rest[..end].trim_end().len(), end))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Operator for ParseKv {
    fn name(&self) -> &'static str {
        "parse-kv"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(self.clone())
    }
}

impl Run for ParseKv {
    fn push(&mut self, batch: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let texts = Cells::new(Type::String, batch.column(self.width));
        let mut builders: Vec<CellBuilder> =
            self.keys.iter().map(|(_, at)| CellBuilder::new(self.columns[*at].ty, batch.num_rows())).collect();
        for row in 0..batch.num_rows() {
            let cell = texts.get(row);
            let pairs = self.pairs(cell.as_str());
            for ((key, at), builder) in self.keys.iter().zip(&mut builders) {
                let value = pairs.iter().find(|(found, _)| found == key).map_or("", |(_, value)| value);
                builder.push(&from_text(value, self.columns[*at].ty));
            }
        }
        let mut arrays: Vec<Option<ArrayRef>> =
            (0..self.columns.len()).map(|at| (at < self.width).then(|| batch.column(at).clone())).collect();
        for ((_, at), builder) in self.keys.iter().zip(&mut builders) {
            arrays[*at] = Some(builder.finish());
        }
        let rows = batch.num_rows();
        let arrays = arrays
            .into_iter()
            .zip(&self.columns)
            .map(|(array, column)| array.unwrap_or_else(|| crate::cell::nulls(column.ty, rows)));
        Ok(Some(RecordBatch::try_new(schema(&self.columns), arrays.collect())?))
    }
}
