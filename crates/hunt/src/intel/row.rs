//! An indicator's own facts, each in few bytes. What it has in common with others is in [`Shared`](super::shared::Shared).

use std::hash::{BuildHasher, Hasher};

use super::texts::Texts;
use crate::indicator::IndicatorType;
use crate::normalize::url_key_parts;

/// No position.
pub(super) const NONE: u32 = u32::MAX;

/// The lower bits of a position.
const LOW: u64 = 0xffff_ffff;

/// No moment.
const NEVER: i64 = i64::MIN;

/// A position or a length. What is beyond four billion does not fit in the memory of any machine this runs on.
pub(super) fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(NONE)
}

/// What a feed says of a value, besides the value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'a> {
    /// The family, by its number.
    pub(crate) family: u32,
    /// What many records have in common, by its number.
    pub(crate) about: u32,
    pub(crate) confidence: Option<u8>,
    pub(crate) compromised: bool,
    pub(crate) first_seen: Option<i64>,
    pub(crate) last_seen: Option<i64>,
    pub(crate) valid_until: Option<i64>,
    /// The publisher's number for it.
    pub(crate) id: &'a str,
    pub(crate) reference: &'a str,
}

/// An indicator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The place of its value: the lower bits. A text may be longer than they can say.
    start: u32,
    /// How long the value is.
    pub(super) length: u32,
    pub(super) family: u32,
    pub(super) about: u32,
    /// [`NONE`] if there are none.
    pub(super) detail: u32,
    /// The place of the value: the upper bits.
    start_high: u8,
    pub(super) ty: IndicatorType,
    /// One more than it is; 0 if it is not known.
    confidence: u8,
    /// Some of [`COMPROMISED`] and [`INTERNATIONAL`].
    flags: u8,
}

const COMPROMISED: u8 = 1;
/// It is a domain name that is also written in letters of its own.
const INTERNATIONAL: u8 = 2;

/// What not every feed says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detail {
    first_seen: i64,
    last_seen: i64,
    valid_until: i64,
    /// A shared text.
    pub(super) reference: u32,
    /// Of the value as published, which follows the value; 0 if it is the same.
    published: u32,
    /// Of the publisher's number, which follows in turn.
    id: u32,
}

impl Row {
    pub(super) const NOTHING: Row = Row {
        start: 0,
        start_high: 0,
        length: 0,
        family: NONE,
        about: NONE,
        detail: NONE,
        ty: IndicatorType::Domain,
        confidence: 0,
        flags: 0,
    };

    pub(super) fn new(ty: IndicatorType, start: usize, length: u32, is_international: bool, facts: &Facts<'_>) -> Row {
        let Facts { family, about, confidence, compromised, .. } = *facts;
        let confidence = confidence.map_or(0, |confidence| confidence.saturating_add(1));
        let flags = if compromised { COMPROMISED } else { 0 } | if is_international { INTERNATIONAL } else { 0 };
        Row { length, family, about, ty, confidence, flags, ..Row::NOTHING }.at(start)
    }

    pub(super) fn is_compromised(&self) -> bool {
        self.flags & COMPROMISED != 0
    }

    /// It is a domain name that is also written in letters of its own.
    pub(super) fn is_international(&self) -> bool {
        self.flags & INTERNATIONAL != 0
    }

    /// The same where the value stands elsewhere.
    pub(super) fn at(self, start: usize) -> Row {
        let start = start as u64;
        Row { start: (start & LOW) as u32, start_high: u8::try_from(start >> 32).unwrap_or(u8::MAX), ..self }
    }

    /// The place of its value.
    #[inline]
    pub(super) fn start(&self) -> usize {
        (u64::from(self.start_high) << 32 | u64::from(self.start)) as usize
    }

    pub(super) fn confidence(&self) -> Option<u8> {
        self.confidence.checked_sub(1)
    }

    /// Takes over what a repeat says in the row.
    pub(super) fn absorb(&mut self, repeat: &Row) {
        self.confidence = self.confidence.max(repeat.confidence);
        self.flags |= repeat.flags;
    }

