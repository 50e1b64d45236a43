//! Whether two answers are the same: rows as a bag, reals nearly.

use engine::{Answer, ResultTable};
use kql::{Type, Value};

/// Whether the query's answer is the same however its rows come: what picks some of them, or looks at their order, is not.
pub(crate) fn is_settled(query: &str) -> bool {
    const UNSETTLED: &[&str] = &[
        "take",
        "sample",
        "any(",
        "anyif",
        "arg_m",
        "argm",
        "list",
        "make_set",
        "makeset",
        "bag",
        "dictionary",
        "top",
        "unique",
        "row_",
        "prev(",
        "next(",
        "passthrough",
        "partition",
        "schema",
        "mv-apply",
        "tdigest",
        "percentile",
        "lookup",
    ];
    !UNSETTLED.iter().any(|word| query.contains(word))
}

/// What differs between two answers.
pub(crate) fn difference(a: &Answer, b: &Answer) -> Option<String> {
    if a.tables.len() != b.tables.len() {
        return Some(format!("{} tables, and {}", a.tables.len(), b.tables.len()));
    }
    a.tables.iter().zip(&b.tables).find_map(|(a, b)| tables(a, b))
}

fn tables(a: &ResultTable, b: &ResultTable) -> Option<String> {
    let types = |table: &ResultTable| table.rows.columns.iter().map(|column| column.ty).collect::<Vec<Type>>();
    if types(a) != types(b) {
        return Some(format!("columns {:?}, and {:?}", a.rows.columns, b.rows.columns));
    }
    let (a, b) = (sorted(a), sorted(b));
    if a.len() != b.len() {
        return Some(format!("{} rows, and {}", a.len(), b.len()));
    }
    let same = |(a, b): &(&Vec<Value>, &Vec<Value>)| a.iter().zip(*b).all(|(a, b)| same(a, b));
    a.iter().zip(&b).find(|rows| !same(rows)).map(|(a, b)| format!("row {a:?}, and {b:?}"))
}

/// The rows in an order that does not look at the last digits of a real.
fn sorted(table: &ResultTable) -> Vec<Vec<Value>> {
    let mut rows = table.rows.rows.clone();
    let text = |value: &Value| match value {
        Value::Real(real) => format!("{real:.3e}"),
        Value::Dynamic(json) => pieces(json).map(rounded).collect::<Vec<_>>().join(","),
        other => format!("{other:?}"),
    };
    rows.sort_by_cached_key(|row| row.iter().map(text).collect::<Vec<_>>());
    rows
}

/// What stands between the brackets, colons and commas of JSON.
fn pieces(json: &str) -> impl Iterator<Item = &str> {
    json.split([',', '[', ']', ':', '{', '}'])
}

fn rounded(piece: &str) -> String {
    piece.parse::<f64>().map_or_else(|_| piece.to_owned(), |real| format!("{real:.3e}"))
}

/// Reals may differ by rounding, or by the order in which what is out of range was added up; inside a dynamic as well.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => near(*a, *b),
        (Value::Dynamic(a), Value::Dynamic(b)) if a != b => {
            let is_near = |(a, b): (&str, &str)| match (a.parse(), b.parse()) {
                (Ok(a), Ok(b)) => near(a, b),
                _ => a == b,
            };
            pieces(a).count() == pieces(b).count() && pieces(a).zip(pieces(b)).all(is_near)
        }
        (a, b) => a == b,
    }
}

fn near(a: f64, b: f64) -> bool {
    let near = (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    near || a == b || a.is_nan() && b.is_nan() || a.abs() > 1e290 || b.abs() > 1e290
}
