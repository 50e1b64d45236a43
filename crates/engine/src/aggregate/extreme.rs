//! `min`, `max`, `arg_min`, `arg_max`, `take_any` and their `if`s: one row out of many.
//!
//! Nulls are passed over, unless there is nothing else. NaN is both the least and the greatest. Of equal rows the first stays.

use std::cmp::Ordering;

use kql::Value;

use super::only_if::only_if;
use super::{Accumulator, AggregateCall, AggregateFunction};
use crate::cell::Cell;
use crate::function::compare;

/// The aggregates by name.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    AggregateFunction::new("min", |_| Ok(Best::of(Ordering::Less))),
    AggregateFunction::new("minif", |call| only_if(call, 1, |_| Ok(Best::of(Ordering::Less)))),
    AggregateFunction::new("max", |_| Ok(Best::of(Ordering::Greater))),
    AggregateFunction::new("maxif", |call| only_if(call, 1, |_| Ok(Best::of(Ordering::Greater)))),
    AggregateFunction::new("arg_min", |_| Ok(Best::of(Ordering::Less))).picking(),
    AggregateFunction::new("argmin", |_| Ok(Best::of(Ordering::Less))).picking(),
    AggregateFunction::new("arg_max", |_| Ok(Best::of(Ordering::Greater))).picking(),
    AggregateFunction::new("argmax", |_| Ok(Best::of(Ordering::Greater))).picking(),
    AggregateFunction::new("any", any).in_order(),
    AggregateFunction::new("anyif", |call| only_if(call, 1, any)).in_order(),
    AggregateFunction::new("take_any", any).in_order(),
    AggregateFunction::new("take_anyif", |call| only_if(call, 1, any)).in_order(),
    AggregateFunction::new("passthrough", any).in_order(),
];

/// The row whose first value is the least or the greatest; what is shown of it is all its values.
#[derive(Debug)]
struct Best {
    wanted: Ordering,
    row: Option<Vec<Value>>,
}

impl Best {
    fn of(wanted: Ordering) -> Box<dyn Accumulator> {
        Box::new(Best { wanted, row: None })
    }

    /// Whether a row that begins with `new` takes the place of the one that is kept.
    fn is_better(&self, new: &Cell<'_>) -> bool {
        let Some(kept) = self.row.as_ref().and_then(|row| row.first()) else { return true };
        match (kept, new) {
            (_, Cell::Null) => false,
            (Value::Null, _) => true,
            (Value::Real(r), _) if r.is_nan() => false,
            (_, Cell::Real(r)) if r.is_nan() => true,
            (kept, new) => compare(new, &Cell::of(kept)) == Some(self.wanted),
        }
    }
}

impl Accumulator for Best {
    fn update(&mut self, args: &[Cell<'_>]) {
        if args.first().is_some_and(|new| self.is_better(new)) {
            self.row = Some(args.iter().map(Cell::to_value).collect());
        }
    }

    fn merge(&mut self, state: &[Value]) {
        if state.first().is_some_and(|new| self.is_better(&Cell::of(new))) {
            self.row = Some(state.to_vec());
        }
    }

    fn state(&self) -> Vec<Value> {
        self.row.clone().unwrap_or_default()
    }

    fn finish(&self) -> Vec<Value> {
        self.row.clone().unwrap_or_else(|| vec![Value::Null])
    }

    fn size(&self) -> usize {
        size_of::<Best>() + self.row.as_deref().map_or(0, values_size)
    }
}

/// The bytes that values hold.
pub(super) fn values_size(values: &[Value]) -> usize {
    let text = |value: &Value| match value {
        Value::String(text) | Value::Decimal(text) | Value::Dynamic(text) => text.capacity(),
        _ => 0,
    };
    values.iter().map(|value| size_of::<Value>() + text(value)).sum()
}

fn any(call: &AggregateCall) -> Result<Box<dyn Accumulator>, String> {
    Ok(Box::new(Any { single: call.types.len() == 1, row: None }))
}

/// Some row: the first. Of a single value the first that is neither null nor empty, if there is one.
#[derive(Debug)]
struct Any {
    single: bool,
    row: Option<Vec<Value>>,
}

impl Any {
    fn is_wanted(&self) -> bool {
        match self.row.as_deref() {
            None => true,
            Some([Value::Null]) => self.single,
            Some([Value::String(text)]) => self.single && text.is_empty(),
            Some(_) => false,
        }
    }
}

impl Accumulator for Any {
    fn update(&mut self, args: &[Cell<'_>]) {
        if self.is_wanted() {
            self.row = Some(args.iter().map(Cell::to_value).collect());
        }
    }

    fn merge(&mut self, state: &[Value]) {
        if !state.is_empty() && self.is_wanted() {
            self.row = Some(state.to_vec());
        }
    }

    fn state(&self) -> Vec<Value> {
        self.row.clone().unwrap_or_default()
    }

    fn finish(&self) -> Vec<Value> {
        self.row.clone().unwrap_or_else(|| vec![Value::Null])
    }

    fn size(&self) -> usize {
        size_of::<Any>() + self.row.as_deref().map_or(0, values_size)
    }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::testing::{run, run_with};
    use super::*;

    #[test]
    fn extremes_pass_over_nulls() {
        let rows = [Cell::Null, Cell::Long(3), Cell::Long(1)].map(|cell| vec![cell]);
        assert_eq!(run("min", &rows), [Value::Long(1)]);
        assert_eq!(run("max", &rows), [Value::Long(3)]);
        assert_eq!(run("max", &[vec![Cell::Null]]), [Value::Null]);
        let words = ["b", "a", "C"].map(|text| vec![Cell::text(text)]);
        assert_eq!(run("min", &words), [Value::String("C".to_owned())]);
        assert!(matches!(run("min", &[vec![Cell::Real(1.0)], vec![Cell::Real(f64::NAN)]])[..], [Value::Real(r)] if r.is_nan()));
    }

    #[test]
    fn the_row_of_an_extreme_is_the_first_of_equals() {
        let rows = [(Cell::Null, "n"), (Cell::Long(5), "a"), (Cell::Long(5), "b"), (Cell::Long(2), "c")];
        let rows = rows.map(|(x, y)| vec![x, Cell::text(y)]);
        let types = [Type::Long, Type::String];
        assert_eq!(run_with("arg_max", &rows, &types, &[]), [Value::Long(5), Value::String("a".to_owned())]);
        assert_eq!(run_with("arg_min", &rows, &types, &[]), [Value::Long(2), Value::String("c".to_owned())]);
        assert_eq!(run_with("arg_min", &rows[..1], &types, &[]), [Value::Null, Value::String("n".to_owned())]);
    }

    #[test]
    fn any_prefers_a_value() {
        let rows = [Cell::Null, Cell::Long(3), Cell::Long(1)].map(|cell| vec![cell]);
        assert_eq!(run("take_any", &rows), [Value::Long(3)]);
        let rows = [("a", false), ("b", true)].map(|(text, p)| vec![Cell::text(text), Cell::Bool(p)]);
        assert_eq!(run("take_anyif", &rows), [Value::String("b".to_owned())]);
    }
}
