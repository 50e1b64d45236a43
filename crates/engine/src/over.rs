//! Nodes of a running plan over one input: what such a node does in, a node that DataFusion can handle out.
//!
//! Of the many questions that DataFusion asks a node, ours differ in few: those are [`Over`]. The others have one answer, here.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{OrderingRequirements, PhysicalExpr};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, InputDistributionRequirements,
    PlanProperties, ReplaceChildrenOptions,
};

/// What a node does with the rows of its input.
pub(crate) trait Over: fmt::Debug + Send + Sync + Sized + 'static {
    /// The node's name in a plan.
    const NAME: &'static str;

    /// The same for another input: a node is replaced when what is below it is.
    fn again(&self) -> Self;

    /// How rows come out: under which columns, in which partitions.
    fn properties(&self, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties>;

    /// The rows of a partition.
    fn execute(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream>;

    /// What a plan shows behind the name.
    fn details(&self) -> Option<String> {
        None
    }

    /// How it wants the partitions of its input.
    fn wanted(&self) -> Distribution {
        Distribution::UnspecifiedDistribution
    }

    /// The order in which it wants rows, if any.
    fn wanted_order(&self) -> Option<OrderingRequirements> {
        None
    }

    /// Whether rows come out in the order in which they go in.
    fn keeps_order(&self) -> bool {
        false
    }
}

/// The node.
pub(crate) fn over<S: Over>(input: Arc<dyn ExecutionPlan>, step: S) -> Arc<dyn ExecutionPlan> {
    let properties = step.properties(&input);
    Arc::new(Node { step, input, properties, metrics: ExecutionPlanMetricsSet::new() })
}

#[derive(Debug)]
struct Node<S> {
    step: S,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    /// Rows, bytes and time of each partition.
    metrics: ExecutionPlanMetricsSet,
}

impl<S: Over> DisplayAs for Node<S> {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step.details() {
            Some(details) => write!(f, "{}: {details}", S::NAME),
            None => f.write_str(S::NAME),
        }
    }
}

impl<S: Over> ExecutionPlan for Node<S> {
    fn name(&self) -> &str {
        S::NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![self.step.wanted()])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.step.wanted_order()]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![self.step.keeps_order()]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(input) = children.pop() else { return internal_err!("{} without its input", S::NAME) };
        Ok(over(input, self.step.again()))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.step.execute(&self.input, partition, context, &self.metrics)
    }
}
