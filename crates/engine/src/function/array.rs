//! Arrays: cutting, turning, joining and filling them. See `array.md`.

use serde_json::Value as Json;

use super::argument::{array, bag, json_array, long, whole};
use super::{Call, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("pack_array", |_, args| json_array(args.iter().map(Cell::to_json).collect())),
    Function::row("array_concat", concat),
    Function::row("array_slice", slice),
    Function::row("array_split", split),
    Function::row("array_sum", sum),
    Function::row("array_index_of", index_of),
    Function::row("array_iff", iff),
    Function::row("array_iif", iff),
    Function::row("array_reverse", reverse),
    Function::row("array_rotate_left", |_, args| rotate(args, 1)),
    Function::row("array_rotate_right", |_, args| rotate(args, -1)),
    Function::row("array_shift_left", |_, args| shift(args, 1)),
    Function::row("array_shift_right", |_, args| shift(args, -1)),
    Function::row("zip", zip),
    Function::row("repeat", repeat),
    Function::row("range", range),
];

/// How many elements `range` and `repeat` give at most, as Kusto has it.
const LONGEST: usize = 1_048_576;

/// The elements of all arrays; nulls among the arguments are passed over.
fn concat<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let arrays: Vec<Vec<Json>> = (0..args.len()).filter_map(|at| array(args, at)).collect();
    if arrays.is_empty() { Cell::Null } else { json_array(arrays.concat()) }
}

/// A position as given, a negative one from the end, within the array.
fn place(position: i64, length: usize) -> usize {
    let length = length as i64;
    let position = if position < 0 { position + length } else { position };
    position.clamp(0, length) as usize
}

/// `array_slice(array, start, end)`: both inclusive.
fn slice<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let (Some(elements), Some(start), Some(end)) = (array(args, 0), whole(args, 1), whole(args, 2)) else { return Cell::Null };
    let start = place(start, elements.len());
    let end = if end < 0 { end + elements.len() as i64 } else { end };
    let end = end.saturating_add(1).clamp(0, elements.len() as i64) as usize;
    json_array(elements.get(start..end).unwrap_or_default().to_vec())
}

fn split<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(elements) = array(args, 0) else { return Cell::Null };
    let at: Option<Vec<i64>> = match array(args, 1) {
        Some(positions) => positions.iter().map(Json::as_i64).collect(),
        None => whole(args, 1).map(|position| vec![position]),
    };
    let Some(at) = at else { return Cell::Null };
    let (mut parts, mut from) = (Vec::new(), 0);
    for position in at {
        let to = place(position, elements.len()).max(from);
        parts.push(Json::Array(elements[from..to].to_vec()));
        from = to;
    }
    parts.push(Json::Array(elements[from..].to_vec()));
    json_array(parts)
}

/// The sum of the numbers; null if there are none.
fn sum<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let number = |element: &Json| element.as_f64().or_else(|| element.as_bool().map(|b| f64::from(u8::from(b))));
    let numbers: Vec<f64> = array(args, 0).unwrap_or_default().iter().filter_map(number).collect();
    if numbers.is_empty() { Cell::Null } else { Cell::Real(numbers.iter().sum()) }
}

/// Whether two elements are the same: numbers by value, all else as it stands.
pub(super) fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_i64().is_none() | b.as_i64().is_none() && a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

/// `array_index_of(array, value [, start [, length [, occurrence]]])`.
fn index_of<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(elements) = array(args, 0) else { return Cell::Null };
    let value = args[1].to_json();
    let (start, count, nth) = (whole(args, 2).unwrap_or(0), whole(args, 3).unwrap_or(-1), whole(args, 4).unwrap_or(1));
    if count < -1 || nth < 0 {
        return Cell::Null;
    }
    let from = place(start, elements.len());
    let to = if count < 0 { elements.len() } else { from.saturating_add(count as usize).min(elements.len()) };
    let mut hits = (from..to).filter(|at| same(&elements[*at], &value));
    long(Some(hits.nth(usize::try_from(nth - 1).unwrap_or(0)).map_or(-1, |at| at as i64)))
}

