//! What the fields of some records look like, where no format says it: names in order of appearance, and a type for each.

use std::collections::HashMap;

use kql::Type;

use crate::column::Raw;
use crate::convert::{self, Order};
use crate::lossy::lossy;

/// Field names and what was seen under them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    fields: Vec<(String, Seen)>,
    places: HashMap<String, usize>,
    cursor: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    kinds: u8,
    /// Dates that can only be read in one order or the other.
    month_first: bool,
    day_first: bool,
}

const BOOL: u8 = 1;
const LONG: u8 = 2;
const REAL: u8 = 4;
const TIME: u8 = 8;
const TEXT: u8 = 16;
const NESTED: u8 = 32;

impl Profile {
    /// Takes note of a field of the record at hand.
    pub(crate) fn note(&mut self, name: &str, raw: Raw<'_>) {
        // Fields mostly come in the same order: look behind the last one first.
        let at = match self.fields.get(self.cursor) {
            Some((known, _)) if known == name => self.cursor,
            _ => *self.places.entry(name.to_owned()).or_insert_with(|| {
                self.fields.push((name.to_owned(), Seen::default()));
                self.fields.len() - 1
            }),
        };
        self.cursor = at + 1;
        let seen = &mut self.fields[at].1;
        if !seen.is_told_by(raw) {
            seen.kinds |= kind(raw);
        }
        // A slash may be written with an escape.
        if memchr::memchr2(b'/', b'\\', raw.bytes()).is_some()
            && let Some(order) = raw.text().and_then(|text| convert::order_of(&text))
        {
            seen.month_first |= order == Order::MonthFirst;
            seen.day_first |= order == Order::DayFirst;
        }
    }

    /// What records show of which these are the first, and those of the other the next.
    pub(crate) fn joined(mut self, other: Profile) -> Profile {
        for (name, seen) in other.fields {
            match self.places.get(&name) {
                Some(at) => self.fields[*at].1.join(seen),
                None => {
                    self.places.insert(name.clone(), self.fields.len());
                    self.fields.push((name, seen));
                }
            }
        }
        self
    }

    /// Takes note of a field whose type the file says. Of types that no text shows (`decimal`, `guid` …) it knows only that they are
    /// none of the others.
    pub(crate) fn declare(&mut self, name: &str, ty: Type) {
        let kinds = match ty {
            Type::Bool => BOOL,
            Type::Int | Type::Long => LONG,
            Type::Real => REAL,
            Type::DateTime => TIME,
            Type::Dynamic => NESTED,
            _ => TEXT,
        };
        if !self.places.contains_key(name) {
            self.places.insert(name.to_owned(), self.fields.len());
            self.fields.push((name.to_owned(), Seen { kinds, ..Seen::default() }));
        }
    }

    /// The next field belongs to another record.
    pub(crate) fn next_record(&mut self) {
        self.cursor = 0;
    }

    /// The names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// Some dates in the field can only have the day first, and none the month.
    pub(crate) fn is_day_first(&self, name: &str) -> bool {
        let seen = self.places.get(name).and_then(|at| self.fields.get(*at));
        seen.is_some_and(|(_, seen)| seen.day_first && !seen.month_first)
    }

    /// Names and types: the narrowest type that holds all that was seen.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, Type)> {
        self.fields.iter().map(|(name, seen)| (name.as_str(), seen.ty()))
    }
}

impl Seen {
    /// No kind of such a value makes another type of it.
    fn is_told_by(self, raw: Raw<'_>) -> bool {
        let can_nest = matches!(raw, Raw::Json([b'{' | b'[', ..]));
        self.kinds & NESTED != 0 || self.kinds & TEXT != 0 && !can_nest
    }

    fn join(&mut self, other: Seen) {
        self.kinds |= other.kinds;
        self.month_first |= other.month_first;
        self.day_first |= other.day_first;
    }

