//! Any text against a fixed catalog: binding ends, its spans lie within the text, and the same text binds the same again.

#![no_main]

use kql::catalog::Workspace;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let catalog = Workspace::default();
    let checked = kql::check(text, &catalog, 0);
    for diagnostic in &checked.diagnostics {
        assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "a span outside the text");
    }
    let again = kql::check(text, &catalog, 0);
    assert_eq!(checked.columns, again.columns);
    assert_eq!(checked.diagnostics, again.diagnostics);
});
