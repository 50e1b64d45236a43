//! Scalar functions and operators: what KQL calls by name, over cells.
//!
//! A function's signature stands in the `kql` crate's catalog; here is what it computes. [`FAMILIES`] lists them all; a call
//! that binds but is not listed is refused by name, never answered wrongly.

mod argument;
mod arithmetic;
mod array;
mod bag;
mod bytes;
mod calendar;
mod cast;
mod check;
mod clock;
mod comparison;
mod contains;
mod data_size;
mod dynamic;
mod encode;
mod extent;
mod fold;
mod geo;
mod has_ipv4;
mod hash;
pub(crate) mod ip;
mod ip_place;
mod ipv4;
mod ipv6;
mod json;
mod kernel;
mod letters;
mod math;
mod member;
mod needle;
mod null;
mod parse;
mod pattern;
mod regular;
mod rounding;
mod series;
mod series_fill;
mod series_filter;
mod series_fit;
mod series_season;
mod set;
mod sketch;
mod sorted;
mod special;
mod split;
mod strcat;
mod term;
mod term_filter;
mod term_part;
mod term_table;
mod terms;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod text_test;
mod udf;
mod units;
mod xml;
mod zone;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::error::Result as DfResult;
use datafusion::logical_expr::ColumnarValue;
use kql::{Type, Value};

use crate::cell::Cell;
use crate::error::{Error, code};
use crate::text_set::TextSet;

pub(crate) use cast::from_text;
pub(crate) use comparison::compare;
pub(crate) use fold::{fold, folded};
pub use ip_place::IpPlaces;
pub(crate) use pattern::{build_regex, in_one_line};
pub(crate) use term_table::TermTable;
pub(crate) use text_test::TextTest;
pub use udf::scalar_udf;
pub(crate) use udf::{Udf, one_row};

/// A scalar function or operator.
#[derive(Clone, Copy)]
pub struct Function {
    /// Its name in the catalog, or the operator's spelling (`==`, `has_any`, `in~` …).
    pub name: &'static str,
    /// What it computes.
    pub eval: Eval,
    /// Each call of it gives another value.
    pub is_volatile: bool,
    /// Its arguments after the first are a list of values; where all are constant, they become one set.
    pub takes_list: bool,
    /// It reads the database that tells where addresses are, which comes behind its arguments if the user named one.
    pub reads_places: bool,
}

/// How a function is computed.
#[derive(Clone, Copy)]
pub enum Eval {
    /// Row by row.
    Row(Row),
    /// Row by row, after something was made of the constant arguments once (a regex, a set). The error is shown to the user.
    Prepared(Prepare),
    /// A whole batch at once; `usize` is its number of rows. Arrays are laid out as [`logs::arrow_type`] says.
    Batch(Batch),
    /// A whole batch at once where there is a kernel for these arguments, else row by row.
    Either(Row, Kernel),
}

/// What a call gives for a row.
pub type Row = for<'a> fn(&Call, &[Cell<'a>]) -> Cell<'a>;

/// What a call makes of its constants; why it cannot, for the user.
pub type Prepare = fn(&Call) -> Result<Closure, String>;

/// What a call gives for a batch of so many rows.
pub type Batch = fn(&Call, &[ColumnarValue], usize) -> DfResult<ColumnarValue>;

/// The same; `None` if it has to be computed row by row.
pub type Kernel = fn(&Call, &[ColumnarValue], usize) -> DfResult<Option<ColumnarValue>>;

/// A function with its constants worked in.
pub type Closure = Box<dyn for<'a> Fn(&Call, &[Cell<'a>]) -> Cell<'a> + Send + Sync>;

/// What a call knows of itself before any row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The type of the result, settled by the binder.
    pub returns: Type,
    /// The types of the arguments.
    pub types: Vec<Type>,
    /// The arguments that are constants.
    pub constants: Vec<Option<Constant>>,
}

/// A constant argument.
#[derive(Clone, Debug)]
pub enum Constant {
    /// One value.
    Value(Value),
    /// A column of values: the right side of `in` and its like, from a subquery.
    Set(Arc<Vec<Value>>),
    /// The same of strings, in a set that others share.
    Texts(Arc<TextSet>),
    /// No argument that was written: a database that the function reads.
    Places(Arc<IpPlaces>),
}

/// A planner compares calls again and again, and a set may hold a million values: it is first asked whether it is the same one.
impl PartialEq for Constant {
    fn eq(&self, other: &Constant) -> bool {
        match (self, other) {
            (Constant::Value(a), Constant::Value(b)) => is_same(a, b),
            (Constant::Set(a), Constant::Set(b)) => {
                Arc::ptr_eq(a, b) || a.len() == b.len() && a.iter().zip(&**b).all(|(a, b)| is_same(a, b))
            }
            (Constant::Texts(a), Constant::Texts(b)) => Arc::ptr_eq(a, b),
            (Constant::Places(a), Constant::Places(b)) => Arc::ptr_eq(a, b),
            (Constant::Value(_) | Constant::Set(_) | Constant::Texts(_) | Constant::Places(_), _) => false,
        }
    }
}

