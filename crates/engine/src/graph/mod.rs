//! The graph operators: rows of edges and nodes made into a graph, and rows made of the graph again.
//!
//! In: relations of the plan that read a [`plan::Graph`], whose own rows have been computed. Out: a table that makes the graph
//! and gives its rows while it is scanned, on a thread of its own, so that a search that takes long can be stopped.
//!
//! | step | module |
//! |---|---|
//! | rows -> graph, and changes of it | `recipe`, `memory` |
//! | pattern -> order of search | `pattern` |
//! | matches | `search`, `breadth` |
//! | memory of all that | `room` |

mod breadth;
mod memory;
mod pattern;
mod recipe;
mod room;
mod search;

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use kql::plan::{Rel, RelKind};
use kql::{Column, Type, Value};
use tokio::sync::mpsc::Sender;

use self::memory::Graph;
use self::pattern::Pattern;
use self::recipe::{Part, Recipe};
use self::room::Room;
use self::search::Search;
use crate::cell::{Cell, CellBuilder};
use crate::error::{Error, Result, code};
use crate::function::{self, Call, Eval};
use crate::local::{Context, Local, batch};
use crate::lower::Lower;
use crate::operator::held::bytes_of;
use crate::operator::schema;

/// Rows in a batch, and bytes of texts in one, beyond which it is given.
const BATCH_ROWS: usize = 4096;
const BATCH_TEXT: usize = 1 << 20;

/// Batches that a search may be ahead of who reads it.
const BATCHES_AHEAD: usize = 2;

impl Lower<'_> {
    /// The table that a relation of a graph is.
    pub(crate) fn graph_rows(&self, rel: &Rel) -> Result<Arc<dyn TableProvider>> {
        let (recipe, partition, reader) = match &rel.kind {
            RelKind::GraphPartition { graph, edge_key, node_key, subquery } => {
                let (leaf, query) = over_leaf(subquery)?;
                let (changes, query) = (Recipe::compile(self, graph_of(leaf)?)?, Local::compile(self, &query)?);
                let partition = Partition { edge_key: *edge_key, node_key: *node_key, changes, query };
                (Recipe::compile(self, graph)?, Some(partition), Reader::compile(self, leaf)?)
            }
            _ => {
                let recipe = Recipe::compile(self, graph_of(rel)?)?;
                (recipe, None, Reader::compile(self, rel)?)
            }
        };
        let source = Source { recipe, partition, reader, columns: rel.columns.clone() };
        let part = Rows { source: Arc::new(source), schema: schema(&rel.columns) };
        Ok(Arc::new(StreamingTable::try_new(schema(&rel.columns), vec![Arc::new(part)])?))
    }
}

/// The graph that a relation reads.
fn graph_of(rel: &Rel) -> Result<&kql::plan::Graph> {
    match &rel.kind {
        RelKind::GraphMatch(found) => Ok(&found.graph),
        RelKind::GraphNodes { graph, .. } | RelKind::GraphEdges { graph, .. } => Ok(graph),
        _ => Err(Error::unsupported("make-graph partitioned-by with a subquery that begins with no graph operator")),
    }
}

/// The relation at the bottom of a subquery, which reads the graph, and the subquery over its rows.
fn over_leaf(rel: &Rel) -> Result<(&Rel, Rel)> {
    let with = |kind: RelKind| Rel { kind, ..rel.clone() };
    Ok(match &rel.kind {
        RelKind::Filter { input, predicate } => {
            let (leaf, below) = over_leaf(input)?;
            (leaf, with(RelKind::Filter { input: Arc::new(below), predicate: predicate.clone() }))
        }
        RelKind::Project { input, exprs } => {
            let (leaf, below) = over_leaf(input)?;
            (leaf, with(RelKind::Project { input: Arc::new(below), exprs: exprs.clone() }))
        }
        RelKind::Aggregate { input, keys, aggregates } => {
            let (leaf, below) = over_leaf(input)?;
            let (keys, aggregates) = (keys.clone(), aggregates.clone());
            (leaf, with(RelKind::Aggregate { input: Arc::new(below), keys, aggregates }))
        }
        RelKind::Sort { input, keys } => {
            let (leaf, below) = over_leaf(input)?;
            (leaf, with(RelKind::Sort { input: Arc::new(below), keys: keys.clone() }))
        }
        RelKind::Take { input, count } => {
            let (leaf, below) = over_leaf(input)?;
            (leaf, with(RelKind::Take { input: Arc::new(below), count: count.clone() }))
        }
        _ => {
            graph_of(rel)?;
            (rel, with(RelKind::Context))
        }
    })
}

