//! A bound plan, walked over: what it refers to that must be there before it runs.

use std::collections::HashSet;
use std::sync::Arc;

use kql::plan::{Expr, ExprKind, Graph, Input, PARTITION_KEY, PluginArg, Rel, RelKind};

/// Something that a plan refers to.
pub(crate) enum Reference {
    /// A table: the relation that reads it.
    Table(Arc<Rel>),
    /// A value of [`kql::plan::Query::scalars`].
    Scalar(usize),
    /// A relation of [`kql::plan::Query::shared`].
    Shared(usize),
    /// A one-column relation as the right side of `in`.
    Set(Arc<Rel>),
    /// A relation whose rows are wanted as they are: an argument of a plugin, or what a subquery reads beside the rows handed to it.
    Argument(Arc<Rel>),
}

/// All that the relation refers to, each at least once, in the order of the text; not what a set's own relation refers to.
pub(crate) fn references(rel: &Arc<Rel>) -> Vec<Reference> {
    let mut walk = Walk { seen: HashSet::new(), found: Vec::new() };
    walk.rel(rel);
    walk.found
}

struct Walk {
    seen: HashSet<usize>,
    found: Vec<Reference>,
}

impl Walk {
    fn rel(&mut self, rel: &Input) {
        if !self.seen.insert(Arc::as_ptr(rel) as usize) {
            return;
        }
        match &rel.kind {
            RelKind::Table { .. } => self.found.push(Reference::Table(Arc::clone(rel))),
            RelKind::Shared(position) => self.found.push(Reference::Shared(*position)),
            RelKind::Evaluate { args, .. } => {
                let tables = args.iter().filter_map(|arg| if let PluginArg::Rel(rel) = arg { Some(rel) } else { None });
                self.found.extend(tables.map(|rel| Reference::Argument(Arc::clone(rel))));
            }
            RelKind::MvApply { subquery, .. } | RelKind::Partition { subquery, .. } => {
                self.found.extend(fixed(subquery).into_iter().map(Reference::Argument));
            }
            _ => {}
        }
        if let Some(graph) = graph(&rel.kind) {
            self.found.extend(graph.inputs().into_iter().map(|rel| Reference::Argument(Arc::clone(rel))));
            graph.exprs().into_iter().for_each(|expr| self.expr(expr));
        }
        inputs(&rel.kind).into_iter().for_each(|input| self.rel(input));
        exprs(&rel.kind).into_iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Scalar(position) => self.found.push(Reference::Scalar(*position)),
            ExprKind::Rows(rel) => self.found.push(Reference::Set(Arc::clone(rel))),
            ExprKind::And(args) | ExprKind::Or(args) | ExprKind::Call { args, .. } => args.iter().for_each(|arg| self.expr(arg)),
            ExprKind::Column(_) | ExprKind::Literal(_) => {}
        }
    }
}

/// The relations in a subquery, each as large as can be, that are the same whatever rows (or key) the subquery is run for.
fn fixed(rel: &Input) -> Vec<Input> {
    let mut found = Vec::new();
    if is_fixed(rel, &mut found) {
        found = vec![Arc::clone(rel)];
    }
    // Rows that are written out need no computing.
    found.retain(|rel| !matches!(rel.kind, RelKind::One | RelKind::Values(_)));
    found
}

/// Whether the relation is; if not, those of its inputs that are go to `found`.
fn is_fixed(rel: &Input, found: &mut Vec<Input>) -> bool {
    if matches!(rel.kind, RelKind::Context) {
        return false;
    }
    let inputs: Vec<(&Input, bool)> = inputs(&rel.kind).into_iter().map(|input| (input, is_fixed(input, found))).collect();
    if inputs.iter().all(|(_, is_fixed)| *is_fixed) && !exprs(&rel.kind).into_iter().any(reads_key) {
        return true;
    }
    found.extend(inputs.into_iter().filter(|(_, is_fixed)| *is_fixed).map(|(input, _)| Arc::clone(input)));
    false
}

