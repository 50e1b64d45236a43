//! Expressions: columns by position to columns by name, calls to functions of ours with their constants worked in.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::common::{Column as DfColumn, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator};
use kql::plan::{self, ExprKind};
use kql::{Type, Value};

use super::{Lower, Resolved};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::error::{Error, Result, code};
use crate::function::{self, Call, Constant, Eval, Function, scalar_udf};

/// Calls whose arguments after the first are a list: all constant, they become one set.
const SET_CALLS: &[&str] = &["in", "!in", "in~", "!in~", "has_any", "has_all"];

impl Lower<'_> {
    /// The expression over the rows of a plan that was lowered from its relation.
    pub fn expr(&self, expr: &plan::Expr, over: &LogicalPlan) -> Result<Expr> {
        Ok(match &expr.kind {
            ExprKind::Column(position) => column_at(over, *position)?,
            ExprKind::Literal(value) => Expr::Literal(scalar_value(value, expr.ty), None),
            ExprKind::Scalar(position) => Expr::Literal(scalar_value(self.scalar(*position)?, expr.ty), None),
            ExprKind::And(terms) => balanced(self.exprs(terms, over)?, Operator::And),
            ExprKind::Or(terms) => balanced(self.exprs(terms, over)?, Operator::Or),
            ExprKind::Rows(_) => return Err(Error::new(code::INTERNAL, "a relation stands where a value should")),
            ExprKind::Call { function, args } => self.call(function, args, expr.ty, over)?,
        })
    }

    /// Several expressions over the same rows.
    pub fn exprs(&self, exprs: &[plan::Expr], over: &LogicalPlan) -> Result<Vec<Expr>> {
        exprs.iter().map(|expr| self.expr(expr, over)).collect()
    }

    fn scalar(&self, position: usize) -> Result<&Value> {
        self.resolved.scalars.get(position).ok_or_else(|| Error::new(code::INTERNAL, format!("no scalar at {position}")))
    }

    fn call(&self, name: &str, args: &[plan::Expr], returns: Type, over: &LogicalPlan) -> Result<Expr> {
        let args = &*with_whole_results(name, args);
        let Some(function) = function::find(name) else { return Err(Error::unsupported(&format!("the function {name}()"))) };
        let mut constants: Vec<Option<Constant>> = args.iter().map(|arg| self.constant(arg)).collect();
        constants.extend(self.resolved.database(name)?.map(Some));
        if let Some(value) = self.fold_call(function, args, &constants, returns)? {
            return Ok(Expr::Literal(scalar_value(&value, returns), None));
        }
        if let (true, Some(set)) = (SET_CALLS.contains(&name) && args.len() > 2, constant_set(&constants)) {
            let types = vec![args[0].ty, args[1].ty];
            let call = Call { returns, types, constants: vec![None, Some(Constant::Set(set))] };
            let lowered = vec![self.expr(&args[0], over)?, Expr::Literal(scalar_value(&Value::Null, args[1].ty), None)];
            return Ok(udf_expr(function, call, lowered));
        }
        if args.len() == 2 && args.iter().all(|arg| arg.ty == Type::String) {
            // Strings are never null, so Arrow's own comparison is Kusto's, and scans can prune by it.
            let operator = match name {
                "==" => Some(Operator::Eq),
                "!=" => Some(Operator::NotEq),
                _ => None,
            };
            if let Some(operator) = operator {
                let mut lowered = self.exprs(args, over)?;
                let right = lowered.remove(1);
                return Ok(binary(lowered.remove(0), operator, right));
            }
        }
        if name == "not" {
            return Ok(Expr::Not(Box::new(self.expr(&args[0], over)?)));
        }
        let mut lowered = Vec::with_capacity(args.len());
        for (arg, constant) in args.iter().zip(&constants) {
            lowered.push(match constant {
                Some(Constant::Set(_) | Constant::Texts(_)) => Expr::Literal(scalar_value(&Value::Null, arg.ty), None),
                _ => self.expr(arg, over)?,
            });
        }
        let call = Call { returns, types: args.iter().map(|arg| arg.ty).collect(), constants };
        Ok(udf_expr(function, call, lowered))
    }

    /// The value of an argument, if it is the same for every row.
    fn constant(&self, arg: &plan::Expr) -> Option<Constant> {
        match &arg.kind {
            ExprKind::Rows(rel) => self.resolved.sets.get(&Resolved::key(rel)).cloned(),
            _ => fold(arg, &self.resolved.scalars).map(Constant::Value),
        }
    }

    /// The call's value, if all its arguments are constant. A constant that the function refuses is the user's error.
    fn fold_call(
        &self,
        function: &'static Function,
        args: &[plan::Expr],
        constants: &[Option<Constant>],
        returns: Type,
    ) -> Result<Option<Value>> {
        let types = args.iter().map(|arg| arg.ty).collect();
        let call = Call { returns, types, constants: constants.to_vec() };
        evaluate(function, &call).map_err(|message| Error::new(code::ARGUMENT, message))
    }
}

