//! The tabular operators: each reads a relation and gives another.
//!
//! In: the operators of a pipe in order, and where its rows come from. Out: the last operator's [`Flow`]. One file for each kin
//! of operators.

mod combine;
mod expand;
mod graph;
mod macro_expand;
mod option;
mod parse;
mod pattern;
mod plugin;
mod project;
mod rank;
mod scan;
mod search;
mod series;
mod split;
mod summarize;
mod union;

use std::collections::HashSet;

pub(super) use project::matches_pattern;

use super::Binder;
use super::env::{Binding, Item, Thing};
use super::flow::{Flow, fresh_name, unknown};
use super::neighbors::with_windows;
use crate::ast::{self, ExprKind as Ast, Operator, OperatorKind as Op, Param};
use crate::diagnostic::{self, Span};
use crate::plan::{Expr, RelKind, Render, SortKey};
use crate::types::{Column, Type, Value};

impl Binder<'_> {
    /// A pipe. Without a source, the first operator makes rows, or reads those handed to the subquery.
    pub(super) fn pipe(&mut self, start: Option<Flow>, operators: &[Operator]) -> Flow {
        let mut flow = start;
        for operator in operators {
            if !self.calls.is_empty() {
                self.inline(1);
            }
            let next = self.operator(flow, operator);
            flow = Some(self.slots(next, operator.keyword));
        }
        flow.unwrap_or_else(Flow::failed)
    }

    /// The operators of a subquery, reading `context`.
    pub(super) fn subpipe(&mut self, context: Flow, subquery: &ast::Expr) -> Flow {
        let env = self.env;
        self.handing.push(context.rel.clone());
        let flow = match &subquery.without_parens().kind {
            Ast::Pipe { source: None, operators } => self.outside(|binder| binder.pipe(Some(context), operators)),
            Ast::Missing => context,
            _ => {
                self.contexts.push(context);
                let flow = self.outside(|binder| binder.table(subquery));
                self.contexts.pop();
                flow
            }
        };
        self.handing.pop();
        self.env = env;
        flow
    }

    fn operator(&mut self, input: Option<Flow>, operator: &Operator) -> Flow {
        if !operator.params.is_empty() || matches!(operator.kind, Op::Render(_)) {
            self.check_options(input.as_ref(), operator);
        }
        let is_source = matches!(
            operator.kind,
            Op::Print(_)
                | Op::Range { .. }
                | Op::Union(_)
                | Op::Search { .. }
                | Op::Find { .. }
                | Op::Evaluate { .. }
                | Op::MacroExpand { .. }
                | Op::InlineExternalTable { .. }
                | Op::Unknown
        );
        if is_source {
            return self.source_operator(input, operator);
        }
        let input = match input.or_else(|| self.contexts.last().cloned()) {
            Some(input) => input,
            None => {
                self.report(diagnostic::NO_INPUT, operator.keyword, "this operator needs rows piped into it");
                Flow::failed()
            }
        };
        self.with_handed(&input, |binder, input| binder.row_operator(input, operator))
    }

    fn source_operator(&mut self, input: Option<Flow>, operator: &Operator) -> Flow {
        match &operator.kind {
            Op::Print(items) => self.print(items),
            Op::Range { name, from, to, step } => self.range(name, from, to, step),
            Op::Union(tables) => self.union(input.as_ref(), tables, &operator.params),
            Op::Search { tables, predicate } => self.search(input.as_ref(), tables, predicate, &operator.params),
            Op::Find { tables, predicate, output } => self.find(input.as_ref(), tables, predicate, output, &operator.params),
            Op::Evaluate { call, schema } => self.evaluate(input.as_ref(), call, schema.as_ref()),
            Op::MacroExpand { group, scope, body } => self.macro_expand(group, scope.as_ref(), body, &operator.params),
            Op::InlineExternalTable { columns, uris } => self.inline_external(columns, uris, &operator.params),
            _ => Flow::failed(),
        }
    }

    fn row_operator(&mut self, input: &Flow, operator: &Operator) -> Flow {
        match &operator.kind {
            Op::Where(predicate) => self.where_operator(input, predicate),
            Op::Extend(items) => self.extend(input, items),
            Op::Project(items) => self.project(input, items),
            Op::ProjectAway(items) => self.project_away(input, items),
            Op::ProjectKeep(items) => self.project_keep(input, items),
            Op::ProjectRename(items) => self.project_rename(input, items),
            Op::ProjectReorder(keys) => self.project_reorder(input, keys),
            Op::ProjectByNames(names) => self.project_by_names(input, names),
            Op::Summarize { aggregates, by, bin } => self.summarize(input, aggregates, by, bin.as_deref()),
            Op::Distinct(items) => self.distinct(input, items),
            Op::Count(name) => self.count(input, name.as_ref()),
            Op::Take(count) => self.take(input, count),
            Op::Sort(keys) => self.sort(input, keys),
            Op::Top { count, by } => self.top(input, count, by),
            Op::Sample(count) => self.sample(input, count),
            Op::SampleDistinct { count, of } => self.sample_distinct(input, count, of),
            Op::TopHitters { count, of, by } => self.top_hitters(input, count, of, by.as_deref()),
            Op::TopNested(levels) => self.top_nested(input, levels),
            Op::Reduce(by) => self.reduce(input, by, &operator.params),
            Op::Join { right, condition } => self.join(input, right, condition, operator),
            Op::Lookup { right, condition } => self.lookup_operator(input, right, condition, operator),
            Op::MvExpand { items, limit } => self.mv_expand(input, items, limit.as_deref(), operator),
            Op::MvApply { items, limit, subquery, .. } => {
                self.mv_apply(input, items, limit.as_deref(), subquery, &operator.params)
            }
            Op::Parse { only_matches, text, pattern } => self.parse(input, *only_matches, text, pattern, &operator.params),
            Op::ParseKv { text, columns } => self.parse_kv(input, text, columns, &operator.params),
            Op::MakeSeries(series) => self.make_series(input, series, &operator.params),
            Op::Serialize(items) => self.serialize(input, items),
            Op::Scan(scan) => self.scan(input, scan, &operator.params),
            Op::Partition { by, body, .. } => self.partition(input, by, body, &operator.params),
            Op::PartitionBy { by, subquery, .. } => {
                self.partition(input, by, &ast::PartitionBody::Operators(subquery.clone()), &operator.params)
            }
            Op::Fork(branches) => self.fork(input, branches),
            Op::Facet { by, with } => self.facet(input, by, with.as_deref()),
            Op::Invoke(call) => self.invoke(input, call),
            Op::As(name) => self.as_operator(input, name),
            Op::GetSchema => get_schema(input),
            Op::Render(kind) => self.render(input, kind, &operator.params),
            Op::AssertSchema(columns) => self.assert_schema(input, columns, operator.span),
            Op::Consume => Flow::fresh(RelKind::Take { input: input.rel.clone(), count: long(0) }, Vec::new(), false),
            Op::ExecuteAndCache => input.clone(),
            _ => self.graph_operator(input, operator),
        }
    }

    fn where_operator(&mut self, input: &Flow, predicate: &ast::Expr) -> Flow {
        let mut predicate = self.in_order(input, |binder| binder.predicate(predicate));
        let rows = with_windows(input, [&mut predicate]);
        let kept = self.filtered(&rows, predicate);
        kept.without(input.columns().len(), rows.columns().len())
    }

    fn print(&mut self, items: &[ast::Expr]) -> Flow {
        let one = Flow::fresh(RelKind::One, Vec::new(), false);
        let mut columns: Vec<Column> = Vec::new();
        let mut exprs = Vec::new();
        let mut taken = HashSet::new();
        for (at, item) in items.iter().enumerate() {
            let span = item.span;
            let mut results = self.over(&one, |binder| binder.items(item));
            if results.iter().any(|(named, _)| *named) {
                results.retain(|(named, _)| *named);
            }
            let several = results.len() > 1;
            for (named, item) in results {
                let name = item.name.filter(|_| named || several).unwrap_or_else(|| format!("print_{at}"));
                let name = if named { name } else { fresh_name(&name, &taken) };
                if !taken.insert(name.clone()) {
                    self.duplicate(&name, span);
                    continue;
                }
                columns.push(Column::new(name, item.expr.ty));
                exprs.push(item.expr);
            }
        }
        Flow::fresh(RelKind::Project { input: one.rel, exprs }, columns, false).serialize()
    }

    fn range(&mut self, name: &ast::Name, from: &ast::Expr, to: &ast::Expr, step: &ast::Expr) -> Flow {
        let mut bounds = [self.value(from), self.value(to), self.value(step)];
        let time = |ty: Type| matches!(ty, Type::DateTime | Type::TimeSpan);
        let ty = if bounds.iter().any(|bound| bound.ty == Type::Unknown) {
            bounds.iter().map(|bound| bound.ty).find(|ty| *ty != Type::Unknown).unwrap_or(Type::Unknown)
        } else if time(bounds[0].ty) {
            bounds[0].ty
        } else {
            let all = bounds.iter().try_fold(Type::Unknown, |ty, bound| crate::catalog::common_type(ty, bound.ty));
            all.filter(|ty| ty.is_numeric()).map_or(Type::Unknown, Type::widened)
        };
        let fits = match ty {
            Type::DateTime => bounds[1].ty == Type::DateTime && bounds[2].ty == Type::TimeSpan,
            Type::TimeSpan => bounds[1].ty == Type::TimeSpan && bounds[2].ty == Type::TimeSpan,
            ty => ty != Type::Unknown || bounds.iter().any(|bound| bound.ty == Type::Unknown),
        };
        if !fits && bounds.iter().all(|bound| bound.ty != Type::Unknown) {
            let [from_ty, to_ty, step_ty] = [bounds[0].ty, bounds[1].ty, bounds[2].ty];
            let message = format!("a range cannot run from a {from_ty} to a {to_ty} in steps of a {step_ty}");
            self.report(diagnostic::WRONG_TYPE, from.span.to(step.span), message);
        }
        if ty.is_numeric() {
            bounds = bounds.map(|bound| self.convert(bound, ty));
        }
        let [from, to, step] = bounds;
        Flow::fresh(RelKind::Range { from, to, step }, vec![Column::new(name.text.clone(), ty)], false).serialize()
    }

    fn serialize(&mut self, input: &Flow, items: &[ast::Expr]) -> Flow {
        let serialized = input.clone().serialize();
        if items.is_empty() { serialized } else { self.extend(&serialized, items) }
    }

    fn invoke(&mut self, input: &Flow, call: &ast::Expr) -> Flow {
        let Ast::Call { name, args } = &call.without_parens().kind else {
            if !call.is_missing() {
                self.report(diagnostic::EXPECTED_TABLE, call.span, "`invoke` needs the call of a function");
            }
            return Flow::failed();
        };
        let thing = match self.lookup(&name.text).map(|node| node.binding.clone()) {
            Some(Binding::Function(closure)) => {
                Some(self.outside(|binder| binder.call_closure(&closure, args, call.span, Some(input.clone()))))
            }
            _ => self.outside(|binder| binder.call_stored(&name.text, args, call.span, Some(input.clone()))),
        };
        match thing {
            Some(Thing::Table(flow)) => flow,
            Some(Thing::Scalar(_)) => {
                self.report(diagnostic::EXPECTED_TABLE, call.span, "`invoke` needs a function that gives rows");
                Flow::failed()
            }
            None if name.text == "FileProfile" => unsupported("invoke FileProfile", Some(input), input.columns().to_vec(), true),
            None => {
                self.unknown_function(name);
                Flow::failed()
            }
        }
    }

    fn as_operator(&mut self, input: &Flow, name: &ast::Name) -> Flow {
        let mut shared = self.share(input);
        shared.name = Some(name.text.clone());
        if !name.text.is_empty() {
            self.declare(&name.text, Binding::Table(shared.clone()), false);
        }
        shared
    }

    fn render(&mut self, input: &Flow, kind: &ast::Name, params: &[Param]) -> Flow {
        let properties = params.iter().map(|param| (param.name.text.to_lowercase(), written(&param.value))).collect();
        self.render = Some(Render { kind: kind.text.clone(), properties });
        input.clone()
    }

    fn assert_schema(&mut self, input: &Flow, columns: &[ast::ColumnDecl], span: Span) -> Flow {
        for declared in columns {
            let found = input.columns().iter().find(|column| column.name == declared.name.text);
            let fits = found.map_or(input.rel.open, |column| column.ty == declared.ty || column.ty == Type::Unknown);
            if !fits {
                let message = format!("the rows have no column `{}: {}`", declared.name.text, declared.ty);
                self.report(diagnostic::MISSING_COLUMN, span, message);
            }
        }
        input.clone()
    }

    /// The rows in order.
    pub(super) fn sort(&mut self, input: &Flow, keys: &[ast::SortKey]) -> Flow {
        let mut keys: Vec<SortKey> = keys.iter().map(|key| self.sort_key(input, key)).collect();
        let rows = with_windows(input, keys.iter_mut().map(|key| &mut key.expr));
        let mut sorted = rows.same(RelKind::Sort { input: rows.rel.clone(), keys });
        if let Some(rel) = std::sync::Arc::get_mut(&mut sorted.rel) {
            rel.ordered = true;
        }
        sorted.serialize().without(input.columns().len(), rows.columns().len())
    }

    /// A key of a sort: descending unless the query says otherwise; nulls are the least of all values. [`with_windows`] has to
    /// follow.
    pub(super) fn sort_key(&mut self, input: &Flow, key: &ast::SortKey) -> SortKey {
        let expr = self.in_order(input, |binder| binder.value(key.expr.without_name()));
        if expr.ty == Type::Dynamic {
            let help = "convert it first: tostring(…)".to_owned();
            self.report_with_help(diagnostic::DYNAMIC_KEY, key.span, "rows cannot be sorted by a dynamic", Some(help));
        }
        let descending = !matches!(key.order, Some(ast::SortOrder::Ascending | ast::SortOrder::GrannyAscending));
        SortKey { expr, descending, nulls_first: key.nulls_first.unwrap_or(!descending) }
    }

    fn top(&mut self, input: &Flow, count: &ast::Expr, by: &ast::SortKey) -> Flow {
        let sorted = self.sort(input, std::slice::from_ref(by));
        self.take(&sorted, count)
    }

    fn take(&mut self, input: &Flow, count: &ast::Expr) -> Flow {
        let count = self.number_of_rows(count);
        input.same(RelKind::Take { input: input.rel.clone(), count })
    }

    /// A constant number of rows.
    pub(super) fn number_of_rows(&mut self, count: &ast::Expr) -> Expr {
        let value = self.value(count);
        self.whole_number(value, count.span)
    }

    fn whole_number(&mut self, value: Expr, span: Span) -> Expr {
        match value.ty {
            Type::Int | Type::Long | Type::Unknown => self.convert(value, Type::Long),
            other => {
                let message = format!("a number of rows must be a long, but this is a {other}");
                self.report(diagnostic::WRONG_TYPE, span, message);
                unknown()
            }
        }
    }

    /// Reports a column that the same operator makes twice.
    pub(super) fn duplicate(&mut self, name: &str, span: Span) {
        self.report(diagnostic::DUPLICATE_COLUMN, span, format!("there is a column called `{name}` already"));
    }

    /// The values of one item of a list that names columns: for each whether the query names it.
    pub(super) fn items(&mut self, item: &ast::Expr) -> Vec<(bool, Item)> {
        match &item.kind {
            Ast::Named { name, value } => {
                let mut results = self.results(value);
                if let Some(first) = results.first_mut() {
                    first.name = Some(name.text.clone()).filter(|name| !name.is_empty());
                }
                results.into_iter().enumerate().map(|(at, item)| (at == 0 && item.name.is_some(), item)).collect()
            }
            Ast::NamedTuple { names, value } => {
                let mut results = self.results(value);
                for (name, result) in names.iter().zip(&mut results) {
                    result.name = Some(name.text.clone()).filter(|name| !name.is_empty());
                }
                if names.len() > results.len() {
                    let message = format!("{} names for {} results", names.len(), results.len());
                    self.report(diagnostic::WRONG_COUNT, item.span, message);
                }
                results.into_iter().enumerate().map(|(at, item)| (at < names.len(), item)).collect()
            }
            _ => self.results(item).into_iter().map(|item| (false, item)).collect(),
        }
    }

    fn results(&mut self, expr: &ast::Expr) -> Vec<Item> {
        match &expr.without_parens().kind {
            Ast::Call { name, args } => self.call_results(name, args, expr.span),
            _ => vec![self.expr(expr)],
        }
    }
}

