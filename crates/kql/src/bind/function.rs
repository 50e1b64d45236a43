//! The query's own functions and stored ones: their bodies are inlined where they are called.
//!
//! In: a function, the arguments of a call, and the rows piped in by `invoke`. Out: the value or the rows that its body gives.

use std::rc::Rc;

use super::Binder;
use super::env::{Binding, Closure, Env, Thing};
use super::flow::{Flow, null_of, unknown};
use super::limit::{CALL_DEPTH_MAX, INLINED_MAX};
use crate::ast::{self, Parameter, StatementKind, TypeExpr, TypeExprKind};
use crate::catalog;
use crate::diagnostic::{self, Span};
use crate::parser;
use crate::plan::Expr;
use crate::types::Type;

/// What a parameter got.
type Argument = (String, Binding);

impl Binder<'_> {
    /// Calls a function; `piped` are the rows that `invoke` passes first.
    pub(super) fn call_closure(&mut self, closure: &Rc<Closure>, args: &[ast::Expr], span: Span, piped: Option<Flow>) -> Thing {
        if self.calls.len() >= CALL_DEPTH_MAX || self.inlined > INLINED_MAX {
            let message = format!("`{}` makes the query too large: its functions call functions too often", closure.name);
            self.report(diagnostic::TOO_LARGE, span, message);
            return Thing::Table(Flow::failed());
        }
        if closure.is_stored && self.calls.iter().flatten().any(|called| *called == closure.name) {
            self.report(diagnostic::RECURSION, span, format!("`{}` calls itself", closure.name));
            return Thing::Table(Flow::failed());
        }
        let arguments = self.bind_arguments(closure, args, span, piped);
        self.in_text_of(closure, span, |binder| binder.run(closure, arguments))
    }

    /// Binds a body that is put in the place of what names it, `name`; none, after a diagnostic, where that is done too often.
    pub(super) fn inlined<T>(&mut self, name: &str, span: Span, bind: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.calls.len() >= CALL_DEPTH_MAX || self.inlined > INLINED_MAX {
            let message = format!("`{name}` makes the query too large: what it stands for is put in its place too often");
            self.report(diagnostic::TOO_LARGE, span, message);
            return None;
        }
        self.calls.push(None);
        let result = bind(self);
        self.calls.pop();
        Some(result)
    }

    /// Binds a part of a function: what is wrong in a stored one's text is told of its call at `span`.
    fn in_text_of<T>(&mut self, closure: &Closure, span: Span, bind: impl FnOnce(&mut Self) -> T) -> T {
        let foreign = self.foreign.clone();
        if closure.is_stored && foreign.is_none() {
            self.foreign = Some((span, closure.name.clone()));
        }
        let result = bind(self);
        self.foreign = foreign;
        result
    }

    /// Binds a function's body with its parameters declared.
    fn run(&mut self, closure: &Rc<Closure>, arguments: Vec<Argument>) -> Thing {
        let env = std::mem::replace(&mut self.env, closure.env);
        let unnamed = std::mem::take(&mut self.unnamed);
        for (name, binding) in arguments {
            self.declare(&name, binding, true);
        }
        self.calls.push(closure.is_stored.then(|| closure.name.clone()));
        self.called.insert(Rc::as_ptr(&closure.function));
        let thing = match self.scopes.last().cloned() {
            Some(mut scope) => {
                scope.is_visible = false;
                let (thing, inner) = self.within(scope, |binder| binder.body(&closure.function.body));
                if let Some(outer) = self.scopes.last_mut() {
                    outer.grouping = inner.grouping;
                    outer.windows = inner.windows;
                }
                thing
            }
            None => self.body(&closure.function.body),
        };
        self.calls.pop();
        self.env = env;
        self.unnamed = unnamed;
        match thing {
            // Where tables are named (`withsource`, `search`), a view is one.
            Thing::Table(flow) if closure.function.is_view => Thing::Table(Flow { name: Some(closure.name.clone()), ..flow }),
            thing => thing,
        }
    }

    /// The statements of a body; the last is its value.
    pub(super) fn body(&mut self, body: &ast::Body) -> Thing {
        let level = self.env;
        let mut result = None;
        for statement in &body.statements {
            match &statement.kind {
                StatementKind::Expr(expr) => result = Some(self.statement_thing(expr)),
                _ => self.statement(statement, level),
            }
        }
        result.unwrap_or_else(|| Thing::Table(Flow::failed()))
    }

    fn bind_arguments(&mut self, closure: &Closure, args: &[ast::Expr], span: Span, piped: Option<Flow>) -> Vec<Argument> {
        let parameters = &closure.function.parameters;
        let mut slots: Vec<Option<&ast::Expr>> = vec![None; parameters.len()];
        let mut next = usize::from(piped.is_some());
        for arg in args {
            if let ast::ExprKind::Named { name, value } = &arg.kind {
                match parameters.iter().position(|parameter| parameter.name.text == name.text) {
                    Some(at) => slots[at] = Some(value),
                    None => {
                        let meant = self.unknown_parameter(closure, name).or_else(|| slots.iter().position(Option::is_none));
                        if let Some(slot) = meant.and_then(|at| slots.get_mut(at)) {
                            *slot = Some(value);
                        }
                    }
                }
                next += 1;
            } else if let Some(slot) = slots.get_mut(next) {
                *slot = Some(arg);
                next += 1;
            } else {
                let message = format!("`{}` takes {} arguments, but {} are given", closure.name, parameters.len(), args.len());
                self.report(diagnostic::WRONG_COUNT, span, message);
                break;
            }
        }
        let mut piped = piped;
        let mut arguments = Vec::with_capacity(parameters.len());
        for (at, parameter) in parameters.iter().enumerate() {
            let first = if at == 0 { piped.take() } else { None };
            let binding = self.bind_argument(closure, parameter, slots[at], first, span);
            arguments.push((parameter.name.text.clone(), binding));
        }
        arguments
    }

    /// Reports the name; gives the position of the parameter that is probably meant.
    fn unknown_parameter(&mut self, closure: &Closure, name: &ast::Name) -> Option<usize> {
        let mut known = closure.function.parameters.iter().map(|parameter| parameter.name.text.as_str());
        let near = catalog::nearest(&name.text, known.clone());
        let help = super::resolve::did_you_mean(&near);
        let message = format!("`{}` has no parameter called `{}`", closure.name, name.text);
        self.report_with_help(diagnostic::UNKNOWN_PARAMETER, name.span, message, help);
        known.position(|name| near.first().is_some_and(|near| *near == name))
    }

    fn bind_argument(
        &mut self,
        closure: &Closure,
        parameter: &Parameter,
        arg: Option<&ast::Expr>,
        piped: Option<Flow>,
        span: Span,
    ) -> Binding {
        if let Some(TypeExpr { kind: TypeExprKind::Table { columns, .. }, .. }) = &parameter.ty {
            let rows = match (piped, arg) {
                (Some(rows), _) => rows,
                (None, Some(arg)) => self.outside(|binder| binder.table(arg)),
                (None, None) => {
                    self.missing_argument(closure, parameter, span);
                    Flow::failed()
                }
            };
            let at = arg.map_or(span, |arg| arg.span);
            self.require_columns(closure, columns, &rows, at);
            return Binding::Table(Flow { name: None, ..rows });
        }
        let ty = match &parameter.ty {
            Some(TypeExpr { kind: TypeExprKind::Scalar(ty), .. }) => *ty,
            _ => Type::Unknown,
        };
        let expr = match (arg, &parameter.default) {
            (Some(value), _) => self.value(value),
            (None, Some(default)) => self.in_text_of(closure, span, |binder| binder.value(default)),
            (None, None) => {
                self.missing_argument(closure, parameter, span);
                unknown()
            }
        };
        let expr = self.convert(expr, ty);
        let scope = super::call::has_column(&expr).then(|| self.scope().map(|scope| scope.id)).flatten();
        Binding::Scalar { expr, scope }
    }

    fn missing_argument(&mut self, closure: &Closure, parameter: &Parameter, span: Span) {
        let message = format!("`{}` needs its argument `{}`", closure.name, parameter.name.text);
        self.report(diagnostic::WRONG_COUNT, span, message);
    }

    fn require_columns(&mut self, closure: &Closure, columns: &[ast::ColumnDecl], rows: &Flow, at: Span) {
        if rows.rel.open {
            return;
        }
        for declared in columns.iter().filter(|declared| !declared.name.text.is_empty()) {
            let found = rows.columns().iter().find(|column| column.name == declared.name.text).map(|column| column.ty);
            let fits = found.is_some_and(|ty| ty == declared.ty || ty == Type::Unknown || declared.ty == Type::Unknown);
            if !fits {
                let message =
                    format!("`{}` needs a table with the column `{}: {}`", closure.name, declared.name.text, declared.ty);
                self.report(diagnostic::MISSING_COLUMN, at, message);
                return;
            }
        }
    }

    /// Calls a function of the catalog; nothing if there is none of that name.
    pub(super) fn call_stored(&mut self, name: &str, args: &[ast::Expr], span: Span, piped: Option<Flow>) -> Option<Thing> {
        let closure = self.stored(name)?;
        Some(self.call_closure(&closure, args, span, piped))
    }

    /// A function of the catalog, parsed.
    pub(super) fn stored(&mut self, name: &str) -> Option<Rc<Closure>> {
        if let Some(known) = self.stored.get(name) {
            return Some(known.clone());
        }
        let function = self.catalog.function(name)?;
        let body = function.body.trim();
        let braced = if body.starts_with('{') { body.to_owned() } else { format!("{{\n{body}\n}}") };
        let parameters = if function.parameters.trim().is_empty() { "()" } else { function.parameters.trim() };
        let parsed = parser::parse(&format!("let f = {parameters} {braced};"));
        let function = parsed.query.statements.into_iter().find_map(|statement| match statement.kind {
            StatementKind::Let { value: ast::Expr { kind: ast::ExprKind::Function(function), .. }, .. } => Some(*function),
            _ => None,
        })?;
        let closure = Rc::new(Closure { name: name.to_owned(), function: Rc::new(function), env: None, is_stored: true });
        self.stored.insert(name.to_owned(), closure.clone());
        Some(closure)
    }

    /// Binds the bodies of functions that nothing called, so that their mistakes are told too.
    pub(super) fn check_uncalled(&mut self) {
        let sizes = (self.shared.len(), self.scalars.len(), self.opens.len());
        let mut at = 0;
        while at < self.closures.len() {
            let (closure, foreign) = self.closures[at].clone();
            at += 1;
            if self.called.contains(&Rc::as_ptr(&closure.function)) {
                continue;
            }
            let arguments =
                closure.function.parameters.iter().map(|parameter| (parameter.name.text.clone(), stand_in(parameter)));
            self.foreign = foreign;
            self.run(&closure, arguments.collect());
        }
        self.foreign = None;
        self.shared.truncate(sizes.0);
        self.scalars.truncate(sizes.1);
        self.opens.truncate(sizes.2);
    }

    /// The expression gives rows.
    pub(super) fn is_tabular(&mut self, expr: &ast::Expr) -> bool {
        match &expr.kind {
            ast::ExprKind::Paren(inner) => self.is_tabular(inner),
            ast::ExprKind::Pipe { .. }
            | ast::ExprKind::DataTable { .. }
            | ast::ExprKind::ExternalData { .. }
            | ast::ExprKind::ContextualDataTable { .. }
            | ast::ExprKind::MaterializedViewCombine { .. }
            | ast::ExprKind::DataScope { .. } => true,
            ast::ExprKind::Name(name) => self.is_table_name(&name.text),
            ast::ExprKind::Path { target, .. } if self.is_entity(target) => true,
            ast::ExprKind::Path { target, .. } | ast::ExprKind::Index { target, .. } => self.pattern_of(target).is_some(),
            ast::ExprKind::Call { name, .. } => match self.lookup(&name.text).map(|node| node.binding.clone()) {
                Some(Binding::Function(closure)) => self.gives_rows(&closure),
                Some(binding) => matches!(binding, Binding::Pattern(_)),
                None if super::source::TABLE_FUNCTIONS.contains(&name.text.as_str()) => true,
                None if name.text == "toscalar" || catalog::function(&name.text).is_some() => false,
                None => self.stored(&name.text).is_some_and(|closure| self.gives_rows(&closure)),
            },
            _ => false,
        }
    }

    fn is_table_name(&mut self, name: &str) -> bool {
        let scope = self.scopes.last().filter(|scope| scope.is_visible);
        let (is_column, is_open) =
            (scope.is_some_and(|scope| scope.column(name).is_some()), scope.is_some_and(super::scope::Scope::is_open));
        match self.lookup(name).map(|node| node.binding.clone()) {
            Some(Binding::Table(_)) => !is_column,
            Some(Binding::Function(closure)) => !is_column && self.gives_rows(&closure),
            Some(_) => false,
            None if is_column => false,
            None => {
                let table = self.catalog.table(name);
                table.is_some_and(|table| !is_open || !table.columns.is_empty())
                    || self.stored(name).is_some_and(|closure| self.gives_rows(&closure))
            }
        }
    }

    /// The function's value is rows, as far as its text shows.
    fn gives_rows(&mut self, closure: &Rc<Closure>) -> bool {
        let key = Rc::as_ptr(&closure.function);
        if let Some(known) = self.tabular.get(&key) {
            return *known;
        }
        self.tabular.insert(key, false);
        let env: Env = std::mem::replace(&mut self.env, closure.env);
        let scopes = std::mem::take(&mut self.scopes);
        for parameter in &closure.function.parameters {
            self.declare(&parameter.name.text, stand_in(parameter), true);
        }
        let mut result = false;
        for statement in &closure.function.body.statements {
            match &statement.kind {
                StatementKind::Let { name, value } => {
                    let binding = match &value.kind {
                        ast::ExprKind::Function(function) => self.closure(&name.text, function),
                        _ if self.is_tabular(value) => Binding::Table(Flow::failed()),
                        _ => Binding::Scalar { expr: unknown(), scope: None },
                    };
                    self.declare(&name.text, binding, false);
                }
                StatementKind::Expr(expr) => result = self.is_tabular(expr),
                _ => {}
            }
        }
        self.scopes = scopes;
        self.env = env;
        self.tabular.insert(key, result);
        result
    }

    /// A function of the query's own, with what it sees.
    pub(super) fn closure(&self, name: &str, function: &ast::Function) -> Binding {
        let function = Rc::new(function.clone());
        Binding::Function(Rc::new(Closure { name: name.to_owned(), function, env: self.env, is_stored: false }))
    }
}

/// Something of a parameter's type, to bind a body that nothing calls.
fn stand_in(parameter: &Parameter) -> Binding {
    match &parameter.ty {
        Some(TypeExpr { kind: TypeExprKind::Table { .. }, .. }) => Binding::Table(Flow::failed()),
        Some(TypeExpr { kind: TypeExprKind::Scalar(ty), .. }) if *ty != Type::Unknown => {
            let expr: Expr = null_of(*ty);
            Binding::Scalar { expr, scope: None }
        }
        _ => Binding::Scalar { expr: unknown(), scope: None },
    }
}
