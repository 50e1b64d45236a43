//! The tabular operators of the syntax tree: what may follow a pipe, and what may begin one.

use super::{Body, ColumnDecl, Expr, GraphMatch, GraphOutput, MakeGraph, Name, Param, Parameter, TypeExpr};
use crate::diagnostic::Span;

/// One tabular operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// Which, with its operands.
    pub kind: OperatorKind,
    /// Its parameters, in order: `kind=…`, `hint.…=…`, `isfuzzy=…`, `with_itemindex=…`, and those of its `with (…)`.
    pub params: Vec<Param>,
    /// The keyword as written.
    pub keyword: Span,
    /// From the keyword to its last token.
    pub span: Span,
}

/// Which operator, with its operands.
#[derive(Clone, Debug, PartialEq)]
pub enum OperatorKind {
    /// A word that is no operator, with all that follows up to the next pipe; a diagnostic was given.
    Unknown,
    /// `as name`.
    As(Name),
    /// `assert-schema (a: long, …)`.
    AssertSchema(Vec<ColumnDecl>),
    /// `consume`.
    Consume,
    /// `count`, `count as name`.
    Count(Option<Name>),
    /// `distinct a, b`, `distinct *`.
    Distinct(Vec<Expr>),
    /// `evaluate plugin(args)`, `evaluate plugin(args) : (a: long, …)`.
    Evaluate {
        /// The call; its name is the plugin's.
        call: Expr,
        /// The columns it is said to return.
        schema: Option<TypeExpr>,
    },
    /// `execute-and-cache`.
    ExecuteAndCache,
    /// `extend name = value, …`.
    Extend(Vec<Expr>),
    /// `facet by a, b with (operators)`.
    Facet {
        /// Columns.
        by: Vec<Expr>,
        /// A [`super::ExprKind::Pipe`] without a source.
        with: Option<Box<Expr>>,
    },
    /// `find in (tables) where predicate project a, b`.
    Find {
        /// `in (…)`: names, wildcards, paths; empty: all tables.
        tables: Vec<Expr>,
        /// The predicate.
        predicate: Box<Expr>,
        /// `project`, `project-smart`, `project-away`.
        output: FindOutput,
    },
    /// `fork name = (operators) (operators)`.
    Fork(Vec<ForkBranch>),
    /// `getschema`.
    GetSchema,
    /// `graph-mark-components`.
    GraphMarkComponents,
    /// `graph-match patterns where predicate project …`.
    GraphMatch(Box<GraphMatch>),
    /// `graph-merge right on …`.
    GraphMerge {
        /// The other graph.
        right: Box<Expr>,
        /// Its conditions.
        on: Vec<Expr>,
    },
    /// `graph-shortest-paths patterns where predicate project …`.
    GraphShortestPaths(Box<GraphMatch>),
    /// `graph-to-table nodes as N with_node_id=Id, edges as E`.
    GraphToTable(Vec<GraphOutput>),
    /// `graph-where-edges predicate`.
    GraphWhereEdges(Box<Expr>),
    /// `graph-where-nodes predicate`.
    GraphWhereNodes(Box<Expr>),
    /// `inline_external_table (a: long, …) kind=… dataformat=… (@'uri', …)`.
    InlineExternalTable {
        /// The columns.
        columns: Vec<ColumnDecl>,
        /// The addresses.
        uris: Vec<Expr>,
    },
    /// `invoke function(args)`.
    Invoke(Box<Expr>),
    /// `join kind=inner (right) on a, $left.b == $right.c`.
    Join {
        /// The right side.
        right: Box<Expr>,
        /// What makes a pair.
        condition: JoinCondition,
    },
    /// `lookup (right) on a`.
    Lookup {
        /// The right side.
        right: Box<Expr>,
        /// What makes a pair.
        condition: JoinCondition,
    },
    /// `macro-expand group as scope (statements)`.
    MacroExpand {
        /// An entity group or the name of one.
        group: Box<Expr>,
        /// What the entity is called within.
        scope: Option<Name>,
        /// Run for each entity.
        body: Body,
    },
    /// `make-graph source --> target with nodes on id`.
    MakeGraph(Box<MakeGraph>),
    /// `make-series …`.
    MakeSeries(Box<MakeSeries>),
    /// `mv-apply items limit n on (operators)`.
    MvApply {
        /// What is expanded.
        items: Vec<ExpandItem>,
        /// `limit n`.
        limit: Option<Box<Expr>>,
        /// `id guid`.
        context_id: Option<Box<Expr>>,
        /// A [`super::ExprKind::Pipe`] without a source.
        subquery: Box<Expr>,
    },
    /// `mv-expand items limit n`.
    MvExpand {
        /// What is expanded.
        items: Vec<ExpandItem>,
        /// `limit n`.
        limit: Option<Box<Expr>>,
    },
    /// `parse text with pattern`, `parse-where`.
    Parse {
        /// `parse-where`: rows that do not match are dropped.
        only_matches: bool,
        /// The text.
        text: Box<Expr>,
        /// The pattern in order.
        pattern: Vec<ParseElement>,
    },
    /// `parse-kv text as (a: long, …) with (…)`.
    ParseKv {
        /// The text.
        text: Box<Expr>,
        /// The keys.
        columns: Vec<ColumnDecl>,
    },
    /// `partition by column (operators)`, `partition by column { query }`.
    Partition {
        /// The column.
        by: Box<Expr>,
        /// `in function(…)`: the values of the column to run for.
        scope: Option<Box<Expr>>,
        /// Run for each value of it.
        body: PartitionBody,
    },
    /// `__partitionby column id guid (operators)`.
    PartitionBy {
        /// The column.
        by: Box<Expr>,
        /// `id guid`.
        context_id: Option<Box<Expr>>,
        /// A [`super::ExprKind::Pipe`] without a source.
        subquery: Box<Expr>,
    },
    /// `print a = 1, 2`.
    Print(Vec<Expr>),
    /// `project …`.
    Project(Vec<Expr>),
    /// `project-away …`.
    ProjectAway(Vec<Expr>),
    /// `project-by-names …`.
    ProjectByNames(Vec<Expr>),
    /// `project-keep …`.
    ProjectKeep(Vec<Expr>),
    /// `project-rename new = old, …`.
    ProjectRename(Vec<Expr>),
    /// `project-reorder a, b* asc`.
    ProjectReorder(Vec<SortKey>),
    /// `range name from a to b step c`.
    Range {
        /// The column.
        name: Name,
        /// The first value.
        from: Box<Expr>,
        /// The limit.
        to: Box<Expr>,
        /// The distance.
        step: Box<Expr>,
    },
    /// `reduce by expression with threshold = 0.1`.
    Reduce(Box<Expr>),
    /// `render kind with (title = '…')`.
    Render(Name),
    /// `sample n`.
    Sample(Box<Expr>),
    /// `sample-distinct n of expression`.
    SampleDistinct {
        /// How many.
        count: Box<Expr>,
        /// Of what.
        of: Box<Expr>,
    },
    /// `scan order by … partition by … declare (…) with (steps)`.
    Scan(Box<Scan>),
    /// `search kind=case_sensitive in (tables) predicate`.
    Search {
        /// `in (…)`; empty: all tables, or the rows piped in.
        tables: Vec<Expr>,
        /// A bare string is looked for in every column.
        predicate: Box<Expr>,
    },
    /// `serialize`, `serialize name = value`.
    Serialize(Vec<Expr>),
    /// `sort by …`, `order by …`.
    Sort(Vec<SortKey>),
    /// `summarize aggregates by keys`.
    Summarize {
        /// The aggregates.
        aggregates: Vec<Expr>,
        /// The keys.
        by: Vec<Expr>,
        /// `bin = 1d` after the keys, an old spelling.
        bin: Option<Box<Expr>>,
    },
    /// `take n`, `limit n`.
    Take(Box<Expr>),
    /// `top n by key`.
    Top {
        /// How many.
        count: Box<Expr>,
        /// By what.
        by: SortKey,
    },
    /// `top-hitters n of expression by weight`.
    TopHitters {
        /// How many.
        count: Box<Expr>,
        /// Of what.
        of: Box<Expr>,
        /// The weight.
        by: Option<Box<Expr>>,
    },
    /// `top-nested n of expression with others = '…' by aggregate, top-nested …`.
    TopNested(Vec<TopNestedLevel>),
    /// `union withsource=name tables`.
    Union(Vec<Expr>),
    /// `where predicate`, `filter predicate`.
    Where(Box<Expr>),
}

