//! Indicators and what a feed gave besides them: what each of them says, as it is read from [`Intel`](crate::Intel), which keeps
//! them.

use std::fmt;
use std::sync::Arc;

use crate::normalize::Reason;

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
    /// All addresses of a network: `185.220.101.0/24`.
    Network,
    /// The MD5 of a file.
    Md5,
    /// The SHA-1 of a file.
    Sha1,
    /// The SHA-256 of a file.
    Sha256,
}

impl IndicatorType {
    /// All types, in the order in which they are listed.
    pub const ALL: [IndicatorType; 8] = [
        IndicatorType::Domain,
        IndicatorType::Url,
        IndicatorType::IpPort,
        IndicatorType::Ip,
        IndicatorType::Network,
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
            IndicatorType::Network => "network",
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
    /// Dates and confidences that could not be read. What they were said of is hunted without them.
    pub unread_facts: usize,
    /// The first of them.
    pub first_unread: Option<Unread>,
}

/// What a record says in a form that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// A date, or a confidence.
    pub fact: Fact,
    /// As the feed wrote it, cut to a readable length.
    pub text: String,
    /// Where it stands: `line 12`.
    pub at: String,
}

/// A kind of what records say of their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// When a value was seen, or until when it is valid.
    Date,
    /// How far to believe it.
    Confidence,
}
