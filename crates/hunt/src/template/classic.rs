//! The `classic` template: `in` over addresses, whatever the port; `has_any` over domains and URLs; `in` over hashes, as they are
//! spelt. Kept to the byte, for those who compare.

use crate::hunt::{HuntQuery, Needles, Test, Text};
use crate::indicator::{Indicator, IndicatorType, Malware};
use crate::template::{comment_text, dynamic_list};

/// One of the five queries.
struct Kind {
    id: &'static str,
    title: &'static str,
    purpose: &'static str,
    names_source: bool,
    list: &'static str,
    table: &'static str,
    steps: &'static str,
    column: &'static str,
    test: Test,
    observed: &'static [&'static str],
}

const IP_FIREWALL: Kind = Kind {
    id: "ip-firewall",
    title: "IP Hunt",
    purpose: "Hunt for network connections to known malicious IPs",
    names_source: true,
    list: "malicious_ips",
    table: "CommonSecurityLog",
    steps: "| where DestinationIP in (malicious_ips) or SourceIP in (malicious_ips)\n\
            | project TimeGenerated, SourceIP, DestinationIP, DestinationPort, DeviceAction, Activity\n\
            | order by TimeGenerated desc\n",
    column: "strcat(DestinationIP, \" \", SourceIP)",
    test: Test::HasAny,
    observed: &["DestinationIP", "SourceIP"],
};

const IP_ENDPOINT: Kind = Kind {
    id: "ip-endpoint",
    title: "IP Hunt",
    purpose: "Hunt in Defender for Endpoint network events",
    names_source: false,
    list: "malicious_ips",
    table: "DeviceNetworkEvents",
    steps: "| where RemoteIP in (malicious_ips)\n\
            | project Timestamp, DeviceName, RemoteIP, RemotePort, InitiatingProcessFileName, ActionType\n\
            | order by Timestamp desc\n",
    column: "RemoteIP",
    test: Test::In,
    observed: &["RemoteIP"],
};

const DOMAIN_DNS: Kind = Kind {
    id: "domain-dns",
    title: "Domain Hunt",
    purpose: "Hunt for DNS queries to known malicious domains",
    names_source: true,
    list: "malicious_domains",
    table: "DnsEvents",
    steps: "| where Name has_any (malicious_domains)\n\
            | project TimeGenerated, Computer, Name, IPAddresses, QueryType\n\
            | order by TimeGenerated desc\n",
    column: "Name",
    test: Test::HasAny,
    observed: &["Name"],
};

const URL_CLICK: Kind = Kind {
    id: "url-click",
    title: "URL Hunt",
    purpose: "Hunt for access to known malicious URLs",
    names_source: true,
    list: "malicious_urls",
    table: "UrlClickEvents",
    steps: "| where Url has_any (malicious_urls)\n\
            | project Timestamp, AccountUpn, Url, ActionType, IsClickedThrough\n\
            | order by Timestamp desc\n",
    column: "Url",
    test: Test::HasAny,
    observed: &["Url"],
};

const HASH_FILE: Kind = Kind {
    id: "hash-file",
    title: "Hash Hunt",
    purpose: "Hunt for files with known malicious hashes",
    names_source: true,
    list: "malicious_hashes",
    table: "DeviceFileEvents",
    steps: "| where SHA256 in (malicious_hashes) or SHA1 in (malicious_hashes) or MD5 in (malicious_hashes)\n\
            | project Timestamp, DeviceName, FileName, FolderPath, SHA256, InitiatingProcessFileName\n\
            | order by Timestamp desc\n",
    column: "strcat(SHA256, \" \", SHA1, \" \", MD5)",
    test: Test::HasAny,
    observed: &["SHA256"],
};

