//! The front door: a workspace of tables, and queries over it.
//!
//! KQL text in, an [`Answer`] or rows as they come out; the way between is [`work`](crate::work).
//!
//! All of a query runs on threads of the engine's own, with deep stacks; the caller's thread only takes in what comes. So a query
//! can be stopped at any moment, even where an operator does not listen: its thread is then left to itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::execution::context::SessionContext;
#[cfg(test)]
use datafusion::logical_expr::LogicalPlan;
use kql::catalog::{Schema, Workspace};
use kql::plan::WATCHLISTS;
use kql::{Column, Rows};
use tokio::sync::mpsc;

use crate::answer::{Answer, Cancel, Collected, Receiver};
use crate::error::{Error, Result, code};
use crate::explain::Explained;
use crate::function::IpPlaces;
use crate::session;
use crate::source::{Externals, Texts};
use crate::spill::SpillFolder;
use crate::text_set::TextSet;
use crate::work::{EVENTS_AHEAD, Event, Work};

/// What an engine may use, and the moment it takes for now.
#[derive(Clone, Debug)]
pub struct Config {
    /// Threads, and partitions of each scan.
    pub threads: usize,
    /// The memory that sorts, joins, groups, graphs and the rows of an answer may hold; past it they spill or the query is
    /// refused. In bytes.
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
    work: Work,
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
    /// A thread waits for them. They are not let go of by themselves: glibc's `pthread_detach` (seen with 2.36) reads the memory of a
    /// thread that is just ending, and with stacks of this size that memory is given back at once.
    fn drop(&mut self) {
        let runtime = self.0.take();
        // If no thread can be had for it, this one has waited.
        let _ = std::thread::Builder::new().name("engine-end".to_owned()).spawn(move || drop(runtime));
    }
}

impl Engine {
    /// An engine over no tables but the empty ones that Sentinel and Defender have.
    pub fn new(config: Config) -> Result<Engine> {
        let threads = Threads::start(config.threads)?;
        let spill = SpillFolder::make(config.spill.as_deref());
        let context = SessionContext::new_with_state(session::state(&config, &spill)?);
        let workspace = Arc::new(Workspace { builtin: true, ..Workspace::default() });
        let (tables, externals) = (Arc::default(), Arc::default());
        Ok(Engine { work: Work { config, workspace, tables, externals, ip_places: None, context }, threads, spill })
    }

    /// Adds a table that `provider` reads; its columns are laid out as [`logs::arrow_type`] says. One of that name is replaced.
    pub fn add_table(&mut self, name: &str, columns: Vec<Column>, provider: Arc<dyn TableProvider>) {
        self.workspace_mut().files.insert(name.to_owned(), columns);
        Arc::make_mut(&mut self.work.tables).insert(name.to_owned(), None, provider);
    }

    /// Adds a place without tables, if it is not there.
    pub(crate) fn add_place(&mut self, place: &str) {
        self.workspace_mut().places.entry(place.to_owned()).or_default();
        Arc::make_mut(&mut self.work.tables).add_place(place);
    }

    /// Adds a table of a place.
    pub(crate) fn add_table_at(&mut self, place: &str, name: &str, columns: Vec<Column>, provider: Arc<dyn TableProvider>) {
        self.workspace_mut().places.entry(place.to_owned()).or_default().insert(name.to_owned(), columns);
        Arc::make_mut(&mut self.work.tables).insert(name.to_owned(), Some(place), provider);
    }

    /// Adds a table of rows in memory.
    pub fn add_rows(&mut self, name: &str, rows: &Rows) -> Result<()> {
        let batch = crate::lower::rel::values(&rows.columns, &rows.rows)?;
        let provider = crate::lower::rel::memory_table(vec![batch])?;
        self.add_table(name, rows.columns.clone(), provider);
        Ok(())
    }

