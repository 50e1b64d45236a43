//! `parse-kv`: pairs of key and value in a text, some of them into columns.
//!
//! The first pair of a key wins; blanks around keys and unquoted values go (`parse-kv-operator`).

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result as DfResult;
use kql::{Column, Type, Value};
use regex::Regex;

use super::{Copied, Run, schema};
use crate::cell::{CellBuilder, Cells};
use crate::error::{Error, Result, code};
use crate::function::{build_regex, from_text, in_one_line};

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
    /// Between pairs, and between key and value, stands a text.
    Delimited { pair: String, kv: String, quoting: Quoting, greedy: bool },
    /// Whatever is no letter, digit or `_` delimits; the value of a key is the word behind it.
    Words(Quoting),
}

impl ParseKv {
    /// A parse into `columns`, the first `width` of them the input's.
    pub fn new(columns: Vec<Column>, width: usize, keys: &[(String, usize)], options: &[(String, Value)]) -> Result<ParseKv> {
        let all = |name: &'static str| options.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.to_text());
        let text = |name| all(name).next().filter(|text| !text.is_empty());
        let quoting = || Quoting {
            pairs: all("quote").filter_map(|text| quotes(&text)).collect(),
            escapes: all("escape").flat_map(|text| text.chars().next()).collect(),
        };
        let syntax = match (text("regex"), text("pair_delimiter"), text("kv_delimiter")) {
            (Some(pattern), ..) => Syntax::Regex(build_regex(&pattern, |_| ()).map_err(|error| {
                let why = in_one_line(&error);
                Error::new(code::ARGUMENT, format!("regex of parse-kv is no regular expression: {why}"))
            })?),
            (None, None, None) => Syntax::Words(quoting()),
            (None, pair, kv) => Syntax::Delimited {
                pair: pair.unwrap_or_else(|| " ".to_owned()),
                kv: kv.unwrap_or_else(|| "=".to_owned()),
                quoting: quoting(),
                greedy: options.iter().any(|(name, value)| name == "greedy" && *value == Value::Bool(true)),
            },
        };
        Ok(ParseKv { columns, width, keys: keys.to_vec(), syntax })
    }

    /// The pairs of a text in order.
    fn pairs(&self, text: &str) -> Vec<(String, String)> {
        match &self.syntax {
            Syntax::Regex(regex) => {
                let group = |found: &regex::Captures<'_>, at| found.get(at).map_or("", |m| m.as_str().trim()).to_owned();
                regex.captures_iter(text).map(|found| (group(&found, 1), group(&found, 2))).collect()
            }
            Syntax::Delimited { pair, kv, quoting, greedy } => Reader { rest: text, pair, kv, quoting, greedy: *greedy }.pairs(),
            Syntax::Words(quoting) => {
                let words = words(text, quoting);
                let is_key = |word: &String| self.keys.iter().any(|(key, _)| key == word);
                words.windows(2).filter(|pair| is_key(&pair[0])).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
            }
        }
    }
}

/// The words of a text, and what stands in quotes, in order.
fn words(text: &str, quoting: &Quoting) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((word, after)) = quoting.read(rest) {
            words.push(word);
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        if end > 0 {
            words.push(rest[..end].to_owned());
        }
        rest = &rest[end.max(first.len_utf8())..];
    }
    words
}

/// The characters that quote, and those that take the meaning from a quote.
#[derive(Clone, Debug)]
struct Quoting {
    pairs: Vec<(char, char)>,
    escapes: Vec<char>,
}

impl Quoting {
    /// The text in quotes at the start, and what is behind it; none if there is no quote, or it does not end.
    fn read<'a>(&self, text: &'a str) -> Option<(String, &'a str)> {
        let open = text.chars().next()?;
        let (_, close) = self.pairs.iter().find(|(quote, _)| *quote == open)?;
        let mut value = String::new();
        let mut chars = text.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if self.escapes.contains(&c) {
                value.extend(chars.next().map(|(_, c)| c));
            } else if c == *close {
                return Some((value, &text[at + c.len_utf8()..]));
            } else {
                value.push(c);
            }
        }
        None
    }
}

/// One quote for both ends, or one for each.
fn quotes(text: &str) -> Option<(char, char)> {
    let mut chars = text.chars();
    let open = chars.next()?;
    Some((open, chars.next().unwrap_or(open)))
}

/// What is left of a text, and how its pairs are written.
struct Reader<'a> {
    rest: &'a str,
    pair: &'a str,
    kv: &'a str,
    quoting: &'a Quoting,
    greedy: bool,
}

impl Reader<'_> {
    fn pairs(mut self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        while !self.rest.is_empty() {
            if let Some(key) = self.key() {
                let value = self.value();
                pairs.push((key, value));
            }
        }
        pairs
    }

    /// The key at the start, the delimiter behind it read; none if there is no pair up to the next delimiter, which is read.
    fn key(&mut self) -> Option<String> {
        if let Some((key, rest)) = self.quoting.read(self.rest.trim_start())
            && let Some(rest) = rest.trim_start().strip_prefix(self.kv)
        {
            self.rest = rest;
            return Some(key);
        }
        let end = self.rest.find(self.pair).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        if let Some((key, _)) = text.split_once(self.kv) {
            self.rest = &self.rest[key.len() + self.kv.len()..];
            return Some(key.trim().to_owned());
        }
        self.rest = rest.strip_prefix(self.pair).unwrap_or(rest);
        None
    }

    /// The value at the start, and the delimiter behind it.
    fn value(&mut self) -> String {
        if let Some((value, rest)) = self.quoting.read(self.rest.trim_start()) {
            self.rest = rest;
            return value;
        }
        let end = if self.greedy { self.greedy_end() } else { self.rest.find(self.pair) };
        let (value, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.strip_prefix(self.pair).unwrap_or(rest);
        value.trim().to_owned()
    }

    /// A greedy value goes on to the last pair delimiter before the next key.
    fn greedy_end(&self) -> Option<usize> {
        let next = self.rest.find(self.kv)?;
        self.rest[..next].trim_end().rfind(self.pair)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Copied for ParseKv {
    const NAME: &'static str = "parse-kv";

    fn columns(&self) -> &[Column] {
        &self.columns
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
