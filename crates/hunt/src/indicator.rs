//! Indicators and what a feed gave besides them. Comes in: normalised values with their provenance. Goes out: [`Intel`], which
//! keeps what can be hunted, what cannot and why.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use crate::normalize::{self, Reason};

/// What kind of observable an indicator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndicatorType {
    /// A domain name: it stands for itself and all names below it.
    Domain,
    /// A URL.
    Url,
    /// An address and a port.
    IpPort,
    /// An address, whatever the port.
    Ip,
    /// The MD5 of a file.
    Md5,
    /// The SHA-1 of a file.
    Sha1,
    /// The SHA-256 of a file.
    Sha256,
}

impl IndicatorType {
    /// All types, in the order in which they are listed.
    pub const ALL: [IndicatorType; 7] = [
        IndicatorType::Domain,
        IndicatorType::Url,
        IndicatorType::IpPort,
        IndicatorType::Ip,
        IndicatorType::Md5,
        IndicatorType::Sha1,
        IndicatorType::Sha256,
    ];

    /// The name that results and reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            IndicatorType::Domain => "domain",
            IndicatorType::Url => "url",
            IndicatorType::IpPort => "ip:port",
            IndicatorType::Ip => "ip",
            IndicatorType::Md5 => "md5",
            IndicatorType::Sha1 => "sha1",
            IndicatorType::Sha256 => "sha256",
        }
    }

    /// ThreatFox's spelling of the type.
    #[must_use]
    pub fn threatfox_name(self) -> &'static str {
        match self {
            IndicatorType::Md5 => "md5_hash",
            IndicatorType::Sha1 => "sha1_hash",
            IndicatorType::Sha256 => "sha256_hash",
            other => other.name(),
        }
    }

    /// The type that [`IndicatorType::name`] names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<IndicatorType> {
        IndicatorType::ALL.into_iter().find(|ty| ty.name() == name)
    }

    /// MD5, SHA-1 or SHA-256.
    #[must_use]
    pub fn is_hash(self) -> bool {
        matches!(self, IndicatorType::Md5 | IndicatorType::Sha1 | IndicatorType::Sha256)
    }
}

impl fmt::Display for IndicatorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A malware family: what a hunt is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Malware {
    /// The publisher's id: `win.remus`.
    pub id: String,
    /// The name that people read: `Remus`.
    pub name: String,
    /// Other names for it.
    pub aliases: Vec<String>,
}

/// An observable, what it indicates, how far to believe it and who says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Indicator {
    /// What kind of observable.
    pub ty: IndicatorType,
    /// The value in the one form that all comparisons use.
    pub value: String,
    /// The value as the feed wrote it, where that differs from `value`.
    pub published: Option<Box<str>>,
    /// The family it belongs to.
    pub malware: Arc<Malware>,
    /// `botnet_cc`, `payload_delivery` …; empty if the feed does not say.
    pub threat_type: Arc<str>,
    /// 0 to 100; none if the feed does not say.
    pub confidence: Option<u8>,
    /// When it was first seen, in ticks of 100 ns since 0001-01-01 UTC.
    pub first_seen: Option<i64>,
    /// When it was last seen, in the same ticks.
    pub last_seen: Option<i64>,
    /// The feed, or the file it was read from.
    pub source: Arc<str>,
    /// The name of the feed that read it: `threatfox`.
    pub feed: &'static str,
    /// The publisher's number for it.
    pub id: Option<Box<str>>,
    /// Where to read more: an address as published, never fetched.
    pub reference: Option<Box<str>>,
    /// Who reported it; empty if the feed does not say.
    pub reporter: Arc<str>,
    /// The publisher's tags.
    pub tags: Vec<Arc<str>>,
    /// A legitimate site that was broken into, if the feed says so.
    pub compromised: bool,
    /// TLP or licence that travels with it; empty if the feed does not say.
    pub marking: Arc<str>,
}

impl Indicator {
    /// The value as the feed wrote it.
    #[must_use]
    pub fn as_published(&self) -> &str {
        self.published.as_deref().unwrap_or(&self.value)
    }

    /// Address and port of an `ip:port` or `ip` indicator.
    #[must_use]
    pub fn address(&self) -> Option<(&str, Option<u16>)> {
        match self.ty {
            IndicatorType::Ip => Some((&self.value, None)),
            IndicatorType::IpPort => {
                let (address, port) = self.value.rsplit_once(':')?;
                Some((address.trim_start_matches('[').trim_end_matches(']'), port.parse().ok()))
            }
            _ => None,
        }
    }

