//! What the parameters of operators may be: `kind=inner`, `hint.strategy=shuffle`, `isfuzzy=true`, `render … with (ysplit=axes)`.
//!
//! In: an operator's parameters. Out: a diagnostic for each value that the parameter does not take, and for each that is given
//! twice. Which names there are at all is a matter of syntax.

use super::super::Binder;
use super::super::flow::Flow;
use super::super::resolve::did_you_mean;
use super::written;
use crate::ast::{ExprKind as Ast, Operator, OperatorKind as Op, Param};
use crate::catalog;
use crate::diagnostic;
use crate::parser::CHARTS;
use crate::types::Type;

/// What a parameter takes.
#[derive(Clone, Copy)]
enum Takes {
    /// One of these words.
    Words(&'static [&'static str]),
    /// One of these words, or a number.
    WordsOrNumber(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// An integer written out.
    Integer,
    /// A number or a timespan written out.
    Number,
    /// A column of the rows piped in.
    Column,
}

use Takes::{Bool, Column, Integer, Number, Words, WordsOrNumber};

type Options = &'static [(&'static str, Takes)];

const STRATEGIES: Takes = Words(&["auto", "broadcast", "centralized", "shuffle"]);
const PLACES: &[&str] = &["auto", "left", "local", "right", "unresolved"];

const JOIN: Options = &[
    (
        "kind",
        Words(&[
            "innerunique",
            "inner",
            "leftouter",
            "rightouter",
            "fullouter",
            "leftsemi",
            "rightsemi",
            "leftanti",
            "rightanti",
            "anti",
            "leftantisemi",
            "rightantisemi",
        ]),
    ),
    ("hint.remote", Words(PLACES)),
    ("hint.strategy", STRATEGIES),
    ("hint.num_partitions", Integer),
];
const UNION: Options = &[
    ("kind", Words(&["inner", "outer"])),
    ("isfuzzy", Bool),
    ("hint.concurrency", WordsOrNumber(PLACES)),
    ("hint.spread", WordsOrNumber(&["auto", "local"])),
];
const RENDER: Options = &[
    ("kind", Words(&["default", "unstacked", "stacked", "stacked100", "map"])),
    ("accumulate", Bool),
    ("xaxis", Words(&["linear", "log"])),
    ("yaxis", Words(&["linear", "log"])),
    ("legend", Words(&["visible", "hidden"])),
    ("ysplit", Words(&["none", "axes", "panels"])),
    ("ymin", Number),
    ("ymax", Number),
];
const SUMMARIZE: Options =
    &[("hint.strategy", Words(&["shuffle"])), ("hint.shufflekey", Column), ("hint.num_partitions", Integer)];

/// Parameters that may stand several times.
const REPEATABLE: [&str; 3] = ["hint.shufflekey", "quote", "escape"];

impl Binder<'_> {
    /// Checks the parameters of an operator over the rows piped in.
    pub(super) fn check_options(&mut self, input: Option<&Flow>, operator: &Operator) {
        let known = options(&operator.kind);
        for (at, param) in operator.params.iter().enumerate() {
            let name = param.name.text.as_str();
            let is_same = |other: &Param| spelled(&other.name.text) == spelled(name);
            if operator.params[..at].iter().any(is_same) && !REPEATABLE.contains(&name) {
                self.report(diagnostic::DUPLICATE_NAME, param.name.span, format!("`{name}` is given already"));
            }
            if let Some((_, takes)) = known.iter().find(|(known, _)| *known == spelled(name)) {
                self.check_option(input, param, *takes);
            }
        }
        if let Op::Render(kind) = &operator.kind
            && !kind.text.is_empty()
            && !CHARTS.contains(&kind.text.as_str())
        {
            let near = did_you_mean(&catalog::nearest(&kind.text, CHARTS.iter().copied()));
            self.report_with_help(diagnostic::BAD_OPTION, kind.span, format!("no chart is called `{}`", kind.text), near);
        }
    }

    fn check_option(&mut self, input: Option<&Flow>, param: &Param, takes: Takes) {
        let ty = match &param.value.kind {
            Ast::Literal(literal) => literal.ty,
            Ast::Missing => return,
            _ => Type::Unknown,
        };
        let text = written(&param.value);
        // Only hints are taken in any case.
        let is_hint = param.name.text.starts_with("hint.");
        let is_word = |words: &[&str]| words.iter().any(|word| *word == text || is_hint && word.eq_ignore_ascii_case(&text));
        let (fits, wanted) = match takes {
            Words(words) => (is_word(words), words.join(", ")),
            WordsOrNumber(words) => (is_word(words) || ty.is_numeric(), format!("a number, {}", words.join(", "))),
            Bool => (ty == Type::Bool, "true, false".to_owned()),
            Integer => (matches!(ty, Type::Int | Type::Long), "an integer".to_owned()),
            Number => (ty.is_numeric() || ty == Type::TimeSpan, "a number".to_owned()),
            Column => {
                if let (Some(input), Some(name)) = (input, param.value.as_name()) {
                    self.over(input, |binder| binder.name(name));
                }
                return;
            }
        };
        if !fits {
            let message = format!("`{}` takes {wanted}, not `{text}`", param.name.text);
            self.report(diagnostic::BAD_OPTION, param.value.span, message);
        }
    }
}

/// A parameter's name in the spelling of the tables above.
fn spelled(name: &str) -> &str {
    match name {
        "with_source" => "withsource",
        "__isFuzzy" => "isfuzzy",
        name => name,
    }
}

fn options(operator: &Op) -> Options {
    match operator {
        Op::Join { .. } => JOIN,
        Op::Lookup { .. } => &[("kind", Words(&["leftouter", "inner"]))],
        Op::Union(_) | Op::MacroExpand { .. } => UNION,
        Op::Render(_) => RENDER,
        Op::Summarize { .. } => SUMMARIZE,
        Op::Distinct(_) => &[("hint.strategy", STRATEGIES), ("hint.shufflekey", Column), ("hint.num_partitions", Integer)],
        Op::Evaluate { .. } => &[
            ("hint.distribution", Words(&["single", "per_node", "per_shard", "default"])),
            ("hint.remote", Words(&["auto", "local"])),
        ],
        Op::MvExpand { .. } => &[("kind", Words(&["bag", "array"])), ("bagexpansion", Words(&["bag", "array"]))],
        Op::MakeSeries(_) => &[("kind", Words(&["nonempty"])), ("hint.shufflekey", Column)],
        Op::Parse { .. } => &[("kind", Words(&["simple", "regex", "relaxed"]))],
        Op::Search { .. } => &[("kind", Words(&["default", "case_insensitive", "case_sensitive"]))],
        Op::Reduce(_) => &[("kind", Words(&["source"])), ("threshold", Number)],
        Op::As(_) => &[("hint.materialized", Bool)],
        Op::GraphMatch(_) => &[("cycles", Words(&["all", "none", "unique_edges"]))],
        Op::GraphShortestPaths(_) => &[("output", Words(&["any", "all"]))],
        Op::GraphMarkComponents => &[("kind", Words(&["weak", "strong"]))],
        _ => &[],
    }
}
