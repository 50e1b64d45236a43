//! The span of times that are not all converted.

use std::cmp::Ordering;

use crate::convert::Clock;

/// The least and the greatest of times, as they are written: most can be compared without being converted.
#[derive(Default)]
pub(super) struct TimeSpan {
    least: Vec<u8>,
    greatest: Vec<u8>,
    /// Those that cannot be compared so.
    others: Option<(i64, i64)>,
    clock: Clock,
}

impl TimeSpan {
    #[inline]
    pub(super) fn note(&mut self, time: &[u8]) {
        if !is_comparable(time) || time.len() != self.greatest.len() {
            return self.note_other(time);
        }
        if compare(time, &self.greatest).is_gt() {
            self.greatest.copy_from_slice(time);
        } else if compare(time, &self.least).is_lt() {
            self.least.copy_from_slice(time);
        }
    }

    fn note_other(&mut self, time: &[u8]) {
        let ticks = self.clock.ticks(time);
        self.widen(ticks);
        if is_comparable(time) {
            for old in [std::mem::take(&mut self.least), std::mem::take(&mut self.greatest)] {
                let ticks = self.clock.ticks(&old);
                self.widen(ticks);
            }
            self.least.extend_from_slice(time);
            self.greatest.extend_from_slice(time);
        }
    }

    fn widen(&mut self, ticks: Option<i64>) {
        let Some(ticks) = ticks else { return };
        let (least, greatest) = self.others.unwrap_or((ticks, ticks));
        self.others = Some((least.min(ticks), greatest.max(ticks)));
    }

    pub(super) fn take(&mut self) -> Option<(i64, i64)> {
        for time in [std::mem::take(&mut self.least), std::mem::take(&mut self.greatest)] {
            let ticks = self.clock.ticks(&time);
            self.widen(ticks);
        }
        self.others.take()
    }
}

/// Two texts of one length, eight bytes at a time.
#[inline]
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let differ = a.iter().zip(b).find(|(a, b)| a != b);
    differ.map_or_else(|| a_rest.cmp(b_rest), |(a, b)| u64::from_be_bytes(*a).cmp(&u64::from_be_bytes(*b)))
}

/// Of two such times of one length the greater text is the later: UTC in one form, or seconds.
#[inline]
fn is_comparable(time: &[u8]) -> bool {
    match time {
        [b'0'..=b'9', _, _, _, b'-', .., b'Z'] => true,
        [b'0'..=b'9', .., b'0'..=b'9'] => time.len() > 9 && time[..9].iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
