//! `union`.
//!
//! In: tables, by name, by pattern or as subqueries. Out: all their rows under one set of columns: columns of one name and type
//! are one, columns of one name and several types are one for each type.

use std::collections::HashSet;

use super::super::Binder;
use super::super::env::Binding;
use super::super::flow::{Flow, fresh_name, null_of};
use super::super::resolve::open_column;
use super::super::source::TABLE_FUNCTIONS;
use super::{param, unsupported};
use crate::ast::{self, ExprKind as Ast, Param};
use crate::diagnostic;
use crate::plan::{Expr, RelKind};
use crate::types::{Column, Type, Value};

/// More tables times columns than this are not put together.
const CELLS_MAX: usize = 1_000_000;

impl Binder<'_> {
    pub(super) fn union(&mut self, input: Option<&Flow>, tables: &[ast::Expr], params: &[Param]) -> Flow {
        let is_fuzzy = param(params, "isfuzzy").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let mut flows: Vec<Flow> = input.cloned().into_iter().collect();
        for table in tables {
            self.union_table(table, is_fuzzy, &mut flows);
        }
        if flows.is_empty() && is_fuzzy {
            let span = tables.first().map(|table| table.span).unwrap_or_default();
            self.report(diagnostic::UNKNOWN_TABLE, span, "none of the tables of this fuzzy union exists");
            return Flow::failed();
        }
        let is_inner = param(params, "kind").is_some_and(|kind| kind == "inner");
        let source = param(params, "withsource").or_else(|| param(params, "with_source"));
        combined(&flows, is_inner, source.as_deref().map(|source| (source, "union_arg")))
    }

    fn union_table(&mut self, table: &ast::Expr, is_fuzzy: bool, flows: &mut Vec<Flow>) {
        match &table.without_parens().kind {
            Ast::Wildcard(pattern) if is_fuzzy && !self.is_like_some_table(pattern, table.span) => {
                let message = format!("no table's name is like `{pattern}`; the union goes on without it");
                self.report(diagnostic::FUZZY_TABLE, table.span, message);
            }
            Ast::Wildcard(pattern) => flows.extend(self.tables_like(None, pattern, table)),
            Ast::Star => flows.extend(self.tables_like(None, "*", table)),
            Ast::Path { target, member } if self.is_entity(target) => match &member.kind {
                Ast::Wildcard(pattern) => flows.extend(self.tables_like(Some(target), pattern, table)),
                Ast::Star => flows.extend(self.tables_like(Some(target), "*", table)),
                _ => flows.push(self.table(table)),
            },
            _ if is_fuzzy && !self.exists(table) => {
                self.report(diagnostic::FUZZY_TABLE, table.span, "there is no such table; the union goes on without it");
            }
            _ => flows.push(self.table(table)),
        }
    }

    /// The table or function from which the rows come exists.
    fn exists(&mut self, expr: &ast::Expr) -> bool {
        match &expr.kind {
            Ast::Paren(inner) => self.exists(inner),
            Ast::Pipe { source: Some(source), .. } => self.exists(source),
            Ast::Name(name) => {
                self.lookup(&name.text).is_some() || self.catalog.table(&name.text).is_some() || self.stored(&name.text).is_some()
            }
            Ast::Call { name, args } if name.text == "table" && self.lookup("table").is_none() => {
                match args.first().map(|arg| &arg.kind) {
                    Some(Ast::Literal(literal)) => self.catalog.table(&literal.value.to_text()).is_some(),
                    _ => true,
                }
            }
            Ast::Call { name, .. } => {
                matches!(self.lookup(&name.text), Some(node) if matches!(node.binding, Binding::Function(_)))
                    || TABLE_FUNCTIONS.contains(&name.text.as_str())
                    || self.stored(&name.text).is_some()
            }
            _ => true,
        }
    }
}