/// For each condition, the element of the one array or the other (or the one value for all).
fn iff<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(conditions) = array(args, 0) else { return Cell::Null };
    let side = |at: usize| -> Box<dyn Fn(usize) -> Json> {
        match array(args, at) {
            Some(elements) => Box::new(move |i| elements.get(i).cloned().unwrap_or(Json::Null)),
            None => {
                let value = args[at].to_json();
                Box::new(move |_| value.clone())
            }
        }
    };
    let (when_true, when_false) = (side(1), side(2));
    let choose = |(i, condition): (usize, &Json)| match condition {
        Json::Bool(true) => when_true(i),
        Json::Bool(false) => when_false(i),
        Json::Number(number) => {
            if number.as_f64() != Some(0.0) {
                when_true(i)
            } else {
                when_false(i)
            }
        }
        _ => Json::Null,
    };
    json_array(conditions.iter().enumerate().map(choose).collect())
}

fn reverse<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    array(args, 0).map_or(Cell::Null, |elements| json_array(elements.into_iter().rev().collect()))
}

fn rotate<'a>(args: &[Cell<'_>], direction: i64) -> Cell<'a> {
    let (Some(mut elements), Some(by)) = (array(args, 0), whole(args, 1)) else { return Cell::Null };
    if !elements.is_empty() {
        let by = by.wrapping_mul(direction).rem_euclid(elements.len() as i64);
        elements.rotate_left(by as usize);
    }
    json_array(elements)
}

/// Elements that move in are the third argument, else null, or empty among texts.
fn shift<'a>(args: &[Cell<'_>], direction: i64) -> Cell<'a> {
    let (Some(elements), Some(by)) = (array(args, 0), whole(args, 1)) else { return Cell::Null };
    let texts = !elements.is_empty() && elements.iter().all(Json::is_string);
    let fill = args.get(2).map_or(if texts { Json::from("") } else { Json::Null }, Cell::to_json);
    let by = by.wrapping_mul(direction);
    let at = |i: usize| usize::try_from((i as i64).saturating_add(by)).ok().and_then(|from| elements.get(from));
    json_array((0..elements.len()).map(|i| at(i).unwrap_or(&fill).clone()).collect())
}

/// Arrays of the first elements, the second elements … ; shorter arrays are filled with null.
fn zip<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let side = |at| array(args, at).unwrap_or_else(|| if args[at].is_null() { vec![] } else { vec![args[at].to_json()] });
    let arrays: Vec<Vec<Json>> = (0..args.len()).map(side).collect();
    if args.iter().all(Cell::is_null) {
        return Cell::Null;
    }
    let longest = arrays.iter().map(Vec::len).max().unwrap_or(0);
    let row = |at: usize| Json::Array(arrays.iter().map(|array| array.get(at).cloned().unwrap_or(Json::Null)).collect());
    json_array((0..longest).map(row).collect())
}

/// `repeat(value, count)`; a bag or array may be the value.
fn repeat<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let Some(count) = whole(args, 1).and_then(|count| usize::try_from(count).ok()) else { return Cell::Null };
    let value = bag(args, 0).map_or_else(|| args[0].to_json(), Json::Object);
    json_array(vec![value; count.min(LONGEST)])
}

