//! One form for every value. Comes in: what a feed wrote, defanged or not, in any case. Goes out: the value as all comparisons
//! use it and its type, or the reason why it cannot be an indicator.

mod address;
mod domain;
mod network;
mod refang;
mod spelling;
mod url;

use std::fmt;

use crate::indicator::IndicatorType;

pub use address::address;
pub use domain::domain;
pub use refang::refang;
pub use url::{Url, parse_url, url_key};

use address::leading_address;
use domain::leading_domain;
pub(crate) use network::{network_holds, network_of, network_or_address};
pub(crate) use spelling::{ACE, has_other_spellings, is_international, other_spellings};
pub(crate) use url::{UrlParts, url_key_parts};

/// What a feed says a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Nothing: the value itself must tell.
    Any,
    /// A domain name (or an address written where names stand).
    Domain,
    /// A URL.
    Url,
    /// An address, with or without a port, or a network.
    Address,
    /// A hash of a file: its length tells which.
    Hash,
    /// MD5 of a file.
    Md5,
    /// SHA-1 of a file.
    Sha1,
    /// SHA-256 of a file.
    Sha256,
}

impl Hint {
    /// What the type name of a feed stands for: `ip:port`, `md5_hash`, `domainname`, `ip-dst|port` …
    #[must_use]
    pub fn from_name(name: &str) -> Option<Hint> {
        let mut lower = [0; 24];
        let name = name.trim();
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        Some(match std::str::from_utf8(lower).ok()? {
            "domain" | "domainname" | "domain-name" | "domain_name" | "hostname" | "host" | "fqdn" => Hint::Domain,
            "url" | "uri" | "link" => Hint::Url,
            "ip" | "ipv4" | "ipv6" | "ip:port" | "ip-dst" | "ip-src" | "ip-dst|port" | "ip-src|port" | "ipaddress"
            | "ip address" | "ip_address" | "ipv4-addr" | "ipv6-addr" | "ipv4address" | "cidr" | "network" | "netblock"
            | "ip-range" | "ipv4-net" | "ipv6-net" => Hint::Address,
            "hash" | "filehash" | "file_hash" => Hint::Hash,
            "md5" | "md5_hash" | "filehash-md5" => Hint::Md5,
            "sha1" | "sha-1" | "sha1_hash" | "filehash-sha1" => Hint::Sha1,
            "sha256" | "sha-256" | "sha256_hash" | "filehash-sha256" => Hint::Sha256,
            _ => return None,
        })
    }
}

