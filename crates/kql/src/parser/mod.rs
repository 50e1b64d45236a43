//! Tokens to the syntax tree, by recursive descent. Comes in: any text. Goes out: a tree *and* a list of diagnostics, never a
//! failure.
//!
//! What is accepted is what Microsoft's own parser accepts. After a mistake no other is reported up to the next pipe or
//! semicolon, where the parser finds its feet again.
//!
//! ```
//! let parsed = kql::parse("SigninLogs | where ResultType == 0 | count");
//! assert!(parsed.diagnostics.is_empty());
//! assert_eq!(parsed.query.statements.len(), 1);
//! ```

mod dynamic;
mod expr;
mod graph;
mod literal;
mod moment;
mod name;
mod operator;
mod param;
mod primary;
mod series;
mod statement;
mod table;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod soup;
#[cfg(test)]
mod tests;

pub(crate) use literal::{days_for_hours, unit_nanoseconds};
pub(crate) use param::CHARTS;

use crate::ast::Query;
use crate::diagnostic::{self, Diagnostic, Span};
use crate::lexer::{self, KeywordUse, Token, TokenKind};

/// How deeply expressions, subqueries and function bodies may nest.
///
/// Far more than any real query has, and little enough for a walk by recursion on a small stack.
pub const DEPTH_MAX: usize = 256;

/// How many mistakes of one text are reported one by one.
const DIAGNOSTICS_MAX: usize = 100;

/// A query as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The tree, tolerant of mistakes.
    pub query: Query,
    /// What is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// No syntax error was found.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.diagnostics.iter().any(|diagnostic| diagnostic.is_error() && diagnostic.is_syntax())
    }
}

/// Reads a query, or a management command, which is recognised but not read any further.
///
/// Never fails and never panics; the time is linear in the length of the text.
#[must_use]
pub fn parse(text: &str) -> Parsed {
    parse_words(text).0
}

/// All diagnostics in order. Of the parser's those next to a broken token are left out: they only follow from it.
fn merge(lexical: Vec<Diagnostic>, syntactic: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut all = syntactic;
    all.retain(|found| {
        let next = lexical.partition_point(|broken| broken.span.end + 3 < found.span.start);
        let is_near = lexical.get(next).is_some_and(|broken| broken.span.start <= found.span.start + 3);
        !(is_near && found.is_syntax())
    });
    all.extend(lexical);
    all.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    if all.len() > DIAGNOSTICS_MAX {
        let message = format!("{} more mistakes are not shown", all.len() - DIAGNOSTICS_MAX);
        let span = all[DIAGNOSTICS_MAX].span;
        all.truncate(DIAGNOSTICS_MAX);
        all.push(Diagnostic::new(diagnostic::TOO_MANY, span, message));
    }
    all
}

/// A token that is neither blank nor comment.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
    /// Nothing stands between it and the token before it.
    is_glued: bool,
    /// It is the first of its line.
    starts_line: bool,
    /// How it is laid out.
    pub(crate) layout: Layout,
}

/// What the parser knows of a word that the formatter needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Nothing.
    #[default]
    Free,
    /// It stands right behind the word before it: the parenthesis of a call, the number behind a sign.
    Glued,
    /// It opens the body of a function.
    Block,
    /// It opens the values of a `datatable` of so many columns.
    Rows(usize),
}

/// The same as [`parse`], with the words and what is known of their layout.
pub(crate) fn parse_words(text: &str) -> (Parsed, Vec<Word>) {
    let (tokens, lexical) = lexer::tokenize(text);
    let mut parser = Parser::new(text, &tokens);
    let query = parser.query();
    let diagnostics = merge(lexical, parser.diagnostics);
    (Parsed { query, diagnostics }, parser.words)
}

