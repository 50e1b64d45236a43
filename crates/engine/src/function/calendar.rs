//! Parts of a moment and its place in day, week, month and year: `startofweek`, `datetime_part`, `datetime_diff` …
//!
//! Weeks begin on Sunday, except those of `week_of_year`, which are ISO 8601's.

use kql::time::{self, DAY, HOUR, MILLISECOND, MINUTE, SECOND, civil, days_from_civil, from_civil, in_range};

use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;

use super::{Call, Function, kernel};
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("datetime_add", |_, cells| match (cells[0].as_str(), cells[1].as_long(), &cells[2]) {
        (part, Some(amount), Cell::DateTime(t)) => moment(Part::of(part).and_then(|part| added(part, amount, *t))),
        _ => Cell::Null,
    }),
    Function::row("datetime_diff", |_, cells| match (cells[0].as_str(), &cells[1], &cells[2]) {
        (part, Cell::DateTime(a), Cell::DateTime(b)) => long(Part::of(part).and_then(|part| difference(part, *a, *b))),
        _ => Cell::Null,
    }),
    Function::row("datetime_part", |_, cells| part(cells)),
    Function::row("datepart", |_, cells| part(cells)),
    Function::either(
        "dayofmonth",
        |_, cells| field(cells, |t| civil(t).day),
        |call, args, _| fields(call, args, |t| civil(t).day),
    ),
    Function::row("dayofweek", |_, cells| match cells[0] {
        // Kusto has no day of the week for the last days of 9999, whose week ends beyond its calendar.
        Cell::DateTime(t) if in_range(t - t.rem_euclid(DAY) + (7 - weekday(t)) * DAY - 1).is_some() => {
            Cell::TimeSpan(weekday(t) * DAY)
        }
        _ => Cell::Null,
    }),
    Function::either("dayofyear", |_, cells| field(cells, day_of_year), |call, args, _| fields(call, args, day_of_year)),
    Function::either(
        "getmonth",
        |_, cells| field(cells, |t| civil(t).month),
        |call, args, _| fields(call, args, |t| civil(t).month),
    ),
    Function::either(
        "getyear",
        |_, cells| field(cells, |t| civil(t).year),
        |call, args, _| fields(call, args, |t| civil(t).year),
    ),
    Function::either(
        "hourofday",
        |_, cells| field(cells, |t| t.rem_euclid(DAY) / HOUR),
        |call, args, _| fields(call, args, |t| t.rem_euclid(DAY) / HOUR),
    ),
    Function::either(
        "monthofyear",
        |_, cells| field(cells, |t| civil(t).month),
        |call, args, _| fields(call, args, |t| civil(t).month),
    ),
    Function::either("week_of_year", |_, cells| field(cells, iso_week), |call, args, _| fields(call, args, iso_week)),
    Function::row("weekofyear", |_, cells| field(cells, old_week)),
    Function::either(
        "startofday",
        |_, cells| boundary(cells, Part::Day, 0),
        |call, args, _| boundaries(call, args, Part::Day, 0),
    ),
    Function::either(
        "startofweek",
        |_, cells| boundary(cells, Part::Week, 0),
        |call, args, _| boundaries(call, args, Part::Week, 0),
    ),
    Function::either(
        "startofmonth",
        |_, cells| boundary(cells, Part::Month, 0),
        |call, args, _| boundaries(call, args, Part::Month, 0),
    ),
    Function::either(
        "startofyear",
        |_, cells| boundary(cells, Part::Year, 0),
        |call, args, _| boundaries(call, args, Part::Year, 0),
    ),
    Function::either("endofday", |_, cells| boundary(cells, Part::Day, 1), |call, args, _| boundaries(call, args, Part::Day, 1)),
    Function::either(
        "endofweek",
        |_, cells| boundary(cells, Part::Week, 1),
        |call, args, _| boundaries(call, args, Part::Week, 1),
    ),
    Function::either(
        "endofmonth",
        |_, cells| boundary(cells, Part::Month, 1),
        |call, args, _| boundaries(call, args, Part::Month, 1),
    ),
    Function::either(
        "endofyear",
        |_, cells| boundary(cells, Part::Year, 1),
        |call, args, _| boundaries(call, args, Part::Year, 1),
    ),
];

/// A unit of the calendar or the clock.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

impl Part {
    /// The unit of that name, in any case.
    fn of(name: &str) -> Option<Part> {
        Some(match name.to_ascii_lowercase().as_str() {
            "year" => Part::Year,
            "quarter" => Part::Quarter,
            "month" => Part::Month,
            "week" => Part::Week,
            "day" => Part::Day,
            "hour" => Part::Hour,
            "minute" => Part::Minute,
            "second" => Part::Second,
            "millisecond" => Part::Millisecond,
            "microsecond" => Part::Microsecond,
            "nanosecond" => Part::Nanosecond,
            _ => return None,
        })
    }

