//! Points on the globe as unit vectors, and exact answers about how they lie: which side, which edges cross.
//!
//! Edges are the shorter arcs of great circles. The definitions, down to which vertices an area owns, are those of the S2
//! geometry library, on which Kusto builds. Where rounding leaves a sign open it is computed exactly; where three points lie on
//! one great circle it is settled by moving each of them a little, always in the same way.

use std::cmp::Ordering;
use std::f64::consts::PI;
use std::ops::{Add, Mul, Neg, Sub};

use bigdecimal::{BigDecimal, Signed};

/// The radius of the globe in meters.
pub(super) const RADIUS_M: f64 = 6_371_010.0;

/// Longitude and latitude in degrees.
pub(super) type Degrees = (f64, f64);

/// Longitude and latitude, if they are on the globe.
pub(super) fn on_globe(place: Degrees) -> Option<Degrees> {
    ((-180.0..=180.0).contains(&place.0) && (-90.0..=90.0).contains(&place.1)).then_some(place)
}

/// A vector in space; of length 1, a place on the globe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vector {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) z: f64,
}

/// The bits of a vector, as a key of maps.
pub(super) type Key = [u64; 3];

impl Vector {
    pub(super) const fn new(x: f64, y: f64, z: f64) -> Vector {
        Vector { x, y, z }
    }

    pub(super) fn of_degrees((longitude, latitude): Degrees) -> Vector {
        let (theta, phi) = (longitude.to_radians(), latitude.to_radians());
        Vector::new(theta.cos() * phi.cos(), theta.sin() * phi.cos(), phi.sin())
    }

    pub(super) fn to_degrees(self) -> Degrees {
        let latitude = self.z.atan2(self.x.hypot(self.y));
        (self.y.atan2(self.x) * (180.0 / PI), latitude * (180.0 / PI))
    }

    pub(super) fn dot(self, other: Vector) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(super) fn cross(self, other: Vector) -> Vector {
        Vector::new(self.y * other.z - self.z * other.y, self.z * other.x - self.x * other.z, self.x * other.y - self.y * other.x)
    }

    pub(super) fn norm(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The vector of length 1 in that direction; zero stays zero.
    pub(super) fn unit(self) -> Vector {
        let norm = self.norm();
        if norm > 0.0 { self * (1.0 / norm) } else { self }
    }

    /// The angle between two vectors, in radians.
    pub(super) fn angle(self, other: Vector) -> f64 {
        normal(self, other).norm().atan2(2.0 * self.dot(other))
    }

    pub(super) fn axes(self) -> [f64; 3] {
        [self.x, self.y, self.z]
    }

    pub(super) fn key(self) -> Key {
        // Adding 0 turns -0 into 0.
        self.axes().map(|axis| (axis + 0.0).to_bits())
    }

    /// A direction square to this one, the same whenever it is asked for.
    pub(super) fn reference(self) -> Vector {
        let axes = self.axes().map(f64::abs);
        let largest = if axes[0] > axes[1] {
            if axes[0] > axes[2] { 0 } else { 2 }
        } else if axes[1] > axes[2] {
            1
        } else {
            2
        };
        let other = match largest {
            0 => Vector::new(0.012, 0.0053, 1.0),
            1 => Vector::new(1.0, 0.0053, 0.004_57),
            _ => Vector::new(0.012, 1.0, 0.004_57),
        };
        self.cross(other).unit()
    }
}

impl Add for Vector {
    type Output = Vector;

