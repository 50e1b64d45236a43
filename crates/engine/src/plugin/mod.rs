//! Plugins: what `evaluate` calls. Each becomes an operator over its input.
//!
//! The columns of some depend on their data (`bag_unpack`, `pivot`). Before such a query runs, [`Lower::added_columns`] gives a
//! plan whose rows are the columns the plugin adds: `name`, `type`; the query is then bound again with those.

mod active_users_count;
mod activity;
mod activity_counts_metrics;
mod activity_engagement;
mod activity_metrics;
mod autocluster;
mod bag_unpack;
mod basket;
mod by_key;
mod dcount_intersect;
mod diffpatterns;
mod diffpatterns_text;
mod estimate_rows_count;
mod funnel;
mod funnel_sequence;
mod funnel_sequence_completion;
mod gather;
mod geo_lookup;
mod identity;
mod ip_lookup;
mod lookup;
mod narrow;
mod new_activity_metrics;
mod pivot;
mod preview;
mod refused;
mod rolling_percentile;
mod rows_near;
mod schema_merge;
mod segments;
mod sequence_detect;
mod session_count;
mod sliding_window_counts;
mod timeline;

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::logical_expr::LogicalPlan;
use kql::plan::{Aggregate, Expr, ExprKind, Input, PluginArg, Rel, RelKind};
use kql::{Column, Type, Value};

use crate::cell::Cell;
use crate::error::{Error, Result, code};
use crate::lower::operators::Parts;
use crate::lower::{Lower, Resolved, fold};
use crate::operator::operator_plan;
use timeline::Point;

/// A plugin.
struct Plugin {
    /// Its name in the catalog.
    name: &'static str,
    /// Its page.
    page: &'static str,
    /// The operator of a call, whose rows stand under those columns.
    parts: fn(&Lower<'_>, &Call<'_>, Vec<Column>) -> Result<Parts>,
    /// Where its columns depend on the data: the operator whose rows are those that it adds.
    added: Option<fn(&Call<'_>) -> Result<Parts>>,
}

impl Plugin {
    const fn new(
        name: &'static str,
        page: &'static str,
        parts: fn(&Lower<'_>, &Call<'_>, Vec<Column>) -> Result<Parts>,
    ) -> Plugin {
        Plugin { name, page, parts, added: None }
    }

    /// Its columns depend on the data.
    const fn adding(self, added: fn(&Call<'_>) -> Result<Parts>) -> Plugin {
        Plugin { added: Some(added), ..self }
    }
}

/// All plugins that run, sorted by name.
const PLUGINS: &[Plugin] = &[
    active_users_count::PLUGIN,
    activity_counts_metrics::PLUGIN,
    activity_engagement::PLUGIN,
    activity_metrics::PLUGIN,
    autocluster::PLUGIN,
    bag_unpack::PLUGIN,
    basket::PLUGIN,
    dcount_intersect::PLUGIN,
    diffpatterns::PLUGIN,
    diffpatterns_text::PLUGIN,
    estimate_rows_count::PLUGIN,
    funnel_sequence::PLUGIN,
    funnel_sequence_completion::PLUGIN,
    geo_lookup::LINE,
    geo_lookup::POLYGON,
    identity::PLUGIN,
    ip_lookup::IPV4,
    ip_lookup::IPV6,
    narrow::PLUGIN,
    new_activity_metrics::PLUGIN,
    pivot::PLUGIN,
    preview::PLUGIN,
    rolling_percentile::PLUGIN,
    rows_near::PLUGIN,
    schema_merge::PLUGIN,
    sequence_detect::PLUGIN,
    session_count::PLUGIN,
    sliding_window_counts::PLUGIN,
];

/// The page of the plugin of that name: what it does, with examples. For one that is refused, the page that says why.
#[must_use]
pub fn page(name: &str) -> Option<&'static str> {
    let own = PLUGINS.iter().find(|plugin| plugin.name == name).map(|plugin| plugin.page);
    own.or_else(|| refused::reason(name).map(|_| refused::PAGE))
}

/// Why the plugin of that name is refused, if it is: what it does that is not done here.
#[must_use]
pub fn refusal(name: &str) -> Option<&'static str> {
    refused::reason(name)
}

