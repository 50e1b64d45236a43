//! An operator in a logical plan.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef, Result, internal_err};
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore};

use super::{Operator, schema};

/// The plan with the operator on top.
pub fn operator_plan(operator: Arc<dyn Operator>, input: LogicalPlan) -> Result<LogicalPlan> {
    let schema = Arc::new(DFSchema::try_from(schema(operator.columns()))?);
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(OperatorNode { operator, input, schema }) }))
}

/// An operator and its input. Two are equal if they are the same operator: its arguments have no equality of their own.
#[derive(Clone)]
pub(super) struct OperatorNode {
    pub(super) operator: Arc<dyn Operator>,
    input: LogicalPlan,
    schema: DFSchemaRef,
}

impl OperatorNode {
    fn identity(&self) -> usize {
        Arc::as_ptr(&self.operator).cast::<()>() as usize
    }
}

impl UserDefinedLogicalNodeCore for OperatorNode {
    fn name(&self) -> &str {
        self.operator.name()
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operator.name())
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<OperatorNode> {
        let Some(input) = inputs.pop() else { return internal_err!("an operator without its input") };
        Ok(OperatorNode { operator: Arc::clone(&self.operator), input, schema: Arc::clone(&self.schema) })
    }
}

impl fmt::Debug for OperatorNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.operator.fmt(f)
    }
}

impl PartialEq for OperatorNode {
    fn eq(&self, other: &OperatorNode) -> bool {
        self.identity() == other.identity() && self.input == other.input
    }
}

impl Eq for OperatorNode {}

impl Hash for OperatorNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
        self.input.hash(state);
    }
}

impl PartialOrd for OperatorNode {
    fn partial_cmp(&self, other: &OperatorNode) -> Option<Ordering> {
        self.identity().partial_cmp(&other.identity())
    }
}
