//! Which of two plans gives more to hold, as far as the sizes of files tell.

use datafusion::common::stats::Precision;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::LogicalPlan;

/// An estimate of the bytes of a plan's rows. It settles nothing but which side of a join is held in memory while the other
/// passes.
pub(super) fn weight(plan: &LogicalPlan) -> usize {
    let below = || plan.inputs().into_iter().map(weight).fold(0, usize::saturating_add);
    match plan {
        LogicalPlan::TableScan(scan) => {
            let statistics = source_as_provider(&scan.source).ok().and_then(|table| table.statistics());
            match statistics.map(|statistics| statistics.total_byte_size) {
                Some(Precision::Exact(bytes) | Precision::Inexact(bytes)) => bytes,
                _ => 0,
            }
        }
        LogicalPlan::Limit(_) => 0,
        LogicalPlan::Filter(_) => below() / 4,
        LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(_) => below() / 16,
        LogicalPlan::Extension(node) if node.node.name() == "dedup" => below() / 16,
        _ => below(),
    }
}