    #[inline]
    pub(super) fn value<'t>(&self, texts: &'t Texts) -> &'t str {
        texts.get(self.start(), self.length)
    }

    pub(super) fn published<'t>(&self, texts: &'t Texts, detail: &Detail) -> &'t str {
        texts.get(self.start() + self.length as usize, detail.published)
    }

    pub(super) fn id<'t>(&self, texts: &'t Texts, detail: &Detail) -> &'t str {
        texts.get(self.start() + self.length as usize + detail.published as usize, detail.id)
    }

    /// What equal values have in common.
    pub(super) fn key<'t>(&self, texts: &'t Texts) -> Key<'t> {
        Key::of(self.ty, self.value(texts))
    }
}

impl Detail {
    /// None if there is nothing to be kept.
    pub(super) fn of(published: &str, facts: &Facts<'_>, reference: u32) -> Option<Detail> {
        let detail = Detail {
            first_seen: facts.first_seen.unwrap_or(NEVER),
            last_seen: facts.last_seen.unwrap_or(NEVER),
            valid_until: facts.valid_until.unwrap_or(NEVER),
            reference,
            published: index(published.len()),
            id: index(facts.id.len()),
        };
        (detail.published > 0 || detail.id > 0 || detail.says_when_or_where()).then_some(detail)
    }

    pub(super) fn first_seen(&self) -> Option<i64> {
        (self.first_seen != NEVER).then_some(self.first_seen)
    }

    pub(super) fn last_seen(&self) -> Option<i64> {
        (self.last_seen != NEVER).then_some(self.last_seen)
    }

    pub(super) fn valid_until(&self) -> Option<i64> {
        (self.valid_until != NEVER).then_some(self.valid_until)
    }

    /// It says more than how the feed wrote the value, and which number it gave it.
    pub(super) fn says_when_or_where(&self) -> bool {
        [self.first_seen, self.last_seen, self.valid_until].iter().any(|at| *at != NEVER) || self.reference != 0
    }

    pub(super) fn with_reference(self, reference: u32) -> Detail {
        Detail { reference, ..self }
    }

    /// The same where no texts follow the value.
    pub(super) fn without_texts(self) -> Detail {
        Detail { published: 0, id: 0, ..self }
    }

    /// Takes over what a repeat of the same indicator adds.
    pub(super) fn absorb(&mut self, other: &Detail) {
        self.first_seen = match (self.first_seen, other.first_seen) {
            (NEVER, other) => other,
            (known, NEVER) => known,
            (known, other) => known.min(other),
        };
        self.last_seen = self.last_seen.max(other.last_seen);
        self.valid_until = self.valid_until.max(other.valid_until);
        if self.reference == 0 {
            self.reference = other.reference;
        }
    }
}

/// What equal values have in common: the value; of a URL what [`url_key_parts`] leaves of it, so that two URLs that differ in the
/// scheme alone are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key<'t>(&'t str, &'t str);

impl<'t> Key<'t> {
    pub(super) fn of(ty: IndicatorType, value: &'t str) -> Key<'t> {
        let (authority, tail) = if ty == IndicatorType::Url { url_key_parts(value) } else { (value, "") };
        Key(authority, tail)
    }

    pub(super) fn hash(self, hasher: &impl BuildHasher) -> u64 {
        let mut state = hasher.build_hasher();
        state.write(self.0.as_bytes());
        if !self.1.is_empty() {
            state.write(self.1.as_bytes());
        }
        state.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_small() {
        assert_eq!(size_of::<Row>(), 24);
    }

    #[test]
    fn a_row_says_what_it_was_told() {
        let facts = Facts { confidence: Some(0), ..Facts::default() };
        let mut row = Row::new(IndicatorType::Url, (7 << 32) + 5, 3, false, &facts);
        assert_eq!((row.start(), row.confidence()), ((7 << 32) + 5, Some(0)));
        let unknown = Row::new(IndicatorType::Url, 9, 3, true, &Facts::default());
        assert_eq!((unknown.start(), unknown.confidence()), (9, None));
        row.absorb(&unknown);
        assert_eq!((row.confidence(), row.is_international(), row.is_compromised()), (Some(0), true, false));
    }
}
