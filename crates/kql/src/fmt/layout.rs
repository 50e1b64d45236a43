//! Words to layout. Comes in: the words of a query that reads without error, and the comments between them. Goes out: a [`Doc`].
//!
//! The words are taken as a tree of brackets; statements, pipes, clauses and lists are found in each level by their signs.

use super::doc::Doc;
use crate::diagnostic::Span;
use crate::lexer::{self, TokenKind};
use crate::parser::{Layout, Word};

/// The layout of a whole query.
pub(super) fn document<'a>(text: &'a str, words: &'a [Word]) -> Doc<'a> {
    let mut builder = Builder { text, words, comments: comments(text), at: 0, next_comment: 0 };
    let level = builder.level();
    let mut parts = vec![statements(level, true)];
    parts.extend(builder.leading_comments(text.len()));
    Doc::All(parts)
}

/// A comment and how it stands.
#[derive(Clone, Copy)]
struct Comment {
    span: Span,
    /// Nothing else is on its line before it.
    has_own_line: bool,
    /// An empty line is before it.
    follows_empty_line: bool,
}

fn comments(text: &str) -> Vec<Comment> {
    let (tokens, _) = lexer::tokenize(text);
    let mut found = Vec::new();
    let mut blank = "\n";
    for token in &tokens {
        match token.kind {
            TokenKind::Whitespace => blank = token.span.text(text),
            TokenKind::Comment => {
                let has_own_line = blank.contains(['\n', '\r']);
                found.push(Comment { span: token.span, has_own_line, follows_empty_line: has_empty_line(blank) });
                blank = "";
            }
            _ => blank = "",
        }
    }
    found
}

fn has_empty_line(blank: &str) -> bool {
    blank.matches('\n').count() > 1
}

/// A word, or a bracket with what it holds, in one level.
struct Item<'a> {
    /// The word, or the opening bracket.
    text: &'a str,
    doc: Doc<'a>,
    /// Comments on lines of their own before it.
    before: Vec<Doc<'a>>,
    is_sign: bool,
    is_keyword: bool,
    is_glued: bool,
    /// An empty line is before it.
    follows_empty_line: bool,
    is_bracket: bool,
}

impl Item<'_> {
    fn is(&self, text: &str) -> bool {
        self.text == text && !self.is_bracket
    }
}

struct Builder<'a> {
    text: &'a str,
    words: &'a [Word],
    comments: Vec<Comment>,
    at: usize,
    next_comment: usize,
}