/// The plugin of that name, or why there is none.
fn find(name: &str) -> Result<&'static Plugin> {
    PLUGINS.iter().find(|plugin| plugin.name == name).ok_or_else(|| match refused::reason(name) {
        Some(reason) => Error::new(code::SERVICE, format!("the plugin {name} {reason}, which is not done here")),
        None => Error::unsupported(&format!("the plugin {name}")),
    })
}

/// A call of a plugin: its arguments, to be looked up by position or name.
struct Call<'a> {
    plugin: &'a str,
    input: &'a Input,
    args: &'a [PluginArg],
    scalars: &'a [Value],
}

impl<'a> Call<'a> {
    /// The expressions among the arguments that have no name, in order.
    fn exprs(&self) -> impl Iterator<Item = &'a Expr> {
        self.args.iter().filter_map(|arg| if let PluginArg::Expr(None, expr) = arg { Some(expr) } else { None })
    }

    /// The columns of the input among the arguments from that position on.
    fn columns_from(&self, position: usize) -> Vec<Expr> {
        let column = |arg: &PluginArg| match arg {
            PluginArg::Expr(_, expr) if matches!(expr.kind, ExprKind::Column(_)) => Some(expr.clone()),
            _ => None,
        };
        self.args.iter().skip(position).filter_map(column).collect()
    }

    /// The arguments that are tables.
    fn tables(&self) -> impl Iterator<Item = &'a Arc<Rel>> {
        self.args.iter().filter_map(|arg| if let PluginArg::Rel(rel) = arg { Some(rel) } else { None })
    }

    /// The rows of an argument that is a table.
    fn table(&self, lower: &Lower<'a>, rel: &Arc<Rel>) -> Result<&'a RecordBatch> {
        let resolved: &'a Resolved = lower.resolved;
        resolved.relations.get(&Resolved::key(rel)).ok_or_else(|| Error::new(code::INTERNAL, "a plugin's table is not at hand"))
    }

    /// The table of a lookup, argument 0.
    fn lookup_table(&self) -> Result<&'a Arc<Rel>> {
        self.tables().next().ok_or_else(|| self.wrong("first argument", "a table"))
    }

    /// The position of the table's column that the argument at `position` names.
    fn lookup_column(&self, position: usize, table: &Rel) -> Result<usize> {
        let name = match &self.expr(position)?.kind {
            ExprKind::Call { function, args } if function == "$column" => args.first().and_then(|name| fold(name, self.scalars)),
            _ => None,
        };
        let name = name.map(|name| name.to_text());
        let found = table.columns.iter().position(|column| Some(&column.name) == name.as_ref());
        found.ok_or_else(|| self.wrong("lookup key", "a column of the lookup table"))
    }

    /// The input's column that an expression is.
    fn input_column(&self, expr: &Expr) -> Option<&'a Column> {
        if let ExprKind::Column(at) = expr.kind { self.input.columns.get(at) } else { None }
    }

    /// Whether the argument called `name` is true, or else the first truth among those at `positions`.
    fn flag(&self, name: &str, positions: std::ops::RangeFrom<usize>) -> bool {
        let given = self.args.iter().skip(positions.start).find_map(|arg| match arg {
            PluginArg::Expr(None, Expr { kind: ExprKind::Literal(Value::Bool(truth)), .. }) => Some(*truth),
            _ => None,
        });
        self.constant(name, usize::MAX).map_or(given == Some(true), |value| value == Value::Bool(true))
    }

    /// The constant argument called `name`, or else the one at `position` among all arguments.
    fn constant(&self, name: &str, position: usize) -> Option<Value> {
        let named = self.args.iter().find_map(|arg| match arg {
            PluginArg::Expr(Some(given), expr) if given == name => Some(expr),
            _ => None,
        });
        let expr = named.or_else(|| match self.args.get(position)? {
            PluginArg::Expr(None, expr) => Some(expr),
            _ => None,
        })?;
        fold(expr, self.scalars)
    }

    /// The argument at that position, which must be an expression.
    fn expr(&self, position: usize) -> Result<&'a Expr> {
        match self.args.get(position) {
            Some(PluginArg::Expr(_, expr)) => Ok(expr),
            _ => Err(Error::new(code::ARGUMENT, format!("argument {} of {} must be an expression", position + 1, self.plugin))),
        }
    }

    /// The constant at that position; `what` it is, for messages.
    fn value(&self, position: usize, what: &str) -> Result<Value> {
        fold(self.expr(position)?, self.scalars).ok_or_else(|| self.wrong(what, "a constant"))
    }

    /// The constant whole number at that position.
    fn whole(&self, position: usize, what: &str) -> Result<i64> {
        let value = self.value(position, what)?;
        let cell = Cell::of(&value);
        cell.as_long().or_else(|| Some(cell.as_real()? as i64)).ok_or_else(|| self.wrong(what, "a number"))
    }

    /// The constant at that position as a place on a timeline of type `axis`.
    fn point(&self, position: usize, axis: Type, what: &str) -> Result<Point> {
        let value = self.value(position, what)?;
        Point::of(&Cell::of(&value), axis).ok_or_else(|| self.wrong(what, &format!("a {axis}")))
    }

    /// The constant at that position as a length on a timeline of type `axis`, longer than nothing.
    fn length(&self, position: usize, axis: Type, what: &str) -> Result<Point> {
        let unit = if axis == Type::DateTime { Type::TimeSpan } else { axis };
        let length = self.point(position, unit, what)?;
        let is_some = match length {
            Point::Whole(length) => length > 0,
            Point::Real(length) => length > 0.0,
        };
        if is_some { Ok(length) } else { Err(self.wrong(what, "more than nothing")) }
    }

    fn wrong(&self, what: &str, wanted: &str) -> Error {
        Error::new(code::ARGUMENT, format!("the {what} of {} must be {wanted}", self.plugin))
    }
}