/// The arguments of a call. That of `$part` is a call that gives all its results in one dynamic, though the plan shows it with
/// the type of the part.
pub(crate) fn with_whole_results<'a>(name: &str, args: &'a [plan::Expr]) -> Cow<'a, [plan::Expr]> {
    if name != "$part" {
        return Cow::Borrowed(args);
    }
    let mut args = args.to_vec();
    args.iter_mut().take(1).for_each(|results| results.ty = Type::Dynamic);
    Cow::Owned(args)
}

/// The column of a plan at a position.
pub(super) fn column_at(plan: &LogicalPlan, position: usize) -> Result<Expr> {
    match plan.schema().fields().get(position) {
        Some(field) => Ok(Expr::Column(DfColumn::from_name(field.name()))),
        None => Err(Error::new(code::INTERNAL, format!("no column at position {position}"))),
    }
}

/// The value of an expression that reads no column; `None` if it does, or is not foldable (`rand()`, a relation).
#[must_use]
pub fn fold(expr: &plan::Expr, scalars: &[Value]) -> Option<Value> {
    match &expr.kind {
        ExprKind::Literal(value) => Some(value.clone()),
        ExprKind::Scalar(position) => scalars.get(*position).cloned(),
        ExprKind::Call { function, args } => {
            let args = &*with_whole_results(function, args);
            let function = function::find(function)?;
            let constants: Option<Vec<_>> =
                args.iter().map(|arg| fold(arg, scalars).map(|value| Some(Constant::Value(value)))).collect();
            let types = args.iter().map(|arg| arg.ty).collect();
            evaluate(function, &Call { returns: expr.ty, types, constants: constants? }).ok().flatten()
        }
        ExprKind::And(terms) | ExprKind::Or(terms) => {
            let and = matches!(expr.kind, ExprKind::And(_));
            let mut result = Some(and);
            for term in terms {
                match (fold(term, scalars)?, and) {
                    (Value::Bool(truth), _) if truth != and => return Some(Value::Bool(!and)),
                    (Value::Null, _) => result = None,
                    _ => {}
                }
            }
            Some(result.map_or(Value::Null, Value::Bool))
        }
        ExprKind::Column(_) | ExprKind::Rows(_) => None,
    }
}

/// Calls a function whose arguments are all constant values; `None` if they are not, or it has no fixed value.
fn evaluate(function: &'static Function, call: &Call) -> std::result::Result<Option<Value>, String> {
    if matches!(function.name, "rand" | "new_guid") {
        return Ok(None);
    }
    let mut cells = Vec::with_capacity(call.constants.len());
    for (constant, ty) in call.constants.iter().zip(&call.types) {
        let Some(Constant::Value(value)) = constant else { return Ok(None) };
        cells.push(match value {
            Value::Null if *ty == Type::String => Cell::text(""),
            value => Cell::of(value),
        });
    }
    let cell = match function.eval {
        Eval::Row(eval) => eval(call, &cells),
        Eval::Prepared(prepare) => prepare(call)?(call, &cells),
        Eval::Batch(eval) => {
            let args: Vec<ColumnarValue> = cells
                .iter()
                .zip(&call.types)
                .map(|(cell, ty)| ColumnarValue::Scalar(scalar_value(&cell.to_value(), *ty)))
                .collect();
            let result = eval(call, &args, 1).and_then(|value| value.into_array(1)).map_err(|error| error.to_string())?;
            return Ok(Some(Cells::new(call.returns, &result).get(0).to_value()));
        }
    };
    Ok(Some(cell.to_value()))
}

/// The values of all arguments but the first, if each is a constant that is no list itself.
fn constant_set(constants: &[Option<Constant>]) -> Option<Arc<Vec<Value>>> {
    let values: Option<Vec<Value>> = constants
        .get(1..)?
        .iter()
        .map(|constant| match constant {
            Some(Constant::Value(value)) if !matches!(value, Value::Dynamic(_)) => Some(value.clone()),
            _ => None,
        })
        .collect();
    values.map(Arc::new)
}

/// The value as DataFusion's, in the layout of its type; a null string is the empty one.
#[must_use]
pub fn scalar_value(value: &Value, ty: Type) -> ScalarValue {
    let mut builder = CellBuilder::new(ty, 1);
    builder.push(&Cell::of(value));
    ScalarValue::try_from_array(&builder.finish(), 0).unwrap_or(ScalarValue::Null)
}

fn udf_expr(function: &'static Function, call: Call, args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(scalar_udf(function, call)), args))
}

fn binary(left: Expr, operator: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}

/// A chain as a tree of logarithmic depth: planners recurse over it.
fn balanced(mut terms: Vec<Expr>, operator: Operator) -> Expr {
    while terms.len() > 1 {
        let mut halved = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            halved.push(match rest.next() {
                Some(right) => binary(left, operator, right),
                None => left,
            });
        }
        terms = halved;
    }
    terms.pop().unwrap_or_else(|| Expr::Literal(ScalarValue::Boolean(Some(operator == Operator::And)), None))
}
