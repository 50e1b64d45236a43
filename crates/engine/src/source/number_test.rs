//! Conditions on whole numbers and times, tested in the text of a record.
//!
//! In: what a condition asks of a column's values ([`Wanted`]). Out: a test that only rules out: a value that it lets pass may
//! still fail the condition, and what is no value of the column's type may pass.

use kql::{Type, Value};

use super::prune::Wanted;

/// What the number, or the ticks, of a column must be.
#[derive(Debug)]
pub(super) struct NumberTest {
    ty: Type,
    is: Is,
}

#[derive(Debug)]
enum Is {
    Within(i64, i64),
    /// One of these, in order.
    OneOf(Vec<i64>),
}

impl NumberTest {
    /// The test of a column of that type; `None` if it is not asked for such values.
    pub(super) fn of(wanted: &Wanted, ty: Type) -> Option<NumberTest> {
        let whole = |value: &Value| match (value, ty) {
            (Value::Int(number), Type::Int | Type::Long) => Some(i64::from(*number)),
            (Value::Long(number), Type::Int | Type::Long) | (Value::DateTime(number), Type::DateTime) => Some(*number),
            _ => None,
        };
        let bound = |value: &Option<Value>, none: i64| value.as_ref().map_or(Some(none), whole);
        let is = match wanted {
            Wanted::Within(from, to) => Is::Within(bound(from, i64::MIN)?, bound(to, i64::MAX)?),
            Wanted::OneOf(values) => {
                let mut numbers = values.iter().map(whole).collect::<Option<Vec<i64>>>()?;
                numbers.sort_unstable();
                Is::OneOf(numbers)
            }
        };
        Some(NumberTest { ty, is })
    }

    /// The record whose column has that text fails the condition.
    #[inline]
    pub(super) fn rules_out(&self, text: &[u8]) -> bool {
        let Some(number) = logs::number(self.ty, text) else { return false };
        match &self.is {
            Is::Within(from, to) => number < *from || number > *to,
            Is::OneOf(numbers) => numbers.binary_search(&number).is_err(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_outside_are_ruled_out() {
        let ports = NumberTest::of(&Wanted::OneOf(vec![Value::Long(443), Value::Int(80)]), Type::Int).unwrap();
        let ruled_out = |text: &str| ports.rules_out(text.as_bytes());
        assert_eq!(
            ["443", "443.0", "0x50", "8080", "", "x", "99999999999"].map(ruled_out),
            [false, false, false, true, false, false, false]
        );
        let since = NumberTest::of(&Wanted::Within(Some(Value::DateTime(kql::time::UNIX_EPOCH)), None), Type::DateTime).unwrap();
        let ruled_out = |text: &str| since.rules_out(text.as_bytes());
        assert_eq!(
            ["1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1767225600", "soon"].map(ruled_out),
            [false, true, false, false]
        );
        assert!(NumberTest::of(&Wanted::OneOf(vec![Value::String("443".to_owned())]), Type::Int).is_none());
        assert!(NumberTest::of(&Wanted::OneOf(vec![Value::Long(443)]), Type::Real).is_none());
    }
}
