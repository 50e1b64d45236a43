//! The shortest paths of a pattern that is one variable-length edge between two nodes: found breadth first, so that what does not
//! lie on a shortest path is met once.

use kql::plan::{Direction, ElementKind, ShortestPaths};

use super::pattern::{Followed, MoveKind};
use super::room::ALLOCATION;
use super::search::{Search, Walk};

/// For each node that was reached how far it is, and the edges over which it is that near, with where they come from.
struct Reached {
    distance: Vec<Option<usize>>,
    before: Vec<Vec<(u32, u32)>>,
    /// The edges that lead back to the start on the shortest way around; not looked for where edges can be followed either way,
    /// as the shortest way around would be there and back again.
    around: Option<(usize, Vec<(u32, u32)>)>,
}

/// What is known of each node, and of each edge that leads to it.
const REACHED_NODE: usize = size_of::<Option<usize>>() + size_of::<Vec<(u32, u32)>>() + 4 * size_of::<(u32, u32)>() + ALLOCATION;
const REACHED_EDGE: usize = 2 * size_of::<(u32, u32)>();

impl Reached {
    fn come_around(&mut self, length: usize, edge: u32, from: u32) {
        let around = self.around.get_or_insert((length, Vec::new()));
        if around.0 == length {
            around.1.push((edge, from));
        }
    }
}

impl Search<'_, '_> {
    /// Gives the shortest paths; false, without having given any, if the pattern is none of those that can be searched like this.
    pub(super) fn by_breadth(&mut self, which: ShortestPaths) -> bool {
        let pattern = self.pattern;
        let [start, follow] = pattern.moves.as_slice() else { return false };
        let (MoveKind::Start(first), MoveKind::Follow(step)) = (&start.kind, &follow.kind) else { return false };
        let ElementKind::Path { least, most } = pattern.elements[step.edge] else { return false };
        if least > 1 || step.from == step.to || !follow.decides.iter().all(|condition| pattern.is_about_nodes(*condition)) {
            return false;
        }
        let (nodes, edges) = (self.graph.nodes.len(), self.graph.edges.len());
        if !self.takes(nodes * REACHED_NODE + edges * REACHED_EDGE) {
            return true;
        }
        for node in 0..super::memory::number(self.graph.nodes.len()) {
            if !self.bind_node(*first, node) {
                continue;
            }
            let goes_on = !self.decide(0) || self.from(node, step, (least as usize, most as usize), which);
            self.unbind_node(*first, node);
            if !goes_on {
                break;
            }
        }
        true
    }

    /// The shortest paths from one node to all others.
    fn from(&mut self, start: u32, step: &Followed, lengths: (usize, usize), which: ShortestPaths) -> bool {
        let Some(reached) = self.reached(start, step, lengths.1) else { return false };
        for node in 0..super::memory::number(self.graph.nodes.len()) {
            let nearest = match (node == start, lengths.0) {
                (true, 0) => Some((0, &[][..])),
                (true, _) => reached.around.as_ref().map(|(length, last)| (*length, last.as_slice())),
                (false, _) => reached.distance[node as usize].map(|length| (length, reached.before[node as usize].as_slice())),
            };
            let Some((length, last)) = nearest else { continue };
            if !self.bind_node(step.to, node) {
                continue;
            }
            let goes_on = !self.decide(1) || self.paths(&reached, step, length, last, which);
            self.unbind_node(step.to, node);
            if !goes_on {
                return false;
            }
        }
        true
    }

    /// How far each node is, and over which edges; nothing once nobody waits any more.
    fn reached(&mut self, start: u32, step: &Followed, most: usize) -> Option<Reached> {
        let nodes = self.graph.nodes.len();
        let mut reached = Reached { distance: vec![None; nodes], before: vec![Vec::new(); nodes], around: None };
        reached.distance[start as usize] = Some(0);
        let is_two_way = self.graph.undirected || step.direction == Direction::Either;
        let mut front = vec![start];
        for length in 1..=most {
            let mut next = Vec::new();
            for from in front {
                // An inner node must pass; the start is none.
                if length > 1 && !self.passes_inner(step, from) {
                    continue;
                }
                let mut place = 0;
                while let Some(follow) = self.graph.follow(from, step.direction, place) {
                    place += 1;
                    if !self.waits() {
                        return None;
                    }
                    if follow.is_repeated || !self.passes_edge(step, follow.edge) {
                        continue;
                    }
                    if follow.node == start {
                        if !is_two_way {
                            reached.come_around(length, follow.edge, from);
                        }
                        continue;
                    }
                    let distance = &mut reached.distance[follow.node as usize];
                    if distance.is_none() {
                        *distance = Some(length);
                        next.push(follow.node);
                    }
                    if *distance == Some(length) {
                        reached.before[follow.node as usize].push((follow.edge, from));
                    }
                }
            }
            if next.is_empty() {
                break;
            }
            front = next;
        }
        Some(reached)
    }

    /// Gives the paths of that length whose last edge is one of `last`: all of them, or the first.
    fn paths(&mut self, reached: &Reached, step: &Followed, length: usize, last: &[(u32, u32)], which: ShortestPaths) -> bool {
        if length == 0 {
            self.walks[step.edge] = Walk { reversed: step.reversed, ..Walk::default() };
            return self.give();
        }
        // From the end to the start: for each edge where it comes from, and which of the edges there is tried next.
        let mut stack: Vec<(&[(u32, u32)], usize)> = vec![(last, 0)];
        let (mut edges, mut inner): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        while let Some((choices, place)) = stack.last_mut() {
            let Some((edge, from)) = choices.get(*place).copied() else {
                stack.pop();
                edges.pop();
                inner.pop();
                continue;
            };
            *place += 1;
            edges.push(edge);
            if edges.len() == length {
                let walk = Walk { edges: edges.clone(), inner: inner.clone(), reversed: step.reversed };
                self.walks[step.edge] = walk.turned();
                if !self.give() {
                    return false;
                }
                if which == ShortestPaths::Any {
                    return true;
                }
                edges.pop();
                continue;
            }
            inner.push(from);
            stack.push((&reached.before[from as usize], 0));
        }
        true
    }
}

impl Walk {
    /// The same, gathered from the end.
    fn turned(mut self) -> Walk {
        self.edges.reverse();
        self.inner.reverse();
        self
    }
}
