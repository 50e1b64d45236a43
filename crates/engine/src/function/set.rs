//! Arrays as sets: `set_union`, `set_intersect`, `set_difference`, `jaccard_index` … See `set.md`.
//!
//! The first of equal elements stays, in the order of the first array.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use serde_json::Value as Json;

use super::argument::{array, json_array};
use super::array::same;
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("set_union", union),
    Function::row("set_intersect", intersect),
    Function::row("set_difference", difference),
    Function::row("set_has_element", has_element),
    Function::row("set_equals", equals),
    Function::row("jaccard_index", jaccard),
];

/// Elements seen, by their text.
type Seen = HashSet<String, FixedState>;

/// Elements by which two are the same: whole reals count as the long they equal.
fn key(element: &Json) -> String {
    match element.as_f64() {
        Some(real) if element.as_i64().is_none() && real.fract() == 0.0 && real.abs() < 9.0e15 => (real as i64).to_string(),
        _ => element.to_string(),
    }
}

fn keys(elements: &[Json]) -> Seen {
    elements.iter().map(key).collect()
}

/// The arrays among the arguments; `None` if an argument is none.
fn arrays(args: &[Cell<'_>]) -> Option<Vec<Vec<Json>>> {
    (0..args.len()).map(|at| array(args, at)).collect()
}

/// Nulls among the arguments count as empty here.
fn union<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let mut seen = Seen::default();
    let arrays: Vec<Vec<Json>> = (0..args.len()).filter_map(|at| array(args, at)).collect();
    if arrays.is_empty() {
        return Cell::Null;
    }
    json_array(arrays.into_iter().flatten().filter(|element| seen.insert(key(element))).collect())
}

fn intersect<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(arrays) = arrays(args) else { return Cell::Null };
    let others: Vec<Seen> = arrays.iter().skip(1).map(|elements| keys(elements)).collect();
    let mut seen = Seen::default();
    let first = arrays.into_iter().next().unwrap_or_default();
    let stays = |element: &Json| {
        let key = key(element);
        others.iter().all(|other| other.contains(&key)) && seen.insert(key)
    };
    json_array(first.into_iter().filter(stays).collect())
}

fn difference<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(first) = array(args, 0) else { return Cell::Null };
    let mut seen: Seen = (1..args.len()).filter_map(|at| array(args, at)).flatten().map(|element| key(&element)).collect();
    json_array(first.into_iter().filter(|element| seen.insert(key(element))).collect())
}

fn has_element<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(elements) = array(args, 0) else { return Cell::Null };
    let value = args[1].to_json();
    Cell::Bool(elements.iter().any(|element| same(element, &value)))
}

fn equals<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    match arrays(args).as_deref() {
        Some([a, b]) => Cell::Bool(keys(a) == keys(b)),
        _ => Cell::Null,
    }
}

/// How many elements both have, of all that either has.
fn jaccard<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some([a, b]) = arrays(args).and_then(|arrays| <[Vec<Json>; 2]>::try_from(arrays).ok()) else { return Cell::Null };
    let (a, b) = (keys(&a), keys(&b));
    let both = a.intersection(&b).count();
    let either = a.len() + b.len() - both;
    if either == 0 { Cell::Real(f64::NAN) } else { Cell::Real(both as f64 / either as f64) }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    #[test]
    fn sets_keep_the_first_order() {
        let call = |name, args: &[&str]| eval(name, &args.iter().map(|json| dynamic(json)).collect::<Vec<_>>(), Type::Dynamic);
        assert_eq!(call("set_union", &["[3,1]", "[1,2,3]", "[5]"]), dynamic("[3,1,2,5]"));
        assert_eq!(call("set_intersect", &["[3,1,3,2]", "[2,3]"]), dynamic("[3,2]"));
        assert_eq!(call("set_difference", &["[null,1,null,2,1]", "[null]"]), dynamic("[1,2]"));
        assert_eq!(call("jaccard_index", &["[1,2,3]", "[1,2,3,4]"]), Cell::Real(0.75));
        let has = |value| eval("set_has_element", &[dynamic("[1,2]"), value], Type::Bool);
        assert_eq!(has(Cell::Long(2)), Cell::Bool(true));
        assert_eq!(has(s("2")), Cell::Bool(false));
        assert_eq!(eval("set_equals", &[dynamic("[1,2]"), dynamic("[2,1,1]")], Type::Bool), Cell::Bool(true));
    }
}
