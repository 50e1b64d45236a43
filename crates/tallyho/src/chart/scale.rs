//! Axes as numbers: what runs along an axis in; where each value stands between its ends, and round ticks with labels, out.

use kql::time::{self, DAY, HOUR, MILLISECOND, MINUTE, SECOND};

/// What runs along an axis, and from where to where. Moments and spans are ticks of 100 ns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Numbers.
    Number {
        /// The first.
        low: f64,
        /// The last.
        high: f64,
    },
    /// Numbers above zero, each power of ten as long as the next.
    Log {
        /// The first.
        low: f64,
        /// The last.
        high: f64,
    },
    /// Moments.
    Time {
        /// The first.
        low: f64,
        /// The last.
        high: f64,
    },
    /// Lengths of time.
    Span {
        /// The first.
        low: f64,
        /// The last.
        high: f64,
    },
    /// So many names, each with a room of its own: value `n` is the middle of room `n`.
    Rooms(usize),
}

/// A place on an axis that is marked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Where.
    pub(crate) value: f64,
    /// What stands there.
    pub(crate) label: String,
    /// What stands below it where it differs from the tick before: the day under the hour, the year under the day.
    pub(crate) below: Option<String>,
}

impl Tick {
    fn new(value: f64, label: impl Into<String>) -> Tick {
        Tick { value, label: label.into(), below: None }
    }
}

impl Scale {
    /// Where a value stands: 0 at the low end, 1 at the high one.
    pub(crate) fn at(&self, value: f64) -> f64 {
        match *self {
            Scale::Number { low, high } | Scale::Time { low, high } | Scale::Span { low, high } => (value - low) / (high - low),
            Scale::Log { low, high } => (value.max(f64::MIN_POSITIVE) / low).log10() / (high / low).log10(),
            Scale::Rooms(n) => (value + 0.5) / n.max(1) as f64,
        }
    }

    /// A scale of this kind on which all values from `low` to `high` stand, with a little room if they are one.
    pub(crate) fn over(&self, low: f64, high: f64) -> Scale {
        let equal = high - low <= 0.0;
        match self {
            Scale::Number { .. } => {
                let (low, high) = if equal { (low - 0.5, high + 0.5) } else { (low, high) };
                Scale::Number { low, high }
            }
            Scale::Log { .. } => {
                let (low, high) = if equal { (low / 2.0, high * 2.0) } else { (low, high) };
                Scale::Log { low, high }
            }
            Scale::Time { .. } => {
                let (low, high) = if equal { (low - MINUTE as f64, high + MINUTE as f64) } else { (low, high) };
                Scale::Time { low, high }
            }
            Scale::Span { .. } => {
                let (low, high) = if equal { (low, high + SECOND as f64) } else { (low, high) };
                Scale::Span { low, high }
            }
            Scale::Rooms(n) => Scale::Rooms(*n),
        }
    }

    /// The same with its ends moved outward to round values, so that ticks stand at both. `most` as for [`Scale::ticks`].
    pub(crate) fn rounded(&self, most: usize) -> Scale {
        let outward = |low: f64, high: f64, step: f64| ((low / step).floor() * step, (high / step).ceil() * step);
        match *self {
            Scale::Number { low, high } => {
                let (low, high) = outward(low, high, round_step(high - low, most));
                Scale::Number { low, high }
            }
            Scale::Log { low, high } => {
                Scale::Log { low: 10f64.powf(low.log10().floor()), high: 10f64.powf(high.log10().ceil()) }.over_decade()
            }
            Scale::Span { low, high } => {
                let (low, high) = outward(low, high, span_step(high - low, most));
                Scale::Span { low, high }
            }
            Scale::Time { .. } | Scale::Rooms(_) => self.clone(),
        }
    }

    fn over_decade(self) -> Scale {
        match self {
            Scale::Log { low, high } if high <= low => Scale::Log { low, high: low * 10.0 },
            other => other,
        }
    }

