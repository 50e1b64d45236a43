//! A graph in memory: nodes and edges by number, and what leads from where.

use std::collections::HashMap;

use kql::plan::Direction;
use kql::{Type, Value};

use super::room::{ALLOCATION, Room, bytes_of};
use crate::cell::Cell;
use crate::error::Result;
use crate::row_key;

/// A graph. Nodes and edges are known by their numbers.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    /// Edges can be followed either way.
    pub(super) undirected: bool,
    /// For each node the edges that leave it, with where they lead.
    out: Adjacent,
    /// For each node the edges that reach it, with where they come from.
    into: Adjacent,
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

/// For each node, in order, the edges at it and the nodes at their other ends.
#[derive(Debug, Default)]
struct Adjacent {
    /// Where those of each node start, and where those of the last end.
    starts: Vec<u32>,
    edges: Vec<(u32, u32)>,
}

impl Adjacent {
    /// Of all edges, by the end that `ends` gives first.
    fn of(nodes: usize, edges: &[Edge], ends: fn(&Edge) -> (u32, u32)) -> Adjacent {
        let mut starts = vec![0_u32; nodes + 1];
        for edge in edges {
            starts[ends(edge).0 as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut placed = vec![(0, 0); edges.len()];
        for (number, edge) in (0_u32..).zip(edges) {
            let (node, other) = ends(edge);
            let place = &mut next[node as usize];
            placed[*place as usize] = (number, other);
            *place += 1;
        }
        Adjacent { starts, edges: placed }
    }

    fn at(&self, node: u32) -> &[(u32, u32)] {
        &self.edges[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }
}

/// What is made beside the nodes and the edges themselves, for each of them.
const NUMBERS_OF_NODE: usize = 3 * size_of::<u32>();
const NUMBERS_OF_EDGE: usize = 2 * size_of::<(u32, u32)>();
/// What looking for components takes for each node.
const COMPONENT: usize = 64;

impl Graph {
    /// The graph of these nodes and edges, which have been counted.
    pub(super) fn new(nodes: Vec<Node>, edges: Vec<Edge>, undirected: bool, room: &mut Room) -> Result<Graph> {
        room.take(nodes.len() * NUMBERS_OF_NODE + edges.len() * NUMBERS_OF_EDGE)?;
        let out = Adjacent::of(nodes.len(), &edges, |edge| (edge.source, edge.target));
        let into = Adjacent::of(nodes.len(), &edges, |edge| (edge.target, edge.source));
        Ok(Graph { nodes, edges, undirected, out, into })
    }

    /// The same without some nodes, and without edges that they had an end of.
    pub(super) fn keep_nodes(self, keep: &[bool], room: &mut Room) -> Result<Graph> {
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
        Graph::new(nodes, edges.map(moved).collect(), self.undirected, room)
    }

    /// The edge at that place among those that can be followed from a node, and where it leads. An edge from a node to itself can
    /// be followed once.
    pub(super) fn follow(&self, node: u32, direction: Direction, place: usize) -> Option<Follow> {
        let (out, into) = (self.out.at(node), self.into.at(node));
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
        let count = |edges: &[(u32, u32)]| i64::try_from(edges.len()).unwrap_or(i64::MAX);
        (count(self.into.at(node)), count(self.out.at(node)))
    }

    /// For each node the number of its component, from 0 in the order of the first nodes. `strong`: nodes that lead to each other
    /// along the edges' direction; else nodes that edges join in any way.
    pub(super) fn components(&self, strong: bool, room: &mut Room) -> Result<Vec<i64>> {
        let before = room.taken();
        room.take(self.nodes.len() * COMPONENT)?;
        let found = if strong && !self.undirected { self.strong_components() } else { self.weak_components() };
        let mut numbers: HashMap<u32, i64> = HashMap::new();
        let number = |component: u32| {
            let next = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
            *numbers.entry(component).or_insert(next)
        };
        let found = found.into_iter().map(number).collect();
        room.back_to(before);
        Ok(found)
    }

    fn weak_components(&self) -> Vec<u32> {
        let mut leaders: Vec<u32> = (0..number(self.nodes.len())).collect();
        for edge in &self.edges {
            let (a, b) = (leader(&mut leaders, edge.source), leader(&mut leaders, edge.target));
            leaders[a.max(b) as usize] = a.min(b);
        }
        (0..number(self.nodes.len())).map(|node| leader(&mut leaders, node)).collect()
    }

    /// Kosaraju's two walks, each with a stack of its own: forward for the order in which nodes are done, then back from the
    /// last.
    fn strong_components(&self) -> Vec<u32> {
        let count = self.nodes.len();
        let (mut seen, mut done) = (vec![false; count], Vec::with_capacity(count));
        for start in 0..number(count) {
            let mut stack: Vec<(u32, usize)> = if seen[start as usize] { Vec::new() } else { vec![(start, 0)] };
            seen[start as usize] = true;
            while let Some((node, next)) = stack.last_mut() {
                match self.out.at(*node).get(*next) {
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
                    let back = self.into.at(node).iter().map(|(_, source)| *source);
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
    pub(super) fn at(&mut self, id: &Cell<'_>, room: &mut Room) -> Result<(u32, bool)> {
        let mut key = Vec::new();
        row_key::push(&mut key, id);
        if let Some(known) = self.by_id.get(&key) {
            return Ok((*known, false));
        }
        let at = number(self.nodes.len());
        let properties = self.types.iter().map(|ty| nothing(*ty)).collect();
        let node = Node { id: id.to_value(), properties };
        let own = 2 * size_of::<Node>() + bytes_of(std::slice::from_ref(&node.id)) + bytes_of(&node.properties);
        room.take(own + 2 * size_of::<(Vec<u8>, u32)>() + ALLOCATION + key.len())?;
        self.by_id.insert(key, at);
        self.nodes.push(node);
        Ok((at, true))
    }

    /// Gives a node a property, unless it has it already.
    pub(super) fn set(&mut self, node: u32, property: usize, value: Value, room: &mut Room) -> Result<()> {
        let slot = &mut self.nodes[node as usize].properties[property];
        if *slot == nothing(self.types[property]) {
            // The value itself stands where the property was; its text is new.
            room.take(bytes_of(std::slice::from_ref(&value)) - size_of::<Value>() - ALLOCATION)?;
            *slot = value;
        }
        Ok(())
    }
}

impl Edge {
    /// What an edge takes among others, which are kept in a list that grows by doubling.
    pub(super) fn bytes(&self) -> usize {
        2 * size_of::<Edge>() + bytes_of(&self.properties)
    }
}

/// What a property is that a node does not have.
fn nothing(ty: Type) -> Value {
    if ty == Type::String { Value::String(String::new()) } else { Value::Null }
}
