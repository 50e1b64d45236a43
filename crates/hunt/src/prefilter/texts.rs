//! The texts of candidate rows. Comes in: rows. Goes out: whether one of their texts holds a value as whole terms, in any case.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use kql::types::{Rows, Value};

use crate::sighting::provenance;

/// The texts of some rows, by their terms.
#[derive(Debug)]
pub(super) struct Texts {
    /// In lower case, no text twice.
    pub(super) texts: Vec<String>,
    /// Which of them hold a term.
    by_term: HashMap<String, Vec<usize>, RandomState>,
    starts: Starts,
}

/// With which eight bytes texts go on where terms begin: a bit for each, and sometimes for two.
#[derive(Debug)]
struct Starts(Vec<u64>);

impl Starts {
    const BITS: u32 = 18;

    fn none() -> Starts {
        Starts(vec![0; 1 << (Starts::BITS - 6)])
    }

    #[inline]
    fn place(eight: [u8; 8]) -> (usize, u64) {
        let bit = u64::from_le_bytes(eight).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - Starts::BITS);
        ((bit >> 6) as usize, 1 << (bit & 63))
    }

    /// Adds the terms of a text in lower case.
    fn add(&mut self, text: &str) {
        let mut inside = false;
        for (at, c) in text.char_indices() {
            let was_inside = std::mem::replace(&mut inside, c.is_alphanumeric());
            if inside
                && !was_inside
                && let Some(eight) = text.as_bytes()[at..].first_chunk()
            {
                let (word, bit) = Starts::place(*eight);
                self.0[word] |= bit;
            }
        }
    }

    /// No text goes on as the value begins. Nothing is said of a value that is short or does not begin with a term in lower case.
    #[inline]
    fn lack(&self, value: &str) -> bool {
        let Some(eight) = value.as_bytes().first_chunk::<8>() else { return false };
        let (word, bit) = Starts::place(*eight);
        self.0[word] & bit == 0 && eight[0].is_ascii_alphanumeric() && is_ascii_lowercase(*eight)
    }
}

/// All bytes are ASCII, and none is a letter in upper case.
#[inline]
fn is_ascii_lowercase(eight: [u8; 8]) -> bool {
    const EACH: u64 = u64::MAX / 255;
    const UPPERMOST: u64 = EACH << 7;
    let bytes = u64::from_le_bytes(eight);
    // Of bytes in ASCII the uppermost bit tells where adding goes beyond 127.
    let from_a = (bytes & !UPPERMOST) + EACH * (128 - u64::from(b'A'));
    let behind_z = (bytes & !UPPERMOST) + EACH * (127 - u64::from(b'Z'));
    (bytes | from_a & !behind_z) & UPPERMOST == 0
}

impl Texts {
    pub(super) fn of(rows: &Rows) -> Texts {
        // The raw record repeats what the columns hold, and no query tests it.
        let looked_at: Vec<bool> = rows.columns.iter().map(|column| !provenance::ALL.contains(&column.name.as_str())).collect();
        let mut known: HashSet<String, RandomState> = HashSet::default();
        let mut all = Texts { texts: Vec::new(), by_term: HashMap::default(), starts: Starts::none() };
        for row in &rows.rows {
            for (cell, _) in row.iter().zip(&looked_at).filter(|(_, looked_at)| **looked_at) {
                if let Value::String(text) | Value::Dynamic(text) = cell
                    && !known.contains(text)
                {
                    known.insert(text.clone());
                    all.add(text.to_lowercase());
                    all.add_unescaped(text);
                }
            }
        }
        all
    }

    /// Adds what a query sees that reads the text as JSON.
    fn add_unescaped(&mut self, text: &str) {
        let mut text = Cow::Borrowed(text);
        // JSON may stand within JSON.
        for _ in 0..JSON_DEPTH {
            let Some(plain) = unescaped(&text) else { return };
            self.add(plain.to_lowercase());
            text = Cow::Owned(plain);
        }
    }

    fn add(&mut self, text: String) {
        let at = self.texts.len();
        for term in terms(&text) {
            match self.by_term.get_mut(term) {
                Some(texts) if texts.last() == Some(&at) => {}
                Some(texts) => texts.push(at),
                None => {
                    self.by_term.insert(term.to_owned(), vec![at]);
                }
            }
        }
        self.starts.add(&text);
        self.texts.push(text);
    }

