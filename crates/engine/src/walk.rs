//! A bound plan, walked over: what it refers to that must be there before it runs.

use std::collections::HashSet;
use std::sync::Arc;

use kql::plan::{Expr, ExprKind, Input, PARTITION_KEY, Rel, RelKind};

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
    /// A relation whose rows are wanted as they are: an argument of a plugin, or what a subquery reads beside the rows handed to
    /// it.
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
            RelKind::MvApply { subquery, .. } | RelKind::Partition { subquery, .. } => {
                self.found.extend(fixed(subquery).into_iter().map(Reference::Argument));
            }
            _ => {}
        }
        self.found.extend(rel.kind.arguments().map(|rel| Reference::Argument(Arc::clone(rel))));
        if let Some(graph) = rel.kind.graph() {
            // The rows that a graph is made of are computed before it, as the tables are that a plugin gets.
            self.found.extend(graph.inputs().into_iter().map(|rel| Reference::Argument(Arc::clone(rel))));
            graph.exprs().into_iter().for_each(|expr| self.expr(expr));
        }
        rel.kind.inputs().into_iter().for_each(|input| self.rel(input));
        rel.kind.exprs().into_iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Scalar(position) => self.found.push(Reference::Scalar(*position)),
            ExprKind::Rows(rel) => self.found.push(Reference::Set(Arc::clone(rel))),
            _ => expr.args().iter().for_each(|arg| self.expr(arg)),
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
    let inputs: Vec<(&Input, bool)> = rel.kind.inputs().into_iter().map(|input| (input, is_fixed(input, found))).collect();
    if inputs.iter().all(|(_, is_fixed)| *is_fixed) && !rel.kind.exprs().into_iter().any(reads_key) {
        return true;
    }
    found.extend(inputs.into_iter().filter(|(_, is_fixed)| *is_fixed).map(|(input, _)| Arc::clone(input)));
    false
}

/// Whether a subquery depends on the key of the enclosing `partition by k { query }`.
pub(crate) fn takes_key(rel: &Rel) -> bool {
    rel.kind.exprs().into_iter().any(reads_key) || rel.kind.inputs().into_iter().any(|input| takes_key(input))
}

/// Whether the expression depends on the key of the enclosing `partition by k { query }`.
fn reads_key(expr: &Expr) -> bool {
    expr.any(&|expr| matches!(&expr.kind, ExprKind::Call { function, .. } if function == PARTITION_KEY))
}
