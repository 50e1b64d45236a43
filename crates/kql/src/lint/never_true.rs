//! K0907: a predicate that no row fulfils.
//!
//! Two ways to see it: one comparison by itself (`tolower(x) == "ABC"`, `x == int(null)`), or two that are both asked for and
//! contradict each other (`x == 1 and x == 2`, `t > ago(1d) and t < ago(7d)`), in one `and` or in successive `where` operators.

use std::collections::BTreeMap;

use super::walk;
use crate::ast::{BinaryOp, Expr, ExprKind, ListOp, Operator, OperatorKind, UnaryOp};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::types::Value;

/// Looks at one comparison by itself.
pub(super) fn check_expr(text: &str, expr: &Expr, out: &mut Vec<Diagnostic>) {
    if let Some(message) = alone(text, expr) {
        out.push(Diagnostic::new(diagnostic::NEVER_TRUE, expr.span, message));
    }
}

/// Looks at one operator: at what its predicate asks for all at once, and at what lists of `and` within it do.
pub(super) fn check_operator(text: &str, operator: &Operator, out: &mut Vec<Diagnostic>) {
    if let OperatorKind::Where(predicate) = &operator.kind {
        conjuncts(predicate, &mut |part| {
            if let Some(message) = false_for_all(text, part) {
                let diagnostic = Diagnostic::new(diagnostic::NEVER_TRUE, part.span, message);
                out.push(diagnostic.with_help("leave it out, or compare a column"));
            }
        });
    }
    walk::every_expr_of(operator, &mut |expr| {
        let ExprKind::And(_) = &expr.kind else { return };
        let mut claims: BTreeMap<&str, Vec<Claim<'_>>> = BTreeMap::new();
        conjuncts(expr, &mut |part| {
            if let Some((subject, claim)) = claim(text, part) {
                let known = claims.entry(subject.span.text(text)).or_default();
                if known.len() < CLAIMS_MAX {
                    known.push(claim);
                }
            }
        });
        let clashes = claims.values().filter_map(|claims| clash(claims));
        if let Some((earlier, later)) = clashes.min_by_key(|(_, later)| later.span) {
            let message = format!("no row fulfils this and `{}`", earlier.span.text(text));
            out.push(Diagnostic::new(diagnostic::NEVER_TRUE, later.span, message).with_label(earlier.span, "asked for here"));
        }
    });
}

/// How many claims about one value are compared with each other: each with each, so there must be an end.
const CLAIMS_MAX: usize = 200;

/// The first two claims about a value that contradict each other.
fn clash<'c, 'a>(claims: &'c [Claim<'a>]) -> Option<(&'c Claim<'a>, &'c Claim<'a>)> {
    let mut pairs = claims.iter().enumerate().flat_map(|(at, later)| claims[..at].iter().map(move |earlier| (earlier, later)));
    pairs.find(|(earlier, later)| contradict(&earlier.kind, &later.kind))
}

/// The parts of an `and`, those of an `and` within too.
fn conjuncts<'a>(expr: &'a Expr, give: &mut dyn FnMut(&'a Expr)) {
    match &expr.without_parens().kind {
        ExprKind::And(parts) => parts.iter().for_each(|part| conjuncts(part, give)),
        _ => give(expr.without_parens()),
    }
}

/// Why a comparison is never true, if that can be told from it alone.
fn alone(text: &str, expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Binary { op, left, right, .. } => {
            let constant = literal(right)?;
            if *op == BinaryOp::Equal && *constant == Value::Null {
                let subject = left.span.text(text);
                return Some(format!("nothing equals null: write `isnull({subject})`"));
            }
            let exact = matches!(
                op,
                BinaryOp::Equal | BinaryOp::HasCs | BinaryOp::ContainsCs | BinaryOp::StartsWithCs | BinaryOp::EndsWithCs
            );
            if exact { wrong_letters(left, constant) } else { None }
        }
        ExprKind::InList { op: ListOp::In, value, list, .. } => {
            let all = list.iter().map(|item| wrong_letters(value, literal(item)?)).collect::<Option<Vec<String>>>()?;
            all.into_iter().next()
        }
        ExprKind::Between { negated: false, low, high, .. } => {
            let (low, high) = (bound(low)?, bound(high)?);
            (low.base == high.base && low.at > high.at).then(|| "the lower bound is above the upper one".to_owned())
        }
        _ => None,
    }
}

