//! The language's manual: what there is, what runs here, and what is said about it. The engine's pages and the catalog in; help
//! texts and the reference in `docs/kql` out.
//!
//! Something runs here if a page shows an answer of it, and every page is a test: the lists cannot be wrong for long.

mod left_out;

use std::collections::BTreeMap;

use engine::manual::{PAGES, Page, Section, sections};
use kql::catalog::{self, Function, Workspace, nearest};

/// What runs here and no page can show, since it reads files that the command line names.
const READS_FILES: [&str; 4] = ["cluster", "database", "externaldata", "geo_info_from_ip_address"];

/// What a name of the language can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What follows a bar, or starts a pipe.
    Operator,
    /// What is called for a value.
    Function,
    /// What `summarize` calls.
    Aggregate,
    /// What `evaluate` calls.
    Plugin,
}

/// All kinds, in the order in which they are listed.
pub const KINDS: [Kind; 4] = [Kind::Operator, Kind::Function, Kind::Aggregate, Kind::Plugin];

impl Kind {
    /// Its name, in the plural.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Kind::Operator => "Tabular operators",
            Kind::Function => "Scalar functions",
            Kind::Aggregate => "Aggregation functions",
            Kind::Plugin => "Plugins",
        }
    }

    /// The reference file's name, without an extension.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Kind::Operator => "operators",
            Kind::Function => "functions",
            Kind::Aggregate => "aggregates",
            Kind::Plugin => "plugins",
        }
    }

    /// All names of this kind that Kusto knows, sorted.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let keys = |functions: &'static catalog::Functions| functions.keys().map(String::as_str).collect();
        let mut names: Vec<&str> = match self {
            Kind::Operator => catalog::operators().map(|(name, _)| name).collect(),
            Kind::Function => keys(catalog::functions()),
            Kind::Aggregate => keys(catalog::aggregates()),
            Kind::Plugin => keys(catalog::plugins()),
        };
        // What Kusto makes of other calls is not for users.
        names.retain(|name| !name.starts_with("__"));
        names.sort_unstable();
        names
    }

    /// Whether a page shows an answer of it.
    #[must_use]
    pub fn runs(self, name: &str) -> bool {
        READS_FILES.contains(&name)
            || sections().any(|section| match self {
                Kind::Operator => section.answered().any(|query| pipes(query, name)),
                Kind::Plugin => section.calls(name) && section.page.starts_with("plugin/"),
                Kind::Function | Kind::Aggregate => section.calls(name),
            })
    }

    /// Whether the page is about things of this kind.
    fn holds(self, page: &Page) -> bool {
        let folder = page.name.split('/').next().unwrap_or_default();
        match self {
            Kind::Operator => matches!(folder, "graph" | "lower" | "operator" | "source"),
            Kind::Function => folder == "function",
            Kind::Aggregate => folder == "aggregate",
            Kind::Plugin => folder == "plugin",
        }
    }
}

/// Whether a query uses the tabular operator: behind a bar, or where a pipe starts.
fn pipes(query: &str, operator: &str) -> bool {
    let mut before = "|";
    let mut rest = query;
    while let Some(at) = rest.find(operator) {
        let (lead, found) = rest.split_at(at);
        let lead = lead.trim_end();
        let lead = if lead.is_empty() { before } else { lead };
        let after = found[operator.len()..].chars().next();
        let ends = !after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '='));
        if ends && lead.ends_with(['|', ';', '(', '=', '}']) {
            return true;
        }
        before = "word";
        rest = &found[operator.len()..];
    }
    false
}

/// What is known about a name, as Markdown; nothing if nothing is called so.
#[must_use]
pub fn about(name: &str) -> Option<String> {
    // As operators are spoken of: `order by`, `project-away`.
    let name = name.strip_suffix(" by").unwrap_or(name);
    let mut parts = hovers(name);
    match engine::plugin::page(name) {
        Some(page) => parts.push(page.trim_end().to_owned()),
        None => parts.extend(told(name)),
    }
    let known = KINDS.into_iter().filter(|kind| kind.names().contains(&name));
    if known.clone().next().is_some() && !known.clone().any(|kind| kind.runs(name)) {
        let why = known.clone().find_map(|kind| left_out::why(kind, name)).unwrap_or_default();
        parts.push(format!("Known to Kusto, not run here: it {why}."));
    }
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// Names that look like a mistyped one; without any, those that hold it.
#[must_use]
pub fn near(name: &str) -> Vec<&'static str> {
    const FEW: usize = 6;
    let names = || {
        let infix = catalog::infix_operators().map(|(name, _)| name);
        let tables = catalog::tables().map(|table| table.name.as_str());
        KINDS.into_iter().flat_map(Kind::names).chain(infix).chain(tables)
    };
    let near: Vec<&str> = nearest(name, names());
    if !near.is_empty() || name.len() < 2 {
        return near;
    }
    let part = name.to_ascii_lowercase();
    names().filter(|known| known.to_ascii_lowercase().contains(&part)).take(FEW).collect()
}

/// What the pages say about a name: the sections whose heading names it, else the page titled so, else a few sections that use it.
fn told(name: &str) -> Vec<String> {
    const FEW: usize = 3;
    let written = |section: Section| format!("## {}\n{}", section.heading, section.body);
    let named: Vec<String> = sections().filter(|section| is_headed(section.heading, name)).map(written).collect();
    if !named.is_empty() {
        return named;
    }
    if let Some(page) = PAGES.iter().find(|page| is_headed(page.title(), name)) {
        return std::iter::once(page.introduction().to_owned()).chain(page.sections().map(written)).collect();
    }
    let uses = |section: &Section| section.calls(name) || (name.len() > 1 && section.uses(name));
    sections().filter(uses).take(FEW).map(written).collect()
}

