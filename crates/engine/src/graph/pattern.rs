//! A pattern, ready to be looked for: in which order its elements are bound, and when each condition is decided.
//!
//! In: [`GraphMatch`], whose expressions stand over the columns of all elements side by side. Out: [`Pattern`], which
//! [`search`](super::search) walks along.

use kql::plan::{Cycles, Direction, ElementKind, Expr, ExprKind, GraphMatch, PathExpr, PathFunction, ShortestPaths};
use kql::{Column, Value};

use crate::error::{Error, Result};
use crate::local::RowExpr;
use crate::lower::Lower;

/// A pattern with its conditions and its result.
pub(super) struct Pattern {
    /// Nodes, edges and paths, by the numbers that all else uses.
    pub(super) elements: Vec<ElementKind>,
    /// Where the columns of each element start in a row; then where those of `paths` do.
    pub(super) offsets: Vec<usize>,
    /// What binds the elements, in order.
    pub(super) moves: Vec<Move>,
    pub(super) conditions: Vec<Condition>,
    /// What is computed along paths: columns behind those of the elements.
    pub(super) paths: Vec<Along>,
    /// The result.
    pub(super) exprs: Vec<RowExpr>,
    pub(super) cycles: Cycles,
    pub(super) shortest: Option<ShortestPaths>,
    /// The nodes between which paths are the shortest.
    pub(super) ends: (usize, usize),
    /// Which columns of a row anything reads.
    pub(super) is_read: Vec<bool>,
}

/// One step of a search.
pub(super) struct Move {
    pub(super) kind: MoveKind,
    /// The conditions that are decided once it is done.
    pub(super) decides: Vec<usize>,
}

/// What a step does.
pub(super) enum MoveKind {
    /// Any node of the graph.
    Start(usize),
    /// From a bound node along an edge.
    Follow(Followed),
}

/// A step along an edge.
pub(super) struct Followed {
    pub(super) from: usize,
    /// The element that is followed: an edge or a path.
    pub(super) edge: usize,
    pub(super) to: usize,
    /// As it is walked, not as it is written.
    pub(super) direction: Direction,
    /// It is walked from its end to its start.
    pub(super) reversed: bool,
    /// Conditions on each edge of a path.
    pub(super) edge_filters: Vec<usize>,
    /// Conditions on each inner node of a path.
    pub(super) node_filters: Vec<usize>,
}

/// One of the conditions that all must be true.
pub(super) struct Condition {
    pub(super) expr: RowExpr,
    /// The elements it reads.
    needs: Vec<usize>,
    /// What it reads that is computed along paths.
    pub(super) paths: Vec<usize>,
    /// It is this `all(…)` and nothing else.
    is_path: Option<usize>,
}

/// What is computed along a path.
pub(super) struct Along {
    pub(super) function: PathFunction,
    pub(super) element: usize,
    pub(super) inner_nodes: bool,
    pub(super) body: RowExpr,
    /// The elements that the body reads beside its own.
    needs: Vec<usize>,
}

impl Pattern {
    pub(super) fn compile(lower: &Lower<'_>, found: &GraphMatch) -> Result<Pattern> {
        let mut offsets: Vec<usize> = (0..found.elements.len()).map(|at| found.offset(at)).collect();
        offsets.push(offsets.last().map_or(0, |last| last + found.width(found.elements.len() - 1)));
        let steps = steps(found);
        if steps.iter().enumerate().any(|(at, step)| steps[..at].iter().any(|before| before.edge == step.edge)) {
            return Err(Error::unsupported("an edge that stands twice in a graph pattern"));
        }
        let columns = found.columns();
        let reads = Reads { offsets: &offsets, found };
        let along = |path: &PathExpr| {
            let needs = reads.elements(&path.body, reads.own_width(path));
            let (function, element, inner_nodes) = (path.function, path.element, path.inner_nodes);
            Ok(Along { function, element, inner_nodes, body: RowExpr::compile(lower, &path.body)?, needs })
        };
        let paths: Vec<Along> = found.paths.iter().map(along).collect::<Result<_>>()?;
        let mut conditions = Vec::new();
        for condition in terms(found.predicate.as_ref()) {
            let mut needs = reads.elements(condition, 0);
            let read = reads.paths(condition);
            needs.extend(read.iter().flat_map(|at| paths[*at].needs.iter().copied().chain([paths[*at].element])));
            let is_path = match &condition.kind {
                ExprKind::Column(_) => read.first().copied().filter(|at| paths[*at].function == PathFunction::All),
                _ => None,
            };
            conditions.push(Condition { expr: RowExpr::compile(lower, condition)?, needs, paths: read, is_path });
        }
        let mut pattern = Pattern {
            is_read: reads.all(&columns),
            elements: found.elements.iter().map(|element| element.kind).collect(),
            offsets: offsets.clone(),
            moves: Vec::new(),
            conditions,
            paths,
            exprs: RowExpr::compile_all(lower, &found.exprs)?,
            cycles: found.cycles,
            shortest: found.shortest,
            ends: ends(found),
        };
        pattern.plan(steps);
        Ok(pattern)
    }

