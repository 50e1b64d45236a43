//! The equal steps of an axis: which one a value is in, and where each starts (`make-series`).

use bigdecimal::BigDecimal;
use bigdecimal::num_traits::Signed;
use kql::{Type, Value};

use crate::cell::{Cell, Cells};
use crate::decimal;

/// Steps that are numbered from where they begin, the first being 0.
#[derive(Debug)]
pub(crate) enum Steps {
    /// Of whole numbers and of time.
    Whole { axis: Type, from: i64, step: i64 },
    /// Of reals.
    Real { from: f64, step: f64 },
    /// Of decimals.
    Decimal { from: BigDecimal, step: BigDecimal },
}

impl Steps {
    /// Those of an axis of that type from `from`, or else from zero; none unless `step` is greater than zero.
    pub(crate) fn new(axis: Type, from: Option<&Value>, step: &Value) -> Option<Steps> {
        let (from, step) = (from.map_or(Cell::Null, Cell::of), Cell::of(step));
        match axis {
            Type::Decimal => {
                let step = decimal::of(&step).filter(BigDecimal::is_positive)?;
                Some(Steps::Decimal { from: decimal::of(&from).unwrap_or_default(), step })
            }
            Type::Real => {
                let step = step.as_real().filter(|step| *step > 0.0)?;
                Some(Steps::Real { from: from.as_real().unwrap_or(0.0), step })
            }
            _ => {
                let step = step.as_long().filter(|step| *step > 0)?;
                Some(Steps::Whole { axis, from: from.as_long().unwrap_or(0), step })
            }
        }
    }

    /// The step that a value is in.
    pub(crate) fn of(&self, cell: &Cell<'_>) -> Option<i64> {
        match self {
            Steps::Whole { from, step, .. } => Some(cell.as_long()?.checked_sub(*from)?.div_euclid(*step)),
            Steps::Real { from, step } => {
                let place = ((cell.as_real()? - from) / step).floor();
                place.is_finite().then_some(place as i64)
            }
            Steps::Decimal { from, step } => {
                let place = decimal::of(cell)? - from;
                let above = decimal::remainder(&place, step)?;
                decimal::divide(&(place - above), step).map(|number| decimal::to_long(&number))
            }
        }
    }

    /// The steps that the values of a column are in.
    pub(crate) fn of_all(&self, axis: &Cells<'_>, rows: usize) -> Vec<Option<i64>> {
        match (axis, self) {
            (Cells::Long(_, values), Steps::Whole { from, step, .. }) => {
                values.iter().map(|value| Some(value?.checked_sub(*from)?.div_euclid(*step))).collect()
            }
            _ => (0..rows).map(|row| self.of(&axis.get(row))).collect(),
        }
    }

    /// The value at which a step starts.
    pub(crate) fn start_of(&self, number: i64) -> Cell<'static> {
        match self {
            Steps::Whole { axis, from, step } => {
                let value = from.saturating_add(number.saturating_mul(*step));
                match axis {
                    Type::DateTime => Cell::DateTime(value),
                    Type::TimeSpan => Cell::TimeSpan(value),
                    _ => Cell::Long(value),
                }
            }
            Steps::Real { from, step } => Cell::Real(from + step * number as f64),
            Steps::Decimal { from, step } => Cell::Decimal(decimal::text(&(from + step * number)).into()),
        }
    }

    /// The last step of an axis that ends at `to`, or, if not even its start is `inclusive`, before.
    pub(crate) fn last(&self, to: &Value, inclusive: bool) -> Option<i64> {
        let to = Cell::of(to);
        let number = self.of(&to)?;
        let is_at_start = match self {
            Steps::Whole { .. } => self.start_of(number).as_long() == to.as_long(),
            Steps::Real { .. } => self.start_of(number).as_real() == to.as_real(),
            Steps::Decimal { .. } => decimal::of(&self.start_of(number)) == decimal::of(&to),
        };
        Some(if is_at_start && !inclusive { number - 1 } else { number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_steps() {
        let steps = |axis, from: Option<Value>, step: Value| Steps::new(axis, from.as_ref(), &step).expect("a step");
        let whole = steps(Type::Long, None, Value::Long(2));
        assert_eq!([-1, 0, 5].map(|n| whole.of(&Cell::Long(n))), [Some(-1), Some(0), Some(2)]);
        let real = steps(Type::Real, Some(Value::Real(1.0)), Value::Real(0.5));
        assert_eq!((real.of(&Cell::Real(3.2)), real.start_of(3)), (Some(4), Cell::Real(2.5)));
        assert_eq!(real.of(&Cell::Real(f64::NAN)), None);
        let decimal = steps(Type::Decimal, Some(Value::Decimal("0.1".into())), Value::Decimal("0.1".into()));
        assert_eq!(decimal.of(&Cell::Decimal("0.3".into())), Some(2));
        assert_eq!(decimal.of(&Cell::Decimal("-0.05".into())), Some(-2));
        assert_eq!(decimal.start_of(2), Cell::Decimal("0.3".into()));
        let end = Value::Decimal("0.3".into());
        assert_eq!([false, true].map(|inclusive| decimal.last(&end, inclusive)), [Some(1), Some(2)]);
        assert!(Steps::new(Type::Long, None, &Value::Long(0)).is_none());
        assert!(Steps::new(Type::Real, None, &Value::Null).is_none());
    }
}
