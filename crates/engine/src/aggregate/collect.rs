//! `make_list`, `make_set`, `make_bag` and their kin: all values of a group in one dynamic.

use indexmap::{IndexMap, IndexSet};
use kql::{Type, Value};
use serde_json::Value as Json;

use super::only_if::only_if;
use super::{Accumulator, AggregateCall, AggregateFunction};
use crate::cell::Cell;

/// The aggregates by name.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    AggregateFunction::new("make_list", |call| list(call, SIZE_MAX, false)).in_order(),
    AggregateFunction::new("make_list_if", |call| only_if(call, 1, |call| list(call, SIZE_MAX, false))).in_order(),
    AggregateFunction::new("make_list_with_nulls", |call| list(call, SIZE_MAX, true)).in_order(),
    AggregateFunction::new("makelist", |call| list(call, OLD_SIZE_MAX, false)).in_order(),
    AggregateFunction::new("make_set", |call| set(call, SIZE_MAX)).in_order(),
    AggregateFunction::new("make_set_if", |call| only_if(call, 1, |call| set(call, SIZE_MAX))).in_order(),
    AggregateFunction::new("makeset", |call| set(call, OLD_SIZE_MAX)).in_order(),
    AggregateFunction::new("make_bag", bag).in_order(),
    AggregateFunction::new("make_bag_if", |call| only_if(call, 1, bag)).in_order(),
    AggregateFunction::new("make_dictionary", bag).in_order(),
];

/// How many elements a list may have unless the call says otherwise.
const SIZE_MAX: usize = 1_048_576;

/// The same of the functions' old names.
const OLD_SIZE_MAX: usize = 128;

/// The most elements, by the call's second argument if it has one.
fn size_max(call: &AggregateCall, default: usize) -> Result<usize, String> {
    let wanted = match call.constants.get(1).and_then(Option::as_ref) {
        None => return Ok(default),
        Some(Value::Int(n)) => i64::from(*n),
        Some(Value::Long(n)) => *n,
        Some(_) => return Err("the size must be a whole number".to_owned()),
    };
    Ok(usize::try_from(wanted).unwrap_or(0).min(SIZE_MAX))
}

fn list(call: &AggregateCall, default: usize, nulls: bool) -> Result<Box<dyn Accumulator>, String> {
    let dynamic = call.types.first() == Some(&Type::Dynamic);
    Ok(Box::new(List { max: size_max(call, default)?, nulls: nulls || dynamic, elements: Vec::new(), bytes: 0 }))
}

fn set(call: &AggregateCall, default: usize) -> Result<Box<dyn Accumulator>, String> {
    Ok(Box::new(Set { max: size_max(call, default)?, elements: IndexSet::default(), bytes: 0 }))
}

fn bag(call: &AggregateCall) -> Result<Box<dyn Accumulator>, String> {
    Ok(Box::new(Bag { max: size_max(call, SIZE_MAX)?, entries: IndexMap::default(), bytes: 0 }))
}

/// Hands on the compact JSON of a value: of each of its elements, if it is an array.
fn each_element(cell: &Cell<'_>, mut take: impl FnMut(String)) {
    match cell {
        Cell::Dynamic(json) if json.starts_with('[') => match serde_json::from_str::<Vec<Json>>(json) {
            Ok(elements) => elements.iter().for_each(|element| take(element.to_string())),
            Err(_) => take(cell.to_json().to_string()),
        },
        other => take(other.to_json().to_string()),
    }
}

/// An array of elements that are JSON already.
fn array<'a>(elements: impl Iterator<Item = &'a String>) -> Value {
    let mut json = String::from("[");
    for (at, element) in elements.enumerate() {
        if at > 0 {
            json.push(',');
        }
        json.push_str(element);
    }
    json.push(']');
    Value::Dynamic(json)
}

/// Every value in order; arrays by their elements.
#[derive(Debug)]
struct List {
    max: usize,
    nulls: bool,
    elements: Vec<String>,
    bytes: usize,
}

impl List {
    fn push(&mut self, json: String) {
        if self.elements.len() < self.max {
            self.bytes += json.len();
            self.elements.push(json);
        }
    }
}

