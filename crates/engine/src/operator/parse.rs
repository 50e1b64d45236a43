//! `parse` and `parse-where`: a pattern over a text, its parts into columns.
//!
//! The pattern becomes one regular expression, anchored at the start (in simple and relaxed mode at the end too). A column
//! captures lazily, in regex mode greedily; a number captures digits, save in relaxed mode, where anything is captured and what
//! does not convert is null (`parse-operator`, and the answers of a real Kusto).

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringViewBuilder};
use datafusion::arrow::compute::filter;
use datafusion::common::Result as DfResult;
use kql::plan::{ParseItem, ParseMode};
use kql::{Column, Type};
use memchr::memmem::Finder;
use regex::{Captures, Regex, RegexBuilder};

use super::{Copied, Run, schema};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::error::{Error, Result, code};
use crate::function::{build_regex, from_text, in_one_line};

/// The operator. The text stands in the column behind the input's own.
#[derive(Clone, Debug)]
pub struct Parse {
    columns: Vec<Column>,
    width: usize,
    /// Each pass has a copy: threads that share one wait for each other.
    regex: Regex,
    /// The same pattern without a regular expression, if it is that plain.
    plain: Option<Plain>,
    mode: ParseMode,
    captured: Vec<Capture>,
    only_matches: bool,
}

/// A column of the pattern, captured as the group `g` and its place in the pattern.
#[derive(Clone, Debug)]
struct Capture {
    group: String,
    position: usize,
    ty: Type,
    /// The column keeps what it had where the pattern does not match.
    old: Option<usize>,
}

impl Parse {
    /// A parse of a string into `columns`, the input's of those `types` first.
    pub fn new(
        columns: Vec<Column>,
        types: Vec<Type>,
        mode: ParseMode,
        flags: &str,
        pattern: &[ParseItem],
        only_matches: bool,
    ) -> Result<Parse> {
        let mut source = String::from("^");
        let mut captured = Vec::new();
        for (at, item) in pattern.iter().enumerate() {
            match item {
                ParseItem::Skip if at + 1 == pattern.len() => source.push_str(".*"),
                ParseItem::Skip => source.push_str(".*?"),
                ParseItem::Text(text) if mode == ParseMode::Regex => source.push_str(text),
                ParseItem::Text(text) => source.push_str(&regex::escape(text)),
                ParseItem::Column(position) => {
                    let ty = columns.get(*position).map_or(Type::String, |column| column.ty);
                    let group = format!("g{at}");
                    let last = at + 1 == pattern.len();
                    source.push_str(&capture(&group, ty, mode, last));
                    let old = (*position < types.len() && types[*position] == ty).then_some(*position);
                    captured.push(Capture { group, position: *position, ty, old });
                }
            }
        }
        if mode != ParseMode::Regex {
            source.push('$');
        }
        let set = |builder: &mut RegexBuilder| {
            builder
                .dot_matches_new_line(mode != ParseMode::Regex || flags.contains('s'))
                .case_insensitive(flags.contains('i'))
                .multi_line(flags.contains('m'))
                .swap_greed(flags.contains('U'));
        };
        let regex = build_regex(&source, set)
            .map_err(|error| format!("the pattern of parse is no regular expression: {}", in_one_line(&error)))
            .map_err(|message| Error::new(code::ARGUMENT, message))?;
        let all_texts = captured.iter().all(|capture| capture.ty == Type::String);
        let plain = Plain::of(pattern).filter(|_| mode != ParseMode::Regex && flags.is_empty() && all_texts);
        Ok(Parse { columns, width: types.len(), regex, plain, mode, captured, only_matches })
    }
}

