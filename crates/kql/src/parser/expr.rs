//! Expressions with operators: what binds how tightly, and pipes.

use super::name::expr_of;
use super::{Layout, List, Parser};
use crate::ast::{BinaryOp, Expr, ExprKind, ListOp, Name, Operator, UnaryOp};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::lexer::TokenKind;

/// An operator between expressions.
#[derive(Clone, Copy)]
enum Infix {
    Or,
    And,
    Compare(BinaryOp),
    List(ListOp),
    Between { negated: bool },
    Arithmetic(BinaryOp),
}

/// The tightest level there is: string operators.
const TIGHTEST: u8 = 7;

impl Infix {
    /// How tightly it binds.
    fn level(self) -> u8 {
        match self {
            Infix::Or => 1,
            Infix::And => 2,
            Infix::List(_) | Infix::Between { .. } | Infix::Compare(BinaryOp::Equal | BinaryOp::NotEqual) => 3,
            Infix::Compare(BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual) => 4,
            Infix::Arithmetic(BinaryOp::Add | BinaryOp::Subtract) => 5,
            Infix::Arithmetic(_) => 6,
            Infix::Compare(_) => TIGHTEST,
        }
    }

    /// Whether another of its level may follow.
    fn chains(self) -> bool {
        matches!(self, Infix::Or | Infix::And | Infix::Arithmetic(_))
    }
}

fn infix(text: &str) -> Option<Infix> {
    Some(match text {
        "or" => Infix::Or,
        "and" => Infix::And,
        "==" => Infix::Compare(BinaryOp::Equal),
        "!=" | "<>" => Infix::Compare(BinaryOp::NotEqual),
        "<" => Infix::Compare(BinaryOp::Less),
        "<=" => Infix::Compare(BinaryOp::LessOrEqual),
        ">" => Infix::Compare(BinaryOp::Greater),
        ">=" => Infix::Compare(BinaryOp::GreaterOrEqual),
        "+" => Infix::Arithmetic(BinaryOp::Add),
        "-" => Infix::Arithmetic(BinaryOp::Subtract),
        "*" => Infix::Arithmetic(BinaryOp::Multiply),
        "/" => Infix::Arithmetic(BinaryOp::Divide),
        "%" => Infix::Arithmetic(BinaryOp::Modulo),
        "in" => Infix::List(ListOp::In),
        "!in" => Infix::List(ListOp::NotIn),
        "in~" => Infix::List(ListOp::InTilde),
        "!in~" => Infix::List(ListOp::NotInTilde),
        "has_any" => Infix::List(ListOp::HasAny),
        "has_all" => Infix::List(ListOp::HasAll),
        "between" => Infix::Between { negated: false },
        "!between" => Infix::Between { negated: true },
        text => Infix::Compare(string_operator(text)?),
    })
}

/// An operator on strings, old spellings included.
fn string_operator(text: &str) -> Option<BinaryOp> {
    use BinaryOp as B;
    Some(match text {
        "=~" => B::EqualTilde,
        "!~" => B::NotEqualTilde,
        ":" => B::SearchHas,
        "has" => B::Has,
        "!has" => B::NotHas,
        "has_cs" => B::HasCs,
        "!has_cs" => B::NotHasCs,
        "hasprefix" => B::HasPrefix,
        "!hasprefix" => B::NotHasPrefix,
        "hasprefix_cs" => B::HasPrefixCs,
        "!hasprefix_cs" => B::NotHasPrefixCs,
        "hassuffix" => B::HasSuffix,
        "!hassuffix" => B::NotHasSuffix,
        "hassuffix_cs" => B::HasSuffixCs,
        "!hassuffix_cs" => B::NotHasSuffixCs,
        "contains" => B::Contains,
        "!contains" | "notcontains" => B::NotContains,
        "contains_cs" | "containscs" => B::ContainsCs,
        "!contains_cs" | "notcontainscs" => B::NotContainsCs,
        "startswith" => B::StartsWith,
        "!startswith" => B::NotStartsWith,
        "startswith_cs" => B::StartsWithCs,
        "!startswith_cs" => B::NotStartsWithCs,
        "endswith" => B::EndsWith,
        "!endswith" => B::NotEndsWith,
        "endswith_cs" => B::EndsWithCs,
        "!endswith_cs" => B::NotEndsWithCs,
        "like" => B::Like,
        "notlike" => B::NotLike,
        "likecs" => B::LikeCs,
        "notlikecs" => B::NotLikeCs,
        "matches regex" => B::MatchesRegex,
        _ => return None,
    })
}

