//! Kusto's scalar types, values of them, and rows: what every other crate exchanges.
//!
//! A [`Value`] is what a literal in a query or a cell of a result holds. Bulk data is never kept so: inside the engine it is
//! Arrow, and becomes [`Rows`] only at the edge.

use std::fmt;

use crate::time;

/// A scalar type of Kusto, spelt as there (`data-explorer/kusto/query/scalar-data-types`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `datetime`: ticks of 100 ns since 0001-01-01T00:00:00Z.
    DateTime,
    /// `decimal`: 34 significant digits, base ten.
    Decimal,
    /// `dynamic`: any JSON value.
    Dynamic,
    /// `guid`.
    Guid,
    /// `int`: 32 bits.
    Int,
    /// `long`: 64 bits.
    Long,
    /// `real`: an IEEE 754 double.
    Real,
    /// `string`: UTF-8 text, never null.
    String,
    /// `timespan`: ticks of 100 ns.
    TimeSpan,
    /// Not known: a column of an open table, or an expression that did not bind. Never at run time.
    Unknown,
}

impl Type {
    /// Kusto's own name: `long`, `datetime` …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::DateTime => "datetime",
            Type::Decimal => "decimal",
            Type::Dynamic => "dynamic",
            Type::Guid => "guid",
            Type::Int => "int",
            Type::Long => "long",
            Type::Real => "real",
            Type::String => "string",
            Type::TimeSpan => "timespan",
            Type::Unknown => "unknown",
        }
    }

    /// What values of the type are reckoned as: an `int` as a `long`.
    #[must_use]
    pub fn widened(self) -> Type {
        if self == Type::Int { Type::Long } else { self }
    }

    /// The type of that name, its aliases (`double`, `date`, `time`, `boolean`, `uuid` …) included.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Type> {
        Some(match name {
            "bool" | "boolean" => Type::Bool,
            "datetime" | "date" => Type::DateTime,
            "decimal" => Type::Decimal,
            "dynamic" => Type::Dynamic,
            "guid" | "uuid" | "uniqueid" => Type::Guid,
            "int" | "int32" | "int16" | "int8" | "uint" | "uint32" | "uint16" | "uint8" => Type::Int,
            "long" | "int64" | "ulong" | "uint64" => Type::Long,
            "real" | "double" | "float" => Type::Real,
            "string" => Type::String,
            "timespan" | "time" => Type::TimeSpan,
            _ => return None,
        })
    }

    /// `int`, `long`, `real` or `decimal`.
    #[must_use]
    pub fn is_numeric(self) -> bool {
        matches!(self, Type::Int | Type::Long | Type::Real | Type::Decimal)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One scalar value. Its type is that of the column or expression it stands in: a null has none of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The null of any type but `string`, which has none.
    Null,
    /// A `bool`.
    Bool(bool),
    /// An `int`.
    Int(i32),
    /// A `long`.
    Long(i64),
    /// A `real`; NaN and the infinities included.
    Real(f64),
    /// A `decimal`, as its shortest plain or exponent text.
    Decimal(String),
    /// A `datetime`: ticks of 100 ns since 0001-01-01.
    DateTime(i64),
    /// A `timespan`: ticks of 100 ns.
    TimeSpan(i64),
    /// A `string`.
    String(String),
    /// A `guid`, its text read as one big-endian number.
    Guid(u128),
    /// A `dynamic`: compact JSON text (a JSON null is [`Value::Null`]).
    Dynamic(String),
}

impl Value {
    /// The text that `tostring()` gives: `True`, `1.0`, `2020-01-01T00:00:00.0000000Z`; empty for null.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Value::Null => String::new(),
            Value::Bool(b) => if *b { "True" } else { "False" }.to_owned(),
            Value::Int(i) => i.to_string(),
            Value::Long(i) => i.to_string(),
            Value::Real(r) => widest_text(*r),
            Value::Decimal(d) => d.clone(),
            Value::DateTime(t) => time::format_datetime(*t),
            Value::TimeSpan(t) => time::format_timespan(*t),
            Value::String(s) => s.clone(),
            Value::Guid(g) => guid_text(*g),
            Value::Dynamic(json) => dynamic_text(json),
        }
    }
}