/// Why a value cannot be an indicator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// There is no value.
    Empty,
    /// It is longer than any value is, and how long.
    TooLong(usize),
    /// Its type is none that logs could be searched for here.
    UnknownType(String),
    /// It cannot be a domain name, and what about it cannot.
    NotADomain(&'static str),
    /// A name that is reserved for examples, tests or private networks.
    ReservedName(&'static str),
    /// It cannot be read as an address.
    NotAnAddress,
    /// A network whose address has bits beyond its prefix, or a path below an address: it may be either.
    NetworkOrPath,
    /// An address that is not on the public Internet, and which kind of.
    ReservedAddress(&'static str),
    /// The port is none from 1 to 65535.
    BadPort,
    /// It cannot be a URL, and what about it cannot.
    NotAUrl(&'static str),
    /// A hash of that type has so many digits, this has others.
    WrongHashLength {
        /// How many the type has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Not hexadecimal.
    NotHex,
    /// The hash of nothing at all: an empty file has it.
    EmptyFileHash,
    /// Neither a domain, nor a URL, nor an address, nor a hash.
    Unrecognized,
    /// The record could not be read, and what about it.
    BadRecord(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Empty => f.write_str("no value"),
            Reason::TooLong(bytes) => write!(f, "{bytes} bytes: a value has at most {LONGEST}"),
            Reason::UnknownType(ty) => write!(f, "values of type `{ty}` are not hunted"),
            Reason::NotADomain(why) => write!(f, "not a domain name: {why}"),
            Reason::ReservedName(why) => write!(f, "reserved name: {why}"),
            Reason::NotAnAddress => f.write_str("not an IP address"),
            Reason::NetworkOrPath => {
                f.write_str("either a network, with bits beyond its prefix, or a URL without `http://`: it does not say which")
            }
            Reason::ReservedAddress(kind) => write!(f, "not a public address: {kind}"),
            Reason::BadPort => f.write_str("the port is not a number from 1 to 65535"),
            Reason::NotAUrl(why) => write!(f, "not a URL: {why}"),
            Reason::WrongHashLength { expected, found } => write!(f, "the hash has {found} digits, its type has {expected}"),
            Reason::NotHex => f.write_str("not a hexadecimal hash"),
            Reason::EmptyFileHash => f.write_str("the hash of an empty file"),
            Reason::Unrecognized => f.write_str("neither domain, URL, address nor hash"),
            Reason::BadRecord(why) => write!(f, "unreadable record: {why}"),
        }
    }
}

/// The type of a value and its one form.
///
/// # Errors
/// The reason why it cannot be an indicator.
pub fn normalize(published: &str, hint: Hint) -> Result<(IndicatorType, String), Reason> {
    let mut value = String::new();
    let ty = normalize_into(published, hint, &mut value)?;
    Ok((ty, value))
}

/// The type of a value, whose one form is added to `out`. After an error there is something or nothing added.
///
/// # Errors
/// The reason why it cannot be an indicator.
pub(crate) fn normalize_into(published: &str, hint: Hint, out: &mut String) -> Result<IndicatorType, Reason> {
    if let Some(ty) = normal(published, hint) {
        out.push_str(published);
        return Ok(ty);
    }
    if published.len() > LONGEST {
        return Err(Reason::TooLong(published.len()));
    }
    let text = refang(published.trim_matches(is_around));
    let text = text.trim_matches(is_around);
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    match hint {
        Hint::Domain if text.contains("://") => url::normal_into(text, out),
        Hint::Domain if text.parse::<std::net::IpAddr>().is_ok() => address::address_into(text, out),
        Hint::Domain => domain::domain_into(text, out),
        Hint::Url => url::normal_into(text, out),
        Hint::Address if text.contains('/') => network::network_into(text, out),
        Hint::Address => address::address_into(text, out),
        Hint::Hash => hash_into(text, None, out),
        Hint::Md5 => hash_into(text, Some(IndicatorType::Md5), out),
        Hint::Sha1 => hash_into(text, Some(IndicatorType::Sha1), out),
        Hint::Sha256 => hash_into(text, Some(IndicatorType::Sha256), out),
        Hint::Any => recognize_into(text, out),
    }
}

/// What stands around values, and is no part of them: blanks and quotes.
fn is_around(c: char) -> bool {
    c.is_whitespace() || c == '"' || c == '\''
}

/// Browsers, proxies and the columns of logs cut URLs long before.
const LONGEST: usize = 16 << 10;

/// The type of a value that is in its one form already, as most are: told by a look at each byte. None says nothing.
fn normal(value: &str, hint: Hint) -> Option<IndicatorType> {
    leading(value.as_bytes(), hint).filter(|(length, _)| *length == value.len()).map(|(_, ty)| ty)
}

/// How long the value is that `bytes` start with, if it is in its one form, and its type.
///
/// What follows is the caller's to look at: a byte that no value of that type goes on with. None says nothing: [`normalize`] decides
/// then.
pub(crate) fn leading(bytes: &[u8], hint: Hint) -> Option<(usize, IndicatorType)> {
    let domain = || leading_domain(bytes).map(|length| (length, IndicatorType::Domain));
    match hint {
        Hint::Any => domain().or_else(|| leading_address(bytes)).or_else(|| leading_hash(bytes)),
        Hint::Domain => domain(),
        Hint::Address => leading_address(bytes),
        Hint::Hash => leading_hash(bytes),
        Hint::Url | Hint::Md5 | Hint::Sha1 | Hint::Sha256 => None,
    }
}

/// The same of hashes in lower case.
fn leading_hash(bytes: &[u8]) -> Option<(usize, IndicatorType)> {
    let digits = bytes.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).count();
    let ty = hash_type(digits)?;
    (!EMPTY_FILE.iter().any(|empty| bytes.starts_with(empty.as_bytes()))).then_some((digits, ty))
}

/// The type of hashes that have so many digits.
fn hash_type(digits: usize) -> Option<IndicatorType> {
    match digits {
        32 => Some(IndicatorType::Md5),
        40 => Some(IndicatorType::Sha1),
        64 => Some(IndicatorType::Sha256),
        _ => None,
    }
}

/// The type that a value without a label shows by its form.
fn recognize_into(text: &str, out: &mut String) -> Result<IndicatorType, Reason> {
    if text.contains("://") {
        return url::normal_into(text, out);
    }
    if hash_type(text.len()).is_some() && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return hash_into(text, None, out);
    }
    match address::address_into(text, out) {
        Err(Reason::NotAnAddress) => {}
        known => return known,
    }
    if network::is_written_so(text) {
        return if network::has_bits_beyond(text) { Err(Reason::NetworkOrPath) } else { network::network_into(text, out) };
    }
    if text.contains('/') && !text.starts_with('/') {
        return url::normal_into(text, out);
    }
    if text.contains('.') {
        return domain::domain_into(text, out);
    }
    Err(Reason::Unrecognized)
}

/// Hashes of the empty input.
const EMPTY_FILE: [&str; 3] = [
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];

fn hash_into(text: &str, ty: Option<IndicatorType>, out: &mut String) -> Result<IndicatorType, Reason> {
    if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Reason::NotHex);
    }
    let Some(ty) = hash_type(text.len()).filter(|found| ty.is_none_or(|ty| ty == *found)) else {
        let expected = match ty {
            Some(IndicatorType::Md5) => 32,
            Some(IndicatorType::Sha1) => 40,
            _ => 64,
        };
        return Err(Reason::WrongHashLength { expected, found: text.len() });
    };
    if EMPTY_FILE.iter().any(|empty| empty.eq_ignore_ascii_case(text)) {
        return Err(Reason::EmptyFileHash);
    }
    let start = out.len();
    out.push_str(text);
    out[start..].make_ascii_lowercase();
    Ok(ty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(published: &str, hint: Hint, expected: &str) {
        let shown = match normalize(published, hint) {
            Ok((ty, value)) => format!("{ty} {value}"),
            Err(why) => format!("- {why}"),
        };
        assert_eq!(shown, expected, "{published}");
    }

    #[test]
    fn values_tell_their_type() {
        check("Evil[.]Shop.", Hint::Any, "domain evil.shop");
        check("hxxps://Evil[.]shop/A", Hint::Any, "url https://evil.shop/A");
        check("\"hxxp://evil[.]shop/a'#b\"", Hint::Any, "url http://evil.shop/a");
        check("93.184.216[.]34:8080", Hint::Any, "ip:port 93.184.216.34:8080");
        check("93.184.216.34", Hint::Any, "ip 93.184.216.34");
        check("2606:2800:220:1::1", Hint::Any, "ip 2606:2800:220:1::1");
        check("D41D8CD98F00B204E9800998ECF84271", Hint::Any, "md5 d41d8cd98f00b204e9800998ecf84271");
        check("evil.shop/gate.php", Hint::Any, "url http://evil.shop/gate.php");
        check("185.220.101[.]0/24", Hint::Any, "network 185.220.101.0/24");
        check("93.184.216.34/32", Hint::Any, "ip 93.184.216.34");
        check("2a02:cf40:1::/48", Hint::Any, "network 2a02:cf40:1::/48");
        check("93.184.216.34/24", Hint::Address, "network 93.184.216.0/24");
        check(
            "93.184.216.34/24",
            Hint::Any,
            "- either a network, with bits beyond its prefix, or a URL without `http://`: it does not say which",
        );
        check("93.184.216.34/gate", Hint::Any, "url http://93.184.216.34/gate");
        check("http://93.184.216.0/24", Hint::Any, "url http://93.184.216.0/24");
        check("D41D8CD98F00B204E9800998ECF8427E", Hint::Any, "- the hash of an empty file");
        check("d41d8cd98f00b204e9800998ecf8427e", Hint::Any, "- the hash of an empty file");
        check(&"0a".repeat(20), Hint::Any, &format!("sha1 {}", "0a".repeat(20)));
        check(&"0a".repeat(32), Hint::Hash, &format!("sha256 {}", "0a".repeat(32)));
        check(&"0a".repeat(17), Hint::Any, "- neither domain, URL, address nor hash");
        check("IOC FOUND", Hint::Any, "- neither domain, URL, address nor hash");
    }

    #[test]
    fn what_cannot_be_one_says_why() {
        check("frBvNnnFYR6XR622pBE0NQ==", Hint::Domain, "- not a domain name: a character that names do not have");
        check("dummy-tf-test-dummy-1.example", Hint::Domain, "- reserved name: `.example` is for documentation");
        check("abc", Hint::Sha256, "- the hash has 3 digits, its type has 64");
        check("d41d8cd98f00b204e9800998ecf8427e", Hint::Md5, "- the hash of an empty file");
        check("xyz", Hint::Md5, "- not a hexadecimal hash");
        check("10.1.2.3:443", Hint::Address, "- not a public address: private");
        check("93.184.216.34:0", Hint::Address, "- the port is not a number from 1 to 65535");
        check(" ", Hint::Any, "- no value");
        check(&format!("http://a.biz/{}", "a".repeat(20_000)), Hint::Any, "- 20013 bytes: a value has at most 16384");
        check("10.0.0.0/8", Hint::Any, "- not a public address: private");
        check("185.220.101.0/33", Hint::Address, "- not an IP address");
    }
}
