//! What the columns of a result are to a chart: rows and the properties of `render` in; axes, measures and series out.
//!
//! Where the query does not say which column is which, the guess is Kusto's (`render-operator`, "user agents are free to guess"):
//! the first column that can be the axis is, numbers are measures, texts tell series apart. Arrays (of `make-series`) are unfolded.

use std::collections::HashMap;

use kql::plan::Render;
use kql::{Rows, Type, Value, time};
use serde_json::Value as Json;

use super::scale::{moment, plain};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Time,
    Span,
    Text,
}

/// Where a point stands along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Value(f64),
    Name(String),
}

/// Which column is what, by position.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    pub(super) x: usize,
    pub(super) measures: Vec<usize>,
    pub(super) series: Vec<usize>,
    pub(super) hot: Vec<usize>,
}

/// One point as the rows have it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    /// The measure's place, and the name of the series.
    pub(super) measure: usize,
    pub(super) series: String,
    pub(super) place: Place,
    pub(super) value: Option<f64>,
    pub(super) hot: bool,
}

/// Rows and what is asked of them.
pub(super) struct Reading<'a> {
    pub(super) rows: &'a Rows,
    render: &'a Render,
    /// The query put the rows in order.
    pub(super) ordered: bool,
    /// Each column's kind, and whether its cells are arrays.
    pub(super) kinds: Vec<(Kind, bool)>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(rows: &'a Rows, render: &'a Render, ordered: bool) -> Reading<'a> {
        let kinds = (0..rows.columns.len()).map(|at| kind(rows, at)).collect();
        Reading { rows, render, ordered, kinds }
    }

    /// The value of a property.
    pub(super) fn property(&self, name: &str) -> Option<&'a str> {
        let mut properties = self.render.properties.iter().rev();
        properties.find(|(property, _)| property == name).map(|(_, value)| value.as_str())
    }

    /// The number that a property is; of a moment or a span, its ticks.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, String> {
        let Some(text) = self.property(name) else { return Ok(None) };
        let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
        let number = number.or_else(|| time::parse_iso(text).or_else(|| time::parse_timespan(text)).map(|ticks| ticks as f64));
        number.map(Some).ok_or_else(|| format!("{name}={text} is no number"))
    }

    /// The columns that a property names.
    pub(super) fn columns(&self, property: &str) -> Result<Option<Vec<usize>>, String> {
        let Some(list) = self.property(property) else { return Ok(None) };
        list.split(',').map(|name| self.column(property, name.trim())).collect::<Result<Vec<_>, _>>().map(Some)
    }

    fn column(&self, property: &str, name: &str) -> Result<usize, String> {
        let found = self.rows.columns.iter().position(|column| column.name == name);
        found.ok_or_else(|| format!("{property} names `{name}`, which is no column of the result"))
    }

    /// The positions of columns of one kind, arrays or none.
    pub(super) fn of_kind(&self, kind: Kind, array: bool) -> impl Iterator<Item = usize> {
        self.kinds.iter().enumerate().filter(move |(_, it)| **it == (kind, array)).map(|(at, _)| at)
    }

    /// Which column is what on a chart with axes.
    pub(super) fn shape(&self) -> Result<Shape, String> {
        let hot = self.columns("anomalycolumns")?.unwrap_or_default();
        let series = self.columns("series")?;
        let measures = self.columns("ycolumns")?;
        let x = match self.property("xcolumn") {
            Some(name) => self.column("xcolumn", name.trim())?,
            None => self.axis(series.as_deref().unwrap_or(&[]), measures.as_deref().unwrap_or(&[]))?,
        };
        let array = self.kinds[x].1;
        let free = |at: &usize| *at != x && !hot.contains(at) && !series.as_ref().is_some_and(|series| series.contains(at));
        let measures = match measures {
            Some(measures) => measures,
            None => {
                let numbers: Vec<usize> = self.of_kind(Kind::Number, array).filter(free).collect();
                if numbers.is_empty() { self.of_kind(Kind::Span, array).filter(free).collect() } else { numbers }
            }
        };
        if measures.is_empty() {
            return Err("it has no column of numbers beside its axis".to_owned());
        }
        if let Some(wrong) = measures.iter().find(|at| !matches!(self.kinds[**at].0, Kind::Number | Kind::Span)) {
            return Err(format!("ycolumns names `{}`, which holds no numbers", self.rows.columns[*wrong].name));
        }
        let texts = || self.of_kind(Kind::Text, false).filter(|at| *at != x && !measures.contains(at) && !hot.contains(at));
        let series = series.unwrap_or_else(|| texts().collect());
        Ok(Shape { x, measures, series, hot })
    }

    /// The column that runs along the axis.
    fn axis(&self, series: &[usize], measures: &[usize]) -> Result<usize, String> {
        let free = |at: &usize| !series.contains(at) && !measures.contains(at);
        let first = |kind, array| self.of_kind(kind, array).find(free);
        let time = first(Kind::Time, false).or_else(|| first(Kind::Time, true));
        let kind = self.render.kind.as_str();
        if matches!(kind, "timechart" | "anomalychart") {
            return time.ok_or_else(|| "it has no column of datetimes".to_owned());
        }
        let number = [false, true].into_iter().find_map(|array| {
            let mut numbers = self.of_kind(Kind::Number, array).chain(self.of_kind(Kind::Span, array)).filter(free);
            let (first, more) = (numbers.next()?, numbers.next().is_some());
            (more || !measures.is_empty()).then_some(first)
        });
        let text = || first(Kind::Text, false).or_else(|| first(Kind::Text, true));
        let axis = match kind {
            "barchart" | "columnchart" => {
                // Names that are each there once are the axis, whatever times stand beside them.
                let leading = (0..self.kinds.len()).find(free).filter(|at| self.kinds[*at] == (Kind::Text, false));
                let distinct = leading.filter(|at| time.is_none() || self.is_distinct(*at));
                let start = (0..self.kinds.len()).find(free).filter(|at| Some(*at) == number || Some(*at) == time);
                distinct.or(start).or(time).or_else(text).or(number)
            }
            _ => time.or(number).or_else(text),
        };
        axis.ok_or_else(|| "it has no column beside its numbers to be the axis".to_owned())
    }

    fn is_distinct(&self, column: usize) -> bool {
        let mut seen = std::collections::HashSet::new();
        self.rows.rows.iter().all(|row| seen.insert(row[column].to_text()))
    }

    /// All points of a shape, row by row.
    pub(super) fn points(&self, shape: &Shape) -> Vec<Point> {
        let mut out = Vec::new();
        for row in &self.rows.rows {
            let key = self.key(row, &shape.series);
            let places: Vec<Option<Place>> = cells(&row[shape.x]).iter().map(|cell| self.place(shape.x, cell)).collect();
            let hot: Vec<Vec<Option<f64>>> =
                shape.hot.iter().map(|at| cells(&row[*at]).iter().map(Cell::number).collect()).collect();
            let is_hot = |at: usize| hot.iter().any(|flags| flags.get(at).copied().flatten().is_some_and(|flag| flag != 0.0));
            for (nth, measure) in shape.measures.iter().enumerate() {
                let name = match (shape.measures.len(), key.is_empty()) {
                    (1, false) => key.clone(),
                    (_, true) => self.rows.columns[*measure].name.clone(),
                    _ => format!("{key}: {}", self.rows.columns[*measure].name),
                };
                let values = cells(&row[*measure]);
                for (at, place) in places.iter().enumerate() {
                    let Some(place) = place.clone() else { continue };
                    let value = values.get(at).and_then(Cell::number);
                    out.push(Point { measure: nth, series: name.clone(), place, value, hot: nth == 0 && is_hot(at) });
                }
            }
        }
        out
    }

    /// The name of a row's series: the texts of its columns.
    pub(super) fn key(&self, row: &[Value], columns: &[usize]) -> String {
        let texts: Vec<String> = columns.iter().map(|at| self.text(*at, &row[*at])).collect();
        match texts.as_slice() {
            [one] if one.is_empty() => "(empty)".to_owned(),
            texts => texts.join(", "),
        }
    }

    /// A cell as a label.
    pub(super) fn text(&self, column: usize, value: &Value) -> String {
        match value {
            Value::DateTime(ticks) => moment(*ticks as f64),
            Value::TimeSpan(ticks) => time::format_timespan(*ticks),
            Value::Null => String::new(),
            value => match (self.kinds[column].0, Cell::Value(value).number()) {
                (Kind::Number, Some(number)) => plain(number),
                _ => crate::output::cell_text(value),
            },
        }
    }

    /// Where a cell stands along an axis of the column's kind; nowhere if it is null.
    fn place(&self, column: usize, cell: &Cell<'_>) -> Option<Place> {
        match self.kinds[column].0 {
            Kind::Text => Some(Place::Name(cell.text())),
            _ => cell.number().map(Place::Value),
        }
    }
}