/// Why a predicate that looks at no row is false: `false`, `1 == 2`.
fn false_for_all(text: &str, expr: &Expr) -> Option<&'static str> {
    if literal(expr) == Some(&Value::Bool(false)) {
        return Some("this predicate is always false");
    }
    let (subject, claim) = claim(text, expr)?;
    let value = literal(subject).filter(|value| !matches!(value, Value::Dynamic(_) | Value::Null))?;
    let is_false = !allows(&claim.kind, value, false) && alone(text, expr).is_none();
    is_false.then_some("this compares constants, and is always false")
}

/// `tolower(x)` beside a constant with capitals, `toupper(x)` beside one with small letters.
fn wrong_letters(subject: &Expr, constant: &Value) -> Option<String> {
    let (ExprKind::Call { name, .. }, Value::String(constant)) = (&subject.without_parens().kind, constant) else { return None };
    match name.text.as_str() {
        "tolower" if constant.chars().any(char::is_uppercase) => {
            Some("tolower() leaves no capitals, this constant has some".to_owned())
        }
        "toupper" if constant.chars().any(char::is_lowercase) => {
            Some("toupper() leaves no small letters, this constant has some".to_owned())
        }
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<&Value> {
    match &expr.without_parens().kind {
        ExprKind::Literal(literal) => Some(&literal.value),
        _ => None,
    }
}

/// What a predicate says of one value.
struct Claim<'a> {
    /// What is said.
    kind: Kind<'a>,
    /// Where.
    span: Span,
}

enum Kind<'a> {
    /// It is one of these. `fold`: whatever the case.
    OneOf { values: Vec<&'a Value>, fold: bool },
    /// It is none of these.
    NoneOf(Vec<&'a Value>),
    /// It is above that, or just that.
    Above(Bound, bool),
    /// It is below that, or just that.
    Below(Bound, bool),
    /// A string operator holds, or (`false`) does not.
    Text(BinaryOp, &'a str, bool),
    /// It is empty, or (`false`) not.
    Empty(bool),
}

/// A point on a line of numbers or moments.
#[derive(Clone, Copy, Debug)]
struct Bound {
    base: Base,
    at: f64,
}

/// Which line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Number,
    Moment,
    Length,
    /// Moments counted from now.
    Now,
}

/// What a predicate says, and the value it says it of.
fn claim<'a>(text: &str, expr: &'a Expr) -> Option<(&'a Expr, Claim<'a>)> {
    let (subject, kind) = match &expr.kind {
        ExprKind::Binary { op, left, right, .. } => (left, comparison(*op, right)?),
        ExprKind::InList { op, value, list, .. } => {
            let values = list.iter().map(literal).collect::<Option<Vec<&Value>>>()?;
            let lists = values.iter().any(|value| matches!(value, Value::Dynamic(_)));
            let kind = match op {
                _ if lists => return None,
                ListOp::In => Kind::OneOf { values, fold: false },
                ListOp::InTilde => Kind::OneOf { values, fold: true },
                ListOp::NotIn => Kind::NoneOf(values),
                _ => return None,
            };
            (value, kind)
        }
        ExprKind::Call { name, args } => {
            let [subject] = args.as_slice() else { return None };
            let empty = match name.text.as_str() {
                "isempty" | "isnull" => true,
                "isnotempty" | "isnotnull" | "notempty" | "notnull" => false,
                _ => return None,
            };
            return Some((subject.without_parens(), Claim { kind: Kind::Empty(empty), span: expr.span }));
        }
        _ => return None,
    };
    // What gives another value each time it is asked cannot contradict itself.
    let steady = !subject.span.text(text).contains("rand(");
    steady.then(|| (subject.without_parens(), Claim { kind, span: expr.span }))
}

fn comparison(op: BinaryOp, right: &Expr) -> Option<Kind<'_>> {
    use BinaryOp as B;
    let text = || match literal(right)? {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    };
    Some(match op {
        B::Equal => Kind::OneOf { values: vec![literal(right)?], fold: false },
        B::EqualTilde => Kind::OneOf { values: vec![literal(right)?], fold: true },
        B::NotEqual => Kind::NoneOf(vec![literal(right)?]),
        B::Greater => Kind::Above(bound(right)?, false),
        B::GreaterOrEqual => Kind::Above(bound(right)?, true),
        B::Less => Kind::Below(bound(right)?, false),
        B::LessOrEqual => Kind::Below(bound(right)?, true),
        B::Has | B::Contains | B::StartsWith | B::EndsWith | B::HasCs | B::ContainsCs | B::StartsWithCs | B::EndsWithCs => {
            Kind::Text(op, text()?, true)
        }
        B::NotHas => Kind::Text(B::Has, text()?, false),
        B::NotContains => Kind::Text(B::Contains, text()?, false),
        B::NotStartsWith => Kind::Text(B::StartsWith, text()?, false),
        B::NotEndsWith => Kind::Text(B::EndsWith, text()?, false),
        B::NotHasCs => Kind::Text(B::HasCs, text()?, false),
        B::NotContainsCs => Kind::Text(B::ContainsCs, text()?, false),
        B::NotStartsWithCs => Kind::Text(B::StartsWithCs, text()?, false),
        B::NotEndsWithCs => Kind::Text(B::EndsWithCs, text()?, false),
        _ => return None,
    })
}

