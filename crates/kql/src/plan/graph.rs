//! Graphs: what `make-graph` makes of rows, and the patterns that are matched in them.
//!
//! In: relations of edges and of nodes. Out: graphs, which are no relations, and what makes relations of them again. Every
//! expression stands over columns by position, as everywhere in the plan; where a pattern's expressions stand is said at
//! [`GraphMatch`].

use std::sync::Arc;

use super::{Expr, Input};
use crate::types::{Column, Type};

/// A graph: nodes told apart by their ids, and edges between them (`data-explorer/kusto/query/graph-semantics-overview`).
#[derive(Clone, Debug)]
pub struct Graph {
    /// What makes it.
    pub kind: GraphKind,
    /// The properties of a node.
    pub nodes: Vec<Column>,
    /// The properties of an edge.
    pub edges: Vec<Column>,
    /// More properties may be there than are known.
    pub open: bool,
}

/// What makes a graph.
#[derive(Clone, Debug)]
pub enum GraphKind {
    /// `make-graph source --> target with nodes on id`.
    Make {
        /// The rows of the edges, under [`Graph::edges`].
        edges: Input,
        /// The id of an edge's source: over the edges' columns.
        source: Expr,
        /// The id of its target, of the same type.
        target: Expr,
        /// `--`: edges have no direction.
        undirected: bool,
        /// The tables of nodes, at most two. A node that edges name and no table has is one without properties. One that both
        /// tables have gets the properties of both.
        nodes: Vec<GraphNodes>,
        /// `with_node_id`: the only property of a node is its id.
        id_is_property: bool,
    },
    /// `graph-mark-components`: the number of its component (a `long`) is a property of each node.
    MarkComponents {
        /// The graph without it.
        input: Arc<Graph>,
        /// Which of [`Graph::nodes`] gets it.
        position: usize,
        /// `kind=strong`: along the edges' direction, and back.
        strong: bool,
    },
    /// `graph-where-nodes`: the nodes for which the predicate is true, and the edges between them.
    WhereNodes {
        /// The graph that is filtered.
        input: Arc<Graph>,
        /// A `bool` over [`Graph::nodes`].
        predicate: Expr,
    },
    /// `graph-where-edges`: all nodes, and the edges for which the predicate is true.
    WhereEdges {
        /// The graph that is filtered.
        input: Arc<Graph>,
        /// A `bool` over [`Graph::edges`].
        predicate: Expr,
    },
    /// The graph handed to the subquery of the enclosing [`RelKind::GraphPartition`](super::RelKind::GraphPartition).
    Context,
    /// A graph that no executor here has: `graph("name")`, `graph-merge`.
    Unsupported {
        /// What makes it.
        operator: String,
    },
}

/// One table of nodes.
#[derive(Clone, Debug)]
pub struct GraphNodes {
    /// Its rows under the columns of [`Graph::nodes`]: those it does not have are null.
    pub rows: Input,
    /// The id: over those columns, of the type of the edges' source.
    pub id: Expr,
    /// The property that is the id: a node that no table has knows it, and nothing else.
    pub id_property: Option<usize>,
}

/// `graph-match`, `graph-shortest-paths`.
///
/// Expressions see, by position: for each element in order its columns, then a column for each of `paths`. The columns of a
/// node are [`Graph::nodes`], then its id as text (`node_id()`), its in-degree and its out-degree (`long`); those of a single
/// edge are [`Graph::edges`]; a variable-length edge has none.
#[derive(Clone, Debug)]
pub struct GraphMatch {
    /// Where the pattern is looked for.
    pub graph: Arc<Graph>,
    /// The nodes and edges of the pattern in order of first occurrence, each name once; those without a name are told apart.
    pub elements: Vec<Element>,
    /// The paths of the pattern: all must be there.
    pub patterns: Vec<Pattern>,
    /// `cycles=`: which matches may pass through a node or an edge more than once.
    pub cycles: Cycles,
    /// `graph-shortest-paths`: only the shortest of the paths between two ends.
    pub shortest: Option<ShortestPaths>,
    /// What is computed along variable-length edges.
    pub paths: Vec<PathExpr>,
    /// Which matches come out.
    pub predicate: Option<Expr>,
    /// The result: as many as there are columns.
    pub exprs: Vec<Expr>,
}

/// Which matches may repeat something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cycles {
    /// `all`: any.
    All,
    /// `none`: no node is met twice.
    None,
    /// `unique_edges`, the default: no edge is met twice.
    UniqueEdges,
}

/// How many of the shortest paths between the same two ends come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortestPaths {
    /// `output=any`: one of them.
    Any,
    /// `output=all`: all of the least length.
    All,
}

/// A node or an edge of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// `n` in `(n)`; none in `()`.
    pub name: Option<String>,
    /// What it is.
    pub kind: ElementKind,
}

/// What an element of a pattern is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementKind {
    /// `(n)`.
    Node,
    /// `-[e]->`.
    Edge,
    /// `-[e*1..3]->`.
    Path {
        /// The least number of edges.
        least: u32,
        /// The greatest.
        most: u32,
    },
}

/// One path of a pattern: a node, and steps from there. Numbers are positions among [`GraphMatch::elements`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The first node.
    pub start: usize,
    /// In order.
    pub steps: Vec<PathStep>,
}

