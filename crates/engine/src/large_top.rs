//! The first rows of a sort, where they are many.
//!
//! DataFusion keeps the first rows it has seen in a heap, which cannot spill; and what the heap held becomes the result all at
//! once, which no pool knows of. From some number of rows on, sorting them all takes less: a sort spills, and gives its rows bit
//! by bit.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::limit::LocalLimitExec;
use datafusion::physical_plan::sorts::sort::SortExec;

/// The rule that makes a sort and a limit of them.
#[derive(Debug)]
pub(crate) struct LargeTops {
    /// What a query may hold, in bytes.
    pub(crate) memory: usize,
}

/// The memory that there must be for each row: its values, its key, the rest of the batches that it came in, and all of it again
/// when the rows are put in order.
const ROW_BYTES: usize = 4 << 10;

impl PhysicalOptimizerRule for LargeTops {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let most = self.memory / ROW_BYTES;
        let replaced = plan.transform_up(|node| match node.downcast_ref::<SortExec>().map(|sort| (sort, sort.fetch())) {
            Some((sort, Some(rows))) if rows > most => {
                let all = SortExec::new(sort.expr().clone(), Arc::clone(sort.input()))
                    .with_preserve_partitioning(sort.preserve_partitioning());
                Ok(Transformed::yes(Arc::new(LocalLimitExec::new(Arc::new(all), rows)) as Arc<dyn ExecutionPlan>))
            }
            _ => Ok(Transformed::no(node)),
        })?;
        Ok(replaced.data)
    }

    fn name(&self) -> &str {
        "large_tops"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{Config, Engine};

    /// The steps of a plan, on one line.
    fn plan(query: &str) -> String {
        let engine = Engine::new(Config { threads: 2, memory_bytes: 4 << 20, ..Config::default() }).unwrap();
        let explained = engine.explain(query, true).unwrap();
        format!("{:?}", explained.results[0].physical)
    }

    #[test]
    fn many_first_rows_are_sorted_and_few_are_kept() {
        let rows = "range x from 1 to 5000 step 1 | project y = 5000 - x";
        assert!(plan(&format!("{rows} | top 1000 by y asc")).contains("TopK(fetch=1000)"));
        let many = plan(&format!("{rows} | top 2000 by y asc"));
        assert!(!many.contains("TopK") && many.contains("fetch=2000"), "{many}");
        assert!(many.contains("rows: Some(2000)"), "{many}");
    }
}