/// A pattern of texts between gaps: each text stands where it is first found behind the one before, the last at the end if no gap
/// follows it.
#[derive(Clone, Debug)]
struct Plain {
    /// What the text begins with.
    begin: String,
    /// Gaps, whether each is captured, and the text that ends it; the last gap may have none.
    gaps: Vec<(bool, Option<Finder<'static>>)>,
}

impl Plain {
    /// The pattern, if no two gaps or texts follow each other.
    fn of(pattern: &[ParseItem]) -> Option<Plain> {
        let (mut begin, mut gaps) = (String::new(), Vec::<(bool, Option<Finder<'static>>)>::new());
        for (at, item) in pattern.iter().enumerate() {
            match (item, gaps.last_mut()) {
                (ParseItem::Text(text), _) if text.is_empty() => return None,
                (ParseItem::Text(text), None) if at == 0 => begin.clone_from(text),
                (ParseItem::Text(text), Some((_, end @ None))) => *end = Some(Finder::new(text).into_owned()),
                (ParseItem::Text(_), _) | (_, Some((_, None))) => return None,
                (item, _) => gaps.push((matches!(item, ParseItem::Column(_)), None)),
            }
        }
        (!gaps.is_empty()).then_some(Plain { begin, gaps })
    }

    /// Puts into `found` what the captured gaps hold; `None` if the text does not match.
    fn captures<'t>(&self, text: &'t str, found: &mut Vec<&'t str>) -> Option<()> {
        // To compare with no bytes at all, wherever they stand, takes long on some processors.
        let mut rest = if self.begin.is_empty() { text } else { text.strip_prefix(self.begin.as_str())? };
        found.clear();
        for (at, (captured, end)) in self.gaps.iter().enumerate() {
            let (gap, behind) = match end {
                None => (rest, ""),
                Some(end) if at + 1 == self.gaps.len() => {
                    let len = rest.len().checked_sub(end.needle().len())?;
                    (rest.as_bytes().ends_with(end.needle()).then(|| rest.get(..len)).flatten()?, "")
                }
                Some(end) => {
                    let from = end.find(rest.as_bytes())?;
                    (rest.get(..from)?, rest.get(from + end.needle().len()..)?)
                }
            };
            if *captured {
                found.push(gap);
            }
            rest = behind;
        }
        Some(())
    }
}

/// The group of a column.
fn capture(group: &str, ty: Type, mode: ParseMode, last: bool) -> String {
    let number = match ty {
        Type::Int | Type::Long => Some(r"[-+]?\d+"),
        Type::Real | Type::Decimal => Some(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"),
        _ => None,
    };
    match (number, mode) {
        (Some(number), ParseMode::Simple) => format!(r"\s*(?P<{group}>{number})\s*"),
        (Some(number), ParseMode::Regex) => format!(r"(?P<{group}>{number})"),
        (None, ParseMode::Regex) => format!("(?P<{group}>.*)"),
        // Digits where they suffice, else whatever is there, which becomes null.
        (Some(number), ParseMode::Relaxed) if !last => format!(r"(?P<{group}>\s*{number}\s*|.*?)"),
        _ if last => format!("(?P<{group}>.*)"),
        _ => format!("(?P<{group}>.*?)"),
    }
}

impl Copied for Parse {
    const NAME: &'static str = "parse";

    fn columns(&self) -> &[Column] {
        &self.columns
    }
}

impl Parse {
    /// The values of the columns, in order; `None` if the text does not match (in simple mode: or one does not convert).
    fn values(&self, text: &str) -> Option<Vec<Cell<'static>>> {
        let captures = self.regex.captures(text)?;
        let value = |capture: &Capture, captures: &Captures<'_>| {
            let text = captures.name(&capture.group).map_or("", |found| found.as_str());
            from_text(if capture.ty == Type::String { text } else { text.trim() }, capture.ty)
        };
        let cells: Vec<Cell<'static>> = self.captured.iter().map(|capture| value(capture, &captures)).collect();
        if self.mode == ParseMode::Simple && cells.iter().any(Cell::is_null) {
            return None;
        }
        Some(cells)
    }

