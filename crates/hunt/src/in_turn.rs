//! Work on the parts of something side by side. Comes in: parts. Goes out: what was made of each, in their order.

use std::sync::mpsc::sync_channel;
use std::thread;

/// Threads that work.
const WORKERS: usize = 4;

/// Makes something of each part, on threads of their own if there are several, and takes that in the order of the parts.
///
/// Each worker has every fourth part, and is one part ahead at most: what it makes stays small, and its memory is used again.
pub(crate) fn in_turn<P, M: Send>(
    parts: impl Iterator<Item = P> + Clone + Send,
    make: impl Fn(P) -> M + Sync,
    mut take: impl FnMut(M),
) {
    if parts.clone().nth(1).is_none() {
        return parts.for_each(|part| take(make(part)));
    }
    thread::scope(|scope| {
        let make = &make;
        let workers: Vec<_> = (0..WORKERS)
            .map(|first| {
                let (sender, receiver) = sync_channel(1);
                let own = parts.clone().skip(first).step_by(WORKERS);
                scope.spawn(move || own.map(make).try_for_each(|made| sender.send(made)));
                receiver
            })
            .collect();
        // A worker that panics sends no more; the scope hands its panic on.
        workers.iter().cycle().map_while(|worker| worker.recv().ok()).for_each(&mut take);
    });
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
