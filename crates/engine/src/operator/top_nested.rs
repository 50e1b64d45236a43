//! `top-nested`: the best values of a column, and within each the best of the next.
//!
//! Values of a level come best first; `with others` adds one row for all that are left out, of it or of a level above it that
//! does not ask for its own (`top-nested-operator`, and the answers it once showed).

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result as DfResult;
use indexmap::IndexMap;
use kql::{Column, Type, Value};

use super::group::Call;
use super::held::Held;
use super::{Operator, Run};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::local::{RowExpr, batch, compare};
use crate::row_key;

/// The operator. Below it stand, for each level, its value and the arguments of its aggregate.
#[derive(Debug)]
pub(crate) struct TopNested {
    pub(crate) shared: Arc<Levels>,
}

/// The levels, the outermost first.
#[derive(Debug)]
pub(crate) struct Levels {
    /// For each level its value and its aggregate.
    pub(crate) columns: Vec<Column>,
    /// The levels.
    pub(crate) levels: Vec<Level>,
}

/// One level.
#[derive(Debug)]
pub(crate) struct Level {
    /// How many values; all without.
    pub(crate) count: Option<usize>,
    /// The column of the value.
    pub(crate) of: usize,
    /// Its type.
    pub(crate) ty: Type,
    /// What stands for all other values.
    pub(crate) others: Option<Value>,
    /// What they are ranked by.
    pub(crate) by: Rank,
    /// The smallest first.
    pub(crate) ascending: bool,
}

/// A value over the aggregates of some rows.
pub(crate) struct Rank {
    /// The calls.
    pub(crate) calls: Vec<Call>,
    /// How many aggregates they give.
    pub(crate) aggregates: usize,
    /// The value.
    pub(crate) value: RowExpr,
}

impl std::fmt::Debug for Rank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rank").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl Operator for TopNested {
    fn name(&self) -> &'static str {
        "top-nested"
    }

    fn columns(&self) -> &[Column] {
        &self.shared.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass { shared: Arc::clone(&self.shared), held: Held::default() })
    }
}

struct Pass {
    shared: Arc<Levels>,
    held: Held,
}

impl Run for Pass {
    fn push(&mut self, batch: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        self.held.push(batch)?;
        Ok(None)
    }

    fn finish(&mut self) -> DfResult<Vec<RecordBatch>> {
        let Some(below) = self.held.schema() else { return Ok(Vec::new()) };
        let rows = self.held.take(&below)?;
        let columns = &self.shared.columns;
        let mut out = Output { builders: columns.iter().map(|column| CellBuilder::new(column.ty, 0)).collect(), rows: 0 };
        let all: Vec<usize> = (0..rows.num_rows()).collect();
        self.shared.level(0, &rows, &all, &mut Vec::new(), &mut out)?;
        let arrays = out.builders.iter_mut().map(CellBuilder::finish).collect();
        Ok(vec![batch(columns, arrays, out.rows)?])
    }

    fn size(&self) -> usize {
        self.held.bytes()
    }

    /// The rows once more, and each row's place among those of its value, level by level.
    fn finish_size(&self) -> usize {
        self.held.bytes() + self.held.rows() * self.shared.levels.len() * size_of::<[usize; 8]>()
    }
}

struct Output {
    builders: Vec<CellBuilder>,
    rows: usize,
}

/// The rows of one value of a level.
struct Group {
    value: Value,
    rows: Vec<usize>,
    rank: Value,
}

impl Levels {
    /// Writes the rows of a level and of those within it, for `rows` of the input.
    fn level(&self, at: usize, input: &RecordBatch, rows: &[usize], prefix: &mut Vec<Value>, out: &mut Output) -> DfResult<()> {
        let Some(level) = self.levels.get(at) else {
            prefix.iter().zip(&mut out.builders).for_each(|(value, builder)| builder.push(&Cell::of(value)));
            out.rows += 1;
            return Ok(());
        };
        let mut groups = level.groups(input, rows)?;
        let count = level.count.unwrap_or(groups.len()).min(groups.len());
        let rest = groups.split_off(count);
        for group in groups {
            prefix.extend([group.value, group.rank]);
            self.level(at + 1, input, &group.rows, prefix, out)?;
            prefix.truncate(at * 2);
        }
        // One row for what is left out, where this level or one within it asks for such; the levels that do not are empty in it.
        let levels = &self.levels[at..];
        if !rest.is_empty() && levels.iter().any(|level| level.others.is_some()) {
            let rows: Vec<usize> = rest.into_iter().flat_map(|group| group.rows).collect();
            for level in levels {
                prefix.extend(match &level.others {
                    Some(others) => [others.clone(), level.rank(input, &rows)?],
                    None => [Value::Null, Value::Null],
                });
            }
            self.level(self.levels.len(), input, &rows, prefix, out)?;
            prefix.truncate(at * 2);
        }
        Ok(())
    }
}

impl Level {
    /// The values among those rows, the best first; of equal ones the last to appear, as in a recorded answer of a real Kusto.
    fn groups(&self, input: &RecordBatch, rows: &[usize]) -> DfResult<Vec<Group>> {
        let values = Cells::new(self.ty, input.column(self.of));
        let mut by_key: IndexMap<Vec<u8>, Group> = IndexMap::new();
        for row in rows {
            let cell = values.get(*row);
            let mut key = Vec::new();
            row_key::push(&mut key, &cell);
            let group = || Group { value: cell.to_value(), rows: Vec::new(), rank: Value::Null };
            by_key.entry(key).or_insert_with(group).rows.push(*row);
        }
        let mut groups: Vec<Group> = by_key.into_values().rev().collect();
        for group in &mut groups {
            group.rank = self.rank(input, &group.rows)?;
        }
        groups.sort_by(|a, b| {
            let (a, b) = (Cell::of(&a.rank), Cell::of(&b.rank));
            match (a.is_null(), b.is_null()) {
                (false, false) if self.ascending => compare(&a, &b),
                (false, false) => compare(&b, &a),
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
            }
        });
        Ok(groups)
    }

    /// The aggregate over those rows.
    fn rank(&self, input: &RecordBatch, rows: &[usize]) -> DfResult<Value> {
        let mut found = vec![Value::Null; self.by.aggregates];
        for call in &self.by.calls {
            let args = call.args(input);
            let mut accumulator = call.start()?;
            for row in rows {
                let cells: Vec<Cell<'_>> = args.iter().map(|column| column.get(*row)).collect();
                accumulator.update(&cells);
            }
            call.show(accumulator.as_ref(), &mut found);
        }
        let found: Vec<Cell<'_>> = found.iter().map(Cell::of).collect();
        Ok(self.by.value.eval(&found).to_value())
    }
}
