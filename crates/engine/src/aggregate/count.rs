//! `count`, `countif`, and the counts of distinct values.

use std::collections::HashSet;

use kql::{Type, Value};

use super::only_if::only_if;
use super::sketch::Hll;
use super::{Accumulator, AggregateCall, AggregateFunction};
use crate::cell::Cell;
use crate::row_key;

/// The aggregates by name.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    AggregateFunction::new("count", |call| Ok(Box::new(Count::of(call)))),
    AggregateFunction::new("cnt", |call| Ok(Box::new(Count::of(call)))),
    AggregateFunction::new("countif", |call| Ok(Box::new(Count::of(call)))),
    AggregateFunction::new("dcount", approximate),
    AggregateFunction::new("dcountif", |call| only_if(call, 1, approximate)),
    AggregateFunction::new("count_distinct", exact),
    AggregateFunction::new("count_distinctif", |call| only_if(call, 1, exact)),
];

/// Distinct values of one group up to which `dcount` counts each.
const EXACT_MAX: usize = 1 << 20;

fn approximate(_: &AggregateCall) -> Result<Box<dyn Accumulator>, String> {
    Ok(Box::new(Distinct { exact_max: EXACT_MAX, ..Distinct::default() }))
}

fn exact(_: &AggregateCall) -> Result<Box<dyn Accumulator>, String> {
    Ok(Box::new(Distinct { exact_max: usize::MAX, ..Distinct::default() }))
}

/// The rows, or those where a predicate is true. A value that is no `bool` is counted, null or not.
#[derive(Debug)]
struct Count {
    predicate: bool,
    rows: i64,
}

impl Count {
    fn of(call: &AggregateCall) -> Count {
        Count { predicate: call.types.first() == Some(&Type::Bool), rows: 0 }
    }
}

impl Accumulator for Count {
    fn update(&mut self, args: &[Cell<'_>]) {
        let counted = !self.predicate || args.first().and_then(Cell::as_bool) == Some(true);
        self.rows += i64::from(counted);
    }

    fn merge(&mut self, state: &[Value]) {
        if let [Value::Long(rows)] = state {
            self.rows += rows;
        }
    }

    fn state(&self) -> Vec<Value> {
        vec![Value::Long(self.rows)]
    }

    fn finish(&self) -> Vec<Value> {
        self.state()
    }

    fn size(&self) -> usize {
        size_of::<Count>()
    }
}

/// Distinct values that are not null: each up to `exact_max` of them, then a sketch.
#[derive(Debug, Default)]
struct Distinct {
    exact_max: usize,
    longs: HashSet<i64, foldhash::fast::FixedState>,
    others: HashSet<Box<[u8]>, foldhash::fast::FixedState>,
    bytes: usize,
    sketch: Option<Hll>,
}

/// Long, datetime and timespan columns hold one type each, so their numbers can stand for them.
fn number(cell: &Cell<'_>) -> Option<i64> {
    cell.as_long()
}

impl Distinct {
    fn insert(&mut self, key: &[u8]) {
        if !self.others.contains(key) {
            self.bytes += key.len();
            self.others.insert(key.into());
        }
    }

    fn len(&self) -> usize {
        self.longs.len() + self.others.len()
    }

