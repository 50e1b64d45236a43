//! Subqueries over a few rows: a plan over [`RelKind::Context`](kql::plan::RelKind::Context), run at once and in memory for each
//! group of rows that `mv-apply` or `partition` hands to it.

mod expr;
mod join;

use std::cmp::Ordering;
use std::convert::Infallible;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use datafusion::common::Result as DfResult;
use kql::plan::{Input, Rel, RelKind};
use kql::{Column, Value};

pub(crate) use expr::RowExpr;

use crate::cell::{Cell, CellBuilder, Cells};
use crate::decimal;
use crate::error::{Error, Result};
use crate::lower::{Lower, Resolved, rel};
use crate::operator::{Operator, schema};

/// A compiled subquery.
pub(crate) struct Local {
    columns: Vec<Column>,
    node: Node,
}

/// What a subquery is run for.
pub(crate) struct Context<'a> {
    /// The rows handed to it.
    pub(crate) rows: &'a RecordBatch,
    /// Their key, where it reads tables of its own.
    pub(crate) key: Option<&'a Value>,
}

impl Context<'_> {
    /// Calls `f` with the cells of each row, the key behind them.
    fn each_row(&self, columns: &[Column], rows: &RecordBatch, mut f: impl FnMut(&[Cell<'_>])) {
        match self.key {
            None => each_row(columns, rows, f),
            Some(key) => each_row(columns, rows, |row| {
                let mut row = row.to_vec();
                row.push(Cell::of(key));
                f(&row);
            }),
        }
    }
}

enum Node {
    Context,
    Fixed(RecordBatch),
    Filter(Box<Local>, RowExpr),
    Project(Box<Local>, Vec<RowExpr>),
    Sort(Box<Local>, Vec<Key>),
    Take(Box<Local>, usize),
    Operator { input: Box<Local>, extra: Vec<RowExpr>, below: Vec<Column>, keep_input: bool, operator: Arc<dyn Operator> },
    Union(Vec<Local>),
    Join(Box<join::Join>),
}

struct Key {
    expr: RowExpr,
    descending: bool,
    nulls_first: bool,
}

impl Local {
    /// Compiles a relation over the context.
    pub(crate) fn compile(lower: &Lower<'_>, rel: &Rel) -> Result<Local> {
        if let Some(rows) = lower.resolved.relations.get(&Resolved::address(rel)) {
            return Ok(Local { columns: rel.columns.clone(), node: Node::Fixed(rows.clone()) });
        }
        let input = |input: &Input| Local::compile(lower, input).map(Box::new);
        let node = match &rel.kind {
            RelKind::Context => Node::Context,
            RelKind::Values(rows) => Node::Fixed(rel::values(&rel.columns, rows)?),
            RelKind::One => Node::Fixed(one_row()?),
            RelKind::GetSchema(of) => Node::Fixed(rel::schema_rows(rel, of)?),
            RelKind::Sample { input, count, distinct: Some(of) } => {
                return Local::compile(lower, &rel::sample_distinct(rel, input, count, of));
            }
            RelKind::TopHitters { input, count, of, by } => {
                return Local::compile(lower, &rel::top_hitters(rel, input, count, of, by.as_ref()));
            }
            RelKind::Filter { input: below, predicate } => Node::Filter(input(below)?, RowExpr::compile(lower, predicate)?),
            RelKind::Project { input: below, exprs } => Node::Project(input(below)?, RowExpr::compile_all(lower, exprs)?),
            RelKind::Sort { input: below, keys } => {
                let key = |key: &kql::plan::SortKey| {
                    let expr = RowExpr::compile(lower, &key.expr)?;
                    Ok(Key { expr, descending: key.descending, nulls_first: key.nulls_first })
                };
                Node::Sort(input(below)?, keys.iter().map(key).collect::<Result<_>>()?)
            }
            RelKind::Take { input: below, count } => Node::Take(input(below)?, lower.count(count)?),
            RelKind::Aggregate { input: below, keys, aggregates } => {
                let (exprs, group) = lower.group(rel, keys, aggregates)?;
                let extra = RowExpr::compile_all(lower, &exprs)?;
                let below_columns = rel::with_extra_columns(&[], &exprs);
                Node::Operator { input: input(below)?, extra, below: below_columns, keep_input: false, operator: Arc::new(group) }
            }
            RelKind::Union(inputs) => {
                Node::Union(inputs.iter().map(|input| Local::compile(lower, input)).collect::<Result<_>>()?)
            }
            RelKind::Join { kind, left, right, on, lookup } => {
                Node::Join(Box::new(join::Join::compile(lower, *kind, left, right, on, *lookup)?))
            }
            RelKind::Table { .. } | RelKind::Shared(_) | RelKind::Range { .. } => {
                return Err(Error::unsupported("a table read inside the subquery of mv-apply or partition"));
            }
            _ => {
                let parts = lower.operator(rel)?;
                let extra = RowExpr::compile_all(lower, &parts.extra)?;
                let kept: &[Column] = if parts.keep_input { &parts.input.columns } else { &[] };
                let below = rel::with_extra_columns(kept, &parts.extra);
                let (keep_input, operator) = (parts.keep_input, parts.operator);
                Node::Operator { input: input(&parts.input)?, extra, below, keep_input, operator }
            }
        };
        Ok(Local { columns: rel.columns.clone(), node })
    }

    /// The columns of the rows it gives.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Runs it for some rows.
    pub(crate) fn run(&self, context: &Context<'_>) -> DfResult<RecordBatch> {
        match &self.node {
            Node::Context => batch(&self.columns, context.rows.columns().to_vec(), context.rows.num_rows()),
            Node::Fixed(rows) => Ok(rows.clone()),
            Node::Filter(input, predicate) => {
                let rows = input.run(context)?;
                let mut keep = Vec::with_capacity(rows.num_rows());
                context.each_row(&input.columns, &rows, |row| keep.push(predicate.eval(row).as_bool() == Some(true)));
                Ok(filter_record_batch(&rows, &BooleanArray::from(keep))?)
            }
            Node::Project(input, exprs) => {
                let rows = input.run(context)?;
                batch(&self.columns, evaluate_in(context, exprs, &self.columns, &input.columns, &rows), rows.num_rows())
            }
            Node::Sort(input, keys) => sort(context, &input.run(context)?, &input.columns, keys),
            Node::Take(input, count) => {
                let rows = input.run(context)?;
                Ok(rows.slice(0, rows.num_rows().min(*count)))
            }
            Node::Operator { input, extra, below, keep_input, operator } => {
                let rows = input.run(context)?;
                let mut arrays = if *keep_input { rows.columns().to_vec() } else { Vec::new() };
                arrays.extend(evaluate_in(context, extra, &below[arrays.len()..], &input.columns, &rows));
                let rows = batch(below, arrays, rows.num_rows())?;
                let mut run = operator.start();
                let mut batches: Vec<RecordBatch> = run.push(&rows)?.into_iter().collect();
                while let Some(more) = run.more()? {
                    batches.push(more);
                }
                batches.extend(run.finish()?);
                while let Some(more) = run.more()? {
                    batches.push(more);
                }
                Ok(concat_batches(&schema(&self.columns), &batches)?)
            }
            Node::Union(inputs) => {
                let mut batches = Vec::with_capacity(inputs.len());
                for input in inputs {
                    let rows = input.run(context)?;
                    batches.push(batch(&self.columns, rows.columns().to_vec(), rows.num_rows())?);
                }
                Ok(concat_batches(&schema(&self.columns), &batches)?)
            }
            Node::Join(join) => join.run(&self.columns, context),
        }
    }
}

/// A batch under those columns, even without any.
pub(crate) fn batch(columns: &[Column], arrays: Vec<ArrayRef>, rows: usize) -> DfResult<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema(columns), arrays, &options)?)
}

