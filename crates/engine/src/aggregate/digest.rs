//! `hll`, `hll_merge`, `tdigest`, `tdigest_merge`: counts and distributions kept as dynamics, to be merged and read later.

use kql::{Type, Value};

use super::only_if::only_if;
use super::sketch::{Hll, TDigest};
use super::{Accumulator, AggregateCall, AggregateFunction};
use crate::cell::Cell;
use crate::row_key;

/// The aggregates by name.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    AggregateFunction::new("hll", hll),
    AggregateFunction::new("hll_if", |call| only_if(call, 1, hll)),
    AggregateFunction::new("hll_merge", |_| Ok(Box::new(Count { merges: true, count: None, accuracy: 1 }))),
    AggregateFunction::new("tdigest", |call| Ok(Box::new(Digest::of(call)))),
    AggregateFunction::new("tdigest_merge", |call| Ok(Box::new(Digest::of(call)))),
    AggregateFunction::new("merge_tdigest", |call| Ok(Box::new(Digest::of(call)))),
];

fn hll(call: &AggregateCall) -> Result<Box<dyn Accumulator>, String> {
    let accuracy = match call.constants.get(1).and_then(Option::as_ref) {
        None => 1,
        Some(constant) => {
            Cell::of(constant).as_long().filter(|n| (0..=4).contains(n)).ok_or("the accuracy must be from 0 to 4")?
        }
    };
    Ok(Box::new(Count { merges: false, count: None, accuracy }))
}

/// A count of distinct values, or of counts.
#[derive(Debug)]
struct Count {
    merges: bool,
    count: Option<Hll>,
    accuracy: i64,
}

impl Count {
    fn take_in(&mut self, json: &str) {
        match (Hll::read(json), &mut self.count) {
            (Some(other), Some(count)) => count.merge(&other),
            (Some(other), count) => *count = Some(other),
            (None, _) => {}
        }
    }
}

impl Accumulator for Count {
    fn update(&mut self, args: &[Cell<'_>]) {
        match args.first() {
            None | Some(Cell::Null) => {}
            Some(Cell::Dynamic(json)) if self.merges => self.take_in(json),
            Some(_) if self.merges => {}
            Some(cell) => {
                let mut key = Vec::new();
                row_key::push(&mut key, cell);
                self.count.get_or_insert_with(|| Hll::with_accuracy(self.accuracy)).insert(&key);
            }
        }
    }

    fn merge(&mut self, state: &[Value]) {
        if let [Value::Dynamic(json)] = state {
            self.take_in(json);
        }
    }

    fn state(&self) -> Vec<Value> {
        self.count.iter().map(|count| Value::Dynamic(count.json())).collect()
    }

    fn finish(&self) -> Vec<Value> {
        vec![self.count.as_ref().map_or(Value::Null, |count| Value::Dynamic(count.json()))]
    }

    fn size(&self) -> usize {
        size_of::<Count>() + self.count.as_ref().map_or(0, Hll::size)
    }
}

/// A distribution of numbers, or of distributions.
#[derive(Debug)]
struct Digest {
    ty: Type,
    digest: TDigest,
}

impl Digest {
    fn of(call: &AggregateCall) -> Digest {
        Digest { ty: call.types.first().copied().unwrap_or(Type::Real), digest: TDigest::default() }
    }

    fn take_in(&mut self, json: &str) {
        if let Some((digest, ty)) = TDigest::read(json) {
            self.ty = ty;
            self.digest.merge(&digest);
        }
    }
}

impl Accumulator for Digest {
    fn update(&mut self, args: &[Cell<'_>]) {
        let weight = args.get(1).map_or(Some(1.0), Cell::as_real).unwrap_or(0.0);
        match args.first() {
            Some(Cell::Dynamic(json)) => self.take_in(json),
            Some(Cell::DateTime(t) | Cell::TimeSpan(t)) => self.digest.insert(*t as f64, weight),
            Some(cell) => {
                if let Some(number) = cell.as_real() {
                    self.digest.insert(number, weight);
                }
            }
            None => {}
        }
    }

    fn merge(&mut self, state: &[Value]) {
        if let [Value::Dynamic(json)] = state {
            self.take_in(json);
        }
    }

    fn state(&self) -> Vec<Value> {
        self.digest.json(self.ty).into_iter().map(Value::Dynamic).collect()
    }

    fn finish(&self) -> Vec<Value> {
        vec![self.digest.json(self.ty).map_or(Value::Null, Value::Dynamic)]
    }

    fn size(&self) -> usize {
        size_of::<Digest>() + self.digest.size()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::run;
    use super::*;

    #[test]
    fn counts_and_digests_merge() {
        let count = |from: i64| run("hll", &(from..from + 10).map(|n| vec![Cell::Long(n)]).collect::<Vec<_>>());
        let both = [count(0), count(5)].concat();
        let rows: Vec<_> = both.iter().map(|value| vec![Cell::of(value)]).collect();
        let [Value::Dynamic(json)] = &run("hll_merge", &rows)[..] else { panic!() };
        assert_eq!(Hll::read(json).map(|count| count.estimate()), Some(15));
        let [Value::Dynamic(json)] = &run("tdigest", &(1..=10).map(|n| vec![Cell::Long(n)]).collect::<Vec<_>>())[..] else {
            panic!()
        };
        assert_eq!(TDigest::read(json).and_then(|(digest, _)| digest.percentile(50.0)), Some(5.0));
        assert_eq!(run("tdigest", &[]), [Value::Null]);
    }
}
