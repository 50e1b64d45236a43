//! Shapes with fewer vertices: those too close to another go, and chains of edges that are nearly straight become one edge.
//!
//! As S2's builder does it: of the vertices, in the order of their cells, each that is not within the tolerance of one chosen
//! before is chosen; each other moves to the nearest chosen one. Then a chain is replaced by one edge as long as that passes
//! within the tolerance of every vertex left out. Borders in common are simplified alike.

use std::collections::{HashMap, HashSet};
use std::f64::consts::{FRAC_PI_2, PI, TAU};

use serde_json::Value as Json;

use super::super::Function;
use super::argument::{number, of_shape};
use super::assemble::{Part, chains, rings};
use super::cell::CellId;
use super::common::all_regions;
use super::near::Edge;
use super::overlay::{nested, union_all, union_of_lines};
use super::polygon::united;
use super::ring::Region;
use super::shape::{Lines, lines, write_lines, write_region};
use super::vector::{Key, RADIUS_M, Vector, normal, order};
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::prepared("geo_line_simplify", |call| {
        of_shape(
            call,
            0,
            |shape: &Json| lines(shape).map(|lines| united_lines(&lines)),
            |lines, cells| {
                let parts = simplified(&[lines.edges().collect()], tolerance(cells)?).swap_remove(0);
                Some(Cell::json(&write_lines(&chains(&parts))?))
            },
        )
    }),
    Function::prepared("geo_polygon_simplify", |call| {
        of_shape(call, 0, united, |region, cells| written(std::slice::from_ref(region), cells))
    }),
    Function::prepared("geo_simplify_polygons_array", |call| {
        of_shape(call, 0, all_regions, |regions, cells| written(regions, cells))
    }),
];

/// The largest tolerance: 70 degrees.
const TOLERANCE_MAX: f64 = 70.0 * PI / 180.0;

/// The tolerance in radians: the second argument, in meters.
fn tolerance(cells: &[Cell<'_>]) -> Option<f64> {
    number(cells, 1, 10.0).map(|meters| meters / RADIUS_M).filter(|radians| (0.0..=TOLERANCE_MAX).contains(radians))
}

fn united_lines(lines: &Lines) -> Lines {
    if lines.chains.len() > 1 { union_of_lines([lines]) } else { lines.clone() }
}

fn written(regions: &[Region], cells: &[Cell<'_>]) -> Option<Cell<'static>> {
    let edges: Vec<Vec<Edge>> = regions.iter().map(|region| region.edges().collect()).collect();
    let simpler = simplified(&edges, tolerance(cells)?).into_iter().map(|parts| {
        let ends: HashSet<(Key, Key)> = parts.iter().map(|part| (part.from.key(), part.to.key())).collect();
        // An area that has become a line is gone.
        let sides: Vec<Part> = parts.into_iter().filter(|part| !ends.contains(&(part.to.key(), part.from.key()))).collect();
        nested(Region { rings: rings(&sides) })
    });
    let region = union_all(simpler.filter(|region| !region.rings.is_empty()).collect());
    Some(Cell::json(&write_region(&region)?))
}

/// The edges of several shapes, simplified together; each shape's by itself.
fn simplified(shapes: &[Vec<Edge>], tolerance: f64) -> Vec<Vec<Part>> {
    let sites = Sites::choose(shapes.iter().flatten(), tolerance);
    let mut graph = Graph::new(shapes, sites);
    graph.simplify(tolerance);
    shapes.iter().map(|edges| graph.parts(edges)).collect()
}

/// The vertices that stay, and where each vertex goes.
struct Sites {
    places: Vec<Vector>,
    /// The site of each vertex.
    of: HashMap<Key, usize>,
    /// The vertices of each site.
    drawn: Vec<Vec<Vector>>,
}

impl Sites {
    fn choose<'a>(edges: impl Iterator<Item = &'a Edge>, tolerance: f64) -> Sites {
        let mut vertices: Vec<Vector> = edges.flat_map(|(a, b)| [*a, *b]).collect();
        vertices.sort_by(|a, b| CellId::of(*a).cmp(&CellId::of(*b)).then(order(*a, *b)));
        vertices.dedup();
        // A grid of cubes as wide as the tolerance: what is within it is in a cube next to one's own.
        let reach = 2.0 * (tolerance / 2.0).sin();
        let cube = |at: Vector| at.axes().map(|axis| (axis / reach.max(1e-15)).floor() as i64);
        let mut grid: HashMap<[i64; 3], Vec<usize>> = HashMap::new();
        let mut places: Vec<Vector> = Vec::new();
        let nearest = |grid: &HashMap<[i64; 3], Vec<usize>>, places: &[Vector], at: Vector| {
            let [x, y, z] = cube(at);
            let around = (0..27).map(|n| [x + n % 3 - 1, y + n / 3 % 3 - 1, z + n / 9 - 1]);
            let near = around.filter_map(|cube| grid.get(&cube)).flatten();
            near.map(|site| (*site, (places[*site] - at).norm())).min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))
        };
        for vertex in &vertices {
            if nearest(&grid, &places, *vertex).is_none_or(|(_, away)| away >= reach && away > 0.0) {
                grid.entry(cube(*vertex)).or_default().push(places.len());
                places.push(*vertex);
            }
        }
        let mut of = HashMap::new();
        let mut drawn = vec![Vec::new(); places.len()];
        for vertex in vertices {
            let (site, _) = nearest(&grid, &places, vertex).unwrap_or_default();
            of.insert(vertex.key(), site);
            drawn[site].push(vertex);
        }
        Sites { places, of, drawn }
    }

    fn at(&self, vertex: Vector) -> usize {
        self.of.get(&vertex.key()).copied().unwrap_or(0)
    }
}

