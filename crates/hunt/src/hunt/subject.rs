//! What a hunt is about. Comes in: a family's indicators. Goes out: for each kind of place where values are seen the values that
//! can be seen there, and the indicator that each stands for.
//!
//! Nothing is copied: an observable is a part of an indicator's value, and eight bytes long.

use std::borrow::Cow;
use std::collections::HashSet;
use std::num::NonZeroU16;
use std::sync::Arc;

use foldhash::fast::RandomState;
use ipnet::IpNet;

use crate::in_turn::in_turn;
use crate::indicator::{IndicatorType, Malware};
use crate::intel::{Indicator, Intel};
use crate::normalize::{UrlParts, has_other_spellings, network_of, other_spellings, refang};
use crate::shared_host;
use crate::template::Template;

/// One family's indicators, and what of each can be seen.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) intel: Arc<Intel>,
    /// Positions of the indicators in `intel`.
    pub(crate) members: Vec<u32>,
    lists: Lists,
}

/// Observables by their [`List`].
type Lists = [Vec<Observable>; List::COUNT];

/// So many indicators are worth a thread.
const PART: usize = 1 << 14;

/// Values that are seen in one kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum List {
    Domains,
    Addresses,
    /// Networks of IPv4.
    Networks4,
    /// Networks of IPv6.
    Networks6,
    Urls,
    Md5,
    Sha1,
    Sha256,
    /// Of all types.
    Hashes,
}

impl List {
    /// How many there are.
    pub(crate) const COUNT: usize = 9;

    /// The one that an indicator is of by itself.
    #[inline]
    fn of(indicator: Indicator<'_>) -> List {
        match indicator.ty() {
            IndicatorType::Domain => List::Domains,
            IndicatorType::Ip | IndicatorType::IpPort => List::Addresses,
            IndicatorType::Network if indicator.value().contains(':') => List::Networks6,
            IndicatorType::Network => List::Networks4,
            IndicatorType::Url => List::Urls,
            IndicatorType::Md5 => List::Md5,
            IndicatorType::Sha1 => List::Sha1,
            IndicatorType::Sha256 => List::Sha256,
        }
    }

    /// All that an indicator may be seen by in hunts of that template. What the host of a URL says is found out when asked for.
    #[inline]
    pub(crate) fn all_of(indicator: Indicator<'_>, template: Template) -> impl Iterator<Item = List> {
        let own = List::of(indicator);
        let other = move || match (own, template) {
            (List::Md5 | List::Sha1 | List::Sha256, _) => Some(List::Hashes),
            (List::Urls, Template::Exact) => List::of_host(indicator),
            _ => None,
        };
        std::iter::once(own).chain(std::iter::once_with(other).flatten())
    }

    /// The one that the host of a URL is hunted by, unless the host is shared or was broken into.
    fn of_host(indicator: Indicator<'_>) -> Option<List> {
        let url = UrlParts::of(indicator.value());
        let list = if url.is_address() { List::Addresses } else { List::Domains };
        let is_of_others = list == List::Domains && shared_host::is_shared(url.host());
        (!indicator.compromised() && !is_of_others).then_some(list)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            List::Domains => "domains",
            List::Addresses => "addresses",
            List::Networks4 => "networks4",
            List::Networks6 => "networks6",
            List::Urls => "urls",
            List::Md5 => "md5",
            List::Sha1 => "sha1",
            List::Sha256 => "sha256",
            List::Hashes => "hashes",
        }
    }
}

/// One value that can be seen in a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observable {
    /// The indicator it stands for, by its position.
    at: u32,
    /// The port it must have been seen with; any without.
    port: Option<NonZeroU16>,
    part: Part,
    /// Logs spell it in several ways.
    varied: bool,
}

/// What of an indicator's value is seen.
#[derive(Clone, Copy, Debug)]
enum Part {
    Value,
    Address,
    /// What is compared of a URL; an index is asked for its host.
    Url,
    /// The host of a URL.
    Host,
    /// The network in the form that masking an address gives.
    Network,
    /// The value as published, but live.
    Live,
}

