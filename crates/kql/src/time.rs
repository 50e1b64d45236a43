//! Kusto's clock: ticks of 100 ns since 0001-01-01T00:00:00Z, to and from text.
//!
//! The range is 0001-01-01 to 9999-12-31T23:59:59.9999999Z (`scalar-data-types/datetime`); a timespan is any 64-bit count of
//! ticks.

mod text;

pub(crate) use text::{month_by_name, weekday_by_name, year_of_two_digits};
pub use text::{parse_clock, parse_datetime, parse_named_month, parse_span, unit_ticks};

/// Ticks in a microsecond.
pub const MICROSECOND: i64 = 10;
/// Ticks in a millisecond.
pub const MILLISECOND: i64 = 10_000;
/// Ticks in a second.
pub const SECOND: i64 = 10_000_000;
/// Ticks in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Ticks in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Ticks in a day.
pub const DAY: i64 = 24 * HOUR;
/// 1970-01-01T00:00:00Z in ticks.
pub const UNIX_EPOCH: i64 = 719_162 * DAY;
/// 9999-12-31T23:59:59.9999999Z, the last datetime there is.
pub const MAX_DATETIME: i64 = 3_652_059 * DAY - 1;

/// A moment's parts in the proleptic Gregorian calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// 1 to 9999.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// Ticks since midnight.
    pub ticks: i64,
}

/// Days from 0001-01-01 to that date.
#[must_use]
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 306
}

/// The date and time of day of a datetime.
#[must_use]
pub fn civil(ticks: i64) -> Civil {
    let days = ticks.div_euclid(DAY) + 306;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    Civil {
        year: era * 400 + year_of_era + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        ticks: ticks.rem_euclid(DAY),
    }
}

/// Days in that month.
#[must_use]
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The datetime of those parts; `None` outside the calendar or Kusto's range.
#[must_use]
pub fn from_civil(year: i64, month: i64, day: i64, ticks_of_day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let ticks = days_from_civil(year, month, day).checked_mul(DAY)?.checked_add(ticks_of_day)?;
    in_range(ticks)
}

/// The datetime, if it is one that Kusto can hold.
#[must_use]
pub fn in_range(ticks: i64) -> Option<i64> {
    (0..=MAX_DATETIME).contains(&ticks).then_some(ticks)
}

/// The datetime `nanos` nanoseconds after 1970, cut to ticks.
#[must_use]
pub fn from_unix_nanos(nanos: i128) -> Option<i64> {
    i64::try_from(nanos.div_euclid(100) + i128::from(UNIX_EPOCH)).ok().and_then(in_range)
}

/// `2020-01-01T00:00:00.0000000Z`.
#[must_use]
pub fn format_datetime(ticks: i64) -> String {
    let c = civil(ticks);
    let (h, m, s) = (c.ticks / HOUR, c.ticks / MINUTE % 60, c.ticks / SECOND % 60);
    format!("{:04}-{:02}-{:02}T{h:02}:{m:02}:{s:02}.{:07}Z", c.year, c.month, c.day, c.ticks % SECOND)
}

/// `[-][d.]hh:mm:ss[.fffffff]`.
#[must_use]
pub fn format_timespan(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let t = ticks.unsigned_abs();
    let unit = |ticks: i64| ticks.unsigned_abs();
    let (days, h, m, s, f) = (t / unit(DAY), t / unit(HOUR) % 24, t / unit(MINUTE) % 60, t / unit(SECOND) % 60, t % unit(SECOND));
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    let fraction = if f > 0 { format!(".{f:07}") } else { String::new() };
    format!("{sign}{days}{h:02}:{m:02}:{s:02}{fraction}")
}

/// An ISO 8601 date, or date and time, with `T` or a blank between, up to seven (or more, cut) digits of a second, and a zone
/// or none (UTC). Years may stand alone with a month (`2014-11`).
#[must_use]
pub fn parse_iso(text: &str) -> Option<i64> {
    let mut scan = Scan { rest: text.trim() };
    let year = scan.digits(4, 4)?;
    scan.literal('-')?;
    let month = scan.digits(1, 2)?;
    let day = if scan.literal('-').is_some() { scan.digits(1, 2)? } else { 1 };
    let mut ticks = 0;
    let mut shift = 0;
    if !scan.rest.is_empty() && (scan.literal('T').is_some() || scan.literal('t').is_some() || scan.literal(' ').is_some()) {
        scan.rest = scan.rest.trim_start();
        ticks = scan.time_of_day()?;
        shift = scan.zone()?;
    } else if scan.rest.eq_ignore_ascii_case("z") {
        scan.rest = "";
    }
    if !scan.rest.is_empty() {
        return None;
    }
    in_range(from_civil(year, month, day, ticks)?.checked_sub(shift)?)
}

