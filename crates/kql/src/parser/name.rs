//! Names: bare, in brackets, in braces (a client's parameter), and by pattern.

use super::Parser;
use crate::ast::{Expr, ExprKind, Name};
use crate::lexer::{KeywordUse, TokenKind};

impl Parser<'_> {
    /// The word `offset` words on may be a name wherever a name may stand.
    pub(super) fn is_plain_name(&self, offset: usize) -> bool {
        matches!(self.word(offset).kind, TokenKind::Identifier | TokenKind::Keyword(KeywordUse::Name))
    }

    /// It may be a name where nothing else could be meant.
    fn is_extended_name(&self, offset: usize) -> bool {
        self.is_plain_name(offset) || self.word(offset).kind == TokenKind::Keyword(KeywordUse::Extended)
    }

    pub(super) fn is_keyword(&self, offset: usize) -> bool {
        matches!(self.word(offset).kind, TokenKind::Keyword(_))
    }

    /// How many words the name takes that starts `offset` words on.
    pub(super) fn scan_name(&self, offset: usize) -> Option<usize> {
        match self.text_at(offset) {
            "[" => self.scan_bracketed_name(offset),
            "{" => (self.is_plain_name(offset + 1) && self.is_at(offset + 2, "}")).then_some(3),
            _ => self.is_plain_name(offset).then_some(1),
        }
    }

    pub(super) fn scan_extended_name(&self, offset: usize) -> Option<usize> {
        self.scan_name(offset).or_else(|| self.is_extended_name(offset).then_some(1))
    }

    /// `['name']`, also of adjacent strings.
    pub(super) fn scan_bracketed_name(&self, offset: usize) -> Option<usize> {
        if !self.is_at(offset, "[") {
            return None;
        }
        let mut end = offset + 1;
        while self.word(end).kind == TokenKind::String {
            end += 1;
        }
        (end > offset + 1 && self.is_at(end, "]")).then_some(end + 1 - offset)
    }

    /// `{Name}` or `{Name[0]}` without blanks: a parameter that a client fills in.
    pub(super) fn scan_braced_name(&self) -> Option<usize> {
        let glued = |offset: usize| self.word(offset).is_glued;
        if !self.is("{") || !(self.word(1).kind == TokenKind::Identifier || self.is_keyword(1)) || !glued(1) {
            return None;
        }
        let mut at = 2;
        if self.is_at(at, "[") && glued(at) {
            at += 1;
            at += usize::from(self.is_at(at, "-") && glued(at));
            if self.word(at).kind != TokenKind::Long || !glued(at) || !self.is_at(at + 1, "]") || !glued(at + 1) {
                return None;
            }
            at += 2;
        }
        (self.is_at(at, "}") && glued(at)).then_some(at + 1)
    }

    pub(super) fn name(&mut self) -> Option<Name> {
        match self.text_at(0) {
            "[" => self.bracketed_name(),
            "{" => self.braced_name(),
            _ => self.is_plain_name(0).then(|| self.bare_name()),
        }
    }

    pub(super) fn extended_name(&mut self) -> Option<Name> {
        self.name().or_else(|| self.is_extended_name(0).then(|| self.bare_name()))
    }

    /// The next word, whatever it is, as a name.
    pub(super) fn bare_name(&mut self) -> Name {
        let text = self.text_at(0).to_owned();
        Name { text, span: self.bump(), is_quoted: false }
    }

    /// A name, or a report that it is missing.
    pub(super) fn expect_name(&mut self) -> Name {
        self.name().unwrap_or_else(|| self.missing_name("a name"))
    }

    pub(super) fn missing_name(&mut self, what: &str) -> Name {
        self.expected(what);
        let at = self.last_end();
        Name { text: String::new(), span: crate::diagnostic::Span::at(at), is_quoted: false }
    }

    pub(super) fn bracketed_name(&mut self) -> Option<Name> {
        self.scan_bracketed_name(0)?;
        let start = self.bump().start;
        let text = self.string_value().unwrap_or_default();
        self.bump();
        Some(Name { text, span: self.span_from(start), is_quoted: true })
    }

    pub(super) fn braced_name(&mut self) -> Option<Name> {
        let length = self.scan_braced_name()?;
        let start = self.word(0).span.start;
        self.at += length;
        self.glue_from(self.at - length);
        let span = self.span_from(start);
        Some(Name { text: span.text(self.text).to_owned(), span, is_quoted: false })
    }

    pub(super) fn name_expr(&mut self) -> Option<Expr> {
        self.name().map(expr_of)
    }

    /// How many words the pattern of names takes that starts here: `*`, `Device*`, `*_CL`.
    pub(super) fn scan_wildcard(&self, offset: usize) -> Option<usize> {
        let mut end = offset;
        if self.is_at(offset, "*") {
            end += 1;
        } else {
            let is_name = self.word(offset).kind == TokenKind::Identifier || self.is_extended_keyword(offset);
            if !is_name || !self.is_at(offset + 1, "*") || !self.word(offset + 1).is_glued {
                return None;
            }
            end += 2;
        }
        while self.is_wildcard_part(end) {
            end += 1;
        }
        Some(end - offset)
    }

    fn is_wildcard_part(&self, offset: usize) -> bool {
        let is_part = matches!(self.word(offset).kind, TokenKind::Identifier | TokenKind::Long)
            || self.is_at(offset, "*")
            || self.is_extended_keyword(offset);
        is_part && self.word(offset).is_glued
    }

    fn is_extended_keyword(&self, offset: usize) -> bool {
        matches!(self.word(offset).kind, TokenKind::Keyword(KeywordUse::Name | KeywordUse::Extended))
    }

    pub(super) fn wildcard(&mut self) -> Option<Expr> {
        let length = self.scan_wildcard(0)?;
        let start = self.word(0).span.start;
        self.at += length;
        self.glue_from(self.at - length);
        let span = self.span_from(start);
        let text = span.text(self.text);
        let kind = if text == "*" { ExprKind::Star } else { ExprKind::Wildcard(text.to_owned()) };
        Some(Expr { kind, span })
    }

    /// `[Device*]`.
    pub(super) fn bracketed_wildcard(&mut self) -> Option<Expr> {
        if !self.is("[") {
            return None;
        }
        self.scan_wildcard(1)?;
        let open = self.bump();
        let inner = self.wildcard();
        self.expect_close("]", open);
        let span = self.span_from(open.start);
        inner.map(|inner| Expr { span, ..inner })
    }

    /// `a` or `a*`, where columns are listed.
    pub(super) fn column_pattern(&mut self) -> Option<Expr> {
        self.wildcard().or_else(|| self.name_expr())
    }
}

/// The expression that is just a name.
pub(super) fn expr_of(name: Name) -> Expr {
    Expr { span: name.span, kind: ExprKind::Name(name) }
}