impl<'a> Builder<'a> {
    /// The items up to the bracket that closes this level, or to the end.
    fn level(&mut self) -> Vec<Item<'a>> {
        let mut items = Vec::new();
        while let Some(word) = self.words.get(self.at).copied().filter(|word| word.kind != TokenKind::End) {
            let text = word.span.text(self.text);
            let is_sign = word.kind == TokenKind::Punctuation;
            if is_sign && matches!(text, ")" | "]" | "}") {
                return items;
            }
            items.push(self.item(word, text, is_sign));
        }
        items
    }

    fn item(&mut self, word: Word, text: &'a str, is_sign: bool) -> Item<'a> {
        let follows_empty_line = self.follows_empty_line(word);
        let before = self.leading_comments(word.span.start);
        self.at += 1;
        let is_bracket = is_sign && matches!(text, "(" | "[" | "{");
        let mut parts = vec![Doc::Text(text)];
        parts.extend(self.trailing_comments());
        let doc = if is_bracket { self.bracket(text, word.layout, parts) } else { Doc::All(parts) };
        let is_keyword = matches!(word.kind, TokenKind::Keyword(_));
        let is_glued = word.layout == Layout::Glued;
        Item { text, doc, before, is_sign, is_keyword, is_glued, follows_empty_line, is_bracket }
    }

    /// An empty line stands right before the word, or before the comments that lead to it.
    fn follows_empty_line(&self, word: Word) -> bool {
        let start = self.comments.get(self.next_comment).map_or(word.span.start, |next| next.span.start.min(word.span.start));
        let before = &self.text[..start];
        has_empty_line(&before[before.trim_end().len()..])
    }

    /// The comments before `end`, each on its own line.
    fn leading_comments(&mut self, end: usize) -> Vec<Doc<'a>> {
        let mut docs = Vec::new();
        while let Some(comment) = self.comments.get(self.next_comment).copied().filter(|comment| comment.span.start < end) {
            self.next_comment += 1;
            docs.extend(self.comment(comment));
        }
        docs
    }

    /// The comments behind the last word on its line.
    fn trailing_comments(&mut self) -> Vec<Doc<'a>> {
        let end = self.words.get(self.at).map_or(self.text.len(), |word| word.span.start);
        match self.comments.get(self.next_comment).copied() {
            Some(comment) if comment.span.start < end && !comment.has_own_line => {
                self.next_comment += 1;
                self.comment(comment)
            }
            _ => Vec::new(),
        }
    }

    fn comment(&self, comment: Comment) -> Vec<Doc<'a>> {
        let text = comment.span.text(self.text).trim_end();
        let doc = Doc::Comment { text, has_own_line: comment.has_own_line };
        if comment.follows_empty_line { vec![Doc::HardLine, Doc::EmptyLine, doc] } else { vec![doc] }
    }

    /// What stands between `open`, already read, and its closing bracket, and both.
    fn bracket(&mut self, open: &str, layout: Layout, opening: Vec<Doc<'a>>) -> Doc<'a> {
        let items = self.level();
        let is_hugged = matches!(items.as_slice(), [only] if only.is_bracket && only.before.is_empty());
        let is_empty = items.is_empty();
        let is_block = layout == Layout::Block;
        let has_statements = items.iter().any(|item| item.is(";"));
        let has_pipes = items.iter().any(|item| item.is("|"));
        let mut inner = match layout {
            _ if is_block || has_statements || has_pipes => statements(items, has_statements),
            Layout::Rows(columns) => rows(items, columns),
            _ => list(items, open),
        };
        let end = self.words.get(self.at).map_or(self.text.len(), |word| word.span.start);
        let comments = self.leading_comments(end);
        let is_simple = (is_empty || is_hugged) && comments.is_empty();
        inner = Doc::All(std::iter::once(inner).chain(comments).collect());
        let close = self.words.get(self.at).map_or("", |word| word.span.text(self.text));
        self.at += 1;
        let mut closing = vec![Doc::Text(close)];
        closing.extend(self.trailing_comments());
        if is_simple {
            return Doc::All(opening.into_iter().chain([inner]).chain(closing).collect());
        }
        let must_break = has_statements || (is_block && has_pipes);
        Doc::Bracket { open: opening, inner: vec![inner], close: closing, is_spaced: is_block, must_break }
    }
}

/// Statements split by semicolons, each on lines of its own. `breaks`: each also decides by itself whether its pipes have lines
/// of their own; else they have if what is around them breaks.
fn statements(items: Vec<Item<'_>>, breaks: bool) -> Doc<'_> {
    let mut parts = Vec::new();
    let mut statement = Vec::new();
    for item in items {
        let is_end = item.is(";");
        statement.push(item);
        if is_end {
            add_statement(&mut parts, std::mem::take(&mut statement), breaks);
        }
    }
    if !statement.is_empty() {
        add_statement(&mut parts, statement, breaks);
    }
    Doc::All(parts)
}

fn add_statement<'a>(parts: &mut Vec<Doc<'a>>, mut items: Vec<Item<'a>>, breaks: bool) {
    if !parts.is_empty() {
        parts.push(Doc::HardLine);
    }
    if let Some(first) = items.first_mut() {
        if first.follows_empty_line {
            parts.push(Doc::EmptyLine);
        }
        parts.append(&mut first.before);
    }
    while items.first().is_some_and(|item| item.text.starts_with('#')) {
        parts.push(items.remove(0).doc);
        parts.push(Doc::HardLine);
    }
    parts.push(pipeline(items, breaks));
}

