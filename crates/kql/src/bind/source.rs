//! Where rows come from: tables, functions, `datatable`, `externaldata`, and a pipe's first part.
//!
//! In: an expression that must be rows. Out: a [`Flow`]; where it is no rows, one that nobody complains about further.

use std::collections::HashSet;
use std::rc::Rc;

use super::Binder;
use super::env::{Binding, Thing};
use super::flow::Flow;
use super::fold;
use super::resolve::did_you_mean;
use crate::ast::{self, ColumnDecl, ExprKind as Ast, Param};
use crate::catalog::{self, WATCHLIST_COLUMNS};
use crate::diagnostic::{self, Span};
use crate::plan::{Rel, RelKind, WATCHLISTS};
use crate::types::{Column, Type, Value};

/// Functions that give rows.
pub(super) const TABLE_FUNCTIONS: [&str; 7] =
    ["materialize", "table", "_GetWatchlist", "external_table", "materialized_view", "stored_query_result", "view"];

impl Binder<'_> {
    /// Rows.
    pub(super) fn table(&mut self, expr: &ast::Expr) -> Flow {
        match self.tabular_thing(expr) {
            Thing::Table(flow) => flow,
            Thing::Scalar(item) => {
                let is_error = item.expr.ty == Type::Unknown;
                if !is_error {
                    self.report(diagnostic::EXPECTED_TABLE, expr.span, format!("rows are needed here, not a {}", item.ty()));
                }
                Flow::failed()
            }
        }
    }

    /// Rows, or a value where a function turns out to give one.
    pub(super) fn tabular_thing(&mut self, expr: &ast::Expr) -> Thing {
        let rows = match &expr.kind {
            Ast::Paren(inner) => return self.tabular_thing(inner),
            Ast::Pipe { source, operators } => {
                let start = source.as_ref().map(|source| self.outside(|binder| binder.table(source)));
                self.outside(|binder| binder.pipe(start, operators))
            }
            Ast::DataTable { columns, values, .. } => self.data_table(columns, values, expr.span),
            Ast::ExternalData { columns, uris, properties } => self.external_data(columns, uris, properties),
            Ast::DataScope { target, .. } => return self.tabular_thing(target),
            Ast::Name(name) => return self.table_name(name),
            Ast::Call { name, args } => return self.table_call(name, args, expr.span),
            Ast::Path { target, member } if self.is_entity(target) => return self.entity_member(target, member),
            Ast::Path { target, member: path } | Ast::Index { target, index: path } if self.pattern_of(target).is_some() => {
                return self.pattern_member(target, path, expr.span);
            }
            Ast::Missing => Flow::failed(),
            Ast::Wildcard(pattern) => {
                self.report(
                    diagnostic::MISPLACED,
                    expr.span,
                    format!("`{pattern}` can stand for tables only in a union or a search"),
                );
                Flow::failed()
            }
            Ast::ContextualDataTable { columns, .. } => {
                let kind = RelKind::Unsupported { operator: "__contextual_datatable".to_owned(), input: None };
                Flow::fresh(kind, declared(columns), false)
            }
            Ast::MaterializedViewCombine { base, .. } => {
                let base = self.table(base);
                let kind =
                    RelKind::Unsupported { operator: "materialized-view-combine".to_owned(), input: Some(base.rel.clone()) };
                Flow { is_empty: false, ..base.same(kind) }
            }
            _ => return Thing::Scalar(self.expr(expr)),
        };
        Thing::Table(rows)
    }

    fn table_name(&mut self, name: &ast::Name) -> Thing {
        if name.text.is_empty() {
            return Thing::Table(Flow::failed());
        }
        match self.lookup(&name.text).map(|node| node.binding.clone()) {
            Some(Binding::Table(flow)) => Thing::Table(flow),
            Some(Binding::Function(closure)) => self.call_closure(&closure, &[], name.span, None),
            Some(Binding::Scalar { .. }) => Thing::Scalar(self.name(name)),
            Some(Binding::Pattern(pattern)) => self.pattern_call(&pattern, &[], None, name.span),
            Some(Binding::Database(_) | Binding::EntityGroup(_)) => Thing::Table(Flow::failed()),
            None if self.catalog.table(&name.text).is_none_or(|table| table.open) => {
                match self.call_stored(&name.text, &[], name.span, None) {
                    Some(thing) => thing,
                    None => Thing::Table(self.stored_table(&name.text, None, name.span)),
                }
            }
            None => Thing::Table(self.stored_table(&name.text, None, name.span)),
        }
    }

    /// A table of the catalog.
    pub(super) fn stored_table(&mut self, name: &str, database: Option<String>, span: Span) -> Flow {
        let info = match &database {
            Some(place) => self.catalog.table_in(place, name),
            None => self.catalog.table(name),
        };
        let Some(info) = info else {
            if let Some(place) = &database {
                if let Some(known) = self.catalog.tables_in(place) {
                    self.unknown_in(place, name, &known, span);
                    return Flow::failed();
                }
                let kind = RelKind::Table { name: name.to_owned(), database };
                return Flow { name: Some(name.to_owned()), ..Flow::fresh(kind, Vec::new(), true) };
            }
            self.unknown_table(name, span);
            return Flow::failed();
        };
        if info.open && info.columns.is_empty() && database.is_none() {
            self.unlisted_table(name, span);
        }
        if self.catalog.is_unfilled(database.as_deref(), name) {
            self.unfilled(name, span);
        }
        let is_empty = !self.catalog.may_have_rows(database.as_deref(), name);
        let kind = RelKind::Table { name: info.name.clone(), database };
        let rel = Rel { kind, columns: info.columns.clone(), open: info.open, ordered: false };
        Flow { name: Some(info.name.clone()), origin: Some(Rc::new(info)), is_empty, ..Flow::of(rel) }
    }

    /// Warns of a table that only the workspace can know, if its name is that of a known one but for a slip.
    fn unlisted_table(&mut self, name: &str, span: Span) {
        let known = self.catalog.table_names();
        if let Some(help) = did_you_mean(&catalog::one_slip_off(name, known.iter().map(String::as_str))) {
            let message = format!("`{name}` is not among the tables that the reference lists");
            self.report_with_help(diagnostic::UNLISTED_TABLE, span, message, Some(help));
        }
    }

    fn unknown_table(&mut self, name: &str, span: Span) {
        let known = self.catalog.table_names();
        let mut candidates: Vec<&str> = known.iter().map(String::as_str).collect();
        candidates.extend(self.declared_names());
        let near = did_you_mean(&catalog::nearest(name, candidates));
        let help = connectors(name).map(|names| format!("data connectors that fill it: {names}")).or(near);
        self.report_with_help(diagnostic::UNKNOWN_TABLE, span, format!("no table is called `{name}`"), help);
    }

    /// Notes a table without rows, once in a query.
    fn unfilled(&mut self, name: &str, span: Span) {
        if !self.unfilled.values().flatten().any(|known| known == name) {
            self.unfilled.entry(self.foreign.as_ref().map_or(span, |(call, _)| *call)).or_default().push(name.to_owned());
        }
    }

    /// Reports the tables without rows: those of one place together, which is where a stored function is called that reads many.
    pub(super) fn report_unfilled(&mut self) {
        for (span, names) in std::mem::take(&mut self.unfilled) {
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let rest = if names.len() == 1 { "it has no rows" } else { "they have no rows" };
            let filled_by = |name: &String| connectors(name).map(|connectors| format!("{name} by {connectors}"));
            let filled: Vec<String> = names.iter().filter_map(filled_by).collect();
            let in_sentinel = if filled.is_empty() { "" } else { "; in Sentinel these data connectors give them: " };
            let help = format!("name logs that hold such rows{in_sentinel}{}", filled.join(", "));
            let message = format!("no file fills {}: {rest}", quoted.join(", "));
            self.report_with_help(diagnostic::UNFILLED_TABLE, span, message, Some(help));
        }
    }

    fn table_call(&mut self, name: &ast::Name, args: &[ast::Expr], span: Span) -> Thing {
        match self.lookup(&name.text).map(|node| node.binding.clone()) {
            Some(Binding::Function(closure)) => return self.call_closure(&closure, args, span, None),
            Some(Binding::Table(flow)) if args.is_empty() => return Thing::Table(flow),
            Some(Binding::Pattern(pattern)) => return self.pattern_call(&pattern, args, None, name.span),
            _ => {}
        }
        match (name.text.as_str(), args) {
            ("materialize", [arg, ..]) => Thing::Table(self.materialize(arg)),
            ("graph", [_, ..]) => Thing::Table(self.stored_graph(args)),
            ("view", [arg]) => Thing::Table(self.table(arg)),
            ("table", [arg, ..]) => Thing::Table(self.table_by_name(arg, None)),
            ("external_table" | "materialized_view" | "stored_query_result", [arg, ..]) => {
                Thing::Table(self.table_by_name(arg, Some(name.text.clone())))
            }
            (WATCHLISTS, [arg, ..]) => Thing::Table(self.watchlist(arg)),
            (text, _) if text == "toscalar" || catalog::function(text).is_some() => Thing::Scalar(self.call(name, args, span)),
            (text, _) => {
                if let Some(thing) = self.call_stored(text, args, span, None) {
                    return thing;
                }
                self.unknown_function(name);
                Thing::Table(Flow::failed())
            }
        }
    }

    /// `materialize(rows)`: computed once, read from wherever it is named.
    fn materialize(&mut self, arg: &ast::Expr) -> Flow {
        let rows = self.table(arg);
        self.share(&rows)
    }

    /// The same rows, computed once.
    pub(super) fn share(&mut self, rows: &Flow) -> Flow {
        if matches!(rows.rel.kind, RelKind::Shared(_) | RelKind::Table { .. } | RelKind::Values(_)) || is_handed(&rows.rel) {
            return rows.clone();
        }
        self.shared.push(rows.rel.clone());
        let shared = rows.same(RelKind::Shared(self.shared.len() - 1));
        Flow { name: rows.name.clone(), ..shared }
    }

    pub(super) fn table_by_name(&mut self, arg: &ast::Expr, database: Option<String>) -> Flow {
        let name = self.value_of(arg, Type::String, "a table's name");
        match fold::text(&name).map(str::to_owned) {
            Some(name) => self.stored_table(&name, database, arg.span),
            None => {
                if name.ty != Type::Unknown {
                    self.report(diagnostic::EXPECTED_CONSTANT, arg.span, "the table's name must be a constant text");
                }
                Flow::failed()
            }
        }
    }

    fn watchlist(&mut self, arg: &ast::Expr) -> Flow {
        let alias = self.value_of(arg, Type::String, "a watchlist's alias");
        let Some(alias) = fold::text(&alias).map(str::to_owned) else {
            if alias.ty != Type::Unknown {
                self.report(diagnostic::EXPECTED_CONSTANT, arg.span, "the watchlist's alias must be a constant text");
            }
            return Flow::failed();
        };
        let Some(info) = self.catalog.watchlist(&alias) else {
            let known = self.catalog.watchlist_names();
            let near = did_you_mean(&catalog::nearest(&alias, known.iter().map(String::as_str)));
            self.report_with_help(diagnostic::UNKNOWN_TABLE, arg.span, format!("no watchlist is called `{alias}`"), near);
            return Flow::failed();
        };
        let mut columns = info.columns;
        for (name, ty) in WATCHLIST_COLUMNS {
            if !columns.iter().any(|column| column.name == name) {
                columns.push(Column::new(name, ty));
            }
        }
        let kind = RelKind::Table { name: alias, database: Some(WATCHLISTS.to_owned()) };
        Flow::fresh(kind, columns, info.open)
    }

    fn data_table(&mut self, columns: &[ColumnDecl], values: &[ast::Expr], span: Span) -> Flow {
        let columns = declared(columns);
        let width = columns.len().max(1);
        if !values.len().is_multiple_of(width) {
            let message = format!("{} values do not fill rows of {width}", values.len());
            self.report(diagnostic::VALUE_COUNT, span, message);
        }
        let mut rows = Vec::with_capacity(values.len() / width);
        for chunk in values.chunks_exact(width) {
            let row: Vec<Value> = chunk.iter().zip(&columns).map(|(value, column)| self.constant_of(value, column.ty)).collect();
            rows.push(row);
        }
        Flow::fresh(RelKind::Values(rows), columns, false)
    }

    /// A constant as a value of type `ty`; what cannot be read as one is null, as in Kusto.
    pub(super) fn constant_of(&mut self, expr: &ast::Expr, ty: Type) -> Value {
        let value = self.value(expr);
        let Some(constant) = fold::constant(&value) else {
            if value.ty != Type::Unknown {
                self.report(diagnostic::EXPECTED_CONSTANT, expr.span, "a constant must stand here");
            }
            return null(ty);
        };
        if value.ty == ty {
            return if *constant == Value::Null { null(ty) } else { constant.clone() };
        }
        fold::read_as(constant, ty).unwrap_or_else(|| null(ty))
    }

    fn external_data(&mut self, columns: &[ColumnDecl], uris: &[ast::Expr], properties: &[Param]) -> Flow {
        let uris = self.addresses(uris);
        let options = self.options_of(properties);
        Flow::fresh(RelKind::External { uris, options }, declared(columns), false)
    }

    /// `inline_external_table (a: long) kind=storage dataformat=csv (@'uri') with (…)`: as `externaldata`, whose properties have
    /// other names. What says which files of a folder are meant has no say where each address is a file.
    pub(super) fn inline_external(&mut self, columns: &[ColumnDecl], uris: &[ast::Expr], params: &[Param]) -> Flow {
        let mut is_delta = false;
        let mut options = Vec::new();
        for (name, value) in self.options_of(params) {
            match (name.as_str(), value.to_text().as_str()) {
                ("kind", kind) => is_delta = kind == "delta",
                ("dataformat", _) => options.push(("format".to_owned(), value)),
                ("includeheaders", "All") => options.push(("ignorefirstrecord".to_owned(), Value::Bool(true))),
                ("includeheaders", "None") | ("encoding" | "nameprefix" | "fileextension", _) => {}
                _ => options.push((name, value)),
            }
        }
        let uris = self.addresses(uris);
        if is_delta {
            let kind = RelKind::Unsupported { operator: "inline_external_table kind=delta".to_owned(), input: None };
            return Flow::fresh(kind, declared(columns), columns.is_empty());
        }
        Flow::fresh(RelKind::External { uris, options }, declared(columns), false)
    }

    fn addresses(&mut self, uris: &[ast::Expr]) -> Vec<String> {
        let mut addresses = Vec::with_capacity(uris.len());
        for uri in uris {
            let value = self.value_of(uri, Type::String, "an address");
            match fold::text(&value) {
                Some(text) => addresses.push(text.to_owned()),
                None if value.ty == Type::Unknown => {}
                None => self.report(diagnostic::EXPECTED_CONSTANT, uri.span, "an address must be a constant text"),
            }
        }
        addresses
    }

    /// Parameters by name, in lower case, with their constant values.
    pub(super) fn options_of(&mut self, params: &[Param]) -> Vec<(String, Value)> {
        let mut options = Vec::with_capacity(params.len());
        for param in params {
            let value = match &param.value.kind {
                Ast::Name(name) => Value::String(name.text.clone()),
                _ => {
                    let value = self.value(&param.value);
                    fold::constant(&value).cloned().unwrap_or(Value::Null)
                }
            };
            options.push((param.name.text.to_lowercase(), value));
        }
        options
    }
}

