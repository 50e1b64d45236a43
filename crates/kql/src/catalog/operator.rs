//! What an operator between two values takes and gives.
//!
//! In: the operator as it is written (`+`, `==`, `has`, `in~` …) and the types of its operands. Out: the result's type
//! and what each operand converts to first. The table is what Microsoft's analyser shows for every operator with every pair of
//! types, but for two dynamics: those
//! Kusto refuses to compare or to reckon with. An operand of unknown type never causes an error.

use super::resolve::common_type;
use crate::types::Type;

/// What an operation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The result's type.
    pub result: Type,
    /// What the left operand converts to.
    pub left: Type,
    /// What the right operand, or each value of a list, converts to.
    pub right: Type,
}

/// No operation between two such types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDefined;

/// What `left op right` means. Operators over lists (`in`, `has_any` …) take the type of one value of the list.
pub fn operator(op: &str, left: Type, right: Type) -> Result<Operation, NotDefined> {
    match op {
        "+" | "-" | "*" | "/" | "%" => arithmetic(op, left, right),
        // Microsoft's analyser lets these pass, Kusto does not: a dynamic is cast before it is compared with another.
        "==" | "!=" if left == Type::Dynamic && right == Type::Dynamic => Err(NotDefined),
        "==" | "!=" | "in" | "!in" => Ok(equality(left, right)),
        "<" | "<=" | ">" | ">=" => order(left, right),
        "has_any" | "has_all" | "in~" | "!in~" => texts(left, Type::String),
        _ => texts(left, right),
    }
}

/// What `-x` or `+x` gives; the operand converts to that type first.
pub fn unary(operand: Type) -> Result<Type, NotDefined> {
    match operand {
        Type::Int | Type::Long | Type::Real | Type::Decimal | Type::DateTime | Type::TimeSpan | Type::Dynamic | Type::Unknown => {
            Ok(operand.widened())
        }
        Type::Bool | Type::Guid | Type::String => Err(NotDefined),
    }
}

/// An operator between texts: a dynamic is read as one. Of a list (`has_any`, `in~` and their kin) each value is, whatever it is.
fn texts(left: Type, right: Type) -> Result<Operation, NotDefined> {
    let fits = |side: Type| matches!(side, Type::String | Type::Dynamic | Type::Unknown);
    let operation = Operation { result: Type::Bool, left: Type::String, right: Type::String };
    if fits(left) && fits(right) { Ok(operation) } else { Err(NotDefined) }
}

/// `==` and `in` take any two types; those without a common one are compared as they are, and differ.
fn equality(left: Type, right: Type) -> Operation {
    let (left, right) = match (left, right) {
        (Type::Bool, number) if number.is_numeric() => (number, number),
        (number, Type::Bool) if number.is_numeric() => (number, number),
        (Type::Dynamic, other) | (other, Type::Dynamic) => (other, other),
        _ => common_type(left, right).map_or((left, right), |ty| (ty, ty)),
    };
    Operation { result: Type::Bool, left, right }
}

fn order(left: Type, right: Type) -> Result<Operation, NotDefined> {
    let number = |ty: Type| ty.is_numeric() || ty == Type::Bool;
    let defined = match (left, right) {
        (Type::Unknown, _) | (_, Type::Unknown) => true,
        (Type::DateTime, Type::DateTime) | (Type::TimeSpan, Type::TimeSpan) => true,
        (Type::Dynamic, other) | (other, Type::Dynamic) => other.is_numeric(),
        (a, b) => number(a) && number(b),
    };
    if !defined {
        return Err(NotDefined);
    }
    match (left, right) {
        (Type::Bool, Type::Bool) => Ok(Operation { result: Type::Bool, left, right }),
        _ => Ok(equality(left, right)),
    }
}

/// What `value between (low .. high)` compares: the types that the three convert to. After a datetime, `high` may be a timespan:
/// it counts from `low`.
pub fn between(value: Type, low: Type, high: Type) -> Result<[Type; 3], NotDefined> {
    let types = [value, low, high];
    let known: Vec<Type> = types.into_iter().filter(|ty| *ty != Type::Unknown).collect();
    if known.is_empty() {
        return Ok(types);
    }
    match types.map(|ty| if ty == Type::Unknown { known[0] } else { ty }) {
        [Type::DateTime, Type::DateTime, Type::DateTime | Type::TimeSpan] | [Type::TimeSpan, Type::TimeSpan, Type::TimeSpan] => {
            Ok(types)
        }
        all if all.iter().all(|ty| ty.is_numeric()) => {
            let widest = all.into_iter().try_fold(Type::Unknown, common_type).ok_or(NotDefined)?;
            Ok([widest; 3])
        }
        [number, Type::Dynamic, Type::Dynamic] if number.is_numeric() => Ok([number; 3]),
        [Type::Dynamic, low, high] if low.is_numeric() && high.is_numeric() => Ok([common_type(low, high).unwrap_or(low); 3]),
        _ if known.len() < 3 => Ok(types),
        _ => Err(NotDefined),
    }
}

