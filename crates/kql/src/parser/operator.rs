//! Tabular operators: which word starts which, and those whose operands are plain lists of expressions.

use super::{List, Parser};
use crate::ast::{Expr, ExprKind, Operator, OperatorKind, Param, SortKey, SortOrder};
use crate::diagnostic::{self, Diagnostic};
use crate::lexer::{KeywordUse, TokenKind};

/// Every word that starts a tabular operator.
const OPERATORS: &[&str] = &[
    "__executeAndCache",
    "__partitionby",
    "as",
    "assert-schema",
    "consume",
    "count",
    "distinct",
    "evaluate",
    "extend",
    "facet",
    "filter",
    "find",
    "fork",
    "getschema",
    "graph-mark-components",
    "graph-match",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-where-edges",
    "graph-where-nodes",
    "inline_external_table",
    "invoke",
    "join",
    "limit",
    "lookup",
    "macro-expand",
    "make-graph",
    "make-series",
    "mv-apply",
    "mv-expand",
    "mvapply",
    "mvexpand",
    "order",
    "parse",
    "parse-kv",
    "parse-where",
    "partition",
    "print",
    "project",
    "project-away",
    "project-by-names",
    "project-keep",
    "project-rename",
    "project-reorder",
    "range",
    "reduce",
    "render",
    "sample",
    "sample-distinct",
    "scan",
    "search",
    "serialize",
    "sort",
    "summarize",
    "take",
    "top",
    "top-hitters",
    "top-nested",
    "union",
    "where",
];

/// Words that other query languages and hasty hands write, and what is meant.
const MEANT: &[(&str, &str)] = &[
    ("SELECT", "project"),
    ("select", "project"),
    ("WHERE", "where"),
    ("Where", "where"),
    ("stats", "summarize"),
    ("group", "summarize … by"),
    ("dedup", "distinct"),
    ("head", "take"),
    ("first", "take"),
    ("eval", "extend"),
    ("rename", "project-rename"),
    ("mv_expand", "mv-expand"),
    ("makeseries", "make-series"),
    ("order_by", "order by"),
    ("fields", "project"),
    ("table", "project"),
];

/// The word starts a tabular operator.
pub(super) fn is_operator(text: &str) -> bool {
    OPERATORS.contains(&text)
}

/// What an operator gives besides its operands.
pub(super) struct Parts {
    pub(super) kind: OperatorKind,
    pub(super) params: Vec<Param>,
}

impl From<OperatorKind> for Parts {
    fn from(kind: OperatorKind) -> Parts {
        Parts { kind, params: Vec::new() }
    }
}