    fn ty(self) -> Type {
        match self.kinds {
            BOOL => Type::Bool,
            LONG => Type::Long,
            REAL => Type::Real,
            TIME => Type::DateTime,
            kinds if kinds == LONG | REAL => Type::Real,
            kinds if kinds & NESTED != 0 => Type::Dynamic,
            _ => Type::String,
        }
    }
}

fn kind(raw: Raw<'_>) -> u8 {
    match raw {
        _ if raw.is_empty() => 0,
        Raw::Missing => 0,
        Raw::Json(value) => match value[0] {
            b'{' | b'[' => NESTED,
            b't' | b'f' => BOOL,
            b'"' => text_kind(&raw.text().unwrap_or_default(), false),
            b'N' | b'I' => REAL,
            _ => number_kind(&lossy(value)),
        },
        Raw::Quoted(text) => text_kind(&lossy(text), false),
        Raw::Text(bytes) => text_kind(&lossy(bytes), true),
    }
}

fn number_kind(text: &str) -> u8 {
    if text.parse::<i64>().is_ok() {
        LONG
    } else if text.parse::<f64>().is_ok() {
        REAL
    } else {
        TEXT
    }
}

/// What a text may be. Where all values are text (`untyped`), numbers and booleans are told by their looks, but not where a
/// leading zero or plus sign would be lost (a phone number, an identifier).
fn text_kind(text: &str, untyped: bool) -> u8 {
    if text.len() >= 16 && text.as_bytes()[4] == b'-' && convert::ticks(text).is_some() {
        return TIME;
    }
    if text.contains('/') && text.ends_with('M') && (convert::ticks(text).is_some() || convert::order_of(text).is_some()) {
        return TIME;
    }
    if !untyped {
        return TEXT;
    }
    if matches!(text, "true" | "false" | "True" | "False") {
        return BOOL;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && !(digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0."));
    if plain { number_kind(text) } else { TEXT }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str], json: bool) -> Type {
        let mut profile = Profile::default();
        for value in values {
            profile.note("x", if json { Raw::Json(value.as_bytes()) } else { Raw::Text(value.as_bytes()) });
            profile.next_record();
        }
        profile.columns().next().unwrap().1
    }

    #[test]
    fn types_hold_all_that_was_seen() {
        assert_eq!(of(&["1", "null", "2.5"], true), Type::Real);
        assert_eq!(of(&["1", "\"a\""], true), Type::String);
        assert_eq!(of(&["{\"a\":1}", "\"a\""], true), Type::Dynamic);
        assert_eq!(of(&["\"a\"", "{\"a\":1}", "2"], true), Type::Dynamic);
        assert_eq!(of(&["\"2026-01-01T00:00:00Z\"", "\"\""], true), Type::DateTime);
        assert_eq!(of(&["\"12\""], true), Type::String);
        assert_eq!(of(&["12", ""], false), Type::Long);
        assert_eq!(of(&["012"], false), Type::String);
        assert_eq!(of(&["True", "false"], false), Type::Bool);
        assert_eq!(of(&["5/20/2026, 1:36:27.000 PM"], false), Type::DateTime);
        assert_eq!(of(&["20/5/2026, 1:36:27.000 PM", "5/6/2026, 1:36:27.000 PM"], false), Type::DateTime);
        assert_eq!(of(&["", ""], false), Type::String);
    }

    #[test]
    fn profiles_are_joined_in_turn() {
        let of = |fields: &[(&str, &str)]| {
            let mut profile = Profile::default();
            fields.iter().for_each(|(name, value)| profile.note(name, Raw::Text(value.as_bytes())));
            profile
        };
        let joined = of(&[("a", "1"), ("b", "x")]).joined(of(&[("c", "2"), ("a", "2.5"), ("c", "20/5/2026")]));
        assert_eq!(joined.columns().collect::<Vec<_>>(), [("a", Type::Real), ("b", Type::String), ("c", Type::String)]);
        assert!(joined.is_day_first("c") && !joined.is_day_first("a"));
    }
}
