//! The front door: a workspace of tables, and queries over it.
//!
//! KQL text in, an [`Answer`] or rows as they come out. Text is parsed and bound by the `kql` crate; what the plan refers to is
//! computed first ([`prepare`](crate::prepare)), then the plan is lowered, optimised and run by DataFusion, in bounded memory.
//!
//! All of a query runs on threads of the engine's own, with deep stacks; the caller's thread only takes in what comes. So a query can
//! be stopped at any moment, even where an operator does not listen: its thread is then left to itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::LogicalPlan;
use kql::bind::{Bound, Options};
use kql::catalog::{Schema, Workspace};
use kql::plan::{Output, WATCHLISTS};
use kql::{Column, Rows, Value};
use tokio::sync::mpsc;

use crate::answer::{Answer, Budget, Cancel, Collected, Cut, Head, Receiver};
use crate::error::{Error, Result, code};
use crate::explain::Explained;
use crate::function::IpPlaces;
use crate::operator::held::bytes_of;
use crate::prepare::{Prepare, Progress, start};
use crate::session;
use crate::source::{Externals, Texts};
use crate::spill::SpillFolder;
use crate::tables::Tables;
use crate::text_set::TextSet;

/// What an engine may use, and the moment it takes for now.
#[derive(Clone, Debug)]
pub struct Config {
    /// Threads, and partitions of each scan.
    pub threads: usize,
    /// The memory that sorts, joins, groups, graphs and the rows of an answer may hold; past it they spill or the query is refused. In
    /// bytes.
    pub memory_bytes: usize,
    /// The folder below which queries put what does not fit into memory; the system's for temporary files without.
    pub spill: Option<PathBuf>,
    /// `now()`, in ticks.
    pub now: i64,
    /// Rows of a result table beyond which it is cut, which the answer says; none for no bound.
    pub row_limit: Option<usize>,
    /// Bytes of the rows of a result table beyond which it is cut; none for no bound.
    pub byte_limit: Option<usize>,
    /// The time a query may take; none for no bound.
    pub timeout: Option<Duration>,
    /// Stops all queries.
    pub cancel: Cancel,
}

impl Default for Config {
    /// All cores, 2 GiB, and Kusto's limits on a result: 500,000 rows, 64 MB, 4 minutes. Now is 1970: the caller has the clock.
    fn default() -> Config {
        Config {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: 2 << 30,
            spill: None,
            now: kql::time::UNIX_EPOCH,
            row_limit: Some(500_000),
            byte_limit: Some(64 << 20),
            timeout: Some(Duration::from_secs(4 * 60)),
            cancel: Cancel::default(),
        }
    }
}

impl Config {
    /// The same without limits on results and time.
    #[must_use]
    pub fn unlimited(self) -> Config {
        Config { row_limit: None, byte_limit: None, timeout: None, ..self }
    }
}

/// A workspace and the means to query it.
pub struct Engine {
    config: Config,
    workspace: Arc<Workspace>,
    tables: Arc<Tables>,
    externals: Arc<Externals>,
    ip_places: Option<Arc<IpPlaces>>,
    context: SessionContext,
    threads: Threads,
    // Last, so that it goes when no new query can begin.
    spill: SpillFolder,
}

/// The threads that queries run on. What hangs on them when the engine goes is not waited for.
struct Threads(Option<tokio::runtime::Runtime>);

