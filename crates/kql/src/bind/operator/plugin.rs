//! `evaluate`.
//!
//! In: a plugin's call. Out: its columns; where they depend on the data, those known, and a note that the relation must be run
//! before the query can be bound to its end.

use super::super::Binder;
use super::super::call::{Bound, takes_table};
use super::super::flow::{Flow, fresh_name, names_of, unknown};
use super::super::resolve::did_you_mean;
use super::super::source::declared;
use crate::ast::{self, ExprKind as Ast, TypeExpr, TypeExprKind};
use crate::catalog::names::{self, Argument};
use crate::catalog::{self, Form, Function, MustBe, Settled};
use crate::diagnostic;
use crate::plan::{Aggregate, Expr, ExprKind, Input, PluginArg, Rel, RelKind};
use crate::types::{Column, Type, Value};

/// An argument: what the catalog is told of it, and what the plan holds.
struct Given {
    bound: Bound,
    arg: PluginArg,
    table: Vec<Column>,
}

impl Binder<'_> {
    pub(super) fn evaluate(&mut self, input: Option<&Flow>, call: &ast::Expr, schema: Option<&TypeExpr>) -> Flow {
        let none = Flow::fresh(RelKind::One, Vec::new(), false);
        let rows = input.unwrap_or(&none);
        let Ast::Call { name, args } = &call.without_parens().kind else {
            if !call.is_missing() {
                self.report(diagnostic::UNKNOWN_PLUGIN, call.span, "`evaluate` needs the call of a plugin");
            }
            return Flow::failed();
        };
        let Some(plugin) = catalog::plugin(&name.text) else {
            let near = did_you_mean(&catalog::nearest(&name.text, catalog::plugins().keys().map(String::as_str)));
            self.report_with_help(diagnostic::UNKNOWN_PLUGIN, name.span, format!("no plugin is called `{}`", name.text), near);
            return Flow::failed();
        };
        let scope = self.scope_over(rows);
        let (given, _) = self.within(scope, |binder| binder.plugin_arguments(rows, plugin, args));
        let bound: Vec<Bound> = given.iter().map(|given| given.bound.clone()).collect();
        let table: Vec<Column> = given.iter().find(|given| !given.table.is_empty()).map(|g| g.table.clone()).unwrap_or_default();
        let scope = self.scope_over(rows);
        let (resolved, _) = self.within(scope, |binder| binder.resolved(plugin, &bound, name.span, call.span));
        let Some(resolved) = resolved else { return Flow::failed() };
        let arguments: Vec<Argument<'_>> = bound.iter().map(Bound::as_argument).collect();
        let (mut columns, mut open) = names::table_columns(&resolved, &arguments, rows.columns(), &table);
        if let Some(TypeExpr { kind: TypeExprKind::Table { columns: written, is_open }, .. }) = schema {
            (columns, open) = with_schema(rows, columns, written, *is_open);
        }
        if shows_lookup_key(&plugin.name, &given) {
            columns = rows.columns().iter().chain(&table).cloned().collect();
        }
        let args = given.into_iter().map(|given| given.arg).collect();
        let kind = RelKind::Evaluate { input: input.map(|input| input.rel.clone()), plugin: plugin.name.clone(), args };
        let more = tables_beside(&plugin.name, rows, &kind, &columns);
        let flow = self.opened(kind, unique(columns), open, rows.rel.open);
        if !more.is_empty() {
            self.beside = Some((flow.rel.clone(), more));
        }
        flow
    }

    /// The plugin's relation; if its columns depend on the data, with those that a first run gave.
    fn opened(&mut self, mut kind: RelKind, mut columns: Vec<Column>, open: bool, input_open: bool) -> Flow {
        if !open || input_open {
            return Flow::fresh(kind, columns, open || input_open);
        }
        let found = self.options.opened.get(self.open_count).cloned();
        self.open_count += 1;
        let is_known = found.is_some();
        for column in found.unwrap_or_default() {
            if let Some(args) = replaces(&mut kind)
                && let Some(same) = columns.iter_mut().find(|same| same.name == column.name)
            {
                args.push(told("$replaced", column.name));
                same.ty = column.ty;
                continue;
            }
            let name = fresh_name(&column.name, &names_of(&columns));
            columns.push(Column::new(name, column.ty));
            if let Some(args) = tells_values(&mut kind) {
                args.push(told("$found", column.name));
            }
        }
        let flow = Flow::of(Rel { kind, columns, open: !is_known, ordered: false });
        if !is_known {
            self.opens.push(flow.rel.clone());
        }
        flow
    }

    fn plugin_arguments(&mut self, rows: &Flow, plugin: &'static Function, args: &[ast::Expr]) -> Vec<Given> {
        let parameters = plugin.signatures.first().map(|signature| signature.parameters.as_slice()).unwrap_or_default();
        let takes_aggregate = |at: usize| parameters.get(at).is_some_and(|parameter| parameter.must_be == MustBe::Aggregate);
        let mut given = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            given.push(if takes_aggregate(at) {
                self.aggregate_argument(rows, arg)
            } else {
                self.plugin_argument(rows, plugin, arg, at)
            });
        }
        given
    }

    /// An aggregate as an argument (`pivot`): a call that the plugin computes by itself.
    fn aggregate_argument(&mut self, rows: &Flow, arg: &ast::Expr) -> Given {
        let lone = self.lone_aggregate(rows, arg, "this plugin");
        let (expr, name) = match lone {
            Some((aggregate, _)) => {
                let name = aggregate.args.first().and_then(|arg| match arg.kind {
                    ExprKind::Column(at) => rows.columns().get(at).map(|column| column.name.clone()),
                    _ => None,
                });
                (Expr::call(aggregate.function, aggregate.args, aggregate.ty), name)
            }
            None => (unknown(), None),
        };
        let bound = Bound { expr: expr.clone(), name, alias: None, form: Form::Scalar, settled: Settled::Unsaid, span: arg.span };
        Given { bound, arg: PluginArg::Expr(None, expr), table: Vec::new() }
    }

    fn plugin_argument(&mut self, rows: &Flow, plugin: &Function, arg: &ast::Expr, at: usize) -> Given {
        let mut parameters = plugin.signatures.iter().filter_map(|signature| signature.parameters.get(at));
        let of_lookup = parameters.any(|parameter| parameter.must_be == MustBe::ColumnOfFirst);
        let written = arg.without_name();
        let alias = if let Ast::Named { name, .. } = &arg.kind { Some(name.text.clone()) } else { None };
        let bound_as =
            |form, expr| Bound { expr, name: None, alias: alias.clone(), form, settled: Settled::Unsaid, span: arg.span };
        if let Ast::TypeOf(TypeExpr { kind: TypeExprKind::Table { columns, is_open }, .. }) = &written.kind {
            let mut table = if *is_open { rows.columns().to_vec() } else { Vec::new() };
            for column in declared(columns) {
                super::parse::place(&mut table, &column.name, column.ty);
            }
            let text = table.iter().map(|column| format!("{}:{}", column.name, column.ty)).collect::<Vec<_>>().join(",");
            let expr = Expr::literal(Value::String(text), Type::String);
            return Given { bound: bound_as(Form::TypeLiteral, expr.clone()), arg: PluginArg::Expr(alias, expr), table };
        }
        if takes_table(plugin, at) && self.is_tabular(written) {
            let flow = self.outside(|binder| binder.table(written));
            let expr = Expr { kind: ExprKind::Rows(flow.rel.clone()), ty: Type::Unknown };
            let table = flow.columns().to_vec();
            return Given { bound: bound_as(Form::Table, expr), arg: PluginArg::Rel(flow.rel), table };
        }
        if of_lookup && let Some(name) = written.as_name() {
            // A column of the table that is the first argument: it has no place among the input's columns.
            let expr = Expr::call("$column", vec![Expr::literal(Value::String(name.text.clone()), Type::String)], Type::Unknown);
            let bound = Bound { name: Some(name.text.clone()), ..bound_as(Form::Scalar, expr.clone()) };
            return Given { bound, arg: PluginArg::Expr(alias, expr), table: Vec::new() };
        }
        let bound = self.arguments(plugin, std::slice::from_ref(arg)).remove(0);
        let expr = bound.expr.clone();
        Given { bound, arg: PluginArg::Expr(alias, expr), table: Vec::new() }
    }
}

