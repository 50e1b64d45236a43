//! The `exact` template: queries whose answer is exactly what is meant.
//!
//! Each query has the same four parts: what is looked for, as a `datatable`; a test of one column that an index answers, and that
//! passes some rows too many; the one form of the row's value; a lookup of that form. Rows keep all columns of the table and gain
//! `Indicator`, `IndicatorType`, `ThreatType`, `Confidence`, `Observed` (the value as logged) and `MatchedBy`.

mod place;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use foldhash::fast::RandomState;
use kql::fmt::string_literal;

use crate::hunt::{HuntQuery, List, Observable, Subject, Text};
use crate::indicator::IndicatorType;
use crate::template::{Form, comment_text, dynamic_list};

pub(crate) use place::{PLACES, Place, unmapped};

/// So many values go in one query: half of what `has_any` takes, so that the text stays short enough to be handled.
pub(crate) const CHUNK: usize = 5000;

/// Table and tested column of each place: `DnsEvents.Name`.
#[cfg(test)]
pub(crate) fn place_columns() -> impl Iterator<Item = String> {
    PLACES.iter().map(|place| format!("{}.{}", place.table, place.tested))
}

/// The queries in the order of [`PLACES`].
pub(super) fn queries(subject: &Arc<Subject>) -> Vec<HuntQuery> {
    let mut all = Vec::new();
    for place in &PLACES {
        let list = place.seen.list();
        let values = subject.list(list).len();
        let parts = values.div_ceil(CHUNK);
        for part in 0..parts {
            let range = part * CHUNK..values.min((part + 1) * CHUNK);
            all.push(HuntQuery {
                id: if part == 0 { place.id.to_owned() } else { format!("{}-{}", place.id, part + 1) },
                title: format!("{}{}", place.title, part_title(part, parts)),
                table: place.table,
                types: types(subject, list, range.clone()),
                column: place.tested,
                shown_in: vec![place.shown_in],
                test: place.seen.test(),
                observed: &["Observed"],
                subject: Arc::clone(subject),
                list,
                range,
                form: Form::Exact(place, part, parts),
            });
        }
    }
    all
}

/// Types of the indicators that some values of a list stand for, sorted.
fn types(subject: &Subject, list: List, range: std::ops::Range<usize>) -> Vec<IndicatorType> {
    let values = subject.list(list).get(range).unwrap_or_default();
    let mut types: Vec<IndicatorType> = match (list, values) {
        (List::Addresses | List::Hashes, values) => values.iter().map(|it| subject.indicator(*it).ty()).collect(),
        // All others are of one type, or first of one and then of another.
        (_, [first, .., last]) => vec![subject.indicator(*first).ty(), subject.indicator(*last).ty()],
        (_, values) => values.iter().map(|it| subject.indicator(*it).ty()).collect(),
    };
    types.sort_unstable();
    types.dedup();
    types
}

pub(super) fn part_title(part: usize, parts: usize) -> String {
    if parts > 1 { format!(", part {} of {parts}", part + 1) } else { String::new() }
}

/// The parts of a query's text.
pub(super) fn text(place: &Place, query: &HuntQuery, observables: &[Observable], part: &str) -> Text {
    let subject = &query.subject;
    Text {
        comments: comments(place, subject, part),
        lets: format!(
            "let needles = {};\n{}",
            dynamic_list(needles(subject, place.seen.list(), observables).into_iter()),
            prefixes(subject, observables) + &datatable(subject, observables, place.seen.has_port())
        ),
        steps: place.steps(labels(subject, observables)),
    }
}

fn comments(place: &Place, subject: &Subject, part: &str) -> String {
    let name = comment_text(&subject.malware().name);
    format!("// {name}: {}{part}\n// {}\n", place.title, place.seen.explained().join("\n// "))
}

/// What the column's index is asked for.
fn needles<'s>(subject: &'s Subject, list: List, observables: &[Observable]) -> Vec<Cow<'s, str>> {
    let mut taken: HashSet<Cow<'_, str>, RandomState> = HashSet::default();
    let all = observables.iter().flat_map(|it| {
        let indicator = subject.indicator(*it);
        let others = it.spellings(indicator).into_iter().map(|(needle, _)| Cow::Owned(needle));
        std::iter::once(it.needle(indicator)).chain(others)
    });
    let mut needles: Vec<Cow<'_, str>> = all.filter(|needle| taken.insert(needle.clone())).collect();
    if list == List::Addresses {
        let mapped: Vec<Cow<'_, str>> = needles.iter().filter_map(|ip| mapped(ip)).map(Cow::Owned).collect();
        needles.extend(mapped);
    }
    needles
}

/// How many labels those names have at most.
fn labels(subject: &Subject, observables: &[Observable]) -> usize {
    let dots = |name: &str| name.bytes().filter(|byte| *byte == b'.').count();
    observables.iter().map(|it| 1 + dots(&it.value(subject.indicator(*it)))).max().unwrap_or(1)
}

/// The lengths of the prefixes of networks: an address is in one if it is that network when cut to one of them.
fn prefixes(subject: &Subject, observables: &[Observable]) -> String {
    let networks = observables.iter().filter_map(|it| it.network(subject.indicator(*it)));
    let lengths: BTreeSet<u8> = networks.map(|network| network.prefix_len()).collect();
    if lengths.is_empty() {
        return String::new();
    }
    let lengths: Vec<String> = lengths.iter().map(u8::to_string).collect();
    format!("let prefixes = dynamic([{}]);\n", lengths.join(", "))
}

