//! A user's own tables and functions, as a schema file describes them.
//!
//! In: JSON text `{"Table": {"column": "type"}, "$functions": [{"name", "parameters", "body"}]}`. Out: a [`Schema`], columns in
//! the file's order, or an error that says where.

use std::fmt;

use serde_json::{Map, Value as Json};

use crate::types::{Column, Type};

/// Tables and functions that a user declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Tables in the file's order: name and columns.
    pub tables: Vec<(String, Vec<Column>)>,
    /// Functions in the file's order.
    pub functions: Vec<UserFunction>,
}

/// A function that is not built in: a saved function, an ASIM parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFunction {
    /// Its name.
    pub name: String,
    /// Its parameters as KQL writes them, in parentheses: `(x: string, d: timespan = 1h)`.
    pub parameters: String,
    /// Its body as KQL writes it, in braces or not.
    pub body: String,
}

/// Why a schema file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// The line, from 1, if it is the JSON that is wrong there.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for SchemaError {}

impl Schema {
    /// Reads a schema file's text.
    pub fn from_json(text: &str) -> Result<Schema, SchemaError> {
        let json: Json = serde_json::from_str(text)
            .map_err(|error| SchemaError { line: Some(error.line()), message: format!("this is no JSON: {error}") })?;
        let Json::Object(members) = json else {
            return Err(SchemaError { line: Some(1), message: "a schema is an object of tables".to_owned() });
        };
        let mut schema = Schema::default();
        for (name, member) in &members {
            match member {
                Json::Array(functions) if name == "$functions" => {
                    schema.functions =
                        functions.iter().map(read_function).collect::<Result<_, _>>().map_err(|m| located(text, name, m))?;
                }
                Json::Object(columns) => {
                    let columns = read_columns(columns)
                        .map_err(|(column, message)| located(text, column, format!("table {name}: {message}")))?;
                    schema.tables.push((name.clone(), columns));
                }
                _ => return Err(located(text, name, format!("table {name}: columns are an object of names and types"))),
            }
        }
        Ok(schema)
    }

    /// The columns of the table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&[Column]> {
        self.tables.iter().find(|(known, _)| known == name).map(|(_, columns)| columns.as_slice())
    }
}

/// The line where a member of that name stands first: JSON values do not know where they stood.
fn located(text: &str, name: &str, message: String) -> SchemaError {
    let key = serde_json::to_string(name).unwrap_or_default();
    let line = text.find(&key).map(|at| text[..at].matches('\n').count() + 1);
    SchemaError { line, message }
}

fn read_columns(columns: &Map<String, Json>) -> Result<Vec<Column>, (&str, String)> {
    let read = |(name, ty): (&'_ String, &Json)| {
        let word = ty.as_str().unwrap_or_default();
        let ty =
            Type::from_name(&word.to_lowercase()).ok_or_else(|| format!("column {name} has the type {ty}, which is none"))?;
        Ok(Column::new(name.clone(), ty))
    };
    columns.iter().map(|(name, ty)| read((name, ty)).map_err(|message| (name.as_str(), message))).collect()
}

fn read_function(json: &Json) -> Result<UserFunction, String> {
    let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
    let (Some(name), Some(body)) = (text("name"), text("body")) else {
        return Err("a function has a name and a body, both text".to_owned());
    };
    Ok(UserFunction { name, parameters: text("parameters").unwrap_or_else(|| "()".to_owned()), body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_the_order_of_the_file() {
        let schema =
            Schema::from_json(r#"{"T": {"b": "string", "a": "double"}, "$functions": [{"name": "f", "body": "{ T }"}]}"#)
                .unwrap();
        assert_eq!(schema.table("T").unwrap(), [Column::new("b", Type::String), Column::new("a", Type::Real)]);
        assert_eq!(schema.functions[0].parameters, "()");
        assert_eq!(schema.table("t"), None);
    }

    #[test]
    fn errors_name_the_line() {
        let error = |text: &str| Schema::from_json(text).unwrap_err().to_string();
        assert_eq!(error("{\n \"T\": {\n \"a\": \"text\"}}"), "line 3: table T: column a has the type \"text\", which is none");
        assert_eq!(error("{\n\"T\": 1}"), "line 2: table T: columns are an object of names and types");
        assert!(error("{\n\"T\": }").starts_with("line 2: this is no JSON"));
        assert_eq!(error("[]"), "line 1: a schema is an object of tables");
    }
}
