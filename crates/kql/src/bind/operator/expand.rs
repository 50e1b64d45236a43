//! `mv-expand` and `mv-apply`.
//!
//! In: rows and the arrays to expand. Out: a row for each element; for `mv-apply`, what a subquery makes of each row's elements.

use super::super::Binder;
use super::super::env::Item;
use super::super::flow::{Flow, fresh_name, names_of, unknown};
use super::super::fold;
use super::super::neighbors::with_windows;
use super::param;
use crate::ast::{self, ExprKind as Ast, Operator, Param, TypeExprKind};
use crate::diagnostic;
use crate::plan::{ExpandItem, Expr, ExprKind, Rel, RelKind};
use crate::types::{Column, Type};

/// The operator's old spelling, `mvexpand`, gives no more rows than these for each row.
const OLD_LIMIT: i64 = 128;

/// What is expanded, and the columns after it.
struct Expansion {
    items: Vec<ExpandItem>,
    columns: Vec<Column>,
    item_index: Option<usize>,
    limit: Option<i64>,
}

impl Binder<'_> {
    pub(super) fn mv_expand(
        &mut self,
        input: &Flow,
        items: &[ast::ExpandItem],
        limit: Option<&ast::Expr>,
        operator: &Operator,
    ) -> Flow {
        let params = &operator.params;
        let values = items.iter().map(|item| self.in_order(input, |binder| binder.expr(item.expr.without_name())));
        let mut values: Vec<Item> = values.collect();
        let (own, input) = (input.columns().len(), &with_windows(input, values.iter_mut().map(|value| &mut value.expr)));
        let expansion = self.expansion(input, items, values, limit, params);
        let bags = param(params, "bagexpansion").or_else(|| param(params, "kind"));
        let is_old = operator.keyword.len() == "mvexpand".len();
        let kind = RelKind::MvExpand {
            input: input.rel.clone(),
            items: expansion.items,
            item_index: expansion.item_index,
            limit: expansion.limit.or(is_old.then_some(OLD_LIMIT)),
            bag_as_array: bags.is_some_and(|kind| kind == "array"),
        };
        input.with_columns(kind, expansion.columns, input.rel.open).without(own, input.columns().len())
    }

    fn expansion(
        &mut self,
        input: &Flow,
        items: &[ast::ExpandItem],
        values: Vec<Item>,
        limit: Option<&ast::Expr>,
        params: &[Param],
    ) -> Expansion {
        let mut columns = input.columns().to_vec();
        let mut bound = Vec::with_capacity(items.len());
        for (item, value) in items.iter().zip(values) {
            let expr = match value.expr.ty {
                Type::Dynamic | Type::Unknown => value.expr,
                other => {
                    let message = format!("only a dynamic can be expanded, but this is a {other}");
                    self.report(diagnostic::WRONG_TYPE, item.expr.without_name().span, message);
                    unknown()
                }
            };
            let name = match &item.expr.kind {
                Ast::Named { name, .. } => name.text.clone(),
                _ => value.name.unwrap_or_else(|| fresh_name("Column1", &names_of(&columns))),
            };
            let ty = match item.ty.as_ref().map(|ty| &ty.kind) {
                Some(TypeExprKind::Scalar(ty)) => *ty,
                _ => Type::Dynamic,
            };
            let position = columns.iter().position(|column| column.name == name).unwrap_or(columns.len());
            if position == columns.len() {
                columns.push(Column::new(name, ty));
            } else {
                columns[position].ty = ty;
            }
            bound.push(ExpandItem { expr, position, ty });
        }
        let item_index = param(params, "with_itemindex").map(|name| {
            let name = fresh_name(&name, &names_of(&columns));
            columns.push(Column::new(name, Type::Long));
            columns.len() - 1
        });
        let limit = limit.and_then(|limit| {
            let count = self.number_of_rows(limit);
            fold::integer(&count)
        });
        Expansion { items: bound, columns, item_index, limit }
    }

    pub(super) fn mv_apply(
        &mut self,
        input: &Flow,
        items: &[ast::ExpandItem],
        limit: Option<&ast::Expr>,
        subquery: &ast::Expr,
        params: &[Param],
    ) -> Flow {
        let values = items.iter().map(|item| self.over(input, |binder| binder.expr(item.expr.without_name()))).collect();
        let expansion = self.expansion(input, items, values, limit, params);
        let context = expansion.columns.clone();
        let rel = Rel { kind: RelKind::Context, columns: context.clone(), open: input.rel.open, ordered: false };
        let rows = Flow { origin: input.origin.clone(), ..Flow::of(rel) }.serialize();
        let result = self.subpipe(rows, subquery);
        let is_item = |at: usize| expansion.items.iter().any(|item| item.position == at);
        let replaced = |at: usize| {
            let by = expansion.items.iter().zip(items).find(|(item, _)| item.position == at);
            by.is_some_and(|(_, written)| !matches!(written.expr.kind, Ast::Named { .. }))
        };
        let row: Vec<usize> = (0..input.columns().len()).filter(|at| !replaced(*at)).collect();
        // What the subquery passes through of the row itself stands in the output already.
        let passed = |at: usize| {
            let origin = lineage(&result.rel, at);
            let name = |from: usize| context[from].name == result.columns()[at].name;
            origin.is_some_and(|from| row.contains(&from) && !is_item(from) && name(from))
        };
        let own: Vec<usize> = (0..result.columns().len()).filter(|at| !passed(*at)).collect();
        let own_columns: Vec<Column> = own.iter().map(|at| result.columns()[*at].clone()).collect();
        let is_own = |at: usize| own_columns.iter().any(|column| column.name == input.columns()[at].name);
        let kept: Vec<usize> = row.iter().copied().filter(|at| !is_own(*at)).collect();
        let mut columns: Vec<Column> = kept.iter().map(|at| input.columns()[*at].clone()).collect();
        columns.extend(own_columns.iter().cloned());
        let order = row.iter().map(|at| input.columns()[*at].name.as_str()).chain(own_columns.iter().map(|c| c.name.as_str()));
        let order: Vec<usize> = positions_in_order(&columns, order);
        let subquery = if own.len() == result.columns().len() { result.rel.clone() } else { result.pick(&own).rel };
        let open = input.rel.open || result.rel.open;
        let kind = RelKind::MvApply {
            input: input.rel.clone(),
            items: expansion.items,
            item_index: expansion.item_index,
            limit: expansion.limit,
            context,
            subquery,
            kept,
        };
        let flow = input.with_columns(kind, columns, open);
        if order.is_sorted() { flow } else { Flow { origin: None, ..flow.pick(&order) } }
    }
}

