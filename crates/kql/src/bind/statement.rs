//! Statements: what they declare, and which results the query has.
//!
//! In: statements in order. Out: declarations in the environment, and the output tables.

use std::sync::Arc;

use super::Binder;
use super::env::{Binding, Env, Thing};
use super::flow::{Flow, null_of, unknown};
use crate::ast::{self, ExprKind as Ast, Statement, StatementKind, TypeExpr, TypeExprKind};
use crate::diagnostic;
use crate::plan::{Output, RelKind};
use crate::types::{Column, Type};

impl Binder<'_> {
    /// A whole query.
    pub(super) fn query(&mut self, query: &ast::Query) {
        for statement in &query.statements {
            match &statement.kind {
                StatementKind::Expr(expr) => self.result(expr),
                _ => self.statement(statement, None),
            }
        }
        if self.outputs.is_empty() {
            self.outputs.append(&mut self.named);
        }
        self.check_uncalled();
    }

    /// An expression statement: a result of the query.
    fn result(&mut self, expr: &ast::Expr) {
        self.render = None;
        self.forked.clear();
        self.beside = None;
        let rows = match self.statement_thing(expr) {
            Thing::Table(rows) => rows,
            Thing::Scalar(item) => {
                let one = Flow::fresh(RelKind::One, Vec::new(), false);
                let column = Column::new(item.name.unwrap_or_else(|| "print_0".to_owned()), item.expr.ty);
                one.with_columns(RelKind::Project { input: one.rel.clone(), exprs: vec![item.expr] }, vec![column], false)
            }
        };
        if rows.is_nothing() {
            return;
        }
        self.limit(&rows.rel, expr);
        let render = self.render.take();
        if self.forked.is_empty() {
            let beside = self.beside.take().filter(|(first, _)| Arc::ptr_eq(first, &rows.rel)).map(|(_, more)| more);
            self.outputs.push(Output { name: None, rel: rows.rel, render });
            let more = beside.into_iter().flatten().map(|rel| Output { name: None, rel, render: None });
            self.outputs.extend(more);
        } else {
            let forked = std::mem::take(&mut self.forked);
            self.outputs.extend(forked);
        }
    }

    /// What an expression statement is: a name or a call that nothing else is known of is rows.
    pub(super) fn statement_thing(&mut self, expr: &ast::Expr) -> Thing {
        match &expr.without_parens().kind {
            Ast::Name(_) | Ast::Call { .. } | Ast::Path { .. } => self.tabular_thing(expr),
            _ => self.thing(expr),
        }
    }

    /// Any statement that is no result. `level`: the declarations before the first statement beside this one.
    pub(super) fn statement(&mut self, statement: &Statement, level: Env) {
        match &statement.kind {
            StatementKind::Let { name, value } => self.let_statement(name, value, level),
            StatementKind::QueryParameters(parameters) => {
                for parameter in parameters {
                    let ty = match &parameter.ty {
                        Some(TypeExpr { kind: TypeExprKind::Scalar(ty), .. }) => *ty,
                        _ => Type::Unknown,
                    };
                    let expr = match &parameter.default {
                        Some(default) => self.value(default),
                        None => null_of(ty),
                    };
                    let expr = self.convert(expr, ty);
                    self.declare(&parameter.name.text, Binding::Scalar { expr, scope: None }, false);
                }
            }
            StatementKind::Alias { name, database } => {
                let database = self.entity_name(database);
                self.declare(&name.text, Binding::Database(database), false);
            }
            StatementKind::Pattern(pattern) => {
                self.declare_pattern(pattern);
            }
            StatementKind::Expr(expr) => {
                self.thing(expr);
            }
            StatementKind::Set { option, value: Some(value) } => {
                self.settings.insert(option.text.to_string(), value.clone());
            }
            StatementKind::Set { .. } | StatementKind::Restrict { .. } | StatementKind::Command(_) => {}
        }
    }

    fn let_statement(&mut self, name: &ast::Name, value: &ast::Expr, level: Env) {
        if !name.text.is_empty() && self.is_declared_since(&name.text, level) {
            self.report(diagnostic::DUPLICATE_NAME, name.span, format!("`{}` is declared already", name.text));
        }
        let binding = match &value.kind {
            Ast::Function(function) => {
                let binding = self.closure(&name.text, function);
                if let Binding::Function(closure) = &binding {
                    self.closures.push((closure.clone(), self.foreign.clone()));
                }
                binding
            }
            Ast::EntityGroup(entities) => Binding::EntityGroup(self.entity_group(entities)),
            Ast::Missing => Binding::Scalar { expr: unknown(), scope: None },
            _ if self.is_entity(value) && !self.is_of_entity(value) => Binding::Database(self.entity_name(value)),
            _ => match self.statement_thing(value) {
                Thing::Table(rows) => Binding::Table(Flow { name: None, ..rows }),
                Thing::Scalar(item) => {
                    let scope = super::call::has_column(&item.expr).then(|| self.scope().map(|scope| scope.id)).flatten();
                    Binding::Scalar { expr: item.expr, scope }
                }
            },
        };
        self.declare(&name.text, binding, false);
    }

    fn is_declared_since(&self, name: &str, level: Env) -> bool {
        let mut at = self.env;
        while at != level {
            let Some(index) = at else { return false };
            if self.nodes[index].name == name {
                return true;
            }
            at = self.nodes[index].before;
        }
        false
    }
}
