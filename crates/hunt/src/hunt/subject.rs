//! What a hunt is about. Comes in: a family's indicators. Goes out: for each kind of place where values are seen the values that
//! can be seen there, and the indicator that each stands for.
//!
//! Nothing is copied: an observable is a part of an indicator's value, and eight bytes long.

use std::borrow::Cow;
use std::collections::HashSet;
use std::num::NonZeroU16;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::indicator::{IndicatorType, Malware};
use crate::intel::{Indicator, Intel};
use crate::normalize::{UrlParts, refang};
use crate::shared_host;
use crate::template::Template;

/// One family's indicators, and what of each can be seen.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) intel: Arc<Intel>,
    /// Positions of the indicators in `intel`.
    pub(crate) members: Vec<u32>,
    lists: [Vec<Observable>; 7],
}

/// Values that are seen in one kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum List {
    Domains,
    Addresses,
    Urls,
    Md5,
    Sha1,
    Sha256,
    /// Of all types.
    Hashes,
}

impl List {
    pub(crate) fn name(self) -> &'static str {
        match self {
            List::Domains => "domains",
            List::Addresses => "addresses",
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
    /// The value as published, but live.
    Live,
}

impl Observable {
    fn new(at: u32, part: Part) -> Observable {
        Observable { at, port: None, part }
    }

    fn with_port(self, port: Option<u16>) -> Observable {
        Observable { port: port.and_then(NonZeroU16::new), ..self }
    }

    /// The port it must have been seen with; any without.
    pub(crate) fn port(self) -> Option<u16> {
        self.port.map(NonZeroU16::get)
    }

    /// The value in the form that a query computes of a row.
    pub(crate) fn value(self, indicator: Indicator<'_>) -> Cow<'_, str> {
        match self.part {
            Part::Url => Cow::Owned(UrlParts::of(indicator.value()).key()),
            _ => self.needle(indicator),
        }
    }

    /// What an index can be asked for.
    pub(crate) fn needle(self, indicator: Indicator<'_>) -> Cow<'_, str> {
        match self.part {
            Part::Value => Cow::Borrowed(indicator.value()),
            Part::Address => Cow::Borrowed(indicator.address().map_or(indicator.value(), |(address, _)| address)),
            Part::Url | Part::Host => Cow::Borrowed(UrlParts::of(indicator.value()).host()),
            Part::Live => refang(indicator.as_published().trim()),
        }
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
    fn exact(&self, lists: &mut [Vec<Observable>; 7]) {
        for at in self.members.iter().copied() {
            let indicator = self.intel.at(at);
            let (list, part) = match indicator.ty() {
                IndicatorType::Domain => (List::Domains, Part::Value),
                IndicatorType::Ip | IndicatorType::IpPort => (List::Addresses, Part::Address),
                IndicatorType::Url => (List::Urls, Part::Url),
                IndicatorType::Md5 => (List::Md5, Part::Value),
                IndicatorType::Sha1 => (List::Sha1, Part::Value),
                IndicatorType::Sha256 => (List::Sha256, Part::Value),
            };
            let port = if list == List::Addresses { indicator.address().and_then(|(_, port)| port) } else { None };
            let observable = Observable::new(at, part).with_port(port);
            lists[list as usize].push(observable);
            if indicator.ty().is_hash() {
                lists[List::Hashes as usize].push(observable);
            }
        }
        self.add_hosts(lists);
    }

    /// Hunts the hosts of URLs too, each for one URL, unless the host is shared, was broken into or is hunted anyway.
    fn add_hosts(&self, lists: &mut [Vec<Observable>; 7]) {
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
        for (at, indicator) in urls.into_iter().filter(|(_, indicator)| !indicator.compromised()) {
            let url = UrlParts::of(indicator.value());
            let (host, port) = (url.host(), url.effective_port());
            let observable = Observable::new(at, Part::Host);
            if url.is_address() {
                if !addresses.contains(&(Cow::Borrowed(host), None)) && addresses.insert((Cow::Borrowed(host), port)) {
                    lists[List::Addresses as usize].push(observable.with_port(port));
                }
            } else if !hosts.contains(host)
                && !shared_host::is_shared(host)
                && !shared_host::suffixes(host).any(|suffix| domains.contains(suffix))
            {
                hosts.insert(host);
                lists[List::Domains as usize].push(observable);
            }
        }
    }

    /// Values as they are published, but live; addresses without their port, none of them twice.
    fn classic(&self, lists: &mut [Vec<Observable>; 7]) {
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
    fn an_observable_is_small() {
        assert_eq!(size_of::<Observable>(), 8);
    }
}
