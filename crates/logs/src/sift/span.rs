//! The span of times that are not all converted.

use crate::convert::Clock;

/// The least and the greatest of times, as they are written: most can be compared without being converted.
#[derive(Default)]
pub(super) struct TimeSpan {
    /// Of times of one length, in UTC or in seconds.
    length: usize,
    is_utc: bool,
    least: Written,
    greatest: Written,
    /// Those that cannot be compared so.
    others: Option<(i64, i64)>,
    clock: Clock,
}

/// A text of up to thirty-two bytes as numbers: of two of one length the greater is the one that sorts behind.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    /// The first sixteen bytes, or fewer with zeros behind.
    head: u128,
    /// The last sixteen bytes, some of which may be of the head too; nothing if there are fewer.
    tail: u128,
}

impl TimeSpan {
    #[inline(always)]
    pub(super) fn note(&mut self, time: &[u8]) {
        if time.len() != self.length {
            return self.note_other(time);
        }
        let written = Written::of(time);
        let ends_so = time.last().is_some_and(|last| if self.is_utc { *last == b'Z' } else { last.is_ascii_digit() });
        if ends_so && written.begins_as(&self.greatest) {
            // If those bytes are a date of the one, so they are of the other.
            if written > self.greatest {
                self.greatest = written;
            }
            if written >= self.least {
                return;
            }
        }
        self.note_of_length(time, written);
    }

    #[inline(never)]
    fn note_of_length(&mut self, time: &[u8], written: Written) {
        if !is_comparable(time) {
            return self.note_other(time);
        }
        if written > self.greatest {
            if self.clock.ticks(time).is_some() {
                self.greatest = written;
            }
        } else if written < self.least && self.clock.ticks(time).is_some() {
            self.least = written;
        }
    }

    #[inline(never)]
    fn note_other(&mut self, time: &[u8]) {
        let ticks = self.clock.ticks(time);
        self.widen(ticks);
        if is_comparable(time) {
            self.widen_by_written();
            let written = Written::of(time);
            (self.length, self.is_utc) = (time.len(), time.ends_with(b"Z"));
            (self.least, self.greatest) = (written, written);
        }
    }

    fn widen(&mut self, ticks: Option<i64>) {
        let Some(ticks) = ticks else { return };
        let (least, greatest) = self.others.unwrap_or((ticks, ticks));
        self.others = Some((least.min(ticks), greatest.max(ticks)));
    }

    fn widen_by_written(&mut self) {
        for time in [self.least, self.greatest] {
            let ticks = self.clock.ticks(&time.bytes(self.length)[..self.length]);
            self.widen(ticks);
        }
    }

    pub(super) fn take(&mut self) -> Option<(i64, i64)> {
        self.widen_by_written();
        self.length = 0;
        self.others.take()
    }
}

impl Written {
    const MAX: usize = 32;

    #[inline(always)]
    fn of(time: &[u8]) -> Written {
        match (time.first_chunk(), time.last_chunk()) {
            (Some(head), Some(tail)) => Written { head: u128::from_be_bytes(*head), tail: u128::from_be_bytes(*tail) },
            _ => Written::of_short(time),
        }
    }

    #[inline(never)]
    fn of_short(time: &[u8]) -> Written {
        let mut head = [0; 16];
        head[..time.len()].copy_from_slice(time);
        Written { head: u128::from_be_bytes(head), tail: 0 }
    }

    /// The text of that length, and zeros.
    fn bytes(&self, length: usize) -> [u8; Written::MAX] {
        let mut bytes = [0; Written::MAX];
        bytes[..16].copy_from_slice(&self.head.to_be_bytes());
        if let Some(tail) = length.checked_sub(16).and_then(|start| bytes.get_mut(start..length)) {
            tail.copy_from_slice(&self.tail.to_be_bytes());
        }
        bytes
    }

    /// The first eleven bytes are the same: a date and a T, or whole seconds.
    #[inline(always)]
    fn begins_as(&self, other: &Written) -> bool {
        (self.head ^ other.head) >> 40 == 0
    }
}

/// Of two such times of one length the greater text is the later: UTC in one form, or seconds.
fn is_comparable(time: &[u8]) -> bool {
    if time.len() > Written::MAX {
        return false;
    }
    match time {
        [b'0'..=b'9', _, _, _, b'-', _, _, _, _, _, b'T', .., b'Z'] => true,
        [b'0'..=b'9', .., b'0'..=b'9'] => time.len() > 9 && time[..9].iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
