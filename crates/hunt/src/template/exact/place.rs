//! Where values are seen: the columns of each table, and the KQL that brings what stands there to the one form.

use crate::hunt::{List, Test};
use crate::indicator::IndicatorType;

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A domain name.
    Name,
    /// A URL or a bare host, of which the host counts.
    HostOfUrl,
    /// An address, with a port beside it.
    Address,
    /// A URL or a bare host, of which the address and the port count, if the host is one.
    AddressOfUrl,
    /// An address, of which the networks of IPv4 count that it is in.
    Network4,
    /// The same of IPv6.
    Network6,
    /// A URL.
    Url,
    /// A hash, of one type or of any.
    Hash(Option<IndicatorType>),
}

/// A column, or a value within one, that indicators are looked for in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) table: &'static str,
    /// Rows of other kinds do not have the value.
    only: Option<&'static str>,
    /// The column.
    pub(crate) shown_in: &'static str,
    /// What of it the needles are searched in.
    pub(crate) tested: &'static str,
    /// The value as logged.
    observed: &'static str,
    /// The column of the port.
    port: Option<&'static str>,
    pub(crate) seen: Seen,
}

const fn place(id: &'static str, title: &'static str, table: &'static str, column: &'static str, seen: Seen) -> Place {
    Place { id, title, table, only: None, shown_in: column, tested: column, observed: column, port: None, seen }
}

const fn hash(id: &'static str, title: &'static str, table: &'static str, column: &'static str, ty: IndicatorType) -> Place {
    place(id, title, table, column, Seen::Hash(Some(ty)))
}

/// The address in a URL or a bare host, if the host is one.
macro_rules! address_of_url {
    ($column:literal) => {
        concat!(
            r##"extract(@"^(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?(?:[^/?#@]*@)?\[?([0-9]+(?:\.[0-9]+){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)\.?(?:[\]%:/?#]|$)", 1, "##,
            $column,
            ")"
        )
    };
}

const NETWORK: &str = "DeviceNetworkEvents";
const FIREWALL: &str = "CommonSecurityLog";
const FILES: &str = "DeviceFileEvents";
const PROCESSES: &str = "DeviceProcessEvents";
const CLICKS: &str = "UrlClickEvents";