    /// The captured columns of a batch, and which rows matched. A column keeps what it had where they do not.
    fn captured(&self, batch: &RecordBatch) -> (Vec<ArrayRef>, BooleanArray) {
        let rows = batch.num_rows();
        let old: Vec<Option<Cells<'_>>> =
            self.captured.iter().map(|capture| capture.old.map(|at| Cells::new(capture.ty, batch.column(at)))).collect();
        let mut matched = Vec::with_capacity(rows);
        if let (Some(plain), Some(texts)) = (&self.plain, batch.column(self.width).as_string_view_opt()) {
            let mut builders: Vec<StringViewBuilder> =
                self.captured.iter().map(|_| StringViewBuilder::with_capacity(rows)).collect();
            let mut found = Vec::new();
            for row in 0..rows {
                let matches = plain.captures(if texts.is_valid(row) { texts.value(row) } else { "" }, &mut found).is_some();
                matched.push(matches);
                for (at, builder) in builders.iter_mut().enumerate() {
                    match (&old[at], found.get(at).filter(|_| matches)) {
                        (_, Some(text)) => builder.append_value(text),
                        (Some(old), None) => builder.append_value(old.get(row).as_str()),
                        (None, None) => builder.append_value(""),
                    }
                }
            }
            let arrays = builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
            return (arrays.collect(), BooleanArray::from(matched));
        }
        let texts = Cells::new(Type::String, batch.column(self.width));
        let mut builders: Vec<CellBuilder> = self.captured.iter().map(|capture| CellBuilder::new(capture.ty, rows)).collect();
        for row in 0..rows {
            let values = self.values(texts.get(row).as_str());
            matched.push(values.is_some());
            for (at, builder) in builders.iter_mut().enumerate() {
                match (&values, &old[at]) {
                    (Some(values), _) => builder.push(&values[at]),
                    (None, Some(old)) => builder.push(&old.get(row)),
                    (None, None) => builder.push(&Cell::Null),
                }
            }
        }
        (builders.iter_mut().map(CellBuilder::finish).collect(), BooleanArray::from(matched))
    }
}

impl Run for Parse {
    fn push(&mut self, batch: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let (captured, matched) = self.captured(batch);
        let mut arrays: Vec<Option<ArrayRef>> =
            (0..self.columns.len()).map(|at| (at < self.width).then(|| batch.column(at).clone())).collect();
        for (capture, array) in self.captured.iter().zip(captured) {
            arrays[capture.position] = Some(array);
        }
        let mut columns = Vec::with_capacity(arrays.len());
        for (array, column) in arrays.into_iter().zip(&self.columns) {
            let array = array.unwrap_or_else(|| crate::cell::nulls(column.ty, batch.num_rows()));
            columns.push(if self.only_matches && matched.len() > matched.true_count() {
                filter(&array, &matched)?
            } else {
                array
            });
        }
        Ok(Some(RecordBatch::try_new(schema(&self.columns), columns)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The captures of a pattern written `begin * text * text`, where `*` is a column, plainly and by regular expression.
    fn both(pattern: &str, text: &str) -> (Option<Vec<String>>, Option<Vec<String>>) {
        let mut items = Vec::new();
        for (at, part) in pattern.split('*').enumerate() {
            if at > 0 {
                items.push(ParseItem::Column(at - 1));
            }
            if !part.is_empty() {
                items.push(ParseItem::Text(part.to_owned()));
            }
        }
        let columns: Vec<Column> =
            (0..pattern.matches('*').count()).map(|at| Column::new(format!("c{at}"), Type::String)).collect();
        let parse = Parse::new(columns, Vec::new(), ParseMode::Simple, "", &items, false).unwrap();
        let names: Vec<&str> = parse.captured.iter().map(|capture| capture.group.as_str()).collect();
        let by_regex = parse.regex.captures(text).map(|found| names.iter().map(|name| found[*name].to_owned()).collect());
        let plain = parse.plain.expect("the pattern is plain");
        let mut found = Vec::new();
        (plain.captures(text, &mut found).map(|()| found.into_iter().map(str::to_owned).collect()), by_regex)
    }

    #[test]
    fn a_plain_pattern_matches_as_its_regular_expression_does() {
        for pattern in ["*.*", "a*b*", "*.", "a*b", "*ab*ab", "*=*;*", "x*"] {
            for text in ["", "a.b.c", "ab", "aab b", "aXbYb", "abab", "ababab", "k=v;w", "k=v", "é.ü", "x", ".", "a\nb."] {
                let (plain, by_regex) = both(pattern, text);
                assert_eq!(plain, by_regex, "{pattern} on {text:?}");
            }
        }
    }
}
