//! The span of times that are not all converted.

use crate::convert::Clock;

/// The least and the greatest of times, as they are written: most can be compared without being converted.
#[derive(Default)]
pub(super) struct TimeSpan {
    /// Of times of one length.
    length: usize,
    least: Written,
    greatest: Written,
    /// Those that cannot be compared so.
    others: Option<(i64, i64)>,
    clock: Clock,
}

/// A text of up to thirty-two bytes, zeros behind it, as numbers: of two of one length the greater is the one that sorts behind.
type Written = [u64; 4];

impl TimeSpan {
    #[inline(always)]
    pub(super) fn note(&mut self, time: &[u8]) {
        if time.len() != self.length || !is_comparable(time) {
            return self.note_other(time);
        }
        let written = written(time);
        if written > self.greatest {
            if same_date(&written, &self.greatest) || self.clock.ticks(time).is_some() {
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
            let written = written(time);
            (self.length, self.least, self.greatest) = (time.len(), written, written);
        }
    }

    fn widen(&mut self, ticks: Option<i64>) {
        let Some(ticks) = ticks else { return };
        let (least, greatest) = self.others.unwrap_or((ticks, ticks));
        self.others = Some((least.min(ticks), greatest.max(ticks)));
    }

    fn widen_by_written(&mut self) {
        for time in [self.least, self.greatest] {
            let bytes = time.map(u64::to_be_bytes);
            let ticks = self.clock.ticks(&bytes.as_flattened()[..self.length]);
            self.widen(ticks);
        }
    }

    pub(super) fn take(&mut self) -> Option<(i64, i64)> {
        self.widen_by_written();
        self.length = 0;
        self.others.take()
    }
}

#[inline(always)]
fn written(time: &[u8]) -> Written {
    let mut words = Written::default();
    let (chunks, rest) = time.as_chunks::<8>();
    words.iter_mut().zip(chunks).for_each(|(word, chunk)| *word = u64::from_be_bytes(*chunk));
    if let (Some(tail), Some(word)) = (time.last_chunk::<8>(), words.get_mut(chunks.len())) {
        // The bytes before are shifted out.
        *word = if rest.is_empty() { 0 } else { u64::from_be_bytes(*tail) << (64 - 8 * rest.len()) };
    }
    words
}

/// The first ten bytes are the same: if those are a date of the one, so they are of the other.
#[inline(always)]
fn same_date(a: &Written, b: &Written) -> bool {
    a[0] == b[0] && a[1] >> 48 == b[1] >> 48
}

/// Of two such times of one length the greater text is the later: UTC in one form, or seconds.
#[inline(always)]
fn is_comparable(time: &[u8]) -> bool {
    if time.len() > size_of::<Written>() {
        return false;
    }
    match time {
        [b'0'..=b'9', _, _, _, b'-', _, _, _, _, _, b'T', .., b'Z'] => true,
        [b'0'..=b'9', .., b'0'..=b'9'] => time.len() > 9 && time[..9].iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
