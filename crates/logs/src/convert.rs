//! Text of log fields into Kusto's values: times in the notations that exporters use, numbers, booleans.

use kql::Type;
use kql::time::{self, DAY, HOUR, MINUTE, SECOND, UNIX_EPOCH};

use crate::column::{Cell, Raw};

/// The datetime, in ticks, that `text` writes: ISO 8601 (with dashes, slashes or neither), the portal's
/// `5/20/2026, 1:36:27.000 PM` (month first, UTC), `20.5.2026 13:36:27`, a month by its name (RFC 1123, Apache, CEF, `date`), or a
/// number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size.
pub(crate) fn ticks(text: &str) -> Option<i64> {
    iso_fast(text.as_bytes()).or_else(|| seconds(text.as_bytes())).or_else(|| {
        let text = text.trim();
        let numbers = time::parse_iso(text).or_else(|| epoch(text)).or_else(|| numeric_date(text, Order::MonthFirst));
        numbers.or_else(|| basic(text)).or_else(|| spelled_month(text)).or_else(|| exponent(text))
    })
}

/// How a date of three numbers with slashes between them is read, where the year is not the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `5/20/2026`, as the portal writes it.
    MonthFirst,
    /// `20/5/2026`, as the portal writes it for those who read dates so.
    DayFirst,
}

/// The order that a date with slashes can only have; `None` where both are possible, or it is none.
pub(crate) fn order_of(text: &str) -> Option<Order> {
    let readable = |order| text.contains('/') && numeric_date(text.trim(), order).is_some();
    match (readable(Order::MonthFirst), readable(Order::DayFirst)) {
        (true, false) => Some(Order::MonthFirst),
        (false, true) => Some(Order::DayFirst),
        _ => None,
    }
}

/// Makes a cell of the first of some fields that is not empty: its date is written with the day first.
pub(crate) fn day_first<'a>(raws: &[Raw<'a>]) -> Option<Cell<'a>> {
    let raw = *raws.iter().find(|raw| !raw.is_empty())?;
    let ticks = raw.text().and_then(|text| numeric_date(text.trim(), Order::DayFirst));
    Some(ticks.map_or(Cell::Raw(raw), |ticks| Cell::Text(time::format_datetime(ticks).into())))
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

/// A count since 1970, by the number of its digits: seconds, milliseconds, microseconds, or nanoseconds. Fractions are read as
/// digits, since a double would lose the last of them. Of 14 and 17 digits are dates, of 18 the counts of other clocks.
fn epoch(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: i64 = whole.parse().ok()?;
    let ticks = match whole.len() {
        9..=11 => count.checked_mul(SECOND)? + if fraction.is_empty() { 0 } else { fraction_ticks(fraction.as_bytes())? },
        12 | 13 => count.checked_mul(time::MILLISECOND)?,
        15 | 16 => count.checked_mul(time::MICROSECOND)?,
        19 => count / 100,
        _ => return None,
    };
    time::in_range(UNIX_EPOCH.checked_add(ticks)?)
}

/// The same of ten digits, which nearly all times are that count seconds.
fn seconds(bytes: &[u8]) -> Option<i64> {
    let (whole, rest) = bytes.split_first_chunk::<10>()?;
    let fraction = match rest {
        [] => 0,
        [b'.', digits @ ..] => fraction_ticks(digits)?,
        _ => return None,
    };
    let mut count = 0;
    for digit in whole {
        if !digit.is_ascii_digit() {
            return None;
        }
        count = 10 * count + i64::from(digit - b'0');
    }
    Some(UNIX_EPOCH + count * SECOND + fraction)
}

/// The same with an exponent, as some write large numbers: `1.779284187E9`.
fn exponent(text: &str) -> Option<i64> {
    let number: f64 = text.parse().ok().filter(|_| text.contains(['e', 'E']))?;
    epoch(&number.to_string())
}

/// `20260520T133627Z`, `20260520133627.5`, `20260520`: digits of a date, and of a time with or without a sign between.
fn basic(text: &str) -> Option<i64> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let date = text.get(..8).filter(|date| digits(date) == 8)?;
    let rest = text[8..].trim_start_matches(['T', 't', ' ']);
    let (clock, tail) = rest.split_at(digits(rest));
    let clock = match clock.len() {
        0 if tail.is_empty() => String::new(),
        4 => format!("T{}:{}", &clock[..2], &clock[2..]),
        6 => format!("T{}:{}:{}", &clock[..2], &clock[2..4], &clock[4..]),
        9 => format!("T{}:{}:{}.{}", &clock[..2], &clock[2..4], &clock[4..6], &clock[6..]),
        _ => return None,
    };
    time::parse_iso(&format!("{}-{}-{}{clock}{tail}", &date[..4], &date[4..6], &date[6..]))
}

/// `5/20/2026, 1:36:27.000 PM`, with or without comma, seconds, fraction and half of the day; `2026/05/20 13:36:27`. With dots
/// between them (`20.5.2026`) the day is always the first.
fn numeric_date(text: &str, order: Order) -> Option<i64> {
    let (date, clock) = text.split_once([',', ' ']).unwrap_or((text, ""));
    let (sign, order) = if date.contains('.') { ('.', Order::DayFirst) } else { ('/', order) };
    let mut parts = date.split(sign);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = match order {
        _ if first.len() == 4 => (first, second, third),
        Order::MonthFirst => (third, first, second),
        Order::DayFirst => (third, second, first),
    };
    let year: i64 = year.parse().ok()?;
    let year = if year < 100 { 2000 + year } else { year };
    time::from_civil(year, month.parse().ok()?, day.parse().ok()?, clock_ticks(clock.trim())?)
}

