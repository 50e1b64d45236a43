//! `join`: both sides under names of their own, keys as columns, null equal to null.

use std::sync::Arc;

use datafusion::common::{Column as DfColumn, JoinType, NullEquality};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use kql::plan::{Expr as PlanExpr, Input, JoinKind, Rel};
use kql::{Column, Type};

use super::Lower;
use super::expr::column_at;
use super::rel::project;
use super::weight::weight;
use crate::error::Result;
use crate::operator::dedup::Dedup;
use crate::operator::operator_plan;
use crate::operator::reversed::Reversed;
use crate::run::is_over_few_rows;

impl Lower<'_> {
    /// A join as a plan.
    pub(super) fn join(
        &self,
        rel: &Rel,
        kind: JoinKind,
        left: &Input,
        right: &Input,
        on: &[(PlanExpr, PlanExpr)],
        lookup: bool,
    ) -> Result<LogicalPlan> {
        let (left_keys, right_keys): (Vec<_>, Vec<_>) = on.iter().cloned().unzip();
        let (l, r) = side_names(left, right);
        let mut left_plan = self.side(left, &left_keys, l)?;
        let mut right_plan = self.side(right, &right_keys, r)?;
        // Where there are many rows their order is nobody's concern, and they are not held for its sake.
        let is_small = lookup && is_over_few_rows(&right_plan);
        if is_small {
            right_plan = operator_plan(Arc::new(Reversed { columns: side_columns(right, &right_keys, r) }), right_plan)?;
        }
        if kind == JoinKind::InnerUnique {
            let columns = side_columns(left, &left_keys, l);
            let keys = (left.columns.len()..columns.len()).collect();
            left_plan = operator_plan(Arc::new(Dedup { columns, keys }), left_plan)?;
        }
        let keys = |side: &str| (0..on.len()).map(|at| DfColumn::from_name(format!("{side}k{at}"))).collect::<Vec<_>>();
        let join_type = match kind {
            JoinKind::InnerUnique | JoinKind::Inner => JoinType::Inner,
            JoinKind::LeftOuter => JoinType::Left,
            JoinKind::RightOuter => JoinType::Right,
            JoinKind::FullOuter => JoinType::Full,
            JoinKind::LeftSemi => JoinType::LeftSemi,
            JoinKind::RightSemi => JoinType::RightSemi,
            JoinKind::LeftAnti => JoinType::LeftAnti,
            JoinKind::RightAnti => JoinType::RightAnti,
        };
        // The left side is held in memory: should it be the larger by far, they change places. What passes keeps its order.
        let (held, passing, join_type, on) = if is_small || weight(&left_plan) / 2 > weight(&right_plan) {
            (right_plan, left_plan, join_type.swap(), (keys(r), keys(l)))
        } else {
            (left_plan, right_plan, join_type, (keys(l), keys(r)))
        };
        let plan =
            LogicalPlanBuilder::from(held).join_detailed(passing, join_type, on, None, NullEquality::NullEqualsNull)?.build()?;
        let from_left = || shown(left, l, matches!(kind, JoinKind::RightOuter | JoinKind::FullOuter));
        let from_right = || shown(right, r, matches!(kind, JoinKind::LeftOuter | JoinKind::FullOuter));
        let exprs = match kind {
            JoinKind::LeftSemi | JoinKind::LeftAnti => from_left(),
            JoinKind::RightSemi | JoinKind::RightAnti => from_right(),
            _ => [from_left(), from_right()].concat(),
        };
        project(plan, exprs, &rel.columns)
    }

    /// One side: its columns as `l0`, `l1` …, its keys as `lk0` ….
    fn side(&self, input: &Input, keys: &[PlanExpr], side: &str) -> Result<LogicalPlan> {
        let plan = self.rel(input)?;
        let mut exprs = (0..input.columns.len()).map(|at| column_at(&plan, at)).collect::<Result<Vec<_>>>()?;
        exprs.extend(self.exprs(keys, &plan)?);
        project(plan, exprs, &side_columns(input, keys, side))
    }
}

/// What the names of the sides' columns begin with: `l` and `r`, or what no query writes if a column of theirs has such a name.
fn side_names(left: &Input, right: &Input) -> (&'static str, &'static str) {
    let is_side = |name: &str| {
        let number = name.strip_prefix(['l', 'r']).map(|rest| rest.strip_prefix('k').unwrap_or(rest));
        number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    };
    let is_taken = left.columns.iter().chain(&right.columns).any(|column| is_side(&column.name));
    if is_taken { ("\u{1}l", "\u{1}r") } else { ("l", "r") }
}

fn side_columns(input: &Input, keys: &[PlanExpr], side: &str) -> Vec<Column> {
    let own = input.columns.iter().enumerate().map(|(at, column)| Column::new(format!("{side}{at}"), column.ty));
    let keys = keys.iter().enumerate().map(|(at, key)| Column::new(format!("{side}k{at}"), key.ty));
    own.chain(keys).collect()
}

/// A side's columns in the result. Where the join may have padded it, a string without a row is empty, not null.
fn shown(input: &Input, side: &str, padded: bool) -> Vec<Expr> {
    let column = |(at, column): (usize, &Column)| {
        let expr = Expr::Column(DfColumn::from_name(format!("{side}{at}")));
        if padded && column.ty == Type::String {
            return coalesce(vec![expr, Expr::Literal(datafusion::common::ScalarValue::Utf8View(Some(String::new())), None)]);
        }
        expr
    };
    input.columns.iter().enumerate().map(column).collect()
}
