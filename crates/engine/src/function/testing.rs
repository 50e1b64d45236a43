//! Calling functions in unit tests: a name and cells in, the cell it gives out.

use kql::{Type, Value};

use super::{Call, Constant, Eval, find};
use crate::cell::Cell;

/// What the function gives for those arguments, which is checked to be the same whether it knows them before or not.
///
/// # Panics
/// If there is no such function, or if it refuses the arguments.
pub(crate) fn eval(name: &str, args: &[Cell<'_>], returns: Type) -> Cell<'static> {
    try_eval(name, args, returns).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// As [`eval`], with the error of a function that refuses its constants.
pub(crate) fn try_eval(name: &str, args: &[Cell<'_>], returns: Type) -> Result<Cell<'static>, String> {
    let function = find(name).unwrap_or_else(|| panic!("no function {name}"));
    let types: Vec<Type> = args.iter().map(type_of).collect();
    let constants = args.iter().map(|arg| Some(Constant::Value(arg.to_value()))).collect();
    let call = Call { returns, types, constants };
    match function.eval {
        Eval::Row(eval) => Ok(eval(&call, args).into_owned()),
        Eval::Prepared(prepare) => {
            let known = prepare(&call)?(&call, args).into_owned();
            let open = Call { constants: vec![None; args.len()], ..call };
            if let Ok(closure) = prepare(&open) {
                assert_eq!(closure(&open, args).into_owned(), known, "{name}, arguments not known before");
            }
            Ok(known)
        }
        Eval::Batch(_) => panic!("{name} works on batches"),
    }
}

/// A string.
pub(crate) fn s(text: &str) -> Cell<'static> {
    Cell::text(text.to_owned())
}

/// A dynamic.
pub(crate) fn dynamic(json: &str) -> Cell<'static> {
    Cell::Dynamic(json.to_owned().into())
}

fn type_of(cell: &Cell<'_>) -> Type {
    match cell.to_value() {
        Value::Null => Type::Unknown,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Long(_) => Type::Long,
        Value::Real(_) => Type::Real,
        Value::Decimal(_) => Type::Decimal,
        Value::DateTime(_) => Type::DateTime,
        Value::TimeSpan(_) => Type::TimeSpan,
        Value::String(_) => Type::String,
        Value::Guid(_) => Type::Guid,
        Value::Dynamic(_) => Type::Dynamic,
    }
}
