//! An operator in a running plan: its run behind a stream.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::{EquivalenceProperties, OrderingRequirements};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{Distribution, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::{Stream, StreamExt, stream};
use tokio::task::yield_now;

use super::node::OperatorNode;
use super::{Operator, Run, schema};
use crate::over::{Over, over};

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
        let input = &inputs[0];
        Ok(Some(over(Arc::clone(input), OverRows::new(&node.operator, input))))
    }
}

/// An operator over its rows.
#[derive(Clone, Debug)]
struct OverRows {
    operator: Arc<dyn Operator>,
    schema: SchemaRef,
    /// The order that the plan gave the rows below, if any.
    order: Option<OrderingRequirements>,
}

impl OverRows {
    fn new(operator: &Arc<dyn Operator>, input: &Arc<dyn ExecutionPlan>) -> OverRows {
        let order = input.output_ordering().cloned().map(OrderingRequirements::from);
        OverRows { operator: Arc::clone(operator), schema: schema(operator.columns()), order }
    }
}

impl Over for OverRows {
    const NAME: &'static str = "OperatorExec";

    fn again(&self) -> OverRows {
        self.clone()
    }

    fn properties(&self, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        let partitions = if self.operator.wants_all() { 1 } else { input.output_partitioning().partition_count() };
        Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&self.schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ))
    }

    fn details(&self) -> Option<String> {
        Some(self.operator.name().to_owned())
    }

    fn wanted(&self) -> Distribution {
        if self.operator.wants_all() { Distribution::SinglePartition } else { Distribution::UnspecifiedDistribution }
    }

    /// What a sort below has settled is wanted as it is: an operator walks its rows in order. That it *keeps* order is not said,
    /// or a sort above would be moved below it, where other columns, or other rows, stand.
    fn wanted_order(&self) -> Option<OrderingRequirements> {
        self.order.clone()
    }

    fn execute(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new(self.operator.name()).register(context.memory_pool());
        let input = input.execute(partition, context)?;
        let stream = rows(input, self.operator.start(), reservation, BaselineMetrics::new(metrics, partition));
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
