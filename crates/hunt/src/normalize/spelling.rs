//! Other spellings that logs have for a host: comes in its one form, go out the others that are usual.
//!
//! Of an IPv6 address those are all eight groups without zeros before them, as Java writes it, and with them, as Suricata does. Of
//! an international name it is the one in its own letters.

use std::net::Ipv6Addr;

/// With what labels of international names begin.
pub(crate) const ACE: &str = "xn--";

/// The host, a name or an address without brackets, has other spellings.
pub(crate) fn has_other_spellings(host: &str) -> bool {
    host.contains(':') || is_international(host)
}

/// The name is also written in letters of its own, or looks as if it were.
pub(crate) fn is_international(name: &str) -> bool {
    name.contains(ACE)
}

/// The other spellings of a host in its one form; case aside, which no comparison minds.
pub(crate) fn other_spellings(host: &str) -> Vec<String> {
    if let Ok(address) = host.parse::<Ipv6Addr>() {
        let groups = address.segments();
        let written = |group: fn(&u16) -> String| groups.iter().map(group).collect::<Vec<_>>().join(":");
        let all = [written(|group| format!("{group:x}")), written(|group| format!("{group:04x}"))];
        return all.into_iter().filter(|spelling| spelling != host).collect();
    }
    match idna::domain_to_unicode(host) {
        (unicode, Ok(())) if unicode != host => vec![unicode],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings() {
        let check = |host: &str, expected: &[&str]| {
            let found = if has_other_spellings(host) { other_spellings(host) } else { Vec::new() };
            assert_eq!(found, expected, "{host}");
        };
        check("2a02:cf40:1::9", &["2a02:cf40:1:0:0:0:0:9", "2a02:cf40:0001:0000:0000:0000:0000:0009"]);
        check("1111:2222:3333:4444:5555:6666:7777:8888", &[]);
        check("www.xn--mnchen-3ya.de", &["www.münchen.de"]);
        check("xn--a.de", &[]);
        check("evil.shop", &[]);
        check("93.184.216.34", &[]);
    }
}
