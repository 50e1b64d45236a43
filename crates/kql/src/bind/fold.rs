//! Values that are settled while binding: what later steps need to know now, and constants made of constants.
//!
//! In: bound expressions or values. Out: a value, or nothing where it is not settled (or would be out of range: then the call
//! stays, and its result is the engine's).

use crate::plan::{Expr, ExprKind};
use crate::time;
use crate::types::{Type, Value, parse_guid};

/// The value of a constant expression.
pub(super) fn constant(expr: &Expr) -> Option<&Value> {
    match &expr.kind {
        ExprKind::Literal(value) if expr.ty != Type::Unknown => Some(value),
        _ => None,
    }
}

/// A constant text.
pub(super) fn text(expr: &Expr) -> Option<&str> {
    match constant(expr)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A constant integer.
pub(super) fn integer(expr: &Expr) -> Option<i64> {
    match constant(expr)? {
        Value::Long(number) => Some(*number),
        Value::Int(number) => Some(i64::from(*number)),
        _ => None,
    }
}

/// `-x` of a constant.
pub(super) fn negated(expr: &Expr) -> Option<Expr> {
    let value = match constant(expr)? {
        Value::Long(number) => Value::Long(number.wrapping_neg()),
        Value::Int(number) => Value::Int(number.checked_neg()?),
        Value::Real(number) => Value::Real(-number),
        Value::TimeSpan(ticks) => Value::TimeSpan(ticks.checked_neg()?),
        _ => return None,
    };
    Some(Expr::literal(value, expr.ty))
}

/// A constant datetime and a constant timespan added up.
pub(super) fn plus(time: &Expr, span: &Expr) -> Option<Expr> {
    match (constant(time)?, constant(span)?) {
        (Value::DateTime(ticks), Value::TimeSpan(span)) => {
            let ticks = ticks.checked_add(*span).and_then(time::in_range)?;
            Some(Expr::literal(Value::DateTime(ticks), Type::DateTime))
        }
        _ => None,
    }
}

/// A constant of one type as one of another, where that is certain.
#[expect(clippy::cast_precision_loss, reason = "a long becomes the nearest real, as in Kusto")]
pub(super) fn converted(value: &Value, to: Type) -> Option<Value> {
    Some(match (value, to) {
        (Value::Null, Type::String) => Value::String(String::new()),
        (Value::Null, _) => Value::Null,
        (Value::Int(number), Type::Long) => Value::Long(i64::from(*number)),
        (Value::Long(number), Type::Int) => Value::Int(i32::try_from(*number).ok()?),
        (Value::Int(number), Type::Real) => Value::Real(f64::from(*number)),
        (Value::Long(number), Type::Real) => Value::Real(*number as f64),
        (Value::Int(number), Type::Decimal) => Value::Decimal(number.to_string()),
        (Value::Long(number), Type::Decimal) => Value::Decimal(number.to_string()),
        (Value::Dynamic(_), Type::String) => Value::String(value.to_text()),
        (Value::Bool(_) | Value::Int(_) | Value::Long(_) | Value::Guid(_), Type::String) => Value::String(value.to_text()),
        (Value::String(text), Type::Guid) => Value::Guid(parse_guid(text)?),
        _ => return None,
    })
}

/// A constant read as another type, as `datatable` reads its values.
#[expect(clippy::cast_possible_truncation, reason = "a real is cut to its whole part, as in Kusto")]
pub(super) fn read_as(value: &Value, to: Type) -> Option<Value> {
    if let Some(value) = converted(value, to) {
        return Some(value);
    }
    let text = value.to_text();
    let trimmed = text.trim();
    Some(match to {
        Type::String => Value::String(text),
        Type::Bool => match trimmed.to_lowercase().as_str() {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => return None,
        },
        Type::Int | Type::Long => {
            let number = match value {
                Value::Real(real) if real.is_finite() => *real as i64,
                Value::TimeSpan(ticks) | Value::DateTime(ticks) => *ticks,
                _ => trimmed.parse::<i64>().ok()?,
            };
            if to == Type::Long { Value::Long(number) } else { Value::Int(i32::try_from(number).ok()?) }
        }
        Type::Real => Value::Real(trimmed.parse().ok()?),
        Type::Decimal => {
            trimmed.parse::<f64>().ok()?;
            Value::Decimal(trimmed.to_owned())
        }
        Type::DateTime => Value::DateTime(match value {
            Value::Long(ticks) => time::in_range(*ticks)?,
            _ => time::parse_iso(trimmed)?,
        }),
        Type::TimeSpan => Value::TimeSpan(match value {
            Value::Long(ticks) => *ticks,
            _ => time::parse_timespan(trimmed)?,
        }),
        Type::Guid => Value::Guid(parse_guid(trimmed)?),
        Type::Dynamic => Value::Dynamic(match value {
            Value::Bool(b) => b.to_string(),
            Value::Int(_) | Value::Long(_) | Value::Real(_) => text,
            _ => serde_json::Value::String(text).to_string(),
        }),
        Type::Unknown => return None,
    })
}
