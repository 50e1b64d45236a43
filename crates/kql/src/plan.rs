//! The bound plan: what a query means once every name, type and result column is settled.
//!
//! In: a syntax tree ([`crate::ast`]) and a catalog. Out: relations ([`Rel`]) whose expressions name columns by position. Sugar is
//! gone: `let` is substituted, functions are inlined, `top` is a sort and a take. `Arc` marks what several places may share.

mod expr;
mod graph;
mod shape;

use std::sync::Arc;

use crate::types::{Column, Type, Value};

pub use expr::{Expr, ExprKind, PARTITION_KEY};
pub use graph::{
    Cycles, Direction, Element, ElementKind, Graph, GraphKind, GraphMatch, GraphNodes, NODE_FUNCTIONS, PathExpr, PathFunction,
    PathStep, Pattern, ShortestPaths,
};

/// A whole bound query.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// What it returns, in order: one table for most; several for `fork`, `facet` and several expression statements.
    pub outputs: Vec<Output>,
    /// Relations computed once and read from several places (`materialize()`, `as`): [`RelKind::Shared`] names them by position.
    pub shared: Vec<Arc<Rel>>,
    /// Relations of which one value is wanted before anything else runs (`toscalar()`): [`ExprKind::Scalar`] names them by
    /// position. Each may use only those before it.
    pub scalars: Vec<Arc<Rel>>,
    /// Relations whose columns depend on their data (`evaluate bag_unpack`, `evaluate pivot`) and are not yet known, in the order
    /// in which they were bound. Before the query can run, each is run and the query bound again with the columns it gave
    /// ([`crate::bind::Options::opened`]): the first of them never depends on another.
    pub opens: Vec<Arc<Rel>>,
}

/// One result table.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name, where `fork` or `as` gave one.
    pub name: Option<String>,
    /// Where its rows come from.
    pub rel: Arc<Rel>,
    /// What `render` asked for.
    pub render: Option<Render>,
}

/// `render KIND with (property = value …)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Render {
    /// `timechart`, `columnchart` …
    pub kind: String,
    /// Properties as written, names in lower case: `title`, `xcolumn`, `ycolumns`, `series`, `kind` …; lists joined by commas.
    pub properties: Vec<(String, String)>,
}

/// A relation: rows under typed, uniquely named columns.
#[derive(Clone, Debug)]
pub struct Rel {
    /// What makes the rows.
    pub kind: RelKind,
    /// The columns they stand under.
    pub columns: Vec<Column>,
    /// More columns may appear at run time (a table without a schema, `bag_unpack`): `columns` are those known.
    pub open: bool,
    /// The rows have an order that the query asked for and that the result must keep.
    pub ordered: bool,
}

/// A relation that several places may read.
pub type Input = Arc<Rel>;

/// The database under which a watchlist stands as the table of its alias: the function that gives its rows.
pub const WATCHLISTS: &str = "_GetWatchlist";

