//! `estimate_data_size`: how many bytes the values of a row take.

use kql::Type;

use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The function.
pub(super) const FUNCTIONS: &[Function] = &[Function::prepared("estimate_data_size", estimate)];

fn estimate(call: &Call) -> Result<Closure, String> {
    if let Some(ty) = call.types.iter().find(|ty| matches!(ty, Type::Dynamic | Type::Decimal)) {
        return Err(format!("how many bytes Kusto takes for a {} is not published", ty.name()));
    }
    let types = call.types.clone();
    Ok(Box::new(move |_, cells| Cell::Long(types.iter().zip(cells).map(|(ty, cell)| size(*ty, cell)).sum())))
}

fn size(ty: Type, cell: &Cell<'_>) -> i64 {
    match ty {
        Type::Bool => 1,
        Type::Int => 4,
        Type::Long | Type::Real | Type::DateTime | Type::TimeSpan => 8,
        Type::Guid => 16,
        Type::String | Type::Dynamic | Type::Decimal | Type::Unknown => i64::try_from(cell.as_str().len()).unwrap_or(i64::MAX),
    }
}
