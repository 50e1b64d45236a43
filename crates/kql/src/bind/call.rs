//! Calls of built-in functions and aggregation functions.
//!
//! In: a name and its arguments. Out: the results, one for most calls, each with the name its column would get. Which overload is
//! meant is the catalog's to say.

use super::Binder;
use super::env::{Binding, Item, Thing};
use super::flow::unknown;
use super::resolve::did_you_mean;
use super::scope::Windows;
use crate::ast::{self, TypeExprKind};
use crate::catalog::names::{self, Argument};
use crate::catalog::{self, ArgType, Form, Function, Kind, MustBe, ResolveError, Resolved, Settled};
use crate::diagnostic::{self, Code, Span};
use crate::plan::{Aggregate, Expr, ExprKind};
use crate::types::{Column, Type, Value};

/// An argument that is bound.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) expr: Expr,
    /// The name a column of it would get.
    pub(super) name: Option<String>,
    /// `alias = expr`.
    pub(super) alias: Option<String>,
    pub(super) form: Form,
    pub(super) settled: Settled,
    pub(super) span: Span,
}

impl Bound {
    fn type_of(&self) -> ArgType<'_> {
        match self.form {
            Form::Star => ArgType::star(),
            Form::TypeLiteral => {
                let named = match &self.expr.kind {
                    ExprKind::Literal(Value::String(name)) => Type::from_name(name).unwrap_or(Type::Unknown),
                    _ => Type::Unknown,
                };
                ArgType::type_literal(named)
            }
            Form::Table => ArgType::table(),
            Form::Scalar => {
                let arg = match super::fold::constant(&self.expr) {
                    Some(value) => ArgType::literal(self.expr.ty, value),
                    None => ArgType::of(self.expr.ty),
                };
                arg.settled(self.settled).named(self.alias.as_deref())
            }
        }
    }

    /// As the catalog's naming of results needs it.
    pub(super) fn as_argument(&self) -> Argument<'_> {
        Argument {
            name: self.name.as_deref(),
            alias: self.alias.as_deref(),
            ty: self.expr.ty,
            literal: super::fold::constant(&self.expr),
            star: self.form == Form::Star,
        }
    }
}

/// The functions that look at neighboring rows.
pub(super) const WINDOW_FUNCTIONS: [&str; 8] =
    ["next", "prev", "row_cumsum", "row_number", "row_rank", "row_rank_dense", "row_rank_min", "row_window_session"];

