//! The rows that an expression stands over, and what may stand in it.
//!
//! In: the relation an operator reads. Out: for a name, the position and type of its column. Scopes are a stack: a subquery opens
//! its own, and the body of a function that is called from a row keeps the row but does not see its columns.

use std::rc::Rc;
use std::sync::Arc;

use super::Binder;
use super::flow::Flow;
use super::path::Elements;
use crate::catalog::TableInfo;
use crate::plan::{Aggregate, Expr, Rel};
use crate::types::{Column, Type};

/// The rows that expressions see.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// Tells this row from that of another operator.
    pub(super) id: usize,
    rel: Arc<Rel>,
    origin: Option<Rc<TableInfo>>,
    /// Columns by a qualified name: `$left.x`, `$right.x`, a `scan` step's `s1.x`.
    pub(super) sides: Vec<Side>,
    /// Names resolve to its columns; not so in the body of a function called from it.
    pub(super) is_visible: bool,
    /// Aggregation functions may be called: `summarize` and its kin.
    pub(super) grouping: Option<Grouping>,
    /// Window functions may be called.
    pub(super) windows: Windows,
    /// In a graph pattern: its elements.
    pub(super) elements: Option<Elements>,
}

/// Columns under a qualifying name.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The position of the first of them.
    pub(super) offset: usize,
    /// Others may be there too.
    pub(super) open: bool,
    /// The table whose rows this side's still are.
    pub(super) origin: Option<Rc<TableInfo>>,
}

/// What `summarize` has gathered so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Grouping {
    /// The keys, bound over the input.
    pub(super) keys: Vec<Expr>,
    /// The aggregates; a result is the column after the keys.
    pub(super) aggregates: Vec<Aggregate>,
    /// The arguments of an aggregate are being bound: columns are meant as they are, and no other aggregate may stand here.
    pub(super) is_inside: bool,
}

/// Whether window functions may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Windows {
    /// Not in this operator.
    Forbidden,
    /// The rows have no settled order.
    NotSerialized,
    /// They may; none was.
    Allowed,
    /// One was called.
    Used,
}

impl Scope {
    /// A column of these rows.
    pub(super) fn column(&self, name: &str) -> Option<Expr> {
        let position = self.rel.columns.iter().position(|column| column.name == name)?;
        Some(Expr::column(position, self.rel.columns[position].ty))
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.rel.columns
    }

    /// Columns are meant as they are: not so in the results of `summarize` and its kin, outside aggregates.
    pub(super) fn reads_rows(&self) -> bool {
        self.grouping.as_ref().is_none_or(|grouping| grouping.is_inside)
    }

    /// Columns that are not known may be there.
    pub(super) fn is_open(&self) -> bool {
        self.rel.open
    }

    /// The table whose rows these still are, if its columns are listed somewhere.
    pub(super) fn listed_table(&self) -> Option<String> {
        self.origin.as_ref().filter(|origin| !origin.columns.is_empty()).map(|origin| origin.name.clone())
    }

    /// A column that the table has without listing it: the time column under its other name, or one of those that every table of
    /// a workspace has.
    pub(super) fn implied(&self, name: &str) -> Option<Implied> {
        implied(self.origin.as_deref(), &self.rel.columns, name)
    }
}

/// What a name that a table does not list means.
pub(super) enum Implied {
    /// A listed column under its other name.
    Column(usize, Type),
    /// A column that all tables have, of which the logs read here know nothing.
    Absent(Type),
    /// The table's own name.
    TableName(String),
}

fn implied(origin: Option<&TableInfo>, columns: &[Column], name: &str) -> Option<Implied> {
    let origin = origin?;
    if let Some(listed) = origin.resolve(name)
        && let Some(position) = columns.iter().position(|column| column.name == listed.name)
    {
        return Some(Implied::Column(position, columns[position].ty));
    }
    match origin.implied(name)? {
        Type::String if name == "Type" => Some(Implied::TableName(origin.name.clone())),
        ty => Some(Implied::Absent(ty)),
    }
}

impl Side {
    /// The column of that name on this side, by its position in the whole row.
    pub(super) fn column(&self, name: &str) -> Option<Expr> {
        let position = self.columns.iter().position(|column| column.name == name);
        let position = position.or_else(|| match implied(self.origin.as_deref(), &self.columns, name)? {
            Implied::Column(position, _) => Some(position),
            _ => None,
        })?;
        Some(Expr::column(self.offset + position, self.columns[position].ty))
    }
}

impl Binder<'_> {
    /// A scope over the rows of `input`.
    pub(super) fn scope_over(&mut self, input: &Flow) -> Scope {
        self.scope_count += 1;
        Scope {
            id: self.scope_count,
            rel: input.rel.clone(),
            origin: input.origin.clone(),
            sides: Vec::new(),
            is_visible: true,
            grouping: None,
            windows: Windows::Forbidden,
            elements: None,
        }
    }

    /// Binds something over the rows of `input`.
    pub(super) fn over<T>(&mut self, input: &Flow, bind: impl FnOnce(&mut Self) -> T) -> T {
        let scope = self.scope_over(input);
        self.within(scope, bind).0
    }

    /// Binds something within a scope, and gives the scope back with what it gathered.
    pub(super) fn within<T>(&mut self, scope: Scope, bind: impl FnOnce(&mut Self) -> T) -> (T, Scope) {
        self.scopes.push(scope);
        let result = bind(self);
        let scope = self.scopes.pop().expect("each scope is popped where it was pushed");
        (result, scope)
    }

    /// The rows that expressions see now.
    pub(super) fn scope(&self) -> Option<&Scope> {
        self.scopes.last()
    }

    /// Binds something that sees no row: a tabular expression, a constant.
    pub(super) fn outside<T>(&mut self, bind: impl FnOnce(&mut Self) -> T) -> T {
        let scopes = std::mem::take(&mut self.scopes);
        let result = bind(self);
        self.scopes = scopes;
        result
    }
}