/// Everything that gives the rows.
struct Source {
    recipe: Recipe,
    partition: Option<Partition>,
    reader: Reader,
    columns: Vec<Column>,
}

/// One graph for each key.
struct Partition {
    edge_key: usize,
    node_key: Option<usize>,
    /// What is done to each graph before it is read.
    changes: Recipe,
    /// Over the rows of each.
    query: Local,
}

/// What makes rows of a graph.
struct Reader {
    columns: Vec<Column>,
    kind: ReaderKind,
}

enum ReaderKind {
    Match(Box<Pattern>),
    Nodes { with_id: bool },
    Edges { with_source: bool, with_target: bool },
}

/// Takes batches; says whether more are wanted.
type Send<'a> = &'a mut dyn FnMut(RecordBatch) -> bool;

impl Reader {
    fn compile(lower: &Lower<'_>, rel: &Rel) -> Result<Reader> {
        let kind = match &rel.kind {
            RelKind::GraphMatch(found) => ReaderKind::Match(Box::new(Pattern::compile(lower, found)?)),
            RelKind::GraphNodes { with_id, .. } => ReaderKind::Nodes { with_id: *with_id },
            RelKind::GraphEdges { with_source, with_target, .. } => {
                ReaderKind::Edges { with_source: *with_source, with_target: *with_target }
            }
            _ => return Err(Error::new(code::INTERNAL, "no reader of a graph")),
        };
        Ok(Reader { columns: rel.columns.clone(), kind })
    }

    fn read(&self, graph: &Graph, room: &mut Room, send: Send<'_>) -> Result<()> {
        let mut out = Batches::new(&self.columns, send);
        match &self.kind {
            ReaderKind::Match(pattern) => {
                let mut on_match = |row: &[Cell<'_>]| {
                    let cells: Vec<Cell<'_>> = pattern.exprs.iter().map(|expr| expr.eval_owned(row)).collect();
                    out.push(&cells)
                };
                Search::new(graph, pattern, &mut on_match, room).run()?;
            }
            ReaderKind::Nodes { with_id } => {
                for node in &graph.nodes {
                    let id = with_id.then(|| hash(&node.id));
                    let cells: Vec<Cell<'_>> = id.into_iter().chain(node.properties.iter().map(Cell::of)).collect();
                    if !out.push(&cells) {
                        break;
                    }
                }
            }
            ReaderKind::Edges { with_source, with_target } => {
                for edge in &graph.edges {
                    let id = |node: u32| hash(&graph.nodes[node as usize].id);
                    let ends = [with_source.then(|| id(edge.source)), with_target.then(|| id(edge.target))];
                    let properties = edge.properties.iter().map(Cell::of);
                    let cells: Vec<Cell<'_>> = ends.into_iter().flatten().chain(properties).collect();
                    if !out.push(&cells) {
                        break;
                    }
                }
            }
        }
        out.finish()
    }
}

