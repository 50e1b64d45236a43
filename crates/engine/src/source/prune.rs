//! What a condition says of a column's bounds: whether a row group can be passed over without reading it.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use kql::{Type, Value};
use logs::parquet::{Bound, RowGroup};

use crate::function::{Constant, Udf};

/// Values at most that a bloom filter is asked for.
const ASKED_MAX: usize = 256;

/// What a value of a column must be to pass a condition.
#[derive(Debug, PartialEq)]
pub(super) struct Prune {
    pub(super) column: String,
    pub(super) wanted: Wanted,
}

#[derive(Debug, PartialEq)]
pub(super) enum Wanted {
    /// Not before the first and not behind the second, if they are given.
    Within(Option<Value>, Option<Value>),
    /// One of these.
    OneOf(Vec<Value>),
}

impl Prune {
    /// What the condition says of its column; `None` if nothing that bounds can answer.
    pub(super) fn of(condition: &Expr) -> Option<Prune> {
        match condition {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => match (&**left, &**right) {
                (Expr::Column(column), Expr::Literal(text, _)) | (Expr::Literal(text, _), Expr::Column(column)) => {
                    let text = texts(text)?;
                    Some(Prune { column: column.name.clone(), wanted: Wanted::OneOf(vec![Value::String(text)]) })
                }
                _ => None,
            },
            Expr::ScalarFunction(call) => {
                let udf = Udf::of(&call.func)?;
                let (at, column) = call.args.iter().enumerate().find_map(|(at, arg)| Some((at, column_of(arg)?)))?;
                let wanted = wanted(udf.name(), at, udf.constants())?;
                Some(Prune { column: column.to_owned(), wanted })
            }
            _ => None,
        }
    }

    /// Whether a row of the group may pass.
    pub(super) fn may_pass(&self, group: &mut RowGroup<'_>) -> bool {
        let bound = group.bounds(&self.column);
        match &self.wanted {
            Wanted::Within(..) => bound.is_none_or(|bound| self.wanted.meets(&bound)),
            Wanted::OneOf(values) => {
                if bound.is_some_and(|bound| !self.wanted.meets(&bound)) {
                    return false;
                }
                let may_hold = |value: &Value| match value {
                    Value::String(text) => group.may_hold(&self.column, text),
                    _ => true,
                };
                values.len() > ASKED_MAX || values.iter().any(may_hold)
            }
        }
    }
}

/// The span (in ticks) outside which no time of that column passes all conditions; `None` if there is no such bound.
pub(super) fn span<'e>(conditions: impl IntoIterator<Item = &'e Expr>, column: &str) -> Option<RangeInclusive<i64>> {
    let (mut from, mut to) = (i64::MIN, i64::MAX);
    for prune in conditions.into_iter().filter_map(Prune::of).filter(|prune| prune.column == column) {
        if let Wanted::Within(first, last) = prune.wanted {
            if let Some(Value::DateTime(first)) = first {
                from = from.max(first);
            }
            if let Some(Value::DateTime(last)) = last {
                to = to.min(last);
            }
        }
    }
    (from > i64::MIN || to < i64::MAX).then_some(from..=to)
}

impl Wanted {
    /// Whether a wanted value lies within the bounds; true where they cannot be compared.
    fn meets(&self, bound: &Bound) -> bool {
        let behind = |a: &Value, b: &Value| order(a, b) == Some(Ordering::Greater);
        let inside = |from: &Value, to: &Value| !behind(&bound.least, to) && !behind(from, &bound.greatest);
        match self {
            Wanted::Within(from, to) => inside(from.as_ref().unwrap_or(&bound.least), to.as_ref().unwrap_or(&bound.greatest)),
            Wanted::OneOf(values) => values.iter().any(|value| inside(value, value)),
        }
    }
}

/// The column that an argument is: as it stands, or an `int` as the `long` of the same value.
fn column_of(arg: &Expr) -> Option<&str> {
    match arg {
        Expr::Column(column) => Some(&column.name),
        Expr::ScalarFunction(call) => {
            let udf = Udf::of(&call.func)?;
            let widens = udf.name() == "tolong" && udf.types() == [Type::Int];
            call.args.first().filter(|_| widens).and_then(column_of)
        }
        _ => None,
    }
}