impl Accumulator for List {
    fn update(&mut self, args: &[Cell<'_>]) {
        let Some(cell) = args.first() else { return };
        if self.nulls || !cell.is_null() {
            each_element(cell, |json| self.push(json));
        }
    }

    fn merge(&mut self, state: &[Value]) {
        for value in state {
            if let Value::Dynamic(json) = value {
                self.push(json.clone());
            }
        }
    }

    fn state(&self) -> Vec<Value> {
        self.elements.iter().cloned().map(Value::Dynamic).collect()
    }

    fn finish(&self) -> Vec<Value> {
        vec![array(self.elements.iter())]
    }

    fn size(&self) -> usize {
        size_of::<List>() + self.elements.capacity() * size_of::<String>() + self.bytes
    }
}

/// Every distinct value, in the order of their first coming; arrays by their elements.
#[derive(Debug)]
struct Set {
    max: usize,
    elements: IndexSet<String, foldhash::fast::FixedState>,
    bytes: usize,
}

impl Set {
    fn insert(&mut self, json: String) {
        if self.elements.len() < self.max {
            let length = json.len();
            if self.elements.insert(json) {
                self.bytes += length;
            }
        }
    }
}

impl Accumulator for Set {
    fn update(&mut self, args: &[Cell<'_>]) {
        let Some(cell) = args.first().filter(|cell| !cell.is_null()) else { return };
        each_element(cell, |json| self.insert(json));
    }

    fn merge(&mut self, state: &[Value]) {
        for value in state {
            if let Value::Dynamic(json) = value {
                self.insert(json.clone());
            }
        }
    }

    fn state(&self) -> Vec<Value> {
        self.elements.iter().cloned().map(Value::Dynamic).collect()
    }

    fn finish(&self) -> Vec<Value> {
        vec![array(self.elements.iter())]
    }

    fn size(&self) -> usize {
        size_of::<Set>() + self.elements.capacity() * (size_of::<String>() + 16) + self.bytes
    }
}

/// One bag of all bags: of a key that comes again the first value stays.
#[derive(Debug)]
struct Bag {
    max: usize,
    entries: IndexMap<String, String, foldhash::fast::FixedState>,
    bytes: usize,
}

impl Bag {
    fn insert(&mut self, key: &str, json: &Json) {
        if !self.entries.contains_key(key) && self.entries.len() < self.max {
            let json = json.to_string();
            self.bytes += key.len() + json.len();
            self.entries.insert(key.to_owned(), json);
        }
    }

    fn take_in(&mut self, json: &str) {
        if let Ok(Json::Object(bag)) = serde_json::from_str(json) {
            bag.iter().for_each(|(key, value)| self.insert(key, value));
        }
    }

    fn json(&self) -> String {
        let entries = self.entries.iter().map(|(key, json)| format!("{}:{json}", Json::from(key.as_str())));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
    }
}

impl Accumulator for Bag {
    fn update(&mut self, args: &[Cell<'_>]) {
        if let Some(Cell::Dynamic(json)) = args.first() {
            self.take_in(json);
        }
    }

    fn merge(&mut self, state: &[Value]) {
        if let [Value::Dynamic(json)] = state {
            self.take_in(json);
        }
    }

    fn state(&self) -> Vec<Value> {
        vec![Value::Dynamic(self.json())]
    }

    fn finish(&self) -> Vec<Value> {
        self.state()
    }

    fn size(&self) -> usize {
        size_of::<Bag>() + self.entries.capacity() * (2 * size_of::<String>() + 16) + self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{run, run_with};
    use super::*;

    fn dynamic(json: &str) -> Value {
        Value::Dynamic(json.to_owned())
    }

    fn rows(cells: &[Cell<'static>]) -> Vec<Vec<Cell<'static>>> {
        cells.iter().map(|cell| vec![cell.clone()]).collect()
    }

    #[test]
    fn lists_keep_order_and_flatten_arrays() {
        assert_eq!(run("make_list", &rows(&[Cell::Long(2), Cell::Null, Cell::Long(1)])), [dynamic("[2,1]")]);
        assert_eq!(run("make_list_with_nulls", &rows(&[Cell::Null, Cell::Long(1)])), [dynamic("[null,1]")]);
        let arrays = rows(&[Cell::Dynamic("{\"a\":1}".into()), Cell::Dynamic("[1,[2]]".into()), Cell::Null]);
        assert_eq!(run("make_list", &arrays), [dynamic("[{\"a\":1},1,[2],null]")]);
        assert_eq!(run("make_list", &rows(&[Cell::text(""), Cell::text("a\"")])), [dynamic("[\"\",\"a\\\"\"]")]);
        assert_eq!(run("make_list", &[]), [dynamic("[]")]);
    }

    #[test]
    fn sets_keep_the_first_of_equals() {
        assert_eq!(run("make_set", &rows(&[Cell::Long(3), Cell::Long(1), Cell::Long(3)])), [dynamic("[3,1]")]);
        let limited: Vec<_> = (1..=6).map(|n| vec![Cell::Long(n), Cell::Long(2)]).collect();
        assert_eq!(run_with("make_set", &limited, &[Type::Dynamic], &[None, Some(Value::Long(2))]), [dynamic("[1,2]")]);
        assert_eq!(run("make_set", &rows(&[Cell::Real(5.0), Cell::Null])), [dynamic("[5.0]")]);
    }

    #[test]
    fn bags_keep_the_first_value() {
        let bags = rows(&[Cell::Dynamic("{\"a\":1}".into()), Cell::Dynamic("{\"a\":2,\"b\":[3]}".into()), Cell::Null]);
        assert_eq!(run("make_bag", &bags), [dynamic("{\"a\":1,\"b\":[3]}")]);
        assert_eq!(run("make_bag", &[]), [dynamic("{}")]);
    }
}
