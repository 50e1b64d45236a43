//! What is looked for where. Comes in: a family's indicators. Goes out: for each kind of place the values that can be seen there
//! and the indicator that each stands for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::place::Seen;
use crate::indicator::{Indicator, IndicatorType};
use crate::normalize::{Url, parse_url};
use crate::shared_host;

/// One value that can be seen in a log.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The value in the form that the query computes of a row.
    pub(super) observable: String,
    /// The port it must have been seen with; any without.
    pub(super) port: Option<u16>,
    /// The indicator's value.
    pub(super) indicator: String,
    pub(super) ty: IndicatorType,
    pub(super) threat_type: Arc<str>,
    pub(super) confidence: Option<u8>,
    /// What an index can be asked for, if it is not the observable itself.
    host: Option<String>,
}

impl Entry {
    fn of(indicator: &Indicator, observable: String) -> Entry {
        Entry {
            observable,
            port: None,
            indicator: indicator.value.clone(),
            ty: indicator.ty,
            threat_type: Arc::clone(&indicator.threat_type),
            confidence: indicator.confidence,
            host: None,
        }
    }

    pub(super) fn needle(&self) -> String {
        self.host.clone().unwrap_or_else(|| self.observable.clone())
    }
}

/// A family's values by the kind of place where they are seen.
#[derive(Default)]
pub(super) struct Observables {
    domains: Vec<Entry>,
    addresses: Vec<Entry>,
    urls: Vec<Entry>,
    hashes: Vec<Entry>,
}

impl Observables {
    pub(super) fn of(indicators: &[Indicator]) -> Observables {
        let mut all = Observables::default();
        let mut urls = Vec::new();
        for indicator in indicators {
            let entry = Entry::of(indicator, indicator.value.clone());
            match indicator.ty {
                IndicatorType::Domain => all.domains.push(entry),
                IndicatorType::Ip | IndicatorType::IpPort => {
                    if let Some((address, port)) = indicator.address() {
                        all.addresses.push(Entry { observable: address.to_owned(), port, ..entry });
                    }
                }
                IndicatorType::Url => {
                    if let Ok(url) = parse_url(&indicator.value) {
                        let host = url.host.trim_matches(['[', ']']).to_owned();
                        all.urls.push(Entry { observable: url.key(), host: Some(host), ..entry });
                        urls.push((indicator, url));
                    }
                }
                _ => all.hashes.push(entry),
            }
        }
        all.add_hosts(urls);
        all
    }

    /// Hunts the hosts of URLs too, each for one URL, unless the host is shared, was broken into or is hunted anyway.
    fn add_hosts(&mut self, mut urls: Vec<(&Indicator, Url)>) {
        urls.sort_by_key(|(indicator, _)| std::cmp::Reverse(indicator.confidence));
        let domains: HashSet<String> = self.domains.iter().map(|entry| entry.observable.clone()).collect();
        let mut addresses: HashSet<(String, Option<u16>)> =
            self.addresses.iter().map(|entry| (entry.observable.clone(), entry.port)).collect();
        let mut hosts = HashSet::new();
        for (indicator, url) in urls.iter().filter(|(indicator, _)| !indicator.compromised) {
            let port = url.effective_port();
            let host = url.host.trim_matches(['[', ']']).to_owned();
            if url.is_address {
                if !addresses.contains(&(host.clone(), None)) && addresses.insert((host.clone(), port)) {
                    self.addresses.push(Entry { port, ..Entry::of(indicator, host) });
                }
            } else if !shared_host::is_shared(&host)
                && !shared_host::suffixes(&host).any(|suffix| domains.contains(suffix))
                && hosts.insert(host.clone())
            {
                self.domains.push(Entry::of(indicator, host));
            }
        }
    }

    /// The values for a kind of place, no value twice.
    pub(super) fn at(&self, seen: Seen) -> Vec<Entry> {
        let (entries, wanted) = match seen {
            Seen::Name | Seen::HostOfUrl => (&self.domains, None),
            Seen::Address => (&self.addresses, None),
            Seen::Url => (&self.urls, None),
            Seen::Hash(ty) => (&self.hashes, ty),
        };
        let mut taken: HashMap<(&str, Option<u16>), ()> = HashMap::new();
        let fits = entries.iter().filter(|entry| wanted.is_none_or(|ty| entry.ty == ty));
        fits.filter(|entry| taken.insert((&entry.observable, entry.port), ()).is_none()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &str, domains: &[&str], addresses: &[(&str, Option<u16>)]) {
        let intel = crate::feed::read(lines.as_bytes(), "x.txt").unwrap();
        let all = Observables::of(&intel.indicators);
        let found: Vec<&str> = all.domains.iter().map(|entry| entry.observable.as_str()).collect();
        assert_eq!(found, domains);
        let found: Vec<(&str, Option<u16>)> = all.addresses.iter().map(|entry| (entry.observable.as_str(), entry.port)).collect();
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
}
