//! The front door: a workspace of tables, and queries over it.
//!
//! KQL text in, [`Answer`] out. Text is parsed and bound by the `kql` crate; what the plan refers to is computed first
//! ([`prepare`](crate::prepare)), then the plan is lowered, optimised and run by DataFusion on a runtime of the engine's own, in
//! bounded memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::{QueryPlanner, SessionContext, SessionState};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;
use kql::bind::{Bound, Options};
use kql::catalog::{Schema, Workspace};
use kql::plan::{Output, Render, WATCHLISTS};
use kql::{Column, Rows};

use crate::error::{Error, Result, code};
use crate::operator::OperatorPlanner;
use crate::prepare::Prepare;
use crate::source::Externals;
use crate::tables::Tables;
use crate::yielding::YieldInJoins;

/// What an engine may use, and the moment it takes for now.
#[derive(Clone, Debug)]
pub struct Config {
    /// Threads, and partitions of each scan.
    pub threads: usize,
    /// The memory that sorts, joins and groups may hold; past it they spill or the query is refused. In bytes.
    pub memory_bytes: usize,
    /// `now()`, in ticks.
    pub now: i64,
    /// Rows of a result beyond which it is cut, which the answer says; none for no bound.
    pub row_limit: Option<usize>,
    /// The time a query may take; none for no bound.
    pub timeout: Option<Duration>,
}

impl Default for Config {
    /// All cores, 2 GiB, and Kusto's 500,000 rows, but no time limit; now is 1970: the caller has the clock.
    fn default() -> Config {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Config { threads, memory_bytes: 2 << 30, now: kql::time::UNIX_EPOCH, row_limit: Some(500_000), timeout: None }
    }
}

/// A workspace and the means to query it.
pub struct Engine {
    config: Config,
    workspace: Workspace,
    tables: Tables,
    externals: Arc<Externals>,
    context: SessionContext,
    runtime: tokio::runtime::Runtime,
}

/// What a query returned.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The tables, in order; one for most queries.
    pub tables: Vec<ResultTable>,
    /// Warnings about the query's text.
    pub diagnostics: Vec<kql::Diagnostic>,
}

/// One table of an answer.
#[derive(Clone, Debug)]
pub struct ResultTable {
    /// Its name, where the query gave one.
    pub name: Option<String>,
    /// Its rows.
    pub rows: Rows,
    /// The query asked for this order of the rows.
    pub ordered: bool,
    /// Rows were left out: there were more than the limit.
    pub truncated: bool,
    /// What `render` asked for.
    pub render: Option<Render>,
}

