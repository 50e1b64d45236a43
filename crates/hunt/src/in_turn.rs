//! Work on the parts of something side by side. Comes in: parts. Goes out: what was made of each, in their order.

use std::collections::VecDeque;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// So many parts are made before one of them must be taken, about.
const AHEAD: usize = 64;

/// Makes something of each part, on all processors if there are several parts, and takes that in the order of the parts.
///
/// Who takes makes some of it, too: whenever nothing is there to be taken. So nobody waits while there is something to do.
pub(crate) fn in_turn<P: Send, M: Send>(
    mut parts: impl Iterator<Item = P> + Send,
    make: impl Fn(P) -> M + Sync,
    mut take: impl FnMut(M),
) {
    let Some(first) = parts.next() else { return };
    let Some(second) = parts.next() else { return take(make(first)) };
    let parts = Mutex::new([first, second].into_iter().chain(parts).enumerate());
    let make_next = || {
        let (at, part) = parts.lock().unwrap_or_else(PoisonError::into_inner).next()?;
        Some((at, make(part)))
    };
    let helpers = thread::available_parallelism().map_or(1, usize::from) - 1;
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        for _ in 0..helpers {
            let sender = sender.clone();
            scope.spawn(move || std::iter::from_fn(make_next).try_for_each(|made| sender.send(made)));
        }
        drop(sender);
        // Those behind the last that was taken, as far as they are made.
        let (mut taken, mut made) = (0, VecDeque::new());
        loop {
            let next = receiver.try_recv().ok().or_else(|| if made.len() < AHEAD { make_next() } else { None });
            // A helper that panics sends no more; the scope hands its panic on.
            let Some((at, one)) = next.or_else(|| receiver.recv().ok()) else { return };
            let behind = at - taken;
            if made.len() <= behind {
                made.resize_with(behind + 1, || None);
            }
            made[behind] = Some(one);
            while let Some(next) = made.front_mut().and_then(Option::take) {
                take(next);
                made.pop_front();
                taken += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_order_is_that_of_the_parts() {
        for count in [0, 1, 2, 3, 4, 5, 100, 3 * AHEAD] {
            let make = |part: usize| {
                // Others go on while one takes its time.
                if part % 50 == 1 {
                    thread::sleep(Duration::from_millis(2));
                }
                part * 2
            };
            let mut taken = Vec::new();
            in_turn(0..count, make, |made| taken.push(made));
            assert_eq!(taken, (0..count).map(|part| part * 2).collect::<Vec<_>>());
        }
    }
}