/// A constant as a point: a number, a moment, `now()`, `ago(1d)`.
fn bound(expr: &Expr) -> Option<Bound> {
    match &expr.without_parens().kind {
        ExprKind::Unary { op: UnaryOp::Minus, operand } => bound(operand).map(|bound| Bound { at: -bound.at, ..bound }),
        ExprKind::Call { name, args } => match (name.text.as_str(), args.as_slice()) {
            ("now", []) => Some(Bound { base: Base::Now, at: 0.0 }),
            ("ago", [back]) => {
                bound(back).filter(|back| back.base == Base::Length).map(|back| Bound { base: Base::Now, at: -back.at })
            }
            _ => None,
        },
        ExprKind::Literal(literal) => point(&literal.value),
        _ => None,
    }
}

fn point(value: &Value) -> Option<Bound> {
    // Doubles are exact enough here: only bounds that are clearly apart are called a contradiction.
    let (base, at) = match value {
        Value::Int(i) => (Base::Number, f64::from(*i)),
        Value::Long(i) => (Base::Number, *i as f64),
        Value::Real(r) => (Base::Number, *r),
        Value::DateTime(t) => (Base::Moment, *t as f64),
        Value::TimeSpan(t) => (Base::Length, *t as f64),
        _ => return None,
    };
    Some(Bound { base, at })
}

/// Both cannot be true of one value.
fn contradict(a: &Kind<'_>, b: &Kind<'_>) -> bool {
    match (a, b) {
        (Kind::OneOf { values, fold }, other) | (other, Kind::OneOf { values, fold }) => {
            values.iter().all(|value| !allows(other, value, *fold))
        }
        (Kind::Above(low, with_low), Kind::Below(high, with_high))
        | (Kind::Below(high, with_high), Kind::Above(low, with_low)) => {
            low.base == high.base && (low.at > high.at || low.at == high.at && !(*with_low && *with_high))
        }
        (Kind::Text(op, text, holds), Kind::Text(other_op, other_text, other_holds)) => {
            op == other_op && text == other_text && holds != other_holds
        }
        (Kind::Empty(a), Kind::Empty(b)) => a != b,
        (Kind::Empty(true), Kind::Above(..) | Kind::Below(..)) | (Kind::Above(..) | Kind::Below(..), Kind::Empty(true)) => true,
        (Kind::Empty(true), Kind::Text(_, text, true)) | (Kind::Text(_, text, true), Kind::Empty(true)) => !text.is_empty(),
        _ => false,
    }
}

/// A value may be as said; `fold`: the value stands for all its spellings.
fn allows(kind: &Kind<'_>, value: &Value, fold: bool) -> bool {
    let compare = |bound: &Bound, holds: &dyn Fn(f64, f64) -> bool| {
        point(value).is_none_or(|point| point.base != bound.base || holds(point.at, bound.at))
    };
    match kind {
        Kind::OneOf { values, fold: folds } => values.iter().any(|other| equal(value, other, fold || *folds)),
        Kind::NoneOf(values) => fold || !values.iter().any(|other| equal(value, other, false)),
        Kind::Above(bound, with) => compare(bound, &|at, bound| at > bound || *with && at == bound),
        Kind::Below(bound, with) => compare(bound, &|at, bound| at < bound || *with && at == bound),
        Kind::Text(op, needle, holds) => text_allows(*op, value, needle, *holds, fold),
        Kind::Empty(empty) => match value {
            Value::String(text) => text.is_empty() == *empty,
            Value::Null => true,
            _ => !*empty,
        },
    }
}

