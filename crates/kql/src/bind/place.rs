//! Databases, clusters and workspaces, and what they hold.
//!
//! In: `workspace('soc')`, `cluster('c').database('d')`, a name that stands for one. Out: the name under which the catalog and
//! the plan know the place, and the rows of its tables.

use std::rc::Rc;

use super::Binder;
use super::env::{Binding, Closure, Thing};
use super::flow::Flow;
use super::fold;
use super::operator::matches_pattern;
use super::resolve::did_you_mean;
use crate::ast::{self, ExprKind as Ast};
use crate::catalog;
use crate::diagnostic::{self, Span};
use crate::plan::RelKind;

/// Functions that give a database or a cluster.
const ENTITY_FUNCTIONS: [&str; 8] = ["cluster", "database", "workspace", "app", "arg", "adx", "resource", "graph"];

impl Binder<'_> {
    /// The expression is a database or a cluster.
    pub(super) fn is_entity(&self, expr: &ast::Expr) -> bool {
        match &expr.kind {
            Ast::Paren(inner) => self.is_entity(inner),
            Ast::Call { name, .. } => ENTITY_FUNCTIONS.contains(&name.text.as_str()) && self.lookup(&name.text).is_none(),
            Ast::Name(name) => matches!(self.lookup(&name.text), Some(node) if matches!(node.binding, Binding::Database(_))),
            Ast::Path { target, .. } => self.is_entity(target),
            _ => false,
        }
    }

    /// The expression is a table, or a function, of a database: what stands behind the last dot is no database itself.
    pub(super) fn is_of_entity(&self, expr: &ast::Expr) -> bool {
        match &expr.without_parens().kind {
            Ast::Path { member, .. } => !matches!(&member.kind, Ast::Call { name, .. } if name.text == "database"),
            _ => false,
        }
    }

    /// What names a database or a cluster, for the plan: the text of its call (`soc`), of two calls with a dot between
    /// (`cluster.database`), or what a declared name stands for. A call without a text, as `arg("")`, is called as its function.
    pub(super) fn entity_name(&mut self, expr: &ast::Expr) -> String {
        match &expr.kind {
            Ast::Paren(inner) => self.entity_name(inner),
            Ast::Call { name, args } => {
                let value = args.first().map(|arg| self.value(arg));
                let text = value.as_ref().and_then(fold::text).filter(|text| !text.is_empty()).unwrap_or(&name.text);
                match self.lookup(text).map(|node| &node.binding) {
                    // `alias database d = …; database('d')`.
                    Some(Binding::Database(alias)) if name.text == "database" => alias.clone(),
                    _ => text.to_owned(),
                }
            }
            Ast::Name(name) => match self.lookup(&name.text).map(|node| &node.binding) {
                Some(Binding::Database(database)) => database.clone(),
                _ => name.text.clone(),
            },
            Ast::Path { target, member } => format!("{}.{}", self.entity_name(target), self.entity_name(member)),
            _ => String::new(),
        }
    }

    /// A table of another database: `workspace('w').SecurityEvent`.
    pub(super) fn entity_member(&mut self, target: &ast::Expr, member: &ast::Expr) -> Thing {
        let database = self.entity_name(target);
        Thing::Table(match &member.kind {
            Ast::Name(name) => self.stored_table(&name.text, Some(database), name.span),
            Ast::Call { name, args } if name.text == "table" && !args.is_empty() => self.table_by_name(&args[0], Some(database)),
            Ast::Call { name, args } => match self.call_stored(&name.text, args, member.span, None) {
                Some(thing) => return thing,
                None => {
                    let kind = RelKind::Table { name: name.text.clone(), database: Some(database) };
                    Flow::fresh(kind, Vec::new(), true)
                }
            },
            _ => Flow::failed(),
        })
    }

    /// The tables that a pattern of names stands for, here or in a place: those that can hold rows, else all that are known.
    pub(super) fn tables_like(&mut self, place: Option<&ast::Expr>, pattern: &str, at: &ast::Expr) -> Vec<Flow> {
        let place = place.map(|place| self.entity_name(place));
        let views = if place.is_none() { self.views_like(pattern, at.span) } else { Vec::new() };
        let like = |names: Vec<String>| names.into_iter().filter(|name| matches_pattern(name, pattern)).collect::<Vec<_>>();
        let there = place.as_ref().and_then(|place| self.catalog.tables_in(place));
        let mut names = like(there.unwrap_or_else(|| self.catalog.present_tables()));
        if names.is_empty() && views.is_empty() && pattern != "*" {
            names = like(self.catalog.table_names());
        }
        let mut flows: Vec<Flow> = names.iter().map(|name| self.stored_table(name, place.clone(), at.span)).collect();
        if flows.is_empty() && pattern == "*" {
            flows.push(self.no_tables());
        }
        flows.extend(views);
        if flows.is_empty() {
            self.report(diagnostic::UNKNOWN_TABLE, at.span, format!("no table's name is like `{pattern}`"));
            flows.push(Flow::failed());
        }
        flows
    }

    /// The views that `let name = view () {…}` declared before, whose names match, in that order.
    /// Source: Kusto reference, "let statement" and "search operator" ("views").
    fn views_like(&mut self, pattern: &str, span: Span) -> Vec<Flow> {
        let mut views: Vec<Rc<Closure>> = Vec::new();
        for name in self.declared_names().into_iter().filter(|name| matches_pattern(name, pattern)) {
            if let Some(Binding::Function(closure)) = self.lookup(name).map(|node| &node.binding)
                && closure.function.is_view
                && closure.function.parameters.iter().all(|parameter| parameter.default.is_some())
                && !views.iter().any(|known| Rc::ptr_eq(known, closure))
            {
                views.push(Rc::clone(closure));
            }
        }
        let mut flows = Vec::with_capacity(views.len());
        for closure in views.iter().rev() {
            if let Thing::Table(flow) = self.call_closure(closure, &[], span, None) {
                flows.push(flow);
            }
        }
        flows
    }

    /// Some table or view has a name like that.
    pub(super) fn is_like_some_table(&mut self, pattern: &str, span: Span) -> bool {
        let names = [self.catalog.present_tables(), self.catalog.table_names()];
        names.iter().flatten().any(|name| matches_pattern(name, pattern)) || !self.views_like(pattern, span).is_empty()
    }

    /// Reports a table that a place does not have.
    pub(super) fn unknown_in(&mut self, place: &str, name: &str, known: &[String], span: Span) {
        let near = did_you_mean(&catalog::nearest(name, known.iter().map(String::as_str)));
        let message = format!("`{place}` has no table called `{name}`");
        self.report_with_help(diagnostic::UNKNOWN_TABLE, span, message, near);
    }
}
