//! Constant regular expressions. A real Kusto looks into them before a query runs, though Microsoft's analyser does not.
//!
//! In: the bound operand of an operator, the arguments of a call, or the pattern of a `parse`. Out: a report where it is none.

use super::Binder;
use super::call::Bound;
use super::fold;
use crate::ast::ParseElement;
use crate::diagnostic::{self, Span};
use crate::plan::{Expr, ParseItem};
use crate::re2;

impl Binder<'_> {
    /// Reports a constant that is no regular expression.
    pub(super) fn check_regex(&mut self, regex: &Expr, span: Span) {
        if let Some(text) = fold::text(regex) {
            self.check_regex_text(text, span);
        }
    }

    /// The same of a text.
    pub(super) fn check_regex_text(&mut self, text: &str, span: Span) {
        if let Err(why) = re2::read(text) {
            self.report(diagnostic::BAD_REGEX, span, format!("this is no regular expression: {why}"));
        }
    }

    /// The same of what a function takes as one.
    pub(super) fn check_regex_argument(&mut self, function: &str, args: &[Bound]) {
        let is_regex = |arg: &Bound| fold::text(&arg.expr).is_some_and(|kind| kind.eq_ignore_ascii_case("regex"));
        let at = match function {
            "extract" | "extract_all" | "extractall" | "replace" | "trim" | "trim_start" | "trim_end" => 0,
            "replace_regex" | "indexof_regex" => 1,
            "countof" if args.get(2).is_some_and(is_regex) => 1,
            _ => return,
        };
        if let Some(arg) = args.get(at) {
            self.check_regex(&arg.expr, arg.span);
        }
    }

    /// The same of the pattern of `parse kind=regex`, whose parts are one regular expression. The first part that is none by
    /// itself is to blame.
    pub(super) fn check_parse_regex(&mut self, items: &[ParseItem], pattern: &[ParseElement]) {
        let mut whole = String::new();
        let mut blamed = None;
        for (item, element) in items.iter().zip(pattern) {
            match (item, element) {
                (ParseItem::Text(text), ParseElement::Text(written)) => {
                    whole.push_str(text);
                    blamed = blamed.or(re2::read(text).is_err().then_some(written.span));
                }
                _ => whole.push_str("(.*)"),
            }
        }
        if let Some(span) = blamed {
            self.check_regex_text(&whole, span);
        }
    }
}
