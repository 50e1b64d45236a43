//! A saved function as a file of its own.
//!
//! In: the function's name and the file's text: a query, or `(parameters) { body }`, or `let name = (parameters) { body };`.
//! Out: a [`UserFunction`], or the diagnostics of a text that is none of these, with spans in that text.

use super::schema::UserFunction;
use crate::ast::{ExprKind, Function, Statement, StatementKind};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::parser;

/// What makes a `let` of a file that starts with the parameters.
const HEAD: &str = "let f = ";

impl UserFunction {
    /// Reads a function's file. A query is a function without parameters, as Log Analytics saves it.
    ///
    /// ```
    /// use kql::catalog::UserFunction;
    /// let function = UserFunction::from_kql("recent", "(d: timespan = 1h) { DnsEvents | where TimeGenerated > ago(d)
    /// }").unwrap(); assert_eq!(function.parameters, "(d: timespan = 1h)");
    /// ```
    ///
    /// # Errors
    /// What is wrong with the text: its syntax, or that it gives no value.
    pub fn from_kql(name: &str, text: &str) -> Result<UserFunction, Vec<Diagnostic>> {
        // A comment may end the text without a line end.
        let whole = format!("{HEAD}{}\n", text.trim_end().trim_end_matches(';'));
        let parsed = parser::parse(&whole);
        if let [Statement { kind: StatementKind::Let { value, .. }, .. }] = parsed.query.statements.as_slice()
            && let ExprKind::Function(function) = &value.kind
        {
            refuse(parsed.diagnostics.into_iter().map(|found| shifted(found, text)).collect())?;
            return of_parts(name, &whole, value.span, function, HEAD.len());
        }
        let parsed = parser::parse(text);
        refuse(parsed.diagnostics)?;
        match parsed.query.statements.as_slice() {
            [Statement { kind: StatementKind::Let { value, .. }, .. }] if matches!(value.kind, ExprKind::Function(_)) => {
                let ExprKind::Function(function) = &value.kind else { return Err(Vec::new()) };
                of_parts(name, text, value.span, function, 0)
            }
            [.., Statement { kind: StatementKind::Expr(_), .. }] => {
                Ok(UserFunction { name: name.to_owned(), parameters: "()".to_owned(), body: text.to_owned() })
            }
            [Statement { kind: StatementKind::Command(_), span }, ..] => {
                let found = Diagnostic::new(diagnostic::EXPECTED, *span, "a management command is no function");
                Err(vec![found.with_help("keep what stands from the parameters to the closing brace")])
            }
            _ => Err(vec![no_value(Span::at(text.trim_end().len()))]),
        }
    }
}

/// The function that `(parameters) { body }` at `span` of `text` is; places are told without the first `head` bytes.
fn of_parts(name: &str, text: &str, span: Span, function: &Function, head: usize) -> Result<UserFunction, Vec<Diagnostic>> {
    let body = function.body.span;
    if !matches!(function.body.statements.last().map(|last| &last.kind), Some(StatementKind::Expr(_))) {
        return Err(vec![no_value(Span::new(body.end.saturating_sub(1 + head), body.end.saturating_sub(head)))]);
    }
    let parameters = Span::new(span.start, body.start).text(text).trim().to_owned();
    Ok(UserFunction { name: name.to_owned(), parameters, body: body.text(text).to_owned() })
}

fn no_value(span: Span) -> Diagnostic {
    Diagnostic::new(diagnostic::EXPECTED, span, "a function gives no value here")
        .with_help("end with the query that the function stands for")
}

fn refuse(diagnostics: Vec<Diagnostic>) -> Result<(), Vec<Diagnostic>> {
    if diagnostics.iter().any(Diagnostic::is_error) { Err(diagnostics) } else { Ok(()) }
}

/// The diagnostic in the text without [`HEAD`].
fn shifted(mut found: Diagnostic, text: &str) -> Diagnostic {
    let shift = |span: Span| {
        let place = |at: usize| at.saturating_sub(HEAD.len()).min(text.len());
        Span::new(place(span.start), place(span.end))
    };
    found.span = shift(found.span);
    found.labels.iter_mut().for_each(|label| label.span = shift(label.span));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String), String> {
        match UserFunction::from_kql("f", text) {
            Ok(function) => Ok((function.parameters, function.body)),
            Err(found) => Err(found
                .iter()
                .map(|it| format!("{}..{} {}", it.span.start, it.span.end, it.message))
                .collect::<Vec<_>>()
                .join("; ")),
        }
    }

    #[test]
    fn every_form() {
        let pair = |a: &str, b: &str| Ok((a.to_owned(), b.to_owned()));
        assert_eq!(read("(x: string) { T | where a has x }"), pair("(x: string)", "{ T | where a has x }"));
        assert_eq!(read("// doc\n(T: (*), d: timespan = 1h)\n{ T };\n"), pair("(T: (*), d: timespan = 1h)", "{ T }"));
        assert_eq!(read("() { print 1 } // end"), pair("()", "{ print 1 }"));
        assert_eq!(read("let g = (x: long) { x + 1 };"), pair("(x: long)", "{ x + 1 }"));
        assert_eq!(read("let n = 5;\nT | take n"), pair("()", "let n = 5;\nT | take n"));
        assert_eq!(read("(T | take 1) | count"), pair("()", "(T | take 1) | count"));
    }

    #[test]
    fn what_is_no_function_is_said_with_its_place() {
        assert_eq!(read("(x: string) {\n T | wher x }").unwrap_err(), "19..23 `wher` is no tabular operator");
        assert_eq!(read("T | wher x").unwrap_err(), "4..8 `wher` is no tabular operator");
        assert_eq!(read("let x = 1;").unwrap_err(), "10..10 a function gives no value here");
        assert_eq!(read("").unwrap_err(), "0..0 a function gives no value here");
        assert_eq!(read("() { let x = 1; }").unwrap_err(), "16..17 a function gives no value here");
        assert!(read(".create function f() { T }").unwrap_err().ends_with("a management command is no function"));
    }
}
