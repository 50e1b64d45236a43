//! The readers of tables by name: a log table and a watchlist may be called alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use kql::plan::WATCHLISTS;

/// What reads each table, and each watchlist.
#[derive(Default)]
pub struct Tables {
    tables: BTreeMap<String, Arc<dyn TableProvider>>,
    watchlists: BTreeMap<String, Arc<dyn TableProvider>>,
}

impl Tables {
    /// What reads the table, or the watchlist if `database` is [`WATCHLISTS`].
    #[must_use]
    pub fn get(&self, name: &str, database: Option<&str>) -> Option<&Arc<dyn TableProvider>> {
        if database == Some(WATCHLISTS) { self.watchlists.get(name) } else { self.tables.get(name) }
    }

    /// Adds a table, or a watchlist if `database` is [`WATCHLISTS`]; one of that name is replaced.
    pub fn insert(&mut self, name: String, database: Option<&str>, table: Arc<dyn TableProvider>) {
        let kind = if database == Some(WATCHLISTS) { &mut self.watchlists } else { &mut self.tables };
        kind.insert(name, table);
    }
}
