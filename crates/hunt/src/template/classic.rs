//! The `classic` template: `in` over addresses, whatever the port; `has_any` over domains and URLs; `in` over hashes, as they are
//! spelt. Kept to the byte, for those who compare.

use std::sync::Arc;

use crate::hunt::{HuntQuery, List, Observable, Subject, Test, Text};
use crate::indicator::IndicatorType;
use crate::template::{Form, comment_text, dynamic_list};

/// One of the five queries.
#[derive(Debug)]
pub(crate) struct Kind {
    id: &'static str,
    title: &'static str,
    purpose: &'static str,
    names_source: bool,
    values: List,
    types: &'static [IndicatorType],
    list: &'static str,
    table: &'static str,
    steps: &'static str,
    column: &'static str,
    shown_in: &'static [&'static str],
    test: Test,
    observed: &'static [&'static str],
}

const ADDRESSES: &[IndicatorType] = &[IndicatorType::IpPort, IndicatorType::Ip];
const HASHES: &[IndicatorType] = &[IndicatorType::Md5, IndicatorType::Sha1, IndicatorType::Sha256];

static IP_FIREWALL: Kind = Kind {
    id: "ip-firewall",
    title: "IP Hunt",
    purpose: "Hunt for network connections to known malicious IPs",
    names_source: true,
    values: List::Addresses,
    types: ADDRESSES,
    list: "malicious_ips",
    table: "CommonSecurityLog",
    steps: "| where DestinationIP in (malicious_ips) or SourceIP in (malicious_ips)\n\
            | project TimeGenerated, SourceIP, DestinationIP, DestinationPort, DeviceAction, Activity\n\
            | order by TimeGenerated desc\n",
    column: "strcat(DestinationIP, \" \", SourceIP)",
    shown_in: &["DestinationIP", "SourceIP"],
    test: Test::HasAny,
    observed: &["DestinationIP", "SourceIP"],
};

static IP_ENDPOINT: Kind = Kind {
    id: "ip-endpoint",
    title: "IP Hunt",
    purpose: "Hunt in Defender for Endpoint network events",
    names_source: false,
    values: List::Addresses,
    types: ADDRESSES,
    list: "malicious_ips",
    table: "DeviceNetworkEvents",
    steps: "| where RemoteIP in (malicious_ips)\n\
            | project Timestamp, DeviceName, RemoteIP, RemotePort, InitiatingProcessFileName, ActionType\n\
            | order by Timestamp desc\n",
    column: "RemoteIP",
    shown_in: &["RemoteIP"],
    test: Test::In,
    observed: &["RemoteIP"],
};

static DOMAIN_DNS: Kind = Kind {
    id: "domain-dns",
    title: "Domain Hunt",
    purpose: "Hunt for DNS queries to known malicious domains",
    names_source: true,
    values: List::Domains,
    types: &[IndicatorType::Domain],
    list: "malicious_domains",
    table: "DnsEvents",
    steps: "| where Name has_any (malicious_domains)\n\
            | project TimeGenerated, Computer, Name, IPAddresses, QueryType\n\
            | order by TimeGenerated desc\n",
    column: "Name",
    shown_in: &["Name"],
    test: Test::HasAny,
    observed: &["Name"],
};

static URL_CLICK: Kind = Kind {
    id: "url-click",
    title: "URL Hunt",
    purpose: "Hunt for access to known malicious URLs",
    names_source: true,
    values: List::Urls,
    types: &[IndicatorType::Url],
    list: "malicious_urls",
    table: "UrlClickEvents",
    steps: "| where Url has_any (malicious_urls)\n\
            | project Timestamp, AccountUpn, Url, ActionType, IsClickedThrough\n\
            | order by Timestamp desc\n",
    column: "Url",
    shown_in: &["Url"],
    test: Test::HasAny,
    observed: &["Url"],
};

static HASH_FILE: Kind = Kind {
    id: "hash-file",
    title: "Hash Hunt",
    purpose: "Hunt for files with known malicious hashes",
    names_source: true,
    values: List::Hashes,
    types: HASHES,
    list: "malicious_hashes",
    table: "DeviceFileEvents",
    steps: "| where SHA256 in (malicious_hashes) or SHA1 in (malicious_hashes) or MD5 in (malicious_hashes)\n\
            | project Timestamp, DeviceName, FileName, FolderPath, SHA256, InitiatingProcessFileName\n\
            | order by Timestamp desc\n",
    column: "strcat(SHA256, \" \", SHA1, \" \", MD5)",
    shown_in: &["SHA256", "SHA1", "MD5"],
    test: Test::HasAny,
    observed: &["SHA256"],
};

/// Addresses, then domains, URLs and hashes; a type without values gives no query.
pub(super) fn queries(subject: &Arc<Subject>) -> Vec<HuntQuery> {
    let kinds = [&IP_FIREWALL, &IP_ENDPOINT, &DOMAIN_DNS, &URL_CLICK, &HASH_FILE];
    let present = kinds.into_iter().filter(|kind| !subject.list(kind.values).is_empty());
    let query = |kind: &'static Kind| HuntQuery {
        id: kind.id.to_owned(),
        title: kind.title.to_owned(),
        table: kind.table,
        types: kind.types.to_vec(),
        column: kind.column,
        shown_in: kind.shown_in.to_vec(),
        test: kind.test,
        observed: kind.observed,
        subject: Arc::clone(subject),
        list: kind.values,
        range: 0..subject.list(kind.values).len(),
        form: Form::Classic(kind),
    };
    present.map(query).collect()
}

/// The parts of a query's text.
pub(super) fn text(kind: &Kind, query: &HuntQuery, observables: &[Observable]) -> Text {
    let source = if kind.names_source {
        format!("// Source: ThreatFox - {}\n", comment_text(&query.subject.malware().name))
    } else {
        String::new()
    };
    let values = observables.iter().map(|it| it.value(query.subject.indicator(*it)));
    Text {
        comments: format!("// {}\n{source}", kind.purpose),
        lets: format!("let {} = {};\n", kind.list, dynamic_list(values)),
        steps: kind.steps.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::hunt::{TimeBound, build};
    use crate::template::Template;

    fn texts(records: &str) -> Vec<String> {
        let intel = crate::feed::read(records.as_bytes(), "x.json").unwrap();
        build(&Arc::new(intel), Template::Classic)[0].queries.iter().map(|query| query.text(&TimeBound::Unbounded)).collect()
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
