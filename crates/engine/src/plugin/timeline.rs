//! A timeline: the moments, or numbers, from a start to an end, in bins.
//!
//! In: the constants that a plugin got for its start, end and step. Out: for a value of its timeline column the bin it is in.

use std::cmp::Ordering;

use datafusion::common::{Result as DfResult, exec_err};
use kql::time::{DAY, civil, days_from_civil};
use kql::{Type, Value};

use super::Call;
use crate::cell::Cell;
use crate::error::{Error, Result, code};

/// Bins of a timeline that a plugin walks over one by one, at most: as many as `make-series` has points.
const BINS_MAX: i64 = 1 << 20;

/// A place on a timeline, or the length of a piece of it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Point {
    /// Of a whole number, a datetime or a timespan (in ticks).
    Whole(i64),
    /// Of a real or decimal; always finite.
    Real(f64),
}

impl Point {
    /// The place of a value on a timeline of type `axis`; none for null.
    pub(super) fn of(cell: &Cell<'_>, axis: Type) -> Option<Point> {
        match axis {
            Type::Real | Type::Decimal => cell.as_real().filter(|real| real.is_finite()).map(Point::Real),
            _ => cell.as_long().or_else(|| Some(cell.as_real()? as i64)).map(Point::Whole),
        }
    }

    /// The value at this place.
    pub(super) fn cell(self, axis: Type) -> Cell<'static> {
        match (self, axis) {
            (Point::Whole(at), Type::DateTime) => Cell::DateTime(at),
            (Point::Whole(at), Type::TimeSpan) => Cell::TimeSpan(at),
            (Point::Whole(at), Type::Int) => i32::try_from(at).map_or(Cell::Null, Cell::Int),
            (Point::Whole(at), _) => Cell::Long(at),
            (Point::Real(at), Type::Decimal) => Cell::Decimal(at.to_string().into()),
            (Point::Real(at), _) => Cell::Real(at),
        }
    }

    /// `self + by`.
    pub(super) fn plus(self, by: Point) -> Point {
        match (self, by) {
            (Point::Whole(a), Point::Whole(b)) => Point::Whole(a.saturating_add(b)),
            (a, b) => Point::Real(a.number() + b.number()),
        }
    }

    /// `self - by`.
    pub(super) fn minus(self, by: Point) -> Point {
        match (self, by) {
            (Point::Whole(a), Point::Whole(b)) => Point::Whole(a.saturating_sub(b)),
            (a, b) => Point::Real(a.number() - b.number()),
        }
    }

    /// How often `step`, which is positive, goes into it; rounded down.
    pub(super) fn steps(self, step: Point) -> i64 {
        match (self, step) {
            (Point::Whole(at), Point::Whole(step)) => at.div_euclid(step.max(1)),
            (at, step) => (at.number() / step.number()).floor() as i64,
        }
    }

    /// `times` times this length.
    fn times(self, times: i64) -> Point {
        match self {
            Point::Whole(length) => Point::Whole(length.saturating_mul(times)),
            Point::Real(length) => Point::Real(length * times as f64),
        }
    }

    /// The total order of places.
    pub(super) fn order(&self, other: &Point) -> Ordering {
        self.partial_cmp(other).unwrap_or(Ordering::Equal)
    }

    fn number(self) -> f64 {
        match self {
            Point::Whole(at) => at as f64,
            Point::Real(at) => at,
        }
    }
}

/// The size of a bin.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// All alike, counted from the timeline's origin.
    Fixed(Point),
    /// From Sunday to Saturday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// A timeline in bins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeline {
    /// The type of its values.
    pub(super) axis: Type,
    /// The first place, if there is one.
    start: Option<Point>,
    /// The last place, if there is one.
    end: Option<Point>,
    origin: Point,
    step: Step,
}

impl Timeline {
    /// The timeline of the column that is argument 1, with start, end and step from the arguments at those positions; its bins
    /// are counted from the start.
    pub(super) fn between(call: &Call<'_>, start: usize, end: usize, step: usize) -> Result<Timeline> {
        let axis = call.expr(1)?.ty;
        let (start, end) = (call.point(start, axis, "start")?, call.point(end, axis, "end")?);
        Ok(Timeline { axis, start: Some(start), end: Some(end), origin: start, step: Step::of(call, axis, step)? })
    }

    /// A timeline of type `axis` without a start or an end, its bins counted from zero.
    pub(super) fn endless(call: &Call<'_>, axis: Type, step: usize) -> Result<Timeline> {
        Ok(Timeline { axis, start: None, end: None, origin: zero(axis), step: Step::of(call, axis, step)? })
    }

    /// The same, its bins counted from zero.
    pub(super) fn counted_from_zero(self) -> Timeline {
        Timeline { origin: zero(self.axis), ..self }
    }

