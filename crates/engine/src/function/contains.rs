//! `contains`, `startswith`, `endswith`, `=~` and their forms: plain text in text. See `contains.md`.

use super::argument::text;
use super::fold::eq_fold;
use super::needle::{Needle, ends_with_fold, starts_with_fold};
use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The operators of this file.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("=~", |_, args| Cell::Bool(eq_fold(&text(args, 0), &text(args, 1)))),
    Function::row("!~", |_, args| Cell::Bool(!eq_fold(&text(args, 0), &text(args, 1)))),
    Function::prepared("contains", |call| Ok(contains(call, false, true))),
    Function::prepared("!contains", |call| Ok(contains(call, false, false))),
    Function::prepared("contains_cs", |call| Ok(contains(call, true, true))),
    Function::prepared("!contains_cs", |call| Ok(contains(call, true, false))),
    Function::row("startswith", |_, args| Cell::Bool(starts_with_fold(&text(args, 0), &text(args, 1)))),
    Function::row("!startswith", |_, args| Cell::Bool(!starts_with_fold(&text(args, 0), &text(args, 1)))),
    Function::row("startswith_cs", |_, args| Cell::Bool(text(args, 0).starts_with(&*text(args, 1)))),
    Function::row("!startswith_cs", |_, args| Cell::Bool(!text(args, 0).starts_with(&*text(args, 1)))),
    Function::row("endswith", |_, args| Cell::Bool(ends_with_fold(&text(args, 0), &text(args, 1)))),
    Function::row("!endswith", |_, args| Cell::Bool(!ends_with_fold(&text(args, 0), &text(args, 1)))),
    Function::row("endswith_cs", |_, args| Cell::Bool(text(args, 0).ends_with(&*text(args, 1)))),
    Function::row("!endswith_cs", |_, args| Cell::Bool(!text(args, 0).ends_with(&*text(args, 1)))),
];

fn contains(call: &Call, case: bool, wanted: bool) -> Closure {
    let needle = move |text: &str| if case { Needle::exact(text) } else { Needle::folded(text) };
    if let Some(constant) = call.constant_text(1) {
        let needle = needle(constant);
        return Box::new(move |_, args| Cell::Bool(needle.is_in(&text(args, 0)) == wanted));
    }
    Box::new(move |_, args| Cell::Bool(needle(&text(args, 1)).is_in(&text(args, 0)) == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::testing::{eval, s};

    #[test]
    fn text_is_found_in_text() {
        for (operator, text, needle, truth) in [
            ("contains", "PowerShell", "RSHE", true),
            ("contains_cs", "PowerShell", "RSHE", false),
            ("!contains", "", "a", true),
            ("contains", "", "", true),
            ("startswith", "Éa", "é", true),
            ("!startswith_cs", "abc", "A", true),
            ("endswith", "run.EXE", ".exe", true),
            ("endswith_cs", "run.EXE", ".exe", false),
            ("=~", "café", "CAFÉ", true),
            ("=~", "cafe\u{301}", "café", false),
            ("!~", "a", "A", false),
        ] {
            assert_eq!(eval(operator, &[s(text), s(needle)], kql::Type::Bool), Cell::Bool(truth), "{text} {operator} {needle}");
        }
    }
}
