//! `search` and `find`: predicates over many tables at once.
//!
//! In: tables (or the rows piped in) and a predicate that may be a bare text. Out: a union of the tables' matching rows, with a
//! first column that names the table. A bare text is looked for as a term in every column that can hold it.

use std::collections::HashMap;

use super::super::env::Binding;
use super::super::flow::{Flow, fresh_name, names_of, null_of, unknown};
use super::super::{Binder, fold};
use super::param;
use super::project::matches_pattern;
use super::union::{combined, searchable};
use crate::ast::{self, BinaryOp, ExprKind as Ast, FindColumn, FindOutput, Param, TypeExprKind};
use crate::diagnostic::{self, Span};
use crate::plan::{Expr, ExprKind, RelKind};
use crate::types::{Column, Type, Value};

impl Binder<'_> {
    pub(super) fn search(&mut self, input: Option<&Flow>, tables: &[ast::Expr], predicate: &ast::Expr, params: &[Param]) -> Flow {
        let is_cased = param(params, "kind").is_some_and(|kind| kind == "case_sensitive");
        let flows = match input {
            Some(input) if tables.is_empty() => vec![input.clone()],
            _ => self.searched(tables, predicate),
        };
        let before = self.is_search_cased.replace(is_cased);
        let found = self.matching(&flows, |binder| binder.search_predicate(predicate));
        self.is_search_cased = before;
        combined(&found, false, Some(("$table", "search_arg")))
    }

    /// The tables that are searched: those named, or all.
    fn searched(&mut self, tables: &[ast::Expr], at: &ast::Expr) -> Vec<Flow> {
        let mut flows: Vec<Flow> = Vec::new();
        for table in tables {
            match &table.without_parens().kind {
                Ast::Wildcard(pattern) => flows.extend(self.tables_like(None, pattern, table)),
                Ast::Star => flows.extend(self.tables_like(None, "*", table)),
                Ast::Path { target, member } if self.is_entity(target) => match &member.kind {
                    Ast::Wildcard(pattern) => flows.extend(self.tables_like(Some(target), pattern, table)),
                    Ast::Star => flows.extend(self.tables_like(Some(target), "*", table)),
                    _ => flows.push(self.table(table)),
                },
                _ => flows.push(self.table(table)),
            }
        }
        if tables.is_empty() {
            flows.extend(self.tables_like(None, "*", at));
        }
        flows
    }

    /// What is read where there is no table: nothing; in an open catalog, whatever there may be.
    pub(in crate::bind) fn no_tables(&self) -> Flow {
        let is_open = self.catalog.table("*").is_some_and(|table| table.open);
        Flow::fresh(RelKind::Values(Vec::new()), Vec::new(), is_open)
    }

    /// The rows of each table that match. A column that only another of the tables has is null. Of more tables than can be put
    /// together only the names and types are settled.
    fn matching(&mut self, flows: &[Flow], mut predicate: impl FnMut(&mut Self) -> Expr) -> Vec<Flow> {
        let mut known: HashMap<String, Type> = HashMap::new();
        for column in flows.iter().flat_map(Flow::columns) {
            known.entry(column.name.clone()).or_insert(column.ty);
        }
        let flows = searchable(flows);
        let before = std::mem::replace(&mut self.tolerated, known);
        let mut found = Vec::with_capacity(flows.len());
        for flow in &flows {
            let predicate = self.over(flow, &mut predicate);
            let kept = self.filtered(flow, predicate);
            found.push(Flow { name: flow.name.clone(), ..kept });
        }
        self.tolerated = before;
        found
    }

    fn search_predicate(&mut self, predicate: &ast::Expr) -> Expr {
        if let Some(text) = self.search_text(predicate) {
            return self.anywhere(predicate.span, &text, BinaryOp::SearchHas);
        }
        let is_bool = |kind| Expr { kind, ty: Type::Bool };
        match &predicate.kind {
            Ast::Paren(inner) => self.search_predicate(inner),
            Ast::And(operands) => is_bool(ExprKind::And(operands.iter().map(|operand| self.search_predicate(operand)).collect())),
            Ast::Or(operands) => is_bool(ExprKind::Or(operands.iter().map(|operand| self.search_predicate(operand)).collect())),
            Ast::Call { name, args } if name.text == "not" && args.len() == 1 => {
                let inner = self.search_predicate(&args[0]);
                Expr::call("not", vec![inner], Type::Bool)
            }
            Ast::Star => is_bool(ExprKind::Literal(Value::Bool(true))),
            _ => self.predicate(predicate),
        }
    }

    /// A text that stands by itself in a search: written out, or the constant of that name.
    fn search_text(&self, predicate: &ast::Expr) -> Option<String> {
        match &predicate.kind {
            Ast::Literal(literal) if literal.ty == Type::String => Some(literal.value.to_text()),
            Ast::Name(name) => {
                let declared = self.lookup(&name.text)?;
                let is_column = self.scope().is_some_and(|scope| scope.is_visible && scope.column(&name.text).is_some());
                match &declared.binding {
                    Binding::Scalar { expr, .. } if declared.is_parameter || !is_column => fold::text(expr).map(str::to_owned),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `* has 'x'`: some column passes; for a negated operator, all of them.
    pub(in crate::bind) fn any_column(&mut self, star: Span, op: BinaryOp, op_span: Span, value: &Expr) -> Expr {
        if op == BinaryOp::SearchHas
            && let Some(text) = fold::text(value).map(str::to_owned)
        {
            return self.anywhere(star, &text, op);
        }
        let any = self.some_column(star, is_searched, |binder, column| {
            let column = if value.ty == Type::String { binder.convert(column, Type::String) } else { column };
            binder.binary(op, op_span, column, value.clone())
        });
        match any.kind {
            ExprKind::Or(tests) if op.text().starts_with('!') => Expr { kind: ExprKind::And(tests), ty: Type::Bool },
            kind => Expr { kind, ty: any.ty },
        }
    }

    /// Some column holds the text.
    fn anywhere(&mut self, at: Span, text: &str, op: BinaryOp) -> Expr {
        self.some_column(at, is_searched, |binder, column| {
            let column = binder.convert(column, Type::String);
            binder.holds(column, text, op)
        })
    }

    /// `test` holds for some of the columns that are meant.
    fn some_column(
        &mut self,
        at: Span,
        is_meant: impl Fn(&Column) -> bool,
        mut test: impl FnMut(&mut Self, Expr) -> Expr,
    ) -> Expr {
        let columns = self.row_columns(at);
        let mut tests = Vec::new();
        for (at, column) in columns.iter().enumerate().filter(|(_, column)| is_meant(column)) {
            tests.push(test(self, Expr::column(at, column.ty)));
        }
        match tests.len() {
            0 => Expr::literal(Value::Bool(false), Type::Bool),
            1 => tests.remove(0),
            _ => Expr { kind: ExprKind::Or(tests), ty: Type::Bool },
        }
    }

    /// `column:"text"`: as a term, or by a pattern with stars.
    fn holds(&self, column: Expr, text: &str, op: BinaryOp) -> Expr {
        let is_cased = self.is_search_cased.unwrap_or(false);
        let literal = |text: &str| Expr::literal(Value::String(text.to_owned()), Type::String);
        let call = |name: &str, text: &str| Expr::call(name, vec![column.clone(), literal(text)], Type::Bool);
        if op != BinaryOp::SearchHas {
            return call(op.text(), text);
        }
        let name = |loose: &'static str, cased: &'static str| if is_cased { cased } else { loose };
        let inner = text.trim_matches('*');
        match (text.starts_with('*'), text.ends_with('*')) {
            _ if inner.is_empty() && !text.is_empty() => Expr::literal(Value::Bool(true), Type::Bool),
            _ if inner.contains('*') => {
                let parts: Vec<String> = inner.split('*').map(regex_syntax::escape).collect();
                let border = |is_open: bool| if is_open { "" } else { r"\b" };
                let (begin, end) = (border(text.starts_with('*')), border(text.ends_with('*')));
                call("matches regex", &format!("{}{begin}{}{end}", name("(?i)", ""), parts.join(".*")))
            }
            (true, true) => call(name("contains", "contains_cs"), inner),
            (true, false) => call(name("hassuffix", "hassuffix_cs"), inner),
            (false, true) => call(name("hasprefix", "hasprefix_cs"), inner),
            (false, false) => call(name("has", "has_cs"), text),
        }
    }

    /// `column:value` within a search.
    pub(in crate::bind) fn search_column(&mut self, column: &ast::Expr, value: &ast::Expr) -> Expr {
        let value = self.value(value);
        let text = fold::text(&value).map(str::to_owned);
        match (&column.without_parens().kind, text) {
            (Ast::Star, Some(text)) => self.anywhere(column.span, &text, BinaryOp::SearchHas),
            (Ast::Wildcard(pattern), Some(text)) => self.some_column(
                column.span,
                |column| matches_pattern(&column.name, pattern),
                |binder, column| {
                    let column = binder.convert(column, Type::String);
                    binder.holds(column, &text, BinaryOp::SearchHas)
                },
            ),
            (_, Some(text)) => {
                let column = self.value(column);
                let column = self.convert(column, Type::String);
                self.holds(column, &text, BinaryOp::SearchHas)
            }
            (_, None) => {
                let span = column.span;
                let column = self.value(column);
                self.binary(BinaryOp::Equal, span, column, value)
            }
        }
    }

    /// The tables that `find` looks into: those with a column that the predicate names, or all if it looks into any column or
    /// names none.
    fn concerned(&self, flows: Vec<Flow>, predicate: &ast::Expr) -> Vec<Flow> {
        let mut names = Vec::new();
        names_in(predicate, &mut names);
        let has_some = |flow: &Flow| flow.rel.open || names.iter().any(|name| flow.position(name).is_some());
        if self.is_about_any_column(predicate) || !flows.iter().any(has_some) {
            return flows;
        }
        flows.into_iter().filter(has_some).collect()
    }

    /// The predicate holds a term, `* == x` or `pattern*:x` that any column may pass.
    fn is_about_any_column(&self, predicate: &ast::Expr) -> bool {
        match &predicate.kind {
            Ast::Literal(_) | Ast::Star | Ast::Wildcard(_) => true,
            Ast::Name(_) => self.search_text(predicate).is_some(),
            Ast::Paren(inner) => self.is_about_any_column(inner),
            Ast::And(operands) | Ast::Or(operands) => operands.iter().any(|operand| self.is_about_any_column(operand)),
            Ast::Call { name, args } => name.text == "not" && args.iter().any(|arg| self.is_about_any_column(arg)),
            Ast::Binary { left: part, .. } | Ast::SearchColumn { column: part, .. } | Ast::InList { value: part, .. } => {
                matches!(part.without_parens().kind, Ast::Star | Ast::Wildcard(_))
            }
            _ => false,
        }
    }

    /// A column that only another of the searched tables has.
    pub(in crate::bind) fn tolerated_null(&self, name: &str) -> Option<Expr> {
        self.tolerated.get(name).map(|ty| null_of(*ty))
    }

    pub(super) fn find(
        &mut self,
        input: Option<&Flow>,
        tables: &[ast::Expr],
        predicate: &ast::Expr,
        output: &FindOutput,
        params: &[Param],
    ) -> Flow {
        let flows = match input {
            Some(input) if tables.is_empty() => vec![input.clone()],
            _ => self.searched(tables, predicate),
        };
        let flows = self.concerned(flows, predicate);
        let before = self.is_search_cased.replace(false);
        let found = self.matching(&flows, |binder| binder.search_predicate(predicate));
        self.is_search_cased = before;
        let source = param(params, "withsource").unwrap_or_else(|| "source_".to_owned());
        let (wanted, pack) = match output {
            FindOutput::Project(columns) => self.find_columns(&flows, columns),
            FindOutput::Away(columns) => {
                let away: Vec<String> =
                    columns.iter().filter_map(|column| column.expr.as_name()).map(|n| n.text.clone()).collect();
                let all = columns.iter().any(|column| matches!(column.expr.kind, Ast::Star));
                let kept = usual_columns(&flows, predicate);
                (kept.into_iter().filter(|column| !all && !away.contains(&column.name)).collect(), !all)
            }
            FindOutput::Default | FindOutput::Smart => {
                let usual = usual_columns(&flows, predicate);
                let is_rest = |column: &Column| !usual.iter().any(|wanted| wanted.name == column.name);
                let is_packed = flows.iter().any(|flow| flow.rel.open || flow.columns().iter().any(is_rest));
                (usual, is_packed)
            }
        };
        let shaped: Vec<Flow> = found.iter().map(|flow| self.shaped(flow, &wanted, pack)).collect();
        combined(&shaped, false, Some((&source, "find_arg")))
    }

    fn find_columns(&mut self, flows: &[Flow], columns: &[FindColumn]) -> (Vec<Column>, bool) {
        let mut wanted: Vec<Column> = Vec::new();
        let mut pack = false;
        for column in columns {
            if let Ast::Call { name, .. } = &column.expr.kind {
                pack |= name.text == "pack" || name.text == "pack_all";
                continue;
            }
            let Some(name) = column.expr.as_name() else { continue };
            let ty = match column.ty.as_ref().map(|ty| &ty.kind) {
                Some(TypeExprKind::Scalar(ty)) => Some(*ty),
                _ => type_of(flows, &name.text),
            };
            match ty {
                Some(ty) => wanted.push(Column::new(name.text.clone(), ty)),
                None if flows.iter().any(|flow| flow.rel.open) => wanted.push(Column::new(name.text.clone(), Type::Unknown)),
                None => self.report(diagnostic::UNKNOWN_NAME, name.span, format!("no table has a column called `{}`", name.text)),
            }
        }
        (wanted, pack)
    }

    /// The wanted columns of a table, and a bag of the others.
    fn shaped(&mut self, flow: &Flow, wanted: &[Column], pack: bool) -> Flow {
        let mut columns = wanted.to_vec();
        let mut exprs: Vec<Expr> = Vec::with_capacity(wanted.len() + 1);
        for column in wanted {
            exprs.push(match flow.position(&column.name) {
                Some(at) => self.convert(Expr::column(at, flow.columns()[at].ty), column.ty),
                None if flow.rel.open => unknown(),
                None => null_of(column.ty),
            });
        }
        if pack {
            let others =
                flow.columns().iter().enumerate().filter(|(_, have)| !wanted.iter().any(|column| column.name == have.name));
            let pairs = others.flat_map(|(at, column)| {
                [Expr::literal(Value::String(column.name.clone()), Type::String), Expr::column(at, column.ty)]
            });
            exprs.push(Expr::call("bag_pack", pairs.collect(), Type::Dynamic));
            columns.push(Column::new(fresh_name("pack_", &names_of(&columns)), Type::Dynamic));
        }
        let shaped = flow.with_columns(RelKind::Project { input: flow.rel.clone(), exprs }, columns, false);
        Flow { name: flow.name.clone(), origin: None, ..shaped }
    }
}

/// A bare text is looked for in columns of that type: not in those of times and bools.
fn is_searched(column: &Column) -> bool {
    !matches!(column.ty, Type::Bool | Type::DateTime | Type::TimeSpan | Type::Unknown)
}

/// The columns that `find` returns by itself: those that all tables have, and those that the predicate names.
fn usual_columns(flows: &[Flow], predicate: &ast::Expr) -> Vec<Column> {
    let Some((first, others)) = flows.split_first() else { return Vec::new() };
    let mut columns: Vec<Column> = Vec::new();
    for column in first.columns() {
        if others.iter().all(|flow| flow.position(&column.name).is_some()) {
            columns.push(Column::new(column.name.clone(), type_of(flows, &column.name).unwrap_or(column.ty)));
        }
    }
    let mut named = Vec::new();
    names_in(predicate, &mut named);
    for name in named {
        if !columns.iter().any(|column| column.name == name)
            && let Some(ty) = type_of(flows, &name)
        {
            columns.push(Column::new(name, ty));
        }
    }
    columns
}

/// The one type of a column in all tables that have it; `dynamic` if there are several.
fn type_of(flows: &[Flow], name: &str) -> Option<Type> {
    let mut types = flows.iter().flat_map(Flow::columns).filter(|column| column.name == name).map(|column| column.ty);
    let first = types.next()?;
    Some(if types.all(|ty| ty == first) { first } else { Type::Dynamic })
}

/// The names in a predicate, in order.
fn names_in(expr: &ast::Expr, names: &mut Vec<String>) {
    match &expr.kind {
        Ast::Name(name) => names.push(name.text.clone()),
        Ast::Paren(inner) => names_in(inner, names),
        Ast::Path { target, .. } => names_in(target, names),
        Ast::Index { target, index } => {
            names_in(target, names);
            names_in(index, names);
        }
        Ast::Call { args, .. } => args.iter().for_each(|arg| names_in(arg, names)),
        Ast::Unary { operand, .. } => names_in(operand, names),
        Ast::Binary { left, right, .. } => {
            names_in(left, names);
            names_in(right, names);
        }
        Ast::SearchColumn { column, value } => {
            names_in(column, names);
            names_in(value, names);
        }
        Ast::Arithmetic { first, rest } => {
            names_in(first, names);
            rest.iter().for_each(|(_, _, operand)| names_in(operand, names));
        }
        Ast::And(operands) | Ast::Or(operands) => operands.iter().for_each(|operand| names_in(operand, names)),
        Ast::InList { value, list, .. } => {
            names_in(value, names);
            list.iter().for_each(|item| names_in(item, names));
        }
        Ast::Between { value, low, high, .. } => [value, low, high].into_iter().for_each(|part| names_in(part, names)),
        _ => {}
    }
}
