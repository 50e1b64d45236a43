//! Shapes in GeoJSON: read and checked, and written.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::near::{Edge, near_pairs};
use super::ring::{Region, Ring};
use super::vector::{Meeting, Vector, meeting, on_globe};

/// Chains of edges.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    pub(super) chains: Vec<Vec<Vector>>,
}

impl Lines {
    /// The edges, chain by chain.
    pub(super) fn edges(&self) -> impl Iterator<Item = Edge> {
        self.chains.iter().flat_map(|chain| chain.windows(2).map(|pair| (pair[0], pair[1])))
    }
}

/// The lines of a `LineString` or `MultiLineString`; `None` for anything else, and for what is no line.
pub(super) fn lines(shape: &Json) -> Option<Lines> {
    let chains = line_places(shape)?.iter().map(|places| chain(places)).collect::<Option<_>>()?;
    Some(Lines { chains })
}

/// The regions of a `Polygon` or `MultiPolygon`; `None` for anything else, and for polygons that are none.
pub(super) fn regions(shape: &Json) -> Option<Vec<Region>> {
    polygon_places(shape)?.iter().map(|rings| region(rings)).collect()
}

/// Longitudes and latitudes in degrees.
pub(super) type Places = Vec<(f64, f64)>;

/// The places of each line.
pub(super) fn line_places(shape: &Json) -> Option<Vec<Places>> {
    let coordinates = shape.get("coordinates")?;
    let lines: Vec<Places> = match shape.get("type")?.as_str()? {
        "LineString" => vec![places(coordinates)?],
        "MultiLineString" => coordinates.as_array()?.iter().map(places).collect::<Option<_>>()?,
        _ => return None,
    };
    (!lines.is_empty() && lines.iter().all(|line| line.len() >= 2)).then_some(lines)
}

/// The places of each ring of each polygon.
pub(super) fn polygon_places(shape: &Json) -> Option<Vec<Vec<Places>>> {
    let rings = |json: &Json| json.as_array()?.iter().map(places).collect::<Option<Vec<_>>>();
    let coordinates = shape.get("coordinates")?;
    let polygons = match shape.get("type")?.as_str()? {
        "Polygon" => vec![rings(coordinates)?],
        "MultiPolygon" => coordinates.as_array()?.iter().map(rings).collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    (!polygons.is_empty() && polygons.iter().all(|rings| !rings.is_empty())).then_some(polygons)
}

fn places(json: &Json) -> Option<Places> {
    json.as_array()?.iter().map(|place| on_globe((place.get(0)?.as_f64()?, place.get(1)?.as_f64()?))).collect()
}

/// A chain of edges. Places that stand twice in a row stand once.
fn chain(places: &[(f64, f64)]) -> Option<Vec<Vector>> {
    let mut chain: Vec<Vector> = places.iter().map(|place| Vector::of_degrees(*place)).collect();
    chain.dedup();
    (chain.len() >= 2 && chain.windows(2).all(|pair| pair[0] != -pair[1])).then_some(chain)
}

/// A region of a shell and its holes, none of which may cross another or itself.
fn region(rings: &[Places]) -> Option<Region> {
    let mut read = Vec::with_capacity(rings.len());
    for (position, places) in rings.iter().enumerate() {
        let ring = ring(places)?.normalized();
        read.push(if position == 0 { ring } else { ring.reversed() });
    }
    let region = Region { rings: read };
    let edges: Vec<Edge> = region.edges().collect();
    let mut sides = HashSet::new();
    let apart = edges.iter().all(|(a, b)| sides.insert((a.key(), b.key())) && !sides.contains(&(b.key(), a.key())));
    let mut simple = apart;
    near_pairs(&edges, &edges, |i, j| {
        let ((a, b), (c, d)) = (edges[i], edges[j]);
        simple &= i >= j || meeting(a, b, c, d) != Meeting::Cross;
        simple
    });
    simple.then_some(region)
}

/// A ring whose last place is its first, and no other stands twice.
fn ring(places: &[(f64, f64)]) -> Option<Ring> {
    let (last, places) = places.split_last()?;
    if places.len() < 3 || places.first() != Some(last) {
        return None;
    }
    let vertices: Vec<Vector> = places.iter().map(|place| Vector::of_degrees(*place)).collect();
    let mut seen = HashSet::new();
    let distinct = vertices.iter().all(|vertex| seen.insert(vertex.key()));
    let ring = distinct.then(|| Ring::new(vertices))?;
    let edges = ring.edges().all(|(a, b)| a != -b);
    edges.then_some(ring)
}

/// A number as GeoJSON has it: whole numbers without a point.
pub(super) fn number(value: f64) -> Json {
    if value.fract() == 0.0 { Json::from(value as i64) } else { Json::from(value) }
}

/// A longitude and a latitude.
pub(super) fn position((longitude, latitude): (f64, f64)) -> Json {
    json!([number(longitude), number(latitude)])
}

/// A shape of that type.
pub(super) fn shape(kind: &str, coordinates: impl Into<Json>) -> Json {
    json!({"type": kind, "coordinates": coordinates.into()})
}

/// A point.
pub(super) fn point(at: Vector) -> Json {
    shape("Point", position(at.to_degrees()))
}

fn positions<'a>(places: impl IntoIterator<Item = &'a Vector>) -> Json {
    places.into_iter().map(|place| position(place.to_degrees())).collect()
}

