//! `pivot`: the values of a column as columns, an aggregate in each cell.
//!
//! Rows are the distinct combinations of the kept columns, pivoted columns come in the order of their names; a combination
//! without rows has what the aggregate gives for none (`pivot-plugin`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::common::Result as DfResult;
use kql::plan::{Aggregate, Expr, ExprKind, PluginArg};
use kql::{Column, Type, Value};

use super::by_key::ByKey;
use super::gather::{self, Gather, Row};
use super::{Call, Plugin, aggregate_of, discovered_columns};
use crate::aggregate::Accumulator;
use crate::aggregate::measure::Measure;
use crate::cell::Cell;
use crate::error::Result;
use crate::lower::operators::Parts;
use crate::lower::{Lower, fold};
use crate::operator::group;

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

/// What stands in a column of the result.
#[derive(Debug)]
enum Source {
    /// The kept column at that place.
    Kept(usize),
    /// The aggregate of that value's rows.
    Value(String),
}

/// Columns that the data made come behind the kept ones, and the binder says which value each is of; else names tell.
fn sources(call: &Call<'_>, kept: &[usize], columns: &[Column]) -> Vec<Source> {
    let found = |arg: &PluginArg| match arg {
        PluginArg::Expr(Some(name), expr) if name == "$found" => fold(expr, call.scalars).map(|value| value.to_text()),
        _ => None,
    };
    let found: Vec<String> = call.args.iter().filter_map(found).collect();
    if found.is_empty() {
        let place = |column: &Column| kept.iter().position(|at| call.input.columns[*at].name == column.name);
        return columns.iter().map(|c| place(c).map_or_else(|| Source::Value(c.name.clone()), Source::Kept)).collect();
    }
    (0..kept.len()).map(Source::Kept).chain(found.into_iter().map(Source::Value)).collect()
}

/// The operator that pivots into `columns`.
fn parts(lower: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>) -> Result<Parts> {
    let aggregate = aggregate(call);
    let kept = kept(call, &aggregate)?;
    let sources = Arc::new(sources(call, &kept, &columns));
    let mut below: Vec<Expr> = kept.iter().map(|at| Expr::column(*at, call.input.columns[*at].ty)).collect();
    let keys = below.len();
    below.push(pivot_text(call)?);
    let Some(by) = lower.calls(&[aggregate], &mut below)?.pop() else {
        return Err(crate::Error::new(crate::error::code::INTERNAL, "pivot without an aggregate"));
    };
    let start = move || Pivot {
        sources: Arc::clone(&sources),
        keys,
        by: by.clone(),
        groups: ByKey::default(),
        cells: 0,
        measure: Measure::default(),
    };
    Ok(gather::parts("pivot", call.input, below, columns, start))
}

struct Pivot {
    sources: Arc<Vec<Source>>,
    keys: usize,
    by: group::Call,
    groups: ByKey<Group>,
    /// How many cells all groups have.
    cells: usize,
    measure: Measure,
}

/// The rows of one combination of the kept columns.
struct Group {
    keys: Vec<Value>,
    cells: BTreeMap<String, Box<dyn Accumulator>>,
}

impl Group {
    fn size(&self) -> usize {
        self.cells.iter().map(|(name, accumulator)| cell_size(name, accumulator.as_ref())).sum()
    }
}

fn cell_size(name: &str, accumulator: &dyn Accumulator) -> usize {
    64 + name.len() + accumulator.size()
}

impl Gather for Pivot {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let (keys, [pivot, ..]) = row.split_at(self.keys.min(row.len())) else { return Ok(()) };
        let new = || Group { keys: keys.iter().map(Cell::to_value).collect(), cells: BTreeMap::new() };
        let group = self.groups.of(keys, new);
        if !group.cells.contains_key(pivot.as_str()) {
            let accumulator = self.by.start()?;
            self.measure.add(cell_size(pivot.as_str(), accumulator.as_ref()));
            self.cells += 1;
            group.cells.insert(pivot.as_str().to_owned(), accumulator);
        }
        let args: Vec<Cell<'_>> = self.by.args.iter().map(|at| row[*at].clone()).collect();
        if let Some(accumulator) = group.cells.get_mut(pivot.as_str()) {
            accumulator.update(&args);
        }
        let groups = &self.groups;
        self.measure.take(1, self.cells, || groups.values().map(Group::size).sum());
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let empty = Cell::of(&self.by.start()?.finish().into_iter().next().unwrap_or(Value::Null)).into_owned();
        let cell = |group: &Group, source: &Source| match source {
            Source::Kept(at) => group.keys.get(*at).map_or(Cell::Null, |key| Cell::of(key).into_owned()),
            Source::Value(name) => {
                let found = group.cells.get(name).and_then(|cell| cell.finish().into_iter().next());
                found.map_or_else(|| empty.clone(), |value| Cell::of(&value).into_owned())
            }
        };
        Ok(self.groups.values().map(|group| self.sources.iter().map(|source| cell(group, source)).collect()).collect())
    }

    fn size(&self) -> usize {
        self.groups.bytes() + self.measure.bytes()
    }

    /// Each combination has a cell for each column, filled or not.
    fn finish_size(&self) -> usize {
        self.groups.len().saturating_mul(self.sources.len()).saturating_mul(size_of::<Cell<'_>>())
    }
}

/// The operator whose rows are the columns that the pivoted values make.
fn discovery(call: &Call<'_>) -> Result<Parts> {
    let ty = aggregate(call).ty;
    let start = move || Names { ty, found: BTreeSet::new(), bytes: 0 };
    Ok(gather::parts("pivot names", call.input, vec![pivot_text(call)?], discovered_columns(), start))
}

struct Names {
    ty: Type,
    found: BTreeSet<String>,
    bytes: usize,
}

impl Gather for Names {
    fn row(&mut self, row: &[Cell<'_>]) -> DfResult<()> {
        let Some(name) = row.first().map(Cell::as_str).filter(|name| !self.found.contains(*name)) else { return Ok(()) };
        self.bytes += 64 + name.len();
        self.found.insert(name.to_owned());
        Ok(())
    }

    fn finish(&mut self) -> DfResult<Vec<Row>> {
        let found = std::mem::take(&mut self.found);
        Ok(found.into_iter().map(|name| vec![Cell::text(name), Cell::text(self.ty.name())]).collect())
    }

    fn size(&self) -> usize {
        self.bytes
    }
}
