//! Names within expressions.
//!
//! In: a bare name or a path. Out: a column, a declared value, a member of a dynamic; or a diagnostic with the nearest names.
//! A function's own parameters win over columns, and columns over all that `let` declares.

use super::Binder;
use super::env::{Binding, Item, Thing};
use super::flow::{null_of, unknown};
use super::handed::is_hidden;
use super::limit::weight;
use super::scope::Implied;
use crate::ast;
use crate::catalog;
use crate::diagnostic::{self, Span};
use crate::plan::{Expr, ExprKind};
use crate::types::{Column, Type, Value};

impl Binder<'_> {
    /// A bare name in an expression.
    pub(super) fn name(&mut self, name: &ast::Name) -> Item {
        let text = name.text.as_str();
        let item = |expr: Expr| Item { name: Some(text.to_owned()), expr };
        if text.is_empty() {
            return Item::unnamed(unknown());
        }
        let declared = self.lookup(text).map(|node| (node.is_parameter, node.binding.clone()));
        let column = if matches!(declared, Some((true, Binding::Scalar { .. }))) { None } else { self.column(text, name.span) };
        if let Some(expr) = column.or_else(|| self.element_value(text)) {
            return item(expr);
        }
        match declared {
            Some((_, Binding::Scalar { expr, scope })) => {
                if scope.is_some() && scope != self.scope().map(|scope| scope.id) {
                    let message = format!("`{text}` depends on a row that this subquery does not see");
                    self.report(diagnostic::OUTER_ROW, name.span, message);
                    return item(unknown());
                }
                if !self.inline(weight(&expr) - 1) {
                    self.report(diagnostic::TOO_LARGE, name.span, format!("`{text}` makes the query too large"));
                    return item(unknown());
                }
                item(expr)
            }
            Some((_, Binding::Function(closure))) if closure.function.parameters.iter().all(|p| p.default.is_some()) => {
                match self.call_closure(&closure, &[], name.span, None) {
                    Thing::Scalar(value) => item(value.expr),
                    Thing::Table(flow) if flow.is_failed() => item(unknown()),
                    Thing::Table(_) => item(self.table_as_value(text, name.span)),
                }
            }
            Some((_, Binding::Function(_))) => {
                self.report(diagnostic::UNKNOWN_NAME, name.span, format!("`{text}` is a function; its arguments are missing"));
                item(unknown())
            }
            Some((_, Binding::Table(_) | Binding::Database(_) | Binding::EntityGroup(_) | Binding::Pattern(_))) => {
                item(self.table_as_value(text, name.span))
            }
            None => item(self.undeclared(text, name.span)),
        }
    }

    /// A table's name stands where a value must be.
    fn table_as_value(&mut self, text: &str, span: Span) -> Expr {
        self.report(diagnostic::EXPECTED_VALUE, span, format!("`{text}` is a table, but a value is needed here"));
        unknown()
    }

    /// The column of that name in the rows that are seen.
    pub(super) fn column(&mut self, name: &str, span: Span) -> Option<Expr> {
        let scope = self.scopes.last().filter(|scope| scope.is_visible)?;
        let column = scope.column(name)?;
        Some(if scope.reads_rows() { column } else { self.not_aggregated(name, span) })
    }

    /// Reports a column among the results of `summarize` and its kin.
    pub(super) fn not_aggregated(&mut self, name: &str, span: Span) -> Expr {
        let help = called(name).filter(|_| self.scope().is_none_or(|scope| scope.column(name).is_none()));
        let help = help.unwrap_or_else(|| format!("aggregate it, `take_any({name})`, or group by it: `by {name}`"));
        let message = format!("`{name}` is not aggregated");
        self.report_with_help(diagnostic::NOT_AGGREGATED, span, message, Some(help));
        unknown()
    }

    /// A column of that name where the rows may have others than those known, or a table has it without listing it.
    fn unlisted_column(&mut self, name: &str, span: Span) -> Option<Expr> {
        let scope = self.scopes.last().filter(|scope| scope.is_visible)?;
        let implied = scope.implied(name);
        if !scope.reads_rows() {
            let is_column = implied.is_some() || scope.is_open() && self.catalog.function(name).is_none();
            return is_column.then(|| self.not_aggregated(name, span));
        }
        match implied {
            Some(Implied::Column(position, ty)) => Some(Expr::column(position, ty)),
            Some(Implied::TableName(name)) => Some(Expr::literal(Value::String(name), Type::String)),
            Some(Implied::Absent(ty)) => Some(null_of(ty)),
            None if scope.is_open() => {
                self.unlisted(name, span);
                Some(open_column(name))
            }
            None => None,
        }
    }

    /// What `*` and `pack_all()` stand for: the columns of the rows that are seen.
    pub(super) fn row_columns(&mut self, span: Span) -> Vec<Column> {
        let Some(scope) = self.scopes.last() else { return Vec::new() };
        let (code, message, help) = if !scope.is_visible {
            let help = "pass what it needs, or pass the rows: `T | invoke f()`";
            (diagnostic::OUTER_ROW, "the body of a function does not see the columns of the row that it is called for", help)
        } else if scope.elements.is_some() {
            let help = "name an element: by itself it is the bag of its properties";
            (diagnostic::MISPLACED, "the rows of a graph pattern have no columns but those of its elements", help)
        } else if !scope.reads_rows() {
            (
                diagnostic::NOT_AGGREGATED,
                "all columns stand here, and they are not aggregated",
                "aggregate what is made of them: `make_list(…)`",
            )
        } else {
            return scope.columns().iter().filter(|column| !is_hidden(column)).cloned().collect();
        };
        self.report_with_help(code, span, message, Some(help.to_owned()));
        Vec::new()
    }

    /// A name that is neither a column nor declared.
    fn undeclared(&mut self, text: &str, span: Span) -> Expr {
        if let Some(column) = self.unlisted_column(text, span) {
            return column;
        }
        if let Some(null) = self.tolerated_null(text) {
            return null;
        }
        if self.catalog.function(text).is_some() {
            return match self.call_stored(text, &[], span, None) {
                Some(Thing::Scalar(item)) => item.expr,
                _ => self.table_as_value(text, span),
            };
        }
        self.unknown_name(text, span);
        unknown()
    }

    /// Warns of a column that a table's reference does not list: the workspace may have added it, or the name is wrong.
    fn unlisted(&mut self, text: &str, span: Span) {
        let Some(scope) = self.scopes.last() else { return };
        let Some(table) = scope.listed_table() else { return };
        let near = catalog::nearest(text, scope.columns().iter().map(|column| column.name.as_str()));
        let help = did_you_mean(&near);
        let message = format!("`{text}` is not among the columns that the reference lists for `{table}`");
        self.report_with_help(diagnostic::UNLISTED_COLUMN, span, message, help);
    }

    /// Reports a name that nothing has, with those that look like it.
    pub(super) fn unknown_name(&mut self, text: &str, span: Span) {
        let mut candidates: Vec<&str> = Vec::new();
        if let Some(scope) = self.scopes.last().filter(|scope| scope.is_visible) {
            candidates.extend(scope.columns().iter().map(|column| column.name.as_str()));
        }
        candidates.extend(self.declared_names());
        let help = called(text).or_else(|| did_you_mean(&catalog::nearest(text, candidates)));
        let what = if self.scopes.is_empty() { "name" } else { "column" };
        self.report_with_help(diagnostic::UNKNOWN_NAME, span, format!("no {what} is called `{text}` here"), help);
    }

    /// `target.member`.
    pub(super) fn path(&mut self, target: &ast::Expr, member: &ast::Expr) -> Item {
        if let (Some(qualifier), Some(name)) = (target.as_name(), member.as_name())
            && let Some(item) = self.qualified(qualifier, name)
        {
            return item;
        }
        let Some(name) = member.as_name() else {
            return self.index(target, member);
        };
        let value = self.expr(target);
        let label = format!("{}_{}", value.name.as_deref().unwrap_or_default(), name.text);
        let key = Expr::literal(Value::String(name.text.clone()), Type::String);
        Item { name: Some(label), expr: self.member(value.expr, key, name.span) }
    }

    /// A column of a named side: `$left.x`, a step's `s1.x`.
    fn qualified(&mut self, qualifier: &ast::Name, name: &ast::Name) -> Option<Item> {
        if name.text.starts_with('$')
            && let Some(Binding::Scalar { expr, .. }) =
                self.lookup(&format!("{}.{}", qualifier.text, name.text)).map(|n| &n.binding)
        {
            return Some(Item { name: Some(name.text.clone()), expr: expr.clone() });
        }
        let scope = self.scopes.last().filter(|scope| scope.is_visible)?;
        let side = scope.sides.iter().find(|side| side.name == qualifier.text)?;
        let found = side.column(&name.text);
        let open = side.open;
        let near: Vec<String> = if found.is_some() || open {
            Vec::new()
        } else {
            let names = side.columns.iter().map(|column| column.name.as_str());
            catalog::nearest(&name.text, names).into_iter().map(str::to_owned).collect()
        };
        let label = match scope.elements {
            Some(_) => format!("{}_{}", qualifier.text, name.text),
            None => name.text.clone(),
        };
        let expr = match found {
            Some(expr) => expr,
            None if open => open_column(&name.text),
            None => {
                let near: Vec<&str> = near.iter().map(String::as_str).collect();
                let message = format!("`{}` has no column called `{}`", qualifier.text, name.text);
                self.report_with_help(diagnostic::UNKNOWN_NAME, name.span, message, did_you_mean(&near));
                unknown()
            }
        };
        Some(Item { name: Some(label), expr })
    }

    /// `target[index]`.
    pub(super) fn index(&mut self, target: &ast::Expr, index: &ast::Expr) -> Item {
        if let (Some(qualifier), ast::ExprKind::Literal(literal)) = (target.as_name(), &index.kind) {
            let member = ast::Name { text: literal.value.to_text(), span: index.span, is_quoted: true };
            if let Some(item) = self.qualified(qualifier, &member) {
                return item;
            }
        }
        let value = self.expr(target);
        let key = self.expr(index);
        let written = match &index.without_parens().kind {
            ast::ExprKind::Literal(literal) => literal.value.to_text(),
            _ => String::new(),
        };
        let label = value.name.as_ref().map(|name| format!("{name}_{written}"));
        let key = match key.ty() {
            Type::Int => self.convert(key.expr, Type::Long),
            Type::Long | Type::String | Type::Unknown | Type::Dynamic => key.expr,
            Type::Guid | Type::DateTime | Type::TimeSpan => self.convert(key.expr, Type::String),
            other => {
                let message = format!("a dynamic is indexed by a string or an integer, not by a {other}");
                self.report(diagnostic::WRONG_TYPE, index.span, message);
                unknown()
            }
        };
        Item { name: label, expr: self.member(value.expr, key, index.span) }
    }

    fn member(&mut self, value: Expr, key: Expr, at: Span) -> Expr {
        match value.ty {
            Type::Dynamic | Type::Unknown => {
                let ty = if value.ty == Type::Unknown && !matches!(value.kind, ExprKind::Call { .. }) {
                    Type::Unknown
                } else {
                    Type::Dynamic
                };
                Expr::call("[]", vec![value, key], ty)
            }
            other => {
                let message = format!("a {other} has no members; only a dynamic has");
                let help = (other == Type::String).then(|| "read the text as JSON first: parse_json(…)".to_owned());
                self.report_with_help(diagnostic::NO_MEMBERS, at, message, help);
                unknown()
            }
        }
    }
}

/// A column of an open relation, known by its name alone.
pub(super) fn open_column(name: &str) -> Expr {
    Expr::call("$column", vec![Expr::literal(Value::String(name.to_owned()), Type::String)], Type::Unknown)
}

/// Advice to call the function of that name.
fn called(name: &str) -> Option<String> {
    let function = catalog::aggregate(name).or_else(|| catalog::function(name))?;
    let arguments = if function.arity().0 == 0 { "" } else { "…" };
    Some(format!("call the function: `{name}({arguments})`"))
}

/// Advice that names what looks alike.
pub(super) fn did_you_mean(near: &[&str]) -> Option<String> {
    let quoted: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        [most @ .., last] => Some(format!("did you mean {} or {last}?", most.join(", "))),
    }
}
