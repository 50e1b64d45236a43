//! Segments of rows: which rows have the same values in some of their columns. What `autocluster`, `basket` and `diffpatterns`
//! share.
//!
//! Rows that are alike are one, with their weights added up; values are numbered column by column. A [`Pattern`] has a value in
//! some columns and stands for the rows that have all of them.

use std::collections::HashMap;

use datafusion::common::{Result as DfResult, exec_err};
use indexmap::IndexMap;
use kql::Value;
use kql::plan::{Expr, ExprKind};

use super::Call;
use super::by_key::ByKey;
use super::gather::Row;
use crate::cell::Cell;
use crate::error::{Error, Result, code};

/// Patterns found at most.
const PATTERNS_MAX: usize = 1 << 16;

/// In each column the value that a pattern has, or that it may have any.
pub(super) type Pattern = Vec<Option<u32>>;

/// Rows that are alike: their values, and the weights of both sets they may belong to.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    values: Vec<u32>,
    /// The weights, in the first and the second set.
    pub(super) weights: [f64; 2],
}

/// All rows, as segments.
#[derive(Debug, Default)]
pub(super) struct Segments {
    /// The values of each column, by number.
    values: Vec<ByKey<Value>>,
    rows: IndexMap<Vec<u32>, [f64; 2]>,
    /// What the rows take.
    bytes: usize,
}

impl Segments {
    /// Adds a row to the set (0 or 1) it belongs to.
    pub(super) fn add(&mut self, row: &[Cell<'_>], set: usize, weight: f64) {
        self.values.resize_with(row.len(), ByKey::default);
        let mut numbers = Vec::with_capacity(row.len());
        for (cell, known) in row.iter().zip(&mut self.values) {
            let number = known.place(std::slice::from_ref(cell), || cell.to_value());
            numbers.push(u32::try_from(number).unwrap_or(u32::MAX));
        }
        let before = self.rows.len();
        self.rows.entry(numbers).or_default()[set] += weight;
        self.bytes += if self.rows.len() > before { 64 + 4 * row.len() } else { 0 };
    }

    /// The bytes it holds, roughly.
    pub(super) fn size(&self) -> usize {
        self.bytes + self.values.iter().map(ByKey::bytes).sum::<usize>()
    }

    /// The segments.
    pub(super) fn segments(&self) -> Vec<Segment> {
        self.rows.iter().map(|(values, weights)| Segment { values: values.clone(), weights: *weights }).collect()
    }

    /// The value of a column by its number.
    fn value(&self, column: usize, number: u32) -> Option<&Value> {
        self.values.get(column)?.at(number as usize)
    }
}

/// The columns that patterns are looked for in, and how a pattern is shown under the input's columns.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    /// The columns.
    pub(super) exprs: Vec<Expr>,
    /// For each column of the input the one of `exprs` it is, if any.
    places: Vec<Option<usize>>,
    /// For each column of the input what is shown where a pattern has no value.
    wildcards: Vec<Value>,
}

impl Attributes {
    /// All columns of the input but those that are something else to the plugin. Wildcards, each for the columns of its type, are
    /// the arguments from `wildcards` on.
    pub(super) fn of(call: &Call<'_>, without: &[Option<&Expr>], wildcards: usize) -> Result<Attributes> {
        let mut given = Vec::new();
        for at in wildcards..call.args.len() {
            if let Some(expr) = optional(call, at) {
                given.push((expr.ty, call.value(at, "wildcard")?));
            }
        }
        let mut attributes = Attributes { exprs: Vec::new(), places: Vec::new(), wildcards: Vec::new() };
        for (at, column) in call.input.columns.iter().enumerate() {
            let is_left_out = without.iter().flatten().any(|expr| matches!(expr.kind, ExprKind::Column(own) if own == at));
            attributes.places.push((!is_left_out).then_some(attributes.exprs.len()));
            if !is_left_out {
                attributes.exprs.push(Expr::column(at, column.ty));
            }
            let wildcard = given.iter().find(|(ty, _)| *ty == column.ty).map(|(_, value)| value.clone());
            attributes.wildcards.push(wildcard.unwrap_or(Value::Null));
        }
        Ok(attributes)
    }

    /// The pattern's cells under the input's columns.
    pub(super) fn cells(&self, segments: &Segments, pattern: &Pattern) -> Row {
        let value = |place: &Option<usize>| place.and_then(|at| segments.value(at, pattern.get(at).copied().flatten()?));
        let shown = self.places.iter().zip(&self.wildcards);
        shown.map(|(place, wildcard)| Cell::of(value(place).unwrap_or(wildcard)).into_owned()).collect()
    }
}

