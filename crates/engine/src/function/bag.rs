//! Property bags: `bag_pack`, `bag_keys`, `bag_merge` and their kin. See `bag.md`.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::argument::{array, bag, element_text, text};
use super::json::{Step, members, path};
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("bag_pack", pack),
    Function::row("pack", pack),
    Function::row("pack_dictionary", pack),
    Function::row("bag_pack_columns", pack),
    Function::row("pack_all", pack_filled),
    Function::row("bag_keys", keys),
    Function::row("bag_has_key", has_key),
    Function::row("bag_merge", merge),
    Function::row("bag_remove_keys", remove_keys),
    Function::row("bag_set_key", set_key),
    Function::row("bag_zip", zip),
];

/// A bag of keys and values by turns.
fn pack<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let mut out = Map::new();
    for (at, pair) in args.chunks_exact(2).enumerate() {
        out.insert(text(args, 2 * at).into_owned(), pair[1].to_json());
    }
    Cell::json(&Json::Object(out))
}

/// The same without what is null or empty: what `pack_all(true)` becomes.
fn pack_filled<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let is_filled = |cell: &Cell<'_>| match cell {
        Cell::Null => false,
        Cell::Str(text) => !text.is_empty(),
        Cell::Dynamic(json) => !matches!(&**json, "{}" | "[]" | "\"\"" | "null"),
        _ => true,
    };
    let filled = (0..args.len() / 2).filter(|at| is_filled(&args[2 * at + 1]));
    Cell::json(&Json::Object(filled.map(|at| (text(args, 2 * at).into_owned(), args[2 * at + 1].to_json())).collect()))
}

fn keys<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Cell::Dynamic(json) = &args[0] else { return Cell::Null };
    if !json.starts_with('{') {
        return Cell::Null;
    }
    let mut out = String::from("[");
    members(json, |key, _, _| {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&json[key.0..key.1]);
        true
    });
    out.push(']');
    Cell::Dynamic(Cow::Owned(out))
}

/// The key by its name, or by a path that begins with `$.`.
fn has_key<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Cell::Dynamic(json) = &args[0] else { return Cell::Null };
    if !json.starts_with('{') {
        return Cell::Null;
    }
    let key = text(args, 1);
    let steps = steps(&key);
    Cell::Bool(super::json::follow(json, &steps).is_some())
}

/// A key as the members it leads through.
fn steps(key: &str) -> Vec<Step> {
    let path = if key.starts_with("$.") || key.starts_with("$[") { path(key) } else { None };
    path.unwrap_or_else(|| vec![Step::Member(key.to_owned())])
}

/// All members; of those of one name, the leftmost.
fn merge<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let bags: Vec<Map<String, Json>> = (0..args.len()).filter_map(|at| bag(args, at)).collect();
    if bags.is_empty() {
        return Cell::Null;
    }
    let mut out = Map::new();
    for (key, value) in bags.into_iter().flatten() {
        out.entry(key).or_insert(value);
    }
    Cell::json(&Json::Object(out))
}

fn remove_keys<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(mut members) = bag(args, 0) else { return Cell::Null };
    for key in array(args, 1).unwrap_or_default() {
        let Json::String(key) = key else { continue };
        remove(&mut members, &steps(&key));
    }
    Cell::json(&Json::Object(members))
}

fn remove(members: &mut Map<String, Json>, steps: &[Step]) {
    match steps {
        [Step::Member(name)] => {
            members.shift_remove(name);
        }
        [Step::Member(name), rest @ ..] => {
            if let Some(Json::Object(inner)) = members.get_mut(name) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

fn set_key<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(mut members) = bag(args, 0) else { return Cell::Null };
    set(&mut members, &steps(&text(args, 1)), args[2].to_json());
    Cell::json(&Json::Object(members))
}

/// Sets the member at the end of the steps, making the bags between that are not there. Elements of arrays cannot be set.
fn set(members: &mut Map<String, Json>, steps: &[Step], value: Json) {
    let [Step::Member(name), rest @ ..] = steps else { return };
    if rest.is_empty() {
        members.insert(name.clone(), value);
        return;
    }
    let inner = members.entry(name.clone()).or_insert_with(|| Json::Object(Map::new()));
    if !inner.is_object() {
        *inner = Json::Object(Map::new());
    }
    if let Json::Object(inner) = inner {
        set(inner, rest, value);
    }
}

/// A bag of an array of keys and an array of values; keys that are no text are left out, missing values null, which all are
/// where there is no array of them.
fn zip<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(keys) = array(args, 0) else { return Cell::Null };
    let values = array(args, 1).unwrap_or_default();
    let mut out = Map::new();
    for (at, key) in keys.iter().enumerate().filter(|(_, key)| key.is_string()) {
        out.insert(element_text(key).into_owned(), values.get(at).cloned().unwrap_or(Json::Null));
    }
    Cell::json(&Json::Object(out))
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    fn bag_of(name: &str, args: &[Cell<'static>]) -> Cell<'static> {
        eval(name, args, Type::Dynamic)
    }

    #[test]
    fn bags_are_packed_and_merged() {
        assert_eq!(bag_of("bag_pack", &[s("x"), Cell::Long(1), s("y"), Cell::Null]), dynamic(r#"{"x":1,"y":null}"#));
        let (a, b) = (dynamic(r#"{"a":1,"b":2}"#), dynamic(r#"{"b":3,"c":4}"#));
        assert_eq!(bag_of("bag_merge", &[a.clone(), b, Cell::Null]), dynamic(r#"{"a":1,"b":2,"c":4}"#));
        assert_eq!(bag_of("bag_keys", &[a]), dynamic(r#"["a","b"]"#));
        assert_eq!(bag_of("bag_keys", &[dynamic("[1]")]), Cell::Null);
        let keys = dynamic(r#"["a",8,"b"]"#);
        assert_eq!(bag_of("bag_zip", &[keys.clone(), dynamic(r#"[1,"2"]"#)]), dynamic(r#"{"a":1,"b":null}"#));
        assert_eq!(bag_of("bag_zip", &[keys, dynamic("1")]), dynamic(r#"{"a":null,"b":null}"#));
    }

    #[test]
    fn members_are_set_and_removed() {
        let bag = dynamic(r#"{"a":123,"b":{"c":1,"d":2}}"#);
        assert_eq!(bag_of("bag_set_key", &[bag.clone(), s("$.b.c"), s("x")]), dynamic(r#"{"a":123,"b":{"c":"x","d":2}}"#));
        assert_eq!(bag_of("bag_set_key", &[dynamic("{}"), s("$.b.c"), Cell::Long(3)]), dynamic(r#"{"b":{"c":3}}"#));
        assert_eq!(bag_of("bag_remove_keys", &[bag.clone(), dynamic(r#"["a","$.b.d"]"#)]), dynamic(r#"{"b":{"c":1}}"#));
        assert_eq!(eval("bag_has_key", &[bag.clone(), s("$.b.c")], Type::Bool), Cell::Bool(true));
        assert_eq!(eval("bag_has_key", &[bag, s("c")], Type::Bool), Cell::Bool(false));
    }
}
