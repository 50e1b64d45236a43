//! Operands: literals, names, calls, paths, and tables written in the query.

use super::name::expr_of;
use super::{Layout, List, Parser};
use crate::ast::{ColumnDecl, Expr, ExprKind, Name, TypeExpr, TypeExprKind};
use crate::diagnostic::{self, Diagnostic};
use crate::lexer::TokenKind;
use crate::types::Type;

/// How many dots and brackets one path may have.
const PATH_MAX: usize = 200;

impl Parser<'_> {
    /// An operand with all its dots and brackets.
    pub(super) fn path(&mut self) -> Option<Expr> {
        if self.is("totable") {
            return self.call_of_query();
        }
        let first = self.primary()?;
        Some(self.path_from(first, true))
    }

    /// `.member` and `[index]` after `target`.
    fn path_from(&mut self, first: Expr, takes_calls: bool) -> Expr {
        let mut target = first;
        for _ in 0..PATH_MAX {
            let start = target.span.start;
            let kind = if self.eat(".").is_some() {
                let is_bracketed = self.is("[");
                let member = if takes_calls { self.path_element_or_call() } else { self.path_element() };
                let member = member.unwrap_or_else(|| expr_of(self.missing_name("a name")));
                match member.as_name() {
                    // `a.[b]` is `a[b]`; `a.['b']` is `a.b`.
                    Some(name) if is_bracketed && !name.is_quoted => {
                        ExprKind::Index { target: Box::new(target), index: Box::new(member) }
                    }
                    _ => member_of(target, member),
                }
            } else if self.is("[") {
                self.lay(Layout::Glued);
                let index = if takes_calls { self.index() } else { self.bracketed_element() };
                let index = index.unwrap_or_else(|| Expr::missing(self.last_end()));
                ExprKind::Index { target: Box::new(target), index: Box::new(index) }
            } else {
                return target;
            };
            target = Expr { kind, span: self.span_from(start) };
        }
        if self.is_any(&[".", "["]) {
            self.give_up();
        }
        target
    }

    fn primary(&mut self) -> Option<Expr> {
        use TokenKind as T;
        match self.kind() {
            T::Long | T::Real | T::Bool | T::Int | T::Decimal | T::TimeSpan | T::DateTime | T::Guid | T::RawGuid | T::String => {
                return self.literal();
            }
            T::End => return None,
            _ => {}
        }
        match self.text_at(0) {
            "dynamic" => self.literal(),
            "datatable" => Some(self.datatable()),
            "__contextual_datatable" => Some(self.contextual_datatable()),
            "externaldata" | "external_data" => Some(self.external_data()),
            "materialized-view-combine" => Some(self.materialized_view_combine()),
            "(" => self.parenthesized(),
            "toscalar" => self.call_of_query(),
            "typeof" if self.is_at(1, "(") => self.type_of(),
            _ => self.call().or_else(|| self.scoped_element()).or_else(|| self.keyword_as_name()),
        }
    }

    /// `(expression)`.
    pub(super) fn parenthesized(&mut self) -> Option<Expr> {
        let open = self.eat("(")?;
        let inner = Box::new(self.expect_expression());
        self.expect_close(")", open);
        Some(Expr { kind: ExprKind::Paren(inner), span: self.span_from(open.start) })
    }

    /// `toscalar (table | …)`, `totable (…)`, `materialize (…)`: the argument may have pipes.
    pub(super) fn call_of_query(&mut self) -> Option<Expr> {
        let name = self.bare_name();
        let start = name.span.start;
        let kind = self.one_param("kind");
        let open = self.word(0).span;
        self.lay(Layout::Glued);
        let mut args = Vec::new();
        if self.expect("(") {
            args.push(self.expect_expression());
            self.expect_close(")", open);
        }
        args.extend(
            kind.map(|param| Expr { span: param.span, kind: ExprKind::Named { name: param.name, value: Box::new(param.value) } }),
        );
        Some(Expr { kind: ExprKind::Call { name, args }, span: self.span_from(start) })
    }

    /// A call starts `offset` words on.
    pub(super) fn is_call(&self, offset: usize) -> bool {
        self.scan_name(offset).is_some_and(|length| self.is_at(offset + length, "("))
    }

    /// `name(args)`.
    pub(super) fn call(&mut self) -> Option<Expr> {
        if !self.is_call(0) {
            return None;
        }
        let name = self.name()?;
        let start = name.span.start;
        let args = self.arguments();
        Some(Expr { kind: ExprKind::Call { name, args }, span: self.span_from(start) })
    }

    fn arguments(&mut self) -> Vec<Expr> {
        self.lay(Layout::Glued);
        let open = self.bump();
        let args = self.comma_list(List::of("an argument").optional(), Parser::argument);
        self.expect_close(")", open);
        args
    }

    fn argument(&mut self) -> Option<Expr> {
        if self.is("*") && (self.is_at(1, ")") || self.is_at(1, ",")) {
            return Some(Expr { kind: ExprKind::Star, span: self.bump() });
        }
        self.named()
    }

    /// A call that must be there: `evaluate plugin(…)`.
    pub(super) fn expect_call(&mut self) -> Expr {
        if let Some(call) = self.call() {
            return call;
        }
        let Some(name) = self.name() else {
            self.expected("a function call");
            return Expr::missing(self.last_end());
        };
        self.expected("`(`");
        let span = name.span;
        Expr { kind: ExprKind::Call { name, args: Vec::new() }, span }
    }

    /// `f(…).g(…)`.
    pub(super) fn dotted_calls(&mut self) -> Option<Expr> {
        let mut target = self.call()?;
        for _ in 0..PATH_MAX {
            if !self.is(".") || !self.is_call(1) {
                break;
            }
            let start = target.span.start;
            self.bump();
            let Some(member) = self.call() else { break };
            target = Expr { kind: member_of(target, member), span: self.span_from(start) };
        }
        Some(target)
    }

    /// A name or bracket, perhaps with `datascope = …` after it.
    fn scoped_element(&mut self) -> Option<Expr> {
        let element = self.path_element()?;
        let start = element.span.start;
        match self.data_scope() {
            None => Some(element),
            Some(scope) => {
                let kind = ExprKind::DataScope { target: Box::new(element), scope };
                Some(Expr { kind, span: self.span_from(start) })
            }
        }
    }

    /// `datascope = all`.
    pub(super) fn data_scope(&mut self) -> Option<Name> {
        self.eat("datascope")?;
        self.expect("=");
        if self.is_any(&["all", "hotcache"]) {
            return Some(self.bare_name());
        }
        Some(self.missing_name("`all` or `hotcache`"))
    }

    pub(super) fn path_element(&mut self) -> Option<Expr> {
        if self.is("[") { self.bracketed_element() } else { self.bare_element() }
    }

    pub(super) fn path_element_or_call(&mut self) -> Option<Expr> {
        self.call().or_else(|| self.path_element())
    }

    /// A name; words that are names only here, and `@`, too.
    pub(super) fn bare_element(&mut self) -> Option<Expr> {
        use crate::lexer::KeywordUse::Path;
        if self.is("@") || self.kind() == TokenKind::Keyword(Path) {
            return Some(expr_of(self.bare_name()));
        }
        self.name_expr()
    }

    /// `[name*]` or `['name']`.
    pub(super) fn bracketed_entity(&mut self) -> Option<Expr> {
        self.bracketed_wildcard().or_else(|| self.bracketed_name().map(expr_of))
    }

    fn bracketed_element(&mut self) -> Option<Expr> {
        self.bracketed_entity().or_else(|| self.index())
    }

    /// `[expression]`.
    fn index(&mut self) -> Option<Expr> {
        let open = self.eat("[")?;
        let index = self.expect_unnamed();
        self.expect_close("]", open);
        Some(index)
    }

    /// `a.b['c']`, without calls.
    pub(super) fn simple_path(&mut self) -> Option<Expr> {
        let first = self.path_element()?;
        Some(self.path_from(first, false))
    }

    /// `cluster('c').database('d').table`.
    pub(super) fn entity_path(&mut self) -> Option<Expr> {
        let first = self.path_element_or_call()?;
        Some(self.path_from(first, true))
    }

    /// A name, a path of calls and names, or a pattern of names, which may end a path.
    pub(super) fn entity_pattern(&mut self) -> Option<Expr> {
        if self.scan_wildcard(0).is_some() {
            return self.wildcard();
        }
        let mut target = self.path_element_or_call()?;
        for _ in 0..PATH_MAX {
            let start = target.span.start;
            if self.is(".") {
                self.bump();
                if let Some(pattern) = self.wildcard() {
                    return Some(Expr { kind: member_of(target, pattern), span: self.span_from(start) });
                }
                let member = self.path_element_or_call().unwrap_or_else(|| expr_of(self.missing_name("a name")));
                target = Expr { kind: member_of(target, member), span: self.span_from(start) };
            } else if self.is("[") {
                self.lay(Layout::Glued);
                let index = self.bracketed_element().unwrap_or_else(|| Expr::missing(self.last_end()));
                let kind = ExprKind::Index { target: Box::new(target), index: Box::new(index) };
                target = Expr { kind, span: self.span_from(start) };
            } else {
                return Some(target);
            }
        }
        self.give_up();
        Some(target)
    }

    /// A keyword where it can only be meant as a name: an error, but one that is understood.
    fn keyword_as_name(&mut self) -> Option<Expr> {
        if !is_after_name(self.text_at(1)) {
            return None;
        }
        self.keyword_name().map(expr_of)
    }

    /// A keyword in the place of a name.
    pub(super) fn keyword_name(&mut self) -> Option<Name> {
        if !self.is_keyword(0) {
            return None;
        }
        let text = self.text_at(0);
        let message = format!("`{text}` is a keyword, not a name");
        let help = format!("as a name it is written `['{text}']`");
        self.report(Diagnostic::new(diagnostic::EXPECTED, self.word(0).span, message).with_help(help));
        Some(self.bare_name())
    }

    /// `datatable (a: long, …) [1, …]`.
    fn datatable(&mut self) -> Expr {
        let start = self.bump().start;
        let properties = self.params(&[], false);
        self.lay(Layout::Glued);
        let columns = self.expect_row_schema();
        let open = self.word(0).span;
        self.lay(Layout::Rows(columns.len()));
        let mut values = Vec::new();
        if self.expect("[") {
            self.eat(",");
            values = self.comma_list(List::of("a value").optional().trailing(), Parser::literal);
            self.expect_close("]", open);
        }
        Expr { kind: ExprKind::DataTable { columns, properties, values }, span: self.span_from(start) }
    }

    pub(super) fn contextual_datatable(&mut self) -> Expr {
        let start = self.bump().start;
        let id = Box::new(self.literal().or_else(|| self.unnamed()).unwrap_or_else(|| self.missing_expression()));
        let columns = self.expect_row_schema();
        Expr { kind: ExprKind::ContextualDataTable { id, columns }, span: self.span_from(start) }
    }

    /// `externaldata (a: long, …) [@'uri', …] with (…)`.
    fn external_data(&mut self) -> Expr {
        let start = self.bump().start;
        let mut properties = self.params(&[], false);
        self.lay(Layout::Glued);
        let columns = self.expect_row_schema();
        let open = self.word(0).span;
        let mut uris = Vec::new();
        if self.expect("[") {
            uris = self.comma_list(List::of("an address").optional().trailing(), Parser::expression);
            self.expect_close("]", open);
        }
        properties.extend(self.with_properties());
        Expr { kind: ExprKind::ExternalData { columns, uris, properties }, span: self.span_from(start) }
    }

    fn materialized_view_combine(&mut self) -> Expr {
        let start = self.bump().start;
        let open = self.word(0).span;
        self.expect("(");
        let view = Box::new(self.expect_expression());
        self.expect_close(")", open);
        let base = self.combine_clause("base");
        let delta = self.combine_clause("delta");
        let aggregations = self.combine_clause("aggregations");
        let kind = ExprKind::MaterializedViewCombine { view, base, delta, aggregations };
        Expr { kind, span: self.span_from(start) }
    }

    fn combine_clause(&mut self, name: &str) -> Box<Expr> {
        let open = self.word(1).span;
        if !self.expect(name) || !self.expect("(") {
            return Box::new(Expr::missing(self.last_end()));
        }
        let inner = self.expect_expression();
        self.expect_close(")", open);
        Box::new(inner)
    }

    /// `typeof(long)`, `typeof(a: long, *)`.
    pub(super) fn type_of(&mut self) -> Option<Expr> {
        let start = self.word(0).span.start;
        let ty = self.type_of_type()?;
        Some(Expr { kind: ExprKind::TypeOf(ty), span: self.span_from(start) })
    }

    /// The type within `typeof(…)`.
    pub(super) fn type_of_type(&mut self) -> Option<TypeExpr> {
        if !self.is("typeof") || !self.is_at(1, "(") {
            return None;
        }
        let start = self.bump().start;
        self.lay(Layout::Glued);
        let open = self.bump();
        let is_type = is_type_name(self.text_at(0)) && self.is_keyword(0);
        let kind = if is_type || (self.kind() == TokenKind::Identifier && self.is_at(1, ")")) {
            TypeExprKind::Scalar(self.any_type())
        } else {
            let mut is_open = false;
            let columns = self.comma_list(List::of("a column").optional(), |parser| {
                is_open |= parser.is("*");
                if let Some(star) = parser.eat("*") {
                    return Some(ColumnDecl { name: Name::default(), ty: Type::Unknown, span: star });
                }
                parser.column_decl()
            });
            TypeExprKind::Table { columns: columns.into_iter().filter(|column| !column.name.text.is_empty()).collect(), is_open }
        };
        self.expect_close(")", open);
        Some(TypeExpr { kind, span: self.span_from(start) })
    }
}

