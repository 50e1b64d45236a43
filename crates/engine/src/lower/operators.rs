//! Relations that become operators of ours: which expressions they want below them, and the operator itself.

use std::sync::Arc;

use kql::plan::{self, ExpandItem, Input, Rel, RelKind};
use kql::{Column, Value};

use super::{Lower, fold};
use crate::error::{Error, Result, code, operator_name};
use crate::operator::Operator;
use crate::operator::mv_expand::{self, MvExpand};
use crate::operator::parse::Parse;
use crate::operator::parse_kv::ParseKv;
use crate::operator::sample::Sample;

/// An operator and what it stands on.
pub(crate) struct Parts {
    /// The rows it reads.
    pub(crate) input: Input,
    /// Computed columns behind the input's own.
    pub(crate) extra: Vec<plan::Expr>,
    /// The operator.
    pub(crate) operator: Arc<dyn Operator>,
}

impl Lower<'_> {
    /// The operator of a relation that DataFusion has no node for.
    pub(crate) fn operator(&self, rel: &Rel) -> Result<Parts> {
        let columns = rel.columns.clone();
        let (input, extra, operator): (&Input, Vec<plan::Expr>, Arc<dyn Operator>) = match &rel.kind {
            RelKind::MvExpand { input, items, item_index, limit, bag_as_array } => {
                let (extra, expansion) = expansion(&columns, input, items, *item_index, *limit, *bag_as_array);
                (input, extra, Arc::new(MvExpand { columns, expansion }))
            }
            RelKind::Sample { input, count, distinct: None } => {
                (input, Vec::new(), Arc::new(Sample { columns, count: self.count(count)? }))
            }
            RelKind::Parse { input, text, mode, flags, pattern, only_matches } => {
                let types: Vec<_> = input.columns.iter().map(|column| column.ty).collect();
                let parse = Parse::new(columns, types, *mode, flags, pattern, *only_matches)?;
                (input, vec![text.clone()], Arc::new(parse))
            }
            RelKind::ParseKv { input, text, keys, options } => {
                let parse = ParseKv::new(columns, input.columns.len(), keys, options)?;
                (input, vec![text.clone()], Arc::new(parse))
            }
            _ => return self.subquery_operator(rel),
        };
        Ok(Parts { input: Arc::clone(input), extra, operator })
    }

    /// A constant, or an error that names what must be one.
    pub(crate) fn constant_value(&self, expr: &plan::Expr, what: &str) -> Result<Value> {
        fold(expr, &self.resolved.scalars).ok_or_else(|| Error::new(code::ARGUMENT, format!("{what} must be a constant")))
    }

    /// Operators over whole groups of rows: subqueries, windows, series.
    fn subquery_operator(&self, rel: &Rel) -> Result<Parts> {
        Err(Error::unsupported(&format!("the operator {}", operator_name(&rel.kind))))
    }
}

/// What `mv-expand` and `mv-apply` do to each row, and the expressions it reads behind the input's columns.
pub(crate) fn expansion(
    columns: &[Column],
    input: &Input,
    items: &[ExpandItem],
    item_index: Option<usize>,
    limit: Option<i64>,
    bag_as_array: bool,
) -> (Vec<plan::Expr>, mv_expand::Expansion) {
    let width = input.columns.len();
    let expanded = items.iter().enumerate().map(|(at, item)| mv_expand::Item {
        source: width + at,
        source_type: item.expr.ty,
        position: item.position,
        ty: item.ty,
    });
    let expansion = mv_expand::Expansion {
        width,
        output: columns.len(),
        items: expanded.collect(),
        item_index,
        limit: limit.map(|limit| usize::try_from(limit).unwrap_or(0)),
        bag_as_array,
    };
    (items.iter().map(|item| item.expr.clone()).collect(), expansion)
}
