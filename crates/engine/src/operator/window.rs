//! `serialize` and window functions: rows in order, each seeing those before and after it.
//!
//! All rows are held, since `next()` may look as far ahead as it likes. Window calls are computed one after another, inner ones
//! first, each as a column behind the input's; then the expressions over all of them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result as DfResult;
use kql::plan::{self, ExprKind};
use kql::{Column, Type, Value};

use super::held::Held;
use super::{Operator, Run, schema};
use crate::cell::{Cell, CellBuilder};
use crate::error::{Error, Result, code};
use crate::local::{RowExpr, batch, compare, each_row, evaluate};
use crate::lower::{Lower, fold};

/// The functions that see other rows.
const FUNCTIONS: &[(&str, WindowFunction)] = &[
    ("next", WindowFunction::Next),
    ("prev", WindowFunction::Prev),
    ("row_cumsum", WindowFunction::CumulativeSum),
    ("row_number", WindowFunction::Number),
    ("row_rank", WindowFunction::RankDense),
    ("row_rank_dense", WindowFunction::RankDense),
    ("row_rank_min", WindowFunction::RankMin),
    ("row_window_session", WindowFunction::Session),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum WindowFunction {
    Next,
    Prev,
    CumulativeSum,
    Number,
    RankDense,
    RankMin,
    Session,
}

/// The operator.
pub(crate) struct Window {
    columns: Vec<Column>,
    input: Vec<Column>,
    shared: Arc<Compiled>,
}

struct Compiled {
    calls: Vec<Call>,
    exprs: Vec<RowExpr>,
}

struct Call {
    function: WindowFunction,
    args: Vec<RowExpr>,
    ty: Type,
}

impl Window {
    /// The window over rows of `input`'s columns.
    pub(crate) fn compile(lower: &Lower<'_>, columns: Vec<Column>, input: &[Column], exprs: &[plan::Expr]) -> Result<Window> {
        let mut compiled = Compiled { calls: Vec::new(), exprs: Vec::new() };
        for expr in exprs {
            let expr = compiled.lift(lower, input.len(), expr)?;
            compiled.exprs.push(RowExpr::compile(lower, &expr)?);
        }
        Ok(Window { columns, input: input.to_vec(), shared: Arc::new(compiled) })
    }
}

impl Compiled {
    /// The expression with each window call replaced by the column it will stand in.
    fn lift(&mut self, lower: &Lower<'_>, width: usize, expr: &plan::Expr) -> Result<plan::Expr> {
        let lifted = expr.with_args(|arg| self.lift(lower, width, arg))?;
        let ExprKind::Call { function, args } = &lifted.kind else { return Ok(lifted) };
        let Some((_, window)) = FUNCTIONS.iter().find(|(name, _)| name == function) else { return Ok(lifted) };
        if let (WindowFunction::Prev | WindowFunction::Next, Some(offset)) = (window, args.get(1)) {
            check_offset(fold(offset, &lower.resolved.scalars).as_ref())?;
        }
        let args = RowExpr::compile_all(lower, args)?;
        self.calls.push(Call { function: *window, args, ty: expr.ty });
        Ok(plan::Expr::column(width + self.calls.len() - 1, expr.ty))
    }
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl Operator for Window {
    fn name(&self) -> &'static str {
        "window"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        let (columns, input) = (self.columns.clone(), self.input.clone());
        let shared = Arc::clone(&self.shared);
        Box::new(Pass { columns, input, shared, held: Held::default(), ready: None })
    }
}

struct Pass {
    columns: Vec<Column>,
    input: Vec<Column>,
    shared: Arc<Compiled>,
    held: Held,
    /// All rows once they are there, with the columns of the calls that are done and how many rows have been given.
    ready: Option<Ready>,
}

struct Ready {
    columns: Vec<Column>,
    rows: RecordBatch,
    calls: usize,
    given: usize,
}

/// Rows that are given at a time.
const ROWS: usize = 8192;

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        self.held.push(batch)?;
        Ok(None)
    }

    fn finish(&mut self) -> DfResult<Vec<RecordBatch>> {
        let rows = self.held.take(&schema(&self.input))?;
        self.ready = Some(Ready { columns: self.input.clone(), rows, calls: 0, given: 0 });
        Ok(Vec::new())
    }

    /// One call over all rows, or, after the last, the expressions over some of them.
    fn more(&mut self) -> DfResult<Option<RecordBatch>> {
        let Some(ready) = &mut self.ready else { return Ok(None) };
        if let Some(call) = self.shared.calls.get(ready.calls) {
            let array = call.compute(&ready.columns, &ready.rows);
            ready.columns.push(Column::new(format!("\u{1}{}", ready.calls), call.ty));
            ready.calls += 1;
            let arrays: Vec<ArrayRef> = ready.rows.columns().iter().cloned().chain([array]).collect();
            ready.rows = batch(&ready.columns, arrays, ready.rows.num_rows())?;
            return Ok(Some(RecordBatch::new_empty(schema(&self.columns))));
        }
        let some = ready.rows.slice(ready.given, ROWS.min(ready.rows.num_rows() - ready.given));
        if some.num_rows() == 0 {
            self.ready = None;
            return Ok(None);
        }
        ready.given += some.num_rows();
        let arrays = evaluate(&self.shared.exprs, &self.columns, &ready.columns, &some);
        Ok(Some(batch(&self.columns, arrays, some.num_rows())?))
    }

    fn size(&self) -> usize {
        self.held.bytes()
    }

    /// The rows once more, the calls' columns, and the arguments of one call.
    fn finish_size(&self) -> usize {
        let columns = self.shared.calls.len() + 2;
        self.held.bytes().saturating_mul(2) + self.held.rows() * columns * size_of::<Cell<'_>>()
    }
}

