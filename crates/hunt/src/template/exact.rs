//! The `exact` template: queries whose answer is exactly what is meant.
//!
//! Each query has the same four parts: what is looked for, as a `datatable`; a test of one column that an index answers, and that
//! passes some rows too many; the one form of the row's value; a lookup of that form. Rows keep all columns of the table and gain
//! `Indicator`, `IndicatorType`, `ThreatType`, `Confidence`, `Observed` (the value as logged) and `MatchedBy`.

mod observables;
mod place;

use std::collections::HashSet;

use kql::fmt::string_literal;

use crate::hunt::{HuntQuery, Needles, Text};
use crate::indicator::{Indicator, IndicatorType, Malware};
use crate::template::{comment_text, dynamic_list};

use observables::{Entry, Observables};
use place::{PLACES, Place, Seen};

/// So many values go in one query: half of what `has_any` takes, so that the text stays short enough to be handled.
const CHUNK: usize = 5000;

/// The queries in the order of [`PLACES`].
pub(super) fn queries(malware: &Malware, indicators: &[Indicator]) -> Vec<HuntQuery> {
    let observables = Observables::of(indicators);
    let mut all = Vec::new();
    for place in &PLACES {
        let entries = observables.at(place.seen);
        let parts = entries.len().div_ceil(CHUNK);
        for (part, entries) in entries.chunks(CHUNK).enumerate() {
            all.push(query(place, malware, entries, part, parts));
        }
    }
    all
}

fn query(place: &Place, malware: &Malware, entries: &[Entry], part: usize, parts: usize) -> HuntQuery {
    let mut types: Vec<IndicatorType> = entries.iter().map(|entry| entry.ty).collect();
    types.sort_unstable();
    types.dedup();
    let needles = needles(place, entries);
    let part_title = if parts > 1 { format!(", part {} of {parts}", part + 1) } else { String::new() };
    let text = Text {
        comments: comments(place, malware, &part_title),
        lets: format!(
            "let needles = {};\n{}",
            dynamic_list(needles.values.iter().map(String::as_str)),
            datatable(entries, place.seen == Seen::Address)
        ),
        steps: place.steps(),
    };
    HuntQuery {
        id: if part == 0 { place.id.to_owned() } else { format!("{}-{}", place.id, part + 1) },
        title: format!("{}{part_title}", place.title),
        table: place.table,
        types,
        values: entries.len(),
        needles,
        observed: &["Observed"],
        text,
    }
}

fn comments(place: &Place, malware: &Malware, part: &str) -> String {
    format!("// {}: {}{part}\n// {}\n", comment_text(&malware.name), place.title, place.seen.explained().join("\n// "))
}

/// What the column's index is asked for.
fn needles(place: &Place, entries: &[Entry]) -> Needles {
    let mut taken = HashSet::new();
    let mut values: Vec<String> = entries.iter().map(Entry::needle).filter(|needle| taken.insert(needle.clone())).collect();
    if place.seen == Seen::Address {
        // Endpoints log IPv4 addresses also as IPv6 ones.
        let mapped: Vec<String> = values.iter().filter(|ip| !ip.contains(':')).map(|ip| format!("::ffff:{ip}")).collect();
        values.extend(mapped);
    }
    Needles { column: place.tested, test: place.seen.test(), values }
}

fn datatable(entries: &[Entry], with_port: bool) -> String {
    let port_column = if with_port { "IndicatorPort:int, " } else { "" };
    let mut text = format!(
        "let indicators = datatable(Observable:string, {port_column}Indicator:string, IndicatorType:string, ThreatType:string, \
         IndicatorConfidence:long) [\n"
    );
    for entry in entries {
        let port = match (with_port, entry.port) {
            (false, _) => String::new(),
            (true, Some(port)) => format!("{port}, "),
            (true, None) => "int(null), ".to_owned(),
        };
        let confidence = entry.confidence.map_or_else(|| "long(null)".to_owned(), |confidence| confidence.to_string());
        text += &format!(
            "    {}, {port}{}, {}, {}, {confidence},\n",
            string_literal(&entry.observable),
            string_literal(&entry.indicator),
            string_literal(entry.ty.name()),
            string_literal(&entry.threat_type),
        );
    }
    text + "];\n"
}

#[cfg(test)]
mod tests {
    use crate::hunt::{Hunt, TimeBound, build};
    use crate::template::Template;

    fn hunt(records: &str) -> Hunt {
        let intel = crate::feed::read(records.as_bytes(), "x.json").unwrap();
        build(&intel, Template::Exact).remove(0)
    }

    #[test]
    fn a_domain_in_dns() {
        let hunt = hunt(
            r#"{"1": [{"ioc_value": "Famwili.shop", "ioc_type": "domain", "threat_type": "botnet_cc", "malware": "win.remus",
            "malware_printable": "Remus\n| take 1", "confidence_level": 100}]}"#,
        );
        let expected = r#"// Remus\n| take 1: names asked of DNS servers
// A name matches a domain if it is that domain or ends in a dot and that domain, in any case, with or without a dot at its end.
// has_any finds candidates by the index; then each ending of the name on a label's boundary is looked up.
let lookback = 14d;
let needles = dynamic(["famwili.shop"]);
let indicators = datatable(Observable:string, Indicator:string, IndicatorType:string, ThreatType:string, IndicatorConfidence:long) [
    "famwili.shop", "famwili.shop", "domain", "botnet_cc", 100,
];
DnsEvents
| where TimeGenerated > ago(lookback)
| where Name has_any (needles)
| extend Observed = Name
| extend Labels = split(trim_end(@"\.+", tolower(Observed)), ".")
| mv-expand Start = range(0, array_length(Labels) - 1, 1) to typeof(long)
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
        assert!(text.contains(r#"    "93.184.216.34", 80, "93.184.216.34:80", "ip:port", "", long(null),"#), "{text}");
        assert!(text.contains(r#"    "93.184.216.34", 8080, "http://93.184.216.34:8080/a", "url", "", 75,"#), "{text}");
        assert!(text.contains(r#"let needles = dynamic(["93.184.216.34", "::ffff:93.184.216.34"]);"#), "{text}");
        assert!(text.contains("| where isnull(IndicatorPort) or IndicatorPort == DestinationPort\n"));
    }

    #[test]
    fn large_families_are_cut_in_parts() {
        let lines: Vec<String> = (0..5001).map(|n| format!("n{n}.evil-{n}.shop")).collect();
        let intel = crate::feed::read(lines.join("\n").as_bytes(), "big.txt").unwrap();
        let hunt = build(&intel, Template::Exact).remove(0);
        let ids: Vec<(&str, usize)> = hunt.queries.iter().take(2).map(|query| (query.id.as_str(), query.values)).collect();
        assert_eq!(ids, [("domain-dns", 5000), ("domain-dns-2", 1)]);
        assert!(hunt.queries[1].title.ends_with(", part 2 of 2"));
    }
}
