//! Relations, one by one.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::catalog::TableProvider;
use datafusion::common::Column as DfColumn;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection, Sort, SortExpr, Union, lit, when};
use kql::catalog::time_alias;
use kql::plan::{self, Rel, RelKind};
use kql::{Column, Type, Value};

use super::expr::column_at;
use super::operators::Parts;
use super::{Lower, fuse, scalar_value, split};
use crate::cell::{Cell, CellBuilder};
use crate::error::{Error, Result, code};
use crate::operator::{operator_plan, schema};

impl Lower<'_> {
    /// The relation as a plan.
    pub fn rel(&self, rel: &Rel) -> Result<LogicalPlan> {
        match &rel.kind {
            RelKind::Table { name, database } => match self.resolved.tables.get(name, database.as_deref()) {
                Some(table) => self.stored(name, table, &rel.columns),
                None => {
                    Err(Error::new(code::NO_TABLE, format!("no log fills the table {name}; name one with --table or --logs")))
                }
            },
            RelKind::Shared(position) => match self.resolved.shared.get(position) {
                Some(table) => self.scan(table, &rel.columns),
                None => Err(Error::new(code::INTERNAL, format!("no shared relation at {position}"))),
            },
            RelKind::Context => Err(Error::new(code::INTERNAL, "a subquery's rows are not at hand here")),
            RelKind::One => Ok(LogicalPlanBuilder::empty(true).build()?),
            RelKind::Values(rows) => self.scan(&(memory_table(vec![values(&rel.columns, rows)?])?), &rel.columns),
            RelKind::Range { from, to, step } => {
                let range =
                    crate::source::Range::new(&rel.columns[0], [from, to, step].map(|e| super::fold(e, &self.resolved.scalars)))?;
                self.scan(&range.table()?, &rel.columns)
            }
            RelKind::External { uris, options } => {
                self.scan(&self.resolved.externals.table(uris, options, &rel.columns)?, &rel.columns)
            }
            RelKind::Filter { input, predicate } => {
                let (input, predicate) = fuse::filters(input, predicate);
                let plan = self.rel(input)?;
                let predicate = self.expr(&predicate, &plan)?;
                Ok(LogicalPlanBuilder::from(plan).filter(predicate)?.build()?)
            }
            RelKind::Project { input, exprs } => {
                let (input, exprs) = fuse::projections(input, exprs);
                let plan = self.rel(input)?;
                let exprs = self.exprs(&split::fused(&exprs, input), &plan)?;
                project(plan, exprs, &rel.columns)
            }
            RelKind::Aggregate { input, keys, aggregates } => self.aggregate(rel, input, keys, aggregates),
            RelKind::Sort { input, keys } => {
                let input = fuse::unsorted(input);
                let plan = self.rel(input)?;
                let keys = self.sort_keys(keys, &plan)?;
                Ok(sorted(plan, keys))
            }
            RelKind::Take { input, count } => {
                let plan = self.rel(input)?;
                Ok(LogicalPlanBuilder::from(plan).limit(0, Some(self.count(count)?))?.build()?)
            }
            RelKind::Join { kind, left, right, on, lookup } => self.join(rel, *kind, left, right, on, *lookup),
            RelKind::Union(inputs) => self.union(inputs, &rel.columns),
            RelKind::Sample { input, count, distinct: Some(of) } => self.rel(&sample_distinct(rel, input, count, of)),
            RelKind::TopHitters { input, count, of, by } => self.rel(&top_hitters(rel, input, count, of, by.as_ref())),
            RelKind::GraphMatch(_) | RelKind::GraphNodes { .. } | RelKind::GraphEdges { .. } | RelKind::GraphPartition { .. } => {
                self.scan(&self.graph_rows(rel)?, &rel.columns)
            }
            RelKind::GetSchema(input) => self.scan(&memory_table(vec![schema_rows(rel, input)?])?, &rel.columns),
            _ => {
                let parts = self.operator(rel)?;
                let below = self.below(&parts)?;
                Ok(operator_plan(parts.operator, below)?)
            }
        }
    }

    /// A constant row count; negative ones are none.
    pub(crate) fn count(&self, count: &plan::Expr) -> Result<usize> {
        match super::fold(count, &self.resolved.scalars) {
            Some(value) => Ok(usize::try_from(Cell::of(&value).as_long().unwrap_or(0)).unwrap_or(0)),
            None => Err(Error::new(code::ARGUMENT, "a number of rows must be a constant")),
        }
    }

    /// The rows that an operator stands on.
    pub(crate) fn below(&self, parts: &Parts) -> Result<LogicalPlan> {
        let input = &parts.input;
        let plan = self.rel(input)?;
        let kept: &[Column] = if parts.keep_input { &input.columns } else { &[] };
        if parts.extra.is_empty() && parts.keep_input {
            return Ok(plan);
        }
        let mut exprs = (0..kept.len()).map(|at| column_at(&plan, at)).collect::<Result<Vec<_>>>()?;
        exprs.extend(self.exprs(&parts.extra, &plan)?);
        project(plan, exprs, &with_extra_columns(kept, &parts.extra))
    }

    /// The wanted columns of a relation that is at hand; those it lacks are null.
    fn scan(&self, table: &Arc<dyn TableProvider>, columns: &[Column]) -> Result<LogicalPlan> {
        scan(table, columns, |_| None)
    }

    /// The wanted columns of a stored table. Where its files lack one that a workspace gives every row, it is made: `Type` is the
    /// table's name, and of a Defender table's two columns of time the one stands for the other.
    fn stored(&self, name: &str, table: &Arc<dyn TableProvider>, columns: &[Column]) -> Result<LogicalPlan> {
        scan(table, columns, |column| match (column.name.as_str(), column.ty) {
            ("Type", Type::String) if name.ends_with("_CL") || kql::catalog::table(name).is_some() => {
                Some(Expr::Literal(scalar_value(&Value::String(name.to_owned()), Type::String), None))
            }
            (time, Type::DateTime) => {
                let other = time_alias(name, time).filter(|other| table.schema().column_with_name(other).is_some());
                other.map(|other| Expr::Column(DfColumn::from_name(other)))
            }
            _ => None,
        })
    }

    fn union(&self, inputs: &[plan::Input], columns: &[Column]) -> Result<LogicalPlan> {
        let mut plans = Vec::with_capacity(inputs.len());
        for input in inputs {
            let plan = self.rel(input)?;
            let exprs = (0..columns.len()).map(|at| column_at(&plan, at)).collect::<Result<_>>()?;
            plans.push(Arc::new(project(plan, exprs, columns)?));
        }
        match plans.len() {
            0 => self.scan(&memory_table(vec![values(columns, &[])?])?, columns),
            1 => Ok(Arc::unwrap_or_clone(plans.remove(0))),
            _ => Ok(LogicalPlan::Union(Union::try_new_with_loose_types(plans)?)),
        }
    }

    /// Sort keys. Beside nulls go the NaNs: before all numbers when ascending, after them when descending. Decimals are texts of
    /// digits: they go by a text that is in their order.
    pub(crate) fn sort_keys(&self, keys: &[plan::SortKey], over: &LogicalPlan) -> Result<Vec<SortExpr>> {
        let mut out = Vec::with_capacity(keys.len());
        for key in keys {
            let mut expr = self.expr(&key.expr, over)?;
            if key.expr.ty == Type::Real {
                let null = if key.nulls_first { 0 } else { 3 };
                let (nan, number) = if key.descending { (2, 1) } else { (1, 2) };
                let place = when(expr.clone().is_null(), lit(null))
                    .when(expr.clone().gt(lit(f64::INFINITY)), lit(nan))
                    .otherwise(lit(number))?;
                out.push(SortExpr::new(place, true, false));
            }
            if key.expr.ty == Type::Decimal {
                out.push(SortExpr::new(expr.is_null(), !key.nulls_first, false));
                let call = plan::Expr::call("$decimal_order", vec![key.expr.clone()], Type::String);
                expr = self.expr(&call, over)?;
            }
            out.push(SortExpr::new(expr, !key.descending, key.nulls_first));
        }
        Ok(out)
    }
}