/// Whether a heading is about a name: `strlen and string_size`, `join kind=inner`, `dcount()`, `matches regex`.
fn is_headed(heading: &str, name: &str) -> bool {
    let mut parts = heading.split(", ").flat_map(|part| part.split(" and "));
    parts.any(|part| part == name || part.split(['(', ' ']).next() == Some(name))
}

/// Everything the name can be, as hovering over it in a query would tell.
fn hovers(name: &str) -> Vec<String> {
    let workspace = Workspace::open();
    let places = [
        ("evaluate ", format!("T | evaluate {name}()")),
        ("summarize ", format!("T | summarize {name}()")),
        ("print ", format!("print {name}()")),
        ("| ", format!("T | {name}")),
        ("where x ", format!("T | where x {name} 'y'")),
        ("", format!("{name} | count")),
    ];
    let mut found: Vec<String> = Vec::new();
    for (before, query) in places {
        let at = query.find(before).map_or(0, |at| at + before.len());
        if let Some(hover) = kql::hover::hover(&query, at + 1, &workspace)
            && !found.contains(&hover.text)
        {
            found.push(hover.text);
        }
    }
    found
}

/// The reference of one kind: an index, then the pages.
#[must_use]
pub fn reference(kind: Kind) -> String {
    let (runs, out): (Vec<&str>, Vec<&str>) = kind.names().into_iter().partition(|name| kind.runs(name));
    let mut text = format!(
        "# {}\n\nMade from the pages beside the code: do not edit. `UPDATE_EXPECT=1 cargo test -p tallyho manual` writes it.\n\n",
        kind.title()
    );
    text.push_str(&format!("{} run here; [{} do not](not-run.md).\n\n", runs.len(), out.len()));
    for name in &runs {
        text.push_str(&format!("- {}\n", entry(kind, name)));
    }
    for page in PAGES.iter().filter(|page| kind.holds(page)) {
        text.push_str(&format!("\n## {}\n{}\n", page.title(), page.introduction()));
        for section in page.sections() {
            text.push_str(&format!("\n### {}\n{}\n", section.heading, section.body));
        }
    }
    text
}

/// A name in an index: with what it takes, or what it does.
fn entry(kind: Kind, name: &str) -> String {
    let signatures = |function: Option<&Function>| {
        let signatures = function.map(|it| it.signatures.as_slice()).unwrap_or_default();
        signatures.iter().map(|signature| format!("`{}`", signature.to_text(name))).collect::<Vec<_>>().join(", ")
    };
    match kind {
        Kind::Operator => {
            let about = catalog::operators().find(|(known, _)| *known == name).map(|(_, about)| about).unwrap_or_default();
            format!("`{name}`: {about}")
        }
        Kind::Function => signatures(catalog::function(name)),
        Kind::Aggregate => signatures(catalog::aggregate(name)),
        Kind::Plugin => signatures(catalog::plugin(name)),
    }
}

/// What Kusto knows and this engine does not run.
#[must_use]
pub fn not_run() -> String {
    let mut text = "# Known to Kusto, not run here\n\nMade from the catalog and the pages: do not edit. \
                    `UPDATE_EXPECT=1 cargo test -p tallyho manual` writes it.\n\n\
                    A query that uses one of these is checked like any other and, when it is run, refused by name (K0601, or K0610\n\
                    where a service would have to be asked).\n"
        .to_owned();
    for kind in KINDS {
        let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in kind.names().into_iter().filter(|name| !kind.runs(name)) {
            groups.entry(left_out::why(kind, name).unwrap_or_default()).or_default().push(format!("`{name}`"));
        }
        text.push_str(&format!("\n## {}\n", kind.title()));
        if groups.is_empty() {
            text.push_str("None.\n");
        }
        for (why, names) in groups {
            let each = if names.len() == 1 { "" } else { "each " };
            text.push_str(&format!("- {}: {each}{why}\n", names.join(", ")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_several_things() {
        let about = |name: &str| super::about(name).unwrap_or_default();
        assert!(about("strlen").contains("strlen(string") && about("strlen").contains("## strlen and string_size"));
        assert!(about("DnsEvents").contains("table of"));
        assert!(about("summarize").contains("**summarize**") && about("summarize").contains("## summarize by time"));
        assert!(about("has").contains("**has**"));
        assert!(about("bag_unpack").contains("plugin"));
        assert!(about("python").contains("not run here: it runs code of another language"));
        assert_eq!(super::about("nonsense"), None);
        assert_eq!(near("strlem").first(), Some(&"strlen"));
        assert_eq!(near("MV-EX"), ["mv-expand"]);
    }

    #[test]
    fn whatever_kusto_knows_runs_or_is_left_out_for_a_reason() {
        let without = KINDS.into_iter().flat_map(|kind| {
            kind.names().into_iter().filter(move |name| !kind.runs(name) && left_out::why(kind, name).is_none())
        });
        assert_eq!(without.collect::<Vec<_>>(), Vec::<&str>::new(), "neither shown by a page nor in left_out.rs");
    }

    #[test]
    fn an_operator_is_told_from_a_function_of_its_name() {
        assert!(pipes("T | count", "count") && pipes("print 1", "print") && pipes("let a = range x", "range"));
        assert!(!pipes("T | summarize count()", "count") && !pipes("print | project-away x", "project"));
        assert!(!pipes("T | where take == 1", "take"));
    }
}