/// What makes a relation's rows.
#[derive(Clone, Debug)]
pub enum RelKind {
    /// All rows of a table. `columns` may be fewer than the table has.
    Table {
        /// The table's name.
        name: String,
        /// The workspace or database it was asked of, if the query named one. [`WATCHLISTS`]: it is the watchlist of that alias.
        /// `external_table`, `materialized_view`, `stored_query_result`: it is one of those.
        database: Option<String>,
    },
    /// One row without columns: what `print` starts from.
    One,
    /// Rows written in the query (`datatable`).
    Values(Vec<Vec<Value>>),
    /// `range`: one column from `from` to `to`, both included.
    Range {
        /// The first value.
        from: Expr,
        /// No value is beyond it.
        to: Expr,
        /// The distance between two.
        step: Expr,
    },
    /// `externaldata`.
    External {
        /// The storage addresses, as written.
        uris: Vec<String>,
        /// `with (name = value)`.
        options: Vec<(String, Value)>,
    },
    /// A relation of [`Query::shared`].
    Shared(usize),
    /// The rows handed to the subquery of the enclosing `mv-apply` or `partition`; for patterns of graphs, see [`GraphMatch`].
    Context,
    /// Rows for which the predicate is true.
    Filter {
        /// What is filtered.
        input: Input,
        /// A `bool`.
        predicate: Expr,
    },
    /// One new row for each row: `columns[i]` is `exprs[i]`.
    Project {
        /// What is projected.
        input: Input,
        /// As many as there are columns.
        exprs: Vec<Expr>,
    },
    /// One row for each distinct combination of keys (null is a value like any other): the keys, then the aggregates. Without
    /// keys: one row, even of an empty input. Without aggregates: the distinct keys.
    Aggregate {
        /// What is grouped.
        input: Input,
        /// The grouping expressions, none of them dynamic.
        keys: Vec<Expr>,
        /// The aggregates; a call that gives several columns (`arg_max(x, *)`, `percentiles`) is several of these.
        aggregates: Vec<Aggregate>,
    },
    /// The same rows in order; equal ones in any.
    Sort {
        /// What is sorted.
        input: Input,
        /// The most significant first.
        keys: Vec<SortKey>,
    },
    /// The first `count` rows (any, if `input` is not ordered).
    Take {
        /// What is cut.
        input: Input,
        /// How many: a constant `long`.
        count: Expr,
    },
    /// `sample N`, `sample-distinct N of x` (`distinct` set).
    Sample {
        /// What is sampled.
        input: Input,
        /// How many: a constant `long`.
        count: Expr,
        /// The expression whose distinct values are sampled.
        distinct: Option<Expr>,
    },
    /// Pairs of rows with equal keys (null equals null). Columns: the left's, then the right's; for the semi and anti kinds
    /// those of the side kept.
    Join {
        /// Which rows come out.
        kind: JoinKind,
        /// The left side.
        left: Input,
        /// The right side.
        right: Input,
        /// Key pairs, of equal types: over the left's columns, and over the right's.
        on: Vec<(Expr, Expr)>,
        /// It is a `lookup`: of several rows that match one of the left, the last comes first.
        lookup: bool,
    },
    /// The rows of all inputs, which have the same columns in the same order.
    Union(Vec<Input>),
    /// `mv-expand`: the row once for each index of its longest array.
    MvExpand {
        /// What is expanded.
        input: Input,
        /// What is expanded in it. The output is the input's columns, some of them replaced, then the new ones.
        items: Vec<ExpandItem>,
        /// The column that gets the index from 0, at that position of the output.
        item_index: Option<usize>,
        /// At most that many rows for each row.
        limit: Option<i64>,
        /// Bags become `[key, value]` arrays, not one-key bags.
        bag_as_array: bool,
    },
    /// `mv-apply`: the subquery over the rows that each row expands to. Output: the input's columns that the expansion did not
    /// replace, then the subquery's.
    MvApply {
        /// What is expanded.
        input: Input,
        /// As in `MvExpand`; positions are those of [`MvApply::context`](RelKind::MvApply::context).
        items: Vec<ExpandItem>,
        /// The column of the context that gets the index from 0.
        item_index: Option<usize>,
        /// At most that many rows for each row.
        limit: Option<i64>,
        /// The columns of [`RelKind::Context`] in the subquery: the input's, some replaced, then the expanded ones.
        context: Vec<Column>,
        /// The subquery.
        subquery: Input,
        /// Which of the input's columns start the output.
        kept: Vec<usize>,
    },
    /// `parse`, `parse-where`: the input's columns, some of them replaced, and new ones.
    Parse {
        /// What is parsed.
        input: Input,
        /// The text.
        text: Expr,
        /// How the pattern is read.
        mode: ParseMode,
        /// `flags=`: those of RE2, `U` (ungreedy), `m`, `s`, `i`.
        flags: String,
        /// The pattern in order.
        pattern: Vec<ParseItem>,
        /// Rows that do not match are dropped.
        only_matches: bool,
    },
    /// `parse-kv`.
    ParseKv {
        /// What is parsed.
        input: Input,
        /// The text.
        text: Expr,
        /// For each key its name, and where its value goes in the output.
        keys: Vec<(String, usize)>,
        /// `pair_delimiter`, `kv_delimiter`, `quote`, `escape`, `greedy`, `regex` as given.
        options: Vec<(String, Value)>,
    },
    /// `make-series`: for each combination of keys one row of arrays. Columns: the keys, the aggregates, the axis.
    MakeSeries {
        /// What is grouped.
        input: Input,
        /// The grouping expressions.
        keys: Vec<Expr>,
        /// The aggregates of a bin.
        aggregates: Vec<Aggregate>,
        /// For each array an expression over the aggregates, and the value of a bin without rows.
        values: Vec<(Expr, Expr)>,
        /// The axis: over the input's columns.
        axis: Expr,
        /// The first bin, if given.
        from: Option<Expr>,
        /// The end, if given.
        to: Option<Expr>,
        /// The size of a bin.
        step: Expr,
        /// `in range(…)`: `to` is included.
        inclusive: bool,
        /// `kind=nonempty`: without rows there is one of defaults.
        nonempty: bool,
    },
    /// `serialize` and whatever uses window functions (`prev`, `row_number` …): rows in input order. `columns[i]` is `exprs[i]`;
    /// its calls may be window functions.
    Window {
        /// What is walked over.
        input: Input,
        /// As many as there are columns.
        exprs: Vec<Expr>,
    },
    /// `scan`.
    Scan(Box<Scan>),
    /// `partition by`: the subquery over the rows of each key.
    Partition {
        /// What is split.
        input: Input,
        /// The key: over the input's columns.
        key: Expr,
        /// Over [`RelKind::Context`]; or over tables of its own, with [`PARTITION_KEY`] for the key.
        subquery: Input,
        /// How many keys there may be.
        keys_max: Option<usize>,
    },
    /// `top-nested`: one level for each clause.
    TopNested {
        /// What is ranked.
        input: Input,
        /// The outermost level first.
        levels: Vec<TopNested>,
    },
    /// `top-hitters N of x [by weight]`.
    TopHitters {
        /// What is ranked.
        input: Input,
        /// How many.
        count: Expr,
        /// Of what.
        of: Expr,
        /// The weight that is summed; each row is one without it.
        by: Option<Expr>,
    },
    /// `reduce by`.
    Reduce {
        /// What is reduced.
        input: Input,
        /// The text that is clustered.
        text: Expr,
        /// `threshold`, `characters`.
        options: Vec<(String, Value)>,
    },
    /// `evaluate PLUGIN(args)` over an input (or none).
    Evaluate {
        /// The rows piped in.
        input: Option<Input>,
        /// The plugin's name.
        plugin: String,
        /// Its arguments: expressions over the input's columns, or relations.
        args: Vec<PluginArg>,
    },
    /// `getschema`.
    GetSchema(Input),
    /// `graph-match`, `graph-shortest-paths`: one row for each match of a pattern.
    GraphMatch(Box<GraphMatch>),
    /// `graph-to-table nodes`: one row for each node. Columns: [`Graph::nodes`], after the node's hash (a `long`) if `with_id`.
    GraphNodes {
        /// Whose nodes.
        graph: Arc<Graph>,
        /// `with_node_id`.
        with_id: bool,
    },
    /// `graph-to-table edges`: one row for each edge. Columns: the hashes (`long`) of its nodes that are asked for, then
    /// [`Graph::edges`].
    GraphEdges {
        /// Whose edges.
        graph: Arc<Graph>,
        /// `with_source_id`.
        with_source: bool,
        /// `with_target_id`.
        with_target: bool,
    },
    /// `make-graph … partitioned-by`: the subquery over the graph of each key's rows.
    GraphPartition {
        /// The whole graph.
        graph: Arc<Graph>,
        /// The key among [`Graph::edges`].
        edge_key: usize,
        /// The key among [`Graph::nodes`]; none where the nodes have no such column.
        node_key: Option<usize>,
        /// Over [`GraphKind::Context`].
        subquery: Input,
    },
    /// An operator that is parsed and bound but that no executor here runs.
    Unsupported {
        /// The operator.
        operator: String,
        /// What was piped in.
        input: Option<Input>,
    },
}