impl<'a> Parser<'a> {
    /// A scalar or tabular expression, with its pipes.
    pub(super) fn expression(&mut self) -> Option<Expr> {
        self.deeper(Parser::pipe)
    }

    pub(super) fn expect_expression(&mut self) -> Expr {
        self.expression().unwrap_or_else(|| self.missing_expression())
    }

    /// An expression without pipes.
    pub(super) fn unnamed(&mut self) -> Option<Expr> {
        self.deeper(|parser| parser.binary(1))
    }

    pub(super) fn expect_unnamed(&mut self) -> Expr {
        self.unnamed().unwrap_or_else(|| self.missing_expression())
    }

    pub(super) fn boxed_unnamed(&mut self) -> Box<Expr> {
        Box::new(self.expect_unnamed())
    }

    pub(super) fn missing_expression(&mut self) -> Expr {
        self.expected("an expression");
        Expr::missing(self.last_end())
    }

    /// `name = expression`, `(a, b) = expression`, or an expression.
    pub(super) fn named(&mut self) -> Option<Expr> {
        let start = self.word(0).span.start;
        if let Some(length) = self.scan_extended_name(0)
            && self.is_at(length, "=")
        {
            let name = self.extended_name()?;
            return Some(self.named_value(start, name));
        }
        if let Some(length) = self.scan_dashed_name()
            && self.is_at(length, "=")
        {
            let name = self.dashed_name(length);
            return Some(self.named_value(start, name));
        }
        if let Some(length) = self.scan_name_list()
            && self.is_at(length, "=")
        {
            self.bump();
            let names = self.comma_list(List::of("a name"), |parser| parser.extended_name().or_else(|| parser.keyword_name()));
            self.expect(")");
            self.expect("=");
            let value = self.boxed_unnamed();
            return Some(Expr { kind: ExprKind::NamedTuple { names, value }, span: self.span_from(start) });
        }
        self.unnamed()
    }

    pub(super) fn expect_named(&mut self) -> Expr {
        self.named().unwrap_or_else(|| self.missing_expression())
    }

    pub(super) fn boxed_named(&mut self) -> Box<Expr> {
        Box::new(self.expect_named())
    }

    /// `= expression` after a name.
    fn named_value(&mut self, start: usize, name: Name) -> Expr {
        self.bump();
        let value = self.boxed_unnamed();
        Expr { kind: ExprKind::Named { name, value }, span: self.span_from(start) }
    }

    /// `project-x`: a name that would need brackets.
    fn scan_dashed_name(&self) -> Option<usize> {
        let is_word = |offset: usize| self.word(offset).kind == TokenKind::Identifier || self.is_keyword(offset);
        if !is_word(0) {
            return None;
        }
        let mut length = 1;
        while self.word(length).is_glued && (is_word(length) || self.is_at(length, "-")) {
            length += 1;
        }
        Some(length)
    }

    fn dashed_name(&mut self, length: usize) -> Name {
        let start = self.word(0).span.start;
        let end = self.word(length - 1).span.end;
        let span = Span::new(start, end);
        let text = span.text(self.text).to_owned();
        let message = format!("`{text}` is no name by itself");
        self.report(Diagnostic::new(diagnostic::EXPECTED, span, message).with_help(format!("write `['{text}']`")));
        self.at += length;
        Name { text, span, is_quoted: false }
    }

    /// How many words `(a, b)` takes, if it is a list of names, keywords in their place included.
    fn scan_name_list(&self) -> Option<usize> {
        if !self.is("(") {
            return None;
        }
        let mut at = 1;
        while let Some(length) = self.scan_extended_name(at).or_else(|| self.is_keyword(at).then_some(1)) {
            at += length;
            if !self.is_at(at, ",") {
                break;
            }
            at += 1;
        }
        self.is_at(at, ")").then_some(at + 1)
    }

