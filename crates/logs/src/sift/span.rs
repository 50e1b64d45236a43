//! The span of times that are not all converted.

use arrayvec::ArrayVec;

use crate::convert::Clock;

/// The least and the greatest of times, as they are written: most can be compared without being converted.
#[derive(Default)]
pub(super) struct TimeSpan {
    /// How those are written that are compared.
    form: Option<Form>,
    /// Of those, the least and the greatest: they are times.
    least: Written,
    greatest: Written,
    /// Some that were not yet compared. What is no time is told only where it would be the least or the greatest of them.
    noted: ArrayVec<Written, NOTED_MAX>,
    /// Those that cannot be compared so.
    others: Option<(i64, i64)>,
    clock: Clock,
}

const NOTED_MAX: usize = 64;

/// A way to write times: of two texts of it that are times the one that sorts behind is the later.
#[derive(Clone, Copy)]
struct Form {
    length: usize,
    /// Some bits of the first sixteen bytes, and how they are set.
    signs: u128,
    set: u128,
    /// The last byte is a Z.
    is_utc: bool,
}

impl Form {
    /// `-` behind the year and `T` behind the date.
    const UTC: [u128; 2] = Form::bits(*b"\0\0\0\0\xff\0\0\0\0\0\xff\0\0\0\0\0", *b"\0\0\0\0-\0\0\0\0\0T\0\0\0\0\0");
    /// Ten digits of seconds, told by their upper halves, and nothing more.
    const SECONDS: [u128; 2] = Form::bits(*b"\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xff\0\0\0\0\0", *b"0000000000\0\0\0\0\0\0");
    /// The same and a point.
    const POINT: [u128; 2] = Form::bits(*b"\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xff\0\0\0\0\0", *b"0000000000.\0\0\0\0\0");
    /// The same and more digits: of milliseconds for one.
    const DIGITS: [u128; 2] = Form::bits(*b"\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0\0\0\0\0\0", *b"00000000000\0\0\0\0\0");

    const fn bits(signs: [u8; 16], set: [u8; 16]) -> [u128; 2] {
        [u128::from_be_bytes(signs), u128::from_be_bytes(set)]
    }

    /// The form of a text; `None` if it is none that can be compared.
    fn of(time: &[u8]) -> Option<Form> {
        let is_utc = time.ends_with(b"Z");
        let forms: &[[u128; 2]] = if is_utc { &[Form::UTC] } else { &[Form::SECONDS, Form::POINT, Form::DIGITS] };
        let mut forms = forms.iter().map(|[signs, set]| Form { length: time.len(), signs: *signs, set: *set, is_utc });
        forms.find(|form| time.len() <= Written::MAX && form.fits(time, &Written::of(time)))
    }

    /// The text is of this form.
    #[inline(always)]
    fn fits(&self, time: &[u8], written: &Written) -> bool {
        time.len() == self.length && written.head & self.signs == self.set && time.ends_with(b"Z") == self.is_utc
    }
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
        let written = Written::of(time);
        if !self.form.is_some_and(|form| form.fits(time, &written)) {
            return self.note_other(time);
        }
        self.noted.push(written);
        if self.noted.is_full() {
            self.settle();
        }
    }

    #[inline(never)]
    fn note_other(&mut self, time: &[u8]) {
        self.settle();
        let Some(ticks) = self.clock.ticks(time) else { return };
        self.widen(ticks);
        if let Some(form) = Form::of(time) {
            let written = Written::of(time);
            self.widen_by_written();
            (self.form, self.least, self.greatest) = (Some(form), written, written);
        }
    }

    /// Compares those that were noted.
    #[inline(never)]
    fn settle(&mut self) {
        let Some((least, greatest)) = Written::least_and_greatest(&self.noted) else { return };
        let is_least_known = least >= self.least || self.ticks(&least).is_some();
        if is_least_known && (greatest <= self.greatest || self.ticks(&greatest).is_some()) {
            (self.least, self.greatest) = (self.least.min(least), self.greatest.max(greatest));
            self.noted.clear();
            return;
        }
        for time in std::mem::take(&mut self.noted) {
            if let Some(ticks) = self.ticks(&time) {
                self.widen(ticks);
            }
        }
    }

    fn ticks(&mut self, time: &Written) -> Option<i64> {
        let length = self.form?.length;
        self.clock.ticks(time.bytes(length).get(..length)?)
    }

    fn widen(&mut self, ticks: i64) {
        let (least, greatest) = self.others.unwrap_or((ticks, ticks));
        self.others = Some((least.min(ticks), greatest.max(ticks)));
    }

    fn widen_by_written(&mut self) {
        for time in [self.least, self.greatest] {
            if let Some(ticks) = self.ticks(&time) {
                self.widen(ticks);
            }
        }
    }

    pub(super) fn take(&mut self) -> Option<(i64, i64)> {
        self.settle();
        self.widen_by_written();
        self.form = None;
        self.others.take()
    }
}

