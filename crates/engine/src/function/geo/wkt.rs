//! Shapes as well-known text: `POINT (1 2)`, `POLYGON ((0 0, 2 0, 2 2, 0 0))` …

use serde_json::{Value as Json, json};

use super::super::Function;
use super::shape::{position, shape};
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[Function::row("geo_from_wkt", |_, cells| {
    Text::new(cells[0].as_str()).whole().map_or(Cell::Null, |shape| Cell::json(&shape))
})];

/// How deep collections may nest.
const DEPTH_MAX: u32 = 32;

/// The text that is left to read.
struct Text<'a> {
    rest: &'a str,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Text<'a> {
        Text { rest: text.trim() }
    }

    fn whole(mut self) -> Option<Json> {
        let shape = self.geometry(0)?;
        self.rest.trim().is_empty().then_some(shape)
    }

    fn geometry(&mut self, depth: u32) -> Option<Json> {
        let kind = match &*self.word()?.to_ascii_uppercase() {
            "POINT" => return Some(shape("Point", self.between(Text::place)?)),
            "LINESTRING" => "LineString",
            "POLYGON" => "Polygon",
            "MULTIPOINT" => return Some(shape("MultiPoint", self.list(Text::place_or_point)?)),
            "MULTILINESTRING" => "MultiLineString",
            "MULTIPOLYGON" => "MultiPolygon",
            "GEOMETRYCOLLECTION" if depth < DEPTH_MAX => {
                let shapes = self.list(|text| text.geometry(depth + 1))?;
                return Some(json!({"type": "GeometryCollection", "geometries": shapes}));
            }
            _ => return None,
        };
        let coordinates = match kind {
            "LineString" => self.list(Text::place)?,
            "Polygon" | "MultiLineString" => self.list(Text::places)?,
            _ => self.list(|text| text.list(Text::places).map(Json::from))?,
        };
        Some(shape(kind, coordinates))
    }

    fn places(&mut self) -> Option<Json> {
        self.list(Text::place).map(Json::from)
    }

    fn place(&mut self) -> Option<Json> {
        let (x, y) = (self.number()?, self.number()?);
        Some(position((x, y)))
    }

    /// `1 2` or `(1 2)`.
    fn place_or_point(&mut self) -> Option<Json> {
        if self.rest.trim_start().starts_with('(') { self.between(Text::place) } else { self.place() }
    }

    fn between<T>(&mut self, read: impl FnOnce(&mut Text<'a>) -> Option<T>) -> Option<T> {
        self.mark('(')?;
        let inner = read(self)?;
        self.mark(')')?;
        Some(inner)
    }

    /// `(a, b, …)`.
    fn list(&mut self, mut read: impl FnMut(&mut Text<'a>) -> Option<Json>) -> Option<Vec<Json>> {
        self.between(|text| {
            let mut items = vec![read(text)?];
            while text.mark(',').is_some() {
                items.push(read(text)?);
            }
            Some(items)
        })
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(mark)?;
        Some(())
    }

    fn word(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn number(&mut self) -> Option<f64> {
        let text = self.rest.trim_start();
        let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'))).unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        self.rest = rest;
        number.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Text::new(text).whole().map(|shape| shape["coordinates"].to_string())
    }

    #[test]
    fn shapes_nest() {
        assert_eq!(read("point(1.5 -2)").as_deref(), Some("[1.5,-2]"));
        assert_eq!(read("MULTIPOINT ((1 1), (2 2))").as_deref(), Some("[[1,1],[2,2]]"));
        assert_eq!(read("POLYGON ((0 0, 2 0, 2 2, 0 0))").as_deref(), Some("[[[0,0],[2,0],[2,2],[0,0]]]"));
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        let bad = ["", "LINESTRING", "POINT (1)", "POINT (1 2", "POINT (1 2) x", "CIRCLE (1 2)", "POINT (nan 1)", "POINT ()"];
        assert!(bad.iter().all(|text| read(text).is_none()));
        let deep = "GEOMETRYCOLLECTION (".repeat(1000);
        assert!(Text::new(&deep).whole().is_none());
    }
}