/// A name and a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// The name, case kept: Kusto's names are case-sensitive.
    pub name: String,
    /// The type of all its values.
    pub ty: Type,
}

impl Column {
    /// A column called `name` of type `ty`.
    #[must_use]
    pub fn new(name: impl Into<String>, ty: Type) -> Column {
        Column { name: name.into(), ty }
    }
}

/// A result: typed columns and the values below them, from whichever executor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The rows; each as long as `columns`.
    pub rows: Vec<Vec<Value>>,
}

impl Rows {
    /// The position of the column called `name`.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// `tostring()` of a real: the shortest text that reads back, with a `.0` where it would look like a whole number.
#[must_use]
pub fn real_text(r: f64) -> String {
    if r.is_nan() {
        return "NaN".to_owned();
    }
    if r.is_infinite() {
        return if r > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let magnitude = r.abs();
    if magnitude != 0.0 && !(1e-5..1e15).contains(&magnitude) {
        return exponent_text(r);
    }
    let text = r.to_string();
    if text.contains('.') { text } else { text + ".0" }
}

/// [`real_text`], but of several texts of that length that read back the greatest, as Kusto writes it: `0.1 + 0.2` is
/// `0.30000000000000007`.
fn widest_text(r: f64) -> String {
    let text = real_text(r);
    let (mantissa, exponent) = text.split_at(text.find('e').unwrap_or(text.len()));
    let digits = mantissa.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    if digits < SINGLE_DIGITS {
        return text;
    }
    let mut mantissa = mantissa.to_owned();
    while let Some(last) = mantissa.pop() {
        let next = char::from(last as u8 + 1);
        let wider = format!("{mantissa}{next}");
        if last == '9' || format!("{wider}{exponent}").parse() != Ok(r) {
            mantissa.push(last);
            break;
        }
        mantissa = wider;
    }
    mantissa + exponent
}

/// With so many digits more than one text may read back as the same real.
const SINGLE_DIGITS: usize = 16;

/// `1e+20`, `1.5e-07`: two exponent digits at least, as .NET's round-trip format writes them.
fn exponent_text(r: f64) -> String {
    let text = format!("{r:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `74be27de-1e4e-49d9-b579-fe0b331d3642`.
#[must_use]
pub fn guid_text(g: u128) -> String {
    let hex = format!("{g:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The guid that `text` writes: 32 hexadecimal digits, dashes among them or not, in braces or not.
#[must_use]
pub fn parse_guid(text: &str) -> Option<u128> {
    let text = text.trim();
    let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    if inner.starts_with('-') || inner.ends_with('-') || inner.contains("--") {
        return None;
    }
    let hex: String = inner.chars().filter(|c| *c != '-').collect();
    if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&hex, 16).ok()
}

/// `tostring()` of a dynamic: a JSON string without its quotes, all else as compact JSON.
#[must_use]
pub fn dynamic_text(json: &str) -> String {
    if json.starts_with('"')
        && let Ok(text) = serde_json::from_str::<String>(json)
    {
        return text;
    }
    match json {
        "null" => String::new(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_shortest_texts_of_a_real_the_greatest_is_written() {
        let text = |real| Value::Real(real).to_text();
        for (real, written) in
            [(0.1 + 0.2, "0.30000000000000007"), (8.268_728_488_224_802, "8.268728488224803"), (1.0 / 3.0, "0.3333333333333333")]
        {
            assert_eq!(text(real), written);
            assert_eq!(written.parse(), Ok(real));
        }
        assert_eq!(
            (text(0.3), text(1e20), text(1.5e-7), text(123_456_789_012_345.0)),
            ("0.3".into(), "1e+20".into(), "1.5e-07".into(), "123456789012345.0".into())
        );
    }
}
