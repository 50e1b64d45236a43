//! Text to tokens. Comes in: any text. Goes out: tokens that tile it, blanks and comments included, and what is wrong with them.
//!
//! Where a token begins and ends is as in Microsoft's lexer: `1d` is a timespan, `1..2` is `1`, `..`, `2`, and `datetime(…)` with
//! all between its parentheses is one token.

mod keyword;
mod number;

pub use keyword::KeywordUse;

use crate::diagnostic::{self, Diagnostic, Span};

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where.
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Blanks and line ends.
    Whitespace,
    /// `// …`, without its line end.
    Comment,
    /// `#…` up to the end of the line: an instruction to a client.
    Directive,
    /// A word that is no keyword.
    Identifier,
    /// A word, or several (`matches regex`, `project-away`), with a meaning of its own in some places.
    Keyword(KeywordUse),
    /// Brackets, signs and operators.
    Punctuation,
    /// `'…'`, `@"…"`, `h'…'`, `` ```…``` ``.
    String,
    /// `true`, `False` …, `bool(…)`.
    Bool,
    /// `int(…)`.
    Int,
    /// `1`, `0x1F`, `long(…)`.
    Long,
    /// `1.5`, `1e3`, `real(…)`.
    Real,
    /// `decimal(…)`.
    Decimal,
    /// `datetime(…)`.
    DateTime,
    /// `1d`, `time(…)`.
    TimeSpan,
    /// `guid(…)`.
    Guid,
    /// A guid without `guid(…)` around it.
    RawGuid,
    /// What begins no token.
    Bad,
    /// The end of the text: always the last token, empty.
    End,
}

impl TokenKind {
    /// Blanks and comments.
    #[must_use]
    pub fn is_trivia(self) -> bool {
        matches!(self, TokenKind::Whitespace | TokenKind::Comment)
    }
}

/// The tokens of `text`. Their spans follow each other without gap; the last is [`TokenKind::End`].
#[must_use]
pub fn tokenize(text: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer { text, at: 0, diagnostics: Vec::new() };
    let mut tokens = Vec::with_capacity(text.len() / 4 + 1);
    while lexer.at < text.len() {
        let start = lexer.at;
        let kind = lexer.token();
        tokens.push(Token { kind, span: Span::new(start, lexer.at) });
    }
    tokens.push(Token { kind: TokenKind::End, span: Span::at(text.len()) });
    (tokens, lexer.diagnostics)
}

/// Letters, digits and `_`.
pub(crate) fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// Kusto's blanks; a zero-width space and a byte order mark among them.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | ' ' | '\r' | '\n' | '\u{c}' | '\u{a0}' | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200b}')
        || matches!(c, '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}')
}

