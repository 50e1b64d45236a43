//! One value while it is computed on: read from an Arrow column, handed to a function, put into a builder.
//!
//! A [`Cell`] borrows its text from the column where it can. Its Kusto type is the variant; what a column's type is stands beside
//! the plan, since Arrow keeps two Kusto types in one (`datetime`, `timespan` and `long` are all `Int64`).

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Float64Array, Float64Builder, Int32Array, Int32Builder, Int64Array,
    Int64Builder, StringViewArray, StringViewBuilder, new_null_array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use kql::{Type, Value};
use logs::arrow_type;

/// A value of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Null of any type; never of `string`.
    Null,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i32),
    /// `long`.
    Long(i64),
    /// `real`.
    Real(f64),
    /// `datetime` in ticks since 0001-01-01.
    DateTime(i64),
    /// `timespan` in ticks.
    TimeSpan(i64),
    /// `string`.
    Str(Cow<'a, str>),
    /// `decimal` as canonical text.
    Decimal(Cow<'a, str>),
    /// `guid` as lower-case text with dashes.
    Guid(Cow<'a, str>),
    /// `dynamic` as compact JSON text; JSON's null is [`Cell::Null`].
    Dynamic(Cow<'a, str>),
}

impl<'a> Cell<'a> {
    /// A string.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Cell<'a> {
        Cell::Str(text.into())
    }

    /// A dynamic of that JSON value; null for JSON's null.
    #[must_use]
    pub fn json(value: &serde_json::Value) -> Cell<'static> {
        if value.is_null() { Cell::Null } else { Cell::Dynamic(Cow::Owned(value.to_string())) }
    }

    /// Whether it is null (an empty string is not).
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Cell::Null)
    }

    /// The text of a string; of a decimal, guid or dynamic the text it is kept as. Empty for null and all else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Cell::Str(s) | Cell::Decimal(s) | Cell::Guid(s) | Cell::Dynamic(s) => s,
            _ => "",
        }
    }

    /// The whole number of an int, a long, or the ticks of a datetime or timespan.
    #[must_use]
    pub fn as_long(&self) -> Option<i64> {
        match self {
            Cell::Int(i) => Some(i64::from(*i)),
            Cell::Long(i) | Cell::DateTime(i) | Cell::TimeSpan(i) => Some(*i),
            _ => None,
        }
    }

    /// The number of an int, long, real or decimal.
    #[must_use]
    pub fn as_real(&self) -> Option<f64> {
        match self {
            Cell::Int(i) => Some(f64::from(*i)),
            Cell::Long(i) => Some(*i as f64),
            Cell::Real(r) => Some(*r),
            Cell::Decimal(d) => d.parse().ok(),
            _ => None,
        }
    }

    /// The truth of a bool.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Cell::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The value as JSON: what it becomes inside a dynamic. Datetimes and timespans become their text, a real that JSON has no
    /// word for (NaN, the infinities) becomes its name.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Cell::Null => Json::Null,
            Cell::Bool(b) => Json::Bool(*b),
            Cell::Int(i) => Json::from(*i),
            Cell::Long(i) => Json::from(*i),
            Cell::Real(r) => match serde_json::Number::from_f64(*r) {
                Some(number) => Json::Number(number),
                None if r.is_nan() => Json::from("NaN"),
                None => Json::from(if *r > 0.0 { "Infinity" } else { "-Infinity" }),
            },
            Cell::Dynamic(json) => serde_json::from_str(json).unwrap_or_else(|_| Json::from(json.as_ref())),
            Cell::DateTime(_) | Cell::TimeSpan(_) => Json::from(self.to_value().to_text()),
            Cell::Str(s) | Cell::Decimal(s) | Cell::Guid(s) => Json::from(s.as_ref()),
        }
    }

    /// The same value, owned by nobody else.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Bool(b) => Value::Bool(*b),
            Cell::Int(i) => Value::Int(*i),
            Cell::Long(i) => Value::Long(*i),
            Cell::Real(r) => Value::Real(*r),
            Cell::DateTime(t) => Value::DateTime(*t),
            Cell::TimeSpan(t) => Value::TimeSpan(*t),
            Cell::Str(s) => Value::String(s.to_string()),
            Cell::Decimal(d) => Value::Decimal(d.to_string()),
            Cell::Guid(g) => kql::types::parse_guid(g).map_or(Value::Null, Value::Guid),
            Cell::Dynamic(json) => Value::Dynamic(json.to_string()),
        }
    }

    /// The value as a cell.
    #[must_use]
    pub fn of(value: &'a Value) -> Cell<'a> {
        match value {
            Value::Null => Cell::Null,
            Value::Bool(b) => Cell::Bool(*b),
            Value::Int(i) => Cell::Int(*i),
            Value::Long(i) => Cell::Long(*i),
            Value::Real(r) => Cell::Real(*r),
            Value::DateTime(t) => Cell::DateTime(*t),
            Value::TimeSpan(t) => Cell::TimeSpan(*t),
            Value::String(s) => Cell::Str(Cow::Borrowed(s)),
            Value::Decimal(d) => Cell::Decimal(Cow::Borrowed(d)),
            Value::Guid(g) => Cell::Guid(Cow::Owned(kql::types::guid_text(*g))),
            Value::Dynamic(json) if json == "null" => Cell::Null,
            Value::Dynamic(json) => Cell::Dynamic(Cow::Borrowed(json)),
        }
    }

    /// The same cell without a borrow.
    #[must_use]
    pub fn into_owned(self) -> Cell<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Cell::Null => Cell::Null,
            Cell::Bool(b) => Cell::Bool(b),
            Cell::Int(i) => Cell::Int(i),
            Cell::Long(i) => Cell::Long(i),
            Cell::Real(r) => Cell::Real(r),
            Cell::DateTime(t) => Cell::DateTime(t),
            Cell::TimeSpan(t) => Cell::TimeSpan(t),
            Cell::Str(s) => Cell::Str(own(s)),
            Cell::Decimal(s) => Cell::Decimal(own(s)),
            Cell::Guid(s) => Cell::Guid(own(s)),
            Cell::Dynamic(s) => Cell::Dynamic(own(s)),
        }
    }
}