/// The plan in order. DataFusion's builder takes a key that was computed for a sort below for a column of that sort.
fn sorted(plan: LogicalPlan, keys: Vec<SortExpr>) -> LogicalPlan {
    LogicalPlan::Sort(Sort { expr: keys, input: Arc::new(plan), fetch: None })
}

/// The wanted columns of a table; those it lacks are `made`, else null.
fn scan(table: &Arc<dyn TableProvider>, columns: &[Column], made: impl Fn(&Column) -> Option<Expr>) -> Result<LogicalPlan> {
    let known = table.schema();
    let exprs: Vec<Expr> = columns
        .iter()
        .map(|column| match known.column_with_name(&column.name) {
            Some(_) => Expr::Column(DfColumn::from_name(&column.name)),
            None => made(column).unwrap_or_else(|| Expr::Literal(scalar_value(&Value::Null, column.ty), None)),
        })
        .collect();
    let place = |expr: &Expr| if let Expr::Column(column) = expr { known.index_of(&column.name).ok() } else { None };
    let mut read: BTreeSet<usize> = exprs.iter().filter_map(place).collect();
    if read.is_empty() {
        // Rows without columns cannot be counted.
        read.extend((0..known.fields().len()).take(1));
    }
    let plan = LogicalPlanBuilder::scan("t", provider_as_source(Arc::clone(table)), Some(read.into_iter().collect()))?.build()?;
    project(plan, exprs, columns)
}