/// Values of a cell, or of an array in it.
enum Cell<'a> {
    Value(&'a Value),
    Item(Json),
}

/// One cell, or the elements of the array that it is.
fn cells(value: &Value) -> Vec<Cell<'_>> {
    match value {
        Value::Dynamic(text) => match serde_json::from_str(text) {
            Ok(Json::Array(items)) => items.into_iter().map(Cell::Item).collect(),
            Ok(item) => vec![Cell::Item(item)],
            Err(_) => vec![Cell::Value(value)],
        },
        value => vec![Cell::Value(value)],
    }
}

impl Cell<'_> {
    /// The number, or the ticks of a moment or span; nothing that is not finite.
    fn number(&self) -> Option<f64> {
        let number = match self {
            Cell::Value(Value::Int(n)) => f64::from(*n),
            Cell::Value(Value::Long(n) | Value::DateTime(n) | Value::TimeSpan(n)) => *n as f64,
            Cell::Value(Value::Real(n)) => *n,
            Cell::Value(Value::Decimal(text)) => text.parse().ok()?,
            Cell::Item(Json::Number(n)) => n.as_f64()?,
            Cell::Item(Json::String(text)) => time::parse_iso(text).or_else(|| time::parse_timespan(text))? as f64,
            _ => return None,
        };
        Some(number).filter(|number| number.is_finite())
    }

    fn text(&self) -> String {
        match self {
            Cell::Value(value) => crate::output::cell_text(value),
            Cell::Item(Json::String(text)) => text.clone(),
            Cell::Item(Json::Null) => String::new(),
            Cell::Item(item) => item.to_string(),
        }
    }
}

