//! `binary_all_and`, `binary_all_or`, `binary_all_xor`: the bits of all numbers of a group together.

use kql::Value;

use super::{Accumulator, AggregateFunction};
use crate::cell::Cell;

/// The aggregates by name.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    AggregateFunction::new("binary_all_and", |_| Ok(Bits::of(|a, b| a & b))),
    AggregateFunction::new("binary_all_or", |_| Ok(Bits::of(|a, b| a | b))),
    AggregateFunction::new("binary_all_xor", |_| Ok(Bits::of(|a, b| a ^ b))),
];

/// The numbers so far under one operation; nulls left out.
#[derive(Debug)]
struct Bits {
    operation: fn(i64, i64) -> i64,
    bits: Option<i64>,
}

impl Bits {
    fn of(operation: fn(i64, i64) -> i64) -> Box<dyn Accumulator> {
        Box::new(Bits { operation, bits: None })
    }

    fn take_in(&mut self, number: Option<i64>) {
        self.bits = match (self.bits, number) {
            (Some(a), Some(b)) => Some((self.operation)(a, b)),
            (a, b) => a.or(b),
        };
    }
}

impl Accumulator for Bits {
    fn update(&mut self, args: &[Cell<'_>]) {
        self.take_in(args.first().and_then(Cell::as_long));
    }

    fn merge(&mut self, state: &[Value]) {
        self.take_in(state.first().and_then(|value| Cell::of(value).as_long()));
    }

    fn state(&self) -> Vec<Value> {
        vec![self.bits.map_or(Value::Null, Value::Long)]
    }

    fn finish(&self) -> Vec<Value> {
        self.state()
    }

    fn size(&self) -> usize {
        size_of::<Bits>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::run;
    use super::*;

    #[test]
    fn all_bits() {
        let rows = [Cell::Long(0b1100), Cell::Null, Cell::Long(0b0110)].map(|cell| vec![cell]);
        assert_eq!(run("binary_all_and", &rows), [Value::Long(0b0100)]);
        assert_eq!(run("binary_all_or", &rows), [Value::Long(0b1110)]);
        assert_eq!(run("binary_all_xor", &rows), [Value::Long(0b1010)]);
        assert_eq!(run("binary_all_xor", &[]), [Value::Null]);
    }
}
