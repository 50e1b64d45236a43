//! What many indicators have in common, each kept once and known by a number.

use std::hash::Hash;

use foldhash::fast::RandomState;
use indexmap::{Equivalent, IndexMap, IndexSet};

use super::row::index;
use crate::indicator::Malware;

type Set<T> = IndexSet<T, RandomState>;

/// Texts, families, and what sources say of many of their records.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// The first is empty.
    texts: Set<Box<str>>,
    /// Lists of texts; the first is empty.
    lists: Set<Box<[u32]>>,
    abouts: Set<About>,
    families: Vec<Malware>,
    /// For each family the first with the same id: hunts are made for these.
    groups: Vec<u32>,
    by_id: IndexMap<String, Vec<u32>, RandomState>,
}

/// What many records of a source have in common; texts and lists by their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct About {
    pub(crate) source: u32,
    /// The name of the feed that read it.
    pub(crate) feed: &'static str,
    pub(crate) threat_type: u32,
    pub(crate) reporter: u32,
    pub(crate) marking: u32,
    pub(crate) tags: u32,
}

impl About {
    const NOTHING: About = About { source: 0, feed: "", threat_type: 0, reporter: 0, marking: 0, tags: 0 };
}

impl Default for Shared {
    fn default() -> Shared {
        Shared {
            texts: std::iter::once(Box::from("")).collect(),
            lists: std::iter::once(Box::from([])).collect(),
            abouts: Set::default(),
            families: Vec::new(),
            groups: Vec::new(),
            by_id: IndexMap::default(),
        }
    }
}

impl Shared {
    pub(crate) fn add_text(&mut self, text: &str) -> u32 {
        if text.is_empty() { 0 } else { add(&mut self.texts, text, |text| text.into()) }
    }

    pub(super) fn text(&self, at: u32) -> &str {
        self.texts.get_index(at as usize).map_or("", |text| text)
    }

    pub(crate) fn add_list(&mut self, list: &[u32]) -> u32 {
        if list.is_empty() { 0 } else { add(&mut self.lists, list, |list| list.into()) }
    }

    pub(super) fn list(&self, at: u32) -> impl ExactSizeIterator<Item = &str> {
        let list = self.lists.get_index(at as usize).map_or(&[][..], |list| list);
        list.iter().map(|at| self.text(*at))
    }

    pub(crate) fn add_about(&mut self, about: About) -> u32 {
        add(&mut self.abouts, &about, |about| *about)
    }

    /// What has that number; of a number that was never given, nothing.
    pub(super) fn about(&self, at: u32) -> &About {
        self.abouts.get_index(at as usize).unwrap_or(&About::NOTHING)
    }

    /// The one, with what it is silent on from the other, and the tags of both.
    pub(super) fn joined(&mut self, one: u32, other: u32) -> u32 {
        let (mut about, other) = (*self.about(one), *self.about(other));
        if about.threat_type == 0 {
            about.threat_type = other.threat_type;
        }
        if about.tags != other.tags {
            let tags = |at: u32| self.lists.get_index(at as usize).map_or(&[][..], |list| list);
            let mut all = tags(about.tags).to_vec();
            all.extend(tags(other.tags).iter().filter(|tag| !tags(about.tags).contains(tag)));
            about.tags = self.add_list(&all);
        }
        self.add_about(about)
    }

    /// The number of a family, which is added if it is not there.
    pub(crate) fn add_family(&mut self, malware: Malware) -> u32 {
        let at = index(self.families.len());
        let same_id = self.by_id.entry(malware.id.clone()).or_default();
        let known = same_id.iter().find(|at| self.families.get(**at as usize) == Some(&malware));
        if let Some(known) = known {
            return *known;
        }
        same_id.push(at);
        self.groups.push(same_id.first().copied().unwrap_or(at));
        self.families.push(malware);
        at
    }

    /// A family by its number.
    pub(super) fn family(&self, at: u32) -> &Malware {
        static NONE: Malware = Malware { id: String::new(), name: String::new(), aliases: Vec::new() };
        self.families.get(at as usize).unwrap_or(&NONE)
    }

    /// The first family with the same id.
    pub(super) fn group(&self, family: u32) -> u32 {
        self.groups.get(family as usize).copied().unwrap_or(family)
    }

    /// How many families there are.
    pub(super) fn families(&self) -> usize {
        self.families.len()
    }

    /// What the numbers of `other` are here. Families are brought over at once.
    pub(super) fn translation(&mut self, other: &Shared) -> Translation {
        let families = other.families.iter().map(|malware| self.add_family(malware.clone()));
        Translation { families: families.collect(), abouts: vec![None; other.abouts.len()] }
    }
}

/// The number of a member, which is added if it is not there.
fn add<T: Hash + Eq, Q: ?Sized + Hash + Equivalent<T>>(set: &mut Set<T>, member: &Q, owned: impl FnOnce(&Q) -> T) -> u32 {
    if let Some(at) = set.get_index_of(member) {
        return index(at);
    }
    index(set.insert_full(owned(member)).0)
}

/// What numbers of one [`Shared`] are in another.
#[derive(Debug)]
pub(super) struct Translation {
    families: Vec<u32>,
    abouts: Vec<Option<u32>>,
}

impl Translation {
    pub(super) fn family(&self, at: u32) -> u32 {
        self.families.get(at as usize).copied().unwrap_or(at)
    }

    /// The number in `to` of what has the number `at` in `from`.
    pub(super) fn about(&mut self, to: &mut Shared, from: &Shared, at: u32) -> u32 {
        let Some(slot) = self.abouts.get_mut(at as usize) else { return at };
        *slot.get_or_insert_with(|| {
            let about = from.about(at);
            let tags: Vec<u32> = from.list(about.tags).map(|tag| to.add_text(tag)).collect();
            let about = About {
                source: to.add_text(from.text(about.source)),
                feed: about.feed,
                threat_type: to.add_text(from.text(about.threat_type)),
                reporter: to.add_text(from.text(about.reporter)),
                marking: to.add_text(from.text(about.marking)),
                tags: to.add_list(&tags),
            };
            to.add_about(about)
        })
    }
}
