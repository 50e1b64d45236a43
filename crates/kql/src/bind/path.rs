//! The elements of a graph pattern as its expressions see them, and the functions over them: `all`, `any`, `map`,
//! `inner_nodes`, `node_id`, `node_degree_in`, `node_degree_out`, `labels`.
//!
//! In: a pattern's elements. Out: columns by position. While expressions are bound, a variable-length edge has the columns of one
//! edge like any other; `settled` gives the positions that [`GraphMatch`](crate::plan::GraphMatch) says.

use std::sync::Arc;

use super::Binder;
use super::env::Item;
use super::flow::{Flow, unknown};
use super::scope::{Scope, Side};
use crate::ast::{self, ExprKind as Ast};
use crate::diagnostic::{self, Span};
use crate::plan::{Element, ElementKind, Expr, ExprKind, Graph, NODE_FUNCTIONS, PathExpr, PathFunction, RelKind};
use crate::types::{Column, Type, Value};

/// The functions that stand only in a pattern's `where` and `project`.
const FUNCTIONS: [&str; 8] = ["all", "any", "inner_nodes", "labels", "map", "node_degree_in", "node_degree_out", "node_id"];

/// The elements of a pattern, and what is computed along its variable-length edges so far.
#[derive(Clone, Debug)]
pub(super) struct Elements {
    graph: Arc<Graph>,
    pub(super) elements: Vec<Element>,
    /// Where each element's columns start, as expressions are bound; then the end of them all.
    offsets: Vec<usize>,
    pub(super) paths: Vec<PathExpr>,
    /// Something was asked that the plan has no words for.
    pub(super) refused: bool,
    /// Within `all(e, …)` and its kin.
    inside: Option<Inside>,
}

/// Within a function along a path: its own columns come before all others.
#[derive(Clone, Copy, Debug)]
struct Inside {
    element: usize,
    width: usize,
    inner_nodes: bool,
}

impl Elements {
    pub(super) fn new(graph: Arc<Graph>, elements: Vec<Element>) -> Elements {
        let mut elements = Elements { graph, elements, offsets: vec![0], paths: Vec::new(), refused: false, inside: None };
        for at in 0..elements.elements.len() {
            elements.offsets.push(elements.offsets[at] + elements.columns(at).len());
        }
        elements
    }

    fn columns(&self, element: usize) -> Vec<Column> {
        match self.elements[element].kind {
            ElementKind::Node => node_columns(&self.graph),
            ElementKind::Edge | ElementKind::Path { .. } => self.graph.edges.clone(),
        }
    }

    fn end(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.elements.iter().position(|element| element.name.as_deref() == Some(name))
    }

    /// The element whose columns hold that position.
    fn owner(&self, position: usize) -> Option<usize> {
        (0..self.elements.len()).find(|at| (self.offsets[*at]..self.offsets[at + 1]).contains(&position))
    }

    fn is_path(&self, element: usize) -> bool {
        matches!(self.elements[element].kind, ElementKind::Path { .. })
    }

    /// Where the plan has that column; none for one of a variable-length edge.
    fn settled_position(&self, position: usize) -> Option<usize> {
        let narrowed = |upto: usize| (0..upto).filter(|at| self.is_path(*at)).map(|at| self.columns(at).len()).sum::<usize>();
        match self.owner(position) {
            Some(owner) if self.is_path(owner) => None,
            Some(owner) => Some(position - narrowed(owner)),
            None => Some(position - narrowed(self.elements.len())),
        }
    }

    /// The expression over the plan's columns.
    pub(super) fn settled(&self, expr: &Expr) -> Result<Expr, Unsettled> {
        moved(expr, &|position| self.settled_position(position))
    }

    /// What an expression that reads a variable-length edge gives along it: a new column. Other expressions as they are.
    pub(super) fn along_path(&mut self, expr: Expr, function: PathFunction) -> Expr {
        let mut read: Vec<usize> = Vec::new();
        expr.each_column(&mut |position| {
            if let Some(owner) = self.owner(position).filter(|owner| self.is_path(*owner))
                && !read.contains(&owner)
            {
                read.push(owner);
            }
        });
        let Some(element) = read.first().copied() else { return expr };
        let ty = if function == PathFunction::Map { Type::Dynamic } else { Type::Bool };
        let width = self.graph.edges.len();
        let start = self.offsets[element];
        let body = moved(&expr, &|position| match position.checked_sub(start).filter(|at| *at < width) {
            Some(own) => Some(own),
            None if position >= self.end() => None,
            None => self.settled_position(position).map(|position| position + width),
        });
        match body {
            Ok(body) => self.push(PathExpr { function, element, inner_nodes: false, body }, ty),
            Err(Unsettled) => {
                self.refused = true;
                Expr { ty, ..unknown() }
            }
        }
    }