    /// Orders the moves: from the node of which most is asked, then along whatever leads on from there.
    fn plan(&mut self, mut left: Vec<Followed>) {
        let asked = |node: usize| self.conditions.iter().filter(|it| it.needs.iter().all(|need| *need == node)).count();
        let nodes: Vec<usize> = (0..self.elements.len()).filter(|at| self.elements[*at] == ElementKind::Node).collect();
        let first = nodes.iter().copied().max_by_key(|node| (asked(*node), std::cmp::Reverse(*node)));
        let mut bound = vec![false; self.elements.len()];
        let mut decided = vec![false; self.conditions.len()];
        let mut start = first;
        while let Some(node) = start {
            if !std::mem::replace(&mut bound[node], true) {
                self.add(MoveKind::Start(node), &bound, &mut decided);
            }
            while let Some(at) = left.iter().position(|step| bound[step.from] || bound[step.to]) {
                let step = left.remove(at);
                let followed = if bound[step.from] { step } else { step.turned() };
                let followed = self.filtered(followed, &bound, &mut decided);
                (bound[followed.edge], bound[followed.to]) = (true, true);
                self.add(MoveKind::Follow(followed), &bound, &mut decided);
            }
            start = nodes.iter().copied().find(|node| !bound[*node]);
        }
    }

    fn add(&mut self, kind: MoveKind, bound: &[bool], decided: &mut [bool]) {
        let mut decides = Vec::new();
        for (at, condition) in self.conditions.iter().enumerate() {
            if !decided[at] && condition.needs.iter().all(|need| bound[*need]) {
                decided[at] = true;
                decides.push(at);
            }
        }
        self.moves.push(Move { kind, decides });
    }

    /// The step with the conditions that each of its edges, or inner nodes, must meet by itself.
    fn filtered(&self, mut step: Followed, bound: &[bool], decided: &mut [bool]) -> Followed {
        for (at, condition) in self.conditions.iter().enumerate().filter(|(at, _)| !decided[*at]).collect::<Vec<_>>() {
            let Some(path) = condition.is_path else { continue };
            let along = &self.paths[path];
            if along.element == step.edge && along.needs.iter().all(|need| bound[*need]) {
                decided[at] = true;
                let filters = if along.inner_nodes { &mut step.node_filters } else { &mut step.edge_filters };
                filters.push(path);
            }
        }
        step
    }

    /// Whether a condition is about the bound nodes alone, whatever leads from one to the other.
    pub(super) fn is_about_nodes(&self, condition: usize) -> bool {
        let condition = &self.conditions[condition];
        condition.paths.is_empty() && condition.needs.iter().all(|need| self.elements[*need] == ElementKind::Node)
    }
}

impl Followed {
    /// The same step from its other end.
    fn turned(self) -> Followed {
        let direction = match self.direction {
            Direction::Right => Direction::Left,
            Direction::Left => Direction::Right,
            Direction::Either => Direction::Either,
        };
        Followed { from: self.to, to: self.from, direction, reversed: !self.reversed, ..self }
    }
}

/// The steps of all paths of the pattern, as written.
fn steps(found: &GraphMatch) -> Vec<Followed> {
    let mut steps = Vec::new();
    for path in &found.patterns {
        let mut from = path.start;
        for step in &path.steps {
            let (edge, to, direction) = (step.edge, step.node, step.direction);
            let (edge_filters, node_filters) = (Vec::new(), Vec::new());
            steps.push(Followed { from, edge, to, direction, reversed: false, edge_filters, node_filters });
            from = to;
        }
    }
    steps
}

/// The first and the last node of the first path.
fn ends(found: &GraphMatch) -> (usize, usize) {
    let path = found.patterns.first();
    let start = path.map_or(0, |path| path.start);
    (start, path.and_then(|path| path.steps.last()).map_or(start, |step| step.node))
}

/// The terms of a conjunction.
fn terms(predicate: Option<&Expr>) -> Vec<&Expr> {
    match predicate {
        None => Vec::new(),
        Some(Expr { kind: ExprKind::And(terms), .. }) => terms.iter().collect(),
        // What is always true needs no asking.
        Some(Expr { kind: ExprKind::Literal(Value::Bool(true)), .. }) => Vec::new(),
        Some(one) => vec![one],
    }
}

/// What expressions read, by the columns of a match.
struct Reads<'a> {
    offsets: &'a [usize],
    found: &'a GraphMatch,
}

impl Reads<'_> {
    fn own_width(&self, path: &PathExpr) -> usize {
        if path.inner_nodes { self.found.graph.node_width() } else { self.found.graph.edges.len() }
    }

    /// The elements whose columns are read; the first `own` columns are none of them.
    fn elements(&self, expr: &Expr, own: usize) -> Vec<usize> {
        let mut elements = Vec::new();
        expr.each_column(&mut |position| {
            let at = position.checked_sub(own).and_then(|position| {
                (0..self.found.elements.len()).find(|at| (self.offsets[*at]..self.offsets[at + 1]).contains(&position))
            });
            elements.extend(at.filter(|at| !elements.contains(at)));
        });
        elements
    }

    /// What is read that is computed along paths.
    fn paths(&self, expr: &Expr) -> Vec<usize> {
        let first = self.offsets.last().copied().unwrap_or(0);
        let mut paths = Vec::new();
        expr.each_column(&mut |position| paths.extend(position.checked_sub(first).filter(|at| !paths.contains(at))));
        paths
    }

    /// For each column of a match whether anything reads it.
    fn all(&self, columns: &[Column]) -> Vec<bool> {
        let mut read = vec![false; columns.len()];
        let mut mark = |position: usize| {
            if let Some(column) = read.get_mut(position) {
                *column = true;
            }
        };
        self.found.predicate.iter().chain(&self.found.exprs).for_each(|expr| expr.each_column(&mut mark));
        for path in &self.found.paths {
            let own = self.own_width(path);
            path.body.each_column(&mut |position| position.checked_sub(own).into_iter().for_each(&mut mark));
        }
        read
    }
}
