//! A bound plan as text: one line a relation, inputs indented below, columns with their types.
//!
//! In: [`plan::Query`]. Out: what `tallyho kql explain` prints first. Expressions are written as KQL would spell the calls they
//! became, conversions included, so that nothing the binder did is hidden.

use std::fmt::Write;

use crate::fmt::literal;
use crate::plan::{Aggregate, Expr, ExprKind, GraphMatch, Input, PluginArg, Query, Rel, RelKind};
use crate::types::Column;

/// Columns that are all listed, and how many are of wider relations: tables of Sentinel have hundreds.
const COLUMNS_MAX: usize = 24;
const COLUMNS_CUT: usize = 12;

/// The whole query: shared relations and scalars first, then each result.
#[must_use]
pub fn explain(query: &Query) -> String {
    let mut out = String::new();
    for (at, rel) in query.shared.iter().enumerate() {
        let _ = writeln!(out, "shared {at}:");
        write_rel(&mut out, rel, 1);
    }
    for (at, rel) in query.scalars.iter().enumerate() {
        let _ = writeln!(out, "scalar {at}:");
        write_rel(&mut out, rel, 1);
    }
    for output in &query.outputs {
        let name = output.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        let _ = writeln!(out, "result{name}:");
        write_rel(&mut out, &output.rel, 1);
    }
    out
}

/// A relation and those below it. Columns are left out where they are the input's.
fn write_rel(out: &mut String, rel: &Rel, depth: usize) {
    let inputs = below(rel);
    let columns: &[Column] = inputs.first().map_or(&[], |input| &input.columns);
    let _ = write!(out, "{:width$}{}", "", head(rel, columns), width = depth * 2);
    if inputs.is_empty() || rel.columns != columns {
        let shown = rel.columns.iter().take(if rel.columns.len() > COLUMNS_MAX { COLUMNS_CUT } else { COLUMNS_MAX });
        let mut columns: Vec<String> = shown.map(|column| format!("{}: {}", column.name, column.ty)).collect();
        match rel.columns.len() - columns.len() {
            0 if rel.open => columns.push("…".to_owned()),
            0 => {}
            more => columns.push(format!("… {more} more")),
        }
        let _ = write!(out, " -> ({})", columns.join(", "));
    }
    out.push('\n');
    inputs.into_iter().for_each(|input| write_rel(out, input, depth + 1));
}

/// The relations below, tables that are arguments among them.
pub(crate) fn below(rel: &Rel) -> Vec<&Input> {
    rel.kind.inputs().into_iter().chain(rel.kind.arguments()).collect()
}

