//! Operators that read several tables or run subqueries: `join`, `union`, `find`, `search`, `fork`, `partition` …

use super::operator::Parts;
use super::{Layout, List, Parser};
use crate::ast::{
    Body, Expr, ExprKind, FindColumn, FindOutput, ForkBranch, JoinCondition, Operator, OperatorKind, Param, PartitionBody,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// The operator `text`, whose keyword was read: one of this file.
    pub(super) fn table_operator(&mut self, text: &str) -> Parts {
        match text {
            "join" => self.with_kind(&[], |p| {
                let right = p.boxed_unnamed();
                OperatorKind::Join { right, condition: p.join_condition() }
            }),
            "lookup" => self.with_kind(&[], |p| {
                let right = p.boxed_unnamed();
                let condition = p.join_condition();
                if !matches!(condition, JoinCondition::On(_)) {
                    p.expected("`on`");
                }
                OperatorKind::Lookup { right, condition }
            }),
            "union" => self.with_kind(&["best_effort"], |p| {
                OperatorKind::Union(p.comma_list(List::of("a table"), |p| p.parenthesized().or_else(|| p.entity_or_element())))
            }),
            "find" => self.find(),
            "search" => self.search(),
            "fork" => self.fork().into(),
            "facet" => self.facet().into(),
            "partition" => self.partition(),
            "__partitionby" => self.partition_by(),
            "macro-expand" => self.macro_expand(),
            "inline_external_table" => self.inline_table(),
            _ => OperatorKind::Unknown.into(),
        }
    }

    /// A table: a path, a pattern of names, or a word that is a name only here.
    fn entity_or_element(&mut self) -> Option<Expr> {
        self.entity_pattern().or_else(|| self.bracketed_entity()).or_else(|| self.bare_element())
    }

    fn join_condition(&mut self) -> JoinCondition {
        if self.eat("on").is_some() {
            return JoinCondition::On(self.comma_list(List::of("a column or a condition").lazy(), Parser::unnamed));
        }
        if self.eat("where").is_some() {
            return JoinCondition::Where(self.boxed_unnamed());
        }
        JoinCondition::None
    }

    /// `in (tables)`.
    fn in_tables(&mut self) -> Option<Vec<Expr>> {
        self.eat("in")?;
        let open = self.word(0).span;
        let mut tables = Vec::new();
        if self.expect("(") {
            tables = self.comma_list(List::of("a table"), Parser::find_operand);
            self.expect_close(")", open);
        }
        Some(tables)
    }

    /// A table, perhaps `table | as name`.
    fn find_operand(&mut self) -> Option<Expr> {
        let start = self.word(0).span.start;
        let table = self.entity_or_element()?;
        if !self.is("|") || !matches!(table.kind, ExprKind::Name(_) | ExprKind::Wildcard(_)) {
            return Some(table);
        }
        self.bump();
        let keyword = self.word(0).span;
        if !self.is("as") {
            self.expected("`as`");
            return Some(table);
        }
        let parts = self.bump_as();
        let operators = vec![Operator { kind: parts.kind, params: parts.params, keyword, span: self.span_from(keyword.start) }];
        Some(Expr { kind: ExprKind::Pipe { source: Some(Box::new(table)), operators }, span: self.span_from(start) })
    }

    fn bump_as(&mut self) -> Parts {
        self.bump();
        self.with_kind(&[], |p| OperatorKind::As(p.expect_name()))
    }

    fn find(&mut self) -> Parts {
        let mut params = self.data_scope_param();
        params.extend(self.params(&[], false));
        let tables = self.in_tables();
        if !params.is_empty() || tables.is_some() {
            self.expect("where");
        } else {
            self.eat("where");
        }
        let predicate = self.boxed_unnamed();
        let mut output = FindOutput::Default;
        if self.eat("project").is_some() {
            output = FindOutput::Project(self.comma_list(List::of("a column").lazy(), Parser::find_column));
        } else if self.eat("project-smart").is_some() {
            output = FindOutput::Smart;
        }
        if self.eat("__projectAway").is_some() {
            output = FindOutput::Away(self.comma_list(List::of("a column").lazy(), Parser::find_column));
        }
        Parts { kind: OperatorKind::Find { tables: tables.unwrap_or_default(), predicate, output }, params }
    }

    /// `datascope = all`, as a parameter.
    fn data_scope_param(&mut self) -> Vec<Param> {
        let keyword = self.word(0).span;
        let Some(scope) = self.data_scope() else { return Vec::new() };
        let name = crate::ast::Name { text: keyword.text(self.text).to_owned(), span: keyword, is_quoted: false };
        vec![Param { name, value: super::name::expr_of(scope), span: self.span_from(keyword.start) }]
    }

    fn find_column(&mut self) -> Option<FindColumn> {
        let start = self.word(0).span.start;
        // `pack(*)`, which the reference writes `pack_all()`.
        let is_all = self.is("pack_all") && self.text_at(1) == "(";
        if is_all || self.is("pack") {
            let name = self.bare_name();
            let open = self.word(0).span;
            self.lay(Layout::Glued);
            self.expect("(");
            let star = if is_all { None } else { self.star() };
            if star.is_none() && !is_all {
                self.expected("`*`");
            }
            self.expect_close(")", open);
            let kind = ExprKind::Call { name, args: star.into_iter().collect() };
            return Some(FindColumn { expr: Expr { kind, span: self.span_from(start) }, ty: None });
        }
        let expr = self.star().or_else(|| self.name_expr())?;
        let is_typed = !matches!(expr.kind, ExprKind::Star) && self.eat(":").is_some();
        let ty = is_typed.then(|| self.projected_type());
        Some(FindColumn { expr, ty })
    }

    /// A type after a column of `find … project`, where the sized integers are types too.
    fn projected_type(&mut self) -> crate::ast::TypeExpr {
        if self.is_keyword(0) && super::primary::is_type_name(self.text_at(0)) {
            let start = self.word(0).span.start;
            let kind = crate::ast::TypeExprKind::Scalar(self.any_type());
            return crate::ast::TypeExpr { kind, span: self.span_from(start) };
        }
        self.column_type()
    }

    fn search(&mut self) -> Parts {
        let mut params = self.params(&[], true);
        params.extend(self.data_scope_param());
        let tables = self.in_tables().unwrap_or_default();
        let predicate = Box::new(self.search_predicate());
        Parts { kind: OperatorKind::Search { tables, predicate }, params }
    }

    /// An expression, or `*`, or `* and expression`.
    fn search_predicate(&mut self) -> Expr {
        if let Some(predicate) = self.unnamed() {
            return predicate;
        }
        let Some(star) = self.star() else { return self.missing_expression() };
        if self.eat("and").is_none() {
            return star;
        }
        let start = star.span.start;
        let rest = self.expect_unnamed();
        Expr { kind: ExprKind::And(vec![star, rest]), span: self.span_from(start) }
    }

    fn fork(&mut self) -> OperatorKind {
        let mut branches = Vec::new();
        while let Some(branch) = self.fork_branch() {
            branches.push(branch);
        }
        if branches.is_empty() {
            self.expected("`(`");
        }
        OperatorKind::Fork(branches)
    }

    /// `name = (operators)`.
    fn fork_branch(&mut self) -> Option<ForkBranch> {
        let is_named = self.scan_name(0).is_some_and(|length| self.is_at(length, "="));
        if !is_named && !self.is("(") {
            return None;
        }
        let mut name = None;
        if is_named {
            name = self.name();
            self.bump();
        }
        let open = self.word(0).span;
        let mut subquery = Expr::missing(self.last_end());
        if self.expect("(") {
            subquery = self.deeper(|p| Some(p.operators_or_query())).unwrap_or(subquery);
            self.expect_close(")", open);
        }
        Some(ForkBranch { name, subquery })
    }

    /// Operators on the rows handed over, or a query of its own.
    fn operators_or_query(&mut self) -> Expr {
        let start = self.word(0).span.start;
        match self.operator() {
            Some(first) => self.pipe_from(start, None, vec![first]),
            None => self.expect_expression(),
        }
    }

    fn facet(&mut self) -> OperatorKind {
        self.expect("by");
        let by = self.comma_list(List::of("a column").until(&["with"]), Parser::simple_path);
        let with = self.eat("with").map(|_| Box::new(self.facet_subquery()));
        OperatorKind::Facet { by, with }
    }

    fn facet_subquery(&mut self) -> Expr {
        let start = self.word(0).span.start;
        let Some(open) = self.eat("(") else {
            let operator = self.expect_operator();
            return Expr { kind: ExprKind::Pipe { source: None, operators: vec![operator] }, span: self.span_from(start) };
        };
        let subquery = self.deeper(|p| {
            let start = p.word(0).span.start;
            let first = p.expect_operator();
            Some(p.pipe_from(start, None, vec![first]))
        });
        self.expect_close(")", open);
        subquery.unwrap_or_else(|| Expr::missing(self.last_end()))
    }

    fn partition(&mut self) -> Parts {
        let params = self.params(&[], false);
        self.expect("by");
        let by = Box::new(self.simple_path().unwrap_or_else(|| super::name::expr_of(self.missing_name("a column"))));
        let scope = self.eat("in").map(|_| {
            let scope = self.call().or_else(|| self.dynamic_literal());
            Box::new(scope.unwrap_or_else(|| self.missing_expression()))
        });
        let body = self.partition_body();
        Parts { kind: OperatorKind::Partition { by, scope, body }, params }
    }

    fn partition_body(&mut self) -> PartitionBody {
        let open = self.word(0).span;
        if self.is("{") {
            self.lay(Layout::Block);
            self.bump();
            let query = self.expect_expression();
            self.expect_close("}", open);
            let statement = crate::ast::Statement { span: query.span, kind: crate::ast::StatementKind::Expr(query) };
            return PartitionBody::Query(Body { statements: vec![statement], span: self.span_from(open.start) });
        }
        if !self.expect("(") {
            return PartitionBody::Operators(Box::new(Expr::missing(self.last_end())));
        }
        let subquery = self.deeper(|p| {
            let start = p.word(0).span.start;
            let first = p.expect_operator();
            Some(p.pipe_from(start, None, vec![first]))
        });
        self.expect_close(")", open);
        PartitionBody::Operators(Box::new(subquery.unwrap_or_else(|| Expr::missing(self.last_end()))))
    }

    fn partition_by(&mut self) -> Parts {
        let params = self.params(&[], false);
        let by = Box::new(self.simple_path().unwrap_or_else(|| super::name::expr_of(self.missing_name("a column"))));
        let context_id = self.eat("__id").or_else(|| self.eat("id")).map(|_| {
            let id = self.literal();
            Box::new(id.unwrap_or_else(|| self.missing_expression()))
        });
        let subquery = Box::new(self.parenthesized_subquery());
        Parts { kind: OperatorKind::PartitionBy { by, context_id, subquery }, params }
    }

    fn macro_expand(&mut self) -> Parts {
        let params = self.params(&["best_effort"], true);
        let group = self.entity_group().or_else(|| match self.text_at(0) {
            "database" | "cluster" if self.is_at(1, "(") => self.entity_path(),
            _ => self.name_expr(),
        });
        let group = Box::new(group.unwrap_or_else(|| self.missing_expression()));
        let scope = self.as_name();
        let body = match self.is("(") {
            true => self.deeper(|p| Some(p.block(")"))),
            false => {
                self.expect("(");
                None
            }
        };
        let body = body.unwrap_or_else(|| Body { statements: Vec::new(), span: self.no_span() });
        Parts { kind: OperatorKind::MacroExpand { group, scope, body }, params }
    }

    fn no_span(&self) -> crate::diagnostic::Span {
        crate::diagnostic::Span::at(self.last_end())
    }

    /// `inline_external_table` starts here, not a column of that name.
    pub(super) fn is_inline_table(&self) -> bool {
        if self.is_at(1, "kind") {
            return true;
        }
        if !self.is_at(1, "(") {
            return false;
        }
        let mut at = 2;
        while !self.is_at(at, ")") {
            if self.is_at(at, ":") || self.word(at).kind == TokenKind::End {
                return true;
            }
            at += 1;
        }
        false
    }

    /// `inline_external_table (a: long) kind=storage dataformat=csv (@'uri') with (…)`.
    fn inline_table(&mut self) -> Parts {
        let columns = self.row_schema().unwrap_or_default();
        let kind = self.one_param("kind");
        let is_delta = kind.as_ref().and_then(|kind| kind.value.as_name()).is_some_and(|name| name.text == "delta");
        if kind.is_none() {
            self.expected("`kind=storage` or `kind=delta`");
        }
        let mut params: Vec<Param> = kind.into_iter().collect();
        if self.eat("partition").is_some() {
            self.expect("by");
            self.skip_parentheses();
        }
        if self.eat("pathformat").is_some() {
            self.expect("=");
            self.skip_parentheses();
        }
        let format = self.one_param("dataformat");
        if format.is_none() && !is_delta {
            self.expected("`dataformat=…`");
        }
        params.extend(format);
        let open = self.word(0).span;
        let mut uris = Vec::new();
        if self.expect("(") {
            uris = self.comma_list(List::of("an address").optional().trailing(), Parser::expression);
            self.expect_close(")", open);
        }
        params.extend(self.with_properties());
        Parts { kind: OperatorKind::InlineExternalTable { columns, uris }, params }
    }

    /// `( … )`, whatever is in it.
    fn skip_parentheses(&mut self) {
        let open = self.word(0).span;
        if !self.expect("(") {
            return;
        }
        let mut depth = 0_usize;
        while !(self.is_end() || depth == 0 && self.is(")")) {
            match self.text_at(0) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            self.bump();
        }
        self.expect_close(")", open);
    }
}
