//! Work on the parts of a text side by side. Comes in: parts. Goes out: what was made of each, in their order.

use std::collections::VecDeque;
use std::thread;

/// Parts that are worked on while one waits for its turn.
const AHEAD: usize = 4;

/// Makes something of each part, on threads of their own if there are several, and takes that in the order of the parts.
pub(super) fn in_turn<P: Send, M: Send>(parts: impl Iterator<Item = P>, make: impl Fn(P) -> M + Sync, mut take: impl FnMut(M)) {
    let mut parts = parts.peekable();
    let Some(first) = parts.next() else { return };
    if parts.peek().is_none() {
        return take(make(first));
    }
    thread::scope(|scope| {
        let make = &make;
        let mut running = VecDeque::with_capacity(AHEAD);
        for part in std::iter::once(first).chain(parts) {
            if running.len() == AHEAD
                && let Some(oldest) = running.pop_front()
            {
                take(joined(oldest));
            }
            running.push_back(scope.spawn(move || make(part)));
        }
        running.into_iter().for_each(|oldest| take(joined(oldest)));
    });
}

/// What the thread made.
fn joined<M>(thread: thread::ScopedJoinHandle<'_, M>) -> M {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_parts() {
        for count in [0, 1, 2, 3, 4, 5, 100] {
            let mut taken = Vec::new();
            in_turn(0..count, |part| part * 2, |made| taken.push(made));
            assert_eq!(taken, (0..count).map(|part| part * 2).collect::<Vec<_>>());
        }
    }
}
