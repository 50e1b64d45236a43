//! The matches of a pattern in a graph, one after the other.
//!
//! Elements are bound in the pattern's order of moves; whatever a condition needs is asked as soon as it is bound.
//! Variable-length edges are walked with a stack of their own, so that a long path is no deep recursion.

use kql::plan::{Cycles, ElementKind, PathFunction, ShortestPaths};

use super::memory::Graph;
use super::pattern::{Followed, MoveKind, Pattern};
use super::room::Room;
use crate::cell::Cell;
use crate::error::{Error, Result};

/// Steps between two questions whether anybody still waits.
const STEPS_BETWEEN: u64 = 1 << 14;

/// What is done with a match: its row, under the columns that expressions see. It says whether to go on.
pub(super) type OnMatch<'a, 'g> = &'a mut dyn FnMut(&[Cell<'g>]) -> bool;

/// A search: what is bound so far.
pub(super) struct Search<'a, 'g> {
    pub(super) graph: &'g Graph,
    pub(super) pattern: &'g Pattern,
    /// The columns of the bound elements, then what is computed along paths.
    row: Vec<Cell<'g>>,
    /// The node that each node element is bound to.
    pub(super) bound: Vec<Option<u32>>,
    /// The edges, and the nodes between them, that each path element is bound to, as they were walked.
    pub(super) walks: Vec<Walk>,
    used_edges: Vec<bool>,
    used_nodes: Vec<bool>,
    /// Edges of the match so far.
    length: usize,
    /// Only matches of that many edges, with ends that were not met with fewer.
    only: Option<Shortest>,
    on_match: OnMatch<'a, 'g>,
    room: &'a mut Room,
    /// The steps of a path that there is room for.
    steps_held: usize,
    failed: Option<Error>,
    steps: u64,
}

/// What a step of a path takes: an edge, a node, and where to go on from there.
const STEP_BYTES: usize = 2 * (2 * size_of::<u32>() + size_of::<(u32, usize)>());
/// Steps for which room is taken at once.
const STEPS_HELD: usize = 1024;
/// What it takes to know the length of the shortest paths between two nodes.
const SHORTEST_BYTES: usize = 2 * size_of::<((u32, u32), usize)>();

/// A path as it was walked.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    pub(super) edges: Vec<u32>,
    pub(super) inner: Vec<u32>,
    pub(super) reversed: bool,
}

/// What is known of the shortest paths: how long those are that are looked for, and the ends of those found so far.
struct Shortest {
    length: usize,
    found: std::collections::HashMap<(u32, u32), usize>,
}

impl<'a, 'g> Search<'a, 'g> {
    pub(super) fn new(graph: &'g Graph, pattern: &'g Pattern, on_match: OnMatch<'a, 'g>, room: &'a mut Room) -> Search<'a, 'g> {
        let elements = pattern.elements.len();
        Search {
            graph,
            pattern,
            row: vec![Cell::Null; pattern.is_read.len()],
            bound: vec![None; elements],
            walks: vec![Walk::default(); elements],
            used_edges: vec![false; graph.edges.len()],
            used_nodes: vec![false; graph.nodes.len()],
            length: 0,
            only: None,
            on_match,
            room,
            steps_held: STEPS_HELD,
            failed: None,
            steps: 0,
        }
    }

    /// Gives all matches.
    pub(super) fn run(mut self) -> Result<()> {
        let before = self.room.taken();
        self.room.take(self.used_edges.len() + self.used_nodes.len())?;
        match self.pattern.shortest {
            None => {
                self.next(0);
            }
            Some(which) => {
                if !self.by_breadth(which) {
                    self.by_length();
                }
            }
        }
        self.room.back_to(before);
        self.failed.map_or(Ok(()), Err)
    }