/// Whether a subquery depends on the key of the enclosing `partition by k { query }`.
pub(crate) fn takes_key(rel: &Rel) -> bool {
    exprs(&rel.kind).into_iter().any(reads_key) || inputs(&rel.kind).into_iter().any(|input| takes_key(input))
}

/// Whether the expression depends on the key of the enclosing `partition by k { query }`.
fn reads_key(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call { function, args } => function == PARTITION_KEY || args.iter().any(reads_key),
        ExprKind::And(args) | ExprKind::Or(args) => args.iter().any(reads_key),
        ExprKind::Rows(_) | ExprKind::Scalar(_) | ExprKind::Column(_) | ExprKind::Literal(_) => false,
    }
}

/// The graph that a relation reads; the rows it is made of are computed before, as arguments of plugins are.
fn graph(kind: &RelKind) -> Option<&Graph> {
    match kind {
        RelKind::GraphMatch(found) => Some(&found.graph),
        RelKind::GraphNodes { graph, .. } | RelKind::GraphEdges { graph, .. } | RelKind::GraphPartition { graph, .. } => {
            Some(graph)
        }
        _ => None,
    }
}

/// The relations that a relation reads.
fn inputs(kind: &RelKind) -> Vec<&Input> {
    match kind {
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

/// The expressions of a relation itself.
fn exprs(kind: &RelKind) -> Vec<&Expr> {
    match kind {
        RelKind::Range { from, to, step } => vec![from, to, step],
        RelKind::Filter { predicate, .. } => vec![predicate],
        RelKind::Project { exprs, .. } | RelKind::Window { exprs, .. } => exprs.iter().collect(),
        RelKind::Aggregate { keys, aggregates, .. } => keys.iter().chain(aggregates.iter().flat_map(|a| &a.args)).collect(),
        RelKind::Sort { keys, .. } => keys.iter().map(|key| &key.expr).collect(),
        RelKind::Take { count, .. } => vec![count],
        RelKind::Sample { count, distinct, .. } => std::iter::once(count).chain(distinct).collect(),
        RelKind::Join { on, .. } => on.iter().flat_map(|(left, right)| [left, right]).collect(),
        RelKind::MvExpand { items, .. } | RelKind::MvApply { items, .. } => items.iter().map(|item| &item.expr).collect(),
        RelKind::Parse { text, .. } | RelKind::ParseKv { text, .. } | RelKind::Reduce { text, .. } => vec![text],
        RelKind::MakeSeries { keys, aggregates, values, axis, from, to, step, .. } => {
            let values = values.iter().flat_map(|(value, default)| [value, default]);
            keys.iter()
                .chain(aggregates.iter().flat_map(|aggregate| &aggregate.args))
                .chain(values)
                .chain([axis])
                .chain(from)
                .chain(to)
                .chain([step])
                .collect()
        }
        RelKind::Scan(scan) => {
            let steps = scan.steps.iter().flat_map(|s| std::iter::once(&s.condition).chain(s.assignments.iter().map(|(_, e)| e)));
            scan.partition.iter().chain(steps).collect()
        }
        RelKind::Partition { key, .. } => vec![key],
        RelKind::TopNested { levels, .. } => {
            let args = levels.iter().flat_map(|level| &level.aggregates).flat_map(|aggregate| &aggregate.args);
            levels.iter().flat_map(|l| l.count.iter().chain([&l.of, &l.by]).chain(&l.others)).chain(args).collect()
        }
        RelKind::GraphMatch(found) => {
            found.paths.iter().map(|path| &path.body).chain(&found.predicate).chain(&found.exprs).collect()
        }
        RelKind::TopHitters { count, of, by, .. } => [count, of].into_iter().chain(by).collect(),
        RelKind::Evaluate { args, .. } => {
            args.iter().filter_map(|arg| if let PluginArg::Expr(_, expr) = arg { Some(expr) } else { None }).collect()
        }
        _ => Vec::new(),
    }
}
