//! The file of exclusions. Comes in: YAML that people write. Goes out: [`Exclusions`], or the line that is wrong and what to do.

use std::collections::BTreeMap;

use serde_norway::Value as Yaml;

use super::condition::{Condition, Operand, Operator};
use super::{Exclusion, Exclusions};
use crate::table::ecs_fields;

/// What is wrong with a file of exclusions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// Reads the file.
pub(super) fn parse(text: &str) -> Result<Exclusions, ParseError> {
    let yaml: Yaml = serde_norway::from_str(text).map_err(|error| ParseError {
        line: error.location().map_or(1, |location| location.line()),
        message: format!("not YAML: {error}"),
    })?;
    let mut reader = Reader { text, lists: BTreeMap::new() };
    let top = match &yaml {
        Yaml::Null => return Ok(Exclusions::default()),
        Yaml::Mapping(top) => top,
        _ => return Err(reader.error("", "the file must have `lists:` and `exclusions:` at its top")),
    };
    for (name, value) in top {
        match name.as_str() {
            Some("lists") => reader.read_lists(value)?,
            Some("exclusions") => {}
            other => {
                let name = other.unwrap_or("?");
                return Err(reader.error(name, format!("`{name}` is unknown here; write `lists:` and `exclusions:`")));
            }
        }
    }
    let empty = vec![];
    let items = match top.get("exclusions") {
        None | Some(Yaml::Null) => &empty,
        Some(Yaml::Sequence(items)) => items,
        Some(_) => return Err(reader.error("exclusions", "`exclusions:` must be a list: start each with `- scenario: …`")),
    };
    let scenarios = items.iter().map(|item| reader.exclusion(item)).collect::<Result<_, _>>()?;
    Ok(Exclusions { scenarios })
}

struct Reader<'t> {
    text: &'t str,
    lists: BTreeMap<String, Vec<String>>,
}

