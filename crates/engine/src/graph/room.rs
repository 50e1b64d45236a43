//! The memory that a graph and the search in it take, told to the pool that all of a query shares, before it is taken.

use datafusion::execution::memory_pool::MemoryReservation;
use kql::Value;

use crate::error::{Error, Result, code};

/// What is asked of the pool at once: a graph grows by small things.
const STEP: usize = 64 << 10;

/// What an allocation takes beside its bytes.
pub(super) const ALLOCATION: usize = 16;

/// What is held, and whether anybody still waits for what it is held for.
pub(super) struct Room {
    held: MemoryReservation,
    taken: usize,
    is_wanted: Box<dyn Fn() -> bool>,
}

impl Room {
    /// Nothing yet, of the reservation's pool.
    pub(super) fn new(held: MemoryReservation, is_wanted: impl Fn() -> bool + 'static) -> Room {
        Room { held, taken: 0, is_wanted: Box::new(is_wanted) }
    }

    /// Takes so many bytes more.
    ///
    /// # Errors
    /// The pool does not have them, or nobody waits any more.
    pub(super) fn take(&mut self, bytes: usize) -> Result<()> {
        self.taken = self.taken.saturating_add(bytes);
        let Some(missing @ 1..) = self.taken.checked_sub(self.held.size()) else { return Ok(()) };
        if !self.is_wanted() {
            return Err(Error::new(code::STOPPED, "nobody waits for the graph any more"));
        }
        Ok(self.held.try_grow(missing.max(STEP))?)
    }

    /// What is taken by now.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Gives back all that was taken since that much was.
    pub(super) fn back_to(&mut self, taken: usize) {
        self.taken = self.taken.min(taken);
        self.held.shrink(self.held.size().saturating_sub(self.taken));
    }

    /// A reservation of the same holder for what goes at other times.
    pub(super) fn beside(&self) -> MemoryReservation {
        self.held.new_empty()
    }

    /// Whether anybody still waits.
    pub(super) fn is_wanted(&self) -> bool {
        (self.is_wanted)()
    }
}

/// The bytes of values that stand one after the other, with their texts.
pub(super) fn bytes_of(values: &[Value]) -> usize {
    let text = |value: &Value| match value {
        Value::String(text) | Value::Dynamic(text) | Value::Decimal(text) if !text.is_empty() => text.len() + ALLOCATION,
        _ => 0,
    };
    ALLOCATION + size_of_val(values) + values.iter().map(text).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool};

    use super::*;

    #[test]
    fn what_is_taken_is_held_until_it_is_given_back() {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(4 * STEP));
        let mut room = Room::new(MemoryConsumer::new("a graph").register(&pool), || true);
        room.take(1).unwrap();
        assert_eq!(pool.reserved(), STEP);
        room.take(2 * STEP).unwrap();
        assert_eq!(room.take(2 * STEP).unwrap_err().code, code::MEMORY);
        room.back_to(1);
        assert_eq!((room.taken(), pool.reserved()), (1, 1));
    }

    #[test]
    fn nothing_is_taken_for_nobody() {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(4 * STEP));
        let mut room = Room::new(MemoryConsumer::new("a graph").register(&pool), || false);
        assert_eq!(room.take(1).unwrap_err().code, code::STOPPED);
    }
}
