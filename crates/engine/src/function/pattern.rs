//! Regular expressions: compiled once where they are constants, kept for a while where they come from rows.

use std::cell::RefCell;
use std::rc::Rc;

use regex::{Regex, RegexBuilder};

use super::Call;

/// How much memory a compiled expression may take: enough for an alternation of many thousands of names.
const SIZE_MAX: usize = 64 << 20;
/// How many expressions from rows a thread keeps.
const KEPT: usize = 64;

/// The compiled expression, or what is wrong with it in one line.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    build_regex(pattern, |_| ()).map_err(|error| format!("`{pattern}` is no regular expression: {}", in_one_line(&error)))
}

/// What is wrong with an expression, without the drawing of it.
pub(crate) fn in_one_line(error: &regex::Error) -> String {
    let why = error.to_string();
    let last = why.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("unreadable").trim();
    last.trim_start_matches("error: ").to_owned()
}

/// The expression with some settings: by the syntax of the reference, else by that of RE2, in which queries were once written.
pub(crate) fn build_regex(pattern: &str, set: impl Fn(&mut RegexBuilder)) -> Result<Regex, regex::Error> {
    let built = |pattern: &str| {
        let mut builder = RegexBuilder::new(pattern);
        set(builder.size_limit(SIZE_MAX));
        builder.build()
    };
    built(pattern).or_else(|error| built(&kql::re2::translate(pattern)).map_err(|_| error))
}

/// Argument `at` compiled, if it is a constant.
pub(super) fn constant(call: &Call, at: usize) -> Result<Option<Regex>, String> {
    call.constant_text(at).map(compile).transpose()
}

thread_local! {
    static RECENT: RefCell<Vec<(String, Option<Rc<Regex>>)>> = const { RefCell::new(Vec::new()) };
}

/// The compiled expression of a row; `None` if it is none.
pub(super) fn recent(pattern: &str) -> Option<Rc<Regex>> {
    RECENT.with_borrow_mut(|kept| {
        if let Some(at) = kept.iter().position(|(text, _)| text == pattern) {
            let regex = kept[at].1.clone();
            kept[..=at].rotate_right(1);
            return regex;
        }
        let regex = compile(pattern).ok().map(Rc::new);
        kept.truncate(KEPT - 1);
        kept.insert(0, (pattern.to_owned(), regex.clone()));
        regex
    })
}
