//! DataFusion, set up for plans whose types are settled and whose operators are ours: memory, rules, planner.

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::{QueryPlanner, SessionState};
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;

use crate::engine::Config;
use crate::error::Result;
use crate::held_filter::PushDownSmallFilters;
use crate::in_order::KeepPartitionsInOrder;
use crate::large_top::LargeTops;
use crate::operator::OperatorPlanner;
use crate::pass_through::Passes;
use crate::spill::SpillFolder;

/// The state that all queries of an engine start from; they spill to that folder.
pub(crate) fn state(config: &Config, spill: &SpillFolder) -> Result<SessionState> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(config.memory_bytes), TOP_CONSUMERS);
    let disk = DiskManagerBuilder::default().with_mode(spill.mode());
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).with_disk_manager_builder(disk).build_arc()?;
    // Scans come in partitions of their own. Spreading rows by turns would only lose the order that a sort below gave them, which
    // KQL keeps through `where`, `extend` and their like.
    let session = SessionConfig::new()
        .with_target_partitions(config.threads.max(1))
        .with_batch_size((config.memory_bytes / BATCH_SHARE).clamp(BATCH_ROWS_MIN, BATCH_ROWS))
        .with_sort_spill_reservation_bytes((config.memory_bytes / SPILL_SHARE).min(SPILL_RESERVE_MAX))
        .with_sort_in_place_threshold_bytes((config.memory_bytes / SPILL_SHARE).min(SORT_WHOLE_MAX))
        .with_information_schema(false)
        .with_round_robin_repartition(false);
    Ok(SessionStateBuilder::new()
        .with_config(session)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .with_optimizer_rules(logical_rules())
        .with_physical_optimizer_rules(physical_rules(config.memory_bytes))
        .build())
}

/// DataFusion's rules for what our plans hold; each walks the whole plan, and all of them do so again after a change.
fn logical_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let rules = Optimizer::new().rules.into_iter().filter(|rule| !NOT_NEEDED.contains(&rule.name()));
    let small_filters: Arc<dyn OptimizerRule + Send + Sync> = Arc::new(PushDownSmallFilters::default());
    rules.map(|rule| if rule.name() == small_filters.name() { Arc::clone(&small_filters) } else { rule }).collect()
}

/// Rules for what no plan of ours holds: subqueries, `DISTINCT`, joins by conditions without keys or with keys that may be null
/// to Arrow and then match nothing, fields of structures that files have, outer joins below comparisons of DataFusion's own.
const NOT_NEEDED: &[&str] = &[
    "rewrite_set_comparison",
    "replace_distinct_aggregate",
    "decorrelate_predicate_subquery",
    "scalar_subquery_to_join",
    "decorrelate_lateral_join",
    "eliminate_outer_join",
    "extract_equijoin_predicate",
    "eliminate_cross_join",
    "filter_null_join_keys",
    "unions_to_filter",
    "extract_leaf_expressions",
    "push_down_leaf_projections",
];

/// DataFusion's rules and ours: what a plan is at last has no large tops, is put in order and taken apart.
fn physical_rules(memory: usize) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let rules = PhysicalOptimizer::new().rules.into_iter().filter(|rule| !NOT_NEEDED_AT_LAST.contains(&rule.name()));
    let ours: [Arc<dyn PhysicalOptimizerRule + Send + Sync>; 3] =
        [Arc::new(LargeTops { memory }), Arc::new(KeepPartitionsInOrder), Arc::new(Passes)];
    rules.chain(ours).collect()
}

/// Rules that bring filters, and what a join or a top finds out as it runs, to scans of DataFusion's own. They put what columns are
/// made of in their place without bound, as [`held_filter`](crate::held_filter) tells.
const NOT_NEEDED_AT_LAST: &[&str] = &["FilterPushdown", "FilterPushdown(Post)"];

/// Rows of a batch; fewer in little memory, of which each operator holds a batch or two.
const BATCH_ROWS: usize = 8192;
const BATCH_ROWS_MIN: usize = 256;
/// Memory for each row of a batch.
const BATCH_SHARE: usize = 16 << 10;

/// What a sort sets aside for merging what it has spilled: this share of all memory for each of its parts, and no more than
/// DataFusion would.
const SPILL_SHARE: usize = 64;
const SPILL_RESERVE_MAX: usize = 10 << 20;
/// What a sort joins into one batch before it sorts it, which takes as much again: the same share, and no more than DataFusion
/// would.
const SORT_WHOLE_MAX: usize = 1 << 20;

/// How many consumers an out-of-memory message names.
const TOP_CONSUMERS: std::num::NonZeroUsize = std::num::NonZeroUsize::new(3).expect("three is not zero");

/// DataFusion's planner, and ours for our operators.
#[derive(Debug)]
struct Planner;

#[async_trait::async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn datafusion::catalog::Session,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(OperatorPlanner)]).create_physical_plan(plan, session).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_named_as_datafusion_names_them() {
        let all = Optimizer::new().rules;
        assert_eq!(logical_rules().len() + NOT_NEEDED.len(), all.len());
        assert_eq!(physical_rules(0).len() + NOT_NEEDED_AT_LAST.len(), PhysicalOptimizer::new().rules.len() + 3);
    }
}