/// What a call of that operator asks of the argument at `at`, the others being constants.
fn wanted(operator: &str, at: usize, constants: &[Option<Constant>]) -> Option<Wanted> {
    let constant = |position: usize| match constants.get(position)? {
        Some(Constant::Value(value)) if comparable(value) => Some(value.clone()),
        _ => None,
    };
    match (operator, at) {
        ("==", _) => Some(Wanted::OneOf(vec![constant(1 - at.min(1))?])),
        ("<" | "<=", 0) | (">" | ">=", 1) => Some(Wanted::Within(None, Some(constant(1 - at)?))),
        (">" | ">=", 0) | ("<" | "<=", 1) => Some(Wanted::Within(Some(constant(1 - at)?), None)),
        ("between", 0) => match (constant(1)?, constant(2)?) {
            (Value::DateTime(from), Value::TimeSpan(span)) => {
                Some(Wanted::Within(Some(Value::DateTime(from)), Some(Value::DateTime(from.saturating_add(span)))))
            }
            (from, to) => Some(Wanted::Within(Some(from), Some(to))),
        },
        ("in", 0) => match constants.get(1..)? {
            [Some(Constant::Set(values))] if values.iter().all(comparable) => Some(Wanted::OneOf(values.to_vec())),
            [Some(Constant::Texts(set))] => Some(Wanted::OneOf(set.iter().map(|text| Value::String(text.to_owned())).collect())),
            [] => None,
            values => {
                let value = |constant: &Option<Constant>| match constant {
                    Some(Constant::Value(value)) if comparable(value) => Some(value.clone()),
                    _ => None,
                };
                Some(Wanted::OneOf(values.iter().map(value).collect::<Option<_>>()?))
            }
        },
        _ => None,
    }
}

/// A value that bounds may be compared with.
fn comparable(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Long(_) | Value::DateTime(_) | Value::TimeSpan(_) | Value::String(_))
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    let whole = |value: &Value| match value {
        Value::Int(i) => Some(i64::from(*i)),
        Value::Long(i) => Some(*i),
        _ => None,
    };
    match (a, b) {
        (Value::DateTime(a), Value::DateTime(b)) | (Value::TimeSpan(a), Value::TimeSpan(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        _ => Some(whole(a)?.cmp(&whole(b)?)),
    }
}

fn texts(value: &ScalarValue) -> Option<String> {
    match value {
        ScalarValue::Utf8View(text) | ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) => text.clone(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(operator: &str, at: usize, constants: &[Value], bound: (i64, i64)) -> Option<bool> {
        let mut arguments: Vec<Option<Constant>> = constants.iter().cloned().map(|value| Some(Constant::Value(value))).collect();
        arguments.insert(at, None);
        let bound = Bound { least: Value::DateTime(bound.0), greatest: Value::DateTime(bound.1) };
        Some(wanted(operator, at, &arguments)?.meets(&bound))
    }

    #[test]
    fn bounds_rule_out_what_lies_outside() {
        let time = Value::DateTime;
        assert_eq!(meets(">", 0, &[time(10)], (1, 9)), Some(false));
        assert_eq!(meets(">", 0, &[time(10)], (1, 11)), Some(true));
        assert_eq!(meets(">", 1, &[time(10)], (11, 12)), Some(false), "10 > x");
        assert_eq!(meets("<=", 0, &[time(10)], (11, 12)), Some(false));
        assert_eq!(meets("==", 0, &[time(10)], (1, 12)), Some(true));
        assert_eq!(meets("==", 1, &[time(10)], (11, 12)), Some(false));
        assert_eq!(meets("between", 0, &[time(10), Value::TimeSpan(5)], (16, 20)), Some(false));
        assert_eq!(meets("between", 0, &[time(10), Value::TimeSpan(5)], (15, 20)), Some(true));
        assert_eq!(meets("in", 0, &[time(1), time(30)], (2, 29)), Some(false));
        assert_eq!(meets("==", 0, &[Value::Long(99)], (1, 12)), Some(true), "of another type");
        assert_eq!(meets("!=", 0, &[time(10)], (10, 10)), None);
        assert_eq!(meets(">", 0, &[Value::Null], (10, 10)), None);
    }
}
