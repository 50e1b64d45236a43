//! Any text: its tokens tile it, every span lies within it, and its mistakes can be shown.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (tokens, _) = kql::lexer::tokenize(text);
    let mut at = 0;
    for token in &tokens {
        assert_eq!(token.span.start, at, "a gap between tokens");
        at = token.span.end;
    }
    assert_eq!(at, text.len(), "tokens end before the text does");
    let parsed = kql::parse(text);
    for diagnostic in &parsed.diagnostics {
        assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "a span outside the text");
    }
    let shown = kql::render::text("fuzz", text, &parsed.diagnostics);
    assert!(!shown.contains('\u{1b}'), "an escape reaches the terminal");
});
