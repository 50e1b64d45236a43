//! `project` and its kin, `extend`, `distinct`.
//!
//! In: rows and the columns wanted. Out: one row for each row under new columns. The right sides see the input's columns only.

use std::collections::HashSet;

use super::super::env::Item;
use super::super::flow::{Flow, fresh_name, names_of};
use super::super::neighbors::{windows_over, with_windows};
use super::super::resolve::{did_you_mean, open_column};
use super::super::scope::Windows;
use super::super::{Binder, fold};
use crate::ast::{self, ExprKind as Ast, SortOrder};
use crate::catalog;
use crate::diagnostic;
use crate::plan::{Expr, ExprKind, RelKind};
use crate::types::{Column, Type, Value};

/// Columns that an operator makes, each under a name of its own.
pub(super) struct Made {
    pub(super) columns: Vec<Column>,
    pub(super) exprs: Vec<Expr>,
    pub(super) taken: HashSet<String>,
    /// Names that the query gives itself: none of them may be given twice.
    own: HashSet<String>,
}

impl Made {
    pub(super) fn new() -> Made {
        Made { columns: Vec::new(), exprs: Vec::new(), taken: HashSet::new(), own: HashSet::new() }
    }

    pub(super) fn push(&mut self, name: String, expr: Expr) {
        self.taken.insert(name.clone());
        self.columns.push(Column::new(name, expr.ty));
        self.exprs.push(expr);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// The name that is free: this one, or this one with a number.
    pub(super) fn free(&self, name: &str) -> String {
        fresh_name(name, &self.taken)
    }

    /// The query gives that name itself.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.contains(name)
    }
}

/// A name that the query gives itself: by `name =`, or by writing just a column.
fn is_own_name(named: bool, item: &Item) -> bool {
    named
        || matches!(item.expr.kind, ExprKind::Column(_))
        || matches!(&item.expr.kind, ExprKind::Call { function, .. } if function == "$column")
}

