//! Any bytes as a feed: each indicator stands in its one form, and the hunts made of them are queries that are right.

#![no_main]

use std::sync::Arc;

use hunt::Template;
use hunt::normalize::{Hint, normalize};
use kql::catalog::Workspace;
use libfuzzer_sys::fuzz_target;

/// 2026-01-01, in ticks.
const NOW: i64 = 639_028_224_000_000_000;

/// What begins a file of each kind, so that it is taken for one; none for lists.
const HEADS: [&str; 5] = ["", "{\"1\":[{\"ioc_value\":", "{\"Event\":{\"info\":\"x\",\"Attribute\":[", "{\"type\":\"bundle\",\"objects\":[", "# "];

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let bytes = [HEADS[usize::from(kind) % HEADS.len()].as_bytes(), bytes].concat();
    let Ok(intel) = hunt::feed::read(&bytes, "feed") else { return };
    for indicator in intel.indicators() {
        let (ty, value) = normalize(indicator.value(), Hint::Any).expect("an indicator can be one");
        assert_eq!((ty, &*value), (indicator.ty(), indicator.value()));
    }
    let intel = Arc::new(intel);
    let workspace = Workspace::open();
    for template in [Template::Exact, Template::Classic] {
        for query in hunt::build(&intel, template).iter().flat_map(|hunt| &hunt.queries) {
            let text = query.text(&hunt::page::bound(template));
            let checked = kql::check(&text, &workspace, NOW);
            assert!(checked.ok, "{text}\n{:?}", checked.diagnostics);
        }
    }
});
