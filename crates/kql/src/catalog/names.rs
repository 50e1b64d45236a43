//! The columns that a call gives, when the query does not name them.
//!
//! In: a resolved call, and for each argument its type, its literal value and the name a column would get from it. Out: names
//! and types; no name where the operator makes one up (`Column1`, `print_0`).

use super::resolve::Resolved;
use super::signature::{ItemType, Naming, Returns, TableItem};
use crate::types::{Column, Type, Value};

/// An argument, as far as naming needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    /// The name that a column holding just this expression would get: a column's own, `a_b` for `a.b`; `None` for `x + 1`.
    pub name: Option<&'a str>,
    /// The name that the query gives to this part of the result: `arg_max(t, latest = x)`.
    pub alias: Option<&'a str>,
    /// Its type.
    pub ty: Type,
    /// Its value, if it is written out.
    pub literal: Option<&'a Value>,
    /// It is `*`.
    pub star: bool,
}

impl<'a> Argument<'a> {
    /// What names of results take from it: the name the query gives it, `bin(day = t, 1d)`, else its own.
    fn label(&self) -> Option<&'a str> {
        self.alias.or(self.name)
    }
}

/// The columns of a call's result: one for most. `input` are the columns the call sees; in an aggregate, without those that are
/// keys of the group, as `*` does not mean them.
#[must_use]
pub fn columns(call: &Resolved, args: &[Argument<'_>], input: &[Column]) -> Vec<(Option<String>, Type)> {
    let first = args.first().and_then(Argument::label).unwrap_or_default();
    match &call.signature.returns {
        Returns::Columns(parts) => {
            parts.iter().map(|(part, ty)| (Some(format!("{}_{first}_{part}", call.function.name)), *ty)).collect()
        }
        Returns::SortedArrays => {
            let sorted = args.iter().zip(&call.parameters).filter(|(_, parameter)| **parameter == 0);
            let name = |at: usize, arg: &Argument<'_>| {
                arg.label().map_or_else(|| format!("array{at}_sorted"), |name| format!("{name}_sorted"))
            };
            sorted.enumerate().map(|(at, (arg, _))| (Some(name(at, arg)), Type::Dynamic)).collect()
        }
        Returns::Percentiles => {
            let name = |arg: &Argument<'_>| format!("percentile_{first}_{}", arg.literal.map(part_of_name).unwrap_or_default());
            let percentiles =
                args.iter().zip(&call.parameters).filter(|(_, at)| call.signature.parameters[**at].name == "percentile");
            percentiles.map(|(arg, _)| (Some(name(arg)), call.returns)).collect()
        }
        Returns::Arguments => arguments(call, args, input),
        _ => vec![(single(call, args, input), call.returns)],
    }
}

