//! `array_sort_asc` and `array_sort_desc`. See `sorted.md`.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::Function;
use super::argument::{cell_array, json_array};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] =
    &[Function::row("array_sort_asc", |_, args| sort(args, false)), Function::row("array_sort_desc", |_, args| sort(args, true))];

/// The sorted array; of several arrays, an array of them all, the first sorted and the others in its order. An array of another
/// length becomes null.
fn sort<'a>(args: &[Cell<'_>], descending: bool) -> Cell<'a> {
    let (arrays, nulls_last) = match args.split_last() {
        Some((Cell::Bool(last), arrays)) => (arrays, *last),
        _ => (args, true),
    };
    let Some(keys) = arrays.first().and_then(cell_array) else { return Cell::Null };
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| compare(&keys[*a], &keys[*b], descending, nulls_last));
    let sorted = |elements: Vec<Json>| Json::Array(order.iter().map(|at| elements[*at].clone()).collect());
    if arrays.len() == 1 {
        return Cell::json(&sorted(keys));
    }
    let one = |cell: &Cell<'_>| cell_array(cell).filter(|elements| elements.len() == order.len()).map_or(Json::Null, sorted);
    json_array(arrays.iter().map(one).collect())
}

fn compare(a: &Json, b: &Json, descending: bool, nulls_last: bool) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return if nulls_last { Ordering::Greater } else { Ordering::Less },
        (false, true) => return if nulls_last { Ordering::Less } else { Ordering::Greater },
        (false, false) => {}
    }
    let order = rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Json::String(a), Json::String(b)) => a.cmp(b),
        (Json::Number(x), Json::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.as_f64().unwrap_or(0.0).total_cmp(&y.as_f64().unwrap_or(0.0)),
        },
        _ => a.to_string().cmp(&b.to_string()),
    });
    if descending { order.reverse() } else { order }
}

/// Numbers before texts before all else.
fn rank(element: &Json) -> u8 {
    match element {
        Json::Number(_) => 0,
        Json::String(_) => 1,
        Json::Bool(_) => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{dynamic, eval};

    #[test]
    fn arrays_are_sorted_alone_or_together() {
        let asc = |args: &[Cell<'static>]| eval("array_sort_asc", args, Type::Dynamic);
        assert_eq!(asc(&[dynamic("[1,null,10,2.5]")]), dynamic("[1,2.5,10,null]"));
        assert_eq!(asc(&[dynamic("[1,null]"), Cell::Bool(false)]), dynamic("[null,1]"));
        assert_eq!(asc(&[dynamic(r#"["b",2,"a"]"#)]), dynamic(r#"[2,"a","b"]"#));
        assert_eq!(asc(&[dynamic("[3,1]"), dynamic(r#"["x","y"]"#), dynamic("[1]")]), dynamic(r#"[[1,3],["y","x"],null]"#));
        assert_eq!(eval("array_sort_desc", &[dynamic("[3,1,2]")], Type::Dynamic), dynamic("[3,2,1]"));
        assert_eq!(asc(&[dynamic("{}")]), Cell::Null);
    }
}
