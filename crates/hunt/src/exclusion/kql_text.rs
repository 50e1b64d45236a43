//! Conditions as KQL. Where a field has several columns one that passes is enough, as on a row.

use ipnet::IpNet;
use kql::fmt::string_literal;

use super::condition::{Condition, Operand, Operator};
use crate::table::ecs_columns;
use crate::template::dynamic_list;

/// The predicate; none if the table lacks a column for some field.
pub(super) fn predicate(condition: &Condition, table: &str) -> Option<String> {
    match condition {
        Condition::All(parts) => joined(parts, table, " and "),
        Condition::Any(parts) => joined(parts, table, " or "),
        Condition::Not(inner) => Some(format!("not({})", predicate(inner, table)?)),
        Condition::Field { field, operator, operand } => {
            let columns = ecs_columns(table, field);
            if columns.is_empty() {
                return None;
            }
            Some(columns.iter().map(|column| test(column, *operator, operand)).collect::<Vec<_>>().join(" or "))
        }
    }
}

fn joined(parts: &[Condition], table: &str, operator: &str) -> Option<String> {
    let texts: Option<Vec<String>> = parts.iter().map(|part| predicate(part, table).map(|text| format!("({text})"))).collect();
    let text = texts?.join(operator);
    Some(if text.is_empty() { (operator == " and ").to_string() } else { text })
}

fn test(column: &str, operator: Operator, operand: &Operand) -> String {
    // Ports are numbers, what they are compared with is text.
    let column = if column.ends_with("Port") { format!("tostring({column})") } else { column.to_owned() };
    let each = |name: &str| {
        let tests = operand.values.iter().map(|value| format!("{column} {name} {}", string_literal(value)));
        tests.collect::<Vec<_>>().join(" or ")
    };
    let networks: Vec<&str> = operand.values.iter().map(String::as_str).filter(|value| value.parse::<IpNet>().is_ok()).collect();
    let in_networks = || format!("ipv4_is_in_any_range({column}, {})", dynamic_list(networks.iter().copied()));
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
        Operator::Cidr if networks.is_empty() => "false".to_owned(),
        Operator::Cidr => in_networks(),
        Operator::InList if networks.is_empty() => listed(),
        Operator::InList => format!("{} or {}", listed(), in_networks()),
    }
}
