//! The `…if` of every aggregate: rows for which the predicate is not true are left out.

use kql::Value;

use super::{Accumulator, AggregateCall, Start};
use crate::cell::Cell;

/// An accumulator that sees only the rows where argument `predicate` is true, and of them the arguments before it.
#[derive(Debug)]
struct OnlyIf {
    inner: Box<dyn Accumulator>,
    predicate: usize,
}

/// `start` over the call without its predicate, which is argument `predicate`.
pub(super) fn only_if(call: &AggregateCall, predicate: usize, start: Start) -> Result<Box<dyn Accumulator>, String> {
    let mut without = call.clone();
    if predicate < without.types.len() {
        without.types.remove(predicate);
    }
    if predicate < without.constants.len() {
        without.constants.remove(predicate);
    }
    Ok(Box::new(OnlyIf { inner: start(&without)?, predicate }))
}

impl Accumulator for OnlyIf {
    fn update(&mut self, args: &[Cell<'_>]) {
        if args.get(self.predicate).and_then(Cell::as_bool) == Some(true) {
            self.inner.update(&args[..self.predicate]);
        }
    }

    fn merge(&mut self, state: &[Value]) {
        self.inner.merge(state);
    }

    fn state(&self) -> Vec<Value> {
        self.inner.state()
    }

    fn finish(&self) -> Vec<Value> {
        self.inner.finish()
    }

    fn size(&self) -> usize {
        size_of::<OnlyIf>() + self.inner.size()
    }
}