    /// Some text holds the value as whole terms, in any case.
    #[inline]
    pub(super) fn hold(&self, value: &str) -> bool {
        // Nearly all values begin as no text goes on.
        !self.starts.lack(value) && self.hold_terms(value)
    }

    #[cold]
    fn hold_terms(&self, value: &str) -> bool {
        let value = if value.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
            value.to_lowercase().into()
        } else {
            Cow::Borrowed(value)
        };
        let mut texts: Option<&Vec<usize>> = None;
        for term in terms(&value) {
            // A term that no text holds is found out at the first look, mostly.
            let Some(with_term) = self.by_term.get(term) else { return false };
            if texts.is_none_or(|known| with_term.len() < known.len()) {
                texts = Some(with_term);
            }
        }
        match texts {
            Some(texts) => texts.iter().filter_map(|at| self.texts.get(*at)).any(|text| holds(text, &value)),
            None => self.texts.iter().any(|text| holds(text, &value)),
        }
    }
}

/// So often a text is read as JSON.
const JSON_DEPTH: usize = 3;

/// The text with the characters that its JSON escapes (`\\u002e`) stand for; none if it has no such escape.
fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split("\\u");
    let mut plain = parts.next()?.to_owned();
    let mut any = false;
    for part in parts {
        let code = part.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        match code {
            Some(c) => {
                any = true;
                plain.push(c);
                plain.push_str(&part[4..]);
            }
            None => plain.extend(["\\u", part]),
        }
    }
    any.then_some(plain)
}

/// Finds which of many values a text holds as whole terms, in any case, as `has_any` would.
#[derive(Default)]
pub(crate) struct TermIndex<'v> {
    values: Vec<&'v str>,
    /// The longest term of each value, in lower case: a text that holds the value holds the term.
    by_term: HashMap<String, Vec<usize>>,
}

impl<'v> TermIndex<'v> {
    /// Adds a value; its position is returned.
    pub(crate) fn add(&mut self, value: &'v str) -> usize {
        let at = self.values.len();
        self.values.push(value);
        let longest = terms(value).min_by_key(|term| std::cmp::Reverse(term.len())).unwrap_or(value);
        self.by_term.entry(longest.to_lowercase()).or_default().push(at);
        at
    }

    /// Positions of the values that `text` holds, each once.
    pub(crate) fn find(&self, text: &str) -> Vec<usize> {
        let lower = text.to_lowercase();
        let mut found: Vec<usize> = Vec::new();
        for term in terms(&lower) {
            for at in self.by_term.get(term).into_iter().flatten() {
                if !found.contains(at) && holds(&lower, &self.values[*at].to_lowercase()) {
                    found.push(*at);
                }
            }
        }
        found
    }
}

/// `value` stands in `text` and neither goes on in a letter or digit where the value ends in one.
fn holds(text: &str, value: &str) -> bool {
    let joins = |a: Option<char>, b: Option<char>| a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric);
    text.match_indices(value).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + value.len()..].chars().next());
        !joins(before, value.chars().next()) && !joins(value.chars().next_back(), after)
    })
}

/// Runs of letters and digits.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|term| !term.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kql::types::{Column, Type};

    #[test]
    fn bytes_in_lower_case_are_told() {
        for (at, byte) in (0..8).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
            let mut eight = *b"a-z.09@[";
            eight[at] = byte;
            assert_eq!(is_ascii_lowercase(eight), byte.is_ascii() && !byte.is_ascii_uppercase(), "{byte} at {at}");
        }
    }

    #[test]
    fn values_are_held_however_they_begin() {
        let cell = |text: &str| vec![Value::String(text.to_owned())];
        let texts = ["see WWW.Evil.shop.", "-enc é", "a.b", "x a-b_c.biz", "Ωmega.net", "C:\\cmd.exe"];
        let rows = Rows { columns: vec![Column::new("Name", Type::String)], rows: texts.map(cell).to_vec() };
        let texts = Texts::of(&rows);
        let held = [
            "evil.shop",
            "Evil.shop",
            "www.evil",
            "shop",
            "-enc",
            "é",
            "a.b",
            "a",
            "a-b_c.biz",
            "b_c.biz",
            "ωmega.net",
            "cmd.exe",
        ];
        for value in held {
            assert!(texts.hold(value), "{value}");
        }
        for value in
            ["vil.shop", "evil.sho", "evil.shops", "www.evil.biz", "mega.net", "a.b.c", "evil.biz", "nc", "encode", "c:\\cmd.ex"]
        {
            assert!(!texts.hold(value), "{value}");
        }
    }
}
