//! Contacts that look alike and are not. Comes in: indicators. Goes out: rows that show one, in all the ways in which logs write
//! it, and rows that come near.

use std::collections::HashSet;
use std::net::IpAddr;

use kql::types::Value;

use super::{Contact, sampled};
use crate::hunt::Hunt;
use crate::indicator::IndicatorType;
use crate::intel::Indicator;
use crate::normalize::{network_of, other_spellings, parse_url};
use crate::shared_host::{is_shared, suffixes};

/// Makes rows for a hunt's indicators.
pub(super) struct Contacts<'h> {
    sample: Vec<Indicator<'h>>,
    /// Domains, hosts of URLs, addresses and hashes: a near miss that is one of them, or below one, is none.
    known: HashSet<String>,
}

impl<'h> Contacts<'h> {
    pub(super) fn of(hunt: &'h Hunt, sample: usize) -> Contacts<'h> {
        let mut known = HashSet::new();
        for indicator in hunt.indicators() {
            known.insert(indicator.value().to_owned());
            if let Some((address, _)) = indicator.address() {
                known.insert(address.to_owned());
            }
            if indicator.ty() == IndicatorType::Url
                && let Ok(url) = parse_url(indicator.value())
            {
                known.insert(url.key());
                if !is_shared(&url.host) {
                    known.insert(url.host);
                }
            }
        }
        Contacts { sample: sampled(hunt, sample), known }
    }

    pub(super) fn in_table(&self, table: &str, hunt: &Hunt) -> Vec<Contact> {
        let asked = |ty| hunt.queries.iter().any(|query| query.table == table && query.types.contains(&ty));
        let mut rows = Vec::new();
        for indicator in self.sample.iter().copied().filter(|indicator| asked(indicator.ty())) {
            match indicator.ty() {
                IndicatorType::Domain => self.domain(table, indicator.value(), &mut rows),
                IndicatorType::Url => self.url(table, indicator, &mut rows),
                IndicatorType::Ip | IndicatorType::IpPort => {
                    self.address(table, indicator, &mut rows);
                    self.address_in_url(table, indicator, &mut rows);
                }
                IndicatorType::Network => {
                    self.network(table, indicator, &mut rows);
                    self.network_in_url(table, indicator, &mut rows);
                }
                _ => self.hash(table, indicator, &mut rows),
            }
        }
        rows
    }

    /// The host, or one of its parents, is an indicator itself.
    fn is_known(&self, host: &str) -> bool {
        suffixes(&host.trim_end_matches('.').to_lowercase()).any(|suffix| self.known.contains(suffix))
    }

    fn domain(&self, table: &str, domain: &str, rows: &mut Vec<Contact>) {
        let hits = [
            ("the name itself", domain.to_owned()),
            ("upper case", domain.to_uppercase()),
            ("a subdomain", format!("a.b-1.{domain}")),
            ("a dot at its end", format!("www.{domain}.")),
        ];
        let in_letters = other_spellings(domain).into_iter().map(|name| ("in its own letters", name));
        let misses = [
            ("letters before", format!("not{domain}")),
            ("a hyphen before", format!("x-{domain}")),
            ("followed by another domain", format!("{domain}.other-zone.net")),
            ("dots made hyphens", format!("{}.net", domain.replace('.', "-"))),
            ("a longer top level", format!("{domain}x")),
        ];
        for (what, name) in hits.into_iter().chain(in_letters) {
            rows.extend(name_rows(table, what, &name, Some(domain)));
        }
        for (what, name) in misses.into_iter().filter(|(_, name)| !self.is_known(name)) {
            rows.extend(name_rows(table, what, &name, None));
        }
        if let Some(column) = url_column(table) {
            let within = [
                ("in the query string", format!("https://other-zone.net/?to=https://{domain}/")),
                ("as a user name", format!("https://{domain}@other-zone.net/")),
                ("in the path", format!("https://other-zone.net/{domain}")),
            ];
            rows.extend(within.into_iter().map(|(what, url)| contact(what, vec![(column, text(url))], None)));
        }
    }

    fn url(&self, table: &str, indicator: Indicator<'_>, rows: &mut Vec<Contact>) {
        let (Some(column), Ok(url)) = (url_column(table).or(origin_column(table)), parse_url(indicator.value())) else { return };
        let key = url.key();
        let authority = match url.port {
            Some(port) if port != 80 && port != 443 => format!("{}:{port}", url.host),
            _ => url.host.clone(),
        };
        let other_scheme = if url.scheme == "https" { "http" } else { "https" };
        let mut hits = vec![
            ("as published", indicator.value().to_owned()),
            ("the other scheme", format!("{other_scheme}://{key}")),
            ("host in upper case, with a fragment", format!("https://{}{}#top", authority.to_uppercase(), url.tail)),
        ];
        if authority == url.host {
            hits.push(("the default port", format!("https://{authority}:443{}", url.tail)));
        }
        for host in other_spellings(url.host.trim_matches(['[', ']'])) {
            let authority = authority.replacen(url.host.trim_matches(['[', ']']), &host, 1);
            hits.push(("its host in another spelling", format!("https://{authority}{}", url.tail)));
        }
        let wanted = Some(indicator.value());
        rows.extend(hits.into_iter().map(|(what, url)| contact(what, vec![(column, text(url))], wanted)));
        let misses =
            [("on another host", format!("https://other-zone.net{}", url.tail)), ("another path", format!("https://{key}x"))];
        for (what, url) in misses {
            let host_is_hunted = what == "another path" && (column != "FileOriginUrl" && self.hunts_host(indicator));
            if !host_is_hunted && !self.known.contains(&key_of(&url)) {
                rows.push(contact(what, vec![(column, text(url))], None));
            }
        }
    }

    /// The host of the URL is looked for by itself, or may be.
    fn hunts_host(&self, indicator: Indicator<'_>) -> bool {
        parse_url(indicator.value()).is_ok_and(|url| url.is_address || self.is_known(&url.host))
    }

    fn address(&self, table: &str, indicator: Indicator<'_>, rows: &mut Vec<Contact>) {
        let Some((remote, port_column, local)) = connection_columns(table) else { return };
        let Some((address, port)) = indicator.address() else { return };
        let number = |port: u16| Value::Int(i32::from(port));
        let at = |ip: &str, port: u16| {
            vec![(remote, text(ip.to_owned())), (port_column, number(port)), (local, text("10.9.8.7".to_owned()))]
        };
        let wanted = Some(indicator.value());
        rows.push(contact("the address contacted", at(address, port.unwrap_or(443)), wanted));
        for spelling in other_spellings(address) {
            rows.push(contact("all groups written", at(&spelling, port.unwrap_or(443)), wanted));
            rows.push(contact("the same in upper case", at(&spelling.to_uppercase(), port.unwrap_or(443)), wanted));
        }
        if !address.contains(':') {
            rows.push(contact("as an IPv6 address", at(&format!("::ffff:{address}"), port.unwrap_or(443)), wanted));
        }
        if let Some(port) = port {
            let other = port.checked_add(1).unwrap_or(1);
            let listed = self.sample_has(address, other);
            if !listed {
                rows.push(contact("another port", at(address, other), None));
            }
        }
        let inbound = vec![
            (remote, text("10.9.8.7".to_owned())),
            (port_column, number(port.unwrap_or(443))),
            (local, text(address.to_owned())),
        ];
        rows.push(contact("the address as the originator", inbound, None));
    }

    fn address_in_url(&self, table: &str, indicator: Indicator<'_>, rows: &mut Vec<Contact>) {
        let (Some(column), Some((address, port))) = (url_column(table), indicator.address()) else { return };
        let hosts = std::iter::once(address.to_owned()).chain(other_spellings(address));
        let written = port.unwrap_or(8080);
        let wanted = Some(indicator.value());
        for host in hosts.map(|host| authority(&host)) {
            rows.push(contact("in a URL", vec![(column, text(format!("http://u@{host}:{written}/x?y#z")))], wanted));
            let usual = match port {
                None | Some(443) => Some("https"),
                Some(80) => Some("http"),
                Some(_) => None,
            };
            if let Some(scheme) = usual {
                rows.push(contact("at its scheme's port", vec![(column, text(format!("{scheme}://{host}/x")))], wanted));
            }
        }
        let host = authority(address);
        let other = written.checked_add(1).unwrap_or(1);
        if port.is_some() && !self.sample_has(address, other) {
            let url = text(format!("http://{host}:{other}/"));
            rows.push(contact("in a URL with another port", vec![(column, url)], None));
        }
        let within = [
            ("an address in the query string", format!("https://other-zone.net/?to=http://{host}:{written}/")),
            ("an address as a label", format!("https://{}.other-zone.net/", address.replace(':', "-"))),
        ];
        rows.extend(within.into_iter().map(|(what, url)| contact(what, vec![(column, text(url))], None)));
    }

    fn network(&self, table: &str, indicator: Indicator<'_>, rows: &mut Vec<Contact>) {
        let (Some((remote, _, local)), Some(network)) = (connection_columns(table), network_of(indicator.value())) else {
            return;
        };
        let at = |ip: String| vec![(remote, text(ip)), (local, text("10.9.8.7".to_owned()))];
        let (first, last) = (network.network(), network.broadcast());
        let wanted = Some(indicator.value());
        rows.push(contact("the first address", at(first.to_string()), wanted));
        rows.push(contact("the last address", at(last.to_string()), wanted));
        match first {
            IpAddr::V4(first) => rows.push(contact("as an IPv6 address", at(format!("::FFFF:{first}")), wanted)),
            IpAddr::V6(_) => {
                let spellings = other_spellings(&last.to_string()).into_iter();
                rows.extend(spellings.map(|it| contact("all groups written", at(it.to_uppercase()), wanted)));
            }
        }
        for (what, address) in [("the address before", neighbor(first, false)), ("the address behind", neighbor(last, true))] {
            rows.extend(address.filter(|it| !self.is_in_network(*it)).map(|it| contact(what, at(it.to_string()), None)));
        }
        let inbound = vec![(remote, text("10.9.8.7".to_owned())), (local, text(first.to_string()))];
        rows.push(contact("the network as the originator", inbound, None));
    }

    fn network_in_url(&self, table: &str, indicator: Indicator<'_>, rows: &mut Vec<Contact>) {
        let (Some(column), Some(network)) = (url_column(table), network_of(indicator.value())) else { return };
        let (first, last) = (network.network(), network.broadcast());
        let mut add = |what, url: String, wanted| rows.push(contact(what, vec![(column, text(url))], wanted));
        let wanted = Some(indicator.value());
        add("the first address in a URL", format!("https://u@{}/x?y#z", authority(&first.to_string())), wanted);
        add("the last address in a URL", format!("HTTP://{}:8080", authority(&last.to_string())), wanted);
        add("a bare host", authority(&last.to_string()), wanted);
        match first {
            IpAddr::V4(first) => add("as an IPv6 address in a URL", format!("http://[::FFFF:{first}]:8443/"), wanted),
            IpAddr::V6(_) => {
                for spelling in other_spellings(&last.to_string()) {
                    add("all groups written in a URL", format!("http://[{}]/", spelling.to_uppercase()), wanted);
                }
            }
        }
        for address in [neighbor(first, false), neighbor(last, true)].into_iter().flatten().filter(|it| !self.is_in_network(*it))
        {
            add("an address beside in a URL", format!("https://{}/", authority(&address.to_string())), None);
        }
        let first = first.to_string();
        add("an address in the query string", format!("https://other-zone.net/?to=http://{}/", authority(&first)), None);
        add("an address as a label", format!("https://{}.other-zone.net/", first.replace(':', "-")), None);
    }

    /// The address is an indicator itself, or that of a network.
    fn is_in_network(&self, address: IpAddr) -> bool {
        self.known.contains(&address.to_string()) || self.a_network_holds(address)
    }

    fn a_network_holds(&self, address: IpAddr) -> bool {
        self.known.iter().filter_map(|known| network_of(known)).any(|network| network.contains(&address))
    }

    /// Any indicator that an address with that port would match. Hosts of URLs count, whatever their port.
    fn sample_has(&self, address: &str, port: u16) -> bool {
        self.known.contains(&format!("{}:{port}", authority(address)))
            || self.known.iter().any(|known| known.starts_with("http") && known.contains(address))
            || self.sample.iter().any(|indicator| indicator.ty() == IndicatorType::Ip && indicator.value() == address)
            || address.parse().is_ok_and(|address| self.a_network_holds(address))
    }

    fn hash(&self, table: &str, indicator: Indicator<'_>, rows: &mut Vec<Contact>) {
        let column = match (table, indicator.ty()) {
            ("CommonSecurityLog", _) => "FileHash",
            (_, IndicatorType::Md5) => "MD5",
            (_, IndicatorType::Sha1) => "SHA1",
            _ => "SHA256",
        };
        let wanted = Some(indicator.value());
        rows.push(contact("lower case", vec![(column, text(indicator.value().to_owned()))], wanted));
        rows.push(contact("upper case", vec![(column, text(indicator.value().to_uppercase()))], wanted));
        let (head, last) = indicator.value().split_at(indicator.value().len() - 1);
        let other = format!("{head}{}", if last == "0" { '1' } else { '0' });
        if !self.known.contains(&other) {
            rows.push(contact("another last digit", vec![(column, text(other))], None));
        }
    }
}

fn key_of(url: &str) -> String {
    crate::normalize::url_key(url)
}

fn text(text: String) -> Value {
    Value::String(text)
}

fn contact(what: &'static str, cells: Vec<(&'static str, Value)>, expected: Option<&str>) -> Contact {
    Contact { what, cells, expected: expected.map(str::to_owned) }
}

