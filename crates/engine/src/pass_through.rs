//! Nodes of a running plan that pass rows on as they are: some so that a query can be stopped, some so that it fits into memory.
//!
//! A running plan is one task or a few, which give the runtime a turn when DataFusion's budget for them is spent: after some
//! hundred batches, however long each takes, and its joins produce a whole input batch's pairs without one. So a query with heavy
//! expressions or a large fan-out could neither be cancelled nor time out. A node on top of each source of rows and each join
//! gives the runtime a turn before every batch.
//!
//! Sorts, merges and joins keep batches, and count all bytes that a batch's buffers hold: those of a few rows that a join or a
//! filter took from a large batch count as the large batch, again for each, and so do those that a sort in memory gives. A node
//! below them makes batches hold only what they show.
//!
//! A hash join makes one batch of those it has kept while it still keeps them, which it does not count: the node below it does.
//! That one also lets no part of the join go on before all parts that run have kept their rows: a query can be planned in another
//! way when one of them has no memory, as long as none has given a row.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::joins::{HashJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, PlanProperties, ReplaceChildrenOptions};
use futures::{StreamExt, stream};
use tokio::sync::watch;
use tokio::task::yield_now;

use crate::operator::held::{compact, copied_bytes};
use crate::over::{Over, over};

/// The rule that puts the nodes where they belong.
#[derive(Debug)]
pub(crate) struct Passes;

impl PhysicalOptimizerRule for Passes {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let wrapped = plan.transform_up(|node| {
            let node = compacted(node)?;
            if node.children().is_empty() || node.name().ends_with("JoinExec") {
                return Ok(Transformed::yes(passing(node, Pass::Turn)));
            }
            Ok(Transformed::yes(node))
        })?;
        Ok(wrapped.data)
    }

    fn name(&self) -> &str {
        "passes"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The node over compact batches, if it keeps them.
fn compacted(node: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let mut children: Vec<Arc<dyn ExecutionPlan>> = node.children().into_iter().map(Arc::clone).collect();
    let (kept, pass) = if node.is::<HashJoinExec>() {
        // A hash join keeps its left side.
        (1, Pass::Copied)
    } else if node.is::<SortExec>() || node.is::<SortPreservingMergeExec>() || node.is::<SortMergeJoinExec>() {
        (children.len(), Pass::Compact)
    } else {
        return Ok(node);
    };
    children.iter_mut().take(kept).for_each(|child| *child = passing(Arc::clone(child), pass));
    node.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
}

/// What happens to each batch that passes.
#[derive(Clone, Copy, Debug)]
enum Pass {
    /// The runtime gets a turn before it.
    Turn,
    /// It loses the bytes that none of its rows shows.
    Compact,
    /// So it does here, and there must be memory to copy it once all have come.
    Copied,
}

/// The same rows.
#[derive(Debug)]
struct Passing {
    what: Pass,
    gate: Gate,
}

/// How many parts have begun to read their rows, and not yet read them all.
#[derive(Clone, Debug)]
struct Gate(watch::Sender<usize>);

impl Gate {
    fn enter(&self) -> Inside {
        self.0.send_modify(|inside| *inside += 1);
        Inside(self.clone())
    }

    /// Waits until none is left.
    async fn empty(&self) {
        // The sender is at hand, so there is no error.
        let _ = self.0.subscribe().wait_for(|inside| *inside == 0).await;
    }
}

/// A part that reads its rows.
struct Inside(Gate);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.send_modify(|inside| *inside -= 1);
    }
}

/// The node under which rows pass.
fn passing(input: Arc<dyn ExecutionPlan>, what: Pass) -> Arc<dyn ExecutionPlan> {
    over(input, Passing::new(what))
}

impl Passing {
    fn new(what: Pass) -> Passing {
        Passing { what, gate: Gate(watch::Sender::new(0)) }
    }
}

impl Over for Passing {
    const NAME: &'static str = "PassExec";

    fn again(&self) -> Passing {
        Passing::new(self.what)
    }

    fn properties(&self, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        Arc::clone(input.properties())
    }

    fn details(&self) -> Option<String> {
        Some(format!("{:?}", self.what))
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn execute(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
        _: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        let input = input.execute(partition, Arc::clone(&context))?;
        let schema = input.schema();
        Ok(match self.what {
            Pass::Turn => {
                let rows = stream::unfold(input, |mut input| async move {
                    yield_now().await;
                    input.next().await.map(|batch| (batch, input))
                });
                Box::pin(RecordBatchStreamAdapter::new(schema, rows))
            }
            Pass::Compact => {
                let rows = input.map(|batch| compact(&batch?));
                Box::pin(RecordBatchStreamAdapter::new(schema, rows))
            }
            Pass::Copied => {
                let copy = MemoryConsumer::new("one batch of what a join keeps").register(context.memory_pool());
                let batches = input.map(move |batch| {
                    let batch = compact(&batch?)?;
                    copy.try_grow(copied_bytes(&batch))?;
                    Ok(batch)
                });
                let gate = self.gate.clone();
                let rows = stream::unfold((batches, None), move |(mut batches, inside)| {
                    let gate = gate.clone();
                    async move {
                        let inside = inside.unwrap_or_else(|| gate.enter());
                        if let Some(batch) = batches.next().await {
                            return Some((batch, (batches, Some(inside))));
                        }
                        drop(inside);
                        gate.empty().await;
                        None
                    }
                });
                Box::pin(RecordBatchStreamAdapter::new(schema, rows))
            }
        })
    }
}