/// What makes a pair in a join.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinCondition {
    /// Nothing was written.
    None,
    /// `on a, $left.b == $right.c`.
    On(Vec<Expr>),
    /// `where predicate`, an old spelling.
    Where(Box<Expr>),
}

/// What `find` returns.
#[derive(Clone, Debug, PartialEq)]
pub enum FindOutput {
    /// Nothing was written.
    Default,
    /// `project a, b: string, pack(*)`.
    Project(Vec<FindColumn>),
    /// `project-smart`.
    Smart,
    /// `project-away a, b`; `*`.
    Away(Vec<FindColumn>),
}

/// One column of `find … project`.
#[derive(Clone, Debug, PartialEq)]
pub struct FindColumn {
    /// A name, a star or `pack(*)`.
    pub expr: Expr,
    /// `: type`.
    pub ty: Option<TypeExpr>,
}

/// One branch of `fork`.
#[derive(Clone, Debug, PartialEq)]
pub struct ForkBranch {
    /// `name =`.
    pub name: Option<Name>,
    /// A [`super::ExprKind::Pipe`] without a source.
    pub subquery: Expr,
}

/// One item of `mv-expand` or `mv-apply`.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpandItem {
    /// `column`, `name = array`.
    pub expr: Expr,
    /// `to typeof(type)`.
    pub ty: Option<TypeExpr>,
}

