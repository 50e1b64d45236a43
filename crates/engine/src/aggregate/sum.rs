//! `sum`, `avg`, `variance`, `stdev`, `covariance` and their `if`s: one number out of many.
//!
//! Nulls are left out. The sum of nothing is 0, its average NaN (null unless it is a real), its variance 0.

use bigdecimal::BigDecimal;
use kql::{Type, Value, time};

use super::only_if::only_if;
use super::{Accumulator, AggregateCall, AggregateFunction};
use crate::cell::Cell;
use crate::decimal;

/// The aggregates by name.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    AggregateFunction::new("sum", |call| Ok(Box::new(Sum::of(call, false)))),
    AggregateFunction::new("sumif", |call| only_if(call, 1, |call| Ok(Box::new(Sum::of(call, false))))),
    AggregateFunction::new("avg", |call| Ok(Box::new(Sum::of(call, true)))),
    AggregateFunction::new("avgif", |call| only_if(call, 1, |call| Ok(Box::new(Sum::of(call, true))))),
    AggregateFunction::new("variance", |_| Ok(Spread::of(Kind::SAMPLE))),
    AggregateFunction::new("varianceif", |call| only_if(call, 1, |_| Ok(Spread::of(Kind::SAMPLE)))),
    AggregateFunction::new("variancep", |_| Ok(Spread::of(Kind::POPULATION))),
    AggregateFunction::new("variancepif", |call| only_if(call, 1, |_| Ok(Spread::of(Kind::POPULATION)))),
    AggregateFunction::new("stdev", |_| Ok(Spread::of(Kind::SAMPLE.root()))),
    AggregateFunction::new("stdevif", |call| only_if(call, 1, |_| Ok(Spread::of(Kind::SAMPLE.root())))),
    AggregateFunction::new("stdevp", |_| Ok(Spread::of(Kind::POPULATION.root()))),
    AggregateFunction::new("covariance", |_| Ok(Spread::of(Kind::SAMPLE.of_two()))),
    AggregateFunction::new("covarianceif", |call| only_if(call, 2, |_| Ok(Spread::of(Kind::SAMPLE.of_two())))),
    AggregateFunction::new("covariancep", |_| Ok(Spread::of(Kind::POPULATION.of_two()))),
    AggregateFunction::new("covariancepif", |call| only_if(call, 2, |_| Ok(Spread::of(Kind::POPULATION.of_two())))),
];

/// A sum in the arithmetic of its values.
#[derive(Debug)]
enum Total {
    /// Of whole numbers and ticks.
    Whole(i128),
    /// Of reals, with what rounding has lost (Neumaier).
    Real(f64, f64),
    /// Of decimals.
    Decimal(BigDecimal),
}

/// A sum, and of how many.
#[derive(Debug)]
struct Sum {
    returns: Type,
    average: bool,
    count: i64,
    total: Total,
}

impl Sum {
    fn of(call: &AggregateCall, average: bool) -> Sum {
        let total = match call.types.first() {
            Some(Type::Real | Type::Dynamic) => Total::Real(0.0, 0.0),
            Some(Type::Decimal) => Total::Decimal(BigDecimal::from(0)),
            _ => Total::Whole(0),
        };
        Sum { returns: call.returns.first().copied().unwrap_or(Type::Real), average, count: 0, total }
    }
}

fn plus(total: &mut f64, lost: &mut f64, value: f64) {
    let sum = *total + value;
    *lost += if total.abs() >= value.abs() { (*total - sum) + value } else { (value - sum) + *total };
    *total = sum;
}

/// The compensated sum; the compensation of an infinite one is NaN and means nothing.
fn compensated(total: f64, lost: f64) -> f64 {
    if total.is_finite() { total + lost } else { total }
}

