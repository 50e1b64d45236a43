//! Local time: moments shifted from and to a time zone of the IANA data base, which is built in.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time, date};
use jiff::tz::{Disambiguation, TimeZone, TimeZoneDatabase};
use kql::time::{self, SECOND, UNIX_EPOCH, civil};
use serde_json::Value as Json;

use super::{Call, Closure, Function};
use crate::cell::Cell;

/// The functions by name.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::row("datetime_list_timezones", |_, _| Cell::json(&Json::Array(names().into_iter().map(Json::from).collect()))),
    Function::prepared("datetime_local_to_utc", |call| shifted(call, local_to_utc)),
    Function::prepared("datetime_utc_to_local", |call| shifted(call, utc_to_local)),
];

/// The zones built in, whatever the machine has.
fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = database().available().map(|name| name.to_string()).collect();
    names.sort_unstable();
    names
}

/// A shift of (moment, zone's name): the zone is looked up once if it is constant.
fn shifted(call: &Call, shift: fn(i64, &TimeZone) -> Option<i64>) -> Result<Closure, String> {
    let constant = match call.constant_text(1) {
        Some(name) => Some(database().get(name).map_err(|_| format!("there is no time zone called {name:?}"))?),
        None => None,
    };
    Ok(Box::new(move |_, cells| {
        let Cell::DateTime(t) = cells[0] else { return Cell::Null };
        let found;
        let zone = match &constant {
            Some(zone) => zone,
            None => match database().get(cells[1].as_str()) {
                Ok(zone) => {
                    found = zone;
                    &found
                }
                Err(_) => return Cell::Null,
            },
        };
        shift(t, zone).and_then(time::in_range).map_or(Cell::Null, Cell::DateTime)
    }))
}

/// What clocks there show at that moment.
fn utc_to_local(t: i64, zone: &TimeZone) -> Option<i64> {
    let since = t - UNIX_EPOCH;
    let timestamp = Timestamp::new(since.div_euclid(SECOND), 0).ok()?;
    t.checked_add(i64::from(zone.to_offset(timestamp).seconds()) * SECOND)
}

/// The moment when clocks there show that time: the earlier one where there are two, or where the clocks skip it.
fn local_to_utc(t: i64, zone: &TimeZone) -> Option<i64> {
    let at = civil(t);
    let seconds = at.ticks / SECOND;
    let of = |number: i64| i8::try_from(number).ok();
    let clock = Time::new(of(seconds / 3600)?, of(seconds / 60 % 60)?, of(seconds % 60)?, 0).ok()?;
    let day = date(i16::try_from(at.year).ok()?, of(at.month)?, of(at.day)?);
    let local = DateTime::from_parts(day, clock);
    let timestamp = zone.to_ambiguous_timestamp(local).disambiguate(Disambiguation::Earlier).ok()?;
    timestamp.as_second().checked_mul(SECOND)?.checked_add(UNIX_EPOCH + t.rem_euclid(SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(of: fn(i64, &TimeZone) -> Option<i64>, text: &str, zone: &str) -> String {
        let zone = database().get(zone).unwrap();
        time::format_datetime(of(time::parse_iso(text).unwrap(), &zone).unwrap())
    }

    #[test]
    fn there_and_back() {
        assert_eq!(shift(local_to_utc, "2020-02-02T20:02:20", "US/Pacific"), "2020-02-03T04:02:20.0000000Z");
        assert_eq!(shift(utc_to_local, "2020-02-03T04:02:20.5", "US/Pacific"), "2020-02-02T20:02:20.5000000Z");
        // Half past two does not exist there on that day.
        assert_eq!(shift(local_to_utc, "2022-03-27T02:00", "Europe/Brussels"), "2022-03-27T00:00:00.0000000Z");
        assert_eq!(shift(local_to_utc, "0001-01-03", "Europe/Paris").len(), 28);
    }

    #[test]
    fn zones_are_listed() {
        let names = names();
        assert!(names.len() > 400 && names.contains(&"Europe/Zurich".to_owned()));
    }
}
