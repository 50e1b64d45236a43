//! What a plan refers to, computed before it is lowered: the values of `toscalar()`, the sets of `in (subquery)`, the rows of
//! `materialize()`; and running a plan.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{MemTable, source_as_provider};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::{SessionContext, SessionState};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::LogicalPlan;
use futures::StreamExt;
use kql::plan::{Query, Rel, RelKind, WATCHLISTS};
use kql::{Column, Type, Value};

use crate::error::{Error, Result, code};
use crate::function::{Constant, IpPlaces};
use crate::lower::rel::{memory_table, values};
use crate::lower::unread::without_unread;
use crate::lower::{Lower, Resolved};
use crate::operator::held::{bytes_of, compact};
use crate::source::Externals;
use crate::tables::Tables;
use crate::walk::{Reference, references};

/// Values in a set at most: what `in (subquery)` takes (Kusto's limit on its values).
const SET_VALUES: usize = 1_000_000;

/// The means to compute what plans refer to.
pub(crate) struct Prepare<'a> {
    pub(crate) context: &'a SessionContext,
    pub(crate) tables: &'a Tables,
    pub(crate) externals: &'a Arc<Externals>,
    pub(crate) ip_places: &'a Option<Arc<IpPlaces>>,
}

/// What has been computed so far.
pub(crate) struct Progress {
    resolved: Resolved,
    /// The memory that it takes, until the query ends.
    held: Vec<MemoryReservation>,
    scalars: HashSet<usize>,
    shared: HashSet<usize>,
}

impl Prepare<'_> {
    /// Nothing computed yet for a query.
    pub(crate) fn start(&self, query: &Query) -> Progress {
        let (externals, ip_places) = (Arc::clone(self.externals), self.ip_places.clone());
        let mut resolved = Resolved { externals, ip_places, ..Resolved::default() };
        resolved.scalars.resize(query.scalars.len(), Value::Null);
        Progress { resolved, held: Vec::new(), scalars: HashSet::new(), shared: HashSet::new() }
    }

    /// The relation as a plan, after all that it refers to has been computed.
    pub(crate) async fn lower(&self, query: &Query, rel: &Arc<Rel>, progress: &mut Progress) -> Result<LogicalPlan> {
        let rel = without_unread(rel);
        self.resolve(query, &rel, progress).await?;
        Lower { resolved: &progress.resolved }.rel(&rel)
    }

    fn resolve<'b>(
        &'b self,
        query: &'b Query,
        rel: &'b Arc<Rel>,
        progress: &'b mut Progress,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'b>> {
        Box::pin(async move {
            for reference in references(rel) {
                match reference {
                    Reference::Table(table) => self.table(&table, progress)?,
                    Reference::Scalar(position) => self.scalar(query, position, progress).await?,
                    Reference::Shared(position) => self.shared(query, position, progress).await?,
                    Reference::Set(set) => self.set(query, &set, progress).await?,
                    Reference::Argument(rel) => self.argument(query, &rel, progress).await?,
                }
            }
            Ok(())
        })
    }

    fn table(&self, rel: &Rel, progress: &mut Progress) -> Result<()> {
        let RelKind::Table { name, database } = &rel.kind else { return Ok(()) };
        let table = match (self.tables.get(name, database.as_deref()), database) {
            (Some(table), _) => Arc::clone(table),
            (None, Some(place)) if place != WATCHLISTS && !self.tables.knows(place) => return Err(elsewhere(place, name)),
            // Known, and filled by no file: empty.
            (None, _) => memory_table(vec![values(&rel.columns, &[])?])?,
        };
        progress.resolved.tables.insert(name.clone(), database.as_deref(), table);
        Ok(())
    }

    async fn scalar(&self, query: &Query, position: usize, progress: &mut Progress) -> Result<()> {
        if !progress.scalars.insert(position) {
            return Ok(());
        }
        let Some(rel) = query.scalars.get(position) else { return Err(missing("scalar", position)) };
        let plan = self.lower(query, rel, progress).await?;
        let first = execute(self.context, plan, Some(1)).await?;
        let rows = crate::rows::collect(&rel.columns[..1.min(rel.columns.len())], &first.batches);
        progress.resolved.scalars[position] = rows.into_iter().flatten().next().unwrap_or(Value::Null);
        Ok(())
    }

    async fn shared(&self, query: &Query, position: usize, progress: &mut Progress) -> Result<()> {
        if !progress.shared.insert(position) {
            return Ok(());
        }
        let Some(rel) = query.shared.get(position) else { return Err(missing("shared relation", position)) };
        let plan = self.lower(query, rel, progress).await?;
        let Taken { mut batches, held, .. } = execute(self.context, plan, None).await?;
        progress.held.push(held);
        if batches.is_empty() {
            batches.push(values(&rel.columns, &[])?);
        }
        progress.resolved.shared.insert(position, memory_table(batches)?);
        Ok(())
    }

    async fn set(&self, query: &Query, rel: &Arc<Rel>, progress: &mut Progress) -> Result<()> {
        let key = Resolved::key(rel);
        if progress.resolved.sets.contains_key(&key) {
            return Ok(());
        }
        if let RelKind::Table { name, database: None } = &rel.kind
            && let Some(texts) = self.tables.texts(name)
        {
            progress.resolved.sets.insert(key, Constant::Texts(Arc::clone(texts)));
            return Ok(());
        }
        let plan = self.lower(query, rel, progress).await?;
        let taken = execute(self.context, plan, Some(SET_VALUES)).await?;
        if taken.more {
            return Err(Error::new(
                code::ARGUMENT,
                format!("a subquery right of `in` gives more than {SET_VALUES} values; join instead"),
            ));
        }
        let first = &rel.columns[..1.min(rel.columns.len())];
        let set = match first {
            [column] if column.ty == Type::String => Constant::Texts(Arc::new(crate::rows::texts(&taken.batches)?)),
            _ => Constant::Set(Arc::new(crate::rows::collect(first, &taken.batches).into_iter().flatten().collect())),
        };
        progress.held.push(taken.held);
        progress.resolved.sets.insert(key, set);
        Ok(())
    }
}

