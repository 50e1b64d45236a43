//! `graph-match` and `graph-shortest-paths`: patterns, and what is asked of their matches.
//!
//! In: a graph and a pattern with its `where` and `project`. Out: [`GraphMatch`]. While they are bound, expressions see the
//! pattern's elements side by side, those of variable length too ([`Elements`]); then what they compute along such an edge
//! becomes a [`PathExpr`], and the other columns move to where the plan has them.

use std::sync::Arc;

use super::super::path::Elements;
use super::super::{Binder, fold};
use super::param;
use super::project::Made;
use crate::ast::{self, ExprKind as Ast, GraphElementKind, Operator};
use crate::bind::flow::Flow;
use crate::diagnostic::{self, Span};
use crate::plan::{
    Cycles, Direction, Element, ElementKind, Expr, ExprKind, Graph, GraphMatch, PathFunction, PathStep, Pattern, RelKind,
    ShortestPaths,
};
use crate::types::Type;

impl Binder<'_> {
    pub(super) fn graph_match(
        &mut self,
        graph: &Arc<Graph>,
        written: &ast::GraphMatch,
        operator: &Operator,
        is_shortest: bool,
    ) -> Flow {
        let mut elements: Vec<Element> = Vec::new();
        let patterns = written.patterns.iter().map(|path| self.pattern(path, &mut elements)).collect::<Option<Vec<Pattern>>>();
        let (cycles, shortest) = pattern_options(operator, is_shortest);
        let elements = Elements::new(graph.clone(), elements);
        let scope = self.scope_over_elements(&elements);
        let ((predicate, made), scope) = self.within(scope, |binder| {
            let predicate = written.predicate.as_ref().map(|predicate| binder.pattern_predicate(predicate));
            let mut made = Made::new();
            for item in &written.project {
                binder.pattern_column(&mut made, item);
            }
            (predicate, made)
        });
        let elements = scope.elements.unwrap_or(elements);
        if !written.has_project {
            return super::graph::flow_of(Graph::clone(graph));
        }
        let predicate = predicate.map(|predicate| elements.settled(&predicate)).transpose();
        let exprs = made.exprs.iter().map(|expr| elements.settled(expr)).collect::<Result<Vec<Expr>, _>>();
        let (Some(patterns), Ok(predicate), Ok(exprs), false) = (patterns, predicate, exprs, elements.refused) else {
            let what = "an expression over several variable-length edges of a pattern";
            return super::unsupported(what, None, made.columns, false);
        };
        let found = GraphMatch {
            graph: graph.clone(),
            elements: elements.elements,
            patterns,
            cycles,
            shortest,
            paths: elements.paths,
            predicate,
            exprs,
        };
        Flow::fresh(RelKind::GraphMatch(Box::new(found)), made.columns, false)
    }

    /// One path: nodes and edges by turns, a node at each end.
    fn pattern(&mut self, path: &[ast::GraphElement], elements: &mut Vec<Element>) -> Option<Pattern> {
        let is_node = |element: &ast::GraphElement| element.kind == GraphElementKind::Node;
        let wrong = path.iter().enumerate().find(|(at, element)| is_node(element) != (at % 2 == 0));
        if let Some((at, element)) = wrong {
            let (wanted, found) = if at % 2 == 0 { ("a node, as `(n)`", "an edge") } else { ("an edge, as `-[e]->`", "a node") };
            self.report(diagnostic::GRAPH_PATTERN, element.span, format!("{wanted} must stand here, not {found}"));
        }
        let last = path.last()?;
        if wrong.is_none() && !is_node(last) {
            self.report(diagnostic::GRAPH_PATTERN, last.span, "the pattern must end with a node, as `(n)`");
        }
        let mut found = Vec::with_capacity(path.len());
        for element in path {
            found.push(self.pattern_element(element, elements));
        }
        if wrong.is_some() || !is_node(last) {
            return None;
        }
        let steps = path[1..].chunks_exact(2).zip(found[1..].chunks_exact(2));
        let step = |(written, at): (&[ast::GraphElement], &[usize])| {
            let direction = match written[0].kind {
                GraphElementKind::Right => Direction::Right,
                GraphElementKind::Left => Direction::Left,
                GraphElementKind::Either | GraphElementKind::Node => Direction::Either,
            };
            PathStep { edge: at[0], direction, node: at[1] }
        };
        Some(Pattern { start: found[0], steps: steps.map(step).collect() })
    }

    /// The element of that name, which may stand in several places, or a new one.
    fn pattern_element(&mut self, written: &ast::GraphElement, elements: &mut Vec<Element>) -> usize {
        let kind = match (&written.kind, &written.repeat) {
            (GraphElementKind::Node, _) => ElementKind::Node,
            (_, None) => ElementKind::Edge,
            (_, Some((least, most))) => ElementKind::Path { least: self.path_length(least), most: self.path_length(most) },
        };
        let name = written.name.as_ref().map(|name| name.text.clone()).filter(|name| !name.is_empty());
        if let Some(at) = elements.iter().position(|known| name.is_some() && known.name == name) {
            if elements[at].kind != kind {
                let name = name.unwrap_or_default();
                let message = format!("`{name}` stands for another element of the pattern already");
                self.report(diagnostic::GRAPH_PATTERN, written.span, message);
            }
            return at;
        }
        elements.push(Element { name, kind });
        elements.len() - 1
    }

    fn path_length(&mut self, written: &ast::Expr) -> u32 {
        let value = self.outside(|binder| binder.value(written));
        if value.ty != Type::Unknown && fold::integer(&value).is_none() {
            self.report(diagnostic::EXPECTED_CONSTANT, written.span, "how often an edge repeats must be a constant integer");
        }
        fold::integer(&value).and_then(|length| u32::try_from(length).ok()).unwrap_or(0)
    }

    /// The conditions joined by `and`: one that reads a variable-length edge holds for each edge of the path.
    fn pattern_predicate(&mut self, written: &ast::Expr) -> Expr {
        let mut conditions: Vec<Expr> = Vec::new();
        let mut open: Vec<&ast::Expr> = vec![written];
        while let Some(next) = open.pop() {
            match &next.without_parens().kind {
                Ast::And(operands) => open.extend(operands.iter().rev()),
                _ => {
                    let condition = self.predicate(next);
                    conditions.push(self.along_path(condition, PathFunction::All));
                }
            }
        }
        match conditions.len() {
            1 => conditions.remove(0),
            _ => {
                let flat = conditions.into_iter().flat_map(|condition| match condition.kind {
                    ExprKind::And(inner) => inner,
                    kind => vec![Expr { kind, ty: condition.ty }],
                });
                Expr { kind: ExprKind::And(flat.collect()), ty: Type::Bool }
            }
        }
    }

    /// A projected expression: one that reads a variable-length edge is the array of its values.
    fn pattern_column(&mut self, made: &mut Made, written: &ast::Expr) {
        for (named, mut item) in self.items(written) {
            item.expr = self.along_path(item.expr, PathFunction::Map);
            self.add(made, named, item, written);
        }
    }

    fn along_path(&mut self, expr: Expr, function: PathFunction) -> Expr {
        match self.scopes.last_mut().and_then(|scope| scope.elements.as_mut()) {
            Some(elements) => elements.along_path(expr, function),
            None => expr,
        }
    }

    /// Reports an element that the pattern does not have.
    pub(in crate::bind) fn unknown_element(&mut self, name: &str, span: Span) {
        let elements = self.scope().and_then(|scope| scope.elements.as_ref());
        let known: Vec<String> =
            elements.map(|elements| elements.elements.iter().filter_map(|e| e.name.clone()).collect()).unwrap_or_default();
        let near = crate::catalog::nearest(name, known.iter().map(String::as_str));
        let help = super::super::resolve::did_you_mean(&near);
        self.report_with_help(diagnostic::UNKNOWN_NAME, span, format!("the pattern has no element called `{name}`"), help);
    }
}

fn pattern_options(operator: &Operator, is_shortest: bool) -> (Cycles, Option<ShortestPaths>) {
    let cycles = match param(&operator.params, "cycles").as_deref() {
        Some("all") => Cycles::All,
        Some("none") => Cycles::None,
        _ => Cycles::UniqueEdges,
    };
    let is_all = param(&operator.params, "output").is_some_and(|output| output == "all");
    let shortest = if is_all { ShortestPaths::All } else { ShortestPaths::Any };
    (cycles, is_shortest.then_some(shortest))
}
