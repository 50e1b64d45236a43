//! A relation while it is being bound: the plan's [`Rel`] and what only the binder needs to know of it.
//!
//! In: what makes rows, and their columns. Out: the relation that the next operator reads.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::Binder;
use crate::catalog::TableInfo;
use crate::plan::{Expr, ExprKind, Graph, Rel, RelKind};
use crate::types::{Column, Type, Value};

/// Rows on their way through the operators.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) rel: Arc<Rel>,
    /// The table whose rows these still are: it may imply columns that it does not list.
    pub(super) origin: Option<Rc<TableInfo>>,
    /// The table's name, as `withsource` shows it.
    pub(super) name: Option<String>,
    /// The rows have a settled order, which window functions need.
    pub(super) serialized: bool,
    /// It is known to have no rows: no file fills the table.
    pub(super) is_empty: bool,
    /// It is no rows, but a graph.
    pub(super) graph: Option<Arc<Graph>>,
}

impl Flow {
    /// Rows that nothing is known of.
    pub(super) fn of(rel: Rel) -> Flow {
        Flow { rel: Arc::new(rel), origin: None, name: None, serialized: false, is_empty: false, graph: None }
    }

    /// What stands where a table did not bind: any column may be named, and nobody complains.
    pub(super) fn failed() -> Flow {
        let kind = RelKind::Unsupported { operator: "error".to_owned(), input: None };
        Flow::of(Rel { kind, columns: Vec::new(), open: true, ordered: false })
    }

    /// It stands where a table did not bind; a diagnostic was given.
    pub(super) fn is_failed(&self) -> bool {
        matches!(&self.rel.kind, RelKind::Unsupported { operator, .. } if operator == "error")
    }

    /// What an operator gives that only declares names.
    pub(super) fn nothing() -> Flow {
        let kind = RelKind::Unsupported { operator: "nothing".to_owned(), input: None };
        Flow::of(Rel { kind, columns: Vec::new(), open: false, ordered: false })
    }

    /// The operator only declared names.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(&self.rel.kind, RelKind::Unsupported { operator, .. } if operator == "nothing")
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.rel.columns
    }

    /// The position of the column called `name`.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.rel.columns.iter().position(|column| column.name == name)
    }

    /// The same rows, or fewer, under the same columns.
    pub(super) fn same(&self, kind: RelKind) -> Flow {
        let rel = Rel { kind, columns: self.rel.columns.clone(), open: self.rel.open, ordered: self.rel.ordered };
        Flow { rel: Arc::new(rel), name: None, ..self.clone() }
    }

    /// One row for each row, under other columns, in the same order.
    pub(super) fn with_columns(&self, kind: RelKind, columns: Vec<Column>, open: bool) -> Flow {
        let rel = Rel { kind, columns, open, ordered: self.rel.ordered };
        Flow { rel: Arc::new(rel), name: None, ..self.clone() }
    }

    /// New rows in no order.
    pub(super) fn fresh(kind: RelKind, columns: Vec<Column>, open: bool) -> Flow {
        Flow::of(Rel { kind, columns, open, ordered: false })
    }

    /// Each column as it is.
    pub(super) fn identity(&self) -> Vec<Expr> {
        self.columns().iter().enumerate().map(|(at, column)| Expr::column(at, column.ty)).collect()
    }

    /// Only the columns at those positions.
    pub(super) fn pick(&self, positions: &[usize]) -> Flow {
        let columns: Vec<Column> = positions.iter().map(|at| self.columns()[*at].clone()).collect();
        let exprs = positions.iter().map(|at| Expr::column(*at, self.columns()[*at].ty)).collect();
        self.with_columns(RelKind::Project { input: self.rel.clone(), exprs }, columns, false)
    }

    /// Only the first columns, and those from `rest` on.
    pub(super) fn without(&self, first: usize, rest: usize) -> Flow {
        if first == rest {
            return self.clone();
        }
        let (mut exprs, mut columns) = (self.identity(), self.columns().to_vec());
        exprs.drain(first..rest);
        columns.drain(first..rest);
        self.with_columns(RelKind::Project { input: self.rel.clone(), exprs }, columns, self.rel.open)
    }

    /// The rows as they are, under a settled order.
    pub(super) fn serialize(mut self) -> Flow {
        self.serialized = true;
        self
    }
}

/// The name, or the name with the first number that makes it new.
pub(super) fn fresh_name(name: &str, taken: &HashSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let mut number = 1_usize;
    loop {
        let candidate = format!("{name}{number}");
        if !taken.contains(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

/// The names of columns.
pub(super) fn names_of(columns: &[Column]) -> HashSet<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

/// A value that nothing is known of: what stands where an expression did not bind.
pub(super) fn unknown() -> Expr {
    Expr { kind: ExprKind::Literal(Value::Null), ty: Type::Unknown }
}

/// The null of a type; the empty text for `string`, which has none.
pub(super) fn null_of(ty: Type) -> Expr {
    let value = if ty == Type::String { Value::String(String::new()) } else { Value::Null };
    Expr::literal(value, ty)
}

impl Binder<'_> {
    /// Rows of a table that stay its rows under `kind`.
    pub(super) fn filtered(&mut self, input: &Flow, predicate: Expr) -> Flow {
        input.same(RelKind::Filter { input: input.rel.clone(), predicate })
    }
}
