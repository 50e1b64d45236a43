//! Templates: how a family's indicators become queries.

mod classic;
mod exact;

use crate::hunt::HuntQuery;
use crate::indicator::{Indicator, Malware};
use kql::fmt::string_literal;

/// How queries are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Template {
    /// The answer is exactly what is meant.
    #[default]
    Exact,
    /// Five queries as widespread collections of hunts publish them: simple, and matching more and less than is meant.
    Classic,
}

impl Template {
    /// `exact`, `classic`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Template::Exact => "exact",
            Template::Classic => "classic",
        }
    }

    /// The template of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Template> {
        [Template::Exact, Template::Classic].into_iter().find(|template| template.name() == name)
    }
}

/// The queries for a family's indicators.
pub(crate) fn queries(template: Template, malware: &Malware, indicators: &[Indicator]) -> Vec<HuntQuery> {
    match template {
        Template::Exact => exact::queries(malware, indicators),
        Template::Classic => classic::queries(malware, indicators),
    }
}

/// `dynamic(["a", "b"])`.
pub(crate) fn dynamic_list<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let literals: Vec<String> = values.map(string_literal).collect();
    format!("dynamic([{}])", literals.join(", "))
}

/// A text for a comment: it cannot end its line.
pub(crate) fn comment_text(text: &str) -> String {
    let literal = string_literal(text);
    literal[1..literal.len() - 1].replace("\\\"", "\"").replace("\\\\", "\\")
}
