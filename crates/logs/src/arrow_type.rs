//! Kusto's types in Arrow, for the whole workspace.

use arrow::datatypes::DataType;
use kql::Type;

/// How a column of that type lies in memory.
///
/// `datetime` and `timespan` are ticks (Arrow's own time types lack the range or the resolution); `dynamic` is compact JSON text,
/// SQL null being `dynamic(null)`; `decimal` and `guid` are canonical text; `string` is text that is never null.
#[must_use]
pub fn arrow_type(ty: Type) -> DataType {
    match ty {
        Type::Bool => DataType::Boolean,
        Type::Int => DataType::Int32,
        Type::Long | Type::DateTime | Type::TimeSpan => DataType::Int64,
        Type::Real => DataType::Float64,
        Type::Decimal | Type::Dynamic | Type::Guid | Type::String | Type::Unknown => DataType::Utf8View,
    }
}
