//! Graph operators: `make-graph`, `graph-match` and their kin.

use super::operator::Parts;
use super::{List, Parser};
use crate::ast::{Expr, GraphElement, GraphElementKind, GraphMatch, GraphNodes, GraphOutput, MakeGraph, OperatorKind};
use crate::diagnostic::Span;

impl Parser<'_> {
    /// The operator `text`, whose keyword was read, if it is one of this file.
    pub(super) fn graph_operator(&mut self, text: &str) -> Option<Parts> {
        Some(match text {
            "make-graph" => self.with_kind(&[], Parser::make_graph),
            "graph-match" => self.with_kind(&["cycles"], |p| OperatorKind::GraphMatch(p.graph_match())),
            "graph-shortest-paths" => self.with_kind(&["output"], |p| OperatorKind::GraphShortestPaths(p.graph_match())),
            "graph-to-table" => {
                OperatorKind::GraphToTable(self.comma_list(List::of("`nodes` or `edges`").lazy(), Parser::graph_output)).into()
            }
            "graph-mark-components" => self.with_kind(&["with_component_id"], |_| OperatorKind::GraphMarkComponents),
            "graph-where-nodes" => OperatorKind::GraphWhereNodes(self.boxed_unnamed()).into(),
            "graph-where-edges" => OperatorKind::GraphWhereEdges(self.boxed_unnamed()).into(),
            _ => return None,
        })
    }

    /// Moves past `sign`, which may be several words with nothing between them.
    fn eat_glued(&mut self, sign: &str) -> Option<Span> {
        let start = self.word(0).span.start;
        let (mut length, mut rest) = (0, sign);
        while !rest.is_empty() {
            if length > 0 && !self.word(length).is_glued {
                return None;
            }
            rest = rest.strip_prefix(self.text_at(length)).filter(|_| !self.text_at(length).is_empty())?;
            length += 1;
        }
        self.at += length;
        self.glue_from(self.at - length);
        Some(self.span_from(start))
    }

    fn make_graph(&mut self) -> OperatorKind {
        let source = self.column();
        let is_directed = self.eat_glued("-->").is_some();
        if !is_directed && self.eat_glued("--").is_none() {
            self.expected("`-->` or `--`");
        }
        let target = self.column();
        let mut graph = MakeGraph { source, is_directed, target, nodes: Vec::new(), node_id: None, partitioned_by: None };
        if self.eat("with_node_id").is_some() {
            self.expect("=");
            graph.node_id = Some(self.expect_name());
        } else if self.eat("with").is_some() {
            graph.nodes = self.comma_list(List::of("a table").until(&["partitioned-by"]), Parser::graph_nodes);
        }
        if self.eat("partitioned-by").is_some() {
            let by = self.simple_path().unwrap_or_else(|| super::name::expr_of(self.missing_name("a column")));
            graph.partitioned_by = Some((by, self.parenthesized_subquery()));
        }
        OperatorKind::MakeGraph(Box::new(graph))
    }

    fn column(&mut self) -> Expr {
        self.name_expr().unwrap_or_else(|| super::name::expr_of(self.missing_name("a column")))
    }

    /// `table on column`.
    fn graph_nodes(&mut self) -> Option<GraphNodes> {
        let table = self.path_or_signed()?;
        self.expect("on");
        Some(GraphNodes { table, on: Some(self.column()) })
    }

    fn graph_match(&mut self) -> Box<GraphMatch> {
        let patterns = self.comma_list(List::of("a pattern, as `(a)-[e]->(b)`").lazy(), Parser::graph_pattern);
        let predicate = self.eat("where").map(|_| self.expect_expression());
        let has_project = self.eat("project").is_some();
        let project = if has_project { self.columns() } else { Vec::new() };
        Box::new(GraphMatch { patterns, predicate, project, has_project })
    }

    fn graph_pattern(&mut self) -> Option<Vec<GraphElement>> {
        let mut elements = Vec::new();
        let from = self.at;
        while let Some(element) = self.graph_node().or_else(|| self.graph_edge()) {
            elements.push(element);
        }
        self.glue_from(from);
        (!elements.is_empty()).then_some(elements)
    }

    /// `(name)`.
    fn graph_node(&mut self) -> Option<GraphElement> {
        let open = self.eat("(")?;
        let name = self.name();
        self.expect_close(")", open);
        Some(GraphElement { kind: GraphElementKind::Node, name, repeat: None, span: self.span_from(open.start) })
    }

    /// `-->`, `<--`, `--`, `-[name*1..3]->`, `<-[name]-`, `-[name]-`.
    fn graph_edge(&mut self) -> Option<GraphElement> {
        let start = self.word(0).span.start;
        let plain = [("-->", GraphElementKind::Right), ("<--", GraphElementKind::Left), ("--", GraphElementKind::Either)];
        if let Some((_, kind)) = plain.into_iter().find(|(sign, _)| self.eat_glued(sign).is_some()) {
            return Some(GraphElement { kind, name: None, repeat: None, span: self.span_from(start) });
        }
        let opened = self.eat_glued("-[").map(|open| (open, false));
        let (open, is_left) = opened.or_else(|| self.eat_glued("<-[").map(|open| (open, true)))?;
        let name = self.name();
        let repeat = self.eat("*").map(|_| {
            let least = self.bound();
            self.expect("..");
            (least, self.bound())
        });
        let is_right = self.eat_glued("]->").is_some();
        if !is_right && self.eat_glued("]-").is_none() {
            self.expect_close("]-", open);
        }
        let kind = match (is_left, is_right) {
            (true, _) => GraphElementKind::Left,
            (false, true) => GraphElementKind::Right,
            (false, false) => GraphElementKind::Either,
        };
        Some(GraphElement { kind, name, repeat, span: self.span_from(start) })
    }

    fn bound(&mut self) -> Expr {
        self.path_or_signed().unwrap_or_else(|| self.missing_expression())
    }

    /// `nodes as N with_node_id = Id`.
    fn graph_output(&mut self) -> Option<GraphOutput> {
        let is_nodes = self.is("nodes");
        if !is_nodes && !self.is("edges") {
            return None;
        }
        let start = self.bump().start;
        let name = self.as_name();
        let specific: &[&str] = if is_nodes { &["with_node_id"] } else { &["with_source_id", "with_target_id"] };
        let params = self.params(specific, true);
        Some(GraphOutput { is_nodes, name, params, span: self.span_from(start) })
    }
}