impl Threads {
    fn start(count: usize) -> Result<Threads> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(count.max(1))
            .thread_stack_size(STACK_BYTES)
            .thread_name("engine")
            .enable_all()
            .build()
            .map_err(|error| Error::new(code::INTERNAL, format!("no threads to run on: {error}")))?;
        Ok(Threads(Some(runtime)))
    }

    fn get(&self) -> Result<&tokio::runtime::Runtime> {
        self.0.as_ref().ok_or_else(|| Error::new(code::INTERNAL, "the engine's threads have ended"))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Engine {
    /// An engine over no tables but the empty ones that Sentinel and Defender have.
    pub fn new(config: Config) -> Result<Engine> {
        let threads = Threads::start(config.threads)?;
        let spill = SpillFolder::make(config.spill.as_deref());
        let context = SessionContext::new_with_state(session::state(&config, &spill)?);
        let workspace = Arc::new(Workspace { builtin: true, ..Workspace::default() });
        Ok(Engine {
            config,
            workspace,
            tables: Arc::default(),
            externals: Arc::default(),
            ip_places: None,
            context,
            threads,
            spill,
        })
    }

    /// Adds a table that `provider` reads; its columns are laid out as [`logs::arrow_type`] says. One of that name is replaced.
    pub fn add_table(&mut self, name: &str, columns: Vec<Column>, provider: Arc<dyn TableProvider>) {
        self.workspace_mut().files.insert(name.to_owned(), columns);
        Arc::make_mut(&mut self.tables).insert(name.to_owned(), None, provider);
    }

    /// Adds a place without tables, if it is not there.
    pub(crate) fn add_place(&mut self, place: &str) {
        self.workspace_mut().places.entry(place.to_owned()).or_default();
        Arc::make_mut(&mut self.tables).add_place(place);
    }

    /// Adds a table of a place.
    pub(crate) fn add_table_at(&mut self, place: &str, name: &str, columns: Vec<Column>, provider: Arc<dyn TableProvider>) {
        self.workspace_mut().places.entry(place.to_owned()).or_default().insert(name.to_owned(), columns);
        Arc::make_mut(&mut self.tables).insert(name.to_owned(), Some(place), provider);
    }

    /// Adds a table of rows in memory.
    pub fn add_rows(&mut self, name: &str, rows: &Rows) -> Result<()> {
        let batch = crate::lower::rel::values(&rows.columns, &rows.rows)?;
        let provider = crate::lower::rel::memory_table(vec![batch])?;
        self.add_table(name, rows.columns.clone(), provider);
        Ok(())
    }

    /// Adds a set of texts as a table of one column, `Text`. Where it stands right of `in`, `has_any` and their like, each text is
    /// looked up in the set itself, however large that is.
    pub fn add_texts(&mut self, name: &str, texts: TextSet) -> Result<()> {
        let texts = Arc::new(texts);
        let table = Texts::table(Arc::clone(&texts))?;
        self.workspace_mut().files.insert(name.to_owned(), Texts::columns());
        Arc::make_mut(&mut self.tables).insert_texts(name, texts, table);
        Ok(())
    }

    /// Adds a watchlist, which `_GetWatchlist(alias)` reads; one of that alias is replaced.
    pub fn add_watchlist(&mut self, alias: &str, rows: &Rows) -> Result<()> {
        let batch = crate::lower::rel::values(&rows.columns, &rows.rows)?;
        let provider = crate::lower::rel::memory_table(vec![batch])?;
        self.workspace_mut().watchlists.insert(alias.to_owned(), rows.columns.clone());
        Arc::make_mut(&mut self.tables).insert(alias.to_owned(), Some(WATCHLISTS), provider);
        Ok(())
    }

    /// What stands for the storage addresses that `externaldata` reads; without it none is read.
    pub fn set_externals(&mut self, externals: Externals) {
        self.externals = Arc::new(externals);
    }

    /// The database by which `geo_info_from_ip_address` tells where addresses are.
    pub fn set_ip_places(&mut self, places: IpPlaces) {
        self.ip_places = Some(Arc::new(places));
    }

    /// The tables of a schema, empty where no file fills them, and its functions.
    pub fn set_schema(&mut self, schema: Schema) {
        self.workspace_mut().schema = schema;
    }

    /// What queries may name.
    #[must_use]
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// What queries may name, to be changed: built-in tables off, watchlists on.
    pub fn workspace_mut(&mut self) -> &mut Workspace {
        Arc::make_mut(&mut self.workspace)
    }

    /// Runs a query and collects its rows.
    ///
    /// A panic in it is a defect of ours: it is reported as one, and the next query runs.
    pub fn run(&self, text: &str) -> Result<Answer> {
        let mut collected = Collected::new(&self.context.runtime_env().memory_pool);
        let diagnostics = self.stream(text, &mut collected)?;
        Ok(Answer { tables: collected.tables()?, diagnostics })
    }

    /// Runs a query and hands its rows over as they come, never more than a few batches ahead; gives warnings about its text.
    ///
    /// # Errors
    /// The query is refused, fails or is stopped. Rows may have been handed over before.
    pub fn stream(&self, text: &str, receiver: &mut dyn Receiver) -> Result<Vec<kql::Diagnostic>> {
        let (sender, mut events) = mpsc::channel(EVENTS_AHEAD);
        let (work, text) = (self.work(), text.to_owned());
        self.drive(async move { work.answer(&text, &sender).await }, async move {
            while let Some(event) = events.recv().await {
                match event {
                    Event::Table(head) => receiver.table(head),
                    Event::End(cut) => receiver.end(cut),
                    Event::Rows(rows) => {
                        if receiver.rows(rows).is_break() {
                            // Nobody listens any more: the work ends where it next has something to tell.
                            events.close();
                        }
                    }
                }
            }
        })
    }

    /// The stages of a query: the bound plan, DataFusion's logical and physical plans, and, if it is `run`, rows, bytes and time of
    /// each operator.
    ///
    /// # Errors
    /// The query is refused, fails or is stopped.
    pub fn explain(&self, text: &str, run: bool) -> Result<Explained> {
        let (work, text) = (self.work(), text.to_owned());
        self.drive(async move { work.explain(&text, run).await }, async {})
    }

    /// The plan of a query's first result as it was lowered, and as DataFusion's optimizer leaves it.
    #[cfg(test)]
    pub(crate) fn plans(&self, text: &str) -> Result<(LogicalPlan, LogicalPlan)> {
        let (work, text) = (self.work(), text.to_owned());
        let plans = async move {
            let prepare = work.prepare();
            let bound = work.bind(&text, &prepare).await?;
            let plan = prepare.lower(&bound.query, &bound.query.outputs[0].rel, &mut prepare.start(&bound.query)).await?;
            let optimized = work.context.state().optimize(&plan)?;
            Ok((plan, optimized))
        };
        self.drive(plans, async {})
    }

    fn work(&self) -> Work {
        let (config, context) = (self.config.clone(), self.context.clone());
        Work {
            config,
            workspace: Arc::clone(&self.workspace),
            tables: Arc::clone(&self.tables),
            externals: Arc::clone(&self.externals),
            ip_places: self.ip_places.clone(),
            context,
        }
    }

    /// Does the work on the engine's threads, and on this one what takes in its results; until it is done, stopped or out of time.
    fn drive<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
        taking: impl Future<Output = ()>,
    ) -> Result<T> {
        let runtime = self.threads.get()?;
        let mut task = runtime.spawn(work);
        let done = async {
            taking.await;
            (&mut task).await.unwrap_or_else(|error| Err(broken(&error)))
        };
        let result = runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.config.cancel.cancelled() => Err(Error::new(code::STOPPED, "the query was stopped")),
                result = done => result,
                error = out_of_time(self.config.timeout) => Err(error),
            }
        });
        task.abort();
        result.map_err(|error| error.spilling_to(self.spill.path()))
    }
}