    /// Round values between the ends, at most about `most` of them.
    pub(crate) fn ticks(&self, most: usize) -> Vec<Tick> {
        match *self {
            Scale::Number { low, high } => {
                let step = round_step(high - low, most);
                multiples(low, high, step).map(|value| Tick::new(value, number(value, step))).collect()
            }
            Scale::Log { low, high } => log_ticks(low, high, most),
            Scale::Time { low, high } => time_ticks(low, high, most),
            Scale::Span { low, high } => {
                let step = span_step(high - low, most);
                multiples(low, high, step).map(|value| Tick::new(value, span(value, step))).collect()
            }
            Scale::Rooms(n) => {
                let every = n.div_ceil(most.max(1)).max(1);
                (0..n).step_by(every).map(|room| Tick::new(room as f64, room.to_string())).collect()
            }
        }
    }
}

/// The multiples of `step` from `low` to `high`, both included.
fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    const MOST: i64 = 1_000;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last.min(first.saturating_add(MOST))).map(move |n| n as f64 * step)
}

/// 1, 2 or 5 times a power of ten: the smallest such step that goes into `length` at most `most` times.
fn round_step(length: f64, most: usize) -> f64 {
    let least = (length / most.max(1) as f64).max(f64::MIN_POSITIVE * 1e10);
    let power = 10f64.powf(least.log10().floor());
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * power >= least * (1.0 - 1e-9)).unwrap_or(10.0);
    digit * power
}

/// A number on an axis whose ticks are `step` apart: `0.25`, `1,500`, `20k`, `3M`.
pub(crate) fn number(value: f64, step: f64) -> String {
    let (unit, sign) = match step.abs() {
        step if step >= 5e8 => (1e9, "B"),
        step if step >= 5e5 => (1e6, "M"),
        step if step >= 1e3 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let (value, step) = (value / unit, step / unit);
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{}{sign}", grouped(&format!("{value:.decimals$}")))
}

/// A number by itself, as exactly as a reader wants it: `1,234.5`, `0.00012`, `1.2e15`.
pub(crate) fn plain(value: f64) -> String {
    let size = value.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-6) {
        return format!("{value:e}");
    }
    let decimals = if size >= 1000.0 { 1 } else { 3.max((2.0 - size.max(1e-9).log10()).ceil() as i32).min(9) as usize };
    let text = format!("{value:.decimals$}");
    grouped(if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text })
}

/// `1234567.5` as `1,234,567.5`.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

fn log_ticks(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let (first, last) = (low.log10().ceil() as i32, high.log10().floor() as i32);
    let decades = (last - first + 1).max(1);
    let digits: &[f64] = if decades <= 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = usize::try_from(decades).unwrap_or(1).div_ceil(most.max(1)).max(1);
    let powers = (first - 1..=last).filter(|power| (power - first).rem_euclid(every as i32) == 0);
    powers
        .flat_map(|power| digits.iter().map(move |digit| (digit * 10f64.powi(power), 10f64.powi(power))))
        .filter(|(value, _)| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value))
        .map(|(value, power)| Tick::new(value, number(value, power)))
        .collect()
}

/// Steps of time that people count in, up to two weeks.
const STEPS: [i64; 30] = [
    MILLISECOND,
    2 * MILLISECOND,
    5 * MILLISECOND,
    10 * MILLISECOND,
    20 * MILLISECOND,
    50 * MILLISECOND,
    100 * MILLISECOND,
    200 * MILLISECOND,
    500 * MILLISECOND,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
];

/// Steps of months: up to a thousand years.
const MONTHS: [i64; 14] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400, 6_000, 12_000];

/// The smallest step of [`STEPS`] that goes into a length at most `most` times.
fn fixed_step(length: f64, most: usize) -> Option<i64> {
    STEPS.into_iter().find(|step| length / (*step as f64) <= most as f64)
}

fn time_ticks(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let moments: Vec<(i64, String, String)> = match fixed_step(high - low, most) {
        Some(step) => multiples(low, high, step as f64)
            .filter_map(|value| time::in_range((value / MILLISECOND as f64).round() as i64 * MILLISECOND))
            .map(|at| if step < DAY { (at, clock(at, step), day(at)) } else { (at, day_of_year(at), year(at)) })
            .collect(),
        None => {
            let most = most as f64 * 30.44 * DAY as f64;
            let step = MONTHS.into_iter().find(|step| (high - low) / (*step as f64) <= most).unwrap_or(MONTHS[MONTHS.len() - 1]);
            months(low, high, step)
        }
    };
    let mut above: Option<String> = None;
    let mut ticks = Vec::with_capacity(moments.len());
    for (at, label, below) in moments {
        let shown = Some(&below).filter(|below| !below.is_empty() && above.as_ref() != Some(below)).cloned();
        ticks.push(Tick { value: at as f64, label, below: shown });
        above = Some(below);
    }
    ticks
}