    /// Goes over to the sketch once there are too many values.
    fn limit(&mut self) {
        if self.len() > self.exact_max {
            let mut sketch = self.sketch.take().unwrap_or_else(|| Hll::new(18));
            self.longs.drain().for_each(|value| sketch.insert(&value.to_le_bytes()));
            self.others.drain().for_each(|value| sketch.insert(&value));
            (self.longs, self.others, self.bytes) = (HashSet::default(), HashSet::default(), 0);
            self.sketch = Some(sketch);
        }
    }
}

impl Accumulator for Distinct {
    fn update(&mut self, args: &[Cell<'_>]) {
        let Some(cell) = args.first().filter(|cell| !cell.is_null()) else { return };
        match (number(cell), &mut self.sketch) {
            (Some(value), Some(sketch)) => sketch.insert(&value.to_le_bytes()),
            (Some(value), None) => {
                self.longs.insert(value);
            }
            (None, sketch) => {
                let mut key = Vec::new();
                row_key::push(&mut key, cell);
                match sketch {
                    Some(sketch) => sketch.insert(&key),
                    None => self.insert(&key),
                }
            }
        }
        self.limit();
    }

    fn merge(&mut self, state: &[Value]) {
        for value in state {
            match value {
                Value::Long(value) => {
                    self.longs.insert(*value);
                }
                Value::String(hex) => self.insert(&unhex(hex)),
                Value::Dynamic(json) => {
                    if let Some(other) = Hll::read(json) {
                        let mut sketch = self.sketch.take().unwrap_or_else(|| Hll::new(18));
                        sketch.merge(&other);
                        self.sketch = Some(sketch);
                    }
                }
                _ => {}
            }
        }
        if self.sketch.is_some() {
            // One sketch takes in what is exact on the other side.
            let exact_max = std::mem::replace(&mut self.exact_max, 0);
            self.limit();
            self.exact_max = exact_max;
        } else {
            self.limit();
        }
    }

    fn state(&self) -> Vec<Value> {
        let mut longs: Vec<i64> = self.longs.iter().copied().collect();
        longs.sort_unstable();
        let mut others: Vec<&[u8]> = self.others.iter().map(AsRef::as_ref).collect();
        others.sort_unstable();
        let mut state: Vec<Value> = longs.into_iter().map(Value::Long).collect();
        state.extend(others.into_iter().map(|key| Value::String(hex(key))));
        state.extend(self.sketch.as_ref().map(|sketch| Value::Dynamic(sketch.json())));
        state
    }

    fn finish(&self) -> Vec<Value> {
        let sketched = self.sketch.as_ref().map_or(0, Hll::estimate);
        vec![Value::Long(sketched + i64::try_from(self.len()).unwrap_or(i64::MAX))]
    }

    fn size(&self) -> usize {
        let sets = self.longs.capacity() * 9 + self.others.capacity() * 17 + self.bytes;
        size_of::<Distinct>() + sets + self.sketch.as_ref().map_or(0, Hll::size)
    }
}

/// Bytes as text, for the state, whose texts are UTF-8.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::run;
    use super::*;

    #[test]
    fn predicates_and_rows_are_counted() {
        let truths = [Cell::Bool(true), Cell::Bool(false), Cell::Bool(true)];
        assert_eq!(run("countif", &truths.map(|cell| vec![cell])), [Value::Long(2)]);
        assert_eq!(run("count", &[vec![], vec![], vec![]]), [Value::Long(3)]);
        assert_eq!(run("count", &[vec![Cell::Long(1)], vec![Cell::Null]]), [Value::Long(2)]);
    }

    #[test]
    fn distinct_values_but_nulls() {
        let rows = ["", "a", "b", "a"].map(|text| vec![Cell::text(text)]);
        assert_eq!(run("dcount", &rows), [Value::Long(3)]);
        assert_eq!(run("count_distinct", &[vec![Cell::Long(1)], vec![Cell::Null], vec![Cell::Long(1)]]), [Value::Long(1)]);
        let rows = [(1, true), (1, false), (2, true), (1, true)].map(|(n, p)| vec![Cell::Long(n), Cell::Bool(p)]);
        assert_eq!(run("dcountif", &rows), [Value::Long(2)]);
    }

    #[test]
    fn many_values_are_sketched() {
        let mut distinct = Distinct { exact_max: 1000, ..Distinct::default() };
        for n in 0..50_000 {
            distinct.update(&[Cell::Long(n % 20_000)]);
        }
        let mut other = Distinct { exact_max: 1000, ..Distinct::default() };
        other.merge(&distinct.state());
        let [Value::Long(counted)] = other.finish()[..] else { panic!() };
        assert!((19_000..21_000).contains(&counted), "{counted}");
        assert_eq!(other.finish(), distinct.finish());
        assert_eq!(unhex(&hex(&[0, 255, 16])), [0, 255, 16]);
    }
}
