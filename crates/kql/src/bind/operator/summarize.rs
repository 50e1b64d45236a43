//! `summarize` and `count`.
//!
//! In: rows, keys and expressions over aggregates. Out: one row for each combination of keys: the bare aggregates, and above them
//! a projection where the query computes with them.

use std::collections::HashSet;

use super::super::Binder;
use super::super::env::Item;
use super::super::flow::{Flow, fresh_name};
use super::super::neighbors::{windows_over, with_windows};
use super::super::scope::{Grouping, Scope, Windows};
use super::project::Made;
use crate::ast;
use crate::diagnostic;
use crate::plan::{Aggregate, Expr, ExprKind, RelKind};
use crate::types::{Column, Type};

/// The keys of a group: their columns and what computes them.
pub(super) struct Keys {
    pub(super) made: Made,
}

impl Binder<'_> {
    pub(super) fn summarize(
        &mut self,
        input: &Flow,
        aggregates: &[ast::Expr],
        by: &[ast::Expr],
        bin: Option<&ast::Expr>,
    ) -> Flow {
        if let Some(bin) = bin {
            self.over(input, |binder| binder.value(bin));
        }
        let mut keys = self.keys(input, by);
        let scope = self.grouping_scope(input, keys.made.exprs.clone());
        let (results, scope) = self.within(scope, |binder| {
            let mut results: Vec<(bool, Item, &ast::Expr)> = Vec::new();
            for written in aggregates {
                results.extend(binder.items(written).into_iter().map(|(named, item)| (named, item, written)));
            }
            results
        });
        let mut found = scope.grouping.map(|grouping| grouping.aggregates).unwrap_or_default();
        let exprs = found.iter_mut().flat_map(|aggregate| &mut aggregate.args);
        let rows = with_windows(input, keys.made.exprs.iter_mut().chain(exprs));
        let has_star = found.iter().any(|aggregate| aggregate.function.starts_with("arg_") || aggregate.function == "take_any");
        let open = input.rel.open && has_star && aggregates.iter().any(has_star_argument);
        self.grouped(&rows, &mut keys.made, found, results, open)
    }

    /// A scope in which aggregation functions may be called, and window functions within them. [`with_windows`] has to follow.
    pub(super) fn grouping_scope(&mut self, input: &Flow, keys: Vec<Expr>) -> Scope {
        let mut scope = self.scope_over(input);
        scope.windows = windows_over(input);
        scope.grouping = Some(Grouping { keys, ..Grouping::default() });
        scope
    }

    /// The grouping expressions. [`with_windows`] has to follow.
    pub(super) fn keys(&mut self, input: &Flow, by: &[ast::Expr]) -> Keys {
        let made = self.in_order(input, |binder| {
            let mut made = Made::new();
            for key in by {
                for (named, item) in binder.items(key) {
                    if item.expr.ty == Type::Dynamic {
                        let help = "convert it first: tostring(…)".to_owned();
                        binder.report_with_help(
                            diagnostic::DYNAMIC_KEY,
                            key.span,
                            "rows cannot be grouped by a dynamic",
                            Some(help),
                        );
                    }
                    binder.add(&mut made, named, item, key);
                }
            }
            made
        });
        Keys { made }
    }

    /// The relation of the keys and the results, which are expressions over the keys and the aggregates.
    fn grouped(
        &mut self,
        input: &Flow,
        made: &mut Made,
        aggregates: Vec<Aggregate>,
        results: Vec<(bool, Item, &ast::Expr)>,
        open: bool,
    ) -> Flow {
        let keys = made.exprs.clone();
        let mut exprs: Vec<Expr> = keys.iter().enumerate().map(|(at, key)| Expr::column(at, key.ty)).collect();
        let mut own: HashSet<String> = made.columns.iter().map(|c| c.name.clone()).filter(|name| made.is_own(name)).collect();
        for (named, item, written) in results {
            let name = match item.name.filter(|name| !name.is_empty()) {
                Some(name) if named && own.contains(&name) => {
                    self.duplicate(&name, written.span);
                    continue;
                }
                Some(name) => made.free(&name),
                None => self.made_up(&made.taken),
            };
            if named {
                own.insert(name.clone());
            }
            made.push(name, item.expr.clone());
            exprs.push(item.expr);
        }
        let columns = made.columns.clone();
        let in_order = exprs.len() == keys.len() + aggregates.len()
            && exprs.iter().enumerate().all(|(at, expr)| matches!(expr.kind, ExprKind::Column(position) if position == at));
        if in_order {
            return Flow::fresh(RelKind::Aggregate { input: input.rel.clone(), keys, aggregates }, columns, open);
        }
        let mut inner: Vec<Column> = columns[..keys.len()].to_vec();
        let mut taken: HashSet<String> = inner.iter().map(|column| column.name.clone()).collect();
        for aggregate in &aggregates {
            let name = fresh_name(if aggregate.name.is_empty() { "$aggregate" } else { &aggregate.name }, &taken);
            taken.insert(name.clone());
            inner.push(Column::new(name, aggregate.ty));
        }
        let group = Flow::fresh(RelKind::Aggregate { input: input.rel.clone(), keys, aggregates }, inner, false);
        group.with_columns(RelKind::Project { input: group.rel.clone(), exprs }, columns, open)
    }

    pub(super) fn count(&mut self, input: &Flow, name: Option<&ast::Name>) -> Flow {
        let column = Column::new(name.map_or("Count", |name| name.text.as_str()), Type::Long);
        let aggregate =
            Aggregate { function: "count".to_owned(), args: Vec::new(), part: 0, ty: Type::Long, name: "count_".to_owned() };
        let kind = RelKind::Aggregate { input: input.rel.clone(), keys: Vec::new(), aggregates: vec![aggregate] };
        Flow::fresh(kind, vec![column], false)
    }

    /// One aggregate by itself, as `top-nested` and `make-series` take it.
    pub(super) fn lone_aggregate(
        &mut self,
        input: &Flow,
        written: &ast::Expr,
        what: &str,
    ) -> Option<(Aggregate, Option<String>)> {
        let mut scope = self.grouping_scope(input, Vec::new());
        scope.windows = Windows::Forbidden;
        let (items, scope) = self.within(scope, |binder| binder.items(written));
        let mut aggregates = scope.grouping.map(|grouping| grouping.aggregates).unwrap_or_default();
        let (_, item) = items.into_iter().next()?;
        if aggregates.len() == 1 && matches!(item.expr.kind, ExprKind::Column(0)) {
            let aggregate = aggregates.remove(0);
            return Some((aggregate, item.name));
        }
        if item.expr.ty != Type::Unknown {
            self.report(
                diagnostic::NOT_AGGREGATED,
                written.span,
                format!("{what} takes one aggregation function by itself here"),
            );
        }
        None
    }
}

fn has_star_argument(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ast::ExprKind::Call { args, .. } => args.iter().any(|arg| matches!(arg.kind, ast::ExprKind::Star)),
        ast::ExprKind::Named { value, .. } | ast::ExprKind::NamedTuple { value, .. } => has_star_argument(value),
        _ => false,
    }
}
