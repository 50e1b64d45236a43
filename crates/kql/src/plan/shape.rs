//! The shape of a plan: what a relation reads and computes, and what an expression is made of, one step at a time.
//!
//! In: a node of the plan. Out: the nodes directly within it, in the order of the text. Every walk over a plan goes through here,
//! and no match here has a catch-all arm: whoever adds a kind of relation is asked once what it holds.

use super::{Aggregate, Expr, ExprKind, Graph, Input, PluginArg, RelKind};

impl RelKind {
    /// The relations whose rows it works on: what is piped in, the sides of a join, subqueries, what a graph is made of.
    #[must_use]
    pub fn inputs(&self) -> Vec<&Input> {
        match self {
            RelKind::Table { .. }
            | RelKind::One
            | RelKind::Values(_)
            | RelKind::Range { .. }
            | RelKind::External { .. }
            | RelKind::Shared(_)
            | RelKind::Context => Vec::new(),
            RelKind::Filter { input, .. }
            | RelKind::Project { input, .. }
            | RelKind::Aggregate { input, .. }
            | RelKind::Sort { input, .. }
            | RelKind::Take { input, .. }
            | RelKind::Sample { input, .. }
            | RelKind::MvExpand { input, .. }
            | RelKind::Parse { input, .. }
            | RelKind::ParseKv { input, .. }
            | RelKind::MakeSeries { input, .. }
            | RelKind::Window { input, .. }
            | RelKind::TopNested { input, .. }
            | RelKind::TopHitters { input, .. }
            | RelKind::Reduce { input, .. }
            | RelKind::GetSchema(input) => vec![input],
            RelKind::Join { left, right, .. } => vec![left, right],
            RelKind::Union(inputs) => inputs.iter().collect(),
            RelKind::MvApply { input, subquery, .. } | RelKind::Partition { input, subquery, .. } => vec![input, subquery],
            RelKind::Scan(scan) => vec![&scan.input],
            RelKind::GraphMatch(found) => found.graph.inputs(),
            RelKind::GraphNodes { graph, .. } | RelKind::GraphEdges { graph, .. } => graph.inputs(),
            RelKind::GraphPartition { graph, subquery, .. } => graph.inputs().into_iter().chain([subquery]).collect(),
            RelKind::Evaluate { input, .. } | RelKind::Unsupported { input, .. } => input.iter().collect(),
        }
    }

    /// What users call it.
    #[must_use]
    pub fn keyword(&self) -> &str {
        match self {
            RelKind::Table { .. } => "table",
            RelKind::One => "print",
            RelKind::Values(_) => "datatable",
            RelKind::Range { .. } => "range",
            RelKind::External { .. } => "externaldata",
            RelKind::Shared(_) => "materialize",
            RelKind::Context => "subquery",
            RelKind::Filter { .. } => "where",
            RelKind::Project { .. } => "project",
            RelKind::Aggregate { .. } => "summarize",
            RelKind::Sort { .. } => "sort",
            RelKind::Take { .. } => "take",
            RelKind::Sample { distinct: None, .. } => "sample",
            RelKind::Sample { .. } => "sample-distinct",
            RelKind::Join { .. } => "join",
            RelKind::Union(_) => "union",
            RelKind::MvExpand { .. } => "mv-expand",
            RelKind::MvApply { .. } => "mv-apply",
            RelKind::Parse { .. } => "parse",
            RelKind::ParseKv { .. } => "parse-kv",
            RelKind::MakeSeries { .. } => "make-series",
            RelKind::Window { .. } => "serialize",
            RelKind::Scan(_) => "scan",
            RelKind::Partition { .. } => "partition",
            RelKind::TopNested { .. } => "top-nested",
            RelKind::TopHitters { .. } => "top-hitters",
            RelKind::Reduce { .. } => "reduce",
            RelKind::GetSchema(_) => "getschema",
            RelKind::GraphMatch(found) if found.shortest.is_some() => "graph-shortest-paths",
            RelKind::GraphMatch(_) => "graph-match",
            RelKind::GraphNodes { .. } => "graph-to-table nodes",
            RelKind::GraphEdges { .. } => "graph-to-table edges",
            RelKind::GraphPartition { .. } => "make-graph partitioned-by",
            RelKind::Evaluate { plugin, .. } => plugin,
            RelKind::Unsupported { operator, .. } => operator,
        }
    }

    /// The relations that are arguments: tables handed to a plugin.
    pub fn arguments(&self) -> impl Iterator<Item = &Input> {
        let args = if let RelKind::Evaluate { args, .. } = self { args.as_slice() } else { &[] };
        args.iter().filter_map(|arg| match arg {
            PluginArg::Rel(rel) => Some(rel),
            PluginArg::Expr(..) => None,
        })
    }

    /// The graph that it reads.
    #[must_use]
    pub fn graph(&self) -> Option<&Graph> {
        match self {
            RelKind::GraphMatch(found) => Some(&found.graph),
            RelKind::GraphNodes { graph, .. } | RelKind::GraphEdges { graph, .. } | RelKind::GraphPartition { graph, .. } => {
                Some(graph)
            }
            _ => None,
        }
    }

