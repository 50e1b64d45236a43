//! From a bound plan ([`kql::plan`]) to DataFusion's logical plan.
//!
//! Every relation becomes a plan whose columns are the relation's, by position, in the layout of [`logs::arrow_type`]; their
//! names are the relation's too, unless a name had to be made unlike one below. What the plan needs beforehand (tables, the
//! values of `toscalar()`, the sets of `in (subquery)`, the rows of `materialize()`) is looked up in [`Resolved`].

mod aggregate;
#[cfg(test)]
mod casts;
mod chain;
mod expr;
mod fuse;
mod join;
mod native;
pub(crate) mod operators;
pub(crate) mod rel;
mod split;
pub(crate) mod unread;
mod weight;
mod whole;

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use kql::Value;
use kql::plan::Rel;

use crate::function::{Constant, IpPlaces};
use crate::source::Externals;
use crate::tables::Tables;

pub(crate) use expr::Made;
pub use expr::{fold, scalar_value};

/// What a plan refers to, found or computed before it is lowered.
#[derive(Default)]
pub struct Resolved {
    /// Tables and watchlists by name.
    pub tables: Tables,
    /// The values of `toscalar()`, as [`kql::plan::Query::scalars`] numbers them.
    pub scalars: Vec<Value>,
    /// The rows of `materialize()`, as [`kql::plan::Query::shared`] numbers them.
    pub shared: HashMap<usize, Arc<dyn TableProvider>>,
    /// The values of one-column relations that stand right of `in`, by the relation's address.
    pub sets: HashMap<usize, Constant>,
    /// The rows of relations that are arguments of plugins, by the relation's address.
    pub relations: HashMap<usize, RecordBatch>,
    /// The files that stand for what `externaldata` reads.
    pub externals: Arc<Externals>,
    /// The database that tells where addresses are, if the user named one.
    pub ip_places: Option<Arc<IpPlaces>>,
}

impl Resolved {
    /// The key of a relation in [`Resolved::sets`].
    #[must_use]
    pub fn key(rel: &Arc<Rel>) -> usize {
        Resolved::address(rel)
    }

    /// The same of a relation at hand.
    #[must_use]
    pub fn address(rel: &Rel) -> usize {
        std::ptr::from_ref(rel) as usize
    }
}

/// Lowers relations and expressions.
#[derive(Clone, Copy)]
pub struct Lower<'a> {
    /// What the plan refers to.
    pub resolved: &'a Resolved,
}
