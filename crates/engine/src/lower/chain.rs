//! Chains of `or` and `and`: terms that compare one value with one constant after another become one look-up in a set.
//!
//! In: the terms of a chain. Out: fewer terms that mean the same. A generated query compares a column with ten thousand names as
//! readily as with two, and a set is asked once a row.

use std::borrow::Cow;

use kql::plan::{Expr, ExprKind};
use kql::{Type, Value};

use crate::function;

/// Comparisons of one value from which on they are a set.
const LEAST: usize = 4;
/// Different values that one chain may compare; what comes after stays as it is.
const VALUES: usize = 16;

/// Comparisons with a constant in an `or` chain, and the set operator that all of them together are.
const IN_OR: &[(&str, &str)] =
    &[("==", "in"), ("in", "in"), ("=~", "in~"), ("in~", "in~"), ("has", "has_any"), ("has_any", "has_any")];
/// The same in an `and` chain.
const IN_AND: &[(&str, &str)] = &[("!=", "!in"), ("!in", "!in"), ("!~", "!in~"), ("!in~", "!in~")];

/// Comparisons of one value by one operator, and which terms they are.
struct Set<'a> {
    operator: &'static str,
    value: &'a Expr,
    constants: Vec<&'a Expr>,
    terms: Vec<usize>,
}

/// The terms of an `and` (or an `or`) with their comparisons gathered into sets.
pub(super) fn gathered(terms: &[Expr], and: bool) -> Cow<'_, [Expr]> {
    let mut sets: Vec<Set<'_>> = Vec::new();
    if terms.len() >= LEAST {
        for (at, term) in terms.iter().enumerate() {
            let Some((operator, value, constants)) = comparison(term, if and { IN_AND } else { IN_OR }) else { continue };
            match sets.iter().position(|set| set.operator == operator && set.value == value) {
                Some(known) => {
                    sets[known].constants.extend(constants);
                    sets[known].terms.push(at);
                }
                None if sets.len() < VALUES => {
                    sets.push(Set { operator, value, constants: constants.iter().collect(), terms: vec![at] });
                }
                None => {}
            }
        }
    }
    sets.retain(|set| set.terms.len() >= LEAST);
    if sets.is_empty() {
        return Cow::Borrowed(terms);
    }
    let mut gathered: Vec<Option<Expr>> = terms.iter().cloned().map(Some).collect();
    for set in &sets {
        set.terms.iter().for_each(|at| gathered[*at] = None);
        gathered[set.terms[0]] = Some(set.call());
    }
    Cow::Owned(gathered.into_iter().flatten().collect())
}

impl Set<'_> {
    fn call(&self) -> Expr {
        let args = std::iter::once(self.value).chain(self.constants.iter().copied()).cloned().collect();
        Expr::call(self.operator, args, Type::Bool)
    }
}

/// The set operator that a term belongs to, the value it compares and the constants it compares it with.
fn comparison<'a>(term: &'a Expr, operators: &[(&str, &'static str)]) -> Option<(&'static str, &'a Expr, &'a [Expr])> {
    let ExprKind::Call { function, args } = &term.kind else { return None };
    let (_, set) = operators.iter().find(|(operator, _)| operator == function)?;
    let (value, constants) = args.split_first()?;
    let is_text = *set != "in" && *set != "!in";
    let fits = |constant: &Expr| match &constant.kind {
        ExprKind::Literal(Value::Null | Value::Dynamic(_)) => false,
        ExprKind::Literal(_) if is_text => value.ty == Type::String && constant.ty == Type::String,
        ExprKind::Literal(_) => is_listed(value.ty) && constant.ty == value.ty,
        _ => false,
    };
    (is_same_each_time(value) && !constants.is_empty() && constants.iter().all(fits)).then_some((*set, value, constants))
}

/// Types whose values a set finds exactly where `==` does.
fn is_listed(ty: Type) -> bool {
    matches!(ty, Type::Bool | Type::DateTime | Type::Int | Type::Long | Type::Real | Type::String | Type::TimeSpan)
}

/// Whether the value may be computed once where the chain computes it for each term: columns, and what is made of them.
fn is_same_each_time(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Column(_) => true,
        ExprKind::Call { function, args } => {
            let is_volatile = function::find(function).is_some_and(|function| function.is_volatile);
            !is_volatile && args.len() < LEAST && args.iter().all(is_same_each_time)
        }
        ExprKind::Literal(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(operator: &str, value: &str) -> Expr {
        let args = vec![Expr::column(0, Type::String), Expr::literal(Value::String(value.to_owned()), Type::String)];
        Expr::call(operator, args, Type::Bool)
    }

    fn names(terms: &[Expr]) -> Vec<(String, usize)> {
        let name = |term: &Expr| match &term.kind {
            ExprKind::Call { function, args } => (function.clone(), args.len()),
            _ => (String::new(), 0),
        };
        terms.iter().map(name).collect()
    }

    #[test]
    fn comparisons_of_one_value_become_a_set() {
        let mut terms: Vec<Expr> = ["a", "b", "c", "d"].iter().map(|text| compare("==", text)).collect();
        terms.insert(1, compare("contains", "x"));
        assert_eq!(names(&gathered(&terms, false)), [("in".to_owned(), 5), ("contains".to_owned(), 2)]);
        assert_eq!(gathered(&terms, true).len(), 5, "`and` of `==` is no set");
        assert_eq!(gathered(&terms[..3], false).len(), 3, "too few");
        let terms: Vec<Expr> = ["a", "b", "c", "d"].iter().map(|text| compare("!=", text)).collect();
        assert_eq!(names(&gathered(&terms, true)), [("!in".to_owned(), 5)]);
    }

    #[test]
    fn what_is_drawn_anew_stays() {
        let draw = |n| {
            let drawn = Expr::call("rand", Vec::new(), Type::Real);
            Expr::call("==", vec![drawn, Expr::literal(Value::Real(n), Type::Real)], Type::Bool)
        };
        assert_eq!(gathered(&[draw(0.0), draw(0.1), draw(0.2), draw(0.3)], false).len(), 4);
    }
}