impl Written {
    const MAX: usize = 32;

    /// Of a longer text, nothing that tells it from others.
    #[inline(always)]
    fn of(time: &[u8]) -> Written {
        match (time.first_chunk(), time.last_chunk()) {
            (Some(head), Some(tail)) => Written { head: u128::from_be_bytes(*head), tail: u128::from_be_bytes(*tail) },
            _ => Written::of_short(time),
        }
    }

    /// Of texts of one length: none if there is none. Times that stand near one another mostly begin alike.
    fn least_and_greatest(all: &[Written]) -> Option<(Written, Written)> {
        let head = all.first()?.head;
        if all.iter().fold(0, |unlike, it| unlike | it.head ^ head) != 0 {
            return all.iter().min().copied().zip(all.iter().max().copied());
        }
        let ends = all.iter().map(|it| it.tail);
        let (least, greatest) = ends.fold((u128::MAX, 0), |(least, greatest), end| (least.min(end), greatest.max(end)));
        Some((Written { head, tail: least }, Written { head, tail: greatest }))
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the span of times against that of all of them converted.
    fn check(times: &[&str]) {
        let mut span = TimeSpan::default();
        times.iter().for_each(|time| span.note(time.as_bytes()));
        let ticks: Vec<i64> = times.iter().filter_map(|time| Clock::default().ticks(time.as_bytes())).collect();
        let expected = ticks.iter().min().copied().zip(ticks.iter().max().copied());
        assert_eq!(span.take(), expected, "{times:?}");
        assert_eq!(span.take(), None);
    }

    #[test]
    fn the_span_is_that_of_converted_times_whatever_is_among_them() {
        const TIMES: [&str; 22] = [
            "2026-01-05T00:00:00Z",
            "2026-01-07T00:00:00Z",
            "2026-01-07T99:00:00Z",
            "2026-99-01T00:00:00Z",
            "2020-01-01T00:00:00Z",
            "2026-01-05T00:00:109",
            "2026-01-05T00:00:0xZ",
            "2026-01-05 00:00:00Z",
            "1767225600.123456789",
            "1893456000.123456789",
            "17672256000123456789",
            "1767225600",
            "1767225601",
            "1767225600.25",
            "1767225600123",
            "1767225600x12",
            "2026-01-06T12:00:00.1234567Z",
            "2026-01-06T12:00:00.12x4567Z",
            "2026-01-06T12:00:00.1234567+01:00",
            "2026-01-06T12:00:00.123456789012345678901Z",
            "nonsense",
            "",
        ];
        for a in TIMES {
            for b in TIMES {
                for c in TIMES {
                    check(&[a, b, c]);
                }
            }
            let many: Vec<&str> = (0..3 * NOTED_MAX).map(|n| if n % 70 == 69 { a } else { TIMES[n % 2] }).collect();
            check(&many);
        }
        check(&[]);
    }
}
