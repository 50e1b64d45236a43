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

/// Times that are noted together.
#[derive(Default)]
pub(super) struct Times<'b>(ArrayVec<&'b [u8], NOTED_MAX>);

impl<'b> Times<'b> {
    /// Adds one, and notes them if they are many.
    #[inline(always)]
    pub(super) fn add(&mut self, time: &'b [u8], span: &mut TimeSpan) {
        self.0.push(time);
        if self.0.is_full() {
            self.note(span);
        }
    }

    pub(super) fn note(&mut self, span: &mut TimeSpan) {
        span.note_all(self.0.iter().copied());
        self.0.clear();
    }
}

/// A way to write times: of two texts of it that are times the one that sorts behind is the later.
#[derive(Clone, Copy)]
struct Form {
    length: usize,
    /// Some bits of the first sixteen bytes, and how they are set.
    signs: u128,
    set: u128,
    /// The last byte is a Z.
    is_utc: bool,
    /// Three words that hold all of a text, if it is neither too short nor too long for that.
    words: Option<[Word; 3]>,
}

/// Eight bytes of a text.
#[derive(Clone, Copy)]
struct Word {
    /// Where they stand.
    at: usize,
    /// The bits in which times that stand near one another are alike: all that do not stand in the last word, and the signs of the
    /// form.
    alike: u64,
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
        let (length, is_utc) = (time.len(), time.ends_with(b"Z"));
        let forms: &[[u128; 2]] = if is_utc { &[Form::UTC] } else { &[Form::SECONDS, Form::POINT, Form::DIGITS] };
        let mut forms = forms.iter().map(|[signs, set]| Form { length, signs: *signs, set: *set, is_utc, words: None });
        let form = forms.find(|form| length <= Written::MAX && form.written(time).is_some())?;
        let words = (8..=24).contains(&length).then(|| [0, 8.min(length - 8), length - 8].map(|at| form.word(at)));
        Some(Form { words, ..form })
    }

    fn word(&self, at: usize) -> Word {
        let (signs, last) = (self.signs.to_be_bytes(), self.length - 1);
        let alike = |at: usize| {
            let is_alike = at < self.length - 8 || at == last && self.is_utc;
            if is_alike { u8::MAX } else { signs.get(at).copied().unwrap_or(0) }
        };
        Word { at, alike: u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|byte| alike(at + byte))) }
    }

    /// The text, if it is of this form.
    #[inline(always)]
    fn written(&self, time: &[u8]) -> Option<Written> {
        let (head, tail) = match (time.first_chunk(), time.last_chunk()) {
            (Some(head), Some(tail)) => (u128::from_be_bytes(*head), u128::from_be_bytes(*tail)),
            _ => {
                let head = padded(time);
                (head, head)
            }
        };
        let fits = time.len() == self.length && head & self.signs == self.set && time.ends_with(b"Z") == self.is_utc;
        fits.then_some(Written { before: head & self.before(), tail })
    }

    /// The bits of the first sixteen bytes that do not stand in the last sixteen of a text, too.
    #[inline(always)]
    fn before(&self) -> u128 {
        !u128::MAX.checked_shr(8 * self.length.saturating_sub(16) as u32).unwrap_or(0)
    }
}

/// A text of up to thirty-two bytes as numbers: of two of one length the greater is the one that sorts behind.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    /// The bytes that stand before the last sixteen, and zeros.
    before: u128,
    /// The last sixteen bytes, or fewer with zeros behind.
    tail: u128,
}

impl TimeSpan {
    #[inline(always)]
    pub(super) fn note(&mut self, time: &[u8]) {
        let Some(written) = self.form.and_then(|form| form.written(time)) else { return self.note_other(time) };
        self.noted.push(written);
        if self.noted.is_full() {
            self.settle();
        }
    }

