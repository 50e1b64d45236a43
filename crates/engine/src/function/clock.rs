//! Moments and spans from numbers, and as text: `make_datetime`, `unixtime_seconds_todatetime`, `format_datetime` …

use kql::Type;
use kql::time::{self, DAY, HOUR, MINUTE, SECOND, UNIX_EPOCH, civil};

use super::Function;
use super::cast::convert;
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("format_datetime", |_, cells| match cells[0] {
        Cell::DateTime(t) => Cell::text(format_moment(t, cells[1].as_str())),
        _ => Cell::text(""),
    }),
    Function::row("format_timespan", |_, cells| match cells[0] {
        Cell::TimeSpan(t) => Cell::text(format_span(t, cells[1].as_str())),
        _ => Cell::text(""),
    }),
    // Log files do not keep when their rows were ingested.
    Function::row("ingestion_time", |_, _| Cell::Null),
    Function::row("make_datetime", |_, cells| match cells {
        [one] => convert(one, Type::DateTime),
        parts => make_datetime(parts).map_or(Cell::Null, Cell::DateTime),
    }),
    Function::row("make_timespan", |_, cells| match cells {
        [one] => convert(one, Type::TimeSpan),
        parts => make_timespan(parts).map_or(Cell::Null, Cell::TimeSpan),
    }),
    Function::row("unixtime_seconds_todatetime", |_, cells| from_epoch(&cells[0], SECOND, 1)),
    Function::row("unixtime_milliseconds_todatetime", |_, cells| from_epoch(&cells[0], time::MILLISECOND, 1)),
    Function::row("unixtime_microseconds_todatetime", |_, cells| from_epoch(&cells[0], time::MICROSECOND, 1)),
    Function::row("unixtime_nanoseconds_todatetime", |_, cells| from_epoch(&cells[0], 1, 100)),
];

