//! Addresses with and without a port, of both IP versions.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Reason;
use crate::indicator::IndicatorType;

/// An address and its port, if there is one, in their one form: `93.184.216.34:80`, `[2606:2800::1]:443`.
///
/// An IPv6 address without brackets is read as ThreatFox writes it, the port after the last colon, if what stands before it is a
/// full address.
///
/// # Errors
/// The reason why it is no address on the public Internet.
pub fn address(text: &str) -> Result<(IndicatorType, String), Reason> {
    let mut value = String::new();
    let ty = address_into(text, &mut value)?;
    Ok((ty, value))
}

/// As [`address`]; the one form is added to `out`.
pub(super) fn address_into(text: &str, out: &mut String) -> Result<IndicatorType, Reason> {
    let (ip, port) = split(text)?;
    let ip = canonical(ip);
    if let Some(kind) = reserved(ip) {
        return Err(Reason::ReservedAddress(kind));
    }
    // Writing to a text cannot fail.
    let _ = match (ip, port) {
        (ip, None) => write!(out, "{ip}"),
        (IpAddr::V4(ip), Some(port)) => write!(out, "{ip}:{port}"),
        (IpAddr::V6(ip), Some(port)) => write!(out, "[{ip}]:{port}"),
    };
    Ok(if port.is_some() { IndicatorType::IpPort } else { IndicatorType::Ip })
}

/// How long the public IPv4 address is that `bytes` start with, if it is in its one form, and whether it has a port.
///
/// What follows may be anything but a digit, and is the caller's to look at. None says nothing: [`address`] decides then.
#[must_use]
pub(crate) fn leading_address(bytes: &[u8]) -> Option<(usize, IndicatorType)> {
    let mut octets = [0; 4];
    let mut at = 0;
    for (n, octet) in octets.iter_mut().enumerate() {
        if n > 0 {
            (bytes.get(at) == Some(&b'.')).then_some(())?;
            at += 1;
        }
        let (value, digits) = leading_number(&bytes[at..])?;
        *octet = u8::try_from(value).ok()?;
        at += digits;
    }
    if reserved_v4(Ipv4Addr::from(octets)).is_some() {
        return None;
    }
    if bytes.get(at) != Some(&b':') {
        return Some((at, IndicatorType::Ip));
    }
    let (port, digits) = leading_number(&bytes[at + 1..])?;
    u16::try_from(port).ok().filter(|port| *port > 0)?;
    Some((at + 1 + digits, IndicatorType::IpPort))
}

/// The number of at most five digits that `bytes` start with, without a zero before it, and how many digits it has.
fn leading_number(bytes: &[u8]) -> Option<(u32, usize)> {
    let digits = bytes.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 || digits > 5 || (digits > 1 && bytes[0] == b'0') {
        return None;
    }
    Some((bytes[..digits].iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')), digits))
}

fn split(text: &str) -> Result<(IpAddr, Option<u16>), Reason> {
    if let Some(inner) = text.strip_prefix('[') {
        let (ip, rest) = inner.split_once(']').ok_or(Reason::NotAnAddress)?;
        let ip = IpAddr::V6(ip.parse().map_err(|_| Reason::NotAnAddress)?);
        return match rest.strip_prefix(':') {
            Some(digits) => Ok((ip, Some(port(digits)?))),
            None if rest.is_empty() => Ok((ip, None)),
            None => Err(Reason::NotAnAddress),
        };
    }
    let separator = if text.contains('|') { '|' } else { ':' };
    if let Some((head, digits)) = text.rsplit_once(separator)
        && let Ok(ip) = head.parse::<IpAddr>()
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        // `2a02::5:4066` may be eight groups or seven and a port: with a port that is none it is an address.
        return match (port(digits), text.parse::<IpAddr>()) {
            (Ok(port), _) => Ok((ip, Some(port))),
            (Err(_), Ok(whole)) => Ok((whole, None)),
            (Err(why), Err(_)) => Err(why),
        };
    }
    text.parse().map(|ip| (ip, None)).map_err(|_| Reason::NotAnAddress)
}

fn port(digits: &str) -> Result<u16, Reason> {
    match digits.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Reason::BadPort),
    }
}

/// An IPv4 address in IPv6's clothes is an IPv4 address.
fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// What kind of address it is, if it is none of the public Internet's (RFC 6890 and its updates).
pub(super) fn reserved(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => reserved_v4(ip),
        IpAddr::V6(ip) => reserved_v6(ip),
    }
}

fn reserved_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, ..] = ip.octets();
    Some(match () {
        () if a == 0 => "unspecified",
        () if ip.is_loopback() => "loopback",
        () if ip.is_private() => "private",
        () if ip.is_link_local() => "link-local",
        () if a == 100 && b & 0xc0 == 64 => "shared address space",
        () if ip.is_documentation() => "for documentation",
        () if a == 198 && b & 0xfe == 18 => "for benchmarks",
        () if ip.is_multicast() => "multicast",
        () if a >= 240 => "reserved",
        () => return None,
    })
}

fn reserved_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let first = ip.segments()[0];
    Some(match () {
        () if ip.is_unspecified() => "unspecified",
        () if ip.is_loopback() => "loopback",
        () if first & 0xfe00 == 0xfc00 => "private",
        () if first & 0xffc0 == 0xfe80 => "link-local",
        () if first == 0x2001 && ip.segments()[1] == 0xdb8 => "for documentation",
        () if ip.is_multicast() => "multicast",
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_with_and_without_a_port() {
        for (written, shown) in [
            ("93.184.216.34:443", "ip:port 93.184.216.34:443"),
            ("93.184.216.34|443", "ip:port 93.184.216.34:443"),
            ("2a02:cf40:1::5:40669", "ip:port [2a02:cf40:1::5]:40669"),
            ("[2A02:CF40:1::5]:40669", "ip:port [2a02:cf40:1::5]:40669"),
            ("2a02:cf40:1::5:abcd", "ip 2a02:cf40:1::5:abcd"),
            ("::ffff:93.184.216.34", "ip 93.184.216.34"),
        ] {
            let (ty, value) = address(written).unwrap();
            assert_eq!(format!("{ty} {value}"), shown);
        }
    }

    #[test]
    fn the_quick_look_is_right_where_it_says_anything() {
        for text in [
            "93.184.216.34",
            "93.184.216.34:80",
            "93.184.216.34:080",
            "093.184.216.34",
            "93.184.216.340",
            "93.184.216.34:0",
            "93.184.216.34:65536",
            "93.184.216.34:",
            "93.184.216.34.1",
            "93.184.216",
            "10.1.2.3",
            "1.1.1.1:1",
        ] {
            if let Some((length, ty)) = leading_address(text.as_bytes())
                && length == text.len()
            {
                assert_eq!(address(text), Ok((ty, text.to_owned())));
            } else {
                assert!(address(text).is_ok_and(|(_, value)| value != text) || address(text).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn others_are_refused() {
        assert_eq!(address("93.184.216.340:1"), Err(Reason::NotAnAddress));
        assert_eq!(address("93.184.216.34:70000"), Err(Reason::BadPort));
        assert_eq!(address("100.100.0.1"), Err(Reason::ReservedAddress("shared address space")));
        assert_eq!(address("2001:db8::1"), Err(Reason::ReservedAddress("for documentation")));
        assert_eq!(address("198.19.0.1"), Err(Reason::ReservedAddress("for benchmarks")));
    }
}
