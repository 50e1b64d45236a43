//! Conversions that operators make by themselves: those of `tolong()`, `todatetime()` … by type.

use kql::Type;

use crate::cell::Cell;
use crate::function::{self, Call, Eval};

/// Text as a value of that type; null (for `string` the text itself) if it does not read as one.
#[must_use]
pub(crate) fn from_text(text: &str, ty: Type) -> Cell<'static> {
    let name = match ty {
        Type::Bool => "tobool",
        Type::DateTime => "todatetime",
        Type::Decimal => "todecimal",
        Type::Dynamic => "todynamic",
        Type::Guid => "toguid",
        Type::Int => "toint",
        Type::Long => "tolong",
        Type::Real => "toreal",
        Type::TimeSpan => "totimespan",
        Type::String | Type::Unknown => return Cell::text(text.to_owned()),
    };
    let call = Call { returns: ty, types: vec![Type::String], constants: vec![None] };
    let cells = [Cell::text(text)];
    match function::find(name).map(|function| function.eval) {
        Some(Eval::Row(eval)) => eval(&call, &cells).into_owned(),
        _ => Cell::Null,
    }
}