/// The firsts of months, every `step` of them, with the year below; of whole years, the year alone.
fn months(low: f64, high: f64, step: i64) -> Vec<(i64, String, String)> {
    let clamped = |value: f64| time::civil((value as i64).clamp(0, time::MAX_DATETIME));
    let number = |civil: time::Civil| civil.year * 12 + civil.month - 1;
    let (first, last) = (number(clamped(low)).div_euclid(step) * step, number(clamped(high)));
    let months = (first..=last).step_by(usize::try_from(step).unwrap_or(1));
    months
        .filter_map(|month| time::from_civil(month.div_euclid(12), month.rem_euclid(12) + 1, 1, 0))
        .filter(|at| (low..=high).contains(&(*at as f64)))
        .map(|at| if step >= 12 { (at, year(at), String::new()) } else { (at, month_name(at).to_owned(), year(at)) })
        .collect()
}

fn month_name(at: i64) -> &'static str {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    usize::try_from(time::civil(at).month - 1).ok().and_then(|month| NAMES.get(month)).copied().unwrap_or("")
}

fn year(at: i64) -> String {
    time::civil(at).year.to_string()
}

/// `May 20`.
fn day_of_year(at: i64) -> String {
    format!("{} {}", month_name(at), time::civil(at).day)
}

/// `May 20, 2026`.
fn day(at: i64) -> String {
    format!("{}, {}", day_of_year(at), year(at))
}

/// `09:15`, and as much more as ticks `step` apart need.
fn clock(at: i64, step: i64) -> String {
    let text = time::format_datetime(at);
    let end = match step {
        step if step < SECOND => 23,
        step if step < MINUTE => 19,
        _ => 16,
    };
    text.get(11..end).unwrap_or_default().to_owned()
}

/// A moment by itself: `2026-05-20 09:15`, without a clock at midnight, to the millisecond where there are such.
pub(crate) fn moment(at: f64) -> String {
    let at = (at.round() as i64).clamp(0, time::MAX_DATETIME);
    let text = time::format_datetime(at).replace('T', " ");
    let end = match at {
        at if at % DAY == 0 => 10,
        at if at % MINUTE == 0 => 16,
        at if at % SECOND == 0 => 19,
        _ => 23,
    };
    text.get(..end).unwrap_or(&text).to_owned()
}

/// A round length of time that goes into `length` at most `most` times.
fn span_step(length: f64, most: usize) -> f64 {
    let milli = MILLISECOND as f64;
    if length < milli * most as f64 {
        return round_step(length, most);
    }
    fixed_step(length, most).map_or_else(|| round_step(length / DAY as f64, most) * DAY as f64, |step| step as f64)
}

