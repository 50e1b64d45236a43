//! Parameters of operators (`kind=inner`, `hint.strategy=shuffle`), properties in `with (…)`, and lists of typed columns.

use super::name::expr_of;
use super::primary::{is_column_type, is_type_name};
use super::{Layout, List, Parser};
use crate::ast::{ColumnDecl, Expr, ExprKind, Name, Param, TypeExpr, TypeExprKind};
use crate::diagnostic::{self, Diagnostic};
use crate::lexer::TokenKind;
use crate::types::Type;

/// Parameters that are understood after any operator that takes parameters.
const KNOWN: &[&str] = &[
    "__crossCluster",
    "__crossDB",
    "__id",
    "__isFuzzy",
    "__noWithSource",
    "__packedColumn",
    "__sourceColumnIndex",
    "bagexpansion",
    "bin_legacy",
    "cycles",
    "decodeblocks",
    "expandoutput",
    "force_remote",
    "hint.concurrency",
    "hint.distribution",
    "hint.materialized",
    "hint.num_partitions",
    "hint.pass_filters",
    "hint.pass_filters_column",
    "hint.progressive_top",
    "hint.remote",
    "hint.shufflekey",
    "hint.spread",
    "hint.strategy",
    "isfuzzy",
    "kind",
    "with_itemindex",
    "with_match_id",
    "with_source",
    "with_step_name",
    "withsource",
];

/// Parameters whose value is any scalar expression without operators.
const EXPRESSIONS: &[&str] = &["title", "xtitle", "ytitle"];

/// Parameters whose value is a list of columns.
const COLUMN_LISTS: &[&str] = &["ycolumns", "anomalycolumns", "series", "by"];

/// Values that are keywords elsewhere.
const KEYWORD_VALUES: &[&str] = &["simple", "relaxed", "regex"];

