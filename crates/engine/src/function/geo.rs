//! Points on the globe: distances, circles, polygons and geohashes.
//!
//! The globe is a sphere of 6,371,010 m, and the edges of polygons are great circles. Longitude comes before latitude, in degrees.

use serde_json::{Value as Json, json};

use super::Function;
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("geo_azimuth", |_, cells| match (point(cells, 0), point(cells, 2)) {
        (Some(a), Some(b)) if a != b => Cell::Real(azimuth(a, b)),
        _ => Cell::Null,
    }),
    Function::row("geo_distance_2points", |_, cells| match (point(cells, 0), point(cells, 2)) {
        (Some(a), Some(b)) => Cell::Real(distance(a, b)),
        _ => Cell::Null,
    }),
    Function::row("geo_point_in_circle", |_, cells| match (point(cells, 0), point(cells, 2), cells[4].as_real()) {
        (Some(a), Some(b), Some(radius)) if radius > 0.0 => Cell::Bool(distance(a, b) <= radius),
        _ => Cell::Null,
    }),
    Function::row("geo_point_in_polygon", |_, cells| in_polygon(cells).map_or(Cell::Null, Cell::Bool)),
    Function::row("geo_point_to_geohash", |_, cells| {
        let length = cells.get(2).map_or(Some(5), Cell::as_long).and_then(|n| usize::try_from(n).ok());
        match (point(cells, 0), length) {
            (Some(at), Some(length @ 1..=18)) => Cell::text(geohash(at, length)),
            _ => Cell::text(""),
        }
    }),
    Function::row("geo_geohash_to_central_point", |_, cells| {
        area(cells[0].as_str()).map_or(Cell::Null, |area| Cell::json(&json!({"type": "Point", "coordinates": area.center()})))
    }),
    Function::row("geo_geohash_to_polygon", |_, cells| {
        area(cells[0].as_str()).map_or(Cell::Null, |area| Cell::json(&area.polygon()))
    }),
    Function::row("geo_geohash_neighbors", |_, cells| neighbors(cells[0].as_str())),
];

/// The radius of the globe in meters.
const RADIUS_M: f64 = 6_371_010.0;

/// Longitude and latitude in degrees.
type Point = (f64, f64);

/// The point that two arguments tell; `None` off the globe.
fn point(cells: &[Cell<'_>], at: usize) -> Option<Point> {
    valid((cells.get(at)?.as_real()?, cells.get(at + 1)?.as_real()?))
}

fn valid(point: Point) -> Option<Point> {
    ((-180.0..=180.0).contains(&point.0) && (-90.0..=90.0).contains(&point.1)).then_some(point)
}

/// The shortest way over the sphere, in meters.
fn distance(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.1.to_radians(), b.1.to_radians());
    let half = ((lat_b - lat_a) / 2.0).sin().powi(2);
    let turned = lat_a.cos() * lat_b.cos() * ((b.0 - a.0).to_radians() / 2.0).sin().powi(2);
    2.0 * RADIUS_M * (half + turned).min(1.0).sqrt().asin()
}

/// The direction from `a` to `b`, clockwise from north, in radians from 0.
fn azimuth(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b, turn) = (a.1.to_radians(), b.1.to_radians(), (b.0 - a.0).to_radians());
    let east = turn.sin() * lat_b.cos();
    let north = lat_a.cos() * lat_b.sin() - lat_a.sin() * lat_b.cos() * turn.cos();
    east.atan2(north).rem_euclid(std::f64::consts::TAU)
}

