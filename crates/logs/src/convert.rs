//! Text of log fields into Kusto's values: times in the notations that exporters use, numbers, booleans.

use kql::Type;
use kql::time::{self, DAY, HOUR, MINUTE, SECOND, UNIX_EPOCH};

/// The datetime, in ticks, that `text` writes: ISO 8601, the portal's `5/20/2026, 1:36:27.000 PM` (month first, UTC), or a number
/// of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size.
pub(crate) fn ticks(text: &str) -> Option<i64> {
    iso_fast(text.as_bytes()).or_else(|| {
        let text = text.trim();
        time::parse_iso(text).or_else(|| epoch(text)).or_else(|| us_date(text)).or_else(|| spelled_month(text))
    })
}

/// The whole number, or the ticks, that a column of type `int`, `long` or `datetime` holds for a field's text; `None` where that is
/// null, and for other types.
#[must_use]
pub fn number(ty: Type, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    match ty {
        Type::Int => long(text).filter(|number| i32::try_from(*number).is_ok()),
        Type::Long => long(text),
        Type::DateTime => ticks(text),
        _ => None,
    }
}

/// Reads the times of many records, most of them of one day after another.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// The date that was read last, and its ticks.
    date: [u8; 10],
    midnight: i64,
}

impl Clock {
    /// [`ticks`] of bytes that may be no text.
    #[inline]
    pub(crate) fn ticks(&mut self, bytes: &[u8]) -> Option<i64> {
        if let Some((date, rest)) = bytes.split_first_chunk::<10>()
            && let Some(time) = time_of_day(rest)
        {
            if self.date != *date {
                self.midnight = midnight(date)?;
                self.date = *date;
            }
            return Some(self.midnight + time);
        }
        ticks(std::str::from_utf8(bytes).ok()?)
    }
}

/// `YYYY-MM-DDThh:mm:ss[.f{1,9}]Z`, the form that nearly all records have; anything else is left to the general reader.
fn iso_fast(bytes: &[u8]) -> Option<i64> {
    let (date, rest) = bytes.split_first_chunk::<10>()?;
    let time = time_of_day(rest)?;
    Some(midnight(date)? + time)
}

/// The ticks of `YYYY-MM-DD`.
fn midnight(date: &[u8; 10]) -> Option<i64> {
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    time::from_civil(two(date, 0)? * 100 + two(date, 2)?, two(date, 5)?, two(date, 8)?, 0)
}