/// What ends a line, a comment and a literal.
fn is_line_end(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{2028}' | '\u{2029}')
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The byte `offset` bytes on; 0 past the end.
    fn peek(&self, offset: usize) -> u8 {
        self.text.as_bytes().get(self.at + offset).copied().unwrap_or(0)
    }

    fn error(&mut self, code: diagnostic::Code, span: Span, message: &str, help: &str) {
        self.diagnostics.push(Diagnostic::new(code, span, message).with_help(help));
    }

    /// Moves past one token, at least one character.
    fn token(&mut self) -> TokenKind {
        let rest = self.rest();
        let blank = rest.find(|c| !is_blank(c)).unwrap_or(rest.len());
        if blank > 0 {
            self.at += blank;
            return TokenKind::Whitespace;
        }
        if rest.starts_with("//") || rest.starts_with('#') {
            self.at += rest.find(is_line_end).unwrap_or(rest.len());
            return if rest.starts_with('#') { TokenKind::Directive } else { TokenKind::Comment };
        }
        if let Some(length) = punctuation(rest) {
            self.at += length;
            return TokenKind::Punctuation;
        }
        if let Some(prefix) = string_prefix(rest) {
            self.string(prefix);
            return TokenKind::String;
        }
        self.keyword().or_else(|| self.word()).or_else(|| self.number()).unwrap_or_else(|| self.bad())
    }

    fn keyword(&mut self) -> Option<TokenKind> {
        let (length, kind) = keyword::longest(self.rest())?;
        let next = self.peek(length);
        if next == b'('
            && let Some(kind) = literal_kind(&self.rest()[..length])
        {
            self.at += length;
            self.typed_literal();
            return Some(kind);
        }
        if is_word(next) {
            return None;
        }
        self.at += length;
        Some(TokenKind::Keyword(kind))
    }

    /// `(…)` after `datetime` and its like: up to the first closing parenthesis, which must be on the same line.
    fn typed_literal(&mut self) {
        let rest = self.rest();
        let end = rest.find(|c| c == ')' || is_line_end(c)).unwrap_or(rest.len());
        self.at += end;
        if rest[end..].starts_with(')') {
            self.at += 1;
            return;
        }
        let here = Span::at(self.at);
        self.error(diagnostic::UNTERMINATED_LITERAL, here, "this literal lacks its closing `)`", "add `)` on the same line");
    }

    /// A name, `true`, or a guid that starts with a letter.
    fn word(&mut self) -> Option<TokenKind> {
        let first = self.peek(0);
        if !(first.is_ascii_alphabetic() || first == b'_' || first == b'$') {
            return None;
        }
        let rest = self.rest();
        let length = 1 + rest.bytes().skip(1).take_while(|b| is_word(*b)).count();
        if matches!(&rest[..length], "true" | "True" | "TRUE" | "false" | "False" | "FALSE") {
            self.at += length;
            return Some(TokenKind::Bool);
        }
        self.raw_guid().or_else(|| {
            self.at += length;
            Some(TokenKind::Identifier)
        })
    }

    fn raw_guid(&mut self) -> Option<TokenKind> {
        let text = self.rest().as_bytes().get(..36)?;
        let fits = |(at, b): (usize, &u8)| if [8, 13, 18, 23].contains(&at) { *b == b'-' } else { b.is_ascii_hexdigit() };
        if !text.iter().enumerate().all(fits) {
            return None;
        }
        self.at += 36;
        Some(TokenKind::RawGuid)
    }

    /// A number, a timespan, a guid, or a name that starts with a digit.
    fn number(&mut self) -> Option<TokenKind> {
        if !self.peek(0).is_ascii_digit() {
            return None;
        }
        if let Some(guid) = self.raw_guid() {
            return Some(guid);
        }
        let rest = self.rest().as_bytes();
        let (length, kind) = number::real(rest)
            .map(|length| (length, TokenKind::Real))
            .or_else(|| number::timespan(rest).map(|length| (length, TokenKind::TimeSpan)))
            .or_else(|| number::long(rest).map(|length| (length, TokenKind::Long)))
            .unwrap_or_else(|| (rest.iter().take_while(|b| is_word(**b)).count(), TokenKind::Identifier));
        self.at += length;
        Some(kind)
    }

    fn bad(&mut self) -> TokenKind {
        let c = self.rest().chars().next().unwrap_or(' ');
        let span = Span::new(self.at, self.at + quoted_length(self.rest()).unwrap_or(c.len_utf8()));
        self.at = span.end;
        // One report for a run of them.
        if let Some(last) = self.diagnostics.last_mut()
            && last.code == diagnostic::UNKNOWN_CHARACTER.id
            && last.span.end == span.start
        {
            last.span.end = span.end;
            return TokenKind::Bad;
        }
        let help = match c {
            '‘' | '’' | '“' | '”' | '„' => "put straight quotes in place of typographic ones",
            '–' | '—' => "put an ASCII `-` in place of the dash",
            '!' => {
                "`!` stands only before `=`, `~`, `in`, `between`, `has`, `contains`, `startswith`, `endswith`; else use `not(…)`"
            }
            '&' => "use `and`",
            '\\' => "a backslash stands only in a string; in `@\"…\"` it needs no doubling",
            c if c.is_alphanumeric() => "names with other letters than a-z are written `['name']`",
            _ => "remove it, or put it into a string",
        };
        let message = format!("unexpected character `{}`", crate::parser::shown(c.encode_utf8(&mut [0; 4])));
        self.error(diagnostic::UNKNOWN_CHARACTER, span, &message, help);
        TokenKind::Bad
    }

    /// The rest of a string, the quote and what stands before it being `prefix` bytes.
    fn string(&mut self, prefix: usize) {
        let start = self.at;
        let rest = self.rest();
        let quote = &rest[prefix - 1..prefix];
        if matches!(quote, "`" | "~") {
            let fence = &rest[prefix - 3..prefix];
            match rest[prefix..].find(fence) {
                Some(length) => self.at += prefix + length + 3,
                None => {
                    self.at = self.text.len();
                    let message = format!("this string lacks its closing {fence}");
                    let span = Span::at(self.at);
                    let unclosed = Diagnostic::new(diagnostic::UNTERMINATED_STRING, span, message);
                    self.diagnostics.push(unclosed.with_label(Span::new(start, start + prefix), "it starts here"));
                }
            }
            return;
        }
        let is_verbatim = rest[..prefix].contains('@');
        self.at += prefix + string_content(&rest[prefix..], quote, is_verbatim);
        if self.rest().starts_with(quote) {
            self.at += 1;
            return;
        }
        let opening = Span::new(start, start + prefix);
        if self.peek(0) == b'\\' {
            let length = self.rest().chars().take(2).map(char::len_utf8).sum::<usize>();
            let span = Span::new(self.at, self.at + length);
            let message = format!("`{}` is no escape", crate::parser::shown(span.text(self.text)));
            let bad = Diagnostic::new(diagnostic::BAD_ESCAPE, span, message);
            let help = "double the backslash, or put `@` before the string, where backslashes are ordinary characters";
            self.diagnostics.push(bad.with_label(opening, "in this string").with_help(help));
            self.skip_broken_string(quote);
            return;
        }
        let message = format!("this string lacks its closing {quote}");
        let unclosed = Diagnostic::new(diagnostic::UNTERMINATED_STRING, Span::at(self.at), message);
        self.diagnostics.push(unclosed.with_label(opening, "it starts here"));
    }

    /// After a bad escape the string goes on, so that one mistake is not followed by others.
    fn skip_broken_string(&mut self, quote: &str) {
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(|c| is_line_end(c) || c == '\\' || quote.contains(c)) else {
                self.at = self.text.len();
                return;
            };
            self.at += end;
            match self.peek(0) {
                b'\\' => {
                    self.at += self.rest().chars().take(2).take_while(|c| !is_line_end(*c)).map(char::len_utf8).sum::<usize>()
                }
                b'\'' | b'"' => {
                    self.at += 1;
                    return;
                }
                _ => return,
            }
        }
    }
}