/// Addresses, then domains, URLs and hashes; a type without values gives no query.
pub(super) fn queries(malware: &Malware, indicators: &[Indicator]) -> Vec<HuntQuery> {
    let of = |wanted: fn(IndicatorType) -> bool| indicators.iter().filter(move |indicator| wanted(indicator.ty));
    let mut addresses: Vec<String> = Vec::new();
    for indicator in of(|ty| matches!(ty, IndicatorType::Ip | IndicatorType::IpPort)) {
        let address = indicator.address().map_or_else(|| indicator.value.clone(), |(address, _)| address.to_owned());
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let live = |indicator: &Indicator| crate::normalize::refang(indicator.as_published().trim()).into_owned();
    let domains = of(|ty| ty == IndicatorType::Domain).map(live).collect();
    let urls = of(|ty| ty == IndicatorType::Url).map(live).collect();
    let hashes = of(IndicatorType::is_hash).map(live).collect();
    let address_types = vec![IndicatorType::IpPort, IndicatorType::Ip];
    let hash_types = vec![IndicatorType::Md5, IndicatorType::Sha1, IndicatorType::Sha256];
    let wanted: [(&Kind, Vec<String>, Vec<IndicatorType>); 5] = [
        (&IP_FIREWALL, addresses.clone(), address_types.clone()),
        (&IP_ENDPOINT, addresses, address_types),
        (&DOMAIN_DNS, domains, vec![IndicatorType::Domain]),
        (&URL_CLICK, urls, vec![IndicatorType::Url]),
        (&HASH_FILE, hashes, hash_types),
    ];
    let present = wanted.into_iter().filter(|(_, values, _)| !values.is_empty());
    present.map(|(kind, values, types)| query(kind, malware, values, types)).collect()
}

fn query(kind: &Kind, malware: &Malware, values: Vec<String>, types: Vec<IndicatorType>) -> HuntQuery {
    let source =
        if kind.names_source { format!("// Source: ThreatFox - {}\n", comment_text(&malware.name)) } else { String::new() };
    HuntQuery {
        id: kind.id.to_owned(),
        title: kind.title.to_owned(),
        table: kind.table,
        types,
        values: values.len(),
        observed: kind.observed,
        text: Text {
            comments: format!("// {}\n{source}", kind.purpose),
            lets: format!("let {} = {};\n", kind.list, dynamic_list(values.iter().map(String::as_str))),
            steps: kind.steps.to_owned(),
        },
        needles: Needles { column: kind.column, test: kind.test, values },
    }
}

#[cfg(test)]
mod tests {
    use crate::hunt::{TimeBound, build};
    use crate::template::Template;

    fn texts(records: &str) -> Vec<String> {
        let intel = crate::feed::read(records.as_bytes(), "x.json").unwrap();
        build(&intel, Template::Classic)[0].queries.iter().map(|query| query.text(&TimeBound::Unbounded)).collect()
    }

    #[test]
    fn domains_to_the_byte() {
        let record = |value: &str| {
            format!(r#"[{{"ioc_value": "{value}", "ioc_type": "domain", "malware": "win.remus", "malware_printable": "Remus"}}]"#)
        };
        let text =
            format!(r#"{{"1": {}, "2": {}, "3": {}}}"#, record("famwili.shop"), record("genusaqe.biz"), record("mandtar.shop"));
        let expected = r#"// Hunt for DNS queries to known malicious domains
// Source: ThreatFox - Remus
let malicious_domains = dynamic(["famwili.shop", "genusaqe.biz", "mandtar.shop"]);
DnsEvents
| where Name has_any (malicious_domains)
| project TimeGenerated, Computer, Name, IPAddresses, QueryType
| order by TimeGenerated desc
"#;
        assert_eq!(texts(&text), [expected]);
    }

    #[test]
    fn all_kinds_in_their_order() {
        let text = r#"{"data": [
            {"ioc": "ABCDEF0123456789abcdef0123456789", "ioc_type": "md5_hash", "malware": "win.x"},
            {"ioc": "hxxps://evil[.]shop/a?b", "ioc_type": "url", "malware": "win.x"},
            {"ioc": "93.184.216.34:80", "ioc_type": "ip:port", "malware": "win.x"},
            {"ioc": "93.184.216.34:81", "ioc_type": "ip:port", "malware": "win.x"}]}"#;
        let texts = texts(text);
        let lists: Vec<&str> = texts.iter().filter_map(|text| text.lines().find(|line| line.starts_with("let "))).collect();
        assert_eq!(
            lists,
            [
                r#"let malicious_ips = dynamic(["93.184.216.34"]);"#,
                r#"let malicious_ips = dynamic(["93.184.216.34"]);"#,
                r#"let malicious_urls = dynamic(["https://evil.shop/a?b"]);"#,
                r#"let malicious_hashes = dynamic(["ABCDEF0123456789abcdef0123456789"]);"#,
            ]
        );
        assert!(texts[1].starts_with("// Hunt in Defender for Endpoint network events\nlet malicious_ips"));
    }
}