struct Parser<'a> {
    text: &'a str,
    words: Vec<Word>,
    at: usize,
    depth: usize,
    diagnostics: Vec<Diagnostic>,
    /// A mistake was reported, and no pipe or semicolon has come since.
    is_lost: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, tokens: &[Token]) -> Parser<'a> {
        let mut words = Vec::with_capacity(tokens.len());
        let (mut is_glued, mut starts_line) = (true, true);
        for token in tokens {
            if token.kind.is_trivia() {
                is_glued = false;
                starts_line |= token.span.text(text).contains(['\n', '\r']);
                continue;
            }
            words.push(Word { kind: token.kind, span: token.span, is_glued, starts_line, layout: Layout::Free });
            (is_glued, starts_line) = (true, false);
        }
        Parser { text, words, at: 0, depth: 0, diagnostics: Vec::new(), is_lost: false }
    }

    /// The word `offset` words on; the end of the text past it.
    fn word(&self, offset: usize) -> Word {
        let last = self.words.len() - 1;
        self.words[(self.at + offset).min(last)]
    }

    fn kind(&self) -> TokenKind {
        self.word(0).kind
    }

    fn text_at(&self, offset: usize) -> &'a str {
        self.word(offset).span.text(self.text)
    }

    /// The next word is that keyword, sign or name.
    fn is(&self, text: &str) -> bool {
        self.is_at(0, text)
    }

    fn is_at(&self, offset: usize, text: &str) -> bool {
        self.text_at(offset) == text
    }

    fn is_any(&self, texts: &[&str]) -> bool {
        texts.contains(&self.text_at(0))
    }

    fn is_end(&self) -> bool {
        self.kind() == TokenKind::End
    }

    /// Moves past the next word.
    fn bump(&mut self) -> Span {
        let span = self.word(0).span;
        if !self.is_end() {
            self.at += 1;
        }
        span
    }

    /// Notes how the next word is laid out.
    fn lay(&mut self, layout: Layout) {
        if let Some(word) = self.words.get_mut(self.at) {
            word.layout = layout;
        }
    }

    /// The words from the `from`-th up to here stand without blanks between them.
    fn glue_from(&mut self, from: usize) {
        let end = self.at;
        for word in self.words.get_mut(from + 1..end).unwrap_or_default() {
            word.layout = Layout::Glued;
        }
    }

    fn eat(&mut self, text: &str) -> Option<Span> {
        self.is(text).then(|| self.bump())
    }

    /// Moves past `text`, or reports that it is missing.
    fn expect(&mut self, text: &str) -> bool {
        if self.eat(text).is_some() {
            return true;
        }
        self.expected(&format!("`{text}`"));
        false
    }

    /// Moves past the bracket that closes `open`, or reports that it is missing.
    fn expect_close(&mut self, close: &str, open: Span) -> bool {
        if self.eat(close).is_some() {
            return true;
        }
        if !self.is_lost {
            let message = format!("expected `{close}`{}", self.found());
            let opened = format!("to close this `{}`", open.text(self.text));
            let code = if self.is_end() { diagnostic::UNCLOSED } else { diagnostic::EXPECTED };
            self.report(Diagnostic::new(code, self.here(), message).with_label(open, opened));
        }
        false
    }

    /// Where the last word ended.
    fn last_end(&self) -> usize {
        match self.at {
            0 => 0,
            at => self.words[at - 1].span.end,
        }
    }

    /// From `start` to the end of the last word.
    fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.last_end().max(start))
    }

    /// Where something is missing: at the next word, or behind the last one if the next stands on another line.
    fn here(&self) -> Span {
        let next = self.word(0);
        if self.at > 0 && (next.starts_line || self.is_end() || next.span.start > self.last_end() + 2) {
            return Span::at(self.last_end());
        }
        next.span
    }

    /// `, found …` for a message.
    fn found(&self) -> String {
        if self.is_end() {
            return ", but the query ends here".to_owned();
        }
        format!(", found `{}`", shown(self.text_at(0)))
    }

    fn expected(&mut self, what: &str) {
        if !self.is_lost {
            let message = format!("expected {what}{}", self.found());
            let diagnostic = Diagnostic::new(diagnostic::EXPECTED, self.here(), message);
            let is_name = ["a name", "a column", "an expression"].contains(&what);
            let help = if is_name { self.keyword_help() } else { expected_help(what) };
            self.report(Diagnostic { help, ..diagnostic });
        }
    }

    /// A keyword where a name is meant needs brackets.
    fn keyword_help(&self) -> Option<String> {
        let TokenKind::Keyword(use_) = self.kind() else { return None };
        let text = self.text_at(0);
        let is_word = text.bytes().all(lexer::is_word);
        (use_ != KeywordUse::Name && is_word && !self.word(0).starts_line)
            .then(|| format!("`{text}` is a keyword: as a name it is written `['{text}']`"))
    }

    /// Adds a mistake, unless it may follow from the one before.
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.is_lost {
            self.diagnostics.push(diagnostic);
            self.is_lost = true;
        }
    }

    /// Runs `read` one level deeper. Past the limit all the rest of the text is given up.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Parser<'a>) -> Option<T>) -> Option<T> {
        if self.depth >= DEPTH_MAX {
            self.give_up();
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn give_up(&mut self) {
        if !self.is_end() {
            let message = format!("this is nested more than {DEPTH_MAX} levels deep");
            let help = "split the query into `let` statements; a long list of values goes into `in (…)` or `has_any (…)`";
            self.diagnostics.push(Diagnostic::new(diagnostic::TOO_DEEP, self.word(0).span, message).with_help(help));
            self.is_lost = true;
            self.at = self.words.len() - 1;
        }
    }

    /// A closing bracket, a pipe, a semicolon or the end.
    fn is_list_end(&self) -> bool {
        self.is_end() || self.is_any(&[")", "]", "}", "|", ";"])
    }

    /// `a, b, …` up to what `ends` says. `what` is expected where an element is missing.
    fn comma_list<T>(&mut self, list: List<'_>, mut element: impl FnMut(&mut Parser<'a>) -> Option<T>) -> Vec<T> {
        let mut elements = Vec::new();
        let ends = |parser: &Parser<'a>| parser.is_list_end() || list.ends.contains(&parser.text_at(0));
        loop {
            if !ends(self)
                && let Some(next) = element(self)
            {
                elements.push(next);
            } else {
                let is_trailing = !elements.is_empty() && list.allows_trailing && !self.is(",");
                let is_empty = elements.is_empty() && !list.is_required && !self.is(",");
                if !is_trailing && !is_empty {
                    self.expected(list.what);
                }
                if !self.is(",") {
                    return elements;
                }
            }
            if self.eat(",").is_none() {
                if ends(self) || !list.is_greedy {
                    return elements;
                }
                let place = self.at;
                let was_lost = std::mem::replace(&mut self.is_lost, true);
                let next = element(self);
                self.is_lost = was_lost;
                let Some(next) = next else { return elements };
                self.missing_comma(place);
                elements.push(next);
                if self.eat(",").is_none() && (ends(self) || self.at == place) {
                    return elements;
                }
            }
        }
    }

    fn missing_comma(&mut self, place: usize) {
        let end = std::mem::replace(&mut self.at, place);
        self.expected("`,`");
        self.at = end;
    }
}

