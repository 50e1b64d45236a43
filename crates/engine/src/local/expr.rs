//! Expressions row by row: for operators that walk over rows, and subqueries over few of them.

use kql::plan::{self, ExprKind, PARTITION_KEY};
use kql::{Type, Value};

use crate::cell::Cell;
use crate::error::{Error, Result, code};
use crate::function::{Call, Closure, Eval, Function, one_row};
use crate::lower::{Lower, Made, fold};

/// A compiled expression over the cells of a row.
pub(crate) enum RowExpr {
    /// The cell at that position.
    Column(usize),
    /// A constant.
    Constant(Value, Type),
    /// All are true.
    And(Vec<RowExpr>),
    /// One is true.
    Or(Vec<RowExpr>),
    /// The key of the enclosing `partition by k { query }`, which stands behind the columns of each row.
    Key,
    /// A call.
    Call(Box<RowCall>),
}

/// A call of a function.
pub(crate) struct RowCall {
    function: &'static Function,
    closure: Option<Closure>,
    call: Call,
    args: Vec<RowExpr>,
}

impl RowExpr {
    /// Compiles an expression.
    pub(crate) fn compile(lower: &Lower<'_>, expr: &plan::Expr) -> Result<RowExpr> {
        if let Some(value) = fold(expr, &lower.resolved.scalars) {
            return Ok(RowExpr::Constant(value, expr.ty));
        }
        Ok(match &expr.kind {
            ExprKind::Column(position) => RowExpr::Column(*position),
            ExprKind::And(terms) => RowExpr::And(RowExpr::compile_all(lower, terms)?),
            ExprKind::Or(terms) => RowExpr::Or(RowExpr::compile_all(lower, terms)?),
            ExprKind::Call { function, .. } if function == PARTITION_KEY => RowExpr::Key,
            ExprKind::Call { function, args } => RowExpr::call(lower, function, args, expr.ty)?,
            ExprKind::Literal(value) => RowExpr::Constant(value.clone(), expr.ty),
            ExprKind::Scalar(_) | ExprKind::Rows(_) => {
                return Err(Error::new(code::INTERNAL, "a relation stands where a value should"));
            }
        })
    }

    /// Compiles several.
    pub(crate) fn compile_all(lower: &Lower<'_>, exprs: &[plan::Expr]) -> Result<Vec<RowExpr>> {
        exprs.iter().map(|expr| RowExpr::compile(lower, expr)).collect()
    }

    fn call(lower: &Lower<'_>, name: &str, args: &[plan::Expr], returns: Type) -> Result<RowExpr> {
        let null = |ty| RowExpr::Constant(Value::Null, ty);
        let (function, call, args) = match lower.made(name, args, returns, |arg| RowExpr::compile(lower, arg), null)? {
            Made::Value(value) => return Ok(RowExpr::Constant(value, returns)),
            Made::Call(function, call, args) => (function, call, args),
        };
        let closure = match function.eval {
            Eval::Prepared(prepare) => Some(prepare(&call).map_err(|message| function.refused(&message))?),
            _ => None,
        };
        Ok(RowExpr::Call(Box::new(RowCall { function, closure, call, args })))
    }

    /// The value over a row.
    pub(crate) fn eval<'a>(&'a self, row: &[Cell<'a>]) -> Cell<'a> {
        match self {
            RowExpr::Column(position) => row.get(*position).cloned().unwrap_or(Cell::Null),
            RowExpr::Key => row.last().cloned().unwrap_or(Cell::Null),
            RowExpr::Constant(Value::Null, Type::String) => Cell::text(""),
            RowExpr::Constant(value, _) => Cell::of(value),
            RowExpr::And(terms) => junction(terms, row, true),
            RowExpr::Or(terms) => junction(terms, row, false),
            RowExpr::Call(call) => call.eval(row),
        }
    }
}

/// Three-valued `and` (or `or`): decided by the first term that decides.
fn junction<'a>(terms: &'a [RowExpr], row: &[Cell<'a>], and: bool) -> Cell<'a> {
    let mut unknown = false;
    for term in terms {
        match term.eval(row).as_bool() {
            Some(truth) if truth != and => return Cell::Bool(!and),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { Cell::Null } else { Cell::Bool(and) }
}

impl RowCall {
    fn eval<'a>(&'a self, row: &[Cell<'a>]) -> Cell<'a> {
        let args: Vec<Cell<'a>> = self.args.iter().map(|arg| arg.eval(row)).collect();
        match (self.function.eval, &self.closure) {
            (Eval::Row(eval) | Eval::Either(eval, _), _) => eval(&self.call, &args),
            (_, Some(closure)) => closure(&self.call, &args),
            (Eval::Batch(eval), None) => one_row(eval, &self.call, &args).unwrap_or(Cell::Null),
            (Eval::Prepared(_), None) => Cell::Null,
        }
    }
}
