//! A query's stages and, once it ran, what each step of it cost: a logical plan in, text and figures out.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use datafusion::physical_plan::{DisplayFormatType, ExecutionPlan, collect};
use kql::plan::Query;

use crate::error::Result;
use crate::run::suited;

/// A query's stages.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// The bound plan of the whole query.
    pub bound: String,
    /// The plans of each result table.
    pub results: Vec<Plans>,
}

/// The plans of one result table.
#[derive(Clone, Debug)]
pub struct Plans {
    /// Its name, where the query gave one.
    pub name: Option<String>,
    /// DataFusion's logical plan, optimised.
    pub logical: String,
    /// DataFusion's physical plan.
    pub physical: Step,
    /// What the run as a whole took; nothing if it did not run.
    pub took: Option<Duration>,
    /// Rows of the result, if it ran.
    pub rows: Option<usize>,
}

/// An operator of a physical plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does, on one line.
    pub what: String,
    /// What it cost, if it ran and says so.
    pub measured: Option<Measured>,
    /// The operators that it reads.
    pub inputs: Vec<Step>,
}

/// What an operator cost, over all its partitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Rows that it gave.
    pub rows: Option<usize>,
    /// Bytes of those rows in memory.
    pub bytes: Option<usize>,
    /// Time on a processor.
    pub time: Option<Duration>,
    /// Bytes that it moved to disk for lack of memory.
    pub spilled: usize,
}

impl Explained {
    pub(crate) fn new(query: &Query) -> Explained {
        Explained { bound: kql::explain::explain(query), results: Vec::new() }
    }

    /// Plans a result, and runs it if that is asked for.
    pub(crate) async fn add(
        &mut self,
        context: &SessionContext,
        name: Option<String>,
        plan: &LogicalPlan,
        run: bool,
    ) -> Result<()> {
        let state = suited(context, plan);
        let logical = state.optimize(plan)?.display_indent().to_string();
        let physical = state.create_physical_plan(plan).await?;
        let (mut took, mut rows) = (None, None);
        if run {
            let start = Instant::now();
            let batches = collect(Arc::clone(&physical), state.task_ctx()).await?;
            took = Some(start.elapsed());
            rows = Some(batches.iter().map(RecordBatch::num_rows).sum());
        }
        self.results.push(Plans { name, logical, physical: step(physical.as_ref()), took, rows });
        Ok(())
    }
}

/// An operator on one line, without those below it.
struct Line<'a>(&'a dyn ExecutionPlan);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as(DisplayFormatType::Default, f)
    }
}

fn step(plan: &dyn ExecutionPlan) -> Step {
    Step {
        what: Line(plan).to_string(),
        measured: plan.metrics().map(|metrics| measured(&metrics)).filter(|measured| *measured != Measured::default()),
        inputs: plan.children().into_iter().map(|input| step(input.as_ref())).collect(),
    }
}

fn measured(metrics: &MetricsSet) -> Measured {
    let sum = |pick: fn(&MetricValue) -> Option<usize>| {
        metrics.iter().filter_map(|metric| pick(metric.value())).reduce(|sum, value| sum + value)
    };
    Measured {
        rows: metrics.output_rows(),
        bytes: sum(|value| if let MetricValue::OutputBytes(count) = value { Some(count.value()) } else { None }),
        time: metrics.elapsed_compute().filter(|nanos| *nanos > 0).map(|nanos| Duration::from_nanos(nanos as u64)),
        spilled: metrics.spilled_bytes().unwrap_or(0),
    }
}