impl Reader<'_> {
    /// An error at the first line that names `word`, comments aside.
    fn error(&self, word: &str, message: impl Into<String>) -> ParseError {
        let code = |line: &str| line.split(" #").next().unwrap_or(line).to_owned();
        let at = self.text.lines().position(|line| !line.trim_start().starts_with('#') && code(line).contains(word));
        ParseError { line: at.map_or(1, |at| at + 1), message: message.into() }
    }

    fn read_lists(&mut self, yaml: &Yaml) -> Result<(), ParseError> {
        let lists = match yaml {
            Yaml::Null => return Ok(()),
            Yaml::Mapping(lists) => lists,
            _ => return Err(self.error("lists", "`lists:` must hold names with their values: `admin_accounts: [alice, bob]`")),
        };
        for (name, values) in lists {
            let name = scalar(name).unwrap_or_default();
            let values = match values {
                Yaml::Null => vec![],
                values => {
                    scalars(values).ok_or_else(|| self.error(&name, format!("the list `{name}` must hold plain values")))?
                }
            };
            self.lists.insert(name, values);
        }
        Ok(())
    }

    fn exclusion(&self, yaml: &Yaml) -> Result<Exclusion, ParseError> {
        let Yaml::Mapping(members) = yaml else {
            return Err(self.error("exclusions", "each exclusion starts with `- scenario: …`"));
        };
        let text_of = |name: &str| members.get(name).and_then(scalar);
        let Some(scenario) = text_of("scenario") else {
            return Err(self.error("exclusions", "an exclusion has no `scenario:`: give it a name that people read in reports"));
        };
        for (name, _) in members {
            let name = scalar(name).unwrap_or_default();
            if !["scenario", "id", "enabled", "description", "when"].contains(&name.as_str()) {
                let message = format!("`{name}` is unknown in an exclusion; known are scenario, id, enabled, description, when");
                return Err(self.error(&format!("{name}:"), message));
            }
        }
        let enabled = match members.get("enabled") {
            None => false,
            Some(Yaml::Bool(enabled)) => *enabled,
            Some(_) => return Err(self.error("enabled:", "`enabled:` must be true or false")),
        };
        let Some(when) = members.get("when") else {
            return Err(self.error(&scenario, format!("`{scenario}` has no `when:`: it would exclude everything or nothing")));
        };
        let when = self.condition(when)?;
        let id = text_of("id").unwrap_or_else(|| crate::hunt::slug(&scenario));
        Ok(Exclusion { id, scenario, description: text_of("description").unwrap_or_default(), enabled, when })
    }

    fn condition(&self, yaml: &Yaml) -> Result<Condition, ParseError> {
        let Yaml::Mapping(members) = yaml else {
            return Err(self.error("when", "a condition is written `field: { test: value }`, or `all:`, `any:`, `not:`"));
        };
        let mut parts = members.iter().map(|(name, value)| self.member(&scalar(name).unwrap_or_default(), value));
        match (parts.next(), parts.next()) {
            (Some(only), None) => only,
            (None, _) => Err(self.error("when", "an empty condition would exclude everything; write at least one test")),
            (Some(first), Some(second)) => {
                let mut all = vec![first?, second?];
                for part in parts {
                    all.push(part?);
                }
                Ok(Condition::All(all))
            }
        }
    }

    fn member(&self, name: &str, value: &Yaml) -> Result<Condition, ParseError> {
        let parts = |value: &Yaml| match value {
            Yaml::Sequence(items) if !items.is_empty() => items.iter().map(|item| self.condition(item)).collect(),
            _ => Err(self.error(&format!("{name}:"), format!("`{name}:` needs a list of conditions, each after a dash"))),
        };
        match name {
            "all" => Ok(Condition::All(parts(value)?)),
            "any" => Ok(Condition::Any(parts(value)?)),
            "not" => Ok(Condition::Not(Box::new(self.condition(value)?))),
            field => self.field(field, value),
        }
    }

    fn field(&self, field: &str, value: &Yaml) -> Result<Condition, ParseError> {
        let known = ecs_fields();
        if !known.contains(&field) {
            let message = format!("`{field}` is no field that any table has; known are {}", known.join(", "));
            return Err(self.error(field, message));
        }
        let Yaml::Mapping(tests) = value else {
            return Err(self.error(field, format!("write a test: `{field}: {{ contains: [a, b] }}`")));
        };
        let parts: Vec<Condition> = tests.iter().map(|(name, value)| self.test(field, name, value)).collect::<Result<_, _>>()?;
        match <[Condition; 1]>::try_from(parts) {
            Ok([only]) => Ok(only),
            Err(parts) if parts.is_empty() => Err(self.error(field, format!("`{field}` has no test"))),
            Err(parts) => Ok(Condition::All(parts)),
        }
    }

    fn test(&self, field: &str, name: &Yaml, value: &Yaml) -> Result<Condition, ParseError> {
        let name = scalar(name).unwrap_or_default();
        let Some((_, operator)) = Operator::ALL.into_iter().find(|(known, _)| *known == name) else {
            let known = Operator::ALL.map(|(known, _)| known).join(", ");
            return Err(self.error(&format!("{name}:"), format!("`{name}` is no test; known are {known}")));
        };
        let Some(values) = scalars(value).filter(|values| !values.is_empty()) else {
            return Err(self.error(&format!("{name}:"), format!("`{name}` needs a value or a list of values")));
        };
        let operand = match operator {
            Operator::InList => self.list(&values[0])?,
            Operator::Cidr => {
                if let Some(bad) = values.iter().find(|value| value.parse::<ipnet::IpNet>().is_err()) {
                    return Err(self.error(bad, format!("`{bad}` is no network; write it like 10.20.0.0/16")));
                }
                Operand { list: None, values }
            }
            _ => {
                if values.iter().any(|value| value.trim().is_empty()) {
                    return Err(self.error(field, format!("an empty text in a test of `{field}` would fit everything")));
                }
                Operand { list: None, values }
            }
        };
        Ok(Condition::Field { field: field.to_owned(), operator, operand })
    }

    fn list(&self, name: &str) -> Result<Operand, ParseError> {
        match self.lists.get(name) {
            Some(values) => Ok(Operand { list: Some(name.to_owned()), values: values.clone() }),
            None => {
                let known: Vec<&str> = self.lists.keys().map(String::as_str).collect();
                Err(self.error(name, format!("there is no list `{name}` under `lists:`; known are {}", known.join(", "))))
            }
        }
    }
}

/// A plain value as text.
fn scalar(yaml: &Yaml) -> Option<String> {
    match yaml {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

/// A plain value or a list of them as texts.
fn scalars(yaml: &Yaml) -> Option<Vec<String>> {
    match yaml {
        Yaml::Sequence(items) => items.iter().map(scalar).collect(),
        one => scalar(one).map(|text| vec![text]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = parse(text).unwrap_err().to_string();
        assert!(shown.starts_with(expected), "{shown}");
    }

    #[test]
    fn errors_name_the_line_and_what_to_do() {
        let exclusion = |when: &str| format!("# c\nlists:\n  a: [1]\nexclusions:\n  - scenario: S\n    when:\n      {when}\n");
        check(
            &exclusion("proces.name: { contains: [x] }"),
            "line 7: `proces.name` is no field that any table has; known are destination.address",
        );
        check(&exclusion("process.name: { has: [x] }"), "line 7: `has` is no test; known are equals, contains");
        check(&exclusion("host.name: { in_list: servers }"), "line 7: there is no list `servers` under `lists:`; known are a");
        check(&exclusion("host.name: { contains: [''] }"), "line 7: an empty text");
        check(&exclusion("source.address: { cidr: [10.1] }"), "line 7: `10.1` is no network");
        check(&exclusion("all: []"), "line 7: `all:` needs a list");
        check("exclusions:\n  - scenario: S\n", "line 2: `S` has no `when:`");
        check("exclusion: []\n", "line 1: `exclusion` is unknown here");
        check("exclusions:\n  - scenario: S\n    enabled: maybe\n    when: {}\n", "line 3: `enabled:` must be true or false");
        check("a: [\n", "line ");
    }

    #[test]
    fn an_empty_file_has_none() {
        assert_eq!(parse("# nothing\n").unwrap(), Exclusions::default());
    }
}