/// An argument of a plugin.
#[derive(Clone, Debug)]
pub enum PluginArg {
    /// An expression; its name if it was `name = expr`.
    Expr(Option<String>, Expr),
    /// A table.
    Rel(Input),
}

/// One aggregate of a group.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// `count`, `sum`, `arg_max` … in the catalog's spelling.
    pub function: String,
    /// Over the input's columns.
    pub args: Vec<Expr>,
    /// Which of its results, for a call that gives several: `arg_max(x, y, z)` is x (0), y (1), z (2), all with the same `args`;
    /// `percentiles(x, 50, 95)` likewise.
    pub part: usize,
    /// The result's type.
    pub ty: Type,
    /// What Kusto calls the column of the bare call (`sum_x`); empty where it gives none.
    pub name: String,
}

/// One key of a sort.
#[derive(Clone, Debug)]
pub struct SortKey {
    /// What is compared.
    pub expr: Expr,
    /// The greatest first.
    pub descending: bool,
    /// Nulls before all else.
    pub nulls_first: bool,
}

/// Which pairs of a join come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// The left side reduced to one row for each key, then inner: Kusto's default.
    InnerUnique,
    /// All pairs.
    Inner,
    /// All pairs, and left rows without one.
    LeftOuter,
    /// All pairs, and right rows without one.
    RightOuter,
    /// All pairs, and rows of either side without one.
    FullOuter,
    /// Left rows that have a pair.
    LeftSemi,
    /// Right rows that have a pair.
    RightSemi,
    /// Left rows that have none.
    LeftAnti,
    /// Right rows that have none.
    RightAnti,
}

