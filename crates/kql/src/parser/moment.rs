//! What stands within `datetime(…)`.
//!
//! In: the content, without quotes. Out: the moment. Besides what `todatetime()` reads: dates of numbers alone, `min` and `max`,
//! the name of a month before the day, and times of the day on which the query starts. Sources: `todatetime(0)` of a real Kusto;
//! the reference's earlier words on literals, "omitting the date gives a time today"; and Microsoft's parser, which knows `min`
//! and `max` and reads all else as .NET's `DateTime.TryParse` does.

use crate::time;

/// What a literal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// That many ticks since 0001-01-01.
    At(i64),
    /// The time at which the query starts.
    Now,
    /// That many ticks after the midnight before the query starts.
    Today(i64),
}

/// The moment that `content` says; `None` if it says none, or if no source tells which.
pub(super) fn read(content: &str) -> Option<Moment> {
    let plain = content.replace('\u{202f}', " ");
    let plain = plain.trim();
    match plain {
        "" | "now" | "Now" | "NOW" => return Some(Moment::Now),
        "min" | "0" => return Some(Moment::At(0)),
        "max" => return Some(Moment::At(time::MAX_DATETIME)),
        _ => {}
    }
    let date = time::parse_datetime(plain).or_else(|| date_of_numbers(plain)).or_else(|| month_first(plain));
    date.map(Moment::At).or_else(|| time::parse_clock(plain).map(Moment::Today))
}

/// `2020`, `2020 - 12 - 31`, `2020, 12, 31`, `12-31-2020`, `12/31/20`, `12/2020`: a date alone, in ways that real queries write
/// it.
fn date_of_numbers(text: &str) -> Option<i64> {
    let numbers: Vec<&str> = text.split(['-', ',', '/']).map(str::trim).collect();
    let is_number = |number: &&str| (1..=4).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    if !numbers.iter().all(is_number) {
        return None;
    }
    let date = |year: &str, month: &str, day: &str| {
        let year = if year.len() == 2 { time::year_of_two_digits(year.parse().ok()?) } else { year.parse().ok()? };
        time::from_civil(year, month.parse().ok()?, day.parse().ok()?, 0)
    };
    match numbers.as_slice() {
        [year] if year.len() == 4 => date(year, "1", "1"),
        [year, month] | [month, year] if year.len() == 4 && month.len() <= 2 => date(year, month, "1"),
        [year, month, day] if year.len() == 4 => date(year, month, day),
        [month, day, year] if year.len() == 4 => date(year, month, day),
        [month, day, year] if year.len() == 2 && text.contains('/') && month.len() <= 2 => date(year, month, day),
        _ => None,
    }
}

/// `Nov 8, 2014 3:05 PM`, `Saturday, November 8 2014`, `2014 Nov 8`, `November 2014`: what the order of RFC 822 makes of it.
fn month_first(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let words = match words.as_slice() {
        [weekday, rest @ ..] if rest.len() > 1 && time::weekday_by_name(weekday).is_some() => rest,
        words => words,
    };
    let is_month = |word: &str| time::month_by_name(word).is_some();
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    let (day, month, year, clock) = match words {
        [month, day, year, clock @ ..] if is_month(month) && is_year(year) => (*day, month, year, clock),
        [year, month, day, clock @ ..] if is_year(year) && is_month(month) => (*day, month, year, clock),
        [day, month, year, clock @ ..] if is_month(month) && is_year(year) => (*day, month, year, clock),
        [month, year] | [year, month] if is_month(month) && is_year(year) => ("1", month, year, &[][..]),
        _ => return None,
    };
    let date = time::from_civil(year.parse().ok()?, time::month_by_name(month)?, day.parse().ok()?, 0)?;
    let ticks = if clock.is_empty() { 0 } else { time::parse_clock(&clock.join(" "))? };
    time::in_range(date + ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Moment> {
        time::parse_iso(text).map(Moment::At)
    }

    #[test]
    fn dates() {
        let day = at("2014-11-08");
        for text in ["2014 - 11 - 08", "2014, 11, 8", "11-08-2014", "11/8/14", "Nov 8, 2014", "Sat Nov 8 2014", "2014-Nov-08"] {
            assert_eq!(read(text), day, "{text}");
        }
        let minute = at("2014-11-08 15:05");
        for text in ["2014-11-08T15:05Z", "Sat, 8 Nov 2014 15:05 GMT", "Saturday, November 8, 2014 3:05 PM", "8 Nov 2014 3:05 PM"]
        {
            assert_eq!(read(text), minute, "{text}");
        }
        assert_eq!((read("2014"), read("Nov 2014"), read("11/2014")), (at("2014-01-01"), at("2014-11-01"), at("2014-11-01")));
        assert_eq!(
            (read("0"), read("min"), read("max")),
            (at("0001-01-01"), at("0001-01-01"), at("9999-12-31 23:59:59.9999999"))
        );
    }

    #[test]
    fn times_of_today() {
        assert_eq!((read(""), read("now")), (Some(Moment::Now), Some(Moment::Now)));
        let evening = Some(Moment::Today(20 * time::HOUR + 5 * time::MINUTE));
        assert_eq!((read("20:05"), read("8:05 PM"), read("8:05:00pm")), (evening, evening, evening));
        assert_eq!(read("8 AM"), Some(Moment::Today(8 * time::HOUR)));
    }

    #[test]
    fn no_moments() {
        for text in ["yesterday", "1", "20140101", "14-11-08", "Nov 8", "Foo 8, 2014", "25:00", "13:00 PM", "2014-02-30", "8"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
