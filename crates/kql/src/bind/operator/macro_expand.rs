//! `macro-expand`: the same statements for each member of an entity group.
//!
//! In: a group of clusters, databases or tables, and statements that name its members by one name. Out: the union of what the
//! statements give for each member, so an executor need not know the operator.

use std::rc::Rc;

use super::super::Binder;
use super::super::env::{Binding, EntityGroup, Member, Thing};
use super::super::flow::Flow;
use super::param;
use super::union::combined;
use crate::ast::{self, ExprKind as Ast, Param};
use crate::catalog;
use crate::diagnostic;
use crate::plan::Expr;
use crate::types::{Type, Value};

impl Binder<'_> {
    pub(super) fn macro_expand(
        &mut self,
        group: &ast::Expr,
        scope: Option<&ast::Name>,
        body: &ast::Body,
        params: &[Param],
    ) -> Flow {
        let members = self.members(group);
        let name = scope.or_else(|| group.as_name()).map_or("$scope", |name| name.text.as_str()).to_owned();
        let mut flows: Vec<Flow> = Vec::new();
        for member in members.iter() {
            flows.push(self.expanded(&name, member, body));
        }
        if members.is_empty() {
            let binding = Binding::Database(name.clone());
            self.expanded(&name, &Member { binding, cluster: String::new(), database: String::new() }, body);
            return Flow::failed();
        }
        let is_inner = param(params, "kind").is_some_and(|kind| kind == "inner");
        combined(&flows, is_inner, None)
    }

    /// The rows that the statements give for one member.
    fn expanded(&mut self, name: &str, member: &Member, body: &ast::Body) -> Flow {
        let env = self.env;
        self.declare(name, member.binding.clone(), false);
        for (constant, value) in [("$current_database", &member.database), ("$current_cluster_endpoint", &member.cluster)] {
            let expr = Expr::literal(Value::String(value.clone()), Type::String);
            self.declare(&format!("{name}.{constant}"), Binding::Scalar { expr, scope: None }, false);
        }
        let thing = self.inlined(name, body.span, |binder| binder.outside(|binder| binder.body(body)));
        self.env = env;
        match thing.unwrap_or_else(|| Thing::Table(Flow::failed())) {
            Thing::Table(flow) => flow,
            Thing::Scalar(item) => {
                if item.expr.ty != Type::Unknown {
                    let message = format!("rows are needed here, not a {}", item.ty());
                    self.report(diagnostic::EXPECTED_TABLE, body.span, message);
                }
                Flow::failed()
            }
        }
    }

    /// The members of a group, written here or declared before. None, after a diagnostic, where there is no such group.
    fn members(&mut self, group: &ast::Expr) -> EntityGroup {
        match &group.without_parens().kind {
            Ast::EntityGroup(entities) => self.entity_group(entities),
            Ast::Name(name) => match self.lookup(&name.text).map(|node| node.binding.clone()) {
                Some(Binding::EntityGroup(members)) => members,
                Some(_) => {
                    let message = format!("`{}` is no entity group", name.text);
                    self.report(diagnostic::WRONG_ENTITY, name.span, message);
                    Rc::default()
                }
                None => {
                    if !name.text.is_empty() {
                        let near = super::super::resolve::did_you_mean(&catalog::nearest(&name.text, self.declared_names()));
                        let message = format!("no entity group is called `{}`", name.text);
                        self.report_with_help(diagnostic::UNKNOWN_NAME, name.span, message, near);
                    }
                    Rc::default()
                }
            },
            Ast::Missing => Rc::default(),
            _ => {
                self.report(diagnostic::WRONG_ENTITY, group.span, "an entity group must stand here: `entity_group [a, b]`");
                Rc::default()
            }
        }
    }

    /// `entity_group [a, b]`.
    pub(in crate::bind) fn entity_group(&mut self, entities: &[ast::Expr]) -> EntityGroup {
        let mut members: Vec<Member> = Vec::with_capacity(entities.len());
        for entity in entities.iter().filter(|entity| !entity.is_missing()) {
            let member = self.member_of_group(entity);
            let is_table = |member: &Member| matches!(member.binding, Binding::Table(_));
            if members.first().is_some_and(|first| is_table(first) != is_table(&member)) {
                let message = "the members of an entity group must all be tables, or all databases, or all clusters";
                self.report(diagnostic::WRONG_ENTITY, entity.span, message);
                continue;
            }
            members.push(member);
        }
        Rc::new(members)
    }

    fn member_of_group(&mut self, entity: &ast::Expr) -> Member {
        let (container, member) = match &entity.without_parens().kind {
            Ast::Path { target, member } if self.is_entity(target) => (Some(target), member.as_ref()),
            _ => (None, entity),
        };
        let is_database = self.is_entity(member);
        let container = container.map(|container| self.entity_name(container)).unwrap_or_default();
        if !is_database {
            let binding = Binding::Table(self.table(entity));
            return Member { binding, cluster: String::new(), database: container };
        }
        let binding = Binding::Database(self.entity_name(entity));
        Member { binding, cluster: container, database: self.entity_name(member) }
    }
}