/// One part of a `parse` pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum ParseElement {
    /// `*`.
    Skip(Span),
    /// Text, or a regular expression.
    Text(Expr),
    /// `name`, `name: type`.
    Column {
        /// The column's name.
        name: Name,
        /// Its type, string by default.
        ty: Option<TypeExpr>,
    },
}

/// What `partition` runs.
#[derive(Clone, Debug, PartialEq)]
pub enum PartitionBody {
    /// `(operators)`: a [`super::ExprKind::Pipe`] without a source.
    Operators(Box<Expr>),
    /// `{ query }`.
    Query(Body),
}

/// `expression asc nulls first`.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// What is compared; it may be [`super::ExprKind::Named`].
    pub expr: Expr,
    /// `asc` or `desc` (also `granny-asc`, `granny-desc` of `project-reorder`).
    pub order: Option<SortOrder>,
    /// `nulls first`: true, `nulls last`: false.
    pub nulls_first: Option<bool>,
    /// The whole of it.
    pub span: Span,
}

/// Which way a key sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortOrder {
    /// `asc`.
    Ascending,
    /// `desc`.
    Descending,
    /// `granny-asc`: digits within names count as numbers.
    GrannyAscending,
    /// `granny-desc`.
    GrannyDescending,
}

/// One level of `top-nested`.
#[derive(Clone, Debug, PartialEq)]
pub struct TopNestedLevel {
    /// How many; all without.
    pub count: Option<Expr>,
    /// Of what; it may be [`super::ExprKind::Named`].
    pub of: Expr,
    /// `with others = value`.
    pub others: Option<Expr>,
    /// The aggregate ranked by.
    pub by: SortKey,
    /// The whole level.
    pub span: Span,
}

/// `make-series aggregates on axis from a to b step c by keys`.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeSeries {
    /// The aggregates.
    pub aggregates: Vec<SeriesAggregate>,
    /// `on`.
    pub axis: Expr,
    /// Where the axis runs.
    pub range: SeriesRange,
    /// `by`.
    pub by: Vec<Expr>,
}

/// `name = aggregate default = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesAggregate {
    /// The aggregate.
    pub expr: Expr,
    /// The value of an empty bin.
    pub default: Option<Expr>,
}

/// Where the axis of `make-series` runs.
#[derive(Clone, Debug, PartialEq)]
pub enum SeriesRange {
    /// `from a to b step c`.
    FromTo {
        /// The first bin.
        from: Option<Box<Expr>>,
        /// The end.
        to: Option<Box<Expr>>,
        /// The size of a bin.
        step: Box<Expr>,
    },
    /// `in range (a, b, c)`.
    InRange(Vec<Expr>),
}

/// `scan`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// `order by`.
    pub order_by: Vec<SortKey>,
    /// `partition by`.
    pub partition_by: Vec<Expr>,
    /// `declare (name: type = default, …)`.
    pub declare: Vec<Parameter>,
    /// `with (step …)`.
    pub steps: Vec<ScanStep>,
}

/// `step name optional output=all: condition => name = value, …;`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanStep {
    /// Its name.
    pub name: Name,
    /// `optional`.
    pub is_optional: bool,
    /// `output = all | last | none`.
    pub output: Option<Name>,
    /// When a row enters the step.
    pub condition: Expr,
    /// `name = value`, as [`super::ExprKind::Named`].
    pub assignments: Vec<Expr>,
    /// The whole step.
    pub span: Span,
}
