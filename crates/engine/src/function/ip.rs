//! IP addresses with a prefix: text in, numbers that can be masked and compared out.

use std::net::{Ipv4Addr, Ipv6Addr};

/// An IPv4 address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct V4 {
    /// The address, unmasked.
    pub(crate) bits: u32,
    /// 0 to 32.
    pub(crate) prefix: u32,
}

/// An IPv6 address, or an IPv4 one mapped into it, and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct V6 {
    /// The address, unmasked.
    pub(crate) bits: u128,
    /// 0 to 128.
    pub(crate) prefix: u32,
}

impl V4 {
    /// `192.0.2.1` or `192.0.2.0/24`.
    pub(crate) fn parse(text: &str) -> Option<V4> {
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, number(prefix, 32)?),
            None => (text, 32),
        };
        Some(V4 { bits: address.parse::<Ipv4Addr>().ok()?.into(), prefix })
    }

    /// The address with all bits past the first `prefix` cleared.
    pub(crate) fn masked(self, prefix: u32) -> u32 {
        self.bits & mask32(prefix)
    }

    /// The address is in the range.
    pub(super) fn is_in(self, range: V4) -> bool {
        self.masked(range.prefix) == range.masked(range.prefix)
    }
}

/// Ones in the first `prefix` bits.
pub(super) fn mask32(prefix: u32) -> u32 {
    u32::MAX.checked_shl(32 - prefix.min(32)).unwrap_or(0)
}

impl V6 {
    /// An IPv6 or IPv4 address, with a prefix or without. The prefix of an address that is or ends in an IPv4 one counts from
    /// there.
    pub(crate) fn parse(text: &str) -> Option<V6> {
        if let Some(v4) = V4::parse(text) {
            return Some(v4.into());
        }
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, number(prefix, 128)?),
            None => (text, 128),
        };
        let prefix = if address.contains('.') && prefix <= 32 { 96 + prefix } else { prefix };
        let address = address.parse::<Ipv6Addr>().ok()?;
        Some(V6 { bits: compatible(address.into()), prefix })
    }

    /// The address with all bits past the first `prefix` cleared.
    pub(crate) fn masked(self, prefix: u32) -> u128 {
        self.bits & u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0)
    }

    /// The address is in the range.
    pub(super) fn is_in(self, range: V6) -> bool {
        self.masked(range.prefix) == range.masked(range.prefix)
    }
}

impl From<V4> for V6 {
    fn from(v4: V4) -> V6 {
        V6 { bits: Ipv4Addr::from(v4.bits).to_ipv6_mapped().into(), prefix: 96 + v4.prefix }
    }
}

/// `::192.0.2.1`, the old way to write an IPv4 address, as the mapped one. `::` and `::1` are themselves.
fn compatible(bits: u128) -> u128 {
    if bits >> 32 == 0 && bits > 0xffff { bits | 0xffff << 32 } else { bits }
}

/// Digits that write a number up to `most`.
fn number(text: &str, most: u32) -> Option<u32> {
    let digits = !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= most)
}

/// An address among many ranges: sorted, so that a look-up is a binary search.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// First and last address of each range; none overlaps another.
    spans: Vec<(u128, u128)>,
}

impl Ranges {
    /// The union of the ranges.
    pub(super) fn new(ranges: impl IntoIterator<Item = V6>) -> Ranges {
        let mut spans: Vec<(u128, u128)> = ranges
            .into_iter()
            .map(|range| {
                let first = range.masked(range.prefix);
                (first, first | u128::MAX.checked_shr(range.prefix).unwrap_or(0))
            })
            .collect();
        spans.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::new();
        for (first, last) in spans {
            match merged.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Ranges { spans: merged }
    }

    /// One of the ranges holds the address.
    pub(super) fn hold(&self, address: u128) -> bool {
        let after = self.spans.partition_point(|(first, _)| *first <= address);
        after > 0 && self.spans[after - 1].1 >= address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!(V4::parse("192.0.2.1/24"), Some(V4 { bits: 0xc000_0201, prefix: 24 }));
        for bad in ["", "192.0.2", "192.0.2.256", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/+1", "x", "192.0.2.1/-1"] {
            assert_eq!(V4::parse(bad), None, "{bad}");
        }
        assert_eq!(V6::parse("192.0.2.1/24").map(|ip| ip.prefix), Some(120));
        assert_eq!(V6::parse("::192.0.2.1"), V6::parse("::ffff:192.0.2.1"));
        assert_eq!(V6::parse("::192.0.2.1/24").map(|ip| ip.prefix), Some(120));
        assert_eq!(V6::parse("::1").map(|ip| ip.bits), Some(1));
        assert_eq!(V6::parse("2001:db8::/129"), None);
        assert_eq!(mask32(0), 0);
    }

    #[test]
    fn ranges_are_searched() {
        let range = |text| V6::parse(text).expect("a range");
        let ranges = Ranges::new(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7", "2001:db8::/32", "::/128"].map(range));
        for (text, held) in [("10.255.255.255", true), ("11.0.0.0", false), ("192.0.2.7", true), ("192.0.2.8", false)] {
            assert_eq!(ranges.hold(range(text).bits), held, "{text}");
        }
        assert!(ranges.hold(range("2001:db8:ffff::1").bits) && !ranges.hold(range("2001:db9::").bits));
        assert!(Ranges::new([range("::/0")]).hold(u128::MAX) && !Ranges::default().hold(0));
    }
}