/// One expression that `mv-expand` or `mv-apply` expands.
#[derive(Clone, Debug)]
pub struct ExpandItem {
    /// The array or bag: over the input's columns.
    pub expr: Expr,
    /// Where the elements go: an input column's position, or one past.
    pub position: usize,
    /// `to typeof(T)`; else dynamic.
    pub ty: Type,
}

/// How `parse` reads its pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseMode {
    /// Literal text between columns; all columns convert or none is set.
    Simple,
    /// Literal texts are regular expressions.
    Regex,
    /// As simple, but a column that does not convert is null by itself.
    Relaxed,
}

/// One part of a `parse` pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum ParseItem {
    /// `*`: anything, dropped.
    Skip,
    /// Text (or a regular expression) that must be there.
    Text(String),
    /// A column: where it goes in the output.
    Column(usize),
}

/// `scan with (step …)`.
#[derive(Clone, Debug)]
pub struct Scan {
    /// What is walked over, in order. Output: its columns, then the declared ones (and the match id, if asked).
    pub input: Input,
    /// `partition by`.
    pub partition: Vec<Expr>,
    /// Declared columns' defaults.
    pub declare: Vec<Value>,
    /// The output position of `with_match_id`.
    pub match_id: Option<usize>,
    /// The steps in order.
    pub steps: Vec<ScanStep>,
}

/// One step of a scan. Expressions see, by position: the current row's input columns, the current values of the declared
/// columns, then for each step in order its state's input columns and declared columns.
#[derive(Clone, Debug)]
pub struct ScanStep {
    /// Its name.
    pub name: String,
    /// `optional`.
    pub optional: bool,
    /// `output = last | none | all`.
    pub output: ScanOutput,
    /// When a row enters the step.
    pub condition: Expr,
    /// Column, of the input or declared, and its new value.
    pub assignments: Vec<(usize, Expr)>,
}

/// Which rows a step of a scan gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanOutput {
    /// Every row.
    All,
    /// The last row before the sequence moves on.
    Last,
    /// None.
    None,
}

/// One level of `top-nested`. Output columns for each level: the value, then its aggregate.
#[derive(Clone, Debug)]
pub struct TopNested {
    /// How many; all without.
    pub count: Option<Expr>,
    /// Of what.
    pub of: Expr,
    /// The value that stands for all others.
    pub others: Option<Expr>,
    /// The aggregates of each value.
    pub aggregates: Vec<Aggregate>,
    /// Ranked by: over the aggregates.
    pub by: Expr,
    /// The smallest first.
    pub ascending: bool,
}
