//! `make-series`.
//!
//! In: rows, aggregates, an axis and keys. Out: for each combination of keys one row of arrays: the keys, the aggregates, the axis.

use super::super::Binder;
use super::super::flow::{Flow, fresh_name};
use super::unsupported;
use crate::ast::{self, ExprKind as Ast, MakeSeries, SeriesRange};
use crate::catalog;
use crate::diagnostic;
use crate::plan::{Aggregate, Expr, RelKind};
use crate::types::{Column, Type, Value};

/// `from`, `to`, `step`, and whether `to` is included.
type Bounds = (Option<Expr>, Option<Expr>, Expr, bool);

impl Binder<'_> {
    pub(super) fn make_series(&mut self, input: &Flow, series: &MakeSeries) -> Flow {
        let mut made = self.keys(input, &series.by).made;
        let keys = made.exprs.clone();
        let mut aggregates: Vec<(Aggregate, Expr)> = Vec::new();
        let mut computed = false;
        for written in &series.aggregates {
            let Some((aggregate, name)) = self.series_aggregate(input, &written.expr, &mut computed) else { continue };
            let default = match &written.default {
                Some(default) => {
                    let value = self.value(default);
                    self.convert(value, aggregate.ty)
                }
                None => default_of(&aggregate),
            };
            let name = match name.filter(|name| !name.is_empty()) {
                Some(name) => made.free(&name),
                None => made.made_up(),
            };
            made.push(name, Expr { ty: Type::Dynamic, ..default.clone() });
            aggregates.push((aggregate, default));
        }
        let axis = self.over(input, |binder| match &series.axis.kind {
            Ast::Named { name, value } => {
                let item = binder.expr(value);
                super::Item { name: Some(name.text.clone()), expr: item.expr }
            }
            _ => binder.expr(&series.axis),
        });
        if !matches!(
            axis.ty(),
            Type::DateTime | Type::TimeSpan | Type::Int | Type::Long | Type::Real | Type::Decimal | Type::Unknown
        ) {
            let message = format!("the axis must be a number, a datetime or a timespan, but this is a {}", axis.ty());
            self.report(diagnostic::WRONG_TYPE, series.axis.span, message);
        }
        let (from, to, step, inclusive) = self.series_range(&series.range, axis.ty());
        let mut columns = made.columns.clone();
        let taken = columns.iter().map(|column| column.name.clone()).collect();
        let name = axis.name.unwrap_or_else(|| "Column1".to_owned());
        columns.push(Column::new(fresh_name(&name, &taken), Type::Dynamic));
        if computed {
            return unsupported("make-series of an expression over aggregates", Some(input), columns, false);
        }
        let kind = RelKind::MakeSeries { input: input.rel.clone(), keys, aggregates, axis: axis.expr, from, to, step, inclusive };
        Flow::fresh(kind, columns, false)
    }

    /// One aggregate; where the query computes with aggregates, `computed` is set.
    fn series_aggregate(
        &mut self,
        input: &Flow,
        written: &ast::Expr,
        computed: &mut bool,
    ) -> Option<(Aggregate, Option<String>)> {
        let scope = self.grouping_scope(input, Vec::new());
        let (items, scope) = self.within(scope, |binder| binder.items(written));
        let mut aggregates = scope.grouping.map(|grouping| grouping.aggregates).unwrap_or_default();
        let (_, item) = items.into_iter().next()?;
        if aggregates.len() != 1 || !matches!(item.expr.kind, crate::plan::ExprKind::Column(0)) {
            *computed = true;
        }
        let stand_in = || Aggregate { function: String::new(), args: Vec::new(), part: 0, ty: item.expr.ty, name: String::new() };
        let aggregate = if aggregates.is_empty() { stand_in() } else { aggregates.remove(0) };
        Some((aggregate, item.name))
    }

    fn series_range(&mut self, range: &SeriesRange, axis: Type) -> Bounds {
        let span = if axis == Type::DateTime { Type::TimeSpan } else { axis };
        match range {
            SeriesRange::FromTo { from, to, step } => {
                let from = from.as_ref().map(|from| self.series_bound(from, axis));
                let to = to.as_ref().map(|to| self.series_bound(to, axis));
                (from, to, self.series_bound(step, span), false)
            }
            SeriesRange::InRange(bounds) => {
                let mut bounds = bounds.iter();
                let from = bounds.next().map(|from| self.series_bound(from, axis));
                let to = bounds.next().map(|to| self.series_bound(to, axis));
                let step = bounds.next().map_or_else(super::super::flow::unknown, |step| self.series_bound(step, span));
                (from, to, step, true)
            }
        }
    }

    fn series_bound(&mut self, written: &ast::Expr, ty: Type) -> Expr {
        let value = self.value(written);
        if value.ty == Type::Unknown || ty == Type::Unknown {
            return value;
        }
        if catalog::common_type(value.ty, ty).is_none() {
            let message = format!("the axis is a {ty}, but this is a {}", value.ty);
            self.report(diagnostic::WRONG_TYPE, written.span, message);
            return super::super::flow::unknown();
        }
        if value.ty.is_numeric() { self.convert(value, ty) } else { value }
    }
}

/// The value of a bin without rows: zero, where the type has one.
fn default_of(aggregate: &Aggregate) -> Expr {
    let value = match aggregate.ty {
        Type::Int => Value::Int(0),
        Type::Long => Value::Long(0),
        Type::Real => Value::Real(0.0),
        Type::Decimal => Value::Decimal("0".to_owned()),
        Type::TimeSpan => Value::TimeSpan(0),
        Type::String => Value::String(String::new()),
        _ => Value::Null,
    };
    Expr::literal(value, aggregate.ty)
}