impl Lower<'_> {
    fn plugin_call<'a>(&'a self, rel: &'a Rel) -> Result<(&'static Plugin, Call<'a>)> {
        let RelKind::Evaluate { input, plugin, args } = &rel.kind else {
            return Err(Error::new(code::INTERNAL, "no call of a plugin"));
        };
        let found = find(plugin)?;
        let Some(input) = input else {
            return Err(Error::new(code::ARGUMENT, format!("the plugin {plugin} needs rows: T | evaluate {plugin}(…)")));
        };
        Ok((found, Call { plugin, input, args, scalars: &self.resolved.scalars }))
    }

    /// The operator of a plugin.
    pub(crate) fn plugin(&self, rel: &Rel) -> Result<Parts> {
        let (plugin, call) = self.plugin_call(rel)?;
        (plugin.parts)(self, &call, rel.columns.clone())
    }

    /// The plan whose rows (`name`, `type`) are the columns that an open plugin adds.
    pub(crate) fn added_columns(&self, rel: &Rel) -> Result<LogicalPlan> {
        let (plugin, call) = self.plugin_call(rel)?;
        let Some(added) = plugin.added else {
            return Err(Error::unsupported(&format!("the plugin {} over rows whose columns are not known", plugin.name)));
        };
        let parts = added(&call)?;
        Ok(operator_plan(Arc::clone(&parts.operator), self.below(&parts)?)?)
    }
}

/// The columns of a discovery's rows.
fn discovered_columns() -> Vec<Column> {
    vec![Column::new("name", Type::String), Column::new("type", Type::String)]
}

/// The aggregate that an argument calls: `sum(x)`.
fn aggregate_of(expr: &Expr) -> Option<Aggregate> {
    match &expr.kind {
        ExprKind::Call { function, args } if crate::aggregate::find(function).is_some() => {
            Some(Aggregate { function: function.clone(), args: args.clone(), part: 0, ty: expr.ty, name: String::new() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_runs_or_is_refused() {
        for name in kql::catalog::plugins().keys() {
            let runs = PLUGINS.iter().any(|plugin| plugin.name == name);
            assert!(!(runs && refused::reason(name).is_some()), "{name} runs, and is refused");
        }
        assert!(PLUGINS.is_sorted_by_key(|plugin| plugin.name));
        assert!(PLUGINS.iter().all(|plugin| kql::catalog::plugin(plugin.name).is_some()));
    }
}
