//! Partitions brought together in their order, so that the same query over the same rows gives them in the same order.
//!
//! DataFusion's `CoalescePartitionsExec` gives rows as threads happen to finish them. Here all partitions run at once as well;
//! what the later ones have ready waits for those before, up to a size: a result larger than that comes as it is found, or
//! threads would wait for each other. So does what is read from files, whose pieces threads take as they come to them. Where only
//! some rows are asked for (`take`), any will do, and the first to be found are the fastest.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, exec_datafusion_err, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::over::{Over, over};

/// What all partitions together may have waiting, in KiB.
const WAITING_KIB: usize = 64 << 10;

/// The share of a query's memory that this may be, as a divisor.
const WAITING_SHARE: usize = 16;

/// The rule that puts partitions together in order.
#[derive(Debug)]
pub(crate) struct KeepPartitionsInOrder;

impl PhysicalOptimizerRule for KeepPartitionsInOrder {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let replaced = plan.transform_up(|node| match node.downcast_ref::<CoalescePartitionsExec>() {
            Some(coalesce) if coalesce.fetch().is_none() => Ok(Transformed::yes(over(Arc::clone(coalesce.input()), InOrder))),
            _ => Ok(Transformed::no(node)),
        })?;
        let plan = replaced.data;
        if plan.output_partitioning().partition_count() <= 1 {
            return Ok(plan);
        }
        // What reads the result would bring its partitions together in any order.
        Ok(over(plan, InOrder))
    }

    fn name(&self) -> &str {
        "keep_partitions_in_order"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// All partitions as one, the first partition's rows first.
#[derive(Debug)]
struct InOrder;

impl Over for InOrder {
    const NAME: &'static str = "InOrderExec";

    fn again(&self) -> InOrder {
        InOrder
    }

    fn properties(&self, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        Arc::clone(CoalescePartitionsExec::new(Arc::clone(input)).properties())
    }

    fn execute(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("partitions brought together are one, not {partition}");
        }
        let count = input.output_partitioning().partition_count();
        if count == 1 {
            return input.execute(0, context);
        }
        let pool = context.memory_pool();
        let all = match pool.memory_limit() {
            MemoryLimit::Finite(bytes) => WAITING_KIB.min((bytes >> 10) / WAITING_SHARE),
            _ => WAITING_KIB,
        };
        let room = (all / count).max(1);
        let held = MemoryConsumer::new("rows in order").register(pool);
        let full = Arc::new(Notify::new());
        let start = |at| {
            let rows = input.execute(at, Arc::clone(&context))?;
            Ok(Partition::start(rows, Room { kib: room, full: Arc::clone(&full), held: held.new_empty() }))
        };
        let partitions = (0..count).map(start).collect::<Result<_>>()?;
        let together = Together { partitions, full, any_order: false };
        let rows = rows(together, BaselineMetrics::new(metrics, 0));
        Ok(Box::pin(RecordBatchStreamAdapter::new(input.schema(), rows)))
    }
}

/// A batch that waits, and what goes when it is taken.
struct Waiting {
    batch: Result<RecordBatch>,
    _place: OwnedSemaphorePermit,
    _held: MemoryReservation,
}

/// Where a partition's batches wait.
struct Room {
    kib: usize,
    /// Told when they fill it.
    full: Arc<Notify>,
    held: MemoryReservation,
}

/// A partition that runs.
struct Partition {
    ready: UnboundedReceiver<Waiting>,
    task: SpawnedTask<()>,
}

impl Partition {
    fn start(input: SendableRecordBatchStream, room: Room) -> Partition {
        let (sender, ready) = unbounded_channel();
        Partition { ready, task: SpawnedTask::spawn(feed(input, sender, room)) }
    }
}