impl Eq for Constant {}

/// Whether the two are one value to whoever computes with them: a NaN is, and zero and minus zero are not, though `==` says
/// otherwise.
pub(crate) fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}

impl Call {
    /// The constant value of argument `position`, if it is there and constant.
    #[must_use]
    pub fn constant(&self, position: usize) -> Option<&Value> {
        match self.constants.get(position)? {
            Some(Constant::Value(value)) => Some(value),
            _ => None,
        }
    }

    /// The constant text of argument `position`.
    #[must_use]
    pub fn constant_text(&self, position: usize) -> Option<&str> {
        match self.constant(position)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Function {
    /// A function computed row by row.
    pub const fn row(name: &'static str, eval: Row) -> Function {
        Function::new(name, Eval::Row(eval))
    }

    /// A function that is computed row by row where `kernel` does not compute it at once.
    pub const fn either(name: &'static str, eval: Row, kernel: Kernel) -> Function {
        Function::new(name, Eval::Either(eval, kernel))
    }

    /// A function that makes something of its constants first.
    pub const fn prepared(name: &'static str, prepare: Prepare) -> Function {
        Function::new(name, Eval::Prepared(prepare))
    }

    /// A function that computes a whole batch at once.
    pub const fn batch(name: &'static str, eval: Batch) -> Function {
        Function::new(name, Eval::Batch(eval))
    }

    const fn new(name: &'static str, eval: Eval) -> Function {
        Function { name, eval, is_volatile: false, takes_list: false, reads_places: false }
    }

    const fn volatile(self) -> Function {
        Function { is_volatile: true, ..self }
    }

    const fn taking_list(self) -> Function {
        Function { takes_list: true, ..self }
    }

    const fn reading_places(self) -> Function {
        Function { reads_places: true, ..self }
    }

    /// The error of a call that cannot be prepared: an argument is wrong, or the user has not named what it reads.
    pub(crate) fn refused(&self, message: &str) -> Error {
        Error::new(if self.reads_places { code::SERVICE } else { code::ARGUMENT }, message)
    }
}

/// Every family of functions, each in its own file beside its page.
const FAMILIES: &[&[Function]] = &[
    arithmetic::FUNCTIONS,
    array::FUNCTIONS,
    bag::FUNCTIONS,
    bytes::FUNCTIONS,
    calendar::FUNCTIONS,
    cast::FUNCTIONS,
    check::FUNCTIONS,
    clock::FUNCTIONS,
    comparison::FUNCTIONS,
    contains::FUNCTIONS,
    data_size::FUNCTIONS,
    dynamic::FUNCTIONS,
    encode::FUNCTIONS,
    extent::FUNCTIONS,
    has_ipv4::FUNCTIONS,
    hash::FUNCTIONS,
    ip_place::FUNCTIONS,
    ipv4::FUNCTIONS,
    ipv6::FUNCTIONS,
    math::FUNCTIONS,
    member::FUNCTIONS,
    null::FUNCTIONS,
    parse::FUNCTIONS,
    regular::FUNCTIONS,
    rounding::FUNCTIONS,
    series::FUNCTIONS,
    series_fill::FUNCTIONS,
    series_filter::FUNCTIONS,
    series_fit::FUNCTIONS,
    series_season::FUNCTIONS,
    set::FUNCTIONS,
    sketch::FUNCTIONS,
    sorted::FUNCTIONS,
    special::FUNCTIONS,
    split::FUNCTIONS,
    strcat::FUNCTIONS,
    term::FUNCTIONS,
    terms::FUNCTIONS,
    text::FUNCTIONS,
    units::FUNCTIONS,
    xml::FUNCTIONS,
    zone::FUNCTIONS,
];

/// The function of that name. A query may have ten thousand calls: none looks through all functions.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    static BY_NAME: LazyLock<HashMap<&str, &Function>> =
        LazyLock::new(|| all().map(|function| (function.name, function)).collect());
    BY_NAME.get(name).copied()
}

/// All functions, family by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().chain(geo::FAMILIES).flat_map(|family| family.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_itself() {
        let texts = Arc::new(["fox"].into_iter().collect());
        let reals = [f64::NAN, -f64::NAN, 0.0, -0.0].map(Value::Real);
        let mut constants: Vec<Constant> = reals.iter().cloned().map(Constant::Value).collect();
        constants.extend([Constant::Set(Arc::new(reals.to_vec())), Constant::Texts(texts)]);
        for (at, constant) in constants.iter().enumerate() {
            let same: Vec<usize> = (0..constants.len()).filter(|other| constants[*other] == *constant).collect();
            assert_eq!(same, [at], "{constant:?}");
        }
        assert_eq!(Constant::Set(Arc::new(reals.to_vec())), constants[4], "a set by its values");
    }
}