/// `1:36:27.000 PM`, `13:36`, `13:36:27 UTC`, or nothing.
fn clock_ticks(clock: &str) -> Option<i64> {
    let upper = clock.to_ascii_uppercase();
    let upper = ["UTC", "GMT", "Z"].iter().find_map(|zone| upper.strip_suffix(zone)).unwrap_or(&upper).trim_end();
    if upper.is_empty() {
        return clock.is_empty().then_some(0);
    }
    let (digits, half) = match upper.strip_suffix('M').map(str::trim_end) {
        Some(rest) => (rest.strip_suffix(['A', 'P'])?.trim_end(), Some(rest.ends_with('P'))),
        None => (upper, None),
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

/// A time with the month by its name: `Wed, 20 May 2026 13:36:27 GMT` (RFC 1123), `20/May/2026:13:36:27 +0000` (Apache),
/// `May 20 2026 13:36:27` (CEF), `Wed May 20 13:36:27 UTC 2026` (`date`).
fn spelled_month(text: &str) -> Option<i64> {
    if !text.bytes().any(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    time::parse_named_month(text).or_else(|| apache_time(text)).or_else(|| month_then_day(text))
}

fn apache_time(text: &str) -> Option<i64> {
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let (date, clock) = text.split_once(':').filter(|(date, _)| date.contains('/'))?;
    time::parse_named_month(&format!("{} {clock}", date.replace('/', " ")))
}

fn month_then_day(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let words = match words.as_slice() {
        [weekday, rest @ ..] if rest.first().is_some_and(|word| month_number(word).is_some()) && weekday.len() == 3 => rest,
        words => words,
    };
    let (month, day, year, clock) = match words {
        [month, day, clock, year] if clock.contains(':') => (month, day, year, (*clock).to_owned()),
        [month, day, clock, zone, year] if clock.contains(':') => (month, day, year, format!("{clock} {zone}")),
        [month, day, year, clock @ ..] if !clock.is_empty() => (month, day, year, clock.join(" ")),
        _ => return None,
    };
    time::from_civil(year.parse().ok()?, month_number(month)?, day.parse().ok()?, clock_ticks(&clock)?)
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
    fn seconds_of_ten_digits_are_counts_as_others_are() {
        for text in ["0000000000", "1779284187", "1779284187.", "1779284187.5", "1779284187.123456789", "9999999999.9999999"] {
            assert!(seconds(text.as_bytes()).is_some() && seconds(text.as_bytes()) == epoch(text), "{text}");
        }
        for text in ["", "177928418", "17792841870", "1779284187x", "1779284187.x", "177928418x", "1779284187 "] {
            assert_eq!(seconds(text.as_bytes()), None, "{text}");
        }
    }

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
            "20 May 2026 13:36:27",
            "May 20, 2026 1:36:27 PM",
            "May 20 2026 13:36:27.000 UTC",
            "Wed May 20 13:36:27 2026",
            "Wed May 20 13:36:27 UTC 2026",
            "Wed, 20 May 2026 13:36:27 GMT",
            "Wed, 20 May 2026 15:36:27 +0200",
            "20/May/2026:13:36:27 +0000",
            "[20/May/2026:15:36:27 +0200]",
            "20260520T133627Z",
            "20260520T153627.000+0200",
            "20260520133627",
            "20260520133627.0Z",
            "20260520133627000",
            "2026/05/20 13:36:27",
            "20.05.2026 13:36:27",
            "20.5.2026, 13:36:27",
            "1.779284187E9",
            "1.779284187e+12",
        ] {
            let seen = ticks(text).map(time::format_datetime);
            assert_eq!(seen.as_deref(), Some("2026-05-20T13:36:27.0000000Z"), "{text}");
        }
        assert_eq!(ticks("20260520").map(time::format_datetime).as_deref(), Some("2026-05-20T00:00:00.0000000Z"));
        assert_eq!(ticks("1588205199.82437").map(|t| t % SECOND), Some(8_243_700));
        for bad in [
            "",
            "x",
            "13/20/2026, 1:00:00 PM",
            "2/30/2026",
            "443",
            // Counts of other clocks, and dates that are none.
            "133950981870000000",
            "20261320133627",
            "20260520T1",
            "20/May/2026",
            "Wed, 20 Foo 2026 13:36:27 GMT",
            "20/05/2026 10:00:00",
            "1e400",
            "UTC",
            "5/20/2026 Z",
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
    fn a_date_can_have_but_one_order_or_either() {
        assert_eq!(order_of("20/05/2026, 13:36:27.000"), Some(Order::DayFirst));
        assert_eq!(order_of("5/20/2026 1:36 PM"), Some(Order::MonthFirst));
        for either in ["5/6/2026", "20.05.2026", "2026/05/20", "10/33", "x/y/z", "33/33/2026"] {
            assert_eq!(order_of(either), None, "{either}");
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
