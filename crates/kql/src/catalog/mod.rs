//! What KQL knows before a query says anything: functions, operators between values, tables.
//!
//! In: names and argument types. Out: which overload is meant, what converts to what, which columns a table has. The facts stand
//! in text files beside the code, in Kusto's own notation, and are read once when first asked for.

mod constant;
pub mod names;
mod nearest;
mod notation;
mod operator;
mod resolve;
mod saved;
mod schema;
mod signature;
mod tables;
mod workspace;

use std::sync::OnceLock;

pub use nearest::{nearest, one_slip_off};
pub use notation::Functions;
pub use operator::{NotDefined, Operation, between, operator, unary};
pub use resolve::{ArgType, Form, ResolveError, Resolved, Settled, common_type};
pub use schema::{Schema, SchemaError, UserFunction};
pub use signature::{Function, ItemType, Kind, MustBe, Naming, Parameter, Returns, Signature, TableItem};
pub use tables::{Table, standard_column, table, tables, time_alias};
pub use workspace::{Catalog, TableInfo, WATCHLIST_COLUMNS, Workspace};

/// The scalar function of that name.
#[must_use]
pub fn function(name: &str) -> Option<&'static Function> {
    functions().get(name)
}

/// The aggregation function of that name.
#[must_use]
pub fn aggregate(name: &str) -> Option<&'static Function> {
    aggregates().get(name)
}

/// The plugin of that name (`evaluate bag_unpack(…)`).
#[must_use]
pub fn plugin(name: &str) -> Option<&'static Function> {
    plugins().get(name)
}

/// The tabular operators, each with what it does in a few words.
pub fn operators() -> impl Iterator<Item = (&'static str, &'static str)> {
    crate::complete::words::of_kind("operator")
}

/// The operators between values, each with what it does in a few words.
pub fn infix_operators() -> impl Iterator<Item = (&'static str, &'static str)> {
    crate::complete::words::of_kind("infix")
}

/// All scalar functions by name.
#[must_use]
pub fn functions() -> &'static Functions {
    static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        notation::parse(include_str!("functions.kql")).expect("the function file is tested to be in its notation")
    })
}

/// All aggregation functions by name.
#[must_use]
pub fn aggregates() -> &'static Functions {
    static AGGREGATES: OnceLock<Functions> = OnceLock::new();
    AGGREGATES.get_or_init(|| {
        notation::parse(include_str!("aggregates.kql")).expect("the aggregate file is tested to be in its notation")
    })
}

/// All plugins by name.
#[must_use]
pub fn plugins() -> &'static Functions {
    static PLUGINS: OnceLock<Functions> = OnceLock::new();
    PLUGINS.get_or_init(|| notation::parse(include_str!("plugins.kql")).expect("the plugin file is tested to be in its notation"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Type;

    #[test]
    fn the_files_are_in_their_notation() {
        for (text, least) in
            [(include_str!("functions.kql"), 420), (include_str!("aggregates.kql"), 60), (include_str!("plugins.kql"), 45)]
        {
            assert!(notation::parse(text).unwrap().len() > least);
        }
    }

    #[test]
    fn overloads_are_chosen_by_type() {
        let call = |name: &str, types: &[Type]| {
            let args: Vec<ArgType<'_>> = types.iter().map(|ty| ArgType::of(*ty)).collect();
            function(name).unwrap().resolve(&args)
        };
        assert_eq!(call("abs", &[Type::Int]).unwrap().returns, Type::Long);
        assert_eq!(call("bin", &[Type::DateTime, Type::TimeSpan]).unwrap().returns, Type::DateTime);
        assert_eq!(call("iff", &[Type::Bool, Type::Int, Type::Real]).unwrap().param_types, [Type::Bool, Type::Real, Type::Real]);
        assert_eq!(call("bin", &[Type::Unknown, Type::TimeSpan]).unwrap().returns, Type::Unknown);
        assert_eq!(call("coalesce", &[Type::Unknown, Type::Long]).unwrap().returns, Type::Unknown);
        assert_eq!(call("startofday", &[Type::Unknown]).unwrap().returns, Type::DateTime);
        assert!(matches!(call("strlen", &[]), Err(ResolveError::WrongCount { least: 1, most: Some(1), given: 0 })));
        assert!(matches!(call("series_sum", &[Type::String]), Err(ResolveError::WrongType { argument: 0, .. })));
    }
}
