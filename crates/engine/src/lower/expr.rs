//! Expressions: columns by position to columns by name, calls to functions of ours with their constants worked in.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::common::{Column as DfColumn, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use kql::plan::{self, ExprKind};
use kql::{Type, Value};

use super::{Lower, Resolved, chain, whole};
use crate::cell::{Cell, CellBuilder};
use crate::error::{Error, Result, code};
use crate::function::{self, Call, Constant, Eval, Function, one_row, scalar_udf};

/// A call with its constants worked in, its other arguments lowered.
pub(crate) enum Made<T> {
    /// All arguments are constant, so that the call is.
    Value(Value),
    /// The function, what it knows of its call, and the arguments.
    Call(&'static Function, Call, Vec<T>),
}

impl Lower<'_> {
    /// The expression over the rows of a plan that was lowered from its relation.
    pub fn expr(&self, expr: &plan::Expr, over: &LogicalPlan) -> Result<Expr> {
        if let ExprKind::And(terms) = &expr.kind {
            return self.conjunction(terms, over);
        }
        if whole::fits(expr, &mut { whole::NODES }) { self.part(expr, over) } else { self.whole(expr, over) }
    }

    /// Several expressions over the same rows.
    pub fn exprs(&self, exprs: &[plan::Expr], over: &LogicalPlan) -> Result<Vec<Expr>> {
        exprs.iter().map(|expr| self.expr(expr, over)).collect()
    }

    /// Terms that are all true: those that a planner may see side by side, so that scans see them too, the others as one.
    fn conjunction(&self, terms: &[plan::Expr], over: &LogicalPlan) -> Result<Expr> {
        let terms = chain::gathered(terms, true);
        let (mut seen, mut others, mut left) = (Vec::new(), Vec::new(), whole::NODES);
        for term in &*terms {
            let mut budget = left;
            if whole::fits(term, &mut budget) {
                left = budget;
                seen.push(self.part(term, over)?);
            } else {
                others.push(term.clone());
            }
        }
        match others.len() {
            0 => {}
            1 => seen.push(self.whole(&others[0], over)?),
            _ => seen.push(self.whole(&plan::Expr { kind: ExprKind::And(others), ty: Type::Bool }, over)?),
        }
        Ok(balanced(seen, Operator::And))
    }

    /// An expression of a size that a planner may see, or a part of one.
    fn part(&self, expr: &plan::Expr, over: &LogicalPlan) -> Result<Expr> {
        Ok(match &expr.kind {
            ExprKind::Column(position) => column_at(over, *position)?,
            ExprKind::Literal(value) => Expr::Literal(scalar_value(value, expr.ty), None),
            ExprKind::Scalar(position) => Expr::Literal(scalar_value(self.scalar(*position)?, expr.ty), None),
            ExprKind::And(terms) => balanced(self.parts(&chain::gathered(terms, true), over)?, Operator::And),
            ExprKind::Or(terms) => balanced(self.parts(&chain::gathered(terms, false), over)?, Operator::Or),
            ExprKind::Rows(_) => return Err(Error::new(code::INTERNAL, "a relation stands where a value should")),
            ExprKind::Call { function, args } => self.call(function, args, expr.ty, over)?,
        })
    }

    fn parts(&self, exprs: &[plan::Expr], over: &LogicalPlan) -> Result<Vec<Expr>> {
        exprs.iter().map(|expr| self.part(expr, over)).collect()
    }

    /// The value of a `toscalar()`.
    pub(super) fn scalar(&self, position: usize) -> Result<&Value> {
        self.resolved.scalars.get(position).ok_or_else(|| Error::new(code::INTERNAL, format!("no scalar at {position}")))
    }

    fn call(&self, name: &str, args: &[plan::Expr], returns: Type, over: &LogicalPlan) -> Result<Expr> {
        let null = |ty| Expr::Literal(scalar_value(&Value::Null, ty), None);
        let (function, call, mut lowered) = match self.made(name, args, returns, |arg| self.part(arg, over), null)? {
            Made::Value(value) => return Ok(Expr::Literal(scalar_value(&value, returns), None)),
            Made::Call(function, call, lowered) => (function, call, lowered),
        };
        if name == "not" && lowered.len() == 1 {
            return Ok(Expr::Not(Box::new(lowered.remove(0))));
        }
        if let (true, Some(operator)) = (call.types == [Type::String; 2], text_comparison(name)) {
            let right = lowered.remove(1);
            return Ok(binary(lowered.remove(0), operator, right));
        }
        Ok(udf_expr(function, call, lowered))
    }

    /// A call whose arguments `lower` lowers and `null` stands in for where their constants are all that counts.
    pub(crate) fn made<T>(
        &self,
        name: &str,
        args: &[plan::Expr],
        returns: Type,
        mut lower: impl FnMut(&plan::Expr) -> Result<T>,
        null: impl Fn(Type) -> T,
    ) -> Result<Made<T>> {
        let args = &*with_whole_results(name, args);
        let Some(function) = function::find(name) else { return Err(Error::unsupported(&format!("the function {name}()"))) };
        let mut constants: Vec<Option<Constant>> = args.iter().map(|arg| self.constant(arg)).collect();
        if function.reads_places {
            constants.extend(self.resolved.ip_places.clone().map(|places| Some(Constant::Places(places))));
        }
        if let Some(value) = self.fold_call(function, args, &constants, returns)? {
            return Ok(Made::Value(value));
        }
        if let (true, Some(set)) = (function.takes_list && args.len() > 2, constant_set(&constants)) {
            let types = vec![args[0].ty, args[1].ty];
            let call = Call { returns, types, constants: vec![None, Some(Constant::Set(set))] };
            return Ok(Made::Call(function, call, vec![lower(&args[0])?, null(args[1].ty)]));
        }
        let mut lowered = Vec::with_capacity(args.len());
        for (arg, constant) in args.iter().zip(&constants) {
            lowered.push(match constant {
                Some(Constant::Set(_) | Constant::Texts(_)) => null(arg.ty),
                _ => lower(arg)?,
            });
        }
        let call = Call { returns, types: args.iter().map(|arg| arg.ty).collect(), constants };
        Ok(Made::Call(function, call, lowered))
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
        evaluate(function, &call).map_err(|message| function.refused(&message))
    }
}

/// The arguments of a call. That of `$part` is a call that gives all its results in one dynamic, though the plan shows it with
/// the type of the part.
fn with_whole_results<'a>(name: &str, args: &'a [plan::Expr]) -> Cow<'a, [plan::Expr]> {
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
    if function.is_volatile {
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
        Eval::Row(eval) | Eval::Either(eval, _) => eval(call, &cells),
        Eval::Prepared(prepare) => prepare(call)?(call, &cells),
        Eval::Batch(eval) => one_row(eval, call, &cells).map_err(|error| error.to_string())?,
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

/// Strings are never null, so Arrow's own comparison is Kusto's, and scans can prune by it.
fn text_comparison(name: &str) -> Option<Operator> {
    match name {
        "==" => Some(Operator::Eq),
        "!=" => Some(Operator::NotEq),
        _ => None,
    }
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