/// The relation's operator and arguments.
fn head(rel: &Rel, input: &[Column]) -> String {
    let list = |exprs: &[Expr]| exprs.iter().map(|expr| text(expr, input)).collect::<Vec<_>>().join(", ");
    let calls = |aggregates: &[Aggregate]| aggregates.iter().map(|a| aggregate(a, input)).collect::<Vec<_>>().join(", ");
    match &rel.kind {
        RelKind::Table { name, .. } => format!("table {name}"),
        RelKind::One => "one row".to_owned(),
        RelKind::Values(rows) => format!("{} rows of the query", rows.len()),
        RelKind::Range { from, to, step } => {
            format!("range from {} to {} step {}", text(from, &[]), text(to, &[]), text(step, &[]))
        }
        RelKind::External { uris, .. } => format!("externaldata {}", uris.join(", ")),
        RelKind::Shared(at) => format!("shared {at}"),
        RelKind::Context => "rows of the subquery".to_owned(),
        RelKind::Filter { predicate, .. } => format!("filter {}", text(predicate, input)),
        RelKind::Project { exprs, .. } => format!("project {}", list(exprs)),
        RelKind::Window { exprs, .. } => format!("window {}", list(exprs)),
        RelKind::Aggregate { keys, aggregates, .. } => format!("aggregate {} by {}", calls(aggregates), list(keys)),
        RelKind::Sort { keys, .. } => {
            let key = |key: &crate::plan::SortKey| {
                let direction = if key.descending { "desc" } else { "asc" };
                let nulls = if key.nulls_first { "first" } else { "last" };
                format!("{} {direction} nulls {nulls}", text(&key.expr, input))
            };
            format!("sort {}", keys.iter().map(key).collect::<Vec<_>>().join(", "))
        }
        RelKind::Take { count, .. } => format!("take {}", text(count, input)),
        RelKind::Sample { count, .. } => format!("sample {}", text(count, input)),
        RelKind::Join { kind, on, left, right, lookup } => {
            let pair = |(l, r): &(Expr, Expr)| format!("{} == {}", text(l, &left.columns), text(r, &right.columns));
            let word = if *lookup { "lookup" } else { "join" };
            format!("{word} {kind:?} on {}", on.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        RelKind::Union(inputs) => format!("union of {}", inputs.len()),
        RelKind::MvExpand { items, .. } | RelKind::MvApply { items, .. } => {
            format!("{} {}", rel.kind.keyword(), items.iter().map(|item| text(&item.expr, input)).collect::<Vec<_>>().join(", "))
        }
        RelKind::Evaluate { plugin, args, .. } => {
            let args: Vec<String> = args
                .iter()
                .map(|arg| match arg {
                    PluginArg::Expr(_, expr) => text(expr, input),
                    PluginArg::Rel(_) => "(table)".to_owned(),
                })
                .collect();
            format!("evaluate {plugin}({})", args.join(", "))
        }
        RelKind::GraphMatch(found) => format!("{} {}", rel.kind.keyword(), graph_match(found)),
        other => other.keyword().to_owned(),
    }
}

/// The pattern with its predicate and projection, under the names its elements have.
fn graph_match(found: &GraphMatch) -> String {
    let columns = found.columns();
    let exprs: Vec<String> = found.exprs.iter().map(|expr| text(expr, &columns)).collect();
    let predicate = found.predicate.as_ref().map(|predicate| format!(" where {}", text(predicate, &columns)));
    format!("{} elements{} project {}", found.elements.len(), predicate.unwrap_or_default(), exprs.join(", "))
}

fn aggregate(aggregate: &Aggregate, input: &[Column]) -> String {
    let args: Vec<String> = aggregate.args.iter().map(|arg| text(arg, input)).collect();
    let part = if aggregate.part > 0 { format!("[{}]", aggregate.part) } else { String::new() };
    format!("{}({}){part}", aggregate.function, args.join(", "))
}

/// An expression over `columns`.
fn text(expr: &Expr, columns: &[Column]) -> String {
    let all = |terms: &[Expr], word: &str| {
        let terms: Vec<String> = terms.iter().map(|term| text(term, columns)).collect();
        format!("({})", terms.join(word))
    };
    match &expr.kind {
        ExprKind::Column(at) => columns.get(*at).map_or_else(|| format!("#{at}"), |column| column.name.clone()),
        ExprKind::Literal(value) => shortened(literal(value, expr.ty)),
        ExprKind::And(terms) => all(terms, " and "),
        ExprKind::Or(terms) => all(terms, " or "),
        ExprKind::Call { function, args } => {
            let args: Vec<String> = args.iter().map(|arg| text(arg, columns)).collect();
            match args.as_slice() {
                [left, right] if !function.starts_with(|c: char| c.is_alphabetic()) => format!("({left} {function} {right})"),
                _ => format!("{function}({})", shortened(args.join(", "))),
            }
        }
        ExprKind::Scalar(at) => format!("scalar {at}"),
        ExprKind::Rows(rel) => format!("(a table of {} columns)", rel.columns.len()),
    }
}

/// A list of thousands of values tells nobody anything.
fn shortened(text: String) -> String {
    const CHARS: usize = 200;
    if text.chars().count() <= CHARS {
        return text;
    }
    let kept: String = text.chars().take(CHARS).collect();
    format!("{kept}…")
}
