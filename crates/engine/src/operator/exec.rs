//! An operator in a physical plan: its run behind a stream.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::{EquivalenceProperties, OrderingRequirements, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties, InputDistributionRequirements,
    Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::{Stream, StreamExt, stream};
use tokio::task::yield_now;

use super::node::OperatorNode;
use super::{Operator, Run, schema};

/// Plans our operators.
#[derive(Debug)]
pub struct OperatorPlanner;

#[async_trait]
impl ExtensionPlanner for OperatorPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<OperatorNode>() else { return Ok(None) };
        Ok(Some(Arc::new(OperatorExec::new(Arc::clone(&node.operator), Arc::clone(&inputs[0])))))
    }
}

/// An operator over a physical input.
#[derive(Debug)]
struct OperatorExec {
    operator: Arc<dyn Operator>,
    input: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    /// The order that the plan gave the rows below, if any.
    order: Option<OrderingRequirements>,
    /// Rows, bytes and time of each partition.
    metrics: ExecutionPlanMetricsSet,
}

impl OperatorExec {
    fn new(operator: Arc<dyn Operator>, input: Arc<dyn ExecutionPlan>) -> OperatorExec {
        let schema = schema(operator.columns());
        let partitions = if operator.wants_all() { 1 } else { input.output_partitioning().partition_count() };
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        let order = input.output_ordering().cloned().map(OrderingRequirements::from);
        OperatorExec { operator, input, schema, properties, order, metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for OperatorExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorExec: {}", self.operator.name())
    }
}

impl ExecutionPlan for OperatorExec {
    fn name(&self) -> &str {
        "OperatorExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        let wanted =
            if self.operator.wants_all() { Distribution::SinglePartition } else { Distribution::UnspecifiedDistribution };
        InputDistributionRequirements::new(vec![wanted])
    }

    /// What a sort below has settled is wanted as it is: an operator walks its rows in order. That it *maintains* order is not
    /// said, or a sort above would be moved below it, where other columns, or other rows, stand.
    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.order.clone()]
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
        let Some(input) = children.pop() else { return internal_err!("an operator without its input") };
        let replaced = OperatorExec::new(Arc::clone(&self.operator), input);
        Ok(Arc::new(OperatorExec { order: self.order.clone(), ..replaced }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(datafusion::physical_plan::ChildrenPropertiesMode::Recompute))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new(self.operator.name()).register(context.memory_pool());
        let input = self.input.execute(partition, context)?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let stream = rows(input, self.operator.start(), reservation, metrics);
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream)))
    }
}

/// What a running operator is fed from, and has ready.
struct State {
    input: Option<SendableRecordBatchStream>,
    run: Box<dyn Run>,
    reservation: MemoryReservation,
    ready: std::vec::IntoIter<RecordBatch>,
    metrics: BaselineMetrics,
    /// The run may have more of what it was given last.
    more: bool,
}

/// The operator's rows as they become ready.
fn rows(
    input: SendableRecordBatchStream,
    run: Box<dyn Run>,
    reservation: MemoryReservation,
    metrics: BaselineMetrics,
) -> impl Stream<Item = Result<RecordBatch>> {
    let state = State { input: Some(input), run, reservation, ready: Vec::new().into_iter(), metrics, more: false };
    stream::try_unfold(state, |mut state| async move {
        loop {
            // A step may take long: whoever stops the query gets a turn before the next.
            yield_now().await;
            let next = match state.step().await? {
                Step::Rows(batch) => batch,
                Step::Nothing => continue,
                Step::End => return Ok(None),
            };
            if next.num_rows() > 0 {
                return Ok(Some((next.record_output(&state.metrics), state)));
            }
        }
    })
}

/// What one step of an operator gave.
enum Step {
    Rows(RecordBatch),
    Nothing,
    End,
}

impl State {
    async fn step(&mut self) -> Result<Step> {
        if let Some(batch) = self.ready.next() {
            return Ok(Step::Rows(batch));
        }
        if self.more {
            let _timer = self.metrics.elapsed_compute().timer();
            let more = self.run.more()?;
            self.more = more.is_some();
            return Ok(more.map_or(Step::Nothing, Step::Rows));
        }
        let Some(input) = &mut self.input else { return Ok(Step::End) };
        self.more = true;
        match if self.run.is_done() { None } else { input.next().await } {
            Some(batch) => {
                let batch = batch?;
                let timer = self.metrics.elapsed_compute().timer();
                let ready = self.run.push(&batch)?;
                timer.done();
                self.reservation.try_resize(self.run.size())?;
                Ok(ready.map_or(Step::Nothing, Step::Rows))
            }
            None => {
                self.input = None;
                self.reservation.try_resize(self.run.size().saturating_add(self.run.finish_size()))?;
                let _timer = self.metrics.elapsed_compute().timer();
                self.ready = self.run.finish()?.into_iter();
                Ok(Step::Nothing)
            }
        }
    }
}
