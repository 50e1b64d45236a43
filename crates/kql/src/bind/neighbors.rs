//! Window functions in operators that do not walk over rows in order themselves.
//!
//! In: the rows that an operator reads, and its expressions, bound. Out: the rows with what the window functions give as further
//! columns, and the expressions with those columns in place of the calls. Microsoft's analyzer takes window functions wherever a
//! value over the rows may stand.

use super::Binder;
use super::call::WINDOW_FUNCTIONS;
use super::flow::{Flow, fresh_name, names_of};
use super::scope::Windows;
use crate::plan::{Expr, ExprKind, RelKind};
use crate::types::Column;

impl Binder<'_> {
    /// Binds something over the rows of `input`, in which window functions may be called if those are in a settled order.
    /// [`with_windows`] has to follow.
    pub(super) fn in_order<T>(&mut self, input: &Flow, bind: impl FnOnce(&mut Self) -> T) -> T {
        let mut scope = self.scope_over(input);
        scope.windows = windows_over(input);
        self.within(scope, bind).0
    }
}

/// Window functions may be called over rows in a settled order.
pub(super) fn windows_over(input: &Flow) -> Windows {
    if input.serialized || input.rel.open { Windows::Allowed } else { Windows::NotSerialized }
}

/// The rows, with a column at their end for each call of a window function in the expressions, which read it from there.
pub(super) fn with_windows<'e>(input: &Flow, exprs: impl IntoIterator<Item = &'e mut Expr>) -> Flow {
    let mut calls = Vec::new();
    for expr in exprs {
        take_windows(expr, input.columns().len(), &mut calls);
    }
    if calls.is_empty() {
        return input.clone();
    }
    let mut columns = input.columns().to_vec();
    for call in &calls {
        columns.push(Column::new(fresh_name("$window", &names_of(&columns)), call.ty));
    }
    let mut exprs = input.identity();
    exprs.append(&mut calls);
    input.with_columns(RelKind::Window { input: input.rel.clone(), exprs }, columns, input.rel.open)
}

/// Replaces calls by the columns from `next` on that they become.
fn take_windows(expr: &mut Expr, next: usize, calls: &mut Vec<Expr>) {
    match &expr.kind {
        ExprKind::Call { function, .. } if WINDOW_FUNCTIONS.contains(&function.as_str()) => {
            let at = calls.iter().position(|call| call == expr).unwrap_or_else(|| {
                calls.push(expr.clone());
                calls.len() - 1
            });
            expr.kind = ExprKind::Column(next + at);
        }
        _ => expr.args_mut().iter_mut().for_each(|arg| take_windows(arg, next, calls)),
    }
}
