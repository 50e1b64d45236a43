//! `partition`, `fork`, `facet`.
//!
//! In: rows and subqueries over them. Out: the subquery's rows for each key; or several result tables.

use super::super::Binder;
use super::super::flow::{Flow, fresh_name};
use super::param;
use crate::ast::{self, ExprKind as Ast, ForkBranch, OperatorKind as Op, Param, PartitionBody, SeriesRange};
use crate::bind::env::{Binding, Item, Thing};
use crate::diagnostic;
use crate::plan::{Aggregate, Expr, Output, PARTITION_KEY, Rel, RelKind};
use crate::types::{Column, Type};

/// How many keys `partition` takes unless it is told how to go about it.
const LEGACY_KEYS_MAX: usize = 64;

impl Binder<'_> {
    pub(super) fn partition(&mut self, input: &Flow, by: &ast::Expr, body: &PartitionBody, params: &[Param]) -> Flow {
        let key = self.column_value(input, by);
        let rel = Rel { kind: RelKind::Context, columns: input.columns().to_vec(), open: input.rel.open, ordered: false };
        let context = Flow { origin: input.origin.clone(), serialized: input.serialized, ..Flow::of(rel) };
        let strategy = param(params, "hint.strategy")
            .map(|name| name.to_ascii_lowercase())
            .filter(|name| matches!(name.as_str(), "native" | "shuffle"));
        let keys_max = if strategy.is_none() { Some(LEGACY_KEYS_MAX) } else { None };
        match body {
            PartitionBody::Operators(subquery) => {
                self.judge_subquery(subquery, strategy.as_deref());
                let result = self.subpipe(context, subquery);
                let (input, subquery) = (input.rel.clone(), result.rel.clone());
                let kind = RelKind::Partition { input, key: key.expr, subquery, keys_max };
                Flow::fresh(kind, result.columns().to_vec(), result.rel.open)
            }
            PartitionBody::Query(query) => self.partition_query(input, key, query),
        }
    }

    /// Reports what no subquery of `partition` may do, and what none may do that runs within the rows of its key alone.
    fn judge_subquery(&mut self, subquery: &ast::Expr, strategy: Option<&str>) {
        let Ast::Pipe { source: None, operators } = &subquery.without_parens().kind else { return };
        for operator in operators {
            let message = match (&operator.kind, strategy) {
                (Op::Fork(_) | Op::Facet { .. }, _) => "a subquery of `partition` must give one table".to_owned(),
                (Op::Join { .. } | Op::Lookup { .. } | Op::Union(_) | Op::Evaluate { .. }, Some(strategy)) => {
                    format!("`hint.strategy={strategy}` takes no subquery that reads another table or runs a plugin")
                }
                (Op::MakeSeries(series), Some(strategy)) if !has_bounds(&series.range) => {
                    format!("`hint.strategy={strategy}` takes `make-series` with both `from` and `to` only")
                }
                _ => continue,
            };
            self.report(diagnostic::MISPLACED, operator.keyword, message);
        }
    }

    /// `partition by k { query }`: the query has tables of its own, and sees of the rows the key alone, as one value.
    fn partition_query(&mut self, input: &Flow, key: Item, query: &ast::Body) -> Flow {
        let env = self.env;
        if let Some(name) = key.name.filter(|name| !name.is_empty()) {
            let expr = Expr::call(PARTITION_KEY, Vec::new(), key.expr.ty);
            self.declare(&name, Binding::Scalar { expr, scope: None }, false);
        }
        let thing = self.outside(|binder| binder.body(query));
        self.env = env;
        let result = match thing {
            Thing::Table(result) => result,
            Thing::Scalar(_) => {
                self.report(diagnostic::EXPECTED_TABLE, query.span, "rows are needed here, not a value");
                Flow::failed()
            }
        };
        let (input, subquery) = (input.rel.clone(), result.rel.clone());
        let kind = RelKind::Partition { input, key: key.expr, subquery, keys_max: Some(LEGACY_KEYS_MAX) };
        Flow::fresh(kind, result.columns().to_vec(), result.rel.open)
    }

    pub(super) fn fork(&mut self, input: &Flow, branches: &[ForkBranch]) -> Flow {
        let shared = self.share(input);
        for branch in branches {
            let render = self.render.take();
            let rows = self.subpipe(shared.clone(), &branch.subquery);
            let own = std::mem::replace(&mut self.render, render);
            let name = branch.name.as_ref().map(|name| name.text.clone());
            self.forked.push(Output { name, rel: rows.rel, render: own });
        }
        shared
    }

    pub(super) fn facet(&mut self, input: &Flow, by: &[ast::Expr], with: Option<&ast::Expr>) -> Flow {
        let shared = self.share(input);
        for key in by {
            let item = self.column_value(&shared, key);
            if item.expr.ty == Type::Dynamic {
                self.report(diagnostic::DYNAMIC_KEY, key.span, "rows cannot be grouped by a dynamic");
            }
            let name = item.name.unwrap_or_else(|| "Column1".to_owned());
            let label = fresh_name(&format!("count_{name}"), &std::iter::once(name.clone()).collect());
            let columns = vec![Column::new(name, item.expr.ty), Column::new(label.clone(), Type::Long)];
            let count = Aggregate { function: "count".to_owned(), args: Vec::new(), part: 0, ty: Type::Long, name: label };
            let kind = RelKind::Aggregate { input: shared.rel.clone(), keys: vec![item.expr], aggregates: vec![count] };
            self.forked.push(Output { name: None, rel: Flow::fresh(kind, columns, false).rel, render: None });
        }
        if let Some(with) = with {
            let rows = self.subpipe(shared.clone(), with);
            self.forked.push(Output { name: None, rel: rows.rel, render: None });
        }
        shared
    }
}

fn has_bounds(range: &SeriesRange) -> bool {
    match range {
        SeriesRange::FromTo { from, to, .. } => from.is_some() && to.is_some(),
        SeriesRange::InRange(_) => true,
    }
}
