//! One pass over a table for all hunts. Comes in: hunts. Goes out: one query whose rows are all that any of them can match, and,
//! for those rows, which of the hunts' queries are worth running.
//!
//! Nothing here decides what is a match: the queries do, over the rows that this leaves. With it left out the answer is the same.

mod needle;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use kql::types::Rows;

use crate::hunt::{Hunt, HuntQuery, List, Observable, Subject, Test, TimeBound};
use crate::template::dynamic_list;

pub use needle::NeedleTexts;
pub(crate) use texts::TermIndex;
use texts::Texts;

/// One pass over a table for all hunts.
#[derive(Clone, Debug)]
pub struct Prefilter<'h> {
    /// The query. Its rows are all that any hunt can match in the table, and some more.
    pub query: String,
    /// What it reads besides the table: each is a table of one column of strings.
    pub sets: Vec<Needles<'h>>,
}

/// Values of which one stands in every row that some queries match.
///
/// There may be a million of them, so they are no part of a query's text: who runs it is given them from where they stand in memory.
#[derive(Clone, Debug)]
pub struct Needles<'h> {
    /// The name by which a query reads them. In all passes for the same hunts the same name means the same values.
    pub name: String,
    hunts: &'h [Hunt],
    test: Test,
    lists: BTreeSet<List>,
}

impl<'h> Needles<'h> {
    fn new(hunts: &'h [Hunt], test: Test, lists: BTreeSet<List>) -> Needles<'h> {
        let test_name = if test == Test::HasAny { "has_any" } else { "in" };
        let name = lists.iter().fold(format!("_tallyho_{test_name}"), |name, list| name + "_" + list.name());
        Needles { name, hunts, test, lists }
    }

    /// The values; some of them may come several times, as several families have them.
    #[must_use]
    pub fn texts(&self) -> NeedleTexts {
        let mut texts = NeedleTexts::default();
        for (hunt, list) in self.hunts.iter().flat_map(|hunt| self.lists.iter().map(move |list| (hunt, *list))) {
            texts.add(&hunt.subject, list, self.test == Test::In && list == List::Addresses);
        }
        texts
    }
}

/// The pass whose rows are all that `hunts` can match in `table`; none if they do not ask that table.
#[must_use]
pub fn prefilter<'h>(hunts: &'h [Hunt], table: &str, bound: &TimeBound) -> Option<Prefilter<'h>> {
    let mut tests: BTreeMap<(&str, Test), BTreeSet<List>> = BTreeMap::new();
    for query in hunts.iter().flat_map(|hunt| &hunt.queries).filter(|query| query.table == table) {
        tests.entry((query.column, query.test)).or_default().insert(query.list);
    }
    if tests.is_empty() {
        return None;
    }
    let mut sets: Vec<Needles<'h>> = Vec::new();
    let mut conditions = Vec::new();
    for ((column, test), lists) in tests {
        if test == Test::InNetwork {
            conditions.push(in_networks(column, hunts, &lists));
            continue;
        }
        let needles = Needles::new(hunts, test, lists);
        let operator = if test == Test::HasAny { "has_any" } else { "in~" };
        conditions.push(format!("{column} {operator} ({})", needles.name));
        if sets.iter().all(|known| known.name != needles.name) {
            sets.push(needles);
        }
    }
    let time = crate::table::table(table).map_or("TimeGenerated", |table| table.time);
    let steps = bound.steps(time);
    let query = format!("// Rows that some hunt may match.\n{table}\n{steps}| where {}\n", conditions.join("\n    or "));
    Some(Prefilter { query, sets })
}