    fn add(self, other: Vector) -> Vector {
        Vector::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vector {
    type Output = Vector;

    fn sub(self, other: Vector) -> Vector {
        Vector::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f64> for Vector {
    type Output = Vector;

    fn mul(self, factor: f64) -> Vector {
        Vector::new(self.x * factor, self.y * factor, self.z * factor)
    }
}

impl Neg for Vector {
    type Output = Vector;

    fn neg(self) -> Vector {
        self * -1.0
    }
}

/// Twice the cross product, exact in direction even for places next to each other.
pub(super) fn normal(a: Vector, b: Vector) -> Vector {
    (a + b).cross(b - a)
}

/// The place at a distance from `a` along the edge to `b`, in radians.
pub(super) fn along(a: Vector, b: Vector, radians: f64) -> Vector {
    let ahead = normal(a, b).cross(a).unit();
    (a * radians.cos() + ahead * radians.sin()).unit()
}

/// The place at a share of the edge from `a` to `b`.
pub(super) fn interpolate(a: Vector, b: Vector, share: f64) -> Vector {
    if share <= 0.0 {
        a
    } else if share >= 1.0 {
        b
    } else {
        along(a, b, share * a.angle(b))
    }
}

/// The place on the edge that is nearest to `at`.
pub(super) fn project(at: Vector, a: Vector, b: Vector) -> Vector {
    if at == a || at == b {
        return at;
    }
    let n = normal(a, b).unit();
    let foot = at - n * at.dot(n);
    if n.cross(a).dot(foot) > 0.0 && b.cross(n).dot(foot) > 0.0 {
        return foot.unit();
    }
    let (to_a, to_b) = (at - a, at - b);
    if to_a.dot(to_a) <= to_b.dot(to_b) { a } else { b }
}

/// The distance from a place to an edge, in radians.
pub(super) fn distance_to_edge(at: Vector, a: Vector, b: Vector) -> f64 {
    let n = normal(a, b).unit();
    if n.cross(a).dot(at) > 0.0 && b.cross(n).dot(at) > 0.0 {
        // From the chord to an endpoint: the projection onto the plane would lose the digits of a small distance.
        let from = if (at - a).dot(at - a) < (at - b).dot(at - b) { a } else { b };
        return (at - from).dot(n).abs().min(1.0).asin();
    }
    at.angle(a).min(at.angle(b))
}

/// Whether `a`, `b` and `c` turn left (1), turn right (-1), or two of them are the same (0).
pub(super) fn sign(a: Vector, b: Vector, c: Vector) -> i8 {
    const ERROR: f64 = 1.8274 * f64::EPSILON;
    let determinant = a.cross(b).dot(c);
    if determinant > ERROR {
        1
    } else if determinant < -ERROR {
        -1
    } else if a == b || b == c || c == a {
        0
    } else {
        exact_sign(a, b, c)
    }
}

type Exact = [BigDecimal; 3];

fn exact(vector: Vector) -> Exact {
    vector.axes().map(|axis| BigDecimal::try_from(axis).unwrap_or_default())
}

fn exact_cross(a: &Exact, b: &Exact) -> Exact {
    [&a[1] * &b[2] - &a[2] * &b[1], &a[2] * &b[0] - &a[0] * &b[2], &a[0] * &b[1] - &a[1] * &b[0]]
}

fn signum(number: &BigDecimal) -> i8 {
    if number.is_positive() {
        1
    } else if number.is_negative() {
        -1
    } else {
        0
    }
}

/// Places in the order of their coordinates.
pub(super) fn order(a: Vector, b: Vector) -> Ordering {
    a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)).then(a.z.total_cmp(&b.z))
}

fn exact_sign(a: Vector, b: Vector, c: Vector) -> i8 {
    let mut places = [a, b, c];
    let mut flipped = 1;
    for (i, j) in [(0, 1), (1, 2), (0, 1)] {
        if order(places[i], places[j]) == Ordering::Greater {
            places.swap(i, j);
            flipped = -flipped;
        }
    }
    let [a, b, c] = places.map(exact);
    let across = exact_cross(&b, &c);
    let determinant = &a[0] * &across[0] + &a[1] * &across[1] + &a[2] * &across[2];
    let exactly = signum(&determinant);
    flipped * if exactly == 0 { moved_sign(&a, &b, &c, &across) } else { exactly }
}

/// The sign after moving the points by amounts that are each beyond comparison smaller than the one before: the first term of the
/// determinant, in the order of those amounts, that is not zero (Edelsbrunner and Mücke, "Simulation of Simplicity", 1990).
fn moved_sign(a: &Exact, b: &Exact, c: &Exact, across: &Exact) -> i8 {
    let minor = |p: &Exact, q: &Exact, i: usize, j: usize| signum(&(&p[i] * &q[j] - &p[j] * &q[i]));
    let terms: [&dyn Fn() -> i8; 13] = [
        &|| signum(&across[2]),
        &|| signum(&across[1]),
        &|| signum(&across[0]),
        &|| minor(c, a, 0, 1),
        &|| signum(&c[0]),
        &|| -signum(&c[1]),
        &|| minor(c, a, 2, 0),
        &|| signum(&c[2]),
        &|| minor(a, b, 0, 1),
        &|| -signum(&b[0]),
        &|| signum(&b[1]),
        &|| signum(&a[0]),
        &|| 1,
    ];
    terms.iter().map(|term| term()).find(|sign| *sign != 0).unwrap_or(1)
}

/// Whether the directions from `o` to `a`, `b` and `c` come in this order counterclockwise.
fn ordered(a: Vector, b: Vector, c: Vector, o: Vector) -> bool {
    let signs = [sign(b, o, a) >= 0, sign(c, o, b) >= 0, sign(a, o, c) > 0];
    signs.into_iter().filter(|holds| *holds).count() >= 2
}

/// How two edges meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meeting {
    /// They cross at a point inside both.
    Cross,
    /// They have a vertex in common.
    Vertex,
    /// Neither.
    Apart,
}

/// How the edges `ab` and `cd` meet.
pub(super) fn meeting(a: Vector, b: Vector, c: Vector, d: Vector) -> Meeting {
    if a == c || a == d || b == c || b == d {
        return Meeting::Vertex;
    }
    if a == b || c == d {
        return Meeting::Apart;
    }
    let first = -sign(a, b, c);
    let same = first == sign(a, b, d) && first == -sign(c, d, b) && first == sign(c, d, a);
    if same { Meeting::Cross } else { Meeting::Apart }
}

/// Whether `ab` counts as crossing `cd`, so that crossings from a fixed place tell inside from outside even through vertices.
pub(super) fn counts_as_crossing(a: Vector, b: Vector, c: Vector, d: Vector) -> bool {
    match meeting(a, b, c, d) {
        Meeting::Cross => true,
        Meeting::Apart => false,
        Meeting::Vertex if a == b || c == d => false,
        Meeting::Vertex if a == c => b == d || ordered(a.reference(), d, b, a),
        Meeting::Vertex if b == d => ordered(b.reference(), c, a, b),
        Meeting::Vertex if a == d => b == c || ordered(a.reference(), c, b, a),
        Meeting::Vertex => ordered(b.reference(), d, a, b),
    }
}

/// Whether the corner `abc` of an area to its left owns its vertex `b`.
pub(super) fn owns_vertex(a: Vector, b: Vector, c: Vector) -> bool {
    !ordered(b.reference(), c, a, b)
}

/// The point where two edges cross that do.
pub(super) fn crossing(a: Vector, b: Vector, c: Vector, d: Vector) -> Vector {
    let point = normal(a, b).unit().cross(normal(c, d).unit()).unit();
    if point.dot((a + b) + (c + d)) < 0.0 { -point } else { point }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Vector {
        Vector::of_degrees((longitude, latitude))
    }

    #[test]
    fn signs_are_never_zero_for_different_places() {
        let (a, b, c) = (at(0.0, 0.0), at(0.0, 10.0), at(0.0, 20.0));
        let left = sign(a, b, c);
        assert!(left != 0 && left == sign(b, c, a) && left == -sign(b, a, c));
        assert_eq!(sign(a, b, b), 0);
        assert_eq!(sign(at(0.0, 0.0), at(10.0, 0.0), at(0.0, 10.0)), 1);
    }

    #[test]
    fn edges_cross_touch_or_lie_apart() {
        let (a, b) = (at(-1.0, 0.0), at(1.0, 0.0));
        assert_eq!(meeting(a, b, at(0.0, -1.0), at(0.0, 1.0)), Meeting::Cross);
        assert_eq!(meeting(a, b, at(0.0, 1.0), at(0.0, 2.0)), Meeting::Apart);
        assert_eq!(meeting(a, b, b, at(0.0, 1.0)), Meeting::Vertex);
        let point = crossing(a, b, at(0.0, -1.0), at(0.0, 1.0));
        assert!(point.angle(at(0.0, 0.0)) < 1e-15);
    }

    #[test]
    fn distances_to_edges() {
        let (a, b) = (at(0.0, 0.0), at(10.0, 0.0));
        assert!((distance_to_edge(at(5.0, 1.0), a, b).to_degrees() - 1.0).abs() < 1e-12);
        assert!((distance_to_edge(at(-3.0, 0.0), a, b).to_degrees() - 3.0).abs() < 1e-12);
        assert!(project(at(5.0, 1.0), a, b).angle(at(5.0, 0.0)) < 1e-15);
    }
}