/// Sends a partition's batches as far as there is room for them.
async fn feed(mut input: SendableRecordBatchStream, sender: UnboundedSender<Waiting>, room: Room) {
    let places = Arc::new(Semaphore::new(room.kib));
    while let Some(batch) = input.next().await {
        let bytes = batch.as_ref().map_or(0, RecordBatch::get_array_memory_size);
        let size = u32::try_from((bytes >> 10).clamp(1, room.kib)).unwrap_or(u32::MAX);
        if places.available_permits() < size as usize {
            room.full.notify_one();
        }
        // Neither fails unless nobody reads any more.
        let Ok(place) = Arc::clone(&places).acquire_many_owned(size).await else { return };
        let held = room.held.new_empty();
        held.grow(bytes.min(room.kib << 10));
        if sender.send(Waiting { batch, _place: place, _held: held }).is_err() {
            return;
        }
    }
}

/// The partitions that have not ended.
struct Together {
    partitions: Vec<Partition>,
    full: Arc<Notify>,
    /// Too much was waiting for the first of them.
    any_order: bool,
}

impl Together {
    /// What is next: a batch, or the end, of one of the partitions.
    async fn next(&mut self) -> (usize, Option<Waiting>) {
        if !self.any_order
            && let Some(first) = self.partitions.first_mut()
        {
            tokio::select! {
                biased;
                next = first.ready.recv() => return (0, next),
                () = self.full.notified() => self.any_order = true,
            }
        }
        poll_fn(|context| {
            for (at, partition) in self.partitions.iter_mut().enumerate() {
                if let Poll::Ready(next) = partition.ready.poll_recv(context) {
                    return Poll::Ready((at, next));
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// All rows.
fn rows(together: Together, metrics: BaselineMetrics) -> impl Stream<Item = Result<RecordBatch>> {
    stream::try_unfold((together, metrics), |(mut together, metrics)| async move {
        while !together.partitions.is_empty() {
            let (at, next) = together.next().await;
            if let Some(waiting) = next {
                return Ok(Some((waiting.batch?.record_output(&metrics), (together, metrics))));
            }
            // It has ended; if by a panic, its rows are not all there.
            let ended = together.partitions.remove(at).task.join_unwind().await;
            ended.map_err(|error| exec_datafusion_err!("a partition did not end: {error}"))?;
        }
        Ok(None)
    })
}

#[cfg(test)]
mod tests {
    use crate::{Config, Engine, ResultTable};

    fn rows(query: &str) -> Vec<String> {
        let engine = Engine::new(Config { threads: 4, ..Config::default() }).unwrap();
        let answer = engine.run(query).unwrap();
        answer.tables[0].rows.rows.iter().map(|row| format!("{row:?}")).collect()
    }

    #[test]
    fn rows_come_in_the_order_of_the_tables() {
        let query =
            "union (range x from 1 to 20000 step 1), (print x = 20001), (range x from 20002 to 30000 step 1), (print x = 30001)";
        let all = rows(query);
        assert_eq!(all, rows("range x from 1 to 30001 step 1"));
    }

    #[test]
    fn groups_come_in_the_same_order_each_time() {
        let query = "range x from 1 to 5000 step 1 | summarize count() by g = x % 97";
        let first = rows(query);
        assert!((0..10).all(|_| rows(query) == first));
    }

    #[test]
    fn more_rows_than_may_wait_are_all_there() {
        let engine = Engine::new(Config { threads: 4, memory_bytes: 4 << 20, ..Config::default() }).unwrap();
        let query = "union (range x from 1 to 50000 step 1), (range x from 50001 to 100000 step 1) | extend y = tostring(x)";
        // The answer itself would not fit.
        let mut tables: Vec<ResultTable> = Vec::new();
        engine.stream(query, &mut tables).unwrap();
        let mut found: Vec<String> = tables[0].rows.rows.iter().map(|row| row[1].to_text()).collect();
        found.sort_by_key(|text| text.parse::<u32>().unwrap());
        assert!(found.len() == 100_000 && found.iter().zip(1..).all(|(text, x)| *text == format!("{x}")));
    }
}
