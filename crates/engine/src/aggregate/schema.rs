//! `buildschema`: the shape of all dynamics of a group as one dynamic.

use indexmap::IndexMap;
use kql::Value;
use serde_json::{Map, Value as Json};

use super::{Accumulator, AggregateFunction};
use crate::cell::Cell;

/// The aggregates by name.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[AggregateFunction::new("buildschema", |_| Ok(Box::new(Schema::default())))];

/// What has been seen at one place: types of scalars, members of bags, elements of arrays.
#[derive(Clone, Debug, Default)]
struct Shape {
    scalars: Vec<String>,
    members: Option<IndexMap<String, Shape>>,
    elements: Option<Box<Shape>>,
}

/// The key under which the elements of an array stand.
const INDEXER: &str = "`indexer`";

impl Shape {
    /// Takes in a value.
    fn see(&mut self, value: &Json) {
        match value {
            Json::Null => {}
            Json::Bool(_) => self.scalar("bool"),
            Json::Number(number) => self.scalar(if number.is_f64() { "double" } else { "long" }),
            Json::String(_) => self.scalar("string"),
            Json::Array(elements) => {
                let shape = self.elements.get_or_insert_default();
                elements.iter().for_each(|element| shape.see(element));
            }
            Json::Object(bag) => {
                let members = self.members.get_or_insert_default();
                bag.iter().for_each(|(key, value)| members.entry(key.clone()).or_default().see(value));
            }
        }
    }

    fn scalar(&mut self, name: &str) {
        if !self.scalars.iter().any(|known| known == name) {
            self.scalars.push(name.to_owned());
        }
    }

    /// Takes in a shape as [`json`](Shape::json) wrote it.
    fn read(&mut self, json: &Json) {
        match json {
            Json::String(name) => self.scalar(name),
            Json::Array(several) => several.iter().for_each(|one| self.read(one)),
            Json::Object(bag) => match bag.get(INDEXER) {
                Some(elements) => self.elements.get_or_insert_default().read(elements),
                None => {
                    let members = self.members.get_or_insert_default();
                    bag.iter().for_each(|(key, shape)| members.entry(key.clone()).or_default().read(shape));
                }
            },
            _ => {}
        }
    }

    /// One shape by itself, several as an array; null if nothing was seen.
    fn json(&self) -> Json {
        let mut several: Vec<Json> = self.scalars.iter().map(|name| Json::from(name.as_str())).collect();
        if let Some(members) = &self.members {
            let members: Map<String, Json> = members.iter().map(|(key, shape)| (key.clone(), shape.json())).collect();
            several.push(Json::Object(members));
        }
        if let Some(elements) = &self.elements {
            several.push(Json::Object(Map::from_iter([(INDEXER.to_owned(), elements.json())])));
        }
        if several.len() == 1 {
            several.remove(0)
        } else if several.is_empty() {
            Json::Null
        } else {
            Json::Array(several)
        }
    }
}

/// The shape of a group.
#[derive(Debug, Default)]
struct Schema {
    shape: Shape,
}

impl Accumulator for Schema {
    fn update(&mut self, args: &[Cell<'_>]) {
        if let Some(cell) = args.first() {
            self.shape.see(&cell.to_json());
        }
    }

    fn merge(&mut self, state: &[Value]) {
        if let [Value::Dynamic(json)] = state
            && let Ok(json) = serde_json::from_str(json)
        {
            self.shape.read(&json);
        }
    }

    fn state(&self) -> Vec<Value> {
        match self.shape.json() {
            Json::Null => Vec::new(),
            json => vec![Value::Dynamic(json.to_string())],
        }
    }

    fn finish(&self) -> Vec<Value> {
        self.state().pop().map_or_else(|| vec![Value::Null], |schema| vec![schema])
    }

    fn size(&self) -> usize {
        size_of::<Schema>() + self.shape.json().to_string().len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::run;
    use super::*;

    #[test]
    fn shapes_are_united() {
        let rows = [r#"{"x":1,"y":3.5}"#, r#"{"x":"text","z":[1,2]}"#, r#"{"y":{"w":"a"},"t":["a"],"z":["b"]}"#]
            .map(|json| vec![Cell::Dynamic(json.into())]);
        let schema = r#"{"x":["long","string"],"y":["double",{"w":"string"}],"z":{"`indexer`":["long","string"]},"t":{"`indexer`":"string"}}"#;
        assert_eq!(run("buildschema", &rows), [Value::Dynamic(schema.to_owned())]);
        assert_eq!(run("buildschema", &[]), [Value::Null]);
    }
}