    /// Adds a set of texts as a table of one column, `Text`. Where it stands right of `in`, `has_any` and their like, each text
    /// is looked up in the set itself, however large that is.
    pub fn add_texts(&mut self, name: &str, texts: TextSet) -> Result<()> {
        let texts = Arc::new(texts);
        let table = Texts::table(Arc::clone(&texts))?;
        self.workspace_mut().files.insert(name.to_owned(), Texts::columns());
        Arc::make_mut(&mut self.work.tables).insert_texts(name, texts, table);
        Ok(())
    }

    /// Adds a watchlist, which `_GetWatchlist(alias)` reads; one of that alias is replaced.
    pub fn add_watchlist(&mut self, alias: &str, rows: &Rows) -> Result<()> {
        let batch = crate::lower::rel::values(&rows.columns, &rows.rows)?;
        let provider = crate::lower::rel::memory_table(vec![batch])?;
        self.workspace_mut().watchlists.insert(alias.to_owned(), rows.columns.clone());
        Arc::make_mut(&mut self.work.tables).insert(alias.to_owned(), Some(WATCHLISTS), provider);
        Ok(())
    }

    /// What stands for the storage addresses that `externaldata` reads; without it none is read.
    pub fn set_externals(&mut self, externals: Externals) {
        self.work.externals = Arc::new(externals);
    }

    /// The database by which `geo_info_from_ip_address` tells where addresses are.
    pub fn set_ip_places(&mut self, places: IpPlaces) {
        self.work.ip_places = Some(Arc::new(places));
    }

    /// The tables of a schema, empty where no file fills them, and its functions.
    pub fn set_schema(&mut self, schema: Schema) {
        self.workspace_mut().schema = schema;
    }

    /// What queries may name.
    #[must_use]
    pub fn workspace(&self) -> &Workspace {
        &self.work.workspace
    }

    /// What queries may name, to be changed: built-in tables off, watchlists on.
    pub fn workspace_mut(&mut self) -> &mut Workspace {
        Arc::make_mut(&mut self.work.workspace)
    }

    /// Runs a query and collects its rows.
    ///
    /// A panic in it is a defect of ours: it is reported as one, and the next query runs.
    pub fn run(&self, text: &str) -> Result<Answer> {
        let mut collected = Collected::new(&self.work.context.runtime_env().memory_pool);
        let diagnostics = self.stream(text, &mut collected)?;
        Ok(Answer { tables: collected.tables()?, diagnostics })
    }

    /// Runs a query and hands its rows over as they come, never more than a few batches ahead; gives warnings about its text.
    ///
    /// # Errors
    /// The query is refused, fails or is stopped. Rows may have been handed over before.
    pub fn stream(&self, text: &str, receiver: &mut dyn Receiver) -> Result<Vec<kql::Diagnostic>> {
        let (sender, mut events) = mpsc::channel(EVENTS_AHEAD);
        let (work, text) = (self.work.clone(), text.to_owned());
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

    /// The stages of a query: the bound plan, DataFusion's logical and physical plans, and, if it is `run`, rows, bytes and time
    /// of each operator.
    ///
    /// # Errors
    /// The query is refused, fails or is stopped.
    pub fn explain(&self, text: &str, run: bool) -> Result<Explained> {
        let (work, text) = (self.work.clone(), text.to_owned());
        self.drive(async move { work.explain(&text, run).await }, async {})
    }

    /// The plan of a query's first result as it was lowered, and as DataFusion's optimizer leaves it.
    #[cfg(test)]
    pub(crate) fn plans(&self, text: &str) -> Result<(LogicalPlan, LogicalPlan)> {
        let (work, text) = (self.work.clone(), text.to_owned());
        self.drive(async move { work.plans(&text).await }, async {})
    }

    /// Does the work on the engine's threads, and on this one what takes in its results; until it is done, stopped or out of
    /// time.
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
                () = self.work.config.cancel.cancelled() => Err(Error::new(code::STOPPED, "the query was stopped")),
                result = done => result,
                error = out_of_time(self.work.config.timeout) => Err(error),
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

/// Binding, planning and polling walk a query as deep as it is: some thousand operators, and calls within calls. Only what a
/// thread uses of this is there.
const STACK_BYTES: usize = 128 << 20;
