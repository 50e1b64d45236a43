//! A view of one indicator among many.

use std::fmt;
use std::net::IpAddr;

use super::Intel;
use super::row::{Detail, Row};
use super::shared::About;
use crate::indicator::{IndicatorType, Malware};
use crate::normalize::network_of;

/// An observable, what it indicates, how far to believe it and who says so.
#[derive(Clone, Copy)]
pub struct Indicator<'i> {
    intel: &'i Intel,
    row: &'i Row,
}

impl<'i> Indicator<'i> {
    #[inline]
    pub(super) fn new(intel: &'i Intel, row: &'i Row) -> Indicator<'i> {
        Indicator { intel, row }
    }

    /// What kind of observable.
    #[inline]
    #[must_use]
    pub fn ty(self) -> IndicatorType {
        self.row.ty
    }

    /// The value in the one form that all comparisons use.
    #[inline]
    #[must_use]
    pub fn value(self) -> &'i str {
        self.row.value(&self.intel.texts)
    }

    /// The value as the feed wrote it.
    #[must_use]
    pub fn as_published(self) -> &'i str {
        let published = self.detail().map_or("", |detail| self.row.published(&self.intel.texts, detail));
        if published.is_empty() { self.value() } else { published }
    }

    /// Address and port of an `ip:port` or `ip` indicator.
    #[must_use]
    pub fn address(self) -> Option<(&'i str, Option<u16>)> {
        match self.row.ty {
            IndicatorType::Ip => Some((self.value(), None)),
            IndicatorType::IpPort => {
                let (address, port) = self.value().rsplit_once(':')?;
                Some((address.trim_start_matches('[').trim_end_matches(']'), port.parse().ok()))
            }
            _ => None,
        }
    }

    /// It is a network that the address is of.
    #[must_use]
    pub fn is_network_of(self, address: IpAddr) -> bool {
        self.row.ty == IndicatorType::Network && network_of(self.value()).is_some_and(|network| network.contains(&address))
    }

    /// The family it belongs to.
    #[must_use]
    pub fn malware(self) -> &'i Malware {
        self.intel.shared.family(self.row.family)
    }

    /// `botnet_cc`, `payload_delivery` …; empty if the feed does not say.
    #[must_use]
    pub fn threat_type(self) -> &'i str {
        self.intel.shared.text(self.about().threat_type)
    }

    /// 0 to 100; none if the feed does not say.
    #[must_use]
    pub fn confidence(self) -> Option<u8> {
        self.row.confidence()
    }

    /// When it was first seen, in ticks of 100 ns since 0001-01-01 UTC.
    #[must_use]
    pub fn first_seen(self) -> Option<i64> {
        self.detail()?.first_seen()
    }

    /// When it was last seen, in the same ticks.
    #[must_use]
    pub fn last_seen(self) -> Option<i64> {
        self.detail()?.last_seen()
    }

    /// Up to when its publisher stands by it, in the same ticks; none if the feed does not say.
    #[must_use]
    pub fn valid_until(self) -> Option<i64> {
        self.detail()?.valid_until()
    }

    /// Its publisher stood by it up to that moment (in the same ticks) or an earlier one. It is hunted all the same: a log may be
    /// older than that, and what it shows of then is as true as ever.
    #[must_use]
    pub fn is_expired(self, now: i64) -> bool {
        self.valid_until().is_some_and(|until| until <= now)
    }

    /// The feed, or the file it was read from.
    #[must_use]
    pub fn source(self) -> &'i str {
        self.intel.shared.text(self.about().source)
    }

    /// The name of the feed that read it: `threatfox`.
    #[must_use]
    pub fn feed(self) -> &'static str {
        self.about().feed
    }

    /// The publisher's number for it; empty if there is none.
    #[must_use]
    pub fn id(self) -> &'i str {
        self.detail().map_or("", |detail| self.row.id(&self.intel.texts, detail))
    }

    /// Where to read more: an address as published, never fetched.
    #[must_use]
    pub fn reference(self) -> Option<&'i str> {
        let reference = self.intel.shared.text(self.detail()?.reference);
        (!reference.is_empty()).then_some(reference)
    }

    /// Who reported it; empty if the feed does not say.
    #[must_use]
    pub fn reporter(self) -> &'i str {
        self.intel.shared.text(self.about().reporter)
    }

    /// The publisher's tags.
    pub fn tags(self) -> impl ExactSizeIterator<Item = &'i str> {
        self.intel.shared.list(self.about().tags)
    }

    /// A legitimate site that was broken into, if the feed says so.
    #[must_use]
    pub fn compromised(self) -> bool {
        self.row.is_compromised()
    }

    /// It is a domain name that is also written in letters of its own.
    #[inline]
    pub(crate) fn is_international(self) -> bool {
        self.row.is_international()
    }

    /// TLP or licence that travels with it; empty if the feed does not say.
    #[must_use]
    pub fn marking(self) -> &'i str {
        self.intel.shared.text(self.about().marking)
    }

    fn about(self) -> &'i About {
        self.intel.shared.about(self.row.about)
    }

    fn detail(self) -> Option<&'i Detail> {
        self.intel.details.get(self.row.detail as usize)
    }
}

impl fmt::Debug for Indicator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.ty(), self.value(), self.malware().id)
    }
}
