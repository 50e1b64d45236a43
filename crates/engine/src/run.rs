//! Running a logical plan: its rows one batch after the other, or all at once, in the memory that there is.
//!
//! A hash join cannot spill. A query that runs out of memory before it has given a row is planned once more, with joins that sort
//! and merge, which can.

use datafusion::arrow::array::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{MemTable, source_as_provider};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::{SessionContext, SessionState};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::LogicalPlan;
use futures::StreamExt;

use crate::error::{Result, code};
use crate::operator::held::{bytes_of, compact};

/// A plan that runs: its batches, one by one.
pub(crate) struct Running {
    first: Option<RecordBatch>,
    rest: SendableRecordBatchStream,
}

impl Running {
    /// The next batch.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self.first.take() {
            Some(batch) => Ok(Some(batch)),
            None => Ok(self.rest.next().await.transpose()?),
        }
    }
}

/// Starts a plan, whose rows are wanted as they come: only what goes wrong before the first of them is tried another way.
pub(crate) async fn start(context: &SessionContext, plan: LogicalPlan) -> Result<Running> {
    match begin(suited(context, &plan), plan.clone()).await {
        Err(error) if error.code == code::MEMORY => begin(spilling(context), plan).await,
        result => result,
    }
}

async fn begin(state: SessionState, plan: LogicalPlan) -> Result<Running> {
    let mut rest = DataFrame::new(state, plan).execute_stream().await?;
    let first = rest.next().await.transpose()?;
    Ok(Running { first, rest })
}

/// The state for a plan. One over few rows, which the query holds itself, runs in one part: nothing is gained by more, and groups
/// come in the order in which they appear, as they do in Kusto. And it is not worth being improved again and again.
pub(crate) fn suited(context: &SessionContext, plan: &LogicalPlan) -> SessionState {
    let mut state = context.state();
    if is_over_few_rows(plan) {
        let options = state.config_mut().options_mut();
        options.execution.target_partitions = 1;
        options.optimizer.max_passes = 1;
    }
    state
}

/// The plan's rows come from tables in memory that are small.
pub(crate) fn is_over_few_rows(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(scan) => source_as_provider(&scan.source).is_ok_and(|table| {
            let rows = |batches: &Vec<RecordBatch>| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
            table.downcast_ref::<MemTable>().is_some_and(|table| {
                let sizes = table.batches.iter().map(|part| part.try_read().map_or(usize::MAX, |batches| rows(&batches)));
                sizes.fold(0, usize::saturating_add) <= FEW_ROWS
            })
        }),
        plan => plan.inputs().into_iter().all(is_over_few_rows),
    }
}

/// What fits into one batch.
pub(crate) const FEW_ROWS: usize = 8192;

/// The state in which joins are sorted and merged, and so can spill; in two parts, so that few operators share the memory. (In
/// one, DataFusion would hash again.)
fn spilling(context: &SessionContext) -> SessionState {
    let mut state = context.state();
    let options = state.config_mut().options_mut();
    options.optimizer.prefer_hash_join = false;
    options.execution.target_partitions = 2;
    state
}

/// The rows of a plan that has run.
pub(crate) struct Taken {
    /// The rows.
    pub(crate) batches: Vec<RecordBatch>,
    /// There were more.
    pub(crate) more: bool,
    /// The memory they take.
    pub(crate) held: MemoryReservation,
}

/// Runs a plan: at most `limit` of its rows.
pub(crate) async fn execute(context: &SessionContext, plan: LogicalPlan, limit: Option<usize>) -> Result<Taken> {
    match attempt(suited(context, &plan), plan.clone(), limit).await {
        Err(error) if error.code == code::MEMORY => attempt(spilling(context), plan, limit).await,
        result => result,
    }
}

async fn attempt(state: SessionState, plan: LogicalPlan, limit: Option<usize>) -> Result<Taken> {
    let held = MemoryConsumer::new("the rows of a result").register(&state.runtime_env().memory_pool);
    let mut stream = DataFrame::new(state, plan).execute_stream().await?;
    let mut taken = Taken { batches: Vec::new(), more: false, held };
    let mut left = limit.unwrap_or(usize::MAX);
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        taken.more = batch.num_rows() > left;
        let batch = compact(&batch.slice(0, left.min(batch.num_rows())))?;
        left -= batch.num_rows();
        if batch.num_rows() > 0 {
            taken.held.try_grow(bytes_of(&batch))?;
            taken.batches.push(batch);
        }
        if taken.more {
            break;
        }
    }
    Ok(taken)
}