/// Ends when a query's time has run out, which is never without a limit.
async fn out_of_time(limit: Option<Duration>) -> Error {
    match limit {
        None => std::future::pending().await,
        Some(limit) => {
            tokio::time::sleep(limit).await;
            Error::new(code::STOPPED, format!("the query took longer than its limit of {limit:?}"))
        }
    }
}

/// A query that ended without an answer.
fn broken(error: &tokio::task::JoinError) -> Error {
    let what = if error.is_panic() { "ran into a defect of the engine" } else { "was broken off" };
    Error::new(code::INTERNAL, format!("the query {what}; please report it with the query"))
}

/// Portions of rows that a query may be ahead of who takes them.
const EVENTS_AHEAD: usize = 4;
/// Values of a portion, and bytes of their columns: as values, rows take some times what they take in a batch.
const EVENT_VALUES: usize = 1 << 15;
const EVENT_BYTES: usize = 1 << 20;

/// How many rows of a batch are handed over at once.
fn rows_at_once(batch: &RecordBatch) -> usize {
    let by_values = EVENT_VALUES / batch.num_columns().max(1);
    let by_bytes = batch.num_rows() * EVENT_BYTES / bytes_of(batch).max(1);
    by_values.min(by_bytes).max(1)
}

/// What a query tells while it runs.
enum Event {
    Table(Head),
    Rows(Vec<Vec<Value>>),
    End(Option<Cut>),
}

