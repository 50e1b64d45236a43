//! `parse` and `parse-where`: a pattern over a text, its parts into columns.
//!
//! The pattern becomes one regular expression, anchored at the start (in simple and relaxed mode at the end too). A column
//! captures lazily, in regex mode greedily; a number captures digits, save in relaxed mode, where anything is captured and what
//! does not convert is null (`parse-operator`, and the answers of a real Kusto).

use datafusion::arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter;
use datafusion::common::Result as DfResult;
use kql::plan::{ParseItem, ParseMode};
use kql::{Column, Type};
use regex::{Captures, Regex, RegexBuilder};

use super::{Operator, Run, schema};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::convert::from_text;
use crate::error::{Error, Result, code};

/// The operator. The text stands in the column behind the input's own.
#[derive(Debug)]
pub struct Parse {
    columns: Vec<Column>,
    width: usize,
    text_type: Type,
    regex: Regex,
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
        let regex = RegexBuilder::new(&source)
            .dot_matches_new_line(mode != ParseMode::Regex || flags.contains('s'))
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .swap_greed(flags.contains('U'))
            .build()
            .map_err(|error| Error::new(code::ARGUMENT, format!("the pattern of parse is no regular expression: {error}")))?;
        Ok(Parse { columns, width: types.len(), text_type: Type::String, regex, mode, captured, only_matches })
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

impl Operator for Parse {
    fn name(&self) -> &'static str {
        "parse"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass {
            columns: self.columns.clone(),
            width: self.width,
            text_type: self.text_type,
            regex: self.regex.clone(),
            mode: self.mode,
            captured: self.captured.clone(),
            only_matches: self.only_matches,
        })
    }
}

struct Pass {
    columns: Vec<Column>,
    width: usize,
    text_type: Type,
    regex: Regex,
    mode: ParseMode,
    captured: Vec<Capture>,
    only_matches: bool,
}

impl Pass {
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
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let texts = Cells::new(self.text_type, batch.column(self.width));
        let old: Vec<Option<Cells<'_>>> =
            self.captured.iter().map(|capture| capture.old.map(|at| Cells::new(capture.ty, batch.column(at)))).collect();
        let mut builders: Vec<CellBuilder> =
            self.captured.iter().map(|capture| CellBuilder::new(capture.ty, batch.num_rows())).collect();
        let mut matched = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
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
        let mut arrays: Vec<Option<ArrayRef>> =
            (0..self.columns.len()).map(|at| (at < self.width).then(|| batch.column(at).clone())).collect();
        for (capture, builder) in self.captured.iter().zip(&mut builders) {
            arrays[capture.position] = Some(builder.finish());
        }
        let matched = BooleanArray::from(matched);
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
