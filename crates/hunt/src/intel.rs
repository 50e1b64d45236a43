//! What feeds gave, in compact memory. Comes in: normalised values with their provenance, one after the other. Goes out: [`Intel`],
//! which keeps what can be hunted, what cannot and why, and finds an indicator by its value.
//!
//! A million indicators must not cost a million small allocations: values stand in the feed's own text or one behind the other in
//! another, what many records have in common (family, source, tags …) is kept once, and an [`Indicator`] is a view of its row.

mod indicator;
mod positions;
mod row;
mod shared;
mod texts;

use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::indicator::{IndicatorType, Rejected, Source};
use crate::normalize::{Hint, Reason, is_international, normalize_into};
use crate::shared_host::{TooWide, too_wide};

pub use indicator::Indicator;
use positions::Positions;
pub(crate) use row::Facts;
use row::{Detail, Key, Row, index};
use shared::Translation;
pub(crate) use shared::{About, Shared};
use texts::Texts;

/// All that was read from feeds.
#[derive(Clone, Debug, Default)]
pub struct Intel {
    /// What cannot be an indicator.
    pub rejected: Vec<Rejected>,
    /// Where it all came from.
    pub sources: Vec<Source>,
    /// What can be hunted, in order of first appearance; no two are the same value of the same family.
    rows: Vec<Row>,
    /// What is not hunted though it is well formed, and why.
    held_back: Vec<(Row, &'static str)>,
    /// Values; each is followed by the value as published, if that differs, and by the publisher's number for it.
    texts: Texts,
    details: Vec<Detail>,
    shared: Shared,
    /// Positions in `rows` by the hash of the value.
    by_value: Positions,
    /// Upper halves of the hashes of the last rows, of which it is not yet known whether they repeat others.
    waiting: Vec<u32>,
    hasher: RandomState,
}

/// An indicator that is well formed and yet not hunted.
#[derive(Clone, Copy, Debug)]
pub struct HeldBack<'i> {
    /// What is held back.
    pub indicator: Indicator<'i>,
    /// Why.
    pub why: &'static str,
}

/// A value that was written down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    ty: IndicatorType,
    start: usize,
}

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is an indicator that was not there before.
    New,
    /// It was there already.
    Repeat,
    /// It is not fit to be hunted.
    HeldBack,
}

/// Finds out about values, on any thread, what adding them needs.
#[derive(Clone)]
pub(crate) struct Judge {
    hasher: RandomState,
}

/// A value in its one form, and what was found out about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged<'v> {
    ty: IndicatorType,
    value: &'v str,
    hash: u64,
    /// Why it is too wide, if it is.
    too_wide: Option<TooWide>,
    is_international: bool,
}

impl Judge {
    /// Of a value in its one form, which may be an [international](is_international) name.
    pub(crate) fn judged<'v>(&self, ty: IndicatorType, value: &'v str, is_international: bool) -> Judged<'v> {
        let hash = Key::of(ty, value).hash(&self.hasher);
        Judged { ty, value, hash, too_wide: too_wide(ty, value), is_international }
    }
}

impl Intel {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Intel {
        Intel::default()
    }

