//! temporary
use super::super::Binder;
use super::super::flow::Flow;
use super::unsupported;
use crate::ast::{self, OperatorKind, Param};
impl Binder<'_> {
    pub(super) fn search(&mut self, i: Option<&Flow>, _: &[ast::Expr], _: &ast::Expr, _: &[Param]) -> Flow {
        unsupported("search", i, Vec::new(), true)
    }
    pub(in crate::bind) fn search_column(&mut self, _: &ast::Expr, _: &ast::Expr) -> crate::plan::Expr {
        super::super::flow::unknown()
    }
    pub(super) fn find(&mut self, i: Option<&Flow>, _: &[ast::Expr], _: &ast::Expr, _: &ast::FindOutput, _: &[Param]) -> Flow {
        unsupported("find", i, Vec::new(), true)
    }
    pub(super) fn evaluate(&mut self, i: Option<&Flow>, _: &ast::Expr, _: Option<&ast::TypeExpr>) -> Flow {
        unsupported("evaluate", i, Vec::new(), true)
    }
    pub(super) fn sample(&mut self, i: &Flow, _: &ast::Expr) -> Flow {
        unsupported("sample", Some(i), Vec::new(), true)
    }
    pub(super) fn sample_distinct(&mut self, i: &Flow, _: &ast::Expr, _: &ast::Expr) -> Flow {
        unsupported("sample", Some(i), Vec::new(), true)
    }
    pub(super) fn top_hitters(&mut self, i: &Flow, _: &ast::Expr, _: &ast::Expr, _: Option<&ast::Expr>) -> Flow {
        unsupported("top-hitters", Some(i), Vec::new(), true)
    }
    pub(super) fn top_nested(&mut self, i: &Flow, _: &[ast::TopNestedLevel]) -> Flow {
        unsupported("top-nested", Some(i), Vec::new(), true)
    }
    pub(super) fn reduce(&mut self, i: &Flow, _: &ast::Expr, _: &[Param]) -> Flow {
        unsupported("reduce", Some(i), Vec::new(), true)
    }
    pub(super) fn mv_expand(&mut self, i: &Flow, _: &[ast::ExpandItem], _: Option<&ast::Expr>, _: &[Param]) -> Flow {
        unsupported("mv-expand", Some(i), Vec::new(), true)
    }
    pub(super) fn mv_apply(
        &mut self,
        i: &Flow,
        _: &[ast::ExpandItem],
        _: Option<&ast::Expr>,
        _: &ast::Expr,
        _: &[Param],
    ) -> Flow {
        unsupported("mv-apply", Some(i), Vec::new(), true)
    }
    pub(super) fn parse(&mut self, i: &Flow, _: bool, _: &ast::Expr, _: &[ast::ParseElement], _: &[Param]) -> Flow {
        unsupported("parse", Some(i), Vec::new(), true)
    }
    pub(super) fn parse_kv(&mut self, i: &Flow, _: &ast::Expr, _: &[ast::ColumnDecl], _: &[Param]) -> Flow {
        unsupported("parse-kv", Some(i), Vec::new(), true)
    }
    pub(super) fn make_series(&mut self, i: &Flow, _: &ast::MakeSeries) -> Flow {
        unsupported("make-series", Some(i), Vec::new(), true)
    }
    pub(super) fn scan(&mut self, i: &Flow, _: &ast::Scan, _: &[Param]) -> Flow {
        unsupported("scan", Some(i), Vec::new(), true)
    }
    pub(super) fn partition(&mut self, i: &Flow, _: &ast::Expr, _: &ast::PartitionBody) -> Flow {
        unsupported("partition", Some(i), Vec::new(), true)
    }
    pub(super) fn fork(&mut self, i: &Flow, _: &[ast::ForkBranch]) -> Flow {
        unsupported("fork", Some(i), Vec::new(), true)
    }
    pub(super) fn facet(&mut self, i: &Flow, _: &[ast::Expr], _: Option<&ast::Expr>) -> Flow {
        unsupported("facet", Some(i), Vec::new(), true)
    }
    pub(super) fn graph_operator(&mut self, i: &Flow, _: &OperatorKind) -> Flow {
        unsupported("graph", Some(i), Vec::new(), true)
    }
}
