//! Rings of edges on the globe: what is inside, how large it is, where its middle is.
//!
//! A ring's area lies to the left of its edges.

use std::f64::consts::TAU;

use super::vector::{Vector, counts_as_crossing, normal, owns_vertex, sign};

/// Where every test of what is inside starts: a place that is no vertex of anything.
const START: Vector = Vector::new(-0.009_999_466_435_025_02, 0.002_592_454_260_932_412, 0.999_946_643_502_502);

/// By how much the turning of a ring that halves the globe may be off.
const ERROR: f64 = 1e-13;

/// A closed chain of edges; the last vertex is not the first again.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    pub(super) vertices: Vec<Vector>,
    start_inside: bool,
    hole: bool,
}

impl Ring {
    /// The ring of at least three vertices, its area to the left.
    pub(super) fn new(vertices: Vec<Vector>) -> Ring {
        let mut ring = Ring { vertices, start_inside: false, hole: false };
        let [a, b, c] = [ring.at(0), ring.at(1), ring.at(2)];
        ring.hole = ring.turning() < -ERROR;
        ring.start_inside = (a != c && owns_vertex(a, b, c)) != ring.contains(b);
        ring
    }

    /// The vertex of that number, counting around.
    pub(super) fn at(&self, position: usize) -> Vector {
        self.vertices[position % self.vertices.len()]
    }

    /// The edges in order.
    pub(super) fn edges(&self) -> impl Iterator<Item = (Vector, Vector)> {
        (0..self.vertices.len()).map(|position| (self.at(position), self.at(position + 1)))
    }

    /// Whether the place is inside. Of the areas around a vertex exactly one owns it.
    pub(super) fn contains(&self, place: Vector) -> bool {
        let crossings = self.edges().filter(|(a, b)| may_cross(place, *a, *b) && counts_as_crossing(START, place, *a, *b));
        self.start_inside ^ (crossings.count() % 2 == 1)
    }

    /// The same ring run through the other way.
    pub(super) fn reversed(&self) -> Ring {
        Ring::new(self.vertices.iter().rev().copied().collect())
    }

    /// The ring, turned so that it holds no more than half of the globe.
    pub(super) fn normalized(self) -> Ring {
        if self.hole { self.reversed() } else { self }
    }

    /// The sum of the angles by which the ring turns left: 2π less its area on the unit sphere.
    pub(super) fn turning(&self) -> f64 {
        let turn = |i: usize| turn(self.at(i), self.at(i + 1), self.at(i + 2));
        let sum: f64 = (0..self.vertices.len()).map(turn).sum();
        sum.clamp(-TAU, TAU)
    }

    /// The area on the unit sphere.
    pub(super) fn area(&self) -> f64 {
        let area: f64 = self.triangles().map(|(a, b, c)| triangle_area(a, b, c)).sum();
        let rough = TAU - self.turning();
        // A fan of triangles tells the area up to whole spheres; the turning tells which.
        area + ((rough - area) / (2.0 * TAU)).round() * 2.0 * TAU
    }

    /// The integral of the place over the area: its middle, as long as the area is large.
    pub(super) fn centroid(&self) -> Vector {
        self.triangles().fold(Vector::new(0.0, 0.0, 0.0), |sum, (a, b, c)| sum + triangle_centroid(a, b, c))
    }

    /// The length of the edges, in radians.
    pub(super) fn length(&self) -> f64 {
        self.edges().map(|(a, b)| a.angle(b)).sum()
    }

    /// A fan of triangles whose signed areas add up to the ring's.
    fn triangles(&self) -> impl Iterator<Item = (Vector, Vector, Vector)> {
        (1..self.vertices.len().saturating_sub(1)).map(|i| (self.at(0), self.at(i), self.at(i + 1)))
    }
}

/// Whether the great circle through the start and the place passes between the vertices; cheap, and open where rounding matters.
fn may_cross(place: Vector, a: Vector, b: Vector) -> bool {
    let through = START.cross(place);
    let (left, right) = (through.dot(a), through.dot(b));
    !(left > ERROR && right > ERROR || left < -ERROR && right < -ERROR)
}

/// The angle by which the way from `a` over `b` to `c` turns left.
fn turn(a: Vector, b: Vector, c: Vector) -> f64 {
    let angle = normal(a, b).angle_between(normal(b, c));
    if sign(a, b, c) > 0 { angle } else { -angle }
}

impl Vector {
    /// The angle between vectors of any length.
    fn angle_between(self, other: Vector) -> f64 {
        self.cross(other).norm().atan2(self.dot(other))
    }
}