/// `range(start, stop [, step])`: numbers, datetimes or timespans.
fn range<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let (start, stop) = (&args[0], &args[1]);
    if args.iter().any(Cell::is_null) {
        return Cell::Null;
    }
    let real = args.iter().any(|cell| matches!(cell, Cell::Real(_) | Cell::Decimal(_)));
    if real {
        let step = args.get(2).map_or(Some(1.0), Cell::as_real);
        let (Some(start), Some(stop), Some(step)) = (start.as_real(), stop.as_real(), step) else { return Cell::Null };
        let steps = ((stop - start) / step).floor();
        if !steps.is_finite() {
            return Cell::Null;
        }
        let count = if steps < 0.0 { 0 } else { (steps as usize).saturating_add(1).min(LONGEST) };
        return json_array((0..count).map(|i| Cell::Real(start + step * i as f64).to_json()).collect());
    }
    let default = match start {
        Cell::DateTime(_) | Cell::TimeSpan(_) => kql::time::HOUR,
        _ => 1,
    };
    let step = args.get(2).map_or(Some(default), Cell::as_long);
    let (Some(from), Some(stop), Some(step)) = (start.as_long(), stop.as_long(), step) else { return Cell::Null };
    if step == 0 {
        return Cell::Null;
    }
    let (mut elements, mut at) = (Vec::new(), Some(from));
    while let Some(value) = at.filter(|at| if step > 0 { *at <= stop } else { *at >= stop }) {
        if elements.len() == LONGEST {
            break;
        }
        let cell = match start {
            Cell::DateTime(_) => Cell::DateTime(value),
            Cell::TimeSpan(_) => Cell::TimeSpan(value),
            _ => Cell::Long(value),
        };
        elements.push(cell.to_json());
        at = value.checked_add(step);
    }
    json_array(elements)
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    fn call(name: &str, args: &[Cell<'static>]) -> Cell<'static> {
        eval(name, args, Type::Dynamic)
    }

    #[test]
    fn arrays_are_cut() {
        let five = dynamic("[1,2,3,4,5]");
        assert_eq!(call("array_slice", &[five.clone(), Cell::Long(2), Cell::Long(-1)]), dynamic("[3,4,5]"));
        assert_eq!(call("array_slice", &[five.clone(), Cell::Long(-3), Cell::Long(-2)]), dynamic("[3,4]"));
        assert_eq!(call("array_slice", &[five.clone(), Cell::Long(4), Cell::Long(1)]), dynamic("[]"));
        assert_eq!(call("array_split", &[five.clone(), dynamic("[1,3]")]), dynamic("[[1],[2,3],[4,5]]"));
        assert_eq!(call("array_split", &[five.clone(), Cell::Long(-2)]), dynamic("[[1,2,3],[4,5]]"));
        assert_eq!(call("array_rotate_left", &[five.clone(), Cell::Long(-2)]), dynamic("[4,5,1,2,3]"));
        assert_eq!(call("array_shift_left", &[five.clone(), Cell::Long(-2), Cell::Long(-1)]), dynamic("[-1,-1,1,2,3]"));
        assert_eq!(call("array_shift_right", &[five, Cell::Long(1)]), dynamic("[null,1,2,3,4]"));
    }

    #[test]
    fn arrays_are_searched_and_added_up() {
        let words = dynamic(r#"["this","is","an","example","an","example"]"#);
        let find = |rest: &[Cell<'static>]| eval("array_index_of", &[std::slice::from_ref(&words), rest].concat(), Type::Long);
        assert_eq!(find(&[s("an")]), Cell::Long(2));
        assert_eq!(find(&[s("example"), Cell::Long(1), Cell::Long(2)]), Cell::Long(-1));
        assert_eq!(find(&[s("an"), Cell::Long(1), Cell::Long(-1), Cell::Long(2)]), Cell::Long(4));
        assert_eq!(find(&[s("an"), Cell::Long(-3)]), Cell::Long(4));
        assert_eq!(eval("array_index_of", &[dynamic("[5,15]"), Cell::Real(15.0)], Type::Long), Cell::Long(1));
        assert_eq!(eval("array_sum", &[dynamic("[1,null,3]")], Type::Real), Cell::Real(4.0));
        assert_eq!(eval("array_sum", &[dynamic("[]")], Type::Real), Cell::Null);
    }

    #[test]
    fn arrays_are_made() {
        assert_eq!(call("zip", &[dynamic("[1,2]"), dynamic("[3]")]), dynamic("[[1,3],[2,null]]"));
        let conditions = dynamic("[true,false,true]");
        assert_eq!(call("array_iff", &[conditions.clone(), dynamic("[1,2]"), dynamic("[3,4]")]), dynamic("[1,4,null]"));
        assert_eq!(call("array_iff", &[conditions, dynamic("[1,2,3]"), Cell::Long(0)]), dynamic("[1,0,3]"));
        assert_eq!(call("range", &[Cell::Long(1), Cell::Long(8), Cell::Long(3)]), dynamic("[1,4,7]"));
        assert_eq!(call("range", &[Cell::Real(0.5), Cell::Long(2)]), dynamic("[0.5,1.5]"));
        assert_eq!(call("repeat", &[Cell::Long(1), Cell::Long(3)]), dynamic("[1,1,1]"));
        assert_eq!(call("array_concat", &[dynamic("[1]"), Cell::Null, dynamic("[2]")]), dynamic("[1,2]"));
    }
}
