//! `make-series`.
//!
//! In: rows, aggregates, an axis and keys. Out: for each combination of keys one row of arrays: the keys, the aggregates, the
//! axis.

use super::super::Binder;
use super::super::flow::{Flow, fresh_name};
use super::super::neighbors::with_windows;
use super::param;
use crate::ast::{self, MakeSeries, Param, SeriesAggregate, SeriesRange};
use crate::catalog;
use crate::diagnostic;
use crate::plan::{Expr, RelKind};
use crate::types::{Column, Type, Value};

/// `from`, `to`, `step`, and whether `to` is included.
type Bounds = (Option<Expr>, Option<Expr>, Expr, bool);

impl Binder<'_> {
    pub(super) fn make_series(&mut self, input: &Flow, series: &MakeSeries, params: &[Param]) -> Flow {
        let mut made = self.keys(input, &series.by).made;
        let mut keys = made.exprs.clone();
        let scope = self.grouping_scope(input, Vec::new());
        let (items, scope) = self.within(scope, |binder| {
            let first = |written: &SeriesAggregate| binder.items(&written.expr).into_iter().next();
            series.aggregates.iter().map(first).collect::<Vec<_>>()
        });
        let mut aggregates = scope.grouping.map(|grouping| grouping.aggregates).unwrap_or_default();
        let mut values = Vec::new();
        for (written, (_, item)) in series.aggregates.iter().zip(items).filter_map(|(written, item)| Some((written, item?))) {
            let default = match &written.default {
                Some(default) => {
                    let value = self.value(default);
                    self.convert(value, item.expr.ty)
                }
                None => default_of(item.expr.ty),
            };
            let name = match item.name.filter(|name| !name.is_empty()) {
                Some(name) => made.free(&name),
                None => self.made_up(&made.taken),
            };
            made.push(name, Expr { ty: Type::Dynamic, ..default.clone() });
            values.push((item.expr, default));
        }
        let mut axis = self.named_value(input, &series.axis);
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
        let exprs = aggregates.iter_mut().flat_map(|aggregate| &mut aggregate.args);
        let rows = with_windows(input, keys.iter_mut().chain(exprs).chain([&mut axis.expr]));
        let (input, axis) = (rows.rel, axis.expr);
        let nonempty = param(params, "kind").as_deref() == Some("nonempty");
        let kind = RelKind::MakeSeries { input, keys, aggregates, values, axis, from, to, step, inclusive, nonempty };
        Flow::fresh(kind, columns, false)
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
fn default_of(ty: Type) -> Expr {
    let value = match ty {
        Type::Int => Value::Int(0),
        Type::Long => Value::Long(0),
        Type::Real => Value::Real(0.0),
        Type::Decimal => Value::Decimal("0".to_owned()),
        Type::TimeSpan => Value::TimeSpan(0),
        Type::String => Value::String(String::new()),
        _ => Value::Null,
    };
    Expr::literal(value, ty)
}
