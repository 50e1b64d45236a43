//! `geo_info_from_ip_address`: where an address is, by a MaxMind database that the user names.

use std::net::IpAddr;
use std::sync::Arc;

use maxminddb::{Reader, geoip2};
use serde_json::{Map, Value as Json};

use super::{Call, Closure, Constant, Function};
use crate::cell::Cell;

/// The function.
pub(super) const FUNCTIONS: &[Function] = &[Function::prepared("geo_info_from_ip_address", prepare).reading_places()];

/// A database that tells where addresses are: GeoLite2-City and its like.
pub struct IpPlaces(Reader<Vec<u8>>);

impl std::fmt::Debug for IpPlaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("IpPlaces").field(&self.0.metadata().database_type).finish()
    }
}

impl PartialEq for IpPlaces {
    fn eq(&self, other: &IpPlaces) -> bool {
        std::ptr::eq(self, other)
    }
}

impl IpPlaces {
    /// The database that a file holds.
    ///
    /// # Errors
    /// It holds none, and why.
    pub fn read(bytes: Vec<u8>) -> Result<IpPlaces, String> {
        Reader::from_source(bytes).map(IpPlaces).map_err(|error| error.to_string())
    }

    /// Where an address is: country, state and city in English, latitude and longitude, each if it is known; null if nothing is.
    fn find(&self, address: IpAddr) -> Json {
        let found = self.0.lookup(address).ok().and_then(|found| found.decode::<geoip2::City<'_>>().ok()?);
        let Some(city) = found else { return Json::Null };
        let mut place = Map::new();
        let state = city.subdivisions.first().and_then(|state| state.names.english);
        for (key, name) in [("country", city.country.names.english), ("state", state), ("city", city.city.names.english)] {
            place.extend(name.map(|name| (key.to_owned(), Json::from(name))));
        }
        for (key, degrees) in [("latitude", city.location.latitude), ("longitude", city.location.longitude)] {
            place.extend(degrees.map(|degrees| (key.to_owned(), Json::from(degrees))));
        }
        if place.is_empty() { Json::Null } else { Json::Object(place) }
    }
}

fn prepare(call: &Call) -> Result<Closure, String> {
    let database = call.constants.iter().flatten().find_map(|constant| match constant {
        Constant::Places(places) => Some(Arc::clone(places)),
        _ => None,
    });
    let Some(database) = database else { return Err(MISSING.to_owned()) };
    Ok(Box::new(move |_, cells| {
        cells[0].as_str().trim().parse().map_or(Cell::Null, |address| Cell::json(&database.find(address)))
    }))
}

/// What is said without a database.
pub(crate) const MISSING: &str = "geo_info_from_ip_address() reads a MaxMind database of cities: name one with --geoip FILE";

#[cfg(test)]
mod tests {
    use kql::{Type, Value};

    use super::*;

    /// A pair of a key and a value, or the head of a map, an array or a number, as the format has them.
    fn text(text: &str) -> Vec<u8> {
        let mut bytes = vec![0x40 | text.len() as u8];
        bytes.extend(text.bytes());
        bytes
    }

    fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = vec![0xe0 | pairs.len() as u8];
        for (key, value) in pairs {
            bytes.extend(text(key));
            bytes.extend(value);
        }
        bytes
    }

    fn double(value: f64) -> Vec<u8> {
        let mut bytes = vec![0x68];
        bytes.extend(value.to_be_bytes());
        bytes
    }

    fn number(kind: u8, value: u8) -> Vec<u8> {
        vec![kind << 5 | 1, value]
    }

    /// A database of one network, 192.0.2.0/24, by the published description of the format.
    fn database() -> Vec<u8> {
        let english = |name: &str| map(&[("names", map(&[("en", text(name))]))]);
        let mut states = vec![0x01, 0x04];
        states.extend(english("Here"));
        let city = map(&[
            ("city", english("Town")),
            ("country", english("Land")),
            ("location", map(&[("latitude", double(-33.5)), ("longitude", double(151.25))])),
            ("subdivisions", states),
        ]);
        let nodes: u32 = 24;
        let mut bytes = Vec::new();
        let network = u32::from_be_bytes([192, 0, 2, 0]);
        for node in 0..nodes {
            let next = if node + 1 == nodes { nodes + 16 } else { node + 1 };
            let bit = network >> (31 - node) & 1;
            for side in 0..2 {
                let record = if side == bit { next } else { nodes };
                bytes.extend(&record.to_be_bytes()[1..]);
            }
        }
        bytes.extend([0; 16]);
        bytes.extend(city);
        bytes.extend(b"\xab\xcd\xefMaxMind.com");
        let mut built = vec![0x01, 0x02];
        built.push(1);
        bytes.extend(map(&[
            ("node_count", number(6, nodes as u8)),
            ("record_size", number(5, 24)),
            ("ip_version", number(5, 4)),
            ("database_type", text("Test-City")),
            ("languages", {
                let mut languages = vec![0x01, 0x04];
                languages.extend(text("en"));
                languages
            }),
            ("binary_format_major_version", number(5, 2)),
            ("binary_format_minor_version", vec![5 << 5]),
            ("build_epoch", built),
            ("description", map(&[("en", text("test"))])),
        ]));
        bytes
    }

    #[test]
    fn addresses_have_places() {
        let places = Arc::new(IpPlaces::read(database()).expect("a database"));
        let constants = vec![None, Some(Constant::Places(places))];
        let call = Call { returns: Type::Dynamic, types: vec![Type::String], constants };
        let closure = prepare(&call).expect("there is a database");
        let at = |address: &str| closure(&call, &[Cell::text(address.to_owned())]).to_value();
        let town = r#"{"country":"Land","state":"Here","city":"Town","latitude":-33.5,"longitude":151.25}"#;
        assert_eq!(at("192.0.2.7"), Value::Dynamic(town.to_owned()));
        assert_eq!((at("192.0.3.7"), at("2001:db8::1"), at("no address")), (Value::Null, Value::Null, Value::Null));
    }

    #[test]
    fn no_database_is_an_error() {
        assert!(IpPlaces::read(b"no database".to_vec()).is_err());
        let call = Call { returns: Type::Dynamic, types: vec![Type::String], constants: vec![None] };
        assert!(prepare(&call).is_err_and(|why| why.contains("--geoip")));
    }
}