/// A host as a URL writes it.
fn authority(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// The columns of a connection: whom it is with, at which port, and whose it is.
fn connection_columns(table: &str) -> Option<(&'static str, &'static str, &'static str)> {
    match table {
        "CommonSecurityLog" => Some(("DestinationIP", "DestinationPort", "SourceIP")),
        "DeviceNetworkEvents" => Some(("RemoteIP", "RemotePort", "LocalIP")),
        _ => None,
    }
}

/// The next address, or the one before.
fn neighbor(address: IpAddr, next: bool) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let bits = u32::from(address);
            let bits = if next { bits.checked_add(1) } else { bits.checked_sub(1) };
            bits.map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(address) => {
            let bits = u128::from(address);
            let bits = if next { bits.checked_add(1) } else { bits.checked_sub(1) };
            bits.map(|bits| IpAddr::V6(bits.into()))
        }
    }
}

/// The column of URLs whose hosts are looked at.
fn url_column(table: &str) -> Option<&'static str> {
    match table {
        "CommonSecurityLog" => Some("RequestURL"),
        "DeviceNetworkEvents" => Some("RemoteUrl"),
        "UrlClickEvents" => Some("Url"),
        _ => None,
    }
}

fn origin_column(table: &str) -> Option<&'static str> {
    (table == "DeviceFileEvents").then_some("FileOriginUrl")
}

/// A name in every column of the table that has names.
fn name_rows(table: &str, what: &'static str, name: &str, expected: Option<&str>) -> Vec<Contact> {
    let json = |member: &str| {
        let mut object = serde_json::Map::new();
        object.insert(member.to_owned(), name.into());
        Value::Dynamic(serde_json::Value::Object(object).to_string())
    };
    let dns = |action: &str, member| vec![("ActionType", text(action.to_owned())), ("AdditionalFields", json(member))];
    let mut rows = Vec::new();
    match table {
        "DnsEvents" => rows.push(vec![("Name", text(name.to_owned()))]),
        "CommonSecurityLog" => rows.push(vec![("DestinationHostName", text(name.to_owned()))]),
        "DeviceEvents" => rows.push(dns("DnsQueryResponse", "DnsQueryString")),
        "DeviceNetworkEvents" => {
            rows.push(vec![("RemoteUrl", text(name.to_owned()))]);
            rows.push(dns("DnsConnectionInspected", "query"));
        }
        _ => {}
    }
    if let Some(column) = url_column(table) {
        rows.push(vec![(column, text(format!("https://user@{name}:8443/x?y=z#f")))]);
    }
    rows.into_iter().map(|cells| contact(what, cells, expected)).collect()
}