/// All places, in the order in which a hunt asks them.
pub(crate) static PLACES: [Place; 33] = [
    Place {
        port: Some("DestinationPort"),
        ..place("ip-firewall", "connections at firewalls", FIREWALL, "DestinationIP", Seen::Address)
    },
    Place { port: Some("RemotePort"), ..place("ip-endpoint", "connections of endpoints", NETWORK, "RemoteIP", Seen::Address) },
    Place {
        port: Some("DestinationPort"),
        ..place("ip-proxy", "addresses in URLs at proxies", FIREWALL, "RequestURL", Seen::AddressOfUrl)
    },
    Place {
        port: Some("RemotePort"),
        ..place("ip-endpoint-url", "addresses in URLs that endpoints asked for", NETWORK, "RemoteUrl", Seen::AddressOfUrl)
    },
    place("ip-click", "addresses in links that users clicked", CLICKS, "Url", Seen::AddressOfUrl),
    place("network-firewall", "connections at firewalls to networks", FIREWALL, "DestinationIP", Seen::Network4),
    place("network-endpoint", "connections of endpoints to networks", NETWORK, "RemoteIP", Seen::Network4),
    place("network6-firewall", "connections at firewalls to IPv6 networks", FIREWALL, "DestinationIP", Seen::Network6),
    place("network6-endpoint", "connections of endpoints to IPv6 networks", NETWORK, "RemoteIP", Seen::Network6),
    Place {
        tested: address_of_url!("RequestURL"),
        ..place("network-proxy", "networks in URLs at proxies", FIREWALL, "RequestURL", Seen::Network4)
    },
    Place {
        tested: address_of_url!("RemoteUrl"),
        ..place("network-endpoint-url", "networks in URLs that endpoints asked for", NETWORK, "RemoteUrl", Seen::Network4)
    },
    Place {
        tested: address_of_url!("Url"),
        ..place("network-click", "networks in links that users clicked", CLICKS, "Url", Seen::Network4)
    },
    Place {
        tested: address_of_url!("RequestURL"),
        ..place("network6-proxy", "IPv6 networks in URLs at proxies", FIREWALL, "RequestURL", Seen::Network6)
    },
    Place {
        tested: address_of_url!("RemoteUrl"),
        ..place("network6-endpoint-url", "IPv6 networks in URLs that endpoints asked for", NETWORK, "RemoteUrl", Seen::Network6)
    },
    Place {
        tested: address_of_url!("Url"),
        ..place("network6-click", "IPv6 networks in links that users clicked", CLICKS, "Url", Seen::Network6)
    },
    place("domain-dns", "names asked of DNS servers", "DnsEvents", "Name", Seen::Name),
    place("domain-endpoint", "hosts that endpoints connected to", NETWORK, "RemoteUrl", Seen::HostOfUrl),
    Place {
        only: Some("ActionType == \"DnsConnectionInspected\""),
        tested: "tostring(AdditionalFields)",
        observed: "tostring(parse_json(tostring(AdditionalFields)).query)",
        ..place("domain-endpoint-dns", "DNS traffic of endpoints", NETWORK, "AdditionalFields", Seen::Name)
    },
    Place {
        only: Some("ActionType == \"DnsQueryResponse\""),
        tested: "tostring(AdditionalFields)",
        observed: "tostring(parse_json(tostring(AdditionalFields)).DnsQueryString)",
        ..place("domain-endpoint-events", "names that endpoints asked for", "DeviceEvents", "AdditionalFields", Seen::Name)
    },
    place("domain-firewall", "host names at firewalls", FIREWALL, "DestinationHostName", Seen::Name),
    place("domain-proxy", "hosts of URLs at proxies", FIREWALL, "RequestURL", Seen::HostOfUrl),
    place("domain-click", "hosts of links that users clicked", CLICKS, "Url", Seen::HostOfUrl),
    place("url-proxy", "URLs at proxies", FIREWALL, "RequestURL", Seen::Url),
    place("url-endpoint", "URLs that endpoints asked for", NETWORK, "RemoteUrl", Seen::Url),
    place("url-click", "links that users clicked", CLICKS, "Url", Seen::Url),
    place("url-file", "URLs that files came from", FILES, "FileOriginUrl", Seen::Url),
    hash("sha256-file", "files by SHA-256", FILES, "SHA256", IndicatorType::Sha256),
    hash("sha1-file", "files by SHA-1", FILES, "SHA1", IndicatorType::Sha1),
    hash("md5-file", "files by MD5", FILES, "MD5", IndicatorType::Md5),
    hash("sha256-process", "programs by SHA-256", PROCESSES, "SHA256", IndicatorType::Sha256),
    hash("sha1-process", "programs by SHA-1", PROCESSES, "SHA1", IndicatorType::Sha1),
    hash("md5-process", "programs by MD5", PROCESSES, "MD5", IndicatorType::Md5),
    place("hash-firewall", "files at firewalls and proxies", FIREWALL, "FileHash", Seen::Hash(None)),
];

/// The host in a URL or in a bare host name.
const HOST: &str = r##"extract(@"^(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#:]*)", 1, Observed)"##;
/// Host and port of a URL.
const AUTHORITY: &str = r##"extract(@"^(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#]*)", 1, Observed)"##;
/// Path and query string of a URL.
const TAIL: &str = r##"extract(@"^(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?[^/?#]*([^#]*)", 1, Observed)"##;