    /// Operators of level `least` or tighter, and their operands.
    fn binary(&mut self, least: u8) -> Option<Expr> {
        let mut left = match self.star_operand(least) {
            Some(star) => star,
            None => self.path_or_signed()?,
        };
        let mut most = TIGHTEST;
        while let Some(op) = self.next_infix().filter(|op| (least..=most).contains(&op.level())) {
            let level = op.level();
            most = if op.chains() { level } else { level - 1 };
            let op_span = self.bump();
            left = self.right_side(left, op, op_span);
        }
        Some(left)
    }

    fn next_infix(&self) -> Option<Infix> {
        if !matches!(self.kind(), TokenKind::Keyword(_) | TokenKind::Punctuation) || (self.is("in") && self.is_at(1, "range")) {
            return None;
        }
        infix(self.text_at(0))
    }

    /// `*` as the left side of a string operator or of `==`: any column.
    fn star_operand(&mut self, least: u8) -> Option<Expr> {
        let op = self.text_at(1);
        if !self.is("*") || !((string_operator(op).is_some() && least <= TIGHTEST) || (op == "==" && least <= 3)) {
            return None;
        }
        Some(Expr { kind: ExprKind::Star, span: self.bump() })
    }

    fn right_side(&mut self, left: Expr, op: Infix, op_span: Span) -> Expr {
        let start = left.span.start;
        let kind = match op {
            Infix::Or => chain(left, self.operand(2), ExprKind::Or, |kind| match kind {
                ExprKind::Or(terms) => Some(terms),
                _ => None,
            }),
            Infix::And => chain(left, self.operand(3), ExprKind::And, |kind| match kind {
                ExprKind::And(terms) => Some(terms),
                _ => None,
            }),
            Infix::Compare(op) => {
                let right = Box::new(self.operand(infix_operand_level(op)));
                ExprKind::Binary { op, op_span, left: Box::new(left), right }
            }
            Infix::List(op) => ExprKind::InList { op, op_span, value: Box::new(left), list: self.value_list() },
            Infix::Between { negated } => self.between(left, negated),
            Infix::Arithmetic(op) => {
                let right = self.operand(Infix::Arithmetic(op).level() + 1);
                arithmetic(left, op, op_span, right)
            }
        };
        Expr { kind, span: self.span_from(start) }
    }

    fn operand(&mut self, least: u8) -> Expr {
        self.binary(least).unwrap_or_else(|| self.missing_expression())
    }

    /// `(a, b)` or `(table | …)` after `in` and its like.
    fn value_list(&mut self) -> Vec<Expr> {
        let open = self.word(0).span;
        if self.eat("(").is_none() {
            self.expected("a value list");
            return Vec::new();
        }
        let list = match self.is_possible_operator() || self.is_pipe_ahead() {
            true => vec![self.expect_expression()],
            false => self.comma_list(List::of("a value"), Parser::unnamed),
        };
        self.expect_close(")", open);
        list
    }

    /// A pipe comes before the expression ends.
    fn is_pipe_ahead(&self) -> bool {
        let mut depth = 0_usize;
        for word in &self.words[self.at..] {
            if word.kind != TokenKind::Punctuation {
                continue;
            }
            match word.span.text(self.text) {
                "(" => depth += 1,
                ")" if depth == 0 => return false,
                ")" => depth -= 1,
                "," if depth == 0 => return false,
                "|" if depth == 0 => return true,
                ";" => return false,
                _ => {}
            }
        }
        false
    }

    /// `(low .. high)`.
    fn between(&mut self, value: Expr, negated: bool) -> ExprKind {
        let open = self.word(0).span;
        self.expect("(");
        let low = self.boxed_unnamed();
        self.expect("..");
        let high = self.boxed_unnamed();
        self.expect_close(")", open);
        ExprKind::Between { negated, value: Box::new(value), low, high }
    }

    /// A path, or a sign before one.
    pub(super) fn path_or_signed(&mut self) -> Option<Expr> {
        let op = match self.text_at(0) {
            "-" => UnaryOp::Minus,
            "+" => UnaryOp::Plus,
            _ => return self.path(),
        };
        let start = self.bump().start;
        self.lay(Layout::Glued);
        let operand = Box::new(self.path().unwrap_or_else(|| self.missing_expression()));
        Some(Expr { kind: ExprKind::Unary { op, operand }, span: self.span_from(start) })
    }