/// What a column holds, and whether in arrays.
fn kind(rows: &Rows, column: usize) -> (Kind, bool) {
    match rows.columns[column].ty {
        Type::Int | Type::Long | Type::Real | Type::Decimal => (Kind::Number, false),
        Type::DateTime => (Kind::Time, false),
        Type::TimeSpan => (Kind::Span, false),
        Type::Dynamic => dynamic_kind(rows, column),
        _ => (Kind::Text, false),
    }
}

/// The kind that all values of a dynamic column have.
fn dynamic_kind(rows: &Rows, column: usize) -> (Kind, bool) {
    const SAMPLE: usize = 100;
    let texts = rows.rows.iter().filter_map(|row| if let Value::Dynamic(text) = &row[column] { Some(text) } else { None });
    let items: Vec<Json> = texts.take(SAMPLE).filter_map(|text| serde_json::from_str(text).ok()).collect();
    let array = !items.is_empty() && items.iter().all(Json::is_array);
    let inner: Vec<&Json> =
        if array { items.iter().filter_map(Json::as_array).flatten().take(SAMPLE).collect() } else { items.iter().collect() };
    let inner: Vec<&Json> = inner.into_iter().filter(|item| !item.is_null()).collect();
    let all = |is: fn(&Json) -> bool| !inner.is_empty() && inner.iter().all(|item| is(item));
    let text_is = |item: &Json, is: fn(&str) -> bool| item.as_str().is_some_and(is);
    let kind = match () {
        () if all(Json::is_number) => Kind::Number,
        () if inner.iter().all(|item| text_is(item, |text| time::parse_iso(text).is_some())) && !inner.is_empty() => Kind::Time,
        () if inner.iter().all(|item| text_is(item, |text| time::parse_timespan(text).is_some())) && !inner.is_empty() => {
            Kind::Span
        }
        () => Kind::Text,
    };
    (kind, array)
}

/// Gives each name a number, in order of first appearance.
#[derive(Default)]
pub(super) struct Names {
    pub(super) names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Names {
    pub(super) fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.names.len() - 1
    }
}
