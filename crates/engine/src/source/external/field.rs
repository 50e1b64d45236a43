//! Where a column's value stands in a record: by position, by path, or nowhere in it.
//!
//! In: the declared columns, or the text of an ingestion mapping. Out: a [`Field`] for each column.

use kql::time::{MICROSECOND, MILLISECOND, SECOND, UNIX_EPOCH};
use kql::{Column, Type};
use serde_json::Value as Json;

use super::property::Format;
use crate::cell::Cell;
use crate::error::{Error, Result, code};

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) place: Place,
    /// Ticks in a unit of a number that counts from 1970, where the value is one.
    unix_unit: Option<i64>,
    /// An array of `{"Key", "Value"}` objects becomes a bag.
    pairs_to_bag: bool,
}

/// Where its value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// The cell at that position.
    Ordinal(usize),
    /// The member at the end of that path.
    Path(Vec<Step>),
    /// A text, the same in each record.
    Constant(String),
    /// The address of the file.
    Location,
    /// The line on which the record starts.
    Line,
    /// It has none.
    Nothing,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Member(String),
    Element(usize),
}

impl Field {
    fn at(place: Place) -> Field {
        Field { place, unix_unit: None, pairs_to_bag: false }
    }

    /// A text of the file as the column's value.
    pub(super) fn text<'a>(&self, text: &'a str, ty: Type) -> Cell<'a> {
        if let Some(unit) = self.unix_unit {
            let number = text.trim().parse::<i64>().ok();
            return number.map_or(Cell::Null, |number| since_1970(number, unit, ty));
        }
        if ty == Type::String { Cell::text(text) } else { crate::function::from_text(text, ty) }
    }

    /// A JSON value as the column's value.
    pub(super) fn json(&self, value: &Json, ty: Type) -> Cell<'static> {
        match value {
            Json::Null => Cell::Null,
            Json::Number(number) if self.unix_unit.is_some() => {
                let unit = self.unix_unit.unwrap_or(1);
                number.as_i64().map_or(Cell::Null, |number| since_1970(number, unit, ty))
            }
            Json::Array(items) if self.pairs_to_bag => Cell::json(&bag_of_pairs(items)),
            value if ty == Type::Dynamic => Cell::json(value),
            Json::String(text) => self.text(text, ty).into_owned(),
            value => self.text(&value.to_string(), ty).into_owned(),
        }
    }
}

fn since_1970(number: i64, unit: i64, ty: Type) -> Cell<'static> {
    let ticks = number.checked_mul(unit).and_then(|since| since.checked_add(UNIX_EPOCH)).and_then(kql::time::in_range);
    match (ticks, ty) {
        (Some(ticks), Type::DateTime) => Cell::DateTime(ticks),
        (Some(ticks), Type::String) => Cell::text(kql::time::format_datetime(ticks)),
        _ => Cell::Null,
    }
}

fn bag_of_pairs(items: &[Json]) -> Json {
    let pair = |item: &Json| Some((item.get("Key")?.as_str()?.to_owned(), item.get("Value").cloned().unwrap_or(Json::Null)));
    Json::Object(items.iter().filter_map(pair).collect())
}

/// Without a mapping: cells in the order of the columns; members by the columns' names; a line or a file in the first column.
pub(super) fn by_default(columns: &[Column], format: Format) -> Vec<Field> {
    let field = |(at, column): (usize, &Column)| {
        Field::at(match format {
            Format::Delimited(_) => Place::Ordinal(at),
            Format::Lines | Format::Whole if at == 0 => Place::Ordinal(0),
            Format::Lines | Format::Whole => Place::Nothing,
            Format::JsonLines | Format::Json => Place::Path(vec![Step::Member(column.name.clone())]),
        })
    };
    columns.iter().enumerate().map(field).collect()
}

/// What an `ingestionMapping` says: a JSON array of `{"Column", "Properties": {"Path" | "Ordinal" | "ConstValue", "Transform"}}`,
/// or of the older `{"Name", "Path" | "Ordinal"}`. Columns it does not name hold nothing.
pub(super) fn mapped(text: &str, columns: &[Column]) -> Result<Vec<Field>> {
    let wrong = |why: String| Error::new(code::ARGUMENT, format!("the ingestionMapping cannot be read: {why}"));
    let items: Vec<serde_json::Map<String, Json>> = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let mut fields = vec![Field::at(Place::Nothing); columns.len()];
    for item in &items {
        let name = member(item, "column").or_else(|| member(item, "name")).and_then(Json::as_str);
        let name = name.ok_or_else(|| wrong("an item names no column".to_owned()))?;
        let Some(at) = columns.iter().position(|column| column.name == name) else { continue };
        let properties = member(item, "properties").and_then(Json::as_object).unwrap_or(item);
        fields[at] = field_of(properties).map_err(|why| wrong(format!("column {name}: {why}")))?;
    }
    Ok(fields)
}

fn field_of(properties: &serde_json::Map<String, Json>) -> std::result::Result<Field, String> {
    let text = |name: &str| member(properties, name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let transform = text("transform").unwrap_or_default();
    let place = if let Some(constant) = text("constvalue") {
        Place::Constant(constant)
    } else if let Some(path) = text("path") {
        Place::Path(steps(&path).ok_or_else(|| format!("`{path}` is no path: it looks like $.member['other'][0]"))?)
    } else if let Some(ordinal) = text("ordinal") {
        Place::Ordinal(ordinal.trim().parse().map_err(|_| format!("`{ordinal}` is no position"))?)
    } else {
        match transform.to_ascii_lowercase().as_str() {
            "sourcelocation" => Place::Location,
            "sourcelinenumber" => Place::Line,
            _ => return Err("neither a Path nor an Ordinal nor a ConstValue".to_owned()),
        }
    };
    let mut field = Field::at(place);
    match transform.to_ascii_lowercase().as_str() {
        "" | "none" => {}
        "sourcelocation" => field.place = Place::Location,
        "sourcelinenumber" => field.place = Place::Line,
        "datetimefromunixseconds" => field.unix_unit = Some(SECOND),
        "datetimefromunixmilliseconds" => field.unix_unit = Some(MILLISECOND),
        "datetimefromunixmicroseconds" => field.unix_unit = Some(MICROSECOND),
        "propertybagarraytodictionary" => field.pairs_to_bag = true,
        _ => return Err(format!("the transform {transform} is not done here")),
    }
    Ok(field)
}

/// The member of that name, whatever its case.
fn member<'a>(map: &'a serde_json::Map<String, Json>, name: &str) -> Option<&'a Json> {
    map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The steps of `$.a.b[0]['c d']`.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("['").and_then(|rest| rest.split_once("']")) {
            steps.push(Step::Member(quoted.0.to_owned()));
            rest = quoted.1;
        } else if let Some(quoted) = rest.strip_prefix("[\"").and_then(|rest| rest.split_once("\"]")) {
            steps.push(Step::Member(quoted.0.to_owned()));
            rest = quoted.1;
        } else if let Some((index, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            steps.push(Step::Element(index.parse().ok()?));
            rest = after;
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Member(after[..end].to_owned()));
            rest = &after[end..];
        }
    }
    Some(steps)
}

/// What stands at the end of a path.
pub(super) fn follow<'a>(value: &'a Json, steps: &[Step]) -> Option<&'a Json> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Member(name) => value.get(name.as_str()),
        Step::Element(at) => value.get(at),
    })
}
