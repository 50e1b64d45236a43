//! Reads the signature files: Kusto's own notation, one overload a line.
//!
//! In: text such as `countof(source: string, search: string, kind: string<count_kind>? literal) : long`. Out: [`Function`]s by
//! name. After a parameter's type stand how often it occurs (`?`, `{2,64}`, `{1,}`; once if nothing) and what it must be beyond
//! its type (`const`, `literal`, `column`, `star` …). After `:` stands the result: a type, `same(p)` (the type of the argument
//! for `p`), `widened(p)`, `typeof(p)`, `common`, `widest`, `columns(name type, …)`, for
//! plugins `table(…)` … After `@` stand the naming of its result
//! (`@first`, `@prefix_first(dcount)` …) and `@old(new name)`. A line `<name> a b c` lists the texts that a `string<name>` takes.

use std::collections::BTreeMap;

use super::signature::{Function, ItemType, Kind, MustBe, Naming, Parameter, Returns, Signature, TableItem, UNBOUNDED};
use crate::types::Type;

/// Functions by name.
pub type Functions = BTreeMap<String, Function>;

/// Lists of texts by name.
type Sets = BTreeMap<String, &'static [String]>;

/// All functions of a file, or the first line that is not in the notation.
pub(super) fn parse(text: &str) -> Result<Functions, String> {
    let mut functions = Functions::new();
    let mut sets = Sets::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let read = match line.strip_prefix('<') {
            Some(set) => read_set(set, &mut sets),
            None => read_function(line, &sets, &mut functions),
        };
        read.ok_or_else(|| format!("line {}: {line}", at + 1))?;
    }
    Ok(functions)
}

fn read_set(line: &str, sets: &mut Sets) -> Option<()> {
    let (name, texts) = line.split_once('>')?;
    let texts: Vec<String> = texts.split_whitespace().map(str::to_owned).collect();
    // The catalog lives as long as the program, so its lists may be shared by leaking them once.
    sets.insert(name.to_owned(), Vec::leak(texts));
    Some(())
}

fn read_function(line: &str, sets: &Sets, functions: &mut Functions) -> Option<()> {
    let (head, tail) = line.split_once(") :")?;
    let (name, parameters) = head.split_once('(')?;
    let parameters =
        parameters.split(", ").filter(|p| !p.is_empty()).map(|p| read_parameter(p, sets)).collect::<Option<Vec<_>>>()?;
    let mut attributes = tail.split(" @");
    let returns = read_returns(attributes.next()?.trim(), &parameters)?;
    let function = functions.entry(name.to_owned()).or_insert_with(|| Function {
        name: name.to_owned(),
        signatures: Vec::new(),
        naming: Naming::None,
        instead: None,
    });
    function.signatures.push(Signature { parameters, returns });
    for attribute in attributes {
        read_attribute(attribute.trim(), function)?;
    }
    Some(())
}

fn read_parameter(text: &str, sets: &Sets) -> Option<Parameter> {
    let (name, rest) = text.split_once(": ")?;
    let (kind, must_be) = rest.split_once(' ').unwrap_or((rest, ""));
    let (kind, least, most) = read_occurrence(kind)?;
    let (kind, values) = match kind.strip_prefix("string<").and_then(|k| k.strip_suffix('>')) {
        Some(set) => (Kind::Type(Type::String), Some(*sets.get(set)?)),
        None => (read_kind(kind)?, None),
    };
    Some(Parameter { name: name.to_owned(), kind, least, most, must_be: read_must_be(must_be)?, values })
}

fn read_occurrence(text: &str) -> Option<(&str, usize, usize)> {
    if let Some(kind) = text.strip_suffix('?') {
        return Some((kind, 0, 1));
    }
    let Some((kind, bounds)) = text.split_once('{') else { return Some((text, 1, 1)) };
    let (least, most) = bounds.strip_suffix('}')?.split_once(',')?;
    let most = if most.is_empty() { UNBOUNDED } else { most.parse().ok()? };
    Some((kind, least.parse().ok()?, most))
}

fn read_kind(text: &str) -> Option<Kind> {
    Some(match text {
        "number" => Kind::Number,
        "integer" => Kind::Integer,
        "summable" => Kind::Summable,
        "scalar" => Kind::Scalar,
        "not_dynamic" => Kind::NotDynamic,
        "orderable" => Kind::Orderable,
        "common" => Kind::Common,
        "common|dynamic" => Kind::CommonOrDynamic,
        "common_orderable" => Kind::CommonOrderable,
        "array" => Kind::Array,
        "bag" => Kind::Bag,
        "string|dynamic" => Kind::StringOrDynamic,
        "string|array" => Kind::StringOrArray,
        "integer|array" => Kind::IntegerOrArray,
        "number|bool" => Kind::NumberOrBool,
        "not_real_or_bool" => Kind::NotRealOrBool,
        "table" => Kind::Table,
        "type" => Kind::TypeLiteral,
        "any" => Kind::Any,
        name => Kind::Type(Type::from_name(name)?),
    })
}