    /// The expressions that it computes itself, whatever columns they stand over; those of its graph are [`Graph::exprs`].
    #[must_use]
    pub fn exprs(&self) -> Vec<&Expr> {
        match self {
            RelKind::Table { .. }
            | RelKind::One
            | RelKind::Values(_)
            | RelKind::External { .. }
            | RelKind::Shared(_)
            | RelKind::Context
            | RelKind::Union(_)
            | RelKind::GetSchema(_)
            | RelKind::GraphNodes { .. }
            | RelKind::GraphEdges { .. }
            | RelKind::GraphPartition { .. }
            | RelKind::Unsupported { .. } => Vec::new(),
            RelKind::Range { from, to, step } => vec![from, to, step],
            RelKind::Filter { predicate, .. } => vec![predicate],
            RelKind::Project { exprs, .. } | RelKind::Window { exprs, .. } => exprs.iter().collect(),
            RelKind::Aggregate { keys, aggregates, .. } => keys.iter().chain(args(aggregates)).collect(),
            RelKind::Sort { keys, .. } => keys.iter().map(|key| &key.expr).collect(),
            RelKind::Take { count, .. } => vec![count],
            RelKind::Sample { count, distinct, .. } => [count].into_iter().chain(distinct).collect(),
            RelKind::Join { on, .. } => on.iter().flat_map(|(left, right)| [left, right]).collect(),
            RelKind::MvExpand { items, .. } | RelKind::MvApply { items, .. } => items.iter().map(|item| &item.expr).collect(),
            RelKind::Parse { text, .. } | RelKind::ParseKv { text, .. } | RelKind::Reduce { text, .. } => vec![text],
            RelKind::MakeSeries { keys, aggregates, values, axis, from, to, step, .. } => {
                let values = values.iter().flat_map(|(value, default)| [value, default]);
                let own = keys.iter().chain(args(aggregates)).chain(values);
                own.chain([axis]).chain(from).chain(to).chain([step]).collect()
            }
            RelKind::Scan(scan) => {
                let steps = scan.steps.iter();
                let own =
                    steps.flat_map(|step| [&step.condition].into_iter().chain(step.assignments.iter().map(|(_, value)| value)));
                scan.partition.iter().chain(own).collect()
            }
            RelKind::Partition { key, .. } => vec![key],
            RelKind::TopNested { levels, .. } => {
                let own = levels.iter().flat_map(|level| level.count.iter().chain([&level.of, &level.by]).chain(&level.others));
                own.chain(levels.iter().flat_map(|level| args(&level.aggregates))).collect()
            }
            RelKind::TopHitters { count, of, by, .. } => [count, of].into_iter().chain(by).collect(),
            RelKind::Evaluate { args, .. } => args.iter().filter_map(PluginArg::expr).collect(),
            RelKind::GraphMatch(found) => {
                found.paths.iter().map(|path| &path.body).chain(&found.predicate).chain(&found.exprs).collect()
            }
        }
    }
}

/// The arguments of all the calls.
fn args(aggregates: &[Aggregate]) -> impl Iterator<Item = &Expr> {
    aggregates.iter().flat_map(|aggregate| &aggregate.args)
}

impl Expr {
    /// The expressions directly within it.
    #[must_use]
    pub fn args(&self) -> &[Expr] {
        match &self.kind {
            ExprKind::And(args) | ExprKind::Or(args) | ExprKind::Call { args, .. } => args,
            ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::Rows(_) => &[],
        }
    }

    /// The expressions directly within it, to be changed in their place.
    pub fn args_mut(&mut self) -> &mut [Expr] {
        match &mut self.kind {
            ExprKind::And(args) | ExprKind::Or(args) | ExprKind::Call { args, .. } => args,
            ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::Rows(_) => &mut [],
        }
    }

    /// The same over what `make` makes of the expressions directly within it.
    pub fn with_args<E>(&self, make: impl FnMut(&Expr) -> Result<Expr, E>) -> Result<Expr, E> {
        let made = self.args().iter().map(make).collect::<Result<Vec<Expr>, E>>()?;
        let kind = match &self.kind {
            ExprKind::And(_) => ExprKind::And(made),
            ExprKind::Or(_) => ExprKind::Or(made),
            ExprKind::Call { function, .. } => ExprKind::Call { function: function.clone(), args: made },
            leaf @ (ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::Rows(_)) => leaf.clone(),
        };
        Ok(Expr { kind, ty: self.ty })
    }

    /// Whether it, or one within it, is such an expression.
    pub fn any(&self, is: &impl Fn(&Expr) -> bool) -> bool {
        is(self) || self.args().iter().any(|arg| arg.any(is))
    }

    /// Calls `see` with the position of each column that it reads, as often as it does.
    pub fn each_column(&self, see: &mut impl FnMut(usize)) {
        if let ExprKind::Column(position) = self.kind {
            see(position);
        }
        self.args().iter().for_each(|arg| arg.each_column(see));
    }
}

impl PluginArg {
    /// The expression, if it is one.
    fn expr(&self) -> Option<&Expr> {
        match self {
            PluginArg::Expr(_, expr) => Some(expr),
            PluginArg::Rel(_) => None,
        }
    }
}