/// The arguments of a plugin whose members replace columns that are called the same (they are told so by name): `bag_unpack`
/// finds no such members unless it may replace.
fn replaces(kind: &mut RelKind) -> Option<&mut Vec<PluginArg>> {
    match kind {
        RelKind::Evaluate { plugin, args, .. } if plugin == "bag_unpack" => Some(args),
        _ => None,
    }
}

/// The arguments of a plugin that is told which value each column is of that its data made, since a column may have to be called
/// otherwise (`pivot`).
fn tells_values(kind: &mut RelKind) -> Option<&mut Vec<PluginArg>> {
    match kind {
        RelKind::Evaluate { plugin, args, .. } if plugin == "pivot" => Some(args),
        _ => None,
    }
}

/// An argument that nobody wrote.
fn told(what: &str, name: String) -> PluginArg {
    PluginArg::Expr(Some(what.to_owned()), Expr::literal(Value::String(name), Type::String))
}

/// Whether a lookup of places shows the polygon or line too: then it has all columns of its table.
fn shows_lookup_key(plugin: &str, given: &[Given]) -> bool {
    let is_true = |expr: &Expr| matches!(expr.kind, ExprKind::Literal(Value::Bool(true)));
    let mut given = given.iter().enumerate();
    plugin.starts_with("geo_")
        && given.any(|(at, given)| match &given.arg {
            PluginArg::Expr(Some(name), expr) => name == "return_lookup_key" && is_true(expr),
            PluginArg::Expr(None, expr) => at == 7 && is_true(expr),
            PluginArg::Rel(_) => false,
        })
}