impl Binder<'_> {
    /// A call as one value: the first of its results; of several sorted arrays, the array of them all.
    pub(super) fn call(&mut self, name: &ast::Name, args: &[ast::Expr], span: Span) -> Item {
        let first = self.call_results(name, args, span).into_iter().next().unwrap_or_else(|| Item::unnamed(unknown()));
        match first.expr.kind {
            ExprKind::Call { function, mut args } if function == "$part" && name.text.starts_with("array_sort_") => {
                Item { name: first.name, expr: args.swap_remove(0) }
            }
            _ => first,
        }
    }

    /// All results of a call.
    pub(super) fn call_results(&mut self, name: &ast::Name, args: &[ast::Expr], span: Span) -> Vec<Item> {
        let text = name.text.as_str();
        if text.is_empty() {
            return vec![Item::unnamed(unknown())];
        }
        if let Some(Binding::Function(closure)) = self.lookup(text).map(|node| node.binding.clone()) {
            let thing = self.call_closure(&closure, args, span, None);
            return vec![self.as_value(thing, span)];
        }
        if let Some(item) = self.special(text, args, span) {
            return vec![item];
        }
        let grouping = self.scope().and_then(|scope| scope.grouping.as_ref()).map(|grouping| grouping.is_inside);
        if grouping == Some(false)
            && let Some(function) = catalog::aggregate(text)
        {
            return self.aggregate(function, args, name.span, span);
        }
        if let Some(item) = self.path_call(name, args, span) {
            return vec![item];
        }
        if let Some(function) = catalog::function(text) {
            return self.scalar_call(function, args, name.span, span);
        }
        if catalog::aggregate(text).is_some() {
            let message = match grouping {
                Some(_) => format!("`{text}` aggregates, and cannot stand within another aggregate"),
                None => format!("`{text}` aggregates rows, which only `summarize` and its kin do"),
            };
            self.report(diagnostic::AGGREGATE_HERE, name.span, message);
            return vec![Item::unnamed(unknown())];
        }
        if let Some(thing) = self.call_stored(text, args, span, None) {
            return vec![self.as_value(thing, span)];
        }
        self.unknown_function(name);
        for arg in args {
            if !self.is_tabular(arg) && !matches!(arg.kind, ast::ExprKind::Star | ast::ExprKind::TypeOf(_)) {
                self.expr(arg.without_name());
            }
        }
        vec![Item::unnamed(unknown())]
    }

    /// The value that a function of the query's own gives.
    fn as_value(&mut self, thing: Thing, span: Span) -> Item {
        match thing {
            Thing::Scalar(item) => Item::unnamed(item.expr),
            Thing::Table(flow) if flow.is_failed() => Item::unnamed(unknown()),
            Thing::Table(_) => {
                self.report(diagnostic::EXPECTED_VALUE, span, "this function gives rows, but a value is needed here");
                Item::unnamed(unknown())
            }
        }
    }

    /// Reports a function that does not exist, with those that look like it.
    pub(super) fn unknown_function(&mut self, name: &ast::Name) {
        let mut known: Vec<&str> = catalog::functions().keys().map(String::as_str).collect();
        known.extend(catalog::aggregates().keys().map(String::as_str));
        let stored = self.catalog.function_names();
        known.extend(stored.iter().map(String::as_str));
        let declared: Vec<String> = self.declared_names().into_iter().map(str::to_owned).collect();
        known.extend(declared.iter().map(String::as_str));
        let help = did_you_mean(&catalog::nearest(&name.text, known));
        self.report_with_help(diagnostic::UNKNOWN_FUNCTION, name.span, format!("no function is called `{}`", name.text), help);
    }

    /// Binds the arguments of a built-in function.
    pub(super) fn arguments(&mut self, function: &Function, args: &[ast::Expr]) -> Vec<Bound> {
        args.iter().enumerate().map(|(at, arg)| self.argument(arg, takes_table(function, at))).collect()
    }

    fn argument(&mut self, arg: &ast::Expr, takes_table: bool) -> Bound {
        let span = arg.span;
        let of = |form, expr| Bound { expr, name: None, alias: None, form, settled: Settled::Unsaid, span };
        match &arg.kind {
            ast::ExprKind::Named { name, value } => {
                let inner = self.argument(value, takes_table);
                Bound { alias: Some(name.text.clone()), ..inner }
            }
            ast::ExprKind::Star => of(Form::Star, unknown()),
            ast::ExprKind::TypeOf(ty) => {
                let name = match &ty.kind {
                    TypeExprKind::Scalar(ty) => ty.name(),
                    TypeExprKind::Table { .. } => "table",
                };
                of(Form::TypeLiteral, Expr::literal(Value::String(name.to_owned()), Type::String))
            }
            _ if takes_table && self.is_tabular(arg) => {
                let rows = self.outside(|binder| binder.table(arg));
                of(Form::Table, Expr { kind: ExprKind::Rows(rows.rel), ty: Type::Unknown })
            }
            _ => {
                let item = self.expr(arg);
                let settled = settled(arg, &item.expr);
                Bound { name: item.name, settled, ..of(Form::Scalar, item.expr) }
            }
        }
    }

    fn scalar_call(&mut self, function: &'static Function, args: &[ast::Expr], name: Span, span: Span) -> Vec<Item> {
        if WINDOW_FUNCTIONS.contains(&function.name.as_str()) {
            self.window(&function.name, name);
        }
        let mut bound = self.arguments(function, args);
        let Some(call) = self.resolved(function, &bound, name, span) else {
            return vec![Item::unnamed(Expr { kind: ExprKind::Literal(Value::Null), ty: function.usual_type() })];
        };
        self.check_regex_argument(&function.name, &bound);
        let input = self.starred(&bound);
        let mut results = names::columns(&call, &bound.iter().map(Bound::as_argument).collect::<Vec<_>>(), &input);
        if is_undecided(function, &bound) {
            results.iter_mut().for_each(|(_, ty)| *ty = Type::Unknown);
        }
        let arg_exprs = self.converted_arguments(&call, &mut bound, &input);
        if function.name == "datetime_diff" && arg_exprs.first().and_then(super::fold::text) == Some("week") {
            // Kusto returns this one part as a real, though it declares a long.
            let expr = self.convert(Expr::call("datetime_diff", arg_exprs, Type::Long), Type::Real);
            return vec![Item::unnamed(expr)];
        }
        let whole = |ty| Expr::call(function.name.clone(), arg_exprs.clone(), ty);
        if let [(name, ty)] = results.as_slice() {
            return vec![Item { name: name.clone(), expr: whole(*ty) }];
        }
        let part = |(at, (name, ty)): (usize, (Option<String>, Type))| {
            let number = Expr::literal(Value::Long(i64::try_from(at).unwrap_or(i64::MAX)), Type::Long);
            Item { name, expr: Expr::call("$part", vec![whole(ty), number], ty) }
        };
        results.into_iter().enumerate().map(part).collect()
    }

    /// The columns that a star among the arguments stands for.
    fn starred(&mut self, bound: &[Bound]) -> Vec<Column> {
        match bound.iter().find(|arg| arg.form == Form::Star) {
            Some(star) => self.row_columns(star.span),
            None => Vec::new(),
        }
    }

    /// Each argument as its parameter's type; a star becomes all columns.
    fn converted_arguments(&mut self, call: &Resolved, bound: &mut Vec<Bound>, input: &[Column]) -> Vec<Expr> {
        let mut exprs = Vec::with_capacity(bound.len());
        for (arg, ty) in bound.drain(..).zip(&call.param_types) {
            match arg.form {
                Form::Star => exprs.extend(input.iter().enumerate().map(|(at, column)| Expr::column(at, column.ty))),
                Form::Scalar => exprs.push(self.convert(arg.expr, *ty)),
                Form::TypeLiteral | Form::Table => exprs.push(arg.expr),
            }
        }
        exprs
    }

    /// The overload that is meant; a mistake is reported.
    pub(super) fn resolved(&mut self, function: &'static Function, bound: &[Bound], name: Span, span: Span) -> Option<Resolved> {
        let types: Vec<ArgType<'_>> = bound.iter().map(Bound::type_of).collect();
        match function.resolve(&types) {
            Ok(resolved) => Some(resolved),
            Err(error) => {
                let at = |argument: usize| bound.get(argument).map_or(span, |arg| arg.span);
                let (code, span, message) = explain(&function.name, &error, name, at);
                self.report(code, span, message);
                None
            }
        }
    }

    /// A window function is called: may it be here?
    fn window(&mut self, function: &str, span: Span) {
        match self.scope().filter(|scope| scope.reads_rows()).map_or(Windows::Forbidden, |scope| scope.windows) {
            Windows::Allowed | Windows::Used => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.windows = Windows::Used;
                }
            }
            Windows::NotSerialized => {
                let message = format!("`{function}` needs rows in a settled order");
                let help = "sort them first, or write `| serialize` before".to_owned();
                self.report_with_help(diagnostic::NOT_SERIALIZED, span, message, Some(help));
            }
            Windows::Forbidden => {
                self.report(diagnostic::MISPLACED, span, format!("`{function}` looks at neighboring rows and cannot stand here"));
            }
        }
    }

    /// A call of an aggregation function: its results are columns after the keys.
    fn aggregate(&mut self, function: &'static Function, args: &[ast::Expr], name: Span, span: Span) -> Vec<Item> {
        self.set_inside(true);
        let mut bound = self.arguments(function, args);
        self.set_inside(false);
        let mut counted = None;
        if let ("count", [arg]) = (function.name.as_str(), bound.as_slice())
            && !matches!(arg.expr.ty, Type::Bool | Type::Unknown)
        {
            let help = "count those that are not null with countif(isnotnull(…))".to_owned();
            let message = "`count` counts all rows, whatever this value";
            self.report_with_help(diagnostic::COUNT_ARGUMENT, arg.span, message, Some(help));
            counted = arg.name.clone();
            bound.clear();
        }
        let Some(call) = self.resolved(function, &bound, name, span) else {
            return vec![Item::unnamed(Expr { kind: ExprKind::Literal(Value::Null), ty: function.usual_type() })];
        };
        self.set_inside(true);
        let input = self.starred(&bound);
        self.set_inside(false);
        let Some(scope) = self.scopes.last() else { return Vec::new() };
        let keys = scope.grouping.as_ref().map(|grouping| grouping.keys.clone()).unwrap_or_default();
        let is_key = |at: usize| keys.iter().any(|key| matches!(key.kind, ExprKind::Column(position) if position == at));
        let others: Vec<(usize, Column)> = input.into_iter().enumerate().filter(|(at, _)| !is_key(*at)).collect();
        let columns: Vec<Column> = others.iter().map(|(_, column)| column.clone()).collect();
        let arguments: Vec<Argument<'_>> = bound.iter().map(Bound::as_argument).collect();
        let mut results = names::columns(&call, &arguments, &columns);
        if let (Some(name), Some((label, _))) = (counted, results.first_mut()) {
            *label = Some(format!("count_{name}"));
        }
        let mut exprs = Vec::new();
        let mut after_star = false;
        for (at, (arg, ty)) in bound.iter().zip(&call.param_types).enumerate() {
            if arg.form == Form::Star {
                let before = |name: &str| bound[..at].iter().any(|arg| arg.name.as_deref() == Some(name));
                let rest = others.iter().filter(|(_, column)| !before(&column.name));
                exprs.extend(rest.map(|(at, column)| Expr::column(*at, column.ty)));
                after_star = true;
            } else {
                let repeated = after_star && arg.alias.is_none() && columns.iter().any(|c| Some(&c.name) == arg.name.as_ref());
                if !repeated {
                    exprs.push(self.convert(arg.expr.clone(), *ty));
                }
            }
        }
        self.gather(function, &exprs, results, keys.len())
    }

    /// Notes the results of an aggregate, and gives for each the column it becomes.
    fn gather(&mut self, function: &Function, args: &[Expr], results: Vec<(Option<String>, Type)>, keys: usize) -> Vec<Item> {
        let Some(grouping) = self.scopes.last_mut().and_then(|scope| scope.grouping.as_mut()) else { return Vec::new() };
        let mut items = Vec::with_capacity(results.len());
        for (part, (name, ty)) in results.into_iter().enumerate() {
            let expr = Expr::column(keys + grouping.aggregates.len(), ty);
            grouping.aggregates.push(Aggregate {
                function: function.name.clone(),
                args: args.to_vec(),
                part,
                ty,
                name: name.clone().unwrap_or_default(),
            });
            items.push(Item { name, expr });
        }
        items
    }

    fn set_inside(&mut self, is_inside: bool) {
        if let Some(grouping) = self.scopes.last_mut().and_then(|scope| scope.grouping.as_mut()) {
            grouping.is_inside = is_inside;
        }
    }
}