/// The length of a text in typographic quotes, on one line.
fn quoted_length(text: &str) -> Option<usize> {
    let close: &[char] = match text.chars().next()? {
        '‘' | '’' => &['’', '‘'],
        '“' | '”' | '„' => &['”', '“'],
        _ => return None,
    };
    let line = &text[..text.find(is_line_end).unwrap_or(text.len())];
    let (at, quote) = line.char_indices().skip(1).find(|(_, c)| close.contains(c))?;
    Some(at + quote.len_utf8())
}

/// The length of the sign or operator that `text` starts with.
fn punctuation(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let next = bytes.get(1).copied().unwrap_or(0);
    let two = |pair: &[u8]| if pair.contains(&next) { 2 } else { 1 };
    Some(match bytes.first()? {
        b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'|' | b'+' | b'-' | b'*' | b'/' | b'%' | b':' | b';' | b',' | b'?' => 1,
        b'.' => two(b"."),
        b'<' => two(b"=|>"),
        b'>' => two(b"="),
        b'=' => two(b"=>~"),
        b'!' if matches!(next, b'=' | b'~') => 2,
        b'@' if !matches!(next, b'\'' | b'"' | b'`' | b'~') => 1,
        _ => return None,
    })
}

/// The length of `h@'`: what opens a string, if `text` starts with a string.
fn string_prefix(text: &str) -> Option<usize> {
    let mut at = usize::from(text.starts_with(['h', 'H']));
    if text[at..].starts_with('@') {
        at += 1;
    }
    let rest = &text[at..];
    if rest.starts_with(['\'', '"']) {
        Some(at + 1)
    } else if rest.starts_with("```") || rest.starts_with("~~~") {
        Some(at + 3)
    } else {
        None
    }
}

/// How far the content of a string goes: up to its quote, a line end, or a backslash that escapes nothing.
fn string_content(text: &str, quote: &str, is_verbatim: bool) -> usize {
    let bytes = text.as_bytes();
    let quote = quote.as_bytes()[0];
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        match b {
            b'\r' | b'\n' => break,
            b if b == quote => {
                if is_verbatim && bytes.get(at + 1) == Some(&quote) {
                    at += 2;
                } else {
                    break;
                }
            }
            b'\\' if !is_verbatim => match escape_length(&bytes[at..]) {
                Some(length) => at += length,
                None => break,
            },
            _ => at += 1,
        }
    }
    at
}