/// What a query needs to run on a thread of its own.
struct Work {
    config: Config,
    workspace: Arc<Workspace>,
    tables: Arc<Tables>,
    externals: Arc<Externals>,
    ip_places: Option<Arc<IpPlaces>>,
    context: SessionContext,
}

impl Work {
    fn prepare(&self) -> Prepare<'_> {
        let (externals, ip_places) = (&self.externals, &self.ip_places);
        Prepare { context: &self.context, tables: &self.tables, externals, ip_places }
    }

    async fn answer(&self, text: &str, events: &mpsc::Sender<Event>) -> Result<Vec<kql::Diagnostic>> {
        let prepare = self.prepare();
        let bound = self.bind(text, &prepare).await?;
        let mut progress = prepare.start(&bound.query);
        for output in &bound.query.outputs {
            let plan = prepare.lower(&bound.query, &output.rel, &mut progress).await?;
            if self.send(output, plan, events).await?.is_none() {
                break;
            }
        }
        Ok(bound.diagnostics)
    }

    /// Tells the rows of one result; nothing if nobody listens.
    async fn send(&self, output: &Output, plan: LogicalPlan, events: &mpsc::Sender<Event>) -> Result<Option<()>> {
        let columns = output.rel.columns.clone();
        let (name, ordered, render) = (output.name.clone(), output.rel.ordered, output.render.clone());
        let mut running = start(&self.context, plan).await?;
        let told = async |event| events.send(event).await.ok();
        if told(Event::Table(Head { name, columns: columns.clone(), ordered, render })).await.is_none() {
            return Ok(None);
        }
        let mut budget = Budget::new(self.config.row_limit, self.config.byte_limit);
        let mut cut = None;
        while let (None, Some(batch)) = (cut, running.next().await?) {
            let (step, mut from) = (rows_at_once(&batch), 0);
            while from < batch.num_rows() && cut.is_none() {
                let part = batch.slice(from, step.min(batch.num_rows() - from));
                from += step;
                let mut rows = crate::rows::collect(&columns, &[part]);
                cut = budget.take(&mut rows);
                if !rows.is_empty() && told(Event::Rows(rows)).await.is_none() {
                    return Ok(None);
                }
            }
        }
        Ok(told(Event::End(cut)).await)
    }

    async fn explain(&self, text: &str, run: bool) -> Result<Explained> {
        let prepare = self.prepare();
        let bound = self.bind(text, &prepare).await?;
        let mut explained = Explained::new(&bound.query);
        let mut progress: Progress = prepare.start(&bound.query);
        for output in &bound.query.outputs {
            let plan = prepare.lower(&bound.query, &output.rel, &mut progress).await?;
            explained.add(&self.context, output.name.clone(), &plan, run).await?;
        }
        Ok(explained)
    }

    /// Binds a query. While it holds relations whose columns depend on their data, the first of them is run, and the query bound
    /// again with what it gave.
    async fn bind(&self, text: &str, prepare: &Prepare<'_>) -> Result<Bound> {
        let parsed = kql::parse(text);
        if let Some(words) = parsed.query.statements.iter().find_map(|statement| match &statement.kind {
            kql::ast::StatementKind::Command(command) => Some(command.words.join(" ")),
            _ => None,
        }) {
            return Err(Error::unsupported(&format!("the management command `.{words}`")));
        }
        let mut options = Options { now: self.config.now, opened: Vec::new() };
        loop {
            let mut bound = kql::bind::bind(&parsed.query, &*self.workspace, &options);
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
}

/// First runs for the sake of columns, at most, in one query.
const OPEN_RELATIONS: usize = 64;

/// Binding, planning and polling walk a query as deep as it is: some thousand operators, and calls within calls. Only what a thread
/// uses of this is there.
const STACK_BYTES: usize = 128 << 20;