impl Parser<'_> {
    /// How many words the parameter's name takes that starts here, if it is one of `specific` or known everywhere.
    fn scan_param_name(&self, specific: &[&str], needs_equals: bool) -> Option<usize> {
        let is_word = self.kind() == TokenKind::Identifier || self.is_keyword(0);
        let text = self.text_at(0);
        let length = if is_word && (specific.contains(&text) || KNOWN.contains(&text)) {
            1
        } else if self.is("hint") && self.is_at(1, ".") && self.word(1).is_glued && self.word(2).is_glued {
            ["pass_filters", "pass_filters_column"].contains(&self.text_at(2)).then_some(3)?
        } else {
            return None;
        };
        (!needs_equals || self.is_at(length, "=")).then_some(length)
    }

    /// The name of a parameter that any operator may take stands `offset` words on.
    pub(super) fn is_known_param(&self, offset: usize) -> bool {
        KNOWN.contains(&self.text_at(offset))
    }

    /// `name = value` as long as there are any.
    pub(super) fn params(&mut self, specific: &[&str], needs_equals: bool) -> Vec<Param> {
        let mut params = Vec::new();
        while let Some(length) = self.scan_param_name(specific, needs_equals) {
            params.push(self.param(length, specific));
        }
        params
    }

    /// The parameter `name`, if it stands here with its `=`.
    pub(super) fn one_param(&mut self, name: &str) -> Option<Param> {
        (self.is(name) && self.is_at(1, "=")).then(|| self.param(1, &[]))
    }

    fn param(&mut self, length: usize, siblings: &[&str]) -> Param {
        let start = self.word(0).span.start;
        self.at += length;
        let span = self.span_from(start);
        let name = Name { text: span.text(self.text).to_owned(), span, is_quoted: false };
        self.lay(Layout::Glued);
        self.expect("=");
        self.lay(Layout::Glued);
        let value = self.param_value(&name.text, siblings);
        Param { name, value, span: self.span_from(start) }
    }

    pub(super) fn param_value(&mut self, name: &str, siblings: &[&str]) -> Expr {
        let value = if EXPRESSIONS.contains(&name) {
            self.path()
        } else if COLUMN_LISTS.contains(&name) {
            return self.column_name_list(siblings);
        } else if KEYWORD_VALUES.contains(&self.text_at(0)) {
            Some(expr_of(self.bare_name()))
        } else {
            self.any_value()
        };
        value.unwrap_or_else(|| {
            self.expected("a value");
            Expr::missing(self.last_end())
        })
    }

    /// A literal, a word or a name.
    fn any_value(&mut self) -> Option<Expr> {
        self.literal().or_else(|| self.word_expr()).or_else(|| self.name_expr())
    }

    /// `a, b` within a list of properties: it ends before the next property.
    fn column_name_list(&mut self, siblings: &[&str]) -> Expr {
        let start = self.word(0).span.start;
        let mut names = Vec::new();
        loop {
            let is_property = siblings.contains(&self.text_at(0)) && self.is_at(1, "=");
            match if is_property { None } else { self.extended_name() } {
                Some(name) => names.push(expr_of(name)),
                None => {
                    self.expected("a column");
                    break;
                }
            }
            if !self.is(",") || (siblings.contains(&self.text_at(1)) && self.is_at(2, "=")) || self.is_at(1, ")") {
                break;
            }
            self.bump();
        }
        let span = self.span_from(start);
        match names.len() {
            1 => names.remove(0),
            _ => Expr { kind: ExprKind::List(names), span },
        }
    }

    /// `(name = value, …)` after `with`, of the properties in `allowed`.
    pub(super) fn with_params(&mut self, allowed: &[&str], takes_leading_comma: bool) -> Vec<Param> {
        let open = self.word(0).span;
        if !self.expect("(") {
            return Vec::new();
        }
        if takes_leading_comma {
            self.eat(",");
        }
        let params = self.param_list(allowed);
        self.expect_close(")", open);
        params
    }

    /// `name = value, …`, only of the names in `allowed`.
    fn param_list(&mut self, allowed: &[&str]) -> Vec<Param> {
        self.comma_list(List::of("a property").optional(), |parser| {
            let is_allowed = allowed.contains(&parser.text_at(0));
            if !is_allowed {
                parser.unknown_property(allowed);
            }
            is_allowed.then(|| parser.param(1, allowed))
        })
    }

    fn unknown_property(&mut self, allowed: &[&str]) {
        if self.is_at(1, "=") {
            let message = format!("`{}` is no property of this operator", self.text_at(0));
            let help = format!("it takes {}", allowed.join(", "));
            self.report(Diagnostic::new(diagnostic::BAD_PARAMETER, self.word(0).span, message).with_help(help));
        }
    }

    /// `name = value, …` of `reduce … with`, without parentheses.
    pub(super) fn bare_params(&mut self, specific: &[&str]) -> Vec<Param> {
        self.comma_list(List::of("a property").optional(), |parser| {
            let length = parser.scan_param_name(specific, false)?;
            Some(parser.param(length, specific))
        })
    }

    /// `with (name = value, …)` of any names: `externaldata`, `restrict`.
    pub(super) fn with_properties(&mut self) -> Vec<Param> {
        if self.eat("with").is_none() {
            return Vec::new();
        }
        let open = self.word(0).span;
        if !self.expect("(") {
            return Vec::new();
        }
        let params = self.comma_list(List::of("a property").optional(), Parser::free_property);
        self.expect_close(")", open);
        params
    }

    fn free_property(&mut self) -> Option<Param> {
        let name = self.extended_name()?;
        let start = name.span.start;
        self.lay(Layout::Glued);
        self.expect("=");
        self.lay(Layout::Glued);
        use TokenKind as T;
        let value = match self.kind() {
            T::String | T::Long | T::Real | T::Bool | T::DateTime => self.literal(),
            T::Guid | T::RawGuid => self.guid_literal(),
            _ => self.extended_name().map(expr_of),
        };
        let value = value.unwrap_or_else(|| {
            self.expected("a value");
            Expr::missing(self.last_end())
        });
        Some(Param { name, value, span: self.span_from(start) })
    }

    /// `(a: long, b: string)`.
    pub(super) fn row_schema(&mut self) -> Option<Vec<ColumnDecl>> {
        let open = self.eat("(")?;
        self.eat(",");
        let columns = self.comma_list(List::of("a column").optional().trailing(), Parser::column_decl);
        self.expect_close(")", open);
        Some(columns)
    }

    pub(super) fn expect_row_schema(&mut self) -> Vec<ColumnDecl> {
        self.row_schema().unwrap_or_else(|| {
            self.expected("the columns in parentheses, as `(name: type, …)`");
            Vec::new()
        })
    }

    /// `: (*, a: long)` after a plugin.
    pub(super) fn open_row_schema(&mut self) -> TypeExpr {
        let start = self.word(0).span.start;
        let open = self.word(0).span;
        if !self.expect("(") {
            let kind = TypeExprKind::Table { columns: Vec::new(), is_open: true };
            return TypeExpr { kind, span: self.span_from(start) };
        }
        self.eat(",");
        let is_open = self.eat("*").is_some();
        self.eat(",");
        let columns = self.comma_list(List::of("a column").optional().trailing(), Parser::column_decl);
        self.expect_close(")", open);
        TypeExpr { kind: TypeExprKind::Table { columns, is_open }, span: self.span_from(start) }
    }

    /// `name: type`.
    pub(super) fn column_decl(&mut self) -> Option<ColumnDecl> {
        let (name, ty) = self.name_and_type()?;
        let span = ty.as_ref().map_or(name.span, |ty| name.span.to(ty.span));
        let ty = match ty.map(|ty| ty.kind) {
            Some(TypeExprKind::Scalar(ty)) => ty,
            _ => Type::Unknown,
        };
        Some(ColumnDecl { name, ty, span })
    }

    /// `name: type` or `name: (columns)`.
    pub(super) fn name_and_type(&mut self) -> Option<(Name, Option<TypeExpr>)> {
        let name = match self.extended_name() {
            Some(name) => name,
            None if self.is(":") => self.missing_name("a name"),
            None => return None,
        };
        if !self.expect(":") {
            return Some((name, None));
        }
        let ty = if self.is("(") { self.table_type() } else { Some(self.column_type()) };
        Some((name, ty))
    }

    fn table_type(&mut self) -> Option<TypeExpr> {
        let open = self.eat("(")?;
        let (columns, is_open) = match self.eat("*") {
            Some(_) => (Vec::new(), true),
            None => (self.comma_list(List::of("a column").optional().trailing(), Parser::column_decl), false),
        };
        self.expect_close(")", open);
        Some(TypeExpr { kind: TypeExprKind::Table { columns, is_open }, span: self.span_from(open.start) })
    }

    /// A type that a column may have; another word is reported.
    pub(super) fn column_type(&mut self) -> TypeExpr {
        let start = self.word(0).span.start;
        let text = self.text_at(0);
        let ty = if self.is_keyword(0) && is_column_type(text) {
            self.bump();
            type_named(text)
        } else if self.is_plain_name(0) || (self.is_keyword(0) && is_type_name(text)) {
            let message = format!("`{text}` is no type of a column");
            self.bad_type(diagnostic::UNKNOWN_TYPE, message);
            Type::from_name(self.bump().text(self.text)).unwrap_or(Type::Unknown)
        } else {
            self.expected("a type");
            Type::Unknown
        };
        TypeExpr { kind: TypeExprKind::Scalar(ty), span: self.span_from(start) }
    }

    /// Any word within `typeof(…)`. One that names no type is a wrong name there, not a mistake of syntax.
    pub(super) fn any_type(&mut self) -> Type {
        let text = self.text_at(0);
        if !self.is_keyword(0) || !super::primary::is_type_name(text) {
            self.bad_type(diagnostic::UNKNOWN_NAME, format!("no type is called `{text}`"));
        }
        self.bump();
        type_named(text)
    }

    fn bad_type(&mut self, code: diagnostic::Code, message: String) {
        let text = self.text_at(0);
        let bad = Diagnostic::new(code, self.word(0).span, message);
        let help = match Type::from_name(&text.to_ascii_lowercase()) {
            Some(ty) => format!("write `{ty}`"),
            None => "types are bool, datetime, decimal, dynamic, guid, int, long, real, string and timespan".to_owned(),
        };
        self.report(bad.with_help(help));
    }
}

fn type_named(text: &str) -> Type {
    match text {
        "int8" => Type::Int,
        text => Type::from_name(text).unwrap_or(Type::Unknown),
    }
}

/// The kinds of charts.
pub(crate) const CHARTS: &[&str] = &[
    "3Dchart",
    "anomalychart",
    "areachart",
    "barchart",
    "card",
    "columnchart",
    "graph",
    "ladderchart",
    "linechart",
    "list",
    "piechart",
    "pivotchart",
    "plotly",
    "sankey",
    "scatterchart",
    "stackedareachart",
    "table",
    "timechart",
    "timeline",
    "timepivot",
    "treemap",
];

/// A kind of chart, as a keyword or not.
pub(super) fn is_chart(text: &str) -> bool {
    CHARTS.contains(&text)
}