    /// How many indicators there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// There is no indicator.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What can be hunted, in order of first appearance; no two are the same value of the same family.
    pub fn indicators(&self) -> impl ExactSizeIterator<Item = Indicator<'_>> + DoubleEndedIterator + Clone {
        self.rows.iter().map(|row| Indicator::new(self, row))
    }

    /// The indicator at that place of [`Intel::indicators`].
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Indicator<'_>> {
        self.rows.get(at).map(|row| Indicator::new(self, row))
    }

    /// The indicator at a position that this gave.
    #[inline]
    pub(crate) fn at(&self, at: u32) -> Indicator<'_> {
        Indicator::new(self, self.rows.get(at as usize).unwrap_or(&Row::NOTHING))
    }

    /// How many indicators are past their validity at that moment, in ticks.
    #[must_use]
    pub fn expired(&self, now: i64) -> usize {
        // Most lists say nothing of it.
        if self.details.is_empty() { 0 } else { self.indicators().filter(|indicator| indicator.is_expired(now)).count() }
    }

    /// Positions of indicators by the id of their family; none without indicators.
    pub(crate) fn by_family(&self) -> impl Iterator<Item = (&str, Vec<u32>)> {
        let families = self.shared.families();
        let members = if families == 1 { vec![(0..index(self.rows.len())).collect()] } else { self.members(families) };
        let all = members.into_iter().enumerate().filter(|(_, members)| !members.is_empty());
        all.map(|(group, members)| (self.shared.family(index(group)).id.as_str(), members))
    }

    /// Positions of indicators by the number of their family.
    fn members(&self, families: usize) -> Vec<Vec<u32>> {
        let group = |row: &Row| self.shared.group(row.family) as usize;
        let mut counts = vec![0; families];
        for row in &self.rows {
            counts[group(row)] += 1;
        }
        let mut members: Vec<Vec<u32>> = counts.into_iter().map(Vec::with_capacity).collect();
        for (at, row) in self.rows.iter().enumerate() {
            members[group(row)].push(index(at));
        }
        members
    }

    /// What is not hunted though it is well formed.
    pub fn held_back(&self) -> impl ExactSizeIterator<Item = HeldBack<'_>> + Clone {
        self.held_back.iter().map(|(row, why)| HeldBack { indicator: Indicator::new(self, row), why })
    }

    /// The indicators that are just this value, in its one form: one for each family that has it.
    pub fn find<'i>(&'i self, ty: IndicatorType, value: &'i str) -> impl Iterator<Item = Indicator<'i>> {
        self.positions(ty, value).map(|at| self.at(at))
    }

    /// Their positions.
    pub(crate) fn positions(&self, ty: IndicatorType, value: &str) -> impl Iterator<Item = u32> {
        let key = Key::of(ty, value);
        let is_it = move |at: &u32| self.rows.get(*at as usize).is_some_and(|row| row.ty == ty && row.key(&self.texts) == key);
        self.by_value.of(key.hash(&self.hasher)).filter(is_it)
    }

    /// How many families there are that have indicators.
    #[must_use]
    pub fn families(&self) -> usize {
        if self.shared.families() == 1 {
            return usize::from(!self.rows.is_empty());
        }
        let mut seen = vec![false; self.shared.families()];
        self.rows.iter().for_each(|row| seen[self.shared.group(row.family) as usize] = true);
        seen.into_iter().filter(|seen| *seen).count()
    }

    /// How many indicators of each type there are, types without any left out.
    #[must_use]
    pub fn by_type(&self) -> Vec<(IndicatorType, usize)> {
        let count = |ty| self.rows.iter().filter(|row| row.ty == ty).count();
        IndicatorType::ALL.into_iter().map(|ty| (ty, count(ty))).filter(|(_, n)| *n > 0).collect()
    }

    /// Leaves only the indicators that are wanted.
    pub fn retain(&mut self, wanted: impl Fn(Indicator<'_>) -> bool) {
        let rows = std::mem::take(&mut self.rows);
        let kept: Vec<Row> = rows.into_iter().filter(|row| wanted(Indicator::new(self, row))).collect();
        self.by_value.clear();
        for row in kept {
            let hash = row.key(&self.texts).hash(&self.hasher);
            self.push(row, hash);
        }
    }

    /// Adds all of `other`, whose sources are then counted anew: what this already has is a repeat there.
    pub fn merge(&mut self, other: Intel) {
        if self.sources.is_empty() && self.rows.is_empty() {
            *self = other;
            return;
        }
        let mut from = self.shared.translation(&other.shared);
        let mut repeats: Vec<usize> = vec![0; other.sources.len()];
        self.rows.reserve(other.rows.len());
        self.by_value.reserve(other.rows.len());
        self.texts.reserve(other.texts.len());
        for row in &other.rows {
            let source = other.shared.about(row.about).source;
            let row = self.take(&other, row, &mut from);
            let hash = row.key(&self.texts).hash(&self.hasher);
            if self.add_row(row, hash, |value| too_wide(row.ty, value)) == Added::Repeat
                && let Some(at) = other.sources.iter().position(|it| it.name == *other.shared.text(source))
            {
                repeats[at] += 1;
            }
        }
        for (row, why) in &other.held_back {
            let row = self.take(&other, row, &mut from);
            self.held_back.push((row, why));
        }
        self.rejected.extend(other.rejected);
        for (mut source, again) in other.sources.into_iter().zip(repeats) {
            let again = again.min(source.indicators);
            source.indicators -= again;
            source.repeats += again;
            self.sources.push(source);
        }
    }

    /// Makes room for so many more values that are judged already.
    pub(crate) fn reserve(&mut self, values: usize) {
        self.rows.reserve(values);
        self.waiting.reserve(values);
    }

    /// Keeps the text of a feed: values that stand in it as they are need not be copied.
    pub(crate) fn keep(&mut self, text: &Arc<String>) {
        self.texts.keep(text);
    }

    /// What indicators have in common.
    pub(crate) fn shared(&mut self) -> &mut Shared {
        &mut self.shared
    }

    /// Writes the one form of a value down, to be added at once or never.
    ///
    /// # Errors
    /// The reason why it cannot be an indicator.
    pub(crate) fn value(&mut self, published: &str, hint: Hint) -> Result<Value, Reason> {
        let start = self.texts.len();
        let ty = normalize_into(published, hint, self.texts.own()).inspect_err(|_| self.texts.forget_from(start))?;
        Ok(Value { ty, start })
    }

    /// Who finds out about values before they are added here.
    pub(crate) fn judge(&self) -> Judge {
        Judge { hasher: self.hasher.clone() }
    }

    /// Adds values of which nothing is said but what `facts` does; how many of them are held back. Which of the others are repeats
    /// is left to be found out of all together: [`Intel::settle`] is to be called before anything is asked or added otherwise.
    pub(crate) fn add_judged(&mut self, values: &[Judged<'_>], facts: &Facts<'_>) -> usize {
        let before = self.held_back.len();
        for Judged { ty, value, hash, too_wide, is_international } in values {
            let start = self.texts.add(value);
            let row = Row::new(*ty, start, index(value.len()), *is_international, facts);
            match too_wide {
                Some(why) => self.held_back.push((row, why.why())),
                None => {
                    self.rows.push(row);
                    self.waiting.push((hash >> 32) as u32);
                }
            }
        }
        self.held_back.len() - before
    }

    /// Takes out those of the values last added that repeat others; how many they were.
    pub(crate) fn settle(&mut self) -> usize {
        if self.waiting.is_empty() {
            return 0;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let first = self.rows.len() - waiting.len();
        let Intel { rows, texts, shared, by_value, .. } = self;
        let is_same = |known: u32, other: u32| is_same(&rows[known as usize], &rows[other as usize], texts, shared);
        let repeats = by_value.add_all(index(first), &waiting, is_same);
        if repeats.is_empty() {
            return 0;
        }
        let mut gone = vec![false; waiting.len()];
        for (known, repeat) in &repeats {
            gone[*repeat as usize - first] = true;
            self.absorb_row(*known as usize, self.rows[*repeat as usize]);
        }
        let mut each_gone = std::iter::repeat_n(false, first).chain(gone.iter().copied());
        self.rows.retain(|_| each_gone.next() == Some(false));
        let mut left = index(first);
        let numbers = gone.iter().map(|gone| {
            let number = left;
            left += u32::from(!gone);
            number
        });
        let numbers: Vec<u32> = numbers.collect();
        let number = |old: u32| (old as usize).checked_sub(first).map_or(old, |at| numbers[at]);
        self.by_value.renumber(number);
        repeats.len()
    }

    /// Adds the value that was written down last, with what a feed says of it; `published` is empty if it is as the feed wrote it.
    pub(crate) fn add(&mut self, value: Value, published: &str, facts: &Facts<'_>) -> Added {
        let Value { ty, start } = value;
        let length = index(self.texts.len() - start);
        let published = if published == self.texts.get(start, length) { "" } else { published };
        let is_international = ty == IndicatorType::Domain && is_international(self.texts.get(start, length));
        let mut row = Row::new(ty, start, length, is_international, facts);
        let reference = self.shared.add_text(facts.reference);
        if let Some(detail) = Detail::of(published, facts, reference) {
            self.texts.own().extend([published, facts.id]);
            row.detail = index(self.details.len());
            self.details.push(detail);
        }
        let hash = row.key(&self.texts).hash(&self.hasher);
        self.add_row(row, hash, |value| too_wide(row.ty, value))
    }

    /// Adds the indicator whose texts are the last of all; or, if it is there already, what this one says of it beyond the other.
    fn add_row(&mut self, row: Row, hash: u64, too_wide: impl Fn(&str) -> Option<TooWide>) -> Added {
        debug_assert!(self.waiting.is_empty(), "what was added before is settled");
        let Intel { rows, texts, shared, by_value, .. } = &*self;
        let known = by_value.of(hash).find(|at| rows.get(*at as usize).is_some_and(|known| is_same(known, &row, texts, shared)));
        if let Some(at) = known {
            self.absorb(at as usize, row);
            return Added::Repeat;
        }
        if let Some(why) = too_wide(row.value(&self.texts)) {
            self.held_back.push((row, why.why()));
            return Added::HeldBack;
        }
        self.push(row, hash);
        Added::New
    }

    /// Adds an indicator that is not there.
    fn push(&mut self, row: Row, hash: u64) {
        self.by_value.add(hash, index(self.rows.len()));
        self.rows.push(row);
    }

    /// Takes over what a repeat says of the indicator `at`. The repeat's texts and details are the last of all, and go.
    fn absorb(&mut self, at: usize, repeat: Row) {
        self.texts.forget_from(repeat.start());
        let detail = (repeat.detail != row::NONE).then(|| self.details.pop()).flatten();
        self.absorb_row(at, repeat);
        let (Some(detail), Some(known)) = (detail, self.rows.get_mut(at)) else { return };
        match self.details.get_mut(known.detail as usize) {
            Some(known) => known.absorb(&detail),
            None if detail.says_when_or_where() => {
                known.detail = index(self.details.len());
                self.details.push(detail.without_texts());
            }
            None => {}
        }
    }

    /// The same of what a repeat says in its row.
    fn absorb_row(&mut self, at: usize, repeat: Row) {
        let Some(known) = self.rows.get_mut(at) else { return };
        known.absorb(&repeat);
        if known.about != repeat.about {
            known.about = self.shared.joined(known.about, repeat.about);
        }
    }

    /// A row of another, with its texts and what it shares brought over.
    fn take(&mut self, other: &Intel, row: &Row, from: &mut Translation) -> Row {
        let start = self.texts.len();
        self.texts.own().push_str(row.value(&other.texts));
        let mut taken = row.at(start);
        taken.about = from.about(&mut self.shared, &other.shared, row.about);
        taken.family = from.family(row.family);
        if let Some(detail) = other.details.get(row.detail as usize) {
            self.texts.own().extend([row.published(&other.texts, detail), row.id(&other.texts, detail)]);
            taken.detail = index(self.details.len());
            let reference = self.shared.add_text(other.shared.text(detail.reference));
            self.details.push(detail.with_reference(reference));
        }
        taken
    }
}

/// They are the same value of the same family.
fn is_same(a: &Row, b: &Row, texts: &Texts, shared: &Shared) -> bool {
    a.ty == b.ty && shared.group(a.family) == shared.group(b.family) && a.key(texts) == b.key(texts)
}
