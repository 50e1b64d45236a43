//! Relations that become operators of ours: which expressions they want below them, and the operator itself.

use std::sync::Arc;

use kql::plan::{self, Aggregate, ExpandItem, Expr, Input, Rel, RelKind};
use kql::{Column, Type, Value};

use super::{Lower, fold};
use crate::error::{Error, Result, code};
use crate::local::{Local, RowExpr};
use crate::operator::Operator;
use crate::operator::group::Call;
use crate::operator::make_series::{MakeSeries, Series};
use crate::operator::mv_apply::MvApply;
use crate::operator::mv_expand::{self, MvExpand};
use crate::operator::parse::Parse;
use crate::operator::parse_kv::ParseKv;
use crate::operator::partition::Partition;
use crate::operator::reduce::Reduce;
use crate::operator::sample::Sample;
use crate::operator::scan::Scan;
use crate::operator::steps::Steps;
use crate::operator::top_nested::{Level, Levels, Rank, TopNested};
use crate::operator::window::Window;

/// An operator and what it stands on.
pub(crate) struct Parts {
    /// The rows it reads.
    pub(crate) input: Input,
    /// Whether the input's own columns stand first below it.
    pub(crate) keep_input: bool,
    /// Computed columns, behind the input's own if those are kept.
    pub(crate) extra: Vec<Expr>,
    /// The operator.
    pub(crate) operator: Arc<dyn Operator>,
}

impl Parts {
    /// An operator over the input's columns and computed ones behind them.
    pub(crate) fn above(input: &Input, extra: Vec<Expr>, operator: impl Operator + 'static) -> Parts {
        Parts { input: Arc::clone(input), keep_input: true, extra, operator: Arc::new(operator) }
    }

    /// An operator over computed columns alone.
    pub(crate) fn computed(input: &Input, extra: Vec<Expr>, operator: impl Operator + 'static) -> Parts {
        Parts { input: Arc::clone(input), keep_input: false, extra, operator: Arc::new(operator) }
    }
}