fn arithmetic(op: &str, left: Type, right: Type) -> Result<Operation, NotDefined> {
    use Type::{DateTime, Dynamic, Real, TimeSpan, Unknown};
    let give = |result, left, right| Ok(Operation { result, left, right });
    let scale = matches!(op, "*" | "/" | "%");
    match (left, right) {
        (Unknown, _) | (_, Unknown) => give(Unknown, left, right),
        (Dynamic, Dynamic) => Err(NotDefined),
        (a, b) if (a.is_numeric() || a == Dynamic) && (b.is_numeric() || b == Dynamic) => {
            let ty = match common_type(if a == Dynamic { b } else { a }, if b == Dynamic { a } else { b }) {
                Some(Type::Int) | None => Type::Long,
                Some(ty) => ty,
            };
            give(ty, ty, ty)
        }
        (DateTime | Dynamic, DateTime) | (DateTime, Dynamic) if op == "-" => give(TimeSpan, DateTime, DateTime),
        (DateTime, TimeSpan | Dynamic) if matches!(op, "+" | "-") => give(DateTime, DateTime, TimeSpan),
        (TimeSpan | Dynamic, DateTime) if op == "+" => give(DateTime, TimeSpan, DateTime),
        (TimeSpan, DateTime) if op == "-" => give(DateTime, left, right),
        (DateTime, DateTime) if op == "+" => give(DateTime, left, right),
        (TimeSpan | Dynamic, TimeSpan) | (TimeSpan, Dynamic) if matches!(op, "+" | "-") => give(TimeSpan, TimeSpan, TimeSpan),
        (TimeSpan | DateTime, TimeSpan) | (DateTime, DateTime) if op == "/" => give(Real, left, right),
        (TimeSpan | DateTime, TimeSpan) | (DateTime, DateTime) if op == "%" => give(TimeSpan, left, right),
        (TimeSpan, TimeSpan) if op == "*" => give(TimeSpan, left, right),
        (TimeSpan | DateTime, number) if scale && number.is_numeric() => give(left, left, number.widened()),
        (number, TimeSpan | DateTime) if op == "*" && number.is_numeric() => give(right, number.widened(), right),
        _ => Err(NotDefined),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Type::{Bool, DateTime, Decimal, Dynamic, Int, Long, Real, TimeSpan, Unknown};

    #[test]
    fn arithmetic_widens_ints_and_knows_time() {
        let result = |op: &str, left, right| operator(op, left, right).map(|operation| operation.result);
        assert_eq!(result("+", Int, Int), Ok(Long));
        assert_eq!(result("/", Long, Real), Ok(Real));
        assert_eq!(result("*", Real, Decimal), Ok(Decimal));
        assert_eq!(result("-", DateTime, DateTime), Ok(TimeSpan));
        assert_eq!(result("/", TimeSpan, TimeSpan), Ok(Real));
        assert_eq!(result("+", Dynamic, Int), Ok(Long));
        assert_eq!(result("+", Type::String, Type::String), Err(NotDefined));
        assert_eq!(operator("-", Dynamic, DateTime), Ok(Operation { result: TimeSpan, left: DateTime, right: DateTime }));
        assert_eq!(result("+", Unknown, Type::String), Ok(Unknown));
    }

    #[test]
    fn comparisons_convert_to_what_both_can_be() {
        let sides = |op: &str, left, right| operator(op, left, right).map(|operation| (operation.left, operation.right));
        assert_eq!(sides("==", Dynamic, Long), Ok((Long, Long)));
        assert_eq!(sides("==", Int, Type::String), Ok((Int, Type::String)));
        assert_eq!(sides("<", Bool, Long), Ok((Long, Long)));
        assert_eq!(sides("<", Type::String, Type::String), Err(NotDefined));
        assert_eq!(sides("has", Dynamic, Type::String), Ok((Type::String, Type::String)));
        assert_eq!(sides("has_any", Int, Type::String), Err(NotDefined));
    }

    #[test]
    fn between_takes_a_length_after_a_datetime() {
        assert_eq!(between(DateTime, DateTime, TimeSpan), Ok([DateTime, DateTime, TimeSpan]));
        assert_eq!(between(Int, Long, Real), Ok([Real; 3]));
        assert_eq!(between(Dynamic, Dynamic, Dynamic), Err(NotDefined));
        assert_eq!(between(Type::String, Type::String, Type::String), Err(NotDefined));
        assert_eq!(between(Unknown, Long, Int), Ok([Long; 3]));
    }
}