impl Segment {
    /// Whether the pattern stands for it.
    pub(super) fn fits(&self, pattern: &Pattern) -> bool {
        pattern.iter().zip(&self.values).all(|(wanted, value)| wanted.is_none_or(|wanted| wanted == *value))
    }

    /// The pattern that stands for it alone.
    pub(super) fn pattern(&self) -> Pattern {
        self.values.iter().copied().map(Some).collect()
    }
}

/// How many columns a pattern has a value in.
pub(super) fn dimensions(pattern: &Pattern) -> usize {
    pattern.iter().flatten().count()
}

/// The weights of all segments in both sets.
pub(super) fn total<'a>(segments: impl IntoIterator<Item = &'a Segment>) -> [f64; 2] {
    segments.into_iter().fold([0.0, 0.0], |sum, segment| [sum[0] + segment.weights[0], sum[1] + segment.weights[1]])
}

/// The closed patterns (none has a column more and the same rows) of at most `dimensions_max` freely chosen columns that have
/// enough weight, with their weights. Values that all rows of a pattern share come for free.
pub(super) fn frequent(
    segments: &[Segment],
    dimensions_max: usize,
    is_enough: impl Fn([f64; 2]) -> bool,
) -> DfResult<Vec<(Pattern, [f64; 2])>> {
    let width = segments.first().map_or(0, |segment| segment.values.len());
    let mut found: IndexMap<Pattern, [f64; 2]> = IndexMap::new();
    let everything: Vec<usize> = (0..segments.len()).collect();
    let mut open = vec![(vec![None; width], everything, 0)];
    while let Some((pattern, rows, chosen)) = open.pop() {
        if chosen == dimensions_max {
            continue;
        }
        for column in (0..width).filter(|column| pattern[*column].is_none()) {
            let mut by_value: HashMap<u32, Vec<usize>> = HashMap::new();
            rows.iter().for_each(|row| by_value.entry(segments[*row].values[column]).or_default().push(*row));
            let mut by_value: Vec<(u32, Vec<usize>)> = by_value.into_iter().collect();
            by_value.sort_unstable_by_key(|(value, _)| *value);
            for (_, rows) in by_value {
                let weights = total(rows.iter().map(|row| &segments[*row]));
                if !is_enough(weights) {
                    continue;
                }
                let closed = closure(segments, &rows);
                if found.contains_key(&closed) {
                    continue;
                }
                if found.len() == PATTERNS_MAX {
                    return exec_err!("there are more than {PATTERNS_MAX} patterns; name fewer columns, or raise the threshold");
                }
                found.insert(closed.clone(), weights);
                open.push((closed, rows, chosen + 1));
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// What all those rows have in common.
fn closure(segments: &[Segment], rows: &[usize]) -> Pattern {
    let Some((first, others)) = rows.split_first() else { return Vec::new() };
    let mut common = segments[*first].pattern();
    for row in others {
        for (value, other) in common.iter_mut().zip(&segments[*row].values) {
            *value = value.filter(|value| value == other);
        }
    }
    common
}

/// An optional argument; `~` stands for the default.
pub(super) fn optional<'a>(call: &Call<'a>, position: usize) -> Option<&'a Expr> {
    let expr = call.expr(position).ok()?;
    let is_default = matches!(&expr.kind, ExprKind::Literal(Value::String(text)) if text == "~");
    (!is_default).then_some(expr)
}

/// The optional number at a position, within bounds.
pub(super) fn number(call: &Call<'_>, position: usize, default: f64, least: f64, most: f64) -> Result<f64> {
    if optional(call, position).is_none() {
        return Ok(default);
    }
    let value = call.value(position, "number")?;
    Cell::of(&value).as_real().filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        Error::new(code::ARGUMENT, format!("argument {} of {} is a number from {least} to {most}", position + 1, call.plugin))
    })
}

/// A row's values and its weight, which stands last if there is one.
pub(super) fn weighed<'a, 'b>(row: &'a [Cell<'b>], is_weighted: bool) -> (&'a [Cell<'b>], f64) {
    match row.split_last() {
        Some((weight, row)) if is_weighted => (row, weight.as_real().unwrap_or(0.0)),
        _ => (row, 1.0),
    }
}