impl Source {
    fn rows(&self, room: &mut Room, send: Send<'_>) -> Result<()> {
        let Some(partition) = &self.partition else {
            return self.reader.read(&self.recipe.graph(None, room)?, room, send);
        };
        let keys = self.recipe.edge_values(partition.edge_key, room)?;
        let before = room.taken();
        for key in keys {
            let part = Part { key, edge_column: partition.edge_key, node_column: partition.node_key };
            let graph = partition.changes.changed(self.recipe.graph(Some(&part), room)?, room)?;
            let (held, mut full, mut batches) = (room.beside(), None, Vec::new());
            self.reader.read(&graph, room, &mut |rows| {
                full = held.try_grow(bytes_of(&rows)).err();
                batches.push(rows);
                full.is_none()
            })?;
            if let Some(error) = full {
                return Err(error.into());
            }
            let rows = concat_batches(&schema(&self.reader.columns), &batches).map_err(DataFusionError::from)?;
            let rows = partition.query.run(&Context { rows: &rows, key: None })?;
            let rows = batch(&self.columns, rows.columns().to_vec(), rows.num_rows())?;
            if !room.is_wanted() || !send(rows) {
                break;
            }
            room.back_to(before);
        }
        Ok(())
    }
}

/// The hash of a node's id, as `hash()` gives it.
fn hash(id: &Value) -> Cell<'static> {
    let call = Call { returns: Type::Long, types: vec![Type::String], constants: vec![None] };
    match function::find("hash").map(|function| function.eval) {
        Some(Eval::Row(eval)) => eval(&call, &[Cell::of(id)]).into_owned(),
        _ => Cell::Null,
    }
}

/// Rows gathered into batches.
struct Batches<'a> {
    columns: &'a [Column],
    builders: Vec<CellBuilder>,
    gathered: usize,
    /// Bytes of their texts.
    text: usize,
    wanted: bool,
    failed: Option<Error>,
    send: Send<'a>,
}

impl<'a> Batches<'a> {
    fn new(columns: &'a [Column], send: Send<'a>) -> Batches<'a> {
        let builders = columns.iter().map(|column| CellBuilder::new(column.ty, 0)).collect();
        Batches { columns, builders, gathered: 0, text: 0, wanted: true, failed: None, send }
    }

    fn push(&mut self, row: &[Cell<'_>]) -> bool {
        self.builders.iter_mut().zip(row).for_each(|(builder, cell)| builder.push(cell));
        self.gathered += 1;
        self.text += row.iter().map(|cell| cell.as_str().len()).sum::<usize>();
        if self.gathered == BATCH_ROWS || self.text >= BATCH_TEXT {
            self.flush();
        }
        self.wanted
    }

    fn flush(&mut self) {
        let arrays = self.builders.iter_mut().map(CellBuilder::finish).collect();
        self.text = 0;
        match batch(self.columns, arrays, std::mem::take(&mut self.gathered)) {
            Ok(rows) => self.wanted = self.wanted && (self.send)(rows),
            Err(error) => (self.wanted, self.failed) = (false, Some(error.into())),
        }
    }

    fn finish(mut self) -> Result<()> {
        if self.gathered > 0 {
            self.flush();
        }
        self.failed.map_or(Ok(()), Err)
    }
}

/// The one partition of the scan.
struct Rows {
    source: Arc<Source>,
    schema: SchemaRef,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows of a graph")
    }
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let held = MemoryConsumer::new("a graph").register(context.memory_pool());
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), BATCHES_AHEAD);
        let (source, sender) = (Arc::clone(&self.source), builder.tx());
        builder.spawn_blocking(move || read(&source, held, sender).map_err(|error| DataFusionError::External(Box::new(error))));
        builder.build()
    }
}

/// Sends the rows until nobody takes them any more.
fn read(source: &Source, held: MemoryReservation, sender: Sender<DfResult<RecordBatch>>) -> Result<()> {
    let asked = sender.clone();
    let mut room = Room::new(held, move || !asked.is_closed());
    source.rows(&mut room, &mut |batch| sender.blocking_send(Ok(batch)).is_ok())
}
