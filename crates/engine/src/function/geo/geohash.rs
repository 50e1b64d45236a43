//! Geohashes: cells of the plane of longitude and latitude, halved in turn across and up, five halvings a letter.

use serde_json::{Value as Json, json};

use super::super::Function;
use super::argument::{degrees, level};
use super::bucket::bucket_order;
use super::shape::{position, shape};
use super::vector::{Degrees, on_globe};
use crate::cell::Cell;

/// The functions by name.
pub(in super::super) const FUNCTIONS: &[Function] = &[
    Function::row("geo_point_to_geohash", |_, cells| match (degrees(cells, 0), level(cells, 2, 5, 1..=18)) {
        (Some(at), Some(length)) => Cell::text(geohash(at, length as usize)),
        _ => Cell::text(""),
    }),
    Function::row("geo_geohash_to_central_point", |_, cells| {
        area(cells[0].as_str()).map_or(Cell::Null, |area| Cell::json(&shape("Point", position(area.center()))))
    }),
    Function::row("geo_geohash_to_polygon", |_, cells| {
        area(cells[0].as_str()).map_or(Cell::Null, |area| Cell::json(&area.polygon()))
    }),
    Function::row("geo_geohash_neighbors", |_, cells| neighbors(cells[0].as_str())),
];

const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// The cell of a geohash: its south-western corner and its size, in degrees.
struct Area {
    west: f64,
    south: f64,
    width: f64,
    height: f64,
}

impl Area {
    fn globe() -> Area {
        Area { west: -180.0, south: -90.0, width: 360.0, height: 180.0 }
    }

    fn center(&self) -> Degrees {
        (self.west + self.width / 2.0, self.south + self.height / 2.0)
    }

    fn polygon(&self) -> Json {
        let (east, north) = (self.west + self.width, self.south + self.height);
        let (west, south) = (self.west, self.south);
        let ring = [(west, south), (east, south), (east, north), (west, north), (west, south)].map(position);
        shape("Polygon", json!([ring]))
    }
}

/// The cell that a geohash names.
fn area(geohash: &str) -> Option<Area> {
    if geohash.is_empty() || geohash.len() > 18 {
        return None;
    }
    let mut area = Area::globe();
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
fn geohash(at: Degrees, length: usize) -> String {
    let mut area = Area::globe();
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

/// The eight cells around a geohash, those beyond a pole left out.
fn neighbors(text: &str) -> Cell<'static> {
    const AROUND: [(f64, f64); 8] =
        [(-1.0, 1.0), (0.0, 1.0), (1.0, 1.0), (-1.0, 0.0), (1.0, 0.0), (-1.0, -1.0), (0.0, -1.0), (1.0, -1.0)];
    let Some(area) = area(text) else { return Cell::Null };
    let (longitude, latitude) = area.center();
    let around = AROUND.iter().filter_map(|(east, north)| {
        let longitude = (longitude + east * area.width + 180.0).rem_euclid(360.0) - 180.0;
        on_globe((longitude, latitude + north * area.height)).map(|at| geohash(at, text.len()))
    });
    Cell::json(&bucket_order(around).into())
}

#[cfg(test)]
mod tests {
    use kql::Type;

    use super::super::super::testing::{dynamic, eval, s};
    use super::*;

    #[test]
    fn geohashes() {
        assert_eq!(geohash((-80.195829, 25.802215), 8), "dhwfz15h");
        assert_eq!(area("sunny").map(|area| area.center()), Some((42.47314453125, 23.70849609375)));
        assert!(area("a").is_none());
        let around = eval("geo_geohash_neighbors", &[s("sunny")], Type::Dynamic);
        assert_eq!(around, dynamic(r#"["sunnt","sunpj","sunnx","sunpn","sunnv","sunpp","sunnz","sunnw"]"#));
    }
}
