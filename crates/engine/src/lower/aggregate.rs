//! `summarize`: groups and aggregates.

use std::sync::Arc;

use datafusion::common::{Column as DfColumn, ScalarValue};
use datafusion::functions::core::expr_fn::{coalesce, get_field};
use datafusion::logical_expr::expr::AggregateFunction as DfAggregate;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use kql::Type;
use kql::plan::{Aggregate, Expr as PlanExpr, Input, Rel};

use super::native::native;
use super::rel::project;
use super::{Lower, fold};
use crate::aggregate::{self, AggregateCall, AggregateFunction, aggregate_udf};
use crate::error::{Error, Result};
use crate::operator::group::Group;
use crate::operator::operator_plan;

/// Several columns of a relation that are parts of one call.
pub(super) struct Grouped<'a> {
    /// The function.
    pub(super) function: &'static AggregateFunction,
    /// Its arguments.
    pub(super) args: &'a [PlanExpr],
    /// Types and constants.
    pub(super) call: AggregateCall,
    /// For each part the aggregate (by position in the relation) that shows it.
    pub(super) shown: Vec<Vec<usize>>,
}

impl Lower<'_> {
    /// A `summarize` as a plan: DataFusion's where order does not matter, our own over sorted rows where it does.
    pub(super) fn aggregate(&self, rel: &Rel, input: &Input, keys: &[PlanExpr], aggregates: &[Aggregate]) -> Result<LogicalPlan> {
        let in_order = |call: &Aggregate| aggregate::find(&call.function).is_some_and(|function| function.in_order);
        if input.ordered && aggregates.iter().any(in_order) {
            let parts = self.group(rel, keys, aggregates)?;
            let plan = self.rel(input)?;
            let exprs = self.exprs(&parts.0, &plan)?;
            let columns = super::rel::with_extra_columns(&[], &parts.0);
            return Ok(operator_plan(Arc::new(parts.1), project(plan, exprs, &columns)?)?);
        }
        let plan = self.rel(input)?;
        let mut group = Vec::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            group.push(self.expr(key, &plan)?.alias(format!("k{at}")));
        }
        let mut calls: Vec<Expr> = Vec::new();
        let mut outputs: Vec<Expr> = (0..keys.len()).map(|at| column(format!("k{at}"))).collect();
        outputs.resize(rel.columns.len(), lit(ScalarValue::Null));
        for grouped in &self.grouped(aggregates)? {
            let (call, empty) = self.df_call(grouped, &plan)?;
            // `dcount(x)` and `count_distinct(x)` are one call, of which DataFusion takes no two.
            let at = calls.iter().position(|known| *known == call).unwrap_or(calls.len());
            if at == calls.len() {
                calls.push(call);
            }
            let name = format!("a{at}");
            let bare = match empty {
                Some(empty) => coalesce(vec![column(name), Expr::Literal(empty, None)]),
                None => column(name),
            };
            for (part, shown) in grouped.shown.iter().enumerate() {
                let value = match grouped.call.returns.len() {
                    1 => bare.clone(),
                    _ => get_field(bare.clone(), part.to_string()),
                };
                shown.iter().for_each(|position| outputs[keys.len() + position] = value.clone());
            }
        }
        let calls = calls.into_iter().enumerate().map(|(at, call)| call.alias(format!("a{at}")));
        let plan = LogicalPlanBuilder::from(plan).aggregate(group, calls)?.build()?;
        project(plan, outputs, &rel.columns)
    }

    /// The same as an operator of our own: the expressions it wants below it (keys, then arguments), and itself.
    pub(crate) fn group(&self, rel: &Rel, keys: &[PlanExpr], aggregates: &[Aggregate]) -> Result<(Vec<PlanExpr>, Group)> {
        let mut below: Vec<PlanExpr> = keys.to_vec();
        let calls = self.calls(aggregates, &mut below)?;
        let key_types = keys.iter().map(|key| key.ty).collect();
        Ok((below, Group { columns: rel.columns.clone(), key_types, calls }))
    }

    /// The distinct calls among the aggregates.
    pub(super) fn grouped<'a>(&self, aggregates: &'a [Aggregate]) -> Result<Vec<Grouped<'a>>> {
        let mut calls: Vec<(&str, Grouped<'a>)> = Vec::new();
        for (position, item) in aggregates.iter().enumerate() {
            let known = calls.iter_mut().find(|(name, call)| *name == item.function && call.args == item.args);
            let call = match known {
                Some((_, call)) => call,
                None => {
                    let Some(function) = aggregate::find(&item.function) else {
                        return Err(Error::unsupported(&format!("the aggregation function {}()", item.function)));
                    };
                    let types = item.args.iter().map(|arg| arg.ty).collect();
                    let constants = item.args.iter().map(|arg| fold(arg, &self.resolved.scalars)).collect();
                    let call = AggregateCall { returns: Vec::new(), types, constants };
                    calls.push((&item.function, Grouped { function, args: &item.args, call, shown: Vec::new() }));
                    let last = calls.len() - 1;
                    &mut calls[last].1
                }
            };
            if call.shown.len() <= item.part {
                call.shown.resize(item.part + 1, Vec::new());
                call.call.returns.resize(item.part + 1, Type::Dynamic);
            }
            call.shown[item.part].push(position);
            call.call.returns[item.part] = item.ty;
        }
        Ok(calls.into_iter().map(|(_, call)| call).collect())
    }

    /// The call as an aggregate of DataFusion's, and what stands for its null, if anything.
    fn df_call(&self, grouped: &Grouped<'_>, over: &LogicalPlan) -> Result<(Expr, Option<ScalarValue>)> {
        let mut args = self.exprs(grouped.args, over)?;
        let mut call = grouped.call.clone();
        if let Some(native) = native(grouped.function.name, &args, &call.types)? {
            return Ok((native.call, native.empty));
        }
        if args.is_empty() {
            // DataFusion tells an aggregate its rows by its arguments alone.
            args.push(lit(true));
            call.types.push(Type::Bool);
        }
        let udf = Arc::new(aggregate_udf(grouped.function, call));
        Ok((Expr::AggregateFunction(DfAggregate::new_udf(udf, args, false, None, Vec::new(), None)), None))
    }
}

fn column(name: String) -> Expr {
    Expr::Column(DfColumn::from_name(name))
}