/// The tables that a plugin gives behind its first: the number of rows (`preview`), or the first one's rows gathered by one of
/// its states (`funnel_sequence`), which the plugin tells by the columns asked for.
fn tables_beside(plugin: &str, rows: &Flow, kind: &RelKind, columns: &[Column]) -> Vec<Input> {
    let without = |name: &str| columns.iter().filter(|column| column.name != name).cloned().collect();
    match plugin {
        "preview" => {
            let column = Column::new("Count", Type::Long);
            let count =
                Aggregate { function: "count".to_owned(), args: Vec::new(), part: 0, ty: column.ty, name: column.name.clone() };
            let kind = RelKind::Aggregate { input: rows.rel.clone(), keys: Vec::new(), aggregates: vec![count] };
            vec![Flow::fresh(kind, vec![column], false).rel]
        }
        "funnel_sequence" => ["next", "prev"].map(|state| Flow::fresh(kind.clone(), without(state), false).rel).to_vec(),
        _ => Vec::new(),
    }
}

/// The columns that the query says a plugin returns: `: (*, a: long)`.
fn with_schema(rows: &Flow, known: Vec<Column>, written: &[ast::ColumnDecl], is_open: bool) -> (Vec<Column>, bool) {
    let mut columns = if is_open { known } else { Vec::new() };
    if is_open && columns.is_empty() {
        columns = rows.columns().to_vec();
    }
    for column in declared(written) {
        super::parse::place(&mut columns, &column.name, column.ty);
    }
    (columns, false)
}

fn unique(columns: Vec<Column>) -> Vec<Column> {
    let mut result: Vec<Column> = Vec::with_capacity(columns.len());
    for column in columns {
        let name = fresh_name(&column.name, &names_of(&result));
        result.push(Column::new(name, column.ty));
    }
    result
}