/// Where the names stand among the columns, each once.
fn positions_in_order<'a>(columns: &[Column], names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut order = Vec::with_capacity(columns.len());
    for name in names {
        if let Some(at) = columns.iter().position(|column| column.name == name)
            && !order.contains(&at)
        {
            order.push(at);
        }
    }
    order
}

/// The column of the enclosing operator's rows whose value a column of a subquery passes on unchanged.
fn lineage(rel: &Rel, at: usize) -> Option<usize> {
    let (mut rel, mut at) = (rel, at);
    loop {
        match &rel.kind {
            RelKind::Context => return Some(at),
            RelKind::Filter { input, .. } | RelKind::Sort { input, .. } | RelKind::Take { input, .. } => rel = input,
            // A value beside the rows: see `with_handed`.
            RelKind::Join { left, on, .. } if on.is_empty() && at < left.columns.len() => rel = left,
            RelKind::Project { input, exprs }
            | RelKind::Window { input, exprs }
            | RelKind::Aggregate { input, keys: exprs, .. } => {
                at = column_of(exprs.get(at)?)?;
                rel = input;
            }
            _ => return None,
        }
    }
}

fn column_of(expr: &Expr) -> Option<usize> {
    match expr.kind {
        ExprKind::Column(at) => Some(at),
        _ => None,
    }
}
