//! The columns that a call gives, when the query does not name them.
//!
//! In: a resolved call, and for each argument its type, its literal value and the name a column would get from it. Out: names
//! and types; no name where the operator makes one up (`Column1`, `print_0`).

use super::resolve::Resolved;
use super::signature::{Naming, Returns};
use crate::types::{Column, Type, Value};

/// An argument, as far as naming needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    /// The name that a column holding just this expression would get: a column's own, `a_b` for `a.b`; `None` for `x + 1`.
    pub name: Option<&'a str>,
    /// Its type.
    pub ty: Type,
    /// Its value, if it is written out.
    pub literal: Option<&'a Value>,
    /// It is `*`.
    pub star: bool,
}

/// The columns of a call's result: one for most. `star` are the columns that `*` means: the input's, without the group's keys.
#[must_use]
pub fn columns(call: &Resolved, args: &[Argument<'_>], star: &[Column]) -> Vec<(Option<String>, Type)> {
    let first = args.first().and_then(|arg| arg.name).unwrap_or_default();
    match &call.signature.returns {
        Returns::Columns(parts) => {
            parts.iter().map(|(part, ty)| (Some(format!("{}_{first}_{part}", call.function.name)), *ty)).collect()
        }
        Returns::SortedArrays => {
            let sorted = args.iter().zip(&call.parameters).filter(|(_, parameter)| **parameter == 0);
            sorted.map(|(arg, _)| (Some(format!("{}_sorted", arg.name.unwrap_or_default())), Type::Dynamic)).collect()
        }
        Returns::Percentiles => {
            let name = |arg: &Argument<'_>| format!("percentile_{first}_{}", arg.literal.map(part_of_name).unwrap_or_default());
            let percentiles =
                args.iter().zip(&call.parameters).filter(|(_, at)| call.signature.parameters[**at].name == "percentile");
            percentiles.map(|(arg, _)| (Some(name(arg)), call.returns)).collect()
        }
        Returns::Arguments => arguments(call, args, star),
        _ => vec![(single(call, args), call.returns)],
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
fn single(call: &Resolved, args: &[Argument<'_>]) -> Option<String> {
    let first = args.first();
    match &call.function.naming {
        Naming::None => percentiles_array(call, args),
        Naming::First => first?.name.map(str::to_owned),
        Naming::Only if args.len() == 1 => first?.name.map(str::to_owned),
        Naming::Only => None,
        Naming::PrefixAndFirst(prefix) => Some(format!("{prefix}_{}", first.and_then(|arg| arg.name).unwrap_or_default())),
        Naming::Prefix(prefix) => Some(prefix.clone()),
        Naming::FirstValue => match first?.literal? {
            Value::String(text) => Some(text.clone()),
            _ => None,
        },
        Naming::Arguments(_) => None,
    }
}

/// `percentiles_array(x, …)` is `percentiles_x`.
fn percentiles_array(call: &Resolved, args: &[Argument<'_>]) -> Option<String> {
    let array = matches!(call.function.name.as_str(), "percentiles_array" | "percentilesw_array");
    array.then(|| format!("percentiles_{}", args.first().and_then(|arg| arg.name).unwrap_or_default()))
}

/// `arg_max(x, y, *)` and its kin: a column for each argument, under its own name or the old functions' `max_x_y`.
fn arguments(call: &Resolved, args: &[Argument<'_>], star: &[Column]) -> Vec<(Option<String>, Type)> {
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
    let mut columns: Vec<(Option<String>, Type)> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        if arg.star {
            for column in star.iter().filter(|column| !seen.contains(&column.name)) {
                let name = old.as_ref().map_or_else(|| column.name.clone(), |old| format!("{old}_{}", column.name));
                columns.push((Some(name), column.ty));
            }
            continue;
        }
        let name = match (&old, arg.name) {
            (Some(old), _) if is_arg && at == 0 => old.clone(),
            (Some(old), Some(name)) => format!("{old}_{name}"),
            (Some(old), None) => format!("{old}_arg{at}"),
            (None, Some(name)) => name.to_owned(),
            (None, None) => unnamed(at),
        };
        seen.extend(arg.name.map(str::to_owned));
        columns.push((Some(name), arg.ty));
    }
    columns
}