fn read_must_be(text: &str) -> Option<MustBe> {
    Some(match text {
        "" | "expression" => MustBe::Expression,
        "const" => MustBe::Constant,
        "literal" => MustBe::Literal,
        "literal_not_empty" => MustBe::LiteralNotEmpty,
        "column" => MustBe::Column,
        "column_of_first" => MustBe::ColumnOfFirst,
        "column_of_both" => MustBe::ColumnOfBoth,
        "element_of_first" => MustBe::ElementOfFirst,
        "aggregate" => MustBe::Aggregate,
        "star" => MustBe::MayBeStar,
        "star_only" => MustBe::Star,
        _ => return None,
    })
}

fn read_returns(text: &str, parameters: &[Parameter]) -> Option<Returns> {
    let Some((word, inner)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) else {
        return Some(match text {
            "common" => Returns::Common,
            "widest" => Returns::Widest,
            "arguments" => Returns::Arguments,
            "percentiles" => Returns::Percentiles,
            "sorted_arrays" => Returns::SortedArrays,
            "entity" => Returns::Entity,
            name => Returns::Type(Type::from_name(name)?),
        });
    };
    if word == "columns" {
        let column = |text: &str| -> Option<(String, Type)> {
            let (name, ty) = text.trim().split_once(' ')?;
            Some((name.to_owned(), Type::from_name(ty)?))
        };
        return inner.split(',').map(column).collect::<Option<Vec<_>>>().map(Returns::Columns);
    }
    if word == "table" {
        return inner.split(", ").map(|item| read_item(item, parameters)).collect::<Option<Vec<_>>>().map(Returns::Table);
    }
    let position = position(inner, parameters)?;
    Some(match word {
        "same" => Returns::SameAs(position),
        "widened" => Returns::WidenedFrom(position),
        "typeof" => Returns::TypeOf(position),
        _ => return None,
    })
}

fn position(name: &str, parameters: &[Parameter]) -> Option<usize> {
    parameters.iter().position(|p| p.name == name)
}

/// Columns of a plugin's result: `*` (the input's), `*-p` (without the argument for `p`), `lookup` (those of the table that is an
/// argument), `schema`, `p` (the columns given for it), `p|*` (those, or else the input's), `name type`, `...` (more).
fn read_item(text: &str, parameters: &[Parameter]) -> Option<TableItem> {
    let without = |rest: &str| -> Option<Vec<usize>> { rest.split('-').skip(1).map(|name| position(name, parameters)).collect() };
    if let Some((name, ty)) = text.split_once(' ') {
        let ty = match ty.strip_prefix("same(").and_then(|ty| ty.strip_suffix(')')) {
            Some(parameter) => ItemType::SameAs(position(parameter, parameters)?),
            None => ItemType::Type(Type::from_name(ty)?),
        };
        return Some(TableItem::New(name.to_owned(), ty));
    }
    if let Some((given, rest)) = text.split_once("|*") {
        return Some(TableItem::GivenOrInput(position(given, parameters)?, without(rest)?));
    }
    if let Some(rest) = text.strip_prefix('*') {
        return Some(TableItem::Input(without(rest)?));
    }
    if let Some(rest) = text.strip_prefix("lookup") {
        return Some(TableItem::Lookup(without(rest)?));
    }
    Some(match text {
        "schema" => TableItem::Schema,
        "..." => TableItem::Open,
        name => TableItem::Given(position(name, parameters)?),
    })
}

fn read_attribute(text: &str, function: &mut Function) -> Option<()> {
    let (word, inner) = match text.strip_suffix(')').and_then(|t| t.split_once('(')) {
        Some((word, inner)) => (word, inner.to_owned()),
        None => (text, String::new()),
    };
    function.naming = match word {
        "old" => {
            function.instead = Some(inner);
            return Some(());
        }
        "first" => Naming::First,
        "only" => Naming::Only,
        "prefix_first" => Naming::PrefixAndFirst(inner),
        "prefix" => Naming::Prefix(inner),
        "value" => Naming::FirstValue,
        "arguments" => Naming::Arguments(Some(inner).filter(|prefix| !prefix.is_empty())),
        _ => return None,
    };
    Some(())
}