impl Lower<'_> {
    /// The operator of a relation that DataFusion has no node for.
    pub(crate) fn operator(&self, rel: &Rel) -> Result<Parts> {
        let columns = rel.columns.clone();
        Ok(match &rel.kind {
            RelKind::MvExpand { input, items, item_index, limit, bag_as_array } => {
                let (extra, expansion) = expansion(&columns, input, items, *item_index, *limit, *bag_as_array);
                Parts::above(input, extra, MvExpand { columns, expansion })
            }
            RelKind::MvApply { input, items, item_index, limit, context, subquery, kept } => {
                let (extra, expansion) = expansion(context, input, items, *item_index, *limit, false);
                let subquery = self.subquery(subquery)?;
                let (context, kept) = (context.clone(), kept.clone());
                Parts::above(input, extra, MvApply { columns, context, expansion, kept, subquery })
            }
            RelKind::Partition { input, key, subquery, keys_max } => {
                let takes_key = crate::walk::takes_key(subquery);
                let subquery = self.subquery(subquery)?;
                let (context, key_type, keys_max) = (input.columns.clone(), key.ty, *keys_max);
                let partition = Partition { columns, context, key_type, subquery, takes_key, keys_max };
                Parts::above(input, vec![key.clone()], partition)
            }
            RelKind::Sample { input, count, distinct: None } => {
                Parts::above(input, Vec::new(), Sample { columns, count: self.count(count)? })
            }
            RelKind::Parse { input, text, mode, flags, pattern, only_matches } => {
                let types: Vec<_> = input.columns.iter().map(|column| column.ty).collect();
                let parse = Parse::new(columns, types, *mode, flags, pattern, *only_matches)?;
                Parts::above(input, vec![text.clone()], parse)
            }
            RelKind::ParseKv { input, text, keys, options } => {
                let parse = ParseKv::new(columns, input.columns.len(), keys, options)?;
                Parts::above(input, vec![text.clone()], parse)
            }
            RelKind::Reduce { input, text, options } => {
                let reduce = Reduce::new(columns, input.columns.len(), options)?;
                Parts::above(input, vec![text.clone()], reduce)
            }
            RelKind::Window { input, exprs } => {
                Parts::above(input, Vec::new(), Window::compile(self, columns, &input.columns, exprs)?)
            }
            RelKind::Scan(scan) => Parts::above(&scan.input, scan.partition.clone(), Scan::compile(self, columns, scan)?),
            RelKind::MakeSeries { input, .. } => {
                let (extra, shared) = self.series(rel)?;
                Parts::computed(input, extra, MakeSeries { shared: Arc::new(shared) })
            }
            RelKind::TopNested { input, levels } => {
                let (extra, levels) = self.levels(levels)?;
                Parts::computed(input, extra, TopNested { shared: Arc::new(Levels { columns, levels }) })
            }
            RelKind::Evaluate { .. } => self.plugin(rel)?,
            other => return Err(Error::unsupported(&format!("the operator {}", other.keyword()))),
        })
    }

    fn subquery(&self, subquery: &Rel) -> Result<Arc<Local>> {
        Ok(Arc::new(Local::compile(self, subquery)?))
    }

    /// A constant, or an error that names what must be one.
    fn constant_value(&self, expr: &Expr, what: &str) -> Result<Value> {
        fold(expr, &self.resolved.scalars).ok_or_else(|| Error::new(code::ARGUMENT, format!("{what} must be a constant")))
    }

    /// The expressions below `make-series` (keys, axis, arguments) and what it does with them.
    fn series(&self, rel: &Rel) -> Result<(Vec<Expr>, Series)> {
        let RelKind::MakeSeries { keys, aggregates, values, axis, from, to, step, inclusive, nonempty, .. } = &rel.kind else {
            return Err(Error::new(code::INTERNAL, "no make-series"));
        };
        let mut below = keys.clone();
        below.push(axis.clone());
        let calls = self.calls(aggregates, &mut below)?;
        let constant = |expr: &Option<Expr>, what| expr.as_ref().map(|expr| self.constant_value(expr, what)).transpose();
        let from = constant(from, "the start of a series")?;
        let step = self.constant_value(step, "the step of a series")?;
        let Some(steps) = Steps::new(axis.ty, from.as_ref(), &step) else {
            return Err(Error::new(code::ARGUMENT, "the step of make-series must be greater than zero"));
        };
        let default = |(_, default): &(Expr, Expr)| self.constant_value(default, "the default of a series");
        let series = Series {
            columns: rel.columns.clone(),
            key_types: keys.iter().map(|key| key.ty).collect(),
            axis: axis.ty,
            calls,
            aggregates: aggregates.len(),
            values: values.iter().map(|(value, _)| RowExpr::compile(self, value)).collect::<Result<_>>()?,
            defaults: values.iter().map(default).collect::<Result<_>>()?,
            steps,
            has_start: from.is_some(),
            to: constant(to, "the end of a series")?,
            inclusive: *inclusive,
            nonempty: *nonempty,
        };
        Ok((below, series))
    }

    fn levels(&self, levels: &[plan::TopNested]) -> Result<(Vec<Expr>, Vec<Level>)> {
        let mut below = Vec::new();
        let mut out = Vec::with_capacity(levels.len());
        for level in levels {
            let of = below.len();
            below.push(level.of.clone());
            let calls = self.calls(&level.aggregates, &mut below)?;
            let by = Rank { calls, aggregates: level.aggregates.len(), value: RowExpr::compile(self, &level.by)? };
            let others = level.others.as_ref().map(|others| self.constant_value(others, "the value for others")).transpose()?;
            let count = level.count.as_ref().map(|count| self.count(count)).transpose()?;
            out.push(Level { count, of, ty: level.of.ty, others, by, ascending: level.ascending });
        }
        Ok((below, out))
    }

    /// The distinct calls of aggregates; their arguments are added to what stands below.
    pub(crate) fn calls(&self, aggregates: &[Aggregate], below: &mut Vec<Expr>) -> Result<Vec<Call>> {
        let mut calls = Vec::new();
        for grouped in self.grouped(aggregates)? {
            let args = below.len()..below.len() + grouped.args.len();
            below.extend(grouped.args.iter().cloned());
            calls.push(Call { function: grouped.function, call: grouped.call, args: args.collect(), shown: grouped.shown });
        }
        if below.is_empty() {
            // A batch without columns would lose its rows.
            below.push(Expr::literal(Value::Bool(true), Type::Bool));
        }
        Ok(calls)
    }
}

/// What `mv-expand` and `mv-apply` do to each row, and the expressions it reads behind the input's columns.
fn expansion(
    columns: &[Column],
    input: &Input,
    items: &[ExpandItem],
    item_index: Option<usize>,
    limit: Option<i64>,
    bag_as_array: bool,
) -> (Vec<Expr>, mv_expand::Expansion) {
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
