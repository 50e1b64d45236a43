//! Networks in the notation of CIDR: `185.220.101.0/24`, `2a02:cf40:1::/48`.

use std::fmt::Write as _;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::Reason;
use super::address::{address_into, reserved};
use crate::indicator::IndicatorType;

/// The network that a value in its one form is.
#[must_use]
pub(crate) fn network_of(value: &str) -> Option<IpNet> {
    value.parse().ok()
}

/// The network that a text writes, in whichever form; a single address is one, too.
#[must_use]
pub(crate) fn network_or_address(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.ok().map(canonical)
}

/// The address is of the network, one of IPv4 also as that of IPv6 to which it is mapped.
#[must_use]
pub(crate) fn network_holds(network: IpNet, address: IpAddr) -> bool {
    match (network, address.to_canonical()) {
        (IpNet::V6(network), IpAddr::V4(address)) => network.contains(&address.to_ipv6_mapped()),
        (network, address) => network.contains(&address),
    }
}

/// The network in its one form, without bits beyond its prefix, is added to `out`; that of a single address as an address.
pub(super) fn network_into(text: &str, out: &mut String) -> Result<IndicatorType, Reason> {
    let network = canonical(text.parse().map_err(|_| Reason::NotAnAddress)?);
    if network.prefix_len() == network.max_prefix_len() {
        return address_into(&network.addr().to_string(), out);
    }
    if let Some(kind) = reserved(network.network()).or_else(|| reserved(network.broadcast())) {
        return Err(Reason::ReservedAddress(kind));
    }
    // Writing to a text cannot fail.
    let _ = write!(out, "{network}");
    Ok(IndicatorType::Network)
}

/// An address, a slash and a number.
pub(super) fn is_written_so(text: &str) -> bool {
    let digits = |text: &str| matches!(text.len(), 1..=3) && text.bytes().all(|b| b.is_ascii_digit());
    text.split_once('/').is_some_and(|(address, prefix)| digits(prefix) && address.parse::<IpAddr>().is_ok())
}

/// It is a network of IPv4 whose address has bits beyond its prefix. That could be the path of a URL; an IPv6 address could not
/// stand in one without brackets.
pub(super) fn has_bits_beyond(text: &str) -> bool {
    text.parse::<Ipv4Net>().is_ok_and(|network| network.trunc() != network)
}

/// Without bits beyond the prefix; a network of IPv4 in IPv6's clothes as what it is.
fn canonical(network: IpNet) -> IpNet {
    let network = network.trunc();
    let IpNet::V6(v6) = network else { return network };
    let inner = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    inner.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok()).map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_one_form() {
        for (written, shown) in [
            ("185.220.101.0/24", "network 185.220.101.0/24"),
            ("185.220.101.77/24", "network 185.220.101.0/24"),
            ("::ffff:185.220.101.0/120", "network 185.220.101.0/24"),
            ("2A02:CF40:1::7/48", "network 2a02:cf40:1::/48"),
            ("2a02:cf40:1::7/128", "ip 2a02:cf40:1::7"),
        ] {
            let mut out = String::new();
            let ty = network_into(written, &mut out).unwrap();
            assert_eq!(format!("{ty} {out}"), shown, "{written}");
        }
        for written in ["185.220.101.0/", "185.220.101/24", "192.168.1.0/24", "fe80::/10", "x/24"] {
            assert!(network_into(written, &mut String::new()).is_err(), "{written}");
        }
    }
}
