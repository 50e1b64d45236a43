//! One query at work: text in, events out.
//!
//! The text is parsed and bound by the `kql` crate; what the plan refers to is computed first ([`prepare`](crate::prepare)), then
//! the plan is lowered, optimized and run by DataFusion, in bounded memory.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::LogicalPlan;
use kql::Value;
use kql::bind::{Bound, Options};
use kql::catalog::Workspace;
use kql::plan::Output;
use tokio::sync::mpsc;

use crate::answer::{Budget, Cut, Head};
use crate::engine::Config;
use crate::error::{Error, Result, code};
use crate::explain::Explained;
use crate::function::IpPlaces;
use crate::operator::held::bytes_of;
use crate::prepare::Prepare;
use crate::run::start;
use crate::source::Externals;
use crate::tables::Tables;

/// Portions of rows that a query may be ahead of who takes them.
pub(crate) const EVENTS_AHEAD: usize = 4;
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
pub(crate) enum Event {
    Table(Head),
    Rows(Vec<Vec<Value>>),
    End(Option<Cut>),
}

/// What a query needs, to be handed to the thread that it runs on.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) config: Config,
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) externals: Arc<Externals>,
    pub(crate) ip_places: Option<Arc<IpPlaces>>,
    pub(crate) context: SessionContext,
}

impl Work {
    fn prepare(&self) -> Prepare<'_> {
        let (externals, ip_places) = (&self.externals, &self.ip_places);
        Prepare { context: &self.context, tables: &self.tables, externals, ip_places }
    }

    /// Tells the rows of all results, and gives warnings about the text.
    pub(crate) async fn answer(&self, text: &str, events: &mpsc::Sender<Event>) -> Result<Vec<kql::Diagnostic>> {
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

    /// The stages of a query, which is run if that is asked for.
    pub(crate) async fn explain(&self, text: &str, run: bool) -> Result<Explained> {
        let prepare = self.prepare();
        let bound = self.bind(text, &prepare).await?;
        let mut explained = Explained::new(&bound.query);
        let mut progress = prepare.start(&bound.query);
        for output in &bound.query.outputs {
            let plan = prepare.lower(&bound.query, &output.rel, &mut progress).await?;
            explained.add(&self.context, output.name.clone(), &plan, run).await?;
        }
        Ok(explained)
    }

    /// The plan of the first result, lowered and optimized.
    #[cfg(test)]
    pub(crate) async fn plans(&self, text: &str) -> Result<(LogicalPlan, LogicalPlan)> {
        let prepare = self.prepare();
        let bound = self.bind(text, &prepare).await?;
        let plan = prepare.lower(&bound.query, &bound.query.outputs[0].rel, &mut prepare.start(&bound.query)).await?;
        let optimized = self.context.state().optimize(&plan)?;
        Ok((plan, optimized))
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
