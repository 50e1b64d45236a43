//! Filters as a test of row groups: which rows pass, read from as few columns as it takes.
//!
//! What the file says of a row group is asked first ([`Prune`]). Then the columns that the filters are about are read, one by
//! one, and of a text column each different text is tested once.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::compute::{and_kleene, not, or_kleene, take};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::DFSchema;
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::physical_plan::PhysicalExpr;
use kql::Column;
use logs::parquet::{RowGroup, Values};

use super::prune::Prune;
use crate::error::{Error, code};
use crate::operator::schema;

/// Whether a [`Test`] can decide the filter: it gives the same answer each time, and from columns that files have.
pub(super) fn decides(filter: &Expr, in_files: impl Fn(&str) -> bool) -> bool {
    !filter.is_volatile() && filter.column_refs().iter().all(|column| in_files(&column.name))
}

/// What rows must pass, all of it.
pub(super) struct Test(Node);

enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf(Leaf),
}

/// A condition that is not made of others.
struct Leaf {
    expr: Arc<dyn PhysicalExpr>,
    columns: Vec<String>,
    schema: SchemaRef,
    prune: Option<Prune>,
}

impl Test {
    /// The test that rows of a table with those columns pass all the filters.
    pub(super) fn new(filters: &[Expr], columns: &[Column], session: &dyn Session) -> DfResult<Test> {
        let nodes = filters.iter().map(|filter| Node::new(filter, columns, session));
        Ok(Test(Node::All(nodes.collect::<DfResult<_>>()?)))
    }

    /// The rows of the group that pass; none at all if what the file says of the group rules them out.
    pub(super) fn rows(&self, group: &mut RowGroup<'_>) -> DfResult<Kept> {
        if matches!(&self.0, Node::All(nodes) if nodes.is_empty()) {
            return Ok(Kept::All);
        }
        if !self.0.may_pass(group) {
            return Ok(Kept::None);
        }
        let mut columns = Columns { group, read: HashMap::new() };
        let passed = self.0.evaluate(&mut columns)?;
        let kept = match passed.nulls() {
            Some(nulls) => passed.values() & nulls.inner(),
            None => passed.values().clone(),
        };
        Ok(match kept.count_set_bits() {
            0 => Kept::None,
            count if count == kept.len() => Kept::All,
            _ => Kept::Some(kept),
        })
    }
}

/// Which rows of a group pass.
pub(super) enum Kept {
    All,
    None,
    Some(BooleanBuffer),
}

/// The columns of a row group, each read once.
struct Columns<'r, 'f> {
    group: &'r mut RowGroup<'f>,
    read: HashMap<String, Arc<Values>>,
}

impl Columns<'_, '_> {
    fn values(&mut self, column: &str) -> DfResult<Arc<Values>> {
        if let Some(values) = self.read.get(column) {
            return Ok(Arc::clone(values));
        }
        let values = Arc::new(self.group.values(column).map_err(failed)?);
        self.read.insert(column.to_owned(), Arc::clone(&values));
        Ok(values)
    }
}

impl Node {
    fn new(filter: &Expr, columns: &[Column], session: &dyn Session) -> DfResult<Node> {
        match filter {
            Expr::BinaryExpr(BinaryExpr { op: op @ (Operator::And | Operator::Or), .. }) => {
                let mut terms = Vec::new();
                flatten(filter, *op, &mut terms);
                let nodes = terms.into_iter().map(|term| Node::new(term, columns, session)).collect::<DfResult<_>>()?;
                Ok(if *op == Operator::And { Node::All(nodes) } else { Node::Any(nodes) })
            }
            Expr::Not(inner) => Ok(Node::Not(Box::new(Node::new(inner, columns, session)?))),
            _ => Leaf::new(filter, columns, session).map(Node::Leaf),
        }
    }

    /// Whether a row may pass, by what the file says of the group.
    fn may_pass(&self, group: &mut RowGroup<'_>) -> bool {
        match self {
            Node::All(nodes) => nodes.iter().all(|node| node.may_pass(group)),
            Node::Any(nodes) => nodes.iter().any(|node| node.may_pass(group)),
            Node::Not(_) => true,
            Node::Leaf(leaf) => leaf.prune.as_ref().is_none_or(|prune| prune.may_pass(group)),
        }
    }

