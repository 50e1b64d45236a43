//! Aggregation functions: what `summarize`, `make-series` and their like call.
//!
//! An aggregate is a factory of [`Accumulator`]s, one for each group. Its signature stands in the `kql` crate's catalog.

mod bits;
mod collect;
mod count;
mod digest;
mod distinct;
mod extreme;
mod groups;
pub(crate) mod measure;
mod only_if;
mod percentile;
mod schema;
pub(crate) mod sketch;
mod state;
mod sum;
#[cfg(test)]
mod testing;
mod udaf;

use std::fmt::Debug;

use kql::{Type, Value};

use crate::cell::Cell;
use crate::function::is_same;

pub(crate) use distinct::distinct_texts;
pub use udaf::{aggregate_udf, cells};

/// An aggregation function.
#[derive(Clone, Copy)]
pub struct AggregateFunction {
    /// Its name in the catalog.
    pub name: &'static str,
    /// Starts it for one group.
    pub start: Start,
    /// Its answer depends on the order of the rows.
    pub in_order: bool,
    /// It picks one row: part n of a call is what its argument n was there.
    pub picks_row: bool,
}

/// An empty accumulator for one group. The error (a constant argument out of range …) is shown to the user.
pub type Start = fn(&AggregateCall) -> Result<Box<dyn Accumulator>, String>;

impl AggregateFunction {
    /// An aggregate for which rows are the same in any order.
    const fn new(name: &'static str, start: Start) -> AggregateFunction {
        AggregateFunction { name, start, in_order: false, picks_row: false }
    }

    /// It looks at the order of the rows.
    const fn in_order(self) -> AggregateFunction {
        AggregateFunction { in_order: true, ..self }
    }

    /// It picks one row: of several that are as good, the first.
    const fn picking(self) -> AggregateFunction {
        AggregateFunction { in_order: true, picks_row: true, ..self }
    }
}

/// What a call knows of itself before any row.
#[derive(Clone, Debug)]
pub struct AggregateCall {
    /// The types of its results: one, or one for each part (`arg_max(x, y)`: x, y).
    pub returns: Vec<Type>,
    /// The types of the arguments.
    pub types: Vec<Type>,
    /// The arguments that are constants.
    pub constants: Vec<Option<Value>>,
}

impl PartialEq for AggregateCall {
    fn eq(&self, other: &AggregateCall) -> bool {
        let same = |(a, b): (&Option<Value>, &Option<Value>)| match (a, b) {
            (Some(a), Some(b)) => is_same(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        (&self.returns, &self.types, self.constants.len()) == (&other.returns, &other.types, other.constants.len())
            && self.constants.iter().zip(&other.constants).all(same)
    }
}

impl Eq for AggregateCall {}

/// What one group has gathered.
pub trait Accumulator: Debug + Send + Sync {
    /// Takes in a row's arguments.
    fn update(&mut self, args: &[Cell<'_>]);

    /// Takes in what another accumulator of the same call had as its [`state`](Accumulator::state); rows of `self` came first.
    fn merge(&mut self, state: &[Value]);

    /// All it has gathered, as values that [`merge`](Accumulator::merge) reads.
    fn state(&self) -> Vec<Value>;

    /// The results, one for each of [`AggregateCall::returns`].
    fn finish(&self) -> Vec<Value>;

    /// The bytes it holds, roughly.
    fn size(&self) -> usize;
}

/// Every family of aggregates, each in its own file beside its page.
const FAMILIES: &[&[AggregateFunction]] = &[
    bits::FUNCTIONS,
    collect::FUNCTIONS,
    count::FUNCTIONS,
    digest::FUNCTIONS,
    extreme::FUNCTIONS,
    percentile::FUNCTIONS,
    schema::FUNCTIONS,
    sum::FUNCTIONS,
];

/// The aggregate of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static AggregateFunction> {
    all().find(|function| function.name == name)
}

/// All aggregates, family by family.
pub fn all() -> impl Iterator<Item = &'static AggregateFunction> {
    FAMILIES.iter().flat_map(|family| family.iter())
}