impl Engine {
    /// An engine over no tables but the empty ones that Sentinel and Defender have.
    pub fn new(config: Config) -> Result<Engine> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(config.threads.max(1))
            .thread_stack_size(STACK_BYTES)
            .thread_name("engine")
            .enable_all()
            .build()
            .map_err(|error| Error::new(code::INTERNAL, format!("no threads to run on: {error}")))?;
        let context = SessionContext::new_with_state(state(&config)?);
        let workspace = Workspace { builtin: true, ..Workspace::default() };
        Ok(Engine { config, workspace, tables: Tables::default(), externals: Arc::default(), context, runtime })
    }

    /// Adds a table that `provider` reads; its columns are laid out as [`logs::arrow_type`] says. One of that name is replaced.
    pub fn add_table(&mut self, name: &str, columns: Vec<Column>, provider: Arc<dyn TableProvider>) {
        self.workspace.files.insert(name.to_owned(), columns);
        self.tables.insert(name.to_owned(), None, provider);
    }

    /// Adds a place without tables, if it is not there.
    pub(crate) fn add_place(&mut self, place: &str) {
        self.workspace.places.entry(place.to_owned()).or_default();
        self.tables.add_place(place);
    }

    /// Adds a table of a place.
    pub(crate) fn add_table_at(&mut self, place: &str, name: &str, columns: Vec<Column>, provider: Arc<dyn TableProvider>) {
        self.workspace.places.entry(place.to_owned()).or_default().insert(name.to_owned(), columns);
        self.tables.insert(name.to_owned(), Some(place), provider);
    }

    /// Adds a table of rows in memory.
    pub fn add_rows(&mut self, name: &str, rows: &Rows) -> Result<()> {
        let batch = crate::lower::rel::values(&rows.columns, &rows.rows)?;
        let provider = crate::lower::rel::memory_table(vec![batch])?;
        self.add_table(name, rows.columns.clone(), provider);
        Ok(())
    }

    /// Adds a watchlist, which `_GetWatchlist(alias)` reads; one of that alias is replaced.
    pub fn add_watchlist(&mut self, alias: &str, rows: &Rows) -> Result<()> {
        let batch = crate::lower::rel::values(&rows.columns, &rows.rows)?;
        let provider = crate::lower::rel::memory_table(vec![batch])?;
        self.workspace.watchlists.insert(alias.to_owned(), rows.columns.clone());
        self.tables.insert(alias.to_owned(), Some(WATCHLISTS), provider);
        Ok(())
    }

    /// What stands for the storage addresses that `externaldata` reads; without it none is read.
    pub fn set_externals(&mut self, externals: Externals) {
        self.externals = Arc::new(externals);
    }

    /// The tables of a schema, empty where no file fills them, and its functions.
    pub fn set_schema(&mut self, schema: Schema) {
        self.workspace.schema = schema;
    }

    /// What queries may name.
    #[must_use]
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// What queries may name, to be changed: built-in tables off, watchlists on.
    pub fn workspace_mut(&mut self) -> &mut Workspace {
        &mut self.workspace
    }

    /// Runs a query and collects its rows.
    ///
    /// A panic in it is a defect of ours: it is reported as one, and the next query runs.
    pub fn run(&self, text: &str) -> Result<Answer> {
        catch_unwind(AssertUnwindSafe(|| self.run_unguarded(text))).unwrap_or_else(|_| {
            Err(Error::new(code::INTERNAL, "the query ran into a defect of the engine; please report it with the query"))
        })
    }

    fn run_unguarded(&self, text: &str) -> Result<Answer> {
        self.runtime.block_on(async {
            let Some(timeout) = self.config.timeout else { return self.answer(text).await };
            let stopped = || Error::new(code::STOPPED, format!("the query took longer than its limit of {timeout:?}"));
            tokio::time::timeout(timeout, self.answer(text)).await.unwrap_or_else(|_| Err(stopped()))
        })
    }

    /// The stages of a query as text: the bound plan, DataFusion's logical and physical plans, and, if it is `run`, rows and time
    /// of each operator.
    pub fn explain(&self, text: &str, run: bool) -> Result<String> {
        self.runtime.block_on(self.explained(text, run))
    }

    async fn explained(&self, text: &str, run: bool) -> Result<String> {
        let prepare = Prepare { context: &self.context, tables: &self.tables, externals: &self.externals };
        let bound = self.bind(text, &prepare).await?;
        let mut out = format!("# bound plan\n{}", kql::explain::explain(&bound.query));
        let mut progress = prepare.start(&bound.query);
        for output in &bound.query.outputs {
            let plan = prepare.lower(&bound.query, &output.rel, &mut progress).await?;
            let state = self.context.state();
            let optimized = state.optimize(&plan)?;
            let physical = state.create_physical_plan(&plan).await?;
            out.push_str(&format!("\n# logical plan\n{}\n", optimized.display_indent()));
            if run {
                collect(Arc::clone(&physical), state.task_ctx()).await?;
            }
            let shown = if run { DisplayableExecutionPlan::with_metrics(&*physical) } else { displayable(&*physical) };
            out.push_str(&format!("\n# physical plan\n{}", shown.indent(false)));
        }
        Ok(out)
    }

    async fn answer(&self, text: &str) -> Result<Answer> {
        let prepare = Prepare { context: &self.context, tables: &self.tables, externals: &self.externals };
        let bound = self.bind(text, &prepare).await?;
        let mut tables = Vec::new();
        let mut progress = prepare.start(&bound.query);
        for output in &bound.query.outputs {
            let plan = prepare.lower(&bound.query, &output.rel, &mut progress).await?;
            tables.push(self.collect(output, plan).await?);
        }
        Ok(Answer { tables, diagnostics: bound.diagnostics })
    }

    /// Binds a query. While it holds relations whose columns depend on their data, the first of them is run, and the query bound
    /// again with what it gave.
    async fn bind(&self, text: &str, prepare: &Prepare<'_>) -> Result<Bound> {
        let parsed = kql::parse(text);
        let mut options = Options { now: self.config.now, opened: Vec::new() };
        loop {
            let mut bound = kql::bind::bind(&parsed.query, &self.workspace, &options);
            bound.diagnostics.splice(0..0, parsed.diagnostics.iter().cloned());
            if let Some(first) = bound.diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
                let (code, message) = (first.code, first.message.clone());
                return Err(Error { code, message, diagnostics: bound.diagnostics });
            }
            let Some(open) = bound.query.opens.first() else { return Ok(bound) };
            if options.opened.len() == OPEN_RELATIONS {
                let message = format!("more than {OPEN_RELATIONS} tables whose columns depend on their data; name their columns");
                return Err(Error::new(code::ARGUMENT, message));
            }
            let columns = prepare.added_columns(&bound.query, open, &mut prepare.start(&bound.query)).await?;
            options.opened.push(columns);
        }
    }

    async fn collect(&self, output: &Output, plan: LogicalPlan) -> Result<ResultTable> {
        let columns = output.rel.columns.clone();
        let (batches, truncated) = crate::prepare::execute(&self.context, plan, self.config.row_limit).await?;
        let rows = crate::rows::collect(&columns, &batches);
        let (name, ordered, render) = (output.name.clone(), output.rel.ordered, output.render.clone());
        Ok(ResultTable { name, rows: Rows { columns, rows }, ordered, truncated, render })
    }
}

/// First runs for the sake of columns, at most, in one query.
const OPEN_RELATIONS: usize = 64;

/// Deep expressions recurse in planners.
const STACK_BYTES: usize = 16 << 20;

/// DataFusion set up for plans whose types are settled and whose operators are ours.
fn state(config: &Config) -> Result<SessionState> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(config.memory_bytes), TOP_CONSUMERS);
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).build_arc()?;
    // Scans come in partitions of their own. Spreading rows by turns would only lose the order that a sort below gave them, which
    // KQL keeps through `where`, `extend` and their like.
    let session = SessionConfig::new()
        .with_target_partitions(config.threads.max(1))
        .with_information_schema(false)
        .with_round_robin_repartition(false);
    Ok(SessionStateBuilder::new()
        .with_config(session)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .with_physical_optimizer_rule(Arc::new(YieldInJoins))
        .build())
}

/// How many consumers an out-of-memory message names.
const TOP_CONSUMERS: std::num::NonZeroUsize = std::num::NonZeroUsize::new(3).expect("three is not zero");

/// DataFusion's planner, and ours for our operators.
#[derive(Debug)]
struct Planner;

#[async_trait::async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn datafusion::catalog::Session,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(OperatorPlanner)]).create_physical_plan(plan, session).await
    }
}