impl Accumulator for Sum {
    fn update(&mut self, args: &[Cell<'_>]) {
        let Some(cell) = args.first() else { return };
        let added = match &mut self.total {
            Total::Whole(total) => cell.as_long().map(|i| *total += i128::from(i)),
            Total::Real(total, lost) => match cell {
                Cell::Dynamic(json) => json.parse().ok(),
                other => other.as_real(),
            }
            .map(|r| plus(total, lost, r)),
            Total::Decimal(total) => decimal::parse(cell.as_str()).map(|d| *total += d),
        };
        self.count += i64::from(added.is_some());
    }

    fn merge(&mut self, state: &[Value]) {
        let [Value::Long(count), rest @ ..] = state else { return };
        self.count += count;
        match (&mut self.total, rest) {
            (Total::Whole(total), [Value::String(whole)]) => *total += whole.parse::<i128>().unwrap_or(0),
            (Total::Real(total, lost), [Value::Real(more), Value::Real(more_lost)]) => {
                plus(total, lost, *more);
                *lost += more_lost;
            }
            (Total::Decimal(total), [Value::Decimal(text)]) => *total += decimal::parse(text).unwrap_or_default(),
            _ => {}
        }
    }

    fn state(&self) -> Vec<Value> {
        let mut state = vec![Value::Long(self.count)];
        match &self.total {
            Total::Whole(total) => state.push(Value::String(total.to_string())),
            Total::Real(total, lost) => state.extend([Value::Real(*total), Value::Real(*lost)]),
            Total::Decimal(total) => state.push(Value::Decimal(total.to_scientific_notation())),
        }
        state
    }

    fn finish(&self) -> Vec<Value> {
        // A sum of whole numbers keeps its low 64 bits: it wraps as adding one by one does.
        vec![match (&self.total, self.average, self.count) {
            (Total::Whole(total), false, _) => of_type(*total as i64, self.returns),
            (Total::Real(total, lost), false, _) => Value::Real(compensated(*total, *lost)),
            (Total::Decimal(total), false, _) => Value::Decimal(decimal::text(total)),
            (_, true, 0) if self.returns == Type::Real => Value::Real(f64::NAN),
            (_, true, 0) => Value::Null,
            (Total::Whole(total), true, count) if matches!(self.returns, Type::DateTime | Type::TimeSpan) => {
                of_type((*total / i128::from(count)) as i64, self.returns)
            }
            (Total::Whole(total), true, count) => Value::Real(*total as f64 / count as f64),
            (Total::Real(total, lost), true, count) => Value::Real(compensated(*total, *lost) / count as f64),
            (Total::Decimal(total), true, count) => {
                decimal::divide(total, &BigDecimal::from(count)).map_or(Value::Null, |d| Value::Decimal(decimal::text(&d)))
            }
        }]
    }

    fn size(&self) -> usize {
        size_of::<Sum>() + if matches!(self.total, Total::Decimal(_)) { 32 } else { 0 }
    }
}

fn of_type(number: i64, ty: Type) -> Value {
    match ty {
        Type::DateTime => time::in_range(number).map_or(Value::Null, Value::DateTime),
        Type::TimeSpan => Value::TimeSpan(number),
        Type::Real => Value::Real(number as f64),
        _ => Value::Long(number),
    }
}

/// Which measure of spread.
#[derive(Clone, Copy, Debug)]
struct Kind {
    sample: bool,
    root: bool,
    two: bool,
}

impl Kind {
    const SAMPLE: Kind = Kind { sample: true, root: false, two: false };
    const POPULATION: Kind = Kind { sample: false, root: false, two: false };

    const fn root(self) -> Kind {
        Kind { root: true, ..self }
    }

    const fn of_two(self) -> Kind {
        Kind { two: true, ..self }
    }
}

/// The covariance of two columns, the variance being that of a column with itself (Welford's method).
#[derive(Debug)]
struct Spread {
    kind: Kind,
    count: f64,
    mean_x: f64,
    mean_y: f64,
    moment: f64,
}

impl Spread {
    fn of(kind: Kind) -> Box<dyn Accumulator> {
        Box::new(Spread { kind, count: 0.0, mean_x: 0.0, mean_y: 0.0, moment: 0.0 })
    }
}

/// The number of a cell, ticks included.
fn number(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::DateTime(t) | Cell::TimeSpan(t) => Some(*t as f64),
        Cell::Dynamic(json) => json.parse().ok(),
        other => other.as_real(),
    }
}