impl Observable {
    fn new(at: u32, part: Part) -> Observable {
        Observable { at, port: None, part, varied: false }
    }

    fn with_port(self, port: Option<u16>) -> Observable {
        Observable { port: port.and_then(NonZeroU16::new), ..self }
    }

    /// With what there is to know of its spellings.
    #[inline]
    fn spelt(self, indicator: Indicator<'_>) -> Observable {
        let varied = match (indicator.ty(), self.part) {
            (_, Part::Network | Part::Live) => false,
            (IndicatorType::Domain, _) => indicator.is_international(),
            (ty, _) => !ty.is_hash() && has_other_spellings(&self.needle(indicator)),
        };
        Observable { varied, ..self }
    }

    /// The port it must have been seen with; any without.
    pub(crate) fn port(self) -> Option<u16> {
        self.port.map(NonZeroU16::get)
    }

    /// The value in the form that a query computes of a row.
    pub(crate) fn value(self, indicator: Indicator<'_>) -> Cow<'_, str> {
        match self.part {
            Part::Url => Cow::Owned(UrlParts::of(indicator.value()).key()),
            Part::Network => match network_of(indicator.value()) {
                Some(IpNet::V6(network)) => {
                    let address = other_spellings(&network.addr().to_string()).pop();
                    let address = address.unwrap_or_else(|| network.addr().to_string());
                    Cow::Owned(format!("{address}/{}", network.prefix_len()))
                }
                _ => Cow::Borrowed(indicator.value()),
            },
            _ => self.needle(indicator),
        }
    }

    /// The other ways in which logs spell it: what an index can be asked for, and what a query then computes of a row.
    pub(crate) fn spellings(self, indicator: Indicator<'_>) -> Vec<(String, String)> {
        if !self.varied {
            return Vec::new();
        }
        let (host, value) = (self.needle(indicator), self.value(indicator));
        let spelling = |other: String| {
            let value = value.replacen(&*host, &other, 1);
            (other, value)
        };
        other_spellings(&host).into_iter().map(spelling).collect()
    }

    /// What `matches` says of what an index can be asked for, in one of the spellings at least.
    #[inline]
    pub(crate) fn any_spelling(self, indicator: Indicator<'_>, matches: impl Fn(&str) -> bool) -> bool {
        matches(&self.needle(indicator)) || self.varied && self.spellings(indicator).iter().any(|(needle, _)| matches(needle))
    }

    /// The network, if it is one.
    #[inline]
    pub(crate) fn network(self, indicator: Indicator<'_>) -> Option<IpNet> {
        if let Part::Network = self.part { network_of(indicator.value()) } else { None }
    }

    /// What an index can be asked for.
    #[inline]
    pub(crate) fn needle(self, indicator: Indicator<'_>) -> Cow<'_, str> {
        match self.standing_needle(indicator) {
            Some(needle) => Cow::Borrowed(needle),
            None => refang(indicator.as_published().trim()),
        }
    }

    /// The same, if it stands in the indicator's value.
    #[inline]
    pub(crate) fn standing_needle(self, indicator: Indicator<'_>) -> Option<&str> {
        match self.part {
            Part::Value | Part::Network => Some(indicator.value()),
            Part::Address => Some(indicator.address().map_or(indicator.value(), |(address, _)| address)),
            Part::Url | Part::Host => Some(UrlParts::of(indicator.value()).host()),
            Part::Live => None,
        }
    }

    /// It has other spellings than the one.
    pub(crate) fn is_varied(self) -> bool {
        self.varied
    }
}

impl Subject {
    pub(crate) fn new(intel: Arc<Intel>, members: Vec<u32>, template: Template) -> Subject {
        let mut subject = Subject { intel, members, lists: Default::default() };
        let mut lists = std::mem::take(&mut subject.lists);
        match template {
            Template::Exact => subject.exact(&mut lists),
            Template::Classic => subject.classic(&mut lists),
        }
        subject.lists = lists;
        subject
    }

    pub(crate) fn malware(&self) -> &Malware {
        static NOBODY: Malware = Malware { id: String::new(), name: String::new(), aliases: Vec::new() };
        self.indicators().next().map_or(&NOBODY, Indicator::malware)
    }

    pub(crate) fn indicators(&self) -> impl ExactSizeIterator<Item = Indicator<'_>> + Clone {
        self.members.iter().map(|at| self.intel.at(*at))
    }

    pub(crate) fn list(&self, list: List) -> &[Observable] {
        &self.lists[list as usize]
    }

    /// The indicator that an observable stands for.
    #[inline]
    pub(crate) fn indicator(&self, of: Observable) -> Indicator<'_> {
        self.intel.at(of.at)
    }

