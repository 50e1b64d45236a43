//! Conditions as KQL, in the logic of three values that rows are judged in: what a table has no column for is neither true nor false.
//! Where a field has several columns one that passes is enough, as on a row.

use ipnet::IpNet;
use kql::fmt::string_literal;

use super::condition::{Condition, Operand, Operator};
use crate::table::ecs_columns;
use crate::template::{dynamic_list, unmapped};

/// The predicate of the rows on which the condition is `truth`; none if it is so on no row of the table.
pub(super) fn predicate(condition: &Condition, table: &str, truth: bool) -> Option<String> {
    match condition {
        Condition::All(parts) if truth => every(parts, table, truth),
        Condition::Any(parts) if !truth => every(parts, table, truth),
        Condition::All(parts) | Condition::Any(parts) => one(parts, table, truth),
        Condition::Not(inner) => predicate(inner, table, !truth),
        Condition::Field { field, operator, operand } => {
            let columns = ecs_columns(table, field);
            if columns.is_empty() {
                return None;
            }
            let text = columns.iter().map(|column| test(column, *operator, operand)).collect::<Vec<_>>().join(" or ");
            Some(if truth { text } else { format!("not({text})") })
        }
    }
}

/// All parts are `truth`.
fn every(parts: &[Condition], table: &str, truth: bool) -> Option<String> {
    let texts: Option<Vec<String>> = parts.iter().map(|part| predicate(part, table, truth)).collect();
    texts.map(|texts| joined(&texts, " and ").unwrap_or_else(|| "true".to_owned()))
}

/// One part is `truth`, of those that can be.
fn one(parts: &[Condition], table: &str, truth: bool) -> Option<String> {
    let texts: Vec<String> = parts.iter().filter_map(|part| predicate(part, table, truth)).collect();
    joined(&texts, " or ")
}

fn joined(texts: &[String], operator: &str) -> Option<String> {
    match texts {
        [] => None,
        [only] => Some(only.clone()),
        texts => Some(texts.iter().map(|text| format!("({text})")).collect::<Vec<_>>().join(operator)),
    }
}

fn test(column: &str, operator: Operator, operand: &Operand) -> String {
    // Ports are numbers, what they are compared with is text.
    let column = if column.ends_with("Port") { format!("tostring({column})") } else { column.to_owned() };
    let each = |name: &str| {
        let tests = operand.values.iter().map(|value| format!("{column} {name} {}", string_literal(value)));
        tests.collect::<Vec<_>>().join(" or ")
    };
    let listed = || {
        let literals: Vec<String> = operand.values.iter().map(|value| string_literal(value)).collect();
        format!("{column} in~ ({})", literals.join(", "))
    };
    match operator {
        _ if operand.values.is_empty() => "false".to_owned(),
        Operator::Equals => listed(),
        Operator::Contains => each("contains"),
        Operator::StartsWith => each("startswith"),
        Operator::EndsWith => each("endswith"),
        Operator::Cidr => in_networks(&column, operand).unwrap_or_else(|| "false".to_owned()),
        Operator::InList => match in_networks(&column, operand) {
            Some(networks) => format!("{} or {networks}", listed()),
            None => listed(),
        },
    }
}

/// The column is an address of one of the networks; none if there are no networks.
fn in_networks(column: &str, operand: &Operand) -> Option<String> {
    let (v4, v6): (Vec<IpNet>, Vec<IpNet>) = operand.networks().partition(|network| matches!(network, IpNet::V4(_)));
    // What is no address is in no network, where these functions say null, which no `not` makes true.
    let test = |version: &str, column: &str, networks: &[IpNet]| {
        let texts: Vec<String> = networks.iter().map(IpNet::to_string).collect();
        let list = dynamic_list(texts.iter());
        (!texts.is_empty()).then(|| format!("coalesce({version}_is_in_any_range({column}, {list}), false)"))
    };
    let tests = [test("ipv4", &unmapped(column), &v4), test("ipv6", column, &v6)];
    tests.into_iter().flatten().reduce(|a, b| format!("{a} or {b}"))
}
