//! `toscalar` over the rows that a subquery is handed, which are others each time it runs.
//!
//! In: an operator of such a subquery. Out: the same over its rows with each of these values beside them, as a column that the call
//! stands for and that nothing else sees.
//! Source: Kusto reference, "partition operator", whose example divides by a sum of the partition at hand.

use std::sync::Arc;

use super::Binder;
use super::flow::Flow;
use super::resolve::open_column;
use super::source::is_made_of;
use crate::plan::{Expr, JoinKind, RelKind};
use crate::types::{Column, Type, Value};

/// How the names of such columns begin.
const HIDDEN: &str = "$handed";

/// The values of this kind in the operator that is being bound.
#[derive(Debug, Default)]
pub(super) struct Handed {
    found: Vec<Flow>,
    /// How many of them stand in columns already; none while they are only looked for.
    given: Option<usize>,
}

/// The column is none of the query's.
pub(super) fn is_hidden(column: &Column) -> bool {
    column.name.starts_with(HIDDEN)
}

impl Binder<'_> {
    /// Binds an operator, and once more with the values beside its rows if it asks for some.
    pub(super) fn with_handed(&mut self, input: &Flow, bind: impl Fn(&mut Self, &Flow) -> Flow) -> Flow {
        if self.handing.is_empty() {
            return bind(self, input);
        }
        let outer = std::mem::take(&mut self.handed);
        let (env, unnamed, open_count) = (self.env, self.unnamed, self.open_count);
        let sizes = (self.shared.len(), self.scalars.len(), self.opens.len());
        let mut flow = bind(self, input);
        let found = std::mem::take(&mut self.handed.found);
        if !found.is_empty() {
            (self.env, self.unnamed, self.open_count) = (env, unnamed, open_count);
            self.shared.truncate(sizes.0);
            self.scalars.truncate(sizes.1);
            self.opens.truncate(sizes.2);
            self.handed.given = Some(0);
            flow = shown(&bind(self, &beside(input, &found)));
        }
        self.handed = outer;
        flow
    }

    /// The first value of `rows`, which are made of those that the subquery at hand is handed; nothing where no column can hold it.
    pub(super) fn handed_value(&mut self, rows: &Flow, ty: Type) -> Option<Expr> {
        let scope = self.scopes.last().filter(|scope| scope.reads_rows())?;
        if !is_made_of(&rows.rel, self.handing.last()?) {
            return None;
        }
        if let Some(number) = &mut self.handed.given {
            *number += 1;
            return scope.column(&format!("{HIDDEN}{number}"));
        }
        let one = Expr::literal(Value::Long(1), Type::Long);
        let first = rows.pick(&[0]);
        self.handed.found.push(first.same(RelKind::Take { input: first.rel.clone(), count: one }));
        Some(Expr { ty, ..open_column(HIDDEN) })
    }
}

/// The rows with the value of each of `found` beside them.
fn beside(input: &Flow, found: &[Flow]) -> Flow {
    let mut flow = input.clone();
    for (at, value) in found.iter().enumerate() {
        let mut columns = flow.columns().to_vec();
        columns.push(Column::new(format!("{HIDDEN}{}", at + 1), value.columns()[0].ty));
        let (left, right) = (flow.rel.clone(), Arc::clone(&value.rel));
        let kind = RelKind::Join { kind: JoinKind::LeftOuter, left, right, on: Vec::new(), lookup: false };
        flow = flow.with_columns(kind, columns, input.rel.open);
    }
    flow
}

/// The rows without the columns that are none of the query's.
fn shown(flow: &Flow) -> Flow {
    let kept = flow.columns().iter().enumerate().filter(|(_, column)| !is_hidden(column));
    let (columns, exprs): (Vec<Column>, Vec<Expr>) =
        kept.map(|(at, column)| (column.clone(), Expr::column(at, column.ty))).unzip();
    if columns.len() == flow.columns().len() {
        return flow.clone();
    }
    flow.with_columns(RelKind::Project { input: flow.rel.clone(), exprs }, columns, flow.rel.open)
}