/// The data connectors that fill a table, if they are known.
fn connectors(name: &str) -> Option<String> {
    catalog::table(name).filter(|table| !table.connectors.is_empty()).map(|table| table.connectors.join(", "))
}

fn null(ty: Type) -> Value {
    if ty == Type::String { Value::String(String::new()) } else { Value::Null }
}

/// Declared columns, under unique names.
pub(super) fn declared(columns: &[ColumnDecl]) -> Vec<Column> {
    let mut result: Vec<Column> = Vec::with_capacity(columns.len());
    let mut taken = std::collections::HashSet::new();
    for column in columns {
        let name = super::flow::fresh_name(&column.name.text, &taken);
        taken.insert(name.clone());
        result.push(Column::new(name, if column.ty == Type::Unknown { Type::String } else { column.ty }));
    }
    result
}

/// Whether the rows are made of those that a subquery is handed: others each time it runs, so they are not there to share.
pub(super) fn is_handed(rows: &Rel) -> bool {
    !handed(rows).is_empty()
}

/// Of all rows that subqueries are handed, they are made of `context` alone.
pub(super) fn is_made_of(rows: &Rel, context: &Rel) -> bool {
    handed(rows).into_iter().all(|handed| std::ptr::eq(handed, context))
}

/// The rows handed to a subquery of which others are made.
fn handed(rows: &Rel) -> Vec<&Rel> {
    let (mut open, mut found, mut seen) = (vec![rows], Vec::new(), HashSet::new());
    while let Some(rel) = open.pop() {
        if !seen.insert(std::ptr::from_ref(rel)) {
            continue;
        }
        match &rel.kind {
            RelKind::Context => found.push(rel),
            RelKind::MvApply { input, .. } | RelKind::Partition { input, .. } => open.push(input),
            _ => open.extend(rel.kind.inputs().into_iter().map(|input| &**input)),
        }
    }
    found
}