impl Place {
    /// All steps of the query below the table; the names that are looked for have so many labels at most.
    pub(crate) fn steps(&self, labels: usize) -> String {
        let only = self.only.map_or_else(String::new, |condition| format!("| where {condition}\n"));
        let tested = self.tested;
        let test = match (self.seen, self.seen.test()) {
            (Seen::Network6, _) => format!("ipv6_is_in_any_range({tested}, needles)"),
            (_, Test::HasAny) => format!("{tested} has_any (needles)"),
            (_, Test::In) => format!("{tested} in~ (needles)"),
            (_, Test::InNetwork) => format!("ipv4_is_in_any_range({}, needles)", unmapped(tested)),
        };
        let head = format!("{only}| where {test}\n| extend Observed = {}\n", self.observed);
        head + &self.form(labels) + "| lookup kind=inner indicators on Observable\n" + &self.tail()
    }

    /// The steps that give `Observable`: the row's value in the form of the `datatable`.
    fn form(&self, labels: usize) -> String {
        // What is logged may have thousands of labels: not all endings of it are made.
        let name = |name: &str| {
            format!(
                "| extend Labels = split(trim_end(@\"\\.+\", tolower({name})), \".\")\n\
                 | mv-expand Start = range(max_of(array_length(Labels) - {labels}, 0), array_length(Labels) - 1, 1) to typeof(long)\n\
                 | extend Observable = strcat_array(array_slice(Labels, Start, -1), \".\")\n"
            )
        };
        match self.seen {
            Seen::Name => name("Observed"),
            Seen::HostOfUrl => name(HOST),
            Seen::Address => format!("| extend Observable = {}\n", unmapped("Observed")),
            Seen::AddressOfUrl => self.address_of_url(),
            Seen::Network4 => cut(&unmapped(self.tested), "format_ipv4_mask(Address, Prefix)"),
            Seen::Network6 => cut(self.tested, "strcat(parse_ipv6_mask(Address, Prefix), \"/\", Prefix)"),
            Seen::Url => format!(
                "| extend UrlHost = replace_regex(tolower({AUTHORITY}), @\"\\.?(?::(?:80|443)?)?$\", \"\")\n\
                 | extend UrlTail = {TAIL}\n\
                 | extend Observable = strcat(UrlHost, iff(UrlTail startswith \"/\", \"\", \"/\"), UrlTail)\n"
            ),
            Seen::Hash(_) => "| extend Observable = tolower(Observed)\n".to_owned(),
        }
    }

    /// The same of the address in a URL, with the port it is asked at.
    fn address_of_url(&self) -> String {
        let connection = self.port.map(|column| format!(", {column}")).unwrap_or_default();
        format!(
            "| extend UrlAuthority = tolower({AUTHORITY})\n\
             | extend Observable = iff(UrlAuthority startswith \"[\", extract(@\"^\\[(?:::ffff:)?([^\\]%]*)\", 1, UrlAuthority), \
             tostring(split(UrlAuthority, \":\")[0]))\n\
             | extend UrlPort = coalesce(toint(extract(@\":([0-9]{{1,5}})$\", 1, UrlAuthority)), \
             toint(case(Observed startswith \"https:\", 443, Observed startswith \"http:\", 80, long(null))){connection})\n"
        )
    }