    /// The column of what is computed along a path.
    fn push(&mut self, path: PathExpr, ty: Type) -> Expr {
        let known = self.paths.iter().position(|known| *known == path);
        let at = known.unwrap_or_else(|| {
            self.paths.push(path);
            self.paths.len() - 1
        });
        Expr::column(self.end() + at, ty)
    }

    /// The body of a function along a path, over the plan's columns.
    fn settled_body(&self, body: &Expr, inside: Inside) -> Result<Expr, Unsettled> {
        let start = self.offsets[inside.element];
        moved(body, &|position| {
            let Some(outer) = position.checked_sub(inside.width) else { return Some(position) };
            if outer >= self.end() {
                return None;
            }
            // The element's own property by its full name: `all(e, e.kind == 'x')`.
            let own = outer.checked_sub(start).filter(|at| !inside.inner_nodes && *at < inside.width);
            match own {
                Some(own) => Some(own),
                None => self.settled_position(outer).map(|position| position + inside.width),
            }
        })
    }
}

/// A column has no place in the plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsettled;

/// The expression with each column at another position.
fn moved(expr: &Expr, to: &impl Fn(usize) -> Option<usize>) -> Result<Expr, Unsettled> {
    match expr.kind {
        ExprKind::Column(position) => Ok(Expr::column(to(position).ok_or(Unsettled)?, expr.ty)),
        _ => expr.with_args(|arg| moved(arg, to)),
    }
}

/// The bag of properties that stand side by side from a position on.
fn bag_of(properties: &[Column], first: usize) -> Expr {
    let pair = |(at, property): (usize, &Column)| {
        let key = Expr::literal(Value::String(property.name.clone()), Type::String);
        [key, Expr::column(first + at, property.ty)]
    };
    Expr::call("bag_pack", properties.iter().enumerate().flat_map(pair).collect(), Type::Dynamic)
}

/// A node's properties, and what the functions of a node give.
fn node_columns(graph: &Graph) -> Vec<Column> {
    let mut columns = graph.nodes.clone();
    columns.extend(NODE_FUNCTIONS.iter().map(|(name, ty)| Column::new(format!("{name}()"), *ty)));
    columns
}