/// Some overload takes a table at that position.
pub(super) fn takes_table(function: &Function, at: usize) -> bool {
    let takes = |parameter: &catalog::Parameter| matches!(parameter.kind, Kind::Table | Kind::Any);
    let last = |parameters: &[catalog::Parameter]| at > 0 && parameters.last().is_some_and(takes);
    function.signatures.iter().any(|s| s.parameters.get(at).is_some_and(takes) || last(&s.parameters))
}

/// An argument of unknown type leaves open which overload is meant, and they do not give the same type.
fn is_undecided(function: &Function, bound: &[Bound]) -> bool {
    let is_unknown = |arg: &Bound| arg.form == Form::Scalar && arg.expr.ty == Type::Unknown;
    let fits = |signature: &&catalog::Signature| (signature.least()..=signature.most()).contains(&bound.len());
    bound.iter().any(is_unknown) && function.usual_type() == Type::Unknown && function.signatures.iter().filter(fits).count() > 1
}

/// When a value is settled.
fn settled(written: &ast::Expr, expr: &Expr) -> Settled {
    match &expr.kind {
        _ if expr.ty == Type::Unknown => Settled::Unsaid,
        ExprKind::Literal(_) => match written.without_parens().kind {
            ast::ExprKind::Literal(_) | ast::ExprKind::Unary { .. } => Settled::Literal,
            _ => Settled::Before,
        },
        ExprKind::Column(_) => Settled::Column,
        _ if has_column(expr) => Settled::ForEachRow,
        _ => Settled::Before,
    }
}

