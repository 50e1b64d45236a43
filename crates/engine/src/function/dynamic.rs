//! Into and out of dynamics: member and index access, `parse_json`, `extract_json`, `dynamic_to_json`, `treepath`. See
//! `dynamic.md`.

use kql::Type;
use serde_json::Value as Json;

use super::argument::{text, whole};
use super::json::{element, follow, length, member, parsed, path, slice};
use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The functions of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("[]", access),
    Function::row("parse_json", |_, args| json_of(&args[0])),
    Function::row("parsejson", |_, args| json_of(&args[0])),
    Function::row("todynamic", |_, args| json_of(&args[0])),
    Function::row("toobject", |_, args| json_of(&args[0])),
    Function::prepared("extract_json", extract_json),
    Function::prepared("extractjson", extract_json),
    Function::row("dynamic_to_json", |_, args| Cell::text(sorted(&args[0].to_json()).to_string())),
    Function::row("treepath", treepath),
    Function::row("array_length", |_, args| super::argument::long(length(dynamic_text(&args[0])))),
    Function::row("arraylength", |_, args| super::argument::long(length(dynamic_text(&args[0])))),
];

fn dynamic_text<'b>(cell: &'b Cell<'_>) -> &'b str {
    if let Cell::Dynamic(json) = cell { json } else { "" }
}

/// `d[key]`, `d.key`, `d[3]`, `d[-1]`: null for what is not there.
fn access<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let [of, key] = args else { return Cell::Null };
    match key {
        Cell::Null => Cell::Null,
        Cell::Str(name) => slice(of, |json| member(json, name)),
        Cell::Dynamic(json) if json.starts_with('"') => slice(of, |bag| member(bag, &text(args, 1))),
        _ => whole(args, 1).map_or(Cell::Null, |position| slice(of, |json| element(json, position))),
    }
}

/// Text is read as JSON; what is none becomes a JSON string. Any other value becomes the dynamic of itself.
fn json_of<'a>(cell: &Cell<'a>) -> Cell<'a> {
    match cell {
        Cell::Str(text) => parsed(text),
        // A dynamic string is read as the text that it is.
        Cell::Dynamic(json) if json.starts_with('"') => {
            serde_json::from_str::<String>(json).map_or(Cell::Null, |text| parsed(&text))
        }
        Cell::Dynamic(_) => cell.clone(),
        other => Cell::json(&other.to_json()),
    }
}

/// `extract_json(path, text [, typeof(T)])`: the value at the path, as the call's type.
fn extract_json(call: &Call) -> Result<Closure, String> {
    let constant = match call.constant_text(0) {
        Some(text) => Some(path(text).ok_or_else(|| format!("`{text}` is no JSON path: it looks like $.member['other'][0]"))?),
        None => None,
    };
    Ok(Box::new(move |call, args| {
        let of_row;
        let steps = match &constant {
            Some(steps) => steps,
            None => match path(&text(args, 0)) {
                Some(steps) => {
                    of_row = steps;
                    &of_row
                }
                None => return Cell::Null,
            },
        };
        let json = json_of(&args[1]).into_owned();
        let value = slice(&json, |text| follow(text, steps));
        match call.returns {
            Type::Dynamic => value.into_owned(),
            ty => read(&value, ty),
        }
    }))
}

/// A dynamic as a value of a type; null if it is none.
fn read(value: &Cell<'_>, ty: Type) -> Cell<'static> {
    let text = super::argument::cell_text(value);
    match ty {
        Type::String => Cell::text(text.into_owned()),
        _ if value.is_null() => Cell::Null,
        ty => super::cast::from_text(&text, ty),
    }
}

/// The value with its bags' members in the order of their names.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let mut members: Vec<(&String, &Json)> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            Json::Object(members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        Json::Array(elements) => Json::Array(elements.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// The paths of all members, elements of an array all being its first.
fn treepath<'a>(_: &Call, args: &[Cell<'a>]) -> Cell<'a> {
    let json = args[0].to_json();
    if !json.is_object() && !json.is_array() {
        return Cell::Null;
    }
    let mut paths = Vec::new();
    add_paths(&json, "", &mut paths);
    super::argument::json_array(paths.into_iter().map(Json::from).collect())
}

fn add_paths(json: &Json, above: &str, paths: &mut Vec<String>) {
    let mut add = |path: String, value: &Json| {
        if !paths.contains(&path) {
            paths.push(path.clone());
        }
        add_paths(value, &path, paths);
    };
    match json {
        Json::Object(members) => members.iter().for_each(|(name, value)| add(format!("{above}['{name}']"), value)),
        Json::Array(elements) => elements.iter().for_each(|value| add(format!("{above}[0]"), value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::testing::{dynamic, eval, s};

    #[test]
    fn members_and_elements_are_reached() {
        let get = |json: &str, key: Cell<'static>| eval("[]", &[dynamic(json), key], Type::Dynamic);
        assert_eq!(get(r#"{"a b":[1,2]}"#, s("a b")), dynamic("[1,2]"));
        assert_eq!(get("[1,2,3]", Cell::Long(-1)), dynamic("3"));
        assert_eq!(get("[1,2,3]", Cell::Long(10)), Cell::Null);
        assert_eq!(get("[1,null]", Cell::Long(1)), Cell::Null);
        assert_eq!(get("{\"a\":1}", Cell::Long(0)), Cell::Null);
        assert_eq!(get("{\"a\":1}", dynamic("\"a\"")), dynamic("1"));
        assert_eq!(get("5", s("a")), Cell::Null);
    }

    #[test]
    fn json_is_read() {
        let parse = |text| eval("parse_json", &[s(text)], Type::Dynamic);
        assert_eq!(parse(" [1, {\"b\" : 2} ]"), dynamic("[1,{\"b\":2}]"));
        assert_eq!(parse("not json"), dynamic("\"not json\""));
        assert_eq!(parse("null"), Cell::Null);
        assert_eq!(parse(""), Cell::Null);
        let json = |path, ty| eval("extract_json", &[s(path), s(r#"{"a":[{"b":"7"}]}"#)], ty);
        assert_eq!(json("$.a[0].b", Type::Long), Cell::Long(7));
        assert_eq!(json("$['a'][0]", Type::String), s(r#"{"b":"7"}"#));
        assert_eq!(json("$.x", Type::String), s(""));
    }

    #[test]
    fn dynamics_are_written_and_walked() {
        let written = eval("dynamic_to_json", &[dynamic(r#"{"b":{"z":1,"y":2},"a":1}"#)], Type::String);
        assert_eq!(written, s(r#"{"a":1,"b":{"y":2,"z":1}}"#));
        let paths = eval("treepath", &[dynamic(r#"{"l":[100,"x",{"x":"y"}],"p":1}"#)], Type::Dynamic);
        assert_eq!(paths, dynamic(r#"["['l']","['l'][0]","['l'][0]['x']","['p']"]"#));
        assert_eq!(eval("array_length", &[dynamic("[null,null]")], Type::Long), Cell::Long(2));
        assert_eq!(eval("array_length", &[dynamic("{}")], Type::Long), Cell::Null);
    }
}