    /// Takes so many bytes more; if there are none, the search ends here.
    pub(super) fn takes(&mut self, bytes: usize) -> bool {
        match self.room.take(bytes) {
            Ok(()) => true,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    /// The shortest paths by looking for ever longer ones: right whatever is asked of them.
    fn by_length(&mut self) {
        let (mut least, mut most) = (0_usize, 0_usize);
        for element in &self.pattern.elements {
            match element {
                ElementKind::Node => {}
                ElementKind::Edge => (least, most) = (least + 1, most + 1),
                ElementKind::Path { least: l, most: m } => (least, most) = (least + *l as usize, most + *m as usize),
            }
        }
        if self.pattern.cycles != Cycles::All {
            most = most.min(self.graph.edges.len());
        }
        for length in least..=most {
            let found = self.only.take().map(|only| only.found).unwrap_or_default();
            self.only = Some(Shortest { length, found });
            if !self.next(0) {
                return;
            }
        }
    }

    /// Does the move of that number and all after it; false once nobody wants more.
    fn next(&mut self, at: usize) -> bool {
        let pattern = self.pattern;
        let Some(step) = pattern.moves.get(at) else { return self.complete() };
        match &step.kind {
            MoveKind::Start(element) => {
                for node in 0..super::memory::number(self.graph.nodes.len()) {
                    if self.bind_node(*element, node) {
                        let goes_on = !self.decide(at) || self.next(at + 1);
                        self.unbind_node(*element, node);
                        if !goes_on {
                            return false;
                        }
                    }
                }
                true
            }
            MoveKind::Follow(step) => match pattern.elements[step.edge] {
                ElementKind::Path { least, most } => self.walk(at, step, least as usize, most as usize),
                _ => self.edge(at, step),
            },
        }
    }

    /// Follows each single edge that leads on.
    fn edge(&mut self, at: usize, step: &'g Followed) -> bool {
        let Some(from) = self.bound[step.from] else { return true };
        let mut place = 0;
        while let Some(follow) = self.graph.follow(from, step.direction, place) {
            place += 1;
            if !self.waits() {
                return false;
            }
            if follow.is_repeated || !self.take_edge(follow.edge) {
                continue;
            }
            self.show(step.edge, &self.graph.edges[follow.edge as usize].properties);
            // Several paths may name one edge; a path over it is of one edge.
            self.walks[step.edge] = Walk { edges: vec![follow.edge], inner: Vec::new(), reversed: step.reversed };
            let goes_on = self.arrive(at, step, follow.node);
            self.leave_edge(follow.edge);
            if !goes_on {
                return false;
            }
        }
        true
    }

    /// Walks all paths of a variable-length edge.
    fn walk(&mut self, at: usize, step: &'g Followed, least: usize, most: usize) -> bool {
        let Some(from) = self.bound[step.from] else { return true };
        self.walks[step.edge] = Walk { reversed: step.reversed, ..Walk::default() };
        if least == 0 && !self.arrive(at, step, from) {
            return false;
        }
        let mut stack: Vec<(u32, usize)> = if most > 0 { vec![(from, 0)] } else { Vec::new() };
        let mut goes_on = true;
        while let Some((node, place)) = stack.last_mut() {
            let follow = self.graph.follow(*node, step.direction, *place).filter(|_| goes_on);
            *place += 1;
            let Some(follow) = follow else {
                stack.pop();
                if let Some(edge) = self.walks[step.edge].edges.pop() {
                    self.leave_edge(edge);
                    self.leave_inner(step);
                }
                continue;
            };
            goes_on = self.waits();
            if follow.is_repeated || !goes_on || !self.passes_edge(step, follow.edge) || !self.take_edge(follow.edge) {
                continue;
            }
            self.walks[step.edge].edges.push(follow.edge);
            let length = self.walks[step.edge].edges.len();
            if length >= least {
                goes_on = self.arrive(at, step, follow.node);
            }
            if length < most && self.takes_inner(step, follow.node) {
                self.walks[step.edge].inner.push(follow.node);
                stack.push((follow.node, 0));
                if length > self.steps_held {
                    self.steps_held += STEPS_HELD;
                    goes_on = goes_on && self.takes(STEPS_HELD * STEP_BYTES);
                }
            } else {
                self.walks[step.edge].edges.pop();
                self.leave_edge(follow.edge);
            }
        }
        goes_on
    }

    /// Binds the node at the end of a step, and goes on from there.
    fn arrive(&mut self, at: usize, step: &'g Followed, node: u32) -> bool {
        if let Some(known) = self.bound[step.to] {
            return known != node || !self.decide(at) || self.next(at + 1);
        }
        if !self.bind_node(step.to, node) {
            return true;
        }
        let goes_on = !self.decide(at) || self.next(at + 1);
        self.unbind_node(step.to, node);
        goes_on
    }

    /// All elements are bound.
    fn complete(&mut self) -> bool {
        if let Some(only) = &mut self.only {
            let (start, end) = self.pattern.ends;
            let ends = (self.bound[start].unwrap_or(0), self.bound[end].unwrap_or(0));
            let known = only.found.get(&ends).copied();
            let is_any = self.pattern.shortest == Some(ShortestPaths::Any);
            if self.length != only.length || known.is_some_and(|known| is_any || known < only.length) {
                return true;
            }
            only.found.insert(ends, only.length);
            if known.is_none() && !self.takes(SHORTEST_BYTES) {
                return false;
            }
        }
        self.give()
    }

    /// Gives the match at hand.
    pub(super) fn give(&mut self) -> bool {
        for path in 0..self.pattern.paths.len() {
            self.compute(path);
        }
        (self.on_match)(&self.row)
    }

    /// Asks the conditions that a move decides.
    pub(super) fn decide(&mut self, at: usize) -> bool {
        let pattern = self.pattern;
        for condition in &pattern.moves[at].decides {
            let condition = &pattern.conditions[*condition];
            for path in &condition.paths {
                self.compute(*path);
            }
            if condition.expr.eval(&self.row).as_bool() != Some(true) {
                return false;
            }
        }
        true
    }

    /// Computes what is asked along a path.
    fn compute(&mut self, path: usize) {
        let along = &self.pattern.paths[path];
        let walk = &self.walks[along.element];
        let mut values = Vec::new();
        let members = if along.inner_nodes { &walk.inner } else { &walk.edges };
        for at in 0..members.len() {
            let member = members[if walk.reversed { members.len() - 1 - at } else { at }];
            values.push(self.at_member(path, member));
        }
        let value = match along.function {
            PathFunction::All => Cell::Bool(values.iter().all(|value| value.as_bool() == Some(true))),
            PathFunction::Any => Cell::Bool(values.iter().any(|value| value.as_bool() == Some(true))),
            PathFunction::Map => Cell::json(&serde_json::Value::Array(values.iter().map(Cell::to_json).collect())),
        };
        let first = self.pattern.offsets.last().copied().unwrap_or(0);
        self.row[first + path] = value;
    }

    /// The value of what is asked along a path for one of its edges or inner nodes.
    fn at_member(&self, path: usize, member: u32) -> Cell<'g> {
        let along = &self.pattern.paths[path];
        let mut row: Vec<Cell<'g>> = if along.inner_nodes {
            self.node_cells(member)
        } else {
            self.graph.edges[member as usize].properties.iter().map(Cell::of).collect()
        };
        row.extend(self.row.iter().cloned());
        along.body.eval(&row)
    }

