//! Diagnostics as text with an excerpt of the query, as JSON, and as SARIF 2.1.0.
//!
//! In: the query's text, the name it goes by, its diagnostics. Out: what people and other programs read. Places are counted in
//! lines and characters from 1 for people, in UTF-16 code units from 0 for programs, as Microsoft's parser counts them.

use serde_json::{Value as Json, json};

use crate::diagnostic::{CODES, Diagnostic, Severity, Span};

/// A line of the excerpt is cut to this many characters around the mistake.
const EXCERPT_CHARS: usize = 120;

/// The diagnostics, one after the other, each with its line of the query and what to do.
#[must_use]
pub fn text(name: &str, query: &str, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| one(name, query, diagnostic)).collect::<Vec<_>>().join("\n")
}

fn one(name: &str, query: &str, diagnostic: &Diagnostic) -> String {
    let mut out = format!("{}[{}]: {}\n", diagnostic.severity.name(), diagnostic.code, diagnostic.message);
    let at = Place::of(query, diagnostic.span);
    let mut width = at.line.to_string().len();
    for label in &diagnostic.labels {
        width = width.max(Place::of(query, label.span).line.to_string().len());
    }
    out.push_str(&format!("{:width$}--> {name}:{}:{}\n", "", at.line, at.column));
    excerpt(&mut out, &at, width, '^', "");
    for label in &diagnostic.labels {
        excerpt(&mut out, &Place::of(query, label.span), width, '-', &label.message);
    }
    if let Some(help) = &diagnostic.help {
        out.push_str(&format!("{:width$} = help: {help}\n", ""));
    }
    out
}

/// Where a span is, for people.
struct Place<'a> {
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
    /// How many characters of the line it covers, one at least.
    chars: usize,
    /// The whole line.
    text: &'a str,
}

impl Place<'_> {
    fn of(query: &str, span: Span) -> Place<'_> {
        let start = floor(query, span.start);
        let end = floor(query, span.end).max(start);
        let begin = query[..start].rfind('\n').map_or(0, |at| at + 1);
        let stop = query[start..].find('\n').map_or(query.len(), |at| start + at);
        Place {
            line: query[..start].matches('\n').count() + 1,
            column: query[begin..start].chars().count() + 1,
            chars: query[start..end.min(stop)].chars().count().max(1),
            text: query[begin..stop].trim_end_matches('\r'),
        }
    }
}

/// The nearest place at or before `at` where a character starts.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

/// The line and a mark below it.
fn excerpt(out: &mut String, place: &Place<'_>, width: usize, mark: char, message: &str) {
    let skipped = (place.column + 20).saturating_sub(EXCERPT_CHARS).min(place.column - 1);
    let line: String =
        place.text.chars().skip(skipped).take(EXCERPT_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let (before, after) =
        (if skipped > 0 { "…" } else { "" }, if place.text.chars().count() > skipped + EXCERPT_CHARS { "…" } else { "" });
    let indent = place.column - 1 - skipped + before.chars().count();
    let marks = mark.to_string().repeat(place.chars.min(EXCERPT_CHARS));
    out.push_str(&format!("{:width$} |\n{:>width$} | {before}{}{after}\n", "", place.line, line.trim_end()));
    out.push_str(format!("{:width$} | {:indent$}{marks} {message}", "", "").trim_end());
    out.push('\n');
}

/// A span as start and length in UTF-16 code units.
#[must_use]
pub fn utf16(query: &str, span: Span) -> (usize, usize) {
    let start = floor(query, span.start);
    let end = floor(query, span.end).max(start);
    let units = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
    (units(&query[..start]), units(&query[start..end]))
}

/// The diagnostics as a JSON array: `code`, `severity`, `message`, `start`, `length`, and `help` where there is some.
#[must_use]
pub fn json(query: &str, diagnostics: &[Diagnostic]) -> Json {
    let one = |diagnostic: &Diagnostic| {
        let (start, length) = utf16(query, diagnostic.span);
        let mut one = json!({
            "code": diagnostic.code,
            "severity": diagnostic.severity.name(),
            "message": diagnostic.message,
            "start": start,
            "length": length,
        });
        if let Some(help) = &diagnostic.help {
            one["help"] = json!(help);
        }
        one
    };
    diagnostics.iter().map(one).collect()
}

/// The diagnostics of several queries as a SARIF log; each query with the name (a path) it goes by.
#[must_use]
pub fn sarif(version: &str, queries: &[(&str, &str, &[Diagnostic])]) -> Json {
    let rules: Vec<Json> = CODES
        .iter()
        .map(|code| {
            json!({"id": code.id, "shortDescription": {"text": code.title},
                   "defaultConfiguration": {"level": level(code.severity)}})
        })
        .collect();
    let results: Vec<Json> = queries
        .iter()
        .flat_map(|(name, query, diagnostics)| diagnostics.iter().map(move |diagnostic| sarif_result(name, query, diagnostic)))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "tallyho", "version": version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn sarif_result(name: &str, query: &str, diagnostic: &Diagnostic) -> Json {
    let place = Place::of(query, diagnostic.span);
    let message = match &diagnostic.help {
        Some(help) => format!("{}; {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    json!({
        "ruleId": diagnostic.code,
        "level": level(diagnostic.severity),
        "message": {"text": message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": name},
            "region": {"startLine": place.line, "startColumn": place.column, "endColumn": place.column + place.chars},
        }}],
    })
}

/// SARIF's word for a severity.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::UNKNOWN_OPERATOR;

    fn diagnostic(query: &str, at: &str) -> Diagnostic {
        let start = query.find(at).expect("it is in the query");
        Diagnostic::new(UNKNOWN_OPERATOR, Span::new(start, start + at.len()), "no operator `wher`").with_help("write `where`")
    }

    #[test]
    fn the_place_is_shown_under_its_line() {
        let query = "T\n| extend x = 'é𝄞' | wher y\n| count";
        let one = diagnostic(query, "wher").with_label(Span::new(0, 1), "the table");
        let expected = "error[K0006]: no operator `wher`\n --> q.kql:2:21\n  |\n2 | | extend x = 'é𝄞' | wher y\n  |                     ^^^^\n  \
                        |\n1 | T\n  | - the table\n  = help: write `where`\n";
        assert_eq!(text("q.kql", query, &[one]), expected);
    }

    #[test]
    fn programs_get_utf16_units() {
        let query = "print '𝄞' | wher y";
        let found = json(query, &[diagnostic(query, "wher")]);
        assert_eq!((found[0]["start"].as_u64(), found[0]["length"].as_u64()), (Some(13), Some(4)));
        assert_eq!(found[0]["help"], "write `where`");
    }

    #[test]
    fn a_span_that_does_not_fit_is_no_panic() {
        let one = Diagnostic::new(UNKNOWN_OPERATOR, Span::new(90, 95), "x");
        assert!(text("q", "é", std::slice::from_ref(&one)).contains("q:1:2"));
        assert_eq!(utf16("é", Span::new(1, 2)), (0, 1));
        let long = "x".repeat(400) + " wher";
        assert!(text("q", &long, &[diagnostic(&long, "wher")]).lines().all(|line| line.chars().count() < 140));
    }

    #[test]
    fn sarif_has_rules_and_regions() {
        let query = "T\n| wher y";
        let diagnostics = [diagnostic(query, "wher")];
        let log = sarif("0.1.0", &[("q.kql", query, &diagnostics)]);
        let result = &log["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "K0006");
        assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
        assert!(log["runs"][0]["tool"]["driver"]["rules"].as_array().is_some_and(|rules| rules.len() == CODES.len()));
    }
}