/// A constant `long`.
pub(super) fn long(number: i64) -> Expr {
    Expr::literal(Value::Long(number), Type::Long)
}

/// An operator that is understood, but that nothing here runs.
fn unsupported(operator: &str, input: Option<&Flow>, columns: Vec<Column>, open: bool) -> Flow {
    let kind = RelKind::Unsupported { operator: operator.to_owned(), input: input.map(|input| input.rel.clone()) };
    Flow::fresh(kind, columns, open)
}

fn get_schema(input: &Flow) -> Flow {
    let columns = vec![
        Column::new("ColumnName", Type::String),
        Column::new("ColumnOrdinal", Type::Long),
        Column::new("DataType", Type::String),
        Column::new("ColumnType", Type::String),
    ];
    Flow::fresh(RelKind::GetSchema(input.rel.clone()), columns, false).serialize()
}

/// A parameter's value as it is written.
pub(super) fn written(value: &ast::Expr) -> String {
    match &value.kind {
        Ast::Name(name) => name.text.clone(),
        Ast::Literal(literal) => literal.value.to_text(),
        Ast::List(items) => items.iter().map(written).collect::<Vec<_>>().join(","),
        Ast::Paren(inner) => written(inner),
        _ => String::new(),
    }
}

/// The value of the parameter called `name`, as it is written.
pub(super) fn param(params: &[Param], name: &str) -> Option<String> {
    params.iter().find(|param| param.name.text.eq_ignore_ascii_case(name)).map(|param| written(&param.value))
}
