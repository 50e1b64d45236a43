//! KQL as text: the one printer of literals and names, and the formatter.

mod doc;
mod layout;
mod literal;
#[cfg(test)]
mod tests;

pub use literal::{is_hidden, literal, name, string_literal};

use crate::ast::{Query, StatementKind};
use crate::diagnostic::Diagnostic;
use crate::lexer::{self, TokenKind};
use crate::parser;

/// The query in the one layout there is: an operator on each line, lists broken where they are too long, four blanks a level.
///
/// Only blanks and line ends change: all words, comments included, stay as they are and in order, and the tree stays the same.
/// Formatting twice gives what formatting once gives. A management command is not touched.
///
/// ```
/// let text = kql::fmt::format("T|where a==1 and b has'x'|project a,b // both\n").unwrap();
/// assert_eq!(text, "T\n| where a == 1 and b has 'x'\n| project a, b // both\n");
/// ```
///
/// # Errors
/// The syntax errors of a text that is no query.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let (parsed, words) = parser::parse_words(text);
    if !parsed.is_ok() {
        return Err(parsed.diagnostics);
    }
    if is_command(&parsed.query) {
        return Ok(text.to_owned());
    }
    let formatted = doc::print(&layout::document(text, &words));
    // A layout that would change the meaning is not used: the text then stays as it is.
    if is_same(text, &formatted) { Ok(formatted) } else { Ok(text.to_owned()) }
}

fn is_command(query: &Query) -> bool {
    query.statements.iter().any(|statement| matches!(statement.kind, StatementKind::Command(_)))
}

/// Both texts have the same words and comments, and read without error.
fn is_same(before: &str, after: &str) -> bool {
    words(before) == words(after) && parser::parse(after).is_ok()
}

/// All words and comments, with what each is: a blank can make a keyword of a name (`project-awayx` is `project` minus `awayx`).
fn words(text: &str) -> Vec<(TokenKind, &str)> {
    let (tokens, _) = lexer::tokenize(text);
    let kept = tokens.into_iter().filter(|token| token.kind != TokenKind::Whitespace);
    kept.map(|token| (token.kind, token.span.text(text).trim_end())).collect()
}
