//! The graph operators: understood, with the columns of their results, but not run by any executor here.
//!
//! In: a graph or the rows of its edges. Out: a relation of kind [`RelKind::Unsupported`](crate::plan::RelKind::Unsupported).

use std::rc::Rc;

use super::super::Binder;
use super::super::flow::{Flow, Graph, fresh_name};
use super::super::source::declared;
use super::parse::place;
use super::unsupported;
use crate::ast::{self, ExprKind as Ast, GraphElementKind, GraphMatch, GraphOutput, MakeGraph, Operator, OperatorKind as Op};
use crate::catalog::{self, Returns};
use crate::plan::RelKind;
use crate::types::{Column, Type};

impl Binder<'_> {
    pub(super) fn graph_operator(&mut self, input: &Flow, operator: &Operator) -> Flow {
        match &operator.kind {
            Op::MakeGraph(graph) => self.make_graph(input, graph),
            Op::GraphMatch(pattern) => matched("graph-match", input, pattern),
            Op::GraphShortestPaths(pattern) => matched("graph-shortest-paths", input, pattern),
            Op::GraphToTable(outputs) => to_table(input, outputs),
            Op::GraphMarkComponents => {
                let mut graph = input.graph.as_deref().cloned().unwrap_or_default();
                let id = super::param(&operator.params, "with_component_id");
                place(&mut graph.nodes, id.as_deref().unwrap_or("ComponentId"), Type::Long);
                graph_of("graph-mark-components", input, Some(graph))
            }
            Op::GraphMerge { .. } => graph_of("graph-merge", input, None),
            Op::GraphWhereEdges(_) => graph_of("graph-where-edges", input, None),
            Op::GraphWhereNodes(_) => graph_of("graph-where-nodes", input, None),
            Op::InlineExternalTable { columns, uris } => {
                let uris = uris.iter().map(super::written).collect();
                Flow::fresh(RelKind::External { uris, options: Vec::new() }, declared(columns), false)
            }
            _ => Flow::failed(),
        }
    }

    fn make_graph(&mut self, input: &Flow, make: &MakeGraph) -> Flow {
        let ty = self.over(input, |binder| {
            binder.value(&make.target);
            binder.value(&make.source).ty
        });
        let mut graph = Graph { nodes: Vec::new(), edges: input.columns().to_vec() };
        for nodes in &make.nodes {
            let table = self.table(&nodes.table);
            for column in table.columns() {
                place(&mut graph.nodes, &column.name, column.ty);
            }
        }
        if let Some(id) = &make.node_id {
            place(&mut graph.nodes, &id.text, ty);
        }
        graph_of("make-graph", input, Some(graph))
    }
}

/// A graph: without columns of its own.
fn graph_of(operator: &str, input: &Flow, graph: Option<Graph>) -> Flow {
    let graph = graph.map(Rc::new).or_else(|| input.graph.clone());
    Flow { graph, ..unsupported(operator, Some(input), Vec::new(), true) }
}

/// The columns that a pattern's `project` names.
fn matched(operator: &str, input: &Flow, pattern: &GraphMatch) -> Flow {
    let graph = input.graph.clone().unwrap_or_default();
    let mut columns: Vec<Column> = Vec::new();
    for item in &pattern.project {
        let (name, value) = match &item.kind {
            Ast::Named { name, value } => (name.text.clone(), value.as_ref()),
            _ => (label(item).unwrap_or_else(|| format!("Column{}", columns.len() + 1)), item),
        };
        let taken = columns.iter().map(|column| column.name.clone()).collect();
        columns.push(Column::new(fresh_name(&name, &taken), type_in(&graph, pattern, value)));
    }
    unsupported(operator, Some(input), columns, !pattern.has_project)
}

/// The type of a projected expression, as far as it shows without binding it.
fn type_in(graph: &Graph, pattern: &GraphMatch, expr: &ast::Expr) -> Type {
    match &expr.without_parens().kind {
        Ast::Literal(literal) => literal.ty,
        Ast::Path { target, member } => {
            let (Some(element), Some(column)) = (target.as_name(), member.as_name()) else { return Type::Dynamic };
            let elements = || pattern.patterns.iter().flatten();
            let is_it = |found: &&ast::GraphElement| found.name.as_ref().is_some_and(|name| name.text == element.text);
            let Some(found) = elements().find(is_it) else { return Type::Dynamic };
            if found.repeat.is_some() {
                return Type::Dynamic;
            }
            let columns = if found.kind == GraphElementKind::Node { &graph.nodes } else { &graph.edges };
            columns.iter().find(|known| known.name == column.text).map_or(Type::Unknown, |known| known.ty)
        }
        Ast::Call { name, .. } => match catalog::function(&name.text).map(|function| function.signatures.as_slice()) {
            Some([first, ..]) => match first.returns {
                Returns::Type(ty) => ty,
                _ => Type::Unknown,
            },
            _ => Type::Unknown,
        },
        _ => Type::Unknown,
    }
}

/// The first table that `graph-to-table` gives: the nodes' or the edges' columns, with the ids that are asked for.
fn to_table(input: &Flow, outputs: &[GraphOutput]) -> Flow {
    let graph = input.graph.clone().unwrap_or_default();
    let Some(first) = outputs.first() else { return Flow::failed() };
    let mut columns: Vec<Column> = Vec::new();
    for param in &first.params {
        place(&mut columns, &super::written(&param.value), Type::Long);
    }
    for column in if first.is_nodes { &graph.nodes } else { &graph.edges } {
        place(&mut columns, &column.name, column.ty);
    }
    unsupported("graph-to-table", Some(input), columns, input.graph.is_none())
}

fn label(item: &ast::Expr) -> Option<String> {
    match &item.without_parens().kind {
        Ast::Name(name) => Some(name.text.clone()),
        Ast::Path { target, member } => Some(format!("{}_{}", label(target)?, label(member)?)),
        _ => None,
    }
}
