//! Expressions too large for a planner to look into.
//!
//! A planner walks each expression some hundred times, asks at each node for the types of all below it, and makes chains of `and`
//! as deep as they are long. So what is beyond some size becomes one function of the columns it reads, which computes it batch by
//! batch with the functions that it would have had anyway.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanArray};
use datafusion::arrow::compute::{and_kleene, or_kleene};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result as DfResult, ScalarValue, internal_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use kql::plan::{self, ExprKind};
use kql::{Type, Value};
use logs::arrow_type;

use super::expr::{Made, column_at, scalar_value};
use super::{Lower, chain};
use crate::error::{Error, Result, code};
use crate::function::Udf;

/// Columns and calls in one expression up to which a planner sees it.
pub(super) const NODES: usize = 1024;
/// Calls within calls up to which a planner sees them.
const DEPTH: usize = 32;

/// Whether a planner may see the expression; takes its columns and calls off those that are `left`. Constants are none: a list of
/// them becomes a set.
pub(super) fn fits(expr: &plan::Expr, left: &mut usize) -> bool {
    fits_within(expr, left, DEPTH)
}

fn fits_within(expr: &plan::Expr, left: &mut usize, depth: usize) -> bool {
    if matches!(expr.kind, ExprKind::Literal(_)) {
        return true;
    }
    if *left == 0 || depth == 0 {
        return false;
    }
    *left -= 1;
    expr.args().iter().all(|arg| fits_within(arg, left, depth - 1))
}

impl Lower<'_> {
    /// The expression as one function of its columns.
    pub(super) fn whole(&self, expr: &plan::Expr, over: &LogicalPlan) -> Result<Expr> {
        let mut compiled = Compiled { lower: *self, columns: Vec::new(), volatile: false };
        let root = compiled.node(expr)?;
        let args = compiled.columns.iter().map(|position| column_at(over, *position)).collect::<Result<Vec<_>>>()?;
        let volatility = if compiled.volatile { Volatility::Volatile } else { Volatility::Immutable };
        let signature = match args.len() {
            0 => Signature::nullary(volatility),
            _ => Signature::new(TypeSignature::VariadicAny, volatility),
        };
        let whole = Whole { root: Arc::new(root), returns: expr.ty, signature };
        Ok(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(whole)), args)))
    }
}

/// What is known while an expression is compiled.
struct Compiled<'a> {
    lower: Lower<'a>,
    /// The columns it reads, in the order of the function's arguments.
    columns: Vec<usize>,
    volatile: bool,
}

/// A compiled expression over the function's arguments.
enum Node {
    Column(usize),
    Constant(ScalarValue),
    And(Vec<Node>),
    Or(Vec<Node>),
    Call(Box<Udf>, Vec<Node>),
}

impl Compiled<'_> {
    fn node(&mut self, expr: &plan::Expr) -> Result<Node> {
        Ok(match &expr.kind {
            ExprKind::Column(position) => Node::Column(self.column(*position)),
            ExprKind::Literal(value) => Node::Constant(scalar_value(value, expr.ty)),
            ExprKind::Scalar(position) => Node::Constant(scalar_value(self.lower.scalar(*position)?, expr.ty)),
            ExprKind::And(terms) => Node::And(self.nodes(&chain::gathered(terms, true))?),
            ExprKind::Or(terms) => Node::Or(self.nodes(&chain::gathered(terms, false))?),
            ExprKind::Rows(_) => return Err(Error::new(code::INTERNAL, "a relation stands where a value should")),
            ExprKind::Call { function, args } => {
                let lower = self.lower;
                let null = |ty| Node::Constant(scalar_value(&Value::Null, ty));
                match lower.made(function, args, expr.ty, |arg| self.node(arg), null)? {
                    Made::Value(value) => Node::Constant(scalar_value(&value, expr.ty)),
                    Made::Call(function, call, args) => {
                        self.volatile |= function.is_volatile;
                        Node::Call(Box::new(Udf::new(function, call)), args)
                    }
                }
            }
        })
    }

    fn nodes(&mut self, exprs: &[plan::Expr]) -> Result<Vec<Node>> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    fn column(&mut self, position: usize) -> usize {
        self.columns.iter().position(|known| *known == position).unwrap_or_else(|| {
            self.columns.push(position);
            self.columns.len() - 1
        })
    }
}

impl Node {
    fn eval(&self, columns: &[ColumnarValue], rows: usize) -> DfResult<ColumnarValue> {
        match self {
            Node::Column(at) => match columns.get(*at) {
                Some(column) => Ok(column.clone()),
                None => internal_err!("an expression without its column"),
            },
            Node::Constant(value) => Ok(ColumnarValue::Scalar(value.clone())),
            Node::And(terms) => junction(terms, true, columns, rows),
            Node::Or(terms) => junction(terms, false, columns, rows),
            Node::Call(udf, args) => {
                let args = args.iter().map(|arg| arg.eval(columns, rows)).collect::<DfResult<Vec<_>>>()?;
                udf.eval(&args, rows)
            }
        }
    }
}

/// Three-valued `and` (or `or`), until every row is decided.
fn junction(terms: &[Node], and: bool, columns: &[ColumnarValue], rows: usize) -> DfResult<ColumnarValue> {
    let mut truth = BooleanArray::from(vec![and; rows]);
    for term in terms {
        let value = term.eval(columns, rows)?.into_array(rows)?;
        let Some(value) = value.as_boolean_opt() else { return internal_err!("a condition is no bool") };
        truth = if and { and_kleene(&truth, value)? } else { or_kleene(&truth, value)? };
        let decided = if and { truth.true_count() + truth.null_count() == 0 } else { truth.true_count() == rows };
        if decided {
            break;
        }
    }
    Ok(ColumnarValue::Array(Arc::new(truth)))
}

/// The function. Two are the same if they share what they compute.
struct Whole {
    root: Arc<Node>,
    returns: Type,
    signature: Signature,
}

impl ScalarUDFImpl for Whole {
    fn name(&self) -> &str {
        "expression"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(arrow_type(self.returns))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        self.root.eval(&args.args, args.number_rows)
    }
}

impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whole").field("returns", &self.returns).finish_non_exhaustive()
    }
}

impl PartialEq for Whole {
    fn eq(&self, other: &Whole) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }
}

impl Eq for Whole {}

impl Hash for Whole {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.root).hash(state);
    }
}