fn equal(a: &Value, b: &Value, fold: bool) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) if fold => a.to_lowercase() == b.to_lowercase(),
        (Value::String(a), Value::String(b)) => a == b,
        _ => match (point(a), point(b)) {
            (Some(a), Some(b)) if a.base == b.base => a.at == b.at,
            _ => a == b || std::mem::discriminant(a) != std::mem::discriminant(b),
        },
    }
}

/// A text may pass a string operator. `has` is taken for `contains`, which allows more.
fn text_allows(op: BinaryOp, value: &Value, needle: &str, holds: bool, fold: bool) -> bool {
    use BinaryOp as B;
    let Value::String(text) = value else { return true };
    let exact = matches!(op, B::HasCs | B::ContainsCs | B::StartsWithCs | B::EndsWithCs) && !fold;
    let (text, needle) = if exact { (text.clone(), needle.to_owned()) } else { (text.to_lowercase(), needle.to_lowercase()) };
    let found = match op {
        B::StartsWith | B::StartsWithCs => text.starts_with(&needle),
        B::EndsWith | B::EndsWithCs => text.ends_with(&needle),
        _ => text.contains(&needle),
    };
    let is_has = matches!(op, B::Has | B::HasCs);
    if holds { found } else { !found || is_has || fold }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::check;

    #[test]
    fn golden_alone() {
        check(
            "K0907",
            "T | where tolower(a) == 'ABC'",
            &["tolower(a) == 'ABC': tolower() leaves no capitals, this constant has some"],
        );
        check(
            "K0907",
            "T | where toupper(a) in ('abc', 'x')",
            &["toupper(a) in ('abc', 'x'): toupper() leaves no small letters, this constant has some"],
        );
        check("K0907", "T | where toupper(a) in ('abc', 'X') or tolower(a) =~ 'ABC'", &[]);
        check("K0907", "T | where a == int(null)", &["a == int(null): nothing equals null: write `isnull(a)`"]);
        check("K0907", "T | where a between (5 .. 1)", &["a between (5 .. 1): the lower bound is above the upper one"]);
        check("K0907", "T | where a between (ago(7d) .. ago(1d)) or b between (1 .. 5)", &[]);
        check("K0907", "T | where false", &["false: this predicate is always false"]);
        let constants = |text: &str| format!("{text}: this compares constants, and is always false");
        check("K0907", "T | where a > 1 and (1 == 2)", &[&constants("1 == 2")]);
        check("K0907", "T | where 'a' has 'b' or true", &[]);
        check("K0907", "T | where 'x' in ('y', 'z') and 3 < 2.5", &[&constants("'x' in ('y', 'z')"), &constants("3 < 2.5")]);
        check("K0907", "T | where 1 == 1 and 'A' =~ 'a' and 1 == '1' and dynamic(1) == dynamic(2)", &[]);
    }

    #[test]
    fn golden_together() {
        let clash = |query: &str, later: &str, earlier: &str| {
            check("K0907", query, &[&format!("{later}: no row fulfils this and `{earlier}`")])
        };
        clash("T | where a == 1 and b > 2 and (a == 2)", "a == 2", "a == 1");
        clash("T | where a > 5 and a < 5", "a < 5", "a > 5");
        clash("T | where t > ago(1d) and t < ago(7d)", "t < ago(7d)", "t > ago(1d)");
        clash("T | where a in ('x', 'y') and a !in ('y', 'x', 'z')", "a !in ('y', 'x', 'z')", "a in ('x', 'y')");
        clash("T | where a == 'abc' and a startswith 'B'", "a startswith 'B'", "a == 'abc'");
        clash("T | where a has 'x' and a !has 'x'", "a !has 'x'", "a has 'x'");
        clash("T | where isempty(a) and a =~ 'x'", "a =~ 'x'", "isempty(a)");
        for fine in [
            "T | where a == 1 and a == 1.0",
            "T | where a >= 5 and a <= 5",
            "T | where t > ago(7d) and t < ago(1d)",
            "T | where a =~ 'X' and a in ('x')",
            "T | where a == 'abc' and a has 'abc'",
            "T | where a =~ 'abc' and a != 'abc'",
            "T | where a == 1 and a == '1'",
            "T | where a == 1 or a == 2",
            "T | where isempty(a) and a == ''",
        ] {
            check("K0907", fine, &[]);
        }
    }
}