    /// What equal indicators have in common: two URLs that differ in the scheme alone are one.
    fn key(&self) -> Box<str> {
        let scheme_free = (self.ty == IndicatorType::Url).then(|| normalize::url_key(&self.value));
        let value = scheme_free.as_deref().unwrap_or(&self.value);
        // No value holds a line feed, so that no two different triples have the same text.
        [self.ty.name(), "\n", value, "\n", &self.malware.id].concat().into_boxed_str()
    }

    /// Takes over what a repeat of the same indicator adds.
    fn absorb(&mut self, other: Indicator) {
        self.confidence = self.confidence.max(other.confidence);
        self.first_seen = match (self.first_seen, other.first_seen) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.last_seen = self.last_seen.max(other.last_seen);
        self.reference = self.reference.take().or(other.reference);
        self.compromised |= other.compromised;
        if self.threat_type.is_empty() {
            self.threat_type = other.threat_type;
        }
        for tag in other.tags {
            if !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
    }
}

/// A value that cannot be an indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The value as the feed wrote it, cut to a readable length.
    pub value: String,
    /// Why it cannot.
    pub why: Reason,
    /// Where it stands: `line 12`, `record 1846716`.
    pub at: String,
    /// The source it came from.
    pub source: Arc<str>,
}

/// An indicator that is well formed and yet not hunted.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldBack {
    /// What is held back.
    pub indicator: Indicator,
    /// Why.
    pub why: String,
}

/// What one source gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its name: a path, as the caller wrote it.
    pub name: String,
    /// The feed that read it: `threatfox`, `list` …
    pub feed: &'static str,
    /// Values it holds, of whatever worth.
    pub values: usize,
    /// New indicators from it.
    pub indicators: usize,
    /// Repeats of an indicator that was there already.
    pub repeats: usize,
    /// Values rejected.
    pub rejected: usize,
    /// Indicators held back.
    pub held_back: usize,
}

/// All that was read from feeds.
#[derive(Clone, Debug, Default)]
pub struct Intel {
    /// What can be hunted, in order of first appearance; no two are the same value of the same family.
    pub indicators: Vec<Indicator>,
    /// What cannot be an indicator.
    pub rejected: Vec<Rejected>,
    /// What is not hunted though it is well formed.
    pub held_back: Vec<HeldBack>,
    /// Where it all came from.
    pub sources: Vec<Source>,
    index: HashMap<Box<str>, usize>,
}

impl Intel {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Intel {
        Intel::default()
    }

    /// Adds an indicator or, if it is there, what this one says of it beyond the other. True if it is new.
    pub fn add(&mut self, indicator: Indicator) -> bool {
        match self.index.entry(indicator.key()) {
            Entry::Occupied(at) => {
                self.indicators[*at.get()].absorb(indicator);
                false
            }
            Entry::Vacant(slot) => {
                slot.insert(self.indicators.len());
                self.indicators.push(indicator);
                true
            }
        }
    }

    /// Adds all of `other`, whose sources are then counted anew: what this already has is a repeat there.
    pub fn merge(&mut self, other: Intel) {
        if self.sources.is_empty() && self.indicators.is_empty() {
            *self = other;
            return;
        }
        let mut repeats: HashMap<Arc<str>, usize> = HashMap::new();
        for indicator in other.indicators {
            let source = Arc::clone(&indicator.source);
            if !self.add(indicator) {
                *repeats.entry(source).or_default() += 1;
            }
        }
        self.rejected.extend(other.rejected);
        self.held_back.extend(other.held_back);
        for mut source in other.sources {
            let again = repeats.get(source.name.as_str()).copied().unwrap_or(0).min(source.indicators);
            source.indicators -= again;
            source.repeats += again;
            self.sources.push(source);
        }
    }

    /// How many indicators of each type there are, types without any left out.
    #[must_use]
    pub fn by_type(&self) -> Vec<(IndicatorType, usize)> {
        let count = |ty| self.indicators.iter().filter(|indicator| indicator.ty == ty).count();
        IndicatorType::ALL.into_iter().map(|ty| (ty, count(ty))).filter(|(_, n)| *n > 0).collect()
    }
}
