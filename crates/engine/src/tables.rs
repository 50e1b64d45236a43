//! The readers of tables by name: those of this workspace, watchlists, and the tables of other places.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;

/// What reads the tables of one place.
type Named = BTreeMap<String, Arc<dyn TableProvider>>;

/// What reads each table, and each watchlist: a log table and a watchlist may be called alike.
#[derive(Clone, Default)]
pub struct Tables {
    own: Named,
    /// By the name of the place: [`WATCHLISTS`](kql::plan::WATCHLISTS), a workspace, a database.
    places: BTreeMap<String, Named>,
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
            None => &mut self.own,
        };
        named.insert(name, table);
    }
}
