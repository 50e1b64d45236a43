//! `geo_polygon_lookup` and `geo_line_lookup`: rows joined with the rows of a table whose polygon holds their point, or whose
//! polygon or line is near it.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::common::Result as DfResult;
use kql::plan::Expr;
use kql::{Column, Type, Value};

use super::{Call, Plugin};
use crate::cell::{Cell, CellBuilder, Cells};
use crate::error::Result;
use crate::local::{RowExpr, batch};
use crate::lower::Lower;
use crate::lower::operators::Parts;
use crate::operator::{Operator, Run};

/// `geo_line_lookup`.
pub(super) const LINE: Plugin = Plugin::new("geo_line_lookup", include_str!("geo_lookup.md"), |lower, call, columns| {
    parts(lower, call, columns, Shape::Line)
});
/// `geo_polygon_lookup`.
pub(super) const POLYGON: Plugin = Plugin::new("geo_polygon_lookup", include_str!("geo_lookup.md"), |lower, call, columns| {
    parts(lower, call, columns, Shape::Polygon)
});

/// What a point is looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Line,
    Polygon,
}

fn parts(lower: &Lower<'_>, call: &Call<'_>, columns: Vec<Column>, shape: Shape) -> Result<Parts> {
    let rel = call.lookup_table()?;
    let table = call.table(lower, rel)?;
    let key = call.lookup_column(1, rel)?;
    let radius = call.constant("radius", 4).filter(|value| Cell::of(value).as_real().is_some());
    let radius = if shape == Shape::Line && radius.is_none() { Some(call.value(4, "radius")?) } else { radius };
    let shows_key = call.flag("return_lookup_key", 7..);
    let cells = Cells::new(rel.columns[key].ty, table.column(key));
    let mut matches = Vec::with_capacity(table.num_rows());
    for row in 0..table.num_rows() {
        let condition = condition(shape, cells.get(row).to_value(), radius.as_ref());
        matches.push(RowExpr::compile(lower, &condition)?);
    }
    let shown = (0..rel.columns.len()).filter(|at| shows_key || *at != key).collect();
    let real = |at| {
        let place = call.expr(at)?.clone();
        Ok::<_, crate::Error>(if place.ty == Type::Real { place } else { Expr::call("toreal", vec![place], Type::Real) })
    };
    let lookup = Lookup {
        width: call.input.columns.len(),
        columns,
        table: table.clone(),
        table_columns: rel.columns.clone(),
        shown,
        matches,
        unmatched: call.flag("return_unmatched", 5..),
    };
    Ok(Parts::above(call.input, vec![real(2)?, real(3)?], GeoLookup(Arc::new(lookup))))
}

/// Whether a point, longitude and latitude, is in the polygon, or not further away than the radius.
fn condition(shape: Shape, key: Value, radius: Option<&Value>) -> Expr {
    let args = vec![Expr::column(0, Type::Real), Expr::column(1, Type::Real), Expr::literal(key, Type::Dynamic)];
    let Some(radius) = radius else { return Expr::call("geo_point_in_polygon", args, Type::Bool) };
    let function = if shape == Shape::Line { "geo_distance_point_to_line" } else { "geo_distance_point_to_polygon" };
    let radius = Cell::of(radius).as_real().map_or(Value::Null, Value::Real);
    let distance = Expr::call(function, args, Type::Real);
    Expr::call("<=", vec![distance, Expr::literal(radius, Type::Real)], Type::Bool)
}

struct Lookup {
    /// How many columns the input has; behind them stand longitude and latitude.
    width: usize,
    columns: Vec<Column>,
    table: RecordBatch,
    table_columns: Vec<Column>,
    shown: Vec<usize>,
    /// For each row of the table its condition on a point.
    matches: Vec<RowExpr>,
    unmatched: bool,
}

#[derive(Clone)]
struct GeoLookup(Arc<Lookup>);

impl fmt::Debug for GeoLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeoLookup").field("columns", &self.0.columns).finish_non_exhaustive()
    }
}

impl Operator for GeoLookup {
    fn name(&self) -> &'static str {
        "geo_lookup"
    }

    fn columns(&self) -> &[Column] {
        &self.0.columns
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Run> {
        Box::new(self.clone())
    }
}

impl Run for GeoLookup {
    fn push(&mut self, rows: &RecordBatch) -> DfResult<Option<RecordBatch>> {
        let lookup = &self.0;
        let places = [0, 1].map(|at| Cells::new(Type::Real, rows.column(lookup.width + at)));
        let (mut from, mut found): (Vec<u32>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
        for (row, at) in (0..rows.num_rows()).zip(0u32..) {
            let point = [places[0].get(row), places[1].get(row)];
            let before = from.len();
            let holds = |condition: &RowExpr| condition.eval(&point).as_bool() == Some(true);
            found.extend(lookup.matches.iter().enumerate().filter(|(_, condition)| holds(condition)).map(|(row, _)| Some(row)));
            if found.len() == before && lookup.unmatched {
                found.push(None);
            }
            from.resize(found.len(), at);
        }
        let from = UInt32Array::from(from);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(lookup.columns.len());
        for array in rows.columns().iter().take(lookup.width) {
            arrays.push(take(array, &from, None)?);
        }
        for at in &lookup.shown {
            let column = &lookup.table_columns[*at];
            let cells = Cells::new(column.ty, lookup.table.column(*at));
            let mut builder = CellBuilder::new(column.ty, found.len());
            found.iter().for_each(|row| builder.push(&row.map_or(Cell::Null, |row| cells.get(row))));
            arrays.push(builder.finish());
        }
        Ok(Some(batch(&lookup.columns, arrays, found.len())?))
    }
}