/// The columns of a plugin's result, and whether there may be more. `input` are the columns piped in; `table` those of the
/// argument that is a table or a type literal of a table (`typeof(*, a: long)`). The name of an argument that is a call of an
/// aggregation function is that of its first argument, if that is a column.
#[must_use]
pub fn table_columns(call: &Resolved, args: &[Argument<'_>], input: &[Column], table: &[Column]) -> (Vec<Column>, bool) {
    let Returns::Table(items) = &call.signature.returns else { return (Vec::new(), true) };
    let shape = Shape { call, args };
    let mut columns: Vec<Column> = Vec::new();
    let mut open = false;
    for item in items {
        match item {
            TableItem::Input(without) => columns.extend(shape.without(input, without)),
            TableItem::GivenOrInput(given, _) if shape.given(*given).next().is_some() => columns.extend(shape.columns(*given)),
            TableItem::GivenOrInput(_, without) => columns.extend(shape.without(input, without)),
            TableItem::Lookup(without) => {
                for column in shape.without(table, without) {
                    let name = unique(&column.name, &columns);
                    columns.push(Column::new(name, column.ty));
                }
            }
            TableItem::Schema => columns.extend(table.iter().cloned()),
            TableItem::Given(parameter) => columns.extend(shape.columns(*parameter)),
            TableItem::New(name, ty) => columns.extend(shape.new_columns(name, *ty)),
            TableItem::Open => open = true,
        }
    }
    (columns, open)
}

/// A name that no column has: as it is, or with the first number that makes it one.
fn unique(name: &str, columns: &[Column]) -> String {
    let taken = |name: &str| columns.iter().any(|column| column.name == name);
    let numbered = (1..).map(|n| format!("{name}{n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// A plugin's call, for looking up what was given for which parameter.
struct Shape<'a> {
    call: &'a Resolved,
    args: &'a [Argument<'a>],
}

impl<'a> Shape<'a> {
    /// The arguments for a parameter.
    fn given(&self, parameter: usize) -> impl Iterator<Item = &'a Argument<'a>> {
        self.args.iter().zip(&self.call.parameters).filter(move |(_, at)| **at == parameter).map(|(arg, _)| arg)
    }

    /// The arguments for a parameter, as columns.
    fn columns(&self, parameter: usize) -> impl Iterator<Item = Column> {
        self.given(parameter).filter_map(|arg| Some(Column::new(arg.name?, arg.ty)))
    }

    /// The columns that are not given for any of the parameters.
    fn without(&self, columns: &[Column], parameters: &[usize]) -> Vec<Column> {
        let given = |name: &str| parameters.iter().any(|parameter| self.given(*parameter).any(|arg| arg.name == Some(name)));
        columns.iter().filter(|column| !given(&column.name)).cloned().collect()
    }

    /// New columns: one, or one for each argument of the repeated parameter that the name mentions.
    fn new_columns(&self, name: &str, ty: ItemType) -> Vec<Column> {
        let ty = match ty {
            ItemType::Type(ty) => ty,
            ItemType::SameAs(parameter) => self.given(parameter).next().map_or(Type::Unknown, |arg| arg.ty),
        };
        let parameters = &self.call.signature.parameters;
        let mentions = |at: &usize| {
            name.contains(&format!("{{{}}}", parameters[*at].name)) || name.contains(&format!("{{#{}}}", parameters[*at].name))
        };
        let repeated = (0..parameters.len()).find(|at| parameters[*at].most > 1 && mentions(at));
        let times = repeated.map_or(1, |at| self.given(at).count());
        let filled = |index: usize| {
            (0..parameters.len()).fold(name.to_owned(), |name, at| {
                let arg = self.given(at).nth(if repeated == Some(at) { index } else { 0 });
                let text = arg.map(|arg| {
                    arg.alias.or(arg.name).map_or_else(|| arg.literal.map(Value::to_text).unwrap_or_default(), str::to_owned)
                });
                let parameter = &parameters[at].name;
                name.replace(&format!("{{#{parameter}}}"), &index.to_string())
                    .replace(&format!("{{{parameter}}}"), &text.unwrap_or_default())
            })
        };
        (0..times).map(|index| Column::new(filled(index), ty)).collect()
    }
}

/// A number as part of a name: `99.5` is `99_5`.
fn part_of_name(value: &Value) -> String {
    let text = match value {
        Value::Real(r) => r.to_string(),
        other => other.to_text(),
    };
    text.replace(['.', '-'], "_")
}

/// The name of a result that is one column.
fn single(call: &Resolved, args: &[Argument<'_>], input: &[Column]) -> Option<String> {
    let first = args.first();
    match &call.function.naming {
        Naming::None => percentiles_array(call, args),
        Naming::First => first?.label().map(str::to_owned),
        Naming::Only if args.len() == 1 => first?.label().map(str::to_owned),
        Naming::Only => None,
        Naming::PrefixAndFirst(prefix) => Some(format!("{prefix}_{}", first.and_then(Argument::label).unwrap_or_default())),
        Naming::Prefix(prefix) => Some(prefix.clone()),
        Naming::FirstValue => match first?.literal? {
            Value::String(text) if input.iter().any(|column| column.name == *text) => Some(text.clone()),
            _ => None,
        },
        Naming::Arguments(_) => None,
    }
}

/// `percentiles_array(x, …)` is `percentiles_x`.
fn percentiles_array(call: &Resolved, args: &[Argument<'_>]) -> Option<String> {
    let array = matches!(call.function.name.as_str(), "percentiles_array" | "percentilesw_array");
    array.then(|| format!("percentiles_{}", args.first().and_then(Argument::label).unwrap_or_default()))
}

/// `arg_max(x, y, *)` and its kin: a column for each argument, under its own name or the old functions' `max_x_y`.
fn arguments(call: &Resolved, args: &[Argument<'_>], input: &[Column]) -> Vec<(Option<String>, Type)> {
    let function = call.function.name.as_str();
    let first = args.first().and_then(|arg| arg.name).unwrap_or_default();
    let old = match function {
        "argmax" => Some(format!("max_{first}")),
        "argmin" => Some(format!("min_{first}")),
        "any" => Some("any".to_owned()),
        _ => None,
    };
    let is_arg = function.starts_with("arg");
    let unnamed = |at: usize| match function {
        "arg_max" if at == 0 => "max_".to_owned(),
        "arg_min" if at == 0 => "min_".to_owned(),
        "arg_max" => format!("max_{first}_arg{at}"),
        "arg_min" => format!("min_{first}_arg{at}"),
        _ => format!("any_arg{at}"),
    };
    let named = |at: usize, arg: &Argument<'_>| match (arg.alias, &old, arg.name) {
        (Some(alias), ..) => alias.to_owned(),
        (None, Some(old), _) if is_arg && at == 0 => old.clone(),
        (None, Some(old), Some(name)) => format!("{old}_{name}"),
        (None, Some(old), None) => format!("{old}_arg{at}"),
        (None, None, Some(name)) => name.to_owned(),
        (None, None, None) => unnamed(at),
    };
    let mut columns: Vec<(Option<String>, Type)> = Vec::new();
    let mut after_star = false;
    for (at, arg) in args.iter().enumerate() {
        if arg.star {
            let named_before = |column: &&Column| !args[..at].iter().any(|arg| arg.name == Some(column.name.as_str()));
            for column in input.iter().filter(named_before) {
                let name = old.as_ref().map_or_else(|| column.name.clone(), |old| format!("{old}_{}", column.name));
                columns.push((Some(name), column.ty));
            }
            after_star = true;
        } else if !(after_star && arg.alias.is_none() && input.iter().any(|column| Some(column.name.as_str()) == arg.name)) {
            columns.push((Some(named(at, arg)), arg.ty));
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{self, ArgType};

    fn check(function: &str, args: &[Argument<'_>], expected: &[&str]) {
        let function = catalog::aggregate(function).or_else(|| catalog::function(function)).unwrap();
        let types: Vec<ArgType<'_>> =
            args.iter().map(|arg| if arg.star { ArgType::star() } else { ArgType::of(arg.ty) }).collect();
        let input = [Column::new("d", Type::DateTime), Column::new("l", Type::Long), Column::new("s", Type::String)];
        let columns = columns(&function.resolve(&types).unwrap(), args, &input);
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_deref().unwrap_or("?")).collect();
        assert_eq!(names, expected, "{}", function.name);
    }

    fn arg(name: &str, ty: Type) -> Argument<'_> {
        Argument { name: Some(name).filter(|name| !name.is_empty()), alias: None, ty, literal: None, star: false }
    }

    #[test]
    fn of_single_columns() {
        let (l, none) = (arg("l", Type::Long), arg("", Type::Long));
        check("dcount", &[l], &["dcount_l"]);
        check("dcount", &[none], &["dcount_"]);
        check("count", &[], &["count_"]);
        check("make_set", &[l], &["set_l"]);
        check("tostring", &[l], &["l"]);
        check("tolower", &[arg("s", Type::String)], &["?"]);
        check("make_datetime", &[l, l, l], &["?"]);
        check("ingestion_time", &[], &["$IngestionTime"]);
        let text = Value::String("s".to_owned());
        check("column_ifexists", &[Argument { literal: Some(&text), ..arg("", Type::String) }, l], &["s"]);
        check("percentiles_array", &[l, none], &["percentiles_l"]);
    }

    fn check_table(plugin: &str, args: &[Argument<'_>], expected: &str) {
        let types: Vec<ArgType<'_>> =
            args.iter().map(|arg| if arg.star { ArgType::table() } else { ArgType::of(arg.ty) }).collect();
        let input = [Column::new("d", Type::DateTime), Column::new("l", Type::Long), Column::new("s", Type::String)];
        let table = [Column::new("k", Type::String), Column::new("s", Type::Real)];
        let call = catalog::plugin(plugin).unwrap().resolve(&types).unwrap();
        let (columns, open) = table_columns(&call, args, &input, &table);
        let columns: Vec<String> = columns.iter().map(|column| format!("{}:{}", column.name, column.ty)).collect();
        assert_eq!(columns.join(" ") + if open { " …" } else { "" }, expected, "{plugin}");
    }

    #[test]
    fn of_plugins() {
        let (d, s, l, none) = (arg("d", Type::DateTime), arg("s", Type::String), arg("l", Type::Long), arg("", Type::Long));
        let (table, span, dynamic) = (Argument { star: true, ..none }, arg("", Type::TimeSpan), arg("y", Type::Dynamic));
        let (three, half) = (Value::Long(3), Value::Real(99.5));
        check_table("bag_unpack", &[l], "d:datetime s:string …");
        check_table("pivot", &[s], "d:datetime l:long …");
        check_table("pivot", &[s, l], "d:datetime …");
        check_table("pivot", &[s, l, d], "d:datetime …");
        check_table("ipv4_lookup", &[table, s, arg("k", Type::String)], "d:datetime l:long s:string k:string s1:real");
        check_table("ipv4_lookup", &[table, s, arg("k", Type::String), s], "d:datetime l:long s:string k:string");
        check_table("dcount_intersect", &[dynamic, dynamic], "d:datetime l:long s:string s0:long s1:long");
        let step = |alias| Argument { alias: Some(alias), ..arg("", Type::Bool) };
        check_table("sequence_detect", &[d, span, span, step("a"), step("b")], "a_d:datetime b_d:datetime Duration:timespan");
        let percentile = [l, Argument { literal: Some(&half), ..none }, d, span, Argument { literal: Some(&three), ..none }];
        check_table("rolling_percentile", &percentile, "d:datetime rolling_3_percentile_l_99.5:long");
        check_table("narrow", &[], "Row:long Column:string Value:string");
    }

    #[test]
    fn of_several_columns() {
        let (d, s, l, none) = (arg("d", Type::DateTime), arg("s", Type::String), arg("l", Type::Long), arg("", Type::Long));
        let star = Argument { star: true, ..none };
        check("arg_max", &[d, star], &["d", "l", "s"]);
        check("arg_max", &[d, star, s], &["d", "l", "s"]);
        check("arg_max", &[d, Argument { alias: Some("x"), ..s }, star], &["d", "x", "l"]);
        check("arg_max", &[none, none], &["max_", "max__arg1"]);
        check("argmin", &[d, s, none], &["min_d", "min_d_s", "min_d_arg2"]);
        check("any", &[star], &["any_d", "any_l", "any_s"]);
        check("take_any", &[none, l], &["any_arg0", "l"]);
        let (half, whole) = (Value::Real(99.5), Value::Long(5));
        let percents = [l, Argument { literal: Some(&half), ..none }, Argument { literal: Some(&whole), ..none }];
        check("percentiles", &percents, &["percentile_l_99_5", "percentile_l_5"]);
        let array = arg("", Type::Dynamic);
        check("array_sort_asc", &[arg("y", Type::Dynamic), array, arg("", Type::Bool)], &["y_sorted", "array1_sorted"]);
        check("series_fft", &[array], &["series_fft__real", "series_fft__imag"]);
    }
}
