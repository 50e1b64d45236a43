//! `pivot`: the values of a column as columns, an aggregate in each cell.
//!
//! Rows are the distinct combinations of the kept columns, pivoted columns come in the order of their names; a combination
//! without rows has what the aggregate gives for none (`pivot-plugin`).

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result as DfResult;
use indexmap::IndexMap;
use kql::plan::{Aggregate, Expr, ExprKind};
use kql::{Column, Type, Value};

use super::{Call, Plugin, aggregate_of, discovered_columns};
use crate::aggregate::Accumulator;
use crate::cell::{Cell, CellBuilder, Cells};
use crate::error::Result;
use crate::local::batch;
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::operator::{Operator, Run, group};
use crate::row_key;

/// The plugin.
pub(super) const PLUGIN: Plugin = Plugin::new("pivot", include_str!("pivot.md"), parts).adding(discovery);

/// The aggregate of a call; `count()` without one.
fn aggregate(call: &Call<'_>) -> Aggregate {
    call.exprs().find_map(aggregate_of).unwrap_or_else(|| Aggregate {
        function: "count".to_owned(),
        args: Vec::new(),
        part: 0,
        ty: Type::Long,
        name: String::new(),
    })
}

/// The columns that stay: those named, or all but the pivoted and the aggregated.
fn kept(call: &Call<'_>, aggregate: &Aggregate) -> Result<Vec<usize>> {
    let position = |expr: &Expr| if let ExprKind::Column(at) = expr.kind { Some(at) } else { None };
    let pivoted = position(call.expr(0)?);
    let named: Vec<usize> = call.exprs().skip(1).filter(|expr| aggregate_of(expr).is_none()).filter_map(position).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let aggregated: Vec<usize> = aggregate.args.iter().filter_map(position).collect();
    Ok((0..call.input.columns.len()).filter(|at| Some(*at) != pivoted && !aggregated.contains(at)).collect())
}

fn pivot_text(call: &Call<'_>) -> Result<Expr> {
    let pivoted = call.expr(0)?.clone();
    Ok(if pivoted.ty == Type::String { pivoted } else { Expr::call("tostring", vec![pivoted], Type::String) })
}

/// The operator that pivots into `columns`.
fn parts(lower: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let aggregate = aggregate(call);
    let kept = kept(call, &aggregate)?;
    let mut below: Vec<Expr> = kept.iter().map(|at| Expr::column(*at, call.input.columns[*at].ty)).collect();
    let keys = below.iter().map(|key| key.ty).collect();
    below.push(pivot_text(call)?);
    let Some(by) = lower.calls(&[aggregate], &mut below)?.pop() else {
        return Err(crate::Error::new(crate::error::code::INTERNAL, "pivot without an aggregate"));
    };
    Ok(Parts::computed(call.input, below, Pivot { shared: Arc::new(Shared { columns, keys, by }) }))
}

#[derive(Debug)]
struct Shared {
    columns: Vec<Column>,
    keys: Vec<Type>,
    by: group::Call,
}

#[derive(Debug)]
struct Pivot {
    shared: Arc<Shared>,
}

impl Operator for Pivot {
    fn name(&self) -> &'static str {
        "pivot"
    }

    fn columns(&self) -> &[Column] {
        &self.shared.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(Pass { shared: Arc::clone(&self.shared), groups: IndexMap::new(), bytes: 0 })
    }
}

struct Pass {
    shared: Arc<Shared>,
    groups: IndexMap<Vec<u8>, Group>,
    bytes: usize,
}

struct Group {
    keys: Vec<Value>,
    cells: BTreeMap<String, Box<dyn Accumulator>>,
}

impl Run for Pass {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let shared = Arc::clone(&self.shared);
        let keys: Vec<Cells<'_>> = shared.keys.iter().enumerate().map(|(at, ty)| Cells::new(*ty, rows.column(at))).collect();
        let pivots = Cells::new(Type::String, rows.column(keys.len()));
        let types = shared.by.args.iter().zip(&shared.by.call.types);
        let args: Vec<Cells<'_>> = types.map(|(at, ty)| Cells::new(*ty, rows.column(*at))).collect();
        for row in 0..rows.num_rows() {
            let mut key = Vec::new();
            keys.iter().for_each(|column| row_key::push(&mut key, &column.get(row)));
            let values = || keys.iter().map(|column| column.get(row).to_value()).collect();
            let group = self.groups.entry(key).or_insert_with(|| Group { keys: values(), cells: BTreeMap::new() });
            let pivot = pivots.get(row);
            if !group.cells.contains_key(pivot.as_str()) {
                self.bytes += 128 + pivot.as_str().len();
                group.cells.insert(pivot.as_str().to_owned(), shared.by.start()?);
            }
            let cells: Vec<Cell<'_>> = args.iter().map(|column| column.get(row)).collect();
            if let Some(accumulator) = group.cells.get_mut(pivot.as_str()) {
                accumulator.update(&cells);
            }
        }
        Ok(None)
    }

    fn finish(&mut self) -> DfResult<Vec<RecordBatch>> {
        let shared = &self.shared;
        let empty = shared.by.start()?.finish().into_iter().next().unwrap_or(Value::Null);
        let mut builders: Vec<CellBuilder> = shared.columns.iter().map(|c| CellBuilder::new(c.ty, self.groups.len())).collect();
        for group in self.groups.values() {
            for (at, (column, builder)) in shared.columns.iter().zip(&mut builders).enumerate() {
                match group.keys.get(at) {
                    Some(key) => builder.push(&Cell::of(key)),
                    None => {
                        let value = group.cells.get(&column.name).and_then(|cell| cell.finish().into_iter().next());
                        builder.push(&Cell::of(value.as_ref().unwrap_or(&empty)));
                    }
                }
            }
        }
        let arrays = builders.iter_mut().map(CellBuilder::finish).collect();
        Ok(vec![batch(&shared.columns, arrays, self.groups.len())?])
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

/// The operator whose rows are the columns that the pivoted values make.
fn discovery(call: &Call<'_>) -> Result<Parts> {
    let ty = aggregate(call).ty;
    Ok(Parts::computed(call.input, vec![pivot_text(call)?], Names { columns: discovered_columns(), ty }))
}

#[derive(Clone, Debug)]
struct Names {
    columns: Vec<Column>,
    ty: Type,
}

impl Operator for Names {
    fn name(&self) -> &'static str {
        "pivot names"
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(NamesRun { columns: self.columns.clone(), ty: self.ty, found: BTreeMap::new() })
    }
}

struct NamesRun {
    columns: Vec<Column>,
    ty: Type,
    found: BTreeMap<String, ()>,
}

impl Run for NamesRun {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let pivots = Cells::new(Type::String, rows.column(0));
        for row in 0..rows.num_rows() {
            let pivot = pivots.get(row);
            if !self.found.contains_key(pivot.as_str()) {
                self.found.insert(pivot.as_str().to_owned(), ());
            }
        }
        Ok(None)
    }

    fn finish(&mut self) -> DfResult<Vec<RecordBatch>> {
        let mut names = CellBuilder::new(Type::String, self.found.len());
        let mut types = CellBuilder::new(Type::String, self.found.len());
        for name in self.found.keys() {
            names.push(&Cell::text(name.as_str()));
            types.push(&Cell::text(self.ty.name()));
        }
        Ok(vec![batch(&self.columns, vec![names.finish(), types.finish()], self.found.len())?])
    }
}
