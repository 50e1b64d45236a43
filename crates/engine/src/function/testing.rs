//! Calling functions in unit tests: a name and cells in, the cell it gives out.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::ColumnarValue;
use kql::{Type, Value};

use super::{Call, Constant, Eval, Kernel, find};
use crate::cell::{Cell, CellBuilder, Cells};

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
        Eval::Either(eval, kernel) => {
            let cell = eval(&call, args).into_owned();
            check_kernel(kernel, &call, args, &cell);
            Ok(cell)
        }
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

/// What the kernel gives for a column of the first argument, and single values of the others, must be what it is for the row.
fn check_kernel(kernel: Kernel, call: &Call, args: &[Cell<'_>], cell: &Cell<'static>) {
    if args.is_empty() || call.types.contains(&Type::Unknown) {
        return;
    }
    let columns: Vec<ColumnarValue> = args
        .iter()
        .zip(&call.types)
        .enumerate()
        .map(|(at, (arg, ty))| {
            let mut builder = CellBuilder::new(*ty, 1);
            builder.push(arg);
            let array = builder.finish();
            match at {
                0 => ColumnarValue::Array(array),
                _ => ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0).expect("one value")),
            }
        })
        .collect();
    if let Some(values) = kernel(call, &columns, 1).expect("a kernel that computes") {
        let array = values.into_array(1).expect("an array");
        assert_eq!(Cells::new(call.returns, &array).get(0), *cell, "the kernel");
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
