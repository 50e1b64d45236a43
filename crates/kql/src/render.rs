//! Diagnostics for people and for machines. Comes in: diagnostics and the text they are about. Goes out: text with an excerpt of
//! the query, JSON, or SARIF 2.1.0.
//!
//! Queries are hostile text: what an excerpt shows has its control characters and turns of direction escaped.

use serde_json::{Value, json};

use crate::diagnostic::{CODES, Diagnostic, Severity, Span};

/// How much of a line an excerpt shows, in characters: with what stands before it, marks fit below it on a terminal of 80.
const EXCERPT: usize = 72;

/// A text that diagnostics are about.
#[derive(Clone, Copy, Debug)]
struct Source<'a> {
    /// What it is called: a path, or `query`.
    name: &'a str,
    /// The text itself.
    text: &'a str,
}

/// The diagnostics, one after the other, each with its lines of the query and what to do.
///
/// ```text
/// error[K0006]: `wher` is no tabular operator
///  --> query:2:3
///   |
/// 2 | | wher x
///   |   ^^^^
///   = help: did you mean `where`?
/// ```
#[must_use]
pub fn text(name: &str, query: &str, diagnostics: &[Diagnostic]) -> String {
    all(Source { name, text: query }, diagnostics, Paint { color: false })
}

/// The same in ANSI colors.
#[must_use]
pub fn colored_text(name: &str, query: &str, diagnostics: &[Diagnostic]) -> String {
    all(Source { name, text: query }, diagnostics, Paint { color: true })
}

fn all(source: Source<'_>, diagnostics: &[Diagnostic], paint: Paint) -> String {
    diagnostics.iter().map(|diagnostic| one(source, diagnostic, paint)).collect::<Vec<_>>().join("\n")
}

fn one(source: Source<'_>, diagnostic: &Diagnostic, paint: Paint) -> String {
    let severity = diagnostic.severity;
    let head = paint.severity(severity, &format!("{}[{}]", severity.name(), diagnostic.code));
    let at = position(source.text, diagnostic.span.start);
    let places: Vec<(Span, &str, bool)> = std::iter::once((diagnostic.span, "", true))
        .chain(diagnostic.labels.iter().map(|label| (label.span, label.message.as_str(), false)))
        .collect();
    let last_line = places.iter().map(|(span, ..)| position(source.text, span.start).line).max().unwrap_or(1);
    let margin = " ".repeat(last_line.to_string().len());
    let mut out = format!("{head}: {}\n", printable(&diagnostic.message));
    out += &format!("{margin}{} {}:{}:{}\n", paint.dim("-->"), printable(source.name), at.line, at.column);
    out += &format!("{margin} {}\n", paint.dim("|"));
    let mut sorted = places;
    sorted.sort_by_key(|(span, _, is_primary)| (position(source.text, span.start).line, !is_primary, span.start));
    let mut last = None;
    for (span, message, is_primary) in sorted {
        let line = position(source.text, span.start).line;
        out += &excerpt(
            source.text,
            span,
            message,
            Marks { is_primary, severity, margin: &margin, repeats_line: last == Some(line) },
            paint,
        );
        last = Some(line);
    }
    if let Some(help) = &diagnostic.help {
        out += &format!("{margin} {} help: {}\n", paint.dim("="), printable(help));
    }
    out
}

/// How an excerpt is marked.
struct Marks<'a> {
    is_primary: bool,
    severity: Severity,
    margin: &'a str,
    /// The line was shown just before.
    repeats_line: bool,
}

/// The line of `span`, and a line that marks it.
fn excerpt(text: &str, span: Span, message: &str, marks: Marks<'_>, paint: Paint) -> String {
    let start = floor(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |at| start + at);
    let end = floor(text, span.end).clamp(start, line_end.max(start));
    let (from, to) = window(text, line_start, line_end.max(start), start);
    let end = end.min(to);
    let before = format!("{}{}", if from > line_start { "…" } else { "" }, printable(&text[from..start]));
    let marked = printable(&text[start..end]);
    let after = format!("{}{}", printable(&text[end..to]), if to < line_end { "…" } else { "" });
    let number = position(text, start).line.to_string();
    let bar = paint.dim("|");
    let mut out = String::new();
    let is_whole = (from, to) == (line_start, line_end.max(start));
    if !(marks.repeats_line && is_whole) {
        let shown = format!("{before}{marked}{after}");
        out += &format!("{}{number} {bar} {}\n", " ".repeat(marks.margin.len() - number.len()), shown.trim_end());
    }
    let sign = if marks.is_primary { "^" } else { "-" };
    let underline = sign.repeat(marked.chars().count().max(1));
    let underline = if marks.is_primary { paint.severity(marks.severity, &underline) } else { paint.dim(&underline) };
    let note = if message.is_empty() { String::new() } else { format!(" {}", printable(message)) };
    out + &format!("{} {bar} {}{underline}{note}\n", marks.margin, " ".repeat(before.chars().count()))
}