    /// Values in their one form, none of them twice.
    fn exact(&self, lists: &mut Lists) {
        in_turn(
            self.members.chunks(PART),
            |members| self.seen(members),
            |seen| {
                for (list, mut seen) in lists.iter_mut().zip(seen).filter(|(_, seen)| !seen.is_empty()) {
                    if list.is_empty() {
                        list.reserve_exact(self.members.len());
                    }
                    list.append(&mut seen);
                }
            },
        );
        self.add_hosts(lists);
    }

    /// What of those indicators can be seen, each by itself.
    fn seen(&self, members: &[u32]) -> Lists {
        let mut lists = Lists::default();
        for at in members.iter().copied() {
            let indicator = self.intel.at(at);
            let list = List::of(indicator);
            let part = match list {
                List::Addresses => Part::Address,
                List::Networks4 | List::Networks6 => Part::Network,
                List::Urls => Part::Url,
                _ => Part::Value,
            };
            let port = if list == List::Addresses { indicator.address().and_then(|(_, port)| port) } else { None };
            let observable = Observable::new(at, part).with_port(port).spelt(indicator);
            lists[list as usize].push(observable);
            if indicator.ty().is_hash() {
                lists[List::Hashes as usize].push(observable);
            }
        }
        lists
    }

    /// Hunts the hosts of URLs too, each for one URL, unless the host is shared, was broken into or is hunted anyway.
    fn add_hosts(&self, lists: &mut Lists) {
        let mut urls: Vec<(u32, Indicator<'_>)> =
            lists[List::Urls as usize].iter().map(|url| (url.at, self.intel.at(url.at))).collect();
        if urls.is_empty() {
            return;
        }
        urls.sort_by_key(|(_, indicator)| std::cmp::Reverse(indicator.confidence()));
        let known = |list: List| lists[list as usize].iter().map(|it| (it.needle(self.intel.at(it.at)), it.port()));
        let domains: HashSet<Cow<'_, str>, RandomState> = known(List::Domains).map(|(domain, _)| domain).collect();
        let mut addresses: HashSet<(Cow<'_, str>, Option<u16>), RandomState> = known(List::Addresses).collect();
        let mut hosts: HashSet<&str, RandomState> = HashSet::default();
        for (at, indicator) in urls {
            let Some(list) = List::of_host(indicator) else { continue };
            let url = UrlParts::of(indicator.value());
            let (host, port) = (url.host(), url.effective_port());
            let observable = Observable::new(at, Part::Host).spelt(indicator);
            if list == List::Addresses {
                if !addresses.contains(&(Cow::Borrowed(host), None)) && addresses.insert((Cow::Borrowed(host), port)) {
                    lists[List::Addresses as usize].push(observable.with_port(port));
                }
            } else if !hosts.contains(host) && !shared_host::suffixes(host).any(|suffix| domains.contains(suffix)) {
                hosts.insert(host);
                lists[List::Domains as usize].push(observable);
            }
        }
    }

    /// Values as they are published, but live; addresses without their port, none of them twice. Collections that write such queries
    /// have no networks.
    fn classic(&self, lists: &mut Lists) {
        let mut addresses: HashSet<&str, RandomState> = HashSet::default();
        for at in self.members.iter().copied() {
            let indicator = self.intel.at(at);
            let (list, part) = match indicator.ty() {
                IndicatorType::Ip | IndicatorType::IpPort => {
                    let address = indicator.address().map_or(indicator.value(), |(address, _)| address);
                    if !addresses.insert(address) {
                        continue;
                    }
                    (List::Addresses, Part::Address)
                }
                IndicatorType::Network => continue,
                IndicatorType::Domain => (List::Domains, Part::Live),
                IndicatorType::Url => (List::Urls, Part::Live),
                _ => (List::Hashes, Part::Live),
            };
            lists[list as usize].push(Observable::new(at, part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &str, domains: &[&str], addresses: &[(&str, Option<u16>)]) {
        let intel = Arc::new(crate::feed::read(lines.as_bytes(), "x.txt").unwrap());
        let members = (0..u32::try_from(intel.len()).unwrap()).collect();
        let subject = Subject::new(intel, members, Template::Exact);
        let values = |list| subject.list(list).iter().map(|it| (it.value(subject.indicator(*it)), it.port()));
        let found: Vec<Cow<'_, str>> = values(List::Domains).map(|(domain, _)| domain).collect();
        assert_eq!(found, domains);
        let found: Vec<(Cow<'_, str>, Option<u16>)> = values(List::Addresses).collect();
        let addresses: Vec<(Cow<'_, str>, Option<u16>)> =
            addresses.iter().map(|(address, port)| (Cow::Borrowed(*address), *port)).collect();
        assert_eq!(found, addresses);
    }

    #[test]
    fn hosts_of_urls() {
        check("https://evil.shop/a\nhttp://evil.shop/b", &["evil.shop"], &[]);
        check("evil.shop\nhttps://cdn.evil.shop/a", &["evil.shop"], &[]);
        check("https://github.com/x/y\nhttps://x.workers.dev/", &["x.workers.dev"], &[]);
        check(
            "https://93.184.216.34/a\nhttp://93.184.216.35:81/",
            &[],
            &[("93.184.216.34", Some(443)), ("93.184.216.35", Some(81))],
        );
        check("93.184.216.34\nhttps://93.184.216.34/a", &[], &[("93.184.216.34", None)]);
    }

    #[test]
    fn other_spellings_come_with_what_a_row_gives() {
        let text = "2a02:cf40:1::9\nhttp://[2a02:cf40:1::9]:81/i\nxn--mnchen-3ya.de\nhttps://xn--mnchen-3ya.de/a\nevil.shop";
        let intel = Arc::new(crate::feed::read(text.as_bytes(), "x.txt").unwrap());
        let members = (0..u32::try_from(intel.len()).unwrap()).collect();
        let subject = Subject::new(intel, members, Template::Exact);
        let spellings = |list| -> Vec<(String, String)> {
            subject.list(list).iter().flat_map(|it| it.spellings(subject.indicator(*it))).collect()
        };
        let pair = |needle: &str, value: &str| (needle.to_owned(), value.to_owned());
        let (plain, full) = ("2a02:cf40:1:0:0:0:0:9", "2a02:cf40:0001:0000:0000:0000:0000:0009");
        assert_eq!(spellings(List::Addresses), [pair(plain, plain), pair(full, full)]);
        assert_eq!(spellings(List::Domains), [pair("münchen.de", "münchen.de")]);
        assert_eq!(
            spellings(List::Urls),
            [pair(plain, &format!("[{plain}]:81/i")), pair(full, &format!("[{full}]:81/i")), pair("münchen.de", "münchen.de/a")]
        );
    }

    #[test]
    fn an_observable_is_small() {
        assert_eq!(size_of::<Observable>(), 8);
    }
}
