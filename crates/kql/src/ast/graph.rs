//! The operands of the graph operators.

use super::{Expr, Name, Param};
use crate::diagnostic::Span;

/// `make-graph source --> target with nodes on id, …`.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeGraph {
    /// The edges' source column.
    pub source: Expr,
    /// The arrow: `-->` or `--`.
    pub is_directed: bool,
    /// The edges' target column.
    pub target: Expr,
    /// `with table on column, …`.
    pub nodes: Vec<GraphNodes>,
    /// `with_node_id=name`.
    pub node_id: Option<Name>,
    /// `partitioned-by column (operators)`.
    pub partitioned_by: Option<(Expr, Expr)>,
}

/// `table on column`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphNodes {
    /// The table of nodes.
    pub table: Expr,
    /// The column of their ids.
    pub on: Option<Expr>,
}

/// `graph-match cycles=none (a)-[e]->(b), … where … project …`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphMatch {
    /// The patterns, each a path of nodes and edges.
    pub patterns: Vec<Vec<GraphElement>>,
    /// `where`.
    pub predicate: Option<Expr>,
    /// `project`.
    pub project: Vec<Expr>,
    /// A `project` was written.
    pub has_project: bool,
}

/// One element of a graph pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphElement {
    /// Node or edge.
    pub kind: GraphElementKind,
    /// `a` in `(a)`, `e` in `-[e*1..3]->`.
    pub name: Option<Name>,
    /// `1..3` in `-[e*1..3]->`.
    pub repeat: Option<(Expr, Expr)>,
    /// The whole element.
    pub span: Span,
}

/// What an element of a graph pattern is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphElementKind {
    /// `(a)`.
    Node,
    /// `-[e]->`, `-->`.
    Right,
    /// `<-[e]-`, `<--`.
    Left,
    /// `-[e]-`, `--`.
    Either,
}

/// One table of `graph-to-table`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphOutput {
    /// `nodes`; else `edges`.
    pub is_nodes: bool,
    /// `as name`.
    pub name: Option<Name>,
    /// `with_node_id = name`, …
    pub params: Vec<Param>,
    /// The whole of it.
    pub span: Span,
}
