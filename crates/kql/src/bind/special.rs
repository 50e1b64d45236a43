//! Functions that the binder itself settles: time, `toscalar`, columns by name, bags of all columns.
//!
//! In: a call's name and arguments. Out: its value, or nothing if it is an ordinary function.

use std::sync::Arc;

use super::env::Item;
use super::flow::{Flow, null_of, unknown};
use super::fold;
use super::resolve::open_column;
use super::source::is_handed;
use super::{Binder, Drawn};
use crate::ast;
use crate::diagnostic::{self, Span};
use crate::plan::{Expr, ExprKind, RelKind};
use crate::time;
use crate::types::{Column, Type, Value};

impl Binder<'_> {
    /// The value of a call that is settled here.
    pub(super) fn special(&mut self, name: &str, args: &[ast::Expr], span: Span) -> Option<Item> {
        match (name, args) {
            ("now", []) => Some(Item::unnamed(self.now())),
            (ast::TODAY, [clock]) => Some(Item::unnamed(self.today(clock))),
            ("now", [offset]) => Some(Item::unnamed(self.now_plus(offset, false))),
            ("ago", [offset]) => Some(Item::unnamed(self.now_plus(offset, true))),
            ("ingestion_time", []) if !self.catalog.keeps_ingestion_time() => {
                let message = "rows of log files do not say when they were ingested: ingestion_time() is null";
                self.report(diagnostic::NO_INGESTION_TIME, span, message);
                None
            }
            ("toscalar", [arg]) => Some(Item::unnamed(self.toscalar(arg))),
            ("column_ifexists" | "columnifexists", [column, default]) => Some(self.column_ifexists(column, default)),
            ("iscolumnexists", [column]) => Some(Item::unnamed(self.is_column(column))),
            ("pack_all", []) => Some(Item::unnamed(self.pack_all(false, span))),
            ("pack_all", [flag]) => Some(self.pack_all_but_nulls(flag, span)),
            ("column_names_of", [table]) => Some(Item::unnamed(self.column_names_of(table))),
            ("bin_auto", [value]) => self.bin_auto(value, span),
            ("bag_pack_columns", [_, ..]) => Some(self.bag_pack_columns(args, span)),
            _ => None,
        }
    }

    /// `bin_auto(value)`: a bin of the size that `set query_bin_auto_size` gives, from where `set query_bin_auto_at` says.
    fn bin_auto(&mut self, value: &ast::Expr, span: Span) -> Option<Item> {
        let size = self.settings.get("query_bin_auto_size")?.clone();
        let start = self.settings.get("query_bin_auto_at").cloned();
        let text = if start.is_some() { "bin_at" } else { "bin" };
        let name = ast::Name { text: text.to_owned(), span, is_quoted: false };
        let args: Vec<ast::Expr> = [value.clone(), size].into_iter().chain(start).collect();
        self.call_results(&name, &args, span).into_iter().next()
    }

    fn now(&self) -> Expr {
        Expr::literal(Value::DateTime(self.options.now), Type::DateTime)
    }

    /// `datetime(8:00)`: that long after the midnight before now.
    fn today(&mut self, clock: &ast::Expr) -> Expr {
        let midnight = self.options.now - self.options.now.rem_euclid(time::DAY);
        let clock = self.value_of(clock, Type::TimeSpan, "the time of day");
        fold::plus(&Expr::literal(Value::DateTime(midnight), Type::DateTime), &clock).unwrap_or_else(unknown)
    }

    /// `now(offset)`, `ago(offset)`.
    fn now_plus(&mut self, offset: &ast::Expr, is_ago: bool) -> Expr {
        let offset = self.value_of(offset, Type::TimeSpan, "the distance from now");
        if offset.ty == Type::Unknown && matches!(offset.kind, ExprKind::Literal(_)) {
            return Expr { kind: ExprKind::Literal(Value::Null), ty: Type::DateTime };
        }
        let shifted = match fold::constant(&offset) {
            Some(Value::TimeSpan(ticks)) if is_ago => self.options.now.checked_sub(*ticks),
            Some(Value::TimeSpan(ticks)) => self.options.now.checked_add(*ticks),
            _ => None,
        };
        match shifted.and_then(time::in_range) {
            Some(ticks) => Expr::literal(Value::DateTime(ticks), Type::DateTime),
            None => Expr::call(if is_ago { "-" } else { "+" }, vec![self.now(), offset], Type::DateTime),
        }
    }

    /// The first value of a subquery, got before the query runs.
    fn toscalar(&mut self, arg: &ast::Expr) -> Expr {
        if !self.is_tabular(arg) {
            let value = self.value(arg);
            return if is_drawn(&value) { self.drawn_once(value, arg.span) } else { value };
        }
        let rows = self.outside(|binder| binder.table(arg));
        let Some(first) = rows.columns().first().cloned() else {
            if !rows.rel.open {
                self.report(diagnostic::EXPECTED_VALUE, arg.span, "the subquery gives no column");
            }
            return unknown();
        };
        if is_handed(&rows.rel) {
            if let Some(value) = self.handed_value(&rows, first.ty) {
                return value;
            }
            let message = "`toscalar` is computed before the query runs, and does not see the rows of this subquery";
            self.report(diagnostic::OUTER_ROW, arg.span, message);
            return Expr { ty: first.ty, ..unknown() };
        }
        let rel = if rows.columns().len() == 1 { rows.rel } else { rows.pick(&[0]).rel };
        let one = Expr::literal(Value::Long(1), Type::Long);
        let kind = RelKind::Take { input: rel.clone(), count: one };
        let ordered = rel.ordered;
        self.scalars.push(Arc::new(crate::plan::Rel {
            kind,
            columns: vec![Column::new(first.name, first.ty)],
            open: false,
            ordered,
        }));
        Expr { kind: ExprKind::Scalar(self.scalars.len() - 1), ty: first.ty }
    }

    /// `toscalar(rand())`: one value for the query, however often the function around it is called.
    fn drawn_once(&mut self, value: Expr, span: Span) -> Expr {
        let ty = value.ty;
        let place = (self.calls.iter().rev().flatten().next().cloned(), span);
        let known = self.drawn.iter().find(|known| known.place == place && known.value == value).map(|known| known.position);
        let position = known.unwrap_or(self.scalars.len());
        if known.is_none() {
            self.drawn.push(Drawn { place, value: value.clone(), position });
            let one = Flow::fresh(RelKind::One, Vec::new(), false);
            let kind = RelKind::Project { input: one.rel, exprs: vec![value] };
            self.scalars.push(Flow::fresh(kind, vec![Column::new("print_0", ty)], false).rel);
        }
        Expr { kind: ExprKind::Scalar(position), ty }
    }

    /// The column of that name if there is one, else the other value.
    fn column_ifexists(&mut self, column: &ast::Expr, default: &ast::Expr) -> Item {
        let name = self.value_of(column, Type::String, "a column's name");
        let default = self.expr(default);
        let Some(name) = fold::text(&name).map(str::to_owned) else {
            if name.ty != Type::Unknown {
                self.report(diagnostic::EXPECTED_CONSTANT, column.span, "the column's name must be a constant text");
            }
            return Item::unnamed(unknown());
        };
        if let Some(expr) = self.column(&name, column.span) {
            return Item { name: Some(name), expr };
        }
        let Some(scope) = self.scope() else { return default };
        if scope.is_visible && scope.is_open() {
            let expr = if scope.reads_rows() { open_column(&name) } else { self.not_aggregated(&name, column.span) };
            return Item { name: Some(name), expr: Expr { ty: default.ty(), ..expr } };
        }
        Item { name: None, expr: default.expr }
    }

    /// Whether there is a column of that name: an old way to ask.
    fn is_column(&mut self, column: &ast::Expr) -> Expr {
        let name = self.value_of(column, Type::String, "a column's name");
        let scope = self.scope().filter(|scope| scope.is_visible);
        match fold::text(&name) {
            Some(name) => {
                let is_there = scope.is_some_and(|scope| scope.column(name).is_some());
                Expr::literal(Value::Bool(is_there), Type::Bool)
            }
            None => Expr::call("iscolumnexists", vec![name], Type::Bool),
        }
    }

    /// The names of a table's columns.
    fn column_names_of(&mut self, table: &ast::Expr) -> Expr {
        let rows = self.outside(|binder| binder.table(table));
        let names: Vec<&str> = rows.columns().iter().map(|column| column.name.as_str()).collect();
        let json = serde_json::Value::from(names).to_string();
        Expr::literal(Value::Dynamic(json), Type::Dynamic)
    }

    /// A bag of all columns.
    fn pack_all(&mut self, without_nulls: bool, span: Span) -> Expr {
        let columns = self.row_columns(span);
        let pair = |(at, column): (usize, &Column)| {
            [Expr::literal(Value::String(column.name.clone()), Type::String), Expr::column(at, column.ty)]
        };
        let pairs: Vec<Expr> = columns.iter().enumerate().flat_map(pair).collect();
        Expr::call(if without_nulls { "pack_all" } else { "bag_pack" }, pairs, Type::Dynamic)
    }

    fn pack_all_but_nulls(&mut self, flag: &ast::Expr, span: Span) -> Item {
        let flag = self.value(flag);
        let without_nulls = matches!(fold::constant(&flag), Some(Value::Bool(true)));
        Item::unnamed(self.pack_all(without_nulls, span))
    }

    /// A bag of the columns named.
    fn bag_pack_columns(&mut self, args: &[ast::Expr], span: Span) -> Item {
        let mut pairs = Vec::with_capacity(args.len() * 2);
        for arg in args {
            let item = self.expr(arg);
            let Some(name) = item.name.filter(|_| matches!(item.expr.kind, ExprKind::Column(_)) || item.expr.ty == Type::Unknown)
            else {
                self.report(diagnostic::WRONG_ARGUMENT, span.to(arg.span), "`bag_pack_columns` takes columns");
                return Item::unnamed(null_of(Type::Dynamic));
            };
            pairs.push(Expr::literal(Value::String(name), Type::String));
            pairs.push(item.expr);
        }
        Item::unnamed(Expr::call("bag_pack", pairs, Type::Dynamic))
    }
}

/// A value of no row that is another each time it is computed.
fn is_drawn(expr: &Expr) -> bool {
    let draws =
        |expr: &Expr| matches!(&expr.kind, ExprKind::Call { function, .. } if function == "rand" || function == "new_guid");
    expr.any(&draws) && !super::call::has_column(expr)
}