impl Call {
    /// The call's value in each row.
    fn compute(&self, columns: &[Column], rows: &RecordBatch) -> ArrayRef {
        let mut args: Vec<Vec<Cell<'static>>> = Vec::with_capacity(rows.num_rows());
        each_row(columns, rows, |row| args.push(self.args.iter().map(|arg| arg.eval_owned(row)).collect()));
        let mut builder = CellBuilder::new(self.ty, args.len());
        match self.function {
            WindowFunction::Prev | WindowFunction::Next => self.shifted(&args, &mut builder),
            WindowFunction::Number => {
                let mut number = 0_i64;
                for (row, args) in args.iter().enumerate() {
                    let restart = args.get(1).and_then(Cell::as_bool) == Some(true);
                    let start = args.first().and_then(Cell::as_long).unwrap_or(1);
                    number = if row == 0 || restart { start } else { number.wrapping_add(1) };
                    builder.push(&Cell::Long(number));
                }
            }
            WindowFunction::CumulativeSum => self.sums(&args, &mut builder),
            WindowFunction::RankDense | WindowFunction::RankMin => self.ranks(&args, &mut builder),
            WindowFunction::Session => sessions(&args, &mut builder),
        }
        builder.finish()
    }

    fn shifted(&self, args: &[Vec<Cell<'static>>], builder: &mut CellBuilder) {
        for (row, own) in args.iter().enumerate() {
            let offset = own.get(1).and_then(Cell::as_long).and_then(|offset| usize::try_from(offset).ok()).unwrap_or(1);
            let other = match self.function {
                WindowFunction::Prev => row.checked_sub(offset),
                _ => row.checked_add(offset),
            };
            match other.and_then(|other| args.get(other)) {
                Some(other) => builder.push(&other[0]),
                None => builder.push(own.get(2).unwrap_or(&Cell::Null)),
            }
        }
    }

    fn sums(&self, args: &[Vec<Cell<'static>>], builder: &mut CellBuilder) {
        let (mut whole, mut real) = (0_i64, 0.0_f64);
        for args in args {
            if args.get(1).and_then(Cell::as_bool) == Some(true) {
                (whole, real) = (0, 0.0);
            }
            let term = args.first().unwrap_or(&Cell::Null);
            whole = whole.wrapping_add(term.as_long().unwrap_or(0));
            real += term.as_real().filter(|r| !r.is_nan()).unwrap_or(0.0);
            builder.push(&match self.ty {
                Type::Real | Type::Decimal => Cell::Real(real),
                Type::TimeSpan => Cell::TimeSpan(whole),
                _ => Cell::Long(whole),
            });
        }
    }

    fn ranks(&self, args: &[Vec<Cell<'static>>], builder: &mut CellBuilder) {
        let (mut rank, mut same) = (0_i64, 0_i64);
        for (row, own) in args.iter().enumerate() {
            let restart = row == 0 || own.get(1).and_then(Cell::as_bool) == Some(true);
            let equal = row > 0 && equal(&args[row - 1][0], &own[0]);
            if restart {
                (rank, same) = (1, 1);
            } else if equal {
                same += 1;
            } else {
                rank += if self.function == WindowFunction::RankDense { 1 } else { same };
                same = 1;
            }
            builder.push(&Cell::Long(rank));
        }
    }
}

fn equal(a: &Cell<'_>, b: &Cell<'_>) -> bool {
    match (a.is_null(), b.is_null()) {
        (false, false) => compare(a, b).is_eq(),
        (a, b) => a == b,
    }
}

/// The start of each row's session: it ends where a row is as far from the session's first, or from the row before, as it must not
/// be, or where `restart` is true. A null time has no session and ends the one before (`row-window-session-function`).
fn sessions(args: &[Vec<Cell<'static>>], builder: &mut CellBuilder) {
    let mut start: Option<i64> = None;
    let mut last = 0;
    for args in args {
        let Some(time) = args.first().and_then(Cell::as_long) else {
            start = None;
            builder.push(&Cell::Null);
            continue;
        };
        let limit = |at: usize| args.get(at).and_then(Cell::as_long).unwrap_or(i64::MAX);
        let restart = args.get(3).and_then(Cell::as_bool) == Some(true);
        let goes_on =
            start.filter(|first| !restart && time.saturating_sub(*first) < limit(1) && time.saturating_sub(last) < limit(2));
        let first = goes_on.unwrap_or(time);
        start = Some(first);
        last = time;
        builder.push(&Cell::DateTime(first));
    }
}

/// A constant offset below one is an error in Kusto.
fn check_offset(value: Option<&Value>) -> Result<()> {
    match value.map(Cell::of).and_then(|cell| cell.as_long()) {
        Some(offset) if offset < 1 => Err(Error::new(code::ARGUMENT, "the offset of prev() and next() must be one or more")),
        _ => Ok(()),
    }
}
