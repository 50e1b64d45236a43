//! A join inside a subquery: both sides in memory, the right one hashed.

use std::collections::{HashMap, HashSet};

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::common::{Result as DfResult, resources_err};
use kql::Column;
use kql::plan::{Expr, Input, JoinKind};

use super::{Context, Local, RowExpr, batch};
use crate::cell::{CellBuilder, Cells};
use crate::error::Result;
use crate::lower::Lower;
use crate::row_key;

/// Rows that such a join gives at most.
const PAIRS_MAX: usize = 1 << 24;

/// A row of the left side and one of the right, or one without the other.
type Pair = (Option<u32>, Option<u32>);

/// A compiled join.
pub(super) struct Join {
    kind: JoinKind,
    left: Local,
    right: Local,
    left_keys: Vec<RowExpr>,
    right_keys: Vec<RowExpr>,
    /// The last match of a row comes first.
    lookup: bool,
}

impl Join {
    pub(super) fn compile(
        lower: &Lower<'_>,
        kind: JoinKind,
        left: &Input,
        right: &Input,
        on: &[(Expr, Expr)],
        lookup: bool,
    ) -> Result<Join> {
        let key = |expr: &Expr| RowExpr::compile(lower, expr);
        Ok(Join {
            kind,
            left: Local::compile(lower, left)?,
            right: Local::compile(lower, right)?,
            left_keys: on.iter().map(|(left, _)| key(left)).collect::<Result<_>>()?,
            right_keys: on.iter().map(|(_, right)| key(right)).collect::<Result<_>>()?,
            lookup,
        })
    }

    pub(super) fn run(&self, columns: &[Column], context: &Context<'_>) -> DfResult<RecordBatch> {
        let left = self.left.run(context)?;
        let right = self.right.run(context)?;
        let left_keys = keys(context, &self.left, &left, &self.left_keys);
        let right_keys = keys(context, &self.right, &right, &self.right_keys);
        let pairs = self.pairs(&left_keys, &right_keys)?;
        let rows = pairs.len();
        let (from_left, from_right): (Vec<Option<u32>>, Vec<Option<u32>>) = pairs.into_iter().unzip();
        let mut arrays = Vec::with_capacity(columns.len());
        if !matches!(self.kind, JoinKind::RightSemi | JoinKind::RightAnti) {
            arrays.extend(gather(self.left.columns(), &left, from_left)?);
        }
        if !matches!(self.kind, JoinKind::LeftSemi | JoinKind::LeftAnti) {
            arrays.extend(gather(self.right.columns(), &right, from_right)?);
        }
        batch(columns, arrays, rows)
    }

    /// The rows of either side that stand together in the result.
    fn pairs(&self, left: &[Vec<u8>], right: &[Vec<u8>]) -> DfResult<Vec<Pair>> {
        let mut by_key: HashMap<&[u8], Vec<u32>> = HashMap::new();
        for (row, key) in (0..).zip(right) {
            by_key.entry(key).or_default().push(row);
        }
        let mut pairs = Vec::new();
        let mut used: HashSet<&[u8]> = HashSet::new();
        for (row, key) in (0_u32..).zip(left) {
            let is_new = used.insert(key);
            let matches = by_key.get(key.as_slice());
            match (self.kind, matches) {
                (JoinKind::InnerUnique, _) if !is_new => {}
                (JoinKind::LeftSemi, Some(_)) | (JoinKind::LeftAnti, None) => pairs.push((Some(row), None)),
                (JoinKind::LeftOuter | JoinKind::FullOuter, None) => pairs.push((Some(row), None)),
                (JoinKind::LeftSemi | JoinKind::LeftAnti | JoinKind::RightSemi | JoinKind::RightAnti, _) | (_, None) => {}
                (_, Some(rows)) if self.lookup => pairs.extend(rows.iter().rev().map(|other| (Some(row), Some(*other)))),
                (_, Some(rows)) => pairs.extend(rows.iter().map(|other| (Some(row), Some(*other)))),
            }
            if pairs.len() > PAIRS_MAX {
                return resources_err!("a join inside a subquery gives more than {PAIRS_MAX} rows");
            }
        }
        for (row, key) in (0_u32..).zip(right) {
            let has_pair = used.contains(key.as_slice());
            let shown = match self.kind {
                JoinKind::RightSemi => has_pair,
                JoinKind::RightAnti | JoinKind::RightOuter | JoinKind::FullOuter => !has_pair,
                _ => false,
            };
            if shown {
                pairs.push((None, Some(row)));
            }
        }
        Ok(pairs)
    }
}

fn keys(context: &Context<'_>, side: &Local, rows: &RecordBatch, exprs: &[RowExpr]) -> Vec<Vec<u8>> {
    let mut keys = Vec::with_capacity(rows.num_rows());
    context.each_row(side.columns(), rows, |row| {
        let mut key = Vec::new();
        exprs.iter().for_each(|expr| row_key::push(&mut key, &expr.eval_owned(row)));
        keys.push(key);
    });
    keys
}

/// The side's columns at those rows; where there is none, null or the empty string.
fn gather(columns: &[Column], rows: &RecordBatch, from: Vec<Option<u32>>) -> DfResult<Vec<ArrayRef>> {
    let from = UInt32Array::from(from);
    let mut arrays = Vec::with_capacity(columns.len());
    for (column, array) in columns.iter().zip(rows.columns()) {
        let taken = take(array, &from, None)?;
        let cells = Cells::new(column.ty, &taken);
        let mut builder = CellBuilder::new(column.ty, from.len());
        (0..from.len()).for_each(|row| builder.push(&cells.get(row)));
        arrays.push(builder.finish());
    }
    Ok(arrays)
}