/// The ticks of `Thh:mm:ss[.f{1,9}]Z`.
#[inline]
fn time_of_day(b: &[u8]) -> Option<i64> {
    if b.len() < 10 || b[0] != b'T' || b[3] != b':' || b[6] != b':' || b[b.len() - 1] != b'Z' {
        return None;
    }
    let (hour, minute, second) = (two(b, 1)?, two(b, 4)?, two(b, 7)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match &b[9..b.len() - 1] {
        [] => 0,
        [b'.', digits @ ..] if !digits.is_empty() && digits.len() <= 9 => fraction_ticks(digits)?,
        _ => return None,
    };
    Some(hour * HOUR + minute * MINUTE + second * SECOND + fraction)
}

#[inline]
fn two(b: &[u8], at: usize) -> Option<i64> {
    let (tens, ones) = (b[at].wrapping_sub(b'0'), b[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// Digits after a decimal point of a second, cut to ticks.
fn fraction_ticks(digits: &[u8]) -> Option<i64> {
    const UNITS: [i64; 7] = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1];
    let mut ticks = 0;
    for (digit, unit) in digits.iter().zip(UNITS) {
        if !digit.is_ascii_digit() {
            return None;
        }
        ticks += i64::from(digit - b'0') * unit;
    }
    Some(ticks)
}

/// A count since 1970: seconds below 10^11, milliseconds below 10^14, microseconds below 10^17, else nanoseconds. Fractions are
/// read as digits, since a double would lose the last of them.
fn epoch(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() < 9 || whole.len() > 19 || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: i64 = whole.parse().ok()?;
    let ticks = match whole.len() {
        ..=11 => count.checked_mul(SECOND)? + if fraction.is_empty() { 0 } else { fraction_ticks(fraction.as_bytes())? },
        12..=14 => count.checked_mul(time::MILLISECOND)?,
        15..=17 => count.checked_mul(time::MICROSECOND)?,
        _ => count / 100,
    };
    time::in_range(UNIX_EPOCH.checked_add(ticks)?)
}

/// `5/20/2026, 1:36:27.000 PM`, with or without comma, seconds, fraction and half of the day.
fn us_date(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once([',', ' ']).unwrap_or((text, ""));
    let mut parts = date.split('/').map(|part| part.parse::<i64>().ok());
    let (month, day, year) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let year = if year < 100 { 2000 + year } else { year };
    time::from_civil(year, month, day, clock_ticks(clock.trim())?)
}

/// `1:36:27.000 PM`, `13:36`, or nothing.
fn clock_ticks(clock: &str) -> Option<i64> {
    if clock.is_empty() {
        return Some(0);
    }
    let upper = clock.to_ascii_uppercase();
    let (digits, half) = match upper.strip_suffix('M').map(str::trim_end) {
        Some(rest) => (rest.strip_suffix(['A', 'P'])?.trim_end(), Some(rest.ends_with('P'))),
        None => (upper.as_str(), None),
    };
    let mut parts = digits.splitn(3, ':');
    let (hour, minute, rest) =
        (parts.next()?.parse::<i64>().ok()?, parts.next()?.parse::<i64>().ok()?, parts.next().unwrap_or("0"));
    let (second, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let second: i64 = second.parse().ok()?;
    let hour = match half {
        // `14:51 PM` is seen in samples, and can mean but one thing.
        Some(true) if (13..24).contains(&hour) => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
        None => hour,
    };
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return None;
    }
    let ticks = hour * HOUR + minute * MINUTE + second * SECOND + fraction_ticks(fraction.as_bytes())?;
    (0..DAY).contains(&ticks).then_some(ticks)
}

/// `Jul 25 2019 23:30:12` and `25 Jul 2019 23:30:12`, as CEF writes times.
fn spelled_month(text: &str) -> Option<i64> {
    let mut words = text.split_whitespace();
    let (first, second, year, clock) = (words.next()?, words.next()?, words.next()?.parse::<i64>().ok()?, words.next()?);
    let (month, day) = match month_number(first) {
        Some(month) => (month, second.parse().ok()?),
        None => (month_number(second)?, first.parse().ok()?),
    };
    time::from_civil(year, month, day, clock_ticks(clock)?)
}

/// 1 for `Jan` …
pub(crate) fn month_number(name: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let short = name.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().position(|month| *month == short).and_then(|at| i64::try_from(at + 1).ok())
}

/// A whole number: decimal, `0x` hexadecimal, or a real without a fraction (`443.0`).
pub(crate) fn long(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    let real: f64 = text.parse().ok().filter(|_| text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.'))?;
    #[expect(clippy::cast_possible_truncation, reason = "the guard keeps it inside the integers that a double holds exactly")]
    (real.fract() == 0.0 && real.abs() < 9_007_199_254_740_992.0).then_some(real as i64)
}

/// `true`, `False`, `T`, `1` … and their opposites.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "True" | "TRUE" | "T" | "1" => Some(true),
        "false" | "False" | "FALSE" | "F" | "0" => Some(false),
        _ => None,
    }
}

/// A real; `NaN` and `Infinity` too.
pub(crate) fn real(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_every_notation_are_the_same_moment() {
        for text in [
            "2026-05-20T13:36:27Z",
            "2026-05-20T13:36:27.000Z",
            "2026-05-20 13:36:27",
            "2026-05-20T15:36:27+0200",
            "5/20/2026, 1:36:27.000 PM",
            "5/20/2026 13:36:27",
            "5/20/2026, 13:36:27 PM",
            "05/20/26, 01:36:27 pm",
            "1779284187",
            "1779284187.0",
            "1779284187000",
            "1779284187000000",
            "1779284187000000000",
            "May 20 2026 13:36:27",
        ] {
            let seen = ticks(text).map(time::format_datetime);
            assert_eq!(seen.as_deref(), Some("2026-05-20T13:36:27.0000000Z"), "{text}");
        }
        assert_eq!(ticks("1588205199.82437").map(|t| t % SECOND), Some(8_243_700));
        for bad in [
            "",
            "x",
            "13/20/2026, 1:00:00 PM",
            "2/30/2026",
            "443",
            "5/20/2026, 13:00 AM",
            "99999999999999999999",
            "1/1/2026 -9223372036854775808:00",
            "1/1/2026 9223372036854775807:00",
            "1/1/2026 1:-9223372036854775808",
            "1/1/2026 1:00:-9223372036854775808",
            "1/1/2026 -9223372036854775808:00 AM",
            "1/1/-9223372036854775808",
            "May 9223372036854775807 2026 1:00",
        ] {
            assert_eq!(ticks(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_and_booleans() {
        assert_eq!(
            (long("443.0"), long("0x10"), long("-1"), long("1.5"), long("nan")),
            (Some(443), Some(16), Some(-1), None, None)
        );
        assert_eq!((boolean("T"), boolean("False"), boolean("x")), (Some(true), Some(false), None));
    }
}
