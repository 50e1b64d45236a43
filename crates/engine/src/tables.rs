//! The readers of tables by name: those of this workspace, watchlists, and the tables of other places.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;

use crate::text_set::TextSet;

/// What reads the tables of one place.
type Named = BTreeMap<String, Arc<dyn TableProvider>>;

/// What reads each table, and each watchlist: a log table and a watchlist may be called alike.
#[derive(Clone, Default)]
pub struct Tables {
    own: Named,
    /// By the name of the place: [`WATCHLISTS`](kql::plan::WATCHLISTS), a workspace, a database.
    places: BTreeMap<String, Named>,
    /// Those of this workspace that are sets of texts.
    texts: BTreeMap<String, Arc<TextSet>>,
}

impl Tables {
    /// What reads the table of this workspace, or of another place.
    #[must_use]
    pub fn get(&self, name: &str, place: Option<&str>) -> Option<&Arc<dyn TableProvider>> {
        match place {
            Some(place) => self.places.get(place)?.get(name),
            None => self.own.get(name),
        }
    }

    /// Whether anything is known of the place.
    #[must_use]
    pub fn knows(&self, place: &str) -> bool {
        self.places.contains_key(place)
    }

    /// Adds a place, if it is not there.
    pub fn add_place(&mut self, place: &str) {
        self.places.entry(place.to_owned()).or_default();
    }

    /// Adds a table; one of that name at that place is replaced.
    pub fn insert(&mut self, name: String, place: Option<&str>, table: Arc<dyn TableProvider>) {
        let named = match place {
            Some(place) => self.places.entry(place.to_owned()).or_default(),
            None => {
                self.texts.remove(&name);
                &mut self.own
            }
        };
        named.insert(name, table);
    }

    /// Adds a set of texts that `table` reads; a table of that name is replaced.
    pub(crate) fn insert_texts(&mut self, name: &str, texts: Arc<TextSet>, table: Arc<dyn TableProvider>) {
        self.insert(name.to_owned(), None, table);
        self.texts.insert(name.to_owned(), texts);
    }

    /// The set of texts of that name.
    pub(crate) fn texts(&self, name: &str) -> Option<&Arc<TextSet>> {
        self.texts.get(name)
    }
}
