//! The operators that make graphs, change them, and make rows of them; patterns are matched in `pattern`.
//!
//! In: the rows of edges and of nodes, or a graph. Out: a graph, which has no columns, or rows again.

use std::sync::Arc;

use super::super::Binder;
use super::super::flow::{Flow, null_of};
use super::param;
use super::parse::place;
use crate::ast::{self, GraphOutput, MakeGraph, Operator, OperatorKind as Op};
use crate::catalog::common_type;
use crate::diagnostic::{self, Span};
use crate::plan::{Expr, ExprKind, Graph, GraphKind, GraphNodes, Output, RelKind};
use crate::types::{Column, Type};

/// How many operators may change one graph.
const CHANGES_MAX: usize = 100;

impl Binder<'_> {
    pub(super) fn graph_operator(&mut self, input: &Flow, operator: &Operator) -> Flow {
        if let Op::MakeGraph(make) = &operator.kind {
            return self.make_graph(input, make);
        }
        let Some(graph) = self.graph_in(input, operator.keyword) else { return Flow::failed() };
        match &operator.kind {
            Op::GraphMatch(pattern) => self.graph_match(&graph, pattern, operator, false),
            Op::GraphShortestPaths(pattern) => self.graph_match(&graph, pattern, operator, true),
            Op::GraphToTable(outputs) => self.graph_to_table(&graph, outputs),
            Op::GraphMarkComponents => self.mark_components(&graph, operator),
            Op::GraphMerge { right, .. } => {
                self.table(right);
                flow_of(Graph { kind: GraphKind::Unsupported { operator: "graph-merge".to_owned() }, ..Graph::clone(&graph) })
            }
            Op::GraphWhereEdges(predicate) => {
                let predicate = self.over(&properties(&graph.edges, graph.open), |binder| binder.predicate(predicate));
                flow_of(Graph { kind: GraphKind::WhereEdges { input: graph.clone(), predicate }, ..Graph::clone(&graph) })
            }
            Op::GraphWhereNodes(predicate) => {
                let predicate = self.over(&properties(&graph.nodes, graph.open), |binder| binder.predicate(predicate));
                flow_of(Graph { kind: GraphKind::WhereNodes { input: graph.clone(), predicate }, ..Graph::clone(&graph) })
            }
            _ => Flow::failed(),
        }
    }

    /// `graph('Model')`: a graph that a database keeps. What its nodes and edges hold is not known here.
    pub(in crate::bind) fn stored_graph(&mut self, args: &[ast::Expr]) -> Flow {
        let values: Vec<Expr> = args.iter().map(|arg| self.value(arg.without_name())).collect();
        let name = values.first().and_then(super::super::fold::text).unwrap_or_default();
        let kind = GraphKind::Unsupported { operator: format!("graph('{name}'), whose model a database keeps,") };
        flow_of(Graph { kind, nodes: Vec::new(), edges: Vec::new(), open: true })
    }

    /// The graph that an operator reads; a mistake where rows are piped into it.
    fn graph_in(&mut self, input: &Flow, keyword: Span) -> Option<Arc<Graph>> {
        if let Some(graph) = &input.graph {
            if graph.changes() > CHANGES_MAX {
                self.report(diagnostic::TOO_LARGE, keyword, format!("more than {CHANGES_MAX} operators change this graph"));
                return None;
            }
            return Some(graph.clone());
        }
        if !input.is_failed() {
            let help = "make one of the rows first: `make-graph source --> target`".to_owned();
            let message = "this operator reads a graph, but rows are piped into it";
            self.report_with_help(diagnostic::EXPECTED_GRAPH, keyword, message, Some(help));
        }
        None
    }

    fn make_graph(&mut self, input: &Flow, make: &MakeGraph) -> Flow {
        let ends = [&make.source, &make.target].map(|end| self.node_key(input, end));
        let mut tables: Vec<(Flow, Expr)> = Vec::with_capacity(make.nodes.len());
        for nodes in &make.nodes {
            let table = self.table(&nodes.table);
            let id = nodes.on.as_ref().map(|on| self.node_key(&table, on));
            tables.push((table, id.unwrap_or_else(super::super::flow::unknown)));
        }
        let ids = ends.iter().chain(tables.iter().map(|(_, id)| id)).map(|id| id.ty);
        let ty = ids.reduce(|a, b| common_type(a, b).unwrap_or(Type::String)).unwrap_or(Type::Unknown);
        let mut nodes = unified(&tables);
        if let Some(name) = make.node_id.as_ref().filter(|name| !name.text.is_empty()) {
            nodes = vec![Column::new(name.text.clone(), ends[0].ty)];
        }
        let rows: Vec<GraphNodes> = tables.iter().map(|(table, id)| self.node_rows(table, id, &nodes, ty)).collect();
        let open = input.rel.open || tables.iter().any(|(table, _)| table.rel.open);
        let [source, target] = ends.map(|end| self.convert(end, ty));
        let kind = GraphKind::Make {
            edges: input.rel.clone(),
            source,
            target,
            undirected: !make.is_directed,
            nodes: rows,
            id_is_property: make.node_id.is_some(),
        };
        let graph = Graph { kind, nodes, edges: input.columns().to_vec(), open };
        match &make.partitioned_by {
            Some((by, subquery)) => self.graph_partition(input, graph, by, subquery),
            None => flow_of(graph),
        }
    }

    /// A column that identifies nodes.
    fn node_key(&mut self, rows: &Flow, written: &ast::Expr) -> Expr {
        let key = self.column_value(rows, written).expr;
        if key.ty == Type::Dynamic {
            let help = Some("convert it before: extend id = tostring(…)".to_owned());
            self.report_with_help(diagnostic::DYNAMIC_KEY, written.span, "nodes cannot be told apart by a dynamic", help);
        }
        key
    }

    /// A table's rows under the columns that all nodes have.
    fn node_rows(&mut self, table: &Flow, id: &Expr, nodes: &[Column], ty: Type) -> GraphNodes {
        let column = |column: &Column| match table.position(&column.name) {
            Some(at) => self.convert(Expr::column(at, table.columns()[at].ty), column.ty),
            None => null_of(column.ty),
        };
        let mut exprs: Vec<Expr> = nodes.iter().map(column).collect();
        exprs.push(self.convert(id.clone(), ty));
        let mut columns = nodes.to_vec();
        columns.push(Column::new("$id", ty));
        let kind = RelKind::Project { input: table.rel.clone(), exprs };
        let rows = table.with_columns(kind, columns, table.rel.open);
        GraphNodes { rows: rows.rel, id: Expr::column(nodes.len(), ty), id_property: property_of(table, id, nodes) }
    }

    fn graph_partition(&mut self, input: &Flow, graph: Graph, by: &ast::Expr, subquery: &ast::Expr) -> Flow {
        let key = self.column_value(input, by);
        let name = key.name.unwrap_or_default();
        let edge_key = input.position(&name);
        let node_key = graph.nodes.iter().position(|column| column.name == name);
        let context = flow_of(Graph { kind: GraphKind::Context, ..graph.clone() });
        let result = self.subpipe(context, subquery);
        let columns = result.columns().to_vec();
        let Some(edge_key) = edge_key.filter(|_| result.graph.is_none()) else {
            return super::unsupported("make-graph partitioned-by without rows", Some(input), columns, result.rel.open);
        };
        let kind = RelKind::GraphPartition { graph: Arc::new(graph), edge_key, node_key, subquery: result.rel.clone() };
        Flow::fresh(kind, columns, result.rel.open)
    }

    fn mark_components(&mut self, graph: &Arc<Graph>, operator: &Operator) -> Flow {
        let strong = param(&operator.params, "kind").is_some_and(|kind| kind == "strong");
        let name = param(&operator.params, "with_component_id").filter(|name| !name.is_empty());
        let mut nodes = graph.nodes.clone();
        let position = place(&mut nodes, name.as_deref().unwrap_or("ComponentId"), Type::Long);
        let kind = GraphKind::MarkComponents { input: graph.clone(), position, strong };
        flow_of(Graph { kind, nodes, edges: graph.edges.clone(), open: graph.open })
    }

    /// One output is the operator's rows; two are tables that the statements after this one may name.
    fn graph_to_table(&mut self, graph: &Arc<Graph>, outputs: &[GraphOutput]) -> Flow {
        if let [one] = outputs {
            return table_of(graph, one);
        }
        let has_both = outputs.iter().any(|output| output.is_nodes) && outputs.iter().any(|output| !output.is_nodes);
        if let Some(third) = outputs.get(2).or(outputs.get(1).filter(|_| !has_both)) {
            self.report(diagnostic::MISPLACED, third.span, "a graph has one table of nodes and one of edges");
            return Flow::failed();
        }
        for output in outputs {
            let rows = table_of(graph, output);
            let Some(name) = output.name.as_ref().filter(|name| !name.text.is_empty()) else {
                let help = Some("name it: `nodes as N`".to_owned());
                self.report_with_help(diagnostic::MISPLACED, output.span, "two tables need names by which to read them", help);
                continue;
            };
            self.named.push(Output { name: Some(name.text.clone()), rel: rows.rel.clone(), render: None });
            self.declare(&name.text, super::Binding::Table(Flow { name: Some(name.text.clone()), ..rows }), false);
        }
        Flow::nothing()
    }
}