    /// An expression and the operators piped to it.
    fn pipe(&mut self) -> Option<Expr> {
        let start = self.word(0).span.start;
        let first = if self.is_possible_operator() {
            self.operator().map(Err).or_else(|| self.unnamed().map(Ok))
        } else {
            self.unnamed().map(Ok).or_else(|| self.operator().map(Err))
        };
        Some(match first? {
            Ok(source) if !self.is("|") => source,
            Ok(source) => self.pipe_from(start, Some(source), Vec::new()),
            Err(operator) => self.pipe_from(start, None, vec![operator]),
        })
    }

    /// The operators of a subquery, which reads rows handed to it.
    pub(super) fn subquery(&mut self) -> Expr {
        let start = self.word(0).span.start;
        if self.is("__contextual_datatable") {
            let source = self.contextual_datatable();
            return self.pipe_from(start, Some(source), Vec::new());
        }
        let first = self.expect_operator();
        self.pipe_from(start, None, vec![first])
    }

    /// `| operator …` as long as there are any.
    pub(super) fn pipe_from(&mut self, start: usize, source: Option<Expr>, operators: Vec<Operator>) -> Expr {
        let mut operators = operators;
        while self.is("|") {
            self.is_lost = false;
            self.bump();
            operators.push(self.expect_operator());
            self.skip_to_pipe();
        }
        if operators.is_empty()
            && let Some(source) = source
        {
            return source;
        }
        Expr { kind: ExprKind::Pipe { source: source.map(Box::new), operators }, span: self.span_from(start) }
    }

    /// After a mistake: moves to the next pipe, or to what ends the pipeline.
    fn skip_to_pipe(&mut self) {
        if !self.is_lost {
            return;
        }
        let mut open: Vec<&str> = Vec::new();
        while !self.is_end() {
            let text = self.text_at(0);
            let is_sign = self.kind() == TokenKind::Punctuation;
            match text {
                "(" | "[" | "{" if is_sign => open.push(text),
                ")" | "]" | "}" if is_sign && open.pop().is_none() => return,
                "|" if is_sign && open.is_empty() => return,
                ";" if is_sign && !open.contains(&"{") => return,
                _ => {}
            }
            self.bump();
        }
    }

    /// A bare word as an expression.
    pub(super) fn word_expr(&mut self) -> Option<Expr> {
        self.is_plain_name(0).then(|| expr_of(self.bare_name()))
    }
}

/// The level of the right operand of a comparison.
fn infix_operand_level(op: BinaryOp) -> u8 {
    match Infix::Compare(op).level() {
        // A string operator's operands are paths and signs: nothing is left that binds tighter.
        TIGHTEST => TIGHTEST + 1,
        level => level + 1,
    }
}

/// `left` and one more term; a chain stays one list.
fn chain(left: Expr, right: Expr, make: fn(Vec<Expr>) -> ExprKind, terms: fn(ExprKind) -> Option<Vec<Expr>>) -> ExprKind {
    let is_chain =
        matches!((&left.kind, make(Vec::new())), (ExprKind::And(_), ExprKind::And(_)) | (ExprKind::Or(_), ExprKind::Or(_)));
    let mut list = match is_chain {
        true => terms(left.kind).unwrap_or_default(),
        false => vec![left],
    };
    list.push(right);
    make(list)
}

fn arithmetic(left: Expr, op: BinaryOp, op_span: Span, right: Expr) -> ExprKind {
    let level = Infix::Arithmetic(op).level();
    match left.kind {
        ExprKind::Arithmetic { first, mut rest }
            if rest.first().is_some_and(|(op, ..)| Infix::Arithmetic(*op).level() == level) =>
        {
            rest.push((op, op_span, right));
            ExprKind::Arithmetic { first, rest }
        }
        _ => ExprKind::Arithmetic { first: Box::new(left), rest: vec![(op, op_span, right)] },
    }
}

/// An operator on strings.
pub(super) fn is_string_operator(text: &str) -> bool {
    string_operator(text).is_some()
}