    /// Its length in ticks, if it always has the same.
    fn ticks(self) -> Option<i64> {
        Some(match self {
            Part::Week => 7 * DAY,
            Part::Day => DAY,
            Part::Hour => HOUR,
            Part::Minute => MINUTE,
            Part::Second => SECOND,
            Part::Millisecond => MILLISECOND,
            Part::Microsecond => time::MICROSECOND,
            _ => return None,
        })
    }

    /// Its length in months, if it has one.
    fn months(self) -> Option<i64> {
        match self {
            Part::Year => Some(12),
            Part::Quarter => Some(3),
            Part::Month => Some(1),
            _ => None,
        }
    }
}

fn moment(ticks: Option<i64>) -> Cell<'static> {
    ticks.and_then(in_range).map_or(Cell::Null, Cell::DateTime)
}

fn long(number: Option<i64>) -> Cell<'static> {
    number.map_or(Cell::Null, Cell::Long)
}

fn field(cells: &[Cell<'_>], of: impl Fn(i64) -> i64) -> Cell<'static> {
    match cells[0] {
        Cell::DateTime(t) => Cell::Long(of(t)),
        _ => Cell::Null,
    }
}

/// [`field`] of a column.
fn fields(call: &Call, args: &[ColumnarValue], of: impl Fn(i64) -> i64) -> Result<Option<ColumnarValue>> {
    kernel::map_whole(call, args, |t| Some(of(t)))
}

/// [`boundary`] of a column, without an offset.
fn boundaries(call: &Call, args: &[ColumnarValue], part: Part, end: i64) -> Result<Option<ColumnarValue>> {
    if args.len() > 1 {
        return Ok(None);
    }
    kernel::map_whole(call, args, |t| start(part, t, end)?.checked_sub(end).and_then(in_range))
}

/// 0 for Sunday. 0001-01-01 was a Monday.
fn weekday(t: i64) -> i64 {
    (t.div_euclid(DAY) + 1).rem_euclid(7)
}

fn day_of_year(t: i64) -> i64 {
    t.div_euclid(DAY) - days_from_civil(civil(t).year, 1, 1) + 1
}

/// The week by ISO 8601: that of its Thursday within the Thursday's year.
fn iso_week(t: i64) -> i64 {
    let day = t.div_euclid(DAY);
    // Days since Monday; 0001-01-01 was one.
    let thursday = day - day.rem_euclid(7) + 3;
    week_of_day(thursday)
}

/// The week as it once was counted: from Sunday, by its Wednesday.
fn old_week(t: i64) -> i64 {
    week_of_day(t.div_euclid(DAY) - weekday(t) + 3)
}

/// Which week of its year that day stands for. The days of one week may reach beyond the calendar, and still have a number.
fn week_of_day(day: i64) -> i64 {
    let year = civil(day * DAY).year;
    (day - days_from_civil(year, 1, 1)) / 7 + 1
}

/// The moment `amount` units later; the day of the month is cut to the month's length.
fn added(part: Part, amount: i64, t: i64) -> Option<i64> {
    if part == Part::Nanosecond {
        return t.checked_add(amount.div_euclid(100));
    }
    let Some(months) = part.months() else { return t.checked_add(part.ticks()?.checked_mul(amount)?) };
    let at = civil(t);
    let month = (at.year * 12 + at.month - 1).checked_add(amount.checked_mul(months)?)?;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    from_civil(year, month, at.day.min(time::days_in_month(year, month)), at.ticks)
}

/// How many of the unit's borders lie between `b` and `a`.
fn difference(part: Part, a: i64, b: i64) -> Option<i64> {
    if part == Part::Nanosecond {
        return (a - b).checked_mul(100);
    }
    if let Some(months) = part.months() {
        let index = |t: i64| {
            let at = civil(t);
            (at.year * 12 + at.month - 1).div_euclid(months)
        };
        return Some(index(a) - index(b));
    }
    // Weeks border at the start of Sunday, a day before 0001-01-01.
    let shift = if part == Part::Week { DAY } else { 0 };
    let ticks = part.ticks()?;
    Some((a + shift).div_euclid(ticks) - (b + shift).div_euclid(ticks))
}

/// `datetime_part(name, moment)`.
fn part(cells: &[Cell<'_>]) -> Cell<'static> {
    let Cell::DateTime(t) = cells[1] else { return Cell::Null };
    let name = cells[0].as_str().to_ascii_lowercase();
    let (at, in_second) = (civil(t), t.rem_euclid(SECOND));
    long(Some(match name.as_str() {
        "year" => at.year,
        "quarter" => (at.month - 1) / 3 + 1,
        "month" | "monthofyear" => at.month,
        "week_of_year" => iso_week(t),
        "weekofyear" => old_week(t),
        "day" | "dayofmonth" => at.day,
        "dayofyear" => day_of_year(t),
        "hour" => at.ticks / HOUR,
        "minute" => at.ticks / MINUTE % 60,
        "second" => at.ticks / SECOND % 60,
        "millisecond" => in_second / MILLISECOND,
        "microsecond" => in_second / time::MICROSECOND,
        "nanosecond" => in_second * 100,
        _ => return Cell::Null,
    }))
}

/// The start of the unit the moment lies in, `offset` units on; with `end` 1 the last tick before the next one's.
fn boundary(cells: &[Cell<'_>], part: Part, end: i64) -> Cell<'static> {
    let Cell::DateTime(t) = cells[0] else { return Cell::Null };
    let offset = match cells.get(1) {
        None => 0,
        Some(cell) => match cell.as_long() {
            Some(offset) => offset,
            None => return Cell::Null,
        },
    };
    moment(start(part, t, offset.saturating_add(end)).and_then(|start| start.checked_sub(end)))
}

/// The start, which may be the tick after the calendar's last.
fn start(part: Part, t: i64, offset: i64) -> Option<i64> {
    let day = t - t.rem_euclid(DAY);
    let Some(months) = part.months() else {
        let first = if part == Part::Week { day - weekday(t) * DAY } else { day };
        return first.checked_add(part.ticks()?.checked_mul(offset)?);
    };
    let at = civil(t);
    let month = ((at.year * 12 + at.month - 1).div_euclid(months)).checked_add(offset)?.checked_mul(months)?;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    (1..=10_000).contains(&year).then(|| days_from_civil(year, month, 1) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        time::parse_iso(text).unwrap()
    }

    fn edge(text: &str, part: Part, end: i64, offset: i64) -> String {
        match boundary(&[Cell::DateTime(at(text)), Cell::Long(offset)], part, end) {
            Cell::DateTime(t) => time::format_datetime(t),
            _ => "null".to_owned(),
        }
    }

    #[test]
    fn starts_and_ends() {
        assert_eq!(edge("2020-06-15T13:45", Part::Week, 0, 0), "2020-06-14T00:00:00.0000000Z");
        assert_eq!(edge("2020-06-15", Part::Week, 0, -2), "2020-05-31T00:00:00.0000000Z");
        assert_eq!(edge("2020-02-15", Part::Month, 1, 0), "2020-02-29T23:59:59.9999999Z");
        assert_eq!(edge("9999-12-31", Part::Year, 1, 0), "9999-12-31T23:59:59.9999999Z");
        assert_eq!(edge("9999-12-31", Part::Week, 1, 0), "null");
        assert_eq!(edge("0001-01-02", Part::Day, 0, -1), "0001-01-01T00:00:00.0000000Z");
        assert_eq!(edge("2020-06-15", Part::Day, 0, i64::MIN), "null");
    }

    #[test]
    fn weeks_of_the_year() {
        for (day, week) in [("2016-01-01", 53), ("2017-01-01", 52), ("2018-12-31", 1), ("2020-12-31", 53), ("9999-12-31", 52)] {
            assert_eq!(iso_week(at(day)), week, "{day}");
        }
        assert_eq!(iso_week(0), 1);
    }

    #[test]
    fn differences_count_borders() {
        let diff = |part: &str, a, b| difference(Part::of(part).unwrap(), at(a), at(b));
        assert_eq!(diff("month", "2021-03-15", "2020-01-01"), Some(14));
        assert_eq!(diff("Week", "2017-10-29", "2017-09-30T23:59"), Some(5));
        assert_eq!(diff("week", "2020-12-31", "2020-01-01"), Some(52));
        assert_eq!(diff("minute", "2017-10-30T23:05:01", "2017-10-30T23:00:59"), Some(5));
        assert_eq!(diff("microsecond", "2020-01-01T00:00:00.0000020", "2020-01-01T00:00:00.0000005"), Some(2));
        assert_eq!(diff("nanosecond", "2020-01-01", "2020-01-01T00:00:00.0000007"), Some(-700));
    }

    #[test]
    fn adding_cuts_the_day_to_the_month() {
        let add = |part: &str, n, t| added(Part::of(part).unwrap(), n, at(t)).map(time::format_datetime);
        assert_eq!(add("month", 13, "2019-01-31").as_deref(), Some("2020-02-29T00:00:00.0000000Z"));
        assert_eq!(add("quarter", -3, "2020-02-29T12:00").as_deref(), Some("2019-05-29T12:00:00.0000000Z"));
        assert_eq!(add("millisecond", 1500, "2020-01-01").as_deref(), Some("2020-01-01T00:00:01.5000000Z"));
        assert_eq!(add("year", i64::MAX, "2020-01-01"), None);
    }
}