fn member_of(target: Expr, member: Expr) -> ExprKind {
    ExprKind::Path { target: Box::new(target), member: Box::new(member) }
}

/// Whether `text`, after a keyword, shows that the keyword is meant as a name.
fn is_after_name(text: &str) -> bool {
    const SIGNS: &[&str] = &[
        "and", "or", "==", "!=", "=~", "!~", ">", ">=", "<", "<=", "*", "/", "%", "in", "in~", "!in", "!in~", "has_any",
        "has_all", "between", "!between", ")", "]", "}", ".", ",", ":", "|",
    ];
    SIGNS.contains(&text) || (text != ":" && super::expr::is_string_operator(text))
}

/// The name of a type, as a keyword.
pub(super) fn is_type_name(text: &str) -> bool {
    const MORE: &[&str] = &["int8", "float", "int16", "int32", "uint", "uint16", "uint32", "uint64", "uint8", "ulong"];
    is_column_type(text) || MORE.contains(&text)
}

/// A type that a column or parameter may have.
pub(super) fn is_column_type(text: &str) -> bool {
    const TYPES: &[&str] = &[
        "bool", "boolean", "date", "datetime", "decimal", "double", "dynamic", "guid", "int", "int64", "int8", "long", "real",
        "string", "time", "timespan", "uniqueid",
    ];
    TYPES.contains(&text)
}
