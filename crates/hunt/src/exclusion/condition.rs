//! Conditions over a row's fields, in a logic of three values: true with its reason, false, and not to be told.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use kql::types::Value;

use crate::normalize::{network_holds, network_or_address};
use crate::table::ecs_columns;

/// When an exclusion fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All are true.
    All(Vec<Condition>),
    /// One is true.
    Any(Vec<Condition>),
    /// The condition is false.
    Not(Box<Condition>),
    /// A field passes a test.
    Field {
        /// Its name in the Elastic Common Schema.
        field: String,
        /// How it is compared.
        operator: Operator,
        /// With what.
        operand: Operand,
    },
}

/// How a field is compared; texts in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Equal to one of the values.
    Equals,
    /// Contains one of the values.
    Contains,
    /// Starts with one of the values.
    StartsWith,
    /// Ends with one of the values.
    EndsWith,
    /// An address in one of the networks.
    Cidr,
    /// In a named list, whose entries are values or networks.
    InList,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// The list's name, for `in_list`.
    pub list: Option<String>,
    /// The values.
    pub values: Vec<String>,
}

impl Operand {
    /// The values that are networks, or addresses.
    pub(super) fn networks(&self) -> impl Iterator<Item = IpNet> {
        self.values.iter().filter_map(|value| network_or_address(value))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |parts: &[Condition], word: &str| {
            let nested = |part: &Condition| match part {
                Condition::Field { .. } | Condition::Not(_) => part.to_string(),
                _ => format!("({part})"),
            };
            parts.iter().map(nested).collect::<Vec<_>>().join(word)
        };
        match self {
            Condition::All(parts) => f.write_str(&joined(parts, " and ")),
            Condition::Any(parts) => f.write_str(&joined(parts, " or ")),
            Condition::Not(inner) => write!(f, "not ({inner})"),
            Condition::Field { field, operator, operand } => {
                let name = Operator::ALL.iter().find(|(_, known)| known == operator).map_or("", |(name, _)| name);
                match &operand.list {
                    Some(list) => write!(f, "{field} {name} {list}"),
                    None => write!(f, "{field} {name} {}", operand.values.join(", ")),
                }
            }
        }
    }
}

/// What a condition is on a row.
pub(super) enum Truth {
    /// True, for these reasons.
    True(Vec<String>),
    False,
    /// The row has no such field.
    Unknown(String),
}

impl Operator {
    /// All, as they are written.
    pub(super) const ALL: [(&'static str, Operator); 6] = [
        ("equals", Operator::Equals),
        ("contains", Operator::Contains),
        ("starts_with", Operator::StartsWith),
        ("ends_with", Operator::EndsWith),
        ("cidr", Operator::Cidr),
        ("in_list", Operator::InList),
    ];

    fn matches(self, text: &str, value: &str) -> bool {
        let (lower, wanted) = (text.to_lowercase(), value.to_lowercase());
        match self {
            Operator::Equals => lower == wanted,
            Operator::Contains => lower.contains(&wanted),
            Operator::StartsWith => lower.starts_with(&wanted),
            Operator::EndsWith => lower.ends_with(&wanted),
            Operator::Cidr => in_network(text, value),
            Operator::InList => lower == wanted || in_network(text, value),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Operator::Equals => "is",
            Operator::Contains => "contains",
            Operator::StartsWith => "starts with",
            Operator::EndsWith => "ends with",
            Operator::Cidr | Operator::InList => "is in",
        }
    }
}

/// `text` is an address of the network that `value` writes.
fn in_network(text: &str, value: &str) -> bool {
    match (text.trim().parse::<IpAddr>(), network_or_address(value)) {
        (Ok(address), Some(network)) => network_holds(network, address),
        _ => false,
    }
}

impl Condition {
    /// The ECS fields that are asked for, repeats included.
    pub(super) fn fields(&self) -> Vec<&str> {
        match self {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().flat_map(Condition::fields).collect(),
            Condition::Not(inner) => inner.fields(),
            Condition::Field { field, .. } => vec![field],
        }
    }

    pub(super) fn evaluate<'v>(&self, table: &str, get: &dyn Fn(&str) -> Option<&'v Value>) -> Truth {
        match self {
            Condition::All(parts) => all(parts, table, get),
            Condition::Any(parts) => any(parts, table, get),
            Condition::Not(inner) => match inner.evaluate(table, get) {
                Truth::True(_) => Truth::False,
                Truth::False => Truth::True(vec![format!("not: {}", inner.fields().join(", "))]),
                unknown => unknown,
            },
            Condition::Field { field, operator, operand } => field_test(field, *operator, operand, table, get),
        }
    }
}

fn all<'v>(parts: &[Condition], table: &str, get: &dyn Fn(&str) -> Option<&'v Value>) -> Truth {
    let (mut reasons, mut unknown) = (Vec::new(), None);
    for part in parts {
        match part.evaluate(table, get) {
            Truth::True(why) => reasons.extend(why),
            Truth::False => return Truth::False,
            Truth::Unknown(field) => unknown = unknown.or(Some(field)),
        }
    }
    unknown.map_or(Truth::True(reasons), Truth::Unknown)
}

fn any<'v>(parts: &[Condition], table: &str, get: &dyn Fn(&str) -> Option<&'v Value>) -> Truth {
    let mut unknown = None;
    for part in parts {
        match part.evaluate(table, get) {
            Truth::True(why) => return Truth::True(why),
            Truth::False => {}
            Truth::Unknown(field) => unknown = unknown.or(Some(field)),
        }
    }
    unknown.map_or(Truth::False, Truth::Unknown)
}

fn field_test<'v>(
    field: &str,
    operator: Operator,
    operand: &Operand,
    table: &str,
    get: &dyn Fn(&str) -> Option<&'v Value>,
) -> Truth {
    let mut there = false;
    for value in ecs_columns(table, field).into_iter().filter_map(get) {
        there = true;
        let text = value.to_text();
        let Some(matched) = operand.values.iter().find(|wanted| operator.matches(&text, wanted)) else { continue };
        let with = match &operand.list {
            Some(list) => list.clone(),
            None => format!("`{matched}`"),
        };
        return Truth::True(vec![format!("{field} `{text}` {} {with}", operator.words())]);
    }
    if there { Truth::False } else { Truth::Unknown(field.to_owned()) }
}
