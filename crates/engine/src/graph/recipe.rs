//! How a graph is made: rows of edges and nodes, and what is done to the graph before anybody looks at it.

use datafusion::arrow::array::RecordBatch;
use kql::plan::{self, GraphKind, Input};
use kql::{Column, Type, Value};

use super::memory::{Edge, Graph, Nodes};
use super::room::Room;
use crate::cell::Cell;
use crate::error::{Error, Result, code};
use crate::local::{RowExpr, try_each_row};
use crate::lower::{Lower, Resolved};

/// What a graph is made of, and how it is changed.
pub(super) struct Recipe {
    /// None: it is the graph at hand, in the subquery of a partitioned one.
    make: Option<Make>,
    changes: Vec<Change>,
}

/// Rows of edges and nodes.
struct Make {
    edges: Table,
    source: RowExpr,
    target: RowExpr,
    undirected: bool,
    nodes: Vec<NodeTable>,
    node_columns: Vec<Column>,
    id_is_property: bool,
}

/// Rows that were computed before.
struct Table {
    columns: Vec<Column>,
    rows: RecordBatch,
}

/// Nodes, how each is called, and which of their properties is that name.
struct NodeTable {
    table: Table,
    id: RowExpr,
    id_property: Option<usize>,
}

/// What is done to a graph.
enum Change {
    Mark { position: usize, strong: bool },
    WhereNodes(RowExpr),
    WhereEdges(RowExpr),
}

/// The rows of which a graph is made: those of one value of a column, of edges and of nodes.
pub(super) struct Part {
    pub(super) key: Value,
    pub(super) edge_column: usize,
    pub(super) node_column: Option<usize>,
}

impl Recipe {
    /// Compiles what makes a graph; its rows have been computed.
    pub(super) fn compile(lower: &Lower<'_>, graph: &plan::Graph) -> Result<Recipe> {
        let mut changes = Vec::new();
        let mut graph = graph;
        let make = loop {
            match &graph.kind {
                GraphKind::Make { .. } => break Some(Make::compile(lower, graph)?),
                GraphKind::Context => break None,
                GraphKind::Unsupported { operator } => return Err(Error::unsupported(operator)),
                GraphKind::MarkComponents { input, position, strong } => {
                    changes.push(Change::Mark { position: *position, strong: *strong });
                    graph = input;
                }
                GraphKind::WhereNodes { input, predicate } => {
                    changes.push(Change::WhereNodes(RowExpr::compile(lower, predicate)?));
                    graph = input;
                }
                GraphKind::WhereEdges { input, predicate } => {
                    changes.push(Change::WhereEdges(RowExpr::compile(lower, predicate)?));
                    graph = input;
                }
            }
        };
        changes.reverse();
        Ok(Recipe { make, changes })
    }

    /// Makes the graph, of some of the rows if a part is named.
    pub(super) fn graph(&self, part: Option<&Part>, room: &mut Room) -> Result<Graph> {
        let made = self.make.as_ref().map(|make| make.graph(part, room)).transpose()?;
        self.changed(made.unwrap_or_default(), room)
    }

    /// The graph at hand, changed.
    pub(super) fn changed(&self, mut graph: Graph, room: &mut Room) -> Result<Graph> {
        for change in &self.changes {
            graph = change.apply(graph, room)?;
        }
        Ok(graph)
    }

    /// The values of a column of the edges, each once, in their order.
    pub(super) fn edge_values(&self, column: usize, room: &mut Room) -> Result<Vec<Value>> {
        let mut values = Nodes::new(Vec::new());
        if let Some(make) = &self.make {
            make.edges.each(|row| values.at(row.get(column).unwrap_or(&Cell::Null), room).map(|_| ()))?;
        }
        Ok(values.nodes.into_iter().map(|node| node.id).collect())
    }
}

impl Table {
    fn of(lower: &Lower<'_>, rel: &Input) -> Result<Table> {
        let rows = lower.resolved.relations.get(&Resolved::key(rel)).cloned();
        let rows = rows.ok_or_else(|| Error::new(code::INTERNAL, "the rows of a graph are not at hand"))?;
        Ok(Table { columns: rel.columns.clone(), rows })
    }

