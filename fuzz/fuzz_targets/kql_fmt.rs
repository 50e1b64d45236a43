//! Any text that reads without error: its layout reads without error, has the same words, and is its own layout.

#![no_main]

use kql::lexer::{TokenKind, tokenize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(once) = kql::fmt::format(text) else { return };
    assert_eq!(words(text), words(&once), "formatting changed a word");
    assert_eq!(kql::fmt::format(&once).as_ref(), Ok(&once), "formatting twice is not formatting once");
});

/// All words and comments of a text.
fn words(text: &str) -> Vec<&str> {
    let (tokens, _) = tokenize(text);
    let kept = tokens.into_iter().filter(|token| token.kind != TokenKind::Whitespace);
    kept.map(|token| token.span.text(text).trim_end()).collect()
}