/// All rows under one set of columns. `source` is the name of a first column that names the table, and what unnamed ones are
/// called.
pub(in crate::bind) fn combined(flows: &[Flow], is_inner: bool, source: Option<(&str, &str)>) -> Flow {
    let merged = if is_inner { common(flows) } else { merge(flows) };
    let mut columns: Vec<Column> = Vec::new();
    let mut taken: HashSet<String> = source.iter().map(|(name, _)| (*name).to_owned()).collect();
    if let Some((source, _)) = source {
        columns.push(Column::new(source, Type::String));
    }
    // A name with a type behind it gives way to a column that is so called, wherever that stands.
    let is_kept = |name: &str, original: &str| name == original && source.is_none_or(|(source, _)| source != name);
    taken.extend(merged.iter().filter(|(name, original, _)| is_kept(name, original)).map(|(name, ..)| name.clone()));
    for (name, original, ty) in &merged {
        let name = if is_kept(name, original) { name.clone() } else { fresh_name(name, &taken) };
        taken.insert(name.clone());
        columns.push(Column::new(name, *ty));
    }
    let open = !is_inner && flows.iter().any(|flow| flow.rel.open);
    let read: Vec<(usize, &Flow)> = flows.iter().enumerate().filter(|(_, flow)| !flow.is_empty).collect();
    if columns.len().saturating_mul(read.len()) > CELLS_MAX {
        return unsupported(&union_of(flows), None, columns, open);
    }
    if read.is_empty() {
        return Flow { is_empty: true, ..Flow::fresh(RelKind::Values(Vec::new()), columns, open) };
    }
    let inputs = read.into_iter().map(|(at, flow)| {
        let mut exprs = Vec::with_capacity(columns.len());
        if let Some((_, unnamed)) = source {
            let name = flow.name.clone().unwrap_or_else(|| format!("{unnamed}{at}"));
            exprs.push(Expr::literal(Value::String(name), Type::String));
        }
        exprs.extend(merged.iter().map(|(_, original, ty)| taken_from(flow, original, *ty)));
        let same = flow.columns() == columns.as_slice();
        if same {
            return flow.rel.clone();
        }
        flow.with_columns(RelKind::Project { input: flow.rel.clone(), exprs }, columns.clone(), flow.rel.open).rel
    });
    let inputs: Vec<_> = inputs.collect();
    let origin = match flows {
        [one] => one.origin.clone(),
        [first, ..] if flows.iter().all(|flow| flow.origin.is_some()) => first.origin.clone(),
        _ => None,
    };
    Flow { origin, ..Flow::fresh(RelKind::Union(inputs), columns, open) }
}

/// The tables as a search reads them: those that have no rows as one with all their columns, if there are too many to read each.
/// Of still too many only the columns are known.
pub(super) fn searchable(flows: &[Flow]) -> Vec<Flow> {
    if !are_too_many(flows) {
        return flows.to_vec();
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut seen = HashSet::new();
    for column in flows.iter().flat_map(Flow::columns) {
        if seen.insert((&column.name, column.ty)) {
            columns.push(column.clone());
        }
    }
    let none = Flow { is_empty: true, ..Flow::fresh(RelKind::Values(Vec::new()), columns, false) };
    let filled = flows.iter().filter(|flow| !flow.is_empty).cloned();
    let fewer: Vec<Flow> = std::iter::once(none).chain(filled).collect();
    if !are_too_many(&fewer) {
        return fewer;
    }
    let columns = merge(flows).into_iter().map(|(name, _, ty)| Column::new(name, ty)).collect();
    vec![unsupported(&union_of(flows), None, columns, flows.iter().any(|flow| flow.rel.open))]
}

fn are_too_many(flows: &[Flow]) -> bool {
    let width: usize = flows.iter().map(|flow| flow.columns().len()).sum();
    width.saturating_mul(flows.len()) > CELLS_MAX
}

fn union_of(flows: &[Flow]) -> String {
    format!("reading {} tables at once (name those that are meant)", flows.len())
}

fn taken_from(flow: &Flow, name: &str, ty: Type) -> Expr {
    match flow.columns().iter().position(|column| column.name == name && (column.ty == ty || column.ty == Type::Unknown)) {
        Some(at) => Expr::column(at, flow.columns()[at].ty),
        None if flow.rel.open => Expr { ty, ..open_column(name) },
        None => null_of(ty),
    }
}

/// Columns in the order in which they first occur: the name, the inputs' name, the type.
fn merge(flows: &[Flow]) -> Vec<(String, String, Type)> {
    let mut names: Vec<(&str, Vec<Type>)> = Vec::new();
    let mut at_name: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for column in flows.iter().flat_map(Flow::columns) {
        let at = *at_name.entry(&column.name).or_insert_with(|| {
            names.push((&column.name, Vec::new()));
            names.len() - 1
        });
        if !names[at].1.contains(&column.ty) {
            names[at].1.push(column.ty);
        }
    }
    let mut merged = Vec::new();
    for (name, mut types) in names {
        if types.len() > 1 {
            types.retain(|ty| *ty != Type::Unknown);
        }
        match types.as_slice() {
            [ty] => merged.push((name.to_owned(), name.to_owned(), *ty)),
            _ => merged.extend(types.iter().map(|ty| (format!("{name}_{ty}"), name.to_owned(), *ty))),
        }
    }
    merged
}

/// The columns that all inputs have.
fn common(flows: &[Flow]) -> Vec<(String, String, Type)> {
    let Some((first, others)) = flows.split_first() else { return Vec::new() };
    let in_all = |column: &&Column| others.iter().all(|flow| flow.columns().contains(column));
    first.columns().iter().filter(in_all).map(|column| (column.name.clone(), column.name.clone(), column.ty)).collect()
}