impl Binder<'_> {
    /// `Column1`, `Column2` …: numbers go on through the whole query, or function, so that no two mean different things.
    pub(super) fn made_up(&mut self, taken: &HashSet<String>) -> String {
        loop {
            self.unnamed += 1;
            let name = format!("Column{}", self.unnamed);
            if !taken.contains(&name) && self.lookup(&name).is_none() {
                return name;
            }
        }
    }

    /// A column for each item, for a star all of the input's.
    fn made_of(&mut self, input: &Flow, items: &[ast::Expr]) -> Made {
        let mut made = Made::new();
        for item in items {
            if matches!(item.kind, Ast::Star) {
                for (at, column) in input.columns().iter().enumerate() {
                    let name = made.free(&column.name);
                    made.push(name, Expr::column(at, column.ty));
                }
            } else {
                self.make(&mut made, item);
            }
        }
        made
    }

    /// A column for each item, none under a name that another has.
    pub(super) fn make(&mut self, made: &mut Made, item: &ast::Expr) {
        for (named, result) in self.items(item) {
            self.add(made, named, result, item);
        }
    }

    pub(super) fn add(&mut self, made: &mut Made, named: bool, result: Item, written: &ast::Expr) {
        let own = is_own_name(named, &result) && is_bare(written);
        match result.name.clone().filter(|name| !name.is_empty()) {
            Some(name) if own && !made.own.insert(name.clone()) => {
                self.duplicate(&name, written.span);
            }
            Some(name) => {
                let name = made.free(&name);
                made.push(name, result.expr);
            }
            None => {
                let name = self.made_up(&made.taken);
                made.push(name, result.expr);
            }
        }
    }

    pub(super) fn project(&mut self, input: &Flow, items: &[ast::Expr]) -> Flow {
        let mut scope = self.scope_over(input);
        scope.windows = windows_over(input);
        let (made, scope) = self.within(scope, |binder| binder.made_of(input, items));
        let flow = projected(input, made.exprs, made.columns, scope.windows, false);
        Flow { origin: None, ..flow }
    }

    pub(super) fn extend(&mut self, input: &Flow, items: &[ast::Expr]) -> Flow {
        let mut scope = self.scope_over(input);
        scope.windows = windows_over(input);
        let (made, scope) = self.within(scope, |binder| binder.extended(input, items));
        projected(input, made.0, made.1, scope.windows, input.rel.open)
    }

    fn extended(&mut self, input: &Flow, items: &[ast::Expr]) -> (Vec<Expr>, Vec<Column>) {
        let mut columns = input.columns().to_vec();
        let mut exprs = input.identity();
        let mut declared: HashSet<String> = HashSet::new();
        let mut owned: HashSet<String> = HashSet::new();
        for written in items {
            if matches!(written.kind, Ast::Star) {
                continue;
            }
            for (named, result) in self.items(written) {
                let own = is_own_name(named, &result) && is_bare(written);
                let name = match result.name.clone().filter(|name| !name.is_empty()) {
                    Some(name) if own && !owned.insert(name.clone()) => {
                        self.duplicate(&name, written.span);
                        continue;
                    }
                    Some(name) => name,
                    None => {
                        let mut taken = names_of(&columns);
                        taken.extend(declared.iter().cloned());
                        self.made_up(&taken)
                    }
                };
                declared.insert(name.clone());
                match columns.iter().position(|column| column.name == name) {
                    Some(at) => {
                        columns[at].ty = result.expr.ty;
                        exprs[at] = result.expr;
                    }
                    None => {
                        columns.push(Column::new(name, result.expr.ty));
                        exprs.push(result.expr);
                    }
                }
            }
        }
        (exprs, columns)
    }

    /// The positions of the input's columns that an item means, by name or pattern.
    pub(super) fn columns_meant(&mut self, input: &Flow, item: &ast::Expr) -> Vec<usize> {
        match &item.without_parens().kind {
            Ast::Name(name) => match input.position(&name.text) {
                Some(at) => vec![at],
                None if name.text.is_empty() || input.rel.open => Vec::new(),
                None => {
                    let aliased = self.over(input, |binder| binder.scope().and_then(|scope| scope.implied(&name.text)));
                    if let Some(super::super::scope::Implied::Column(at, _)) = aliased {
                        return vec![at];
                    }
                    if aliased.is_some() {
                        return Vec::new();
                    }
                    let near = catalog::nearest(&name.text, input.columns().iter().map(|column| column.name.as_str()));
                    let message = format!("no column is called `{}` here", name.text);
                    self.report_with_help(diagnostic::UNKNOWN_NAME, name.span, message, did_you_mean(&near));
                    Vec::new()
                }
            },
            Ast::Star => (0..input.columns().len()).collect(),
            Ast::Wildcard(pattern) => {
                let matching = |(_, column): &(usize, &Column)| matches_pattern(&column.name, pattern);
                let found: Vec<usize> = input.columns().iter().enumerate().filter(matching).map(|(at, _)| at).collect();
                if found.is_empty() && !input.rel.open {
                    let message = format!("no column's name is like `{pattern}`");
                    self.report(diagnostic::UNKNOWN_NAME, item.span, message);
                }
                found
            }
            Ast::Missing => Vec::new(),
            _ => {
                self.report(diagnostic::EXPECTED_COLUMN, item.span, "a column's name is needed here");
                Vec::new()
            }
        }
    }

    pub(super) fn project_away(&mut self, input: &Flow, items: &[ast::Expr]) -> Flow {
        let away: HashSet<usize> = items.iter().flat_map(|item| self.columns_meant(input, item)).collect();
        let kept: Vec<usize> = (0..input.columns().len()).filter(|at| !away.contains(at)).collect();
        picked(input, &kept, input.rel.open)
    }

    pub(super) fn project_keep(&mut self, input: &Flow, items: &[ast::Expr]) -> Flow {
        let keep: HashSet<usize> = items.iter().flat_map(|item| self.columns_meant(input, item)).collect();
        let kept: Vec<usize> = (0..input.columns().len()).filter(|at| keep.contains(at)).collect();
        let flow = picked(input, &kept, false);
        if !input.rel.open {
            return flow;
        }
        let mut made = Made {
            columns: flow.columns().to_vec(),
            exprs: kept.iter().map(|at| Expr::column(*at, input.columns()[*at].ty)).collect(),
            taken: names_of(flow.columns()),
            own: HashSet::new(),
        };
        for item in items {
            if let Some(name) = item.as_name()
                && !made.has(&name.text)
                && !name.text.is_empty()
            {
                made.push(name.text.clone(), open_column(&name.text));
            }
        }
        projected(input, made.exprs, made.columns, Windows::Forbidden, false)
    }

    pub(super) fn project_rename(&mut self, input: &Flow, items: &[ast::Expr]) -> Flow {
        let mut columns = input.columns().to_vec();
        let mut exprs = input.identity();
        let mut renamed: HashSet<&str> = HashSet::new();
        for item in items {
            let Ast::Named { name, value } = &item.kind else {
                if !item.is_missing() {
                    self.report(diagnostic::EXPECTED_COLUMN, item.span, "write `new = old` here");
                }
                continue;
            };
            let Some(old) = value.as_name() else {
                if !value.is_missing() {
                    self.report(diagnostic::EXPECTED_COLUMN, value.span, "a column's name is needed here");
                }
                continue;
            };
            let at = self.columns_meant(input, value).first().copied();
            if at.is_none() && !input.rel.open {
                continue;
            }
            if columns.iter().any(|column| column.name == name.text) {
                self.duplicate(&name.text, name.span);
            } else if !renamed.insert(&old.text) {
                self.report(diagnostic::DUPLICATE_COLUMN, value.span, format!("`{}` has another name already", old.text));
            } else if let Some(at) = at {
                columns[at].name.clone_from(&name.text);
            } else {
                columns.push(Column::new(name.text.clone(), Type::Unknown));
                exprs.push(open_column(&old.text));
            }
        }
        let flow = projected(input, exprs, columns, Windows::Forbidden, input.rel.open);
        Flow { origin: None, ..flow }
    }

    pub(super) fn project_reorder(&mut self, input: &Flow, keys: &[ast::SortKey]) -> Flow {
        let mut order: Vec<usize> = Vec::new();
        for key in keys {
            let mut meant = self.columns_meant(input, &key.expr);
            let name = |at: &usize| input.columns()[*at].name.clone();
            match key.order {
                None => {}
                Some(SortOrder::Ascending) => meant.sort_by_key(name),
                Some(SortOrder::Descending) => meant.sort_by_key(|at| std::cmp::Reverse(name(at))),
                Some(SortOrder::GrannyAscending) => meant.sort_by_key(|at| granny(&name(at))),
                Some(SortOrder::GrannyDescending) => meant.sort_by_key(|at| std::cmp::Reverse(granny(&name(at)))),
            }
            for at in meant {
                if !order.contains(&at) {
                    order.push(at);
                }
            }
        }
        order.extend((0..input.columns().len()).filter(|at| !order.contains(at)).collect::<Vec<_>>());
        picked(input, &order, input.rel.open)
    }

    /// `project-by-names 'a', dynamic(['b', 'c*'])`: the columns of those names, in that order, as far as there are any.
    pub(super) fn project_by_names(&mut self, input: &Flow, names: &[ast::Expr]) -> Flow {
        let mut wanted: Vec<String> = Vec::new();
        for written in names {
            let value = self.value(written);
            match fold::constant(&value) {
                Some(Value::String(name)) => wanted.push(name.clone()),
                Some(Value::Dynamic(json)) => wanted.extend(serde_json::from_str::<Vec<String>>(json).unwrap_or_default()),
                _ if value.ty == Type::Unknown => {}
                _ => self.report(diagnostic::EXPECTED_CONSTANT, written.span, "names of columns must be constant texts"),
            }
        }
        let mut kept: Vec<usize> = Vec::new();
        for pattern in &wanted {
            for (at, column) in input.columns().iter().enumerate() {
                if matches_pattern(&column.name, pattern) && !kept.contains(&at) {
                    kept.push(at);
                }
            }
        }
        picked(input, &kept, input.rel.open)
    }

    pub(super) fn distinct(&mut self, input: &Flow, items: &[ast::Expr]) -> Flow {
        let mut made = self.in_order(input, |binder| binder.made_of(input, items));
        for (at, expr) in made.exprs.iter().enumerate() {
            if expr.ty == Type::Dynamic {
                let span = items.get(at).or(items.first()).map(|item| item.span).unwrap_or_default();
                let message = format!("`{}` is a dynamic, of which distinct values cannot be told", made.columns[at].name);
                self.report_with_help(diagnostic::DYNAMIC_KEY, span, message, Some("convert it first: tostring(…)".to_owned()));
            }
        }
        let open = input.rel.open && items.iter().any(|item| matches!(item.kind, Ast::Star));
        let input = with_windows(input, &mut made.exprs);
        let kind = RelKind::Aggregate { input: input.rel.clone(), keys: made.exprs, aggregates: Vec::new() };
        Flow::fresh(kind, made.columns, open)
    }
}

