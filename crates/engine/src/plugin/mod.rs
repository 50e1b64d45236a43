//! Plugins: what `evaluate` calls. Each becomes an operator over its input.
//!
//! The columns of some depend on their data (`bag_unpack`, `pivot`). Before such a query runs, [`Lower::added_columns`] gives a plan
//! whose rows are the columns the plugin adds: `name`, `type`; the query is then bound again with those.

mod bag_unpack;
mod ip_lookup;
mod narrow;
mod pivot;

use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use kql::plan::{Aggregate, Expr, ExprKind, Input, PluginArg, Rel, RelKind};
use kql::{Column, Type, Value};

use crate::error::{Error, Result, code};
use crate::lower::operators::Parts;
use crate::lower::{Lower, fold};
use crate::operator::operator_plan;

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
}

impl Lower<'_> {
    fn plugin_call<'a>(&'a self, rel: &'a Rel) -> Result<Call<'a>> {
        match &rel.kind {
            RelKind::Evaluate { input: Some(input), plugin, args } => {
                Ok(Call { plugin, input, args, scalars: &self.resolved.scalars })
            }
            RelKind::Evaluate { plugin, .. } => Err(Error::unsupported(&format!("the plugin {plugin} without rows before it"))),
            _ => Err(Error::new(code::INTERNAL, "no call of a plugin")),
        }
    }

    /// The operator of a plugin.
    pub(crate) fn plugin(&self, rel: &Rel) -> Result<Parts> {
        let call = self.plugin_call(rel)?;
        let columns = rel.columns.clone();
        match call.plugin {
            "bag_unpack" => bag_unpack::parts(&call, columns),
            "identity" => Ok(Parts::above(call.input, Vec::new(), narrow::Identity { columns })),
            "ipv4_lookup" | "ipv6_lookup" => ip_lookup::parts(self, &call, columns),
            "narrow" => Ok(Parts::above(call.input, Vec::new(), narrow::Narrow::new(&call.input.columns, columns))),
            "pivot" => pivot::parts(self, &call, columns),
            other => Err(Error::unsupported(&format!("the plugin {other}"))),
        }
    }

    /// The plan whose rows (`name`, `type`) are the columns that an open plugin adds.
    pub(crate) fn added_columns(&self, rel: &Rel) -> Result<LogicalPlan> {
        let call = self.plugin_call(rel)?;
        match call.plugin {
            "bag_unpack" => {
                let parts = bag_unpack::discovery(&call)?;
                Ok(operator_plan(Arc::clone(&parts.operator), self.below(&parts)?)?)
            }
            "pivot" => {
                let parts = pivot::discovery(&call)?;
                Ok(operator_plan(Arc::clone(&parts.operator), self.below(&parts)?)?)
            }
            other => Err(Error::unsupported(&format!("the plugin {other}"))),
        }
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