/// The moment that many units after 1970, a unit being `ticks` / `parts` ticks.
fn from_epoch(number: &Cell<'_>, ticks: i64, parts: i64) -> Cell<'static> {
    let since = match number {
        Cell::Int(_) | Cell::Long(_) => {
            number.as_long().map(|n| (i128::from(n) * i128::from(ticks)).div_euclid(i128::from(parts)))
        }
        // Rounded, since 0.1 is not a tenth; the cast stops at its ends.
        other => other.as_real().filter(|r| !r.is_nan()).map(|r| (r * ticks as f64 / parts as f64).round() as i128),
    };
    since
        .and_then(|since| i64::try_from(since.checked_add(i128::from(UNIX_EPOCH))?).ok())
        .and_then(time::in_range)
        .map_or(Cell::Null, Cell::DateTime)
}

/// The ticks of a number of seconds from 0 up to 60.
fn seconds(cell: Option<&Cell<'_>>) -> Option<i64> {
    let seconds = cell.map_or(Some(0.0), Cell::as_real)?;
    (0.0..60.0).contains(&seconds).then(|| (seconds * SECOND as f64).round() as i64)
}

/// A whole number from `least` to `most`; `least` if the argument is not there.
fn whole(cell: Option<&Cell<'_>>, least: i64, most: i64) -> Option<i64> {
    let number = match cell {
        None => return Some(least),
        Some(Cell::Real(r)) if r.is_finite() => *r as i64,
        Some(other) => other.as_long()?,
    };
    (least..=most).contains(&number).then_some(number)
}

fn make_datetime(parts: &[Cell<'_>]) -> Option<i64> {
    let date = (whole(parts.first(), 1, 9999)?, whole(parts.get(1), 1, 12)?, whole(parts.get(2), 1, 31)?);
    let (hour, minute) = (whole(parts.get(3), 0, 23)?, whole(parts.get(4), 0, 59)?);
    time::from_civil(date.0, date.1, date.2, hour * HOUR + minute * MINUTE + seconds(parts.get(5))?)
}

fn make_timespan(parts: &[Cell<'_>]) -> Option<i64> {
    let (days, clock) = if parts.len() == 4 { (whole(parts.first(), 0, 10_675_198)?, &parts[1..]) } else { (0, parts) };
    let (hour, minute) = (whole(clock.first(), 0, 23)?, whole(clock.get(1), 0, 59)?);
    Some(days * DAY + hour * HOUR + minute * MINUTE + seconds(clock.get(2))?)
}

/// Cuts the first run of one letter off a format, at most `most` of it.
fn run(format: &str, letter: char, most: usize) -> usize {
    format.chars().take(most).take_while(|c| *c == letter).count()
}

/// The fraction of a second cut to that many digits; trailing zeros dropped if `trim`.
fn fraction(ticks: i64, digits: usize, trim: bool) -> String {
    let text = format!("{:07}", ticks.rem_euclid(SECOND));
    let cut = &text[..digits.min(7)];
    if trim { cut.trim_end_matches('0') } else { cut }.to_owned()
}

/// `format_datetime()`: a letter that repeats more often than any specifier does begins another.
fn format_moment(t: i64, format: &str) -> String {
    let at = civil(t);
    let (hour, minute, second) = (at.ticks / HOUR, at.ticks / MINUTE % 60, at.ticks / SECOND % 60);
    let mut out = String::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let most = match letter {
            'y' if run(rest, 'y', 4) == 4 => 4,
            'f' | 'F' => 7,
            _ => 2,
        };
        let length = run(rest, letter, most);
        let number = match letter {
            'y' if length == 4 => at.year,
            'y' => at.year % 100,
            'M' => at.month,
            'd' => at.day,
            'H' => hour,
            'h' => (hour + 11) % 12 + 1,
            'm' => minute,
            's' => second,
            _ => -1,
        };
        let taken = match letter {
            _ if number >= 0 => {
                out.push_str(&format!("{number:0length$}"));
                length
            }
            'f' | 'F' => {
                out.push_str(&fraction(at.ticks, length, letter == 'F'));
                length
            }
            't' if length == 2 => {
                out.push_str(if hour < 12 { "AM" } else { "PM" });
                length
            }
            other => {
                out.push(other);
                1
            }
        };
        rest = rest.get(taken.max(1) * letter.len_utf8()..).unwrap_or("");
    }
    out
}

/// `format_timespan()`.
fn format_span(t: i64, format: &str) -> String {
    let ticks = t.unsigned_abs();
    let unit = |ticks: i64| ticks.unsigned_abs();
    let in_second = i64::try_from(ticks % unit(SECOND)).unwrap_or(0);
    let mut out = String::from(if t < 0 { "-" } else { "" });
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let most = match letter {
            'd' => 8,
            'f' | 'F' => 7,
            _ => 2,
        };
        let length = run(rest, letter, most);
        let number = match letter {
            'd' => Some(ticks / unit(DAY)),
            'h' | 'H' => Some(ticks / unit(HOUR) % 24),
            'm' => Some(ticks / unit(MINUTE) % 60),
            's' => Some(ticks / unit(SECOND) % 60),
            _ => None,
        };
        let taken = match (number, letter) {
            (Some(number), _) => {
                out.push_str(&format!("{number:0length$}"));
                length
            }
            (None, 'f' | 'F') => {
                out.push_str(&fraction(in_second, length, letter == 'F'));
                length
            }
            (None, other) => {
                out.push(other);
                1
            }
        };
        rest = rest.get(taken.max(1) * letter.len_utf8()..).unwrap_or("");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_text() {
        let t = time::parse_iso("2007-03-09T05:04:03.5").unwrap();
        for (format, text) in [
            ("yyyy-MM-dd HH:mm:ss.fff", "2007-03-09 05:04:03.500"),
            ("M/d/yy h:m tt", "3/9/07 5:4 AM"),
            ("dddd, MMMM d, yyyy", "0909, 0303 9, 2007"),
            ("ddd MMM", "099 033"),
            ("s.F s.FF yyyyMMdd", "3.5 3.5 20070309"),
            ("é[HH]", "é[05]"),
        ] {
            assert_eq!(format_moment(t, format), text);
        }
    }

    #[test]
    fn spans_as_text() {
        let span = |text: &str, format: &str| format_span(time::parse_timespan(text).unwrap(), format);
        assert_eq!(span("29.09:00:05.12345", "dd.hh:mm:ss:FF"), "29.09:00:05:12");
        assert_eq!(span("29.09:00:05.12345", "ddd.h:mm:ss [fffffff]"), "029.9:00:05 [1234500]");
        assert_eq!(span("-1.02:30:00", "d.hh:mm:ss"), "-1.02:30:00");
        assert_eq!(span("1.00:00:00", "dddd"), "0001");
    }

    #[test]
    fn parts_out_of_range_make_nothing() {
        let parts = |numbers: &[f64]| numbers.iter().map(|n| Cell::Real(*n)).collect::<Vec<_>>();
        assert_eq!(make_datetime(&parts(&[2020.0, 13.0, 1.0])), None);
        let last = make_datetime(&parts(&[2020.0, 2.0, 29.0, 23.0, 59.0, 59.999_999_9]));
        assert_eq!(last.map(time::format_datetime).as_deref(), Some("2020-02-29T23:59:59.9999999Z"));
        assert_eq!(make_timespan(&parts(&[25.0, 70.0])), None);
        assert_eq!(make_timespan(&parts(&[0.0, 0.0, 0.0, 0.000_000_1])), Some(1));
        assert_eq!(make_timespan(&parts(&[1.0, 2.0, 3.0])), Some(HOUR + 2 * MINUTE + 3 * SECOND));
    }

    #[test]
    fn seconds_since_1970() {
        let text = |cell: Cell<'_>| convert(&cell, Type::String).as_str().to_owned();
        assert_eq!(text(from_epoch(&Cell::Long(1_546_300_800), SECOND, 1)), "2019-01-01T00:00:00.0000000Z");
        assert_eq!(text(from_epoch(&Cell::Real(0.1), SECOND, 1)), "1970-01-01T00:00:00.1000000Z");
        assert_eq!(text(from_epoch(&Cell::Long(-250), 1, 100)), "1969-12-31T23:59:59.9999997Z");
        assert_eq!(from_epoch(&Cell::Long(i64::MAX), SECOND, 1), Cell::Null);
        assert_eq!(from_epoch(&Cell::Real(f64::NAN), SECOND, 1), Cell::Null);
    }
}
