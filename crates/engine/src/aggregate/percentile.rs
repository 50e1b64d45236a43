//! `percentile`, `percentiles`, `percentilesw` and their arrays: the value below which that share of a group lies.
//!
//! By nearest rank, so the answer is a value of the group and keeps its type. Nulls are left out.

use std::cmp::Ordering;

use kql::Value;
use serde_json::Value as Json;

use super::{Accumulator, AggregateCall, AggregateFunction};
use crate::cell::Cell;
use crate::function::compare;

/// The aggregates by name.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    AggregateFunction::new("percentile", |call| start(call, false, false)),
    AggregateFunction::new("percentiles", |call| start(call, false, false)),
    AggregateFunction::new("percentiles_array", |call| start(call, false, true)),
    AggregateFunction::new("percentilew", |call| start(call, true, false)),
    AggregateFunction::new("percentilesw", |call| start(call, true, false)),
    AggregateFunction::new("percentilesw_array", |call| start(call, true, true)),
];

fn start(call: &AggregateCall, weighted: bool, array: bool) -> Result<Box<dyn Accumulator>, String> {
    let percents = call.constants.get(if weighted { 2 } else { 1 }..).unwrap_or_default();
    let mut wanted = Vec::with_capacity(percents.len());
    for percent in percents {
        let Some(percent) = percent else { return Err("a percentile must be a constant number".to_owned()) };
        wanted.extend(numbers(percent).ok_or_else(|| "a percentile must be a number from 0 to 100".to_owned())?);
    }
    Ok(Box::new(Percentiles { weighted, array, percents: wanted, values: Vec::new() }))
}

/// The percents that a constant holds: a number, or an array of them.
fn numbers(constant: &Value) -> Option<Vec<f64>> {
    let numbers = match constant {
        Value::Dynamic(json) => match serde_json::from_str(json).ok()? {
            Json::Array(elements) => elements.iter().map(Json::as_f64).collect::<Option<Vec<f64>>>()?,
            other => vec![other.as_f64()?],
        },
        other => vec![Cell::of(other).as_real()?],
    };
    numbers.iter().all(|percent| (0.0..=100.0).contains(percent)).then_some(numbers)
}

/// All values of a group, with their weights.
#[derive(Debug)]
struct Percentiles {
    weighted: bool,
    array: bool,
    percents: Vec<f64>,
    values: Vec<(Value, i64)>,
}

impl Percentiles {
    /// The values in order, each with the weight of all up to it.
    fn ranked(&self) -> Vec<(&Value, i64)> {
        let mut ranked: Vec<(&Value, i64)> = self.values.iter().map(|(value, weight)| (value, *weight)).collect();
        ranked.sort_by(|(a, _), (b, _)| order(a, b));
        let mut sum: i64 = 0;
        for (_, weight) in &mut ranked {
            sum = sum.saturating_add(*weight);
            *weight = sum;
        }
        ranked
    }
}

/// A total order: of dynamic values numbers come first, the others by their text.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => a.total_cmp(b),
        (Value::Dynamic(a), Value::Dynamic(b)) => match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => a.total_cmp(&b),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => a.cmp(b),
        },
        _ => compare(&Cell::of(a), &Cell::of(b)).unwrap_or(Ordering::Equal),
    }
}

/// The first value whose rank reaches that share of the total.
fn at(ranked: &[(&Value, i64)], percent: f64) -> Value {
    let Some((last, total)) = ranked.last() else { return Value::Null };
    let rank = percent / 100.0 * *total as f64;
    // A rank that only rounding puts past a whole number is that number.
    let reached = ranked.partition_point(|(_, up_to)| (*up_to as f64) < rank - 1e-9 * rank.abs());
    ranked.get(reached).map_or_else(|| (*last).clone(), |(value, _)| (*value).clone())
}

impl Accumulator for Percentiles {
    fn update(&mut self, args: &[Cell<'_>]) {
        let Some(value) = args.first().filter(|value| !value.is_null()) else { return };
        let weight = if self.weighted { args.get(1).and_then(Cell::as_long).unwrap_or(0) } else { 1 };
        if weight > 0 {
            self.values.push((value.to_value(), weight));
        }
    }

    fn merge(&mut self, state: &[Value]) {
        for pair in state.chunks_exact(2) {
            if let [value, Value::Long(weight)] = pair {
                self.values.push((value.clone(), *weight));
            }
        }
    }

    fn state(&self) -> Vec<Value> {
        self.values.iter().flat_map(|(value, weight)| [value.clone(), Value::Long(*weight)]).collect()
    }

    fn finish(&self) -> Vec<Value> {
        let ranked = self.ranked();
        let found: Vec<Value> = self.percents.iter().map(|percent| at(&ranked, *percent)).collect();
        if !self.array {
            return found;
        }
        if ranked.is_empty() {
            return vec![Value::Null];
        }
        vec![Value::Dynamic(Json::Array(found.iter().map(|value| Cell::of(value).to_json()).collect()).to_string())]
    }

    fn size(&self) -> usize {
        size_of::<Percentiles>() + self.values.capacity() * size_of::<(Value, i64)>()
    }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::testing::run_with;
    use super::*;

    #[test]
    fn nearest_rank() {
        let percents = [None, Some(Value::Long(50)), Some(Value::Real(95.0)), Some(Value::Long(0))];
        let rows: Vec<_> =
            [15, 5, 10].iter().map(|n| vec![Cell::Long(*n), Cell::Long(0), Cell::Long(0), Cell::Long(0)]).collect();
        let types = [Type::Long; 3];
        assert_eq!(run_with("percentiles", &rows, &types, &percents), [Value::Long(10), Value::Long(15), Value::Long(5)]);
    }

    #[test]
    fn weights_and_arrays() {
        let rows: Vec<_> =
            [(1, 10), (2, 1), (3, 0)].iter().map(|(n, w)| vec![Cell::Long(*n), Cell::Long(*w), Cell::Null]).collect();
        let percents = [None, None, Some(Value::Dynamic("[50,99]".to_owned()))];
        assert_eq!(run_with("percentilesw_array", &rows, &[Type::Dynamic], &percents), [Value::Dynamic("[1,2]".to_owned())]);
        let call = AggregateCall {
            returns: vec![Type::Long],
            types: vec![Type::Long, Type::Long],
            constants: vec![None, Some(Value::Long(101))],
        };
        assert!(start(&call, false, false).is_err());
    }
}