/// `source | operator | …`, with what is before the source (`let x =`).
fn pipeline(items: Vec<Item<'_>>, breaks: bool) -> Doc<'_> {
    let pipes = items.iter().filter(|item| item.is("|")).count();
    let mut segments: Vec<Vec<Item<'_>>> = vec![Vec::new()];
    for item in items {
        if item.is("|") {
            segments.push(Vec::new());
        }
        segments.last_mut().expect("there is always one").push(item);
    }
    let is_let = segments[0].first().is_some_and(|item| item.is("let"));
    let mut parts = Vec::new();
    for (at, mut segment) in segments.into_iter().enumerate() {
        if at == 0 {
            parts.push(clause(segment));
            continue;
        }
        let mut piece = vec![Doc::Line];
        if let Some(first) = segment.first_mut() {
            piece.append(&mut first.before);
        }
        piece.push(clause(segment));
        parts.push(if is_let { Doc::Indent(piece) } else { Doc::All(piece) });
    }
    if breaks { Doc::Group { parts, must_break: pipes > 1 } } else { Doc::All(parts) }
}

/// Operators whose operands are a list that may take a line for each.
const LISTS: &[&str] = &[
    "distinct",
    "extend",
    "make-series",
    "mv-expand",
    "mvexpand",
    "order",
    "print",
    "project",
    "project-away",
    "project-keep",
    "project-rename",
    "project-reorder",
    "serialize",
    "sort",
    "summarize",
    "union",
];

/// Words that begin a clause on a line of its own, in operators of [`LISTS`] that are too long for one line.
const CLAUSES: &[&str] = &["by", "on"];

/// One operator with its operands, or a source.
fn clause(items: Vec<Item<'_>>) -> Doc<'_> {
    let keyword = usize::from(items.first().is_some_and(|item| item.is("|")));
    let has_list = items.iter().any(|item| item.is(","));
    let list_from = list_start(&items, keyword).filter(|_| has_list);
    let mut first = Vec::new();
    let mut clauses: Vec<Vec<Doc<'_>>> = Vec::new();
    let mut previous: Option<Edge<'_>> = None;
    for (at, mut item) in items.into_iter().enumerate() {
        let is_clause = list_from.is_some_and(|from| at > from) && item.is_keyword && CLAUSES.contains(&item.text);
        let starts_part = list_from == Some(at) || is_clause;
        if starts_part {
            clauses.push(Vec::new());
        }
        let into = clauses.last_mut().unwrap_or(&mut first);
        if let Some(previous) = previous.as_ref().filter(|_| !starts_part) {
            if previous.breaks_after || is_connective(&item) {
                into.push(Doc::Line);
            } else if previous.takes_blank_before(&item) {
                into.push(Doc::Blank);
            }
        }
        into.append(&mut item.before);
        previous = Some(Edge::of(&item));
        into.push(item.doc);
    }
    let mut rest = first.split_off(first.len().min(1));
    for (at, clause) in clauses.into_iter().enumerate() {
        rest.push(Doc::Line);
        // The list itself has a line for each element; a later clause has one line if it fits.
        rest.push(if at == 0 { Doc::All(clause) } else { hanging(clause) });
    }
    first.push(Doc::Indent(rest));
    Doc::Group { parts: first, must_break: false }
}

/// A group whose lines after the first are one level further in.
fn hanging(mut parts: Vec<Doc<'_>>) -> Doc<'_> {
    let rest = parts.split_off(parts.len().min(1));
    parts.push(Doc::Indent(rest));
    Doc::Group { parts, must_break: false }
}

/// Where the list of an operator of [`LISTS`] starts: behind its keyword and parameters.
fn list_start(items: &[Item<'_>], keyword: usize) -> Option<usize> {
    let head = items.get(keyword).filter(|item| item.is_keyword && LISTS.contains(&item.text))?;
    let operands = &items[keyword + 1..];
    let last_param =
        operands.iter().take_while(|item| !item.is(",")).enumerate().filter(|(_, item)| item.is("=") && item.is_glued);
    Some(match last_param.last() {
        // The value follows the equals sign.
        Some((at, _)) => keyword + at + 3,
        None => keyword + 1 + usize::from(matches!(head.text, "sort" | "order")),
    })
}

/// `and`, `or`: a line may break before them.
fn is_connective(item: &Item<'_>) -> bool {
    item.is_keyword && matches!(item.text, "and" | "or")
}

/// The right edge of an item: what decides on the blank after it.
struct Edge<'a> {
    text: &'a str,
    is_sign: bool,
    is_bracket: bool,
    breaks_after: bool,
}

impl<'a> Edge<'a> {
    fn of(item: &Item<'a>) -> Edge<'a> {
        Edge { text: item.text, is_sign: item.is_sign, is_bracket: item.is_bracket, breaks_after: item.is(",") }
    }

    /// A blank stands between this item and `next`.
    fn takes_blank_before(&self, next: &Item<'_>) -> bool {
        let is_closing_sign = next.is_sign && matches!(next.text, "," | ";" | ":" | ".") && !next.is_bracket;
        let is_dot = self.is_sign && !self.is_bracket && self.text == ".";
        !(next.is_glued || is_closing_sign || is_dot)
    }
}

/// The content of a bracket: a list with commas, or one expression.
fn list<'a>(items: Vec<Item<'a>>, open: &str) -> Doc<'a> {
    let mut elements: Vec<Vec<Item<'a>>> = vec![Vec::new()];
    for item in items {
        let is_comma = item.is(",");
        elements.last_mut().expect("there is always one").push(item);
        if is_comma {
            elements.push(Vec::new());
        }
    }
    elements.retain(|element| !element.is_empty());
    let is_short =
        |element: &Vec<Item<'a>>| element.iter().all(|item| !item.is_bracket && item.before.is_empty()) && element.len() <= 3;
    let is_filled = elements.len() > 4 && open != "{" && elements.iter().all(is_short);
    let docs: Vec<Doc<'a>> = elements.into_iter().map(element).collect();
    if is_filled {
        return Doc::Fill(docs);
    }
    join_lines(docs)
}

/// The values of a `datatable`, a line for each row.
fn rows(items: Vec<Item<'_>>, columns: usize) -> Doc<'_> {
    let mut lines: Vec<Vec<Item<'_>>> = vec![Vec::new()];
    let mut commas = 0;
    for item in items {
        let is_comma = item.is(",");
        lines.last_mut().expect("there is always one").push(item);
        commas += usize::from(is_comma);
        if is_comma && commas % columns.max(1) == 0 {
            lines.push(Vec::new());
        }
    }
    lines.retain(|line| !line.is_empty());
    let docs: Vec<Doc<'_>> = lines.into_iter().map(row).collect();
    if columns <= 1 { Doc::Fill(docs) } else { join_lines(docs) }
}

fn row(items: Vec<Item<'_>>) -> Doc<'_> {
    let mut parts = Vec::new();
    let mut previous: Option<Edge<'_>> = None;
    for mut item in items {
        if previous.as_ref().is_some_and(|previous| previous.takes_blank_before(&item)) {
            parts.push(Doc::Blank);
        }
        parts.append(&mut item.before);
        previous = Some(Edge::of(&item));
        parts.push(item.doc);
    }
    Doc::All(parts)
}

/// One element of a list: it may break before `and` and `or`.
fn element(items: Vec<Item<'_>>) -> Doc<'_> {
    let mut parts = Vec::new();
    let mut previous: Option<Edge<'_>> = None;
    for mut item in items {
        if let Some(previous) = &previous {
            if is_connective(&item) {
                parts.push(Doc::Line);
            } else if previous.takes_blank_before(&item) {
                parts.push(Doc::Blank);
            }
        }
        parts.append(&mut item.before);
        previous = Some(Edge::of(&item));
        parts.push(item.doc);
    }
    Doc::Group { parts, must_break: false }
}

fn join_lines(docs: Vec<Doc<'_>>) -> Doc<'_> {
    let mut parts = Vec::new();
    for doc in docs {
        if !parts.is_empty() {
            parts.push(Doc::Line);
        }
        parts.push(doc);
    }
    Doc::All(parts)
}