impl Binder<'_> {
    /// What the `where` and the `project` of a pattern see.
    pub(super) fn scope_over_elements(&mut self, elements: &Elements) -> Scope {
        let mut columns: Vec<Column> = elements.inside.map(|inside| own_columns(elements, inside)).unwrap_or_default();
        let shift = columns.len();
        let mut sides: Vec<Side> = Vec::new();
        for (at, element) in elements.elements.iter().enumerate() {
            let name = element.name.clone().unwrap_or_default();
            let own = elements.columns(at);
            columns.extend(own.iter().map(|column| Column::new(format!("{name}.{}", column.name), column.ty)));
            if !name.is_empty() {
                let offset = shift + elements.offsets[at];
                sides.push(Side { name, columns: own, offset, open: elements.graph.open, origin: None });
            }
        }
        let open = elements.inside.is_some() && elements.graph.open;
        let mut scope = self.scope_over(&Flow::fresh(RelKind::Context, columns, open));
        scope.sides = sides;
        scope.elements = Some(elements.clone());
        scope
    }

    /// The value of a call that only means something in a pattern.
    pub(super) fn path_call(&mut self, name: &ast::Name, args: &[ast::Expr], span: Span) -> Option<Item> {
        if !FUNCTIONS.contains(&name.text.as_str()) {
            return None;
        }
        let scope = self.scope().filter(|scope| scope.is_visible);
        let Some(elements) = scope.and_then(|scope| scope.elements.clone()) else {
            let message = format!("`{}` stands only in the `where` and `project` of a graph pattern", name.text);
            self.report(diagnostic::MISPLACED, name.span, message);
            return Some(Item::unnamed(unknown()));
        };
        let expr = match (name.text.as_str(), args) {
            ("all" | "any" | "map", [over, body]) => self.along(&elements, &name.text, over, body),
            ("labels", [] | [_]) => Expr::literal(Value::Dynamic("[]".to_owned()), Type::Dynamic),
            ("node_id" | "node_degree_in" | "node_degree_out", []) => self.own_node_function(&elements, name),
            ("node_id" | "node_degree_in" | "node_degree_out", [node]) => self.node_function(&elements, name, node),
            ("inner_nodes", _) => {
                let message = "`inner_nodes` stands only as the first argument of all, any and map";
                self.report(diagnostic::MISPLACED, name.span, message);
                unknown()
            }
            _ => {
                let message = format!("`{}` does not take {} arguments", name.text, args.len());
                self.report(diagnostic::WRONG_COUNT, span, message);
                unknown()
            }
        };
        Some(Item::unnamed(expr))
    }

    /// `all(e, body)`, `any(inner_nodes(e), body)`, `map(e, body)`.
    fn along(&mut self, elements: &Elements, function: &str, over: &ast::Expr, body: &ast::Expr) -> Expr {
        let (over, inner_nodes) = match &over.without_parens().kind {
            Ast::Call { name, args } if name.text == "inner_nodes" && args.len() == 1 => (&args[0], true),
            _ => (over, false),
        };
        let (function, ty) = match function {
            "all" => (PathFunction::All, Type::Bool),
            "any" => (PathFunction::Any, Type::Bool),
            _ => (PathFunction::Map, Type::Dynamic),
        };
        let failed = Expr { ty, ..unknown() };
        let Some(element) = self.element(elements, over) else { return failed };
        if matches!(elements.elements[element].kind, ElementKind::Node) || elements.inside.is_some() {
            self.report(diagnostic::WRONG_ARGUMENT, over.span, "a variable-length edge of the pattern must stand here");
            return failed;
        }
        let width = if inner_nodes { node_columns(&elements.graph).len() } else { elements.graph.edges.len() };
        let inside = Inside { element, width, inner_nodes };
        let scope = self.scope_over_elements(&Elements { inside: Some(inside), ..elements.clone() });
        let (body, _) = self.within(scope, |binder| match function {
            PathFunction::Map => binder.value(body),
            PathFunction::All | PathFunction::Any => binder.predicate(body),
        });
        let Some(outer) = self.scopes.last_mut().and_then(|scope| scope.elements.as_mut()) else { return failed };
        match outer.settled_body(&body, inside) {
            Ok(body) => outer.push(PathExpr { function, element, inner_nodes, body }, ty),
            Err(Unsettled) => {
                outer.refused = true;
                failed
            }
        }
    }

    /// `node_degree_in(n)`.
    fn node_function(&mut self, elements: &Elements, name: &ast::Name, node: &ast::Expr) -> Expr {
        let Some((at, ty)) = node_function_of(&name.text) else { return unknown() };
        let Some(element) = self.element(elements, node) else { return Expr { ty, ..unknown() } };
        if elements.elements[element].kind != ElementKind::Node {
            self.report(diagnostic::WRONG_ARGUMENT, node.span, format!("`{}` takes a node of the pattern", name.text));
            return Expr { ty, ..unknown() };
        }
        let shift = elements.inside.map_or(0, |inside| inside.width);
        Expr::column(shift + elements.offsets[element] + elements.graph.nodes.len() + at, ty)
    }

    /// `node_degree_in()` within `inner_nodes`: of the node at hand.
    fn own_node_function(&mut self, elements: &Elements, name: &ast::Name) -> Expr {
        let Some((at, ty)) = node_function_of(&name.text) else { return unknown() };
        if elements.inside.is_none_or(|inside| !inside.inner_nodes) {
            let message = format!("`{}` needs a node of the pattern, unless it stands over inner_nodes(…)", name.text);
            self.report(diagnostic::WRONG_COUNT, name.span, message);
            return Expr { ty, ..unknown() };
        }
        Expr::column(elements.graph.nodes.len() + at, ty)
    }

    /// The element that an argument names.
    fn element(&mut self, elements: &Elements, written: &ast::Expr) -> Option<usize> {
        let Some(name) = written.without_parens().as_name() else {
            if !written.is_missing() {
                self.report(diagnostic::WRONG_ARGUMENT, written.span, "an element of the pattern must stand here");
            }
            return None;
        };
        let found = elements.position(&name.text);
        if found.is_none() {
            self.unknown_element(&name.text, name.span);
        }
        found
    }

    /// The element of that name as a value: the bag of its properties, of a variable-length edge the array of its edges' bags.
    pub(super) fn element_value(&mut self, name: &str) -> Option<Expr> {
        let scope = self.scopes.last_mut().filter(|scope| scope.is_visible)?;
        let elements = scope.elements.as_mut()?;
        let element = elements.position(name)?;
        let shift = elements.inside.map_or(0, |inside| inside.width);
        let graph = elements.graph.clone();
        Some(match elements.elements[element].kind {
            ElementKind::Node => bag_of(&graph.nodes, shift + elements.offsets[element]),
            ElementKind::Edge => bag_of(&graph.edges, shift + elements.offsets[element]),
            ElementKind::Path { .. } => {
                let body = bag_of(&graph.edges, 0);
                let path = PathExpr { function: PathFunction::Map, element, inner_nodes: false, body };
                let along = elements.push(path, Type::Dynamic);
                moved(&along, &|position| Some(position + shift)).unwrap_or_else(|Unsettled| unknown())
            }
        })
    }
}

/// The columns of the edge or inner node at hand.
fn own_columns(elements: &Elements, inside: Inside) -> Vec<Column> {
    if inside.inner_nodes { node_columns(&elements.graph) } else { elements.graph.edges.clone() }
}

fn node_function_of(name: &str) -> Option<(usize, Type)> {
    let at = NODE_FUNCTIONS.iter().position(|(known, _)| *known == name)?;
    Some((at, NODE_FUNCTIONS[at].1))
}