/// `geo_point_in_polygon(longitude, latitude, GeoJSON)`.
fn in_polygon(cells: &[Cell<'_>]) -> Option<bool> {
    let at = point(cells, 0)?;
    let shape: Json = serde_json::from_str(cells[2].as_str()).ok()?;
    let coordinates = shape.get("coordinates")?;
    match shape.get("type")?.as_str()? {
        "Polygon" => in_rings(at, &rings(coordinates)?),
        "MultiPolygon" => {
            let polygons: Option<Vec<_>> = coordinates.as_array()?.iter().map(rings).collect();
            let inside: Option<Vec<bool>> = polygons?.iter().map(|polygon| in_rings(at, polygon)).collect();
            Some(inside?.contains(&true))
        }
        _ => None,
    }
}

/// The rings of a polygon: the outer one, then its holes.
fn rings(json: &Json) -> Option<Vec<Vec<Point>>> {
    let vertex = |json: &Json| valid((json.get(0)?.as_f64()?, json.get(1)?.as_f64()?));
    json.as_array()?.iter().map(|ring| ring.as_array()?.iter().map(vertex).collect()).collect()
}

fn in_rings(at: Point, rings: &[Vec<Point>]) -> Option<bool> {
    let (outer, holes) = rings.split_first()?;
    if rings.iter().any(|ring| ring.len() < 4 || ring.first() != ring.last()) {
        return None;
    }
    Some(in_ring(at, outer) && !holes.iter().any(|hole| in_ring(at, hole)))
}

/// Whether the ring goes around the point: whether the directions to its vertices make a full turn. A ring on the other half
/// of the globe goes around the point's antipode at most.
fn in_ring(at: Point, ring: &[Point]) -> bool {
    use std::f64::consts::{FRAC_PI_2, PI, TAU};
    if ring.contains(&at) {
        return true;
    }
    let near = ring.iter().any(|vertex| distance(at, *vertex) < RADIUS_M * FRAC_PI_2);
    let turn = |pair: &[Point]| (azimuth(at, pair[1]) - azimuth(at, pair[0]) + PI).rem_euclid(TAU) - PI;
    near && ring.windows(2).map(turn).sum::<f64>().abs() > PI
}

const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// The cell of a geohash: its south-western corner and its size, in degrees.
struct Area {
    west: f64,
    south: f64,
    width: f64,
    height: f64,
}

impl Area {
    fn center(&self) -> [f64; 2] {
        [self.west + self.width / 2.0, self.south + self.height / 2.0]
    }

    fn polygon(&self) -> Json {
        let (east, north) = (self.west + self.width, self.south + self.height);
        let (west, south) = (self.west, self.south);
        json!({"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]})
    }
}

/// The cell that a geohash names.
fn area(geohash: &str) -> Option<Area> {
    if geohash.is_empty() || geohash.len() > 18 {
        return None;
    }
    let mut area = Area { west: -180.0, south: -90.0, width: 360.0, height: 180.0 };
    let mut across = true;
    for letter in geohash.to_ascii_lowercase().bytes() {
        let five = ALPHABET.iter().position(|known| *known == letter)?;
        for bit in (0..5).rev() {
            let upper = five >> bit & 1 == 1;
            let (start, size) = if across { (&mut area.west, &mut area.width) } else { (&mut area.south, &mut area.height) };
            *size /= 2.0;
            *start += if upper { *size } else { 0.0 };
            across = !across;
        }
    }
    Some(area)
}

/// The geohash of that many letters.
fn geohash(at: Point, length: usize) -> String {
    let mut area = Area { west: -180.0, south: -90.0, width: 360.0, height: 180.0 };
    let mut across = true;
    let mut letter = || {
        let mut five = 0;
        for _ in 0..5 {
            let (start, size, value) =
                if across { (&mut area.west, &mut area.width, at.0) } else { (&mut area.south, &mut area.height, at.1) };
            *size /= 2.0;
            let upper = value >= *start + *size;
            *start += if upper { *size } else { 0.0 };
            five = five << 1 | usize::from(upper);
            across = !across;
        }
        char::from(ALPHABET[five])
    };
    (0..length).map(|_| letter()).collect()
}

/// The eight cells around a geohash, in the order in which Kusto tells them; those beyond a pole left out.
fn neighbors(text: &str) -> Cell<'static> {
    const AROUND: [(f64, f64); 8] =
        [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (0.0, 1.0), (-1.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, -1.0)];
    let Some(area) = area(text) else { return Cell::Null };
    let [longitude, latitude] = area.center();
    let around = AROUND.iter().filter_map(|(east, north)| {
        let longitude = (longitude + east * area.width + 180.0).rem_euclid(360.0) - 180.0;
        valid((longitude, latitude + north * area.height)).map(|at| Json::from(geohash(at, text.len())))
    });
    Cell::json(&Json::Array(around.collect()))
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::testing::{dynamic, eval, s};
    use super::*;

    #[test]
    fn distances_and_circles() {
        assert!((distance((-122.407628, 47.578557), (-118.275287, 34.019056)) - 1_546_754.351_973_81).abs() < 1e-6);
        let args = [200.0, 1.0, 1.0, 1.0, 1.0].map(Cell::Real);
        assert_eq!(eval("geo_point_in_circle", &args, Type::Bool), Cell::Null);
        let args = [-122.137575, 47.630683, -122.100896, 47.527351, 3500.0].map(Cell::Real);
        assert_eq!(eval("geo_point_in_circle", &args, Type::Bool), Cell::Bool(false));
    }

    #[test]
    fn polygons_and_their_holes() {
        let shape = r#"{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]],[[4,4],[6,4],[6,6],[4,6],[4,4]]]}"#;
        let inside = |x, y| eval("geo_point_in_polygon", &[Cell::Real(x), Cell::Real(y), dynamic(shape)], Type::Bool);
        assert_eq!(
            (inside(1.0, 1.0), inside(5.0, 5.0), inside(20.0, 5.0)),
            (Cell::Bool(true), Cell::Bool(false), Cell::Bool(false))
        );
        assert_eq!(inside(-175.0, -5.0), Cell::Bool(false));
        assert_eq!(eval("geo_point_in_polygon", &[Cell::Real(1.0), Cell::Real(1.0), dynamic("{}")], Type::Bool), Cell::Null);
    }

    #[test]
    fn geohashes() {
        assert_eq!(geohash((-80.195829, 25.802215), 8), "dhwfz15h");
        assert_eq!(area("sunny").map(|area| area.center()), Some([42.47314453125, 23.70849609375]));
        assert!(area("a").is_none());
        let around = eval("geo_geohash_neighbors", &[s("sunny")], Type::Dynamic);
        assert_eq!(around, dynamic(r#"["sunnt","sunpj","sunnx","sunpn","sunnv","sunpp","sunnz","sunnw"]"#));
    }
}
