//! Conditions on values: `assert`, `around`. See `check.md`.

use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[Function::prepared("assert", assert), Function::row("around", around)];

/// `assert(condition, message)`: stops the query if the condition, a constant, is not true.
fn assert(call: &Call) -> Result<Closure, String> {
    match call.constant(0) {
        Some(kql::Value::Bool(true)) => Ok(Box::new(|_, _| Cell::Bool(true))),
        Some(_) => Err(format!("assert() has failed with message: '{}'", call.constant_text(1).unwrap_or_default())),
        None => Err("the condition of assert() must be a constant".to_owned()),
    }
}

/// `around(value, center, delta)`: the value is no further from the center than that.
fn around<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let real = args.iter().any(|cell| matches!(cell, Cell::Real(_) | Cell::Decimal(_)));
    if real {
        let (Some(value), Some(center), Some(delta)) = (args[0].as_real(), args[1].as_real(), args[2].as_real()) else {
            return Cell::Null;
        };
        return Cell::Bool((center - delta..=center + delta).contains(&value));
    }
    let (Some(value), Some(center), Some(delta)) = (args[0].as_long(), args[1].as_long(), args[2].as_long()) else {
        return Cell::Null;
    };
    let (value, center, delta) = (i128::from(value), i128::from(center), i128::from(delta));
    Cell::Bool((center - delta..=center + delta).contains(&value))
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::*;
    use crate::function::testing::{eval, s, try_eval};

    #[test]
    fn conditions_hold_or_stop() {
        assert_eq!(try_eval("assert", &[Cell::Bool(true), s("no")], Type::Bool), Ok(Cell::Bool(true)));
        assert!(try_eval("assert", &[Cell::Bool(false), s("too short")], Type::Bool).unwrap_err().contains("too short"));
        let is = |value, center, delta| eval("around", &[value, center, delta], Type::Bool);
        assert_eq!(is(Cell::DateTime(9), Cell::DateTime(10), Cell::TimeSpan(1)), Cell::Bool(true));
        assert_eq!(is(Cell::Real(1.6), Cell::Long(1), Cell::Real(0.5)), Cell::Bool(false));
        assert_eq!(is(Cell::Null, Cell::Long(1), Cell::Long(1)), Cell::Null);
    }
}