/// The column is an address of some hunt's network. There are few of them, and ranges are no texts that a set could look up.
fn in_networks(column: &str, hunts: &[Hunt], lists: &BTreeSet<List>) -> String {
    let mut networks: BTreeSet<&str> = BTreeSet::new();
    for subject in hunts.iter().map(|hunt| &hunt.subject) {
        let observables = lists.iter().flat_map(|list| subject.list(*list));
        networks.extend(observables.map(|it| subject.indicator(*it).value()));
    }
    // Of IPv4 addresses, mapped or not, this takes the ranges of IPv4 too.
    format!("ipv6_is_in_any_range({column}, {})", dynamic_list(networks.into_iter()))
}

/// All tables that `hunts` ask, sorted.
#[must_use]
pub fn tables(hunts: &[Hunt]) -> Vec<&'static str> {
    let all: BTreeSet<&'static str> = hunts.iter().flat_map(|hunt| hunt.queries.iter().map(|query| query.table)).collect();
    all.into_iter().collect()
}

/// The rows that a pass left, as what they hold.
#[derive(Debug)]
pub struct Candidates {
    texts: Texts,
    /// The texts that are addresses, and the addresses that are hosts in URLs, those of IPv4 mapped into IPv6, sorted.
    addresses: Vec<u128>,
}

impl Candidates {
    /// What these rows hold.
    #[must_use]
    pub fn new(rows: &Rows) -> Candidates {
        let texts = Texts::of(rows);
        let of_text = |text: &String| written_address(text).or_else(|| written_address(host_of_url(text)));
        let mut addresses: Vec<u128> = texts.texts.iter().filter_map(of_text).collect();
        addresses.sort_unstable();
        Candidates { texts, addresses }
    }

    /// How many of the values that a query looks for some row holds. If none, it matches none of the rows.
    #[must_use]
    pub fn held(&self, query: &HuntQuery) -> usize {
        self.held_of(&query.subject, query.observables()).len()
    }

    /// The values of which some row holds the needle, in their order.
    ///
    /// Rows are few and values many, so the rows' terms are put in order, and each value is asked whether they hold it.
    pub(crate) fn held_of(&self, subject: &Subject, values: &[Observable]) -> Vec<Observable> {
        if self.texts.texts.is_empty() {
            return Vec::new();
        }
        let held = |it: &&Observable| {
            let indicator = subject.indicator(**it);
            match it.network(indicator) {
                Some(network) => self.hold_address_of(network),
                None => it.any_spelling(indicator, |needle| self.texts.hold(needle)),
            }
        };
        values.iter().filter(held).copied().collect()
    }

    fn hold_address_of(&self, network: IpNet) -> bool {
        let (first, last) = (bits(network.network()), bits(network.broadcast()));
        let after = self.addresses.partition_point(|address| *address < first);
        self.addresses.get(after).is_some_and(|address| *address <= last)
    }
}

/// The address that a text is, as queries read it: it may have a prefix, and one of IPv4 may be written as `::192.0.2.1`.
fn written_address(text: &str) -> Option<u128> {
    let (address, _) = text.split_once('/').unwrap_or((text, ""));
    let bits = bits(address.trim().parse().ok()?);
    Some(if bits >> 32 == 0 && bits > 0xffff { bits | 0xffff << 32 } else { bits })
}

/// The host in a URL or in a bare host, an address of IPv6 without its brackets.
fn host_of_url(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let ends: &[char] = if host.starts_with('[') { &[']', '%'] } else { &[':'] };
    host.trim_start_matches('[').split(ends).next().unwrap_or(host).trim_end_matches('.')
}