/// The length of the escape that `text`, a backslash and what follows, starts with.
pub(crate) fn escape_length(text: &[u8]) -> Option<usize> {
    let hex = |count: usize| {
        let digits = text.get(2..2 + count)?;
        digits.iter().all(u8::is_ascii_hexdigit).then_some(2 + count)
    };
    match text.get(1)? {
        b'\\' | b'\'' | b'"' | b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' => Some(2),
        b'u' => hex(4),
        b'U' => hex(8),
        b'x' => hex(2),
        first @ b'0'..=b'7' => {
            let octal = |at: usize| matches!(text.get(at), Some(b'0'..=b'7'));
            Some(match (octal(2), octal(3) && *first <= b'3') {
                (true, true) => 4,
                (true, false) => 3,
                (false, _) => 2,
            })
        }
        _ => None,
    }
}

/// Which literal `datetime(…)` and its like are.
fn literal_kind(keyword: &str) -> Option<TokenKind> {
    Some(match keyword {
        "bool" => TokenKind::Bool,
        "date" | "datetime" => TokenKind::DateTime,
        "decimal" => TokenKind::Decimal,
        "double" | "real" => TokenKind::Real,
        "guid" => TokenKind::Guid,
        "int" | "int32" => TokenKind::Int,
        "int64" | "long" => TokenKind::Long,
        "time" | "timespan" => TokenKind::TimeSpan,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The significant tokens of `text`, after a check that all tokens tile it.
    fn words(text: &str) -> Vec<(TokenKind, &str)> {
        let (tokens, _) = tokenize(text);
        let mut at = 0;
        for token in &tokens {
            assert_eq!(token.span.start, at);
            at = token.span.end;
        }
        assert_eq!(at, text.len());
        let significant = tokens.iter().filter(|token| !token.kind.is_trivia() && token.kind != TokenKind::End);
        significant.map(|token| (token.kind, token.span.text(text))).collect()
    }

    fn kinds(text: &str) -> Vec<TokenKind> {
        words(text).into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn numbers() {
        use TokenKind::{Identifier, Long, Punctuation, Real, TimeSpan};
        assert_eq!(kinds("1 0x1F 1.5 1. 1e3 1d 2.5h 1microsecond"), [Long, Long, Real, Real, Real, TimeSpan, TimeSpan, TimeSpan]);
        assert_eq!(kinds("1..2"), [Long, Punctuation, Long]);
        assert_eq!(kinds("3com 1days1 0x"), [Identifier, Identifier, Identifier]);
        assert_eq!(words("1.d")[0].1, "1");
    }

    #[test]
    fn strings() {
        for text in [r#""a\"b""#, "'it\\'s'", r#"@"c:\""#, "@'it''s'", "h'secret'", "H@\"x\"", "```\na ' b\n```", "~~~x~~~"] {
            assert_eq!(words(text), [(TokenKind::String, text)]);
        }
        assert_eq!(words("'a\\q b' x").len(), 2);
        assert_eq!(words("'a\n'b'").len(), 2);
    }

    #[test]
    fn keywords() {
        let texts = |text| words(text).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts("a!in~(b)"), ["a", "!in~", "(", "b", ")"]);
        assert_eq!(texts("x project-away-y"), ["x", "project-away", "-", "y"]);
        assert_eq!(texts("hint.strategy=shuffle"), ["hint.strategy", "=", "shuffle"]);
        assert_eq!(texts("a matches regex b"), ["a", "matches regex", "b"]);
        assert_eq!(kinds("wherever"), [TokenKind::Identifier]);
        assert_eq!(texts("datetime(2020-01-01 10:00) date (1)"), ["datetime(2020-01-01 10:00)", "date", "(", "1", ")"]);
    }

    #[test]
    fn comments_and_blanks() {
        assert_eq!(kinds("a // b\n c"), [TokenKind::Identifier, TokenKind::Identifier]);
        assert_eq!(kinds("\u{feff}a\u{a0}é"), [TokenKind::Identifier, TokenKind::Bad]);
    }
}