impl Accumulator for Spread {
    fn update(&mut self, args: &[Cell<'_>]) {
        let x = args.first().and_then(number);
        let y = if self.kind.two { args.get(1).and_then(number) } else { x };
        let (Some(x), Some(y)) = (x, y) else { return };
        self.count += 1.0;
        let from_mean = x - self.mean_x;
        self.mean_x += from_mean / self.count;
        self.mean_y += (y - self.mean_y) / self.count;
        self.moment += from_mean * (y - self.mean_y);
    }

    fn merge(&mut self, state: &[Value]) {
        let [Value::Real(count), Value::Real(mean_x), Value::Real(mean_y), Value::Real(moment)] = state else { return };
        let total = self.count + count;
        if *count > 0.0 {
            let (x, y) = (mean_x - self.mean_x, mean_y - self.mean_y);
            self.moment += moment + x * y * self.count * count / total;
            self.mean_x += x * count / total;
            self.mean_y += y * count / total;
            self.count = total;
        }
    }

    fn state(&self) -> Vec<Value> {
        [self.count, self.mean_x, self.mean_y, self.moment].map(Value::Real).to_vec()
    }

    fn finish(&self) -> Vec<Value> {
        let divisor = if self.kind.sample { self.count - 1.0 } else { self.count };
        let variance = if self.count < 2.0 && !self.moment.is_nan() { 0.0 } else { self.moment / divisor };
        vec![Value::Real(if self.kind.root { variance.sqrt() } else { variance })]
    }

    fn size(&self) -> usize {
        size_of::<Spread>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{run, run_as};
    use super::*;

    fn longs(values: &[i64]) -> Vec<Vec<Cell<'static>>> {
        values.iter().map(|n| vec![Cell::Long(*n)]).collect()
    }

    fn real(values: &[Value]) -> f64 {
        let [Value::Real(r)] = values else { panic!("{values:?}") };
        *r
    }

    #[test]
    fn sums_wrap_and_skip_nulls() {
        assert_eq!(run_as("sum", &longs(&[i64::MAX, 1]), Type::Long), [Value::Long(i64::MIN)]);
        assert_eq!(run_as("sum", &[vec![Cell::Null], vec![Cell::Int(2)]], Type::Long), [Value::Long(2)]);
        assert_eq!(run_as("sum", &[vec![Cell::TimeSpan(2)], vec![Cell::TimeSpan(3)]], Type::TimeSpan), [Value::TimeSpan(5)]);
        let decimals = [vec![Cell::Decimal("0.1".into())], vec![Cell::Decimal("0.2".into())]];
        assert_eq!(run_as("sum", &decimals, Type::Decimal), [Value::Decimal("0.3".into())]);
    }

    #[test]
    fn averages() {
        assert_eq!(run_as("avg", &longs(&[1, 2]), Type::Real), [Value::Real(1.5)]);
        assert!(real(&run_as("avg", &[vec![Cell::Null]], Type::Real)).is_nan());
        assert_eq!(run_as("avg", &[vec![Cell::DateTime(2)], vec![Cell::DateTime(4)]], Type::DateTime), [Value::DateTime(3)]);
        let rows = [(2.0, true), (9.0, false), (4.0, true)].map(|(x, p)| vec![Cell::Real(x), Cell::Bool(p)]);
        assert_eq!(run_as("avgif", &rows, Type::Real), [Value::Real(3.0)]);
    }

    #[test]
    fn spreads() {
        assert!((real(&run("variance", &longs(&[1, 2, 3, 4]))) - 5.0 / 3.0).abs() < 1e-12);
        assert!((real(&run("stdevp", &longs(&[1, 2, 3, 4]))) - 1.25_f64.sqrt()).abs() < 1e-12);
        assert_eq!(real(&run("stdev", &longs(&[5]))), 0.0);
        assert_eq!(real(&run("stdev", &[])), 0.0);
        let pairs = [(1, 2), (2, 4), (3, 6)].map(|(x, y)| vec![Cell::Long(x), Cell::Long(y)]);
        assert!((real(&run("covariance", &pairs)) - 2.0).abs() < 1e-12);
    }
}