impl Parser<'_> {
    /// An operator that must be there.
    pub(super) fn expect_operator(&mut self) -> Operator {
        if let Some(operator) = self.operator() {
            return operator;
        }
        let keyword = self.here();
        let start = self.last_end();
        if !self.is_lost {
            let report = self.no_operator();
            self.report(report);
        }
        // The word stands for the operator; a bracket or the end is left for whoever waits for it.
        let keyword = if self.kind() == TokenKind::Identifier { self.bump() } else { keyword };
        Operator { kind: OperatorKind::Unknown, params: Vec::new(), keyword, span: self.span_from(start) }
    }

    fn no_operator(&self) -> Diagnostic {
        let text = self.text_at(0);
        if self.is_end() || !(self.kind() == TokenKind::Identifier || self.is_keyword(0)) {
            let message = format!("expected a tabular operator{}", self.found());
            return Diagnostic::new(diagnostic::UNKNOWN_OPERATOR, self.here(), message)
                .with_help("after a pipe comes an operator such as `where`, `project` or `summarize`");
        }
        let unknown = Diagnostic::new(diagnostic::UNKNOWN_OPERATOR, self.here(), format!("`{text}` is no tabular operator"));
        match meant(text) {
            Some(meant) => unknown.with_help(format!("did you mean `{meant}`?")),
            None => unknown,
        }
    }

    /// The operator that starts here, if one does.
    pub(super) fn operator(&mut self) -> Option<Operator> {
        if !matches!(self.kind(), TokenKind::Keyword(_)) {
            return None;
        }
        let keyword = self.word(0).span;
        let text = self.text_at(0);
        if (matches!(text, "count" | "range") && self.is_at(1, "(")) || !is_operator(text) {
            return None;
        }
        if text == "inline_external_table" && !self.is_inline_table() {
            return None;
        }
        let parts = self.deeper(|parser| Some(parser.operator_parts(text)))?;
        Some(Operator { kind: parts.kind, params: parts.params, keyword, span: self.span_from(keyword.start) })
    }

    fn operator_parts(&mut self, text: &str) -> Parts {
        if text != "top-nested" {
            self.bump();
        }
        match text {
            "where" | "filter" => self.with_kind(&[], |p| OperatorKind::Where(p.boxed_named())),
            "extend" => OperatorKind::Extend(self.columns()).into(),
            "project" => OperatorKind::Project(self.optional_columns()).into(),
            "project-rename" => OperatorKind::ProjectRename(self.optional_columns()).into(),
            "project-away" => OperatorKind::ProjectAway(self.patterns()).into(),
            "project-keep" => OperatorKind::ProjectKeep(self.patterns()).into(),
            "project-by-names" => {
                OperatorKind::ProjectByNames(self.comma_list(List::of("a column").optional(), Parser::unnamed)).into()
            }
            "project-reorder" => {
                OperatorKind::ProjectReorder(self.comma_list(List::of("a column").optional(), Parser::reordered)).into()
            }
            "print" => OperatorKind::Print(self.columns()).into(),
            "distinct" => self.with_kind(&[], |p| {
                let item = |p: &mut Self| p.star().or_else(|| p.named());
                OperatorKind::Distinct(p.comma_list(List::of("a column"), item))
            }),
            "count" => self.count().into(),
            "take" | "limit" => self.with_kind(&[], |p| OperatorKind::Take(p.boxed_named())),
            "sort" | "order" => self.sort(),
            "top" => self.with_kind(&[], Parser::top),
            "top-hitters" => self.top_hitters().into(),
            "sample" => self.with_kind(&[], |p| OperatorKind::Sample(p.boxed_named())),
            "sample-distinct" => self.with_kind(&[], |p| {
                let count = p.boxed_named();
                p.expect("of");
                OperatorKind::SampleDistinct { count, of: p.boxed_named() }
            }),
            "serialize" => self.with_kind(&[], |p| OperatorKind::Serialize(p.optional_columns())),
            "as" => self.with_kind(&[], |p| OperatorKind::As(p.expect_name())),
            "consume" => Parts { params: self.params(&[], false), kind: OperatorKind::Consume },
            "getschema" => Parts { params: self.one_param("kind").into_iter().collect(), kind: OperatorKind::GetSchema },
            "__executeAndCache" => OperatorKind::ExecuteAndCache.into(),
            "assert-schema" => OperatorKind::AssertSchema(self.expect_row_schema()).into(),
            "invoke" => {
                let call = self.dotted_calls().unwrap_or_else(|| self.missing_expression());
                OperatorKind::Invoke(Box::new(call)).into()
            }
            "evaluate" => self.evaluate(),
            "range" => self.range().into(),
            "render" => self.render(),
            "reduce" => self.reduce(),
            text => self.series_operator(text).or_else(|| self.graph_operator(text)).unwrap_or_else(|| self.table_operator(text)),
        }
    }

    /// Parameters `name=value`, then the operands.
    pub(super) fn with_kind(&mut self, specific: &[&str], operands: impl FnOnce(&mut Self) -> OperatorKind) -> Parts {
        let params = self.params(specific, true);
        Parts { kind: operands(self), params }
    }

    pub(super) fn columns(&mut self) -> Vec<Expr> {
        self.comma_list(List::of("an expression"), Parser::named)
    }

    fn optional_columns(&mut self) -> Vec<Expr> {
        self.comma_list(List::of("an expression").optional(), Parser::named)
    }

    fn patterns(&mut self) -> Vec<Expr> {
        self.comma_list(List::of("a column").optional(), Parser::column_pattern)
    }

    pub(super) fn star(&mut self) -> Option<Expr> {
        self.eat("*").map(|span| Expr { kind: ExprKind::Star, span })
    }

    /// `column asc` of `project-reorder`.
    fn reordered(&mut self) -> Option<SortKey> {
        let expr = self.column_pattern()?;
        let start = expr.span.start;
        let order = self.sort_order();
        Some(SortKey { expr, order, nulls_first: None, span: self.span_from(start) })
    }

    fn sort_order(&mut self) -> Option<SortOrder> {
        let order = match self.text_at(0) {
            "asc" => SortOrder::Ascending,
            "desc" => SortOrder::Descending,
            "granny-asc" => SortOrder::GrannyAscending,
            "granny-desc" => SortOrder::GrannyDescending,
            _ => return None,
        };
        self.bump();
        Some(order)
    }

    /// `expression asc nulls first`.
    pub(super) fn sort_key(&mut self) -> Option<SortKey> {
        let expr = self.named()?;
        let start = expr.span.start;
        let order = self.sort_order();
        let nulls_first = self.eat("nulls").and_then(|_| match self.text_at(0) {
            text @ ("first" | "last") => {
                self.bump();
                Some(text == "first")
            }
            _ => {
                self.expected("`first` or `last`");
                None
            }
        });
        Some(SortKey { expr, order, nulls_first, span: self.span_from(start) })
    }

    pub(super) fn expect_sort_key(&mut self) -> SortKey {
        self.sort_key().unwrap_or_else(|| {
            let expr = self.missing_expression();
            SortKey { span: expr.span, expr, order: None, nulls_first: None }
        })
    }

    fn sort(&mut self) -> Parts {
        let params = self.params(&[], false);
        self.expect("by");
        let keys = self.comma_list(List::of("an expression"), Parser::sort_key);
        Parts { kind: OperatorKind::Sort(keys), params }
    }

    fn top(&mut self) -> OperatorKind {
        let count = self.boxed_named();
        self.expect("by");
        OperatorKind::Top { count, by: self.expect_sort_key() }
    }

    fn top_hitters(&mut self) -> OperatorKind {
        let count = self.boxed_named();
        self.expect("of");
        let of = self.boxed_named();
        let by = self.eat("by").map(|_| self.boxed_named());
        OperatorKind::TopHitters { count, of, by }
    }

    fn count(&mut self) -> OperatorKind {
        if self.eat("as").is_none() {
            return OperatorKind::Count(None);
        }
        if self.kind() == TokenKind::Identifier {
            return OperatorKind::Count(Some(self.bare_name()));
        }
        OperatorKind::Count(Some(self.missing_name("a name")))
    }

    fn evaluate(&mut self) -> Parts {
        let params = self.params(&[], false);
        let call = self.expect_call();
        let schema = self.eat(":").map(|_| self.open_row_schema());
        Parts { kind: OperatorKind::Evaluate { call, schema }, params }
    }

    fn range(&mut self) -> OperatorKind {
        let name = self.expect_name();
        self.expect("from");
        let from = self.boxed_unnamed();
        self.expect("to");
        let to = self.boxed_unnamed();
        self.expect("step");
        OperatorKind::Range { name, from, to, step: self.boxed_unnamed() }
    }

    fn reduce(&mut self) -> Parts {
        const PROPERTIES: &[&str] = &["threshold", "characters"];
        let mut params = self.params(&["kind"], false);
        self.expect("by");
        let by = self.boxed_named();
        if self.eat("with").is_some() {
            params.extend(self.bare_params(PROPERTIES));
        }
        Parts { kind: OperatorKind::Reduce(by), params }
    }

    fn render(&mut self) -> Parts {
        const PROPERTIES: &[&str] = &[
            "kind",
            "title",
            "accumulate",
            "xcolumn",
            "ycolumns",
            "anomalycolumns",
            "series",
            "xtitle",
            "ytitle",
            "xaxis",
            "yaxis",
            "legend",
            "ysplit",
            "ymin",
            "ymax",
            "xmin",
            "xmax",
        ];
        let is_chart = self.kind() == TokenKind::Identifier || super::param::is_chart(self.text_at(0));
        let chart = if is_chart { self.bare_name() } else { self.missing_name("a kind of chart") };
        let mut params = self.old_render_params();
        if self.eat("with").is_some() {
            params.extend(self.with_params(PROPERTIES, true));
        }
        Parts { kind: OperatorKind::Render(chart), params }
    }

    /// `kind=stacked title='…' by a, b`: how render's properties were written once.
    fn old_render_params(&mut self) -> Vec<Param> {
        let mut params = Vec::new();
        loop {
            let is_bare = self.is("by") || (self.is("with") && !self.is_at(1, "("));
            if is_bare {
                params.push(self.bare_render_param());
                continue;
            }
            let param = ["kind", "title", "accumulate"].into_iter().find_map(|name| self.one_param(name));
            match param {
                Some(param) => params.push(param),
                None => return params,
            }
        }
    }

    /// `with 'text'` or `by a, b`, without an equals sign.
    fn bare_render_param(&mut self) -> Param {
        let name = self.bare_name();
        let start = name.span.start;
        let value = self.param_value(&name.text, &["kind", "title", "accumulate", "with", "by"]);
        Param { name, value, span: self.span_from(start) }
    }

    /// An operator, not a name, starts here, as far as can be seen from the words that follow.
    pub(super) fn is_possible_operator(&self) -> bool {
        let TokenKind::Keyword(use_) = self.kind() else { return false };
        match self.text_at(0) {
            "evaluate" => self.scan_name(1).is_some() || self.is_known_param(1),
            "facet" => self.is_at(1, "by"),
            "partition" | "reduce" => self.is_at(1, "by") || self.is_known_param(1),
            "range" => self.scan_name(1).is_some_and(|length| self.is_at(1 + length, "from")),
            "inline_external_table" => self.is_at(1, "(") || self.is_at(1, "kind"),
            "render" => super::param::is_chart(self.text_at(1)) || self.is_plain_name(1),
            "fork" | "lookup" | "__partitionby" => false,
            "graph-shortest-paths" | "graph-where-nodes" | "graph-where-edges" => false,
            text => use_ != KeywordUse::Name && is_operator(text),
        }
    }
}

/// What the word may have been meant for.
fn meant(text: &str) -> Option<&'static str> {
    let known = MEANT.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
    let lower = text.to_ascii_lowercase();
    known.or_else(|| OPERATORS.iter().copied().find(|name| *name == lower)).or_else(|| {
        let near = OPERATORS.iter().copied().map(|name| (distance(&lower, name), name));
        near.filter(|(distance, name)| *distance <= 2 && *distance * 3 <= name.len()).min().map(|(_, name)| name)
    })
}

/// How many letters must be changed, added, dropped or swapped with their neighbor.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(40).collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_sorted() {
        assert!(OPERATORS.is_sorted());
    }

    #[test]
    fn mistyped_operators_are_recognized() {
        assert_eq!(meant("projct"), Some("project"));
        assert_eq!(meant("SELECT"), Some("project"));
        assert_eq!(meant("Summarize"), Some("summarize"));
        assert_eq!(meant("hwere"), Some("where"));
        assert_eq!(meant("foo"), None);
    }
}