    /// Whether each edge of a path is asked something, and this one passes.
    pub(super) fn passes_edge(&self, step: &Followed, edge: u32) -> bool {
        step.edge_filters.iter().all(|path| self.at_member(*path, edge).as_bool() == Some(true))
    }

    /// The same for an inner node.
    pub(super) fn passes_inner(&self, step: &Followed, node: u32) -> bool {
        step.node_filters.iter().all(|path| self.at_member(*path, node).as_bool() == Some(true))
    }

    fn takes_inner(&mut self, step: &Followed, node: u32) -> bool {
        if self.pattern.cycles == Cycles::None {
            if self.used_nodes[node as usize] || self.bound[step.to] == Some(node) || !self.passes_inner(step, node) {
                return false;
            }
            self.used_nodes[node as usize] = true;
            return true;
        }
        self.passes_inner(step, node)
    }

    fn leave_inner(&mut self, step: &Followed) {
        if let Some(node) = self.walks[step.edge].inner.pop()
            && self.pattern.cycles == Cycles::None
        {
            self.used_nodes[node as usize] = false;
        }
    }

    fn take_edge(&mut self, edge: u32) -> bool {
        let is_too_long = self.only.as_ref().is_some_and(|only| self.length >= only.length);
        if is_too_long || (self.pattern.cycles == Cycles::UniqueEdges && self.used_edges[edge as usize]) {
            return false;
        }
        self.used_edges[edge as usize] = true;
        self.length += 1;
        true
    }

    fn leave_edge(&mut self, edge: u32) {
        self.used_edges[edge as usize] = false;
        self.length -= 1;
    }

    /// Binds a node element, unless the node was met before and must not be.
    pub(super) fn bind_node(&mut self, element: usize, node: u32) -> bool {
        if self.pattern.cycles == Cycles::None && std::mem::replace(&mut self.used_nodes[node as usize], true) {
            return false;
        }
        self.bound[element] = Some(node);
        let cells = self.node_cells(node);
        let offset = self.pattern.offsets[element];
        for (at, cell) in cells.into_iter().enumerate() {
            if self.pattern.is_read[offset + at] {
                self.row[offset + at] = cell;
            }
        }
        true
    }

    pub(super) fn unbind_node(&mut self, element: usize, node: u32) {
        self.bound[element] = None;
        if self.pattern.cycles == Cycles::None {
            self.used_nodes[node as usize] = false;
        }
    }

    /// The columns of a node: its properties, then what functions say of it.
    fn node_cells(&self, node: u32) -> Vec<Cell<'g>> {
        let (known, (degree_in, degree_out)) = (&self.graph.nodes[node as usize], self.graph.degrees(node));
        let mut cells: Vec<Cell<'g>> = known.properties.iter().map(Cell::of).collect();
        cells.extend([Cell::text(known.id.to_text()), Cell::Long(degree_in), Cell::Long(degree_out)]);
        cells
    }

    fn show(&mut self, element: usize, properties: &'g [kql::Value]) {
        let offset = self.pattern.offsets[element];
        for (at, value) in properties.iter().enumerate() {
            self.row[offset + at] = Cell::of(value);
        }
    }

    /// Whether anybody still waits, asked now and then.
    pub(super) fn waits(&mut self) -> bool {
        self.steps += 1;
        !self.steps.is_multiple_of(STEPS_BETWEEN) || self.room.is_wanted()
    }
}