/// What is left of a text that is being read.
struct Scan<'a> {
    rest: &'a str,
}

impl Scan<'_> {
    fn literal(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let n = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if n < least {
            return None;
        }
        let (head, tail) = self.rest.split_at(n);
        self.rest = tail;
        head.parse().ok()
    }

    /// `hh:mm[:ss[.fffffff]]`, in ticks; 24:00 is no time.
    fn time_of_day(&mut self) -> Option<i64> {
        let hour = self.digits(1, 2)?;
        let (mut minute, mut second, mut fraction) = (0, 0, 0);
        if self.literal(':').is_some() {
            minute = self.digits(1, 2)?;
            if self.literal(':').is_some() {
                second = self.digits(1, 2)?;
                if self.literal('.').is_some() || self.literal(',').is_some() {
                    fraction = self.fraction()?;
                }
            }
        }
        (hour < 24 && minute < 60 && second < 60).then_some(hour * HOUR + minute * MINUTE + second * SECOND + fraction)
    }

    fn fraction(&mut self) -> Option<i64> {
        let n = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (head, tail) = self.rest.split_at(n);
        self.rest = tail;
        let kept = &head[..n.min(7)];
        format!("{kept:0<7}").parse().ok()
    }

    /// `Z`, `UTC`, `GMT`, `+hh:mm`, `+hhmm`, `+hh`, `+h` or nothing, as ticks east of Greenwich.
    fn zone(&mut self) -> Option<i64> {
        let rest = self.rest.trim_start();
        if rest.is_empty() || ["z", "utc", "gmt"].iter().any(|name| rest.eq_ignore_ascii_case(name)) {
            self.rest = "";
            return Some(0);
        }
        let sign = match rest.as_bytes()[0] {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.rest = &rest[1..];
        let hours = self.digits(1, 2)?;
        let _ = self.literal(':');
        let minutes = if self.rest.is_empty() { 0 } else { self.digits(2, 2)? };
        Some(sign * (hours * HOUR + minutes * MINUTE))
    }
}

/// `[-][d.]hh:mm[:ss[.fffffff]]`, or a number of days.
#[must_use]
pub fn parse_timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut scan = Scan { rest };
    let mut days = 0;
    // The sign goes first: the longest span back is a tick longer than the longest one forth.
    let ticks = match rest.find(':') {
        None => (sign * scan.digits(1, 8)?).checked_mul(DAY)?,
        Some(colon) => {
            if let Some(dot) = rest[..colon].find('.') {
                days = scan.digits(1, 8).filter(|_| scan.rest.len() == rest.len() - dot)?;
                scan.literal('.')?;
            }
            (sign * scan.time_of_day()?).checked_add((sign * days).checked_mul(DAY)?)?
        }
    };
    scan.rest.is_empty().then_some(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datetimes_read_as_they_are_written() {
        for text in [
            "0001-01-01T00:00:00.0000000Z",
            "1970-01-01T00:00:00.0000000Z",
            "9999-12-31T23:59:59.9999999Z",
            "2024-02-29T12:34:56.7654321Z",
        ] {
            assert_eq!(parse_iso(text).map(format_datetime).as_deref(), Some(text));
        }
        assert_eq!(parse_iso("1970-01-01"), Some(UNIX_EPOCH));
        assert_eq!(parse_iso("2026-05-20 13:36:27 +02:00").map(format_datetime).as_deref(), Some("2026-05-20T11:36:27.0000000Z"));
        for bad in ["2023-02-29", "2023-13-01", "2023-01-01T25:00", "20230101", "", "10000-01-01"] {
            assert_eq!(parse_iso(bad), None, "{bad}");
        }
    }

    #[test]
    fn timespans_read_as_they_are_written() {
        for text in ["00:00:00", "1.00:00:00", "-00:00:01.5000000", "365.23:59:59.9999999", "-10675199.02:48:05.4775808"] {
            assert_eq!(parse_timespan(text).map(format_timespan).as_deref(), Some(text));
        }
        assert_eq!(parse_timespan("2"), Some(2 * DAY));
        assert_eq!(parse_timespan("-9223372036854775808.00:00:00"), None);
    }
}