/// A column whose cells are read by row.
#[derive(Clone, Debug)]
pub enum Cells<'a> {
    /// `bool`.
    Bool(&'a BooleanArray),
    /// `int`.
    Int(&'a Int32Array),
    /// `long`, `datetime` and `timespan`.
    Long(Type, &'a Int64Array),
    /// `real`.
    Real(&'a Float64Array),
    /// `string`, `decimal`, `guid` and `dynamic`.
    Text(Type, &'a StringViewArray),
    /// All null (Arrow's null type).
    Null,
}

impl<'a> Cells<'a> {
    /// The cells of an array that holds values of that Kusto type as [`arrow_type`] lays them; all null if it does not.
    #[must_use]
    pub fn new(ty: Type, array: &'a ArrayRef) -> Cells<'a> {
        match ty {
            Type::Bool => array.as_boolean_opt().map_or(Cells::Null, Cells::Bool),
            Type::Int => array.as_primitive_opt::<Int32Type>().map_or(Cells::Null, Cells::Int),
            Type::Long | Type::DateTime | Type::TimeSpan => {
                array.as_primitive_opt::<Int64Type>().map_or(Cells::Null, |array| Cells::Long(ty, array))
            }
            Type::Real => array.as_primitive_opt::<Float64Type>().map_or(Cells::Null, Cells::Real),
            Type::Decimal | Type::Dynamic | Type::Guid | Type::String | Type::Unknown => {
                array.as_string_view_opt().map_or(Cells::Null, |array| Cells::Text(ty, array))
            }
        }
    }

    /// The cell of row `row`, which must be there. A null string is the empty one.
    #[must_use]
    pub fn get(&self, row: usize) -> Cell<'a> {
        match self {
            Cells::Bool(array) if array.is_valid(row) => Cell::Bool(array.value(row)),
            Cells::Int(array) if array.is_valid(row) => Cell::Int(array.value(row)),
            Cells::Long(ty, array) if array.is_valid(row) => match ty {
                Type::DateTime => Cell::DateTime(array.value(row)),
                Type::TimeSpan => Cell::TimeSpan(array.value(row)),
                _ => Cell::Long(array.value(row)),
            },
            Cells::Real(array) if array.is_valid(row) => Cell::Real(array.value(row)),
            Cells::Text(Type::String, array) if array.is_null(row) => Cell::Str(Cow::Borrowed("")),
            Cells::Text(ty, array) if array.is_valid(row) => {
                let text = Cow::Borrowed(array.value(row));
                match ty {
                    Type::Decimal => Cell::Decimal(text),
                    Type::Guid => Cell::Guid(text),
                    Type::Dynamic if text == "null" => Cell::Null,
                    Type::Dynamic => Cell::Dynamic(text),
                    _ => Cell::Str(text),
                }
            }
            _ => Cell::Null,
        }
    }
}

/// Collects cells into an array of one Kusto type.
#[derive(Debug)]
pub enum CellBuilder {
    /// `bool`.
    Bool(BooleanBuilder),
    /// `int`.
    Int(Int32Builder),
    /// `long`, `datetime` and `timespan`.
    Long(Int64Builder),
    /// `real`.
    Real(Float64Builder),
    /// `decimal`, `guid` and `dynamic`.
    Text(StringViewBuilder),
    /// `string`: null is the empty one.
    String(StringViewBuilder),
}

impl CellBuilder {
    /// An empty builder for `rows` values of that type.
    #[must_use]
    pub fn new(ty: Type, rows: usize) -> CellBuilder {
        match ty {
            Type::Bool => CellBuilder::Bool(BooleanBuilder::with_capacity(rows)),
            Type::Int => CellBuilder::Int(Int32Builder::with_capacity(rows)),
            Type::Long | Type::DateTime | Type::TimeSpan => CellBuilder::Long(Int64Builder::with_capacity(rows)),
            Type::Real => CellBuilder::Real(Float64Builder::with_capacity(rows)),
            Type::String => CellBuilder::String(StringViewBuilder::with_capacity(rows)),
            Type::Decimal | Type::Dynamic | Type::Guid | Type::Unknown => {
                CellBuilder::Text(StringViewBuilder::with_capacity(rows))
            }
        }
    }

    /// Adds a cell. One of another type than the builder's becomes null, but a whole number fits any numeric column that can
    /// hold it, and text any text column.
    pub fn push(&mut self, cell: &Cell<'_>) {
        match self {
            CellBuilder::Bool(builder) => builder.append_option(cell.as_bool()),
            CellBuilder::Int(builder) => builder.append_option(cell.as_long().and_then(|i| i32::try_from(i).ok())),
            CellBuilder::Long(builder) => builder.append_option(cell.as_long()),
            CellBuilder::Real(builder) => builder.append_option(cell.as_real()),
            CellBuilder::String(builder) => builder.append_value(cell.as_str()),
            CellBuilder::Text(builder) => match cell {
                Cell::Str(s) | Cell::Decimal(s) | Cell::Guid(s) | Cell::Dynamic(s) => builder.append_value(s),
                Cell::Null => builder.append_null(),
                other => builder.append_value(other.to_json().to_string()),
            },
        }
    }

    /// The array.
    #[must_use]
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            CellBuilder::Bool(builder) => Arc::new(builder.finish()),
            CellBuilder::Int(builder) => Arc::new(builder.finish()),
            CellBuilder::Long(builder) => Arc::new(builder.finish()),
            CellBuilder::Real(builder) => Arc::new(builder.finish()),
            CellBuilder::Text(builder) | CellBuilder::String(builder) => Arc::new(builder.finish()),
        }
    }
}

/// `rows` times the null of that type: the empty string for `string`.
#[must_use]
pub fn nulls(ty: Type, rows: usize) -> ArrayRef {
    if ty == Type::String {
        return Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n("", rows)));
    }
    new_null_array(&arrow_type(ty), rows)
}

/// The array in the layout of that type, should a kernel have left it in a kindred one (`Utf8` for `Utf8View`).
pub fn normalized(ty: Type, array: &ArrayRef) -> datafusion::error::Result<ArrayRef> {
    let wanted = arrow_type(ty);
    Ok(if *array.data_type() == wanted { Arc::clone(array) } else { cast(array, &wanted)? })
}
