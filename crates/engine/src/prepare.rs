//! What a plan refers to, computed before it is lowered: the values of `toscalar()`, the sets of `in (subquery)`, the rows of
//! `materialize()`, and the tables that plugins and subqueries read.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use datafusion::execution::context::SessionContext;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::logical_expr::LogicalPlan;
use kql::plan::{Query, Rel, RelKind, WATCHLISTS};
use kql::{Column, Type, Value};

use crate::error::{Error, Result, code};
use crate::function::{Constant, IpPlaces};
use crate::lower::rel::{memory_table, values};
use crate::lower::unread::without_unread;
use crate::lower::{Lower, Resolved};
use crate::run::{Taken, execute};
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