/// Sites and which are joined by edges.
struct Graph {
    sites: Sites,
    neighbors: Vec<Vec<usize>>,
    gone: Vec<bool>,
    /// Pairs that chains were replaced by, and that edges join.
    starts: Vec<(usize, usize)>,
}

impl Graph {
    fn new(shapes: &[Vec<Edge>], sites: Sites) -> Graph {
        let mut neighbors = vec![Vec::new(); sites.places.len()];
        let mut starts: Vec<(usize, usize)> = Vec::new();
        for (a, b) in shapes.iter().flatten() {
            let (a, b) = (sites.at(*a), sites.at(*b));
            if a != b {
                starts.push((a, b));
                for (from, to) in [(a, b), (b, a)] {
                    if !neighbors[from].contains(&to) {
                        neighbors[from].push(to);
                    }
                }
            }
        }
        starts.sort_unstable();
        let gone = vec![false; sites.places.len()];
        Graph { sites, neighbors, gone, starts }
    }

    fn inner(&self, site: usize) -> bool {
        self.neighbors[site].len() == 2
    }

    /// Takes out what lies within chains, first of those between forks and ends, then of closed ones.
    fn simplify(&mut self, tolerance: f64) {
        let mut seen: HashSet<(usize, usize)> = HashSet::new();
        for closed in [false, true] {
            for (from, to) in self.starts.clone() {
                let fits = closed || (!self.inner(from) && self.inner(to));
                if fits && !seen.contains(&(from, to)) {
                    self.chain(from, to, tolerance, &mut seen);
                }
            }
        }
    }

    fn chain(&mut self, start: usize, second: usize, tolerance: f64, seen: &mut HashSet<(usize, usize)>) {
        let (mut from, mut to) = (start, second);
        loop {
            let mut window = Window::new(self.sites.places[from]);
            let mut within = Vec::new();
            let done = loop {
                seen.extend([(from, to), (to, from)]);
                if !self.inner(to) || to == start {
                    break true;
                }
                let next = self.neighbors[to].iter().copied().find(|next| *next != from).unwrap_or(start);
                (from, to) = (to, next);
                let targets = self.sites.drawn[from].iter().all(|vertex| window.target(*vertex, tolerance));
                if !targets || !window.allows(self.sites.places[to]) {
                    break false;
                }
                within.push(from);
            };
            within.into_iter().for_each(|site| self.gone[site] = true);
            if done {
                return;
            }
        }
    }

