//! What a query gives: whole tables, or rows as they come; and what stops it.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use kql::plan::Render;
use kql::{Column, Rows, Value};
use tokio::sync::watch;

use crate::error::Result;

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
    /// Why rows were left out, if some were.
    pub cut: Option<Cut>,
    /// What `render` asked for.
    pub render: Option<Render>,
}

/// The limit by which a result was cut (Kusto's `E_QUERY_RESULT_SET_TOO_LARGE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// There are more rows than so many.
    Rows(usize),
    /// The rows hold more bytes than so many.
    Bytes(usize),
}

/// A table of an answer before its rows.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its name, where the query gave one.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The query asked for the order in which its rows come.
    pub ordered: bool,
    /// What `render` asked for.
    pub render: Option<Render>,
}

/// What takes the results of a query while it runs.
pub trait Receiver {
    /// A table begins.
    fn table(&mut self, head: Head);

    /// Its next rows. A break stops the query, which is then no error.
    fn rows(&mut self, rows: Vec<Vec<Value>>) -> ControlFlow<()>;

    /// The table has ended: with all its rows, or cut.
    fn end(&mut self, cut: Option<Cut>);
}

/// Keeps all that comes.
impl Receiver for Vec<ResultTable> {
    fn table(&mut self, head: Head) {
        let Head { name, columns, ordered, render } = head;
        self.push(ResultTable { name, rows: Rows { columns, rows: Vec::new() }, ordered, cut: None, render });
    }

    fn rows(&mut self, rows: Vec<Vec<Value>>) -> ControlFlow<()> {
        if let Some(table) = self.last_mut() {
            table.rows.rows.extend(rows);
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, cut: Option<Cut>) {
        if let Some(table) = self.last_mut() {
            table.cut = cut;
        }
    }
}

/// Keeps all that comes, as far as the memory of all queries goes.
pub(crate) struct Collected {
    pub(crate) tables: Vec<ResultTable>,
    held: MemoryReservation,
    /// There was no more.
    full: Option<DataFusionError>,
}

impl Collected {
    /// Nothing yet; rows are told to `pool`, until they are handed on.
    pub(crate) fn new(pool: &Arc<dyn MemoryPool>) -> Collected {
        Collected { tables: Vec::new(), held: MemoryConsumer::new("the rows of an answer").register(pool), full: None }
    }

    /// The tables, all of whose rows are there.
    pub(crate) fn tables(self) -> Result<Vec<ResultTable>> {
        self.full.map_or(Ok(self.tables), |error| Err(error.into()))
    }
}

impl Receiver for Collected {
    fn table(&mut self, head: Head) {
        self.tables.table(head);
    }

    fn rows(&mut self, rows: Vec<Vec<Value>>) -> ControlFlow<()> {
        if let Err(error) = self.held.try_grow(rows.iter().map(|row| held_size(row)).sum()) {
            self.full = Some(error);
            return ControlFlow::Break(());
        }
        self.tables.rows(rows)
    }

    fn end(&mut self, cut: Option<Cut>) {
        self.tables.end(cut);
    }
}

/// The bytes of a row in memory.
fn held_size(row: &[Value]) -> usize {
    let text = |value: &Value| match value {
        Value::String(text) | Value::Dynamic(text) | Value::Decimal(text) => text.len(),
        _ => 0,
    };
    size_of::<Vec<Value>>() + size_of_val(row) + row.iter().map(text).sum::<usize>()
}

/// Stops queries, from any thread; once pulled it stays so.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Default for Cancel {
    fn default() -> Cancel {
        Cancel(Arc::new(watch::Sender::new(false)))
    }
}

impl Cancel {
    /// Stops the queries that run, and those that are to come.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was pulled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it is pulled.
    pub(crate) async fn cancelled(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|cancelled| *cancelled).await;
    }
}

/// What is left of the limits of a table's rows.
pub(crate) struct Budget {
    rows: Option<usize>,
    bytes: Option<usize>,
    taken_rows: usize,
    taken_bytes: usize,
}

impl Budget {
    pub(crate) fn new(rows: Option<usize>, bytes: Option<usize>) -> Budget {
        Budget { rows, bytes, taken_rows: 0, taken_bytes: 0 }
    }

    /// Takes rows in; drops those past a limit, and tells which.
    pub(crate) fn take(&mut self, rows: &mut Vec<Vec<Value>>) -> Option<Cut> {
        for at in 0..rows.len() {
            let bytes = self.taken_bytes + size(&rows[at]);
            let cut = match (self.rows, self.bytes) {
                (Some(limit), _) if self.taken_rows == limit => Cut::Rows(limit),
                (_, Some(limit)) if bytes > limit => Cut::Bytes(limit),
                _ => {
                    self.taken_rows += 1;
                    self.taken_bytes = bytes;
                    continue;
                }
            };
            rows.truncate(at);
            return Some(cut);
        }
        None
    }
}

/// The bytes of a row: those of its texts, eight for any other value.
fn size(row: &[Value]) -> usize {
    let value = |value: &Value| match value {
        Value::String(text) | Value::Dynamic(text) | Value::Decimal(text) => text.len(),
        Value::Null | Value::Bool(_) => 1,
        Value::Int(_) => 4,
        Value::Guid(_) => 16,
        Value::Long(_) | Value::Real(_) | Value::DateTime(_) | Value::TimeSpan(_) => 8,
    };
    row.iter().map(value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(budget: &mut Budget, texts: &[&str]) -> (usize, Option<Cut>) {
        let mut rows: Vec<Vec<Value>> = texts.iter().map(|text| vec![Value::String((*text).to_owned())]).collect();
        let cut = budget.take(&mut rows);
        (rows.len(), cut)
    }

    #[test]
    fn a_budget_is_cut_at_the_row_that_is_too_many() {
        let mut rows = Budget::new(Some(3), None);
        assert_eq!(take(&mut rows, &["a", "b"]), (2, None));
        assert_eq!(take(&mut rows, &["c"]), (1, None));
        assert_eq!(take(&mut rows, &["d"]), (0, Some(Cut::Rows(3))));
        let mut bytes = Budget::new(Some(9), Some(5));
        assert_eq!(take(&mut bytes, &["abc", "de", "f"]), (2, Some(Cut::Bytes(5))));
        assert_eq!(take(&mut Budget::new(None, None), &["abc"]), (1, None));
    }
}