/// The part of a long line around `at` that is shown.
fn window(text: &str, line_start: usize, line_end: usize, at: usize) -> (usize, usize) {
    let (before, after) = (text[line_start..at].chars(), text[at..line_end].chars());
    let (left, right) = (before.clone().count(), after.clone().count());
    if left + right <= EXCERPT {
        return (line_start, line_end);
    }
    // Half of it on each side, unless there is less on the other.
    let ahead = right.min((EXCERPT / 2).max(EXCERPT.saturating_sub(left)));
    let back = before.rev().take(EXCERPT - ahead).map(char::len_utf8).sum::<usize>();
    (at - back, at + after.take(ahead).map(char::len_utf8).sum::<usize>())
}

/// The start of the character that holds that byte.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Text as it may reach a terminal: tabs as blanks, what cannot be seen as an escape.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            c if crate::fmt::is_hidden(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// A place in a text, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

/// The line and column of a byte.
#[must_use]
pub fn position(text: &str, at: usize) -> Position {
    let before = &text[..floor(text, at)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

/// ANSI colors, or none.
#[derive(Clone, Copy)]
struct Paint {
    color: bool,
}

impl Paint {
    fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
            Severity::Info => "1;36",
        };
        self.with(code, text)
    }

    fn dim(self, text: &str) -> String {
        self.with("1;34", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The diagnostics as JSON: `[{"code", "severity", "message", "start", "length", "help"}, …]`, places in UTF-16 code units.
#[must_use]
pub fn json(text: &str, diagnostics: &[Diagnostic]) -> Value {
    let one = |diagnostic: &Diagnostic| {
        let (start, length) = utf16(text, diagnostic.span);
        let mut object = json!({
            "code": diagnostic.code,
            "severity": diagnostic.severity.name(),
            "message": diagnostic.message,
            "start": start,
            "length": length,
        });
        if let Some(help) = &diagnostic.help {
            object["help"] = json!(help);
        }
        object
    };
    diagnostics.iter().map(one).collect()
}

/// Start and length of a span in UTF-16 code units, as Microsoft's parser counts.
#[must_use]
pub fn utf16(text: &str, span: Span) -> (usize, usize) {
    let (start, end) = (floor(text, span.start), floor(text, span.end));
    let units = |text: &str| text.encode_utf16().count();
    (units(&text[..start]), units(text.get(start..end).unwrap_or("")))
}

/// One SARIF 2.1.0 log for any number of queries, each with the name (a path) it goes by; `version` is that of the program.
#[must_use]
pub fn sarif(version: &str, queries: &[(&str, &str, &[Diagnostic])]) -> Value {
    let rule = |code: &crate::diagnostic::Code| json!({"id": code.id, "shortDescription": {"text": code.title}, "defaultConfiguration": {"level": level(code.severity)}});
    let rules: Vec<Value> = CODES.iter().map(rule).collect();
    let mut results = Vec::new();
    for (name, text, diagnostics) in queries {
        for diagnostic in *diagnostics {
            results.push(sarif_result(Source { name, text }, diagnostic));
        }
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "tallyho", "version": version, "rules": rules}},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
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

fn sarif_result(source: Source<'_>, diagnostic: &Diagnostic) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code,
        "level": level(diagnostic.severity),
        "message": {"text": message},
        "locations": [{"physicalLocation": physical_location(source, diagnostic.span)}],
    });
    if let Some(rule) = CODES.iter().position(|code| code.id == diagnostic.code) {
        result["ruleIndex"] = json!(rule);
    }
    if !diagnostic.labels.is_empty() {
        let related = diagnostic
            .labels
            .iter()
            .map(|label| json!({"physicalLocation": physical_location(source, label.span), "message": {"text": label.message}}));
        result["relatedLocations"] = related.collect();
    }
    result
}

fn physical_location(source: Source<'_>, span: Span) -> Value {
    let (start_line, start_column) = utf16_position(source.text, span.start);
    let (end_line, end_column) = utf16_position(source.text, span.end.max(span.start));
    json!({
        "artifactLocation": {"uri": uri(source.name)},
        "region": {"startLine": start_line, "startColumn": start_column, "endLine": end_line, "endColumn": end_column},
    })
}

/// Line and column from 1, the column in UTF-16 code units.
fn utf16_position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..floor(text, at)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].encode_utf16().count() + 1)
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for b in path.replace('\\', "/").bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::diagnostic::UNKNOWN_OPERATOR;

    const QUERY: &str = "DeviceEvents\n| wher FileName == 'a\u{202e}b'\n| where 'é😀' == + | count";

    fn diagnostic(query: &str, at: &str) -> Diagnostic {
        let start = query.find(at).expect("it is in the query");
        Diagnostic::new(UNKNOWN_OPERATOR, Span::new(start, start + at.len()), "no operator `wher`").with_help("write `where`")
    }

    #[test]
    fn text_shows_the_place() {
        let shown = text("hunts/a.kql", QUERY, &crate::parse(QUERY).diagnostics);
        expect![[r#"
            error[K0006]: `wher` is no tabular operator
             --> hunts/a.kql:2:3
              |
            2 | | wher FileName == 'a\u{202e}b'
              |   ^^^^
              = help: did you mean `where`?

            error[K0004]: expected an expression, found `|`
             --> hunts/a.kql:3:19
              |
            3 | | where 'é😀' == + | count
              |                   ^
        "#]]
        .assert_eq(&shown);
    }

    #[test]
    fn text_shows_labels_and_cuts_long_lines() {
        let query = format!("print ({}", vec!["1"; 40].join(" + "));
        expect![[r#"
            error[K0007]: expected `)`, but the query ends here
             --> query:1:165
              |
            1 | … + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1
              |                                                                          ^
            1 | print (1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1…
              |       - to close this `(`
        "#]]
        .assert_eq(&text("query", &query, &crate::parse(&query).diagnostics));
        let query = "T\n| extend x = 'é𝄞' | wher y\n| count";
        let one = diagnostic(query, "wher").with_label(Span::new(0, 1), "the table");
        expect![[r#"
            error[K0006]: no operator `wher`
             --> q.kql:2:21
              |
            1 | T
              | - the table
            2 | | extend x = 'é𝄞' | wher y
              |                     ^^^^
              = help: write `where`
        "#]]
        .assert_eq(&text("q.kql", query, &[one]));
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
    fn json_counts_utf16() {
        let query = "print '𝄞' | wher y";
        expect![[
            r#"[{"code":"K0006","severity":"error","message":"no operator `wher`","start":13,"length":4,"help":"write `where`"}]"#
        ]]
        .assert_eq(&json(query, &[diagnostic(query, "wher")]).to_string());
    }

    #[test]
    fn sarif_has_rules_and_regions() {
        let parsed = crate::parse(QUERY);
        let log = sarif("0.1.0", &[("my hunts/a.kql", QUERY, &parsed.diagnostics)]);
        expect![[r#"[{"ruleId":"K0006","level":"error","message":{"text":"`wher` is no tabular operator\ndid you mean `where`?"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"my%20hunts/a.kql"},"region":{"startLine":2,"startColumn":3,"endLine":2,"endColumn":7}}}],"ruleIndex":5},{"ruleId":"K0004","level":"error","message":{"text":"expected an expression, found `|`"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"my%20hunts/a.kql"},"region":{"startLine":3,"startColumn":20,"endLine":3,"endColumn":21}}}],"ruleIndex":3}]"#]].assert_eq(&log["runs"][0]["results"].to_string());
        assert!(log["runs"][0]["tool"]["driver"]["rules"].as_array().is_some_and(|rules| rules.len() == CODES.len()));
    }

    #[test]
    fn colors_are_asked_for() {
        let parsed = crate::parse("T | x");
        assert!(colored_text("q", "T | x", &parsed.diagnostics).contains("\u{1b}[1;31m"));
    }
}
