//! Typed expressions over a relation's columns.
//!
//! In: what the binder settled. Out: what an executor computes for each row.

use std::sync::Arc;

use super::Input;
use crate::types::{Type, Value};

/// The call, without arguments, that is the key of the rows for which the subquery of a
/// [`RelKind::Partition`](super::RelKind::Partition) runs: it stands in those that read tables of their own.
pub const PARTITION_KEY: &str = "$key";

/// A typed expression over a relation's columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// The type of its value.
    pub ty: Type,
}

/// What an expression computes.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// The column at that position of the relation the expression stands over.
    Column(usize),
    /// A constant.
    Literal(Value),
    /// All are true. Two or more; never an `And` within.
    And(Vec<Expr>),
    /// One is true. Two or more; never an `Or` within.
    Or(Vec<Expr>),
    /// A function or an operator by its spelling in KQL: `strcat`, `==`, `!has`, `in~`, `has_any`, `between`, `+`, `neg` (unary
    /// minus), `[]` (index or member of a dynamic), `not` … Conversions that Kusto makes by itself stand here as calls too
    /// (`tolong`, `toreal`, `todynamic` …), so that operands have the types the function declares.
    ///
    /// A type literal is a constant `string` with the type's name. `pack_all()` and its kin are `bag_pack` with its pairs written
    /// out (`pack_all(true)`: `pack_all` with the pairs, those without a value left out). Three spellings are no KQL:
    /// `$part(call, n)` is the n-th result (from 0) of a scalar function that gives several (`series_fit_line`);
    /// [`PARTITION_KEY`] the key of the enclosing `partition by k { query }`; and `$column("name")` a column of an open
    /// relation, which has no position; nothing that can run holds it.
    Call {
        /// The name in the catalog.
        function: String,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// The one value of [`Query::scalars`] at that position.
    Scalar(usize),
    /// A one-column relation as the right side of `in`, `has_any` and their like.
    Rows(Input),
}

impl PartialEq for ExprKind {
    fn eq(&self, other: &ExprKind) -> bool {
        match (self, other) {
            (ExprKind::Column(a), ExprKind::Column(b)) | (ExprKind::Scalar(a), ExprKind::Scalar(b)) => a == b,
            (ExprKind::Literal(a), ExprKind::Literal(b)) => a == b,
            (ExprKind::And(a), ExprKind::And(b)) | (ExprKind::Or(a), ExprKind::Or(b)) => a == b,
            (ExprKind::Call { function: f, args: a }, ExprKind::Call { function: g, args: b }) => f == g && a == b,
            (ExprKind::Rows(a), ExprKind::Rows(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Expr {
    /// The column at `position`, of type `ty`.
    #[must_use]
    pub fn column(position: usize, ty: Type) -> Expr {
        Expr { kind: ExprKind::Column(position), ty }
    }

    /// A constant of type `ty`.
    #[must_use]
    pub fn literal(value: Value, ty: Type) -> Expr {
        Expr { kind: ExprKind::Literal(value), ty }
    }

    /// A call.
    #[must_use]
    pub fn call(function: impl Into<String>, args: Vec<Expr>, ty: Type) -> Expr {
        Expr { kind: ExprKind::Call { function: function.into(), args }, ty }
    }
}