/// An edge of a pattern and the node it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStep {
    /// The edge, single or of variable length.
    pub edge: usize,
    /// How it is followed.
    pub direction: Direction,
    /// The node at its end.
    pub node: usize,
}

/// How an edge of a pattern is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `-[e]->`: from its source to its target.
    Right,
    /// `<-[e]-`: from its target to its source.
    Left,
    /// `-[e]-`: either way.
    Either,
}

/// What is computed along a variable-length edge: `map(e, …)`, `all(inner_nodes(e), …)`; `e.property` is `map(e, property)`.
///
/// `body` sees, by position: the columns of one edge of the path, or of one inner node (as those of a node element), then all
/// that the match's own expressions see, up to `paths`.
#[derive(Clone, Debug, PartialEq)]
pub struct PathExpr {
    /// What is made of the values.
    pub function: PathFunction,
    /// The element: a [`ElementKind::Path`]. A single edge counts as a path of one.
    pub element: usize,
    /// `inner_nodes(e)`: over the nodes between its edges.
    pub inner_nodes: bool,
    /// For each edge or inner node in the order of the path.
    pub body: Expr,
}

/// What is made of the values along a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFunction {
    /// `all`: a `bool`; true for a path without any.
    All,
    /// `any`: a `bool`; false for a path without any.
    Any,
    /// `map`: a dynamic array.
    Map,
}

/// What expressions see of a node behind its properties, in that order.
pub const NODE_FUNCTIONS: [(&str, Type); 3] =
    [("node_id", Type::String), ("node_degree_in", Type::Long), ("node_degree_out", Type::Long)];

impl Graph {
    /// How many columns expressions see of a node.
    #[must_use]
    pub fn node_width(&self) -> usize {
        self.nodes.len() + NODE_FUNCTIONS.len()
    }

    /// How many operators change it after it is made.
    #[must_use]
    pub fn changes(&self) -> usize {
        let (mut graph, mut changes) = (self, 0);
        while let GraphKind::MarkComponents { input, .. }
        | GraphKind::WhereNodes { input, .. }
        | GraphKind::WhereEdges { input, .. } = &graph.kind
        {
            graph = input;
            changes += 1;
        }
        changes
    }

    /// The expressions that make and change it.
    #[must_use]
    pub fn exprs(&self) -> Vec<&Expr> {
        let (mut graph, mut exprs) = (self, Vec::new());
        loop {
            match &graph.kind {
                GraphKind::Make { source, target, nodes, .. } => {
                    exprs.extend([source, target].into_iter().chain(nodes.iter().map(|nodes| &nodes.id)));
                    return exprs;
                }
                GraphKind::MarkComponents { input, .. } => graph = input,
                GraphKind::WhereNodes { input, predicate } | GraphKind::WhereEdges { input, predicate } => {
                    exprs.push(predicate);
                    graph = input;
                }
                GraphKind::Context | GraphKind::Unsupported { .. } => return exprs,
            }
        }
    }

    /// The relations that the graph is made of.
    #[must_use]
    pub fn inputs(&self) -> Vec<&Input> {
        let mut graph = self;
        loop {
            match &graph.kind {
                GraphKind::Make { edges, nodes, .. } => {
                    return std::iter::once(edges).chain(nodes.iter().map(|nodes| &nodes.rows)).collect();
                }
                GraphKind::MarkComponents { input, .. }
                | GraphKind::WhereNodes { input, .. }
                | GraphKind::WhereEdges { input, .. } => graph = input,
                GraphKind::Context | GraphKind::Unsupported { .. } => return Vec::new(),
            }
        }
    }
}

impl GraphMatch {
    /// How many columns expressions see of the element at `position`.
    #[must_use]
    pub fn width(&self, position: usize) -> usize {
        match self.elements[position].kind {
            ElementKind::Node => self.graph.node_width(),
            ElementKind::Edge => self.graph.edges.len(),
            ElementKind::Path { .. } => 0,
        }
    }

    /// The columns that the match's expressions see, named for people.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        for element in &self.elements {
            let name = element.name.as_deref().unwrap_or_default();
            let named = |column: &Column| Column::new(format!("{name}.{}", column.name), column.ty);
            match element.kind {
                ElementKind::Node => {
                    columns.extend(self.graph.nodes.iter().map(named));
                    columns.extend(NODE_FUNCTIONS.iter().map(|(function, ty)| Column::new(format!("{function}({name})"), *ty)));
                }
                ElementKind::Edge => columns.extend(self.graph.edges.iter().map(named)),
                ElementKind::Path { .. } => {}
            }
        }
        for path in &self.paths {
            let function = match path.function {
                PathFunction::All => "all",
                PathFunction::Any => "any",
                PathFunction::Map => "map",
            };
            let ty = if path.function == PathFunction::Map { Type::Dynamic } else { Type::Bool };
            let over = self.elements[path.element].name.as_deref().unwrap_or_default();
            columns.push(Column::new(format!("{function}({over})"), ty));
        }
        columns
    }

    /// Where the columns of the element at `position` start.
    #[must_use]
    pub fn offset(&self, position: usize) -> usize {
        (0..position).map(|before| self.width(before)).sum()
    }
}
