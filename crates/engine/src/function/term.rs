//! `has`, `hasprefix`, `hassuffix` and their forms: whether a text holds a term. See `term.md`.
//!
//! A term is a maximal run of letters and digits, Unicode's included; every other character, the underscore too, parts terms.

use super::argument::text;
use super::needle::Needle;
use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The operators of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::prepared("has", |call| Ok(closure(call, Edge::Both, false, true))),
    Function::prepared("!has", |call| Ok(closure(call, Edge::Both, false, false))),
    Function::prepared("has_cs", |call| Ok(closure(call, Edge::Both, true, true))),
    Function::prepared("!has_cs", |call| Ok(closure(call, Edge::Both, true, false))),
    Function::prepared("hasprefix", |call| Ok(closure(call, Edge::Left, false, true))),
    Function::prepared("!hasprefix", |call| Ok(closure(call, Edge::Left, false, false))),
    Function::prepared("hasprefix_cs", |call| Ok(closure(call, Edge::Left, true, true))),
    Function::prepared("!hasprefix_cs", |call| Ok(closure(call, Edge::Left, true, false))),
    Function::prepared("hassuffix", |call| Ok(closure(call, Edge::Right, false, true))),
    Function::prepared("!hassuffix", |call| Ok(closure(call, Edge::Right, false, false))),
    Function::prepared("hassuffix_cs", |call| Ok(closure(call, Edge::Right, true, true))),
    Function::prepared("!hassuffix_cs", |call| Ok(closure(call, Edge::Right, true, false))),
];

/// At which ends of the needle a term must begin or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Left,
    Right,
    Both,
}

/// A text to look for as a term.
#[derive(Debug)]
pub(super) struct Term {
    needle: Needle,
    left: bool,
    right: bool,
}

impl Term {
    /// A needle's own end bounds only if it is a letter or a digit.
    pub(super) fn new(text: &str, edge: Edge, case: bool) -> Term {
        let needle = if case { Needle::exact(text) } else { Needle::folded(text) };
        let left = edge != Edge::Right && text.chars().next().is_some_and(char::is_alphanumeric);
        let right = edge != Edge::Left && text.chars().next_back().is_some_and(char::is_alphanumeric);
        Term { needle, left, right }
    }

    /// What it is looked for by.
    pub(super) fn needle(&self) -> &Needle {
        &self.needle
    }

    /// It stands in the text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.needle.find(text, |text, start, end| {
            !(self.left && text[..start].chars().next_back().is_some_and(char::is_alphanumeric)
                || self.right && text[end..].chars().next().is_some_and(char::is_alphanumeric))
        })
    }
}

fn closure(call: &Call, edge: Edge, case: bool, wanted: bool) -> Closure {
    if let Some(needle) = call.constant_text(1) {
        let term = Term::new(needle, edge, case);
        return Box::new(move |_, args| Cell::Bool(term.is_in(&text(args, 0)) == wanted));
    }
    Box::new(move |_, args| Cell::Bool(Term::new(&text(args, 1), edge, case).is_in(&text(args, 0)) == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::testing::{eval, s};

    #[test]
    fn terms_are_runs_of_letters_and_digits() {
        for (text, needle, has) in [
            ("hello world", "HELLO", true),
            ("helloworld", "hello", false),
            ("alpha_beta", "alpha", true),
            ("1_2_3", "1", true),
            ("C:\\Windows\\cmd.exe /c", "cmd.exe", true),
            ("xcmd.exe", "cmd.exe", false),
            ("cmd.executable", "cmd.exe", false),
            ("aab ab", "ab", true),
            ("x", "", true),
            ("CAFÉ au lait", "café", true),
            ("ПриветМир", "привет", false),
            ("a.b", ".", true),
            ("http://evil.example/x", "//evil.example/", true),
        ] {
            assert_eq!(eval("has", &[s(text), s(needle)], kql::Type::Bool), Cell::Bool(has), "{text} has {needle}");
            assert_eq!(eval("!has", &[s(text), s(needle)], kql::Type::Bool), Cell::Bool(!has));
        }
    }

    #[test]
    fn prefixes_and_suffixes_bind_one_end() {
        let yes = |operator, text, needle| eval(operator, &[s(text), s(needle)], kql::Type::Bool) == Cell::Bool(true);
        assert!(yes("hasprefix", "Hello World", "wor") && !yes("hasprefix", "Hello World", "orl"));
        assert!(yes("hassuffix", "Hello World", "LLO") && !yes("hassuffix", "Hello World", "hell"));
        assert!(!yes("hasprefix_cs", "Hello World", "wor") && yes("!hassuffix_cs", "Hello World", "LLO"));
        assert!(yes("has_cs", "The.Quick", "Quick") && !yes("has_cs", "The.Quick", "quick"));
    }
}