    /// Notes some times that mostly stand near one another.
    #[inline(never)]
    pub(super) fn note_all<'t>(&mut self, times: impl Iterator<Item = &'t [u8]> + Clone) {
        let span = self.form.and_then(|form| Written::span_of(form, times.clone()));
        if !span.is_some_and(|(least, greatest)| self.widen_to(least, greatest)) {
            times.for_each(|time| self.note(time));
        }
    }

    #[inline(never)]
    fn note_other(&mut self, time: &[u8]) {
        self.settle();
        let Some(ticks) = self.clock.ticks(time) else { return };
        self.widen(ticks);
        if let Some(form) = Form::of(time)
            && let Some(written) = form.written(time)
        {
            self.widen_by_written();
            (self.form, self.least, self.greatest) = (Some(form), written, written);
        }
    }

    /// Compares those that were noted.
    #[inline(never)]
    fn settle(&mut self) {
        let Some((least, greatest)) = self.noted.iter().min().copied().zip(self.noted.iter().max().copied()) else { return };
        if self.widen_to(least, greatest) {
            return self.noted.clear();
        }
        for time in std::mem::take(&mut self.noted) {
            if let Some(ticks) = self.ticks(&time) {
                self.widen(ticks);
            }
        }
    }

    /// Widens the span to those two, if what it is widened to is a time.
    fn widen_to(&mut self, least: Written, greatest: Written) -> bool {
        let is_least_known = least >= self.least || self.ticks(&least).is_some();
        let are_known = is_least_known && (greatest <= self.greatest || self.ticks(&greatest).is_some());
        if are_known {
            (self.least, self.greatest) = (self.least.min(least), self.greatest.max(greatest));
        }
        are_known
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

    /// The least and the greatest of texts of that form, if they are alike but for their last word.
    #[inline(always)]
    fn span_of<'t>(form: Form, mut times: impl Iterator<Item = &'t [u8]>) -> Option<(Written, Written)> {
        let words = form.words?;
        let load = |time: &[u8]| -> Option<[u64; 3]> {
            let word = |n: usize| Some(u64::from_le_bytes(*time.get(words[n].at..)?.first_chunk()?));
            if time.len() == form.length { Some([word(0)?, word(1)?, word(2)?]) } else { None }
        };
        let first = times.next().filter(|time| form.written(time).is_some())?;
        let known = load(first)?;
        let (mut unlike, mut least, mut greatest) = (0, known[2].swap_bytes(), known[2].swap_bytes());
        for time in times {
            let found = load(time)?;
            for n in 0..3 {
                unlike |= (found[n] ^ known[n]) & words[n].alike;
            }
            let tail = found[2].swap_bytes();
            unlike |= u64::from(!form.is_utc && tail as u8 == b'Z');
            (least, greatest) = (least.min(tail), greatest.max(tail));
        }
        let with_tail = |tail: u64| {
            let mut text = [0; Written::MAX];
            let text = text.get_mut(..form.length)?;
            text.copy_from_slice(first);
            *text.last_chunk_mut()? = tail.to_be_bytes();
            form.written(text)
        };
        if unlike == 0 { Some((with_tail(least)?, with_tail(greatest)?)) } else { None }
    }

    /// The text of that length, and zeros.
    fn bytes(&self, length: usize) -> [u8; Written::MAX] {
        let mut bytes = [0; Written::MAX];
        bytes[..16].copy_from_slice(&self.before.to_be_bytes());
        let start = length.saturating_sub(16);
        if let Some(tail) = bytes.get_mut(start..start + 16) {
            tail.copy_from_slice(&self.tail.to_be_bytes());
        }
        bytes
    }
}

/// A text of fewer than sixteen bytes, and zeros.
#[inline(never)]
fn padded(text: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes[..text.len()].copy_from_slice(text);
    u128::from_be_bytes(bytes)
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
        // Some one by one, and the others together.
        for first in [0, 1, times.len() / 2] {
            let (alone, mut together) = (times.len().min(first), Times::default());
            times[..alone].iter().for_each(|time| span.note(time.as_bytes()));
            times[alone..].iter().for_each(|time| together.add(time.as_bytes(), &mut span));
            together.note(&mut span);
            assert_eq!(span.take(), expected, "{times:?}");
        }
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
            // Times that stand near one another, and one that does not.
            let near: [fn(usize) -> String; 5] = [
                |n| format!("2026-01-05T00:{:02}:{:02}.{n:03}Z", n / 60, n % 60),
                |n| format!("2026-01-05T00:00:{:02}Z", n % 60),
                |n| format!("17672256{:02}", n * 7 % 100),
                |n| format!("1767225600{:03}", n * 7 % 1000),
                |n| format!("1767225600.{:06}", n * 7919 % 1_000_000),
            ];
            for time in near {
                let mut times: Vec<String> = (0..2 * NOTED_MAX).map(time).collect();
                check(&times.iter().map(String::as_str).collect::<Vec<_>>());
                a.clone_into(&mut times[NOTED_MAX + 7]);
                check(&times.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
        check(&[]);
    }
}