    /// What has become of edges.
    fn parts(&self, edges: &[Edge]) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        let ends = |edge: &Edge| (self.sites.at(edge.0), self.sites.at(edge.1));
        for (number, edge) in edges.iter().enumerate() {
            let (from, to) = ends(edge);
            if from == to || self.gone[from] {
                continue;
            }
            let (mut before, mut end) = (from, to);
            while self.gone[end] {
                let next = self.neighbors[end].iter().copied().find(|next| *next != before);
                (before, end) = (end, next.unwrap_or(from));
            }
            parts.push(Part { from: self.sites.places[from], to: self.sites.places[end], number });
        }
        parts.retain(|part| part.from != part.to);
        parts
    }
}

/// The directions in which an edge from a place may go to pass within reach of all that it has to.
struct Window {
    from: Vector,
    east: Vector,
    north: Vector,
    /// From and to, in radians, the latter not less; a full turn if anything goes.
    open: (f64, f64),
}

impl Window {
    fn new(from: Vector) -> Window {
        let east = from.reference();
        Window { from, east, north: from.cross(east), open: (-PI, PI) }
    }

    fn direction(&self, at: Vector) -> f64 {
        let away = at - self.from;
        away.dot(self.north).atan2(away.dot(self.east))
    }

    /// Keeps the directions that pass within `radius` of a place; whether any are left.
    fn target(&mut self, at: Vector, radius: f64) -> bool {
        let away = self.from.angle(at);
        if away <= radius {
            return true;
        }
        let half = (radius.sin() / away.sin()).min(1.0).asin();
        let middle = self.turned(self.direction(at));
        let (low, high) = (middle - half, middle + half);
        self.open = if self.open.1 - self.open.0 >= TAU { (low, high) } else { (self.open.0.max(low), self.open.1.min(high)) };
        self.open.0 <= self.open.1
    }

    /// Whether an edge may end there.
    fn allows(&self, at: Vector) -> bool {
        let direction = self.turned(self.direction(at));
        normal(self.from, at).norm() > 0.0 && self.from.angle(at) <= FRAC_PI_2 && (self.open.0..=self.open.1).contains(&direction)
    }

    /// The direction, by whole turns next to the middle of the window.
    fn turned(&self, direction: f64) -> f64 {
        let middle = f64::midpoint(self.open.0, self.open.1);
        middle + (direction - middle + PI).rem_euclid(TAU) - PI
    }
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::super::testing::{dynamic, eval};
    use super::*;

    fn simpler(name: &str, kind: &str, coordinates: &str, meters: f64) -> Cell<'static> {
        let shape = dynamic(&format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#));
        eval(name, &[shape, Cell::Real(meters)], Type::Dynamic)
    }

    fn vertices(cell: &Cell<'_>) -> usize {
        cell.as_str().matches("],[").count() + 1
    }

    #[test]
    fn nearly_straight_lines_become_straight() {
        let line = "[[0,0],[0.1,0.0001],[0.2,-0.0001],[0.3,0],[0.3,0.3]]";
        assert_eq!(vertices(&simpler("geo_line_simplify", "LineString", line, 100.0)), 3);
        assert_eq!(vertices(&simpler("geo_line_simplify", "LineString", line, 1.0)), 5);
        assert_eq!(simpler("geo_line_simplify", "LineString", line, -1.0), Cell::Null);
        assert_eq!(simpler("geo_line_simplify", "LineString", "[[1.1,1.1],[1.2,1.2]]", 100_000.0), Cell::Null);
    }

    #[test]
    fn small_polygons_disappear() {
        let polygon = "[[[5,48],[0,50],[0,47],[4,47],[5,48]]]";
        assert_eq!(vertices(&simpler("geo_polygon_simplify", "Polygon", polygon, 10.0)), 5);
        assert_eq!(simpler("geo_polygon_simplify", "Polygon", polygon, 1_000_000.0), Cell::Null);
    }
}
