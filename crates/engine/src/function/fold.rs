//! Upper and lower case as the case-insensitive operators see them: text in, text folded to one case out, character for
//! character.
//!
//! A character outside ASCII never folds into it, so that text in ASCII can be searched byte by byte.

use std::cell::RefCell;

/// The character in the one case that all of its cases share.
pub(crate) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let upper = single(c.to_uppercase(), c);
    let lower = single(upper.to_lowercase(), upper);
    if lower.is_ascii() { c } else { lower }
}

/// The one character of a case mapping, or the character itself if it becomes several.
fn single(mut mapped: impl Iterator<Item = char>, c: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Puts the folded text into `out`, in place of what was there.
pub(super) fn fold_into(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
    } else {
        out.extend(text.chars().map(fold));
    }
}

/// The folded text.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::new();
    fold_into(text, &mut out);
    out
}

/// Both texts are the same but for case.
pub(super) fn eq_fold(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { a.chars().map(fold).eq(b.chars().map(fold)) }
}

thread_local! {
    static SCRATCH: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Calls `then` with the folded text, which lies in a buffer that every call on this thread uses again.
pub(super) fn with_folded<R>(text: &str, then: impl FnOnce(&str) -> R) -> R {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut buffer) => {
            fold_into(text, &mut buffer);
            then(&buffer)
        }
        Err(_) => then(&folded(text)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_fold_and_ascii_stays_apart() {
        assert!(eq_fold("CAFÉ", "café") && eq_fold("ПРИВЕТ", "привет") && eq_fold("Σίσυφος", "ΣΊΣΥΦΟΣ"));
        assert!(!eq_fold("\u{212a}", "k") && !eq_fold("ſ", "s") && !eq_fold("ß", "ss"));
        assert_eq!(folded("ＡＢＣ Ǆ"), "ａｂｃ ǆ");
    }
}