/// What to write where something is expected that is often forgotten.
fn expected_help(what: &str) -> Option<String> {
    let help = match what {
        "a value list" => "values stand in parentheses: `in ('a', 'b')`, `has_any (list)`",
        "`typeof(…)`" => "write the type as in `to typeof(long)`",
        "`on`" => "write which columns make a pair: `on Name`, or `on $left.a == $right.b`",
        _ => return None,
    };
    Some(help.to_owned())
}

/// The start of a word, for a message.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if at == 40 => return out + "…",
            c if crate::fmt::is_hidden(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// How a list with commas is read.
#[derive(Clone, Copy)]
struct List<'l> {
    /// What an element is, for messages.
    what: &'l str,
    /// Words before which the list ends, besides closing brackets, pipes and semicolons.
    ends: &'l [&'l str],
    /// There must be an element.
    is_required: bool,
    /// A comma may follow the last element.
    allows_trailing: bool,
    /// Only what ends a list ends it: else a comma is missing.
    is_greedy: bool,
}

impl<'l> List<'l> {
    /// One element at least, up to a closing bracket, pipe or semicolon.
    fn of(what: &'l str) -> List<'l> {
        List { what, ends: &[], is_required: true, allows_trailing: false, is_greedy: true }
    }

    fn optional(self) -> List<'l> {
        List { is_required: false, ..self }
    }

    fn trailing(self) -> List<'l> {
        List { allows_trailing: true, ..self }
    }

    fn until(self, ends: &'l [&'l str]) -> List<'l> {
        List { ends, ..self }
    }

    /// It ends where no comma follows.
    fn lazy(self) -> List<'l> {
        List { is_greedy: false, ..self }
    }
}