    fn evaluate(&self, columns: &mut Columns<'_, '_>) -> DfResult<BooleanArray> {
        let rows = columns.group.rows();
        match self {
            Node::All(nodes) => {
                let mut all = BooleanArray::new(BooleanBuffer::new_set(rows), None);
                for node in nodes {
                    all = and_kleene(&all, &node.evaluate(columns)?)?;
                    if all.true_count() == 0 && all.null_count() == 0 {
                        break;
                    }
                }
                Ok(all)
            }
            Node::Any(nodes) => {
                let mut any = BooleanArray::new(BooleanBuffer::new_unset(rows), None);
                for node in nodes {
                    any = or_kleene(&any, &node.evaluate(columns)?)?;
                }
                Ok(any)
            }
            Node::Not(node) => Ok(not(&node.evaluate(columns)?)?),
            Node::Leaf(leaf) => leaf.evaluate(columns),
        }
    }
}

fn flatten<'e>(expr: &'e Expr, operator: Operator, terms: &mut Vec<&'e Expr>) {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if *op == operator => {
            flatten(left, operator, terms);
            flatten(right, operator, terms);
        }
        other => terms.push(other),
    }
}

impl Leaf {
    fn new(expr: &Expr, columns: &[Column], session: &dyn Session) -> DfResult<Leaf> {
        let mut names: Vec<String> = expr.column_refs().iter().map(|column| column.name.clone()).collect();
        names.sort_unstable();
        let own: Vec<Column> = columns.iter().filter(|column| names.contains(&column.name)).cloned().collect();
        let schema = schema(&own);
        let expr_over = DFSchema::try_from(Arc::clone(&schema))?;
        let physical = session.create_physical_expr(expr.clone(), &expr_over)?;
        Ok(Leaf { expr: physical, columns: own.into_iter().map(|column| column.name).collect(), schema, prune: Prune::of(expr) })
    }

    fn evaluate(&self, columns: &mut Columns<'_, '_>) -> DfResult<BooleanArray> {
        let rows = columns.group.rows();
        if let [column] = &self.columns[..] {
            let Values { values, keys } = &*columns.values(column)?;
            let passed = self.over(vec![Arc::clone(values)], values.len())?;
            return Ok(keys.as_ref().map_or_else(|| passed.clone(), |keys| spread(&passed, keys)));
        }
        let mut arrays = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let Values { values, keys } = &*columns.values(column)?;
            arrays.push(match keys {
                Some(keys) => take(values, &UInt32Array::from(keys.clone()), None)?,
                None => Arc::clone(values),
            });
        }
        self.over(arrays, rows)
    }

    fn over(&self, arrays: Vec<ArrayRef>, rows: usize) -> DfResult<BooleanArray> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?;
        let answer = self.expr.evaluate(&batch)?.into_array(rows)?;
        let not_boolean = || DataFusionError::Internal("a filter is not a truth".to_owned());
        answer.as_boolean_opt().cloned().ok_or_else(not_boolean)
    }
}

/// The answers about different values as answers about rows.
fn spread(passed: &BooleanArray, keys: &[u32]) -> BooleanArray {
    let at = |row: usize| keys[row] as usize;
    let of = |buffer: &BooleanBuffer| match buffer.count_set_bits() {
        0 => BooleanBuffer::new_unset(keys.len()),
        count if count == buffer.len() => BooleanBuffer::new_set(keys.len()),
        _ => BooleanBuffer::collect_bool(keys.len(), |row| buffer.value(at(row))),
    };
    BooleanArray::new(of(passed.values()), passed.nulls().map(|nulls| NullBuffer::new(of(nulls.inner()))))
}

/// A fault of a file, on its way through DataFusion.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Damaged(pub(super) logs::Error);

pub(super) fn failed(error: logs::Error) -> DataFusionError {
    match error {
        damaged @ (logs::Error::Unreadable { .. } | logs::Error::Io { .. } | logs::Error::Arrow(_)) => {
            DataFusionError::External(Box::new(Damaged(damaged)))
        }
        other => DataFusionError::External(Box::new(Error::new(code::READ, other.to_string()))),
    }
}
