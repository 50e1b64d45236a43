//! `sample`, `sample-distinct`, `top-hitters`, `top-nested`, `reduce`.
//!
//! In: rows, and by what they are chosen. Out: the chosen rows or values.

use super::super::env::Item;
use super::super::flow::{Flow, fresh_name, names_of, unknown};
use super::super::neighbors::with_windows;
use super::super::{Binder, fold};
use super::param;
use crate::ast::{self, ExprKind as Ast, Param, SortOrder, TopNestedLevel};
use crate::diagnostic;
use crate::plan::{Aggregate, Expr, RelKind, TopNested};
use crate::types::{Column, Type};

impl Binder<'_> {
    /// A constant number of rows where any number will do, as the reference has it of those that choose by chance.
    fn about_so_many_rows(&mut self, count: &ast::Expr) -> Expr {
        let value = self.value(count);
        match value.ty {
            Type::Real if fold::constant(&value).is_some() => self.convert(value, Type::Long),
            _ => self.whole_number(value, count.span),
        }
    }

    pub(super) fn sample(&mut self, input: &Flow, count: &ast::Expr) -> Flow {
        let count = self.about_so_many_rows(count);
        let flow = Flow::fresh(
            RelKind::Sample { input: input.rel.clone(), count, distinct: None },
            input.columns().to_vec(),
            input.rel.open,
        );
        Flow { origin: input.origin.clone(), ..flow }
    }

    pub(super) fn sample_distinct(&mut self, input: &Flow, count: &ast::Expr, of: &ast::Expr) -> Flow {
        let count = self.about_so_many_rows(count);
        let mut of = self.named_value(input, of);
        let columns = vec![Column::new(of.name.unwrap_or_else(|| "Column1".to_owned()), of.expr.ty)];
        let input = with_windows(input, [&mut of.expr]);
        Flow::fresh(RelKind::Sample { input: input.rel.clone(), count, distinct: Some(of.expr) }, columns, false)
    }

    /// A value over the input's rows, and its name: its own, or the one that the query gives. [`with_windows`] has to follow.
    pub(super) fn named_value(&mut self, input: &Flow, written: &ast::Expr) -> Item {
        let item = self.in_order(input, |binder| binder.expr(written.without_name()));
        match &written.kind {
            Ast::Named { name, .. } => Item { name: Some(name.text.clone()), expr: item.expr },
            _ => item,
        }
    }

    pub(super) fn top_hitters(&mut self, input: &Flow, count: &ast::Expr, of: &ast::Expr, by: Option<&ast::Expr>) -> Flow {
        let count = self.about_so_many_rows(count);
        let mut of = self.named_value(input, of);
        let name = of.name.unwrap_or_else(|| "Column1".to_owned());
        let mut by = by.map(|by| self.named_value(input, by));
        let (label, ty) = match &by {
            Some(by) => (format!("approximate_sum_{}", by.name.as_deref().unwrap_or_default()), by.ty().widened()),
            None => (format!("approximate_count_{name}"), Type::Long),
        };
        let label = fresh_name(&label, &std::iter::once(name.clone()).collect());
        let columns = vec![Column::new(name, of.expr.ty), Column::new(label, ty)];
        let input = with_windows(input, std::iter::once(&mut of.expr).chain(by.as_mut().map(|by| &mut by.expr)));
        let by = by.map(|by| by.expr);
        Flow::fresh(RelKind::TopHitters { input: input.rel.clone(), count, of: of.expr, by }, columns, false)
    }

    pub(super) fn reduce(&mut self, input: &Flow, by: &ast::Expr, params: &[Param]) -> Flow {
        let text = self.over(input, |binder| binder.value(by));
        let text = self.convert(text, Type::String);
        // With `kind=source` the rows stay.
        let mut columns = if param(params, "kind").as_deref() == Some("source") { input.columns().to_vec() } else { Vec::new() };
        for (name, ty) in [("Pattern", Type::String), ("Count", Type::Long), ("Representative", Type::String)] {
            let name = fresh_name(name, &names_of(&columns));
            columns.push(Column::new(name, ty));
        }
        let options = self.options_of(params);
        Flow::fresh(RelKind::Reduce { input: input.rel.clone(), text, options }, columns, false)
    }

    pub(super) fn top_nested(&mut self, input: &Flow, levels: &[TopNestedLevel]) -> Flow {
        let mut columns: Vec<Column> = Vec::new();
        let mut bound = Vec::with_capacity(levels.len());
        for level in levels {
            let count = level.count.as_ref().map(|count| self.number_of_rows(count));
            let of = self.named_value(input, &level.of);
            let others = level.others.as_ref().map(|others| {
                let value = self.value(others);
                self.convert(value, of.expr.ty)
            });
            let own_name = of.name.clone().unwrap_or_else(|| "Column1".to_owned());
            let name = fresh_name(&own_name, &names_of(&columns));
            columns.push(Column::new(name, of.expr.ty));
            let (aggregates, by) = self.ranked_by(input, &level.by.expr);
            let label = by.name.filter(|_| matches!(level.by.expr.kind, Ast::Named { .. }));
            let label = label.unwrap_or_else(|| format!("aggregated_{own_name}"));
            let label = fresh_name(&label, &names_of(&columns));
            columns.push(Column::new(label, by.expr.ty));
            let ascending = matches!(level.by.order, Some(SortOrder::Ascending | SortOrder::GrannyAscending));
            bound.push(TopNested { count, of: of.expr, others, aggregates, by: by.expr, ascending });
        }
        let exprs = bound.iter_mut().flat_map(|level| {
            std::iter::once(&mut level.of).chain(level.aggregates.iter_mut().flat_map(|aggregate| &mut aggregate.args))
        });
        let input = with_windows(input, exprs);
        Flow::fresh(RelKind::TopNested { input: input.rel.clone(), levels: bound }, columns, false)
    }

    /// The aggregates of a level and what it computes with them.
    fn ranked_by(&mut self, input: &Flow, written: &ast::Expr) -> (Vec<Aggregate>, Item) {
        let scope = self.grouping_scope(input, Vec::new());
        let (items, scope) = self.within(scope, |binder| binder.items(written));
        let aggregates = scope.grouping.map(|grouping| grouping.aggregates).unwrap_or_default();
        let item = items.into_iter().next().map_or_else(|| Item::unnamed(unknown()), |(_, item)| item);
        if aggregates.is_empty() && item.expr.ty != Type::Unknown {
            self.report(diagnostic::NOT_AGGREGATED, written.span, "top-nested ranks by an aggregation function");
        }
        (aggregates, item)
    }

    /// A column, and nothing else, of the input's rows.
    pub(super) fn column_value(&mut self, input: &Flow, written: &ast::Expr) -> Item {
        let item = self.named_value(input, written);
        let is_column = match &item.expr.kind {
            crate::plan::ExprKind::Column(_) => true,
            crate::plan::ExprKind::Call { function, .. } => function == "$column",
            _ => item.expr.ty == Type::Unknown,
        };
        if !is_column {
            self.report(diagnostic::EXPECTED_COLUMN, written.span, "a column's name is needed here");
            let expr: Expr = unknown();
            return Item { name: item.name, expr };
        }
        item
    }
}