    /// Whether the place is not before the start, nor after the end.
    pub(super) fn holds(&self, at: Point) -> bool {
        self.start.is_none_or(|start| at >= start) && !self.is_past(at)
    }

    /// Whether the place is after the end.
    pub(super) fn is_past(&self, at: Point) -> bool {
        self.end.is_some_and(|end| at > end)
    }

    /// Whether the place is after the start.
    pub(super) fn has_begun(&self, at: Point) -> bool {
        self.start.is_none_or(|start| at > start)
    }

    /// How far the place is from where bins are counted from, in steps of a length of one's own.
    pub(super) fn steps_of(&self, at: Point, length: Point) -> i64 {
        at.minus(self.origin).steps(length)
    }

    /// The number of the place's bin.
    pub(super) fn bin(&self, at: Point) -> i64 {
        match (self.step, at) {
            (Step::Fixed(size), at) => at.minus(self.origin).steps(size),
            // Days are counted from a Monday.
            (Step::Week, Point::Whole(ticks)) => (ticks.div_euclid(DAY) + 1).div_euclid(7),
            (Step::Month, Point::Whole(ticks)) => civil(ticks).year * 12 + civil(ticks).month - 1,
            (Step::Year, Point::Whole(ticks)) => civil(ticks).year,
            (_, Point::Real(at)) => at.floor() as i64,
        }
    }

    /// Where a bin starts.
    pub(super) fn start_of(&self, bin: i64) -> Point {
        let date = |year, month| Point::Whole(days_from_civil(year, month, 1).saturating_mul(DAY));
        match self.step {
            Step::Fixed(size) => self.origin.plus(size.times(bin)),
            Step::Week => Point::Whole((bin.saturating_mul(7) - 1).saturating_mul(DAY)),
            Step::Month => date(bin.div_euclid(12), bin.rem_euclid(12) + 1),
            Step::Year => date(bin, 1),
        }
    }

    /// The value at which a bin starts.
    pub(super) fn label(&self, bin: i64) -> Cell<'static> {
        self.start_of(bin).cell(self.axis)
    }

    /// The first bin that a window holds: it reaches back from the start of `bin` by `length`, cut to whole bins, its far end
    /// left out.
    pub(super) fn window_start(&self, bin: i64, length: Point) -> i64 {
        match self.step {
            Step::Fixed(size) => bin + 1 - length.steps(size).max(1),
            _ => (self.bin(self.start_of(bin).minus(length)) + 1).min(bin),
        }
    }

    /// The bins from the start to the end, those of the data in place of what is missing. An error if they are too many to walk.
    pub(super) fn bins(&self, least: i64, greatest: i64) -> DfResult<std::ops::RangeInclusive<i64>> {
        let first = self.start.map_or(least, |start| self.bin(start));
        let last = self.end.map_or(greatest, |end| self.bin(end));
        if last.saturating_sub(first) >= BINS_MAX {
            return exec_err!("the timeline has {} bins, {BINS_MAX} at most; use a larger step", last.saturating_sub(first));
        }
        Ok(first..=last)
    }
}

impl Step {
    fn of(call: &Call<'_>, axis: Type, position: usize) -> Result<Step> {
        if let Value::String(unit) = call.value(position, "step")? {
            let step = match unit.as_str() {
                "week" => Some(Step::Week),
                "month" => Some(Step::Month),
                "year" => Some(Step::Year),
                _ => None,
            };
            return step.filter(|_| axis == Type::DateTime).ok_or_else(|| {
                Error::new(code::ARGUMENT, "a step of text is 'week', 'month' or 'year', over a column of type datetime")
            });
        }
        Ok(Step::Fixed(call.length(position, axis, "step")?))
    }
}

fn zero(axis: Type) -> Point {
    if matches!(axis, Type::Real | Type::Decimal) { Point::Real(0.0) } else { Point::Whole(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(step: Step, text: &str, expected: &str) {
        let at = Point::Whole(kql::time::parse_iso(text).unwrap());
        let timeline = Timeline { axis: Type::DateTime, start: None, end: None, origin: Point::Whole(0), step };
        assert_eq!(timeline.label(timeline.bin(at)).to_value().to_text(), format!("{expected}T00:00:00.0000000Z"));
    }

    #[test]
    fn bins_start_where_calendars_do() {
        check(Step::Week, "2018-07-04T10:00:00Z", "2018-07-01");
        check(Step::Week, "2018-07-01T00:00:00Z", "2018-07-01");
        check(Step::Month, "2018-12-31T23:59:59Z", "2018-12-01");
        check(Step::Year, "2018-12-31T23:59:59Z", "2018-01-01");
        check(Step::Fixed(Point::Whole(7 * DAY)), "2018-07-04T10:00:00Z", "2018-07-02");
    }
}