/// One shape, or several of its kind as one.
fn one_or_many(kind: &str, mut all: Vec<Json>) -> Option<Json> {
    match all.len() {
        0 => None,
        1 => Some(shape(kind, all.remove(0))),
        _ => Some(shape(&format!("Multi{kind}"), all)),
    }
}

/// Points as a `Point` or a `MultiPoint`; none if there are none.
pub(super) fn write_points(points: &[Vector]) -> Option<Json> {
    one_or_many("Point", points.iter().map(|at| position(at.to_degrees())).collect())
}

/// Chains as a `LineString` or a `MultiLineString`; none if there are none.
pub(super) fn write_lines(chains: &[Vec<Vector>]) -> Option<Json> {
    one_or_many("LineString", chains.iter().map(positions).collect())
}

/// A region as a `Polygon` or a `MultiPolygon`; none if it is empty.
pub(super) fn write_region(region: &Region) -> Option<Json> {
    let closed = |ring: &Ring| positions(ring.vertices.iter().chain(ring.vertices.first()));
    let parts = region.parts().into_iter();
    one_or_many("Polygon", parts.map(|(shell, holes)| std::iter::once(shell).chain(holes).map(closed).collect()).collect())
}

/// Shapes of several kinds as one; a single one as itself.
pub(super) fn collection(mut shapes: Vec<Json>) -> Json {
    if shapes.len() == 1 { shapes.remove(0) } else { json!({"type": "GeometryCollection", "geometries": shapes}) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(rings: Json) -> Option<Vec<Region>> {
        regions(&shape("Polygon", rings))
    }

    #[test]
    fn what_is_no_polygon_is_refused() {
        assert!(polygon(json!([[[0, 0], [10, 0], [10, 10], [0, 0]]])).is_some());
        assert!(polygon(json!([[[0, 0], [10, 10], [10, 10], [0, 0]]])).is_none());
        assert!(polygon(json!([[[0, 0], [10, 0], [10, 10], [1, 0]]])).is_none());
        assert!(polygon(json!([[[0, 0], [10, 0], [0, 10], [10, 10], [0, 0]]])).is_none());
        assert!(polygon(json!([[[0, 0], [300, 0], [10, 10], [0, 0]]])).is_none());
        assert!(polygon(json!([])).is_none());
        assert!(regions(&json!({"type": "Polygon"})).is_none());
    }

    #[test]
    fn either_way_around_is_the_same_region() {
        let there = polygon(json!([[[0, 0], [10, 0], [10, 10], [0, 0]]])).map(|it| it[0].area());
        let back = polygon(json!([[[0, 0], [10, 10], [10, 0], [0, 0]]])).map(|it| it[0].area());
        assert!(there.zip(back).is_some_and(|(a, b)| (a - b).abs() < 1e-15));
    }
}
