//! A graph in memory: nodes and edges by number, and what leads from where.

use std::collections::HashMap;

use kql::plan::Direction;
use kql::{Type, Value};

use crate::cell::Cell;
use crate::row_key;

/// A graph. Nodes and edges are known by their numbers.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    /// Edges can be followed either way.
    pub(super) undirected: bool,
    /// For each node the edges that leave it, with where they lead.
    out: Vec<Vec<(u32, u32)>>,
    /// For each node the edges that reach it, with where they come from.
    into: Vec<Vec<(u32, u32)>>,
}

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: Value,
    pub(super) properties: Vec<Value>,
}

/// An edge.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) source: u32,
    pub(super) target: u32,
    pub(super) properties: Vec<Value>,
}

impl Graph {
    /// The graph of these nodes and edges.
    pub(super) fn new(nodes: Vec<Node>, edges: Vec<Edge>, undirected: bool) -> Graph {
        let mut graph =
            Graph { out: vec![Vec::new(); nodes.len()], into: vec![Vec::new(); nodes.len()], nodes, edges, undirected };
        for (at, edge) in (0_u32..).zip(&graph.edges) {
            graph.out[edge.source as usize].push((at, edge.target));
            graph.into[edge.target as usize].push((at, edge.source));
        }
        graph
    }

    /// The same without some nodes, and without edges that they had an end of.
    pub(super) fn keep_nodes(self, keep: &[bool]) -> Graph {
        let mut numbers = vec![0_u32; self.nodes.len()];
        let mut nodes = Vec::new();
        for (at, node) in self.nodes.into_iter().enumerate() {
            if keep[at] {
                numbers[at] = number(nodes.len());
                nodes.push(node);
            }
        }
        let edges = self.edges.into_iter().filter(|edge| keep[edge.source as usize] && keep[edge.target as usize]);
        let moved = |edge: Edge| Edge { source: numbers[edge.source as usize], target: numbers[edge.target as usize], ..edge };
        Graph::new(nodes, edges.map(moved).collect(), self.undirected)
    }

    /// The edge at that place among those that can be followed from a node, and where it leads. An edge from a node to itself can
    /// be followed once.
    pub(super) fn follow(&self, node: u32, direction: Direction, place: usize) -> Option<Follow> {
        let (out, into) = (&self.out[node as usize], &self.into[node as usize]);
        let direction = if self.undirected { Direction::Either } else { direction };
        let (edge, node_there) = match direction {
            Direction::Right => *out.get(place)?,
            Direction::Left => *into.get(place)?,
            Direction::Either => match place.checked_sub(out.len()) {
                None => out[place],
                Some(place) => *into.get(place)?,
            },
        };
        let is_repeated = direction == Direction::Either && place >= out.len() && node_there == node;
        Some(Follow { edge, node: node_there, is_repeated })
    }

    /// How many edges reach a node, and how many leave it.
    pub(super) fn degrees(&self, node: u32) -> (i64, i64) {
        let count = |edges: &Vec<(u32, u32)>| i64::try_from(edges.len()).unwrap_or(i64::MAX);
        (count(&self.into[node as usize]), count(&self.out[node as usize]))
    }

    /// For each node the number of its component, from 0 in the order of the first nodes. `strong`: nodes that lead to each other
    /// along the edges' direction; else nodes that edges join in any way.
    pub(super) fn components(&self, strong: bool) -> Vec<i64> {
        let found = if strong && !self.undirected { self.strong_components() } else { self.weak_components() };
        let mut numbers: HashMap<u32, i64> = HashMap::new();
        let number = |component: u32| {
            let next = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
            *numbers.entry(component).or_insert(next)
        };
        found.into_iter().map(number).collect()
    }

    fn weak_components(&self) -> Vec<u32> {
        let mut leaders: Vec<u32> = (0..number(self.nodes.len())).collect();
        for edge in &self.edges {
            let (a, b) = (leader(&mut leaders, edge.source), leader(&mut leaders, edge.target));
            leaders[a.max(b) as usize] = a.min(b);
        }
        (0..number(self.nodes.len())).map(|node| leader(&mut leaders, node)).collect()
    }

    /// Kosaraju's two walks, each with a stack of its own: forward for the order in which nodes are done, then back from the last.
    fn strong_components(&self) -> Vec<u32> {
        let count = self.nodes.len();
        let (mut seen, mut done) = (vec![false; count], Vec::with_capacity(count));
        for start in 0..number(count) {
            let mut stack: Vec<(u32, usize)> = if seen[start as usize] { Vec::new() } else { vec![(start, 0)] };
            seen[start as usize] = true;
            while let Some((node, next)) = stack.last_mut() {
                match self.out[*node as usize].get(*next) {
                    Some((_, target)) => {
                        *next += 1;
                        if !std::mem::replace(&mut seen[*target as usize], true) {
                            stack.push((*target, 0));
                        }
                    }
                    None => {
                        done.push(*node);
                        stack.pop();
                    }
                }
            }
        }
        let mut component = vec![u32::MAX; count];
        for root in done.into_iter().rev() {
            let mut stack = vec![root];
            while let Some(node) = stack.pop() {
                if component[node as usize] == u32::MAX {
                    component[node as usize] = root;
                    let back = self.into[node as usize].iter().map(|(_, source)| *source);
                    stack.extend(back.filter(|source| component[*source as usize] == u32::MAX));
                }
            }
        }
        component
    }
}

/// An edge that can be followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Follow {
    pub(super) edge: u32,
    /// Where it leads.
    pub(super) node: u32,
    /// It was among those that can be followed already.
    pub(super) is_repeated: bool,
}

/// The least node of a component, as far as it is known; shortens the way there.
fn leader(leaders: &mut [u32], node: u32) -> u32 {
    let mut at = node;
    while leaders[at as usize] != at {
        let above = leaders[leaders[at as usize] as usize];
        leaders[at as usize] = above;
        at = above;
    }
    at
}

/// A count as a number of a node or edge; there are never so many as not to fit.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Nodes while they are gathered: each id once.
pub(super) struct Nodes {
    by_id: HashMap<Vec<u8>, u32>,
    pub(super) nodes: Vec<Node>,
    types: Vec<Type>,
}

impl Nodes {
    /// None yet; `types` are those of the properties.
    pub(super) fn new(types: Vec<Type>) -> Nodes {
        Nodes { by_id: HashMap::new(), nodes: Vec::new(), types }
    }

    /// The node of that id, and whether it is new; a new one has no properties.
    pub(super) fn at(&mut self, id: &Cell<'_>) -> (u32, bool) {
        let mut key = Vec::new();
        row_key::push(&mut key, id);
        if let Some(known) = self.by_id.get(&key) {
            return (*known, false);
        }
        let at = number(self.nodes.len());
        self.by_id.insert(key, at);
        let properties = self.types.iter().map(|ty| nothing(*ty)).collect();
        self.nodes.push(Node { id: id.to_value(), properties });
        (at, true)
    }

    /// Gives a node a property, unless it has it already.
    pub(super) fn set(&mut self, node: u32, property: usize, value: Value) {
        let slot = &mut self.nodes[node as usize].properties[property];
        if *slot == nothing(self.types[property]) {
            *slot = value;
        }
    }
}

/// What a property is that a node does not have.
fn nothing(ty: Type) -> Value {
    if ty == Type::String { Value::String(String::new()) } else { Value::Null }
}