/// A length of time on an axis whose ticks are `step` apart: `250 ms`, `1:30`, `06:00`, `2 d`.
fn span(value: f64, step: f64) -> String {
    const UNITS: [(i64, &str); 6] = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (MILLISECOND, "ms"), (10, "µs")];
    if value == 0.0 {
        return "0".to_owned();
    }
    let unit = UNITS.into_iter().find(|(ticks, _)| step >= *ticks as f64).unwrap_or(UNITS[UNITS.len() - 1]);
    let (ticks, name) = (unit.0 as f64, unit.1);
    format!("{} {name}", number(value / ticks, (step / ticks).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(scale: &Scale, expected: &Expect) {
        let mut out = String::new();
        for tick in scale.ticks(6) {
            let below = tick.below.map(|below| format!(" / {below}")).unwrap_or_default();
            out.push_str(&format!("{:.3} {}{below}\n", scale.at(tick.value), tick.label));
        }
        expected.assert_eq(&out);
    }

    fn at(text: &str) -> f64 {
        time::parse_iso(text).expect("a time") as f64
    }

    #[test]
    fn numbers_are_round_and_short() {
        check(
            &Scale::Number { low: 0.0, high: 4_690.0 }.rounded(6),
            &expect![[r#"
            0.000 0
            0.200 1k
            0.400 2k
            0.600 3k
            0.800 4k
            1.000 5k
        "#]],
        );
        check(
            &Scale::Number { low: -0.2, high: 0.31 }.rounded(6),
            &expect![[r#"
            0.000 -0.2
            0.167 -0.1
            0.333 0
            0.500 0.1
            0.667 0.2
            0.833 0.3
            1.000 0.4
        "#]],
        );
        check(
            &Scale::Number { low: 0.0, high: 3.0e9 },
            &expect![[r#"
                0.000 0
                0.167 0.5B
                0.333 1.0B
                0.500 1.5B
                0.667 2.0B
                0.833 2.5B
                1.000 3.0B
            "#]],
        );
        let texts = [0.0, 1.5, -1234567.25, 0.000_123_4, 1e15, 12.0, 1234.56].map(plain);
        assert_eq!(texts, ["0", "1.5", "-1,234,567.2", "0.000123", "1e15", "12", "1,234.6"]);
    }

    #[test]
    fn powers_of_ten() {
        check(
            &Scale::Log { low: 3.0, high: 70_000.0 }.rounded(6),
            &expect![[r#"
            0.000 1
            0.200 10
            0.400 100
            0.600 1k
            0.800 10k
            1.000 100k
        "#]],
        );
        check(
            &Scale::Log { low: 3.0, high: 70.0 },
            &expect![[r#"
            0.162 5
            0.382 10
            0.602 20
            0.893 50
        "#]],
        );
    }

    #[test]
    fn time_in_units_that_people_count_in() {
        check(
            &Scale::Time { low: at("2026-05-20T22:10"), high: at("2026-05-21T03:00") },
            &expect![[r#"
            0.172 23:00 / May 20, 2026
            0.379 00:00 / May 21, 2026
            0.586 01:00
            0.793 02:00
            1.000 03:00
        "#]],
        );
        check(
            &Scale::Time { low: at("2025-12-20"), high: at("2026-01-20") },
            &expect![[r#"
            0.065 Dec 22 / 2025
            0.290 Dec 29
            0.516 Jan 5 / 2026
            0.742 Jan 12
            0.968 Jan 19
        "#]],
        );
        check(
            &Scale::Time { low: at("2024-11-03"), high: at("2026-01-20") },
            &expect![[r#"
            0.133 Jan / 2025
            0.336 Apr
            0.542 Jul
            0.749 Oct
            0.957 Jan / 2026
        "#]],
        );
        check(
            &Scale::Time { low: at("0001-01-01"), high: at("9999-12-31") },
            &expect![[r#"
            0.100 1000
            0.200 2000
            0.300 3000
            0.400 4000
            0.500 5000
            0.600 6000
            0.700 7000
            0.800 8000
            0.900 9000
        "#]],
        );
        check(
            &Scale::Time { low: at("2026-05-20T09:00:00.1"), high: at("2026-05-20T09:00:00.3") },
            &expect![[r#"
                0.000 09:00:00.100 / May 20, 2026
                0.250 09:00:00.150
                0.500 09:00:00.200
                0.750 09:00:00.250
                1.000 09:00:00.300
            "#]],
        );
    }

    #[test]
    fn lengths_of_time() {
        check(
            &Scale::Span { low: 0.0, high: 95.0 * MINUTE as f64 },
            &expect![[r#"
            0.000 0
            0.316 30 min
            0.632 60 min
            0.947 90 min
        "#]],
        );
        check(
            &Scale::Span { low: 0.0, high: 0.004 * SECOND as f64 },
            &expect![[r#"
            0.000 0
            0.250 1 ms
            0.500 2 ms
            0.750 3 ms
            1.000 4 ms
        "#]],
        );
        check(
            &Scale::Span { low: 0.0, high: 400.0 * DAY as f64 },
            &expect![[r#"
            0.000 0
            0.250 100 d
            0.500 200 d
            0.750 300 d
            1.000 400 d
        "#]],
        );
    }

    #[test]
    fn one_value_has_room_around_it() {
        assert_eq!(Scale::Number { low: 0.0, high: 0.0 }.over(3.0, 3.0).at(3.0), 0.5);
        assert_eq!(Scale::Time { low: 0.0, high: 0.0 }.over(9e9, 9e9).at(9e9), 0.5);
        assert_eq!(Scale::Log { low: 1.0, high: 1.0 }.over(5.0, 5.0).at(5.0), 0.5);
    }
}