/// The plan with those expressions as its columns, under their names.
///
/// A computed column whose name the rows below have already gets another one: DataFusion takes `x + 1 AS x` over `x + 1 AS x` for
/// the same thing twice. What is above finds columns by position.
pub(super) fn project(plan: LogicalPlan, exprs: Vec<Expr>, columns: &[Column]) -> Result<LogicalPlan> {
    if columns.is_empty() {
        return Ok(plan);
    }
    let schema = Arc::clone(plan.schema());
    let name = |expr: &Expr, name: &str| {
        let is_itself = matches!(expr, Expr::Column(column) if column.name == name);
        let taken = |name: &str| schema.fields().iter().any(|field| field.name() == name);
        let numbered = (1..).map(|n| format!("{name}\u{2}{n}"));
        let free = || numbered.into_iter().find(|name| !taken(name)).unwrap_or_default();
        if is_itself || !taken(name) { name.to_owned() } else { free() }
    };
    let named: Vec<Expr> = exprs
        .into_iter()
        .zip(columns)
        .map(|(expr, column)| {
            let name = name(&expr, &column.name);
            // A column that is called so needs no other name, which every rule would have to look through.
            let is_called_so = matches!(&expr, Expr::Column(column) if column.relation.is_none() && column.name == name);
            if is_called_so { expr } else { expr.alias(name) }
        })
        .collect();
    // Not by a builder, which looks in the whole plan for what the columns may be called.
    Ok(LogicalPlan::Projection(Projection::try_new(named, Arc::new(plan))?))
}

/// The input's columns and those of computed expressions behind them, under names that no query writes.
pub(crate) fn with_extra_columns(columns: &[Column], extra: &[plan::Expr]) -> Vec<Column> {
    let computed = extra.iter().enumerate().map(|(at, expr)| Column::new(format!("\u{1}{at}"), expr.ty));
    columns.iter().cloned().chain(computed).collect()
}

/// Rows of values as a batch.
pub(crate) fn values(columns: &[Column], rows: &[Vec<Value>]) -> Result<RecordBatch> {
    let arrays: Vec<ArrayRef> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let mut builder = CellBuilder::new(column.ty, rows.len());
            rows.iter().for_each(|row| builder.push(&row.get(at).map_or(Cell::Null, Cell::of)));
            builder.finish()
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(schema(columns), arrays, &options)
        .map_err(|error| Error::new(code::INTERNAL, error.to_string()))
}

/// A table of batches in memory; at least one batch, for its schema.
pub(crate) fn memory_table(batches: Vec<RecordBatch>) -> Result<Arc<dyn TableProvider>> {
    let Some(first) = batches.first() else { return Err(Error::new(code::INTERNAL, "a table without a batch")) };
    Ok(Arc::new(MemTable::try_new(first.schema(), vec![batches])?))
}

/// `sample-distinct` as the operators that it is made of.
pub(crate) fn sample_distinct(rel: &Rel, input: &plan::Input, count: &plan::Expr, of: &plan::Expr) -> Rel {
    let values = RelKind::Aggregate { input: input.clone(), keys: vec![of.clone()], aggregates: Vec::new() };
    same_columns(rel, RelKind::Take { input: Arc::new(same_columns(rel, values)), count: count.clone() })
}

/// `top-hitters`, exactly: the values with the greatest count, or sum of weights.
pub(crate) fn top_hitters(rel: &Rel, input: &plan::Input, count: &plan::Expr, of: &plan::Expr, by: Option<&plan::Expr>) -> Rel {
    let ty = rel.columns.last().map_or(Type::Long, |column| column.ty);
    let (function, args) = by.map_or(("count", Vec::new()), |by| ("sum", vec![by.clone()]));
    let weight = plan::Aggregate { function: function.to_owned(), args, part: 0, ty, name: String::new() };
    let values = RelKind::Aggregate { input: input.clone(), keys: vec![of.clone()], aggregates: vec![weight] };
    let key = plan::SortKey { expr: plan::Expr::column(1, ty), descending: true, nulls_first: false };
    let sorted = RelKind::Sort { input: Arc::new(same_columns(rel, values)), keys: vec![key] };
    same_columns(rel, RelKind::Take { input: Arc::new(same_columns(rel, sorted)), count: count.clone() })
}

fn same_columns(rel: &Rel, kind: RelKind) -> Rel {
    Rel { kind, columns: rel.columns.clone(), open: false, ordered: rel.ordered }
}

/// What `getschema` says of a relation's columns.
pub(crate) fn schema_rows(rel: &Rel, of: &Rel) -> Result<RecordBatch> {
    let text = |text: &str| Value::String(text.to_owned());
    let row = |(ordinal, column): (usize, &Column)| {
        let ordinal = i32::try_from(ordinal).unwrap_or(i32::MAX);
        vec![text(&column.name), Value::Int(ordinal), text(clr_name(column.ty)), text(column.ty.name())]
    };
    values(&rel.columns, &of.columns.iter().enumerate().map(row).collect::<Vec<_>>())
}

/// The .NET type that `getschema` names for a Kusto type.
pub(crate) fn clr_name(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "System.SByte",
        Type::DateTime => "System.DateTime",
        Type::Decimal => "System.Data.SqlTypes.SqlDecimal",
        Type::Dynamic | Type::Unknown => "System.Object",
        Type::Guid => "System.Guid",
        Type::Int => "System.Int32",
        Type::Long => "System.Int64",
        Type::Real => "System.Double",
        Type::String => "System.String",
        Type::TimeSpan => "System.TimeSpan",
    }
}