/// The expression reads a column.
pub(super) fn has_column(expr: &Expr) -> bool {
    expr.any(&|expr| match &expr.kind {
        ExprKind::Column(_) => true,
        ExprKind::Call { function, .. } => function == "$column",
        _ => false,
    })
}

/// A mistake in a call, in words.
fn explain(function: &str, error: &ResolveError, name: Span, at: impl Fn(usize) -> Span) -> (Code, Span, String) {
    match error {
        ResolveError::WrongCount { least, most, given } => {
            let takes = match most {
                Some(most) if most == least => format!("{least}"),
                Some(most) => format!("{least} to {most}"),
                None => format!("at least {least}"),
            };
            let plural = if takes == "1" { "" } else { "s" };
            (diagnostic::WRONG_COUNT, name, format!("`{function}` takes {takes} argument{plural}, but {given} are given"))
        }
        ResolveError::WrongType { argument, parameter, expected, got } => {
            let message = format!("`{parameter}` of `{function}` must be {expected}, but this is a {got}");
            (diagnostic::WRONG_ARGUMENT, at(*argument), message)
        }
        ResolveError::WrongForm { argument, parameter, must_be } => {
            let message = format!("`{parameter}` of `{function}` must be {}", in_words(*must_be));
            (diagnostic::WRONG_ARGUMENT, at(*argument), message)
        }
        ResolveError::NoCommonType { argument, expected, got } => {
            let message = format!("this is a {got}, but `{function}` got a {expected} before");
            (diagnostic::WRONG_ARGUMENT, at(*argument), message)
        }
        ResolveError::WrongValue { argument, parameter, values } => {
            let message = format!("`{parameter}` of `{function}` must be one of {}", values.join(", "));
            (diagnostic::WRONG_ARGUMENT, at(*argument), message)
        }
        ResolveError::WrongConstant { argument, parameter, must } => {
            (diagnostic::WRONG_ARGUMENT, at(*argument), format!("`{parameter}` of `{function}` must {must}"))
        }
    }
}

fn in_words(must_be: MustBe) -> &'static str {
    match must_be {
        MustBe::Constant => "a constant",
        MustBe::Literal => "written out",
        MustBe::LiteralNotEmpty => "a text written out, and not empty",
        MustBe::Column => "a column",
        MustBe::ColumnOfFirst => "a column of the first argument",
        MustBe::ColumnOfBoth => "a column of both tables",
        MustBe::Aggregate => "an aggregate",
        MustBe::Star | MustBe::MayBeStar => "`*`",
        MustBe::ElementOfFirst | MustBe::Expression => "a value",
    }
}