/// The area of a triangle, negative if it is run through clockwise.
fn triangle_area(a: Vector, b: Vector, c: Vector) -> f64 {
    let volume = a.dot((b - a).cross(c - a));
    2.0 * volume.atan2(1.0 + a.dot(b) + b.dot(c) + c.dot(a))
}

/// The integral of the place over a triangle, whose sign is that of its area. (Subtracting `a` first keeps the digits of small
/// triangles.)
fn triangle_centroid(a: Vector, b: Vector, c: Vector) -> Vector {
    let ratio = |angle: f64| if angle == 0.0 { 1.0 } else { angle / angle.sin() };
    let (at_a, at_b, at_c) = (ratio(b.angle(c)), ratio(c.angle(a)), ratio(a.angle(b)));
    let x = Vector::new(a.x, b.x - a.x, c.x - a.x);
    let y = Vector::new(a.y, b.y - a.y, c.y - a.y);
    let z = Vector::new(a.z, b.z - a.z, c.z - a.z);
    let r = Vector::new(at_a, at_b - at_a, at_c - at_a);
    Vector::new(y.cross(z).dot(r), z.cross(x).dot(r), x.cross(y).dot(r)) * 0.5
}

/// Rings that bound one region, which lies to the left of each of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Region {
    pub(super) rings: Vec<Ring>,
}

impl Region {
    /// Whether the place is inside.
    pub(super) fn contains(&self, place: Vector) -> bool {
        // Regions of which each ring holds at most half of the globe outside its holes: inside is inside an odd number of them.
        self.rings.iter().filter(|ring| ring.is_hole() != ring.contains(place)).count() % 2 == 1
    }

    /// The edges, ring by ring.
    pub(super) fn edges(&self) -> impl Iterator<Item = (Vector, Vector)> {
        self.rings.iter().flat_map(Ring::edges)
    }

    /// The area on the unit sphere.
    pub(super) fn area(&self) -> f64 {
        self.rings.iter().map(Ring::signed_area).sum()
    }

    /// The integral of the place over the region.
    pub(super) fn centroid(&self) -> Vector {
        self.rings.iter().fold(Vector::new(0.0, 0.0, 0.0), |sum, ring| sum + ring.centroid())
    }

    /// The shells, each with the holes in it.
    pub(super) fn parts(&self) -> Vec<(&Ring, Vec<&Ring>)> {
        let mut parts: Vec<(&Ring, Vec<&Ring>)> =
            self.rings.iter().filter(|ring| !ring.is_hole()).map(|shell| (shell, Vec::new())).collect();
        for hole in self.rings.iter().filter(|ring| ring.is_hole()) {
            // A hole may touch its shell: the middle of an edge does not.
            let place = (hole.at(0) + hole.at(1)).unit();
            let around = parts.iter_mut().filter(|(shell, _)| shell.contains(place));
            if let Some((_, holes)) = around.min_by(|a, b| a.0.area().total_cmp(&b.0.area())) {
                holes.push(hole);
            }
        }
        parts
    }
}

impl Ring {
    /// Whether what lies to the left is the larger part of the globe: the ring cuts a hole.
    pub(super) fn is_hole(&self) -> bool {
        self.hole
    }

    /// The area, negative for a hole.
    fn signed_area(&self) -> f64 {
        if self.is_hole() { self.area() - 2.0 * TAU } else { self.area() }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn ring(places: &[(f64, f64)]) -> Ring {
        Ring::new(places.iter().map(|place| Vector::of_degrees(*place)).collect())
    }

    #[test]
    fn an_octant_is_an_eighth_of_the_sphere() {
        let octant = ring(&[(0.0, 0.0), (90.0, 0.0), (0.0, 90.0)]);
        assert!((octant.area() - PI / 2.0).abs() < 1e-15);
        assert!((octant.reversed().area() - 3.5 * PI).abs() < 1e-14);
        assert!(octant.contains(Vector::of_degrees((10.0, 10.0))) && !octant.contains(Vector::of_degrees((-10.0, 10.0))));
        assert!(octant.reversed().normalized().contains(Vector::of_degrees((10.0, 10.0))));
        let (longitude, latitude) = octant.centroid().unit().to_degrees();
        assert!((longitude - 45.0).abs() < 1e-9 && (latitude - 35.264_389_682_754_66).abs() < 1e-9);
    }

    #[test]
    fn the_areas_around_a_vertex_share_it() {
        let quarters = [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)].map(|(x, y)| {
            let corners = [(0.0, 0.0), (x, 0.0), (x, y), (0.0, y)];
            ring(&corners).normalized()
        });
        let at = Vector::of_degrees((0.0, 0.0));
        assert_eq!(quarters.iter().filter(|ring| ring.contains(at)).count(), 1);
    }
}
