//! How large a query may grow once all that it names is put in its place.
//!
//! In: values and relations. Out: their sizes. Shared parts are few in memory, but an executor may meet them once for each use:
//! sixty unions of a table with itself are 2^60 tables.

use std::collections::HashMap;
use std::sync::Arc;

use super::Binder;
use super::flow::Flow;
use crate::ast;
use crate::diagnostic::{self, Span};
use crate::explain::below;
use crate::plan::{Expr, Rel};

/// How deeply functions may call functions. Their bodies are inlined where they are called.
pub(super) const CALL_DEPTH_MAX: usize = 48;
/// How many nodes function bodies and `let` values may add to a query.
pub(super) const INLINED_MAX: usize = 500_000;
/// How many relations a result may be made of, shared ones counted once for each use.
const RELATIONS_MAX: u64 = 20_000;
/// How many columns all relations of a query may have together: a thousand `extend`s with a column each are half a million.
const SLOTS_MAX: usize = 500_000;
/// How many operators may follow one another.
const DEPTH_MAX: u32 = 3_000;

impl Binder<'_> {
    /// Notes that `nodes` more are inlined; false when that is too many.
    pub(super) fn inline(&mut self, nodes: usize) -> bool {
        self.inlined = self.inlined.saturating_add(nodes);
        self.inlined <= INLINED_MAX
    }

    /// Notes the columns of one more relation; one that makes them too many is refused, and nothing is known of its rows.
    pub(super) fn slots(&mut self, flow: Flow, at: Span) -> Flow {
        let before = self.slots;
        self.slots = before.saturating_add(flow.columns().len());
        if self.slots <= SLOTS_MAX {
            return flow;
        }
        if before <= SLOTS_MAX {
            let message = format!("the operators up to here have more than {SLOTS_MAX} columns, all counted");
            self.report(diagnostic::TOO_LARGE, at, message);
        }
        Flow::failed()
    }

    /// Refuses a result that is too large to be run.
    pub(super) fn limit(&mut self, rel: &Rel, at: &ast::Expr) {
        let (depth, count) = measure(rel);
        if depth > DEPTH_MAX || count > RELATIONS_MAX {
            let message = format!("this grows beyond {RELATIONS_MAX} tables and operators, or {DEPTH_MAX} one after another");
            self.report(diagnostic::TOO_LARGE, at.span, message);
        }
    }
}

/// How many nodes an expression has.
pub(super) fn weight(expr: &Expr) -> usize {
    1 + expr.args().iter().map(weight).sum::<usize>()
}

/// How deep a relation is, and of how many it is made. No recursion: it may be deeper than any stack.
fn measure(rel: &Rel) -> (u32, u64) {
    let mut known: HashMap<*const Rel, (u32, u64)> = HashMap::new();
    let mut open: Vec<&Rel> = vec![rel];
    while let Some(rel) = open.last().copied() {
        let parts = below(rel);
        let missing: Vec<&Rel> =
            parts.iter().map(|part| &***part).filter(|part| !known.contains_key(&std::ptr::from_ref(*part))).collect();
        if missing.is_empty() {
            let parts = parts.iter().filter_map(|part| known.get(&Arc::as_ptr(part)));
            let (mut depth, mut count) = (0_u32, 1_u64);
            for (below, size) in parts {
                depth = depth.max(*below);
                count = count.saturating_add(*size);
            }
            known.insert(std::ptr::from_ref(rel), (depth.saturating_add(1), count));
            open.pop();
        } else {
            open.extend(missing);
        }
    }
    known.get(&std::ptr::from_ref(rel)).copied().unwrap_or((0, 0))
}
