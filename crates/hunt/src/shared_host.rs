//! Names that say nothing about who is behind them. Comes in: a domain name or an indicator. Goes out: whether many parties share
//! it, and why an indicator is too wide to be hunted.

use std::collections::HashSet;
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use psl::{Info, List, Psl as _, Type};
use wide::u8x16;

use crate::indicator::IndicatorType;
use crate::normalize::network_of;

/// Our own list; public suffixes come from the Public Suffix List.
static SHARED: LazyLock<Names> = LazyLock::new(|| {
    include_str!("../data/shared_hosts.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});

/// A few names, of which most others are told at once.
struct Names {
    names: HashSet<&'static str, RandomState>,
    /// A bit for what a name begins with and how long it is.
    begins: [u64; 64],
}

impl FromIterator<&'static str> for Names {
    fn from_iter<I: IntoIterator<Item = &'static str>>(names: I) -> Names {
        let mut all = Names { names: HashSet::default(), begins: [0; 64] };
        for name in names {
            let (word, bit) = Names::place(name);
            all.begins[word] |= bit;
            all.names.insert(name);
        }
        all
    }
}

impl Names {
    fn place(name: &str) -> (usize, u64) {
        let [first, second] = name.as_bytes().first_chunk().copied().unwrap_or_default();
        (usize::from(first ^ second.rotate_left(3)) % 64, 1 << ((name.len() + usize::from(second)) % 64))
    }

    fn contains(&self, name: &str) -> bool {
        let (word, bit) = Names::place(name);
        self.begins[word] & bit != 0 && self.names.contains(name)
    }
}

/// The name is a public suffix (`duckdns.org`, `co.uk`): all that is below it belongs to others.
///
/// Where a private suffix is a wildcard (`*.localto.net`), each name it stands for is one customer's, and is none here.
#[must_use]
pub fn is_public_suffix(name: &str) -> bool {
    let suffix = suffix(name);
    suffix.len == name.len() && suffix.typ.is_some_and(|ty| ty == Type::Icann || !is_by_wildcard(name))
}

/// Any other name beside this one would be a suffix too.
fn is_by_wildcard(name: &str) -> bool {
    name.split_once('.').is_some_and(|(_, parent)| {
        let sibling = format!("no-one-registers-this.{parent}");
        suffix(&sibling).len == sibling.len()
    })
}

/// How long the suffix of a name is that the list gives, and of what type, if it is known.
fn suffix(name: &str) -> Info {
    List.find(Labels::of(name.as_bytes()))
}

/// The labels of a name, the last first.
struct Labels<'n> {
    /// What is left of the name.
    name: Option<&'n [u8]>,
    /// Where the bytes begin of which dots are known.
    base: usize,
    /// Where they are in what is left: a million names are asked about, so they are found all at once.
    dots: u64,
}

impl<'n> Labels<'n> {
    fn of(name: &'n [u8]) -> Labels<'n> {
        let base = name.len().saturating_sub(u64::BITS as usize);
        Labels { name: Some(name), base, dots: dots(&name[base..]) }
    }
}

impl<'n> Iterator for Labels<'n> {
    type Item = &'n [u8];

    #[inline]
    fn next(&mut self) -> Option<&'n [u8]> {
        let name = self.name?;
        let last = match self.dots.checked_ilog2() {
            Some(bit) => {
                self.dots ^= 1 << bit;
                Some(self.base + bit as usize)
            }
            None if self.base > 0 => memchr::memrchr(b'.', name),
            None => None,
        };
        self.name = last.map(|dot| &name[..dot]);
        Some(last.map_or(name, |dot| &name[dot + 1..]))
    }
}

/// Where dots are in up to sixty-four bytes: a bit for each.
fn dots(bytes: &[u8]) -> u64 {
    let of = |chunk: &[u8; 16]| u64::from(u8x16::new(*chunk).simd_eq(u8x16::splat(b'.')).to_bitmask());
    match bytes.last_chunk() {
        Some(last) => {
            let last = of(last) << (bytes.len() - 16);
            bytes.as_chunks().0.iter().enumerate().fold(last, |dots, (at, chunk)| dots | of(chunk) << (16 * at))
        }
        None => bytes.iter().rev().fold(0, |dots, byte| dots << 1 | u64::from(*byte == b'.')),
    }
}

/// Many parties share the host: a URL there says nothing about another URL there.
#[must_use]
pub fn is_shared(name: &str) -> bool {
    is_public_suffix(name) || suffixes(name).any(|suffix| SHARED.contains(suffix))
}

/// The name and its parents, the longest first: `a.b.c`, `b.c`, `c`.
pub(crate) fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    let starts = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
    starts.map(move |at| &name[at..])
}

/// Why an indicator would match what is not meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooWide {
    Network,
    PublicSuffix,
    SharedHost,
}

impl TooWide {
    pub(crate) fn why(self) -> &'static str {
        match self {
            TooWide::Network => "a network so wide that it belongs to many parties",
            TooWide::PublicSuffix => "a public suffix: the names below it belong to many parties",
            TooWide::SharedHost => "a host that many parties share: it is no sign of any one of them",
        }
    }
}

/// Why an indicator of that type and value would match what is not meant; none if it is fit to hunt.
#[must_use]
pub(crate) fn too_wide(ty: IndicatorType, value: &str) -> Option<TooWide> {
    match ty {
        IndicatorType::Network => {
            let network = network_of(value)?;
            let shortest = if network.max_prefix_len() == 32 { 8 } else { 16 };
            (network.prefix_len() < shortest).then_some(TooWide::Network)
        }
        IndicatorType::Domain if is_public_suffix(value) => Some(TooWide::PublicSuffix),
        IndicatorType::Domain => SHARED.contains(value).then_some(TooWide::SharedHost),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_hosts_and_suffixes() {
        for name in
            ["duckdns.org", "github.io", "workers.dev", "co.uk", "www.dropbox.com", "raw.githubusercontent.com", "microsoft.com"]
        {
            assert!(is_shared(name), "{name}");
        }
        for name in ["evil.duckdns.org", "evil.shop", "notdropbox.com", "abc.localto.net"] {
            assert!(!is_shared(name), "{name}");
        }
    }

    #[test]
    fn labels_of_names_of_any_length() {
        let long = format!("{}.{}.b.example", "a".repeat(63), "c".repeat(60));
        for name in ["com", "a.b", "evil.co.uk", "one.two-three.four", &"x.yz.".repeat(40), &long, &"a".repeat(70), ".", ""] {
            let labels: Vec<&[u8]> = Labels::of(name.as_bytes()).collect();
            assert_eq!(labels, name.as_bytes().rsplit(|byte| *byte == b'.').collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn wide_networks() {
        let is_wide = |network| too_wide(IndicatorType::Network, network).is_some();
        assert!(is_wide("64.0.0.0/7") && is_wide("2a00::/12"));
        assert!(!is_wide("45.0.0.0/8") && !is_wide("2a02::/16") && !is_wide("185.220.101.0/24"));
    }

    #[test]
    fn the_list_is_sorted_and_in_normal_form() {
        let lines: Vec<&str> =
            include_str!("../data/shared_hosts.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        assert!(lines.iter().all(|line| crate::normalize::domain(line).as_deref() == Ok(line)));
        let unique: std::collections::BTreeSet<&&str> = lines.iter().collect();
        assert_eq!(unique.len(), lines.len());
    }
}