/// The rows under new columns, by a projection or, where a window function was called, a walk in order.
pub(super) fn projected(input: &Flow, exprs: Vec<Expr>, columns: Vec<Column>, windows: Windows, open: bool) -> Flow {
    let rel = input.rel.clone();
    let kind = match windows {
        Windows::Used => RelKind::Window { input: rel, exprs },
        _ => RelKind::Project { input: rel, exprs },
    };
    input.with_columns(kind, columns, open)
}

fn picked(input: &Flow, positions: &[usize], open: bool) -> Flow {
    let columns = positions.iter().map(|at| input.columns()[*at].clone()).collect();
    let exprs = positions.iter().map(|at| Expr::column(*at, input.columns()[*at].ty)).collect();
    let flow = projected(input, exprs, columns, Windows::Forbidden, open);
    Flow { origin: None, ..flow }
}

/// The item is a name, or gives one: its column must not be there yet. A function's result gets a new name instead.
fn is_bare(item: &ast::Expr) -> bool {
    match &item.kind {
        Ast::Name(_) | Ast::Named { .. } | Ast::NamedTuple { .. } => true,
        Ast::Paren(inner) => is_bare(inner),
        _ => false,
    }
}

/// `name` is like `pattern`, in which `*` stands for any text.
pub(in crate::bind) fn matches_pattern(name: &str, pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return name == pattern };
    let Some(rest) = name.strip_prefix(first) else { return false };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A name's parts for the order in which digits count as numbers.
fn granny(name: &str) -> Vec<(String, u128)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(text_end);
        let number_end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(number_end);
        parts.push((text.to_owned(), number.parse().unwrap_or(u128::MAX)));
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(matches_pattern("DeviceEvents", "Device*"));
        assert!(matches_pattern("a_CL", "*_CL"));
        assert!(matches_pattern("abc", "a*c"));
        assert!(!matches_pattern("ab", "ab*b"));
        assert!(matches_pattern("x", "*"));
    }

    #[test]
    fn granny_counts_digits() {
        assert!(granny("a2") < granny("a10"));
        assert!(granny("a") < granny("b1"));
    }
}