/// Which property of a node is the column that identifies it.
fn property_of(table: &Flow, id: &Expr, nodes: &[Column]) -> Option<usize> {
    let ExprKind::Column(at) = id.kind else { return None };
    let name = &table.columns().get(at)?.name;
    nodes.iter().position(|column| column.name == *name)
}

/// The table of nodes or of edges, after the hashes that are asked for.
fn table_of(graph: &Arc<Graph>, output: &GraphOutput) -> Flow {
    let id = |name: &str| param(&output.params, name).filter(|name| !name.is_empty());
    let (names, properties) = if output.is_nodes {
        (vec![id("with_node_id")], &graph.nodes)
    } else {
        (vec![id("with_source_id"), id("with_target_id")], &graph.edges)
    };
    let asked: Vec<bool> = names.iter().map(Option::is_some).collect();
    let kind = match asked.as_slice() {
        [with_id] => RelKind::GraphNodes { graph: graph.clone(), with_id: *with_id },
        [with_source, with_target, ..] => {
            RelKind::GraphEdges { graph: graph.clone(), with_source: *with_source, with_target: *with_target }
        }
        [] => return Flow::failed(),
    };
    let mut columns: Vec<Column> = names.into_iter().flatten().map(|name| Column::new(name, Type::Long)).collect();
    for column in properties {
        let taken = super::super::flow::names_of(&columns);
        columns.push(Column::new(super::super::flow::fresh_name(&column.name, &taken), column.ty));
    }
    Flow::fresh(kind, columns, graph.open)
}

/// The properties that nodes of several tables have: those of one name are one, dynamic where their types differ.
fn unified(tables: &[(Flow, Expr)]) -> Vec<Column> {
    let mut nodes: Vec<Column> = Vec::new();
    for column in tables.iter().flat_map(|(table, _)| table.columns()) {
        match nodes.iter_mut().find(|known| known.name == column.name) {
            Some(known) if known.ty != column.ty => known.ty = Type::Dynamic,
            Some(_) => {}
            None => nodes.push(column.clone()),
        }
    }
    nodes
}

/// The rows of one kind of elements, to bind something over their properties.
fn properties(columns: &[Column], open: bool) -> Flow {
    Flow::fresh(RelKind::Context, columns.to_vec(), open)
}

/// A graph: without columns, and nothing that can be run by itself.
pub(in crate::bind) fn flow_of(graph: Graph) -> Flow {
    let kind = RelKind::Unsupported {
        operator: "graph without graph-match or graph-to-table, which make rows of it,".to_owned(),
        input: None,
    };
    Flow { graph: Some(Arc::new(graph)), ..Flow::fresh(kind, Vec::new(), false) }
}