/// An IPv4 address as endpoints log it, too: as one of IPv6.
pub(crate) fn mapped(address: &str) -> Option<String> {
    (!address.contains(':')).then(|| format!("::ffff:{address}"))
}

fn datatable(subject: &Subject, observables: &[Observable], with_port: bool) -> String {
    let port_column = if with_port { "IndicatorPort:int, " } else { "" };
    let mut text = format!(
        "let indicators = datatable(Observable:string, {port_column}Indicator:string, IndicatorType:string, ThreatType:string, \
         IndicatorConfidence:long) [\n"
    );
    for observable in observables {
        let indicator = subject.indicator(*observable);
        let port = match (with_port, observable.port()) {
            (false, _) => String::new(),
            (true, Some(port)) => format!("{port}, "),
            (true, None) => "int(null), ".to_owned(),
        };
        let confidence = indicator.confidence().map_or_else(|| "long(null)".to_owned(), |confidence| confidence.to_string());
        let said = format!(
            "{port}{}, {}, {}, {confidence},",
            string_literal(indicator.value()),
            string_literal(indicator.ty().name()),
            string_literal(indicator.threat_type()),
        );
        let others = observable.spellings(indicator).into_iter().map(|(_, value)| Cow::Owned(value));
        for value in std::iter::once(observable.value(indicator)).chain(others) {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "    {}, {said}", string_literal(&value));
        }
    }
    // No comma stands behind the last row.
    text.truncate(text.trim_end_matches(",\n").len());
    text + "\n];\n"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::hunt::{Hunt, TimeBound, build};
    use crate::template::Template;

    fn hunt(records: &str) -> Hunt {
        let intel = crate::feed::read(records.as_bytes(), "x.json").unwrap();
        build(&Arc::new(intel), Template::Exact).remove(0)
    }

    #[test]
    fn a_domain_in_dns() {
        let hunt = hunt(
            r#"{"1": [{"ioc_value": "Famwili.shop", "ioc_type": "domain", "threat_type": "botnet_cc", "malware": "win.remus",
            "malware_printable": "Remus\n| take 1", "confidence_level": 100}]}"#,
        );
        let expected = r#"// Remus\n| take 1: names asked of DNS servers
// A name matches a domain if it is that domain or ends in a dot and that domain, in any case, with or without a dot at its end.
// has_any finds candidates by the index; then each ending of the name, of up to as many labels as an indicator has, is looked up.
let lookback = 14d;
let needles = dynamic(["famwili.shop"]);
let indicators = datatable(Observable:string, Indicator:string, IndicatorType:string, ThreatType:string, IndicatorConfidence:long) [
    "famwili.shop", "famwili.shop", "domain", "botnet_cc", 100
];
DnsEvents
| where TimeGenerated > ago(lookback)
| where Name has_any (needles)
| extend Observed = Name
| extend Labels = split(trim_end(@"\.+", tolower(Observed)), ".")
| mv-expand Start = range(max_of(array_length(Labels) - 2, 0), array_length(Labels) - 1, 1) to typeof(long)
| extend Observable = strcat_array(array_slice(Labels, Start, -1), ".")
| lookup kind=inner indicators on Observable
| extend Confidence = IndicatorConfidence, MatchedBy = case(IndicatorType == "url", "url-host", Start == 0, "exact", "subdomain")
| project-away Labels, Start, Observable, IndicatorConfidence
"#;
        assert_eq!(hunt.queries[0].text(&TimeBound::export()), expected);
        let ids: Vec<&str> = hunt.queries.iter().map(|query| query.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "domain-dns",
                "domain-endpoint",
                "domain-endpoint-dns",
                "domain-endpoint-events",
                "domain-firewall",
                "domain-proxy",
                "domain-click"
            ]
        );
    }

    #[test]
    fn addresses_keep_their_port() {
        let hunt = hunt(
            r#"{"data": [{"ioc": "93.184.216.34:80", "ioc_type": "ip:port", "malware": "win.x"},
            {"ioc": "http://93.184.216.34:8080/a", "ioc_type": "url", "malware": "win.x", "confidence_level": 75}]}"#,
        );
        let text = hunt.queries.iter().find(|query| query.id == "ip-firewall").unwrap().text(&TimeBound::Unbounded);
        assert!(text.contains(r#"    "93.184.216.34", 80, "93.184.216.34:80", "ip:port", "", long(null)"#), "{text}");
        assert!(text.contains(r#"    "93.184.216.34", 8080, "http://93.184.216.34:8080/a", "url", "", 75"#), "{text}");
        assert!(text.contains(r#"let needles = dynamic(["93.184.216.34", "::ffff:93.184.216.34"]);"#), "{text}");
        assert!(text.contains("| where isnull(IndicatorPort) or IndicatorPort == DestinationPort\n"));
    }

    #[test]
    fn large_families_are_cut_in_parts() {
        let lines: Vec<String> = (0..5001).map(|n| format!("n{n}.evil-{n}.shop")).collect();
        let intel = crate::feed::read(lines.join("\n").as_bytes(), "big.txt").unwrap();
        let hunt = build(&Arc::new(intel), Template::Exact).remove(0);
        let ids: Vec<(&str, usize)> = hunt.queries.iter().take(2).map(|query| (query.id.as_str(), query.values())).collect();
        assert_eq!(ids, [("domain-dns", 5000), ("domain-dns-2", 1)]);
        assert!(hunt.queries[1].title.ends_with(", part 2 of 2"));
    }
}
