//! The looser texts of moments and spans that `todatetime()` and `totimespan()` read besides ISO 8601 and `d.hh:mm:ss`.
//!
//! In: any text. Out: ticks, or `None`. Sources: `scalar-data-types/datetime` (RFC 822 and RFC 850 forms) and
//! `scalar-data-types/timespan` (`1.5h`, `15 seconds`).

use super::{DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, from_civil, in_range, parse_iso, parse_timespan};

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// A moment in any form that `todatetime()` reads: ISO 8601, RFC 822 (`Sat, 8 Nov 14 15:05:02 GMT`), RFC 850
/// (`Saturday, 08-Nov-14 15:05:02 GMT`), and month, day and year with slashes or dashes (`11/8/2014 3:05:02 PM`).
#[must_use]
pub fn parse_datetime(text: &str) -> Option<i64> {
    parse_iso(text).or_else(|| parse_slashes(text)).or_else(|| parse_named_month(text))
}

/// `8 Nov 14 15:05[:02] [GMT]`, a weekday and a comma before it or not, dashes for blanks in the date or not.
#[must_use]
pub fn parse_named_month(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = match text.split_once(',') {
        Some((weekday, rest)) if weekday_by_name(weekday.trim()).is_some() => rest.trim_start(),
        Some(_) => return None,
        None => text,
    };
    let (day, rest) = text.split_once([' ', '-'])?;
    let (month, rest) = rest.split_once([' ', '-'])?;
    let (year, clock) = rest.split_once(' ').unwrap_or((rest, ""));
    let month = month_by_name(month)?;
    let (ticks, shift) = time_and_zone(clock)?;
    in_range(from_civil(full_year(year)?, month, number(day, 2)?, ticks)?.checked_sub(shift)?)
}

/// `11/8/2014 [3:05[:02.5] [PM]]`, `11-8-2014 …`, or `2014/11/8 …`; `15/11/2014 …` as well.
fn parse_slashes(text: &str) -> Option<i64> {
    let (date, clock) = text.trim().split_once([' ', 'T']).unwrap_or((text.trim(), ""));
    let mut parts = date.split(['/', '-']);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = match number(first, 2) {
        // What cannot be a month is a day.
        Some(day) if day > 12 => (third, second, first),
        _ if first.len() == 4 => (first, second, third),
        _ => (third, first, second),
    };
    if year.len() != 4 {
        return None;
    }
    let (ticks, shift) = time_of_two_halves(clock.trim())?;
    in_range(from_civil(number(year, 4)?, number(month, 2)?, number(day, 2)?, ticks)?.checked_sub(shift)?)
}

/// A time of day by itself: `15:05`, `3:05:02.5 PM`, `8 AM`.
#[must_use]
pub fn parse_clock(text: &str) -> Option<i64> {
    let text = text.trim();
    let (ticks, shift) = time_of_two_halves(text)?;
    let is_time = text.contains(':') || split_half(text).1.is_some();
    (is_time && shift == 0).then_some(ticks)
}

/// `hh:mm[:ss[.fffffff]] [zone]` or `h[:mm[:ss]] AM`: the time, and the zone's ticks east of Greenwich.
fn time_of_two_halves(clock: &str) -> Option<(i64, i64)> {
    let (clock, half) = split_half(clock);
    let (ticks, shift) = time_and_zone(clock)?;
    match half {
        None => Some((ticks, shift)),
        Some(_) if !(1..=12).contains(&(ticks / HOUR)) => None,
        Some(offset) => Some((ticks % (12 * HOUR) + offset, shift)),
    }
}

/// Takes `AM` or `PM` off the end: what it adds to the hour.
fn split_half(clock: &str) -> (&str, Option<i64>) {
    let (Some(head), Some(tail)) = (clock.get(..clock.len().saturating_sub(2)), clock.get(clock.len().saturating_sub(2)..))
    else {
        return (clock, None);
    };
    match tail.to_ascii_lowercase().as_str() {
        "am" => (head.trim_end(), Some(0)),
        "pm" => (head.trim_end(), Some(12 * HOUR)),
        _ => (clock, None),
    }
}

/// `hh:mm[:ss[.fffffff]] [zone]`; midnight for nothing. The second number is the zone's ticks east of Greenwich.
fn time_and_zone(clock: &str) -> Option<(i64, i64)> {
    let clock = clock.trim();
    if clock.is_empty() {
        return Some((0, 0));
    }
    let mut scan = super::Scan { rest: clock };
    let ticks = scan.time_of_day()?;
    let shift = scan.zone()?;
    scan.rest.is_empty().then_some((ticks, shift))
}

