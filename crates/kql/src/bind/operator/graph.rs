//! The graph operators: understood, with the columns of their results, but not run by any executor here.
//!
//! In: a graph or the rows of its edges. Out: a relation of kind [`RelKind::Unsupported`](crate::plan::RelKind::Unsupported).

use super::super::Binder;
use super::super::flow::Flow;
use super::super::source::declared;
use super::unsupported;
use crate::ast::{self, ExprKind as Ast, GraphMatch, OperatorKind as Op};
use crate::plan::RelKind;
use crate::types::{Column, Type};

impl Binder<'_> {
    pub(super) fn graph_operator(&mut self, input: &Flow, operator: &Op) -> Flow {
        match operator {
            Op::MakeGraph(graph) => {
                self.over(input, |binder| {
                    binder.value(&graph.source);
                    binder.value(&graph.target);
                });
                for nodes in &graph.nodes {
                    self.table(&nodes.table);
                }
                unsupported("make-graph", Some(input), Vec::new(), true)
            }
            Op::GraphMatch(pattern) => unsupported("graph-match", Some(input), projected(pattern), !pattern.has_project),
            Op::GraphShortestPaths(pattern) => {
                unsupported("graph-shortest-paths", Some(input), projected(pattern), !pattern.has_project)
            }
            Op::GraphToTable(_) => unsupported("graph-to-table", Some(input), Vec::new(), true),
            Op::GraphMarkComponents => unsupported("graph-mark-components", Some(input), Vec::new(), true),
            Op::GraphMerge { .. } => unsupported("graph-merge", Some(input), Vec::new(), true),
            Op::GraphWhereEdges(_) => unsupported("graph-where-edges", Some(input), Vec::new(), true),
            Op::GraphWhereNodes(_) => unsupported("graph-where-nodes", Some(input), Vec::new(), true),
            Op::InlineExternalTable { columns, uris } => {
                let uris = uris.iter().map(super::written).collect();
                Flow::fresh(RelKind::External { uris, options: Vec::new() }, declared(columns), false)
            }
            _ => Flow::failed(),
        }
    }
}

/// The columns that a pattern's `project` names.
fn projected(pattern: &GraphMatch) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for item in &pattern.project {
        let name = match &item.kind {
            Ast::Named { name, .. } => name.text.clone(),
            _ => label(item).unwrap_or_else(|| format!("Column{}", columns.len() + 1)),
        };
        let taken = columns.iter().map(|column| column.name.clone()).collect();
        columns.push(Column::new(super::super::flow::fresh_name(&name, &taken), Type::Unknown));
    }
    columns
}

fn label(item: &ast::Expr) -> Option<String> {
    match &item.without_parens().kind {
        Ast::Name(name) => Some(name.text.clone()),
        Ast::Path { target, member } => Some(format!("{}_{}", label(target)?, label(member)?)),
        _ => None,
    }
}