fn one_row() -> Result<RecordBatch> {
    Ok(batch(&[], Vec::new(), 1)?)
}

/// Calls `f` with the cells of each row.
pub(crate) fn each_row<'a>(columns: &[Column], rows: &'a RecordBatch, mut f: impl FnMut(&[Cell<'a>])) {
    let Ok(()) = try_each_row(columns, rows, |row| {
        f(row);
        Ok::<(), Infallible>(())
    });
}

/// The same, until `f` fails.
pub(crate) fn try_each_row<'a, E>(
    columns: &[Column],
    rows: &'a RecordBatch,
    mut f: impl FnMut(&[Cell<'a>]) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let cells: Vec<Cells<'a>> = columns.iter().zip(rows.columns()).map(|(column, array)| Cells::new(column.ty, array)).collect();
    let mut row = Vec::with_capacity(cells.len());
    for at in 0..rows.num_rows() {
        row.clear();
        row.extend(cells.iter().map(|column| column.get(at)));
        f(&row)?;
    }
    Ok(())
}

/// The expressions over each row, as arrays of the types of `outputs`.
pub(crate) fn evaluate(exprs: &[RowExpr], outputs: &[Column], columns: &[Column], rows: &RecordBatch) -> Vec<ArrayRef> {
    evaluate_in(&Context { rows, key: None }, exprs, outputs, columns, rows)
}

/// The same, inside a subquery.
fn evaluate_in(
    context: &Context<'_>,
    exprs: &[RowExpr],
    outputs: &[Column],
    columns: &[Column],
    rows: &RecordBatch,
) -> Vec<ArrayRef> {
    let mut builders: Vec<CellBuilder> = outputs.iter().map(|column| CellBuilder::new(column.ty, rows.num_rows())).collect();
    context.each_row(columns, rows, |row| {
        exprs.iter().zip(&mut builders).for_each(|(expr, builder)| builder.push(&expr.eval(row)));
    });
    builders.iter_mut().map(CellBuilder::finish).collect()
}

fn sort(context: &Context<'_>, rows: &RecordBatch, columns: &[Column], keys: &[Key]) -> DfResult<RecordBatch> {
    let mut values: Vec<Vec<Cell<'static>>> = Vec::with_capacity(rows.num_rows());
    context.each_row(columns, rows, |row| values.push(keys.iter().map(|key| key.expr.eval_owned(row)).collect()));
    let mut order: Vec<u32> = (0..u32::try_from(values.len()).unwrap_or(u32::MAX)).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&values[*a as usize], &values[*b as usize]);
        keys.iter().zip(a.iter().zip(b)).map(|(key, (a, b))| key.compare(a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(take_record_batch(rows, &UInt32Array::from(order))?)
}

impl RowExpr {
    /// As [`RowExpr::eval`], free of the row.
    pub(crate) fn eval_owned(&self, row: &[Cell<'_>]) -> Cell<'static> {
        // The row outlives the call only as a copy: an expression may hand on a borrow of it.
        let row: Vec<Cell<'_>> = row.to_vec();
        self.eval(&row).into_owned()
    }
}

impl Key {
    fn compare(&self, a: &Cell<'_>, b: &Cell<'_>) -> Ordering {
        let nan = |cell: &Cell<'_>| matches!(cell, Cell::Real(r) if r.is_nan());
        match (a.is_null(), b.is_null()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return if self.nulls_first { Ordering::Less } else { Ordering::Greater },
            (false, true) => return if self.nulls_first { Ordering::Greater } else { Ordering::Less },
            (false, false) => {}
        }
        let order = match (nan(a), nan(b)) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => compare(a, b),
        };
        if self.descending { order.reverse() } else { order }
    }
}

/// The order of two values of one type, neither null.
pub(crate) fn compare(a: &Cell<'_>, b: &Cell<'_>) -> Ordering {
    match (a, b) {
        (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
        (Cell::Decimal(a), Cell::Decimal(b)) => decimal::parse(a).cmp(&decimal::parse(b)),
        (Cell::Real(_), _) | (_, Cell::Real(_)) => a.as_real().partial_cmp(&b.as_real()).unwrap_or(Ordering::Equal),
        _ => match (a.as_long(), b.as_long()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_str().cmp(b.as_str()),
        },
    }
}