/// A number of that many digits at most.
fn number(text: &str, digits: usize) -> Option<i64> {
    if text.is_empty() || text.len() > digits || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// A year of four digits, or of two from 1930 to 2029.
fn full_year(text: &str) -> Option<i64> {
    let year = number(text, 4)?;
    match text.len() {
        4 => Some(year),
        2 => Some(year_of_two_digits(year)),
        _ => None,
    }
}

pub(crate) fn year_of_two_digits(year: i64) -> i64 {
    if year < 30 { 2000 + year } else { 1900 + year }
}

/// 1 to 12, by the name of a month or its first three letters.
pub(crate) fn month_by_name(text: &str) -> Option<i64> {
    abbreviates(text, &MONTHS)
}

/// 1 (Sunday) to 7, by the name of a day or its first three letters.
pub(crate) fn weekday_by_name(text: &str) -> Option<i64> {
    abbreviates(text, &WEEKDAYS)
}

/// The position from 1 of the name that `text` is, whole or its first three letters.
fn abbreviates(text: &str, names: &[&str]) -> Option<i64> {
    let at = names.iter().position(|name| text.eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(&name[..3]))?;
    i64::try_from(at + 1).ok()
}

/// A span in any form that `totimespan()` reads: `1.02:03:04.5`, a whole number of days, or a number and a unit (`1.5h`, `90s`,
/// `15 seconds`).
#[must_use]
pub fn parse_span(text: &str) -> Option<i64> {
    parse_timespan(text).or_else(|| parse_with_unit(text))
}

fn parse_with_unit(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (amount, unit) = text.split_at(end);
    let unit = unit_ticks(unit.trim())?;
    let ticks = match amount.parse::<i64>() {
        Ok(whole) => whole.checked_mul(unit)?,
        Err(_) if amount.starts_with(|c: char| c.is_ascii_digit()) => scaled(amount.parse().ok()?, unit)?,
        Err(_) => return None,
    };
    Some(if negative { -ticks } else { ticks })
}

/// That many units, to the nearest tick.
fn scaled(amount: f64, unit: i64) -> Option<i64> {
    let ticks = (amount * unit as f64).round();
    (ticks.abs() < i64::MAX as f64).then_some(ticks as i64)
}

/// The ticks in a unit by its name or abbreviation, as the language spells them.
#[must_use]
pub fn unit_ticks(unit: &str) -> Option<i64> {
    Some(match unit {
        "d" | "day" | "days" => DAY,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "m" | "min" | "minute" | "minutes" => MINUTE,
        "s" | "sec" | "second" | "seconds" => SECOND,
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => MILLISECOND,
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => MICROSECOND,
        "tick" | "ticks" => 1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::format_datetime;

    #[test]
    fn moments_in_other_forms() {
        let wanted = Some("2014-11-08T15:05:02.0000000Z");
        for text in [
            "2014-11-08T15:05:02Z",
            "Sat, 8 Nov 14 15:05:02 GMT",
            "8 Nov 2014 15:05:02",
            "Saturday, 08-Nov-14 15:05:02 GMT",
            "08-Nov-14 15:05:02",
            "11/8/2014 3:05:02 PM",
            "11/08/2014 15:05:02",
            "2014/11/08 15:05:02",
            "11-08-2014 15:05:02",
            "8 November 2014 16:05:02 +01:00",
        ] {
            assert_eq!(parse_datetime(text).map(format_datetime).as_deref(), wanted, "{text}");
        }
        assert_eq!(parse_datetime("15/11/2014"), parse_datetime("2014-11-15"));
        for bad in ["", "not a date", "8 Foo 14", "13/32/2014", "11/8/14", "Sat 8 Nov", "é/é/2014", "1/1/2014 13:00 PM"] {
            assert_eq!(parse_datetime(bad), None, "{bad}");
        }
    }

    #[test]
    fn spans_with_units() {
        for (text, ticks) in [
            ("1d", DAY),
            ("2h", 2 * HOUR),
            ("90s", 90 * SECOND),
            ("-1d", -DAY),
            ("1.5h", 90 * MINUTE),
            ("15 seconds", 15 * SECOND),
            ("00:00:00.001", MILLISECOND),
            ("2", 2 * DAY),
        ] {
            assert_eq!(parse_span(text), Some(ticks), "{text}");
        }
        for bad in ["1.5", "1w", "d", "", "99999999999999d", "1e5d"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }
}
