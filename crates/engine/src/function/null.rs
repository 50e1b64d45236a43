//! Nulls, emptiness and choice: `isnull`, `isempty`, `coalesce`, `iff`, `case`, `not`, `gettype`. See `null.md`.

use std::borrow::Cow;

use datafusion::arrow::array::AsArray;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use kql::Type;
use logs::arrow_type;

use super::argument::{cell_text, truth};
use super::{Call, Function, kernel};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("isnull", |_, args| Cell::Bool(args[0].is_null())),
    Function::row("isnotnull", |_, args| Cell::Bool(!args[0].is_null())),
    Function::row("notnull", |_, args| Cell::Bool(!args[0].is_null())),
    Function::either(
        "isempty",
        |_, args| Cell::Bool(is_empty(&args[0])),
        |call, args, _| Ok(kernel::test_text(call, args, str::is_empty)),
    ),
    Function::either(
        "isnotempty",
        |_, args| Cell::Bool(!is_empty(&args[0])),
        |call, args, _| Ok(kernel::test_text(call, args, |text| !text.is_empty())),
    ),
    Function::either(
        "notempty",
        |_, args| Cell::Bool(!is_empty(&args[0])),
        |call, args, _| Ok(kernel::test_text(call, args, |text| !text.is_empty())),
    ),
    Function::row("not", |_, args| truth(args[0].as_bool().map(|b| !b))),
    Function::row("coalesce", coalesce),
    Function::either("iff", iff, choices),
    Function::either("iif", iff, choices),
    Function::row("case", case),
    Function::row("gettype", |call, args| Cell::text(gettype(call.types.first().copied(), &args[0]))),
];

/// Null, or text without a character.
fn is_empty(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Null => true,
        Cell::Str(text) => text.is_empty(),
        Cell::Dynamic(json) => json == "\"\"",
        _ => false,
    }
}

/// The cell as a value of the call's type: beside a dynamic, any value becomes one.
fn chosen<'a>(call: &Call, cell: &Cell<'a>) -> Cell<'a> {
    match (call.returns, cell) {
        (Type::Dynamic, Cell::Dynamic(_) | Cell::Null) => cell.clone(),
        (Type::Dynamic, other) => Cell::json(&other.to_json()),
        (Type::String, Cell::Str(_)) => cell.clone(),
        (Type::String, other) => Cell::text(cell_text(other).into_owned()),
        _ => cell.clone(),
    }
}

/// The first that is not null; of strings, the first that is not empty.
fn coalesce<'a>(call: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let missing = |cell: &Cell<'_>| cell.is_null() || call.returns == Type::String && is_empty(cell);
    args.iter().find(|cell| !missing(cell)).map_or(Cell::Null, |cell| chosen(call, cell))
}

fn iff<'a>(call: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    chosen(call, &args[if args[0].as_bool() == Some(true) { 1 } else { 2 }])
}

/// `iff` between two values of the result's own type.
fn choices(call: &Call, args: &[ColumnarValue], _: usize) -> Result<Option<ColumnarValue>> {
    let [ColumnarValue::Array(truth), yes, no] = args else { return Ok(None) };
    let layout = arrow_type(call.returns);
    let plain = call.returns != Type::Dynamic && call.types[1..].iter().all(|ty| *ty == call.returns);
    match truth.as_boolean_opt() {
        Some(truth) if plain && yes.data_type() == layout && no.data_type() == layout => kernel::choose(truth, yes, no).map(Some),
        _ => Ok(None),
    }
}

/// `case(predicate, value, …, else)`: a null predicate is not true.
fn case<'a>(call: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let pairs = args.chunks_exact(2);
    let otherwise = pairs.remainder().first();
    let hit = args.chunks_exact(2).find(|pair| pair[0].as_bool() == Some(true)).map(|pair| &pair[1]);
    hit.or(otherwise).map_or(Cell::Null, |cell| chosen(call, cell))
}

/// The type of the value itself: what a dynamic holds, else the expression's type.
fn gettype(ty: Option<Type>, cell: &Cell<'_>) -> Cow<'static, str> {
    let name = match cell {
        Cell::Dynamic(json) => match json.as_bytes().first() {
            Some(b'"') => "string",
            Some(b'[') => "array",
            Some(b'{') => "dictionary",
            Some(b't' | b'f') => "bool",
            _ if json.contains(['.', 'e', 'E']) => "double",
            _ if json.parse::<i64>().is_err() => "double",
            _ => "long",
        },
        Cell::Null => match ty {
            Some(Type::Dynamic | Type::Unknown) | None => "null",
            Some(ty) => ty.name(),
        },
        Cell::Bool(_) => "bool",
        Cell::Int(_) => "int",
        Cell::Long(_) => "long",
        Cell::Real(_) => "real",
        Cell::DateTime(_) => "datetime",
        Cell::TimeSpan(_) => "timespan",
        Cell::Str(_) => "string",
        Cell::Decimal(_) => "decimal",
        Cell::Guid(_) => "guid",
    };
    Cow::Borrowed(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    #[test]
    fn strings_are_empty_but_never_null() {
        let yes = |name, cell: Cell<'static>| eval(name, &[cell], Type::Bool) == Cell::Bool(true);
        assert!(!yes("isnull", s("")) && yes("isempty", s("")) && yes("isnull", Cell::Null) && yes("isempty", Cell::Null));
        assert!(yes("isnotempty", Cell::Long(0)) && !yes("isempty", dynamic("[]")));
        assert_eq!(eval("not", &[Cell::Null], Type::Bool), Cell::Null);
    }

    #[test]
    fn the_first_that_holds_is_chosen() {
        let (t, n) = (Cell::Bool(true), Cell::Null);
        assert_eq!(eval("coalesce", &[n.clone(), Cell::Long(2)], Type::Long), Cell::Long(2));
        assert_eq!(eval("coalesce", &[s(""), s("x")], Type::String), s("x"));
        assert_eq!(eval("iff", &[n.clone(), Cell::Long(1), Cell::Long(2)], Type::Long), Cell::Long(2));
        assert_eq!(eval("case", &[n.clone(), s("a"), t.clone(), s("b"), s("c")], Type::String), s("b"));
        assert_eq!(eval("case", &[n, s("a"), s("c")], Type::String), s("c"));
        assert_eq!(eval("iff", &[t, s("x"), dynamic("[]")], Type::Dynamic), dynamic("\"x\""));
    }

    #[test]
    fn types_are_named() {
        let name = |cell: Cell<'static>| eval("gettype", &[cell], Type::String).as_str().to_owned();
        assert_eq!(name(dynamic("[1]")) + &name(dynamic("{}")) + &name(dynamic("1")), "arraydictionarylong");
        assert_eq!(name(dynamic("1.0")) + &name(Cell::Real(1.0)) + &name(Cell::Null), "doublerealnull");
    }
}
