//! Operators with a grammar of their own that work on one table: `summarize`, `make-series`, `mv-expand`, `parse`, `scan` …

use super::operator::Parts;
use super::{Layout, List, Parser};
use crate::ast::{
    ExpandItem, Expr, ExprKind, MakeSeries, Name, OperatorKind, ParseElement, Scan, ScanStep, SeriesAggregate, SeriesRange,
    TopNestedLevel, TypeExpr, TypeExprKind,
};
use crate::diagnostic::Span;
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// The operator `text`, whose keyword was read, if it is one of this file.
    pub(super) fn series_operator(&mut self, text: &str) -> Option<Parts> {
        Some(match text {
            "summarize" => self.with_kind(&[], Parser::summarize),
            "make-series" => self.with_kind(&[], Parser::make_series),
            "mv-expand" | "mvexpand" => self.with_kind(&[], |p| {
                let items = p.comma_list(List::of("an expression").until(&["limit"]), Parser::expand_item);
                OperatorKind::MvExpand { items, limit: p.row_limit() }
            }),
            "mv-apply" | "mvapply" => self.with_kind(&[], Parser::mv_apply),
            "parse" => self.with_kind(&["flags"], |p| p.parse_operator(false)),
            "parse-where" => self.with_kind(&["flags"], |p| p.parse_operator(true)),
            "parse-kv" => self.parse_kv(),
            "scan" => self.scan(),
            "top-nested" => OperatorKind::TopNested(self.comma_list(List::of("`top-nested`"), Parser::top_nested_level)).into(),
            _ => return None,
        })
    }

    fn summarize(&mut self) -> OperatorKind {
        let aggregates = self.comma_list(List::of("an aggregate").optional().until(&["by"]), Parser::named);
        let (mut by, mut bin) = (Vec::new(), None);
        if self.eat("by").is_some() {
            by = self.comma_list(List::of("an expression"), |p| if p.is_bin_clause() { None } else { p.named() });
            if self.is("bin") && self.is_at(1, "=") {
                self.bump();
                self.bump();
                bin = Some(self.boxed_unnamed());
            }
        }
        OperatorKind::Summarize { aggregates, by, bin }
    }

    /// `bin = 1d` after the keys, which is not a column called `bin`.
    fn is_bin_clause(&self) -> bool {
        use TokenKind as T;
        let is_literal = matches!(
            self.word(2).kind,
            T::Long | T::Real | T::TimeSpan | T::DateTime | T::Int | T::Decimal | T::String | T::Bool | T::Guid
        );
        self.is("bin") && self.is_at(1, "=") && is_literal
    }

    fn make_series(&mut self) -> OperatorKind {
        let aggregates = self.comma_list(List::of("an aggregate").until(&["on", "from", "in"]), |p| {
            let expr = p.named()?;
            let default = p.eat("default").map(|_| {
                p.expect("=");
                p.expect_named()
            });
            Some(SeriesAggregate { expr, default })
        });
        self.expect("on");
        let axis = self.expect_named();
        let range = self.series_range();
        let by =
            if self.eat("by").is_some() { self.comma_list(List::of("an expression").lazy(), Parser::named) } else { Vec::new() };
        OperatorKind::MakeSeries(Box::new(MakeSeries { aggregates, axis, range, by }))
    }

    fn series_range(&mut self) -> SeriesRange {
        if self.is_any(&["from", "to", "step"]) {
            let from = self.eat("from").map(|_| self.boxed_unnamed());
            let to = self.eat("to").map(|_| self.boxed_unnamed());
            self.expect("step");
            return SeriesRange::FromTo { from, to, step: self.boxed_unnamed() };
        }
        if !self.is("in") {
            self.expected("`from … to … step …`, or `in range(…)`");
            return SeriesRange::InRange(Vec::new());
        }
        self.bump();
        self.expect("range");
        self.lay(Layout::Glued);
        let open = self.word(0).span;
        let mut bounds = Vec::new();
        if self.expect("(") {
            bounds = self.comma_list(List::of("an expression").optional(), Parser::named);
            self.expect_close(")", open);
        }
        SeriesRange::InRange(bounds)
    }

    fn expand_item(&mut self) -> Option<ExpandItem> {
        let expr = if self.is("to") { self.missing_expression() } else { self.named()? };
        Some(ExpandItem { expr, ty: self.expand_type() })
    }

    /// `to typeof(long)`.
    fn expand_type(&mut self) -> Option<TypeExpr> {
        self.eat("to")?;
        Some(self.type_of_type().unwrap_or_else(|| {
            self.expected("`typeof(…)`");
            TypeExpr { kind: TypeExprKind::Scalar(crate::Type::Unknown), span: Span::at(self.last_end()) }
        }))
    }

    fn row_limit(&mut self) -> Option<Box<Expr>> {
        self.eat("limit").map(|_| self.boxed_unnamed())
    }

    fn mv_apply(&mut self) -> OperatorKind {
        let mut items = Vec::new();
        loop {
            if self.ends_apply_items() {
                if items.is_empty() {
                    self.expected("an expression");
                }
                break;
            }
            let item = if self.is("to") {
                Some(ExpandItem { expr: Expr::missing(self.last_end()), ty: self.expand_type() })
            } else {
                self.expand_item()
            };
            let Some(item) = item else {
                self.expected("an expression");
                break;
            };
            let is_bare_type = item.expr.is_missing();
            if is_bare_type && (!items.is_empty() || self.is(",")) {
                self.expected("an expression before `to`");
            }
            items.push(item);
            if self.eat(",").is_none() {
                break;
            }
        }
        let limit = self.row_limit();
        let context_id = self.eat("id").map(|_| self.boxed_unnamed());
        self.expect("on");
        let subquery = Box::new(self.parenthesized_subquery());
        OperatorKind::MvApply { items, limit, context_id, subquery }
    }

    /// `limit`, `id` or `on`, not as the name of a column.
    fn ends_apply_items(&self) -> bool {
        let is_clause = self.is_any(&["limit", "id", "on"]) && !(self.is_at(1, ",") || self.is_at(1, "to") || self.is_at(1, "="));
        is_clause || self.is_list_end()
    }

    /// `(operators)`.
    pub(super) fn parenthesized_subquery(&mut self) -> Expr {
        let open = self.word(0).span;
        if !self.expect("(") {
            return Expr::missing(self.last_end());
        }
        let subquery = self.deeper(|p| Some(p.subquery())).unwrap_or_else(|| Expr::missing(self.last_end()));
        self.expect_close(")", open);
        subquery
    }

    fn parse_operator(&mut self, only_matches: bool) -> OperatorKind {
        let text = self.boxed_unnamed();
        self.expect("with");
        let mut pattern = Vec::new();
        while let Some(element) = self.parse_element() {
            pattern.push(element);
        }
        OperatorKind::Parse { only_matches, text, pattern }
    }

    /// `*`, `'text'`, `name` or `name: type`.
    fn parse_element(&mut self) -> Option<ParseElement> {
        let start = self.word(0).span.start;
        if let Some(star) = self.eat("*") {
            return Some(ParseElement::Skip(star));
        }
        if let Some(text) = self.string_value() {
            return Some(ParseElement::Text(self.literal_expr(start, crate::Type::String, crate::Value::String(text), false)));
        }
        let name = match self.extended_name() {
            Some(name) => name,
            None if self.is(":") => self.missing_name("a column"),
            None => return None,
        };
        let ty = self.eat(":").map(|_| self.column_type());
        Some(ParseElement::Column { name, ty })
    }

    fn parse_kv(&mut self) -> Parts {
        const PROPERTIES: &[&str] = &["pair_delimiter", "kv_delimiter", "regex", "quote", "escape", "greedy"];
        let text = self.boxed_unnamed();
        self.expect("as");
        let columns = self.expect_row_schema();
        let params = if self.eat("with").is_some() { self.with_params(PROPERTIES, false) } else { Vec::new() };
        Parts { kind: OperatorKind::ParseKv { text, columns }, params }
    }

    fn top_nested_level(&mut self) -> Option<TopNestedLevel> {
        let start = self.eat("top-nested")?.start;
        let count = self.named();
        self.expect("of");
        let of = self.expect_named();
        let others = self.eat("with").map(|_| {
            self.expect("others");
            self.expect("=");
            self.literal().or_else(|| self.unnamed()).unwrap_or_else(|| self.missing_expression())
        });
        self.expect("by");
        let by = self.expect_sort_key();
        Some(TopNestedLevel { count, of, others, by, span: self.span_from(start) })
    }

    fn scan(&mut self) -> Parts {
        const ENDS: &[&str] = &["partition", "order", "by", "declare", "with"];
        let params = self.params(&[], false);
        let mut scan = Scan::default();
        if self.eat("order").is_some() {
            self.expect("by");
            scan.order_by = self.comma_list(List::of("an expression").until(ENDS), Parser::sort_key);
        }
        if self.eat("partition").is_some() {
            self.expect("by");
            scan.partition_by = self.comma_list(List::of("an expression").until(ENDS), Parser::unnamed);
        }
        if self.eat("declare").is_some() {
            scan.declare = self.parameters();
        }
        self.expect("with");
        let open = self.word(0).span;
        if self.expect("(") {
            while let Some(step) = self.scan_step() {
                scan.steps.push(step);
            }
            self.expect_close(")", open);
        }
        Parts { kind: OperatorKind::Scan(Box::new(scan)), params }
    }

    /// `step name optional output=all: condition => name = value, …;`.
    fn scan_step(&mut self) -> Option<ScanStep> {
        let start = self.eat("step")?.start;
        let name = self.extended_name().unwrap_or_else(|| self.missing_name("the name of the step"));
        let is_optional = self.eat("optional").is_some();
        let output = self.eat("output").map(|_| self.step_output());
        self.expect(":");
        let condition = self.expect_unnamed();
        let assignments = match self.eat("=>") {
            Some(_) => self.comma_list(List::of("`name = value`"), Parser::assignment),
            None => Vec::new(),
        };
        self.expect(";");
        Some(ScanStep { name, is_optional, output, condition, assignments, span: self.span_from(start) })
    }

    fn step_output(&mut self) -> Name {
        self.lay(Layout::Glued);
        self.expect("=");
        self.lay(Layout::Glued);
        if self.is_any(&["all", "last", "none"]) { self.bare_name() } else { self.missing_name("`all`, `last` or `none`") }
    }

    fn assignment(&mut self) -> Option<Expr> {
        let name = self.extended_name()?;
        let start = name.span.start;
        self.expect("=");
        let value = self.boxed_unnamed();
        Some(Expr { kind: ExprKind::Named { name, value }, span: self.span_from(start) })
    }
}