/// An address as a number; one of IPv4 as that of IPv6 to which it is mapped.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;
    use kql::types::{Column, Type, Value};
    use std::sync::Arc;

    fn hunts() -> Vec<Hunt> {
        let text = r#"{"1": [{"ioc_value": "evil.shop", "ioc_type": "domain", "malware": "win.a"}],
            "2": [{"ioc_value": "bad.biz", "ioc_type": "domain", "malware": "win.b"}],
            "3": [{"ioc_value": "93.184.216.34:80", "ioc_type": "ip:port", "malware": "win.b"}]}"#;
        crate::hunt::build(&Arc::new(crate::feed::read(text.as_bytes(), "x.json").unwrap()), Template::Exact)
    }

    #[test]
    fn one_query_for_all_hunts() {
        let hunts = hunts();
        let pass = prefilter(&hunts, "CommonSecurityLog", &TimeBound::Unbounded).unwrap();
        let expected = "// Rows that some hunt may match.
CommonSecurityLog
| where DestinationHostName has_any (_tallyho_has_any_domains)
    or DestinationIP in~ (_tallyho_in_addresses)
    or RequestURL has_any (_tallyho_has_any_domains_addresses)
";
        assert_eq!(pass.query, expected);
        let values = |set: &Needles<'_>| {
            let texts = set.texts();
            let all: Vec<String> = (0..texts.count()).map(|at| texts.get(at).to_owned()).collect();
            for from in 0..=all.len() {
                for to in from..=all.len() {
                    let mut each = Vec::new();
                    texts.each(from..to, |text| {
                        each.push(text.to_owned());
                        each.len() < 3
                    });
                    assert_eq!(each, all[from..to.min(from + 3)]);
                }
            }
            all
        };
        let sets: Vec<(&str, Vec<String>)> = pass.sets.iter().map(|set| (set.name.as_str(), values(set))).collect();
        let domains = ["evil.shop", "bad.biz"].map(str::to_owned).to_vec();
        let addresses = ["93.184.216.34", "::ffff:93.184.216.34"].map(str::to_owned).to_vec();
        let both = domains.iter().chain(&addresses[..1]).cloned().collect();
        assert_eq!(
            sets,
            [
                ("_tallyho_has_any_domains", domains),
                ("_tallyho_in_addresses", addresses),
                ("_tallyho_has_any_domains_addresses", both)
            ]
        );
        assert!(prefilter(&hunts, "DeviceFileEvents", &TimeBound::Unbounded).is_none());
    }

    #[test]
    fn candidates_hold_values_as_whole_terms() {
        let hunts = hunts();
        let held = |name: &str| {
            let rows =
                Rows { columns: vec![Column::new("Name", Type::String)], rows: vec![vec![Value::String(name.to_owned())]] };
            let candidates = Candidates::new(&rows);
            let dns = hunts.iter().map(|hunt| hunt.queries.iter().find(|query| query.table == "DnsEvents").unwrap());
            dns.map(|query| candidates.held(query)).collect::<Vec<_>>()
        };
        assert_eq!(held("WWW.EVIL.shop."), [1, 0]);
        assert_eq!(held("a.bad.biz"), [0, 1]);
        assert_eq!(held("notevil.shop"), [0, 0]);
        assert_eq!(held("evil.example.shop"), [0, 0]);
        assert_eq!(held(r#"{"query":"www\u002eevil\u002Eshop"}"#), [1, 0]);
        assert_eq!(held(r#"{"a":"{\"query\":\"www.\\u0065vil.shop\"}"}"#), [1, 0]);
        assert_eq!(held(r"\u \u00 \ud800 evil\u002"), [0, 0]);
    }

    #[test]
    fn addresses_are_read_as_queries_read_them() {
        let plain = written_address("192.0.2.7");
        for text in ["192.0.2.7/24", "::192.0.2.7", "::ffff:192.0.2.7", " 192.0.2.7 "] {
            assert_eq!(written_address(text), plain, "{text}");
        }
        for url in ["http://192.0.2.7/x", "192.0.2.7:80", "https://u@192.0.2.7.:443?y#z", "http://[::ffff:192.0.2.7]:8080/"] {
            assert_eq!(written_address(host_of_url(url)), plain, "{url}");
        }
        assert_eq!(written_address(host_of_url("https://[2001:db8::7%1]/")), written_address("2001:db8::7"));
        assert_eq!((written_address("::1"), written_address("192.0.2"), written_address("x/24")), (Some(1), None, None));
    }
}
