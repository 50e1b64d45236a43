//! K0908 and K0909: lists and queries longer than Kusto or Sentinel takes.

use std::collections::BTreeMap;

use super::top_lets;
use crate::ast::{Expr, ExprKind, ListOp, Query};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::types::Value;

/// The longest list that `has_any` and `has_all` take (`query/has-any-operator`).
const HAS_VALUES: usize = 10_000;
/// The longest list that `in` takes (`query/in-operator`).
const IN_VALUES: usize = 1_000_000;
/// The longest query of an analytics rule, in characters (Sentinel's service limits).
const QUERY_CHARACTERS: usize = 10_000;

/// How many values the `let` statements hold that are a literal list.
pub(super) fn literal_lets(query: &Query) -> BTreeMap<&str, usize> {
    top_lets(query).filter_map(|(name, value)| Some((name, length(value)?))).collect()
}

/// Looks at one expression.
pub(super) fn lists(expr: &Expr, lets: &BTreeMap<&str, usize>, out: &mut Vec<Diagnostic>) {
    let ExprKind::InList { op, op_span, list, .. } = &expr.kind else { return };
    let most = if matches!(op, ListOp::HasAny | ListOp::HasAll) { HAS_VALUES } else { IN_VALUES };
    let count = match list.as_slice() {
        [only] => match only.as_name().and_then(|name| lets.get(name.text.as_str())) {
            Some(count) => *count,
            None => length(only).unwrap_or(1),
        },
        many => many.len(),
    };
    if count > most {
        let message = format!("`{}` takes at most {most} values, here are {count}", op.text());
        out.push(
            Diagnostic::new(diagnostic::LONG_LIST, *op_span, message)
                .with_help("put the values into a watchlist or a table and join it"),
        );
    }
}

/// The number of values of a literal list, or of the rows of a `datatable` with one column.
fn length(expr: &Expr) -> Option<usize> {
    match &expr.without_parens().kind {
        ExprKind::Literal(literal) => match &literal.value {
            Value::Dynamic(json) => serde_json::from_str::<Vec<serde_json::Value>>(json).ok().map(|values| values.len()),
            _ => None,
        },
        ExprKind::DataTable { columns, values, .. } if columns.len() == 1 => Some(values.len()),
        _ => None,
    }
}

/// Looks at the length of the text.
pub(super) fn query_length(text: &str, query: &Query, out: &mut Vec<Diagnostic>) {
    if query.statements.is_empty() {
        return;
    }
    if let Some((at, _)) = text.char_indices().nth(QUERY_CHARACTERS) {
        let count = text.chars().count();
        let message = format!("the query has {count} characters; an analytics rule takes {QUERY_CHARACTERS}");
        out.push(
            Diagnostic::new(diagnostic::LONG_QUERY, Span::at(at), message)
                .with_help("save parts of it as functions, or lists as watchlists"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::check;

    #[test]
    fn golden() {
        let list = |n: usize| vec!["'a'"; n].join(",");
        check("K0908", &format!("T | where x has_any ({})", list(HAS_VALUES)), &[]);
        let message = "has_any: `has_any` takes at most 10000 values, here are 10001";
        check("K0908", &format!("T | where x has_any ({})", list(HAS_VALUES + 1)), &[message]);
        check("K0908", &format!("let l = dynamic([{}]); T | where x has_any (l)", list(HAS_VALUES + 1)), &[message]);
        check("K0908", &format!("let l = datatable(a:string)[{}]; T | where x has_any (l)", list(HAS_VALUES + 1)), &[message]);
        let long = format!("T // {}", "é".repeat(QUERY_CHARACTERS));
        check("K0909", &long, &[": the query has 10005 characters; an analytics rule takes 10000"]);
    }
}