impl Prepare<'_> {
    async fn argument(&self, query: &Query, rel: &Arc<Rel>, progress: &mut Progress) -> Result<()> {
        let key = Resolved::key(rel);
        if progress.resolved.relations.contains_key(&key) {
            return Ok(());
        }
        let plan = self.lower(query, rel, progress).await?;
        let taken = execute(self.context, plan, None).await?;
        let rows = crate::rows::one_batch(&rel.columns, &taken.batches)?;
        progress.held.push(taken.held);
        progress.resolved.relations.insert(key, rows);
        Ok(())
    }

    /// The columns that an open plugin adds, from a first run over its data.
    pub(crate) async fn added_columns(&self, query: &Query, rel: &Arc<Rel>, progress: &mut Progress) -> Result<Vec<Column>> {
        self.resolve(query, rel, progress).await?;
        let plan = Lower { resolved: &progress.resolved }.added_columns(rel)?;
        let batches = execute(self.context, plan, None).await?.batches;
        let pair = [Column::new("name", Type::String), Column::new("type", Type::String)];
        let column = |row: Vec<Value>| {
            let ty = Type::from_name(&row[1].to_text()).unwrap_or(Type::Dynamic);
            Column::new(row[0].to_text(), ty)
        };
        Ok(crate::rows::collect(&pair, &batches).into_iter().map(column).collect())
    }
}

/// A table of a place of which nothing is known.
fn elsewhere(place: &str, table: &str) -> Error {
    match place {
        "external_table" | "materialized_view" | "stored_query_result" => {
            Error::unsupported(&format!("{place}('{table}'), which a cluster keeps,"))
        }
        "graph" => Error::unsupported(&format!("graph('{table}'), whose model a cluster keeps,")),
        _ => Error::new(
            code::NO_PLACE,
            format!(
                "the query reads {table} of `{place}`, a workspace, database or cluster that is not known here: say where its \
                 logs are, --workspace '{place}=PATH'"
            ),
        ),
    }
}

fn missing(what: &str, position: usize) -> Error {
    Error::new(code::INTERNAL, format!("the plan has no {what} {position}"))
}

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

/// Starts a plan. As [`execute`], but for rows as they come: only what goes wrong before the first of them is tried another way.
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

/// The state for a plan. One over few rows, which the query holds itself, runs in one part: nothing is gained by more, and groups come
/// in the order in which they appear, as they do in Kusto.
pub(crate) fn suited(context: &SessionContext, plan: &LogicalPlan) -> SessionState {
    let mut state = context.state();
    if is_over_few_rows(plan) {
        state.config_mut().options_mut().execution.target_partitions = 1;
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

/// The state in which joins are sorted and merged, and so can spill; in two parts, so that few operators share the memory. (In one,
/// DataFusion would hash again.)
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
    held: MemoryReservation,
}

/// Runs a plan: at most `limit` of its rows.
///
/// A hash join cannot spill. A query that ran out of memory is planned once more with sort-merge joins, which can.
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
