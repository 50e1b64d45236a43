//! Statements: `let`, `set`, `declare`, `alias`, `restrict`, expressions; functions; and management commands.

use super::{Layout, List, Parser};
use crate::ast::{
    Body, Command, Expr, ExprKind, Function, Name, Parameter, Pattern, PatternCase, Query, Statement, StatementKind,
};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// A whole text.
    pub(super) fn query(&mut self) -> Query {
        let span = Span::new(0, self.text.len());
        while self.kind() == TokenKind::Directive {
            self.bump();
        }
        if self.is(".") {
            return Query { statements: vec![self.command()], span };
        }
        let mut statements = Vec::new();
        while !self.is_end() {
            statements.extend(self.statement_list());
            self.stray();
        }
        Query { statements, span }
    }

    /// What no statement begins with: reported, and skipped up to the next semicolon.
    fn stray(&mut self) {
        if self.is_end() {
            return;
        }
        let message = format!("`{}` begins no statement", super::shown(self.text_at(0)));
        let stray = Diagnostic::new(diagnostic::TRAILING, self.word(0).span, message);
        self.report(match self.text_at(0) {
            "|" => stray.with_help("a pipe needs a table or an expression before it"),
            ";" => stray.with_help("remove the semicolon: there is no statement before it"),
            _ => stray,
        });
        while !self.is_end() && self.eat(";").is_none() {
            self.bump();
        }
        self.is_lost = false;
    }

    /// A management command: its words, and its whole text.
    fn command(&mut self) -> Statement {
        let start = self.bump().start;
        let is_word = |parser: &Parser<'_>| parser.kind() == TokenKind::Identifier || parser.is_keyword(0);
        let mut words = Vec::new();
        while is_word(self) {
            words.push(self.text_at(0).to_owned());
            self.bump();
        }
        while !self.is_end() {
            self.bump();
        }
        let span = self.span_from(start);
        Statement { kind: StatementKind::Command(Command { words, span }), span }
    }

    /// Statements split by semicolons, as many as there are.
    pub(super) fn statement_list(&mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        loop {
            let place = self.at;
            let Some(statement) = self.statement() else { return statements };
            statements.push(statement);
            if self.eat(";").is_some() {
                self.is_lost = false;
                continue;
            }
            if self.is_end() || self.is_any(&[")", "}", "]"]) || self.at == place {
                return statements;
            }
            self.missing_semicolon();
        }
    }

    /// Something follows a statement. What starts a statement is read as one; all else is skipped.
    fn missing_semicolon(&mut self) {
        if self.is_statement() {
            let message = format!("expected `;` before `{}`", self.text_at(0));
            let help = "statements are split by semicolons";
            self.report(Diagnostic::new(diagnostic::MISSING_SEMICOLON, self.here(), message).with_help(help));
            self.is_lost = false;
            return;
        }
        self.unexpected_word();
        let mut depth = 0_usize;
        while !self.is_end() {
            match self.text_at(0) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" if depth == 0 => break,
                ")" | "]" | "}" => depth -= 1,
                ";" if depth == 0 => {
                    self.bump();
                    self.is_lost = false;
                    break;
                }
                _ => {}
            }
            self.bump();
        }
    }

    fn unexpected_word(&mut self) {
        let text = self.text_at(0);
        let message = format!("unexpected `{}`", super::shown(text));
        let unexpected = Diagnostic::new(diagnostic::TRAILING, self.here(), message);
        let help = if super::operator::is_operator(text) {
            format!("write `|` before `{text}`")
        } else if text == "=" {
            "two values are compared with `==`".to_owned()
        } else if text == "{" {
            "the parameters of a function have types: `(a: long) { … }`".to_owned()
        } else if text.eq_ignore_ascii_case("and") || text.eq_ignore_ascii_case("or") {
            format!("write `{}`: keywords are lower case", text.to_ascii_lowercase())
        } else {
            "an operator, a pipe or a semicolon is missing here, or this does not belong here".to_owned()
        };
        self.report(unexpected.with_help(help));
    }

    /// A statement other than an expression starts here.
    fn is_statement(&self) -> bool {
        match self.text_at(0) {
            "alias" => self.is_at(1, "database"),
            "let" => self.scan_name(1).is_some(),
            "declare" => self.is_at(1, "pattern") || self.is_at(1, "query_parameters"),
            "restrict" => self.is_at(1, "access"),
            "set" => true,
            _ => false,
        }
    }

    fn statement(&mut self) -> Option<Statement> {
        let start = self.word(0).span.start;
        let kind = if self.is_statement() {
            match self.text_at(0) {
                "alias" => self.alias(),
                "let" => self.let_statement(),
                "set" => self.set(),
                "restrict" => self.restrict(),
                _ if self.is_at(1, "pattern") => self.pattern(),
                _ => self.query_parameters(),
            }
        } else {
            StatementKind::Expr(self.expression()?)
        };
        Some(Statement { kind, span: self.span_from(start) })
    }

    fn let_statement(&mut self) -> StatementKind {
        self.bump();
        let name = self.expect_name();
        self.expect("=");
        let value = match self.text_at(0) {
            "materialize" => self.call_of_query().unwrap_or_else(|| self.missing_expression()),
            "entity_group" => self.entity_group().unwrap_or_else(|| self.missing_expression()),
            _ if self.is_function() => {
                self.deeper(|parser| Some(parser.function())).unwrap_or_else(|| Expr::missing(self.last_end()))
            }
            _ => self.expect_expression(),
        };
        StatementKind::Let { name, value }
    }

    /// `entity_group [a, b]`, or a call of that name.
    pub(super) fn entity_group(&mut self) -> Option<Expr> {
        if !self.is("entity_group") {
            return None;
        }
        if let Some(call) = self.call() {
            return Some(call);
        }
        let start = self.bump().start;
        let open = self.word(0).span;
        let mut members = Vec::new();
        if self.expect("[") {
            members = self.comma_list(List::of("an entity"), Parser::unnamed);
            self.expect_close("]", open);
        }
        Some(Expr { kind: ExprKind::EntityGroup(members), span: self.span_from(start) })
    }

    fn set(&mut self) -> StatementKind {
        self.bump();
        let option = self.expect_name();
        let value = self.eat("=").map(|_| self.expect_unnamed());
        StatementKind::Set { option, value }
    }

    fn alias(&mut self) -> StatementKind {
        self.bump();
        self.expect("database");
        let name = self.expect_name();
        self.expect("=");
        StatementKind::Alias { name, database: self.expect_unnamed() }
    }

    fn restrict(&mut self) -> StatementKind {
        self.bump();
        self.expect("access");
        self.expect("to");
        let open = self.word(0).span;
        let mut entities = Vec::new();
        if self.expect("(") {
            entities = self.comma_list(List::of("a table"), |parser| parser.entity_pattern().or_else(|| parser.name_expr()));
            self.expect_close(")", open);
        }
        let properties = self.with_properties();
        StatementKind::Restrict { entities, properties }
    }

    fn query_parameters(&mut self) -> StatementKind {
        self.bump();
        self.expect("query_parameters");
        let open = self.word(0).span;
        let mut parameters = Vec::new();
        if self.expect("(") {
            parameters = self.comma_list(List::of("a parameter"), Parser::parameter);
            self.expect_close(")", open);
        }
        StatementKind::QueryParameters(parameters)
    }

    /// A function, not an expression in parentheses, starts here.
    fn is_function(&self) -> bool {
        let at = usize::from(self.is("view"));
        if !self.is_at(at, "(") {
            return false;
        }
        if self.is_at(at + 1, ")") || self.is_at(at + 1, "*") {
            return true;
        }
        self.scan_extended_name(at + 1).is_some_and(|length| self.is_at(at + 1 + length, ":"))
    }

    fn function(&mut self) -> Expr {
        let start = self.word(0).span.start;
        let is_view = self.eat("view").is_some();
        let parameters = self.parameters();
        let body = self.body();
        let function = Function { is_view, parameters, body };
        Expr { kind: ExprKind::Function(Box::new(function)), span: self.span_from(start) }
    }

    /// `(a: long, …)`.
    pub(super) fn parameters(&mut self) -> Vec<Parameter> {
        let open = self.word(0).span;
        if !self.expect("(") {
            return Vec::new();
        }
        let parameters = self.comma_list(List::of("a parameter").optional(), Parser::parameter);
        self.expect_close(")", open);
        parameters
    }

    /// `name: type = default`.
    fn parameter(&mut self) -> Option<Parameter> {
        let start = self.word(0).span.start;
        let (name, ty) = self.name_and_type()?;
        let default = self.eat("=").map(|_| {
            let value = self.literal().or_else(|| self.word_expr());
            value.unwrap_or_else(|| self.missing_expression())
        });
        Some(Parameter { name, ty, default, span: self.span_from(start) })
    }

    /// `{ let …; declare query_parameters …; expression }`.
    fn body(&mut self) -> Body {
        let open = self.word(0).span;
        self.lay(Layout::Block);
        let mut statements = Vec::new();
        if !self.expect("{") {
            return Body { statements, span: Span::at(self.last_end()) };
        }
        while self.is_any(&["let", "declare"]) {
            let start = self.word(0).span.start;
            let kind = if self.is("let") { self.let_statement() } else { self.query_parameters() };
            statements.push(Statement { kind, span: self.span_from(start) });
            self.end_of_inner_statement();
        }
        let start = self.word(0).span.start;
        if let Some(value) = self.expression() {
            statements.push(Statement { kind: StatementKind::Expr(value), span: self.span_from(start) });
        }
        self.eat(";");
        self.expect_close("}", open);
        Body { statements, span: self.span_from(open.start) }
    }

    fn end_of_inner_statement(&mut self) {
        if self.is_lost {
            let mut depth = 0_usize;
            while !(self.is_end() || depth == 0 && self.is_any(&[";", "}"])) {
                match self.text_at(0) {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                self.bump();
            }
        }
        if self.expect(";") {
            self.is_lost = false;
        }
    }

    /// `declare pattern name = (parameters)[path] { cases }`.
    fn pattern(&mut self) -> StatementKind {
        self.bump();
        self.bump();
        let name = self.expect_name();
        let is_defined = self.eat("=").is_some();
        let mut pattern = Pattern { name, parameters: Vec::new(), path: None, cases: Vec::new(), is_defined };
        if is_defined {
            self.pattern_definition(&mut pattern);
        }
        StatementKind::Pattern(Box::new(pattern))
    }

    fn pattern_definition(&mut self, pattern: &mut Pattern) {
        let open = self.word(0).span;
        if self.expect("(") {
            pattern.parameters = self.comma_list(List::of("a parameter").optional(), Parser::pattern_parameter);
            self.expect_close(")", open);
        }
        if let Some(open) = self.eat("[") {
            pattern.path = self.pattern_parameter();
            if pattern.path.is_none() {
                self.expected("a parameter");
            }
            self.expect_close("]", open);
        }
        let open = self.word(0).span;
        self.lay(Layout::Block);
        if self.expect("{") {
            while let Some(case) = self.pattern_case() {
                pattern.cases.push(case);
            }
            if pattern.cases.is_empty() {
                self.expected("a case, as `(value) = { query };`");
            }
            self.expect_close("}", open);
        }
    }

    fn pattern_parameter(&mut self) -> Option<Parameter> {
        let start = self.word(0).span.start;
        let (name, ty) = self.name_and_type()?;
        Some(Parameter { name, ty, default: None, span: self.span_from(start) })
    }

    fn pattern_case(&mut self) -> Option<PatternCase> {
        let open = self.eat("(")?;
        let values = self.comma_list(List::of("a value"), Parser::unnamed);
        self.expect_close(")", open);
        let path = self.eat(".").map(|_| {
            let open = self.word(0).span;
            self.expect("[");
            let value = self.literal().unwrap_or_else(|| self.missing_expression());
            self.expect_close("]", open);
            value
        });
        self.expect("=");
        let body = self.deeper(|parser| Some(parser.body())).unwrap_or(Body { statements: Vec::new(), span: open });
        self.expect(";");
        Some(PatternCase { values, path, body, span: self.span_from(open.start) })
    }

    /// `{ query }` or `( statements )` of operators that run a query.
    pub(super) fn block(&mut self, close: &str) -> Body {
        let open = self.bump();
        let statements = self.statement_list();
        self.expect_close(close, open);
        Body { statements, span: self.span_from(open.start) }
    }

    /// A name for a scope: `as name`.
    pub(super) fn as_name(&mut self) -> Option<Name> {
        self.eat("as")?;
        Some(self.expect_name())
    }
}
