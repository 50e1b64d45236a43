//! `geo_polygon_lookup` and `geo_line_lookup`: rows joined with the rows of a table whose polygon holds their point, or whose
//! polygon or line is near it.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use kql::plan::Expr;
use kql::{Column, Type, Value};

use super::lookup::{Looking, Lookup, Matches};
use super::{Call, Plugin};
use crate::cell::{Cell, Cells};
use crate::error::Result;
use crate::local::RowExpr;
use crate::lower::Lower;
use crate::lower::operators::Parts;

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
    let real = |at| {
        let place = call.expr(at)?.clone();
        Ok::<_, crate::Error>(if place.ty == Type::Real { place } else { Expr::call("toreal", vec![place], Type::Real) })
    };
    let width = call.input.columns.len();
    let lookup = Lookup {
        name: "geo_lookup",
        columns,
        width,
        table: table.clone(),
        table_columns: rel.columns.clone(),
        shown: (0..rel.columns.len()).filter(|at| shows_key || *at != key).collect(),
        matches: Shapes { width, matches },
        unmatched: call.flag("return_unmatched", 5..),
    };
    Ok(Parts::above(call.input, vec![real(2)?, real(3)?], Looking(Arc::new(lookup))))
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

struct Shapes {
    /// How many columns the input has; behind them stand longitude and latitude.
    width: usize,
    /// For each row of the table its condition on a point.
    matches: Vec<RowExpr>,
}

impl Matches for Shapes {
    fn pairs(&self, rows: &RecordBatch) -> Vec<(u32, u32)> {
        let [longitudes, latitudes] = [0, 1].map(|at| Cells::new(Type::Real, rows.column(self.width + at)));
        let mut pairs = Vec::new();
        for (row, at) in (0..rows.num_rows()).zip(0u32..) {
            let point = [longitudes.get(row), latitudes.get(row)];
            let holds = |condition: &RowExpr| condition.eval(&point).as_bool() == Some(true);
            pairs.extend((0u32..).zip(&self.matches).filter(|(_, condition)| holds(condition)).map(|(other, _)| (at, other)));
        }
        pairs
    }
}
