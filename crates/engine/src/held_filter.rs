//! Filters that would grow without bound on their way to the scans.
//!
//! DataFusion takes a filter below a projection by putting what its columns are made of in their place. Where each of many
//! projections uses the column before it twice, the filter doubles at every one of them: fourteen `extend`s in a row were a minute
//! of planning. So a term stays above the projection that would make it too large.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, Projection};
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// DataFusion's rule, but for the terms that it would make too large.
#[derive(Debug, Default)]
pub(crate) struct PushDownSmallFilters(PushDownFilter);

/// Nodes of a term from which on it may not become larger by more than a part of itself at one projection.
const NODES: usize = 5_000;
/// That part of it. A long list of texts is a large term too, and a column in it may well be computed.
const PART: usize = 8;

impl OptimizerRule for PushDownSmallFilters {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let (terms, LogicalPlan::Projection(projection)) = unfiltered(&plan) else {
            return self.0.rewrite(plan, config);
        };
        let (mut held, mut small) = (Vec::new(), Vec::new());
        if !terms.is_empty() {
            let sizes = projection.expr.iter().map(nodes).collect::<Result<Vec<_>>>()?;
            for term in terms {
                if outgrows(term, projection, &sizes)? { held.push(term) } else { small.push(term) }
            }
        }
        if held.is_empty() {
            return self.0.rewrite(plan, config);
        }
        let input = LogicalPlan::Projection(projection.clone());
        let below = match conjunction(small.into_iter().cloned()) {
            Some(small) => self.0.rewrite(LogicalPlan::Filter(Filter::try_new(small, Arc::new(input))?), config)?,
            None => Transformed::no(input),
        };
        let held = held.into_iter().cloned();
        below.map_data(|below| match below {
            LogicalPlan::Filter(filter) => filtered(filter.input, std::iter::once(filter.predicate).chain(held)),
            below => filtered(Arc::new(below), held),
        })
    }
}

/// The terms of all filters that follow one another from this plan on, and what stands below them. Those below come first, as they
/// do where DataFusion makes one filter of them.
fn unfiltered(plan: &LogicalPlan) -> (Vec<&Expr>, &LogicalPlan) {
    let (mut predicates, mut below) = (Vec::new(), plan);
    while let LogicalPlan::Filter(filter) = below {
        predicates.push(&filter.predicate);
        below = &filter.input;
    }
    (predicates.into_iter().rev().flat_map(split_conjunction).collect(), below)
}

fn filtered(input: Arc<LogicalPlan>, terms: impl IntoIterator<Item = Expr>) -> Result<LogicalPlan> {
    match conjunction(terms) {
        Some(predicate) => Ok(LogicalPlan::Filter(Filter::try_new(predicate, input)?)),
        None => Ok(Arc::unwrap_or_clone(input)),
    }
}

/// Whether a term would be too large over what the projection stands on.
fn outgrows(term: &Expr, projection: &Projection, sizes: &[usize]) -> Result<bool> {
    let (mut size, mut growth) = (0, 0);
    term.apply(|node| {
        size += 1;
        if let Expr::Column(column) = node {
            growth += sizes[projection.schema.index_of_column(column)?] - 1;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(size + growth > NODES && growth > size / PART)
}

/// The nodes of what a projection makes, without its name.
fn nodes(made: &Expr) -> Result<usize> {
    let mut count = 0;
    made.apply(|node| {
        count += usize::from(!matches!(node, Expr::Alias(_)));
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use kql::Value;

    use crate::engine::{Config, Engine};

    fn rows(query: &str) -> Vec<Vec<Value>> {
        Engine::new(Config::default()).unwrap().run(query).unwrap().tables.remove(0).rows.rows
    }

    fn physical(query: &str) -> String {
        format!("{:?}", Engine::new(Config::default()).unwrap().explain(query, true).unwrap().results[0].physical)
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    /// Each step uses the column twice and more; a filter that went through all of them would have 3^60 nodes.
    #[test]
    fn a_filter_of_a_column_made_in_many_steps_is_planned() {
        let steps: String = (0..60).map(|n| format!("| extend a = iff(a has 'y{n}', strcat(a, '!'), a)\n")).collect();
        let table = "datatable(n: long, a: string) [1, 'x y5 y7', 2, 'y8', 9, 'y5 y7']";
        let query = format!("{table}\n{steps}| where n < 9 and a endswith 'y7!!' | extend b = a | where b has 'x'");
        assert_eq!(rows(&query), [[Value::Long(1), text("x y5 y7!!"), text("x y5 y7!!")]]);
    }

    #[test]
    fn a_long_list_still_goes_below_what_its_column_is_made_of() {
        let names: Vec<String> = (0..6_000).map(|n| format!("tolower('{n}')")).collect();
        let query = format!("datatable(a: string) ['X', '7'] | extend b = tolower(a) | where b in ({})", names.join(","));
        let plan = physical(&query);
        assert!(plan.find("ProjectionExec") < plan.find("FilterExec"), "{plan}");
        assert_eq!(rows(&query), [[text("7"), text("7")]]);
    }
}
