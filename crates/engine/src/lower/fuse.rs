//! Operators of one kind that follow one another, as one.
//!
//! Generated queries pile up `where` and `extend` by the hundred. A planner walks a plan some hundred times, and each projection
//! repeats all columns below it; so what can be said at once is.

use std::borrow::Cow;

use kql::Type;
use kql::plan::{Expr, ExprKind, Input, RelKind};

/// Nodes of fused expressions beyond which projections stay apart.
const NODES: usize = 50_000;

/// What stands below all sorts that follow one another from this one on: the last alone counts. (DataFusion's optimizer loses the
/// columns that two sorts by the same expression share.)
pub(super) fn unsorted(input: &Input) -> &Input {
    let mut below = input;
    while let RelKind::Sort { input, .. } = &below.kind {
        below = input;
    }
    below
}

/// What stands below all filters that follow one another from this one on, and the conjunction of them.
pub(super) fn filters<'a>(input: &'a Input, predicate: &'a Expr) -> (&'a Input, Cow<'a, Expr>) {
    let mut below = input;
    let mut predicates = vec![predicate];
    while let RelKind::Filter { input, predicate } = &below.kind {
        predicates.push(predicate);
        below = input;
    }
    if predicates.len() == 1 {
        return (below, Cow::Borrowed(predicate));
    }
    let mut terms = Vec::new();
    for predicate in predicates.into_iter().rev() {
        match &predicate.kind {
            ExprKind::And(inner) => terms.extend(inner.iter().cloned()),
            _ => terms.push(predicate.clone()),
        }
    }
    (below, Cow::Owned(Expr { kind: ExprKind::And(terms), ty: Type::Bool }))
}

/// What stands below all projections that follow one another from this one on, and the expressions over it. Nothing is computed
/// twice for it, and what is drawn anew is drawn once.
pub(super) fn projections<'a>(input: &'a Input, exprs: &'a [Expr]) -> (&'a Input, Cow<'a, [Expr]>) {
    let (mut below, mut exprs) = (input, Cow::Borrowed(exprs));
    while let RelKind::Project { input, exprs: lower } = &below.kind {
        let Some(fused) = fused(&exprs, lower) else { break };
        (below, exprs) = (input, Cow::Owned(fused));
    }
    (below, exprs)
}

fn fused(above: &[Expr], below: &[Expr]) -> Option<Vec<Expr>> {
    let mut uses = vec![0_usize; below.len()];
    let mut nodes = 0;
    above.iter().for_each(|expr| count(expr, &mut uses, &mut nodes));
    for (expr, uses) in below.iter().zip(&uses) {
        let computed = !matches!(expr.kind, ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Scalar(_));
        if computed && *uses > 1 {
            return None;
        }
        if computed && *uses == 1 {
            count(expr, &mut [], &mut nodes);
        }
    }
    if nodes > NODES { None } else { above.iter().map(|expr| put_in(expr, below)).collect() }
}

/// Counts how often each column is used, and the nodes.
fn count(expr: &Expr, uses: &mut [usize], nodes: &mut usize) {
    *nodes += 1;
    if let ExprKind::Column(position) = expr.kind
        && let Some(uses) = uses.get_mut(position)
    {
        *uses += 1;
    }
    expr.args().iter().for_each(|arg| count(arg, uses, nodes));
}

/// The expression with what its columns are in their place.
fn put_in(expr: &Expr, below: &[Expr]) -> Option<Expr> {
    match expr.kind {
        // A column may stand there as another type than its own: the part of a call with several results.
        ExprKind::Column(position) => below.get(position).filter(|found| found.ty == expr.ty).cloned(),
        _ => expr.with_args(|arg| put_in(arg, below).ok_or(())).ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kql::plan::Rel;
    use kql::{Column, Value};

    use super::*;

    fn rel(kind: RelKind) -> Input {
        Arc::new(Rel { kind, columns: vec![Column::new("n", Type::Long)], open: false, ordered: false })
    }

    fn plus(left: Expr, right: Expr) -> Expr {
        Expr::call("+", vec![left, right], Type::Long)
    }

    #[test]
    fn projections_fuse_unless_something_is_used_twice() {
        let n = || Expr::column(0, Type::Long);
        let one = || Expr::literal(Value::Long(1), Type::Long);
        let table = rel(RelKind::Values(Vec::new()));
        let below = rel(RelKind::Project { input: Arc::clone(&table), exprs: vec![plus(n(), one())] });
        let (input, exprs) = (Arc::clone(&below), [plus(n(), one())]);
        let (bottom, fused) = projections(&input, &exprs);
        assert!(Arc::ptr_eq(bottom, &table));
        assert_eq!(*fused, [plus(plus(n(), one()), one())]);
        let twice = [plus(n(), n())];
        assert!(Arc::ptr_eq(projections(&below, &twice).0, &below));
    }

    #[test]
    fn filters_become_one_conjunction() {
        let p = |n| Expr::call(">", vec![Expr::column(0, Type::Long), Expr::literal(Value::Long(n), Type::Long)], Type::Bool);
        let table = rel(RelKind::Values(Vec::new()));
        let below = rel(RelKind::Filter { input: Arc::clone(&table), predicate: p(1) });
        let second = p(2);
        let (bottom, all) = filters(&below, &second);
        assert!(Arc::ptr_eq(bottom, &table));
        assert_eq!(all.kind, ExprKind::And(vec![p(1), p(2)]));
    }
}
