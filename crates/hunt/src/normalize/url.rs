//! URLs, compared without their scheme.
//!
//! The normal form is one that a query can compute too: user information and fragment go, the host is lower case, `:80` and
//! `:443` go, an empty path is `/`. Path and query string stay as written, since servers tell their case and escapes apart.

use std::fmt::Write as _;

use super::{Reason, address, domain};
use crate::indicator::IndicatorType;

/// A URL taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// In lower case: `http`.
    pub scheme: String,
    /// A domain name in its one form, or an address (IPv6 in brackets).
    pub host: String,
    /// The host is an address.
    pub is_address: bool,
    /// The port, if it is written.
    pub port: Option<u16>,
    /// From the path to before the fragment; never empty.
    pub tail: String,
}

impl Url {
    /// The port it is asked at: the written one or the scheme's.
    #[must_use]
    pub fn effective_port(&self) -> Option<u16> {
        self.port.or(default_port(&self.scheme))
    }

    /// What two URLs have in common that lead to the same: host, port if unusual, path and query string.
    #[must_use]
    pub fn key(&self) -> String {
        let mut normal = String::new();
        self.write(&mut normal);
        UrlParts::of(&normal).key()
    }

    /// Adds it to `out` in the form that indicators have: without the port that its scheme stands for.
    fn write(&self, out: &mut String) {
        let Url { scheme, host, port, tail, .. } = self;
        // Writing to a text cannot fail.
        let _ = match port {
            Some(port) if default_port(scheme) != Some(*port) => write!(out, "{scheme}://{host}:{port}{tail}"),
            _ => write!(out, "{scheme}://{host}{tail}"),
        };
    }
}

/// The port that a scheme stands for.
fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    }
}

/// Takes a URL apart; one without a scheme is `http`.
///
/// # Errors
/// The reason why it is none that logs could be searched for.
pub fn parse_url(text: &str) -> Result<Url, Reason> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https" | "ftp" | "ftps" | "ws" | "wss" | "tcp") {
        return Err(Reason::NotAUrl("a scheme that is none of the web's"));
    }
    if rest.chars().any(char::is_control) {
        return Err(Reason::NotAUrl("a control character"));
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = split_port(authority)?;
    let (host, is_address) = normal_host(host)?;
    let tail = tail.split('#').next().unwrap_or_default();
    let tail = if tail.starts_with('/') { tail.to_owned() } else { format!("/{tail}") };
    Ok(Url { scheme, host, is_address, port, tail })
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), Reason> {
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or(Reason::NotAUrl("an open bracket"))? + 1;
        let (host, rest) = authority.split_at(end);
        return Ok((host, rest.strip_prefix(':').map(port).transpose()?.flatten()));
    }
    match authority.split_once(':') {
        Some((host, digits)) => Ok((host, port(digits)?)),
        None => Ok((authority, None)),
    }
}

fn port(digits: &str) -> Result<Option<u16>, Reason> {
    match digits.parse::<u16>() {
        _ if digits.is_empty() => Ok(None),
        Ok(port) if port > 0 => Ok(Some(port)),
        _ => Err(Reason::BadPort),
    }
}

fn normal_host(host: &str) -> Result<(String, bool), Reason> {
    if host.is_empty() {
        return Err(Reason::NotAUrl("no host"));
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<std::net::IpAddr>() {
        address(bare)?;
        return Ok((if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }, true));
    }
    domain(host).map(|name| (name, false))
}

/// Adds the URL to `out` in the form that indicators have: the scheme is kept for the reader, the fragment and user information are
/// not.
pub(super) fn normal_into(text: &str, out: &mut String) -> Result<IndicatorType, Reason> {
    let mut url = parse_url(text)?;
    // It may have stood before a fragment.
    url.tail.truncate(url.tail.trim_end_matches(super::is_around).len());
    url.write(out);
    Ok(IndicatorType::Url)
}

/// The parts of a URL that is in the form that indicators have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UrlParts<'u> {
    scheme: &'u str,
    /// Host and port, as they stand there.
    authority: &'u str,
    /// From the path on.
    tail: &'u str,
}

impl<'u> UrlParts<'u> {
    pub(crate) fn of(normal: &'u str) -> UrlParts<'u> {
        let (scheme, rest) = normal.split_once("://").unwrap_or(("http", normal));
        let (authority, tail) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        UrlParts { scheme, authority, tail }
    }

    /// A name, or an address without brackets.
    pub(crate) fn host(self) -> &'u str {
        self.host_and_port().0
    }

    /// The host is an address.
    pub(crate) fn is_address(self) -> bool {
        self.authority.starts_with('[') || self.host().parse::<std::net::Ipv4Addr>().is_ok()
    }

    /// The port it is asked at: the written one or the scheme's.
    pub(crate) fn effective_port(self) -> Option<u16> {
        self.host_and_port().1.parse().ok().or(default_port(self.scheme))
    }

    /// [`Url::key`].
    pub(crate) fn key(self) -> String {
        let (authority, tail) = self.key_parts();
        [authority, tail].concat()
    }

    fn key_parts(self) -> (&'u str, &'u str) {
        let (host, port) = self.host_and_port();
        let usual = matches!(port, "80" | "443");
        let authority =
            if usual { self.authority.strip_suffix(port).unwrap_or(host).trim_end_matches(':') } else { self.authority };
        (authority, self.tail)
    }

    fn host_and_port(self) -> (&'u str, &'u str) {
        match self.authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((address, port)) => (address, port.trim_start_matches(':')),
            None => self.authority.split_once(':').unwrap_or((self.authority, "")),
        }
    }
}

/// The two parts of the key of a URL in normal form: where it stands, and the rest.
pub(crate) fn url_key_parts(normal: &str) -> (&str, &str) {
    UrlParts::of(normal).key_parts()
}

/// [`Url::key`] of a URL in normal form; of what is none, the text itself.
#[must_use]
pub fn url_key(normal: &str) -> String {
    parse_url(normal).map_or_else(|_| normal.to_owned(), |url| url.key())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(written: &str) -> Result<String, Reason> {
        let mut out = String::new();
        normal_into(written, &mut out).map(|_| out)
    }

    #[test]
    fn normal_forms_and_keys() {
        for (written, shown, key) in [
            ("HTTPS://Evil.Shop", "https://evil.shop/", "evil.shop/"),
            ("https://evil.shop:443/A?b=C#d", "https://evil.shop/A?b=C", "evil.shop/A?b=C"),
            ("http://evil.shop:443/", "http://evil.shop:443/", "evil.shop/"),
            ("http://user:pw@evil.shop:8080?x", "http://evil.shop:8080/?x", "evil.shop:8080/?x"),
            ("http://93.184.216.34:80/i", "http://93.184.216.34/i", "93.184.216.34/i"),
            ("http://[2A02:cf40::5]:81/i", "http://[2a02:cf40::5]:81/i", "[2a02:cf40::5]:81/i"),
        ] {
            assert_eq!(normal(written).unwrap(), shown);
            assert_eq!(url_key(written), key);
            let (url, parts) = (parse_url(shown).unwrap(), UrlParts::of(shown));
            assert_eq!(parts.key(), key);
            assert_eq!((parts.host(), parts.is_address()), (url.host.trim_matches(['[', ']']), url.is_address));
            assert_eq!(parts.effective_port(), url.effective_port());
        }
    }

    #[test]
    fn others_are_refused() {
        for written in
            ["mailto://a@b.de", "http://", "http:///x", "http://evil/", "http://10.0.0.1/", "http://a.example/", "http://a.b:x/"]
        {
            assert!(normal(written).is_err(), "{written}");
        }
    }
}