    /// The steps after the lookup.
    fn tail(&self) -> String {
        let port = match (self.seen, self.port) {
            (Seen::AddressOfUrl, _) => "| where isnull(IndicatorPort) or IndicatorPort == UrlPort\n".to_owned(),
            (_, Some(column)) => format!("| where isnull(IndicatorPort) or IndicatorPort == {column}\n"),
            (_, None) => String::new(),
        };
        let (matched_by, temporary) = match self.seen {
            Seen::Name | Seen::HostOfUrl => {
                (r#"case(IndicatorType == "url", "url-host", Start == 0, "exact", "subdomain")"#, "Labels, Start, ")
            }
            Seen::Address => {
                (r#"case(IndicatorType == "url", "url-host", isnull(IndicatorPort), "ip", "ip:port")"#, "IndicatorPort, ")
            }
            Seen::AddressOfUrl => (
                r#"case(IndicatorType == "url", "url-host", isnull(IndicatorPort), "ip", "ip:port")"#,
                "UrlAuthority, UrlPort, IndicatorPort, ",
            ),
            Seen::Network4 | Seen::Network6 => (r#""network""#, "Address, Prefix, "),
            Seen::Url => (r#""url""#, "UrlHost, UrlTail, "),
            Seen::Hash(_) => (r#""hash""#, ""),
        };
        format!(
            "{port}| extend Confidence = IndicatorConfidence, MatchedBy = {matched_by}\n\
             | project-away {temporary}Observable, IndicatorConfidence\n"
        )
    }
}

/// An address of IPv4 in IPv6's clothes without them.
pub(crate) fn unmapped(column: &str) -> String {
    format!("trim_start(\"::ffff:\", tolower({column}))")
}

/// The steps that cut an address to each of the prefixes' lengths.
fn cut(address: &str, observable: &str) -> String {
    format!(
        "| extend Address = {address}\n\
         | mv-expand Prefix = prefixes to typeof(int)\n\
         | extend Observable = {observable}\n"
    )
}

impl Seen {
    /// How candidates are found.
    pub(crate) fn test(self) -> Test {
        match self {
            Seen::Name | Seen::HostOfUrl | Seen::AddressOfUrl | Seen::Url => Test::HasAny,
            Seen::Address | Seen::Hash(_) => Test::In,
            Seen::Network4 | Seen::Network6 => Test::InNetwork,
        }
    }

    /// Indicators have ports here.
    pub(crate) fn has_port(self) -> bool {
        matches!(self, Seen::Address | Seen::AddressOfUrl)
    }

    /// The values that are looked for.
    pub(crate) fn list(self) -> List {
        match self {
            Seen::Name | Seen::HostOfUrl => List::Domains,
            Seen::Address | Seen::AddressOfUrl => List::Addresses,
            Seen::Network4 => List::Networks4,
            Seen::Network6 => List::Networks6,
            Seen::Url => List::Urls,
            Seen::Hash(Some(IndicatorType::Md5)) => List::Md5,
            Seen::Hash(Some(IndicatorType::Sha1)) => List::Sha1,
            Seen::Hash(Some(_)) => List::Sha256,
            Seen::Hash(None) => List::Hashes,
        }
    }

    /// What a match is, in the words of a comment.
    pub(crate) fn explained(self) -> &'static [&'static str] {
        match self {
            Seen::Name => &[
                "A name matches a domain if it is that domain or ends in a dot and that domain, in any case, with or without a dot at its end.",
                "has_any finds candidates by the index; then each ending of the name, of up to as many labels as an indicator has, is looked up.",
            ],
            Seen::HostOfUrl => &[
                "A URL's host matches a domain if it is that domain or ends in a dot and that domain, in any case.",
                "has_any finds candidates by the index; then each ending of the host, of up to as many labels as an indicator has, is looked up.",
            ],
            Seen::Address => {
                &["The address contacted must be an indicator's, and so must the port, where the indicator has one."]
            }
            Seen::AddressOfUrl => &[
                "The address in a URL must be an indicator's, and so must the port, where the indicator has one.",
                "A URL without a port has that of its scheme; a bare host that of the connection, where the table says it.",
            ],
            Seen::Network4 | Seen::Network6 => &[
                "An address is in a network if it is that network when cut to the length of its prefix.",
                "The ranges find candidates; then the address, cut to each of the lengths, is looked up.",
            ],
            Seen::Url => &[
                "URLs are compared without scheme, user information, fragment and the ports 80 and 443, the host in lower case.",
                "has_any finds candidates by host and index; then the URL in that form is looked up.",
            ],
            Seen::Hash(_) => &["Hashes are compared in lower case, each with the column of its kind."],
        }
    }
}