    fn each<'a>(&'a self, on: impl FnMut(&[Cell<'a>]) -> Result<()>) -> Result<()> {
        try_each_row(&self.columns, &self.rows, on)
    }
}

impl Make {
    fn compile(lower: &Lower<'_>, graph: &plan::Graph) -> Result<Make> {
        let GraphKind::Make { edges, source, target, undirected, nodes, id_is_property } = &graph.kind else {
            return Err(Error::new(code::INTERNAL, "no make-graph"));
        };
        let table = |nodes: &plan::GraphNodes| {
            let (table, id) = (Table::of(lower, &nodes.rows)?, RowExpr::compile(lower, &nodes.id)?);
            Ok(NodeTable { table, id, id_property: nodes.id_property })
        };
        Ok(Make {
            edges: Table::of(lower, edges)?,
            source: RowExpr::compile(lower, source)?,
            target: RowExpr::compile(lower, target)?,
            undirected: *undirected,
            nodes: nodes.iter().map(table).collect::<Result<_>>()?,
            node_columns: graph.nodes.clone(),
            id_is_property: *id_is_property,
        })
    }

    fn graph(&self, part: Option<&Part>, room: &mut Room) -> Result<Graph> {
        let is_in = |row: &[Cell<'_>], column: Option<usize>| match (part, column) {
            (Some(part), Some(column)) => row.get(column).is_some_and(|cell| cell.to_value() == part.key),
            _ => true,
        };
        let mut nodes = Nodes::new(self.node_columns.iter().map(|column| column.ty).collect());
        for source in &self.nodes {
            source.table.each(|row| {
                if is_in(row, part.and_then(|part| part.node_column)) {
                    let (node, _) = nodes.at(&source.id.eval_owned(row), room)?;
                    for (property, cell) in row.iter().enumerate().take(self.node_columns.len()) {
                        nodes.set(node, property, cell.to_value(), room)?;
                    }
                }
                Ok(())
            })?;
        }
        let mut edges = Vec::new();
        self.edges.each(|row| {
            if is_in(row, part.map(|part| part.edge_column)) {
                let source = self.end(&mut nodes, &self.source.eval_owned(row), room)?;
                let target = self.end(&mut nodes, &self.target.eval_owned(row), room)?;
                let edge = Edge { source, target, properties: row.iter().map(Cell::to_value).collect() };
                room.take(edge.bytes())?;
                edges.push(edge);
            }
            Ok(())
        })?;
        Graph::new(nodes.nodes, edges, self.undirected, room)
    }

    /// The node at an end of an edge. One that no table has knows its name alone.
    fn end(&self, nodes: &mut Nodes, id: &Cell<'_>, room: &mut Room) -> Result<u32> {
        let (node, is_new) = nodes.at(id, room)?;
        if is_new {
            let own = self.id_is_property.then_some(0);
            for property in self.nodes.iter().filter_map(|table| table.id_property).chain(own) {
                let ty = self.node_columns[property].ty;
                nodes.set(node, property, as_type(id, ty), room)?;
            }
        }
        Ok(node)
    }
}

/// The id as a property of that type: tables may have it as another type than the edges.
fn as_type(id: &Cell<'_>, ty: Type) -> Value {
    match (id, ty) {
        (Cell::Str(text), _) if ty != Type::String => crate::function::from_text(text, ty).to_value(),
        (Cell::Long(number), Type::Int) => i32::try_from(*number).map_or(Value::Null, Value::Int),
        (Cell::Str(_), _) | (_, Type::Dynamic) => id.to_value(),
        (other, Type::String) => Value::String(other.to_value().to_text()),
        (other, _) => other.to_value(),
    }
}

impl Change {
    fn apply(&self, mut graph: Graph, room: &mut Room) -> Result<Graph> {
        match self {
            Change::Mark { position, strong } => {
                room.take(graph.nodes.len() * size_of::<Value>())?;
                for (node, component) in graph.components(*strong, room)?.into_iter().enumerate() {
                    let properties = &mut graph.nodes[node].properties;
                    if properties.len() <= *position {
                        properties.resize(*position + 1, Value::Null);
                    }
                    properties[*position] = Value::Long(component);
                }
                Ok(graph)
            }
            Change::WhereNodes(predicate) => {
                let keep: Vec<bool> = graph.nodes.iter().map(|node| is_true(predicate, &node.properties)).collect();
                graph.keep_nodes(&keep, room)
            }
            Change::WhereEdges(predicate) => {
                graph.edges.retain(|edge| is_true(predicate, &edge.properties));
                Graph::new(graph.nodes, graph.edges, graph.undirected, room)
            }
        }
    }
}

fn is_true(predicate: &RowExpr, properties: &[Value]) -> bool {
    let row: Vec<Cell<'_>> = properties.iter().map(Cell::of).collect();
    predicate.eval(&row).as_bool() == Some(true)
}
